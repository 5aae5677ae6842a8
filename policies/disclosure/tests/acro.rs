//! The same tables under PyPI's `acro`, and linear programs of `scipy` as the attacker.
//!
//! `tests/run` makes the Python environment under `target/venv`; without it this test says that it was skipped.

mod common;

use common::{Dice, Population, shown, sums};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use tidegate_disclosure::{DisclosureRules, Measure, Reason, Shown, review};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The interpreter of the environment, where there is one with `acro`.
fn python() -> Option<PathBuf> {
    let given = std::env::var_os("TIDEGATE_VENV").map(PathBuf::from);
    let python = given.unwrap_or_else(|| repository().join("target/venv")).join("bin/python");
    let has_acro = Command::new(&python).args(["-c", "import acro, scipy"]).output().is_ok_and(|output| output.status.success());
    has_acro.then_some(python)
}

fn table(dice: &mut Dice, measure: Measure) -> Option<Value> {
    let mut population = Population::draw(dice, 5, 40);
    // acro needs somebody, and columns.
    if population.contributions.is_empty() || population.width == 0 {
        return None;
    }
    population.height = population.height.max(1);
    let rules = DisclosureRules::default();
    let reviewed = review(&rules, &population.table(measure.clone()), &[]).ok()?;
    let cells = shown(&reviewed.published);
    let marked =
        |reason: Reason| -> Vec<usize> { (0..cells.len()).filter(|index| reviewed.reasons.of(*index).contains(&reason)).collect() };
    let hidden: Vec<usize> = (0..cells.len()).filter(|index| cells[*index] == Shown::Suppressed).collect();
    let public: Vec<(f64, Option<f64>)> = common::knowledge(&population, &measure, &rules, |_| true)
        .into_iter()
        .map(|(low, high)| (low, (high < common::FAR).then_some(high)))
        .collect();
    let required: Vec<(usize, i64, i64)> =
        reviewed.reasons.requirements().map(|(index, demand)| (index, demand.lower as i64, demand.upper as i64)).collect();
    Some(json!({
        "measure": if measure == Measure::Count { "count" } else { "sum" },
        "height": population.height,
        "width": population.width,
        "units": population.contributions.iter().map(|one| (one.row, one.column, one.value)).collect::<Vec<_>>(),
        "values": population.values(&measure),
        "public": public,
        "hidden": hidden,
        "required": required,
        "primary": {
            "Threshold": marked(Reason::Threshold),
            "Dominance": marked(Reason::Dominance),
            "PPercent": marked(Reason::PPercent),
        },
    }))
}

#[test]
fn primary_suppression_agrees_with_acro_and_linear_programs_break_nothing() {
    let Some(python) = python() else {
        println!("SKIPPED: no Python environment with acro and scipy in target/venv; tests/run makes one");
        return;
    };
    let mut dice = Dice(11);
    let mut tables = Vec::new();
    while tables.len() < 120 {
        let measure = if tables.len() % 3 == 0 { Measure::Count } else { sums() };
        tables.extend(table(&mut dice, measure));
    }
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("tables.json");
    std::fs::write(&file, serde_json::to_vec(&tables).expect("JSON")).expect("write");
    let script = repository().join("tests/disclosure/compare_acro.py");
    let output = Command::new(python).arg(script).arg(&file).arg("30").current_dir(folder.path()).output().expect("Python");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    println!("{said}");
    let figures: Value = serde_json::from_str(said.lines().last().expect("figures")).expect("JSON");
    assert_eq!((&figures["tables"], &figures["mask_differs"], &figures["broken"]), (&json!(120), &json!(0), &json!(0)));
    for check in ["Threshold", "Dominance", "PPercent"] {
        assert!(figures["marked"][check].as_u64().is_some_and(|cells| cells > 20), "{check} must occur: {said}");
    }
    assert!(figures["tables_broken_without_secondary"].as_u64().is_some_and(|tables| tables > 10), "{said}");
}
