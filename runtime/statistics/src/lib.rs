//! What one unit may contribute to each statistic, as exact integers, and what the noised totals mean.
//!
//! Guarantee: whatever a module returns, `Layout::encode` yields integers inside the bounds from which
//! [`Part::sensitivity`] follows, or refuses the whole contribution. Clamping happens in floating point,
//! the proof does not rest on it: `Layout::encode` checks the integers again, exactly, at the end.
//!
//! One folder per statistic: code, tests and `claim.md`, the privacy claim. Rejected: one generic "vector
//! with a norm" for everything; it cannot use that values of one unit are shared out over groups, and so
//! pays the square root of the number of groups for nothing.

mod count;
mod histogram;
mod layout;
mod mean;
mod noise;
mod sum;
mod variance;

pub use layout::{Layout, LayoutError, NotAContribution, Placed, Scratch, Sparse};
pub use noise::interval_half_width;

use tidegate_terms::{Measure, Mechanism};

/// How much one unit can change the totals of one part: add or remove it, all groups together.
///
/// In steps of the integer grid. The L2 bound is kept squared, where it is an integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sensitivity {
    /// Sum of absolute changes.
    pub l1: u64,
    /// Sum of squared changes.
    pub l2_squared: u128,
}

impl Sensitivity {
    /// The bound that the mechanism is calibrated to, rounded up.
    pub fn for_mechanism(&self, mechanism: Mechanism) -> f64 {
        match mechanism {
            Mechanism::Laplace if self.l1 < EXACT => self.l1 as f64,
            Mechanism::Laplace => (self.l1 as f64).next_up(),
            Mechanism::Gaussian => {
                let root = (self.l2_squared as f64).sqrt();
                let exact = root < EXACT as f64 && (root as u128).pow(2) == self.l2_squared;
                if exact { root } else { root.next_up().next_up() }
            }
        }
    }
}

/// Below this, every integer is a 64-bit floating-point number.
const EXACT: u64 = 1 << 53;

/// One of the totals that a statistic is made of; each gets noise of its own scale.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// `count`, `sum` or `squares`.
    pub name: &'static str,
    /// How much one unit can change it.
    pub sensitivity: Sensitivity,
    /// What one step of its integer grid is worth in the statistic's unit.
    pub step: f64,
    /// Largest absolute value that one unit adds to one cell.
    pub cell_max: u64,
}

/// A released number with its interval.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Estimate {
    /// `count`, `sum`, `mean` or `variance`.
    pub name: String,
    /// The estimate.
    pub value: f64,
    /// Lower end of the interval.
    pub lower: f64,
    /// Upper end of the interval.
    pub upper: f64,
}

/// The noised total of one part of one group, with the noise it carries.
#[derive(Debug, Clone, Copy)]
pub struct Noised {
    /// The noised total, in steps of the grid.
    pub total: i128,
    /// The scale of the noise, in steps of the grid.
    pub scale: f64,
}

/// A statistic's own arithmetic.
trait Kind: std::fmt::Debug + Send + Sync {
    /// Cells per group that the module returns.
    fn guest_width(&self) -> usize;

    /// The totals that it is made of.
    fn parts(&self) -> Vec<Part>;

    /// Most values that a unit may give over all groups, where the statistic counts values.
    fn values_per_unit(&self) -> Option<u32> {
        None
    }

    /// Clamps one group's cells and puts them on the grid; `count` is the number of values that the group
    /// may keep, where the statistic counts values.
    fn encode(&self, cells: &[f64], count: u32) -> [i64; 3];

    /// Checks integers against the declared bounds, exactly.
    fn check(&self, steps: &[i64; 3]) -> bool;

    /// The estimates of one group from its noised parts.
    fn estimate(&self, parts: &[Noised], mechanism: Mechanism, confidence: f64) -> Vec<Estimate>;
}

fn kind_of(measure: &Measure, groups_per_unit: u32) -> Box<dyn Kind> {
    match *measure {
        Measure::Count { per_unit } => Box::new(count::Count { per_unit, groups_per_unit }),
        Measure::Histogram { values_per_unit } => Box::new(histogram::Histogram { values_per_unit }),
        Measure::Sum { bounds, grid } => Box::new(sum::Sum::new(bounds, grid, groups_per_unit)),
        Measure::Mean { bounds, values_per_unit, grid } => Box::new(mean::Mean::new(bounds, values_per_unit, grid)),
        Measure::Variance { bounds, values_per_unit, grid } => Box::new(variance::Variance::new(bounds, values_per_unit, grid)),
    }
}

/// The grid step where the manifest gives none: the power of two at or below the 2^20th part of a bound.
///
/// Coarse enough that totals of any admitted population fit 64 bits, fine enough that rounding is far
/// below the noise of any budget that a policy allows.
fn default_step(bound: f64) -> f64 {
    2f64.powi(bound.log2().floor() as i32 - 20)
}

/// Rounds towards zero to the grid and holds the result inside `limit` steps.
fn to_steps(value: f64, step: f64, limit: i64) -> i64 {
    ((value / step).trunc() as i64).clamp(-limit, limit)
}
