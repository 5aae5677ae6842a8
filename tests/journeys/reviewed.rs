//! Exact tables under disclosure control, from approval to log: who may, what is shown, and what is suppressed.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tidegate_disclosure::{Axis, Cell, DisclosureRules, Measure, Published, Remembered, Shown, Table, review};
use tidegate_tests::domain::{Domain, IMMEDIATELY, OPERATOR, rand_hie_schema, text};
use tidegate_tests::processes::{children, kill};
use tidegate_tests::program::{Said, command, is_chinese, repository};

const MODEL: &str = "plan-year-table";
const COLUMNS: &str = "person-years.plan,person-years.year,person-years.meddol,person-years.mdvis";
/// The clamp of the model, in dollars and steps.
const UPPER: f64 = 10_000.0;

/// A domain in which two approvers may approve, with the model uploaded and a grant; returns the grant.
fn prepared(rules: &str) -> (Domain, String) {
    prepared_under(IMMEDIATELY, rules)
}

fn prepared_under(terms: &str, rules: &str) -> (Domain, String) {
    let domain = Domain::empty();
    let keys: Vec<String> =
        ["one", "other", "foreign"].iter().map(|name| domain.key(name)["public_key"].as_str().expect("key").to_owned()).collect();
    domain.key("operator.key");
    domain.mount_rand_hie(&policy(terms, &keys, rules));
    let grant = domain.grant(COLUMNS, "5");
    domain.upload_samples(&[MODEL]);
    (domain, grant)
}

fn policy(terms: &str, keys: &[String], rules: &str) -> String {
    format!("{terms}\n[reviewed_aggregate]\napprovers = [\"{}\", \"{}\"]\n[reviewed_aggregate.rules]\n{rules}", keys[0], keys[1])
}

fn approve(domain: &Domain, key: &str) -> Said {
    let key = domain.beside(key);
    domain.ask(&["model", "approve", MODEL, "--dataset", "rand-hie", "--operator", OPERATOR, "--key", text(&key)])
}

fn tables(domain: &Domain, more: &[&str]) -> Said {
    domain.ask(&[&["run", "--dataset", "rand-hie", "--model", MODEL, "--operator", OPERATOR], more].concat())
}

/// One cell or margin, from the file alone.
#[derive(Default, Clone)]
struct Truth {
    persons: BTreeSet<String>,
    years: i64,
    dollars: BTreeMap<String, i64>,
}

/// Cells row by row with margins: 24 plans and a total, 5 years and a total.
fn truth(csv: &str) -> Vec<Truth> {
    let mut lines = csv.lines();
    let heads: Vec<&str> = lines.next().expect("header").split(',').collect();
    let place = |name: &str| heads.iter().position(|head| *head == name).expect("column");
    let (plan, year, person, dollars) = (place("plan"), place("year"), place("zper"), place("meddol"));
    let mut cells = vec![Truth::default(); 25 * 6];
    for line in lines {
        let fields: Vec<&str> = line.split(',').collect();
        let number = |at: usize| fields[at].parse::<f64>().expect("number");
        let (row, column) = (number(plan) as usize - 1, number(year) as usize - 1);
        let steps = number(dollars).clamp(0.0, UPPER).round() as i64;
        for cell in [row * 6 + column, row * 6 + 5, 24 * 6 + column, 24 * 6 + 5] {
            cells[cell].persons.insert(fields[person].to_owned());
            cells[cell].years += 1;
            if steps > 0 {
                *cells[cell].dollars.entry(fields[person].to_owned()).or_default() += steps;
            }
        }
    }
    cells
}

fn csv() -> String {
    fs::read_to_string(repository("sample-models/datasets/rand-hie/rand_hie.csv")).expect("data")
}

fn axes() -> (Axis, Option<Axis>) {
    let axis = |dimension: &str, many: usize| Axis {
        dimension: format!("person-years.{dimension}"),
        keys: (1..=many).map(|key| key.to_string()).collect(),
    };
    (axis("plan", 24), Some(axis("year", 5)))
}

fn largest(cell: &Truth) -> Vec<i64> {
    let mut dollars: Vec<i64> = cell.dollars.values().copied().collect();
    dollars.sort_unstable_by(|one, other| other.cmp(one));
    dollars
}

