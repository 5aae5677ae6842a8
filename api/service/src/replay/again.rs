//! The rounds of a paid run, done again.

use super::{Failed, Past, PastRun, damaged};
use crate::plan::{Decision, Next, Progress};
use crate::quotes::Work;
use crate::receipts::logged_charges;
use crate::view::{ReleaseView, RoundView};
use crate::{Domain, ServiceError};
use tidegate_accountant::{Charge, Reservation};
use tidegate_engine::{Crew, Processes, Round, Stage, Totals, Workers};
use tidegate_gate::{Noised, Release, Residuals, released_again};
use tidegate_log::{Event, ReplayCheck, commit};
use tidegate_store::{RoundRecord, RunRecord, StoreError};
use tidegate_terms::{Digest, Manifest};

/// What the log says of one round.
struct LoggedRound<'a> {
    entry: &'a super::Logged,
    number: u32,
    last: bool,
    release: Digest,
    totals: Digest,
}

impl<'a> LoggedRound<'a> {
    fn of(entry: &'a super::Logged) -> Option<Self> {
        let Event::Release { round, last, release_commitment, totals_commitment, .. } = &entry.event else { return None };
        Some(Self { entry, number: *round, last: *last, release: *release_commitment, totals: *totals_commitment })
    }
}

/// What is kept of one round.
struct StoredRound {
    view: ReleaseView,
    text: String,
    decision: Decision,
    decision_text: String,
    noised: Noised,
}

impl Domain {
    async fn work_of(&self, run: &RunRecord) -> Result<Work, ServiceError> {
        let mut mounted = Vec::new();
        for mount in &run.mounts {
            mounted.push(self.mounted(&mount.dataset, Some(mount.version)).await?);
        }
        let module = self.books().module_of(run.module).await?.ok_or_else(|| damaged("the module of a run is missing"))?;
        let manifest = Manifest::parse(&module.manifest)?;
        Work::new(mounted, module, manifest, run.parameters.clone(), run.side_tables.clone(), None, self.rates().await?)
    }

    async fn run_record(&self, run: &PastRun) -> Result<RunRecord, ServiceError> {
        self.books().run(&run.id).await?.ok_or_else(|| damaged("a run of the log is missing"))
    }

    /// How long one round of a replay takes at most, and whether its answer waits for that.
    pub(super) async fn work_slot(&self, run: &PastRun) -> Result<(u64, bool), ServiceError> {
        let record = self.run_record(run).await?;
        match self.work_of(&record).await {
            Ok(work) => Ok((work.slot_seconds(), work.waits())),
            // A manifest or schema that was changed in the database: the answer will be a mismatch.
            Err(_) => Ok((record.slot_seconds, true)),
        }
    }

    /// Does all rounds again and says which checks fail.
    pub(super) async fn rounds_again(&self, past: &Past, run: &PastRun, processes: &Processes) -> Result<Failed, ServiceError> {
        let record = self.run_record(run).await?;
        let failed = self.check_inputs(past, run, &record).await?;
        if !failed.is_empty() {
            return Ok(failed);
        }
        let work = self.work_of(&record).await?;
        for mounted in &work.mounted {
            if !self.data_is_registered(past, &mounted.record).await? {
                return Ok(Failed::from([ReplayCheck::Data]));
            }
        }
        let module = self.compiled(&work.module.component, &work.manifest)?;
        // The price was charged when the run was admitted; what the ledger has was just held against the log.
        let price = record.price.clone();
        let charged = async |_: &str| Ok::<_, ServiceError>(Some(price));
        let reservation = Reservation::resume(record.id.clone(), charged).await?;
        let reservation = reservation.ok_or_else(|| damaged("a run has no price"))?;
        let job = work.job(&module, &self.data_directory());
        let command = || self.programs.child("worker");
        let workers = Workers { count: work.workers, command: &command, processes };
        let crew = Crew::new(&reservation, &job, &workers);
        let (mut failed, mut progress, mut residuals) = (Failed::new(), Progress::start(), Residuals::default());
        for entry in &run.released {
            let logged = LoggedRound::of(entry).ok_or_else(|| damaged("a release of another kind"))?;
            let round = work.plan.round(&progress);
            let totals = tokio::task::block_in_place(|| crew.run_round(&round))?;
            if !self.same_totals(&logged, &totals).await? {
                failed.insert(ReplayCheck::Totals);
            }
            let Some(stored) = self.stored_round(&record, &logged, &mut failed).await? else { break };
            let charges: Vec<Charge> = record.price.of_round(round.number).cloned().collect();
            let layout = round.stage.layout(&work.manifest, &work.schema)?;
            let again = released_again(&record.id, round.number, &layout, &charges, &work.manifest, stored.noised.clone());
            // Noised answers of another shape make no release; then nothing is drawn from them.
            let (Ok(again), Ok(())) = (again, residuals.take(&totals, &layout, &charges, &stored.noised)) else {
                failed.insert(ReplayCheck::Release);
                break;
            };
            drop(totals);
            let decision = tokio::task::block_in_place(|| self.decide(&work, &record.price, &round, &module, &again, processes))?;
            compare(&work, &logged, &round, &stored, &again, &decision, &mut failed)?;
            progress.advance(&stored.decision);
        }
        // Around totals that are not those of the run nothing can be said about noise.
        if !failed.contains(&ReplayCheck::Totals) && !residuals.plausible() {
            failed.insert(ReplayCheck::Noise);
        }
        Ok(failed)
    }

