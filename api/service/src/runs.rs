//! Runs: admitted, paid, logged, executed, noised, logged again, shown. In this order, whatever dies.
//!
//! | a crash after | leaves | and then |
//! |---|---|---|
//! | the charge | a paid run without release | the same question continues it at no new price |
//! | the noise | nothing: it was never visible | new noise is drawn for the same price |
//! | the release | a release without checkpoint | the next start publishes it; it was never shown |

use crate::datasets::Mounted;
use crate::quotes::{Checked, Question};
use crate::view::{Notice, PriceView, ReleaseShown, ReleaseView};
use crate::{Domain, ServiceError, children, instant, keys};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::atomic::AtomicBool;
use tidegate_accountant::{Account, Caps, Reservation, admit, priced_rho, share_of};
use tidegate_authorisation::{Denial, authorise};
use tidegate_engine::{Job, Totals, Workers, execute};
use tidegate_gate::{Release, release};
use tidegate_log::{Charge as LoggedCharge, Checkpoint, Entry, Event, Payer, commit};
use tidegate_store::{Opening, RunRecord, StoreError};
use tidegate_terms::{UnitKind, Visibility, Wall};

/// What an operator sees while a run goes on: public facts only, never shards done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Admitted {
    /// The run.
    pub run: String,
    /// When it was admitted.
    pub at: String,
    /// When its result becomes visible at the latest.
    pub slot: String,
    /// Seconds from now to that moment.
    pub slot_seconds: u64,
    /// Whether the result is shown before the slot, as the dataset's policy may allow.
    pub immediately: bool,
    /// Whether it continues an interrupted run at no new price.
    pub continued: bool,
}

/// One attempt to carry out a paid run.
struct Attempt<'a> {
    run: &'a RunRecord,
    reservation: &'a Reservation,
    slot: Slot,
}

/// When an attempt becomes visible: fixed when it begins, from public facts alone.
#[derive(Debug, Clone, Copy)]
struct Slot {
    due: Timestamp,
    /// Seconds from the run's admission to its first slot.
    length: u64,
}

impl Slot {
    fn first(run: &RunRecord) -> Result<Self, ServiceError> {
        let instant = |text: &str| instant::parse(text).ok_or_else(|| ServiceError::UnknownRun { run: run.id.clone() });
        let (at, due) = (instant(&run.at)?, instant(&run.slot)?);
        Ok(Self { due, length: u64::try_from(due.as_second() - at.as_second()).unwrap_or(1).max(1) })
    }

    /// The slot of an interrupted run that begins again: the first multiple that leaves it its whole length.
    /// Were it the next multiple, whoever interrupts a run could choose how long it has, and so measure how
    /// long it takes.
    fn again(run: &RunRecord, now: Timestamp) -> Result<Self, ServiceError> {
        let first = Self::first(run)?;
        Ok(Self { due: first.after(instant::later(now, first.length)), ..first })
    }

    /// The first multiple after an instant.
    fn after(self, now: Timestamp) -> Timestamp {
        let late = u64::try_from(now.as_second() - self.due.as_second()).unwrap_or(0);
        if now < self.due { self.due } else { instant::later(self.due, (late / self.length + 1) * self.length) }
    }
}

const INTERVALS_COVER: &str = "the statistic of clamped contributions; sampling error and what the clamp removes are not in them";

impl Domain {
    /// Answers a question: from the store, by continuing an interrupted run, or by a new run.
    pub(crate) async fn run(&self, question: &Question, admitted: &mut (dyn FnMut(Admitted) + Send)) -> Result<ReleaseShown, ServiceError> {
        // Nothing goes on while the log lags behind the database.
        self.publish().await?;
        let checked = self.check(question).await?;
        let digest = checked.digest()?;
        if let Some(run) = self.books().run_of_question(digest).await? {
            if run.released.is_some() {
                return self.shown(&run, true).await;
            }
            let reservation = self.resume(&run).await?;
            let attempt = Attempt { run: &run, reservation: &reservation, slot: Slot::again(&run, instant::now())? };
            admitted(checked.admitted(&attempt, true));
            return self.carry_out(&checked, &attempt).await;
        }
        let (run, reservation) = self.reserve(&checked, digest).await?;
        let attempt = Attempt { run: &run, reservation: &reservation, slot: Slot::first(&run)? };
        admitted(checked.admitted(&attempt, false));
        self.carry_out(&checked, &attempt).await
    }

