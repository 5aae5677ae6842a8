//! A governed story without findings, and for each rule a change to it that must be found.

use super::super::tests::{ORIGIN, story};
use super::*;
use crate::entry::{Changed, Entry};
use crate::replay::Read;
use tidegate_terms::{Digest, Message as _};

fn decided(action: &str, kind: &str, id: &str, organisation: &str) -> Decided {
    Decided {
        action: action.into(),
        kind: kind.into(),
        id: id.into(),
        version: 0,
        state: "live".into(),
        account: "a1".into(),
        organisation: Name::parse(organisation).expect("name"),
        role: Name::parse("authority").expect("name"),
        policy: "P1".into(),
        rule: "A1".into(),
        pack: Name::parse("sys").expect("name"),
        pack_digest: Digest::of(b"pack"),
        content_commitment: Digest::of(b"content"),
        also: vec![],
        suspends: vec![],
        restores: vec![],
        stops_run: None,
    }
}

/// The honest story, with the decision that each of its acts needs before it.
fn governed() -> Vec<Entry> {
    let mut entries = Vec::new();
    for entry in story() {
        let before = match &entry.event {
            Event::Mount { .. } => Some(decided("mount_dataset", "dataset", "hospital", "bureau")),
            Event::Grant { .. } => Some(decided("give_grant", "grant", "hospital", "bureau")),
            Event::Module { .. } => Some(decided("upload_module", "module", "new", "acme")),
            Event::Reserve { .. } => Some(decided("request_run", "run", "new", "acme")),
            _ => None,
        };
        entries.extend(before.map(|event| Entry { at: entry.at.clone(), event: Event::Decided(event) }));
        entries.push(entry);
    }
    entries
}

fn codes(entries: &[Entry]) -> Vec<String> {
    let mut replay = Replay::new(ORIGIN);
    for entry in entries {
        replay.take(Read::of(&entry.encode().expect("encode")));
    }
    replay.findings.iter().map(|finding| finding.violation.code()).collect()
}

/// Where the first entry of a kind stands.
fn first(entries: &[Entry], kind: &str) -> usize {
    entries.iter().position(|entry| entry.event.kind() == kind).expect("an entry of the kind")
}

/// The governed story with a decision before the first entry of a kind.
fn with_before(kind: &str, event: Decided) -> Vec<Entry> {
    let mut entries = governed();
    let at = first(&entries, kind);
    entries.insert(at, Entry { at: entries[at].at.clone(), event: Event::Decided(event) });
    entries
}

fn resting(kind: RestingKind, name: &str) -> Vec<Resting> {
    vec![Resting { kind, name: name.into(), stop: "s1".into() }]
}

#[test]
fn a_governed_story_has_no_findings_and_reads_back() {
    assert!(codes(&governed()).is_empty(), "{:?}", codes(&governed()));
    for entry in governed() {
        assert_eq!(Entry::decode(&entry.encode().expect("encode")).expect("decode"), entry);
    }
    let mut full = decided("decide_objection", "objection", "o1", "bureau");
    (full.version, full.stops_run) = (1, Some("r-9".into()));
    full.also = vec![Changed { kind: "entry".into(), id: "e1".into(), version: 1, state: "suspended".into() }];
    full.suspends = resting(RestingKind::Everything, ALL);
    let entry = Entry { at: "2026-11-21T10:00:00Z".into(), event: Event::Decided(full.clone()) };
    assert_eq!(Entry::decode(&entry.encode().expect("encode")).expect("decode"), entry);
    full.id = "张三".into();
    assert!(Entry { at: entry.at, event: Event::Decided(full) }.encode().is_err(), "no room for what people write");
}

#[test]
fn what_no_decision_precedes_is_found() {
    for (kind, left) in [("mount", 1), ("grant", 1), ("module", 1), ("reserve", 1)] {
        let mut entries = governed();
        // The domain stays governed by another decision.
        let at = first(&entries, kind);
        entries[at - 1].event = Event::Decided(decided("show_status", "domain", "domain", "bureau"));
        assert_eq!(codes(&entries), vec!["audit.not-decided"; left], "{kind}");
    }
    let mut another = governed();
    let at = first(&another, "reserve");
    another[at - 1].event = Event::Decided(decided("request_run", "run", "new", "another"));
    assert_eq!(codes(&another), ["audit.not-decided"], "another organisation's decision");
    assert!(codes(&story()).is_empty(), "a domain that is not governed needs none");
}

#[test]
fn versions_count_up() {
    let with = |versions: [u32; 3]| {
        let mut entries = governed();
        for version in versions {
            let mut event = decided("draft_plan", "plan", "p1", "bureau");
            event.version = version;
            entries.push(Entry { at: "2026-11-21T11:00:00Z".into(), event: Event::Decided(event) });
        }
        codes(&entries)
    };
    assert!(with([1, 2, 3]).is_empty());
    assert_eq!(with([1, 1, 2]), ["audit.decided-version"]);
    assert_eq!(with([1, 3, 4]), ["audit.decided-version"]);
    assert_eq!(with([2, 3, 4]), ["audit.decided-version"]);
    let mut event = decided("draft_plan", "plan", "p1", "bureau");
    event.role = Name::parse("king").expect("name");
    assert_eq!(codes(&with_before("release", event)), ["audit.decided-role"]);
}

// clause: I9 refused
#[test]
fn nothing_is_admitted_or_released_under_what_rests() {
    let kinds = [
        (RestingKind::Grant, "g-1"),
        (RestingKind::Dataset, "hospital"),
        (RestingKind::Organisation, "acme"),
        (RestingKind::Everything, ALL),
    ];
    for (kind, name) in kinds {
        let mut stop = decided("file_objection", "objection", "s1", "bureau");
        stop.suspends = resting(kind, name);
        let found = codes(&with_before("reserve", stop.clone()));
        assert_eq!(found, vec!["audit.suspended"; 5], "{name}: three runs, two releases");
        assert_eq!(codes(&with_before("release", stop.clone()))[0], "audit.suspended", "{name}");
        // Restored at once, nothing is wrong.
        let mut entries = with_before("reserve", stop);
        let at = first(&entries, "reserve");
        let mut end = decided("decide_objection", "objection", "s1", "bureau");
        end.restores = resting(kind, name);
        entries.insert(at, Entry { at: entries[at].at.clone(), event: Event::Decided(end) });
        assert!(codes(&entries).is_empty(), "{name}");
    }
    let mut other = decided("file_objection", "objection", "s1", "bureau");
    other.suspends = resting(RestingKind::Dataset, "another");
    assert!(codes(&with_before("reserve", other)).is_empty());
}

#[test]
fn what_is_held_is_held_once_and_let_go_by_who_holds_it() {
    let mut again = decided("file_objection", "objection", "s1", "bureau");
    again.suspends = [resting(RestingKind::Grant, "g-9"), resting(RestingKind::Grant, "g-9")].concat();
    assert_eq!(codes(&with_before("release", again)), ["audit.suspended-again"]);
    let mut stranger = decided("decide_objection", "objection", "s2", "bureau");
    stranger.restores = resting(RestingKind::Grant, "g-9");
    assert_eq!(codes(&with_before("release", stranger)), ["audit.restored-unknown"]);
}

#[test]
fn a_run_that_was_ended_releases_nothing() {
    let mut stop = decided("stop_run", "run", "r-1", "bureau");
    stop.stops_run = Some("r-1".into());
    assert_eq!(codes(&with_before("release", stop)), ["audit.stopped-by-decision"]);
}
