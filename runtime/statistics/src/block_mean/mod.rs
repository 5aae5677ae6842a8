//! Block mean: the mean of one clamped value for each block of units (sample and aggregate).

use crate::count::error_of_total;
use crate::kind::{Kind, Noised};
use crate::part::default_step;
use crate::placed::Reference;
use crate::{Conclusion, Estimate, Part, Sensitivity, interval_half_width};
use tidegate_terms::Mechanism;

#[derive(Debug)]
pub(crate) struct BlockMean {
    bounds: [f64; 2],
    step: f64,
    /// The distance of the bounds in steps: how far a replaced result can move the sum.
    width: i64,
    groups: u32,
    blocks: u64,
}

impl BlockMean {
    pub(crate) fn new(bounds: [f64; 2], groups: u32, blocks: u64) -> Self {
        let distance = bounds[1] - bounds[0];
        let step = default_step(distance);
        Self { bounds, step, width: (distance / step).floor() as i64, groups, blocks: blocks.max(1) }
    }
}

impl Kind for BlockMean {
    fn parts(&self) -> Vec<Part> {
        let width = self.width.unsigned_abs();
        vec![Part::on_grid("sum", width, Sensitivity::of_each(width, u64::from(self.groups)), self.step)]
    }

    /// A block's distance from the lower bound.
    fn encode(&self, cells: &[f64], _count: u32) -> [i64; 3] {
        let [lower, upper] = self.bounds;
        let distance = cells[0].clamp(lower, upper) - lower;
        [((distance / self.step).round() as i64).clamp(0, self.width), 0, 0]
    }

    fn check(&self, steps: &[i64; 3]) -> bool {
        (0..=self.width).contains(&steps[0])
    }

    fn conclude(&self, parts: &[Noised<'_>], mechanism: Mechanism, confidence: f64) -> Conclusion {
        let [lower, upper] = self.bounds;
        let blocks = self.blocks as f64;
        let half = interval_half_width(mechanism, parts[0].scale, confidence) * parts[0].step / blocks;
        let mean = lower + parts[0].value(0) / blocks;
        let inside = |value: f64| value.clamp(lower, upper);
        let [low, high] = if inside(mean - half) < inside(mean + half) { [mean - half, mean + half] } else { [lower, upper] };
        Conclusion::of(vec![Estimate { name: "mean".into(), value: inside(mean), lower: inside(low), upper: inside(high) }])
    }

    fn expected_errors(&self, scales: &[f64], _reference: Reference, mechanism: Mechanism, confidence: f64) -> Vec<(String, f64)> {
        let error = error_of_total(&self.parts()[0], scales[0], mechanism, confidence) / self.blocks as f64;
        vec![("mean".into(), error.min(self.bounds[1] - self.bounds[0]))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replaced_result_moves_the_sum_by_the_width_at_most() {
        let mean = BlockMean::new([-5.0, 20.0], 2, 10);
        let at = |value: f64| mean.encode(&[value], 0);
        for value in [-1e300, -5.0, 0.0, 19.999, 20.0, 1e300] {
            assert!(mean.check(&at(value)), "{value}");
        }
        let worst = at(1e300)[0] - at(-1e300)[0];
        assert_eq!(worst.unsigned_abs(), mean.parts()[0].cell_max);
        assert_eq!(mean.parts()[0].sensitivity, Sensitivity::of_each(worst.unsigned_abs(), 2));
        assert!((at(0.0)[0] as f64 * mean.step - 5.0).abs() < 1e-3, "the default is zero, clamped");
        assert!(!mean.check(&[-1, 0, 0]) && !mean.check(&[mean.width + 1, 0, 0]));
    }

    #[test]
    fn without_noise_the_mean_is_that_of_the_blocks() {
        let mean = BlockMean::new([-5.0, 20.0], 1, 4);
        let total: i64 = [1.0, 2.0, 30.0, 1.0].iter().map(|value| mean.encode(&[*value], 0)[0]).sum();
        let cells = [i128::from(total)];
        let estimate =
            mean.conclude(&[Noised { cells: &cells, scale: 1e-9, step: mean.step }], Mechanism::Gaussian, 0.95).estimates.remove(0);
        assert!((estimate.value - 6.0).abs() < 1e-4, "{estimate:?}");
    }
}
