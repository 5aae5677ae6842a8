//! A stop while many ask at once: of what began after it nothing is queued, of what was queued nothing is charged or released.

use serde_json::{Value, json};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tidegate_http::api::{CallError, Options};
use tidegate_tests::domain::IMMEDIATELY;
use tidegate_tests::governed::{Governed, field};

const MODEL: &str = "visits-by-plan";
/// Clients that ask for runs, and those that read.
const ASKING: usize = 8;
const READING: usize = 4;

/// A request for a run: when it left, and what came of it.
struct Asked {
    left: Instant,
    outcome: Result<String, String>,
}

fn question(number: u64) -> Value {
    json!({ "dataset": "rand-hie", "module": MODEL, "epsilon": 0.001 + 1e-6 * number as f64 })
}

/// The entries of the log of a kind: their positions and contents.
fn entries(governed: &Governed, kind: &str) -> Vec<(u64, Value)> {
    let (mut all, mut from) = (Vec::new(), Some(0));
    while let Some(start) = from {
        let found = governed.by("regulator").does("log.search", &json!({ "kind": kind, "from": start }));
        let matches = found["matches"].as_array().expect("matches");
        all.extend(matches.iter().map(|found| (found["entry"].as_u64().expect("entry"), found["content"].clone())));
        from = found["more_from"].as_u64();
    }
    all
}

// clause: J5 both
#[test]
fn a_stop_of_everything_holds_while_many_ask() {
    let governed = Governed::begin();
    governed.prepare(IMMEDIATELY, MODEL);
    let (over, next) = (AtomicBool::new(false), AtomicU64::new(0));
    let asked = Mutex::new(Vec::new());
    let client = |label: &str| governed.client(&governed.by(label).organisation, &governed.by(label).token);
    let (began, answered) = std::thread::scope(|scope| {
        for _ in 0..ASKING {
            scope.spawn(|| {
                let operator = client("operator");
                while !over.load(Ordering::Relaxed) {
                    let (left, number) = (Instant::now(), next.fetch_add(1, Ordering::Relaxed));
                    let outcome = match operator.call_by_name("runs.request", &question(number), &Options::default()) {
                        Ok(called) => Ok(field(&called.output, "run")),
                        Err(CallError::Refused(problem)) => Err(problem.code),
                        Err(other) => panic!("{other}"),
                    };
                    asked.lock().expect("the list").push(Asked { left, outcome });
                }
            });
        }
        for _ in 0..READING {
            scope.spawn(|| {
                let reader = client("auditor");
                while !over.load(Ordering::Relaxed) {
                    for operation in ["runs.list", "domain.status", "datasets.list"] {
                        reader.call_by_name(operation, &json!({}), &Options::default()).expect("a read");
                    }
                }
            });
        }
        // Some are released before anything is stopped.
        let authority = client("authority");
        let waiting = Instant::now();
        while entries(&governed, "release").len() < 3 {
            assert!(waiting.elapsed() < Duration::from_secs(120), "nothing is released");
            std::thread::sleep(Duration::from_millis(100));
        }
        let began = Instant::now();
        authority.call_by_name("domain.stop", &json!({ "reason": "疑似泄露" }), &Options::default()).expect("stopped");
        let answered = Instant::now();
        std::thread::sleep(Duration::from_secs(2));
        over.store(true, Ordering::Relaxed);
        (began, answered)
    });

    // Whoever asks after the answer is refused, with the rule; before it, nobody was refused.
    let asked = asked.into_inner().expect("the list");
    let (before, after): (Vec<&Asked>, Vec<&Asked>) = asked.iter().partition(|asked| asked.left < began);
    assert!(before.len() >= 3 && before.iter().any(|asked| asked.outcome.is_ok()), "{} before", before.len());
    let late: Vec<_> = after.iter().filter(|asked| asked.left > answered).collect();
    assert!(late.len() >= ASKING, "{} after", late.len());
    assert!(late.iter().all(|asked| asked.outcome == Err("access.system-open".into())), "queued after the stop");
    let refused = asked.iter().filter_map(|asked| asked.outcome.as_ref().err());
    assert!(refused.clone().all(|code| code == "access.system-open"), "refused for another reason: {:?}", refused.collect::<Vec<_>>());

    // What was queued ends, and after the stop's entry the log admits, releases and pays nothing.
    let stopped = entries(&governed, "decided").into_iter().find(|(_, content)| content["action"] == "stop_everything");
    let stopped = stopped.expect("the stop's entry").0;
    let queued: Vec<&String> = asked.iter().filter_map(|asked| asked.outcome.as_ref().ok()).collect();
    let ended = Instant::now();
    let state = |run: &str| field(&governed.by("operator").does("runs.show", &json!({ "run": run })), "state");
    let mut released = 0;
    for run in &queued {
        while !["released", "stopped"].contains(&state(run).as_str()) {
            assert!(ended.elapsed() < Duration::from_secs(120), "{run} does not end");
            std::thread::sleep(Duration::from_millis(50));
        }
        released += usize::from(state(run) == "released");
    }
    let (reserved, releases) = (entries(&governed, "reserve"), entries(&governed, "release"));
    assert!(reserved.iter().chain(&releases).all(|(entry, _)| *entry < stopped), "something went on after entry {stopped}");
    assert_eq!(releases.len(), released);
    println!("{} queued, {released} released before the stop, {} refused after it", queued.len(), late.len());

    // Lifted by another person, the next one runs.
    governed.by("authority-2").does("domain.resume", &json!({ "reason": "已排除风险" }));
    governed.released(MODEL, 0.05);
    governed.domain.audit();
}
