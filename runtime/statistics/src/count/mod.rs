//! Count: how many, per group.

use crate::{Estimate, Kind, Noised, Part, Sensitivity, interval_half_width};
use tidegate_terms::Mechanism;

#[derive(Debug)]
pub(crate) struct Count {
    pub(crate) per_unit: u32,
    pub(crate) groups_per_unit: u32,
}

impl Kind for Count {
    fn guest_width(&self) -> usize {
        1
    }

    fn parts(&self) -> Vec<Part> {
        let (most, groups) = (u64::from(self.per_unit), u64::from(self.groups_per_unit));
        let sensitivity = Sensitivity { l1: most * groups, l2_squared: u128::from(most * most) * u128::from(groups) };
        vec![Part { name: "count", sensitivity, step: 1.0, cell_max: most }]
    }

    fn encode(&self, cells: &[f64], _count: u32) -> [i64; 3] {
        [cells[0].clamp(0.0, f64::from(self.per_unit)).trunc() as i64, 0, 0]
    }

    fn check(&self, steps: &[i64; 3]) -> bool {
        (0..=i64::from(self.per_unit)).contains(&steps[0])
    }

    fn estimate(&self, parts: &[Noised], mechanism: Mechanism, confidence: f64) -> Vec<Estimate> {
        vec![estimate_of_total("count", parts[0], 1.0, mechanism, confidence)]
    }
}

/// A total with its interval: unbiased, so it may lie below zero where the truth is small.
pub(crate) fn estimate_of_total(name: &str, part: Noised, step: f64, mechanism: Mechanism, confidence: f64) -> Estimate {
    let half = interval_half_width(mechanism, part.scale, confidence);
    let total = part.total as f64;
    Estimate { name: name.into(), value: total * step, lower: (total - half) * step, upper: (total + half) * step }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_adds_whole_numbers_up_to_its_bound() {
        let count = Count { per_unit: 3, groups_per_unit: 2 };
        for (given, expected) in [(0.0, 0), (1.9, 1), (3.0, 3), (1e300, 3), (-5.0, 0), (-0.0, 0), (5e-324, 0)] {
            assert_eq!(count.encode(&[given], 0)[0], expected);
        }
        assert!(count.check(&[3, 0, 0]) && !count.check(&[4, 0, 0]) && !count.check(&[-1, 0, 0]));
        assert_eq!(count.parts()[0].sensitivity, Sensitivity { l1: 6, l2_squared: 18 });
    }
}
