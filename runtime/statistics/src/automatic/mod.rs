//! Automatic bounds: a first round counts what units give among candidate bounds, and the clamp that promises the
//! smallest error is chosen from the noised counts.
//!
//! Rejected: a fixed quantile such as the 95th percentile. On skewed data it loses a large part of the sum whatever
//! the noise; the best clamp leaves above it about as many units as the noise is worth, and that follows from the
//! scale of the main round, which is public.

mod choice;

pub use choice::{ChosenBounds, MainRound, choose};

use crate::kind::{Kind, Noised};
use crate::placed::Reference;
use crate::quantiles::{binned, deviation, reach};
use crate::{Conclusion, Estimate, Part, Sensitivity, Vector, interval_half_width};
use tidegate_terms::{Automatic, Mechanism};

/// The candidate bounds for values between two outer bounds: sizes on each side of zero.
///
/// Cells in order: sizes above zero from the largest level down, then what is about zero, then sizes below zero from
/// the largest level down. So the count of all values beyond a level is a sum of leading cells, or the difference of
/// two.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Levels {
    outer: [f64; 2],
    largest: f64,
    /// Levels of size above the resolution; each is the root of 2 larger than the one below it.
    levels: usize,
}

impl Levels {
    pub(crate) fn new(outer: [f64; 2], automatic: Automatic) -> Self {
        Self { outer, largest: outer[0].abs().max(outer[1].abs()), levels: automatic.levels as usize }
    }

    /// How many levels lie above zero, and how many below.
    pub(crate) fn counts(&self) -> [usize; 2] {
        [if self.outer[1] > 0.0 { self.levels } else { 0 }, if self.outer[0] < 0.0 { self.levels } else { 0 }]
    }

    pub(crate) fn cells(&self) -> usize {
        let [above, below] = self.counts();
        above + 1 + below
    }

    /// The size at which a level ends; level 0 is the largest. The last one ends where zero begins.
    pub(crate) fn size(&self, level: usize) -> f64 {
        self.largest * 2f64.powf(-(level as f64) / 2.0)
    }

    fn cell(&self, value: f64) -> usize {
        let [above, below] = self.counts();
        let value = value.clamp(self.outer[0], self.outer[1]);
        // Level l holds sizes in (size(l + 1), size(l)].
        let level = (2.0 * (self.largest / value.abs()).log2()).floor();
        let level = if level >= 0.0 { level as usize } else { 0 };
        match value {
            _ if level >= self.levels => above,
            value if value > 0.0 => level,
            _ if below > 0 => above + 1 + level,
            _ => above,
        }
    }
}

/// What units give, counted among candidate bounds over all groups together.
#[derive(Debug)]
pub(crate) struct Votes {
    levels: Levels,
    part: Part,
    /// Most values of one unit, where it is values that are counted and not units.
    values_per_unit: Option<u32>,
}

impl Votes {
    /// One vote for each group that a unit touches.
    pub(crate) fn of_sums(outer: [f64; 2], automatic: Automatic, per_unit: u32, mechanism: Mechanism) -> Self {
        Self::new(Levels::new(outer, automatic), per_unit, None, mechanism)
    }

    /// One vote for each value, all of a unit's values of one group for their mean.
    pub(crate) fn of_means(outer: [f64; 2], automatic: Automatic, values_per_unit: u32, mechanism: Mechanism) -> Self {
        Self::new(Levels::new(outer, automatic), values_per_unit, Some(values_per_unit), mechanism)
    }

    fn new(levels: Levels, votes: u32, values_per_unit: Option<u32>, mechanism: Mechanism) -> Self {
        let most = u64::from(votes);
        let together = |one: Sensitivity| Sensitivity { l1: one.l1 * most, l2_squared: one.l2_squared * u128::from(most).pow(2) };
        let (part, _) = binned("bounds", levels.cells(), most, Sensitivity::together(1), together, mechanism);
        Self { levels, part: part.shared(), values_per_unit }
    }
}