    /// Charges the price: grant, account and charge are read and written in one transaction.
    async fn reserve(&self, checked: &Checked, question: tidegate_terms::Digest) -> Result<(RunRecord, Reservation), ServiceError> {
        self.check_walls(&checked.mounted.policy.walls)?;
        let at = self.next_instant().await?;
        let mounted = &checked.mounted.record;
        let run = RunRecord {
            id: keys::identifier('r')?,
            question,
            grant: checked.grant.record().id.clone(),
            dataset: mounted.dataset.clone(),
            version: mounted.version,
            lineage: mounted.lineage.clone(),
            module: checked.module.digest,
            parameters: checked.parameters.clone(),
            epsilon: checked.epsilon.get(),
            price: checked.price.clone(),
            slot: instant::text(instant::later(at, checked.slot_seconds())),
            at: instant::text(at),
            released: None,
            release: None,
        };
        let mut act = self.store.begin().await?;
        let grant = self.grant_now(checked, act.grant(&run.grant).await?)?;
        let missing = || ServiceError::UnknownDataset { dataset: run.dataset.to_string() };
        let (lineage, delta) = act.account(&run.lineage).await?.ok_or_else(missing)?;
        let share = Account { cap: share_of(grant.record().rho, lineage.cap), spent: act.spent_under(&run.grant).await? };
        let policy = &checked.mounted.policy;
        let period = match policy.period {
            None => None,
            Some(period) => {
                let cap = share_of(priced_rho(period.epsilon, delta), lineage.cap);
                let after = instant::text(instant::before(at, period.seconds()));
                Some(Account { cap, spent: act.spent_since(&run.lineage, &after).await? })
            }
        };
        let caps = [Caps { name: run.lineage.clone(), lineage, grant: share, run: priced_rho(policy.run_epsilon_max, delta), period }];
        let parameters = serde_json::to_vec(&run.parameters).map_err(StoreError::from)?;
        let opening = Opening { field: "parameters_commitment", salt: keys::random()?, content: Some(parameters) };
        let reservation = admit(run.id.clone(), checked.price.clone(), &caps, async |price| {
            act.insert_run(&grant, &run, price).await?;
            let event = reserve_event(&run, &opening, checked);
            act.append(&Entry { at: run.at.clone(), event }, &[opening]).await?;
            act.commit().await?;
            Ok::<_, ServiceError>(())
        });
        let reservation = reservation.await?;
        // The reservation stands in a signed log before any shard is opened.
        self.publish().await?;
        Ok((run, reservation))
    }

