//! Runs: quoted, asked for, queued, followed, stopped.
//!
//! Guarantee: a run is decided with every fact of its papers when it is asked for, and the grant is read again in the
//! transaction that charges it. Until its slot nothing is told but that it waits or runs.

use super::through::{All, bytes, example, link, organisation};
use crate::facts::{RunAsked, RunPart, facts_of_run};
use crate::operations::notices::note_denied;
use crate::queue::{Job, Progress, QueuedInputs, QueuedRun, RunView, WAITING_MAX, view};
use crate::records::ModuleLink;
use crate::{Cause, Desk, Done, Kept, Refused, Row, Thing};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use tidegate_access::{Action, Facts, Kind};
use tidegate_authorisation::Denial;
use tidegate_http::api::{Event, Page};
use tidegate_service::products::DeliveryRecord;
use tidegate_service::view::QuoteView;
use tidegate_service::{Asks, Halted, Question, ServiceError, Wish};
use tidegate_store::GovernedRecord;
use tidegate_terms::{Digest, Epsilon, Mechanism, Name, messages};
use tokio::sync::mpsc::{Receiver, channel};

/// The longest body of a question: side tables in base64.
pub(crate) const QUESTION_BYTES_MAX: usize = 24 << 20;
/// The longest side table, in bytes of CSV.
const SIDE_TABLE_BYTES_MAX: usize = 4 << 20;

/// How many rows of the database a list reads at once.
const ROWS_AT_A_TIME: u32 = 200;

messages! {
    /// Why a run is not queued, or not found.
    pub enum RunRefusal {
        Withdrawn { module: String, reason: String } = "run.module-withdrawn" {
            en: "module {module} was withdrawn by its operator: {reason}. Run another one, or upload a new version",
            zh: "模型 {module} 已由运营机构撤回：{reason}。请运行其他模型，或上传新版本",
        },
        Unknown { run: String } = "queue.unknown" {
            en: "there is no run `{run}` that you may see: `runs.list` shows them",
            zh: "没有可查看的运行“{run}”：请用 `runs.list` 列出",
        },
        Full { waiting: usize } = "queue.busy" {
            en: "{waiting} runs wait already: try again when some have ended",
            zh: "已有 {waiting} 个运行在排队：请待部分结束后重试",
        },
        SideTable { name: String } = "queue.side-table" {
            en: "side table `{name}` is longer than 4 MiB: bring less",
            zh: "公开附表“{name}”超过 4 MiB：请减少内容",
        },
        Over { run: String } = "queue.over" {
            en: "run `{run}` has ended: there is nothing to stop",
            zh: "运行“{run}”已结束：没有可停止的内容",
        },
    }
}

/// A parameter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// Its name.
    #[schemars(length(min = 1, max = 64))]
    pub name: String,
    /// Its value, as typed.
    #[schemars(length(max = 10_000))]
    pub value: String,
}

/// A public side table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SideTableInput {
    /// Its name.
    pub name: Name,
    /// The table: CSV in base64.
    pub csv: String,
}

/// The error that one statistic should have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WishInput {
    /// The statistic.
    pub statistic: Name,
    /// Half the width of its 95 % interval.
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub error_95: f64,
}

/// A question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QuestionInput {
    /// The dataset.
    pub dataset: Name,
    /// Its version; the newest, where none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub version: Option<u32>,
    /// A second dataset to join.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub join: Option<Name>,
    /// The module: its name, or the beginning of its digest.
    #[schemars(length(min = 1, max = 64))]
    pub module: String,
    /// Parameters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub parameters: Vec<Parameter>,
    /// Public side tables.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    pub side_tables: Vec<SideTableInput>,
    /// What the run may cost, at the dataset's delta; none for exact tables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<f64>", extend("exclusiveMinimum" = 0.0, "maximum" = 100.0))]
    pub epsilon: Option<Epsilon>,
    /// Worker processes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 64))]
    pub workers: Option<usize>,
    /// Who wrote the module, where it is a developer under the operator's agreement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<Name>,
}

