//! Several tables of one dataset, texts, dates and discovered keys; two datasets joined, at the price of both or of none;
//! sample and aggregate.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use tidegate_tests::domain::{Domain, OPERATOR, days_from_today, text, units};
use tidegate_tests::program::{Said, repository};

const POLICY: &str = "lifetime_epsilon = 12.0\ndelta = 1e-6\nrun_epsilon_max = 12.0\nvisibility = \"immediately\"\n";

fn dataset(name: &str) -> String {
    fs::read_to_string(repository(&format!("sample-models/datasets/{name}/schema.toml"))).expect("schema")
}

/// Clinics and insured people, each a lineage of its own, with a policy for each.
fn domain(clinics: &str, insured: &str) -> Domain {
    let domain = Domain::empty();
    domain.key("operator.key");
    let place = |file: &str| repository(&format!("sample-models/datasets/{file}"));
    let mount = |name: &str, policy: &str, files: &[(&str, &str)]| {
        let (schema, policy) = (domain.write("schema.toml", dataset(name)), domain.write("policy.toml", policy));
        let mut arguments = vec!["dataset".to_owned(), "add".into(), name.into(), "--schema".into(), text(&schema).into()];
        arguments.extend(["--policy".into(), text(&policy).to_owned()]);
        for (table, file) in files {
            arguments.extend(["--data".into(), format!("{table}={}", text(&place(file)))]);
        }
        domain.ask(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).json();
    };
    mount("clinics", clinics, &[("patients", "clinics/patients.csv"), ("visits", "clinics/visits.csv")]);
    mount("insured", insured, &[("members", "insured/members.csv")]);
    domain.upload_after(&domain);
    domain
}

/// Models are uploaded under a live grant that names their key.
trait Upload {
    fn upload_after(&self, domain: &Domain);
}

impl Upload for Domain {
    fn upload_after(&self, domain: &Domain) {
        domain.give("clinics", "patients.born,visits.clinic,visits.day,visits.cost", "4");
        domain.upload_samples(&["clinic-visits", "insured-visits"]);
    }
}

trait Give {
    fn give(&self, dataset: &str, columns: &str, epsilon: &str) -> Value;
    fn join(&self, epsilon: &str, more: &[&str]) -> Said;
    fn spent(&self, dataset: &str) -> u64;
}

impl Give for Domain {
    fn give(&self, dataset: &str, columns: &str, epsilon: &str) -> Value {
        let until = days_from_today(300);
        self.grant_with(&["--dataset", dataset, "--columns", columns, "--epsilon", epsilon, "--until", &until]).json()
    }

    fn join(&self, epsilon: &str, more: &[&str]) -> Said {
        let fixed =
            ["run", "--dataset", "clinics", "--join", "insured", "--model", "insured-visits", "--operator", OPERATOR, "--epsilon", epsilon];
        self.ask(&[&fixed, more].concat())
    }

    fn spent(&self, dataset: &str) -> u64 {
        units(&self.ask(&["budget", "show", dataset]).json()["spent"])
    }
}

fn rows(file: &str) -> Vec<BTreeMap<String, String>> {
    let text = fs::read_to_string(repository(&format!("sample-models/datasets/{file}"))).expect("file");
    let mut lines = text.lines();
    let heads: Vec<String> = lines.next().expect("header").split(',').map(str::to_owned).collect();
    lines.map(|line| heads.iter().cloned().zip(line.split(',').map(str::to_owned)).collect()).collect()
}

fn estimate<'a>(statistic: &'a Value, key: &str) -> Option<&'a Value> {
    statistic["groups"].as_array().expect("groups").iter().find(|group| group["key"] == key).map(|group| &group["estimates"][0])
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("not a number: {value}"))
}

#[test]
fn a_join_sees_units_that_are_in_both_and_both_pay() {
    let domain = domain(POLICY, POLICY);
    domain.give("insured", "members.scheme", "12");
    let release = domain.join("4", &[]).json();
    let schemes: BTreeMap<String, String> =
        rows("insured/members.csv").into_iter().map(|row| (row["id"].clone(), row["scheme"].clone())).collect();
    let mut expected: BTreeMap<String, f64> = BTreeMap::new();
    for visit in rows("clinics/visits.csv") {
        if let Some(scheme) = schemes.get(&visit["id"]) {
            *expected.entry(scheme.clone()).or_default() += 1.0;
        }
    }
    assert!(expected.len() == 3 && expected.values().sum::<f64>() < rows("clinics/visits.csv").len() as f64, "some are in one alone");
    for (scheme, count) in &expected {
        let found = estimate(&release["statistics"][0], scheme).expect("scheme");
        let slack = 4.0 * (number(&found["upper"]) - number(&found["value"])) + 1.0;
        assert!((number(&found["value"]) - count).abs() < slack, "{scheme}: {found} {count}");
    }
    assert_eq!(release["join"][0], "insured");
    assert_eq!(release["notice"].as_array().map(Vec::len), Some(2), "both sources are named");
    let price = units(&release["price"]["rho"]);
    assert_eq!((domain.spent("clinics"), domain.spent("insured")), (price, price), "each lineage pays the whole price");
    assert_eq!(domain.join("4", &["--workers", "1"]).json()["stored"], true);
    let audit = domain.audit();
    assert_eq!(
        (audit["lineages"]["clinics"]["spent"].as_u64(), audit["lineages"]["insured"]["spent"].as_u64()),
        (Some(price), Some(price))
    );
}

