//! A temporary domain with one dataset, one grant and one module, through a keeper as any run.
//!
//! The policy shows results immediately: what is measured is the work and the answer, not the slot.

use super::failed;
use crate::commands::{key, model};
use crate::front::{CliError, Keeper};
use std::path::PathBuf;
use std::time::Instant;
use tempfile::TempDir;
use tidegate_service::view::{DomainView, GrantView, ImportView, ReleaseShown};
use tidegate_service::{IncidentView, Question, Reply, Request};
use tidegate_terms::{Epsilon, Guard, Manifest, Name, Seal};

/// A dataset that is mounted for a measurement: its public schema, and the text of each of its tables.
pub(super) struct Dataset<'a> {
    pub(super) name: &'a str,
    pub(super) schema: &'a str,
    pub(super) tables: Vec<(&'a str, String)>,
}

/// A module as it was built.
#[derive(Clone, Copy)]
pub(super) struct Module<'a> {
    pub(super) component: &'a [u8],
    pub(super) manifest: &'a str,
}

/// The domain.
pub(super) struct Bench {
    keeper: Keeper,
    operator: Name,
    datasets: Vec<Name>,
    module: String,
    // After the keeper, which must be gone before its directory is.
    _place: TempDir,
}

/// An answer that waited for its slot.
pub(super) struct AtSlot {
    /// As it was announced at admission.
    pub(super) slot: String,
    pub(super) slot_seconds: u64,
    /// When the result says that it became visible; nothing where there is none.
    pub(super) shown: Option<String>,
    /// How long after the slot the asker had the answer.
    pub(super) after_slot_ms: f64,
}

/// An answer and how long it took, from the request to the released table.
pub(super) struct Answered {
    pub(super) seconds: f64,
    pub(super) shown: ReleaseShown,
}

const POLICY: &str = "lifetime_epsilon = 8.0\ndelta = 1e-6\nrun_epsilon_max = 1.0\nvisibility = \"immediately\"\n";

