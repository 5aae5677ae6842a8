//! Parquet files in slices of rows, with only the declared columns.
//!
//! polars maps the file for each slice and drops the map with it, so that memory depends on the length of a
//! slice and not on the file. Types are those of Parquet itself: the Arrow schema that some writers add is
//! ignored, so that a dictionary of texts is texts.
//!
//! Limit: polars trusts what stands inside the pages of a file. A file that is cut off is refused, and a panic
//! of the decoder is caught and becomes the error that the file cannot be read; but a single changed byte was
//! seen to ask for 2^61 bytes, which aborts the process. So an import runs in an ingest process of its own,
//! whose abnormal end its parent reports as [`ImportError::Interrupted`] and whose leftovers
//! [`discard_abandoned`](super::discard_abandoned) removes. Its standard error is to be thrown away.

use super::check::Rule;
use super::source::{Batch, Header, Piece, identify};
use super::tally::Lines;
use crate::ImportError;
use polars::prelude::{ArrowDataType, DataFrame, DataType, ParallelStrategy, ParquetReader, SerReader as _};
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use tidegate_terms::{PrivacyUnit, Table};
use unicode_normalization::UnicodeNormalization as _;

/// Bytes of a decoded slice, about.
const SLICE_BYTES: usize = 16 << 20;
const SLICE_ROWS_MAX: usize = 1 << 18;

/// Reads a slice of rows of one row group.
type Read = Arc<dyn Fn(usize, usize, usize) -> Option<DataFrame> + Send + Sync>;

/// A Parquet file, cut into slices.
pub(super) struct ParquetSource {
    path: String,
    header: Header,
    read: Read,
    /// Rows and rows per slice of each row group.
    groups: Vec<(usize, usize)>,
    group: usize,
    row: usize,
    position: u64,
}

impl ParquetSource {
    pub(super) fn open(path: &str, file: File, table: &Table, unit: &PrivacyUnit) -> Result<Self, ImportError> {
        let opened = catch_unwind(AssertUnwindSafe(|| inspect(path, file, table, unit)));
        opened.unwrap_or_else(|_| Err(ImportError::ParquetUnreadable { path: path.to_owned() }))
    }

    pub(super) fn rows(&self) -> u64 {
        self.groups.iter().map(|(rows, _)| *rows as u64).fold(0, u64::saturating_add)
    }

    pub(super) fn position(&self) -> u64 {
        self.position
    }

    pub(super) fn columns_unknown(&self) -> &[String] {
        &self.header.unknown
    }

    pub(super) fn next(&mut self) -> Option<Piece> {
        let (rows, slice) = loop {
            let (rows, slice) = *self.groups.get(self.group)?;
            if self.row < rows {
                break (rows, slice.min(rows - self.row));
            }
            self.group += 1;
            self.row = 0;
        };
        let (read, path, group, start, first) = (self.read.clone(), self.path.clone(), self.group, self.row, self.position + 1);
        debug_assert!(start + slice <= rows);
        self.row += slice;
        self.position += slice as u64;
        Some(Box::new(move || {
            let frame = catch_unwind(AssertUnwindSafe(|| read(group, start, slice))).ok().flatten();
            let frame = frame.filter(|frame| frame.height() == slice).ok_or(ImportError::ParquetUnreadable { path })?;
            Ok(Batch { frame, lines: Lines(vec![(0, first)]) })
        }))
    }
}

