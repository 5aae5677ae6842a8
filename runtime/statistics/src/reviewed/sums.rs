//! The exact sums of a table, and how they travel between processes of the domain.

use super::{Entry, LARGEST, ReviewedLayout};
use crate::NotSums;

/// What is known of one cell or margin. Data: nothing prints or serialises it.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct ReviewedCell {
    /// How many units contributed.
    pub contributors: u64,
    /// What they contributed, in steps.
    pub value: i64,
    /// The largest contributions, descending; none for counts.
    pub largest: Vec<i64>,
}

impl std::fmt::Debug for ReviewedCell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ReviewedCell(withheld)")
    }
}

impl ReviewedCell {
    fn take(&mut self, contribution: i64) {
        let place = self.largest.partition_point(|known| *known >= contribution);
        if place < LARGEST {
            self.largest.insert(place, contribution);
            self.largest.truncate(LARGEST);
        }
    }
}

/// The exact sums of one table, row by row, margins last as in `tidegate-disclosure`.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct ReviewedSums {
    /// Its cells and margins.
    pub cells: Vec<ReviewedCell>,
}

impl std::fmt::Debug for ReviewedSums {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ReviewedSums(withheld)")
    }
}

/// Bytes of one cell on the way: contributors, value, largest contributions (0 where there are fewer).
const CELL_BYTES: usize = (2 + LARGEST) * 8;

impl ReviewedSums {
    pub(crate) fn empty(layout: &ReviewedLayout) -> Self {
        Self { cells: vec![ReviewedCell::default(); layout.cells()] }
    }

    pub(super) fn add(&mut self, entry: Entry, keeps_largest: bool) {
        let cell = &mut self.cells[entry.cell];
        cell.contributors += 1;
        // A count margin counts cells: its value is the sum of the cells below it.
        cell.value += entry.value;
        if keeps_largest {
            cell.take(entry.largest);
        }
    }

    /// Adds the sums of another range.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (cell, more) in self.cells.iter_mut().zip(&other.cells) {
            cell.contributors += more.contributors;
            // Admission has bounded declared units x bound below 2^62, and import has bounded the units.
            cell.value += more.value;
            more.largest.iter().for_each(|contribution| cell.take(*contribution));
        }
    }

    /// All of it in one order.
    pub(crate) fn append_bytes(&self, bytes: &mut Vec<u8>) {
        for cell in &self.cells {
            bytes.extend(cell.contributors.to_le_bytes());
            bytes.extend(cell.value.to_le_bytes());
            let missing = std::iter::repeat_n(&0, LARGEST - cell.largest.len().min(LARGEST));
            bytes.extend(cell.largest.iter().take(LARGEST).chain(missing).flat_map(|contribution| contribution.to_le_bytes()));
        }
    }

    /// How many bytes that is.
    pub(crate) fn bytes(layout: &ReviewedLayout) -> usize {
        layout.cells() * CELL_BYTES
    }

    /// Reads what [`Self::append_bytes`] wrote and takes nothing else; the range is checked apart.
    pub(crate) fn read(layout: &ReviewedLayout, bytes: &[u8]) -> Result<Self, NotSums> {
        if bytes.len() != Self::bytes(layout) {
            return Err(NotSums);
        }
        let cell = |bytes: &[u8]| {
            let numbers: Vec<i64> = bytes.chunks_exact(8).map(|bytes| i64::from_le_bytes(std::array::from_fn(|i| bytes[i]))).collect();
            let contributors = u64::try_from(numbers[0]).map_err(|_| NotSums)?;
            let (largest, rest) = numbers[2..].split_at(numbers[2..].iter().position(|number| *number == 0).unwrap_or(LARGEST));
            let sound = rest.iter().all(|number| *number == 0);
            if sound { Ok(ReviewedCell { contributors, value: numbers[1], largest: largest.to_vec() }) } else { Err(NotSums) }
        };
        Ok(Self { cells: bytes.chunks_exact(CELL_BYTES).map(cell).collect::<Result<_, _>>()? })
    }

    /// Whether these could be the sums of so many units: each unit counts once in a cell, with 1 to `cell_max` steps.
    pub(crate) fn in_range(&self, layout: &ReviewedLayout, units: u64) -> bool {
        let fits = |(index, cell): (usize, &ReviewedCell)| {
            let (most, value) = (layout.cell_max(index), i128::from(cell.value));
            let contributors = i128::from(cell.contributors);
            let total: i128 = cell.largest.iter().map(|contribution| i128::from(*contribution)).sum();
            let kept = if layout.keeps_largest() { (cell.contributors).min(LARGEST as u64) } else { 0 };
            let rest = contributors - i128::from(kept);
            let least = i128::from(cell.largest.last().copied().unwrap_or(most as i64));
            cell.contributors <= units
                && value >= contributors
                && value <= contributors * i128::from(most)
                && cell.largest.len() as u64 == kept
                && cell.largest.is_sorted_by(|one, other| one >= other)
                && cell.largest.iter().all(|contribution| *contribution >= 1 && contribution.unsigned_abs() <= most)
                && (kept == 0 || (value - total >= rest && value - total <= rest * least))
        };
        self.cells.len() == layout.cells() && self.cells.iter().enumerate().all(fits)
    }
}
