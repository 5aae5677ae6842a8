//! Logistic regression on the RAND experiment at epsilon 1, against the fit without privacy.
//!
//! Target: any visit to a physician in the year (`mdvis` > 0). Features: those of `sample-models/features` (coinsurance,
//! age, child, sex, income, health, diseases). Split by person: every fifth identifier is held out, the others are
//! mounted. Both fits see the same persons; the area under the curve is that over held-out person-years.

use super::report::Report;
use super::{EPSILON, budget};
use crate::args::UtilityArguments;
use crate::commands::bench::domain::{Bench, Dataset};
use crate::commands::bench::median;
use crate::commands::bench::models::without_privacy::{area_under_curve, newton, score};
use crate::commands::bench::models::{LOGISTIC, coefficients};
use crate::commands::bench::people::{Lines, people};
use crate::commands::bench::report::Goal;
use crate::commands::demo::material::MATERIAL_SCHEMA;
use crate::front::CliError;

/// Each is a run of its own, with its own noise.
const RUNS: usize = 5;
const POINTS_MAX: f64 = 3.0;

pub(super) fn measure(_: &UtilityArguments, report: &mut Report) -> Result<(), CliError> {
    budget()?;
    let (held_out, fitted): (Vec<_>, Vec<_>) = people()?.into_iter().partition(|person| person.is_held_out());
    let years = |people: &[crate::commands::bench::people::Person]| {
        people.iter().flat_map(|person| &person.years).map(|year| (year.features, year.visits > 0)).collect::<Vec<_>>()
    };
    let (held_out, fitted) = (years(&held_out), years(&fitted));
    let area = |weights: &[f64]| {
        let scored: Vec<(f64, bool)> = held_out.iter().map(|(features, outcome)| (score(features, weights), *outcome)).collect();
        100.0 * area_under_curve(scored)
    };
    let best = area(&newton(&fitted));
    let training = Lines::of_the_public_file()?.file_of(|identifier| !identifier.is_multiple_of(5))?;
    let dataset = Dataset { name: "rand-hie", schema: MATERIAL_SCHEMA, tables: vec![("person-years", training)] };
    let mut bench = Bench::new(&[dataset], LOGISTIC)?;
    let mut areas = Vec::new();
    for run in 0..RUNS {
        // Another guess at the number of persons makes it another question.
        let shown = bench.ask(EPSILON, &[("persons", (5_000 + run).to_string())], 2)?.shown;
        areas.push(area(&coefficients(&shown)?));
    }
    let names = |en: &str, zh: &str| [en.to_owned(), zh.to_owned()];
    report.add("logistic", names("area under the curve, without privacy", "AUC，无隐私保护"), best, "%", None);
    let named = names("area under the curve at epsilon 1, median of 5 runs", "AUC，epsilon 1，5 次运行的中位数");
    report.add_beside("logistic", named, median(&areas), "%", Some(best), Some(Goal::AtLeast(best - POINTS_MAX)));
    let worst = areas.iter().copied().fold(f64::INFINITY, f64::min);
    report.add_beside("logistic", names("the worst of them", "其中最差者"), worst, "%", Some(best), None);
    report.note(
        format!(
            "logistic: mdvis > 0 on 11 features, {} person-years fitted, {} held out (every fifth person).",
            fitted.len(),
            held_out.len()
        ),
        format!("logistic：以 11 个特征预测 mdvis > 0；拟合 {} 个人年，留出 {} 个（每五人留一）。", fitted.len(), held_out.len()),
    );
    Ok(())
}
