//! Values counted between public candidates: what quantiles are made of.

use crate::{Contribution, Histogram};

/// How many values lie below the first candidate, between each two, and from the last on; for each group.
#[derive(Debug, Clone)]
pub struct Bins<'a> {
    candidates: &'a [f64],
    histogram: Histogram,
}

impl<'a> Bins<'a> {
    /// With the manifest's candidates, in its order.
    pub fn between(candidates: &'a [f64]) -> Self {
        Self { candidates, histogram: Histogram::default() }
    }

    /// Adds a value of a group; without groups, of group 0.
    pub fn add(&mut self, group: u32, value: f64) {
        let bin = self.candidates.partition_point(|candidate| *candidate <= value) as u32;
        self.histogram.add(group * (self.candidates.len() as u32 + 1) + bin);
    }
}

impl From<Bins<'_>> for Contribution {
    fn from(bins: Bins<'_>) -> Self {
        bins.histogram.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use alloc::vec::Vec;

    #[test]
    fn a_value_falls_from_its_candidate_on() {
        let mut bins = Bins::between(&[1.0, 2.0]);
        for (group, value) in [(0, 0.0), (0, 1.0), (0, 1.5), (0, f64::MAX), (2, 2.0), (2, -1.0)] {
            bins.add(group, value);
        }
        let Contribution::Sparse(cells) = bins.into() else { panic!("sparse expected") };
        let cells: Vec<_> = cells.iter().map(|cell| (cell.index, cell.value)).collect();
        assert_eq!(cells, vec![(0, 1.0), (1, 2.0), (2, 1.0), (6, 1.0), (8, 1.0)]);
    }
}
