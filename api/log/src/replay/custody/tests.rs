//! One honest continuation of the story, and for each rule of custody a change to it that must be found.

use super::*;
use crate::custody::{Obstacle, ReplayCheck};
use crate::entry::{Entry, commit};
use crate::replay::Read;
use crate::replay::tests::{ORIGIN, story};
use tidegate_terms::{Digest, Message as _};

fn name(text: &str) -> Name {
    Name::parse(text).expect("name")
}

fn salted(text: &str) -> Digest {
    commit(&[9; 32], text.as_bytes())
}

fn entry(at: &str, event: Event) -> Entry {
    Entry { at: at.into(), event }
}

fn begin(replay: &str, run: &str, slot: &str) -> Event {
    let slot_seconds = 60;
    Event::ReplayBegin { replay: replay.into(), run: run.into(), asker_commitment: salted("who"), slot: slot.into(), slot_seconds }
}

fn answer(replay: &str, run: &str, rounds: u32, outcome: ReplayOutcome) -> Event {
    let slot = "2026-11-21T11:01:00Z".into();
    Event::Replayed { replay: replay.into(), run: run.into(), rounds, outcome, slot, pad: String::new() }
}

fn seal(version: u32) -> Event {
    Event::SealVersion { dataset: name("hospital"), version, reason_commitment: salted("why") }
}

fn unseal(version: u32) -> Event {
    Event::UnsealVersion { dataset: name("hospital"), version, reason_commitment: salted("why") }
}

fn destroy(version: u32) -> Event {
    Event::DestroyVersion { dataset: name("hospital"), version, certificate_commitment: salted("certificate") }
}

fn purge(before: &str, runs: u64) -> Event {
    Event::Purge { before: before.into(), runs }
}

fn effect(run: &str) -> Event {
    Event::Effect { run: run.into(), text_commitment: salted("effect") }
}

/// After the story: a replay, an effect, a seal, more years, a purge four years later.
fn after() -> Vec<Entry> {
    vec![
        entry("2026-11-21T11:00:00Z", begin("p-1", "r-1", "2026-11-21T11:01:00Z")),
        entry("2026-11-21T11:01:00Z", answer("p-1", "r-1", 1, ReplayOutcome::Match {})),
        entry("2026-11-21T11:02:00Z", effect("r-2")),
        entry("2026-11-21T11:03:00Z", seal(1)),
        entry("2026-11-21T11:04:00Z", unseal(1)),
        entry("2026-11-21T11:05:00Z", Event::Retention { years: 4 }),
        entry("2030-11-22T00:00:00Z", purge("2026-11-22", 2)),
    ]
}

fn told(entries: &[Entry]) -> Replay {
    let mut replay = Replay::new(ORIGIN);
    entries.iter().for_each(|entry| replay.take(Read::of(&entry.encode().expect("encode"))));
    replay
}

fn codes(entries: &[Entry]) -> Vec<String> {
    told(entries).findings.iter().map(|finding| finding.violation.code()).collect()
}

#[test]
fn the_honest_continuation_has_no_findings_and_its_count() {
    let mut entries = [story(), after()].concat();
    assert_eq!(codes(&entries), Vec::<String>::new());
    entries.push(entry("2030-11-23T00:00:00Z", begin("p-2", "r-2", "2030-11-23T00:01:00Z")));
    assert_eq!(told(&entries).custody.replays(), ReplayCount { matched: 1, open: 1, ..ReplayCount::default() });
}

#[test]
fn an_answer_has_the_length_of_a_release_whatever_it_says() {
    let every = [ReplayCheck::Data, ReplayCheck::Module, ReplayCheck::Inputs, ReplayCheck::Price, ReplayCheck::Totals];
    let more = [ReplayCheck::Release, ReplayCheck::Decision, ReplayCheck::Noise, ReplayCheck::Tables];
    let digest = salted("engine");
    for outcome in [
        ReplayOutcome::Match {},
        ReplayOutcome::Mismatch { failed: [&every[..], &more[..]].concat() },
        ReplayOutcome::NotReplayable { obstacle: Obstacle::OtherEngine { logged: digest, here: digest } },
        ReplayOutcome::NotReplayable { obstacle: Obstacle::DataDestroyed { entry: u64::MAX } },
        ReplayOutcome::NotReplayable { obstacle: Obstacle::RunUnfinished {} },
    ] {
        let entry = entry("2026-11-21T11:01:00Z", answer(&"p".repeat(64), &"r".repeat(64), u32::MAX, outcome));
        let bytes = entry.encode().expect("encode");
        assert_eq!(bytes.len(), crate::RELEASE_BYTES);
        // What is padded for the log is empty in memory.
        assert_eq!(Entry::decode(&bytes).expect("decode"), entry);
    }
}

