//! Mean of all values of all units, through one pair: the sum of distances from the lower bound and the sum of
//! distances to the upper bound.
//!
//! A value adds d to the one and W - d to the other, W in all, whatever it is: one price pays for both, and their sum
//! is the count (Li, Lyu, Su, Yang 2016, section 2.5.2). Rejected: a count and a sum about the middle of the bounds,
//! each with a price of its own. Under Gaussian noise that is the same pair turned by 45 degrees, no better and no
//! worse; under Laplace noise it costs up to twice as much noise (claim.md).

use crate::kind::{Kind, Noised};
use crate::noise::sum_of_two_half_width;
use crate::part::default_step;
use crate::placed::Reference;
use crate::{Conclusion, Estimate, Part, Sensitivity, interval_half_width};
use tidegate_terms::Mechanism;

/// The width of the bounds in steps, where the grid is relative to them.
const RELATIVE_STEPS: i64 = 1 << 20;

#[derive(Debug)]
pub(crate) struct Mean {
    bounds: [f64; 2],
    step: f64,
    /// The width of the bounds in steps, rounded down.
    width: i64,
    values_per_unit: u32,
}

impl Mean {
    pub(crate) fn new(bounds: [f64; 2], values_per_unit: u32, grid: Option<f64>) -> Self {
        let distance = bounds[1] - bounds[0];
        let step = grid.unwrap_or_else(|| default_step(distance)).min(distance);
        Self { bounds, step, width: ((distance / step).floor() as i64).max(1), values_per_unit }
    }

    /// On a grid that is a fixed part of the bounds' distance: the sensitivity in steps does not depend on them.
    pub(crate) fn relative(bounds: [f64; 2], values_per_unit: u32) -> Self {
        Self { bounds, step: (bounds[1] - bounds[0]) / RELATIVE_STEPS as f64, width: RELATIVE_STEPS, values_per_unit }
    }

    /// What the mean is where the distances' sums are these.
    fn mean_at(&self, share: f64) -> f64 {
        let [lower, upper] = self.bounds;
        (lower + share * (upper - lower)).clamp(lower, upper)
    }

    /// The interval of the share d / (d + r) of the distance from the lower bound.
    fn shares(&self, part: Noised<'_>, mechanism: Mechanism, confidence: f64) -> Option<[f64; 2]> {
        let (d, r) = (part.value(0), part.value(1));
        match mechanism {
            Mechanism::Gaussian => fieller(d, r, interval_half_width(mechanism, part.scale, confidence) * part.step),
            Mechanism::Laplace => {
                // Both intervals hold together at the stated confidence (Bonferroni); neither sum is ever negative.
                let half = interval_half_width(mechanism, part.scale, 1.0 - (1.0 - confidence) / 2.0) * part.step;
                let low = [(d - half).max(0.0), (r - half).max(0.0)];
                let high = [(d + half).max(0.0), (r + half).max(0.0)];
                (low[0] + high[1] > 0.0 && high[0] + low[1] > 0.0).then(|| [low[0] / (low[0] + high[1]), high[0] / (high[0] + low[1])])
            }
        }
    }
}

/// Fieller's interval (1954) of d / (d + r), where d and r carry independent normal noise whose interval has this half
/// width: all s for which (d - s (d + r))^2 <= h^2 ((1 - s)^2 + s^2). It has the stated coverage exactly, where the
/// usual linearisation fails for small counts.
fn fieller(d: f64, r: f64, half: f64) -> Option<[f64; 2]> {
    let (n, squared) = (d + r, half * half);
    let (a, b, c) = (n * n - 2.0 * squared, d * n - squared, d * d - squared);
    let discriminant = b * b - a * c;
    if n <= 0.0 || a <= 0.0 || discriminant < 0.0 {
        return None;
    }
    let root = discriminant.sqrt();
    Some([(b - root) / a, (b + root) / a])
}

impl Kind for Mean {
    fn guest_width(&self) -> usize {
        2
    }

    fn parts(&self) -> Vec<Part> {
        let most = u64::from(self.values_per_unit).saturating_mul(self.width.unsigned_abs());
        vec![Part::on_grid("pair", most, Sensitivity::together(most), self.step).of_width(2)]
    }

    fn values_per_unit(&self) -> Option<u32> {
        Some(self.values_per_unit)
    }

    fn encode(&self, cells: &[f64], count: u32) -> [i64; 3] {
        if count == 0 {
            return [0; 3];
        }
        let kept = f64::from(count);
        let [lower, upper] = self.bounds;
        // Of more values than it may keep, a unit keeps their mean.
        let distance = ((cells[1] / cells[0]).clamp(lower, upper) - lower) * kept;
        let whole = i64::from(count) * self.width;
        let from_lower = ((distance / self.step).round() as i64).clamp(0, whole);
        [from_lower, whole - from_lower, 0]
    }

    fn values_of(&self, steps: &[i64; 3]) -> i64 {
        (steps[0] + steps[1]) / self.width
    }

