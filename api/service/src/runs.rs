//! Runs: admitted, paid, logged, then round by round: executed, noised, concluded, logged, shown. In this order,
//! whatever dies.
//!
//! | a crash after | leaves | and then |
//! |---|---|---|
//! | the charge | a paid run without release | the same question continues it at no new price |
//! | the noise of a round | nothing: it was never visible | new noise is drawn for the same price |
//! | the release of a round | a release without checkpoint | the next start publishes it; the same question goes on with the next round |

use crate::custody::check_readable;
use crate::datasets::Mounted;
use crate::halt::{Alarm, Held, Work as Halting};
use crate::incidents::check_thawed;
use crate::plan::{Decision, Next, Progress};
use crate::quotes::{Checked, Question, Work};
use crate::receipts::{ReleasedRound, release_view, reserve_event};
use crate::stops::{Draws, Listed};
use crate::view::{ReleaseShown, ReleaseView};
use crate::{Domain, ServiceError, children, instant, keys};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tidegate_accountant::{Account, Caps, Price, Reservation, admit, priced_rho, share_of};
use tidegate_authorisation::{Denial, GrantRecord, LiveGrant, Use, authorise};
use tidegate_engine::{Concluded, Crew, Processes, Round, Stage, Told, Workers, ask_conclude};
use tidegate_gate::{Release, choose_bounds, release};
use tidegate_log::{Checkpoint, Entry, Event, PublishError, commit};
use tidegate_sandbox::CompiledModule;
use tidegate_store::{NoisedRecord, Opening, RoundRecord, RunMount, RunRecord, StoreError, Transaction};
use tidegate_terms::{Digest, Guard, Name, Wall, stands};

/// What an operator sees while a run goes on: public facts only, never shards done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Admitted {
    /// The run.
    pub run: String,
    /// When it was admitted.
    pub at: String,
    /// When the result of its next round becomes visible at the latest.
    pub slot: String,
    /// Seconds from now to that moment.
    pub slot_seconds: u64,
    /// Most rounds that are still to come, each with a slot of its own.
    pub rounds_left: u32,
    /// Whether results are shown before the slot, as the dataset's policy may allow.
    pub immediately: bool,
    /// Whether it costs budget; exact tables do not.
    pub paid: bool,
    /// Whether it continues an interrupted run at no new price.
    pub continued: bool,
}

/// One attempt to carry out a paid run.
struct Attempt<'a> {
    run: &'a RunRecord,
    reservation: &'a Reservation,
    module: &'a CompiledModule,
    /// Of the round that is under way.
    slot: Slot,
    /// Whether that slot was held already.
    held: Option<Held>,
    /// By which a stop finds it.
    listed: &'a Listed,
}

/// When a round becomes visible: fixed before it is opened, from public facts alone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slot {
    pub(crate) due: Timestamp,
    /// Seconds from the opening of a round to its slot.
    length: u64,
}

impl Slot {
    /// As the log has it.
    pub(crate) fn of(run: &str, due: &str, length: u64) -> Result<Self, ServiceError> {
        let due = instant::parse(due).ok_or_else(|| ServiceError::UnknownRun { run: run.to_owned() })?;
        Ok(Self { due, length: length.max(1) })
    }

    fn first(run: &RunRecord) -> Result<Self, ServiceError> {
        Self::of(&run.id, &run.slot, run.slot_seconds)
    }

    /// Seconds from the opening of a round to its slot.
    pub(crate) fn length(self) -> u64 {
        self.length
    }

    /// The slot of an interrupted run that begins again: the first multiple that leaves it its whole length.
    /// Were it the next multiple, whoever interrupts a run could choose how long it has, and so measure how
    /// long it takes.
    pub(crate) fn again(self, now: Timestamp) -> Self {
        Self { due: self.after(instant::later(now, self.length)), ..self }
    }

