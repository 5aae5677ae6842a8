//! What people see, as data: the `--json` of the CLI, and what its tables are made of.
//!
//! Everything here is public to the role that asks. Exact counts stand in [`ImportView`] alone, which the
//! provider gets.

use crate::SlotParts;
use serde::{Deserialize, Serialize};
use tidegate_accountant::{Charge, Price, guaranteed_epsilon};
use tidegate_authorisation::GrantRecord;
use tidegate_engine::{ConcludeFailure, Finding};
use tidegate_gate::{Released, TableOutcome};
use tidegate_shards::ImportReport;
use tidegate_terms::{Bilingual, Delta, Digest, DisclosureRules, Name, ParameterValue, PublicSchema, ReleasePolicy, Rho};

/// A price as people read it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PriceView {
    /// In rho: half the square of mu of Gaussian differential privacy.
    pub rho: f64,
    /// The same as (epsilon, delta)-DP, taken alone.
    pub epsilon: f64,
    /// The lineage's delta.
    pub delta: f64,
    /// Mechanism and parameters of each part, in steps of its grid.
    #[schemars(with = "Vec<serde_json::Value>")]
    pub charges: Vec<Charge>,
}

impl PriceView {
    /// What the first so many rounds cost.
    pub(crate) fn new(price: &Price, rounds: u32, delta: Delta) -> Self {
        let rho = price.rho_until(rounds);
        Self { rho: rho.get(), epsilon: guaranteed_epsilon(rho, delta), delta: delta.get(), charges: price.charges.clone() }
    }
}

/// A domain, as everybody may see it.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
pub struct DomainView {
    /// Its directory.
    pub domain: std::path::PathBuf,
    /// The origin of its log.
    pub origin: String,
    /// The key with which outsiders verify its log.
    pub verifier_key: String,
}

/// A witness of the domain's log.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
pub struct WitnessView {
    /// Its name.
    pub name: String,
    /// Its verifier key.
    pub vkey: String,
    /// The prefix of its address.
    pub url: String,
    /// Since when it is asked.
    pub at: String,
    /// The size that it cosigned last, as far as it is known here.
    pub known: u64,
    /// The size of the published checkpoint.
    pub checkpoint_size: u64,
    /// When it cosigned that checkpoint, in seconds since 1970; absent if it did not.
    pub cosigned: Option<u64>,
}

/// A mounted dataset, as everybody may see it: declared bounds only.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
pub struct DatasetView {
    /// Its name.
    pub dataset: Name,
    /// Its newest version.
    pub version: u32,
    /// When that was mounted.
    pub at: String,
    /// The public schema.
    #[schemars(with = "serde_json::Value")]
    pub schema: PublicSchema,
    /// The public schema as the provider wrote it.
    pub schema_text: String,
    /// The release policy.
    #[schemars(with = "serde_json::Value")]
    pub policy: ReleasePolicy,
}

/// The outcome of an import, for the provider alone.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ImportView {
    /// The dataset.
    pub dataset: Name,
    /// The new version.
    pub version: u32,
    /// Exact counts.
    #[schemars(with = "serde_json::Value")]
    pub report: ImportReport,
}

/// A lineage that has units in common with a dataset.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Overlap {
    /// The other lineage.
    pub lineage: Name,
    /// Its dataset.
    pub dataset: Name,
    /// That dataset's newest version, when the count was made.
    pub version: u32,
    /// Units that are in both: an exact count.
    pub units: u64,
}

/// How a dataset's population overlaps with other lineages, for the authority alone.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
pub struct OverlapView {
    /// The dataset.
    pub dataset: Name,
    /// Its version.
    pub version: u32,
    /// Its lineage.
    pub lineage: Name,
    /// Its units: an exact count.
    pub units: u64,
    /// What it shares with others.
    pub overlaps: Vec<Overlap>,
}

/// A grant with what was spent under it.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
pub struct GrantView {
    /// The grant.
    #[serde(flatten)]
    #[schemars(with = "std::collections::BTreeMap<String, serde_json::Value>")]
    pub record: GrantRecord,
    /// What was spent under it, in rho.
    pub spent: f64,
    /// Its share, in rho.
    pub share: f64,
    /// The stop that holds it, while one does: no run is admitted under it until that has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rests_by: Option<String>,
}

/// An uploaded module.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ModuleView {
    /// The digest of its seal.
    #[schemars(with = "String")]
    pub module: Digest,
    /// Its name.
    pub name: Name,
    /// Its version, as its author counts.
    pub version: String,
    /// The operator that sealed it.
    pub operator: Name,
    /// When it was uploaded.
    pub at: String,
}

