//! One honest story, and for each rule a change to it that must be found at its entry, by its code.

use super::*;
use crate::entry::commit;
use tidegate_terms::{Mechanism, Message as _};

pub(crate) const ORIGIN: &str = "log.example";

fn name(text: &str) -> Name {
    Name::parse(text).expect("name")
}

fn digest(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}

fn seal() -> Digest {
    Digest::of(seal_message(digest("component"), digest("manifest")).as_bytes())
}

fn charge(statistic: &str, mechanism: Mechanism, scale: f64, sensitivity: f64) -> Charge {
    let rho = Rho::price((sensitivity / scale).powi(2) / 2.0);
    Charge { statistic: name(statistic), part: "count".into(), mechanism, scale, sensitivity, rho }
}

fn mount(version: u32) -> Event {
    Event::Mount {
        dataset: name("hospital"),
        version,
        lineage: name("people"),
        units_max: 20_000,
        delta: 1e-6,
        lifetime_epsilon: 1.0,
        lifetime_rho: Rho::cap(0.02),
        run_rho_max: Rho::cap(0.006),
        visibility: Visibility::AtSlot,
        schema: digest("schema"),
        policy: digest("policy"),
        shards_commitment: commit(&[1; 32], b"shards"),
    }
}

fn reserve(run: &str, slot: &str) -> Event {
    let charges = vec![charge("visits", Mechanism::Gaussian, 30.0, 3.0), charge("top", Mechanism::Laplace, 100.0, 1.0)];
    Event::Reserve {
        run: run.into(),
        grant: "g-1".into(),
        dataset: name("hospital"),
        version: 1,
        lineage: name("people"),
        module: seal(),
        parameters_commitment: commit(&[2; 32], b"parameters"),
        rho: charges.iter().map(|charge| charge.rho).sum(),
        charges,
        slot: slot.into(),
        engine: digest("engine"),
    }
}

fn release(run: &str) -> Event {
    Event::Release {
        run: run.into(),
        release_commitment: commit(&[3; 32], b"r"),
        totals_commitment: commit(&[4; 32], b"t"),
        pad: String::new(),
    }
}

/// Three runs fit the cap of 0.02; the last stays open.
pub(crate) fn story() -> Vec<Entry> {
    let grant = Event::Grant {
        grant: "g-1".into(),
        dataset: name("hospital"),
        operator: name("acme"),
        operator_key: "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=".into(),
        columns: vec!["visits.cost".into()],
        purpose: name("research"),
        rho: Rho::cap(0.018),
        valid_from: "2026-01-01".into(),
        valid_until: "2026-11-22".into(),
    };
    let module = Event::Module {
        module: seal(),
        component: digest("component"),
        manifest: digest("manifest"),
        name: name("tabulate"),
        operator: name("acme"),
    };
    let events = [
        ("2026-11-21T10:00:00Z", Event::Domain { origin: ORIGIN.into(), software: "tidegate 0.1.0".into() }),
        ("2026-11-21T10:00:00Z", mount(1)),
        ("2026-11-21T10:01:00Z", grant),
        ("2026-11-21T10:02:00Z", module),
        ("2026-11-21T10:03:00Z", reserve("r-1", "2026-11-21T10:04:00Z")),
        ("2026-11-21T10:04:00Z", release("r-1")),
        ("2026-11-21T10:05:00Z", mount(2)),
        ("2026-11-21T10:05:00Z", reserve("r-2", "2026-11-21T10:06:00Z")),
        ("2026-11-21T10:07:00Z", release("r-2")),
        ("2026-11-21T10:08:00Z", reserve("r-3", "2026-11-21T10:09:00Z")),
        ("2026-11-21T10:10:00Z", Event::Revoke { grant: "g-1".into(), reason: "over".into() }),
    ];
    events.into_iter().map(|(at, event)| Entry { at: at.into(), event }).collect()
}

fn replay(entries: &[Entry]) -> Replay {
    let mut replay = Replay::new(ORIGIN);
    for entry in entries {
        replay.take(&entry.encode().expect("encode"));
    }
    replay
}

fn codes(entries: &[Entry]) -> Vec<(u64, String)> {
    replay(entries).findings.iter().map(|finding| (finding.entry, finding.violation.code())).collect()
}

