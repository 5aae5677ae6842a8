//! The audit of the log computes prices, distances and caps by code of its own. What the accountant asks for must pass it,
//! over the whole range of parameters, and a hair less must not: neither may drift away from the other unnoticed.

use tidegate_accountant::{discrete_gaussian_tv, gaussian_rho, laplace_rho, lifetime_caps};
use tidegate_log::{Charge, Entry, Event, Payer, Signer, publish, verify};
use tidegate_terms::{Delta, DeltaCost, Digest, Epsilon, Mechanism, Message as _, Name, Rho, Visibility, seal_message};
use tidegate_tests::domain::place;

const AT: &str = "2026-11-21T10:00:00Z";

fn name(text: &str) -> Name {
    Name::parse(text).expect("name")
}

fn charge(mechanism: Mechanism, scale: f64, sensitivity: f64, cells: u32) -> Charge {
    let (rho, delta) = match mechanism {
        Mechanism::Gaussian => (gaussian_rho(scale, sensitivity), discrete_gaussian_tv(scale, u64::from(cells))),
        Mechanism::Laplace => (laplace_rho(sensitivity / scale), DeltaCost::ZERO),
    };
    Charge { statistic: name("visits"), part: "count".into(), mechanism, scale, sensitivity, cells, rho, delta, first_round: 1, rounds: 1 }
}

/// Scales from far below a step to far above any grid, sensitivities from nothing to all, one cell and a million.
fn charges() -> Vec<Charge> {
    let mut charges = Vec::new();
    for mechanism in [Mechanism::Gaussian, Mechanism::Laplace] {
        for scale in [0.3, 0.9, 4.0, 7.77, 49.9, 50.0, 50.1, 1e3, 123_456.7, 3e8, 1e12, 1e15] {
            for ratio in [1e-6, 3e-4, 0.01, 0.2, 1.0, 3.3, 20.0] {
                for cells in [1, 48, 1_000_000] {
                    charges.push(charge(mechanism, scale, scale * ratio, cells));
                }
            }
        }
    }
    charges
}

fn mount(lineage: &str, epsilon: f64, delta: f64) -> Event {
    let caps = lifetime_caps(Epsilon::parse(epsilon).expect("epsilon"), Delta::parse(delta).expect("delta"));
    Event::Mount {
        dataset: name(lineage),
        version: 1,
        lineage: name(lineage),
        units_max: 10,
        delta,
        lifetime_epsilon: epsilon,
        lifetime_rho: caps.rho,
        lifetime_delta: caps.delta,
        run_rho_max: Rho::MAX,
        period: None,
        reviewed: None,
        witnesses: None,
        visibility: Visibility::Immediately,
        schema: Digest::of(b"schema"),
        policy: Digest::of(b"policy"),
        shards_commitment: Digest::of(b"shards"),
    }
}

fn reserve(run: usize, charges: Vec<Charge>) -> Event {
    Event::Reserve {
        run: format!("r-{run}"),
        accounts: vec![Payer { dataset: name("people"), version: 1, lineage: name("people"), grant: "g".into() }],
        module: Digest::of(seal_message(Digest::of(b"component"), Digest::of(b"manifest")).as_bytes()),
        parameters_commitment: Digest::of(b"parameters"),
        side_tables: vec![],
        rho: charges.iter().map(|charge| charge.rho).sum(),
        delta: charges.iter().map(|charge| charge.delta).sum(),
        charges,
        rounds: 1,
        slot: AT.into(),
        slot_seconds: 0,
        engine: Digest::of(b"engine"),
    }
}

/// How often the audit of a log of these events finds each of these rules broken.
fn findings(events: Vec<Event>, codes: &[&str]) -> Vec<usize> {
    let domain = Event::Domain { origin: "log.example".into(), software: "test".into() };
    let entries = std::iter::once(domain).chain(events);
    let mut entries: Vec<Vec<u8>> = entries.map(|event| Entry { at: AT.into(), event }.encode().expect("encode")).collect();
    let directory = place();
    let signer = Signer::from_seed("log.example", &[7; 32]).expect("key");
    publish(directory.path(), &signer, &mut entries).expect("publish");
    let report = verify(directory.path(), None).expect("report");
    codes.iter().map(|code| report.findings.iter().filter(|finding| finding.violation.code() == *code).count()).collect()
}

#[test]
fn what_the_accountant_asks_for_passes_the_audit_and_a_hair_less_does_not() {
    let runs = |change: fn(&mut Charge)| {
        let mut charges = charges();
        charges.iter_mut().for_each(change);
        let runs = charges.chunks(50).enumerate().map(|(run, charges)| reserve(run, charges.to_vec()));
        let codes = ["audit.underpriced", "audit.delta-underpriced", "audit.sum", "audit.delta-sum"];
        findings(std::iter::once(mount("people", 1.0, 1e-6)).chain(runs).collect(), &codes)
    };
    assert_eq!(runs(|_| ()), [0, 0, 0, 0]);
    let all = charges().len();
    // One part in a thousand of rho, and 3 units: every charge whose price is more than rounding.
    let cheaper = runs(|charge| charge.rho = Rho::from_units((charge.rho.units() - charge.rho.units() / 1_000).saturating_sub(3)));
    assert!(cheaper[0] > all * 8 / 10 && cheaper[1..] == [0, 0, 0], "{cheaper:?} of {all}");
    // On coarse grids the audit sums up the distance itself, which is a little less than the accountant's bound.
    let nearer = runs(|charge| charge.delta = DeltaCost::from_units(charge.delta.units() / 3));
    assert!(nearer[0] == 0 && nearer[1] > all / 2 * 6 / 10, "{nearer:?} of {all}");
}

#[test]
fn caps_of_lineages_pass_the_audit_and_larger_ones_do_not() {
    let mut cases = Vec::new();
    for epsilon in [0.01, 0.3, 1.0, 4.0, 15.0, 40.0, 100.0] {
        for delta in [1e-15, 1e-12, 1e-9, 1e-6, 1e-3] {
            cases.push((format!("p{}", cases.len()), epsilon, delta));
        }
    }
    let mounts = |change: fn(&mut Rho, &mut DeltaCost)| {
        let mounts = cases.iter().map(|(lineage, epsilon, delta)| {
            let mut event = mount(lineage, *epsilon, *delta);
            if let Event::Mount { lifetime_rho, lifetime_delta, .. } = &mut event {
                change(lifetime_rho, lifetime_delta);
            }
            event
        });
        findings(mounts.collect(), &["audit.cap", "audit.delta"])
    };
    assert_eq!(mounts(|_, _| ()), [0, 0]);
    // The account of delta leaves nothing of the other 95 %: a hundredth more rho needs more.
    let more = mounts(|rho, _| *rho = Rho::from_units(rho.units() + rho.units() / 50 + 2));
    assert_eq!(more, [cases.len(), 0]);
    let slack = mounts(|_, delta| *delta = DeltaCost::from_units(delta.units() * 2 + 1_000_000_000));
    assert!(slack[0] >= cases.len() - 5, "{slack:?}");
}