/// The expected error of one number of a statistic.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ExpectedError {
    /// The statistic.
    pub statistic: Name,
    /// The estimate, such as `count` or `mean`.
    pub estimate: String,
    /// Half the width of the 95 % interval, in the estimate's unit.
    pub error_95: f64,
}

impl From<tidegate_gate::ExpectedError> for ExpectedError {
    fn from(error: tidegate_gate::ExpectedError) -> Self {
        Self { statistic: error.statistic, estimate: error.estimate, error_95: error.half_width }
    }
}

/// What a wished error would cost.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
pub struct WantedError {
    /// The statistic.
    pub statistic: Name,
    /// Half the width of the 95 % interval that is wished for.
    pub error_95: f64,
    /// The epsilon that the run needs for it; absent where no epsilon up to 100 is enough.
    pub epsilon: Option<f64>,
}

/// What a slot is made of, and what would make it shorter; from public facts alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SlotView {
    /// Whether this machine was measured; otherwise slots rest on cautious numbers and are longer.
    pub calibrated: bool,
    /// The log's entry of the calibration.
    pub calibration_entry: Option<u64>,
    /// The fuel that the manifest declares for one unit.
    pub fuel_per_unit: u64,
    /// The memory that it declares, in bytes.
    pub memory_bytes: u64,
    /// The parts, in milliseconds.
    pub parts_milliseconds: SlotParts,
    /// The slot of the same module with less: half the fuel, a tenth, half the memory, a tenth, a tenth of both.
    pub shorter: Vec<ShorterSlot>,
}

/// A slot with less fuel or memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ShorterSlot {
    /// Fuel for one unit.
    pub fuel_per_unit: u64,
    /// Memory, in bytes.
    pub memory_bytes: u64,
    /// The slot.
    pub slot_seconds: u64,
}

/// What a run would cost and give, from public facts alone.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
pub struct QuoteView {
    /// The dataset.
    pub dataset: Name,
    /// Its version.
    pub version: u32,
    /// The second dataset, of a run that joins two.
    pub join: Option<Name>,
    /// The module.
    #[schemars(with = "String")]
    pub module: Digest,
    /// What it would cost, if all rounds are run.
    pub price: PriceView,
    /// Most rounds; each has a slot of its own, and those that are never opened cost nothing.
    pub rounds_max: u32,
    /// The share of what the lineage has left; above 1 the run would be refused, absent where nothing is left.
    pub share_of_lineage_left: Option<f64>,
    /// The share of what the grant has left.
    pub share_of_grant_left: Option<f64>,
    /// How long until the result becomes visible.
    pub slot_seconds: u64,
    /// What that time is made of.
    pub slot: SlotView,
    /// Whether the stored answer would be returned at no price.
    pub stored: bool,
    /// Expected errors of one round.
    pub errors: Vec<ExpectedError>,
    /// What a wished error would cost, if one was named.
    pub wanted: Option<WantedError>,
}

/// The notice that every product carries (Shuangyashan Art. 41).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Notice {
    /// Where the data come from.
    pub source: String,
    /// When they were acquired.
    pub acquired: String,
}

/// Which round of a run a release is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RoundView {
    /// Its number, from 1.
    pub number: u32,
    /// How many were reserved.
    pub reserved: u32,
    /// Whether it was the last.
    pub last: bool,
    /// Whether it found automatic bounds for those that follow.
    pub finds_bounds: bool,
}

/// A release with everything that is needed to read it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ReleaseView {
    /// The run.
    pub run: String,
    /// The dataset.
    pub dataset: Name,
    /// Its version.
    pub version: u32,
    /// The second dataset and its version, of a run that joins two.
    #[schemars(with = "Option<Vec<serde_json::Value>>")]
    pub join: Option<(Name, u32)>,
    /// The module.
    #[schemars(with = "String")]
    pub module: Digest,
    /// The module's name.
    pub module_name: Name,
    /// The operator.
    pub operator: Name,
    /// The purpose.
    pub purpose: Name,
    /// The parameters.
    #[schemars(with = "Vec<serde_json::Value>")]
    pub parameters: Vec<ParameterValue>,
    /// When it became visible.
    pub visible_at: String,
    /// `at_slot` or `immediately`; the latter shows running time.
    pub visibility: String,
    /// Which round this is.
    pub round: RoundView,
    /// What the run cost up to and with this round.
    pub price: PriceView,
    /// The confidence of the intervals.
    pub confidence: f64,
    /// What the intervals cover.
    pub intervals_cover: String,
    /// Neighbouring relation and privacy unit.
    pub guarantee: String,
    /// The statistics.
    #[schemars(with = "Vec<serde_json::Value>")]
    pub statistics: Vec<Released>,
    /// What the module derived from the releases.
    #[schemars(with = "Vec<serde_json::Value>")]
    pub report: Vec<Finding>,
    /// How its clean half failed, if it did.
    #[schemars(with = "Option<serde_json::Value>")]
    pub failure: Option<ConcludeFailure>,
    /// Whether exact tables of the same lineage were published before, in the reviewed aggregate mode: what those tell is
    /// not covered by the epsilon here.
    #[serde(default)]
    pub exact_tables_released: bool,
    /// Salted commitment to the noised answers from which the statistics follow, for replay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub noised_commitment: Option<Digest>,
    /// Source and date of each dataset.
    pub notice: Vec<Notice>,
}

