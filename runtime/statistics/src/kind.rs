//! A statistic's own arithmetic: what each folder implements.

use crate::placed::Reference;
use crate::vector_sum::VectorSum;
use crate::{Conclusion, Part, automatic, block_mean, block_median, count, histogram, mean, quantiles, sum, variance, vector_sum};
use tidegate_terms::{Measure, Mechanism};

/// The noised answers of one part of one group, with the noise they carry.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Noised<'a> {
    /// In steps of the part's grid.
    pub(crate) cells: &'a [i128],
    /// The scale of the noise, in the same steps.
    pub(crate) scale: f64,
    /// What one step is worth.
    pub(crate) step: f64,
}

impl Noised<'_> {
    /// A cell in the statistic's unit.
    pub(crate) fn value(&self, cell: usize) -> f64 {
        self.cells.get(cell).map_or(0.0, |total| *total as f64 * self.step)
    }
}

/// A statistic's own arithmetic.
pub(crate) trait Kind: std::fmt::Debug + Send + Sync {
    /// Cells per slot that the module returns.
    fn guest_width(&self) -> usize {
        1
    }

    /// Slots of one group: more than one, where values of a unit fall into bins of the group.
    fn slots_per_group(&self) -> usize {
        1
    }

    /// The totals that it is made of.
    fn parts(&self) -> Vec<Part>;

    /// Most values that a unit may give over all slots, where the statistic counts values.
    fn values_per_unit(&self) -> Option<u32> {
        None
    }

    /// Clamps one slot's cells and puts them on the grid, one number for each column of the totals; `count` is the
    /// number of values that the slot may keep, where the statistic counts values.
    fn encode(&self, _cells: &[f64], _count: u32) -> [i64; 3] {
        [0; 3]
    }

    /// How many values the integers say that a slot keeps, where the statistic counts values.
    fn values_of(&self, steps: &[i64; 3]) -> i64 {
        steps[0]
    }

    /// Checks integers against the declared bounds, exactly.
    fn check(&self, _steps: &[i64; 3]) -> bool {
        true
    }

    /// Whether the clamp changes what a unit gives to a slot.
    fn clamps(&self, _cells: &[f64], _count: u32) -> bool {
        false
    }

    /// The bin of its group (or of all groups, where the part is shared) that a slot's cells vote for, and how often.
    fn vote(&self, _cells: &[f64], _count: u32) -> Option<(usize, i64)> {
        None
    }

    /// Whether it is one vector for the whole population.
    fn vector(&self) -> Option<&VectorSum> {
        None
    }

    /// What one group's noised answers say.
    fn conclude(&self, parts: &[Noised<'_>], mechanism: Mechanism, confidence: f64) -> Conclusion;

    /// The expected half width of each estimate of one group, given the scale of each part, for quotes.
    fn expected_errors(&self, scales: &[f64], reference: Reference, mechanism: Mechanism, confidence: f64) -> Vec<(String, f64)>;
}

/// What the arithmetic of a measure needs to know of its place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    /// How many public groups.
    pub(crate) groups: u32,
    /// Most groups of one unit.
    pub(crate) per_unit: u32,
    /// How many blocks, where the module is called for blocks.
    pub(crate) blocks: u64,
}

/// The arithmetic of a measure; `bounds` are those to use for sums and means.
pub(crate) fn kind_of(measure: &Measure, mechanism: Mechanism, shape: Shape, bounds: Option<[f64; 2]>) -> Box<dyn Kind> {
    let Shape { groups, per_unit, blocks } = shape;
    match measure {
        Measure::Count { per_unit: most } => Box::new(count::Count { per_unit: *most, groups_per_unit: per_unit, mechanism }),
        Measure::Histogram { values_per_unit } | Measure::MostCommon { values_per_unit, .. } => {
            Box::new(histogram::Histogram { values_per_unit: *values_per_unit, mechanism })
        }
        Measure::Sum { bounds: declared, grid, automatic, .. } => match automatic {
            None => Box::new(sum::Sum::new(*declared, *grid, per_unit)),
            Some(_) => Box::new(sum::Sum::relative(bounds.unwrap_or(*declared), per_unit)),
        },
        Measure::Mean { bounds: declared, values_per_unit, grid, automatic, .. } => match automatic {
            None => Box::new(mean::Mean::new(*declared, *values_per_unit, *grid)),
            Some(_) => Box::new(mean::Mean::relative(bounds.unwrap_or(*declared), *values_per_unit)),
        },
        Measure::Variance { bounds, values_per_unit, grid } => {
            Box::new(variance::Variance::new(*bounds, *values_per_unit, *grid, mechanism))
        }
        Measure::Quantiles { candidates, probabilities, values_per_unit } => {
            let candidates = candidates.values().unwrap_or_default();
            Box::new(quantiles::Quantiles::new(candidates, probabilities.clone(), *values_per_unit, mechanism))
        }
        Measure::VectorSum { dimension, norm, bound, .. } => Box::new(vector_sum::VectorSum::new(*dimension, *norm, *bound)),
        Measure::BlockMean { bounds } => Box::new(block_mean::BlockMean::new(*bounds, groups, blocks)),
        Measure::BlockMedian { candidates } => {
            Box::new(block_median::BlockMedian::new(candidates.values().unwrap_or_default(), groups, blocks, mechanism))
        }
    }
}

/// The arithmetic of a measure in the round that finds bounds.
pub(crate) fn kind_of_bounds_round(measure: &Measure, mechanism: Mechanism, per_unit: u32, main: Box<dyn Kind>) -> Box<dyn Kind> {
    match measure {
        Measure::Sum { bounds, automatic: Some(wish), .. } => Box::new(automatic::Votes::of_sums(*bounds, *wish, per_unit, mechanism)),
        Measure::Mean { bounds, values_per_unit, automatic: Some(wish), .. } => {
            Box::new(automatic::Votes::of_means(*bounds, *wish, *values_per_unit, mechanism))
        }
        _ => Box::new(automatic::Silent { main }),
    }
}
