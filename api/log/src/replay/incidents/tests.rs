//! The story goes on with a run that misses its slot; for each rule a change that must be found.

use crate::entry::{Entry, Event, commit};
use crate::incident::FrozenLineage;
use crate::replay::tests::{ORIGIN, story};
use crate::replay::{Read, Replay};
use tidegate_terms::{Digest, Message as _, Name};

fn name(text: &str) -> Name {
    Name::parse(text).expect("name")
}

fn entry(at: &str, event: Event) -> Entry {
    Entry { at: at.into(), event }
}

fn freeze(incident: &str, run: &str, replay: Option<&str>) -> Event {
    Event::Freeze {
        incident: incident.into(),
        run: run.into(),
        replay: replay.map(str::to_owned),
        lineages: vec![name("people")],
        slot: "2026-11-21T10:09:00Z".into(),
        pad: String::new(),
    }
}

fn unfreeze(incident: &str) -> Event {
    Event::Unfreeze { incident: incident.into(), reason_commitment: commit(&[9; 32], b"why") }
}

fn begin(replay: &str, slot: &str) -> Event {
    let asker_commitment = commit(&[9; 32], b"who");
    Event::ReplayBegin { replay: replay.into(), run: "r-1".into(), asker_commitment, slot: slot.into(), slot_seconds: 60 }
}

fn destroy(version: u32) -> Event {
    Event::DestroyVersion { dataset: name("hospital"), version, certificate_commitment: Digest([8; 32]) }
}

/// The third run of the story is open and due at 10:09; at 10:10 its grant was revoked.
fn told(after: &[Entry]) -> Replay {
    let mut replay = Replay::new(ORIGIN);
    story().iter().chain(after).for_each(|entry| replay.take(Read::of(&entry.encode().expect("encode"))));
    replay
}

fn codes(after: &[Entry]) -> Vec<String> {
    told(after).findings.iter().map(|finding| finding.violation.code()).collect()
}

#[test]
fn a_stopped_run_is_over_and_its_lineage_frozen_until_the_incident_is_closed() {
    let mut after = vec![entry("2026-11-21T10:10:00Z", freeze("i-1", "r-3", None))];
    let replay = told(&after);
    assert_eq!(replay.findings_total, 0, "{:?}", replay.findings);
    assert_eq!(replay.open_runs(), []);
    assert_eq!(replay.incidents.frozen(), [FrozenLineage { lineage: name("people"), incident: "i-1".into(), entry: 11 }]);
    // What it reserved stays spent.
    assert_eq!(replay.lineages[&name("people")].spent(), told(&[]).lineages[&name("people")].spent());
    after.push(entry("2026-11-21T10:11:00Z", unfreeze("i-1")));
    after.push(entry("2026-11-21T10:12:00Z", begin("p-1", "2026-11-21T10:13:00Z")));
    after.push(entry("2026-11-21T10:14:00Z", destroy(1)));
    let replay = told(&after);
    assert_eq!((replay.findings_total, replay.incidents.frozen()), (0, vec![]), "{:?}", replay.findings);
}

#[test]
fn the_entry_has_one_length() {
    for (incident, replay) in [("i", None), ("i".repeat(64).as_str(), Some("p".repeat(64)))] {
        let lineages = [&"x".to_owned(), &"y".repeat(60)].map(|text| name(text)).to_vec();
        let slot = "2026-11-21T10:09:00Z".into();
        let event = Event::Freeze { incident: incident.into(), run: incident.into(), replay, lineages, slot, pad: String::new() };
        let entry = entry("2026-11-21T10:10:00Z", event);
        let bytes = entry.encode().expect("encode");
        assert_eq!(bytes.len(), crate::RELEASE_BYTES);
        assert_eq!(Entry::decode(&bytes).expect("decode"), entry);
    }
}

#[test]
fn every_rule_about_incidents_is_found_broken() {
    const LATE: &str = "2026-11-21T10:10:00Z";
    const LATER: &str = "2026-11-21T10:20:00Z";
    let third = |story: &[Entry]| story.iter().rposition(|entry| matches!(entry.event, Event::Reserve { .. })).expect("a reservation");
    let release = |run: &str| {
        let same = story().into_iter().rev().find(|entry| matches!(entry.event, Event::Release { .. }));
        let Some(Event::Release { release_commitment, totals_commitment, .. }) = same.map(|entry| entry.event) else { panic!("a release") };
        Event::Release { run: run.into(), round: 1, last: true, release_commitment, totals_commitment, pad: String::new() }
    };
    let stopped = || entry(LATE, freeze("i-1", "r-3", None));
    let cases: Vec<(Vec<Entry>, &[&str])> = vec![
        (vec![stopped()], &[]),
        (vec![entry(LATE, freeze("i-1", "r-9", None))], &["audit.freeze-unknown-run"]),
        (vec![entry(LATE, freeze("i-1", "r-1", None))], &["audit.freeze-ended"]),
        (vec![stopped(), entry(LATER, freeze("i-2", "r-3", None))], &["audit.freeze-ended"]),
        (vec![stopped(), entry(LATER, freeze("i-1", "r-3", None))], &["audit.freeze-ended", "audit.freeze-again"]),
        (vec![entry(LATE, freeze("i-1", "r-1", Some("p-1")))], &["audit.freeze-unknown-replay"]),
        (vec![entry(LATE, begin("p-1", LATER)), entry(LATE, freeze("i-1", "r-1", Some("p-1")))], &["audit.freeze-early"]),
        (vec![entry(LATE, begin("p-1", LATER)), entry(LATER, freeze("i-1", "r-2", Some("p-1")))], &["audit.freeze-unknown-replay"]),
        (vec![entry(LATE, begin("p-1", LATER)), entry(LATER, freeze("i-1", "r-1", Some("p-1")))], &[]),
        (vec![stopped(), entry(LATER, begin("p-1", "2026-11-21T10:21:00Z"))], &["audit.frozen"]),
        (vec![stopped(), entry(LATER, release("r-3"))], &["audit.stopped"]),
        (vec![entry(LATE, unfreeze("i-1"))], &["audit.unfreeze-unknown"]),
        (vec![stopped(), entry(LATER, unfreeze("i-1")), entry(LATER, unfreeze("i-1"))], &["audit.unfreeze-unknown"]),
        (vec![stopped(), entry(LATER, destroy(1))], &[]),
    ];
    for (place, (after, expected)) in cases.iter().enumerate() {
        assert_eq!(codes(after), *expected, "case {place}");
    }
    // A lineage that the run does not read.
    let mut other = stopped();
    let Event::Freeze { lineages, .. } = &mut other.event else { panic!("a freeze") };
    *lineages = vec![name("others")];
    assert_eq!(codes(&[other]), ["audit.freeze-lineages"]);
    // A reservation on a lineage that the run before froze; that run was stopped one second before its slot.
    let mut entries = story();
    let place = third(&entries);
    let second = entries[place - 1].clone();
    entries[place - 1] = Entry { at: "2026-11-21T10:05:59Z".into(), event: freeze("i-1", "r-2", None) };
    assert!(matches!(second.event, Event::Release { .. }));
    let mut replay = Replay::new(ORIGIN);
    entries.iter().for_each(|entry| replay.take(Read::of(&entry.encode().expect("encode"))));
    let found: Vec<String> = replay.findings.iter().map(|finding| finding.violation.code()).collect();
    assert_eq!(found, ["audit.freeze-early", "audit.frozen"]);
}
