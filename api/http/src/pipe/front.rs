//! The front's side: a [`Backend`] behind a pipe.

use super::wire::{self, DOWN_BYTES_MAX, Down, PipeError, UP_BYTES_MAX, Up};
use crate::api::{Answer, Backend, Call, Event, Outcome};
use std::collections::HashMap;
use std::io::{Read, Write};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tidegate_terms::Spoken;
use tokio::sync::{mpsc, oneshot, watch};

/// Calls that wait for an answer, and streams, at most.
const WAITING_MAX: usize = 4096;
/// Frames on their way to the keeper.
const FRAMES_MAX: usize = 64;
/// Events of one stream that nobody has read yet; a reader that takes no more is let go.
const EVENTS_MAX: usize = 256;

/// Why the pipe ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lost {
    /// The keeper said that it cannot serve the domain.
    Unable(Spoken),
    /// It is gone, or said what no keeper says.
    Broken(PipeError),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Opening,
    Open,
    Lost(Lost),
}

enum Waiting {
    Answer(oneshot::Sender<Answer>),
    Events(mpsc::Sender<Event>),
}

struct Shared {
    next: AtomicU64,
    waiting: Mutex<HashMap<u64, Waiting>>,
    state: watch::Sender<State>,
    to: mpsc::Sender<Vec<u8>>,
}

/// A keeper behind a pipe.
#[derive(Clone)]
pub struct Piped(Arc<Shared>);

impl std::fmt::Debug for Piped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Piped")
    }
}

impl Piped {
    /// Speaks over a pipe from now on, with a thread for each direction. They end when the keeper does.
    pub fn over(from: impl Read + Send + 'static, to: impl Write + Send + 'static) -> Self {
        let (frames, queued) = mpsc::channel(FRAMES_MAX);
        let shared =
            Arc::new(Shared { next: AtomicU64::new(1), waiting: Mutex::default(), state: watch::channel(State::Opening).0, to: frames });
        // Neither thread keeps it: when the last caller has gone, the pipe closes, and the keeper with it.
        let (reader, writer) = (Arc::downgrade(&shared), Arc::downgrade(&shared));
        std::thread::spawn(move || hear(&reader, from));
        std::thread::spawn(move || {
            let lost = say(queued, to);
            if let (Some(lost), Some(shared)) = (lost, writer.upgrade()) {
                shared.lose(Lost::Broken(lost));
            }
        });
        Self(shared)
    }

    /// Comes when the domain is open, or cannot be.
    pub async fn opened(&self) -> Result<(), Lost> {
        let mut state = self.0.state.subscribe();
        let settled = state.wait_for(|state| *state != State::Opening).await.map(|state| state.clone());
        match settled {
            Ok(State::Lost(lost)) => Err(lost),
            Ok(_) => Ok(()),
            Err(_) => Err(Lost::Broken(PipeError::Gone)),
        }
    }

    /// Why nothing can be answered any more, where that is so.
    pub fn is_lost(&self) -> Option<Lost> {
        match &*self.0.state.borrow() {
            State::Lost(lost) => Some(lost.clone()),
            State::Opening | State::Open => None,
        }
    }

    /// Comes when nothing can be answered any more.
    pub async fn lost(&self) -> Lost {
        let mut state = self.0.state.subscribe();
        let lost = state.wait_for(|state| matches!(state, State::Lost(_))).await.map(|state| state.clone());
        match lost {
            Ok(State::Lost(lost)) => lost,
            _ => Lost::Broken(PipeError::Gone),
        }
    }
}

impl Backend for Piped {
    async fn call(&self, call: Call) -> Answer {
        match self.ask(call).await {
            Ok(answer) => answer,
            Err(error) => Answer::refused(error.problem()),
        }
    }

    async fn ready(&self) -> bool {
        *self.0.state.borrow() == State::Open
    }
}

