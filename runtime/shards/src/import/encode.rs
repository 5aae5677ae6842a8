//! A batch of rows, checked and encoded for the spill files.
//!
//! A record is the unit's hash, the table (u16), the length of the row (u32) and the row: a bitmap of missing
//! values, then the values in the order of the schema, texts with a u32 length before them.

use super::check::{Checked, Fate, Rule, visit};
use super::source::Batch;
use super::tally::{Lines, TableTally};
use super::value::Raw;
use crate::identity::Identifiers;
use crate::layout::Stored;
use polars::prelude::{Column, DataFrame};
use tidegate_terms::{IdentifierKind, MissingRule, PrivacyUnit, Table};

pub(super) const RECORD_HEAD_BYTES: usize = 16 + 2 + 4;
/// Bytes that the texts of one encoded part can come to.
const PART_TEXT_BYTES: usize = 64 << 20;

/// Encoded records: for each its shard and where it ends.
#[derive(Default)]
pub(super) struct Encoded {
    pub bytes: Vec<u8>,
    pub records: Vec<(u32, u32)>,
}

/// What is needed to check and encode the rows of one table.
pub(super) struct TableRules {
    table: u16,
    shard_count: u32,
    identifier_missing: MissingRule,
    pub rules: Vec<Rule>,
    /// Rows encoded at a time, so that repeated long texts cannot fill the memory.
    part_rows: usize,
}

impl TableRules {
    /// `None` if the table is not one that `PublicSchema::check` accepts.
    pub(super) fn of(index: usize, table: &Table, unit: &PrivacyUnit, shard_count: u32) -> Option<Self> {
        let rules: Option<Vec<Rule>> = table.columns.iter().map(|column| Rule::of(column, Stored::of(column))).collect();
        let text_bytes = |rule: &Rule| if let Stored::Text { bytes_max } = rule.stored { bytes_max as usize } else { 0 };
        let rules = rules?;
        let row_bytes: usize = rules.iter().map(text_bytes).sum();
        let part_rows = (PART_TEXT_BYTES / row_bytes.max(1)).max(1);
        Some(Self { table: u16::try_from(index).ok()?, shard_count, identifier_missing: unit.missing, rules, part_rows })
    }
}

/// One thread's working memory.
pub(super) struct Encoder {
    identifiers: Identifiers,
    units: Vec<Option<crate::UnitHash>>,
    fates: Vec<Fate>,
    columns: Vec<Checked>,
}

impl Encoder {
    pub(super) fn new(kind: IdentifierKind, key: &[u8; 32]) -> Self {
        Self { identifiers: Identifiers::new(kind, key), units: Vec::new(), fates: Vec::new(), columns: Vec::new() }
    }

    /// Encodes a batch in parts and gives each to `take`; `None` where a column has a type that is not read.
    pub(super) fn encode<E>(
        &mut self,
        batch: &Batch,
        rules: &TableRules,
        tally: &mut TableTally,
        mut take: impl FnMut(Encoded) -> Result<(), E>,
    ) -> Option<Result<(), E>> {
        let rows = batch.frame.height();
        for start in (0..rows).step_by(rules.part_rows) {
            let length = rules.part_rows.min(rows - start);
            let encoded = if length == rows {
                self.part(&batch.frame, &batch.lines, rules, tally)?
            } else {
                self.part(&batch.frame.slice(start as i64, length), &batch.lines.from(start), rules, tally)?
            };
            if let Err(error) = take(encoded) {
                return Some(Err(error));
            }
        }
        Some(Ok(()))
    }

    fn part(&mut self, frame: &DataFrame, lines: &Lines, rules: &TableRules, tally: &mut TableTally) -> Option<Encoded> {
        let (identifier, columns) = frame.columns().split_first()?;
        self.identify(identifier, lines, rules, tally)?;
        self.columns.resize_with(rules.rules.len(), Checked::default);
        for (((rule, column), tally), out) in rules.rules.iter().zip(columns).zip(&mut tally.columns).zip(&mut self.columns) {
            rule.check(column.as_materialized_series(), &mut self.fates, lines, tally, out).then_some(())?;
        }
        tally.rows_read += frame.height() as u64;
        for fate in &self.fates {
            match fate {
                Fate::Kept | Fate::NoIdentifier => {}
                Fate::DroppedOutside => tally.rows_dropped_outside += 1,
                Fate::DroppedMissing => tally.rows_dropped_missing += 1,
            }
        }
        Some(self.write(rules))
    }

    fn identify(&mut self, identifier: &Column, lines: &Lines, rules: &TableRules, tally: &mut TableTally) -> Option<()> {
        self.units.clear();
        self.fates.clear();
        visit(identifier.as_materialized_series(), |row, raw| {
            let unit = match raw {
                Raw::Integer(number) => self.identifiers.of_integer(number),
                Raw::Text(text) => self.identifiers.of_text(text),
                _ => None,
            };
            if unit.is_none() {
                tally.identifiers_missing += 1;
                if rules.identifier_missing == MissingRule::Refuse {
                    tally.identifier_first.note(lines.of(row));
                }
            }
            self.fates.push(if unit.is_some() { Fate::Kept } else { Fate::NoIdentifier });
            self.units.push(unit);
        })
        .then_some(())
    }

    fn write(&self, rules: &TableRules) -> Encoded {
        let fixed: usize = rules.rules.iter().map(|rule| rule.stored.width().unwrap_or(4)).sum();
        let bitmap_bytes = rules.rules.len().div_ceil(8);
        let texts: usize = self.columns.iter().map(|column| column.texts.len()).sum();
        let mut encoded = Encoded::default();
        encoded.bytes.reserve(self.units.len() * (RECORD_HEAD_BYTES + bitmap_bytes + fixed) + texts);
        encoded.records.reserve(self.units.len());
        for (row, (unit, fate)) in self.units.iter().zip(&self.fates).enumerate() {
            let (Some(unit), Fate::Kept) = (unit, fate) else { continue };
            let bytes = &mut encoded.bytes;
            bytes.extend_from_slice(&unit.0);
            bytes.extend_from_slice(&rules.table.to_le_bytes());
            let length_at = bytes.len();
            bytes.extend_from_slice(&[0; 4]);
            let bitmap_at = bytes.len();
            bytes.resize(bitmap_at + bitmap_bytes, 0);
            for (index, (rule, column)) in rules.rules.iter().zip(&self.columns).enumerate() {
                if column.missing[row] {
                    bytes[bitmap_at + index / 8] |= 1 << (index % 8);
                }
                push_value(bytes, rule.stored, column.bits[row], &column.texts);
            }
            let length = (bytes.len() - bitmap_at) as u32;
            bytes[length_at..bitmap_at].copy_from_slice(&length.to_le_bytes());
            encoded.records.push((unit.shard(rules.shard_count), encoded.bytes.len() as u32));
        }
        encoded
    }
}

#[inline]
fn push_value(bytes: &mut Vec<u8>, stored: Stored, bits: u64, texts: &[u8]) {
    let value = bits.to_le_bytes();
    match stored.width() {
        Some(8) => bytes.extend_from_slice(&value),
        Some(4) => bytes.extend_from_slice(&value[..4]),
        Some(width) => bytes.extend_from_slice(&value[..width]),
        None => {
            let (start, length) = ((bits >> 32) as usize, bits as u32);
            bytes.extend_from_slice(&length.to_le_bytes());
            bytes.extend_from_slice(&texts[start..start + length as usize]);
        }
    }
}