    /// The first multiple after an instant.
    pub(crate) fn after(self, now: Timestamp) -> Timestamp {
        let late = u64::try_from(now.as_second() - self.due.as_second()).unwrap_or(0);
        if now < self.due { self.due } else { instant::later(self.due, (late / self.length + 1) * self.length) }
    }
}

impl Domain {
    /// Answers a question: from the store, by continuing an interrupted run, or by a new run.
    pub async fn run(&self, question: &Question, admitted: &mut (dyn FnMut(Admitted) + Send)) -> Result<ReleaseShown, ServiceError> {
        // From here on a stop finds it.
        self.run_listed(question, &self.under_way.list(Draws::of(question)), admitted).await
    }

    /// Answers a question that was [taken up](Self::take_up).
    pub async fn run_listed(
        &self,
        question: &Question,
        listed: &Listed,
        admitted: &mut (dyn FnMut(Admitted) + Send),
    ) -> Result<ReleaseShown, ServiceError> {
        // Nothing goes on while the log lags behind the database.
        self.publish().await?;
        let checked = self.check(question).await?;
        let digest = if stands(Guard::StoredAnswers) { checked.digest()? } else { Digest(keys::random()?) };
        if let Some(run) = self.books().run_of_question(digest).await? {
            if run.finished.is_some() {
                self.check_kept(&run.id).await?;
                return self.shown(&run, None, true).await;
            }
            self.check_not_stopped(&run.id).await?;
            self.check_all_readable(&checked.mounted).await?;
            self.check_all_thawed(run.mounts.iter().map(|mount| &mount.lineage)).await?;
            let module = self.compiled(&checked.module.component, &checked.manifest)?;
            // What was charged under a grant goes on only while that grant allows it; it may be another one than was asked for.
            for (place, mount) in run.mounts.iter().enumerate() {
                Self::grant_now(&checked, place, self.books().grant(&mount.grant).await?)?;
            }
            self.note_asked(listed, &run.id).await?;
            let reservation = self.resume(&run).await?;
            let slot = Slot::first(&run)?.again(instant::now());
            let mut attempt = Attempt { run: &run, reservation: &reservation, module: &module, slot, held: None, listed };
            admitted(checked.admitted(&attempt, true));
            return self.carry_out(&checked, &mut attempt).await;
        }
        // Whatever takes time and needs no data is done before the slot begins.
        let module = self.compiled(&checked.module.component, &checked.manifest)?;
        let (run, reservation) = self.reserve(&checked, digest, listed).await?;
        let mut attempt = Attempt { run: &run, reservation: &reservation, module: &module, slot: Slot::first(&run)?, held: None, listed };
        admitted(checked.admitted(&attempt, false));
        self.carry_out(&checked, &mut attempt).await
    }

    /// Charges the price of all rounds: grants, accounts and charges are read and written in one transaction.
    async fn reserve(&self, checked: &Checked, question: Digest, listed: &Listed) -> Result<(RunRecord, Reservation), ServiceError> {
        let walls: Vec<Wall> = checked.mounted.iter().flat_map(|mounted| mounted.policy.walls.iter().copied()).collect();
        self.check_walls(&walls)?;
        self.next_instant().await?;
        let mut act = self.store.begin().await?;
        listed.check_may_begin()?;
        // Only here is it certain that no other act comes before; the slot counts from this instant.
        let at = Self::instant_in(&act);
        let run = checked.run_record(keys::identifier('r')?, question, at);
        let (mut grants, mut caps) = (Vec::new(), Vec::new());
        for (place, mounted) in checked.mounted.iter().enumerate() {
            check_readable(act.custody(&mounted.record.dataset, mounted.record.version).await?)?;
            check_thawed(&mut act, &mounted.record.lineage).await?;
            let grant = Self::grant_now(checked, place, act.grant(&run.mounts[place].grant).await?)?;
            // A second dataset of the same lineage does not pay again, but its grant's share is used too.
            caps.push(Self::caps(&mut act, mounted, grant.record(), at).await?);
            grants.push(grant);
        }
        let parameters = serde_json::to_vec(&run.parameters).map_err(StoreError::from)?;
        let opening = Opening { field: "parameters_commitment", salt: keys::random()?, content: Some(parameters) };
        let mut position = 0;
        let reservation = admit(run.id.clone(), checked.price.clone(), &caps, async |price| {
            act.insert_run(&grants, &run, price).await?;
            listed.note_run(&mut act, &run.id).await?;
            let event = reserve_event(&run, &opening, checked.engine);
            position = act.append(&Entry { at: run.at.clone(), event }, &[opening]).await?;
            act.commit().await?;
            Ok::<_, ServiceError>(())
        });
        let reservation = reservation.await?;
        // The reservation stands in a signed log before any shard is opened.
        self.make_visible(position).await?;
        Ok((run, reservation))
    }

