//! A table's file as a sequence of batches, whatever its format.
//!
//! A source hands out pieces in the order of the file and does little itself; the work of a piece (decoding)
//! is done by whoever took it, so that two threads decode at a time.

use super::csv::CsvSource;
use super::parquet::ParquetSource;
use super::tally::Lines;
use crate::ImportError;
use polars::prelude::DataFrame;
use std::path::Path;
use tidegate_terms::{PrivacyUnit, Table};
use unicode_normalization::UnicodeNormalization as _;

/// Rows of a file: the identifier in the first column, then the columns of the schema in its order.
pub(super) struct Batch {
    pub frame: DataFrame,
    pub lines: Lines,
}

/// A batch that is still to be decoded.
pub(super) type Piece = Box<dyn FnOnce() -> Result<Batch, ImportError> + Send>;

/// A file that is being read.
pub(super) enum Source {
    Csv(CsvSource),
    Parquet(ParquetSource),
}

impl Source {
    /// Opens a file and finds the columns of the table in it.
    pub(super) fn open(path: &Path, table: &Table, unit: &PrivacyUnit) -> Result<(Self, u64), ImportError> {
        let name = path.display().to_string();
        let file = std::fs::File::open(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => ImportError::FileNotFound { path: name.clone() },
            kind => ImportError::FileRead { path: name.clone(), detail: kind.to_string() },
        })?;
        let metadata = file.metadata().map_err(|error| ImportError::FileRead { path: name.clone(), detail: error.kind().to_string() })?;
        if !metadata.is_file() {
            return Err(ImportError::FileRead { path: name, detail: "not a regular file".to_owned() });
        }
        if metadata.len() == 0 {
            return Err(ImportError::FileEmpty { path: name });
        }
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default().to_ascii_lowercase();
        match extension.as_str() {
            "csv" => Ok((Self::Csv(CsvSource::open(&name, file, table, unit)?), metadata.len())),
            "parquet" => ParquetSource::open(&name, file, table, unit).map(|source| {
                let rows = source.rows();
                (Self::Parquet(source), rows)
            }),
            _ => Err(ImportError::FileKind { path: name }),
        }
    }

    pub(super) fn next(&mut self) -> Result<Option<Piece>, ImportError> {
        match self {
            Self::Csv(source) => source.next(),
            Self::Parquet(source) => Ok(source.next()),
        }
    }

    /// How far the file has been read, in bytes (CSV) or rows (Parquet).
    pub(super) fn position(&self) -> u64 {
        match self {
            Self::Csv(source) => source.position(),
            Self::Parquet(source) => source.position(),
        }
    }

    pub(super) fn columns_unknown(&self) -> &[String] {
        match self {
            Self::Csv(source) => source.columns_unknown(),
            Self::Parquet(source) => source.columns_unknown(),
        }
    }
}

/// Where the columns of a table stand in a file.
#[derive(Debug)]
pub(super) struct Header {
    /// Position of the identifier, then of each column of the schema.
    pub positions: Vec<usize>,
    /// Columns of the file that the schema does not name.
    pub unknown: Vec<String>,
}

/// Finds the identifier and the columns of the schema among the columns of a file.
pub(super) fn identify(path: &str, names: &[String], table: &Table, unit: &PrivacyUnit) -> Result<Header, ImportError> {
    let path = || path.to_owned();
    for (index, name) in names.iter().enumerate() {
        if !name.is_empty() && names[..index].contains(name) {
            return Err(ImportError::HeaderTwice { path: path(), column: name.clone() });
        }
    }
    let normal = |text: &str| text.trim().nfc().collect::<String>();
    let find = |header: &str| names.iter().position(|name| *name == normal(header));
    let headers: Vec<&str> = table.columns.iter().map(|column| column.source_header()).collect();
    if find(&unit.column).is_none() && headers.iter().all(|header| find(header).is_none()) {
        return Err(ImportError::NoHeader { path: path() });
    }
    let identifier = find(&unit.column).ok_or_else(|| ImportError::IdentifierAbsent { path: path(), column: unit.column.clone() })?;
    let mut positions = vec![identifier];
    for header in headers {
        let position = find(header).ok_or_else(|| ImportError::ColumnAbsent { path: path(), column: header.to_owned() })?;
        positions.push(position);
    }
    let unknown = names.iter().enumerate().filter(|(index, _)| !positions.contains(index)).map(|(_, name)| name.clone());
    Ok(Header { unknown: unknown.collect(), positions })
}
