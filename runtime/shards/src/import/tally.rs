//! Counting while reading: kept per batch, added up in any order.

use crate::report::{ColumnReport, OutsideCounts};

/// Which line of the file (in Parquet: which row, from 1) each row of a batch came from.
pub(super) struct Lines(
    /// From this row of the batch, lines count up from here; the first entry is for row 0.
    pub Vec<(usize, u64)>,
);

impl Lines {
    pub(super) fn of(&self, row: usize) -> u64 {
        let after = self.0.partition_point(|(start, _)| *start <= row);
        self.0[..after].last().map_or(0, |(start, line)| line + (row - start) as u64)
    }

    /// The lines of a part of the batch that begins at `start`.
    pub(super) fn from(&self, start: usize) -> Self {
        let later = self.0.iter().filter(|(row, _)| *row > start).map(|(row, line)| (row - start, *line));
        Self(std::iter::once((0, self.of(start))).chain(later).collect())
    }
}

/// The first line at which something was found.
#[derive(Default, Clone, Copy)]
pub(super) struct First(pub Option<u64>);

impl First {
    pub(super) fn note(&mut self, line: u64) {
        self.0 = Some(self.0.map_or(line, |first| first.min(line)));
    }

    fn merge(&mut self, other: Self) {
        if let Some(line) = other.0 {
            self.note(line);
        }
    }
}

#[derive(Default, Clone)]
pub(super) struct ColumnTally {
    pub report: ColumnReport,
    pub outside_first: First,
    pub missing_refused: u64,
    pub missing_first: First,
}

/// What was counted in one table while reading.
#[derive(Default, Clone)]
pub(super) struct TableTally {
    pub rows_read: u64,
    pub identifiers_missing: u64,
    pub identifier_first: First,
    pub rows_dropped_outside: u64,
    pub rows_dropped_missing: u64,
    pub columns: Vec<ColumnTally>,
}

impl TableTally {
    pub(super) fn new(columns: usize) -> Self {
        Self { columns: vec![ColumnTally::default(); columns], ..Self::default() }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.rows_read += other.rows_read;
        self.identifiers_missing += other.identifiers_missing;
        self.identifier_first.merge(other.identifier_first);
        self.rows_dropped_outside += other.rows_dropped_outside;
        self.rows_dropped_missing += other.rows_dropped_missing;
        for (mine, theirs) in self.columns.iter_mut().zip(&other.columns) {
            mine.report.missing += theirs.report.missing;
            add_outside(&mut mine.report.outside, &theirs.report.outside);
            mine.outside_first.merge(theirs.outside_first);
            mine.missing_refused += theirs.missing_refused;
            mine.missing_first.merge(theirs.missing_first);
        }
    }
}

fn add_outside(mine: &mut OutsideCounts, theirs: &OutsideCounts) {
    mine.refused += theirs.refused;
    mine.became_missing += theirs.became_missing;
    mine.clamped += theirs.clamped;
    mine.became_other += theirs.became_other;
    mine.row_dropped += theirs.row_dropped;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_follow_the_jumps() {
        let lines = Lines(vec![(0, 2), (3, 9)]);
        assert_eq!([0, 2, 3, 5].map(|row| lines.of(row)), [2, 4, 9, 11]);
        let part = lines.from(2);
        assert_eq!([0, 1, 3].map(|row| part.of(row)), [4, 9, 11]);
    }
}
