//! Replay: a run of the past is done again inside the domain and held against the log.
//!
//! The registered module runs on the registered version, with the logged parameters and side tables, round by round from
//! the stored public state; the totals must open the commitment in the log, the release must be the one committed to and
//! follow from its noised answers, those must lie around the totals as the logged noise does, and the clean half must
//! decide the same. Nobody sees a total: they go from the workers to the gate, which says yes or no.
//!
//! Guarantee: what becomes visible is an outcome of fixed length at a slot that was computed and logged before anything was
//! opened. It costs no budget: for honest noise and an honest domain the outcome is `match` whatever the data are, up to
//! the stated false alarms.
//!
//! | a crash after | leaves | and then |
//! |---|---|---|
//! | the beginning | a replay without an answer, which the audit counts | a new replay may be asked for |
//! | the answer | an answer without checkpoint | the next start publishes it |
//!
//! Rejected: storing totals to compare with. They would be raw data kept for ever.

mod again;
mod past;
mod tables;

pub(crate) use past::{Logged, Past, PastRun};

use crate::halt::{Alarm, Held, Work};
use crate::incidents::check_thawed;
use crate::runs::Slot;
use crate::stops::{Draws, Listed};
use crate::{Domain, ServiceError, instant, keys};
use ring::rand::{SecureRandom as _, SystemRandom};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use tidegate_engine::Processes;
use tidegate_log::{Entry, Event, Obstacle, ReplayCheck, ReplayOutcome, commit};
use tidegate_store::{CustodyState, Opening, StoreError, Subject};
use tidegate_terms::Digest;

/// Which runs are to be replayed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum ReplayWish {
    /// One.
    Run(String),
    /// Those that were admitted within a period, or a random sample of them.
    Period {
        /// The first day, `YYYY-MM-DD`.
        since: String,
        /// The last day; today, where none is named.
        until: Option<String>,
        /// How many; all, where nothing is said.
        sample: Option<usize>,
    },
}

/// A replay that has begun.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ReplayBegun {
    /// The replay.
    pub replay: String,
    /// The run.
    pub run: String,
    /// When its answer becomes visible at the latest.
    pub slot: String,
    /// Seconds from now to that moment.
    pub slot_seconds: u64,
}

/// What a replay found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ReplayView {
    /// The replay.
    pub replay: String,
    /// The run.
    pub run: String,
    /// How many rounds it released.
    pub rounds: u32,
    /// What came out.
    #[schemars(with = "serde_json::Value")]
    pub outcome: ReplayOutcome,
    /// The position of the entry with which it began.
    pub begun_position: u64,
    /// The position of its answer.
    pub log_position: u64,
    /// When that became visible.
    pub visible_at: String,
}

/// What a replay knows before it opens anything.
enum Ready {
    /// It cannot be done, for a public reason.
    Not(Obstacle),
    /// It can; so long does one round take.
    Yes { slot_seconds: u64, waits: bool },
}

/// Checks that failed so far.
pub(crate) type Failed = BTreeSet<ReplayCheck>;

impl Domain {
    /// Replays runs, one after the other.
    pub async fn replay(
        &self,
        wish: &ReplayWish,
        asker: &str,
        begun: &mut (dyn FnMut(ReplayBegun) + Send),
    ) -> Result<Vec<ReplayView>, ServiceError> {
        self.replay_listed(wish, asker, &self.under_way.list(Draws::default()), begun).await
    }

    /// Replays runs by a request that was [taken up](Self::take_up_replays). Once it is stopped, none begins and none of it is
    /// answered.
    pub async fn replay_listed(
        &self,
        wish: &ReplayWish,
        asker: &str,
        listed: &Listed,
        begun: &mut (dyn FnMut(ReplayBegun) + Send),
    ) -> Result<Vec<ReplayView>, ServiceError> {
        self.publish().await?;
        let past = match wish {
            ReplayWish::Run(id) => self.past(|run, _| run == id).await?,
            ReplayWish::Period { since, until, .. } => {
                let until = until.clone().unwrap_or_else(|| instant::today().to_string());
                for date in [since, &until] {
                    tidegate_terms::parse_date(date).ok_or_else(|| ServiceError::NotADate { text: date.clone() })?;
                }
                self.past(|_, at| at.get(..10).is_some_and(|day| since.as_str() <= day && day <= until.as_str())).await?
            }
        };
        let chosen = match wish {
            ReplayWish::Run(id) if past.runs.is_empty() => return Err(ServiceError::ReplayUnknown { run: id.clone() }),
            ReplayWish::Period { .. } if past.runs.is_empty() => return Err(ServiceError::ReplayNone),
            ReplayWish::Period { sample: Some(many), .. } => sample(past.runs.values().collect(), *many)?,
            _ => past.runs.values().collect(),
        };
        let mut views = Vec::new();
        for run in chosen {
            views.push(self.replay_run(&past, run, asker, listed, begun).await?);
        }
        Ok(views)
    }

