//! Statistics over groups. A unit touches few of perhaps thousands of groups, so only those are kept and
//! returned; the model need not know how many groups there are.

use crate::{Accumulator, Cell, Contribution, Count};
use alloc::vec::Vec;

/// One accumulator for each group that the unit touches.
#[derive(Debug, Clone)]
pub struct Grouped<A> {
    fresh: A,
    /// Ordered by group. A sorted vector: a tree costs 3 KB of code and wins from thousands of groups on.
    touched: Vec<(u32, A)>,
}

impl<A: Accumulator> Grouped<A> {
    /// Groups that all begin like `fresh`: `Grouped::new(Mean::within(0.0, 30.0))`.
    pub fn new(fresh: A) -> Self {
        Self { fresh, touched: Vec::new() }
    }

    /// The accumulator of a group, by the group's place among the keys (as in `Table::categories`).
    pub fn group(&mut self, group: u32) -> &mut A {
        let place = match self.touched.binary_search_by_key(&group, |(known, _)| *known) {
            Ok(place) => place,
            Err(place) => {
                self.touched.insert(place, (group, self.fresh.clone()));
                place
            }
        };
        &mut self.touched[place].1
    }

    /// The groups that were touched and their accumulators, in order.
    pub fn touched(&self) -> impl Iterator<Item = (u32, &A)> {
        self.touched.iter().map(|(group, accumulator)| (*group, accumulator))
    }
}

impl<A: Accumulator> From<Grouped<A>> for Contribution {
    fn from(grouped: Grouped<A>) -> Self {
        let mut cells = Vec::with_capacity(grouped.touched.len() * A::WIDTH);
        for (group, accumulator) in &grouped.touched {
            for (offset, value) in (0..).zip(accumulator.cells().as_ref()) {
                if *value != 0.0 {
                    cells.push(Cell { index: group * A::WIDTH as u32 + offset, value: *value });
                }
            }
        }
        Self::Sparse(cells)
    }
}

/// How many values fall into each category.
#[derive(Debug, Clone)]
pub struct Histogram(Grouped<Count>);

impl Default for Histogram {
    fn default() -> Self {
        Self(Grouped::new(Count::default()))
    }
}

impl Histogram {
    /// Adds a value of this category, by its place among the keys.
    pub fn add(&mut self, category: u32) {
        self.0.group(category).add(1);
    }
}

impl From<Histogram> for Contribution {
    fn from(histogram: Histogram) -> Self {
        histogram.0.into()
    }
}

/// How many values lie below the first candidate, between two, and from the last on: for quantiles.
#[derive(Debug, Clone)]
pub struct Quantiles<'a> {
    /// Ascending, as in the manifest.
    candidates: &'a [f64],
    bins: Grouped<Count>,
}

impl<'a> Quantiles<'a> {
    /// Over the manifest's candidates.
    pub fn over(candidates: &'a [f64]) -> Self {
        Self { candidates, bins: Grouped::new(Count::default()) }
    }

    /// Adds a value of the whole population.
    pub fn add(&mut self, value: f64) {
        self.add_to(0, value);
    }

    /// Adds a value of a group, by the group's place among the keys.
    pub fn add_to(&mut self, group: u32, value: f64) {
        let bin = self.candidates.partition_point(|candidate| *candidate <= value);
        self.bins.group(group * (self.candidates.len() as u32 + 1) + bin as u32).add(1);
    }
}

impl From<Quantiles<'_>> for Contribution {
    fn from(quantiles: Quantiles<'_>) -> Self {
        quantiles.bins.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Mean, Variance};
    use alloc::vec;

    fn sparse(contribution: impl Into<Contribution>) -> Vec<(u32, f64)> {
        match contribution.into() {
            Contribution::Sparse(cells) => cells.iter().map(|cell| (cell.index, cell.value)).collect(),
            Contribution::Dense(_) | Contribution::Keyed(_) => panic!("sparse expected"),
        }
    }

    #[test]
    fn cells_lie_group_by_group_in_order_and_zeros_are_left_out() {
        let mut means = Grouped::new(Mean::within(0.0, 30.0));
        means.group(23).add(40.0);
        means.group(2).add(0.0);
        means.group(23).add(1.0);
        assert_eq!(means.touched().map(|(group, _)| group).collect::<Vec<_>>(), [2, 23]);
        assert_eq!(sparse(means), [(4, 1.0), (46, 2.0), (47, 31.0)]);

        let mut variances = Grouped::new(Variance::within(0.0, 10.0));
        variances.group(1).add(3.0);
        assert_eq!(sparse(variances), [(3, 1.0), (4, 3.0), (5, 9.0)]);
    }

    #[test]
    fn a_histogram_counts_each_category() {
        let mut histogram = Histogram::default();
        for category in [5, 0, 5] {
            histogram.add(category);
        }
        assert_eq!(sparse(histogram), [(0, 1.0), (5, 2.0)]);
        assert_eq!(sparse(Histogram::default()), vec![]);
    }

    #[test]
    fn values_fall_between_candidates() {
        let mut quantiles = Quantiles::over(&[1.0, 2.0]);
        for value in [0.5, 1.0, 1.5, 2.0, 99.0] {
            quantiles.add(value);
        }
        quantiles.add_to(2, 1.2);
        assert_eq!(sparse(quantiles), [(0, 1.0), (1, 2.0), (2, 2.0), (7, 1.0)]);
    }

    /// Against an obvious model: a dense vector of counts, over pseudo-random categories.
    #[test]
    fn many_groups_agree_with_a_dense_vector() {
        let (mut dense, mut histogram, mut state) = (vec![0.0; 500], Histogram::default(), 1_u64);
        for _ in 0..3_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let category = (state >> 33) as u32 % 500;
            dense[category as usize] += 1.0;
            histogram.add(category);
        }
        let expected: Vec<_> = (0..).zip(dense).filter(|(_, count)| *count != 0.0).collect();
        assert_eq!(sparse(histogram), expected);
    }
}
