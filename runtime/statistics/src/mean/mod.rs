//! Mean of all values of all units, through a count and a sum about the middle of the bounds.
//!
//! About the middle, a value moves the sum by at most half the width of the bounds; a sum of raw values
//! would be priced at the larger bound, up to twice as much noise (Li, Lyu, Su, Yang 2016, section 2.5.2).

use crate::{Estimate, Kind, Noised, Part, Sensitivity, count::estimate_of_total, default_step, interval_half_width, to_steps};
use tidegate_terms::Mechanism;

#[derive(Debug)]
pub(crate) struct Mean {
    pub(crate) centre: f64,
    pub(crate) half_width: f64,
    pub(crate) step: f64,
    /// The half width in steps, rounded down.
    pub(crate) half_steps: i64,
    pub(crate) values_per_unit: u32,
}

impl Mean {
    pub(crate) fn new(bounds: [f64; 2], values_per_unit: u32, grid: Option<f64>) -> Self {
        let centre = f64::midpoint(bounds[0], bounds[1]);
        let half_width = (bounds[1] - centre).max(centre - bounds[0]);
        let step = grid.unwrap_or_else(|| default_step(half_width)).min(half_width);
        Self { centre, half_width, step, half_steps: (half_width / step).floor() as i64, values_per_unit }
    }

    pub(crate) fn bounds(&self) -> [f64; 2] {
        [self.centre - self.half_width, self.centre + self.half_width]
    }

    /// The values' sum about the centre, for `count` of the `cells[0]` values that the module says it saw.
    pub(crate) fn centred_steps(&self, cells: &[f64], count: u32) -> i64 {
        if count == 0 {
            return 0;
        }
        let kept = f64::from(count);
        let sum = cells[1] / cells[0] * kept - self.centre * kept;
        let limit = self.half_width * kept;
        to_steps(sum.clamp(-limit, limit), self.step, i64::from(count) * self.half_steps)
    }

    /// Bounds on the mean when count and sum lie anywhere inside their intervals.
    pub(crate) fn range_of_mean(&self, count: [f64; 2], sum: [f64; 2]) -> [f64; 2] {
        let [lower, upper] = self.bounds();
        if count[0] <= 0.0 {
            return [lower, upper];
        }
        let offset = |sum: f64, worst: fn(f64, f64) -> f64| worst(sum / count[0], sum / count[1]) * self.step;
        [(self.centre + offset(sum[0], f64::min)).clamp(lower, upper), (self.centre + offset(sum[1], f64::max)).clamp(lower, upper)]
    }

    /// The mean and its interval. Division is post-processing and costs nothing.
    pub(crate) fn estimate_mean(&self, count: Noised, sum: Noised, mechanism: Mechanism, confidence: f64) -> Estimate {
        let [lower, upper] = self.bounds();
        let (n, t) = (count.total as f64, sum.total as f64);
        let value = if n > 0.0 { (self.centre + t / n * self.step).clamp(lower, upper) } else { self.centre };
        let [low, high] = match mechanism {
            Mechanism::Gaussian => self.fieller(count, sum, confidence),
            Mechanism::Laplace => {
                let each = 1.0 - (1.0 - confidence) / 2.0;
                let around = |part: Noised| {
                    let half = interval_half_width(mechanism, part.scale, each);
                    [part.total as f64 - half, part.total as f64 + half]
                };
                self.range_of_mean(around(count), around(sum))
            }
        };
        // Where the interval lies beside the bounds, what is left of it inside them has no width: the noise has won,
        // and a mean of 0 within [0, 0] would say the contrary.
        let [low, high] = if low < high { [low, high] } else { [lower, upper] };
        Estimate { name: "mean".into(), value, lower: low.min(value), upper: high.max(value) }
    }

    /// Fieller's interval (1954) of a ratio of two independent normal estimates: all r for which
    /// (t - r n)^2 <= z^2 (s_t^2 + r^2 s_n^2). It has the stated coverage exactly, where the usual
    /// linearisation fails for small counts.
    fn fieller(&self, count: Noised, sum: Noised, confidence: f64) -> [f64; 2] {
        let [lower, upper] = self.bounds();
        let (n, t) = (count.total as f64, sum.total as f64);
        let squared = |part: Noised| interval_half_width(Mechanism::Gaussian, part.scale, confidence).powi(2);
        let (zn, zt) = (squared(count), squared(sum));
        let a = n * n - zn;
        let discriminant = (n * t).powi(2) - a * (t * t - zt);
        if n <= 0.0 || a <= 0.0 || discriminant < 0.0 {
            return [lower, upper];
        }
        let root = discriminant.sqrt();
        let ratio = |sign: f64| self.centre + (n * t + sign * root) / a * self.step;
        [ratio(-1.0).clamp(lower, upper), ratio(1.0).clamp(lower, upper)]
    }
}

