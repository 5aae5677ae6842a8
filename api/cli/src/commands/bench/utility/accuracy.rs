//! The error of each statistic over many draws against the error that quotes promise, and how often intervals cover.
//!
//! One question with as many groups as draws: each group is a draw of its own, at the scale of one release. Exact totals
//! are those of made-up units, added as a worker adds them. Two goals for each:
//!
//! * error: the root mean square over the draws, over that of the theory (the figure beside). Within 5 % where the
//!   theory is exact; at most 5 % above where it is a bound (medians and quantiles, whose answers lie at candidates).
//! * coverage: the share of intervals that hold the clamped statistic. A one-sided binomial test of the nominal 95 %
//!   with a false-alarm rate of 1 in 10,000 for each: missed where fewer than z = 3.72 deviations allow.

use super::budget;
use super::laid_out::{CONFIDENCE, LaidOut, seal};
use super::report::Report;
use crate::args::UtilityArguments;
use crate::commands::bench::failed;
use crate::commands::bench::report::Goal;
use crate::front::CliError;
use tidegate_accountant::priced_rho;
use tidegate_gate::expected_errors;
use tidegate_sandbox::contract::{Cell, Contribution, KeyedCells};
use tidegate_statistics::{Group, Scratch};
use tidegate_terms::{Expected, Rho};

/// Half a 95 % interval in standard deviations: of the normal distribution, and of Laplace's.
const NORMAL_REACH: f64 = 1.959_963_985;
const LAPLACE_REACH: f64 = 2.118_313_6;
/// The normal quantile of the false-alarm rate 0.0001.
const ALARM: f64 = 3.719;
const SLACK: f64 = 0.05;

