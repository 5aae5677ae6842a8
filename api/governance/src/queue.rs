//! The queue of runs: one at a time, in the order in which they were asked for.
//!
//! Guarantee: what waits is a record, so that a keeper that starts again goes on where the last one ended; a run that was
//! paid goes on at no new price. A place follows from requests alone, and what is told of a run (waits, runs until its
//! slot, ended at its slot) are public facts: nothing that is known before the slot is told before it.
//!
//! | a crash after | leaves | and then |
//! |---|---|---|
//! | the request's commit | a run that waits | the next keeper takes it up in its place |
//! | admission | a paid run, as ever | the same question goes on under its reservation |
//! | the end | an end without its note in the queue | the question is asked once more and gets its stored answer |
//!
//! Rejected: several runs at a time. Slots are computed from the whole machine, and admission with work ahead of it would
//! make a slot depend on what others do.

use crate::act::Act;
use crate::operations::runs::{RunRefusal, check_wanted};
use crate::records::ModuleLink;
use crate::{Kept, Refused, Row};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tidegate_access::Kind;
use tidegate_service::view::Shown;
use tidegate_service::{Admitted, Domain, Listed, Question, ReplayView, ReplayWish, ServiceError};
use tidegate_terms::{Name, Spoken};
use tokio::sync::{Notify, watch};

/// Most runs that wait; more are refused.
pub(crate) const WAITING_MAX: usize = 2_000;
/// How long the queue waits before it looks again after a fault of the domain.
const AGAIN_SECONDS: u64 = 5;
/// The account of what the queue itself writes.
const SYSTEM: &str = "a-queue";

/// What is to be done.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Job {
    /// A run.
    Run(Box<Question>),
    /// Runs of the past again, for somebody.
    Replay(ReplayWish, String),
}

/// A run as it was asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct QueuedRun {
    /// What is to be done.
    pub job: Job,
    /// Who asked.
    pub operator: Name,
    /// Whose data it reads.
    pub provider: Option<Name>,
    /// Why it was stopped, if somebody stopped it.
    pub stopped: Option<String>,
    /// The run of the domain that was stopped with it.
    pub stopped_run: Option<String>,
}

impl Kept for QueuedRun {
    const KIND: Kind = Kind::Run;

    fn state(&self) -> &'static str {
        if self.stopped.is_some() { "stopped" } else { "queued" }
    }

    fn owner(&self) -> String {
        self.operator.to_string()
    }

    fn counterpart(&self) -> String {
        self.provider.as_ref().map(Name::to_string).unwrap_or_default()
    }
}

/// The side tables of a run that waits. They are large, so whoever lists runs does not read them.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct QueuedInputs {
    pub(crate) side_tables: Vec<(Name, Vec<u8>)>,
}

impl Kept for QueuedInputs {
    const KIND: Kind = Kind::Run;
    const NAME: &'static str = "run-inputs";

    fn state(&self) -> &'static str {
        "queued"
    }

    fn owner(&self) -> String {
        String::new()
    }

    fn counterpart(&self) -> String {
        String::new()
    }
}

/// How far a run is; written by the queue, told to those who may see the run. The log has its own entries of it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// With what it was admitted.
    pub(crate) admitted: Option<Admitted>,
    /// How it ended.
    pub(crate) ended: Option<Ended>,
}

/// How a run ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ended {
    Released(String),
    Replayed(Vec<ReplayView>),
    Refused(Spoken),
}

impl Kept for Progress {
    const KIND: Kind = Kind::Run;
    const NAME: &'static str = "run-progress";

    fn state(&self) -> &'static str {
        match (&self.ended, &self.admitted) {
            (Some(Ended::Released(_) | Ended::Replayed(_)), _) => "released",
            (Some(Ended::Refused(_)), _) => "stopped",
            (None, Some(_)) => "running",
            (None, None) => "queued",
        }
    }

    fn owner(&self) -> String {
        String::new()
    }

    fn counterpart(&self) -> String {
        String::new()
    }
}

/// A refusal, in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SpokenView {
    /// Its code.
    pub code: String,
    /// In English.
    pub en: String,
    /// In Chinese.
    pub zh: String,
}

/// A run in the queue: public facts.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct RunView {
    /// Its name in the queue.
    pub run: String,
    /// `run` or `replay`.
    pub kind: String,
    /// `queued`, `running`, `released` or `stopped`.
    pub state: String,
    /// Who asked.
    pub operator: Name,
    /// The dataset, of a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset: Option<Name>,
    /// When it was asked for.
    pub at: String,
    /// How many are before it, while it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<usize>,
    /// With which run of the domain it was admitted, and when its result becomes visible at the latest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admitted: Option<Admitted>,
    /// Under which name its release is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// What replays said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replays: Option<Vec<ReplayView>>,
    /// Why it has no release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<SpokenView>,
}

#[derive(Default)]
struct Inner {
    /// Those that wait or run, by their names, which follow time.
    waiting: BTreeMap<String, ()>,
    running: Option<String>,
    /// The last name's instant, so that names of one moment keep their order.
    last: u64,
}