    async fn replay_run(
        &self,
        past: &Past,
        run: &PastRun,
        asker: &str,
        listed: &Listed,
        begun: &mut (dyn FnMut(ReplayBegun) + Send),
    ) -> Result<ReplayView, ServiceError> {
        let lineages = run.lineages();
        self.check_all_thawed(&lineages).await?;
        let ready = self.ready(run).await?;
        let rounds = u32::try_from(run.released.len()).unwrap_or(u32::MAX);
        let (slot_seconds, waits) = match &ready {
            Ready::Not(_) => (0, false),
            Ready::Yes { slot_seconds, waits } => (*slot_seconds, *waits),
        };
        let at = self.next_instant().await?;
        let due = instant::text(instant::later(at, slot_seconds.saturating_mul(u64::from(rounds))));
        let replay = keys::identifier('p')?;
        let opening = Opening { field: "asker_commitment", salt: keys::random()?, content: Some(asker.as_bytes().to_vec()) };
        let event = Event::ReplayBegin {
            replay: replay.clone(),
            run: run.id.clone(),
            asker_commitment: commit(&opening.salt, asker.as_bytes()),
            slot: due.clone(),
            slot_seconds,
        };
        let mut act = self.store.begin().await?;
        listed.check_may_begin()?;
        if act.suspended(&Subject::Everything).await?.is_some() {
            return Err(ServiceError::RequestStopped);
        }
        for lineage in &lineages {
            check_thawed(&mut act, lineage).await?;
        }
        // That somebody asked stands in a signed log before anything is opened.
        let begun_position = self.conclude(act, &Entry { at: instant::text(at), event }, &[opening]).await?;
        let slot = Slot::of(&run.id, &due, slot_seconds.saturating_mul(u64::from(rounds)))?;
        let left = u64::try_from(slot.due.as_second() - instant::now().as_second()).unwrap_or(0);
        begun(ReplayBegun { replay: replay.clone(), run: run.id.clone(), slot: due.clone(), slot_seconds: left });
        let mut held = None;
        let (processes, found) = match ready {
            Ready::Not(obstacle) => (None, Ok(ReplayOutcome::NotReplayable { obstacle })),
            Ready::Yes { .. } => match self.processes(crate::quotes::cores().min(crate::quotes::WORKERS_MAX), waits) {
                Ok(processes) => {
                    listed.stops_with(processes.stopper());
                    let found = self.done_in_time(past, run, &processes, slot, waits).await;
                    (Some(processes), found)
                }
                Err(error) => (None, Err(error)),
            },
        };
        let outcome = match found {
            Ok(outcome) => self.in_time(&run.id, slot, waits, &mut held).await.map(|visible_at| (outcome, visible_at)),
            Err(cause) => Err(cause),
        };
        let (outcome, visible_at) = match outcome {
            Ok(outcome) => outcome,
            Err(cause) => {
                let work = Work { run: &run.id, replay: Some(&replay), lineages, slot, waits, held };
                let halted = self.halt(work, cause, ServiceError::ReplayHeld { replay: replay.clone() }).await;
                drop(processes);
                return Err(halted);
            }
        };
        drop(processes);
        let event = Event::Replayed {
            replay: replay.clone(),
            run: run.id.clone(),
            rounds,
            outcome: outcome.clone(),
            slot: due,
            pad: String::new(),
        };
        let act = self.store.begin().await?;
        if listed.is_halted() {
            self.journal(&format!("{replay} was stopped"));
            return Err(ServiceError::ReplayHeld { replay });
        }
        let log_position = self.conclude(act, &Entry { at: visible_at.clone(), event }, &[]).await?;
        Ok(ReplayView { replay, run: run.id.clone(), rounds, outcome, begun_position, log_position, visible_at })
    }

