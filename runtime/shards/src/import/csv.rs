//! CSV files of any length in bounded memory: blocks cut at the ends of records.
//!
//! The cutter reads strictly (RFC 4180, UTF-8): every record has as many values as the header, a quotation
//! mark encloses a whole value or stands doubled inside one. polars then parses each block with every column
//! as text. polars alone does not notice short records, nor long ones when columns are projected away, and
//! guesses at stray quotes; after the cutter there is only one way to read a block, and the number of records
//! is compared. Rejected: polars over the whole file (a memory map and all rows in memory), and inferred types
//! (they depend on data; the schema is declared).

use super::source::{Batch, Header, Piece, identify};
use super::tally::Lines;
use crate::ImportError;
use polars::prelude::{CsvReadOptions, DataFrame, DataType, Field, Schema, SerReader as _};
use std::fs::File;
use std::io::{Cursor, Read};
use std::sync::Arc;
use tidegate_terms::{PrivacyUnit, Table};
use unicode_normalization::UnicodeNormalization as _;

/// Bytes of a block, about; a record is never cut.
const BLOCK_BYTES: usize = 4 << 20;
/// Longest record.
const RECORD_BYTES_MAX: usize = 16 << 20;

const BYTE_ORDER_MARK: &[u8] = &[0xef, 0xbb, 0xbf];

/// A CSV file, cut into blocks.
pub(super) struct CsvSource<R = File> {
    path: String,
    cutter: Cutter<R>,
    header: Header,
    fields: u64,
}

impl CsvSource {
    pub(super) fn open(path: &str, file: File, table: &Table, unit: &PrivacyUnit) -> Result<Self, ImportError> {
        let mut cutter = Cutter::new(path, file, BLOCK_BYTES);
        let first = cutter.header()?;
        let names = split_header(&first);
        let header = identify(path, &names, table, unit)?;
        Ok(Self { path: path.to_owned(), fields: names.len() as u64, cutter, header })
    }

    pub(super) fn columns_unknown(&self) -> &[String] {
        &self.header.unknown
    }

    pub(super) fn position(&self) -> u64 {
        self.cutter.offset
    }

    pub(super) fn next(&mut self) -> Result<Option<Piece>, ImportError> {
        let Some(block) = self.cutter.next(self.fields)? else { return Ok(None) };
        let (path, positions, fields) = (self.path.clone(), self.header.positions.clone(), self.fields);
        Ok(Some(Box::new(move || parse(&path, block, &positions, fields))))
    }
}

/// Parses a block. A header line is put before it, so that nothing in the data can be taken for a byte order
/// mark or for the magic of a compressed file.
fn parse(path: &str, block: Block, positions: &[usize], fields: u64) -> Result<Batch, ImportError> {
    let wrong = || ImportError::CsvParse { path: path.to_owned(), line: block.lines.of(0) };
    let names: Vec<String> = (0..fields).map(|index| format!("c{index}")).collect();
    let mut bytes = names.join(",").into_bytes();
    bytes.push(b'\n');
    bytes.extend_from_slice(&block.bytes);
    let schema: Schema = names.iter().map(|name| Field::new(name.into(), DataType::String)).collect();
    let options = CsvReadOptions::default()
        .with_has_header(true)
        .with_schema(Some(Arc::new(schema)))
        .with_projection(Some(Arc::new(positions.to_vec())))
        .with_infer_schema_length(Some(0))
        .with_n_threads(Some(1));
    let frame = options.into_reader_with_file_handle(Cursor::new(bytes)).finish().map_err(|_| wrong())?;
    if frame.height() != block.records {
        return Err(wrong());
    }
    let columns =
        positions.iter().map(|position| frame.column(&names[*position]).cloned()).collect::<Result<Vec<_>, _>>().map_err(|_| wrong())?;
    // Several references to one column cannot be: positions are different.
    let frame = DataFrame::new(frame.height(), columns).map_err(|_| wrong())?;
    Ok(Batch { frame, lines: block.lines })
}

