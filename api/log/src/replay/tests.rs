//! One honest story, and for each rule a change to it that must be found at its entry, by its code.

use super::*;
use crate::entry::commit;
use std::slice;
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

/// Noise is drawn on a grid this much finer than what is counted.
const STEP: f64 = 1_048_576.0;

fn charge(statistic: &str, mechanism: Mechanism, scale: f64, sensitivity: f64) -> Charge {
    let mut charge = Charge {
        statistic: name(statistic),
        part: "count".into(),
        mechanism,
        scale: scale * STEP,
        sensitivity: sensitivity * STEP,
        cells: 10,
        rho: Rho::ZERO,
        delta: DeltaCost::ZERO,
        first_round: 1,
        rounds: 1,
    };
    charge.rho = Rho::price(price(&charge));
    charge.delta = DeltaCost::price(distance(&charge));
    charge
}

fn charges() -> Vec<Charge> {
    vec![charge("visits", Mechanism::Gaussian, 30.0, 3.0), charge("top", Mechanism::Laplace, 100.0, 1.0)]
}

fn mount(version: u32) -> Event {
    mount_of("hospital", "people", version)
}

fn mount_of(dataset: &str, lineage: &str, version: u32) -> Event {
    Event::Mount {
        dataset: name(dataset),
        version,
        lineage: name(lineage),
        units_max: 20_000,
        delta: 1e-6,
        lifetime_epsilon: 1.0,
        lifetime_rho: Rho::cap(0.02),
        lifetime_delta: DeltaCost::cap(1e-8),
        run_rho_max: Rho::cap(0.006),
        period: None,
        reviewed: None,
        witnesses: None,
        visibility: Visibility::AtSlot,
        schema: digest("schema"),
        policy: digest("policy"),
        shards_commitment: commit(&[1; 32], b"shards"),
    }
}

fn grant_of(grant: &str, dataset: &str) -> Event {
    Event::Grant {
        grant: grant.into(),
        dataset: name(dataset),
        operator: name("acme"),
        operator_key: "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=".into(),
        columns: vec!["visits.cost".into()],
        purpose: name("research"),
        rho: Rho::cap(0.018),
        valid_from: "2026-01-01".into(),
        valid_until: "2026-11-22".into(),
    }
}

fn payer(dataset: &str, lineage: &str, grant: &str) -> Payer {
    Payer { dataset: name(dataset), version: 1, lineage: name(lineage), grant: grant.into() }
}

fn reserve(run: &str, slot: &str) -> Event {
    reserve_of(run, slot, &[payer("hospital", "people", "g-1")], charges())
}

fn reserve_of(run: &str, slot: &str, accounts: &[Payer], charges: Vec<Charge>) -> Event {
    let price = Rounds::of(&charges);
    let Paid { rho, delta } = price.until(u32::MAX);
    Event::Reserve {
        run: run.into(),
        accounts: accounts.to_vec(),
        module: seal(),
        parameters_commitment: commit(&[2; 32], b"parameters"),
        side_tables: vec![],
        rho,
        delta,
        charges,
        rounds: price.last(),
        slot: slot.into(),
        slot_seconds: 60,
        engine: digest("engine"),
    }
}

fn release(run: &str) -> Event {
    release_of(run, 1, true)
}

fn release_of(run: &str, round: u32, last: bool) -> Event {
    Event::Release {
        run: run.into(),
        round,
        last,
        release_commitment: commit(&[3; 32], b"r"),
        totals_commitment: commit(&[4; 32], b"t"),
        pad: String::new(),
    }
}

fn module() -> Event {
    Event::Module {
        module: seal(),
        component: digest("component"),
        manifest: digest("manifest"),
        name: name("tabulate"),
        operator: name("acme"),
    }
}