#[test]
fn the_honest_story_has_no_findings_and_its_accounts() {
    let replay = replay(&story());
    assert_eq!((replay.findings_total, replay.runs()), (0, 3), "{:?}", replay.findings);
    let account = &replay.lineages[&name("people")];
    let each = charge("visits", Mechanism::Gaussian, 30.0, 3.0).rho.plus(charge("top", Mechanism::Laplace, 100.0, 1.0).rho);
    assert!((each.get() - 0.00505).abs() < 1e-11, "{each:?}");
    assert_eq!((account.spent, account.runs), (each.plus(each).plus(each), 3));
    assert_eq!(account.left, Rho::cap(0.02).minus(account.spent));
    let open = OpenRun { run: "r-3".into(), slot: "2026-11-21T10:09:00Z".into(), overdue: true };
    assert_eq!(replay.open_runs(), [open]);
}

/// The story with one entry changed.
fn with(at: usize, change: impl FnOnce(&mut Entry)) -> Vec<Entry> {
    let mut story = story();
    change(&mut story[at]);
    story
}

fn expect(entries: &[Entry], expected: &[(u64, &str)]) {
    let found = codes(entries);
    let found: Vec<(u64, &str)> = found.iter().map(|(entry, code)| (*entry, code.as_str())).collect();
    assert_eq!(found, expected);
}

/// Changes fields of an event, whatever its kind; fails if the kind is another.
macro_rules! change {
    ($at:expr, $kind:ident { $($field:ident),* } => $act:expr) => {
        with($at, |entry| match &mut entry.event {
            Event::$kind { $($field,)* .. } => $act,
            other => panic!("another kind: {other:?}"),
        })
    };
}

