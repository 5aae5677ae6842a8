//! A count and a sum about the middle of the bounds, each with noise of its own: the variance needs both apart from
//! its squares.

use crate::kind::Noised;
use crate::part::{default_step, to_steps};
use crate::{Estimate, interval_half_width};
use tidegate_terms::Mechanism;

#[derive(Debug)]
pub(super) struct Centred {
    pub(super) centre: f64,
    pub(super) half_width: f64,
    pub(super) step: f64,
    /// The half width in steps, rounded down.
    pub(super) half_steps: i64,
    pub(super) values_per_unit: u32,
}

impl Centred {
    pub(super) fn new(bounds: [f64; 2], values_per_unit: u32, grid: Option<f64>) -> Self {
        let centre = f64::midpoint(bounds[0], bounds[1]);
        let half_width = (bounds[1] - centre).max(centre - bounds[0]);
        let step = grid.unwrap_or_else(|| default_step(half_width)).min(half_width);
        Self { centre, half_width, step, half_steps: (half_width / step).floor() as i64, values_per_unit }
    }

    pub(super) fn bounds(&self) -> [f64; 2] {
        [self.centre - self.half_width, self.centre + self.half_width]
    }

    /// The values' sum about the centre, for `count` of the `cells[0]` values that the module says it saw.
    pub(super) fn centred_steps(&self, cells: &[f64], count: u32) -> i64 {
        if count == 0 {
            return 0;
        }
        let kept = f64::from(count);
        let sum = cells[1] / cells[0] * kept - self.centre * kept;
        let limit = self.half_width * kept;
        to_steps(sum.clamp(-limit, limit), self.step, i64::from(count) * self.half_steps)
    }

    /// Bounds on the mean when count and sum lie anywhere inside their intervals.
    pub(super) fn range_of_mean(&self, count: [f64; 2], sum: [f64; 2]) -> [f64; 2] {
        let [lower, upper] = self.bounds();
        if count[0] <= 0.0 {
            return [lower, upper];
        }
        let offset = |sum: f64, worst: fn(f64, f64) -> f64| worst(sum / count[0], sum / count[1]);
        [(self.centre + offset(sum[0], f64::min)).clamp(lower, upper), (self.centre + offset(sum[1], f64::max)).clamp(lower, upper)]
    }

    /// The mean and its interval. Division is post-processing and costs nothing.
    pub(super) fn estimate_mean(&self, count: Noised<'_>, sum: Noised<'_>, mechanism: Mechanism, confidence: f64) -> Estimate {
        let [lower, upper] = self.bounds();
        let (n, t) = (count.value(0), sum.value(0));
        let value = if n > 0.0 { (self.centre + t / n).clamp(lower, upper) } else { self.centre };
        let [low, high] = match mechanism {
            Mechanism::Gaussian => self.fieller(count, sum, confidence),
            Mechanism::Laplace => {
                let each = 1.0 - (1.0 - confidence) / 2.0;
                let around = |part: Noised<'_>| {
                    let half = interval_half_width(mechanism, part.scale, each) * part.step;
                    [part.value(0) - half, part.value(0) + half]
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
    fn fieller(&self, count: Noised<'_>, sum: Noised<'_>, confidence: f64) -> [f64; 2] {
        let [lower, upper] = self.bounds();
        let (n, t) = (count.value(0), sum.value(0));
        let squared = |part: Noised<'_>| (interval_half_width(Mechanism::Gaussian, part.scale, confidence) * part.step).powi(2);
        let (zn, zt) = (squared(count), squared(sum));
        let a = n * n - zn;
        let discriminant = (n * t).powi(2) - a * (t * t - zt);
        if n <= 0.0 || a <= 0.0 || discriminant < 0.0 {
            return [lower, upper];
        }
        let root = discriminant.sqrt();
        let ratio = |sign: f64| self.centre + (n * t + sign * root) / a;
        [ratio(-1.0).clamp(lower, upper), ratio(1.0).clamp(lower, upper)]
    }
}
