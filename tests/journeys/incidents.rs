//! Runs that end without a result: one outcome outside, whatever the cause; what missed its slot or was taken over freezes
//! its lineage until the authority has decided.

use serde_json::Value;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tidegate_service::{Question, ReplayWish, Request};
use tidegate_terms::{Epsilon, Name};
use tidegate_tests::database::text_of;
use tidegate_tests::domain::{Domain, IMMEDIATELY, OPERATOR, question, text};
use tidegate_tests::elsewhere::Elsewhere;
use tidegate_tests::processes::{all_children, children, processor_ticks};
use tidegate_tests::program::{Said, beside, command};

const MODEL: &str = "offender-loops";

fn domain(policy: &str, fuel: &str) -> Domain {
    let domain = Domain::with_rand_hie(policy);
    domain.grant("person-years.income,person-years.xage", "4");
    let model = domain.model(MODEL, |manifest| manifest.replace("fuel_per_unit = 1000000", &format!("fuel_per_unit = {fuel}")));
    domain.upload(&model).json();
    domain
}

fn at_slot() -> String {
    IMMEDIATELY.replace("immediately", "at_slot")
}

fn asked(epsilon: f64) -> Request {
    let name = |text: &str| Name::parse(text).expect("name");
    Request::Run(Question {
        operator: name(OPERATOR),
        dataset: name("rand-hie"),
        version: None,
        join: None,
        module: MODEL.into(),
        parameters: vec![],
        side_tables: vec![],
        epsilon: Some(Epsilon::parse(epsilon).expect("epsilon")),
        workers: Some(2),
        pinned: None,
    })
}

/// The newest entry of the log, and how long it is.
fn newest(domain: &Domain) -> (Value, usize) {
    let bytes = text_of(domain, "SELECT CAST(bytes AS TEXT) FROM log_entry ORDER BY position DESC LIMIT 1");
    (serde_json::from_str(&bytes).expect("an entry"), bytes.len())
}

fn journal(domain: &Domain) -> String {
    std::fs::read_to_string(domain.directory().join("journal.log")).unwrap_or_default()
}

fn incidents(domain: &Domain) -> Vec<Value> {
    domain.ask(&["incident", "list"]).json().as_array().cloned().expect("a list")
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().expect("a list").iter().filter_map(Value::as_str).collect()
}

