//! Variance of all values of all units, through count, centred sum and centred squares.
//!
//! Squares about the centre lie in [0, h^2]; taking half of that away again halves what a value can move.

mod centred;

use crate::count::{error_of_total, estimate_of_total};
use crate::kind::{Kind, Noised};
use crate::part::{default_step, to_steps};
use crate::placed::Reference;
use crate::{Conclusion, Estimate, Part, Sensitivity, interval_half_width};
use centred::Centred;
use tidegate_terms::Mechanism;

#[derive(Debug)]
pub(crate) struct Variance {
    mean: Centred,
    /// Half of the largest centred square.
    half_square: f64,
    step: f64,
    half_steps: i64,
    mechanism: Mechanism,
}

impl Variance {
    pub(crate) fn new(bounds: [f64; 2], values_per_unit: u32, grid: Option<f64>, mechanism: Mechanism) -> Self {
        let mean = Centred::new(bounds, values_per_unit, grid);
        let half_square = mean.half_width * mean.half_width / 2.0;
        let step = default_step(half_square);
        Self { half_square, step, half_steps: (half_square / step).floor() as i64, mean, mechanism }
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
        let part = |name, steps: i64, step| {
            let most = values.saturating_mul(steps.unsigned_abs());
            Part::on_grid(name, most, Sensitivity::together(most), step)
        };
        let count = Part::counting("count", values, Sensitivity::together(values), self.mechanism);
        vec![count, part("sum", self.mean.half_steps, self.mean.step), part("squares", self.half_steps, self.step)]
    }

    fn values_per_unit(&self) -> Option<u32> {
        Some(self.mean.values_per_unit)
    }

    fn encode(&self, cells: &[f64], count: u32) -> [i64; 3] {
        [i64::from(count), self.mean.centred_steps(cells, count), self.square_steps(cells, count)]
    }

    fn check(&self, steps: &[i64; 3]) -> bool {
        let counted = (0..=i64::from(self.mean.values_per_unit)).contains(&steps[0]);
        let within = |steps_of: i64, half: i64| i128::from(steps_of).abs() <= i128::from(steps[0]) * i128::from(half);
        counted && within(steps[1], self.mean.half_steps) && within(steps[2], self.half_steps)
    }

    fn conclude(&self, parts: &[Noised<'_>], mechanism: Mechanism, confidence: f64) -> Conclusion {
        let [count, sum, squares] = [parts[0], parts[1], parts[2]];
        let largest = 2.0 * self.half_square;
        let variance_of = |n: f64, t: f64, v: f64| {
            let offset = t / n;
            (self.half_square + v / n - offset * offset).clamp(0.0, largest)
        };
        let value = if count.value(0) > 0.0 { variance_of(count.value(0), sum.value(0), squares.value(0)) } else { self.half_square };
        // All three intervals hold together at the stated confidence (Bonferroni); at least that, not exactly.
        let each = 1.0 - (1.0 - confidence) / 3.0;
        let around = |part: Noised<'_>| {
            let half = interval_half_width(mechanism, part.scale, each) * part.step;
            [part.value(0) - half, part.value(0) + half]
        };
        let (n, t, v) = (around(count), around(sum), around(squares));
        let [lower, upper] = if n[0] <= 0.0 {
            [0.0, largest]
        } else {
            let offsets = self.mean.range_of_mean(n, t).map(|mean| mean - self.mean.centre);
            let most = offsets[0].abs().max(offsets[1].abs());
            let least = if offsets[0] <= 0.0 && offsets[1] >= 0.0 { 0.0 } else { offsets[0].abs().min(offsets[1].abs()) };
            let square = |v: f64, worst: fn(f64, f64) -> f64| self.half_square + worst(v / n[0], v / n[1]);
            let low = (square(v[0], f64::min) - most * most).clamp(0.0, largest);
            [low, (square(v[1], f64::max) - least * least).clamp(0.0, largest)]
        };
        let variance = Estimate { name: "variance".into(), value, lower: lower.min(value), upper: upper.max(value) };
        let mean = self.mean.estimate_mean(count, sum, mechanism, confidence);
        Conclusion::of(vec![variance, mean, estimate_of_total("count", count, mechanism, confidence)])
    }

    fn expected_errors(&self, scales: &[f64], reference: Reference, mechanism: Mechanism, confidence: f64) -> Vec<(String, f64)> {
        let parts = self.parts();
        let error = |part: usize| error_of_total(&parts[part], scales[part], mechanism, confidence);
        let mut errors = vec![("count".into(), error(0))];
        if let Some(count) = reference.count {
            let offset = reference.value.map_or(0.0, |value| value - self.mean.centre).abs().min(self.mean.half_width);
            let mean = error(1).hypot(offset * error(0)) / count;
            // To first order, with the variance at the middle of what it can be.
            let variance = error(2).hypot(2.0 * offset * error(1)) / count;
            errors.insert(0, ("mean".into(), mean.min(2.0 * self.mean.half_width)));
            errors.insert(0, ("variance".into(), variance.min(2.0 * self.half_square)));
        }
        errors
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_stay_inside_what_their_count_allows() {
        let variance = Variance::new([0.0, 1000.0], 5, None, Mechanism::Gaussian);
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
        let variance = Variance::new([0.0, 10.0], 4, None, Mechanism::Laplace);
        let steps = variance.encode(&[4.0, 1.0 + 2.0 + 3.0 + 6.0, 1.0 + 4.0 + 9.0 + 36.0], 4);
        let cells = steps.map(i128::from);
        let of_part = |at: usize| Noised { cells: &cells[at..=at], scale: 1e-9, step: variance.parts()[at].step };
        let estimates = variance.conclude(&[0, 1, 2].map(of_part), Mechanism::Laplace, 0.95).estimates;
        assert!((estimates[0].value - 3.5).abs() < 1e-3, "{estimates:?}");
        assert!((estimates[1].value - 3.0).abs() < 1e-3, "{estimates:?}");
    }
}