/// Exact tables of a reviewed run with everything that is needed to read them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct TablesView {
    /// The run.
    pub run: String,
    /// The dataset.
    pub dataset: Name,
    /// Its version.
    pub version: u32,
    /// The module.
    #[schemars(with = "String")]
    pub module: Digest,
    /// The module's name.
    pub module_name: Name,
    /// The operator.
    pub operator: Name,
    /// The purpose.
    pub purpose: Name,
    /// The keys of those who approved the module.
    pub approvers: Vec<String>,
    /// When they became visible.
    pub visible_at: String,
    /// `at_slot` or `immediately`; the latter shows running time.
    pub visibility: String,
    /// Always false.
    pub differentially_private: bool,
    /// What these tables are, and what they are not.
    #[schemars(with = "serde_json::Value")]
    pub statement: Bilingual,
    /// The rules of disclosure control.
    #[schemars(with = "serde_json::Value")]
    pub rules: DisclosureRules,
    /// The tables.
    #[schemars(with = "Vec<serde_json::Value>")]
    pub tables: Vec<TableOutcome>,
    /// Source and date of the dataset.
    pub notice: Vec<Notice>,
}

/// What `run` and `release show` give for a reviewed run.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
pub struct TablesShown {
    /// The tables.
    #[serde(flatten)]
    pub tables: TablesView,
    /// Whether they were there already.
    pub stored: bool,
    /// Their position in the log.
    pub log_position: u64,
    /// The size of the log that the checkpoint covers.
    pub checkpoint_size: u64,
}

/// What `run` and `release show` give: exact tables, or noised statistics.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(untagged)]
pub enum Shown {
    /// Exact tables.
    Tables(Box<TablesShown>),
    /// Noised statistics.
    Release(Box<ReleaseShown>),
}

/// The approvals of a module for a dataset.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ApprovalView {
    /// The module.
    #[schemars(with = "String")]
    pub module: Digest,
    /// Its name.
    pub name: Name,
    /// The dataset.
    pub dataset: Name,
    /// The keys of those who approved it so far.
    pub approvers: Vec<String>,
}

/// What `run` and `release show` give.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ReleaseShown {
    /// The release.
    #[serde(flatten)]
    pub release: ReleaseView,
    /// Whether it was there already, and cost nothing now.
    pub stored: bool,
    /// Its position in the log.
    pub log_position: u64,
    /// The size of the log that the checkpoint covers.
    pub checkpoint_size: u64,
}

/// A line of the account.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AccountLine {
    /// The run.
    pub run: String,
    /// When it was admitted.
    pub at: String,
    /// The module.
    #[schemars(with = "String")]
    pub module: Digest,
    /// The grant.
    pub grant: String,
    /// Its price in rho.
    pub rho: f64,
    /// Its price in epsilon, taken alone.
    pub epsilon: f64,
    /// Whether it is released.
    pub released: bool,
}

/// The account of a lineage.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
pub struct BudgetView {
    /// The lineage.
    pub lineage: Name,
    /// The lifetime cap in rho.
    pub cap: f64,
    /// The same in epsilon.
    pub epsilon_cap: f64,
    /// What is spent or reserved, in rho.
    pub spent: f64,
    /// The same in epsilon: the guarantee for all releases so far together.
    pub epsilon_spent: f64,
    /// What is left, in rho.
    pub left: f64,
    /// The part of delta that pays for thresholds and rounding: the most that may ever be spent of it.
    pub delta_account_cap: f64,
    /// What is spent of it.
    pub delta_account_spent: f64,
    /// The delta of every epsilon here.
    pub delta: f64,
    /// Its charges.
    pub lines: Vec<AccountLine>,
}

impl BudgetView {
    pub(crate) fn epsilon(rho: Rho, delta: Delta) -> f64 {
        guaranteed_epsilon(rho, delta)
    }
}

/// A change of the log's key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RotationView {
    /// The verifier key until now.
    pub before: String,
    /// The new verifier key.
    pub key: String,
    /// Until when both sign.
    pub until: String,
    /// Where it stands in the log.
    pub log_position: u64,
}