    /// The walls that the policy demands must stand before anything is charged.
    fn check_walls(&self, needed: &[Wall]) -> Result<(), ServiceError> {
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
    fn grant_now(
        &self,
        checked: &Checked,
        record: Option<tidegate_authorisation::GrantRecord>,
    ) -> Result<tidegate_authorisation::LiveGrant, ServiceError> {
        let operator = &checked.module.operator;
        let none = || Denial::NoGrant { operator: operator.to_string(), dataset: checked.mounted.record.dataset.to_string() };
        let record = record.ok_or_else(none)?;
        Ok(authorise(&record, &checked.mounted.record.dataset, operator, &checked.module.signed(), &checked.manifest, instant::today())?)
    }

    async fn resume(&self, run: &RunRecord) -> Result<Reservation, ServiceError> {
        let books = self.books();
        let charged = async |id: &str| Ok::<_, ServiceError>(books.run(id).await?.map(|run| run.price));
        let reservation = Reservation::resume(run.id.clone(), charged).await?;
        reservation.ok_or_else(|| ServiceError::UnknownRun { run: run.id.clone() })
    }

    /// From a paid run to its visible release. Whatever fails here has one outcome outside; the cause goes to
    /// the journal.
    async fn carry_out(&self, checked: &Checked, attempt: &Attempt<'_>) -> Result<ReleaseShown, ServiceError> {
        match self.carry_out_or_fail(checked, attempt).await {
            Err(cause) => {
                self.journal(&format!("run {} held: {cause}", attempt.run.id));
                // A failure becomes visible when a result would have.
                self.wait_for_slot(checked, attempt).await?;
                Err(ServiceError::RunHeld { run: attempt.run.id.clone() })
            }
            shown => shown,
        }
    }

    async fn carry_out_or_fail(&self, checked: &Checked, attempt: &Attempt<'_>) -> Result<ReleaseShown, ServiceError> {
        let Attempt { run, reservation, .. } = attempt;
        let (totals, release) = tokio::task::block_in_place(|| {
            let totals = self.execute(checked, reservation)?;
            let release = self.noised(checked, reservation, &totals)?;
            Ok::<_, ServiceError>((totals, release))
        })?;
        let visible_at = self.wait_for_slot(checked, attempt).await?;
        let view = release_view(checked, run, &release, &visible_at);
        let content = serde_json::to_vec(&view).map_err(StoreError::from)?;
        let text = String::from_utf8_lossy(&content).into_owned();
        let (release_salt, totals_salt) = (keys::random()?, keys::random()?);
        let event = Event::Release {
            run: run.id.clone(),
            round: 1,
            last: true,
            release_commitment: commit(&release_salt, &content),
            totals_commitment: totals.commitment(&totals_salt),
            pad: String::new(),
        };
        let openings = [
            Opening { field: "release_commitment", salt: release_salt, content: None },
            Opening { field: "totals_commitment", salt: totals_salt, content: None },
        ];
        let mut act = self.store.begin().await?;
        let position = act.append(&Entry { at: visible_at, event }, &openings).await?;
        act.put_release(reservation, &release, &text, position).await?;
        act.commit().await?;
        self.publish().await?;
        let run = self.books().run(&run.id).await?.ok_or_else(|| ServiceError::UnknownRun { run: run.id.clone() })?;
        self.shown(&run, false).await
    }

    fn execute(&self, checked: &Checked, reservation: &Reservation) -> Result<Totals, ServiceError> {
        let module = self.compiled(&checked.module.component, &checked.manifest)?;
        let mounted = &checked.mounted;
        let job = Job {
            manifest: &checked.manifest,
            schema: &mounted.schema,
            parameters: &checked.parameters,
            module: &module,
            shards: &mounted.record.shards,
            directory: self.data_directory().join(&mounted.record.directory),
            digest_salt: mounted.record.salt,
        };
        let command = || self.programs.child("worker");
        let workers = Workers { count: checked.workers, command: &command, stop: &AtomicBool::new(false) };
        Ok(execute(reservation, &job, &workers)?)
    }

    fn noised(&self, checked: &Checked, reservation: &Reservation, totals: &Totals) -> Result<Release, ServiceError> {
        let mut process = self.programs.child("noise");
        Ok(release(totals, reservation, &checked.manifest, &checked.layout, &mut process)?)
    }

    /// Holds a finished result, or a failure, until the attempt's slot. One that comes too late waits for the
    /// next multiple of the slot's length, so that only the number of slots shows.
    async fn wait_for_slot(&self, checked: &Checked, attempt: &Attempt<'_>) -> Result<String, ServiceError> {
        if checked.mounted.policy.visibility == Visibility::Immediately {
            return Ok(instant::text(self.next_instant().await?));
        }
        let mut due = attempt.slot.due;
        if Timestamp::now() > due {
            due = attempt.slot.after(instant::now());
            let (id, missed) = (&attempt.run.id, instant::text(attempt.slot.due));
            self.journal(&format!("run {id} missed its slot {missed}; it becomes visible at {}", instant::text(due)));
        }
        while Timestamp::now() < due {
            let left = Timestamp::now().duration_until(due).unsigned_abs();
            tokio::time::sleep(left.min(std::time::Duration::from_millis(200))).await;
        }
        Ok(instant::text(due))
    }

    /// A release, if a signed checkpoint covers it.
    pub(crate) async fn shown(&self, run: &RunRecord, stored: bool) -> Result<ReleaseShown, ServiceError> {
        let (Some(position), Some(text)) = (run.released, &run.release) else {
            return Err(ServiceError::NotReleased { run: run.id.clone(), slot: run.slot.clone() });
        };
        let path = self.log_directory().join("checkpoint");
        let note = std::fs::read(&path).map_err(|error| ServiceError::files(&path, &error))?;
        let size = Checkpoint::verify(&note, self.keys.signer.verifier()).map_or(0, |checkpoint| checkpoint.size);
        if size <= position {
            return Err(ServiceError::NotCovered { run: run.id.clone() });
        }
        let release: ReleaseView = serde_json::from_str(text).map_err(StoreError::from)?;
        Ok(ReleaseShown { release, stored, log_position: position, checkpoint_size: size })
    }

    /// The release of a run.
    pub(crate) async fn release_shown(&self, id: &str) -> Result<ReleaseShown, ServiceError> {
        self.publish().await?;
        let run = self.books().run(id).await?.ok_or_else(|| ServiceError::UnknownRun { run: id.to_owned() })?;
        self.shown(&run, true).await
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
            immediately: self.mounted.policy.visibility == Visibility::Immediately,
            continued,
        }
    }
}

