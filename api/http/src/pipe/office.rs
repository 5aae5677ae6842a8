//! The keeper's side: calls come in, each is a task, answers go out in any order.

use super::wire::{self, DOWN_BYTES_MAX, Down, PipeError, UP_BYTES_MAX, Up};
use crate::api::{Answer, Backend, Call, Event, Outcome};
use std::collections::HashMap;
use std::io::{Read, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tidegate_terms::Spoken;
use tokio::sync::mpsc::{self, Receiver};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::AbortHandle;

/// Answers on their way to the front.
const FRAMES_MAX: usize = 64;
/// The unit in which memory for calls is shared out, in bytes.
const PART_BYTES: usize = 1024;

/// Bounds of the keeper's side.
#[derive(Debug, Clone, Copy)]
pub struct OfficeBounds {
    /// Calls under way at a time.
    pub calls_max: usize,
    /// Streams at a time.
    pub streams_max: usize,
    /// Bytes of all calls under way.
    pub bytes_max: usize,
    /// How long calls under way may take once the front has gone.
    pub grace: Duration,
}

impl Default for OfficeBounds {
    fn default() -> Self {
        Self { calls_max: 2048, streams_max: 512, bytes_max: 768 << 20, grace: Duration::from_secs(8) }
    }
}

/// A keeper that cannot serve says so to whoever started it.
#[derive(Debug)]
pub struct Unserved<W>(W);

impl<W: Write> Unserved<W> {
    /// On this pipe.
    pub fn on(to: W) -> Self {
        Self(to)
    }

    /// Says why.
    pub fn because(mut self, why: Spoken) {
        if let Ok(frame) = wire::frame(&Up::Unable { why }, UP_BYTES_MAX) {
            let _ = wire::write(&mut self.0, &frame);
        }
    }
}

struct Office<B> {
    backend: Arc<B>,
    to: mpsc::Sender<Vec<u8>>,
    calls: Arc<Semaphore>,
    streams: Arc<Semaphore>,
    bytes: Arc<Semaphore>,
    open: Mutex<HashMap<u64, AbortHandle>>,
}

/// What a call holds until it is answered.
struct Place {
    _call: OwnedSemaphorePermit,
    _bytes: OwnedSemaphorePermit,
}

/// Serves calls that come over a pipe until the front has gone; then calls under way have a while to end.
///
/// # Errors
/// Where the front sent what is no message; what was under way has ended by then too.
pub async fn serve_pipe<B: Backend>(
    backend: Arc<B>,
    bounds: OfficeBounds,
    from: impl Read + Send + 'static,
    to: impl Write + Send + 'static,
) -> Result<(), PipeError> {
    let (frames, queued) = mpsc::channel(FRAMES_MAX);
    let writer = std::thread::spawn(move || say(queued, to));
    let (heard, mut hearing) = mpsc::channel(1);
    std::thread::spawn(move || hear(from, &heard));
    let office = Arc::new(Office {
        backend,
        to: frames,
        calls: Arc::new(Semaphore::new(bounds.calls_max)),
        streams: Arc::new(Semaphore::new(bounds.streams_max)),
        bytes: Arc::new(Semaphore::new((bounds.bytes_max / PART_BYTES).min(Semaphore::MAX_PERMITS))),
        open: Mutex::default(),
    });
    office.say(&Up::Open).await;
    let mut ended = Ok(());
    while let Some(said) = hearing.recv().await {
        match said {
            Ok((Down::Call { id, call }, bytes)) => office.take(id, *call, bytes).await,
            Ok((Down::Forget { id }, _)) => office.forget(id),
            Err(PipeError::Gone) => break,
            Err(error) => {
                ended = Err(error);
                break;
            }
        }
    }
    office.forget_all();
    let all = u32::try_from(bounds.calls_max).unwrap_or(u32::MAX);
    let _ = tokio::time::timeout(bounds.grace, office.calls.acquire_many(all)).await;
    drop(office);
    // The writer ends with the last task that may still say something; nobody listens for longer than this.
    let finished = tokio::task::spawn_blocking(move || writer.join());
    let _ = tokio::time::timeout(Duration::from_secs(1), finished).await;
    ended
}

impl<B: Backend> Office<B> {
    async fn say(&self, said: &Up) {
        let frame = wire::frame(said, UP_BYTES_MAX).or_else(|_| match said {
            Up::Done { id, .. } => wire::frame(&refused(*id, &PipeError::Broken), UP_BYTES_MAX),
            _ => Err(PipeError::Broken),
        });
        if let Ok(frame) = frame {
            let _ = self.to.send(frame).await;
        }
    }

    /// A call that has its place becomes a task; the others are told at once.
    async fn take(self: &Arc<Self>, id: u64, call: Call, bytes: usize) {
        let parts = u32::try_from(bytes.div_ceil(PART_BYTES)).unwrap_or(u32::MAX);
        let places = (Arc::clone(&self.calls).try_acquire_owned(), Arc::clone(&self.bytes).try_acquire_many_owned(parts));
        let (Ok(call_place), Ok(bytes_place)) = places else { return self.say(&refused(id, &PipeError::Full)).await };
        let place = Place { _call: call_place, _bytes: bytes_place };
        let office = Arc::clone(self);
        tokio::spawn(async move {
            let backend = Arc::clone(&office.backend);
            let answer = tokio::spawn(async move { backend.call(call).await }).await;
            match answer {
                Ok(answer) => office.answer(id, answer).await,
                Err(_) => office.say(&refused(id, &PipeError::Broken)).await,
            }
            drop(place);
        });
    }

    async fn answer(self: &Arc<Self>, id: u64, answer: Answer) {
        let Answer { outcome, version, next } = answer;
        match outcome {
            Outcome::Done(output) => self.say(&Up::Done { id, output, version, next }).await,
            Outcome::Refused(problem) => self.say(&Up::Refused { id, problem }).await,
            Outcome::Events(events) => match Arc::clone(&self.streams).try_acquire_owned() {
                Ok(place) => self.stream(id, version, events, place).await,
                Err(_) => self.say(&refused(id, &PipeError::Full)).await,
            },
        }
    }

    async fn stream(self: &Arc<Self>, id: u64, version: Option<String>, mut events: Receiver<Event>, place: OwnedSemaphorePermit) {
        self.say(&Up::Streams { id, version }).await;
        let office = Arc::downgrade(self);
        let to = self.to.downgrade();
        let task = tokio::spawn(async move {
            let _place = place;
            while let Some(event) = events.recv().await {
                let (Ok(frame), Some(to)) = (wire::frame(&Up::Event { id, event }, UP_BYTES_MAX), to.upgrade()) else { break };
                if to.send(frame).await.is_err() {
                    break;
                }
            }
            if let Some(office) = office.upgrade() {
                office.open().remove(&id);
                office.say(&Up::End { id }).await;
            }
        });
        self.open().insert(id, task.abort_handle());
        // A stream that had ended before it stood in the list.
        if task.is_finished() {
            self.open().remove(&id);
        }
    }

    fn open(&self) -> std::sync::MutexGuard<'_, HashMap<u64, AbortHandle>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends a stream that nobody reads. A call goes on: it may change something.
    fn forget(&self, id: u64) {
        if let Some(stream) = self.open().remove(&id) {
            stream.abort();
        }
    }

    fn forget_all(&self) {
        self.open().drain().for_each(|(_, stream)| stream.abort());
    }
}

fn refused(id: u64, error: &PipeError) -> Up {
    Up::Refused { id, problem: Box::new(error.problem()) }
}

/// Reads what the front says, one message ahead of the office.
fn hear(mut from: impl Read, heard: &mpsc::Sender<Result<(Down, usize), PipeError>>) {
    loop {
        let said = wire::read(&mut from, DOWN_BYTES_MAX);
        let over = said.is_err();
        if heard.blocking_send(said).is_err() || over {
            return;
        }
    }
}

fn say(mut queued: Receiver<Vec<u8>>, mut to: impl Write) {
    while let Some(frame) = queued.blocking_recv() {
        if wire::write(&mut to, &frame).is_err() {
            return;
        }
    }
}
