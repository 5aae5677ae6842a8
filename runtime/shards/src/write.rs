//! Encoding the units of a shard; the counterpart of [`crate::ShardReader`].

use crate::UnitHash;
use crate::layout::{ColumnLayout, Cursor, HEADER_BYTES, Header, TableLayout};
use tidegate_terms::Digest;

/// A shard in the making: units come by ascending hash.
pub(crate) struct ShardWriter<'a> {
    layout: &'a [TableLayout],
    bytes: Vec<u8>,
    units: u64,
    rows: u64,
}

impl<'a> ShardWriter<'a> {
    pub(crate) fn new(layout: &'a [TableLayout]) -> Self {
        Self { layout, bytes: vec![0; HEADER_BYTES], units: 0, rows: 0 }
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.len() as u64
    }

    pub(crate) fn units(&self) -> u64 {
        self.units
    }

    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// Appends a unit: for each table its rows, as the import encodes them. `None` where they are not that.
    pub(crate) fn unit(&mut self, hash: UnitHash, tables: &[Vec<&[u8]>]) -> Option<()> {
        self.bytes.extend_from_slice(&hash.0);
        let length_at = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 4]);
        let mut at = Vec::new();
        for (table, rows) in self.layout.iter().zip(tables) {
            self.bytes.extend_from_slice(&u32::try_from(rows.len()).ok()?.to_le_bytes());
            self.rows += rows.len() as u64;
            if rows.is_empty() {
                continue;
            }
            at.clear();
            at.resize(rows.len(), table.columns.len().div_ceil(8));
            for (index, column) in table.columns.iter().enumerate() {
                self.missing(index, rows)?;
                self.values(*column, rows, &mut at)?;
            }
        }
        let length = u32::try_from(self.bytes.len() - length_at - 4).ok()?;
        self.bytes[length_at..length_at + 4].copy_from_slice(&length.to_le_bytes());
        self.units += 1;
        Some(())
    }

    fn missing(&mut self, column: usize, rows: &[&[u8]]) -> Option<()> {
        let bit = |row: &&[u8]| row.get(column / 8).map(|byte| byte >> (column % 8) & 1);
        let any = rows.iter().any(|row| bit(row) == Some(1));
        self.bytes.push(u8::from(any));
        if any {
            let start = self.bytes.len();
            self.bytes.resize(start + rows.len().div_ceil(8), 0);
            for (index, row) in rows.iter().enumerate() {
                self.bytes[start + index / 8] |= bit(row)? << (index % 8);
            }
        }
        Some(())
    }

    /// Copies the value of one column from every row; `at` is where each row has been read to.
    fn values(&mut self, column: ColumnLayout, rows: &[&[u8]], at: &mut [usize]) -> Option<()> {
        if let Some(width) = column.stored.width() {
            for (row, at) in rows.iter().zip(at) {
                self.bytes.extend_from_slice(row.get(*at..*at + width)?);
                *at += width;
            }
            return Some(());
        }
        let total_at = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 4]);
        let mut total = 0_u32;
        for (row, at) in rows.iter().zip(at.iter()) {
            let length = Cursor { bytes: row, at: *at }.array().ok()?;
            total = total.checked_add(u32::from_le_bytes(length))?;
            self.bytes.extend_from_slice(&length);
        }
        self.bytes[total_at..total_at + 4].copy_from_slice(&total.to_le_bytes());
        for (row, at) in rows.iter().zip(at) {
            let mut cursor = Cursor { bytes: row, at: *at };
            let length = cursor.u32().ok()?;
            self.bytes.extend_from_slice(cursor.take(length as usize).ok()?);
            *at = cursor.at;
        }
        Some(())
    }

    /// The whole shard.
    pub(crate) fn finish(mut self, schema: Digest, index: u32, count: u32) -> Vec<u8> {
        let mut header = Vec::with_capacity(HEADER_BYTES);
        Header { schema, index, count, units: self.units, rows: self.rows }.write(&mut header);
        self.bytes[..HEADER_BYTES].copy_from_slice(&header);
        self.bytes
    }
}