    /// What a price is held against for one dataset, as this transaction sees it.
    async fn caps(act: &mut Transaction, mounted: &Mounted, grant: &GrantRecord, at: Timestamp) -> Result<Caps, ServiceError> {
        let missing = || ServiceError::UnknownDataset { dataset: mounted.record.dataset.to_string() };
        let lineage = &mounted.record.lineage;
        let (account, delta) = act.account(lineage).await?.ok_or_else(missing)?;
        let share = Account { cap: share_of(grant.rho, account.cap), spent: act.spent_under(&grant.id).await? };
        let period = match &mounted.policy.period {
            None => None,
            Some(period) => {
                let since = instant::text(instant::earlier(at, u64::from(period.days) * 86_400));
                let spent = act.spent_since(lineage, &since).await?;
                Some(Account { cap: share_of(priced_rho(period.epsilon, delta), account.cap), spent })
            }
        };
        let run = priced_rho(mounted.policy.run_epsilon_max, delta);
        Ok(Caps { name: lineage.clone(), lineage: account, grant: share, run, period })
    }

    /// The walls that the policy demands must stand before anything is charged.
    pub(crate) fn check_walls(&self, needed: &[Wall]) -> Result<(), ServiceError> {
        if needed.is_empty() {
            return Ok(());
        }
        let standings = tokio::task::block_in_place(|| children::standing_walls(&self.programs))?;
        match standings.into_iter().find(|standing| needed.contains(&standing.wall) && !standing.stands) {
            Some(down) => Err(ServiceError::WallDown { wall: format!("{:?}", down.wall), detail: down.detail }),
            None => Ok(()),
        }
    }

    /// The grant as it is in this very transaction; it may have been revoked since the question was checked.
    fn grant_now(checked: &Checked, place: usize, record: Option<GrantRecord>) -> Result<LiveGrant, ServiceError> {
        let (operator, dataset) = (&checked.module.operator, &checked.mounted[place].record.dataset);
        let none = || Denial::NoGrant { operator: operator.to_string(), dataset: dataset.to_string() };
        let record = record.ok_or_else(none)?;
        let reads = match checked.mounted.len() {
            1 => Use::whole(&checked.manifest),
            _ => Use::of_dataset(&checked.manifest, place == 1),
        };
        Ok(authorise(&record, dataset, operator, &checked.module.signed(), &reads, instant::today())?)
    }

    async fn resume(&self, run: &RunRecord) -> Result<Reservation, ServiceError> {
        let books = self.books();
        let charged = async |id: &str| Ok::<_, ServiceError>(books.run(id).await?.map(|run| run.price));
        let reservation = Reservation::resume(run.id.clone(), charged).await?;
        reservation.ok_or_else(|| ServiceError::UnknownRun { run: run.id.clone() })
    }