impl Piped {
    async fn ask(&self, call: Call) -> Result<Answer, PipeError> {
        self.0.check_open()?;
        let id = self.0.next.fetch_add(1, Relaxed);
        let frame = wire::frame(&Down::Call { id, call: Box::new(call) }, DOWN_BYTES_MAX)?;
        let (answer, answered) = oneshot::channel();
        {
            let mut waiting = self.0.waiting();
            if waiting.len() >= WAITING_MAX {
                return Err(PipeError::Full);
            }
            waiting.insert(id, Waiting::Answer(answer));
        }
        let mut asked = Asked { shared: &self.0, id: Some(id) };
        // The pipe may have been lost between the look at its state and here; then nobody else removes this one.
        self.0.check_open()?;
        self.0.to.send(frame).await.map_err(|_| PipeError::Gone)?;
        let answer = answered.await.map_err(|_| PipeError::Gone)?;
        asked.id = None;
        Ok(answer)
    }
}

/// Forgets a call whose caller has gone. What changes something has a caller that does not go.
struct Asked<'a> {
    shared: &'a Shared,
    id: Option<u64>,
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            self.shared.forget(id);
        }
    }
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, HashMap<u64, Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check_open(&self) -> Result<(), PipeError> {
        match *self.state.borrow() {
            State::Open => Ok(()),
            State::Opening => Err(PipeError::Opening),
            State::Lost(_) => Err(PipeError::Gone),
        }
    }

    fn forget(&self, id: u64) {
        self.waiting().remove(&id);
        if let Ok(frame) = wire::frame(&Down::Forget { id }, DOWN_BYTES_MAX) {
            // Where there is no room now, the keeper ends the stream when it has no more to say.
            let _ = self.to.try_send(frame);
        }
    }

    fn lose(&self, lost: Lost) {
        self.state.send_if_modified(|state| {
            let first = !matches!(state, State::Lost(_));
            if first {
                *state = State::Lost(lost);
            }
            first
        });
        // Whoever waits hears that its sender is gone.
        self.waiting().clear();
    }

    fn hear(&self, said: Up) -> Option<Lost> {
        match said {
            Up::Open => {
                self.state.send_if_modified(|state| {
                    let opening = *state == State::Opening;
                    if opening {
                        *state = State::Open;
                    }
                    opening
                });
            }
            Up::Unable { why } => return Some(Lost::Unable(why)),
            Up::Done { id, output, version, next } => self.answer(id, Answer { outcome: Outcome::Done(output), version, next }),
            Up::Refused { id, problem } => self.answer(id, Answer { outcome: Outcome::Refused(problem), version: None, next: None }),
            Up::Streams { id, version } => self.begin(id, version),
            Up::Event { id, event } => self.tell(id, event),
            Up::End { id } => drop(self.waiting().remove(&id)),
        }
        None
    }

    /// An answer to nobody is dropped.
    fn answer(&self, id: u64, answer: Answer) {
        if let Some(Waiting::Answer(to)) = self.waiting().remove(&id) {
            let _ = to.send(answer);
        }
    }

    fn begin(&self, id: u64, version: Option<String>) {
        let (to, from) = mpsc::channel(EVENTS_MAX);
        let taken = match self.waiting().remove(&id) {
            Some(Waiting::Answer(asked)) => asked.send(Answer { version, ..Answer::events(from) }).is_ok(),
            _ => false,
        };
        if taken {
            self.waiting().insert(id, Waiting::Events(to));
        } else {
            self.forget(id);
        }
    }

    fn tell(&self, id: u64, event: Event) {
        let taken = match self.waiting().get(&id) {
            Some(Waiting::Events(to)) => to.try_send(event).is_ok(),
            _ => return,
        };
        if !taken {
            self.forget(id);
        }
    }
}

/// Reads what the keeper says until it says no more.
fn hear(shared: &Weak<Shared>, mut from: impl Read) {
    loop {
        let said = wire::read(&mut from, UP_BYTES_MAX);
        let Some(shared) = shared.upgrade() else { return };
        let lost = match said {
            Ok((said, _)) => shared.hear(said),
            Err(error) => Some(Lost::Broken(error)),
        };
        if let Some(lost) = lost {
            return shared.lose(lost);
        }
    }
}

/// Writes frames until nobody has any, or the pipe fails.
fn say(mut queued: mpsc::Receiver<Vec<u8>>, mut to: impl Write) -> Option<PipeError> {
    while let Some(frame) = queued.blocking_recv() {
        if let Err(error) = wire::write(&mut to, &frame) {
            return Some(error);
        }
    }
    None
}
