//! Mock data: what `dataset mock` writes, `dataset add` takes row for row, and a model runs on it.

use serde_json::Value;
use std::fs;
use tidegate_tests::domain::{Domain, IMMEDIATELY, rand_hie_schema, text};
use tidegate_tests::program::{is_chinese, tidegate};

/// Every type of column, two tables, texts that need quoting; the kind of identifier is put in.
const SCHEMA: &str = r#"
title = { zh = "测试", en = "Test" }
source = "made up"
acquired = "2026-01-01"
lineage = "LINEAGE"
units_max = 500
privacy_unit = { kind = "person", column = "the, id", identifier = "KIND" }

[[tables]]
name = "visits"
rows_per_unit_max = 7
[[tables.columns]]
name = "district"
type = "category"
categories = ["a,b", "say \"no\"", "浦东新区", "1", "nan"]
[[tables.columns]]
name = "cost"
source = "cost \"in\" yuan"
type = "float"
minimum = -1e300
maximum = 0.1
[[tables.columns]]
name = "count"
type = "integer"
minimum = -9223372036854775808
maximum = 9223372036854775807
[[tables.columns]]
name = "note"
type = "text"
bytes_max = 1
[[tables.columns]]
name = "remark"
type = "text"
bytes_max = 20
nullable = true

[[tables]]
name = "people"
rows_per_unit_max = 1
[[tables.columns]]
name = "born"
type = "date"
minimum = "1900-01-01"
maximum = "2026-02-28"
nullable = true
[[tables.columns]]
name = "insured"
type = "boolean"
"#;

/// Asserts that an import kept every row and changed no value.
fn nothing_refused(import: &Value) {
    let report = &import["report"];
    for table in report["tables"].as_array().expect("tables") {
        assert_eq!(table["rows_read"], table["rows_kept"], "{table}");
        assert_eq!(table["identifiers_missing"], 0, "{table}");
        for column in table["columns"].as_array().expect("columns") {
            let outside = column["outside"].as_object().expect("outside");
            assert!(outside.values().all(|count| *count == 0), "{column}");
        }
    }
}

#[test]
fn mock_data_are_mounted_row_for_row_and_a_model_runs_on_them() {
    let domain = Domain::empty();
    domain.key("operator.key");
    let schema = domain.write("mock-schema.toml", rand_hie_schema());
    let out = domain.beside("mock");
    let arguments = ["dataset", "mock", "--schema", text(&schema), "--units", "400", "--seed", "3", "--out", text(&out)];
    let written = domain.ask(&arguments).json();
    let import = domain.mount("rand-hie", &rand_hie_schema(), IMMEDIATELY, &out.join("person-years.csv")).json();
    nothing_refused(&import);
    assert_eq!(import["report"]["units"], 400);
    assert_eq!(import["report"]["rows"], written[0]["rows"], "{written}");
    assert!(written[0]["rows"].as_u64() > Some(400), "{written}");
    domain.grant("person-years.plan,person-years.mdvis,person-years.meddol", "10");
    domain.upload_samples(&["expensive-years"]);
    let release = domain.run("expensive-years", "5", &[]).json();
    let groups = release["statistics"][0]["groups"].as_array().expect("groups");
    let counted: f64 = groups.iter().map(|group| group["estimates"][0]["value"].as_f64().expect("a value")).sum();
    // Meddol is drawn from its whole range, so nearly every unit has expensive years; the noise at epsilon 20 is small.
    assert!((300.0..=500.0).contains(&counted), "{counted}: {release}");

    // From the mounted dataset's own schema the same seed makes the same file; another seed makes another.
    let (again, other) = (domain.beside("again"), domain.beside("other"));
    let from_dataset = |seed: &'static str, out: &std::path::Path| {
        domain.ask(&["dataset", "mock", "--dataset", "rand-hie", "--units", "400", "--seed", seed, "--out", text(out)]).json();
        fs::read(out.join("person-years.csv")).expect("file")
    };
    let first = fs::read(out.join("person-years.csv")).expect("file");
    assert_eq!(from_dataset("3", &again), first);
    assert_ne!(from_dataset("4", &other), first);
    let twice = domain.ask(&arguments);
    assert_eq!((twice.code, fs::read(out.join("person-years.csv")).expect("file")), (Some(2), first), "nothing is overwritten");
}