impl Bench {
    /// Mounts datasets, the second of which is joined to the first, and uploads a module that reads them.
    pub(super) fn new(datasets: &[Dataset<'_>], module: Module<'_>) -> Result<Self, CliError> {
        Self::without(datasets, module, &[])
    }

    /// The same under a policy of its own.
    pub(super) fn with_policy(datasets: &[Dataset<'_>], module: Module<'_>, policy: &str) -> Result<Self, CliError> {
        Self::made(datasets, module, policy, &[])
    }

    /// The same with some guards down, which only a weakened build can do.
    pub(super) fn without(datasets: &[Dataset<'_>], module: Module<'_>, down: &[Guard]) -> Result<Self, CliError> {
        Self::made(datasets, module, POLICY, down)
    }

    fn made(datasets: &[Dataset<'_>], module: Module<'_>, policy: &str, down: &[Guard]) -> Result<Self, CliError> {
        let place = tempfile::tempdir().map_err(failed)?;
        let mut keeper = Keeper::start_without(&place.path().join("domain"), down)?;
        let _: DomainView = keeper.ask(&Request::Init { origin: "tidegate.local/bench".into() })?;
        let operator = Name::parse("bench")?;
        let key_file = place.path().join("operator.pk8");
        let operator_key = key::new(&key_file)?;
        let manifest = Manifest::parse(module.manifest)?;
        let mut names = Vec::new();
        for (index, dataset) in datasets.iter().enumerate() {
            let name = Name::parse(dataset.name)?;
            let mut files: Vec<(Name, PathBuf)> = Vec::new();
            for (table, text) in &dataset.tables {
                let file = place.path().join(format!("{index}-{table}.csv"));
                std::fs::write(&file, text).map_err(|error| CliError::file(&file, &error))?;
                files.push((Name::parse(table)?, file));
            }
            let mount = Request::DatasetAdd { dataset: name.clone(), schema: dataset.schema.to_owned(), policy: policy.to_owned(), files };
            let _: ImportView = keeper.ask_meanwhile(&mount, &[], |_| {})?;
            let inputs = manifest.inputs.iter().filter(|input| input.joined == (index == 1));
            let grant = Request::GrantAdd {
                dataset: name.clone(),
                operator: operator.clone(),
                operator_key: operator_key.clone(),
                columns: inputs.flat_map(|input| input.columns.iter().map(move |column| format!("{}.{column}", input.table))).collect(),
                purpose: manifest.purpose.clone(),
                epsilon: Epsilon::parse(8.0)?,
                valid_from: None,
                valid_until: super::scale::in_a_year()?,
            };
            let _: GrantView = keeper.ask(&grant)?;
            names.push(name);
        }
        let seal = Seal::sign(module.component, module.manifest.as_bytes(), &key::read(&key_file)?);
        let seal = serde_json::to_string(&seal).map_err(failed)?;
        model::upload(&mut keeper, operator.clone(), module.component.to_vec(), module.manifest.to_owned(), seal)?;
        Ok(Self { keeper, operator, datasets: names, module: manifest.name.to_string(), _place: place })
    }

    /// Asks a question whose answer waits for its slot; a refusal after admission is no error here.
    pub(super) fn ask_for_slot(&mut self, epsilon: f64, workers: usize) -> Result<AtSlot, CliError> {
        let question = self.question(epsilon, &[], &[], workers)?;
        let mut admitted = None;
        let answer = self.keeper.ask_meanwhile::<ReleaseShown>(&Request::Run(question), &[], |reply| {
            if let Reply::Admitted(told) = reply {
                admitted = Some(told);
            }
        });
        let now = jiff::Timestamp::now();
        let Some(admitted) = admitted else {
            return Err(answer.err().unwrap_or_else(|| failed("the answer came from the store")));
        };
        let slot: jiff::Timestamp = admitted.slot.parse().map_err(failed)?;
        let after_slot_ms = slot.duration_until(now).as_secs_f64() * 1000.0;
        let shown = answer.ok().map(|shown| shown.release.visible_at);
        if shown.is_none() {
            self.close_incidents()?;
        }
        Ok(AtSlot { slot: admitted.slot, slot_seconds: admitted.slot_seconds, shown, after_slot_ms })
    }

    /// Closes what a missed slot opened, so that the next question is asked of a domain like the last.
    fn close_incidents(&mut self) -> Result<(), CliError> {
        let incidents: Vec<IncidentView> = self.keeper.ask(&Request::IncidentList)?;
        for open in incidents.into_iter().filter(|incident| incident.closed.is_none()) {
            let close = Request::IncidentClose { incident: open.incident, reason: "bench".to_owned(), by: "bench".to_owned() };
            let _: IncidentView = self.keeper.ask(&close)?;
        }
        Ok(())
    }

    fn question(
        &self,
        epsilon: f64,
        parameters: &[(&str, String)],
        side_tables: &[(&str, &str)],
        workers: usize,
    ) -> Result<Question, CliError> {
        let side_table = |(name, text): &(&str, &str)| Ok::<_, CliError>((Name::parse(name)?, text.as_bytes().to_vec()));
        Ok(Question {
            operator: self.operator.clone(),
            dataset: self.datasets.first().cloned().ok_or_else(|| failed("no dataset"))?,
            version: None,
            join: self.datasets.get(1).cloned(),
            module: self.module.clone(),
            parameters: parameters.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
            side_tables: side_tables.iter().map(side_table).collect::<Result<_, _>>()?,
            epsilon: Some(Epsilon::parse(epsilon)?),
            workers: Some(workers),
            pinned: None,
        })
    }

    /// The process of its keeper.
    pub(super) fn keeper(&self) -> u32 {
        self.keeper.process()
    }

    /// Asks on so many workers.
    pub(super) fn ask(&mut self, epsilon: f64, parameters: &[(&str, String)], workers: usize) -> Result<Answered, CliError> {
        self.ask_with(epsilon, parameters, &[], workers)
    }

    /// The same with public side tables, as CSV.
    pub(super) fn ask_with(
        &mut self,
        epsilon: f64,
        parameters: &[(&str, String)],
        side_tables: &[(&str, &str)],
        workers: usize,
    ) -> Result<Answered, CliError> {
        let question = self.question(epsilon, parameters, side_tables, workers)?;
        let start = Instant::now();
        let shown: ReleaseShown = self.keeper.ask(&Request::Run(question))?;
        let seconds = start.elapsed().as_secs_f64();
        if shown.stored {
            return Err(failed("the answer came from the store"));
        }
        match &shown.release.failure {
            Some(failure) => Err(failed(format!("the module's clean half failed: {failure:?}"))),
            None => Ok(Answered { seconds, shown }),
        }
    }
}
