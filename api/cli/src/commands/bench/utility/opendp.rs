//! The same questions put to OpenDP directly, at the same epsilon, delta and bounds, over the same persons.
//!
//! OpenDP gets its best general way: a discrete Gaussian calibrated by its own privacy map, its own conversion from
//! zCDP, and for a mean a sum and a count at half the budget each, the sum over values less the middle of the bounds
//! (without that it would be far worse). Both sides add noise to the same exact totals; each error is the root mean
//! square over the draws.

use super::budget;
use super::laid_out::{LaidOut, seal};
use super::report::Report;
use crate::args::UtilityArguments;
use crate::commands::bench::failed;
use crate::commands::bench::people::{Person, people};
use crate::commands::bench::report::Goal;
use crate::front::CliError;
use opendp::combinators::{make_chain_mt, make_chain_tt, make_fix_delta, make_zCDP_to_approxDP};
use opendp::core::{Measurement, Metric, MetricSpace};
use opendp::domains::{AtomDomain, VectorDomain};
use opendp::error::Fallible;
use opendp::measurements::make_gaussian;
use opendp::measures::ZeroConcentratedDivergence;
use opendp::metrics::{AbsoluteDistance, L2Distance, SymmetricDistance};
use opendp::transformations::{make_clamp, make_count, make_sum};
use tidegate_accountant::priced_rho;
use tidegate_sandbox::contract::{Cell, Contribution};
use tidegate_statistics::Scratch;

/// Bounds of a person's visits in all years.
const VISITS_MAX: i64 = 150;
const PERSONS_MAX: u64 = 6_000;
const PLANS: usize = 24;
/// Two errors of so many draws each differ by chance by about 1 in 70; a worse answer must show beyond that.
const SLACK: f64 = 0.05;

pub(super) fn measure(arguments: &UtilityArguments, report: &mut Report) -> Result<(), CliError> {
    let people = people()?;
    let draws = arguments.draws.clamp(100, 60_000);
    for (names, ours, theirs) in [
        (["count of persons", "人数"], our_count(&people, draws)?, their_count(&people, draws)?),
        (["sum of visits, bounds 0 to 150", "就诊总次数，界 0 至 150"], our_sum(&people, draws)?, their_sum(&people, draws)?),
        (["mean of visits, bounds 0 to 150", "人均就诊次数，界 0 至 150"], our_mean(&people, draws)?, their_mean(&people, draws)?),
        (["persons by plan", "各方案人数"], our_histogram(&people, draws)?, their_histogram(draws)?),
    ] {
        let [en, zh] = names;
        report.add("opendp", [format!("{en}: error by OpenDP"), format!("{zh}：OpenDP 的误差")], theirs, "", None);
        let here = [format!("{en}: error here"), format!("{zh}：本系统的误差")];
        report.add_beside("opendp", here, ours, "", Some(theirs), Some(Goal::AtMost(theirs * (1.0 + SLACK))));
    }
    report.note(
        format!("opendp: root mean square of {draws} draws at epsilon 1, delta 1e-6; never worse, but for 5 % of chance."),
        format!("opendp：epsilon 1、delta 1e-6 下 {draws} 次抽取的均方根误差；除 5 % 随机波动外不得更差。"),
    );
    Ok(())
}

fn root_mean_square(errors: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut many) = (0.0, 0.0);
    errors.for_each(|error| (sum, many) = (sum + error * error, many + 1.0));
    (sum / f64::max(many, 1.0)).sqrt()
}

// Here: one question with as many groups as draws, each with all persons' totals. -------------------------------