/// A statistic to try.
struct Trial {
    en: &'static str,
    zh: &'static str,
    measure: &'static str,
    shape: Shape,
    /// The estimate that is looked at, and what quotes call it.
    estimate: &'static str,
    quoted: &'static str,
    /// The values that made-up units give to a group, and how many units give each.
    values: Vec<f64>,
    alike: i64,
    reach: f64,
    /// The distance of candidates over the values in each bin: from ranks to values.
    per_rank: f64,
    exact_theory: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Shape {
    /// So many cells of each group, made of the count and powers of a value.
    Cells(u32),
    /// One bin of several for each value.
    Bins(u32),
    Vector,
    Keyed,
    /// One value of each block, the same for all groups.
    Blocks,
}

fn trial(en: &'static str, zh: &'static str, measure: &'static str, shape: Shape, estimate: &'static str) -> Trial {
    Trial {
        en,
        zh,
        measure,
        shape,
        estimate,
        quoted: estimate,
        values: vec![1.0],
        reach: NORMAL_REACH,
        per_rank: 1.0,
        exact_theory: true,
        alike: 1_000,
    }
}

/// So many values, each above its own candidate.
fn spread(many: i32) -> Vec<f64> {
    (0..many).map(|bin| f64::from(bin) + 0.5).collect()
}

fn trials() -> [Trial; 11] {
    use Shape::{Bins, Blocks, Cells, Keyed, Vector};
    [
        trial("count", "计数", "measure = \"count\"", Cells(1), "count"),
        Trial {
            reach: LAPLACE_REACH,
            ..trial("count, Laplace", "计数（拉普拉斯）", "measure = \"count\"\nmechanism = \"laplace\"", Cells(1), "count")
        },
        Trial { values: vec![7.0], ..trial("sum", "求和", "measure = \"sum\"\nbounds = [0.0, 30.0]", Cells(1), "sum") },
        Trial {
            values: vec![5.0, 15.0],
            ..trial("mean", "均值", "measure = \"mean\"\nbounds = [0.0, 30.0]\nvalues_per_unit = 1", Cells(2), "mean")
        },
        // Quotes take the variance to lie at the middle of what it can be: half the square of half the width.
        Trial {
            values: vec![15.0 - 15.0 / 2f64.sqrt(), 15.0 + 15.0 / 2f64.sqrt()],
            ..trial("variance", "方差", "measure = \"variance\"\nbounds = [0.0, 30.0]\nvalues_per_unit = 1", Cells(3), "variance")
        },
        trial("histogram", "直方图", "measure = \"histogram\"", Cells(1), "count"),
        Trial {
            quoted: "entry",
            ..trial("vector sum", "向量求和", "measure = \"vector_sum\"\nnorm = \"l2\"\nbound = 1.0", Vector, "vector")
        },
        trial("count, discovered keys", "计数（发现的键）", "measure = \"count\"", Keyed, "count"),
        Trial {
            values: spread(10),
            quoted: "rank",
            per_rank: 1.0 / 1_000.0,
            exact_theory: false,
            ..trial("median", "中位数", "measure = \"quantiles\"\nprobabilities = [0.5]", Bins(11), "quantile 0.5")
        },
        Trial {
            values: vec![2.0, 4.0],
            ..trial("mean of blocks", "分块均值", "measure = \"block_mean\"\nbounds = [0.0, 10.0]", Blocks, "mean")
        },
        Trial {
            // Five blocks at each of a hundred candidates, so that the noise moves the median over several.
            values: spread(100),
            alike: 5,
            quoted: "rank",
            per_rank: 1.0 / 5.0,
            exact_theory: false,
            ..trial("median of blocks", "分块中位数", "measure = \"block_median\"", Blocks, "median")
        },
    ]
}

pub(super) fn measure(arguments: &UtilityArguments, report: &mut Report) -> Result<(), CliError> {
    let draws = arguments.draws.clamp(100, 60_000);
    for trial in trials() {
        let done = trial.run(draws)?;
        let beyond = 100.0 * if trial.exact_theory { (done.ratio - 1.0).abs() } else { (done.ratio - 1.0).max(0.0) };
        let [en, zh] = if trial.exact_theory {
            ["error, distance from theory", "误差与理论值之差"]
        } else {
            ["error above its bound", "误差超出理论上界"]
        };
        let names = [format!("{}: {en}", trial.en), format!("{}：{zh}", trial.zh)];
        report.add_beside("accuracy", names, beyond, "%", Some(done.ratio), Some(Goal::AtMost(100.0 * SLACK)));
        let least = CONFIDENCE - ALARM * (CONFIDENCE * (1.0 - CONFIDENCE) / draws as f64).sqrt();
        let names = [format!("{}: intervals that cover", trial.en), format!("{}：区间覆盖率", trial.zh)];
        report.add("accuracy", names, 100.0 * done.covered as f64 / draws as f64, "%", Some(Goal::AtLeast(100.0 * least)));
    }
    report.note(
        format!("accuracy: {draws} draws of each statistic; coverage fails by chance once in 10,000 for each."),
        format!("accuracy：每个统计量抽取 {draws} 次；覆盖率检验的误报率为每项万分之一。"),
    );
    Ok(())
}

struct Done {
    ratio: f64,
    covered: usize,
}

impl Trial {
    fn statistic(&self, draws: usize) -> String {
        let keys: Vec<String> = (0..draws).map(|draw| format!("\"g{draw}\"")).collect();
        let shape = match self.shape {
            Shape::Vector => format!("dimension = {draws}"),
            Shape::Keyed => "groups = { discovered = { bytes_max = 16, delta = 1e-9 } }".to_owned(),
            Shape::Bins(_) => format!("{}\ngroups = {{ keys = [{}] }}", self.candidates(), keys.join(",")),
            Shape::Blocks if self.measure.contains("median") => {
                format!("{}\ngroups = {{ keys = [{}] }}", self.candidates(), keys.join(","))
            }
            Shape::Cells(_) | Shape::Blocks => format!("groups = {{ keys = [{}] }}", keys.join(",")),
        };
        format!("[[statistics]]\nname = \"trial\"\n{}\n{shape}\n", self.measure)
    }

    /// As many as there are values, one below each but the first.
    fn candidates(&self) -> String {
        format!("candidates = {{ lower = 1.0, upper = {}.0, steps = {} }}", self.values.len(), self.values.len() - 1)
    }