#[test]
fn every_type_and_every_identifier_is_taken() {
    let domain = Domain::empty();
    let policy = domain.write("policy.toml", IMMEDIATELY);
    for kind in ["integer", "text", "citizen_id", "credit_code"] {
        let name = kind.replace('_', "-");
        let schema = domain.write(&format!("{kind}.toml"), SCHEMA.replace("KIND", kind).replace("LINEAGE", &name));
        let out = domain.beside(&name);
        domain.ask(&["dataset", "mock", "--schema", text(&schema), "--units", "500", "--out", text(&out)]).json();
        let data = ["visits", "people"].map(|table| format!("{table}={}", out.join(format!("{table}.csv")).display()));
        let add = ["dataset", "add", &name, "--schema", text(&schema), "--policy", text(&policy), "--data", &data[0], "--data", &data[1]];
        let import = domain.ask(&add).json();
        nothing_refused(&import);
        assert_eq!(import["report"]["units"], 500, "{kind}");
    }
}

#[test]
fn what_cannot_be_made_up_is_refused_in_both_languages() {
    let domain = Domain::empty();
    let schema = domain.write("schema.toml", SCHEMA.replace("KIND", "integer").replace("LINEAGE", "people"));
    let out = domain.beside("mock");
    for (units, word) in [("0", "--units"), ("501", "500")] {
        for language in ["en", "zh"] {
            let call = ["dataset", "mock", "--schema", text(&schema), "--units", units, "--out", text(&out), "--lang", language];
            let said = tidegate(&call);
            assert_eq!(said.code, Some(2), "{}", said.err);
            assert!(said.err.contains(word) && is_chinese(&said.err) == (language == "zh"), "{}", said.err);
        }
        assert!(!out.join("visits.csv").exists(), "nothing is left");
    }
    let neither = tidegate(&["dataset", "mock", "--out", text(&out)]);
    assert_eq!(neither.code, Some(2));
}

/// One population under two names is one budget twice: the import counts, and the authority reads it (attack A35). The
/// provider, who could mount one person to ask whether another dataset has that person, does not.
#[test]
fn an_import_counts_the_people_it_shares_with_other_lineages() {
    let domain = Domain::empty();
    let people = |name: &str, units: &str, seed: &str| {
        let schema = domain.write("mock-schema.toml", rand_hie_schema());
        let out = domain.beside(name);
        domain.ask(&["dataset", "mock", "--schema", text(&schema), "--units", units, "--seed", seed, "--out", text(&out)]);
        out.join("person-years.csv")
    };
    let (few, many) = (people("few", "40", "3"), people("many", "100", "4"));
    let other = rand_hie_schema().replace("lineage = \"rand-hie\"", "lineage = \"second-name\"");
    assert_ne!(other, rand_hie_schema(), "another lineage");
    domain.mount("rand-hie", &rand_hie_schema(), IMMEDIATELY, &many).json();
    let import = domain.mount("again", &other, IMMEDIATELY, &few);
    assert!(!import.out.contains("overlap"), "{}", import.out);
    let report = domain.ask(&["dataset", "report", "again"]);
    assert!(!report.out.contains("overlap"), "{}", report.out);
    let overlap = domain.ask(&["dataset", "overlap", "again"]).json();
    assert_eq!(overlap["units"], 40);
    // Both were made with the identifiers from 1, so all of the smaller are in the larger.
    let expected = serde_json::json!([{ "lineage": "rand-hie", "dataset": "rand-hie", "version": 1, "units": 40 }]);
    assert_eq!(overlap["overlaps"], expected);
    assert_eq!(domain.ask(&["dataset", "overlap", "rand-hie"]).json()["overlaps"], serde_json::json!([]), "it was alone then");
    // A version of the same lineage is not held against itself.
    domain.mount("rand-hie", &rand_hie_schema(), IMMEDIATELY, &few).json();
    let overlap = domain.ask(&["dataset", "overlap", "rand-hie"]).json();
    assert_eq!(overlap["overlaps"].as_array().map(Vec::len), Some(1), "{overlap}");
    assert_eq!(overlap["overlaps"][0]["lineage"], "second-name");
}
