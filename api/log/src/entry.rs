//! What the log says: one JSON object per entry, typed and versioned.
//!
//! Guarantee: an entry has exactly one encoding. [`Entry::decode`] refuses bytes that [`Entry::encode`] would
//! not have written, so no field, no spelling and no white space can carry more than the types say. A release
//! is always [`RELEASE_BYTES`] long: the log is itself watched, and a length that followed from data would
//! speak (design, section 7). What must stay closed enters as a salted commitment, never in clear.
//!
//! Rejected: CBOR or protocol buffers. A regulator reads the log in ten years with whatever is at hand.

use crate::custody::ReplayOutcome;
use crate::opening::Reader;
use crate::text::{
    date_schema, digest_schema, digests_schema, identifier_schema, instant_schema, is_identifier, parse_instant, real, real_schema,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidegate_terms::{DeltaCost, Digest, Mechanism, Name, Rates, Rho, Visibility, WitnessQuorum, messages, parse_date};

mod decided;
mod product;

pub use decided::{Changed, Decided, Resting, RestingKind};
use product::not_an_identifier;
pub use product::{
    ProductAcknowledgement, ProductApplication, ProductDelivery, ProductKeys, ProductPolicy, ProductReceipt, ProductSource, ProductStep,
    ProductStepKind,
};

/// The longest entry: entry bundles prefix each with its length in 16 bits.
pub const ENTRY_BYTES_MAX: usize = 65_535;
/// The length of every release entry, and of every entry about tables.
pub const RELEASE_BYTES: usize = 1_024;
/// The version of the format; `codec` writes it.
const VERSION: u32 = 1;

messages! {
    /// Why bytes or values are not an entry.
    pub enum EntryError {
        Syntax { detail: String } = "entry.syntax" {
            en: "the entry cannot be read: {detail}; take the log again from its publisher",
            zh: "无法读取该条目：{detail}；请向发布方重新获取日志",
        },
        Version { version: u32 } = "entry.version" {
            en: "the entry has version {version}, this program knows version 1: use a newer Tidegate",
            zh: "该条目版本为 {version}，本程序只认识版本 1：请使用更新的 Tidegate",
        },
        NotCanonical = "entry.not-canonical" {
            en: "the entry is not written in its one canonical form (unknown field, order, spacing or number): write it with `Entry::encode`",
            zh: "该条目未按唯一规范形式书写（未知字段、顺序、空白或数字）：请用 `Entry::encode` 写入",
        },
        Instant { text: String } = "entry.instant" {
            en: "`{text}` is not an instant: write it like 2026-11-21T10:00:00Z",
            zh: "“{text}”不是合法时刻：请按 2026-11-21T10:00:00Z 的形式书写",
        },
        Identifier { text: String } = "entry.identifier" {
            en: "`{text}` cannot name a run or a grant: use 1 to 64 ASCII letters, digits, `.`, `_` and `-`",
            zh: "“{text}”不能作为运行或授权的编号：请使用 1 至 64 个 ASCII 字母、数字、“.”、“_”或“-”",
        },
        TooLong { bytes: usize } = "entry.too-long" {
            en: "the entry has {bytes} bytes, but at most 65535 fit: shorten its texts",
            zh: "该条目有 {bytes} 字节，最多容纳 65535 字节：请缩短其中的文本",
        },
    }
}

/// An entry: what happened, and when.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// When, such as `2026-11-21T10:00:00Z`. What belongs to a run carries the run's slot (design, section 7).
    pub at: String,
    /// What.
    pub event: Event,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
// In the log the variant stands in the field `type` beside the others; `codec` puts it there.
#[schemars(tag = "type")]
pub enum Event {
    /// A domain began, or runs other software from here on. The first entry of every log.
    Domain {
        /// The origin of the log's checkpoints.
        origin: String,
        /// Name and version of the software.
        software: String,
    },
    /// A version of a dataset was mounted.
    Mount {
        /// The dataset.
        dataset: Name,
        /// Its version; the first is 1.
        version: u32,
        /// The population whose budget it draws on.
        lineage: Name,
        /// The declared upper bound on privacy units.
        units_max: u64,
        /// The delta of the lineage's lifetime.
        #[serde(with = "real")]
        #[schemars(schema_with = "real_schema")]
        delta: f64,
        /// The epsilon of the lineage's lifetime.
        #[serde(with = "real")]
        #[schemars(schema_with = "real_schema")]
        lifetime_epsilon: f64,
        /// The lifetime cap in rho (mu^2 / 2 of Gaussian differential privacy), in units of 1e-12.
        lifetime_rho: Rho,
        /// The cap of the account of delta, in units of 1e-18. Together with the cap in rho it keeps the lifetime's
        /// epsilon and delta.
        lifetime_delta: DeltaCost,
        /// The most that one run may spend, in units of 1e-12.
        run_rho_max: Rho,
        /// What may be spent within a number of days, where the policy paces spending.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        period: Option<PeriodCap>,
        /// Who may approve modules for exact tables, where the policy lets such tables leave.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reviewed: Option<ReviewedTerms>,
        /// Witnesses that must have cosigned the log before a release is shown, where the policy demands it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        witnesses: Option<WitnessQuorum>,
        /// When results become visible.
        visibility: Visibility,
        /// The public schema.
        #[schemars(schema_with = "digest_schema")]
        schema: Digest,
        /// The release policy.
        #[schemars(schema_with = "digest_schema")]
        policy: Digest,
        /// Salted commitment to the shards.
        #[schemars(schema_with = "digest_schema")]
        shards_commitment: Digest,
    },
    /// An operator was allowed to use a dataset.
    Grant {
        /// The grant's identifier.
        #[schemars(schema_with = "identifier_schema")]
        grant: String,
        /// The dataset.
        dataset: Name,
        /// The operator.
        operator: Name,
        /// The operator's Ed25519 public key, base64.
        operator_key: String,
        /// The columns, each `table.column`.
        columns: Vec<String>,
        /// What for.
        purpose: Name,
        /// The operator's share of the budget, in units of 1e-12.
        rho: Rho,
        /// First day.
        #[schemars(schema_with = "date_schema")]
        valid_from: String,
        /// Last day.
        #[schemars(schema_with = "date_schema")]
        valid_until: String,
    },
    /// A grant was taken back.
    Revoke {
        /// The grant's identifier.
        #[schemars(schema_with = "identifier_schema")]
        grant: String,
        /// Salted commitment to why: people may be named in it.
        #[schemars(schema_with = "digest_schema")]
        reason_commitment: Digest,
    },
    /// A sealed module was uploaded.
    Module {
        /// The digest of the seal.
        #[schemars(schema_with = "digest_schema")]
        module: Digest,
        /// The component.
        #[schemars(schema_with = "digest_schema")]
        component: Digest,
        /// The manifest.
        #[schemars(schema_with = "digest_schema")]
        manifest: Digest,
        /// Its name.
        name: Name,
        /// Who uploaded and signed it.
        operator: Name,
    },
    /// Budget was reserved for a run, before its data was opened.
    Reserve {
        /// The run's identifier.
        #[schemars(schema_with = "identifier_schema")]
        run: String,
        /// What it reads and who pays: one dataset, or the two of a join. Each lineage among them pays the whole price,
        /// and a lineage that is named twice pays once.
        accounts: Vec<Payer>,
        /// The digest of the module's seal.
        #[schemars(schema_with = "digest_schema")]
        module: Digest,
        /// Salted commitment to the parameters.
        #[schemars(schema_with = "digest_schema")]
        parameters_commitment: Digest,
        /// The public tables that the run brings, by digest.
        #[schemars(schema_with = "digests_schema")]
        side_tables: Vec<Digest>,
        /// The price of all rounds, in units of 1e-12: the sum of the charges, each as often as it has rounds.
        rho: Rho,
        /// What all rounds take from the account of delta, in units of 1e-18.
        delta: DeltaCost,
        /// What the price is made of.
        charges: Vec<Charge>,
        /// Most rounds.
        rounds: u32,
        /// When the first round's result becomes visible; computed beforehand from public facts.
        #[schemars(schema_with = "instant_schema")]
        slot: String,
        /// How long one round takes at least, in seconds; computed beforehand from public facts.
        slot_seconds: u64,
        /// The engine that will run it.
        #[schemars(schema_with = "digest_schema")]
        engine: Digest,
    },
    /// Noised results of one round left the gate.
    Release {
        /// The run.
        #[schemars(schema_with = "identifier_schema")]
        run: String,
        /// Which round; the first is 1.
        round: u32,
        /// Whether the run ends with it. Rounds that were reserved and never opened cost nothing from then on.
        last: bool,
        /// Salted commitment to what was released.
        #[schemars(schema_with = "digest_schema")]
        release_commitment: Digest,
        /// Salted commitment to the exact totals, for replay.
        #[schemars(schema_with = "digest_schema")]
        totals_commitment: Digest,
        /// Dots that bring the entry to its fixed length. Leave it empty: `encode` fills it, `decode` clears it.
        #[serde(default)]
        pad: String,
    },
    /// Somebody of the authority approved a module for exact tables of a dataset.
    Approve {
        /// The digest of the module's seal.
        #[schemars(schema_with = "digest_schema")]
        module: Digest,
        /// The dataset.
        dataset: Name,
        /// The approver's Ed25519 public key, base64.
        approver: String,
    },
    /// A run was admitted to make exact tables under disclosure control, before its data was opened. It costs no
    /// budget and is not differentially private.
    Reviewed {
        /// The run's identifier.
        #[schemars(schema_with = "identifier_schema")]
        run: String,
        /// What it reads, and under which grant.
        account: Payer,
        /// The digest of the module's seal.
        #[schemars(schema_with = "digest_schema")]
        module: Digest,
        /// The keys of those who approved the module.
        approvers: Vec<String>,
        /// The rules of disclosure control.
        #[schemars(schema_with = "digest_schema")]
        rules: Digest,
        /// When its tables become visible; computed beforehand from public facts.
        #[schemars(schema_with = "instant_schema")]
        slot: String,
        /// How long it takes at least, in seconds; computed beforehand from public facts.
        slot_seconds: u64,
        /// The engine that will run it.
        #[schemars(schema_with = "digest_schema")]
        engine: Digest,
    },
    /// The tables of a reviewed run left the gate, or were refused; which of the two is not said here.
    Tables {
        /// The run.
        #[schemars(schema_with = "identifier_schema")]
        run: String,
        /// Salted commitment to the tables as they left.
        #[schemars(schema_with = "digest_schema")]
        tables_commitment: Digest,
        /// Salted commitment to the exact totals, for replay.
        #[schemars(schema_with = "digest_schema")]
        totals_commitment: Digest,
        /// Dots that bring the entry to its fixed length, as in a release.
        #[serde(default)]
        pad: String,
    },
    /// A commitment of an earlier entry was opened to somebody of a role.
    Open {
        /// The index of that entry.
        entry: u64,
        /// The name of the commitment in it.
        #[schemars(schema_with = "identifier_schema")]
        field: String,
        /// To whom.
        reader: Reader,
    },
    /// The log gets another signing key. It signs beside the one before from this entry on, and alone after a time.
    RotateKey {
        /// The new verifier key, as `name+hash+base64`; its name is the origin of the log.
        key: String,
        /// When the key before stops signing.
        #[schemars(schema_with = "instant_schema")]
        until: String,
    },
    /// The domain sends its checkpoints to this witness from here on.
    WitnessAdded {
        /// The witness's verifier key.
        witness: String,
    },
    /// The domain does not ask this witness any more.
    WitnessRemoved {
        /// The witness's verifier key.
        witness: String,
    },
    /// What the authority demands of products was decided.
    ProductPolicy(ProductPolicy),
    /// The keys that sign packages were made.
    ProductKeys(ProductKeys),
    /// An operator applied for the registration of a product.
    ProductApplication(ProductApplication),
    /// Something happened to a registration.
    ProductStep(ProductStep),
    /// A recipient acknowledged the terms of a product.
    ProductAcknowledgement(ProductAcknowledgement),
    /// A package was delivered.
    ProductDelivery(ProductDelivery),
    /// A recipient confirmed that a package arrived.
    ProductReceipt(ProductReceipt),
    /// Somebody had a run done again inside the domain. The answer follows at its slot; without one, the replay was
    /// abandoned.
    ReplayBegin {
        /// The replay's identifier.
        #[schemars(schema_with = "identifier_schema")]
        replay: String,
        /// The run.
        #[schemars(schema_with = "identifier_schema")]
        run: String,
        /// Salted commitment to who asked.
        #[schemars(schema_with = "digest_schema")]
        asker_commitment: Digest,
        /// When the answer becomes visible; computed beforehand from public facts.
        #[schemars(schema_with = "instant_schema")]
        slot: String,
        /// How long one round takes at least, in seconds; computed beforehand from public facts.
        slot_seconds: u64,
    },
    /// What a replay found.
    Replayed {
        /// The replay's identifier.
        #[schemars(schema_with = "identifier_schema")]
        replay: String,
        /// The run.
        #[schemars(schema_with = "identifier_schema")]
        run: String,
        /// How many rounds the run released.
        rounds: u32,
        /// What came out.
        outcome: ReplayOutcome,
        /// When the answer was due.
        #[schemars(schema_with = "instant_schema")]
        slot: String,
        /// Dots that bring the entry to its fixed length, as in a release.
        #[serde(default)]
        pad: String,
    },
    /// A version was sealed (封存): no new run reads it and nothing of it is destroyed or forgotten.
    SealVersion {
        /// The dataset.
        dataset: Name,
        /// Its version.
        version: u32,
        /// Salted commitment to the reason.
        #[schemars(schema_with = "digest_schema")]
        reason_commitment: Digest,
    },
    /// The seal of a version was taken off.
    UnsealVersion {
        /// The dataset.
        dataset: Name,
        /// Its version.
        version: u32,
        /// Salted commitment to the reason.
        #[schemars(schema_with = "digest_schema")]
        reason_commitment: Digest,
    },
    /// The data of a version were destroyed (销毁).
    DestroyVersion {
        /// The dataset.
        dataset: Name,
        /// Its version.
        version: u32,
        /// Salted commitment to the signed certificate, which names reason, witness and files.
        #[schemars(schema_with = "digest_schema")]
        certificate_commitment: Digest,
    },
    /// From here on, records are kept so many years at least.
    Retention {
        /// At least 3 (Shuangyashan Art. 20); never less than before.
        years: u32,
    },
    /// What is older than the time of retention was forgotten: what opens commitments, stored texts of runs, lines of the
    /// private journal. Entries of the log never are.
    Purge {
        /// The first day that is kept.
        #[schemars(schema_with = "date_schema")]
        before: String,
        /// How many runs ended before that day and read no sealed version: all that are forgotten by now.
        runs: u64,
    },
    /// The operator stated what came of a release (应用成效).
    Effect {
        /// The run.
        #[schemars(schema_with = "identifier_schema")]
        run: String,
        /// Salted commitment to the statement.
        #[schemars(schema_with = "digest_schema")]
        text_commitment: Digest,
    },
    /// A run or a replay missed its slot, or a worker said what no worker says; which of the two is not said here. It was
    /// stopped, what it paid stays paid, and no new work reads its lineages until the incident is closed.
    Freeze {
        /// The incident's identifier.
        #[schemars(schema_with = "identifier_schema")]
        incident: String,
        /// The run.
        #[schemars(schema_with = "identifier_schema")]
        run: String,
        /// The replay of that run, where it was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(schema_with = "identifier_schema")]
        replay: Option<String>,
        /// The lineages that are frozen.
        lineages: Vec<Name>,
        /// The slot.
        #[schemars(schema_with = "instant_schema")]
        slot: String,
        /// Dots that bring the entry to its fixed length, as in a release.
        #[serde(default)]
        pad: String,
    },
    /// The authority closed an incident: its lineages may be read again, unless another holds them.
    Unfreeze {
        /// The incident.
        #[schemars(schema_with = "identifier_schema")]
        incident: String,
        /// Salted commitment to who decided it, and why.
        #[schemars(schema_with = "digest_schema")]
        reason_commitment: Digest,
    },
    /// A machine was measured: slots of runs on this engine and this machine follow from these numbers from here on.
    Calibration {
        /// The engine that was measured.
        #[schemars(schema_with = "digest_schema")]
        engine: Digest,
        /// The machine.
        machine: Machine,
        /// How long things take at worst, with a margin.
        rates: Rates,
    },
    /// An act of governance was allowed and done, or was allowed and is about to be done by the entry that follows.
    Decided(Decided),
}

/// A machine, as far as it is public.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// The name of its processor.
    pub processor: String,
    /// Its instruction set.
    pub architecture: String,
    /// How many threads run at the same time.
    pub cores: u32,
}