    fn contributions(&self, draws: usize) -> Vec<Contribution> {
        let each = |group: usize| self.values.iter().map(move |value| (group as u32, *value));
        match self.shape {
            Shape::Vector => vec![Contribution::Dense(vec![0.5 / (draws as f64).sqrt(); draws])],
            Shape::Blocks => self.values.iter().map(|value| Contribution::Dense(vec![*value; draws])).collect(),
            Shape::Keyed => {
                let keyed = |draw| Contribution::Keyed(vec![KeyedCells { key: format!("g{draw}"), values: vec![1.0] }]);
                (0..draws).map(keyed).collect()
            }
            Shape::Bins(bins) => {
                let cell = |(group, value): (u32, f64)| Cell { index: group * bins + value as u32, value: 1.0 };
                (0..draws).flat_map(each).map(|at| Contribution::Sparse(vec![cell(at)])).collect()
            }
            Shape::Cells(width) => {
                let powers = |(group, value): (u32, f64)| {
                    let powers = if width == 1 { [value, 0.0, 0.0] } else { [1.0, value, value * value] };
                    (0..width).zip(powers).map(move |(cell, value)| Cell { index: group * width + cell, value }).collect()
                };
                (0..draws).flat_map(each).map(|at| Contribution::Sparse(powers(at))).collect()
            }
        }
    }

    fn run(&self, draws: usize) -> Result<Done, CliError> {
        let units = self.values.len() as i64 * self.alike;
        let blocks = (self.shape == Shape::Blocks).then_some(units as u32);
        let layout = seal(&self.statistic(draws), blocks, units as u64 * draws as u64)?;
        let (epsilon, delta) = budget()?;
        // A block gives to every group, so all draws together cost so many times one.
        let times = if self.shape == Shape::Blocks { draws as f64 } else { 1.0 };
        let mut laid_out = LaidOut::new(layout, Rho::cap(priced_rho(epsilon, delta).get() * times))?;
        let mut scratch = Scratch::default();
        self.contributions(draws).into_iter().try_for_each(|contribution| laid_out.add(&mut scratch, contribution))?;
        laid_out.sums.fixed.iter_mut().for_each(|total| *total *= self.alike);
        laid_out.sums.keyed.iter_mut().flat_map(|table| table.values_mut()).flatten().for_each(|total| *total *= self.alike);
        let truth = laid_out.layout.conclude_without_noise(&laid_out.sums);
        let truth = self.numbers(truth.first().map(Vec::as_slice).unwrap_or_default());
        let concluded = laid_out.noised()?;
        let noised = self.numbers(&concluded[0].0);
        if truth.len() != draws || noised.len() != draws {
            return Err(failed(format!("{}: {} of {draws} draws were released", self.en, noised.len())));
        }
        let pairs = || noised.iter().zip(&truth);
        let squares: f64 = pairs().map(|(noised, truth)| (noised[0] - truth[0]).powi(2)).sum();
        let covered = pairs().filter(|(noised, truth)| noised[1] <= truth[0] && truth[0] <= noised[2]).count();
        let theory = self.theory(&laid_out)?;
        Ok(Done { ratio: (squares / draws as f64).sqrt() / theory, covered })
    }

    /// Estimate, lower and upper end of each draw.
    fn numbers(&self, groups: &[Group]) -> Vec<[f64; 3]> {
        let of_vector = |group: &Group| {
            let vector = group.vector.clone();
            vector.into_iter().flat_map(|vector| {
                let half = vector.half_width;
                vector.values.into_iter().map(move |value| [value, value - half, value + half])
            })
        };
        let of_estimates = |group: &Group| {
            let found = group.estimates.iter().find(|estimate| estimate.name == self.estimate);
            found.map(|estimate| [estimate.value, estimate.lower, estimate.upper])
        };
        match self.shape {
            Shape::Vector => groups.iter().flat_map(of_vector).collect(),
            _ => groups.iter().filter_map(of_estimates).collect(),
        }
    }

    /// The standard deviation that quotes promise.
    fn theory(&self, laid_out: &LaidOut) -> Result<f64, CliError> {
        let count = (self.values.len() as i64 * self.alike) as f64;
        let value = self.values.iter().sum::<f64>() / self.values.len() as f64;
        let errors = expected_errors(&laid_out.layout, &laid_out.charges, Some(Expected { count, value: Some(value) }));
        let found = errors.iter().find(|error| error.estimate == self.quoted);
        let half = found.map(|error| error.half_width).ok_or_else(|| failed(format!("{}: no expected error", self.en)))?;
        Ok(half / self.reach * self.per_rank)
    }
}