/// The queue of one domain.
pub struct Queue {
    inner: Mutex<Inner>,
    bell: Notify,
    changed: watch::Sender<u64>,
}

impl Default for Queue {
    fn default() -> Self {
        Self { inner: Mutex::default(), bell: Notify::new(), changed: watch::channel(0).0 }
    }
}

impl Queue {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many wait or run.
    pub fn waiting(&self) -> usize {
        self.inner().waiting.len()
    }

    /// How many are before one that waits.
    pub(crate) fn place(&self, id: &str) -> Option<usize> {
        let inner = self.inner();
        let running = inner.running.as_deref() == Some(id);
        (!running && inner.waiting.contains_key(id)).then(|| inner.waiting.range(..id.to_owned()).count())
    }

    /// Comes true at each change.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// A name for a run that is asked for now. Names follow time, so that their order is the queue's.
    pub(crate) fn name(&self) -> Result<String, ServiceError> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_micros()).unwrap_or(u64::MAX));
        let mut inner = self.inner();
        inner.last = now.max(inner.last + 1);
        let random = Domain::random()?;
        Ok(format!("q{:014x}{:02x}{:02x}{:02x}", inner.last, random[0], random[1], random[2]))
    }

    /// Takes in a run whose request has been committed.
    pub(crate) fn enter(&self, id: String) {
        self.inner().waiting.insert(id, ());
        self.change();
    }

    /// Takes out one that was stopped before its turn; one that runs ends by itself.
    pub(crate) fn leave(&self, id: &str) {
        let mut inner = self.inner();
        if inner.running.as_deref() != Some(id) {
            inner.waiting.remove(id);
        }
        drop(inner);
        self.change();
    }

    fn change(&self) {
        self.changed.send_modify(|count| *count += 1);
        self.bell.notify_one();
    }

    /// The next one, which runs from now on.
    fn next(&self) -> Option<String> {
        let mut inner = self.inner();
        let next = inner.waiting.keys().next().cloned()?;
        inner.running = Some(next.clone());
        Some(next)
    }

    fn end(&self, id: &str) {
        let mut inner = self.inner();
        inner.running = None;
        inner.waiting.remove(id);
        drop(inner);
        self.change();
    }
}

/// Takes up what waited, and carries out one after the other for as long as the keeper lives.
pub(crate) async fn start(domain: Arc<Domain>, queue: Arc<Queue>) -> Result<(), Refused> {
    let books = domain.books();
    for row in books.all_governed(QueuedRun::NAME, Some("queued"), "", u32::MAX).await.map_err(ServiceError::from)? {
        let progress = books.governed(Progress::NAME, &row.id).await.map_err(ServiceError::from)?;
        let ended = progress.map(Row::<Progress>::of).transpose()?.is_some_and(|row| row.record.ended.is_some());
        if !ended {
            queue.inner().waiting.insert(row.id, ());
        }
    }
    queue.bell.notify_one();
    tokio::spawn(async move {
        loop {
            let Some(id) = queue.next() else {
                queue.bell.notified().await;
                continue;
            };
            queue.changed.send_modify(|count| *count += 1);
            if let Err(refused) = carry_out(&domain, &queue, &id).await {
                // A fault of the database, say: the run keeps its place.
                domain.note(&format!("queue: {id}: {}", refused.problem().code));
                queue.inner().running = None;
                tokio::time::sleep(Duration::from_secs(AGAIN_SECONDS)).await;
                continue;
            }
            queue.end(&id);
        }
    });
    Ok(())
}

async fn carry_out(domain: &Arc<Domain>, queue: &Arc<Queue>, id: &str) -> Result<(), Refused> {
    let Some(row) = waits(domain, id).await? else { return Ok(()) };
    let listed = match &row.record.job {
        Job::Run(question) => domain.take_up(question, id),
        Job::Replay(..) => domain.take_up_replays(id),
    };
    // A stop before this is read here, one that comes later finds what is listed.
    let Some(row) = waits(domain, id).await? else { return Ok(()) };
    if let Job::Run(question) = &row.record.job
        && let Err(refused) = check_still_wanted(domain, question).await?
    {
        let progress = Progress { ended: Some(Ended::Refused(Spoken::of(&refused))), ..Progress::default() };
        return keep(domain, id, &progress).await;
    }
    let (told, mut telling) = tokio::sync::mpsc::unbounded_channel::<Admitted>();
    let working = Arc::clone(domain);
    let mut job = row.record.job;
    if let Job::Run(question) = &mut job
        && let Some(inputs) = domain.books().governed(QueuedInputs::NAME, id).await.map_err(ServiceError::from)?
    {
        question.side_tables = Row::<QueuedInputs>::of(inputs)?.record.side_tables;
    }
    // A thread of its own: a run computes for long, and a panic in one is not the end of the queue.
    let runtime = tokio::runtime::Handle::current();
    let work = tokio::task::spawn_blocking(move || {
        let mut admitted = |admitted: Admitted| drop(told.send(admitted));
        runtime.block_on(async {
            match job {
                Job::Run(question) => run(&working, &question, &listed, &mut admitted).await.map(Ended::Released),
                Job::Replay(wish, asker) => working.replay_listed(&wish, &asker, &listed, &mut |_| {}).await.map(Ended::Replayed),
            }
        })
    });
    let mut progress = Progress::default();
    while let Some(admitted) = telling.recv().await {
        progress.admitted = Some(admitted);
        keep(domain, id, &progress).await?;
        queue.changed.send_modify(|count| *count += 1);
    }
    let ended = match work.await {
        Ok(Ok(ended)) => ended,
        Ok(Err(error)) => Ended::Refused(Spoken::of(&error)),
        Err(_) => Ended::Refused(Spoken::of(&ServiceError::RunHeld {
            run: progress.admitted.as_ref().map_or_else(|| id.to_owned(), |admitted| admitted.run.clone()),
        })),
    };
    progress.ended = Some(ended);
    keep(domain, id, &progress).await
}

