//! What one unit adds up for one statistic, in the cell layout of the contract.
//!
//! Clamping a unit's contribution to the declared bounds is the host's duty, and it does so whatever a
//! module returns. But the host sees totals only: of a mean it sees a count and a sum, and can hold the
//! sum to `count x bounds`, not each value to its own bounds. A unit with values 0, 0 and 90 under bounds
//! [0, 30] would give 90, and the clamped mean that the release speaks of is 30. So `Mean` and
//! `Variance` clamp each value here. A module that does not is no danger to anybody; its mean is merely
//! another number than its manifest says. Give the same bounds as in the manifest.
//!
//! `Sum` and `Count` have bounds on the unit's total, so the host alone can clamp them.

use crate::Contribution;
use alloc::vec::Vec;

/// What a statistic adds up; `Grouped` takes any of them.
pub trait Accumulator: Clone {
    /// Cells in one group.
    const WIDTH: usize;

    /// The cells, in the order of the contract.
    fn cells(&self) -> impl AsRef<[f64]>;
}

/// How many.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Count {
    count: f64,
}

impl Count {
    /// Adds `many`.
    pub fn add(&mut self, many: u32) {
        self.count += f64::from(many);
    }
}

/// A total.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Sum {
    sum: f64,
}

impl Sum {
    /// Adds a value.
    pub fn add(&mut self, value: f64) {
        self.sum += value;
    }
}

/// The mean of values, each clamped to bounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mean {
    bounds: [f64; 2],
    cells: [f64; 2],
}

impl Mean {
    /// With the manifest's bounds of one value.
    pub fn within(lower: f64, upper: f64) -> Self {
        Self { bounds: [lower, upper], cells: [0.0; 2] }
    }

    /// Adds a value.
    pub fn add(&mut self, value: f64) {
        self.cells[0] += 1.0;
        self.cells[1] += clamp(value, self.bounds);
    }
}

/// The variance (and mean) of values, each clamped to bounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Variance {
    bounds: [f64; 2],
    cells: [f64; 3],
}

impl Variance {
    /// With the manifest's bounds of one value.
    pub fn within(lower: f64, upper: f64) -> Self {
        Self { bounds: [lower, upper], cells: [0.0; 3] }
    }

    /// Adds a value.
    pub fn add(&mut self, value: f64) {
        let value = clamp(value, self.bounds);
        self.cells[0] += 1.0;
        self.cells[1] += value;
        self.cells[2] += value * value;
    }
}

/// One value for a block of units (sample and aggregate): what a whole program found out about the block.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Block {
    value: f64,
}

impl Block {
    /// The value. A block that has none leaves it out, and counts as zero, clamped.
    pub fn set(&mut self, value: f64) {
        self.value = value;
    }
}

/// One vector per unit. The host scales it to its bound.
#[derive(Debug, Clone, PartialEq)]
pub struct Vector {
    entries: Vec<f64>,
}

impl Vector {
    /// Zeros, as many as the manifest's `dimension`.
    pub fn zeros(dimension: usize) -> Self {
        Self { entries: alloc::vec![0.0; dimension] }
    }

    /// Adds to an entry; entries that are not there are left out.
    pub fn add(&mut self, entry: usize, value: f64) {
        if let Some(known) = self.entries.get_mut(entry) {
            *known += value;
        }
    }

    /// The entries, to be filled in place.
    pub fn entries_mut(&mut self) -> &mut [f64] {
        &mut self.entries
    }
}

impl From<Vector> for Contribution {
    fn from(vector: Vector) -> Self {
        Self::Dense(vector.entries)
    }
}

/// `f64::clamp` panics where the bounds are out of order; a mistake there is the manifest's to refuse.
fn clamp(value: f64, [lower, upper]: [f64; 2]) -> f64 {
    value.max(lower).min(upper)
}

impl Accumulator for Count {
    const WIDTH: usize = 1;
    fn cells(&self) -> impl AsRef<[f64]> {
        [self.count]
    }
}

impl Accumulator for Sum {
    const WIDTH: usize = 1;
    fn cells(&self) -> impl AsRef<[f64]> {
        [self.sum]
    }
}

impl Accumulator for Block {
    const WIDTH: usize = 1;
    fn cells(&self) -> impl AsRef<[f64]> {
        [self.value]
    }
}

impl Accumulator for Mean {
    const WIDTH: usize = 2;
    fn cells(&self) -> impl AsRef<[f64]> {
        self.cells
    }
}

impl Accumulator for Variance {
    const WIDTH: usize = 3;
    fn cells(&self) -> impl AsRef<[f64]> {
        self.cells
    }
}

impl<A: Accumulator> From<A> for Contribution {
    fn from(accumulator: A) -> Self {
        Self::Dense(Vec::from(accumulator.cells().as_ref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn dense(contribution: impl Into<Contribution>) -> Vec<f64> {
        match contribution.into() {
            Contribution::Dense(cells) => cells,
            Contribution::Sparse(_) | Contribution::Keyed(_) => panic!("dense expected"),
        }
    }

    #[test]
    fn cells_lie_as_the_contract_says() {
        let mut count = Count::default();
        count.add(2);
        count.add(1);
        let mut sum = Sum::default();
        sum.add(-1.5);
        sum.add(4.0);
        let (mut mean, mut variance) = (Mean::within(0.0, 30.0), Variance::within(0.0, 30.0));
        for value in [1.0, 2.0, 4.0] {
            mean.add(value);
            variance.add(value);
        }
        assert_eq!(dense(count), vec![3.0]);
        assert_eq!(dense(sum), vec![2.5]);
        assert_eq!(dense(mean), vec![3.0, 7.0]);
        assert_eq!(dense(variance), vec![3.0, 7.0, 21.0]);
    }

    #[test]
    fn each_value_is_clamped_not_the_total() {
        let (mut mean, mut variance) = (Mean::within(-1.0, 30.0), Variance::within(-1.0, 30.0));
        for value in [0.0, 0.0, 90.0, -5.0, f64::INFINITY] {
            mean.add(value);
            variance.add(value);
        }
        assert_eq!(dense(mean), vec![5.0, 59.0]);
        assert_eq!(dense(variance), vec![5.0, 59.0, 1801.0]);
    }

    #[test]
    fn a_vector_keeps_its_length() {
        let mut vector = Vector::zeros(3);
        vector.add(1, 2.0);
        vector.add(1, 0.5);
        vector.add(3, 9.0);
        vector.entries_mut()[2] = -1.0;
        assert_eq!(dense(vector), vec![0.0, 2.5, -1.0]);
        let mut block = Block::default();
        block.set(4.0);
        assert_eq!(dense(block), vec![4.0]);
    }

    #[test]
    fn nothing_added_is_zero() {
        assert_eq!(dense(Variance::within(1.0, 2.0)), vec![0.0; 3]);
        assert_eq!(dense(Count::default()), vec![0.0]);
    }
}
