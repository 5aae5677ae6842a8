//! The log through the interface: its head, searches and explanations with proofs, and commitments opened by role.
//!
//! Tiles are served as static files (`tidegate log serve`), where anybody can fetch and verify them without being known.

use super::through::{All, Told, may};
use crate::{Desk, Done, Refused, Thing};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidegate_access::{Action, Kind};
use tidegate_log::{AuditError, Entry, Reader, Relations, Subjects, Wanted, explain, log_keys, prove, read_history};
use tidegate_parties::Role;
use tidegate_service::ServiceError;
use tidegate_terms::{Name, messages};

/// Most entries of one answer.
const MATCHES_MAX: usize = 200;

messages! {
    /// Why the log has no answer.
    pub enum LogRefusal {
        Role { role: String } = "log.reader-role" {
            en: "no commitment is opened to the role `{role}`",
            zh: "不向角色“{role}”开启承诺",
        },
        NoRun { run: String } = "log.run-unknown" {
            en: "the log has no run `{run}`: name one that an entry names",
            zh: "日志中没有运行“{run}”：请指定条目中出现的运行",
        },
        Checkpoint { detail: String } = "log.checkpoint" {
            en: "the published checkpoint cannot be read: {detail}",
            zh: "无法读取已公布的检查点：{detail}",
        },
    }
}

/// The signed head of the log.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CheckpointView {
    /// The note, as C2SP tlog-checkpoint has it.
    pub note: String,
    /// The key with which it is verified.
    pub verifier_key: String,
    /// How many entries it signs.
    pub size: u64,
}

/// What is searched for; everything that is named must fit.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchInput {
    /// An organisation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
    /// A dataset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset: Option<Name>,
    /// A module: its name, or the beginning of its digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub module: Option<String>,
    /// A run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// A grant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<String>,
    /// A product.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// The kind of entry, such as `reserve`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Not before this instant or day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Not after this instant or day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Only entries from this one on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<u64>,
}

/// An entry that fits, with its proof.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct FoundEntry {
    /// Its index.
    pub entry: u64,
    /// Its instant.
    pub at: String,
    /// Its kind.
    pub kind: String,
    /// The entry as it is hashed.
    pub content: serde_json::Value,
    /// Its proof (C2SP tlog-proof).
    pub proof: String,
}

/// What was found.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Found {
    /// The origin of the log.
    pub origin: String,
    /// The size of the checkpoint for which the answer is complete.
    pub checkpoint_size: u64,
    /// The entries, at most 200.
    pub matches: Vec<FoundEntry>,
    /// From which entry on to search for more, where there are more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub more_from: Option<u64>,
}

/// A run of the domain.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExplainInput {
    /// The run, as the log names it.
    #[schemars(length(min = 1, max = 64))]
    pub run: String,
}

/// A commitment to be opened.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenInput {
    /// The index of the entry.
    pub entry: u64,
    /// The name of the commitment in it, such as `release_commitment`.
    #[schemars(length(min = 1, max = 64))]
    pub field: String,
}

operation! {
    ShowCheckpoint = "log.checkpoint" in "log";
    Get "/v1/log/checkpoint" [];
    summary "The signed head of the log", "查看日志已签名的检查点";
    says "As C2SP tlog-checkpoint has it, with the key. Tiles are served by `tidegate log serve`.", "格式为 C2SP tlog-checkpoint，并附公钥。瓦片由 `tidegate log serve` 提供。";
    takes All, example All {};
    gives CheckpointView, example CheckpointView { note: "city.example/domain\n23\n…\n".into(), verifier_key: "city.example/domain+1127b185+Af3V…".into(), size: 23 };
    by checkpoint;
}

operation! {
    SearchLog = "log.search" in "log";
    Get "/v1/log/entries" [];
    summary "Find entries, each with its proof", "检索条目，各附证明";
    says "Every entry is read and rooted, so the answer is complete for the checkpoint that it names.", "逐条读取并校验树根，故应答对其所列检查点完整。";
    takes SearchInput, example SearchInput { kind: Some("release".into()), ..SearchInput::default() };
    gives Found, example Found { origin: "city.example/domain".into(), checkpoint_size: 23, matches: vec![FoundEntry { entry: 5, at: "2026-11-22T12:34:56Z".into(), kind: "release".into(), content: serde_json::json!({}), proof: "c2sp.org/tlog-proof@v1\n…".into() }], more_from: None };
    by search;
}

operation! {
    ExplainRun = "log.explain" in "log";
    Get "/v1/log/runs/{run}" [];
    summary "What the log says about one run", "解释一次运行";
    says "Who, what, under which grant, at which price, with which noise: from the verified log alone.", "主体、内容、授权、价格与噪声：均取自已核验的日志。";
    takes ExplainInput, example ExplainInput { run: "r5b090278e953f5ac2635".into() };
    gives Told, example Told(serde_json::json!({ "run": "r5b090278e953f5ac2635" }));
    by explained;
}

