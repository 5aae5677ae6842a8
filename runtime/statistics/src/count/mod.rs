//! Count: how many, per group.

use crate::kind::{Kind, Noised};
use crate::placed::Reference;
use crate::{Conclusion, Estimate, Part, Sensitivity, interval_half_width};
use tidegate_terms::Mechanism;

#[derive(Debug)]
pub(crate) struct Count {
    pub(crate) per_unit: u32,
    pub(crate) groups_per_unit: u32,
    pub(crate) mechanism: Mechanism,
}

impl Kind for Count {
    fn parts(&self) -> Vec<Part> {
        let most = u64::from(self.per_unit);
        let sensitivity = Sensitivity::of_each(most, u64::from(self.groups_per_unit));
        vec![Part::counting("count", most, sensitivity, self.mechanism)]
    }

    fn encode(&self, cells: &[f64], _count: u32) -> [i64; 3] {
        [cells[0].clamp(0.0, f64::from(self.per_unit)).trunc() as i64, 0, 0]
    }

    fn check(&self, steps: &[i64; 3]) -> bool {
        (0..=i64::from(self.per_unit)).contains(&steps[0])
    }

    fn conclude(&self, parts: &[Noised<'_>], mechanism: Mechanism, confidence: f64) -> Conclusion {
        Conclusion::of(vec![estimate_of_total("count", parts[0], mechanism, confidence)])
    }

    fn expected_errors(&self, scales: &[f64], _reference: Reference, mechanism: Mechanism, confidence: f64) -> Vec<(String, f64)> {
        vec![("count".into(), error_of_total(&self.parts()[0], scales[0], mechanism, confidence))]
    }
}

/// A total with its interval: unbiased, so it may lie below zero where the truth is small.
pub(crate) fn estimate_of_total(name: &str, part: Noised<'_>, mechanism: Mechanism, confidence: f64) -> Estimate {
    let half = interval_half_width(mechanism, part.scale, confidence) * part.step;
    Estimate::around(name, part.value(0), half)
}

/// Half the width of the interval of a total of this part.
pub(crate) fn error_of_total(part: &Part, scale: f64, mechanism: Mechanism, confidence: f64) -> f64 {
    interval_half_width(mechanism, scale, confidence) * part.step
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_adds_whole_numbers_up_to_its_bound() {
        let count = Count { per_unit: 3, groups_per_unit: 2, mechanism: Mechanism::Laplace };
        for (given, expected) in [(0.0, 0), (1.9, 1), (3.0, 3), (1e300, 3), (-5.0, 0), (-0.0, 0), (5e-324, 0)] {
            assert_eq!(count.encode(&[given], 0)[0], expected);
        }
        assert!(count.check(&[3, 0, 0]) && !count.check(&[4, 0, 0]) && !count.check(&[-1, 0, 0]));
        assert_eq!(count.parts()[0].sensitivity, Sensitivity { l1: 6, l2_squared: 18 });
    }

    #[test]
    fn gaussian_noise_falls_on_a_fine_grid() {
        let part = Count { per_unit: 1, groups_per_unit: 4, mechanism: Mechanism::Gaussian }.parts().remove(0);
        assert_eq!(part.sensitivity.l2_squared, 4 << 40);
        assert_eq!(part.step, 2f64.powi(-20));
        let mut answers = Vec::new();
        part.answers(&[3, 0], &mut answers);
        assert_eq!(answers, [3 << 20, 0]);
    }
}
