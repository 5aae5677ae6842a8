//! Quotes: what a run would cost and give, from public facts alone.

use crate::calibration::InForce;
use crate::datasets::Mounted;
use crate::plan::Plan;
use crate::view::{ExpectedError, PriceView, QuoteView, ShorterSlot, SlotView, WantedError};
use crate::{Domain, ServiceError, SlotInputs, slot_parts, slot_seconds};
use std::path::Path;
use tidegate_accountant::{Account, Price, priced_rho, share_of};
use tidegate_authorisation::{Denial, LiveGrant, Use, authorise};
use tidegate_engine::{Job, Source, inputs};
use tidegate_gate::expected_errors;
use tidegate_sandbox::{COLUMN_BYTES, CompiledModule, instantiation_items};
use tidegate_shards::SideTableError;
use tidegate_statistics::Layout;
use tidegate_store::ModuleRecord;
use tidegate_terms::{Digest, Epsilon, Guard, Manifest, Measure, Name, ParameterValue, PublicSchema, Rho, Visibility, stands};

/// A question as an operator asks it.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The operator.
    pub operator: Name,
    /// The dataset.
    pub dataset: Name,
    /// Its version; the newest, where none is named.
    pub version: Option<u32>,
    /// A second dataset with the same privacy unit, whose newest version is joined to the first.
    pub join: Option<Name>,
    /// The module's name or the beginning of its digest.
    pub module: String,
    /// The parameters, as typed.
    pub parameters: Vec<(String, String)>,
    /// Public side tables, as CSV.
    pub side_tables: Vec<(Name, Vec<u8>)>,
    /// The price that the run may cost, taken alone, at the dataset's delta; none for exact tables, which have no price.
    pub epsilon: Option<Epsilon>,
    /// Worker processes; as many as cores, where none is given.
    pub workers: Option<usize>,
    /// What was decided about it, where it waits after a decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pinned: Option<Pinned>,
}

/// What a question meant when it was decided about: it runs with that, or not at all. Names can come to mean something else
/// while it waits.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pinned {
    /// The module.
    pub module: Digest,
    /// The version of each dataset.
    pub versions: Vec<u32>,
    /// The grant on each dataset.
    pub grants: Vec<String>,
}

impl Question {
    /// Which version of its dataset, or of the second one, it reads; the newest, where nothing is said.
    pub(crate) fn version_of(&self, place: usize) -> Option<u32> {
        let pinned = self.pinned.as_ref().and_then(|pinned| pinned.versions.get(place).copied());
        pinned.or(if place == 0 { self.version } else { None })
    }

    /// The module's name or digest.
    pub(crate) fn module_reference(&self) -> String {
        self.pinned.as_ref().map_or_else(|| self.module.clone(), |pinned| pinned.module.to_string())
    }

    fn may_draw_on(&self, grant: &str) -> bool {
        self.pinned.as_ref().is_none_or(|pinned| pinned.grants.iter().any(|known| known == grant))
    }
}

/// A wish for a quote: the error that one statistic should have.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    /// The statistic.
    pub statistic: Name,
    /// Half the width of its 95 % interval.
    pub error_95: f64,
}

/// What a run computes with: registered versions, module, parameters; laid out and planned.
pub(crate) struct Work {
    /// The datasets: one, or two that are joined.
    pub(crate) mounted: Vec<Mounted>,
    /// The public schema of all of them together.
    pub(crate) schema: PublicSchema,
    pub(crate) module: ModuleRecord,
    pub(crate) manifest: Manifest,
    pub(crate) layout: Layout,
    pub(crate) plan: Plan,
    pub(crate) parameters: Vec<ParameterValue>,
    pub(crate) side_tables: Vec<Vec<u8>>,
    pub(crate) workers: usize,
    /// What a fresh instance of the module has made for it.
    pub(crate) instance_items: u64,
    /// How long things take at worst on this machine.
    pub(crate) rates: InForce,
}

