//! The whole path of README's tour on real data: released values beside the truth, the account to the last
//! unit, the stored answer, the verified log, and nothing exact where an operator can look.

use serde_json::Value;
use std::fs;
use tidegate_tests::domain::{Domain, question, text, units};
use tidegate_tests::openings::Runs;
use tidegate_tests::program::{is_chinese, repository, tidegate};
use tidegate_tests::truth::{Truth, mean, variance};

const MODELS: [&str; 3] = ["visits-by-plan", "expensive-years", "expenditure"];

fn policy() -> String {
    let policy = fs::read_to_string(repository("sample-models/datasets/rand-hie/policy.toml")).expect("policy");
    assert!(policy.contains("at_slot"), "the tour runs to its slot");
    policy
}

fn estimate<'a>(group: &'a Value, name: &str) -> &'a Value {
    let found = group["estimates"].as_array().expect("estimates").iter().find(|estimate| estimate["name"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {group}"))
}

fn part(estimate: &Value, name: &str) -> f64 {
    estimate[name].as_f64().unwrap_or_else(|| panic!("no {name} in {estimate}"))
}

/// How often the 95 % interval misses the truth. Each value must lie within four half-widths (7.8 standard
/// deviations of a Gaussian: false alarms below 1e-14 each) and inside its own interval.
fn misses(pairs: &[(&Value, f64)]) -> usize {
    for (estimate, truth) in pairs {
        let (value, lower, upper) = (part(estimate, "value"), part(estimate, "lower"), part(estimate, "upper"));
        assert!(lower <= value && value <= upper && upper > lower, "{estimate}");
        let reach = 4.0 * (value - lower).max(upper - value);
        assert!((value - truth).abs() <= reach, "{estimate}: the truth is {truth}");
    }
    pairs.iter().filter(|(estimate, truth)| !(part(estimate, "lower")..=part(estimate, "upper")).contains(truth)).count()
}

// clause: E4 both
// clause: G20, G21 permitted
#[test]
fn the_whole_path() {
    let domain = Domain::with_rand_hie(&policy());
    let truth = Truth::read();
    let granted = domain.grant("person-years.plan,person-years.mdvis,person-years.meddol", "4");
    for name in MODELS {
        let directory = domain.model(name, str::to_owned);
        assert_eq!(domain.ask(&["model", "check", text(&directory)]).json()["name"], name);
        let schema = repository("sample-models/datasets/rand-hie/schema.toml");
        let dry = domain.ask(&["model", "dry-run", text(&directory), "--schema", text(&schema), "--units", "200"]).json();
        // Made-up rows know no rule across rows, so a model that allows one plan per person rejects some units.
        assert_eq!((&dry["units"], &dry["traps"]), (&200.into(), &0.into()), "{dry}");
        assert!(dry["misshapen"].as_u64() < Some(200), "{dry}");
        domain.upload(&directory).json();
    }
    assert_eq!(units(&domain.account()["spent"]), 0, "nothing is charged before a run");

    let (mut spent, mut runs) = (0, Vec::new());
    for name in MODELS {
        let quote = domain.ask(&question("quote", name, "1", &[])).json();
        assert_eq!(quote["stored"], false);
        let release = domain.run(name, "1", &[]).json();
        assert_eq!((&release["stored"], &release["visibility"]), (&Value::from(false), &Value::from("at_slot")));
        assert_eq!(release["price"], quote["price"], "the price is the quoted one");
        assert!(part(&release["price"], "epsilon") <= 1.0 && part(&release["price"], "epsilon") > 0.99, "{}", release["price"]);
        assert!(release["checkpoint_size"].as_u64() > release["log_position"].as_u64());
        spent += units(&release["price"]["rho"]);
        runs.push((name, release));
    }
    check_visits(&runs[0].1, &truth);
    check_expensive_years(&runs[1].1, &truth, &domain);
    check_expenditure(&runs[2].1, &truth);

    let account = domain.account();
    assert_eq!(units(&account["spent"]), spent, "the account is the exact sum of the prices");
    assert_eq!(units(&account["left"]), units(&account["cap"]) - spent);
    assert_eq!(account["lines"].as_array().map(Vec::len), Some(3));
    check_stored_answers(&domain, &runs);
    assert_eq!(domain.account(), account, "stored answers cost nothing");
    let grants = domain.ask(&["grant", "list"]).json();
    assert_eq!((grants[0]["id"].as_str(), units(&grants[0]["spent"])), (Some(granted.as_str()), spent));

    let audit = domain.audit();
    // Domain, mount, grant, three modules, three reservations, three releases.
    assert_eq!((&audit["entries"], &audit["runs"]), (&12.into(), &3.into()), "{audit}");
    assert_eq!(audit["lineages"]["rand-hie"]["spent"].as_u64(), Some(spent), "the audit adds up the same sum");
    nothing_exact_outside(&domain, &truth);
    both_languages(&domain, &runs[0].1);
}

fn check_visits(release: &Value, truth: &Truth) {
    let visits = truth.visits_by_plan(30.0);
    let groups = release["statistics"][0]["groups"].as_array().expect("groups");
    assert_eq!(groups.len(), 24, "every declared plan, also those that nobody has");
    let known = |group: &&Value| visits.contains_key(group["key"].as_str().unwrap_or_default());
    let truth_of = |group: &Value| &visits[group["key"].as_str().expect("key")];
    let means: Vec<_> = groups.iter().filter(known).map(|group| (estimate(group, "mean"), mean(truth_of(group)))).collect();
    let counts: Vec<_> = groups.iter().filter(known).map(|group| (estimate(group, "count"), truth_of(group).len() as f64)).collect();
    assert_eq!(means.len(), 18);
    // 18 intervals at 95 %: more than 8 misses have a probability below 1e-7.
    assert!(misses(&means) <= 8 && misses(&counts) <= 8, "{release}");
    let largest = means.iter().map(|(estimate, _)| part(estimate, "upper") - part(estimate, "lower")).fold(f64::MAX, f64::min);
    assert!(largest < 3.0, "some plan has enough persons for a useful interval: {largest}");
}

fn check_expensive_years(release: &Value, truth: &Truth, domain: &Domain) {
    let expected = truth.expensive_years(500.0);
    let groups = release["statistics"][0]["groups"].as_array().expect("groups");
    let pairs: Vec<_> = groups.iter().zip(&expected).map(|(group, truth)| (estimate(group, "count"), *truth as f64)).collect();
    assert_eq!(pairs.len(), 6);
    // 6 intervals at 95 %: 6 misses have a probability of 2e-8.
    assert!(misses(&pairs) < 6, "{release}");
    let log = Runs::read(domain.directory());
    let run = release["run"].as_str().expect("run");
    assert!(log.opens_to(run, &expected), "the exact totals are those of the file");
    let other: Vec<i64> = expected.iter().enumerate().map(|(at, total)| total + i64::from(at == 3)).collect();
    assert!(!log.opens_to(run, &other), "and no others");
}

fn check_expenditure(release: &Value, truth: &Truth) {
    let amounts = truth.expenditure(5000.0);
    let group = &release["statistics"][0]["groups"][0];
    let pairs = [
        (estimate(group, "mean"), mean(&amounts)),
        (estimate(group, "variance"), variance(&amounts)),
        (estimate(group, "count"), amounts.len() as f64),
    ];
    misses(&pairs);
}

fn check_stored_answers(domain: &Domain, runs: &[(&str, Value)]) {
    for (name, release) in runs {
        let again = domain.run(name, "1", &[]).json();
        let shown = domain.ask(&["release", "show", release["run"].as_str().expect("run")]).json();
        assert_eq!(domain.ask(&question("quote", name, "1", &[])).json()["stored"], true);
        for stored in [again, shown] {
            assert_eq!(stored["stored"], true);
            assert_eq!(stored["statistics"], release["statistics"], "the same numbers, not new noise");
            assert_eq!(stored["run"], release["run"]);
        }
    }
}

/// The number of persons and of person-years is in the provider's report, and nowhere else where anybody can
/// look: not in what the operator is shown, not in the log, not in the names and sizes of public files.
fn nothing_exact_outside(domain: &Domain, truth: &Truth) {
    let (persons, years) = (truth.persons().to_string(), truth.years().to_string());
    assert_eq!((persons.as_str(), years.as_str()), ("5912", "20190"));
    let report = domain.ask(&["dataset", "report", "rand-hie"]).json()["report"].clone();
    assert_eq!((&report["units"], &report["rows"]), (&5912.into(), &20190.into()), "the provider sees them");
    let mut texts = vec![];
    for options in [vec!["--json"], vec![]] {
        for arguments in [
            vec!["dataset", "show", "rand-hie"],
            vec!["dataset", "list"],
            vec!["grant", "list"],
            vec!["model", "list"],
            vec!["budget", "show", "rand-hie"],
            question("quote", "visits-by-plan", "0.5", &[]),
        ] {
            texts.push(domain.ask_with(&options, &arguments).text().to_owned());
        }
    }
    let mut directories = vec![domain.directory().join("log")];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).expect("log").flatten() {
            if entry.path().is_dir() {
                directories.push(entry.path());
            } else {
                texts.push(String::from_utf8_lossy(&fs::read(entry.path()).expect("file of the log")).into_owned());
            }
        }
    }
    for text in &texts {
        let numbers: Vec<&str> = text.split(|character: char| !character.is_ascii_digit()).collect();
        assert!(!numbers.contains(&persons.as_str()) && !numbers.contains(&years.as_str()), "an exact count in: {text}");
    }
    let shown = domain.ask(&["dataset", "show", "rand-hie"]).json();
    assert_eq!((&shown["schema"]["units_max"], &shown["schema"]["tables"][0]["rows_per_unit_max"]), (&6000.into(), &5.into()));
    assert!(texts[0].contains("6000"), "the declared bound is shown");
}