/// A worker that hangs outside the guest, where no fuel ends it: only the slot does.
// clause: J5 both
#[test]
fn a_run_that_misses_its_slot_is_stopped_and_its_lineage_frozen_until_the_authority_decides() {
    let domain = domain(&at_slot(), "500000");
    let before = domain.run(MODEL, "0.1", &[]).json();
    let spent = domain.account()["spent"].as_f64().expect("spent");
    let mut keeper = Elsewhere::with_child(&domain, "worker", "sleep 600");
    assert_eq!(keeper.ask(&asked(0.2)), Err("run.held".into()));
    assert_eq!(all_children(keeper.id()), Vec::<u32>::new(), "nothing of the run is alive");
    drop(keeper);

    let (entry, length) = newest(&domain);
    assert_eq!((entry["type"].as_str(), length), (Some("freeze"), 1_024), "{entry}");
    assert_eq!(entry["at"], entry["slot"], "it is stamped with its slot, as a release would have been");
    assert_eq!(texts(&entry["lineages"]), ["rand-hie"]);
    let (run, incident) = (entry["run"].as_str().expect("run"), entry["incident"].as_str().expect("incident"));
    let paid = domain.account()["spent"].as_f64().expect("spent") - spent;
    assert!(paid > 0.0, "what it paid stays paid");
    assert!(journal(&domain).contains(incident), "the cause is in the journal");
    let audit = domain.audit();
    assert_eq!(audit["open_runs"], Value::Array(vec![]));
    assert_eq!(audit["frozen"][0]["incident"].as_str(), Some(incident));

    let listed = incidents(&domain);
    assert_eq!((listed.len(), &listed[0]["cause"], &listed[0]["closed"]), (1, &Value::Null, &Value::Null));
    let shown = domain.ask(&["incident", "show", incident]).json();
    assert!(shown["cause"].as_str().expect("cause").contains("was over before there was a result"), "{shown}");

    // Nothing new reads the lineage; what was released before stays.
    let refused = domain.run(MODEL, "0.3", &[]).refused("lineage.frozen");
    assert!(refused.en.contains(incident) && refused.zh.contains(incident), "{refused:?}");
    domain.ask(&question("quote", MODEL, "0.3", &[])).refused("lineage.frozen");
    domain.run(MODEL, "0.2", &[]).refused("run.stopped");
    let replayed = domain.ask(&["audit", "replay", before["run"].as_str().expect("run")]);
    assert!(replayed.code != Some(0) && replayed.err.contains("lineage.frozen"), "{replayed:?}");
    let stored = domain.run(MODEL, "0.1", &[]).json();
    assert_eq!((&stored["run"], &stored["stored"]), (&before["run"], &Value::Bool(true)));
    domain.ask(&["release", "show", run]).refused("run.not-released");
    assert_eq!(domain.account()["spent"].as_f64().expect("spent") - spent, paid, "none of that cost anything");

    let close = |incident: &str, reason: &str| domain.ask(&["incident", "close", incident, "--reason", reason, "--by", "authority"]);
    close(incident, " ").refused("incident.no-reason");
    close("i-none", "seen").refused("incident.unknown");
    let closed = close(incident, "the worker hung").json();
    assert_eq!((closed["closed"]["by"].as_str(), closed["closed"]["reason"].as_str()), (Some("authority"), Some("the worker hung")));
    close(incident, "again").refused("incident.closed");
    let position = closed["closed"]["log_position"].to_string();
    let opening = domain.ask(&["audit", "open", &position, "--field", "reason_commitment", "--role", "authority"]).json();
    assert!(opening["content"].is_string(), "{opening}");
    assert!(!newest(&domain).0.to_string().contains("hung"), "the log only commits to the reason");

    // The stopped run stays stopped, other questions are answered again.
    domain.run(MODEL, "0.2", &[]).refused("run.stopped");
    assert_eq!(domain.run(MODEL, "0.3", &[]).json()["stored"], false);
    assert_eq!(domain.audit()["frozen"], Value::Array(vec![]));
    domain.ask(&["dataset", "destroy", "rand-hie", "--version", "1", "--reason", "done", "--witness", "somebody"]).json();
    domain.audit();
    let people = domain.ask_with(&["--lang", "zh"], &["incident", "list"]);
    assert!(people.text().contains("已关闭"), "{}", people.out);
}

/// A worker that was taken over, one that hangs, and a noise process that dies have one outcome, at one moment.
#[test]
fn whatever_goes_wrong_looks_the_same_outside() {
    let lying = format!("'{}'", beside("worker-that-lies").display());
    let cases = [("worker", lying.as_str(), true), ("worker", "sleep 600", true), ("noise", "false", false)];
    let outcomes = std::thread::scope(|scope| {
        let run = |(child, command, freezes): (&'static str, &str, bool)| {
            let domain = domain(&at_slot(), "500000");
            let mut keeper = Elsewhere::with_child(&domain, child, command);
            let refused = keeper.ask(&asked(0.2)).expect_err("no result");
            let ended = jiff::Timestamp::now();
            drop(keeper);
            let slot =
                "SELECT json_extract(CAST(bytes AS TEXT), '$.slot') FROM log_entry WHERE CAST(bytes AS TEXT) LIKE '%\"type\":\"reserve\"%'";
            let slot: jiff::Timestamp = text_of(&domain, slot).parse().expect("instant");
            let audit = domain.audit();
            assert_eq!(audit["frozen"].as_array().map(Vec::len), Some(usize::from(freezes)), "{child} {command}");
            let again = domain.run(MODEL, "0.2", &[]);
            if freezes {
                assert!(journal(&domain).contains("incident"), "{}", journal(&domain));
                again.refused("run.stopped");
            } else {
                // A host that failed before the slot: the same question goes on at no new price.
                assert_eq!(again.json()["stored"], false);
            }
            (refused, ended, slot)
        };
        let threads = cases.map(|case| scope.spawn(move || run(case)));
        threads.map(|thread| thread.join().expect("a run"))
    });
    for (refused, ended, slot) in outcomes {
        assert_eq!(refused, "run.held");
        assert!(ended >= slot, "not before its slot");
    }
}