/// A dataset that a run reads, and the accounts that pay for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Payer {
    /// The dataset.
    pub dataset: Name,
    /// Its version.
    pub version: u32,
    /// The lineage that is charged.
    pub lineage: Name,
    /// The grant that is charged.
    #[schemars(schema_with = "identifier_schema")]
    pub grant: String,
}

/// A cap that paces spending: on what was reserved within the last so many days, refunds taken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PeriodCap {
    /// How many days. A reservation counts until it is exactly so many times 24 hours old.
    pub days: u32,
    /// The cap in rho, in units of 1e-12. The account of delta is paced in the same proportion to its lifetime.
    pub rho: Rho,
}

/// What a policy says about exact tables under disclosure control.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewedTerms {
    /// The Ed25519 public keys of the approvers, base64.
    pub approvers: Vec<String>,
    /// The rules of disclosure control.
    #[schemars(schema_with = "digest_schema")]
    pub rules: Digest,
}

/// One noised total of a statistic, and its price.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Charge {
    /// The statistic.
    pub statistic: Name,
    /// Which of its totals: `count`, `sum` or `squares`.
    pub part: String,
    /// How noise is added.
    pub mechanism: Mechanism,
    /// The standard deviation (Gaussian) or the scale (Laplace), in steps of the grid that the noise is drawn on.
    #[serde(with = "real")]
    #[schemars(schema_with = "real_schema")]
    pub scale: f64,
    /// What one privacy unit can move, in the mechanism's norm and the unit of `scale`.
    #[serde(with = "real")]
    #[schemars(schema_with = "real_schema")]
    pub sensitivity: f64,
    /// How many totals get noise of their own.
    pub cells: u32,
    /// The price of one round, in units of 1e-12.
    pub rho: Rho,
    /// What one round takes from the account of delta, in units of 1e-18: at least how far the discrete noise may be
    /// from what it is priced as.
    pub delta: DeltaCost,
    /// The first round in which it is drawn; rounds count from 1.
    pub first_round: u32,
    /// In how many rounds it is drawn, one after the other.
    pub rounds: u32,
}