    /// From a paid run to its visible release. Whatever fails here has one outcome outside; the cause goes to
    /// the journal.
    async fn carry_out(&self, checked: &Checked, attempt: &mut Attempt<'_>) -> Result<ReleaseShown, ServiceError> {
        attempt.listed.draws_on(&attempt.run.id, attempt.run.mounts.iter().map(|mount| mount.grant.clone()));
        let (processes, done) = match self.processes(checked.workers, checked.waits()) {
            Ok(processes) => {
                attempt.listed.stops_with(processes.stopper());
                let done = self.carry_out_or_fail(checked, attempt, &processes).await;
                (Some(processes), done)
            }
            Err(error) => (None, Err(error)),
        };
        match done {
            // The release is logged and published; it waits for witnesses, not for its slot.
            Err(waiting @ ServiceError::NotWitnessed { .. }) => Err(waiting),
            Err(cause) => {
                if !stands(Guard::NoRefund) {
                    let mut act = self.store.begin().await?;
                    act.finish_run(attempt.reservation, 0).await?;
                    act.commit().await?;
                }
                let halting = Halting {
                    run: &attempt.run.id,
                    replay: None,
                    lineages: attempt.run.mounts.iter().map(|mount| mount.lineage.clone()).collect(),
                    slot: attempt.slot,
                    waits: checked.waits(),
                    held: attempt.held.take(),
                };
                let outward = ServiceError::RunHeld { run: attempt.run.id.clone() };
                let halted = self.halt(halting, cause, outward).await;
                // Until here, load was held for the failure as for a result.
                drop(processes);
                Err(halted)
            }
            shown => shown,
        }
    }

    async fn carry_out_or_fail(
        &self,
        checked: &Checked,
        attempt: &mut Attempt<'_>,
        processes: &Processes,
    ) -> Result<ReleaseShown, ServiceError> {
        let job = checked.job(attempt.module, &self.data_directory());
        let command = || self.programs.child("worker");
        let workers = Workers { count: checked.workers, command: &command, processes };
        let crew = Crew::new(attempt.reservation, &job, &workers);
        let mut progress = Progress::after(&attempt.run.rounds)?;
        loop {
            let round = checked.plan.round(&progress);
            let alarm = Alarm::set(processes, attempt.slot, checked.waits());
            let released = tokio::task::block_in_place(|| self.run_round(checked, attempt, &crew, &round, processes));
            drop(alarm);
            let released = released?;
            let held = attempt.held.insert(self.hold(&attempt.run.id, attempt.slot, checked.waits()).await?);
            let visible_at = match held {
                Held::InTime(at) => at.clone(),
                Held::Late(slot) => return Err(ServiceError::SlotMissed { slot: slot.clone() }),
            };
            self.record_round(checked, attempt, &round, &released, &visible_at).await?;
            if matches!(released.decision.next, Next::End { .. }) {
                break;
            }
            progress.advance(&released.decision);
            let opened = instant::parse(&visible_at).unwrap_or_else(instant::now).max(instant::now());
            attempt.slot.due = instant::later(opened, attempt.slot.length);
            attempt.held = None;
        }
        let run = self.books().run(&attempt.run.id).await?;
        let run = run.ok_or_else(|| ServiceError::UnknownRun { run: attempt.run.id.clone() })?;
        self.shown(&run, None, false).await
    }

    /// One round: exact totals, noise, and what is decided on the noised release alone.
    fn run_round(
        &self,
        checked: &Checked,
        attempt: &Attempt<'_>,
        crew: &Crew<'_>,
        round: &Round,
        processes: &Processes,
    ) -> Result<ReleasedRound, ServiceError> {
        let totals = crew.run_round(round)?;
        // What comes now is one process at a time: it takes the place of one worker.
        let _resting = processes.rest(0);
        let layout = round.stage.layout(&checked.manifest, &checked.schema)?;
        let noise = || processes.start(self.programs.child("noise"));
        let release = release(&totals, attempt.reservation, &layout, &checked.manifest, &noise)?;
        let decision = self.decide(checked, attempt.reservation.price(), round, attempt.module, &release, processes)?;
        Ok(ReleasedRound { totals, release, decision })
    }

