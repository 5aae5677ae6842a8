//! Files that cannot be mounted, schemas and policies that cannot hold: each a sentence in two languages, exit
//! code 2, and a domain in which nothing changed.

use polars::prelude::{Column, DataFrame, IntoColumn as _, NamedFrom as _, ParquetWriter, Series};
use std::fs::File;
use std::path::Path;
use tidegate_tests::domain::{Domain, IMMEDIATELY};
use tidegate_tests::unchanged::listing;

const SCHEMA: &str = r#"
title = { zh = "测试", en = "Test" }
source = "made up"
acquired = "2026-01-01"
lineage = "people"
units_max = 10
privacy_unit = { kind = "person", column = "id", identifier = "integer" }
[[tables]]
name = "visits"
rows_per_unit_max = 2
[[tables.columns]]
name = "place"
type = "text"
bytes_max = 20
[[tables.columns]]
name = "cost"
type = "float"
minimum = 0.0
maximum = 100.0
[[tables.columns]]
name = "emergency"
type = "boolean"
nullable = true
"#;

const GOOD: &str = "id,place,cost,emergency\n1,北京,1.5,true\n1,上海,2.5,false\n2,广州,3.5,\n";

/// Mounts, expects a refusal, and compares the domain with what it was.
#[track_caller]
fn refused(domain: &Domain, schema: &str, policy: &str, data: &Path, code: &str) -> String {
    let before = listing(domain.directory());
    let refusal = domain.mount("people", schema, policy, data).refused(code);
    assert_eq!(listing(domain.directory()), before, "{code} left something behind");
    refusal.en
}

// clause: I7 refused
#[test]
fn csv_files_that_are_broken() {
    let domain = Domain::empty();
    let long = GOOD.to_owned() + &(3..20).map(|id| format!("{id},x,1,\n")).collect::<String>();
    let (gbk, latin): (&[u8], &[u8]) =
        (b"id,place,cost,emergency\n1,\xb1\xb1\xbe\xa9,1.5,true\n", b"id,place,cost,emergency\n1,Besan\xe7on,1,\n");
    let utf16: Vec<u8> = [0xfeff].into_iter().chain(GOOD.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("empty", vec![], "import.file-empty"),
        ("only blank lines", b"\n\n".to_vec(), "import.no-header"),
        ("other columns", b"a,b\n1,2\n".to_vec(), "import.no-header"),
        ("cut within a line", GOOD.as_bytes()[..GOOD.len() - 6].to_vec(), "import.ragged"),
        ("cut within quotation marks", b"id,place,cost,emergency\n1,\"Bei".to_vec(), "import.unclosed-quote"),
        ("a stray quotation mark", b"id,place,cost,emergency\n1,Bei\"jing,1,\n".to_vec(), "import.stray-quote"),
        ("GB18030", gbk.to_vec(), "import.not-utf8"),
        ("Latin-1", latin.to_vec(), "import.not-utf8"),
        ("UTF-16", utf16, "import.not-utf8"),
        ("zeros", vec![0; 4096], "import.no-header"),
        ("a missing column", GOOD.replace(",cost,", ",price,").into_bytes(), "import.column-absent"),
        ("a column twice", GOOD.replace(",cost,", ",place,").into_bytes(), "import.header-twice"),
        ("no identifier", GOOD.replace("id,", "person,").into_bytes(), "import.identifier-absent"),
        ("a row without identifier", GOOD.replace("\n2,", "\n,").into_bytes(), "import.identifier"),
        ("an identifier that is none", GOOD.replace("\n2,", "\nZhang,").into_bytes(), "import.identifier"),
        ("a value out of range", GOOD.replace("3.5", "300").into_bytes(), "import.outside"),
        ("not a number", GOOD.replace("3.5", "much").into_bytes(), "import.outside"),
        ("infinity", GOOD.replace("3.5", "inf").into_bytes(), "import.outside"),
        ("NaN", GOOD.replace("3.5", "NaN").into_bytes(), "import.outside"),
        ("a missing value", GOOD.replace("3.5", "").into_bytes(), "import.missing"),
        ("too many rows of one unit", GOOD.replace("\n2,", "\n1,").into_bytes(), "import.excess-rows"),
        ("too many units", long.into_bytes(), "import.units-max"),
    ];
    for (what, bytes, code) in cases {
        let file = domain.write("data.csv", bytes);
        let sentence = refused(&domain, SCHEMA, IMMEDIATELY, &file, code);
        assert!(!sentence.contains("Zhang") && !sentence.contains("much"), "{what}: a value in a message: {sentence}");
    }
    refused(&domain, SCHEMA, IMMEDIATELY, &domain.beside("nowhere.csv"), "import.file-not-found");
    refused(&domain, SCHEMA, IMMEDIATELY, &domain.write("data.xlsx", GOOD), "import.file-kind");
    refused(&domain, SCHEMA, IMMEDIATELY, domain.directory(), "import.file-read");
    assert_eq!(domain.ask(&["dataset", "list"]).json(), serde_json::json!([]));
    // The same file, unbroken, is mounted: the refusals above were about the breaks.
    let report = domain.mount("people", SCHEMA, IMMEDIATELY, &domain.write("data.csv", GOOD)).json();
    assert_eq!((&report["version"], &report["report"]["units"]), (&1.into(), &2.into()));
    domain.audit();
}

#[test]
fn columns_that_the_schema_does_not_name_are_not_read_and_reported() {
    let domain = Domain::empty();
    let file = domain.write("data.csv", GOOD.replace("id,", "id,secret,").replace("\n1,", "\n1,x,").replace("\n2,", "\n2,x,"));
    let report = domain.mount("people", SCHEMA, IMMEDIATELY, &file).json();
    assert_eq!(report["report"]["tables"][0]["columns_unknown"], serde_json::json!(["secret"]));
}

