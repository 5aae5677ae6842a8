//! Histogram: how many values of all units fall into each public category.

use crate::count::{error_of_total, estimate_of_total};
use crate::kind::{Kind, Noised};
use crate::placed::Reference;
use crate::{Conclusion, Part, Sensitivity};
use tidegate_terms::Mechanism;

#[derive(Debug)]
pub(crate) struct Histogram {
    pub(crate) values_per_unit: u32,
    pub(crate) mechanism: Mechanism,
}

impl Kind for Histogram {
    fn parts(&self) -> Vec<Part> {
        let most = u64::from(self.values_per_unit);
        vec![Part::counting("count", most, Sensitivity::together(most), self.mechanism)]
    }

    fn values_per_unit(&self) -> Option<u32> {
        Some(self.values_per_unit)
    }

    fn encode(&self, _cells: &[f64], count: u32) -> [i64; 3] {
        [i64::from(count), 0, 0]
    }

    fn check(&self, steps: &[i64; 3]) -> bool {
        (0..=i64::from(self.values_per_unit)).contains(&steps[0])
    }

    fn conclude(&self, parts: &[Noised<'_>], mechanism: Mechanism, confidence: f64) -> Conclusion {
        Conclusion::of(vec![estimate_of_total("count", parts[0], mechanism, confidence)])
    }

    fn expected_errors(&self, scales: &[f64], _reference: Reference, mechanism: Mechanism, confidence: f64) -> Vec<(String, f64)> {
        vec![("count".into(), error_of_total(&self.parts()[0], scales[0], mechanism, confidence))]
    }
}
