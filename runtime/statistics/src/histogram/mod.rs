//! Histogram: how many values of all units fall into each public category.

use crate::count::estimate_of_total;
use crate::{Estimate, Kind, Noised, Part, Sensitivity};
use tidegate_terms::Mechanism;

#[derive(Debug)]
pub(crate) struct Histogram {
    pub(crate) values_per_unit: u32,
}

impl Kind for Histogram {
    fn guest_width(&self) -> usize {
        1
    }

    fn parts(&self) -> Vec<Part> {
        let most = u64::from(self.values_per_unit);
        let sensitivity = Sensitivity { l1: most, l2_squared: u128::from(most * most) };
        vec![Part { name: "count", sensitivity, step: 1.0, cell_max: most }]
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

    fn estimate(&self, parts: &[Noised], mechanism: Mechanism, confidence: f64) -> Vec<Estimate> {
        vec![estimate_of_total("count", parts[0], 1.0, mechanism, confidence)]
    }
}