fn parquet(domain: &Domain, name: &str, columns: Vec<Column>) -> std::path::PathBuf {
    let path = domain.beside(name);
    let mut frame = DataFrame::new(columns[0].len(), columns).expect("frame");
    ParquetWriter::new(File::create(&path).expect("file")).finish(&mut frame).expect("write Parquet");
    path
}

fn columns() -> Vec<Column> {
    vec![
        Series::new("id".into(), [1i64, 1, 2]).into_column(),
        Series::new("place".into(), ["a", "b", "c"]).into_column(),
        Series::new("cost".into(), [1.5, 2.5, 3.5]).into_column(),
        Series::new("emergency".into(), [Some(true), Some(false), None]).into_column(),
    ]
}

fn with(name: &str, column: Series) -> Vec<Column> {
    columns().into_iter().map(|known| if known.name() == name { column.clone().into_column() } else { known }).collect()
}

#[test]
fn parquet_files_that_are_broken() {
    let domain = Domain::empty();
    let one = Series::new("x".into(), [1i64]);
    let lists = Series::new("cost".into(), [one.clone(), one.clone(), one]);
    let cases = [
        ("a list", with("cost", lists), "import.parquet-type"),
        ("bytes as text", with("place", Series::new("place".into(), [b"a".as_slice(), b"b", b"c"])), "import.parquet-type"),
        ("a float as text", with("place", Series::new("place".into(), [1.0, 2.0, 3.0])), "import.parquet-type"),
        ("words as number", with("cost", Series::new("cost".into(), ["1", "2", "much"])), "import.outside"),
        ("a float as identifier", with("id", Series::new("id".into(), [1.0, 1.0, 2.0])), "import.parquet-type"),
        ("a missing column", columns().into_iter().filter(|column| column.name() != "cost").collect(), "import.column-absent"),
        ("NaN", with("cost", Series::new("cost".into(), [1.0, f64::NAN, 2.0])), "import.outside"),
    ];
    for (what, columns, code) in cases {
        let file = parquet(&domain, "data.parquet", columns);
        let sentence = refused(&domain, SCHEMA, IMMEDIATELY, &file, code);
        assert!(sentence.contains("data.parquet"), "{what}: {sentence}");
    }
    let good = parquet(&domain, "good.parquet", columns());
    let bytes = std::fs::read(&good).expect("file");
    for (what, cut) in
        [("empty", 0), ("magic", 4), ("half", bytes.len() / 2), ("no footer", bytes.len() - 8), ("last byte", bytes.len() - 1)]
    {
        let file = domain.write("cut.parquet", &bytes[..cut]);
        let code = if cut == 0 { "import.file-empty" } else { "import.parquet-unreadable" };
        let sentence = refused(&domain, SCHEMA, IMMEDIATELY, &file, code);
        assert!(sentence.contains("cut.parquet"), "{what}");
    }
    refused(&domain, SCHEMA, IMMEDIATELY, &domain.write("csv.parquet", GOOD), "import.parquet-unreadable");
    assert_eq!(domain.mount("people", SCHEMA, IMMEDIATELY, &good).json()["report"]["rows"], 3);
}

#[test]
fn schemas_and_policies_that_cannot_hold() {
    let domain = Domain::empty();
    let file = domain.write("data.csv", GOOD);
    for (from, to, code) in [
        ("minimum = 0.0", "minimum = 200.0", "schema.range"),
        ("maximum = 100.0", "maximum = inf", "schema.range"),
        ("units_max = 10", "units_max = 0", "schema.units-max"),
        ("name = \"cost\"", "name = \"place\"", "schema.duplicate-column"),
        ("name = \"cost\"", "name = \"id\"", "schema.identifier-as-column"),
        ("nullable = true", "nullabel = true", "schema.syntax"),
        ("type = \"float\"", "type = \"blob\"", "schema.syntax"),
        ("[[tables]]", "[[tables", "schema.syntax"),
    ] {
        refused(&domain, &SCHEMA.replacen(from, to, 1), IMMEDIATELY, &file, code);
    }
    for (from, to, code) in [
        ("lifetime_epsilon = 10.0", "lifetime_epsilon = 0.0", "policy.syntax"),
        ("lifetime_epsilon = 10.0", "lifetime_epsilon = -1.0", "policy.syntax"),
        ("lifetime_epsilon = 10.0", "lifetime_epsilon = inf", "policy.syntax"),
        ("lifetime_epsilon = 10.0", "lifetime_epsilon = 1.0", "policy.run-above-lifetime"),
        ("delta = 1e-6", "delta = 0.0", "policy.syntax"),
        ("\"immediately\"", "\"soon\"", "policy.syntax"),
        ("lifetime_epsilon = 10.0", "lifetime_epsilon = 40.0", "dataset.lifetime-too-large"),
    ] {
        refused(&domain, SCHEMA, &IMMEDIATELY.replacen(from, to, 1), &file, code);
    }
    refused(&domain, &SCHEMA.replace("units_max = 10", "units_max = 1000000"), IMMEDIATELY, &file, "policy.delta-for-units");
    // One lineage has one cap, whatever the dataset is called (attack A35).
    domain.mount("people", SCHEMA, IMMEDIATELY, &file).json();
    let richer = IMMEDIATELY.replace("delta = 1e-6", "delta = 2e-6");
    let before = listing(domain.directory());
    domain.mount("people-again", SCHEMA, &richer, &file).refused("dataset.lineage-cap");
    domain.mount("people", &SCHEMA.replace("\"people\"", "\"others\""), IMMEDIATELY, &file).refused("dataset.lineage");
    assert_eq!(listing(domain.directory()), before);
}
