//! The corpus bites: what is held by the program is held with noise off as well, and whatever a guard holds succeeds without
//! that guard. The weakened build that this needs is no part of the program.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Output;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tidegate_terms::Guard;
use tidegate_tests::program::{Said, beside, command, program, repository};

/// Guards that no attack of the corpus is mounted without, each with the reason.
const ELSEWHERE: &[(Guard, &str)] = &[
    (Guard::AllotmentOnly, "the use of resources is written down nowhere, so that there is nothing to take away"),
    (Guard::FixedEntries, "no field of an entry that a run leaves has a length that depends on data; its padding is a second wall"),
];

/// One corpus at a time: some attacks measure time.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// `tidegate-weakened`, as `tests/run` builds it.
fn weakened() -> std::process::Command {
    let path = beside("tidegate-weakened");
    assert!(
        path.exists(),
        "{} is missing: tests/run builds it, or `cargo build --release --manifest-path tests/weakened/Cargo.toml` with the same CARGO_TARGET_DIR",
        path.display()
    );
    let mut command = std::process::Command::new(path);
    command.env_remove("TIDEGATE_WITHOUT");
    command
}

fn report(output: Output) -> Value {
    let said = Said::of(output);
    serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {}{}", said.out, said.err))
}

/// Attacks whose verdict is none of these, with what was said of them.
fn others<'a>(report: &'a Value, verdicts: &[&str]) -> BTreeMap<&'a str, String> {
    let attacks = report["attacks"].as_array().expect("attacks");
    let other = |attack: &&Value| !verdicts.contains(&attack["verdict"].as_str().unwrap_or_default());
    attacks.iter().filter(other).map(|attack| (attack["attack"].as_str().unwrap_or_default(), format!("{}", attack["detail"]))).collect()
}

// clause: E4, G20, G21 refused
#[test]
fn every_attack_is_held() {
    let _alone = alone();
    let output = command().args(["conformance", "--json"]).output().expect("start");
    let code = output.status.code();
    let report = report(output);
    assert_eq!(others(&report, &["held"]), BTreeMap::new());
    assert_eq!(code, Some(0));
    let summary = &report["summary"];
    assert_eq!(summary["rows_without_attack"], serde_json::json!([]), "every row of the list has an attack");
    assert!(summary["attacks"].as_u64() >= Some(60), "{summary}");
    assert_eq!(report["exact"], false);
}

#[test]
fn every_attack_is_held_where_exact_totals_are_compared() {
    let mut weakened = weakened();
    let _alone = alone();
    let report = report(weakened.args(["conformance", "--json"]).output().expect("start"));
    assert_eq!(report["exact"], true, "noise is off in this build");
    assert_eq!(others(&report, &["held"]), BTreeMap::new());
}

#[test]
fn every_attack_succeeds_without_what_holds_it() {
    let mut weakened = weakened();
    let _alone = alone();
    let output = weakened.args(["conformance", "--without", "all", "--json"]).output().expect("start");
    let report = report(output);
    assert_eq!(others(&report, &["leaked", "through"]), BTreeMap::new());
    let names = |value: &Value| value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    let taken: BTreeSet<String> = names(&report["without"]);
    let expected = Guard::ALL.iter().filter(|guard| !ELSEWHERE.iter().any(|(other, _)| other == *guard));
    assert_eq!(taken, expected.map(|guard| guard.name().to_owned()).collect(), "every guard holds an attack");
}

#[test]
fn the_program_knows_no_way_to_take_a_guard_away() {
    let has = |program: &std::path::Path, word: &str| {
        let bytes = std::fs::read(program).expect("the program");
        bytes.windows(word.len()).any(|window| window == word.as_bytes())
    };
    assert!(!has(&program(), "TIDEGATE_WITHOUT"), "the product has the variable that takes guards away");
    let output = command().args(["conformance", "--without", "noise"]).output().expect("start");
    assert_eq!(output.status.code(), Some(2), "the product has no such option");
    let one = ["conformance", "--only", "compares-two-prices", "--json"];
    let _alone = alone();
    let report = report(command().env("TIDEGATE_WITHOUT", "noise").args(one).output().expect("start"));
    assert_eq!(others(&report, &["held"]), BTreeMap::new(), "the variable changes nothing");
    assert!(has(weakened().get_program().as_ref(), "TIDEGATE_WITHOUT"), "the search finds it where it is");
}

/// What a package inherits that is no dependency.
fn own_needs(name: &str) -> bool {
    !["version", "edition", "rust-version", "license", "publish", "repository"].contains(&name)
}

/// The two workspaces build everything but the guards alike: one profile, one lock, the same features.
#[test]
fn the_weakened_build_differs_in_one_feature() {
    let read = |path: &str| std::fs::read_to_string(repository(path)).expect(path);
    let section = |text: &str, head: &str| {
        let from = text.find(head).unwrap_or_else(|| panic!("no {head}"));
        text[from + head.len()..].lines().skip(1).take_while(|line| !line.is_empty()).map(str::to_owned).collect::<Vec<_>>()
    };
    let (root, own) = (read("Cargo.toml"), read("tests/weakened/Cargo.toml"));
    for head in ["[profile.release]", "[profile.release.package.\"*\"]"] {
        assert_eq!(section(&root, head), section(&own, head), "{head}");
    }
    let packages = |text: &str| -> BTreeSet<String> {
        let blocks = text.split("[[package]]").skip(1);
        let third = blocks.filter(|block| block.contains("source = "));
        third.map(|block| block.lines().filter(|line| ["name", "version"].iter().any(|key| line.starts_with(key))).collect()).collect()
    };
    let (locked, own_locked) = (packages(&read("Cargo.lock")), packages(&read("tests/weakened/Cargo.lock")));
    let more: Vec<_> = own_locked.difference(&locked).collect();
    assert!(more.is_empty(), "tests/weakened/Cargo.lock has versions of its own: {more:?}; copy Cargo.lock over it");
    let features: Vec<&str> = own.lines().filter(|line| line.contains("weakened\"]")).collect();
    assert_eq!(features, ["tidegate-terms = { path = \"../../policies/terms\", features = [\"weakened\"] }"]);
    let cli = read("api/cli/Cargo.toml");
    for name in cli.lines().filter_map(|line| line.strip_suffix(".workspace = true")).filter(|name| own_needs(name)) {
        assert!(own.contains(&format!("\n{name} = ")), "tests/weakened/Cargo.toml needs `{name}`, as api/cli does");
    }
    for name in root.lines().filter_map(|line| line.strip_prefix("tidegate-")?.split(' ').next()) {
        assert!(
            own.contains(&format!("[profile.release.package.tidegate-{name}]")),
            "tests/weakened builds tidegate-{name} in another way"
        );
    }
}
