//! Automatic bounds against the usual hand-picked ones, on skewed data: total error against the unclamped truth.
//!
//! The hand is given the exact 95th percentile, which nobody knows without paying for it.

use super::budget;
use super::laid_out::{CONFIDENCE, LaidOut, seal};
use super::report::Report;
use crate::args::UtilityArguments;
use crate::commands::bench::data::Random;
use crate::commands::bench::people::people;
use crate::commands::bench::report::Goal;
use crate::commands::bench::{failed, median};
use crate::front::CliError;
use tidegate_accountant::priced_rho;
use tidegate_gate::{Group, noised, split_of_bounds_round};
use tidegate_sandbox::contract::Contribution;
use tidegate_service::children::Programs;
use tidegate_statistics::{MainRound, Scratch, choose};
use tidegate_terms::Rho;

const RELEASES: usize = 50;
const UNITS: usize = 100_000;
const MEDIAN: f64 = 10.0;

/// The outer bound: what a meter can count at all.
const OUTER: f64 = 1e6;
/// And how often a person can see a physician in five years.
const VISITS_OUTER: f64 = 1_830.0;
const SEED: u64 = 20_260_102;
/// Half the error is the goal.
const GOAL: Goal = Goal::AtMost(0.5);

/// Log-normal usage, and every `rare`-th unit with 1,000 to 5,000 times the median. A clamp at the 95th percentile loses
/// about a third of it all, as it does on published data of this kind.
struct Skewed {
    en: &'static str,
    zh: &'static str,
    /// Of the logarithm of usage.
    deviation: f64,
    rare: usize,
    goal: Option<Goal>,
}

/// A handful of very large units over a wide law; and twenty of them over a narrow one, where they are most of the tail
/// and too few to be seen well: harder, shown without a goal.
const SKEWED: [Skewed; 2] = [
    Skewed { en: "5 very large units", zh: "5 个极大单元", deviation: 1.5, rare: 20_000, goal: Some(GOAL) },
    Skewed {
        en: "20 very large units over a narrow law", zh: "20 个极大单元，其余分布较窄", deviation: 1.0, rare: 5_000, goal: None
    },
];

fn usage(skewed: &Skewed) -> Vec<f64> {
    let mut random = Random::new(SEED);
    let unit = |index: usize| {
        let usual = MEDIAN * (skewed.deviation * random.normal()).exp();
        if index.is_multiple_of(skewed.rare) { MEDIAN * (1_000.0 + 4_000.0 * random.unit()) } else { usual }
    };
    (0..UNITS).map(unit).collect()
}

pub(super) fn measure(_: &UtilityArguments, report: &mut Report) -> Result<(), CliError> {
    for skewed in &SKEWED {
        compare([skewed.en, skewed.zh], &usage(skewed), OUTER, skewed.goal, report)?;
    }
    let visits: Vec<f64> = people()?.iter().map(|person| person.visits() as f64).collect();
    compare(["visits of RAND's persons", "兰德实验的就诊次数"], &visits, VISITS_OUTER, None, report)?;
    report.note(
        format!("bounds: one sum at epsilon 1, delta 1e-6, over {UNITS} units (or RAND's persons), against the unclamped truth; outer bounds 0 to {OUTER} (visits: {VISITS_OUTER}), a fifth of the budget finds bounds inside."),
        format!("bounds：一次求和，epsilon 1，delta 1e-6，{UNITS} 个单元（或兰德实验的人员），与未截断的真值比较；外界 0 至 {OUTER}（就诊：{VISITS_OUTER}），预算的五分之一用于取界。"),
    );
    Ok(())
}

