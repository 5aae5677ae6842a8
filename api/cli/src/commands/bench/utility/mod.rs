//! `tidegate bench utility`: how good the answers are, each figure beside its goal.
//!
//! | part | measures |
//! |---|---|
//! | [`accuracy`] | the error of each statistic against its theory, and how often intervals cover |
//! | [`opendp`] | the same questions put to OpenDP directly |
//! | [`logistic`] | a regression on the RAND experiment against the fit without privacy |
//! | [`composition`] | how many Gaussians fit into one budget |
//! | [`bounds`] | automatic bounds against hand-picked ones, on skewed data |
//! | [`vector`] | a vector of 100,000 entries over 100,000 units; 20 rounds against one |
//!
//! Noise is always that of the noise process, under prices that the accountant made. A missed goal is shown as
//! missed, it is no error.

mod accuracy;
mod bounds;
mod composition;
mod laid_out;
mod logistic;
mod opendp;
mod report;
mod vector;

use super::say;
use crate::args::{UtilityArguments, UtilityPart};
use crate::front::CliError;
use crate::output::Output;
use report::Report;
use tidegate_terms::{Delta, Epsilon};

/// The budget of every comparison.
const EPSILON: f64 = 1.0;
const DELTA: f64 = 1e-6;

type Measurement = fn(&UtilityArguments, &mut Report) -> Result<(), CliError>;

const PARTS: [(UtilityPart, &str, &str, Measurement); 6] = [
    (UtilityPart::Accuracy, "errors and intervals", "误差与区间", accuracy::measure),
    (UtilityPart::Opendp, "beside OpenDP", "与 OpenDP 比较", opendp::measure),
    (UtilityPart::Logistic, "logistic regression", "逻辑回归", logistic::measure),
    (UtilityPart::Composition, "how many fit", "可容纳的发布次数", composition::measure),
    (UtilityPart::Bounds, "automatic bounds", "自动取界", bounds::measure),
    (UtilityPart::Vector, "large vectors and rounds", "大向量与多轮", vector::measure),
];

/// Runs `tidegate bench utility`.
pub(super) fn run(arguments: &UtilityArguments, output: Output) -> Result<(), CliError> {
    let mut report = Report::new(arguments.draws);
    for (part, en, zh, measure) in PARTS {
        if arguments.only.is_none_or(|only| only == part) {
            say(output, output.pick(en, zh));
            measure(arguments, &mut report)?;
        }
    }
    output.show(&report, |report| report.print(output));
    Ok(())
}

fn budget() -> Result<(Epsilon, Delta), CliError> {
    Ok((Epsilon::parse(EPSILON)?, Delta::parse(DELTA)?))
}