/// The values of a record that the cutter has let through.
fn split_header(record: &str) -> Vec<String> {
    let mut names = vec![String::new()];
    let mut quoted = false;
    let mut characters = record.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                if let Some(name) = names.last_mut() {
                    name.push('"');
                }
            }
            '"' => quoted = !quoted,
            ',' if !quoted => names.push(String::new()),
            other => {
                if let Some(name) = names.last_mut() {
                    name.push(other);
                }
            }
        }
    }
    names.iter().map(|name| name.trim().nfc().collect()).collect()
}

/// Whole records, each ended by a line feed.
struct Block {
    bytes: Vec<u8>,
    records: usize,
    lines: Lines,
}

/// Cuts a stream of bytes at the ends of records and checks its form.
struct Cutter<R> {
    path: String,
    input: R,
    block_bytes: usize,
    /// Bytes read and not yet handed out; begins at the beginning of a record.
    pending: Vec<u8>,
    /// How many of `pending` are known to be UTF-8.
    utf8: usize,
    /// Where `pending` begins in the file.
    offset: u64,
    line: u64,
    ended: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    FieldStart,
    Plain,
    Quoted,
    Closed,
    Return,
}

/// What the scan of `pending` has found.
struct Scan {
    /// End of the last whole record that is not blank.
    end: usize,
    records: usize,
    jumps: Vec<(usize, u64)>,
    line_after: u64,
}

impl<R: Read> Cutter<R> {
    fn new(path: &str, input: R, block_bytes: usize) -> Self {
        Self { path: path.to_owned(), input, block_bytes, pending: Vec::new(), utf8: 0, offset: 0, line: 1, ended: false }
    }

    /// The first record, without a byte order mark.
    fn header(&mut self) -> Result<String, ImportError> {
        self.fill(self.block_bytes.max(BYTE_ORDER_MARK.len() + 1))?;
        if self.pending.starts_with(BYTE_ORDER_MARK) {
            self.consume(BYTE_ORDER_MARK.len());
        }
        if self.pending.is_empty() {
            return Err(ImportError::FileEmpty { path: self.path.clone() });
        }
        let mut target = self.block_bytes;
        loop {
            let scan = self.scan(None, 1)?;
            if scan.records == 1 {
                let record = String::from_utf8_lossy(&self.pending[..scan.end]).into_owned();
                self.line = scan.line_after;
                self.consume(scan.end);
                return Ok(record.trim_end_matches(['\n', '\r']).to_owned());
            }
            if self.ended || self.pending.len() >= RECORD_BYTES_MAX {
                return Err(ImportError::NoHeader { path: self.path.clone() });
            }
            target += self.block_bytes;
            self.fill(target)?;
        }
    }

    /// The next block, or `None` after the last record.
    fn next(&mut self, fields: u64) -> Result<Option<Block>, ImportError> {
        let mut target = self.block_bytes;
        loop {
            self.fill(target)?;
            let scan = self.scan(Some(fields), usize::MAX)?;
            if scan.records > 0 {
                let rest = self.pending.split_off(scan.end);
                let bytes = std::mem::replace(&mut self.pending, rest);
                self.offset += scan.end as u64;
                self.utf8 -= scan.end;
                self.line = scan.line_after;
                return Ok(Some(Block { bytes, records: scan.records, lines: Lines(scan.jumps) }));
            }
            if self.ended {
                return Ok(None);
            }
            if self.pending.len() >= RECORD_BYTES_MAX {
                return Err(ImportError::RecordTooLong { path: self.path.clone(), line: self.line });
            }
            target = self.pending.len() + self.block_bytes;
        }
    }

    fn consume(&mut self, count: usize) {
        self.pending.drain(..count);
        self.utf8 = self.utf8.saturating_sub(count);
        self.offset += count as u64;
    }