#[test]
fn a_join_needs_both_grants_and_both_budgets_or_nobody_pays() {
    let small = POLICY.replace("12.0", "0.5");
    let domain = domain(POLICY, &small);
    domain.join("0.4", &[]).refused("denied.no-grant");
    domain.give("insured", "members.scheme", "0.5");
    domain.join("0.45", &[]).json();
    let (clinics, insured) = (domain.spent("clinics"), domain.spent("insured"));
    assert!(clinics == insured && clinics > 0);
    // The second lineage has too little left for another: the first is not charged either.
    domain.join("0.44", &[]).refused("budget.grant");
    assert_eq!((domain.spent("clinics"), domain.spent("insured")), (clinics, insured), "both or none");
    domain.join("0.9", &[]).refused("budget.run");
    assert_eq!((domain.spent("clinics"), domain.spent("insured")), (clinics, insured));
    // A model that joins needs the second dataset, and one that does not refuses it.
    let alone = ["run", "--dataset", "clinics", "--model", "insured-visits", "--operator", OPERATOR, "--epsilon", "0.1"];
    domain.ask(&alone).refused("run.join-missing");
    let joined =
        ["run", "--dataset", "clinics", "--join", "insured", "--model", "clinic-visits", "--operator", OPERATOR, "--epsilon", "0.1"];
    domain.ask(&joined).refused("run.join-undeclared");
    let twice =
        ["run", "--dataset", "clinics", "--join", "clinics", "--model", "insured-visits", "--operator", OPERATOR, "--epsilon", "0.1"];
    domain.ask(&twice).refused("run.join-table");
    domain.audit();
}

/// Two datasets of one lineage are one population: it pays once, and both grants' shares are used.
#[test]
fn a_join_inside_one_lineage_pays_once() {
    let domain = domain(POLICY, POLICY);
    let schema = domain.write("schema.toml", dataset("insured").replace("lineage = \"insured\"", "lineage = \"clinics\""));
    let (policy, data) = (domain.write("policy.toml", POLICY), repository("sample-models/datasets/insured/members.csv"));
    domain.ask(&["dataset", "add", "register", "--schema", text(&schema), "--policy", text(&policy), "--data", text(&data)]).json();
    domain.give("register", "members.scheme", "0.6");
    let join = |epsilon: &str| {
        let fixed = ["run", "--dataset", "clinics", "--join", "register", "--model", "insured-visits", "--operator", OPERATOR];
        domain.ask(&[&fixed[..], &["--epsilon", epsilon]].concat())
    };
    let price = units(&join("0.5").json()["price"]["rho"]);
    assert_eq!(domain.spent("clinics"), price, "one population, one charge");
    let grants = domain.ask(&["grant", "list"]).json();
    let shares: Vec<u64> = grants.as_array().expect("grants").iter().map(|grant| units(&grant["spent"])).collect();
    assert_eq!(shares, [price, price]);
    join("0.49").refused("budget.grant");
    assert_eq!(domain.audit()["lineages"]["clinics"]["spent"].as_u64(), Some(price));
}

/// Attack A16: which clinics there are is not public, so a clinic of one patient must not come out.
#[test]
fn texts_and_dates_of_two_tables_and_keys_that_only_many_have() {
    let domain = domain(&POLICY.replace("12.0", "4.0"), POLICY);
    let ask = ["run", "--dataset", "clinics", "--model", "clinic-visits", "--operator", OPERATOR, "--epsilon", "2"];
    let release = domain.ask(&ask).json();
    let patients = &release["statistics"][0];
    let mut truth: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for visit in rows("clinics/visits.csv") {
        truth.entry(visit["clinic"].trim_matches('"').to_owned()).or_default().insert(visit["id"].clone());
    }
    let threshold = number(&patients["threshold"]);
    assert!(threshold > 5.0, "{threshold}");
    let released: Vec<&str> = patients["groups"].as_array().expect("groups").iter().filter_map(|group| group["key"].as_str()).collect();
    assert!(released.len() >= 2, "{released:?}");
    assert!(released.iter().all(|key| truth.contains_key(*key)), "no key is made up: {released:?}");
    let rare: Vec<_> = truth.iter().filter(|(_, patients)| patients.len() <= 2).map(|(clinic, _)| clinic.as_str()).collect();
    assert!(!rare.is_empty() && rare.iter().all(|clinic| !released.contains(clinic)), "{rare:?}");
    assert!(number(&domain.ask(&["budget", "show", "clinics"]).json()["delta_account_spent"]) >= 1e-12, "the threshold's delta is charged");
    let age = &release["statistics"][1]["groups"][0]["estimates"][0];
    assert!((10.0..90.0).contains(&number(&age["value"])), "{age}");
}