/// An entry as it is written.
// For its schema alone; `codec` writes.
#[derive(JsonSchema)]
#[schemars(title = "Tidegate log entry")]
#[allow(dead_code)]
struct Written {
    /// The version of this format.
    v: u32,
    /// When.
    #[schemars(schema_with = "instant_schema")]
    at: String,
    #[schemars(flatten)]
    event: Event,
}

impl Event {
    /// The kind, as the field `type` names it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Domain { .. } => "domain",
            Self::Mount { .. } => "mount",
            Self::Grant { .. } => "grant",
            Self::Revoke { .. } => "revoke",
            Self::Module { .. } => "module",
            Self::Reserve { .. } => "reserve",
            Self::Release { .. } => "release",
            Self::Approve { .. } => "approve",
            Self::Reviewed { .. } => "reviewed",
            Self::Tables { .. } => "tables",
            Self::Open { .. } => "open",
            Self::RotateKey { .. } => "rotate_key",
            Self::WitnessAdded { .. } => "witness_added",
            Self::WitnessRemoved { .. } => "witness_removed",
            Self::ProductPolicy(_) => "product_policy",
            Self::ProductKeys(_) => "product_keys",
            Self::ProductApplication(_) => "product_application",
            Self::ProductStep(_) => "product_step",
            Self::ProductAcknowledgement(_) => "product_acknowledgement",
            Self::ProductDelivery(_) => "product_delivery",
            Self::ProductReceipt(_) => "product_receipt",
            Self::ReplayBegin { .. } => "replay_begin",
            Self::Replayed { .. } => "replayed",
            Self::SealVersion { .. } => "seal_version",
            Self::UnsealVersion { .. } => "unseal_version",
            Self::DestroyVersion { .. } => "destroy_version",
            Self::Retention { .. } => "retention",
            Self::Purge { .. } => "purge",
            Self::Effect { .. } => "effect",
            Self::Freeze { .. } => "freeze",
            Self::Unfreeze { .. } => "unfreeze",
            Self::Calibration { .. } => "calibration",
            Self::Decided(_) => "decided",
        }
    }

    fn pad(&mut self) -> Option<&mut String> {
        match self {
            Self::Release { pad, .. } | Self::Tables { pad, .. } | Self::Replayed { pad, .. } | Self::Freeze { pad, .. } => Some(pad),
            _ => None,
        }
    }
}

