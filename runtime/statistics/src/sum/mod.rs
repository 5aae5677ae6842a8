//! Sum: the total of one bounded number per unit and group.

use crate::count::{error_of_total, estimate_of_total};
use crate::kind::{Kind, Noised};
use crate::part::{default_step, to_steps};
use crate::placed::Reference;
use crate::{Conclusion, Part, Sensitivity};
use tidegate_terms::{Guard, Mechanism, stands};

/// The larger bound in steps, where the grid is relative to the bounds.
const RELATIVE_STEPS: i64 = 1 << 20;

#[derive(Debug)]
pub(crate) struct Sum {
    bounds: [f64; 2],
    step: f64,
    /// The bounds in steps, rounded towards zero.
    lower: i64,
    upper: i64,
    /// The larger of both in size, or what the price is fixed at.
    most: u64,
    groups_per_unit: u32,
}

impl Sum {
    pub(crate) fn new(bounds: [f64; 2], grid: Option<f64>, groups_per_unit: u32) -> Self {
        let largest = bounds[0].abs().max(bounds[1].abs());
        let step = grid.unwrap_or_else(|| default_step(largest));
        let steps = |bound: f64| (bound / step).trunc() as i64;
        let (lower, upper) = (steps(bounds[0]), steps(bounds[1]));
        Self { bounds, step, lower, upper, most: lower.unsigned_abs().max(upper.unsigned_abs()), groups_per_unit }
    }

    /// On a grid that is a fixed part of the larger bound: the sensitivity in steps does not depend on the bounds.
    pub(crate) fn relative(bounds: [f64; 2], groups_per_unit: u32) -> Self {
        let step = bounds[0].abs().max(bounds[1].abs()) / RELATIVE_STEPS as f64;
        let steps = |bound: f64| ((bound / step).trunc() as i64).clamp(-RELATIVE_STEPS, RELATIVE_STEPS);
        let (lower, upper) = (steps(bounds[0]), steps(bounds[1]));
        Self { bounds, step, lower, upper, most: RELATIVE_STEPS.unsigned_abs(), groups_per_unit }
    }
}

impl Kind for Sum {
    fn parts(&self) -> Vec<Part> {
        let sensitivity = Sensitivity::of_each(self.most, u64::from(self.groups_per_unit));
        vec![Part::on_grid("sum", self.most, sensitivity, self.step)]
    }

    fn encode(&self, cells: &[f64], _count: u32) -> [i64; 3] {
        if !stands(Guard::Clamp) {
            return [to_steps(cells[0], self.step, i64::MAX), 0, 0];
        }
        let clamped = cells[0].clamp(self.bounds[0], self.bounds[1]);
        [to_steps(clamped, self.step, i64::MAX).clamp(self.lower, self.upper), 0, 0]
    }

    fn check(&self, steps: &[i64; 3]) -> bool {
        (self.lower..=self.upper).contains(&steps[0])
    }

    fn clamps(&self, cells: &[f64], _count: u32) -> bool {
        !(self.bounds[0]..=self.bounds[1]).contains(&cells[0])
    }

    fn conclude(&self, parts: &[Noised<'_>], mechanism: Mechanism, confidence: f64) -> Conclusion {
        Conclusion::of(vec![estimate_of_total("sum", parts[0], mechanism, confidence)])
    }

    fn expected_errors(&self, scales: &[f64], _reference: Reference, mechanism: Mechanism, confidence: f64) -> Vec<(String, f64)> {
        vec![("sum".into(), error_of_total(&self.parts()[0], scales[0], mechanism, confidence))]
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

    #[test]
    fn a_relative_grid_is_priced_alike_whatever_the_bounds() {
        let parts = [[0.0, 7.3], [-1e9, 3.0], [0.0, 1e-9]].map(|bounds| {
            let sum = Sum::relative(bounds, 3);
            assert!(sum.check(&sum.encode(&[1e300], 0)) && sum.check(&sum.encode(&[-1e300], 0)));
            sum.parts()[0].sensitivity
        });
        assert!(parts.iter().all(|sensitivity| *sensitivity == parts[0]));
    }
}