/// Errors of one estimate in every group, where each group holds the same totals.
fn ours(
    measure: &str,
    draws: usize,
    cells: &[f64],
    people: &[Person],
    visits: impl Fn(&Person) -> Option<Vec<f64>>,
) -> Result<f64, CliError> {
    let keys: Vec<String> = (0..draws).map(|draw| format!("\"g{draw}\"")).collect();
    let statistic = format!("[[statistics]]\nname = \"question\"\n{measure}\ngroups = {{ keys = [{}] }}\n", keys.join(","));
    let (epsilon, delta) = budget()?;
    let mut laid_out = LaidOut::new(seal(&statistic, None, PERSONS_MAX * draws as u64)?, priced_rho(epsilon, delta))?;
    let mut scratch = Scratch::default();
    let width = cells.len();
    for values in people.iter().filter_map(visits) {
        let cell = |(index, value): (usize, f64)| Cell { index: index as u32, value };
        laid_out.add(&mut scratch, Contribution::Sparse(values.into_iter().enumerate().map(cell).collect()))?;
    }
    // The totals of the first group become those of every group: of each part, group after group.
    let parts = laid_out.sums.fixed.len() / draws;
    if parts != width {
        return Err(failed("the question has another width"));
    }
    let spans: Vec<(usize, usize)> = spans(&laid_out, draws);
    for (start, wide) in spans {
        for group in 1..draws {
            laid_out.sums.fixed.copy_within(start..start + wide, start + group * wide);
        }
    }
    let truth = laid_out.layout.conclude_without_noise(&laid_out.sums);
    let noised = laid_out.noised()?;
    let value = |group: &tidegate_statistics::Group| group.estimates.first().map(|estimate| estimate.value);
    let errors = noised[0].0.iter().zip(&truth[0]).filter_map(|(noised, truth)| Some(value(noised)? - value(truth)?));
    Ok(root_mean_square(errors))
}

/// Where each part's totals begin, and how many one group has.
fn spans(laid_out: &LaidOut, draws: usize) -> Vec<(usize, usize)> {
    let mut start = 0;
    let span = |(_, part): (&tidegate_statistics::Placed, &tidegate_statistics::Part)| {
        let at = start;
        start += part.width * draws;
        (at, part.width)
    };
    laid_out.layout.parts().map(span).collect()
}

fn visits_of(person: &Person) -> f64 {
    person.visits().clamp(0, VISITS_MAX) as f64
}

fn our_count(people: &[Person], draws: usize) -> Result<f64, CliError> {
    ours("measure = \"count\"", draws, &[1.0], people, |_| Some(vec![1.0]))
}

fn our_sum(people: &[Person], draws: usize) -> Result<f64, CliError> {
    let measure = format!("measure = \"sum\"\nbounds = [0.0, {VISITS_MAX}.0]");
    ours(&measure, draws, &[1.0], people, |person| Some(vec![visits_of(person)]))
}

fn our_mean(people: &[Person], draws: usize) -> Result<f64, CliError> {
    let measure = format!("measure = \"mean\"\nbounds = [0.0, {VISITS_MAX}.0]\nvalues_per_unit = 1");
    ours(&measure, draws, &[1.0, 1.0], people, |person| Some(vec![1.0, visits_of(person)]))
}

fn our_histogram(people: &[Person], draws: usize) -> Result<f64, CliError> {
    ours("measure = \"histogram\"", draws, &[1.0], people, |person| (person.plan == 1).then(|| vec![1.0]))
}

// There. ----------------------------------------------------------------------------------------------------------

type Numbers = VectorDomain<AtomDomain<i64>>;
type Scalar = Measurement<Numbers, SymmetricDistance, ZeroConcentratedDivergence, i64>;

fn numbers() -> Numbers {
    VectorDomain::new(AtomDomain::<i64>::new_non_nan())
}

fn count(scale: f64) -> Fallible<Scalar> {
    let count = make_count::<i64, i64>(numbers(), SymmetricDistance)?;
    let noise = make_gaussian(count.output_domain.clone(), AbsoluteDistance::<i64>::default(), scale, None)?;
    make_chain_mt(&noise, &count)
}

fn sum(scale: f64, bounds: (i64, i64)) -> Fallible<Scalar> {
    let clamp = make_clamp(numbers(), SymmetricDistance, bounds)?;
    let sum = make_sum(clamp.output_domain.clone(), SymmetricDistance)?;
    let sum = make_chain_tt(&sum, &clamp)?;
    let noise = make_gaussian(sum.output_domain.clone(), AbsoluteDistance::<i64>::default(), scale, None)?;
    make_chain_mt(&noise, &sum)
}

fn histogram(scale: f64) -> Fallible<Measurement<Numbers, L2Distance<f64>, ZeroConcentratedDivergence, Vec<i64>>> {
    make_gaussian(numbers(), L2Distance::default(), scale, None)
}