impl Kind for Votes {
    fn guest_width(&self) -> usize {
        if self.values_per_unit.is_some() { 2 } else { 1 }
    }

    fn parts(&self) -> Vec<Part> {
        vec![self.part.clone()]
    }

    fn values_per_unit(&self) -> Option<u32> {
        self.values_per_unit
    }

    fn vote(&self, cells: &[f64], count: u32) -> Option<(usize, i64)> {
        match self.values_per_unit {
            None => Some((self.levels.cell(cells[0]), 1)),
            Some(_) if count == 0 => Some((0, 0)),
            Some(_) => Some((self.levels.cell(cells[1] / cells[0]), i64::from(count))),
        }
    }

    fn conclude(&self, _parts: &[Noised<'_>], _mechanism: Mechanism, _confidence: f64) -> Conclusion {
        Conclusion::default()
    }

    fn expected_errors(&self, scales: &[f64], _reference: Reference, mechanism: Mechanism, confidence: f64) -> Vec<(String, f64)> {
        vec![("bounds".into(), reach(mechanism, confidence) * deviation(mechanism, scales[0]) * self.part.step)]
    }
}

/// A statistic that waits for the main round: its shape is checked, and it contributes nothing.
#[derive(Debug)]
pub(crate) struct Silent {
    pub(crate) main: Box<dyn Kind>,
}

impl Kind for Silent {
    fn guest_width(&self) -> usize {
        self.main.guest_width()
    }

    fn slots_per_group(&self) -> usize {
        self.main.slots_per_group()
    }

    fn parts(&self) -> Vec<Part> {
        Vec::new()
    }

    fn conclude(&self, _parts: &[Noised<'_>], _mechanism: Mechanism, _confidence: f64) -> Conclusion {
        Conclusion::default()
    }

    fn expected_errors(&self, _scales: &[f64], _reference: Reference, _mechanism: Mechanism, _confidence: f64) -> Vec<(String, f64)> {
        Vec::new()
    }
}

/// What a part says that all groups share: the number of clamped units, or how many values lie at each level or
/// beyond.
pub(crate) fn conclude_shared(part: &Part, noised: Noised<'_>, mechanism: Mechanism, confidence: f64) -> Conclusion {
    if part.name == "clamped" {
        let half = interval_half_width(mechanism, noised.scale, confidence) * noised.step;
        return Conclusion::of(vec![Estimate::around("clamped", noised.value(0), half)]);
    }
    let (values, deviations) = part.cumulative().prefixes(noised.cells, noised.step, deviation(mechanism, noised.scale));
    let half_width = reach(mechanism, confidence) * deviations.iter().copied().fold(0.0, f64::max);
    Conclusion { estimates: Vec::new(), vector: Some(Vector { values, half_width }) }
}

#[cfg(test)]
mod utility_tests;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_a_cell_and_sizes_fall() {
        for outer in [[0.0, 1000.0], [-10.0, 1000.0], [-7.0, 0.0], [5.0, 6.0], [-6.0, -5.0]] {
            let levels = Levels::new(outer, Automatic { share: 0.2, levels: 48 });
            for value in [-1e300, -1000.0, -3.3, -1e-9, -0.0, 0.0, 1e-300, 2.7, 999.0, 1000.0, 1e300] {
                assert!(levels.cell(value) < levels.cells(), "{outer:?} {value}");
            }
        }
        let levels = Levels::new([-1000.0, 1000.0], Automatic { share: 0.2, levels: 48 });
        assert_eq!([levels.cell(1000.0), levels.cell(1e300), levels.cell(500.1), levels.cell(0.0)], [0, 0, 1, 48]);
        assert_eq!([levels.cell(-1000.0), levels.cell(-500.1)], [49, 50]);
        let value = 123.4;
        assert!(value <= levels.size(levels.cell(value)) && value > levels.size(levels.cell(value) + 1));
    }
}