#[test]
fn who_and_when() {
    expect(&story()[1..2], &[(0, "audit.no-domain")]);
    expect(&change!(0, Domain { origin } => *origin = "other".into()), &[(0, "audit.origin")]);
    expect(&with(5, |entry| entry.at = "2026-11-21T10:06:00Z".into()), &[(6, "audit.backward"), (7, "audit.backward")]);
    let mut garbled = Replay::new(ORIGIN);
    garbled.take(b"{}");
    garbled.take(br#"{"v":1,"at":"2026-11-21T10:00:00Z","type":"party"}"#);
    garbled.take(br#"{"v":2,"at":"2026-11-21T10:00:00Z","type":"party"}"#);
    assert_eq!((garbled.findings_total, garbled.newer), (2, Some((2, 2))));
}

#[test]
fn mounts() {
    expect(&change!(6, Mount { version } => *version = 3), &[(6, "audit.version")]);
    expect(&change!(6, Mount { version } => *version = 1), &[(6, "audit.version")]);
    expect(&change!(6, Mount { lineage } => *lineage = name("fresh")), &[(6, "audit.lineage-changed")]);
    expect(&change!(6, Mount { lifetime_rho } => *lifetime_rho = Rho::cap(0.0199)), &[(6, "audit.cap-changed")]);
    expect(&change!(6, Mount { delta } => *delta = 2e-6), &[(6, "audit.cap-changed")]);
    expect(&change!(6, Mount { lifetime_epsilon } => *lifetime_epsilon = 2.0), &[(6, "audit.cap-changed")]);
    expect(&change!(6, Mount { units_max } => *units_max = 100_001), &[(6, "audit.delta")]);
    expect(&change!(6, Mount { units_max } => *units_max = 100_000), &[]);
    // A cap of rho that is more than the declared epsilon allows; 0.0207 is the most for (1, 1e-6).
    let both = |rho: f64| {
        let mut story = story();
        for at in [1, 6] {
            if let Event::Mount { lifetime_rho, .. } = &mut story[at].event {
                *lifetime_rho = Rho::cap(rho);
            }
        }
        story
    };
    expect(&both(0.0243), &[]);
    expect(&both(0.0246), &[(1, "audit.cap"), (6, "audit.cap")]);
}

#[test]
fn grants_and_modules() {
    expect(
        &change!(2, Grant { dataset } => *dataset = name("other")),
        &[(2, "audit.not-mounted"), (4, "audit.grant-dataset"), (7, "audit.grant-dataset"), (9, "audit.grant-dataset")],
    );
    expect(&change!(2, Grant { operator_key } => operator_key.truncate(8)), &[(2, "audit.operator-key")]);
    expect(&change!(2, Grant { valid_from } => *valid_from = "2026-11-23".into())[..4], &[(2, "audit.grant-dates")]);
    expect(&change!(2, Grant { valid_until } => *valid_until = "2026-11-31".into()), &[(2, "audit.grant-dates")]);
    expect(&change!(2, Grant { valid_until } => *valid_until = "2026-11-20".into())[..5], &[(4, "audit.grant-day")]);
    expect(&change!(2, Grant { valid_from } => *valid_from = "2026-11-22".into())[..5], &[(4, "audit.grant-day")]);
    expect(&change!(2, Grant { valid_from } => *valid_from = "2026-11-21".into()), &[]);
    expect(&change!(2, Grant { rho } => *rho = Rho::cap(0.015)), &[(9, "audit.grant-cap")]);
    expect(&change!(10, Revoke { grant } => *grant = "g-2".into()), &[(10, "audit.unknown-grant")]);
    let mut twice = story();
    twice.push(twice[10].clone());
    expect(&twice, &[(11, "audit.revoked-again")]);
    let mut again = story();
    again.insert(3, again[2].clone());
    expect(&again, &[(3, "audit.grant-again")]);
    let mut revoked = story();
    let revocation = revoked.remove(10);
    revoked.insert(7, Entry { at: revoked[7].at.clone(), ..revocation });
    expect(&revoked, &[(8, "audit.grant-revoked"), (10, "audit.grant-revoked")]);
    expect(&change!(3, Module { component } => *component = digest("other"))[..5], &[(3, "audit.seal")]);
    expect(&change!(3, Module { operator } => *operator = name("rival"))[..5], &[(4, "audit.unknown-module")]);
    expect(&change!(4, Reserve { module } => *module = digest("other")), &[(4, "audit.unknown-module")]);
}

#[test]
fn reservations() {
    expect(&change!(4, Reserve { grant } => *grant = "g-2".into()), &[(4, "audit.unknown-grant")]);
    expect(&change!(4, Reserve { version } => *version = 2), &[(4, "audit.not-mounted")]);
    expect(&change!(4, Reserve { version } => *version = 0), &[(4, "audit.not-mounted")]);
    expect(&change!(4, Reserve { lineage } => *lineage = name("other")), &[(4, "audit.other-lineage")]);
    expect(&change!(7, Reserve { run } => *run = "r-1".into()), &[(7, "audit.run-again"), (8, "audit.not-reserved")]);
    expect(&change!(4, Reserve { slot } => *slot = "2026-11-21T10:02:59Z".into()), &[(4, "audit.slot-past")]);
    expect(&change!(4, Reserve { rho } => *rho = Rho::from_units(rho.units() - 1)), &[(4, "audit.sum")]);
    expect(&change!(4, Reserve { charges, rho } => { charges.clear(); *rho = Rho::ZERO; }), &[(4, "audit.no-charges")]);
    expect(
        &change!(1, Mount { run_rho_max } => *run_rho_max = Rho::cap(0.005)),
        &[(4, "audit.run-cap"), (7, "audit.run-cap"), (9, "audit.run-cap")],
    );
    let mut poor = story();
    for at in [1, 6] {
        if let Event::Mount { lifetime_rho, .. } = &mut poor[at].event {
            *lifetime_rho = Rho::cap(0.0151);
        }
    }
    expect(&poor, &[(9, "audit.lineage-cap")]);
}

#[test]
fn prices() {
    let cheaper = |units: u64| {
        change!(4, Reserve { charges, rho } => {
            charges[0].rho = Rho::from_units(charges[0].rho.units() - units);
            *rho = charges.iter().map(|charge| charge.rho).sum();
        })
    };
    expect(&cheaper(1), &[]);
    expect(&cheaper(3), &[(4, "audit.underpriced")]);
    for (scale, sensitivity) in [(29.99, 3.0), (30.0, 3.001), (0.0, 3.0), (-30.0, 3.0), (30.0, -3.0), (1e-300, 1e300)] {
        let changed = change!(4, Reserve { charges } => { charges[0].scale = scale; charges[0].sensitivity = sensitivity; });
        expect(&changed, &[(4, "audit.underpriced")]);
    }
    expect(&change!(4, Reserve { charges } => charges[1].scale = 99.9), &[(4, "audit.underpriced")]);
    expect(&change!(4, Reserve { charges } => charges[1].scale = 101.0), &[]);
}

#[test]
fn releases() {
    expect(&with(5, |entry| entry.event = release("r-9")), &[(5, "audit.not-reserved")]);
    let mut twice = story();
    twice.insert(6, twice[5].clone());
    expect(&twice, &[(6, "audit.release-again")]);
    let early = with(5, |entry| entry.at = "2026-11-21T10:03:59Z".into());
    expect(&early, &[(5, "audit.early")]);
    let mut immediately = early;
    if let Event::Mount { visibility, .. } = &mut immediately[1].event {
        *visibility = Visibility::Immediately;
    }
    expect(&immediately, &[]);
}

#[test]
fn findings_are_counted_beyond_those_kept() {
    let mut replay = Replay::new(ORIGIN);
    (0..FINDINGS_MAX + 5).for_each(|_| replay.take(b"garbage"));
    assert_eq!((replay.findings.len(), replay.findings_total), (FINDINGS_MAX, FINDINGS_MAX as u64 + 5));
}
