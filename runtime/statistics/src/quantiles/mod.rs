//! Quantiles: several at once, from how many values lie below each public candidate.

use crate::cumulative::{Cumulative, Strategy, isotonic};
use crate::kind::{Kind, Noised};
use crate::noise::normal_quantile;
use crate::part::Transform;
use crate::placed::Reference;
use crate::{Conclusion, Estimate, Part, Sensitivity};
use std::sync::Arc;
use tidegate_terms::Mechanism;

#[derive(Debug)]
pub(crate) struct Quantiles {
    candidates: Vec<f64>,
    probabilities: Vec<f64>,
    values_per_unit: u32,
    part: Part,
    cumulative: Cumulative,
}

impl Quantiles {
    pub(crate) fn new(candidates: Vec<f64>, probabilities: Vec<f64>, values_per_unit: u32, mechanism: Mechanism) -> Self {
        let bins = candidates.len() + 1;
        let most = u64::from(values_per_unit);
        let together = |one: Sensitivity| Sensitivity { l1: one.l1 * most, l2_squared: one.l2_squared * u128::from(most).pow(2) };
        let (part, cumulative) = binned("bins", bins, most, Sensitivity::together(1), together, mechanism);
        Self { candidates, probabilities, values_per_unit, part, cumulative }
    }
}

/// A part of bins whose leading sums are wanted, by the better of two strategies; which follows from the number of
/// bins alone. `flat` is the sensitivity of the bins, `of_column` that of the answers from that of one value.
pub(crate) fn binned(
    name: &'static str,
    bins: usize,
    cell_max: u64,
    flat: Sensitivity,
    of_column: impl Fn(Sensitivity) -> Sensitivity,
    mechanism: Mechanism,
) -> (Part, Cumulative) {
    let (part, cumulative) = if mechanism == Mechanism::Gaussian && Strategy::pays(bins) {
        let strategy = Arc::new(Strategy::new(bins));
        let part = Part::on_grid(name, cell_max, of_column(strategy.sensitivity()), strategy.step());
        (Part { transform: Transform::Strategy(strategy.clone()), ..part }, Cumulative::Factorised(strategy))
    } else {
        (Part::counting(name, cell_max, of_column(flat), mechanism), Cumulative::Flat)
    };
    let typical = cumulative.typical_deviation(bins, part.step) / cell_max.max(1) as f64;
    (Part { error_per_noise: typical, width: bins, ..part }, cumulative)
}

/// The standard deviation of a draw.
pub(crate) fn deviation(mechanism: Mechanism, scale: f64) -> f64 {
    match mechanism {
        Mechanism::Gaussian => scale,
        Mechanism::Laplace => scale * 2f64.sqrt(),
    }
}

/// How many standard deviations an interval reaches to each side: for sums of Laplace draws those of a single draw,
/// whose tail is the heaviest among them.
pub(crate) fn reach(mechanism: Mechanism, confidence: f64) -> f64 {
    match mechanism {
        Mechanism::Gaussian => normal_quantile(f64::midpoint(1.0, confidence)),
        Mechanism::Laplace => -(1.0 - confidence).ln() / 2f64.sqrt(),
    }
}

/// The first rank that is not below the wanted one with confidence, and the last that is not above it: by inversion of
/// one test for each candidate, each of half the error.
pub(crate) fn rank_interval(below: &[f64], deviations: &[f64], wanted: f64, wanted_deviation: f64, reach: f64) -> [usize; 2] {
    let margin = |at: usize| reach * deviations[at].hypot(wanted_deviation);
    let first = (0..below.len()).find(|at| below[*at] >= wanted - margin(*at)).unwrap_or(below.len());
    let last = (0..below.len()).rfind(|at| below[*at] <= wanted + margin(*at)).map_or(0, |at| at + 1);
    [first, last]
}

impl Quantiles {
    fn estimate(&self, below: &[f64], rising: &[f64], deviations: &[f64], probability: f64, reach: f64) -> Estimate {
        let last = self.candidates.len() - 1;
        let total = rising[last + 1].max(0.0);
        let wanted = probability * total;
        let at = rising[..=last].iter().position(|below| *below >= wanted).unwrap_or(last);
        let value = match at.checked_sub(1).map(|before| (rising[before], rising[at], before)) {
            Some((low, high, before)) if high > low && high >= wanted => {
                let share = ((wanted - low) / (high - low)).clamp(0.0, 1.0);
                self.candidates[before] + share * (self.candidates[at] - self.candidates[before])
            }
            _ => self.candidates[at],
        };
        // The noise of the total, which the wanted rank is a share of, agrees in sign with that of the ranks.
        let [first, past] =
            rank_interval(&below[..=last], deviations, probability * below[last + 1], probability * deviations[last + 1], reach);
        let lower = self.candidates[first.saturating_sub(1).min(last)].min(value);
        let upper = self.candidates[past.min(last)].max(value);
        Estimate { name: format!("quantile {probability}"), value, lower, upper }
    }
}