/// A question that was checked against everything that is public: authorised, laid out and priced.
pub(crate) struct Checked {
    pub(crate) work: Work,
    pub(crate) grants: Vec<LiveGrant>,
    pub(crate) price: Price,
    pub(crate) epsilon: Epsilon,
    pub(crate) engine: Digest,
}

impl std::ops::Deref for Checked {
    type Target = Work;

    fn deref(&self) -> &Work {
        &self.work
    }
}

impl Checked {
    /// What makes two questions the same: registered versions, module, parameters, side tables, price, engine,
    /// operator. Never content of data: a digest of data would be an oracle (attacks A22 and A37).
    pub(crate) fn digest(&self) -> Result<Digest, ServiceError> {
        let versions = |mounted: &Mounted| (mounted.record.dataset.clone(), mounted.record.version);
        let key = serde_json::json!({
            "datasets": self.mounted.iter().map(versions).collect::<Vec<_>>(),
            "module": self.module.digest,
            "parameters": self.parameters,
            "side_tables": self.side_tables.iter().map(|table| Digest::of(table)).collect::<Vec<_>>(),
            "price": self.price,
            "engine": self.engine,
            "operator": self.module.operator,
        });
        Ok(Digest::of(key.to_string().as_bytes()))
    }
}

impl Work {
    /// Registered versions, a registered module, and what it was given.
    pub(crate) fn new(
        mounted: Vec<Mounted>,
        module: ModuleRecord,
        manifest: Manifest,
        parameters: Vec<ParameterValue>,
        side_tables: Vec<Vec<u8>>,
        workers: Option<usize>,
        rates: InForce,
    ) -> Result<Self, ServiceError> {
        let schema = schema_of_all(&mounted, &manifest)?;
        let layout = Layout::seal(&manifest, &schema)?;
        let plan = Plan::new(&manifest, &layout);
        let instance_items = instantiation_items(&module.component)?;
        let workers = workers.unwrap_or_else(cores).clamp(1, WORKERS_MAX);
        Ok(Self { mounted, schema, module, manifest, layout, plan, parameters, side_tables, workers, instance_items, rates })
    }

    /// The same for the coordinator.
    pub(crate) fn job<'a>(&'a self, module: &'a CompiledModule, data: &Path) -> Job<'a> {
        let sources = self.mounted.iter().map(|mounted| Source {
            schema: &mounted.schema,
            shards: &mounted.record.shards,
            directory: data.join(&mounted.record.directory),
            digest_salt: mounted.record.salt,
        });
        Job {
            manifest: &self.manifest,
            schema: &self.schema,
            parameters: &self.parameters,
            side_tables: &self.side_tables,
            module,
            sources: sources.collect(),
        }
    }

    /// The first dataset.
    pub(crate) fn first(&self) -> &Mounted {
        &self.mounted[0]
    }

    /// Whether results wait for their slot: unless the policies of all datasets say otherwise.
    pub(crate) fn waits(&self) -> bool {
        self.mounted.iter().any(|mounted| mounted.policy.visibility == Visibility::AtSlot)
    }

    /// How long until the result of one round becomes visible.
    pub(crate) fn slot_seconds(&self) -> u64 {
        slot_seconds(self.slot_inputs(), &self.rates.rates)
    }