/// Reads the footer: which columns, of which types, in which row groups.
fn inspect(path: &str, file: File, table: &Table, unit: &PrivacyUnit) -> Result<ParquetSource, ImportError> {
    let unreadable = || ImportError::ParquetUnreadable { path: path.to_owned() };
    let handle = file.try_clone().map_err(|error| ImportError::FileRead { path: path.to_owned(), detail: error.kind().to_string() })?;
    let mut reader = ParquetReader::new(file);
    let mut metadata = reader.get_metadata().map_err(|_| unreadable())?.as_ref().clone();
    metadata.key_value_metadata = None;
    let row_groups = std::mem::take(&mut metadata.row_groups);
    reader.set_metadata(Arc::new(metadata.clone()));
    let schema = reader.schema().map_err(|error| match error.to_string() {
        text if text.contains("duplicate") => ImportError::HeaderTwice { path: path.to_owned(), column: quoted(&text) },
        _ => unreadable(),
    })?;
    let found: Vec<(String, ArrowDataType)> = schema.iter().map(|(name, field)| (name.to_string(), field.dtype().clone())).collect();
    let names: Vec<String> = found.iter().map(|(name, _)| name.trim().nfc().collect()).collect();
    let header = identify(path, &names, table, unit)?;
    check_types(path, &found, &header, table)?;
    let positions = header.positions.clone();
    let columns: Vec<String> = positions.iter().map(|position| found[*position].0.clone()).collect();
    let mut groups = Vec::with_capacity(row_groups.len());
    let mut parts = Vec::with_capacity(row_groups.len());
    for group in &row_groups {
        let sizes = columns.iter().filter_map(|column| group.columns_under_root_iter(column)).flatten();
        let bytes: usize = sizes.map(|chunk| usize::try_from(chunk.uncompressed_size()).unwrap_or(0)).fold(0, usize::saturating_add);
        let rows = group.num_rows();
        let row_bytes = (bytes / rows.max(1)).max(8 * columns.len());
        groups.push((rows, (SLICE_BYTES / row_bytes.max(1)).clamp(1024, SLICE_ROWS_MAX)));
        let mut part = metadata.clone();
        part.row_groups = vec![group.clone()];
        part.num_rows = rows;
        parts.push(Arc::new(part));
    }
    let read = move |group: usize, start: usize, rows: usize| {
        let mut reader = ParquetReader::new(handle.try_clone().ok()?);
        reader.set_metadata(parts.get(group)?.clone());
        let reader = reader.read_parallel(ParallelStrategy::None).with_slice(Some((start, rows)));
        let frame = reader.with_projection(Some(positions.clone())).finish().ok()?;
        let ordered = columns.iter().map(|column| frame.column(column).cloned()).collect::<Result<Vec<_>, _>>().ok()?;
        DataFrame::new(frame.height(), ordered).ok()
    };
    Ok(ParquetSource { path: path.to_owned(), header, read: Arc::new(read), groups, group: 0, row: 0, position: 0 })
}

/// Refuses column types that are not read, before any row is. The identifier must be a whole number or text.
fn check_types(path: &str, found: &[(String, ArrowDataType)], header: &Header, table: &Table) -> Result<(), ImportError> {
    for (place, position) in header.positions.iter().enumerate() {
        let (name, arrow) = &found[*position];
        let fits = match (place.checked_sub(1), dtype(arrow)) {
            (_, None) => false,
            (None, Some(dtype)) => matches!(dtype, DataType::String | DataType::Null) || dtype.is_integer(),
            (Some(index), Some(dtype)) => {
                let column = &table.columns[index];
                let stored = crate::layout::Stored::of(column);
                Rule::of(column, stored).is_some_and(|rule| rule.reads(&dtype))
            }
        };
        if !fits {
            let found = format!("{arrow:?}").chars().take(60).collect();
            return Err(ImportError::ParquetType { path: path.to_owned(), column: name.clone(), found });
        }
    }
    Ok(())
}

/// The polars type of a column, of those that are read.
fn dtype(arrow: &ArrowDataType) -> Option<DataType> {
    Some(match arrow {
        ArrowDataType::Null => DataType::Null,
        ArrowDataType::Boolean => DataType::Boolean,
        ArrowDataType::Int32 => DataType::Int32,
        ArrowDataType::Int64 => DataType::Int64,
        ArrowDataType::UInt32 => DataType::UInt32,
        ArrowDataType::UInt64 => DataType::UInt64,
        ArrowDataType::Float32 => DataType::Float32,
        ArrowDataType::Float64 => DataType::Float64,
        ArrowDataType::Date32 => DataType::Date,
        ArrowDataType::Utf8 | ArrowDataType::LargeUtf8 | ArrowDataType::Utf8View => DataType::String,
        _ => return None,
    })
}

/// The name between quotation marks in a message, if there is one.
fn quoted(text: &str) -> String {
    text.split(['\'', '"', '`']).nth(1).unwrap_or("?").to_owned()
}