fn counts(truth: &[Truth]) -> Table {
    let cell = |cell: &Truth| Cell { contributors: cell.persons.len() as u64, value: cell.years, ..Cell::default() };
    let (rows, columns) = axes();
    Table::parse(rows, columns, Measure::Count, truth.iter().map(cell).collect()).expect("table")
}

fn sums(truth: &[Truth]) -> Table {
    let cell = |cell: &Truth| {
        let largest = largest(cell);
        Cell {
            contributors: largest.len() as u64,
            value: largest.iter().sum(),
            supplied: 0,
            largest: largest[..largest.len().min(3)].to_vec(),
        }
    };
    let (rows, columns) = axes();
    let measure = Measure::Sum { name: "medical-expenditure".into(), lower: 0, upper: UPPER as i64 };
    Table::parse(rows, columns, measure, truth.iter().map(cell).collect()).expect("table")
}

fn published(shown: &Value, place: usize) -> Published {
    serde_json::from_value(shown["tables"][place]["published"].clone()).unwrap_or_else(|error| panic!("{error}: {shown}"))
}

// clause: G21 both
#[test]
fn a_published_table_is_the_truth_and_suppressed_where_the_rules_say() {
    let text_of_rules = "min_contributors = 50\ncount_base = 5\nsum_base = 100\np_percent = 15\n[reviewed_aggregate.rules.dominance]\nn = 3\nk_percent = 40";
    let rules = DisclosureRules::parse(&text_of_rules.replace("reviewed_aggregate.rules.", "")).expect("rules");
    let (domain, _) = prepared(text_of_rules);
    approve(&domain, "one").json();
    approve(&domain, "other").json();
    let shown = tables(&domain, &["--workers", "1"]).json();
    assert_eq!(shown["differentially_private"], false);
    assert!(shown["statement"]["en"].as_str().is_some_and(|text| text.contains("NOT differentially private")), "{shown}");
    assert!(shown["statement"]["zh"].as_str().is_some_and(is_chinese));
    assert_eq!(shown["approvers"].as_array().map(Vec::len), Some(2));

    let truth = truth(&csv());
    let (persons, dollars) = (published(&shown, 0), published(&shown, 1));
    // First without the product's code: what is shown is true, and what the rules name is not shown.
    let (mut suppressed, mut dominated) = (0, 0);
    for (index, cell) in truth.iter().enumerate() {
        let few = cell.persons.len() < 50;
        suppressed += usize::from(few);
        match persons.cells[index / 6][index % 6] {
            Shown::Value(value) => {
                assert!(!few && value % 5 == 0 && (value - cell.years).abs() <= 2, "{index}: {value} for {}", cell.years);
            }
            Shown::Suppressed => {}
        }
        let largest = largest(cell);
        let (all, top): (i64, i64) = (largest.iter().sum(), largest.iter().take(3).sum());
        let first_two: i64 = largest.iter().take(2).sum();
        let dominant = largest.len() >= 50 && 100 * top >= 40 * all;
        dominated += usize::from(dominant);
        let p_percent = 100 * (all - first_two) < 15 * largest.first().copied().unwrap_or(0);
        match dollars.cells[index / 6][index % 6] {
            Shown::Value(value) => {
                assert!(largest.len() >= 50 && !dominant && !p_percent && (value - all).abs() <= 50, "{index}: {value} for {all}");
            }
            Shown::Suppressed => {}
        }
    }
    assert!(suppressed > 36 && dominated > 0, "the data has cells for the rules: {suppressed} {dominated}");
    // Then exactly, with the further cells that protect the first ones.
    let counted = review(&rules, &counts(&truth), &[]).expect("counts");
    assert_eq!(persons, counted.published);
    let summed = review(&rules, &sums(&truth), &[counted.remembered]).expect("sums");
    assert_eq!(dollars, summed.published);
    let values = |table: &Published| table.cells.iter().flatten().filter(|cell| matches!(cell, Shown::Value(_))).count();
    assert!(values(&persons) > 60 && values(&dollars) > 20, "{} {}", values(&persons), values(&dollars));

    // The same question again is answered from the store, and nothing is charged.
    let again = tables(&domain, &["--workers", "3"]).json();
    assert_eq!((&again["stored"], &again["tables"]), (&Value::Bool(true), &shown["tables"]));
    let run = shown["run"].as_str().expect("run");
    assert_eq!(domain.ask(&["release", "show", run]).json()["tables"], shown["tables"]);
    assert_eq!(domain.account()["spent"], 0.0);
    let audit = domain.audit();
    assert_eq!((&audit["reviewed_runs"], &audit["runs"]), (&Value::from(1), &Value::from(0)));
}