operation! {
    OpenCommitment = "log.open" in "log";
    Post "/v1/log/openings" [keyed];
    summary "Open a commitment of the log, to your role", "按角色开启日志中的承诺";
    says "The log records that it was opened, and to which role.", "日志记录开启事实及对象角色。";
    takes OpenInput, example OpenInput { entry: 5, field: "release_commitment".into() };
    gives Told, example Told(serde_json::json!({ "entry": 5, "field": "release_commitment" }));
    by open;
}

fn log() -> Thing<'static> {
    Thing::alone(Kind::Log, "log", "published")
}

async fn checkpoint(desk: &mut Desk, _: All) -> Result<Done<CheckpointView>, Refused> {
    may(desk, Action::ReadLog, &log()).await?;
    let path = desk.domain().log_directory().join("checkpoint");
    let note = std::fs::read_to_string(path).map_err(|error| LogRefusal::Checkpoint { detail: error.kind().to_string() })?;
    let size = note.lines().nth(1).and_then(|line| line.parse().ok());
    let size = size.ok_or_else(|| LogRefusal::Checkpoint { detail: "it has no size".into() })?;
    Ok(CheckpointView { note, verifier_key: desk.domain().view().verifier_key, size }.into())
}

async fn search(desk: &mut Desk, input: SearchInput) -> Result<Done<Found>, Refused> {
    may(desk, Action::ExportDossier, &log()).await?;
    let directory = desk.domain().log_directory();
    let SearchInput { organisation, dataset, module, run, grant, product, kind, since, until, from } = input;
    let wanted = Wanted { organisation, dataset, module, run, grant, product, kind, since, until };
    let found = tokio::task::spawn_blocking(move || find(&directory, &wanted, from.unwrap_or(0))).await;
    let found = found.map_err(|_| LogRefusal::Checkpoint { detail: "the search ended early".into() })?;
    Ok(found?.into())
}

fn find(directory: &std::path::Path, wanted: &Wanted, from: u64) -> Result<Found, Refused> {
    let mut relations = Relations::default();
    let mut matches: Vec<FoundEntry> = Vec::new();
    let mut more_from = None;
    let head = read_history(directory, None, |entry, bytes, decoded| {
        let Ok(decoded) = decoded else { return };
        let subjects: Subjects = relations.take(&decoded.event);
        if entry < from || more_from.is_some() || !wanted.fits(&decoded, &subjects) {
            return;
        }
        if matches.len() == MATCHES_MAX {
            more_from = Some(entry);
            return;
        }
        matches.push(found_entry(entry, bytes, &decoded));
    })?;
    let keys = log_keys(directory, None)?;
    for found in &mut matches {
        found.proof = prove(directory, keys.newest(), found.entry)?.to_string();
    }
    Ok(Found { origin: head.origin, checkpoint_size: head.size, matches, more_from })
}

fn found_entry(entry: u64, bytes: &[u8], decoded: &Entry) -> FoundEntry {
    let content = serde_json::from_slice(bytes).unwrap_or_default();
    FoundEntry { entry, at: decoded.at.clone(), kind: decoded.event.kind().to_owned(), content, proof: String::new() }
}

async fn explained(desk: &mut Desk, input: ExplainInput) -> Result<Done<Told>, Refused> {
    may(desk, Action::ExportDossier, &log()).await?;
    let directory = desk.domain().log_directory();
    let run = input.run.clone();
    let explained = tokio::task::spawn_blocking(move || explain(&directory, None, &run)).await;
    let explained: Result<_, AuditError> = explained.map_err(|_| LogRefusal::Checkpoint { detail: "it ended early".into() })?;
    let explanation = explained?.ok_or(LogRefusal::NoRun { run: input.run })?;
    Ok(Told::of(&explanation)?.into())
}

fn reader(role: Role) -> Result<Reader, Refused> {
    Ok(match role.as_str() {
        "provider" => Reader::Provider,
        "authority" => Reader::Authority,
        "operator" => Reader::Operator,
        "regulator" => Reader::Regulator,
        "exchange" => Reader::Exchange,
        other => return Err(LogRefusal::Role { role: other.to_owned() }.into()),
    })
}

async fn open(desk: &mut Desk, input: OpenInput) -> Result<Done<Told>, Refused> {
    let mut act = desk.begin().await?;
    let facts = act.facts(desk).await?;
    let decided = desk.decide(Action::OpenCommitment, &log(), facts)?;
    let reader = reader(decided.role())?;
    act.commit(decided).await?;
    let opening = desk.domain().open_commitment(input.entry, &input.field, reader).await;
    let opening: Result<_, ServiceError> = opening;
    Ok(Told::of(&opening?)?.into())
}

/// What this file offers.
pub(crate) fn offers(offers: crate::offers::Offers) -> crate::offers::Offers {
    offers.with::<ShowCheckpoint>().with::<SearchLog>().with::<ExplainRun>().with::<OpenCommitment>()
}
