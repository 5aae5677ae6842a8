//! What the provider learns about an import: counts, never values.
//!
//! A report describes raw data exactly, so it stays with the provider (design section 3.7; attack A17). It
//! is `Serialize` because it crosses from the ingest process to the keeper, and for no other purpose.

use serde::{Deserialize, Serialize};
use tidegate_terms::Name;

/// How far an import has come; for the provider alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum ImportProgress {
    /// Rows are read, checked and assigned to shards.
    Reading {
        /// The table.
        table: Name,
        /// Rows read so far.
        rows: u64,
        /// Position in the file, in bytes for CSV and in rows for Parquet.
        position: u64,
        /// Its end, in the same measure.
        end: u64,
    },
    /// Shards are grouped by unit and written.
    Writing {
        /// Shards written.
        shards: u32,
        /// Of so many.
        shard_count: u32,
    },
}

/// What became of the rows and values of an import.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ImportReport {
    /// Units with at least one row kept.
    pub units: u64,
    /// Rows kept, over all tables.
    pub rows: u64,
    /// The tables, in the order of the schema.
    pub tables: Vec<TableReport>,
}

/// What became of one table.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TableReport {
    /// Its name.
    pub table: String,
    /// Rows of the file.
    pub rows_read: u64,
    /// Rows kept.
    pub rows_kept: u64,
    /// Rows without a usable identifier (dropped, or the cause of a refusal).
    pub identifiers_missing: u64,
    /// Rows dropped because a value lay outside its range.
    pub rows_dropped_outside: u64,
    /// Rows dropped because a value was missing.
    pub rows_dropped_missing: u64,
    /// Rows dropped because their unit had more than the declared number.
    pub rows_dropped_excess: u64,
    /// Units that had more rows than declared.
    pub units_with_excess: u64,
    /// Rows kept that repeat another row of the same unit exactly.
    pub duplicates: u64,
    /// Columns of the file that the schema does not name; they were not read.
    pub columns_unknown: Vec<String>,
    /// The columns of the schema.
    pub columns: Vec<ColumnReport>,
    /// Rows per unit, before the rule for excess rows.
    pub rows_per_unit: Histogram,
}

/// What became of the values of one column.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnReport {
    /// Its name.
    pub column: String,
    /// Values that were missing in the file.
    pub missing: u64,
    /// Values outside the range, by what became of them.
    pub outside: OutsideCounts,
}

/// Values outside the range, by what became of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutsideCounts {
    /// They caused the refusal of the import.
    pub refused: u64,
    /// They became missing.
    pub became_missing: u64,
    /// They became the nearest bound.
    pub clamped: u64,
    /// They became the category for others.
    pub became_other: u64,
    /// Their rows were dropped.
    pub row_dropped: u64,
}

/// Counts in buckets that double: bucket `k` counts numbers from `2^k` to `2^(k+1) - 1`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Histogram {
    /// The buckets, up to the last that is not empty.
    pub buckets: Vec<u64>,
    /// The largest number.
    pub largest: u64,
}

impl Histogram {
    /// Counts a number; zero is not counted.
    pub(crate) fn add(&mut self, number: u64) {
        let Some(bucket) = number.checked_ilog2() else { return };
        let bucket = bucket as usize;
        if self.buckets.len() <= bucket {
            self.buckets.resize(bucket + 1, 0);
        }
        self.buckets[bucket] += 1;
        self.largest = self.largest.max(number);
    }

    /// Adds the counts of another.
    pub(crate) fn merge(&mut self, other: &Self) {
        if self.buckets.len() < other.buckets.len() {
            self.buckets.resize(other.buckets.len(), 0);
        }
        for (bucket, count) in self.buckets.iter_mut().zip(&other.buckets) {
            *bucket += count;
        }
        self.largest = self.largest.max(other.largest);
    }
}