/// Each change to the honest continuation, and what must be found.
#[test]
fn every_rule_of_custody_is_found_broken() {
    let matched = |replay: &str, run: &str, rounds| answer(replay, run, rounds, ReplayOutcome::Match {});
    let unfinished = || ReplayOutcome::NotReplayable { obstacle: Obstacle::RunUnfinished {} };
    let (late, later) = ("2030-11-22T00:00:00Z", "2030-11-22T00:01:00Z");
    let replaced = |place: usize, event: Event| {
        let mut after = after();
        after[place].event = event;
        after
    };
    let added = |event: Event| [after(), vec![entry(late, event)]].concat();
    let both = |one: Event, other: Event| [after(), vec![entry(late, one), entry(later, other)]].concat();
    let cases: Vec<(Vec<Entry>, &[&str])> = vec![
        (added(begin("p-2", "r-9", later)), &["audit.replay-unknown-run"]),
        (added(begin("p-1", "r-1", later)), &["audit.replay-again"]),
        (added(matched("p-1", "r-1", 1)), &["audit.replay-again"]),
        (added(matched("p-9", "r-1", 1)), &["audit.replay-not-begun"]),
        (replaced(0, begin("p-1", "r-1", "2026-11-21T11:00:59Z")), &["audit.replay-slot"]),
        (replaced(0, begin("p-1", "r-1", "2026-11-21T11:01:01Z")), &["audit.replay-early"]),
        (replaced(1, matched("p-1", "r-2", 1)), &["audit.replay-other-run"]),
        (replaced(1, matched("p-1", "r-1", 2)), &["audit.replay-rounds"]),
        (both(begin("p-3", "r-3", later), matched("p-3", "r-3", 0)), &["audit.replay-impossible"]),
        (both(begin("p-3", "r-3", later), answer("p-3", "r-3", 0, unfinished())), &[]),
        (added(effect("r-3")), &["audit.effect-unknown-run"]),
        (replaced(4, seal(1)), &["audit.sealed-again", "audit.purge-count"]),
        (replaced(3, unseal(1)), &["audit.not-sealed", "audit.not-sealed"]),
        (added(unseal(7)), &["audit.custody-unknown-version"]),
        (added(destroy(7)), &["audit.custody-unknown-version"]),
        (added(destroy(1)), &["audit.destroyed-open"]),
        (added(destroy(2)), &[]),
        (both(destroy(2), destroy(2)), &["audit.destroyed-again"]),
        (both(seal(2), destroy(2)), &["audit.destroyed-sealed"]),
        (both(destroy(2), seal(2)), &["audit.sealed-again"]),
        (replaced(5, Event::Retention { years: 2 }), &["audit.retention-short"]),
        (added(Event::Retention { years: 3 }), &["audit.retention-short"]),
        (replaced(6, purge("2026-11-23", 2)), &["audit.purge-young"]),
        (replaced(6, purge("2026-11-22", 1)), &["audit.purge-count"]),
        (added(purge("2026-11-21", 0)), &[]),
    ];
    for (place, (after, expected)) in cases.iter().enumerate() {
        assert_eq!(codes(&[story(), after.clone()].concat()), *expected, "case {place}");
    }
}

/// The third run of the story, after its version was sealed or destroyed.
// clause: H6 refused
#[test]
fn no_run_is_admitted_on_a_sealed_or_destroyed_version() {
    for (event, code) in [(seal(1), "audit.run-on-sealed"), (destroy(1), "audit.run-on-destroyed")] {
        let mut entries = story();
        let third = entries.iter().rposition(|entry| matches!(entry.event, Event::Reserve { .. })).expect("a reservation");
        let before = entries[third].at.clone();
        entries.insert(third, entry(&before, event));
        assert_eq!(codes(&entries), [code]);
    }
}