    /// What follows from a release: bounds, another round or the end. A function of it and of public facts.
    pub(crate) fn decide(
        &self,
        work: &Work,
        price: &Price,
        round: &Round,
        module: &CompiledModule,
        release: &Release,
        processes: &Processes,
    ) -> Result<Decision, ServiceError> {
        if round.stage == Stage::Bounds {
            let main: Vec<_> = price.of_round(round.number + 1).cloned().collect();
            let bounds = choose_bounds(&work.layout, &main, release.statistics());
            return Ok(Decision { bounds: Some(bounds), next: Next::Round { state: Vec::new() } });
        }
        let bounds = if let Stage::Within(bounds) = &round.stage { Some(bounds.clone()) } else { None };
        Ok(Decision { bounds, next: self.conclude_round(work, round, module, release, processes)? })
    }

    /// Asks the clean half, where the module has rounds.
    fn conclude_round(
        &self,
        checked: &Work,
        round: &Round,
        module: &CompiledModule,
        release: &Release,
        processes: &Processes,
    ) -> Result<Next, ServiceError> {
        if checked.manifest.rounds.is_none() {
            return Ok(Next::End { report: Vec::new(), failure: None });
        }
        let told = Told {
            manifest: &checked.manifest,
            module,
            parameters: &checked.parameters,
            side_tables: &checked.side_tables,
            of_module: round.of_module,
            state: &round.state,
            releases: release.for_conclude(),
        };
        Ok(match ask_conclude(&told, &|| processes.start(self.programs.child("conclude")))? {
            // Rounds are sealed: who asks for more than were reserved has had the last one.
            Concluded::Again(_) if round.of_module >= checked.plan.of_module => Next::End { report: Vec::new(), failure: None },
            Concluded::Again(state) => Next::Round { state },
            Concluded::Done(report) => Next::End { report, failure: None },
            Concluded::Failed(failure) => Next::End { report: Vec::new(), failure: Some(failure) },
        })
    }

    /// Logs and stores a round's release, in one transaction with the end of the run if it is the last.
    async fn record_round(
        &self,
        checked: &Checked,
        attempt: &Attempt<'_>,
        round: &Round,
        released: &ReleasedRound,
        visible_at: &str,
    ) -> Result<(), ServiceError> {
        let Attempt { run, reservation, .. } = attempt;
        let ReleasedRound { totals, release, decision } = released;
        let exact_tables = self.has_exact_tables(&run.mounts).await?;
        let last = matches!(decision.next, Next::End { .. });
        let noised = NoisedRecord { salt: keys::random()?, content: release.noised().to_bytes() };
        let mut view = release_view(checked, run, round, released, visible_at, exact_tables);
        view.noised_commitment = Some(commit(&noised.salt, &noised.content));
        let content = serde_json::to_vec(&view).map_err(StoreError::from)?;
        let (release_salt, totals_salt) = (keys::random()?, keys::random()?);
        let event = Event::Release {
            run: run.id.clone(),
            round: round.number,
            last,
            release_commitment: commit(&release_salt, &content),
            totals_commitment: totals.commitment(&totals_salt),
            pad: String::new(),
        };
        let openings = [
            Opening { field: "release_commitment", salt: release_salt, content: None },
            Opening { field: "totals_commitment", salt: totals_salt, content: None },
        ];
        let mut act = self.store.begin().await?;
        // A stop, or the end of a grant, that came before this transaction keeps everything of the run inside.
        let grants: Vec<&str> = run.mounts.iter().map(|mount| mount.grant.as_str()).collect();
        attempt.listed.check_may_publish(&mut act, &run.id, &grants).await?;
        let position = act.append(&Entry { at: visible_at.to_owned(), event }, &openings).await?;
        let record = RoundRecord {
            number: round.number,
            position,
            release: String::from_utf8_lossy(&content).into_owned(),
            conclusion: serde_json::to_string(decision).map_err(StoreError::from)?,
        };
        act.put_round(reservation, release, &record, &noised).await?;
        if last {
            act.finish_run(reservation, round.number).await?;
        }
        act.commit().await?;
        self.make_visible(position).await?;
        self.ask_witnesses().await;
        Ok(())
    }

