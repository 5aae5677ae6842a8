//! The choice: which clamp promises the smallest error, from noised counts and the known scale of the main round.

use super::Levels;
use crate::Layout;
use crate::part::Part;
use crate::quantiles::deviation;
use serde::{Deserialize, Serialize};
use tidegate_terms::{Measure, Mechanism};

/// The bounds that a first round has chosen, for each statistic in order; `None` where they were declared.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChosenBounds {
    /// Lower and upper bound.
    pub bounds: Vec<Option<[f64; 2]>>,
}

/// What is known of a statistic's main round and of what its first round released.
#[derive(Debug, Clone, PartialEq)]
pub struct MainRound {
    /// The noise scale of the main round, in steps of its grid.
    pub scale: f64,
    /// How many values lie at each candidate level or beyond, noised; empty where the bounds are declared.
    pub beyond: Vec<f64>,
    /// The noise scale of the first round, in steps of its grid.
    pub bounds_scale: f64,
}

/// A count is believed where it is so many standard deviations above zero; below that it is taken for noise. At one
/// deviation noise at a high level is sometimes taken for units: the worst of 50 releases was then off by more than the
/// whole sum, with 2.5 by a twentieth, and the median hardly changed (`tidegate bench utility --only bounds`).
const BELIEVED: f64 = 2.5;

/// Chooses bounds for all statistics of a layout (the main one, as sealed) from what their first round released.
pub fn choose(layout: &Layout, rounds: &[MainRound]) -> ChosenBounds {
    let bounds_round = layout.bounds_round();
    let of = |(index, round): (usize, &MainRound)| {
        let placed = layout.statistics().get(index)?;
        let (Measure::Sum { bounds, .. } | Measure::Mean { bounds, .. }) = &placed.measure else { return None };
        let automatic = placed.measure.automatic()?;
        let votes = bounds_round.as_ref()?.statistics().get(index)?.parts.first()?.clone();
        let levels = Levels::new(*bounds, automatic);
        let tails = Tails::new(&levels, round, &votes, placed.mechanism)?;
        // Noise in the statistic's unit for bounds of size 1.
        let noise = deviation(placed.mechanism, round.scale) / f64::from(1 << 20);
        let groups = placed.groups.max(1) as f64;
        Some(best(
            *bounds,
            &levels,
            &tails,
            |lower: f64, upper: f64| match placed.measure {
                Measure::Mean { .. } => noise * (upper - lower),
                _ => noise * lower.abs().max(upper.abs()),
            },
            groups,
        ))
    };
    ChosenBounds { bounds: rounds.iter().enumerate().map(of).collect() }
}

/// How many values lie beyond each level, above and below zero: rising, and without what may be noise.
struct Tails {
    above: Vec<f64>,
    below: Vec<f64>,
}

impl Tails {
    fn new(levels: &Levels, round: &MainRound, votes: &Part, mechanism: Mechanism) -> Option<Self> {
        let [above, below] = levels.counts();
        if round.beyond.len() != levels.cells() {
            return None;
        }
        let noise = deviation(mechanism, round.bounds_scale);
        let deviations = votes.cumulative().deviations(round.beyond.len(), votes.step, noise);
        let side = |from: Option<usize>, cells: std::ops::Range<usize>| {
            let start = from.map_or((0.0, 0.0), |from| (round.beyond[from], deviations[from]));
            let counts: Vec<f64> = round.beyond[cells.clone()].iter().map(|count| count - start.0).collect();
            let weights: Vec<f64> =
                deviations[cells].iter().map(|deviation| 1.0 / (deviation.hypot(start.1).powi(2)).max(f64::MIN_POSITIVE)).collect();
            let rising = crate::cumulative::isotonic(&counts, &weights);
            let believed = |(count, weight): (&f64, &f64)| if *count >= BELIEVED / weight.sqrt() { *count } else { 0.0 };
            rising.iter().zip(&weights).map(believed).collect()
        };
        Some(Self { above: side(None, 0..above), below: side(Some(above), above + 1..above + 1 + below) })
    }

    /// What a clamp at the end of a level removes from one side: the area under the counts beyond it.
    fn lost(counts: &[f64], levels: &Levels, level: usize) -> f64 {
        // Counts at level l are of sizes above size(l + 1); between size(l + 1) and size(l) that is an upper bound, and
        // the count one level up a lower one.
        let area = |above: usize| {
            let next = if above == 0 { 0.0 } else { counts[above - 1] };
            f64::midpoint(counts[above], next) * (levels.size(above) - levels.size(above + 1))
        };
        (0..level.min(counts.len())).map(area).sum()
    }
}

/// The pair of levels with the smallest root of squared noise and squared loss.
fn best(outer: [f64; 2], levels: &Levels, tails: &Tails, noise: impl Fn(f64, f64) -> f64, groups: f64) -> [f64; 2] {
    let ends = |counts: &[f64], sign: f64| -> Vec<(f64, f64)> {
        if counts.is_empty() {
            return vec![(0.0, 0.0)];
        }
        let last = if sign < 0.0 || outer[0] < 0.0 { counts.len() } else { counts.len() - 1 };
        (0..=last)
            .map(|level| {
                let size = if level == counts.len() { 0.0 } else { levels.size(level) };
                let size = if sign > 0.0 { size.min(outer[1]) } else { size.min(-outer[0]) };
                (sign * size, Tails::lost(counts, levels, level))
            })
            .collect()
    };
    let (uppers, lowers) = (ends(&tails.above, 1.0), ends(&tails.below, -1.0));
    let mut chosen = (f64::INFINITY, outer);
    for (upper, lost_above) in &uppers {
        for (lower, lost_below) in &lowers {
            let (lower, upper) = (lower.clamp(outer[0], outer[1]), upper.clamp(outer[0], outer[1]));
            let error = noise(lower, upper).hypot((lost_above + lost_below) / groups);
            if lower < upper && upper - lower >= 1e-12 * levels.largest && error < chosen.0 {
                chosen = (error, [lower, upper]);
            }
        }
    }
    chosen.1
}