impl Entry {
    /// The one encoding of this entry.
    pub fn encode(&self) -> Result<Vec<u8>, EntryError> {
        check_texts(self)?;
        let mut event = self.event.clone();
        let padded = event.pad().map(String::clear).is_some();
        written(&self.at, &event, padded)
    }

    /// Reads an entry; only its one encoding is accepted.
    pub fn decode(bytes: &[u8]) -> Result<Self, EntryError> {
        let (at, mut event) = match codec::read(bytes) {
            Some(read) => read,
            None => codec::read_any(bytes)?,
        };
        let padded = event.pad().map(String::clear).is_some();
        let entry = Self { at, event };
        check_texts(&entry)?;
        if written(&entry.at, &entry.event, padded)? == bytes { Ok(entry) } else { Err(EntryError::NotCanonical) }
    }
}

/// The bytes of an entry whose pad is empty.
fn written(at: &str, event: &Event, padded: bool) -> Result<Vec<u8>, EntryError> {
    let bytes = codec::write(at, event, padded.then_some(RELEASE_BYTES))?;
    if bytes.len() > ENTRY_BYTES_MAX { Err(EntryError::TooLong { bytes: bytes.len() }) } else { Ok(bytes) }
}

fn check_texts(entry: &Entry) -> Result<(), EntryError> {
    let short = |text: &String| text.chars().take(80).collect();
    let instant = |text: &String| parse_instant(text).map(|_| ()).ok_or_else(|| EntryError::Instant { text: short(text) });
    let identifier = |text: &String| if is_identifier(text) { Ok(()) } else { Err(EntryError::Identifier { text: short(text) }) };
    let identifiers = |wrong: Option<&String>| wrong.map_or(Ok(()), |text| Err(EntryError::Identifier { text: short(text) }));
    instant(&entry.at)?;
    match &entry.event {
        Event::Domain { .. } | Event::Mount { .. } | Event::Module { .. } | Event::Approve { .. } => Ok(()),
        Event::WitnessAdded { .. } | Event::WitnessRemoved { .. } => Ok(()),
        Event::Grant { grant, .. } | Event::Revoke { grant, .. } => identifier(grant),
        Event::Reserve { run, accounts, slot, .. } => {
            identifier(run).and(instant(slot))?;
            accounts.iter().try_for_each(|payer| identifier(&payer.grant))
        }
        Event::Reviewed { run, account, slot, .. } => identifier(run).and(identifier(&account.grant)).and(instant(slot)),
        Event::Open { field, .. } => identifier(field),
        Event::RotateKey { until, .. } => instant(until),
        Event::ProductPolicy(_) | Event::ProductKeys(_) => Ok(()),
        Event::ProductApplication(event) => identifiers(not_an_identifier(event.identifiers())),
        Event::ProductStep(event) => identifier(&event.product),
        Event::ProductAcknowledgement(event) => identifiers(not_an_identifier([&event.product, &event.acknowledgement])),
        Event::ProductDelivery(event) => identifiers(not_an_identifier(event.identifiers())),
        Event::ProductReceipt(event) => identifiers(not_an_identifier([&event.product, &event.delivery])),
        Event::Release { run, .. } | Event::Tables { run, .. } | Event::Effect { run, .. } => identifier(run),
        Event::ReplayBegin { replay, run, slot, .. } | Event::Replayed { replay, run, slot, .. } => {
            identifier(replay).and(identifier(run)).and(instant(slot))
        }
        Event::SealVersion { .. } | Event::UnsealVersion { .. } | Event::DestroyVersion { .. } => Ok(()),
        Event::Freeze { incident, run, replay, slot, .. } => {
            identifier(incident).and(identifier(run)).and(instant(slot)).and(replay.as_ref().map_or(Ok(()), identifier))
        }
        Event::Unfreeze { incident, .. } => identifier(incident),
        Event::Retention { .. } | Event::Calibration { .. } => Ok(()),
        Event::Decided(decided) => decided.check(),
        Event::Purge { before, .. } => parse_date(before).map(|_| ()).ok_or_else(|| EntryError::Instant { text: short(before) }),
    }
}

/// A salted commitment: SHA-256 over a fixed line, the salt and the bytes.
///
/// Salted because the log is public for ever and what it commits to is often guessable: without 256 secret
/// bits, anybody could try every small total or parameter until the digest fits. One salt per entry; whoever
/// holds the salt can open the commitment, so salts of totals are guarded like raw data.
pub fn commit(salt: &[u8; 32], bytes: &[u8]) -> Digest {
    Digest::commitment(salt, bytes)
}

/// The JSON schema of entries, as it lies in `docs/log-entry.schema.json`.
pub fn entry_schema() -> String {
    let made = schemars::schema_for!(Written);
    // One order of keys, whatever else is in the build.
    let schema = schemars::Schema::try_from(tidegate_terms::sorted(made.clone().to_value())).unwrap_or(made);
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}

mod codec;

#[cfg(test)]
mod tests;