#[test]
fn workers_do_not_change_a_table_and_later_releases_name_it() {
    let run = |workers: &str| {
        let (domain, _) = prepared("");
        approve(&domain, "one").json();
        approve(&domain, "other").json();
        let shown = tables(&domain, &["--workers", workers]).json();
        (domain, shown)
    };
    let ((domain, one), (_, three)) = (run("1"), run("3"));
    assert_eq!(one["tables"], three["tables"]);
    let people = domain.ask_with(&["--lang", "zh"], &["release", "show", one["run"].as_str().expect("run")]);
    assert!(people.text().contains("不具备差分隐私"), "{}", people.out);

    domain.upload_samples(&["visits-by-plan"]);
    let release = domain.run("visits-by-plan", "1", &[]).json();
    assert_eq!(release["exact_tables_released"], true);
    let said = domain.ask_with(&[], &["release", "show", release["run"].as_str().expect("run")]);
    assert!(said.text().contains("Exact tables of this lineage were published before"), "{}", said.out);
    domain.audit();
}

#[test]
fn a_release_before_any_table_says_so() {
    let (domain, _) = prepared("");
    domain.upload_samples(&["visits-by-plan"]);
    assert_eq!(domain.run("visits-by-plan", "1", &[]).json()["exact_tables_released"], false);
}

// clause: A1 refused
#[test]
fn without_policy_approvals_or_grant_nothing_runs() {
    let domain = Domain::with_rand_hie(IMMEDIATELY);
    domain.grant(COLUMNS, "5");
    domain.upload_samples(&[MODEL]);
    domain.key("one");
    assert!(approve(&domain, "one").refused("denied.reviewed").en.contains("reviewed_aggregate"));
    tables(&domain, &[]).refused("denied.reviewed");

    let (domain, grant) = prepared("");
    domain.upload_samples(&["visits-by-plan"]);
    tables(&domain, &[]).refused("denied.approvals");
    approve(&domain, "one").json();
    assert!(tables(&domain, &[]).refused("denied.approvals").en.contains("1 of the 2"));
    approve(&domain, "one").refused("approval.twice");
    approve(&domain, "foreign").refused("denied.approver");
    tables(&domain, &[]).refused("denied.approvals");
    let key = domain.beside("other");
    let of = |model: &str, dataset: &str| {
        domain.ask(&["model", "approve", model, "--dataset", dataset, "--operator", OPERATOR, "--key", text(&key)])
    };
    of("visits-by-plan", "rand-hie").refused("approval.not-reviewed");
    of("unknown", "rand-hie").refused("module.unknown");
    of(MODEL, "unknown").refused("dataset.unknown");
    approve(&domain, "other").json();
    // A price where there is none, and none where there is one.
    tables(&domain, &["--epsilon", "1"]).refused("run.epsilon-given");
    domain.ask(&["run", "--dataset", "rand-hie", "--model", "visits-by-plan", "--operator", OPERATOR]).refused("run.epsilon-missing");
    domain.ask(&["quote", "--dataset", "rand-hie", "--model", MODEL, "--operator", OPERATOR]).refused("quote.reviewed");
    tables(&domain, &["--param", "a=1"]).refused("parameter.unknown");
    domain.ask(&["grant", "revoke", &grant, "--reason", "over"]).json();
    tables(&domain, &[]).refused("denied.revoked");
    // Nothing of this was admitted.
    assert_eq!(domain.audit()["reviewed_runs"], 0);
}