impl Kind for Quantiles {
    fn slots_per_group(&self) -> usize {
        self.candidates.len() + 1
    }

    fn parts(&self) -> Vec<Part> {
        vec![self.part.clone()]
    }

    fn values_per_unit(&self) -> Option<u32> {
        Some(self.values_per_unit)
    }

    fn encode(&self, _cells: &[f64], count: u32) -> [i64; 3] {
        [i64::from(count), 0, 0]
    }

    fn check(&self, steps: &[i64; 3]) -> bool {
        (0..=i64::from(self.values_per_unit)).contains(&steps[0])
    }

    fn conclude(&self, parts: &[Noised<'_>], mechanism: Mechanism, confidence: f64) -> Conclusion {
        let part = parts[0];
        let (below, deviations) = self.cumulative.prefixes(part.cells, part.step, deviation(mechanism, part.scale));
        if below.len() != self.candidates.len() + 1 {
            return Conclusion::default();
        }
        let weights: Vec<f64> = deviations.iter().map(|deviation| 1.0 / (deviation * deviation).max(f64::MIN_POSITIVE)).collect();
        let rising = isotonic(&below, &weights);
        let reach = reach(mechanism, confidence);
        let estimate = |probability: &f64| self.estimate(&below, &rising, &deviations, *probability, reach);
        Conclusion::of(self.probabilities.iter().map(estimate).collect())
    }

    fn expected_errors(&self, scales: &[f64], _reference: Reference, mechanism: Mechanism, confidence: f64) -> Vec<(String, f64)> {
        let typical = self.cumulative.typical_deviation(self.part.width, self.part.step);
        vec![("rank".into(), reach(mechanism, confidence) * deviation(mechanism, scales[0]) * typical)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact(quantiles: &Quantiles, bins: &[i64], scale: f64, mechanism: Mechanism) -> Vec<Estimate> {
        let mut answers = Vec::new();
        quantiles.part.answers(bins, &mut answers);
        let cells: Vec<i128> = answers.iter().map(|answer| i128::from(*answer)).collect();
        quantiles.conclude(&[Noised { cells: &cells, scale, step: quantiles.part.step }], mechanism, 0.95).estimates
    }

    #[test]
    fn without_noise_quantiles_are_where_they_should_be() {
        // 1000 values, evenly over [0, 100), candidates 1, 2, ... 99.
        let candidates: Vec<f64> = (1..100).map(f64::from).collect();
        for mechanism in [Mechanism::Gaussian, Mechanism::Laplace] {
            let quantiles = Quantiles::new(candidates.clone(), vec![0.01, 0.25, 0.5, 0.995], 1, mechanism);
            let values: Vec<f64> = exact(&quantiles, &[10; 100], 1e-9, mechanism).iter().map(|estimate| estimate.value).collect();
            for (value, expected) in values.iter().zip([1.0, 25.0, 50.0, 99.0]) {
                assert!((value - expected).abs() < 1e-6, "{values:?}");
            }
        }
    }

    #[test]
    fn under_gaussian_noise_bins_are_factorised() {
        let part = |bins: usize, mechanism| {
            let candidates = (1..bins).map(|at| at as f64).collect();
            Quantiles::new(candidates, vec![0.5], 3, mechanism).part
        };
        assert!(matches!(part(2, Mechanism::Gaussian).transform, Transform::Strategy(_)));
        assert!(matches!(part(1000, Mechanism::Gaussian).transform, Transform::Strategy(_)));
        assert!(matches!(part(1000, Mechanism::Laplace).transform, Transform::Same));
        let (one, three) = (Strategy::new(1000).sensitivity(), part(1000, Mechanism::Gaussian).sensitivity);
        assert_eq!((3 * one.l1, 9 * one.l2_squared), (three.l1, three.l2_squared));
    }

    #[test]
    fn nothing_but_noise_gives_a_wide_interval_inside_the_candidates() {
        let quantiles = Quantiles::new((0..64).map(f64::from).collect(), vec![0.5], 1, Mechanism::Gaussian);
        let estimate = exact(&quantiles, &[0; 65], 1e9, Mechanism::Gaussian).remove(0);
        assert!(estimate.lower >= 0.0 && estimate.upper <= 63.0 && estimate.upper - estimate.lower > 60.0, "{estimate:?}");
    }
}
