//! Offenders through the whole path: state, loops, values out of range, and modules that break at their start.
//! Runs succeed, totals are exactly what the contract says, and time shows nothing.

use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Instant;
use tidegate_tests::domain::{Domain, IMMEDIATELY};
use tidegate_tests::openings::Runs;
use tidegate_tests::program::repository;
use tidegate_tests::truth::Truth;

const COLUMNS: &str = "person-years.plan,person-years.meddol,person-years.income,person-years.xage";

fn domain(policy: &str) -> Domain {
    let domain = Domain::with_rand_hie(policy);
    domain.grant(COLUMNS, "4");
    domain
}

fn run(release: &Value) -> &str {
    release["run"].as_str().expect("run")
}

#[test]
fn totals_are_the_same_for_one_two_and_four_workers() {
    let domain = domain(IMMEDIATELY);
    domain.upload_samples(&["expensive-years"]);
    let asked = ["1", "2", "4"].map(|workers| domain.run("expensive-years", &format!("0.1{workers}"), &["--workers", workers]).json());
    let log = Runs::read(domain.directory());
    let expected = Truth::read().expensive_years(500.0);
    for release in &asked {
        assert!(log.opens_to(run(release), &expected));
    }
    assert_ne!(asked[0]["statistics"][0]["groups"], asked[1]["statistics"][0]["groups"], "each has its own noise");
}

#[test]
fn a_module_keeps_nothing_between_units() {
    let domain = domain(IMMEDIATELY);
    domain.upload_samples(&["offender-keeps-state"]);
    let release = domain.run("offender-keeps-state", "1", &[]).json();
    let persons = Truth::read().persons() as i64;
    let statistics = release["statistics"].as_array().expect("statistics");
    assert_eq!(statistics.len(), 3);
    let steps = |statistic: &Value| (1.0 / statistic["noise"][0]["step"].as_f64().expect("step")).floor() as i64;
    let totals: Vec<i64> = statistics.iter().map(|statistic| persons * steps(statistic)).collect();
    assert!(Runs::read(domain.directory()).opens_to(run(&release), &totals), "every unit contributed exactly 1 to each sum");
}

/// What one unit's misbehaviour comes to, in steps: the sum, then of each of three groups how far its value lies from the
/// lower bound and how far from the upper.
fn contributed(way: usize) -> [i64; 7] {
    const ONE: i64 = 1 << 20;
    match way {
        0 => [ONE, ONE / 2, ONE / 2, 0, 0, 0, 0], // honest: a value of 0.5 is the middle
        1 => [ONE, ONE, 0, 0, 0, 0, 0],           // clamped
        8 => [104_857, 0, 0, 0, 0, 0, 0],         // rounded towards zero; a tenth of a value is none
        14 => [ONE, 0, 0, 0, 0, 0, 0],            // a sum without a count is nothing
        _ => [0; 7],                              // the default
    }
}

#[test]
fn what_is_out_of_range_is_clamped_or_becomes_the_default() {
    let domain = domain(IMMEDIATELY);
    domain.upload_samples(&["offender-out-of-range"]);
    let mut expected = BTreeMap::new();
    let truth = Truth::read();
    for way in 0..18 {
        let release = domain.run("offender-out-of-range", "0.1", &["--param", &format!("way={way}")]).json();
        let totals = contributed(way).map(|steps| steps * truth.persons() as i64);
        expected.insert(run(&release).to_owned(), (format!("way {way}"), totals));
    }
    let mut mixed = [0; 7];
    for plan in truth.first_plans() {
        contributed((plan - 1) % 18).iter().zip(&mut mixed).for_each(|(steps, total)| *total += steps);
    }
    let release = domain.run("offender-out-of-range", "0.1", &[]).json();
    expected.insert(run(&release).to_owned(), ("each in its own way".into(), mixed));
    let log = Runs::read(domain.directory());
    for (run, (way, totals)) in &expected {
        assert!(log.opens_to(run, totals), "{way}");
    }
    domain.audit();
}

#[test]
fn modules_that_break_at_their_start_contribute_zeros() {
    let domain = domain(IMMEDIATELY);
    let manifest = std::fs::read_to_string(repository("sample-models/models/expensive-years/manifest.toml")).expect("manifest");
    for bad in ["loops-at-start", "traps-at-start", "minimal"] {
        let component = wat::parse_file(repository(&format!("sample-models/bad/{bad}.wat"))).expect("assemble");
        let model = domain.model_of(bad, &component, &manifest.replace("name = \"expensive-years\"", &format!("name = \"{bad}\"")));
        domain.upload(&model).json();
        let release = domain.run(bad, "0.1", &[]).json();
        assert!(Runs::read(domain.directory()).opens_to(run(&release), &[0; 6]), "{bad}");
    }
}

/// Attack A2. Fuel is cut to a third, which shortens the slot.
#[test]
fn a_loop_on_one_person_shows_in_no_time() {
    let policy = IMMEDIATELY.replace("immediately", "at_slot");
    let truth = Truth::read();
    let scene = |target: &'static str, policy: String| {
        let domain = domain(&policy);
        let model = domain.model("offender-loops", |manifest| manifest.replace("fuel_per_unit = 1000000", "fuel_per_unit = 300000"));
        domain.upload(&model).json();
        let began = Instant::now();
        let release = domain.run("offender-loops", "1", &["--param", target]).json();
        let took = began.elapsed();
        let quote = domain.ask(&tidegate_tests::domain::question("quote", "offender-loops", "1", &[])).json();
        let line = domain.account()["lines"][0].clone();
        (domain, release, quote["slot_seconds"].as_i64().expect("seconds"), line, took)
    };
    let present = std::thread::spawn({
        let policy = policy.clone();
        move || scene("target-income=13748.76", policy)
    });
    let absent = scene("target-income=1.25", policy);
    let present = present.join().expect("the run with the target");
    let hit = truth
        .first_incomes_and_ages()
        .iter()
        .filter(|first| (first.0 - 13748.76).abs() < 0.005 && (first.1 - 42.87748).abs() < 0.005)
        .count();
    assert_eq!(hit, 1, "the target is one person");
    for ((domain, release, slot_seconds, line, took), persons) in [(present, truth.persons() - hit), (absent, truth.persons())] {
        assert!(Runs::read(domain.directory()).opens_to(run(&release), &[persons as i64]), "{persons} persons did not loop");
        let instant = |value: &Value| value.as_str().expect("instant").parse::<jiff::Timestamp>().expect("instant").as_second();
        assert_eq!(instant(&release["visible_at"]) - instant(&line["at"]), slot_seconds, "visible at the slot, not before and not after");
        // Admission is stamped by whole seconds, so up to one second of the slot is over when the wait begins.
        let seconds = took.as_secs_f64();
        assert!(seconds > slot_seconds as f64 - 1.0 && seconds < slot_seconds as f64 + 2.0, "{seconds} s for a slot of {slot_seconds} s");
    }
}