// clause: G21 refused
#[test]
fn a_second_version_with_one_person_less_does_not_isolate_that_person() {
    let (domain, _) = prepared("");
    approve(&domain, "one").json();
    approve(&domain, "other").json();
    let first = published(&tables(&domain, &[]).json(), 0);
    // The first person of the file has plan 3 in years 1 to 5; somebody with plan 11 is taken out, in a large cell.
    let csv = csv();
    let person = csv.lines().skip(1).find(|line| line.starts_with("11,")).expect("plan 11").split(',').nth(5).expect("person");
    let rest: Vec<&str> = csv.lines().filter(|line| line.split(',').nth(5) != Some(person)).collect();
    let (before, after) = (truth(&csv), truth(&rest.join("\n")));
    let data = domain.write("less.csv", rest.join("\n") + "\n");
    let policy = fs::read_to_string(domain.beside("policy.toml")).expect("policy");
    domain.mount("rand-hie", &rand_hie_schema(), &policy, &data).json();
    let second = published(&tables(&domain, &[]).json(), 0);
    let mut isolated = 0;
    for index in 0..before.len() {
        let (one, other) = (first.cells[index / 6][index % 6], second.cells[index / 6][index % 6]);
        if before[index].persons.len() != after[index].persons.len() {
            isolated += 1;
            assert!(!matches!((one, other), (Shown::Value(_), Shown::Value(_))), "{index} isolates one person");
        }
    }
    assert!(isolated >= 4, "{isolated}");
    // Exactly what the rules say, with both tables of the first run in view.
    let rules = DisclosureRules::default();
    let counted = review(&rules, &counts(&before), &[]).expect("first");
    let earlier: Vec<Remembered> = match review(&rules, &sums(&before), std::slice::from_ref(&counted.remembered)) {
        Ok(summed) => vec![counted.remembered, summed.remembered],
        Err(_) => vec![counted.remembered],
    };
    assert_eq!(second, review(&rules, &counts(&after), &earlier).expect("second").published);
    domain.audit();
}

#[test]
fn one_quantity_has_one_grid_in_a_lineage() {
    let (domain, _) = prepared("");
    approve(&domain, "one").json();
    approve(&domain, "other").json();
    tables(&domain, &[]).json();
    let coarser = domain.model(MODEL, |manifest| manifest.replace("grid = 1.0", "grid = 2.0"));
    domain.upload(&coarser).json();
    approve(&domain, "one").json();
    approve(&domain, "other").json();
    tables(&domain, &[]).refused("manifest.reviewed-grid");
    // The policy is the authority's last word: without the section no table leaves, of an older version neither.
    domain.mount_rand_hie(IMMEDIATELY);
    tables(&domain, &["--version", "1"]).refused("denied.reviewed");
    domain.audit();
}

#[test]
fn an_interrupted_run_goes_on_at_a_slot_of_its_own() {
    let (domain, _) = prepared_under(&IMMEDIATELY.replace("immediately", "at_slot"), "");
    approve(&domain, "one").json();
    approve(&domain, "other").json();
    let mut front = command()
        .args(["run", "--dataset", "rand-hie", "--model", MODEL, "--operator", OPERATOR, "--domain", text(domain.directory())])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("start tidegate");
    // Workers start after the admission was logged and published.
    let deadline = Instant::now() + Duration::from_secs(60);
    let keeper = loop {
        assert!(Instant::now() < deadline && front.try_wait().expect("look at tidegate").is_none(), "no worker was seen");
        if let Some(keeper) = children(front.id(), "keeper").into_iter().find(|keeper| !children(*keeper, "worker").is_empty()) {
            break keeper;
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    assert!(kill(keeper));
    front.wait().expect("wait for tidegate");
    let audit = domain.audit();
    assert_eq!((&audit["reviewed_runs"], audit["open_runs"].as_array().map(Vec::len)), (&Value::from(1), Some(1)));
    let open = &audit["open_runs"][0];
    let shown = tables(&domain, &[]).json();
    assert_eq!((&shown["run"], &shown["stored"], &shown["visibility"]), (&open["run"], &Value::Bool(false), &Value::from("at_slot")));
    assert!(shown["visible_at"].as_str() > open["slot"].as_str(), "{shown}");
    let audit = domain.audit();
    assert_eq!((&audit["reviewed_runs"], &audit["open_runs"]), (&Value::from(1), &Value::Array(vec![])));
}
