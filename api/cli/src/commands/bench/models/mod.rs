//! `tidegate bench models`: every sample model at epsilon 1, beside the answer without privacy.
//!
//! | part | is |
//! |---|---|
//! | [`answers`] | runs the models through a keeper and compares |
//! | [`without_privacy`] | the same answers without privacy, by other code |
//! | [`page`] | `docs/models.md` |

mod answers;
mod page;
pub(super) mod without_privacy;

use super::domain::Module;
use super::{failed, people};
use crate::front::CliError;
use crate::output::{Output, number};
use serde::Serialize;
use tidegate_service::view::ReleaseShown;

/// A sample model: its name, its README, and the module where it is run here.
pub(super) struct Sample {
    name: &'static str,
    readme: &'static str,
    module: Module<'static>,
}

macro_rules! samples {
    ($($name:literal)*) => {
        [$(Sample {
            name: $name,
            readme: include_str!(concat!("../../../../../../sample-models/models/", $name, "/README.md")),
            module: Module {
                component: include_bytes!(concat!("../../../../../../sample-models/built/", $name, ".wasm")),
                manifest: include_str!(concat!("../../../../../../sample-models/models/", $name, "/manifest.toml")),
            },
        }),*]
    };
}

/// Models with results.
const HONEST: [Sample; 12] = samples! {
    "visits-by-plan" "expensive-years" "expenditure" "expenditure-quantiles" "total-visits" "visits-ols" "any-visit-logistic"
    "spending-clusters" "visits-dispersion" "visits-cost" "clinic-visits" "insured-visits"
};

/// Models that are there for benchmarks and tests.
const OTHERS: [Sample; 9] = samples! {
    "plan-year-table" "district-usage" "bench-row-sum" "bench-grows-memory" "bench-gradient" "offender-keeps-state" "offender-loops"
    "offender-out-of-range" "offender-conclude"
};

/// The logistic regression, for `bench utility`.
pub(super) const LOGISTIC: Module<'static> = Module {
    component: include_bytes!("../../../../../../sample-models/built/any-visit-logistic.wasm"),
    manifest: include_str!("../../../../../../sample-models/models/any-visit-logistic/manifest.toml"),
};

/// One number of a model's answer.
#[derive(Debug, Serialize)]
struct Line {
    what: String,
    released: f64,
    /// Its interval, or two standard errors to each side where the model gives one.
    interval: Option<[f64; 2]>,
    without_privacy: f64,
}

/// What a model answered.
#[derive(Debug, Serialize)]
struct Answer {
    model: &'static str,
    rounds: u32,
    rounds_reserved: u32,
    epsilon: f64,
    lines: Vec<Line>,
}

/// The coefficients of a regression's report, in the order of the features.
pub(super) fn coefficients(shown: &ReleaseShown) -> Result<Vec<f64>, CliError> {
    people::NAMES.iter().map(|name| finding(shown, name)).collect()
}

fn finding(shown: &ReleaseShown, name: &str) -> Result<f64, CliError> {
    let found = shown.release.report.iter().find(|finding| finding.name == name);
    found.map(|finding| finding.value).ok_or_else(|| failed(format!("the report has no `{name}`")))
}

/// Runs `tidegate bench models`.
pub(super) fn run(markdown: bool, output: Output) -> Result<(), CliError> {
    let mut answers = Vec::new();
    for sample in &HONEST {
        if !markdown {
            super::say(output, sample.name);
        }
        answers.push(answers::answer(sample)?);
    }
    if markdown {
        print!("{}", page::page(&answers));
        return Ok(());
    }
    output.show(&answers, |answers| {
        let heads = [("model", "模型"), ("number", "数值"), ("released", "发布"), ("interval", "区间"), ("without privacy", "无隐私保护")];
        let mut table = output.table(&heads);
        for answer in answers {
            for line in &answer.lines {
                let interval = line.interval.map(|[lower, upper]| format!("{} … {}", number(lower), number(upper))).unwrap_or_default();
                table.add_row([answer.model.to_owned(), line.what.clone(), number(line.released), interval, number(line.without_privacy)]);
            }
        }
        println!("{table}");
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    #[test]
    fn the_page_has_every_model() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let directories = std::fs::read_dir(root.join("sample-models/models")).expect("models").flatten();
        let there: BTreeSet<String> = directories.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        let known: BTreeSet<String> = HONEST.iter().chain(&OTHERS).map(|sample| sample.name.to_owned()).collect();
        assert_eq!(known, there, "a model is missing in HONEST or OTHERS");
        let page = std::fs::read_to_string(root.join("docs/models.md")).expect("docs/models.md: tidegate bench models --markdown");
        let readme = std::fs::read_to_string(root.join("sample-models/README.md")).expect("README");
        for name in there {
            assert!(page.contains(&format!("## {name}\n")) || page.contains(&format!("`{name}`: ")), "docs/models.md has no {name}");
            assert!(readme.contains(&format!("| `{name}` |")), "sample-models/README.md has no {name}");
        }
    }
}