/// Three runs fit the cap of 0.02; the last stays open.
pub(crate) fn story() -> Vec<Entry> {
    let events = [
        ("2026-11-21T10:00:00Z", Event::Domain { origin: ORIGIN.into(), software: "tidegate 0.1.0".into() }),
        ("2026-11-21T10:00:00Z", mount(1)),
        ("2026-11-21T10:01:00Z", grant_of("g-1", "hospital")),
        ("2026-11-21T10:02:00Z", module()),
        ("2026-11-21T10:03:00Z", reserve("r-1", "2026-11-21T10:04:00Z")),
        ("2026-11-21T10:04:00Z", release("r-1")),
        ("2026-11-21T10:05:00Z", mount(2)),
        ("2026-11-21T10:05:00Z", reserve("r-2", "2026-11-21T10:06:00Z")),
        ("2026-11-21T10:07:00Z", release("r-2")),
        ("2026-11-21T10:08:00Z", reserve("r-3", "2026-11-21T10:09:00Z")),
        ("2026-11-21T10:10:00Z", Event::Revoke { grant: "g-1".into(), reason_commitment: Digest([7; 32]) }),
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
    let each = Rounds::of(&charges()).until(1);
    // A hundredth of epsilon, pure, is pi/4 times its square.
    assert!((each.rho.get() - 0.005_078_54).abs() < 1e-8, "{each:?}");
    assert_eq!((account.spent(), account.runs), (each.plus(each).plus(each), 3));
    assert!(account.delta_spent.units() > 600 && account.delta_spent < account.delta_cap, "{account:?}");
    assert_eq!(account.left, Rho::cap(0.02).minus(account.spent));
    let open = OpenRun { run: "r-3".into(), slot: "2026-11-21T10:09:00Z".into(), rounds: 0, overdue: true };
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
    expect(&change!(6, Mount { lifetime_delta } => *lifetime_delta = DeltaCost::cap(2e-8)), &[(6, "audit.cap-changed")]);
    expect(&change!(6, Mount { lifetime_epsilon } => *lifetime_epsilon = 2.0), &[(6, "audit.cap-changed")]);
    expect(&change!(6, Mount { units_max } => *units_max = 100_001), &[(6, "audit.delta")]);
    expect(&change!(6, Mount { units_max } => *units_max = 100_000), &[]);
    // Caps that are more than the declared epsilon allows: 0.02795... is the most for (1, 1e-6 - (1 + e) 1e-8).
    let both = |rho: f64, delta: f64| {
        let mut story = story();
        for at in [1, 6] {
            if let Event::Mount { lifetime_rho, lifetime_delta, .. } = &mut story[at].event {
                (*lifetime_rho, *lifetime_delta) = (Rho::cap(rho), DeltaCost::cap(delta));
            }
        }
        story
    };
    expect(&both(0.0278, 1e-8), &[]);
    expect(&both(0.0280, 1e-8), &[(1, "audit.cap"), (6, "audit.cap")]);
    expect(&both(0.02, 1e-7), &[]);
    expect(&both(0.0278, 1e-7), &[(1, "audit.cap"), (6, "audit.cap")]);
    expect(&both(0.02, 1e-6), &[(1, "audit.cap"), (6, "audit.cap")]);
    expect(&both(0.02, 5e-16), &[(9, "audit.grant-delta"), (9, "audit.lineage-delta")]);
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
    expect(&change!(4, Reserve { accounts } => accounts[0].grant = "g-2".into()), &[(4, "audit.unknown-grant")]);
    expect(&change!(4, Reserve { accounts } => accounts[0].version = 2), &[(4, "audit.not-mounted")]);
    expect(&change!(4, Reserve { accounts } => accounts[0].version = 0), &[(4, "audit.not-mounted")]);
    let elsewhere = change!(4, Reserve { accounts } => accounts[0].lineage = name("other"));
    expect(&elsewhere, &[(4, "audit.other-lineage"), (4, "audit.grant-delta")]);
    expect(&change!(4, Reserve { accounts } => accounts.clear()), &[(4, "audit.accounts")]);
    expect(&change!(4, Reserve { accounts } => *accounts = vec![accounts[0].clone(); 3]), &[(4, "audit.accounts")]);
    expect(&change!(7, Reserve { run } => *run = "r-1".into()), &[(7, "audit.run-again"), (8, "audit.not-reserved")]);
    expect(&change!(4, Reserve { slot } => *slot = "2026-11-21T10:03:59Z".into()), &[(4, "audit.slot-past")]);
    expect(&change!(4, Reserve { slot_seconds } => *slot_seconds = u64::MAX), &[(4, "audit.slot-past")]);
    expect(&change!(4, Reserve { rho } => *rho = Rho::from_units(rho.units() - 1)), &[(4, "audit.sum")]);
    expect(&change!(4, Reserve { delta } => *delta = DeltaCost::ZERO), &[(4, "audit.delta-sum")]);
    let empty = change!(4, Reserve { charges, rho, delta, rounds } => {
        charges.clear();
        (*rho, *delta, *rounds) = (Rho::ZERO, DeltaCost::ZERO, 0);
    });
    expect(&empty, &[(4, "audit.no-charges"), (5, "audit.after-last")]);
    expect(&change!(4, Reserve { rounds } => *rounds = 2), &[(4, "audit.rounds")]);
    let never = change!(4, Reserve { charges, rho, delta } => {
        charges[0].rounds = 0;
        (*rho, *delta) = (charges[1].rho, charges[1].delta);
    });
    expect(&never, &[(4, "audit.no-round")]);
    expect(
        &change!(1, Mount { run_rho_max } => *run_rho_max = Rho::cap(0.005)),
        &[(4, "audit.run-cap"), (7, "audit.run-cap"), (9, "audit.run-cap")],
    );
    let mut poor = story();
    for at in [1, 6] {
        if let Event::Mount { lifetime_rho, .. } = &mut poor[at].event {
            *lifetime_rho = Rho::cap(0.0152);
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
    for (scale, sensitivity) in [(29.99, 3.0), (30.0, 3.001), (30.0, -3.0), (1e-306, 1e294)] {
        let changed = change!(4, Reserve { charges } => { charges[0].scale = scale * STEP; charges[0].sensitivity = sensitivity * STEP; });
        assert!(codes(&changed).contains(&(4, "audit.underpriced".into())), "{scale} {sensitivity}");
    }
    for scale in [0.0, -30.0] {
        let changed = change!(4, Reserve { charges } => charges[0].scale = scale);
        expect(&changed, &[(4, "audit.underpriced"), (4, "audit.delta-underpriced")]);
    }
    expect(&change!(4, Reserve { charges } => charges[1].scale = 99.9 * STEP), &[(4, "audit.underpriced")]);
    expect(&change!(4, Reserve { charges } => charges[1].scale = 101.0 * STEP), &[]);
    // A coarser grid at the same price, and more cells, are further from what they are priced as.
    let coarse = change!(4, Reserve { charges } => { charges[0].scale /= 2.0; charges[0].sensitivity /= 2.0; });
    expect(&coarse, &[(4, "audit.delta-underpriced")]);
    expect(&change!(4, Reserve { charges } => charges[0].cells = 11), &[(4, "audit.delta-underpriced")]);
    expect(&change!(4, Reserve { charges } => charges[0].cells = 9), &[]);
    expect(&change!(4, Reserve { charges } => charges[1].cells = 1_000), &[]);
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

/// A run of at most 4 rounds that ends after `rounds`, and after it one that needs what came back.
fn rounds_story(rounds: u32, last: bool) -> Vec<Entry> {
    let mut step = charge("step", Mechanism::Gaussian, 60.0, 3.0);
    (step.first_round, step.rounds) = (1, 4);
    let mut story = story()[..4].to_vec();
    let mut at = |clock: &str, event| story.push(Entry { at: format!("2026-11-21T{clock}Z"), event });
    at("10:03:00", reserve_of("r-1", "2026-11-21T10:04:00Z", &[payer("hospital", "people", "g-1")], vec![step]));
    for round in 1..=rounds {
        at(&format!("10:{:02}:00", 3 + round), release_of("r-1", round, last && round == rounds));
    }
    for run in 0..3 {
        at("10:10:00", reserve(&format!("r-{}", 2 + run), "2026-11-21T10:11:00Z"));
    }
    story
}

#[test]
fn rounds_that_were_never_opened_cost_nothing_once_the_run_has_ended() {
    // Each round costs 0.00125, each later run 0.00508; the grant has 0.018.
    let one = Rounds::of(&charges()).until(1).rho.units();
    let step = Rho::price(0.00125).units();
    for (rounds, last, left) in [(1, true, 1), (2, true, 2), (4, true, 4), (4, false, 4)] {
        let story = rounds_story(rounds, last);
        let replay = replay(&story);
        let spent = replay.lineages[&name("people")].spent.units();
        assert!(spent.abs_diff(left * step + 3 * one) <= 8, "{rounds} {last}: {spent}");
        // Four rounds and three runs are too much for the grant and for the lineage; two rounds and three runs are not.
        expect(&story, if left < 4 { &[] } else { &[(11, "audit.grant-cap"), (11, "audit.lineage-cap")] });
    }
    // Not ended: all four stay reserved.
    let open = rounds_story(2, false);
    expect(&open, &[(9, "audit.grant-cap"), (9, "audit.lineage-cap")]);
    assert_eq!(replay(&open).open_runs()[0].rounds, 2);
}

#[test]
fn rounds_come_in_order_at_their_slots_and_not_after_the_last() {
    let three = rounds_story(3, true)[..8].to_vec();
    expect(&three, &[]);
    let round = |at: usize, of: u32, is_last: bool| {
        let mut story = three.clone();
        story[at].event = release_of("r-1", of, is_last);
        story
    };
    expect(&round(6, 3, false), &[(6, "audit.round-skipped"), (7, "audit.release-again")]);
    expect(&round(6, 1, false), &[(6, "audit.release-again"), (7, "audit.round-skipped")]);
    expect(&round(6, 0, true), &[(6, "audit.release-again"), (7, "audit.round-skipped")]);
    expect(&round(6, 2, true), &[(7, "audit.after-last")]);
    expect(&round(7, 5, true), &[(7, "audit.after-last")]);
    // A refund is not for those who skip.
    let skipped = replay(&round(6, 3, true)).lineages[&name("people")].spent;
    assert_eq!(skipped, Rho::from_units(4 * Rho::price(price(&charge("step", Mechanism::Gaussian, 60.0, 3.0))).units()));
    let mut early = three.clone();
    early[6].at = "2026-11-21T10:04:59Z".into();
    expect(&early, &[(6, "audit.early")]);
    early[6].at = "2026-11-21T10:05:30Z".into();
    expect(&early, &[(7, "audit.early")]);
    if let Event::Mount { visibility, .. } = &mut early[1].event {
        *visibility = Visibility::Immediately;
    }
    expect(&early, &[]);
}

/// Two datasets of two lineages, joined three times.
fn join_story(second_lineage: &str) -> Vec<Entry> {
    let both = [payer("hospital", "people", "g-1"), payer("insurer", second_lineage, "g-2")];
    let mut story = story()[..4].to_vec();
    let mut at = |clock: &str, event| story.push(Entry { at: format!("2026-11-21T{clock}Z"), event });
    at("10:02:00", mount_of("insurer", second_lineage, 1));
    at("10:02:00", grant_of("g-2", "insurer"));
    for run in 1..=3 {
        at("10:03:00", reserve_of(&format!("r-{run}"), "2026-11-21T10:04:00Z", &both, charges()));
    }
    story
}

#[test]
fn a_join_charges_both_lineages_and_one_lineage_once() {
    let three = 3 * Rounds::of(&charges()).until(1).rho.units();
    let spent = |story: &[Entry], lineage: &str| replay(story).lineages[&name(lineage)].spent.units();
    let two = join_story("insured");
    expect(&two, &[]);
    assert_eq!((spent(&two, "people"), spent(&two, "insured")), (three, three));
    let same = join_story("people");
    expect(&same, &[]);
    assert_eq!(spent(&same, "people"), three);
    // The second payer is held to everything that the first is.
    let changed = |act: fn(&mut Payer)| {
        let mut story = join_story("insured");
        if let Event::Reserve { accounts, .. } = &mut story[6].event {
            act(&mut accounts[1]);
        }
        story
    };
    expect(&changed(|payer| payer.grant = "g-1".into()), &[(6, "audit.grant-dataset")]);
    expect(&changed(|payer| payer.version = 2), &[(6, "audit.not-mounted")]);
    expect(&changed(|payer| payer.lineage = name("people")), &[(6, "audit.other-lineage")]);
    let mut poor = join_story("insured");
    if let Event::Mount { lifetime_rho, .. } = &mut poor[4].event {
        *lifetime_rho = Rho::cap(0.0152);
    }
    expect(&poor, &[(8, "audit.lineage-cap")]);
    // What comes back comes back to both, once.
    let mut step = charge("step", Mechanism::Gaussian, 60.0, 3.0);
    step.rounds = 4;
    for (lineage, payers) in [("insured", 2), ("people", 1)] {
        let mut story = join_story(lineage);
        let both = [payer("hospital", "people", "g-1"), payer("insurer", lineage, "g-2")];
        story[8].event = reserve_of("r-3", "2026-11-21T10:04:00Z", &both, vec![step.clone()]);
        story.push(Entry { at: "2026-11-21T10:04:00Z".into(), event: release_of("r-3", 1, true) });
        expect(&story, &[]);
        let replay = replay(&story);
        assert_eq!(replay.lineages.len(), payers);
        for account in replay.lineages.values() {
            assert_eq!(account.spent.units(), three / 3 * 2 + step.rho.units());
        }
    }
}

#[test]
fn a_period_paces_what_was_reserved_within_its_days() {
    let paced = |period: Option<PeriodCap>, days: &[&str]| {
        let mut story = story()[..4].to_vec();
        if let Event::Mount { period: of_mount, run_rho_max, .. } = &mut story[1].event {
            (*of_mount, *run_rho_max) = (period, Rho::cap(0.01));
        }
        for (run, at) in days.iter().enumerate() {
            let slot = at.replace(":00Z", ":59Z");
            let mut event = reserve_of(&format!("r-{run}"), &slot, slice::from_ref(&payer("hospital", "people", "g-1")), charges());
            if let Event::Reserve { slot_seconds, .. } = &mut event {
                *slot_seconds = 59;
            }
            story.push(Entry { at: (*at).into(), event });
        }
        story
    };
    let week = |rho: f64| Some(PeriodCap { days: 7, rho: Rho::cap(rho) });
    let close = ["2026-11-10T10:00:00Z", "2026-11-12T10:00:00Z", "2026-11-17T09:59:00Z"];
    let apart = ["2026-11-10T10:00:00Z", "2026-11-12T10:00:00Z", "2026-11-17T10:00:00Z"];
    let backward = |story: &mut Vec<Entry>| story[..4].iter_mut().for_each(|entry| entry.at = "2026-11-10T09:00:00Z".into());
    for (cap, days, expected) in [
        (week(0.0102), close, &[(6, "audit.period-cap")][..]),
        (week(0.0102), apart, &[]),
        (week(0.0153), close, &[]),
        (week(0.0102).map(|cap| PeriodCap { days: 6, ..cap }), close, &[]),
        (week(0.0050), apart, &[(4, "audit.period-cap"), (5, "audit.period-cap"), (6, "audit.period-cap")]),
        (None, close, &[]),
    ] {
        let mut story = paced(cap, &days);
        backward(&mut story);
        expect(&story, expected);
    }
    // The account of delta is paced in proportion: 0.0102 of 0.02 is 51 % of it.
    let mut thin = paced(week(0.0102), &apart);
    backward(&mut thin);
    if let Event::Mount { lifetime_delta, .. } = &mut thin[1].event {
        *lifetime_delta = DeltaCost::from_units(700);
    }
    expect(&thin, &[(5, "audit.period-delta"), (6, "audit.period-delta")]);
}

#[test]
fn findings_are_counted_beyond_those_kept() {
    let mut replay = Replay::new(ORIGIN);
    (0..FINDINGS_MAX + 5).for_each(|_| replay.take(b"garbage"));
    assert_eq!((replay.findings.len(), replay.findings_total), (FINDINGS_MAX, FINDINGS_MAX as u64 + 5));
}

const APPROVERS: [&str; 2] = ["AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=", "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI="];

fn approve(approver: &str) -> Event {
    Event::Approve { module: seal(), dataset: name("hospital"), approver: approver.into() }
}

/// The honest story up to its module, and exact tables after it.
fn tables_story() -> Vec<Entry> {
    let reviewed = Event::Reviewed {
        run: "t-1".into(),
        account: payer("hospital", "people", "g-1"),
        module: seal(),
        approvers: APPROVERS.map(str::to_owned).to_vec(),
        rules: digest("rules"),
        slot: "2026-11-21T10:05:00Z".into(),
        slot_seconds: 60,
        engine: digest("engine"),
    };
    let tables = Event::Tables {
        run: "t-1".into(),
        tables_commitment: commit(&[5; 32], b"tables"),
        totals_commitment: commit(&[6; 32], b"totals"),
        pad: String::new(),
    };
    let events = [
        ("2026-11-21T10:02:00Z", approve(APPROVERS[0])),
        ("2026-11-21T10:03:00Z", approve(APPROVERS[1])),
        ("2026-11-21T10:04:00Z", reviewed),
        ("2026-11-21T10:05:00Z", tables),
    ];
    let events = events.into_iter().map(|(at, event)| Entry { at: at.into(), event });
    let mut story: Vec<Entry> = story().into_iter().take(4).chain(events).collect();
    if let Event::Mount { reviewed, .. } = &mut story[1].event {
        *reviewed = Some(ReviewedTerms { approvers: APPROVERS.map(str::to_owned).to_vec(), rules: digest("rules") });
    }
    story
}

/// The story of tables with one entry changed.
macro_rules! change_tables {
    ($at:expr, $kind:ident { $($field:ident),* } => $act:expr) => {{
        let mut story = tables_story();
        match &mut story[$at].event {
            Event::$kind { $($field,)* .. } => $act,
            other => panic!("another kind: {other:?}"),
        }
        story
    }};
}

#[test]
fn exact_tables_are_approved_by_two_and_admitted_before() {
    let honest = replay(&tables_story());
    assert_eq!((honest.findings_total, honest.runs(), honest.reviewed_runs()), (0, 0, 1), "{:?}", honest.findings);
    assert_eq!(honest.lineages[&name("people")].spent, Rho::ZERO);
    assert!(honest.open_runs().is_empty() && replay(&tables_story()[..7]).open_runs().len() == 1);
    let without = |at: usize| {
        let mut story = tables_story();
        story.remove(at);
        story
    };
    expect(&without(4), &[(5, "audit.not-approved")]);
    expect(&without(6), &[(6, "audit.not-admitted")]);
    expect(&without(3), &[(3, "audit.approved-unknown"), (4, "audit.approved-unknown"), (5, "audit.unknown-module")]);
    let twice = |at: usize| {
        let mut story = tables_story();
        story.insert(at + 1, story[at].clone());
        story
    };
    expect(&twice(4), &[(5, "audit.approved-again")]);
    expect(&twice(6), &[(7, "audit.run-again")]);
    expect(&twice(7), &[(8, "audit.tables-again")]);
    expect(&change_tables!(5, Approve { approver } => approver.truncate(4)), &[(5, "audit.approver-key"), (6, "audit.not-approved")]);
    expect(&change_tables!(5, Approve { dataset } => *dataset = name("other")), &[(5, "audit.not-mounted"), (6, "audit.not-approved")]);
    expect(&change_tables!(6, Reviewed { approvers } => { approvers.pop(); }), &[(6, "audit.too-few-approvers")]);
    expect(&change_tables!(6, Reviewed { approvers } => approvers[1] = approvers[0].clone()), &[(6, "audit.too-few-approvers")]);
    expect(&change_tables!(6, Reviewed { module } => *module = digest("other")), &[(6, "audit.unknown-module"), (6, "audit.not-approved")]);
    expect(&change_tables!(6, Reviewed { account } => account.grant = "g-2".into()), &[(6, "audit.unknown-grant")]);
    expect(&change_tables!(6, Reviewed { account } => account.version = 2), &[(6, "audit.not-mounted")]);
    expect(&change_tables!(6, Reviewed { account } => account.lineage = name("other")), &[(6, "audit.other-lineage")]);
    expect(&change_tables!(6, Reviewed { slot } => *slot = "2026-11-21T10:04:59Z".into()), &[(6, "audit.slot-past")]);
    expect(&change_tables!(6, Reviewed { slot } => *slot = "2026-11-21T10:06:00Z".into()), &[(7, "audit.early")]);
    let mut revoked = tables_story();
    revoked
        .insert(6, Entry { at: revoked[5].at.clone(), event: Event::Revoke { grant: "g-1".into(), reason_commitment: Digest([7; 32]) } });
    expect(&revoked, &[(7, "audit.grant-revoked")]);
    expect(&change_tables!(1, Mount { reviewed } => *reviewed = None), &[(6, "audit.tables-not-allowed")]);
    let other_terms = |change: &dyn Fn(&mut ReviewedTerms)| change_tables!(1, Mount { reviewed } => reviewed.iter_mut().for_each(change));
    expect(
        &other_terms(&|terms| terms.approvers[0] = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=".into()),
        &[(6, "audit.not-an-approver")],
    );
    expect(&other_terms(&|terms| terms.rules = digest("others")), &[(6, "audit.other-rules")]);
    // The newest version's policy counts.
    let mut withdrawn = tables_story();
    withdrawn.insert(6, Entry { at: withdrawn[5].at.clone(), event: mount(2) });
    expect(&withdrawn, &[(7, "audit.tables-not-allowed")]);
    // A run cannot be both.
    let mut both = tables_story();
    both.push(Entry { at: "2026-11-21T10:06:00Z".into(), event: reserve("t-1", "2026-11-21T10:07:00Z") });
    expect(&both, &[(8, "audit.run-again")]);
}

#[test]
fn entries_about_tables_have_the_length_of_a_release() {
    let story = tables_story();
    let bytes = story[7].encode().expect("encode");
    assert_eq!(bytes.len(), crate::entry::RELEASE_BYTES);
    assert_eq!(Entry::decode(&bytes).expect("decode"), story[7]);
    for entry in &story[4..7] {
        assert_eq!(Entry::decode(&entry.encode().expect("encode")).expect("decode"), *entry);
    }
}
