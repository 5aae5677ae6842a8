//! Sum: the total of one bounded number per unit and group.

use crate::count::estimate_of_total;
use crate::{Estimate, Kind, Noised, Part, Sensitivity, default_step, to_steps};
use tidegate_terms::Mechanism;

#[derive(Debug)]
pub(crate) struct Sum {
    bounds: [f64; 2],
    step: f64,
    /// The bounds in steps, rounded towards zero.
    lower: i64,
    upper: i64,
    groups_per_unit: u32,
}

impl Sum {
    pub(crate) fn new(bounds: [f64; 2], grid: Option<f64>, groups_per_unit: u32) -> Self {
        let largest = bounds[0].abs().max(bounds[1].abs());
        let step = grid.unwrap_or_else(|| default_step(largest));
        let steps = |bound: f64| (bound / step).trunc() as i64;
        Self { bounds, step, lower: steps(bounds[0]), upper: steps(bounds[1]), groups_per_unit }
    }
}

impl Kind for Sum {
    fn guest_width(&self) -> usize {
        1
    }

    fn parts(&self) -> Vec<Part> {
        let most = self.lower.unsigned_abs().max(self.upper.unsigned_abs());
        let groups = u64::from(self.groups_per_unit);
        let sensitivity =
            Sensitivity { l1: most.saturating_mul(groups), l2_squared: u128::from(most).pow(2).saturating_mul(u128::from(groups)) };
        vec![Part { name: "sum", sensitivity, step: self.step, cell_max: most }]
    }

    fn encode(&self, cells: &[f64], _count: u32) -> [i64; 3] {
        let clamped = cells[0].clamp(self.bounds[0], self.bounds[1]);
        [to_steps(clamped, self.step, i64::MAX).clamp(self.lower, self.upper), 0, 0]
    }

    fn check(&self, steps: &[i64; 3]) -> bool {
        (self.lower..=self.upper).contains(&steps[0])
    }

    fn estimate(&self, parts: &[Noised], mechanism: Mechanism, confidence: f64) -> Vec<Estimate> {
        vec![estimate_of_total("sum", parts[0], self.step, mechanism, confidence)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grid_never_exceeds_a_bound() {
        let sum = Sum::new([-3.0, 10.0], Some(0.3), 1);
        assert_eq!((sum.lower, sum.upper), (-10, 33));
        for (given, expected) in [(1e300, 33), (-1e300, -10), (10.0, 33), (-3.0, -10), (0.29, 0), (-0.29, 0), (-0.0, 0)] {
            let steps = sum.encode(&[given], 0);
            assert_eq!(steps[0], expected, "{given}");
            assert!(sum.check(&steps));
        }
        assert!(!sum.check(&[34, 0, 0]) && !sum.check(&[-11, 0, 0]));
    }

    #[test]
    fn a_zero_outside_the_bounds_is_clamped_like_any_value() {
        let sum = Sum::new([10.0, 500.0], None, 2);
        let steps = sum.encode(&[0.0], 0);
        assert!((steps[0] as f64 * sum.step - 10.0).abs() < 1e-3 && sum.check(&steps));
        let part = &sum.parts()[0];
        assert_eq!(part.sensitivity.l2_squared, 2 * u128::from(part.cell_max).pow(2));
    }
}