    /// Whether a run can be replayed, from public facts alone.
    async fn ready(&self, run: &PastRun) -> Result<Ready, ServiceError> {
        if !run.ended {
            return Ok(Ready::Not(Obstacle::RunUnfinished {}));
        }
        for (dataset, version) in run.reads() {
            let custody = self.books().custody(&dataset, version).await?;
            if let Some(entry) = custody.filter(|custody| custody.state == CustodyState::Destroyed).and_then(|custody| custody.position) {
                return Ok(Ready::Not(Obstacle::DataDestroyed { entry }));
            }
        }
        if let Some(purge) = self.books().purged(&run.id).await? {
            return Ok(Ready::Not(Obstacle::RecordPurged { entry: purge.position }));
        }
        let (Event::Reserve { engine: logged, .. } | Event::Reviewed { engine: logged, .. }) = &run.admitted.event else {
            return Err(ServiceError::ReplayUnknown { run: run.id.clone() });
        };
        let here = self.engine()?;
        if *logged != here {
            return Ok(Ready::Not(Obstacle::OtherEngine { logged: *logged, here }));
        }
        let (slot_seconds, waits) = match &run.admitted.event {
            Event::Reviewed { .. } => self.tables_slot(run).await?,
            _ => self.work_slot(run).await?,
        };
        Ok(Ready::Yes { slot_seconds, waits })
    }

    async fn done_in_time(
        &self,
        past: &Past,
        run: &PastRun,
        processes: &Processes,
        slot: Slot,
        waits: bool,
    ) -> Result<ReplayOutcome, ServiceError> {
        let alarm = Alarm::set(processes, slot, waits);
        let failed = match &run.admitted.event {
            Event::Reviewed { .. } => self.tables_again(past, run, processes).await,
            _ => self.rounds_again(past, run, processes).await,
        };
        drop(alarm);
        failed.map(outcome)
    }

    /// Holds an answer until its slot; when it becomes visible.
    async fn in_time(&self, id: &str, slot: Slot, waits: bool, held: &mut Option<Held>) -> Result<String, ServiceError> {
        match held.insert(self.hold(id, slot, waits).await?) {
            Held::InTime(at) => Ok(at.clone()),
            Held::Late(slot) => Err(ServiceError::SlotMissed { slot: slot.clone() }),
        }
    }

    /// Whether a stored content is what an entry committed to.
    pub(crate) async fn opens(&self, entry: &Logged, field: &str, committed: Digest, content: &[u8]) -> Result<bool, ServiceError> {
        Ok(self.salt_of(entry.position, field).await?.is_some_and(|salt| commit(&salt, content) == committed))
    }

    /// The salt of a commitment, where it is kept.
    pub(crate) async fn salt_of(&self, position: u64, field: &str) -> Result<Option<[u8; 32]>, ServiceError> {
        let opening = self.books().opening(position, field).await?;
        Ok(opening.and_then(|(salt, _)| salt.try_into().ok()))
    }

    /// Whether the shards of a version are those that its mount committed to, file by file.
    async fn data_is_registered(&self, past: &Past, record: &tidegate_store::MountRecord) -> Result<bool, ServiceError> {
        let Some(mount) = past.mounts.get(&(record.dataset.clone(), record.version)) else { return Ok(false) };
        let manifest = crate::datasets::manifest_bytes(&record.shards)?;
        let salt = self.salt_of(mount.position, "shards_commitment").await?;
        if salt.is_none_or(|salt| commit(&salt, &manifest) != mount.shards_commitment) {
            return Ok(false);
        }
        let directory = self.data_directory().join(&record.directory);
        let checked = tokio::task::block_in_place(|| tidegate_shards::files_are(&directory, &record.shards, &record.salt));
        checked.map_err(|error| ServiceError::files(&directory, &error))
    }

    /// Whether component and manifest of a module are those that were uploaded.
    fn module_is_registered(past: &Past, module: Digest, component: &[u8], manifest: &str) -> bool {
        let stored = (Digest::of(component), Digest::of(manifest.as_bytes()));
        past.modules.get(&module).is_some_and(|logged| *logged == stored)
    }
}

fn outcome(failed: Failed) -> ReplayOutcome {
    if failed.is_empty() { ReplayOutcome::Match {} } else { ReplayOutcome::Mismatch { failed: failed.into_iter().collect() } }
}

/// So many of the runs, drawn by the operating system's randomness: who is asked cannot be foreseen.
fn sample(mut runs: Vec<&PastRun>, many: usize) -> Result<Vec<&PastRun>, ServiceError> {
    let mut drawn = Vec::new();
    while drawn.len() < many && !runs.is_empty() {
        let mut bytes = [0; 8];
        SystemRandom::new().fill(&mut bytes).map_err(|_| ServiceError::Randomness)?;
        // Of 2^64 values, those of a few thousand runs are even to one part in 10^15.
        let place = u64::from_le_bytes(bytes) % runs.len() as u64;
        drawn.push(runs.swap_remove(usize::try_from(place).unwrap_or(0)));
    }
    Ok(drawn)
}

/// A record that a run needs and that is gone or cannot be read.
pub(crate) fn damaged(what: &str) -> ServiceError {
    StoreError::Record { detail: what.to_owned() }.into()
}