fn both_languages(domain: &Domain, release: &Value) {
    let run = release["run"].as_str().expect("run");
    let log = domain.directory().join("log");
    for arguments in [
        vec!["dataset", "show", "rand-hie"],
        vec!["dataset", "list"],
        vec!["grant", "list"],
        vec!["model", "list"],
        vec!["budget", "show", "rand-hie"],
        vec!["release", "show", run],
        vec!["audit", "verify", text(&log)],
        question("quote", "visits-by-plan", "0.5", &[]),
    ] {
        let chinese = domain.ask_with(&["--lang", "zh"], &arguments);
        assert!(is_chinese(chinese.text()), "{arguments:?} speaks no Chinese: {}", chinese.out);
    }
    let refused = domain.ask_with(&["--lang", "zh"], &["release", "show", "r-none"]);
    assert!(refused.code == Some(2) && refused.err.starts_with("错误："), "{}", refused.err);
    let help = tidegate(&["--lang", "zh", "--help"]);
    assert!(help.text().contains("潮闸"), "{}", help.out);
}

#[test]
fn shells_get_completions() {
    for (shell, mark) in [("bash", "complete -F"), ("zsh", "#compdef tidegate"), ("fish", "complete -c tidegate")] {
        let said = tidegate(&["completions", shell]);
        assert!(said.text().contains(mark) && said.out.contains("budget"), "{shell}");
    }
}

#[test]
fn the_operator_needs_no_domain_to_try_a_model() {
    let place = tidegate_tests::domain::place();
    let domain = place.path().join("none");
    let schema = repository("sample-models/datasets/rand-hie/schema.toml");
    let model = repository("sample-models/models/visits-by-plan");
    let component = repository("sample-models/built/visits-by-plan.wasm");
    let dry =
        ["model", "dry-run", text(&model), "--component", text(&component), "--schema", text(&schema), "--json", "--domain", text(&domain)];
    assert_eq!(tidegate(&dry).json()["traps"], 0);
    assert!(!domain.exists());
    let run = tidegate(&[&question("run", "m", "1", &[]), ["--json", "--domain", text(&domain)].as_slice()].concat());
    assert!(run.refused("domain.missing").en.contains("tidegate init"));
    assert!(!domain.exists());
}
