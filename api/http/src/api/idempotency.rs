//! Doing once what is asked twice.
//!
//! Guarantee: while a key is remembered, the same credential, operation, key and request get the same answer, another
//! request under that key is refused, and two at a time never both reach the backend. What is forgotten here (bounds,
//! a restart) goes to the backend with its key: **its durable record decides**, this one only saves it work. So nothing
//! that must hold across a restart depends on this file. Answers with secrets are forgotten as soon as they are given.

use super::answers::Said;
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tidegate_terms::Digest;

/// How long an answer is remembered.
const KEPT_SECONDS: u64 = 600;
/// The largest answer that is remembered, in bytes.
const ANSWER_BYTES_MAX: usize = 64 << 10;

/// Whose key for which operation: a digest of all three.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct KeyOf(pub(crate) Digest);

/// What is known of a key.
#[derive(Debug)]
pub(crate) enum Known {
    /// Nothing: the caller goes on and must [`finish`](Remembered::finish).
    New,
    /// The same request was answered.
    Same(Said),
    /// Another request has this key.
    Other,
    /// The same request is being answered.
    InProgress,
    /// No room: too many are in progress.
    Full,
}

/// What was answered to keys. One front has [`InMemory`]; several fronts of one backend could share another.
pub(crate) trait Remembered: Send + Sync {
    /// Takes a key, or says what is known of it.
    fn begin(&self, key: KeyOf, request: Digest, now: Instant) -> Known;
    /// Keeps the answer, or forgets the key where the answer does not settle anything (`None`).
    fn finish(&self, key: KeyOf, answer: Option<&Said>, now: Instant);
}

#[derive(Debug)]
struct Entry {
    request: Digest,
    answer: Option<Said>,
    at: Instant,
}

#[derive(Debug, Default)]
struct Table {
    entries: HashMap<KeyOf, Entry>,
    /// Answered keys, the oldest first, each with the time of its answer.
    answered: VecDeque<(KeyOf, Instant)>,
}

/// A bounded memory.
#[derive(Debug)]
pub(crate) struct InMemory {
    table: Mutex<Table>,
    entries_max: usize,
}

impl InMemory {
    pub(crate) fn new(entries_max: usize) -> Self {
        Self { table: Mutex::default(), entries_max }
    }
}

impl Table {
    fn forget_oldest(&mut self) -> bool {
        let Some((key, at)) = self.answered.pop_front() else { return false };
        // A key that was forgotten and used again is younger than this record of it.
        if self.entries.get(&key).is_some_and(|entry| entry.at == at && entry.answer.is_some()) {
            self.entries.remove(&key);
        }
        true
    }

    fn forget_old(&mut self, now: Instant) {
        let old = |at: &Instant| now.saturating_duration_since(*at) > Duration::from_secs(KEPT_SECONDS);
        while self.answered.front().is_some_and(|(_, at)| old(at)) {
            self.forget_oldest();
        }
    }
}

impl Remembered for InMemory {
    fn begin(&self, key: KeyOf, request: Digest, now: Instant) -> Known {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        table.forget_old(now);
        if let Some(entry) = table.entries.get(&key) {
            return match &entry.answer {
                _ if entry.request != request => Known::Other,
                Some(said) => Known::Same(said.clone()),
                None => Known::InProgress,
            };
        }
        while table.entries.len() >= self.entries_max {
            if !table.forget_oldest() {
                return Known::Full;
            }
        }
        table.entries.insert(key, Entry { request, answer: None, at: now });
        Known::New
    }

    fn finish(&self, key: KeyOf, answer: Option<&Said>, now: Instant) {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = answer.filter(|said| said.body.len() <= ANSWER_BYTES_MAX);
        match (answer, table.entries.get_mut(&key)) {
            (Some(said), Some(entry)) => {
                entry.answer = Some(said.clone());
                entry.at = now;
                table.answered.push_back((key, now));
            }
            (None, Some(_)) => drop(table.entries.remove(&key)),
            (_, None) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(of: &str) -> KeyOf {
        KeyOf(Digest::of(of.as_bytes()))
    }

    fn said(body: &str) -> Said {
        Said { status: 200, body: body.as_bytes().to_vec().into(), ..Said::default() }
    }

    #[test]
    fn the_same_again_gets_the_same_and_another_request_is_refused() {
        let (memory, now) = (InMemory::new(10), Instant::now());
        let (request, other) = (Digest::of(b"request"), Digest::of(b"other"));
        assert!(matches!(memory.begin(key("a"), request, now), Known::New));
        assert!(matches!(memory.begin(key("a"), request, now), Known::InProgress));
        assert!(matches!(memory.begin(key("a"), other, now), Known::Other));
        memory.finish(key("a"), Some(&said("done")), now);
        assert!(matches!(memory.begin(key("a"), request, now), Known::Same(said) if &said.body[..] == b"done"));
        assert!(matches!(memory.begin(key("a"), other, now), Known::Other));
        assert!(matches!(memory.begin(key("b"), other, now), Known::New));
    }

    #[test]
    fn what_settled_nothing_and_what_is_old_is_forgotten() {
        let (memory, now, request) = (InMemory::new(10), Instant::now(), Digest::of(b"request"));
        memory.begin(key("a"), request, now);
        memory.finish(key("a"), None, now);
        assert!(matches!(memory.begin(key("a"), request, now), Known::New));
        memory.finish(key("a"), Some(&said("done")), now);
        let later = now + Duration::from_secs(KEPT_SECONDS + 1);
        assert!(matches!(memory.begin(key("a"), request, later), Known::New));
        memory.finish(key("a"), Some(&said(&"x".repeat(ANSWER_BYTES_MAX + 1))), later);
        assert!(matches!(memory.begin(key("a"), request, later), Known::New));
    }

    #[test]
    fn memory_is_bounded_and_never_gives_up_what_is_in_progress() {
        let (memory, now, request) = (InMemory::new(3), Instant::now(), Digest::of(b"request"));
        for name in ["a", "b", "c"] {
            assert!(matches!(memory.begin(key(name), request, now), Known::New));
        }
        assert!(matches!(memory.begin(key("d"), request, now), Known::Full));
        memory.finish(key("b"), Some(&said("done")), now);
        assert!(matches!(memory.begin(key("d"), request, now), Known::New));
        assert!(matches!(memory.begin(key("a"), request, now), Known::InProgress));
        assert!(matches!(memory.begin(key("e"), request, now), Known::Full));
    }
}