/// What a mechanism costs in rho, and whether OpenDP's conversion says that it fits into the budget.
fn rho<MI: Metric + 'static, T: 'static>(
    measurement: Fallible<Measurement<Numbers, MI, ZeroConcentratedDivergence, T>>,
    distance: &MI::Distance,
) -> Result<f64, CliError>
where
    (Numbers, MI): MetricSpace,
{
    measurement.and_then(|measurement| measurement.map(distance)).map_err(|error| failed(error.to_string()))
}

/// The smallest scale at which a share of OpenDP's budget pays. Its conversion is asked of a count.
fn scale(share: f64, price: impl Fn(f64) -> Result<f64, CliError>) -> Result<f64, CliError> {
    let (epsilon, delta) = budget()?;
    let fits = |scale: f64| -> Result<bool, CliError> {
        let both = count(scale).and_then(make_zCDP_to_approxDP).and_then(|both| make_fix_delta(&both, delta.get()));
        let cost = both.and_then(|both| both.map(&1)).map_err(|error| failed(error.to_string()))?;
        Ok(cost.0 <= epsilon.get())
    };
    let (mut low, mut high) = (0.1, 1e3);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if fits(middle)? { high = middle } else { low = middle }
    }
    let budget = share * rho(count(high), &1)?;
    let (mut low, mut high) = (1e-3, 1e7);
    for _ in 0..80 {
        let middle = f64::midpoint(low, high);
        if price(middle)? <= budget { high = middle } else { low = middle }
    }
    Ok(high)
}

fn draw<T>(
    measurement: Fallible<Measurement<Numbers, SymmetricDistance, ZeroConcentratedDivergence, T>>,
    values: &Vec<i64>,
) -> Result<T, CliError> {
    measurement.and_then(|measurement| measurement.invoke(values)).map_err(|error| failed(error.to_string()))
}

fn their_count(people: &[Person], draws: usize) -> Result<f64, CliError> {
    let scale = scale(1.0, |scale| rho(count(scale), &1))?;
    let values = vec![0; people.len()];
    let errors: Vec<f64> =
        (0..draws).map(|_| Ok((draw(count(scale), &values)? - people.len() as i64) as f64)).collect::<Result<_, CliError>>()?;
    Ok(root_mean_square(errors.into_iter()))
}

fn clamped(people: &[Person]) -> Vec<i64> {
    people.iter().map(|person| person.visits().clamp(0, VISITS_MAX)).collect()
}

fn their_sum(people: &[Person], draws: usize) -> Result<f64, CliError> {
    let bounds = (0, VISITS_MAX);
    let scale = scale(1.0, |scale| rho(sum(scale, bounds), &1))?;
    let values = clamped(people);
    let truth: i64 = values.iter().sum();
    let errors: Vec<f64> = (0..draws).map(|_| Ok((draw(sum(scale, bounds), &values)? - truth) as f64)).collect::<Result<_, CliError>>()?;
    Ok(root_mean_square(errors.into_iter()))
}

fn their_mean(people: &[Person], draws: usize) -> Result<f64, CliError> {
    let middle = VISITS_MAX / 2;
    let bounds = (-middle, VISITS_MAX - middle);
    let count_scale = scale(0.5, |scale| rho(count(scale), &1))?;
    let sum_scale = scale(0.5, |scale| rho(sum(scale, bounds), &1))?;
    let values: Vec<i64> = clamped(people).iter().map(|value| value - middle).collect();
    let truth = values.iter().sum::<i64>() as f64 / values.len() as f64;
    let error = |_| {
        let (total, number) = (draw(sum(sum_scale, bounds), &values)?, draw(count(count_scale), &values)?);
        Ok(total as f64 / number as f64 - truth)
    };
    let errors: Vec<f64> = (0..draws).map(error).collect::<Result<_, CliError>>()?;
    Ok(root_mean_square(errors.into_iter()))
}

/// Of one plan among 24: a person adds 1 to one of them.
fn their_histogram(draws: usize) -> Result<f64, CliError> {
    let scale = scale(1.0, |scale| rho(histogram(scale), &1.0))?;
    let zeros = vec![0; PLANS];
    let draw = |_| histogram(scale).and_then(|noise| noise.invoke(&zeros)).map_err(|error| failed(error.to_string()));
    let drawn: Vec<Vec<i64>> = (0..draws).map(draw).collect::<Result<_, _>>()?;
    Ok(root_mean_square(drawn.into_iter().map(|counts| counts[0] as f64)))
}