/// A question with a wish, for a quote.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QuoteInput {
    /// The dataset.
    pub dataset: Name,
    /// Its version; the newest, where none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub version: Option<u32>,
    /// A second dataset to join.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub join: Option<Name>,
    /// The module: its name, or the beginning of its digest.
    #[schemars(length(min = 1, max = 64))]
    pub module: String,
    /// Parameters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub parameters: Vec<Parameter>,
    /// Public side tables.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    pub side_tables: Vec<SideTableInput>,
    /// What the run may cost, at the dataset's delta.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<f64>", extend("exclusiveMinimum" = 0.0, "maximum" = 100.0))]
    pub epsilon: Option<Epsilon>,
    /// Worker processes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 64))]
    pub workers: Option<usize>,
    /// Who wrote the module, where it is a developer under the operator's agreement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<Name>,
    /// What a wished error would cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wish: Option<WishInput>,
}

impl QuoteInput {
    fn split(self) -> (QuestionInput, Option<WishInput>) {
        let Self { dataset, version, join, module, parameters, side_tables, epsilon, workers, author, wish } = self;
        (QuestionInput { dataset, version, join, module, parameters, side_tables, epsilon, workers, author }, wish)
    }
}

/// A run in the queue.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OneRun {
    /// Its name in the queue.
    #[schemars(length(min = 1, max = 64))]
    pub run: String,
}

/// A run to be stopped.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunStop {
    /// Its name in the queue.
    #[schemars(length(min = 1, max = 64))]
    pub run: String,
    /// Why.
    #[schemars(length(min = 1, max = 1000))]
    pub reason: String,
}

pub(crate) fn view_example() -> RunView {
    example(
        r#"{ "run": "q0006441a2b3c4d5e6f7a8b", "kind": "run", "state": "queued", "operator": "city-health", "dataset": "rand-hie", "at": "2026-11-22T12:34:55Z", "place": 2 }"#,
    )
}