/// Whether the module of a question was not withdrawn while it waited.
async fn check_still_wanted(domain: &Domain, question: &Question) -> Result<Result<(), RunRefusal>, Refused> {
    let Some(pinned) = &question.pinned else { return Ok(Ok(())) };
    let link = domain.books().governed(ModuleLink::NAME, &pinned.module.to_string()).await.map_err(ServiceError::from)?;
    let link = link.map(Row::<ModuleLink>::of).transpose()?.map(|row| row.record);
    Ok(check_wanted(pinned.module, link.as_ref()))
}

/// A request that nobody has stopped.
async fn waits(domain: &Domain, id: &str) -> Result<Option<Row<QueuedRun>>, Refused> {
    let row = domain.books().governed(QueuedRun::NAME, id).await.map_err(ServiceError::from)?;
    Ok(row.map(Row::<QueuedRun>::of).transpose()?.filter(|row| row.record.stopped.is_none()))
}

/// Runs a question, whichever way it is answered, and returns the run whose release it has.
async fn run(
    domain: &Domain,
    question: &Question,
    listed: &Listed,
    admitted: &mut (dyn FnMut(Admitted) + Send),
) -> Result<String, ServiceError> {
    let shown = if domain.is_reviewed(question).await {
        Shown::Tables(Box::new(domain.run_tables_listed(question, listed, admitted).await?))
    } else {
        Shown::Release(Box::new(domain.run_listed(question, listed, admitted).await?))
    };
    Ok(match shown {
        Shown::Tables(shown) => shown.tables.run,
        Shown::Release(shown) => shown.release.run,
    })
}

async fn keep(domain: &Arc<Domain>, id: &str, progress: &Progress) -> Result<(), Refused> {
    let mut act = Act::open(domain, SYSTEM, None).await?;
    act.put(id, progress).await?;
    act.commit_unlogged().await
}

/// What may be told of a run.
pub(crate) fn view(queue: &Queue, row: Row<QueuedRun>, progress: Option<Progress>) -> RunView {
    let Row { id, record, at, .. } = row;
    let progress = progress.unwrap_or_default();
    let state = match (&record.stopped, progress.state()) {
        (Some(_), "queued" | "running") => "stopped",
        (_, state) => state,
    };
    let (kind, dataset) = match &record.job {
        Job::Run(question) => ("run", Some(question.dataset.clone())),
        Job::Replay(..) => ("replay", None),
    };
    let spoken = |spoken: Spoken| SpokenView { code: spoken.code, en: spoken.en, zh: spoken.zh };
    let (release, replays, refusal) = match progress.ended {
        None => (None, None, None),
        Some(Ended::Released(run)) => (Some(run), None, None),
        Some(Ended::Replayed(replays)) => (None, Some(replays), None),
        Some(Ended::Refused(why)) => (None, None, Some(spoken(why))),
    };
    let refusal = refusal.or_else(|| {
        let reason = record.stopped.as_ref()?;
        Some(SpokenView {
            code: "run.stopped".to_owned(),
            en: format!("the run was stopped: {reason}"),
            zh: format!("运行已停止：{reason}"),
        })
    });
    RunView {
        place: (state == "queued").then(|| queue.place(&id)).flatten(),
        run: id,
        kind: kind.to_owned(),
        state: state.to_owned(),
        operator: record.operator,
        dataset,
        at,
        admitted: progress.admitted,
        release,
        replays,
        refusal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_follow_the_order_of_asking() {
        let queue = Queue::default();
        let names: Vec<String> = (0..50).map(|_| queue.name().expect("a name")).collect();
        assert!(names.is_sorted(), "{names:?}");
        names.iter().rev().for_each(|name| queue.enter(name.clone()));
        assert_eq!((queue.place(&names[0]), queue.place(&names[49]), queue.place("q0")), (Some(0), Some(49), None));
        assert_eq!(queue.next().as_deref(), Some(names[0].as_str()));
        assert_eq!((queue.place(&names[0]), queue.place(&names[1])), (None, Some(1)));
        queue.leave(&names[0]);
        queue.leave(&names[1]);
        assert_eq!(queue.waiting(), 49);
        queue.end(&names[0]);
        assert_eq!((queue.waiting(), queue.next().as_deref()), (48, Some(names[2].as_str())));
    }
}