/// Where results are shown immediately there is no slot to miss, but a worker that was taken over freezes all the same.
#[test]
fn a_worker_that_was_taken_over_freezes_where_results_are_immediate_too() {
    let domain = domain(IMMEDIATELY, "500000");
    let lying = format!("'{}'", beside("worker-that-lies").display());
    assert_eq!(Elsewhere::with_child(&domain, "worker", &lying).ask(&asked(0.2)), Err("run.held".into()));
    assert_eq!(newest(&domain).0["type"], "freeze");
    domain.run(MODEL, "0.3", &[]).refused("lineage.frozen");
    domain.audit();
}

#[test]
fn a_replay_that_misses_its_slot_freezes_too() {
    let domain = domain(&at_slot(), "500000");
    let run = domain.run(MODEL, "0.2", &[]).json()["run"].as_str().expect("run").to_owned();
    let mut keeper = Elsewhere::with_child(&domain, "worker", "sleep 600");
    let asked = Request::Replay { wish: ReplayWish::Run(run.clone()), asker: "regulator".into() };
    assert_eq!(keeper.ask(&asked), Err("replay.held".into()));
    assert_eq!(all_children(keeper.id()), Vec::<u32>::new());
    drop(keeper);
    let (entry, _) = newest(&domain);
    assert_eq!((entry["type"].as_str(), entry["run"].as_str()), (Some("freeze"), Some(run.as_str())));
    assert!(entry["replay"].is_string(), "{entry}");
    domain.audit();
    let incident = entry["incident"].as_str().expect("incident");
    domain.ask(&["incident", "close", incident, "--reason", "seen", "--by", "authority"]).json();
    assert_eq!(domain.ask(&["audit", "replay", &run]).json()[0]["outcome"]["verdict"], "match");
    domain.audit();
}

/// Attack A40: when workers have nothing to do, others compute in their place until the slot.
#[test]
fn load_is_held_until_the_slot_and_nowhere_else() {
    let start = |domain: &Domain| {
        let arguments = question("run", MODEL, "0.2", &["--workers", "2", "--json", "--domain", text(domain.directory())]);
        command().args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("start")
    };
    let waiting = domain(&at_slot(), "1000000");
    let mut front = start(&waiting);
    let deadline = Instant::now() + Duration::from_secs(60);
    let (mut most, mut busy) = (0, 0);
    while front.try_wait().expect("look at tidegate").is_none() {
        assert!(Instant::now() < deadline, "the run ends");
        let load: Vec<u32> = children(front.id(), "keeper").into_iter().flat_map(|keeper| children(keeper, "load")).collect();
        most = most.max(load.len());
        busy = busy.max(load.iter().filter(|pid| processor_ticks(**pid).is_some_and(|ticks| ticks > 5)).count());
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(Said::of(front.wait_with_output().expect("wait")).json()["stored"], false);
    assert_eq!((most, busy), (2, 2), "one for each worker, and each computes");

    let immediate = domain(IMMEDIATELY, "1000000");
    let mut front = start(&immediate);
    let mut most = 0;
    while front.try_wait().expect("look at tidegate").is_none() {
        most = most.max(children(front.id(), "keeper").into_iter().map(|keeper| children(keeper, "load").len()).max().unwrap_or(0));
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(most, 0, "nothing waits, so nothing is hidden");
    Said::of(front.wait_with_output().expect("wait")).json();
}