    fn slot_inputs(&self) -> SlotInputs {
        let blocks = self.manifest.blocks.as_ref().map(|blocks| u64::from(blocks.count));
        let side_bytes: usize = self.side_tables.iter().map(Vec::len).sum();
        let state = self.manifest.rounds.as_ref().map_or(0, |rounds| u64::from(rounds.state_max) * 8);
        SlotInputs {
            units_max: self.schema.units_max,
            unit_bytes_max: unit_bytes_max(&self.manifest, &self.schema) + side_bytes as u64 + state,
            blocks,
            fuel_per_call: self.manifest.resources.fuel_per_unit,
            memory_bytes: self.manifest.resources.memory_bytes,
            module_bytes: self.module.component.len() as u64,
            instance_items: self.instance_items,
            answer_bytes: self.layout.answer_bytes(),
            guest_cells: self.layout.guest_cells() as u64,
            totals: self.layout.cells_max(self.schema.units_max),
            conclude_fuel: self.manifest.rounds.as_ref().map_or(0, |rounds| rounds.fuel),
            conclude_memory_bytes: self.manifest.rounds.as_ref().map_or(0, |rounds| rounds.memory_bytes),
            // More workers than cores do not make a run faster.
            workers: self.workers.min(cores()) as u64,
            shards: u64::from(self.mounted.iter().map(|mounted| mounted.record.shards.shard_count).max().unwrap_or(1)),
        }
    }

    /// The slot with its parts, and how less would shorten it.
    fn slot_view(&self) -> SlotView {
        let (inputs, rates) = (self.slot_inputs(), &self.rates.rates);
        let shorter = |fuel_divisor: u64, memory_divisor: u64| {
            let fuel_per_unit = (inputs.fuel_per_call / fuel_divisor).max(1);
            let memory_bytes = (inputs.memory_bytes / memory_divisor).max(MEMORY_BYTES_MIN);
            let less = SlotInputs { fuel_per_call: fuel_per_unit, memory_bytes, ..inputs };
            ShorterSlot { fuel_per_unit, memory_bytes, slot_seconds: slot_seconds(less, rates) }
        };
        SlotView {
            calibrated: self.rates.position.is_some(),
            calibration_entry: self.rates.position,
            fuel_per_unit: inputs.fuel_per_call,
            memory_bytes: inputs.memory_bytes,
            parts_milliseconds: slot_parts(inputs, rates),
            shorter: [(2, 1), (10, 1), (1, 2), (1, 10), (10, 10)].map(|(fuel, memory)| shorter(fuel, memory)).to_vec(),
        }
    }
}

/// The most bytes of one unit's rows, with what it takes to make the lists of each column.
pub(crate) fn unit_bytes_max(manifest: &Manifest, schema: &PublicSchema) -> u64 {
    let columns: usize = manifest.inputs.iter().map(|input| input.columns.len()).sum();
    manifest.unit_bytes_max(schema) + columns as u64 * COLUMN_BYTES
}

/// The least memory that a manifest may declare.
const MEMORY_BYTES_MIN: u64 = 64 << 10;

/// Most worker processes of one run.
pub(crate) const WORKERS_MAX: usize = 64;

pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

impl Domain {
    /// Checks a question against everything that is public.
    pub(crate) async fn check(&self, question: &Question) -> Result<Checked, ServiceError> {
        let mut mounted = vec![self.mounted(&question.dataset, question.version_of(0)).await?];
        if let Some(second) = &question.join {
            mounted.push(self.mounted(second, question.version_of(1)).await?);
        }
        let (module, manifest) = self.module(&question.module_reference(), &question.operator).await?;
        if manifest.reviewed.is_some() {
            return Err(ServiceError::ReviewedQuote);
        }
        let epsilon = question.epsilon.ok_or(ServiceError::EpsilonMissing)?;
        schema_of_all(&mounted, &manifest)?;
        let mut grants = Vec::new();
        for (place, mounted) in mounted.iter().enumerate() {
            let reads = match question.join {
                None => Use::whole(&manifest),
                Some(_) => Use::of_dataset(&manifest, place == 1),
            };
            grants.push(self.live_grant(question, &mounted.record.dataset, &module, &reads).await?);
        }
        let parameters = manifest.parse_parameters(&question.parameters)?;
        let side_tables = side_tables(&manifest, &question.side_tables)?;
        inputs(&manifest, &parameters, &side_tables)?;
        let work = Work::new(mounted, module, manifest, parameters, side_tables, question.workers, self.rates().await?)?;
        let budget = work.mounted.iter().map(|mounted| priced_rho(epsilon, mounted.policy.delta)).min().unwrap_or(Rho::ZERO);
        let budget = if stands(Guard::PublicPrice) { budget } else { Rho::cap(budget.get() * work.first().units() as f64 / 1_000.0) };
        let price = work.plan.price(&work.layout, budget)?;
        Ok(Checked { work, grants, price, epsilon, engine: self.engine()? })
    }

