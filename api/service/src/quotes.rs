//! Quotes: what a run would cost and give, from public facts alone.

use crate::datasets::Mounted;
use crate::view::{ExpectedError, PriceView, QuoteView};
use crate::{Domain, ServiceError, SlotInputs, slot_seconds};
use tidegate_accountant::{Account, Price, priced_rho, share_of};
use tidegate_authorisation::{Denial, LiveGrant, authorise};
use tidegate_gate::{calibrate, expected_errors};
use tidegate_statistics::Layout;
use tidegate_store::ModuleRecord;
use tidegate_terms::{Digest, Epsilon, Manifest, Name, ParameterValue, Rho};

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
    /// The module's name or the beginning of its digest.
    pub module: String,
    /// The parameters, as typed.
    pub parameters: Vec<(String, String)>,
    /// The price that the run may cost, taken alone, at the dataset's delta.
    pub epsilon: Epsilon,
    /// Worker processes; as many as cores, where none is given.
    pub workers: Option<usize>,
}

/// A question that was checked against everything that is public: authorised, laid out and priced.
pub(crate) struct Checked {
    pub(crate) mounted: Mounted,
    pub(crate) module: ModuleRecord,
    pub(crate) manifest: Manifest,
    pub(crate) grant: LiveGrant,
    pub(crate) layout: Layout,
    pub(crate) parameters: Vec<ParameterValue>,
    pub(crate) price: Price,
    pub(crate) epsilon: Epsilon,
    pub(crate) engine: Digest,
    pub(crate) workers: usize,
}

impl Checked {
    /// What makes two questions the same: registered version, module, parameters, price, engine, operator.
    /// Never content: a digest of data would be an oracle (attacks A22 and A37).
    pub(crate) fn digest(&self) -> Result<Digest, ServiceError> {
        let key = serde_json::json!({
            "dataset": self.mounted.record.dataset,
            "version": self.mounted.record.version,
            "module": self.module.digest,
            "parameters": self.parameters,
            "price": self.price,
            "engine": self.engine,
            "operator": self.module.operator,
        });
        Ok(Digest::of(key.to_string().as_bytes()))
    }

    /// How long until the result becomes visible.
    pub(crate) fn slot_seconds(&self) -> u64 {
        let schema = &self.mounted.schema;
        slot_seconds(SlotInputs {
            units_max: schema.units_max,
            unit_bytes_max: self.manifest.unit_bytes_max(schema),
            fuel_per_unit: self.manifest.resources.fuel_per_unit,
            guest_cells: self.layout.guest_cells() as u64,
            totals: self.layout.totals_len() as u64,
            // More workers than cores do not make a run faster.
            workers: self.workers.min(cores()) as u64,
            shards: u64::from(self.mounted.record.shards.shard_count),
        })
    }
}

/// Most worker processes of one run.
const WORKERS_MAX: usize = 64;

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

impl Domain {
    /// Checks a question against everything that is public.
    pub(crate) async fn check(&self, question: &Question) -> Result<Checked, ServiceError> {
        let mounted = self.mounted(&question.dataset, question.version).await?;
        let (module, manifest) = self.module(&question.module, &question.operator).await?;
        let grant = self.live_grant(question, &module, &manifest).await?;
        let parameters = manifest.parse_parameters(&question.parameters)?;
        let layout = Layout::seal(&manifest, &mounted.schema)?;
        let price = calibrate(&layout, priced_rho(question.epsilon, mounted.policy.delta))?;
        let workers = question.workers.unwrap_or_else(cores).clamp(1, WORKERS_MAX);
        let engine = self.engine()?;
        Ok(Checked { mounted, module, manifest, grant, layout, parameters, price, epsilon: question.epsilon, engine, workers })
    }

    /// The operator's grant that allows this and has most left; the newest one's denial, where none does.
    async fn live_grant(&self, question: &Question, module: &ModuleRecord, manifest: &Manifest) -> Result<LiveGrant, ServiceError> {
        let today = crate::instant::today();
        let mut denial = Denial::NoGrant { operator: question.operator.to_string(), dataset: question.dataset.to_string() };
        let mut best: Option<(LiveGrant, Rho)> = None;
        for grant in self.books().grants(Some(&question.dataset), Some(&question.operator)).await? {
            match authorise(&grant, &question.dataset, &question.operator, &module.signed(), manifest, today) {
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
    pub(crate) async fn quote(&self, question: &Question) -> Result<QuoteView, ServiceError> {
        let checked = self.check(question).await?;
        let stored = self.books().run_of_question(checked.digest()?).await?.is_some_and(|run| run.released.is_some());
        let lineage = &checked.mounted.record.lineage;
        let unknown = || ServiceError::UnknownDataset { dataset: question.dataset.to_string() };
        let (account, delta) = self.books().account(lineage).await?.ok_or_else(unknown)?;
        let record = checked.grant.record();
        let share = Account { cap: share_of(record.rho, account.cap), spent: self.books().spent_under(&record.id).await? };
        let rho = checked.price.rho();
        let of = |account: Account| (account.left().rho.units() > 0).then(|| rho.get() / account.left().rho.get());
        let error = |(statistic, part, error_95)| ExpectedError { statistic, part, error_95 };
        Ok(QuoteView {
            dataset: question.dataset.clone(),
            version: checked.mounted.record.version,
            module: checked.module.digest,
            price: PriceView::new(&checked.price, delta),
            share_of_lineage_left: of(account),
            share_of_grant_left: of(share),
            slot_seconds: checked.slot_seconds(),
            stored,
            errors: expected_errors(&checked.layout, &checked.price).into_iter().map(error).collect(),
        })
    }
}
