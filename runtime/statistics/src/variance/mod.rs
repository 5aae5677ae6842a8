//! Variance of all values of all units, through count, centred sum and centred squares.
//!
//! Squares about the centre lie in [0, h^2]; taking half of that away again halves what a value can move.

use crate::mean::{Mean, count_part, value_part};
use crate::{Estimate, Kind, Noised, Part, count::estimate_of_total, default_step, interval_half_width, to_steps};
use tidegate_terms::Mechanism;

#[derive(Debug)]
pub(crate) struct Variance {
    mean: Mean,
    /// Half of the largest centred square.
    half_square: f64,
    step: f64,
    half_steps: i64,
}

impl Variance {
    pub(crate) fn new(bounds: [f64; 2], values_per_unit: u32, grid: Option<f64>) -> Self {
        let mean = Mean::new(bounds, values_per_unit, grid);
        let half_square = mean.half_width * mean.half_width / 2.0;
        let step = default_step(half_square);
        Self { half_square, step, half_steps: (half_square / step).floor() as i64, mean }
    }

    fn square_steps(&self, cells: &[f64], count: u32) -> i64 {
        if count == 0 {
            return 0;
        }
        let kept = f64::from(count);
        let (mean, mean_square) = (cells[1] / cells[0], cells[2] / cells[0]);
        let about_centre = mean_square - 2.0 * self.mean.centre * mean + self.mean.centre * self.mean.centre;
        // Infinite intermediates of enormous inputs may cancel to NaN; that is one more value to clamp.
        let about_centre = if about_centre.is_nan() { 0.0 } else { about_centre.clamp(0.0, 2.0 * self.half_square) };
        to_steps((about_centre - self.half_square) * kept, self.step, i64::from(count) * self.half_steps)
    }
}

impl Kind for Variance {
    fn guest_width(&self) -> usize {
        3
    }

    fn parts(&self) -> Vec<Part> {
        let values = u64::from(self.mean.values_per_unit);
        let sum = value_part("sum", values, self.mean.half_steps, self.mean.step);
        vec![count_part(values), sum, value_part("squares", values, self.half_steps, self.step)]
    }

    fn values_per_unit(&self) -> Option<u32> {
        Some(self.mean.values_per_unit)
    }

    fn encode(&self, cells: &[f64], count: u32) -> [i64; 3] {
        [i64::from(count), self.mean.centred_steps(cells, count), self.square_steps(cells, count)]
    }

    fn check(&self, steps: &[i64; 3]) -> bool {
        let limit = i128::from(steps[0]) * i128::from(self.half_steps);
        self.mean.check(steps) && i128::from(steps[2]).abs() <= limit
    }

    fn estimate(&self, parts: &[Noised], mechanism: Mechanism, confidence: f64) -> Vec<Estimate> {
        let [count, sum, squares] = [parts[0], parts[1], parts[2]];
        let largest = 2.0 * self.half_square;
        let variance_of = |n: f64, t: f64, v: f64| {
            let offset = t / n * self.mean.step;
            (self.half_square + v / n * self.step - offset * offset).clamp(0.0, largest)
        };
        let value =
            if count.total > 0 { variance_of(count.total as f64, sum.total as f64, squares.total as f64) } else { self.half_square };
        // All three intervals hold together at the stated confidence (Bonferroni); at least that, not exactly.
        let each = 1.0 - (1.0 - confidence) / 3.0;
        let around = |part: Noised| {
            let half = interval_half_width(mechanism, part.scale, each);
            [part.total as f64 - half, part.total as f64 + half]
        };
        let (n, t, v) = (around(count), around(sum), around(squares));
        let [lower, upper] = if n[0] <= 0.0 {
            [0.0, largest]
        } else {
            let offsets = self.mean.range_of_mean(n, t).map(|mean| mean - self.mean.centre);
            let most = offsets[0].abs().max(offsets[1].abs());
            let least = if offsets[0] <= 0.0 && offsets[1] >= 0.0 { 0.0 } else { offsets[0].abs().min(offsets[1].abs()) };
            let square = |v: f64, worst: fn(f64, f64) -> f64| self.half_square + worst(v / n[0], v / n[1]) * self.step;
            let low = (square(v[0], f64::min) - most * most).clamp(0.0, largest);
            [low, (square(v[1], f64::max) - least * least).clamp(0.0, largest)]
        };
        let variance = Estimate { name: "variance".into(), value, lower: lower.min(value), upper: upper.max(value) };
        let mean = self.mean.estimate_mean(count, sum, mechanism, confidence);
        vec![variance, mean, estimate_of_total("count", count, 1.0, mechanism, confidence)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_stay_inside_what_their_count_allows() {
        let variance = Variance::new([0.0, 1000.0], 5, None);
        for sum in [0.0, 1e300, -1e300, 2500.0] {
            for squares in [0.0, 1e300, -1e300, 5e6] {
                for count in 0..=5 {
                    let steps = variance.encode(&[5.0, sum, squares], count);
                    assert!(variance.check(&steps), "{sum} {squares} {count} {steps:?}");
                }
            }
        }
        assert!(!variance.check(&[1, 0, 2 * variance.half_steps]));
    }

    #[test]
    fn without_noise_the_variance_is_the_variance() {
        let variance = Variance::new([0.0, 10.0], 4, None);
        let steps = variance.encode(&[4.0, 1.0 + 2.0 + 3.0 + 6.0, 1.0 + 4.0 + 9.0 + 36.0], 4);
        let parts = steps.map(|total| Noised { total: i128::from(total), scale: 1e-9 });
        let estimates = variance.estimate(&parts, Mechanism::Gaussian, 0.95);
        assert!((estimates[0].value - 3.5).abs() < 1e-3, "{estimates:?}");
        assert!((estimates[1].value - 3.0).abs() < 1e-3, "{estimates:?}");
    }
}