    fn check(&self, steps: &[i64; 3]) -> bool {
        let (most, whole) = (i128::from(self.values_per_unit) * i128::from(self.width), i128::from(steps[0]) + i128::from(steps[1]));
        steps[0] >= 0 && steps[1] >= 0 && whole <= most && whole % i128::from(self.width) == 0
    }

    fn clamps(&self, cells: &[f64], count: u32) -> bool {
        let mean = cells[1] / cells[0];
        f64::from(count) < cells[0].trunc() || count > 0 && !(self.bounds[0]..=self.bounds[1]).contains(&mean)
    }

    fn conclude(&self, parts: &[Noised<'_>], mechanism: Mechanism, confidence: f64) -> Conclusion {
        let part = parts[0];
        let [lower, upper] = self.bounds;
        let (d, r) = (part.value(0), part.value(1));
        let value = if d + r > 0.0 { self.mean_at(d / (d + r)) } else { f64::midpoint(lower, upper) };
        let ends = self.shares(part, mechanism, confidence).map(|shares| shares.map(|share| self.mean_at(share)));
        // Where the interval lies beside the bounds, what is left of it inside them has no width: the noise has won,
        // and a mean of 0 within [0, 0] would say the contrary.
        let [low, high] = ends.filter(|[low, high]| low < high).unwrap_or([lower, upper]);
        let mean = Estimate { name: "mean".into(), value, lower: low.min(value), upper: high.max(value) };
        let width = self.width as f64 * part.step;
        let half = sum_of_two_half_width(mechanism, part.scale, confidence) * part.step / width;
        Conclusion::of(vec![mean, Estimate::around("count", (d + r) / width, half)])
    }

    fn expected_errors(&self, scales: &[f64], reference: Reference, mechanism: Mechanism, confidence: f64) -> Vec<(String, f64)> {
        let half = interval_half_width(mechanism, scales[0], confidence) * self.step;
        let count_error = sum_of_two_half_width(mechanism, scales[0], confidence) / self.width as f64;
        let mut errors = vec![("count".into(), count_error)];
        if let Some(count) = reference.count {
            let [lower, upper] = self.bounds;
            let share = reference.value.map_or(0.5, |value| ((value - lower) / (upper - lower)).clamp(0.0, 1.0));
            // The noise of (1 - s) d - s r, over the count.
            let error = half * ((1.0 - share).powi(2) + share * share).sqrt() / count;
            errors.insert(0, ("mean".into(), error.min(upper - lower)));
        }
        errors
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conclude(mean: &Mean, pair: [i128; 2], scale: f64, mechanism: Mechanism) -> Estimate {
        mean.conclude(&[Noised { cells: &pair, scale, step: mean.step }], mechanism, 0.95).estimates.remove(0)
    }

    #[test]
    fn each_value_adds_the_whole_width_and_nothing_is_negative() {
        let mean = Mean::new([0.0, 30.0], 5, None);
        for sum in [0.0, 7.0, 150.0, 1e300, -1e300, f64::MIN_POSITIVE] {
            for count in 0..=5 {
                let steps = mean.encode(&[5.0, sum], count);
                assert!(mean.check(&steps), "{sum} {count} {steps:?}");
                assert_eq!(mean.values_of(&steps), i64::from(count));
            }
        }
        let width = mean.width;
        assert!(!mean.check(&[2 * width, -width, 0]) && !mean.check(&[6 * width, 0, 0]) && !mean.check(&[1, 1, 0]));
    }

    #[test]
    fn without_noise_the_mean_is_the_mean() {
        let mean = Mean::new([0.0, 30.0], 5, None);
        let (one, two) = (mean.encode(&[2.0, 14.0], 2), mean.encode(&[1.0, 1.0], 1));
        let pair = [0, 1].map(|at: usize| i128::from(one[at] + two[at]));
        for mechanism in [Mechanism::Gaussian, Mechanism::Laplace] {
            let estimate = conclude(&mean, pair, 2.0, mechanism);
            assert!((estimate.value - 5.0).abs() < 1e-3 && estimate.upper - estimate.lower < 1e-3, "{estimate:?}");
        }
    }

    #[test]
    fn intervals_are_whole_bounds_when_the_count_is_lost_in_noise() {
        let mean = Mean::new([0.0, 30.0], 5, None);
        let width = i128::from(mean.width);
        for mechanism in [Mechanism::Gaussian, Mechanism::Laplace] {
            let lost = conclude(&mean, [5 * width, 5 * width], 100.0 * width as f64, mechanism);
            assert!(lost.upper - lost.lower > 29.0, "{lost:?}");
            assert_eq!(conclude(&mean, [-5 * width, -5 * width], 100.0 * width as f64, mechanism).value, 15.0);
            let beside = conclude(&mean, [-400 * width, 440 * width], 2.0 * width as f64, mechanism);
            assert_eq!((beside.value, beside.lower, beside.upper), (0.0, 0.0, 30.0));
        }
    }
}