impl Kind for Mean {
    fn guest_width(&self) -> usize {
        2
    }

    fn parts(&self) -> Vec<Part> {
        let values = u64::from(self.values_per_unit);
        vec![count_part(values), value_part("sum", values, self.half_steps, self.step)]
    }

    fn values_per_unit(&self) -> Option<u32> {
        Some(self.values_per_unit)
    }

    fn encode(&self, cells: &[f64], count: u32) -> [i64; 3] {
        [i64::from(count), self.centred_steps(cells, count), 0]
    }

    fn check(&self, steps: &[i64; 3]) -> bool {
        let counted = (0..=i64::from(self.values_per_unit)).contains(&steps[0]);
        counted && i128::from(steps[1]).abs() <= i128::from(steps[0]) * i128::from(self.half_steps)
    }

    fn estimate(&self, parts: &[Noised], mechanism: Mechanism, confidence: f64) -> Vec<Estimate> {
        let mean = self.estimate_mean(parts[0], parts[1], mechanism, confidence);
        vec![mean, estimate_of_total("count", parts[0], 1.0, mechanism, confidence)]
    }
}

/// The number of values: at most R per unit over all groups, so L1 and L2 are both R.
pub(crate) fn count_part(values: u64) -> Part {
    Part { name: "count", sensitivity: Sensitivity { l1: values, l2_squared: u128::from(values).pow(2) }, step: 1.0, cell_max: values }
}

/// A sum of at most R values, each at most `steps` in size, shared out over the groups.
pub(crate) fn value_part(name: &'static str, values: u64, steps: i64, step: f64) -> Part {
    let most = values.saturating_mul(steps.unsigned_abs());
    Part { name, sensitivity: Sensitivity { l1: most, l2_squared: u128::from(most).pow(2) }, step, cell_max: most }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_stay_inside_what_their_count_allows() {
        let mean = Mean::new([0.0, 30.0], 5, None);
        for sum in [0.0, 7.0, 150.0, 1e300, -1e300, f64::MIN_POSITIVE] {
            for count in 0..=5 {
                let steps = mean.encode(&[5.0, sum], count);
                assert!(mean.check(&steps), "{sum} {count} {steps:?}");
            }
        }
        assert!(!mean.check(&[1, 2 * mean.half_steps, 0]) && !mean.check(&[6, 0, 0]) && !mean.check(&[-1, 0, 0]));
    }

    #[test]
    fn without_noise_the_mean_is_the_mean() {
        let mean = Mean::new([0.0, 30.0], 5, None);
        let (one, two) = (mean.encode(&[2.0, 14.0], 2), mean.encode(&[1.0, 1.0], 1));
        let part = |at: usize| Noised { total: i128::from(one[at] + two[at]), scale: 1e-9 };
        let estimate = mean.estimate_mean(part(0), part(1), Mechanism::Gaussian, 0.95);
        assert!((estimate.value - 5.0).abs() < 1e-3, "{estimate:?}");
    }

    #[test]
    fn an_interval_beside_the_bounds_is_not_shown_as_a_point() {
        let mean = Mean::new([0.0, 30.0], 5, None);
        let far = -40 * i128::from(mean.half_steps) * 10;
        for mechanism in [Mechanism::Gaussian, Mechanism::Laplace] {
            let estimate = mean.estimate_mean(Noised { total: 40, scale: 2.0 }, Noised { total: far, scale: 2.0 }, mechanism, 0.95);
            assert_eq!((estimate.value, estimate.lower, estimate.upper), (0.0, 0.0, 30.0));
        }
    }

    #[test]
    fn intervals_are_whole_bounds_when_the_count_is_lost_in_noise() {
        let mean = Mean::new([0.0, 30.0], 5, None);
        let estimate =
            |total, mechanism| mean.estimate_mean(Noised { total, scale: 100.0 }, Noised { total: 5, scale: 1e6 }, mechanism, 0.95);
        for mechanism in [Mechanism::Gaussian, Mechanism::Laplace] {
            let lost = estimate(10, mechanism);
            assert_eq!((lost.lower, lost.upper), (0.0, 30.0));
            assert_eq!(estimate(-10, mechanism).value, 15.0);
        }
    }
}