    /// Reads until `pending` has so many bytes or the file ends, and checks that they are UTF-8.
    fn fill(&mut self, bytes: usize) -> Result<(), ImportError> {
        let wanted = bytes.saturating_sub(self.pending.len()) as u64;
        if !self.ended && wanted > 0 {
            let read = self.input.by_ref().take(wanted).read_to_end(&mut self.pending);
            let read = read.map_err(|error| ImportError::FileRead { path: self.path.clone(), detail: error.kind().to_string() })?;
            if (read as u64) < wanted {
                self.ended = true;
                if self.pending.last().is_some_and(|byte| *byte != b'\n') && self.pending != BYTE_ORDER_MARK {
                    self.pending.push(b'\n');
                }
            }
        }
        match std::str::from_utf8(&self.pending[self.utf8..]) {
            Ok(_) => self.utf8 = self.pending.len(),
            Err(error) => {
                self.utf8 += error.valid_up_to();
                if error.error_len().is_some() || self.ended {
                    return Err(ImportError::NotUtf8 { path: self.path.clone(), byte: self.offset + self.utf8 as u64 });
                }
            }
        }
        Ok(())
    }

    /// Walks over whole records in the checked part of `pending`, at most so many.
    fn scan(&self, fields: Option<u64>, records_max: usize) -> Result<Scan, ImportError> {
        let mut scan = Scan { end: 0, records: 0, jumps: vec![(0, self.line)], line_after: self.line };
        let mut line = self.line;
        let (mut record_line, mut quote_line) = (line, line);
        let (mut start, mut found) = (0, 1);
        let mut blank = None;
        let mut state = State::FieldStart;
        for (at, byte) in self.pending[..self.utf8].iter().enumerate() {
            state = match (state, byte) {
                (State::Quoted, b'"') => State::Closed,
                (State::Quoted, b'\n') => {
                    line += 1;
                    State::Quoted
                }
                (State::Quoted, _) => State::Quoted,
                (State::FieldStart, b'"') => {
                    quote_line = line;
                    State::Quoted
                }
                (State::Closed, b'"') => State::Quoted,
                (_, b',') if state != State::Return => {
                    found += 1;
                    State::FieldStart
                }
                (_, b'\n') => {
                    line += 1;
                    let is_blank = at == start || (at == start + 1 && self.pending[start] == b'\r');
                    if is_blank {
                        blank = blank.or(Some(record_line));
                    } else {
                        self.check_record(record_line, found, fields, blank)?;
                        if scan.jumps.last().is_none_or(|(row, first)| first + (scan.records - row) as u64 != record_line) {
                            scan.jumps.push((scan.records, record_line));
                        }
                        scan.records += 1;
                        scan.end = at + 1;
                        scan.line_after = line;
                        if scan.records == records_max {
                            return Ok(scan);
                        }
                    }
                    (start, found, record_line) = (at + 1, 1, line);
                    State::FieldStart
                }
                (State::Closed, b'\r') => State::Return,
                (State::Closed | State::Return, _) | (State::Plain, b'"') => {
                    return Err(ImportError::StrayQuote { path: self.path.clone(), line });
                }
                _ => State::Plain,
            };
        }
        if self.ended && state == State::Quoted {
            return Err(ImportError::UnclosedQuote { path: self.path.clone(), line: quote_line });
        }
        if fields.is_none() && blank.is_some() {
            return Err(ImportError::NoHeader { path: self.path.clone() });
        }
        Ok(scan)
    }

    /// Blank lines are nothing at the end of a file and a mistake before it.
    fn check_record(&self, line: u64, found: u64, fields: Option<u64>, blank: Option<u64>) -> Result<(), ImportError> {
        let path = || self.path.clone();
        match (fields, blank) {
            (None, Some(_)) => Err(ImportError::NoHeader { path: path() }),
            (Some(expected), Some(blank)) => Err(ImportError::Ragged { path: path(), line: blank, found: 0, expected }),
            (Some(expected), None) if found != expected => Err(ImportError::Ragged { path: path(), line, found, expected }),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
#[path = "csv_tests.rs"]
mod tests;