fn compare([en, zh]: [&str; 2], usage: &[f64], outer: f64, goal: Option<Goal>, report: &mut Report) -> Result<(), CliError> {
    let truth: f64 = usage.iter().sum();
    let mut sorted = usage.to_vec();
    sorted.sort_by(f64::total_cmp);
    let hand = sorted[usage.len() * 95 / 100];
    let by_hand = errors(|| by_hand(usage, hand), truth)?;
    let automatic = errors(|| automatic(usage, outer), truth)?;
    let share = |error: f64| 100.0 * error / truth;
    let names = |more_en: &str, more_zh: &str| [format!("{en}: {more_en}"), format!("{zh}：{more_zh}")];
    let error_by_hand = names("total error, clamp at the 95th percentile", "总误差，以第 95 百分位为界");
    report.add("bounds", error_by_hand, share(median(&by_hand)), "%", None);
    report.add("bounds", names("total error, automatic bounds", "总误差，自动取界"), share(median(&automatic)), "%", None);
    let worst = automatic.iter().copied().fold(0.0, f64::max);
    report.add("bounds", names("the same, worst of 50 releases", "同上，50 次发布中最差者"), share(worst), "%", None);
    let ratio = names("automatic over hand-picked, median of 50 releases", "自动取界与手选界之比（50 次发布的中位数）");
    report.add("bounds", ratio, median(&automatic) / median(&by_hand), "×", goal);
    Ok(())
}

fn errors(mut release: impl FnMut() -> Result<f64, CliError>, truth: f64) -> Result<Vec<f64>, CliError> {
    (0..RELEASES).map(|_| release().map(|value| (value - truth).abs())).collect()
}

fn value_of(groups: &[Group]) -> Result<f64, CliError> {
    let estimate = groups.first().and_then(|group| group.estimates.first());
    estimate.map(|estimate| estimate.value).ok_or_else(|| failed("no estimate"))
}

fn fill(laid_out: &mut LaidOut, usage: &[f64]) -> Result<(), CliError> {
    let mut scratch = Scratch::default();
    usage.iter().try_for_each(|value| laid_out.add(&mut scratch, Contribution::Dense(vec![*value])))
}

fn by_hand(usage: &[f64], upper: f64) -> Result<f64, CliError> {
    let (epsilon, delta) = budget()?;
    let statistic = format!("[[statistics]]\nname = \"usage\"\nmeasure = \"sum\"\nbounds = [0.0, {upper:e}]");
    let mut laid_out = LaidOut::new(seal(&statistic, None, usage.len() as u64)?, priced_rho(epsilon, delta))?;
    fill(&mut laid_out, usage)?;
    value_of(&laid_out.noised()?[0].0)
}

/// Two rounds, as a run has them: the first finds bounds at its share of the price, the second sums inside them.
fn automatic(usage: &[f64], outer: f64) -> Result<f64, CliError> {
    let (epsilon, delta) = budget()?;
    let rho = priced_rho(epsilon, delta).get();
    let statistic =
        format!("[[statistics]]\nname = \"usage\"\nmeasure = \"sum\"\nbounds = [0.0, {outer:e}]\nautomatic = {{ share = 0.2 }}");
    let sealed = seal(&statistic, None, usage.len() as u64)?;
    let share = split_of_bounds_round(&sealed);
    let bounds_round = sealed.bounds_round().ok_or_else(|| failed("no round for bounds"))?;
    let mut first = LaidOut::new(bounds_round, Rho::cap(rho * share))?;
    fill(&mut first, usage)?;
    let main = LaidOut::new(sealed, Rho::cap(rho * (1.0 - share)))?;
    let mut process = Programs::own().map_err(failed)?.child("noise");
    let drawn = noised(&first.layout, &first.charges, &first.sums, 1, &mut process).map_err(failed)?;
    let concluded = first.layout.conclude(&first.sums, &drawn, &first.scales(), CONFIDENCE);
    let beyond = concluded[0].1.as_ref().and_then(|overall| overall.vector.as_ref()).ok_or_else(|| failed("no counts of bounds"))?;
    let scale = |laid_out: &LaidOut| laid_out.scales().first().copied().unwrap_or(f64::INFINITY);
    let round = MainRound { scale: scale(&main), beyond: beyond.values.clone(), bounds_scale: scale(&first) };
    let chosen = choose(&main.layout, &[round]);
    let mut second = LaidOut::new(main.layout.within(&chosen).map_err(failed)?, Rho::cap(rho * (1.0 - share)))?;
    fill(&mut second, usage)?;
    value_of(&second.noised()?[0].0)
}
