//! A front and an office over real pipes, and what either does with bytes that no honest one writes.

use super::wire::{self, DOWN_BYTES_MAX, Down, UP_BYTES_MAX, Up};
use super::{Lost, OfficeBounds, PipeError, Piped, serve_pipe};
use crate::api::{Answer, Backend, Call, Class, Event, Outcome};
use serde_json::{Value, json};
use std::io::{PipeReader, PipeWriter, Read as _, Write as _, pipe};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;
use tidegate_terms::{Digest, Language, Spoken};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;

/// Far longer than anything here takes; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// Answers `echo` at once, `wait` when it is let go, `stream` with events without end, and falls over `fall`.
#[derive(Default)]
struct Fake {
    gate: Arc<Gate>,
}

struct Gate {
    go: Semaphore,
    waiting: AtomicUsize,
    done: AtomicUsize,
    streams_ended: AtomicUsize,
}

impl Default for Gate {
    fn default() -> Self {
        Self { go: Semaphore::new(0), waiting: AtomicUsize::new(0), done: AtomicUsize::new(0), streams_ended: AtomicUsize::new(0) }
    }
}

impl Backend for Fake {
    async fn call(&self, call: Call) -> Answer {
        match call.operation.as_str() {
            "wait" => {
                self.gate.waiting.fetch_add(1, SeqCst);
                self.gate.go.acquire().await.expect("open").forget();
                self.gate.done.fetch_add(1, SeqCst);
                Answer::done(json!("waited")).version("7").next(Some("more".into()))
            }
            "stream" => {
                let (to, from) = mpsc::channel(1);
                let gate = Arc::clone(&self.gate);
                tokio::spawn(async move {
                    let mut id = 0;
                    while to.send(Event { id, kind: "step".into(), data: json!({}) }).await.is_ok() {
                        id += 1;
                    }
                    gate.streams_ended.fetch_add(1, SeqCst);
                });
                Answer::events(from)
            }
            "fall" => panic!("as the test wants it"),
            _ => Answer::done(call.input),
        }
    }

    async fn ready(&self) -> bool {
        true
    }
}

fn call(operation: &str, input: Value) -> Call {
    Call {
        operation: operation.into(),
        input,
        credentials: Default::default(),
        language: Language::English,
        request_id: "r".into(),
        idempotency_key: None,
        digest: Digest([0; 32]),
        signature: None,
        if_match: None,
        page: None,
        last_event: None,
    }
}

struct Both {
    front: Piped,
    gate: Arc<Gate>,
    office: JoinHandle<Result<(), PipeError>>,
}

fn both(bounds: OfficeBounds) -> Both {
    let ((from_front, to_office), (from_office, to_front)) = (pipe().expect("pipe"), pipe().expect("pipe"));
    let fake = Arc::new(Fake::default());
    let gate = Arc::clone(&fake.gate);
    let office = tokio::spawn(serve_pipe(fake, bounds, from_front, to_front));
    Both { front: Piped::over(from_office, to_office), gate, office }
}

/// A front whose other side is the test.
fn front_alone() -> (Piped, PipeReader, PipeWriter) {
    let ((from_front, to_office), (from_office, to_front)) = (pipe().expect("pipe"), pipe().expect("pipe"));
    (Piped::over(from_office, to_office), from_front, to_front)
}