    /// The operator's grant that allows this and has most left; the newest one's denial, where none does.
    pub(crate) async fn live_grant(
        &self,
        question: &Question,
        dataset: &Name,
        module: &ModuleRecord,
        reads: &Use<'_>,
    ) -> Result<LiveGrant, ServiceError> {
        let today = crate::instant::today();
        let mut denial = Denial::NoGrant { operator: question.operator.to_string(), dataset: dataset.to_string() };
        let mut best: Option<(LiveGrant, Rho)> = None;
        for grant in self.books().grants(Some(dataset), Some(&question.operator)).await? {
            if !question.may_draw_on(&grant.id) {
                continue;
            }
            match authorise(&grant, dataset, &question.operator, &module.signed(), reads, today) {
                Ok(live) => {
                    let left = live.record().rho.minus(self.books().spent_under(&grant.id).await?.rho);
                    if best.as_ref().is_none_or(|(_, other)| left > *other) {
                        best = Some((live, left));
                    }
                }
                Err(reason) => denial = reason,
            }
        }
        best.map(|(live, _)| live).ok_or_else(|| denial.into())
    }

    /// Quotes a run.
    pub async fn quote(&self, question: &Question, wish: Option<&Wish>) -> Result<QuoteView, ServiceError> {
        let checked = self.check(question).await?;
        let stored = self.books().run_of_question(checked.digest()?).await?.is_some_and(|run| run.finished.is_some());
        if !stored {
            let lineages: Vec<&Name> = checked.mounted.iter().map(|mounted| &mounted.record.lineage).collect();
            self.check_all_thawed(lineages).await?;
        }
        let rho = checked.price.rho();
        let of = |left: Rho| (left.units() > 0).then(|| rho.get() / left.get());
        let (mut of_lineage, mut of_grant) = (Some(0.0), Some(0.0));
        for (mounted, grant) in checked.mounted.iter().zip(&checked.grants) {
            let unknown = || ServiceError::UnknownDataset { dataset: mounted.record.dataset.to_string() };
            let (account, _) = self.books().account(&mounted.record.lineage).await?.ok_or_else(unknown)?;
            let record = grant.record();
            let share = Account { cap: share_of(record.rho, account.cap), spent: self.books().spent_under(&record.id).await? };
            // Where two datasets are joined, the tighter one counts.
            of_lineage = of_lineage.zip(of(account.left().rho)).map(|(one, other): (f64, f64)| one.max(other));
            of_grant = of_grant.zip(of(share.left().rho)).map(|(one, other): (f64, f64)| one.max(other));
        }
        let wanted = wish.map(|wish| checked.wanted(wish)).transpose()?;
        let delta = checked.first().policy.delta;
        let last = checked.plan.rounds();
        let charges: Vec<_> = checked.price.of_round(last).cloned().collect();
        Ok(QuoteView {
            dataset: question.dataset.clone(),
            version: checked.first().record.version,
            join: question.join.clone(),
            module: checked.module.digest,
            price: PriceView::new(&checked.price, last, delta),
            rounds_max: last,
            share_of_lineage_left: of_lineage,
            share_of_grant_left: of_grant,
            slot_seconds: checked.slot_seconds(),
            slot: checked.slot_view(),
            stored,
            errors: expected_errors(&checked.layout, &charges, None).into_iter().map(ExpectedError::from).collect(),
            wanted,
        })
    }
}