    /// Module, parameters, side tables and price, held against the log.
    async fn check_inputs(&self, past: &Past, run: &PastRun, record: &RunRecord) -> Result<Failed, ServiceError> {
        let Event::Reserve { module, parameters_commitment, side_tables, charges, .. } = &run.admitted.event else {
            return Err(damaged("an admission of another kind"));
        };
        let mut failed = Failed::new();
        let known = self.books().module_of(*module).await?.filter(|_| record.module == *module);
        let same = known.is_some_and(|known| Self::module_is_registered(past, *module, &known.component, &known.manifest));
        if !same {
            failed.insert(ReplayCheck::Module);
        }
        let parameters = serde_json::to_vec(&record.parameters).map_err(StoreError::from)?;
        let same_tables = record.side_tables.iter().map(|table| Digest::of(table)).eq(side_tables.iter().copied());
        if !same_tables || !self.opens(&run.admitted, "parameters_commitment", *parameters_commitment, &parameters).await? {
            failed.insert(ReplayCheck::Inputs);
        }
        if logged_charges(&record.price) != *charges {
            failed.insert(ReplayCheck::Price);
        }
        Ok(failed)
    }

    async fn same_totals(&self, logged: &LoggedRound<'_>, totals: &Totals) -> Result<bool, ServiceError> {
        let salt = self.salt_of(logged.entry.position, "totals_commitment").await?;
        Ok(salt.is_some_and(|salt| totals.commitment(&salt) == logged.totals))
    }

    /// What is kept of a round, if it is what was committed to.
    async fn stored_round(
        &self,
        run: &RunRecord,
        logged: &LoggedRound<'_>,
        failed: &mut Failed,
    ) -> Result<Option<StoredRound>, ServiceError> {
        let Some(RoundRecord { release, conclusion, .. }) = run.rounds.iter().find(|round| round.number == logged.number) else {
            failed.insert(ReplayCheck::Release);
            return Ok(None);
        };
        let view = serde_json::from_str::<ReleaseView>(release).ok();
        let committed = self.opens(logged.entry, "release_commitment", logged.release, release.as_bytes()).await?;
        let noised = self.books().noised(&run.id, logged.number).await?;
        let stored = noised.as_ref().map(|noised| commit(&noised.salt, &noised.content));
        let noised = noised.and_then(|noised| Noised::parse(&noised.content).ok());
        let (Some(view), true, Some(noised)) = (view, committed, noised) else {
            failed.insert(ReplayCheck::Release);
            return Ok(None);
        };
        if view.noised_commitment != stored {
            failed.insert(ReplayCheck::Release);
            return Ok(None);
        }
        let Ok(decision) = serde_json::from_str(conclusion) else {
            failed.insert(ReplayCheck::Decision);
            return Ok(None);
        };
        Ok(Some(StoredRound { view, text: release.clone(), decision, decision_text: conclusion.clone(), noised }))
    }
}

/// Whether the release follows from its noised answers, and the decision from the release.
fn compare(
    work: &Work,
    logged: &LoggedRound<'_>,
    round: &Round,
    stored: &StoredRound,
    again: &Release,
    decision: &Decision,
    failed: &mut Failed,
) -> Result<(), ServiceError> {
    let (report, failure, last) = match &decision.next {
        Next::Round { .. } => (Vec::new(), None, false),
        Next::End { report, failure } => (report.clone(), *failure, true),
    };
    if serde_json::to_string(decision).map_err(StoreError::from)? != stored.decision_text || last != logged.last {
        failed.insert(ReplayCheck::Decision);
    }
    let view = ReleaseView {
        statistics: again.statistics().to_vec(),
        confidence: again.confidence(),
        round: RoundView { number: round.number, reserved: work.plan.rounds(), last, finds_bounds: round.stage == Stage::Bounds },
        report,
        failure,
        ..stored.view.clone()
    };
    let same_round = logged.number == round.number;
    if !same_round || serde_json::to_string(&view).map_err(StoreError::from)? != stored.text {
        // A decision that differs shows in the release too; that is one finding and not two.
        if !failed.contains(&ReplayCheck::Decision) {
            failed.insert(ReplayCheck::Release);
        }
    }
    Ok(())
}