async fn until(what: impl Fn() -> bool) {
    let begun = std::time::Instant::now();
    while !what() {
        assert!(begun.elapsed() < PATIENCE, "it does not come");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn problem(answer: Answer) -> (Class, String) {
    match answer.outcome {
        Outcome::Refused(problem) => (problem.class, problem.code),
        other => panic!("no refusal: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_answered_in_any_order() {
    let Both { front, gate, office } = both(OfficeBounds::default());
    front.opened().await.expect("open");
    assert!(front.ready().await);
    let slow = tokio::spawn({
        let front = front.clone();
        async move { front.call(call("wait", Value::Null)).await }
    });
    until(|| gate.waiting.load(SeqCst) == 1).await;
    for number in 0..50 {
        let answer = front.call(call("echo", json!({ "number": number }))).await;
        assert!(matches!(answer.outcome, Outcome::Done(value) if value == json!({ "number": number })));
    }
    assert_eq!(problem(front.call(call("fall", Value::Null)).await), (Class::Failed, "keeper.broken".into()));
    gate.go.add_permits(1);
    let answer = slow.await.expect("answered");
    assert_eq!((answer.version.as_deref(), answer.next.as_deref()), (Some("7"), Some("more")));
    drop(front);
    assert_eq!(office.await.expect("ends"), Ok(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_goes_on_when_its_caller_or_the_front_has_gone() {
    let Both { front, gate, office } = both(OfficeBounds::default());
    front.opened().await.expect("open");
    let gone = tokio::spawn({
        let front = front.clone();
        async move { front.call(call("wait", Value::Null)).await }
    });
    until(|| gate.waiting.load(SeqCst) == 1).await;
    gone.abort();
    assert!(gone.await.is_err());
    drop(front);
    gate.go.add_permits(1);
    assert_eq!(office.await.expect("ends"), Ok(()));
    assert_eq!(gate.done.load(SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_when_nobody_reads_it() {
    let Both { front, gate, office } = both(OfficeBounds { streams_max: 1, ..OfficeBounds::default() });
    front.opened().await.expect("open");
    let Outcome::Events(mut events) = front.call(call("stream", Value::Null)).await.outcome else { panic!("no stream") };
    assert_eq!(events.recv().await.expect("event").id, 0);
    assert_eq!(problem(front.call(call("stream", Value::Null)).await).1, "keeper.full");
    drop(events);
    until(|| gate.streams_ended.load(SeqCst) == 2).await;
    // A reader that takes nothing is let go as well, and its place is free again.
    let (first, second) = (free_stream(&front).await, free_stream(&front).await);
    drop((first, second, front));
    assert_eq!(office.await.expect("ends"), Ok(()));
}

/// A stream, as soon as there is a place for one.
async fn free_stream(front: &Piped) -> Answer {
    let begun = std::time::Instant::now();
    loop {
        let answer = front.call(call("stream", Value::Null)).await;
        if problem_code(&answer).is_none() {
            return answer;
        }
        assert!(begun.elapsed() < PATIENCE, "no place");
    }
}

fn problem_code(answer: &Answer) -> Option<&str> {
    match &answer.outcome {
        Outcome::Refused(problem) => Some(&problem.code),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_and_bytes_are_bounded() {
    let Both { front, gate, .. } = both(OfficeBounds { calls_max: 2, bytes_max: 64 << 10, ..OfficeBounds::default() });
    front.opened().await.expect("open");
    let long = json!("x".repeat(70 << 10));
    assert_eq!(problem(front.call(call("echo", long)).await), (Class::Busy, "keeper.full".into()));
    let wait = || {
        let front = front.clone();
        tokio::spawn(async move { front.call(call("wait", Value::Null)).await })
    };
    let (one, two) = (wait(), wait());
    until(|| gate.waiting.load(SeqCst) == 2).await;
    assert_eq!(problem(front.call(call("echo", Value::Null)).await).1, "keeper.full");
    gate.go.add_permits(2);
    assert!(problem_code(&one.await.expect("answered")).is_none() && problem_code(&two.await.expect("answered")).is_none());
    let answer = front.call(call("echo", Value::Null)).await;
    assert!(matches!(problem_code(&answer), None | Some("keeper.full")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_keeper_is_known_to_everybody_at_once() {
    let (front, mut reads, mut writes) = front_alone();
    assert_eq!(problem(front.call(call("echo", Value::Null)).await).1, "keeper.opening");
    writes.write_all(&wire::frame(&Up::Open, UP_BYTES_MAX).expect("frame")).expect("write");
    front.opened().await.expect("open");
    let waits = tokio::spawn({
        let front = front.clone();
        async move { front.call(call("echo", Value::Null)).await }
    });
    let (said, _): (Down, _) = wire::read(&mut reads, DOWN_BYTES_MAX).expect("a call");
    assert!(matches!(said, Down::Call { .. }));
    drop(writes);
    assert_eq!(problem(waits.await.expect("answered")), (Class::Busy, "keeper.gone".into()));
    assert_eq!(front.lost().await, Lost::Broken(PipeError::Gone));
    assert_eq!(problem(front.call(call("echo", Value::Null)).await).1, "keeper.gone");
    assert!(!front.ready().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keeper_that_cannot_open_says_why() {
    let (front, _reads, writes) = front_alone();
    let why = Spoken { code: "domain.locked".into(), en: "locked".into(), zh: "锁定".into() };
    super::Unserved::on(writes).because(why.clone());
    assert_eq!(front.opened().await, Err(Lost::Unable(why)));
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_to_nobody_are_dropped_and_nonsense_ends_the_pipe() {
    let (front, _reads, mut writes) = front_alone();
    let event = Event { id: 1, kind: "step".into(), data: json!({}) };
    let strange = [
        Up::Open,
        Up::Open,
        Up::Done { id: 9, output: json!({}), version: None, next: None },
        Up::Streams { id: 9, version: None },
        Up::Event { id: 9, event },
        Up::End { id: u64::MAX },
    ];
    for said in strange {
        writes.write_all(&wire::frame(&said, UP_BYTES_MAX).expect("frame")).expect("write");
    }
    front.opened().await.expect("open");
    assert!(front.ready().await);
    writes.write_all(&3_u32.to_le_bytes()).and_then(|()| writes.write_all(b"{x}")).expect("write");
    assert!(matches!(front.lost().await, Lost::Broken(PipeError::NotAMessage { .. })));

    for (bytes, wanted) in [(u32::MAX.to_le_bytes().to_vec(), "keeper.frame-too-long"), (vec![4, 0, 0, 0, b'"'], "keeper.gone")] {
        let ((from_front, mut to_office), (mut from_office, to_front)) = (pipe().expect("pipe"), pipe().expect("pipe"));
        let office = tokio::spawn(serve_pipe(Arc::new(Fake::default()), OfficeBounds::default(), from_front, to_front));
        to_office.write_all(&bytes).expect("write");
        drop(to_office);
        let ended = office.await.expect("ends");
        let code = |error: &PipeError| tidegate_terms::Message::code(error);
        assert_eq!(ended.as_ref().err().map_or("keeper.gone".to_owned(), code), wanted);
        let mut rest = Vec::new();
        from_office.read_to_end(&mut rest).expect("read");
        assert_eq!(rest, wire::frame(&Up::Open, UP_BYTES_MAX).expect("frame"));
    }
}