impl Checked {
    /// The smallest epsilon at which a statistic's expected error is as small as wished.
    fn wanted(&self, wish: &Wish) -> Result<WantedError, ServiceError> {
        let delta = self.first().policy.delta;
        // Where a statistic gives a count beside its answer, the wish is about the answer.
        let declared = self.layout.statistics().iter().find(|placed| placed.name == wish.statistic);
        let counts = declared
            .is_some_and(|placed| matches!(placed.measure, Measure::Count { .. } | Measure::Histogram { .. } | Measure::MostCommon { .. }));
        let error_at = |epsilon: f64| -> Result<Option<f64>, ServiceError> {
            let Ok(epsilon) = Epsilon::parse(epsilon) else { return Ok(None) };
            let price = self.plan.price(&self.layout, priced_rho(epsilon, delta))?;
            let charges: Vec<_> = price.of_round(self.plan.rounds()).cloned().collect();
            let own = expected_errors(&self.layout, &charges, None)
                .into_iter()
                .find(|error| error.statistic == wish.statistic && (counts || error.estimate != "count"));
            Ok(own.map(|error| error.half_width))
        };
        let unknown = || ServiceError::NoExpectedError { statistic: wish.statistic.to_string() };
        let (mut low, mut high) = (0.0_f64, 100.0_f64);
        if error_at(high)?.ok_or_else(unknown)? > wish.error_95 {
            return Ok(WantedError { statistic: wish.statistic.clone(), error_95: wish.error_95, epsilon: None });
        }
        for _ in 0..40 {
            let middle = f64::midpoint(low, high);
            match error_at(middle) {
                Ok(Some(error)) if error <= wish.error_95 => high = middle,
                _ => low = middle,
            }
        }
        Ok(WantedError { statistic: wish.statistic.clone(), error_95: wish.error_95, epsilon: Some(high) })
    }
}

/// The public schema of all datasets together: tables side by side, and units that are in both.
fn schema_of_all(mounted: &[Mounted], manifest: &Manifest) -> Result<PublicSchema, ServiceError> {
    let joins = manifest.inputs.iter().any(|input| input.joined);
    let [first, rest @ ..] = mounted else { return Err(ServiceError::JoinUndeclared) };
    let mut schema = first.schema.clone();
    match (rest, joins) {
        ([], false) => return Ok(schema),
        ([], true) => return Err(ServiceError::JoinMissing),
        (_, false) => return Err(ServiceError::JoinUndeclared),
        _ => {}
    }
    for second in rest {
        let (one, other) = (&schema.privacy_unit, &second.schema.privacy_unit);
        if (one.kind, one.identifier) != (other.kind, other.identifier) {
            return Err(ServiceError::JoinUnit);
        }
        for input in &manifest.inputs {
            let owner = if input.joined { &second.schema } else { &first.schema };
            let in_both = first.schema.table(&input.table).is_some() && second.schema.table(&input.table).is_some();
            if in_both || owner.table(&input.table).is_none() {
                return Err(ServiceError::JoinTable { table: input.table.to_string() });
            }
        }
        schema.units_max = schema.units_max.min(second.schema.units_max);
        schema.tables.extend(second.schema.tables.iter().cloned());
    }
    Ok(schema)
}

/// The side tables in the order of the manifest.
pub(crate) fn side_tables(manifest: &Manifest, given: &[(Name, Vec<u8>)]) -> Result<Vec<Vec<u8>>, SideTableError> {
    let declared = |name: &Name| manifest.side_tables.iter().any(|table| table.name == *name);
    if let Some((unknown, _)) = given.iter().find(|(name, _)| !declared(name)) {
        return Err(SideTableError::Unknown { table: unknown.to_string() });
    }
    let find = |table: &tidegate_terms::SideTable| {
        let missing = || SideTableError::Missing { table: table.name.to_string() };
        given.iter().find(|(name, _)| *name == table.name).map(|(_, content)| content.clone()).ok_or_else(missing)
    };
    manifest.side_tables.iter().map(find).collect()
}