fn question_example() -> QuestionInput {
    example(r#"{ "dataset": "rand-hie", "module": "visits-by-plan", "epsilon": 0.5 }"#)
}

operation! {
    QuoteRun = "runs.quote" in "runs";
    Post "/v1/quotes" [keyed, body QUESTION_BYTES_MAX];
    summary "Say what a run would cost and give, before anything is spent", "在花费任何预算之前报价";
    says "From public facts alone: declared bounds, the account, the slot. Nothing is charged or opened.", "仅依据公开事实：申报界限、账户与时段。不计费，也不打开数据。";
    takes QuoteInput, example example(r#"{ "dataset": "rand-hie", "module": "visits-by-plan", "epsilon": 0.5 }"#);
    gives QuoteView, example example(include_str!("examples/quote.json"));
    by quote;
}

operation! {
    RequestRun = "runs.request" in "runs";
    Post "/v1/runs" [keyed, binding, accepted, on_data, body QUESTION_BYTES_MAX];
    summary "Ask for a run; it is queued", "发起运行：进入队列";
    says "The operator, signed. The answer names the run in the queue and its place. Budget is charged when its turn comes, before data are opened; its result becomes visible at its slot. The same question is answered from the store at no price.", "由运营机构签名发起。应答给出队列中的运行及其位次。轮到时先计费、后打开数据；结果在其时段可见。同一问题由存档作答，不计费。";
    takes QuestionInput, example question_example();
    gives RunView, example view_example();
    by request;
}

operation! {
    ListRuns = "runs.list" in "runs";
    Get "/v1/runs" [paged];
    summary "List runs of the queue", "列出队列中的运行";
    says "Those that you may see, in the order in which they were asked for.", "按发起顺序列出可查看的运行。";
    takes All, example All {};
    gives Page<RunView>, example Page { items: vec![view_example()], next: None };
    by list;
}

operation! {
    ShowRun = "runs.show" in "runs";
    Get "/v1/runs/{run}" [];
    summary "Show a run: it waits, runs until its slot, or has ended", "查看运行：排队、在时段前运行中或已结束";
    says "Public facts alone: place, slot, and after it the name of the release or why there is none.", "仅含公开事实：位次、时段，以及时段之后的发布结果名称或无结果的原因。";
    takes OneRun, example OneRun { run: "q0006441a2b3c4d5e6f7a8b".into() };
    gives RunView, example view_example();
    by show;
}

operation! {
    FollowRun = "runs.events" in "runs";
    Get "/v1/runs/{run}/events" [streams];
    summary "Follow a run", "跟踪运行";
    says "An event at each change of its state or place; the stream ends when the run has ended.", "状态或位次每次变化时发送事件；运行结束时事件流结束。";
    takes OneRun, example OneRun { run: "q0006441a2b3c4d5e6f7a8b".into() };
    gives RunView, example view_example();
    follows follow;
}

operation! {
    StopRun = "runs.stop" in "runs";
    Post "/v1/runs/{run}/stop" [keyed];
    summary "Stop a run, with a reason", "停止运行（须说明理由）";
    says "The operator, the provider of the data or the authority. One that waits ends at once; of one that runs nothing is published after this, and what it paid stays paid.", "由运营机构、数据提供部门或主管部门操作。排队者立即结束；运行中者此后不再有任何发布，已计费用不退。";
    takes RunStop, example example(r#"{ "run": "q0006441a2b3c4d5e6f7a8b", "reason": "asked for by mistake" }"#);
    gives RunView, example view_example();
    by stop;
}

fn question_of(operator: Name, input: &QuestionInput) -> Result<Question, Refused> {
    let side_table = |table: &SideTableInput| {
        let csv = bytes("side_tables", &table.csv)?;
        if csv.len() > SIDE_TABLE_BYTES_MAX {
            return Err(Refused::from(RunRefusal::SideTable { name: table.name.to_string() }));
        }
        Ok((table.name.clone(), csv))
    };
    Ok(Question {
        operator,
        dataset: input.dataset.clone(),
        version: input.version,
        join: input.join.clone(),
        module: input.module.clone(),
        parameters: input.parameters.iter().map(|parameter| (parameter.name.clone(), parameter.value.clone())).collect(),
        side_tables: input.side_tables.iter().map(side_table).collect::<Result<_, _>>()?,
        epsilon: input.epsilon,
        workers: input.workers.map(|workers| workers.clamp(1, 64)),
        pinned: None,
    })
}

/// What the access rules ask about a question.
async fn facts_of(
    desk: &Desk,
    reads: &mut impl crate::operations::reads::Reads,
    question: &Question,
    author: Option<&Name>,
    asks: &Asks,
) -> Result<Facts, Refused> {
    let parts = asks
        .parts
        .iter()
        .filter_map(|part| Some(RunPart { grant: part.grant.as_ref()?, columns: part.columns.clone(), policy: &part.policy }));
    let mechanisms: Vec<Mechanism> = asks.manifest.statistics.iter().map(|statistic| statistic.mechanism).collect();
    let parts: Vec<_> = parts.collect();
    let parts = if parts.len() == asks.parts.len() { parts } else { Vec::new() };
    // Who wrote it was said when it was uploaded; a question that says otherwise is held to what it says.
    let link = reads.one::<ModuleLink>(&asks.module.to_string()).await?;
    let link = link.map(|row| row.record);
    check_wanted(asks.module, link.as_ref())?;
    let wrote = link.filter(|link| link.operator == question.operator).map_or_else(|| question.operator.clone(), |link| link.author);
    let inputs = delivered_inputs(desk, question).await?;
    let delivered: BTreeSet<String> = inputs.iter().cloned().collect();
    let asked = RunAsked {
        operator: &question.operator,
        author: author.unwrap_or(&wrote),
        purpose: &asks.manifest.purpose,
        parts,
        mechanisms: &mechanisms,
        epsilon: question.epsilon,
        inputs: &inputs,
        delivered: &delivered,
    };
    let facts = facts_of_run(desk, reads, &asked).await?;
    Ok(Facts { author_bound: facts.author_bound && author.is_none_or(|author| *author == wrote), ..facts })
}

/// Refuses what its operator has withdrawn.
pub(crate) fn check_wanted(module: Digest, link: Option<&ModuleLink>) -> Result<(), RunRefusal> {
    match link.and_then(|link| link.withdrawn.clone()) {
        Some(reason) => Err(RunRefusal::Withdrawn { module: module.short(), reason }),
        None => Ok(()),
    }
}

/// The products of which a question brings a delivered file as a side table (rule G15), told by the file's digest. One that was
/// written anew is not recognised.
async fn delivered_inputs(desk: &Desk, question: &Question) -> Result<Vec<String>, Refused> {
    let books = desk.read();
    let mut products = BTreeSet::new();
    for (_, table) in &question.side_tables {
        for file in books.delivered_file(Digest::of(table)).await.map_err(ServiceError::from)? {
            let delivery = books.delivery::<DeliveryRecord>(&file.delivery).await.map_err(ServiceError::from)?;
            products.extend(delivery.map(|delivery| delivery.product));
        }
    }
    Ok(products.into_iter().collect())
}

async fn quote(desk: &mut Desk, input: QuoteInput) -> Result<Done<QuoteView>, Refused> {
    let (input, wish) = input.split();
    check_asking(desk, Action::QuoteRun)?;
    let question = question_of(organisation(desk)?, &input)?;
    let asks = desk.domain().asks(&question).await?;
    let mut books = desk.read();
    let facts = facts_of(desk, &mut books, &question, input.author.as_ref(), &asks).await?;
    let thing = Thing::alone(Kind::Run, "quote", "queued").owned_by(question.operator.to_string());
    let decided = desk.decide(Action::QuoteRun, &thing, facts);
    let _allowed = decided.map_err(|refused| without_grant(&asks, &question.operator).unwrap_or(refused))?;
    let wish = wish.map(|wish| Wish { statistic: wish.statistic, error_95: wish.error_95 });
    Ok(desk.domain().quote(&question, wish.as_ref()).await?.into())
}

/// The plain reason of a refusal, where the operator never had a grant.
fn without_grant(asks: &Asks, operator: &Name) -> Option<Refused> {
    let part = asks.parts.iter().find(|part| part.grant.is_none())?;
    Some(Denial::NoGrant { operator: operator.to_string(), dataset: part.dataset.to_string() }.into())
}

/// Whether the caller may ask for runs at all.
fn check_asking(desk: &Desk, action: Action) -> Result<(), Refused> {
    let own = organisation(desk)?.to_string();
    desk.check_table(action, &Thing::alone(Kind::Run, "quote", "queued").owned_by(own))
}

async fn request(desk: &mut Desk, input: QuestionInput) -> Result<Done<RunView>, Refused> {
    check_asking(desk, Action::RequestRun)?;
    let mut question = question_of(organisation(desk)?, &input)?;
    let asks = desk.domain().asks(&question).await?;
    question.pinned = Some(asks.pinned());
    let queue = std::sync::Arc::clone(desk.office().queue());
    if queue.waiting() >= WAITING_MAX {
        return Err(RunRefusal::Full { waiting: queue.waiting() }.into());
    }
    let provider = link(desk, &question.dataset).await.ok().map(|link| link.record.organisation);
    let id = queue.name()?;
    let mut act = desk.begin().await?;
    let facts = facts_of(desk, &mut act, &question, input.author.as_ref(), &asks).await?;
    let operator = question.operator.clone();
    let inputs = QueuedInputs { side_tables: std::mem::take(&mut question.side_tables) };
    let record = QueuedRun { job: Job::Run(Box::new(question)), operator, provider, stopped: None, stopped_run: None };
    let decided = match desk.decide(Action::RequestRun, &Thing::made(&id, &record), facts) {
        Ok(decided) => decided,
        Err(refused) => {
            drop(act);
            // What was asked for and refused is what the system may notice (rule F9).
            for part in &asks.parts {
                if let Some(grant) = &part.grant {
                    note_denied(desk, &grant.id, &part.columns, &asks.manifest.purpose).await?;
                }
            }
            return Err(without_grant(&asks, &record.operator).unwrap_or(refused));
        }
    };
    act.put(&id, &record).await?;
    if !inputs.side_tables.is_empty() {
        act.put(&id, &inputs).await?;
    }
    act.commit(decided).await?;
    queue.enter(id.clone());
    Ok(told(desk, &id).await?.0.into())
}

async fn records(desk: &Desk, id: &str) -> Result<(Row<QueuedRun>, Option<Progress>), Refused> {
    let books = desk.read();
    let row = books.governed(QueuedRun::NAME, id).await.map_err(ServiceError::from)?;
    let row = row.ok_or_else(|| RunRefusal::Unknown { run: id.chars().take(64).collect() })?;
    let progress = books.governed(Progress::NAME, id).await.map_err(ServiceError::from)?;
    let progress = progress.map(Row::<Progress>::of).transpose()?.map(|row| row.record);
    Ok((Row::of(row)?, progress))
}

async fn told(desk: &Desk, id: &str) -> Result<(RunView, Row<QueuedRun>), Refused> {
    let (row, progress) = records(desk, id).await?;
    let kept = Row { id: row.id.clone(), version: row.version, record: row.record.clone(), by: row.by.clone(), at: row.at.clone() };
    Ok((view(desk.office().queue(), row, progress), kept))
}

/// Whether the caller may see that there is such a run: those who may read its release, and audit.
fn may_see(desk: &Desk, facts: Facts, row: &Row<QueuedRun>) -> bool {
    let thing = Thing::of(row).in_state("released");
    let read = desk.decide(Action::ReadRelease, &thing, facts).is_ok();
    read || desk.decide(Action::ReplayRun, &thing, facts).is_ok()
}

async fn seen(desk: &Desk, id: &str) -> Result<(RunView, Row<QueuedRun>), Refused> {
    let facts = desk.facts().await?;
    let (view, row) = told(desk, id).await?;
    if may_see(desk, facts, &row) { Ok((view, row)) } else { Err(RunRefusal::Unknown { run: id.chars().take(64).collect() }.into()) }
}

async fn show(desk: &mut Desk, input: OneRun) -> Result<Done<RunView>, Refused> {
    Ok(seen(desk, &input.run).await?.0.into())
}

async fn list(desk: &mut Desk, _: All) -> Result<Done<Page<RunView>>, Refused> {
    let facts = desk.facts().await?;
    let (limit, after) = desk.page();
    let books = desk.read();
    let mut items = Vec::new();
    let mut after = after.unwrap_or_default().to_owned();
    let mut more = true;
    // Names follow time, and pages of the database are read until one of the caller's is full.
    while more && items.len() < limit {
        let rows = books.all_governed(QueuedRun::NAME, None, &after, ROWS_AT_A_TIME).await.map_err(ServiceError::from)?;
        // Each run has at most one, under the same name, so these cover the same stretch of names.
        let progress = books.all_governed(Progress::NAME, None, &after, ROWS_AT_A_TIME).await.map_err(ServiceError::from)?;
        let mut progress: BTreeMap<String, GovernedRecord> = progress.into_iter().map(|row| (row.id.clone(), row)).collect();
        more = rows.len() == ROWS_AT_A_TIME as usize;
        for row in rows {
            if items.len() == limit {
                more = true;
                break;
            }
            after.clone_from(&row.id);
            let row = Row::<QueuedRun>::of(row)?;
            if may_see(desk, facts, &row) {
                let progress = progress.remove(&row.id).map(Row::<Progress>::of).transpose()?.map(|row| row.record);
                items.push(view(desk.office().queue(), row, progress));
            }
        }
    }
    let next = more.then_some(after);
    Ok(Done::from(Page { items, next: None }).next(next))
}

/// A number of each event that grows with what it tells: state first, then place.
fn number(view: &RunView) -> u64 {
    let places = WAITING_MAX as u64 + 1;
    match view.state.as_str() {
        "queued" => places.saturating_sub(view.place.unwrap_or(0) as u64),
        "running" => places + 1,
        _ => places + 2,
    }
}

async fn follow(desk: &mut Desk, input: OneRun, last: Option<u64>) -> Result<Receiver<Event>, Refused> {
    let (mut view, _) = seen(desk, &input.run).await?;
    let office = std::sync::Arc::clone(desk.office());
    let mut changes = office.queue().changes();
    let (to, from) = channel(64);
    let mut last = last.unwrap_or(0);
    tokio::spawn(async move {
        loop {
            let id = number(&view);
            let over = matches!(view.state.as_str(), "released" | "stopped");
            if id > last {
                last = id;
                let data = serde_json::to_value(&view).unwrap_or_default();
                if to.send(Event { id, kind: view.state.clone(), data }).await.is_err() {
                    return;
                }
            }
            if over {
                return;
            }
            tokio::select! {
                changed = changes.changed() => if changed.is_err() { return },
                () = to.closed() => return,
            }
            match again(&office, &view.run).await {
                Ok(fresh) => view = fresh,
                Err(_) => return,
            }
        }
    });
    Ok(from)
}

async fn again(office: &crate::Office, id: &str) -> Result<RunView, Refused> {
    let books = office.domain().books();
    let row = books.governed(QueuedRun::NAME, id).await.map_err(ServiceError::from)?;
    let row = row.ok_or_else(|| RunRefusal::Unknown { run: id.to_owned() })?;
    let progress = books.governed(Progress::NAME, id).await.map_err(ServiceError::from)?;
    let progress = progress.map(Row::<Progress>::of).transpose()?.map(|row| row.record);
    Ok(view(office.queue(), Row::of(row)?, progress))
}

async fn stop(desk: &mut Desk, input: RunStop) -> Result<Done<RunView>, Refused> {
    let RunStop { run: id, reason } = input;
    let mut act = desk.begin().await?;
    let unknown = || RunRefusal::Unknown { run: id.chars().take(64).collect() };
    let row: Row<QueuedRun> = act.get(&id).await?.ok_or_else(unknown)?;
    let progress = act.get::<Progress>(&id).await?.map(|row| row.record).unwrap_or_default();
    let over = row.record.stopped.is_some() || progress.ended.is_some();
    let facts = Facts { reason_given: !reason.trim().is_empty(), ..act.facts(desk).await? };
    let state = if progress.admitted.is_some() { "running" } else { "queued" };
    let decided = desk.decide(Action::StopRun, &Thing::of(&row).in_state(state), facts)?;
    if over {
        return Err(RunRefusal::Over { run: id }.into());
    }
    // Whether or not its run has a name by now: whoever has taken it up is stopped by the name of the request.
    act.halt(Halted::Request(id.clone()));
    let run = act.transaction.run_of_request(&id).await?;
    let record = QueuedRun { stopped: Some(reason.clone()), stopped_run: run.clone(), ..row.record };
    act.put(&id, &record).await?;
    if let Some(run) = &run {
        act.stop_run(run, &Cause::new(&id, &reason)).await?;
    }
    act.commit(decided).await?;
    desk.office().queue().leave(&id);
    Ok(told(desk, &id).await?.0.into())
}

/// What this file offers.
pub(crate) fn offers(offers: crate::offers::Offers) -> crate::offers::Offers {
    offers.with::<QuoteRun>().with::<RequestRun>().with::<ListRuns>().with::<ShowRun>().with_events::<FollowRun>().with::<StopRun>()
}