fn reserve_event(run: &RunRecord, parameters: &Opening, checked: &Checked) -> Event {
    let charge = |charge: &tidegate_accountant::Charge| LoggedCharge {
        statistic: charge.statistic.clone(),
        part: charge.part.clone(),
        mechanism: charge.mechanism,
        scale: charge.scale,
        sensitivity: charge.sensitivity,
        cells: charge.cells,
        rho: charge.rho,
        delta: charge.delta,
        first_round: charge.first_round,
        rounds: charge.rounds,
    };
    let payer = Payer { dataset: run.dataset.clone(), version: run.version, lineage: run.lineage.clone(), grant: run.grant.clone() };
    Event::Reserve {
        run: run.id.clone(),
        accounts: vec![payer],
        module: run.module,
        parameters_commitment: commit(&parameters.salt, parameters.content.as_deref().unwrap_or_default()),
        side_tables: vec![],
        rho: run.price.rho(),
        delta: run.price.delta(),
        charges: run.price.charges.iter().map(charge).collect(),
        rounds: run.price.rounds(),
        slot: run.slot.clone(),
        slot_seconds: checked.slot_seconds(),
        engine: checked.engine,
    }
}

fn release_view(checked: &Checked, run: &RunRecord, release: &Release, visible_at: &str) -> ReleaseView {
    let Mounted { schema, policy, .. } = &checked.mounted;
    ReleaseView {
        run: release.run().to_owned(),
        dataset: run.dataset.clone(),
        version: run.version,
        module: run.module,
        module_name: checked.module.name.clone(),
        operator: checked.module.operator.clone(),
        purpose: checked.manifest.purpose.clone(),
        parameters: run.parameters.clone(),
        visible_at: visible_at.to_owned(),
        visibility: match policy.visibility {
            Visibility::AtSlot => "at_slot".into(),
            Visibility::Immediately => "immediately: the running time of this run was visible".into(),
        },
        price: PriceView::new(&run.price, policy.delta),
        confidence: release.confidence(),
        intervals_cover: INTERVALS_COVER.into(),
        guarantee: format!(
            "Gaussian differential privacy for adding or removing one {} with all its rows",
            unit_name(schema.privacy_unit.kind)
        ),
        statistics: release.statistics().to_vec(),
        notice: Notice { source: schema.source.clone(), acquired: schema.acquired.clone() },
    }
}

fn unit_name(kind: UnitKind) -> &'static str {
    match kind {
        UnitKind::Person => "person",
        UnitKind::Household => "household",
        UnitKind::Enterprise => "enterprise",
        UnitKind::Card => "card",
        UnitKind::Meter => "meter",
    }
}