    /// The release of a round, the last one if none is named, if a signed checkpoint covers it and the witnesses that
    /// the policy demands have cosigned that.
    pub(crate) async fn shown(&self, run: &RunRecord, round: Option<u32>, stored: bool) -> Result<ReleaseShown, ServiceError> {
        let found = match round {
            None => run.last_round(),
            Some(number) => run.rounds.iter().find(|round| round.number == number),
        };
        let not_yet = || ServiceError::NotReleased { run: run.id.clone(), slot: run.slot.clone() };
        let round = found.ok_or_else(not_yet)?;
        let size = self.covered_size()?;
        if size <= round.position {
            return Err(ServiceError::NotCovered { run: run.id.clone() });
        }
        let datasets: Vec<&Name> = run.mounts.iter().map(|mount| &mount.dataset).collect();
        self.require_witnesses(&run.id, &datasets, stored).await?;
        let release: ReleaseView = serde_json::from_str(&round.release).map_err(StoreError::from)?;
        Ok(ReleaseShown { release, stored, log_position: round.position, checkpoint_size: size })
    }

    /// How many entries the signed checkpoint covers.
    pub(crate) fn covered_size(&self) -> Result<u64, ServiceError> {
        Ok(self.head().map_or(0, |head| head.size))
    }

    /// The signed head of the published log.
    pub(crate) fn head(&self) -> Result<Checkpoint, ServiceError> {
        let path = self.log_directory().join("checkpoint");
        let note = std::fs::read(&path).map_err(|error| ServiceError::files(&path, &error))?;
        Ok(self.keys.verify_checkpoint(&note).map_err(|_| PublishError::CheckpointChanged)?)
    }

    /// The release of a run.
    pub(crate) async fn release_shown(&self, id: &str, round: Option<u32>) -> Result<ReleaseShown, ServiceError> {
        self.publish().await?;
        let run = self.books().run(id).await?.ok_or_else(|| ServiceError::UnknownRun { run: id.to_owned() })?;
        self.check_kept(id).await?;
        self.shown(&run, round, true).await
    }
}

impl Checked {
    fn admitted(&self, attempt: &Attempt<'_>, continued: bool) -> Admitted {
        let due = attempt.slot.due;
        Admitted {
            run: attempt.run.id.clone(),
            at: attempt.run.at.clone(),
            slot: instant::text(due),
            slot_seconds: u64::try_from(due.as_second() - instant::now().as_second()).unwrap_or(0),
            rounds_left: self.plan.rounds().saturating_sub(attempt.run.rounds.len() as u32),
            immediately: !self.waits(),
            paid: true,
            continued,
        }
    }

    fn run_record(&self, id: String, question: Digest, at: Timestamp) -> RunRecord {
        let mut mounts: Vec<RunMount> = Vec::new();
        for (mounted, grant) in self.mounted.iter().zip(&self.grants) {
            let lineage = mounted.record.lineage.clone();
            mounts.push(RunMount {
                dataset: mounted.record.dataset.clone(),
                version: mounted.record.version,
                pays: mounts.iter().all(|other| other.lineage != lineage),
                lineage,
                grant: grant.record().id.clone(),
            });
        }
        RunRecord {
            id,
            question,
            mounts,
            module: self.module.digest,
            parameters: self.parameters.clone(),
            side_tables: self.side_tables.clone(),
            epsilon: self.epsilon.get(),
            price: self.price.clone(),
            slot: instant::text(instant::later(at, self.slot_seconds())),
            slot_seconds: self.slot_seconds(),
            at: instant::text(at),
            rounds: Vec::new(),
            finished: None,
        }
    }
}
