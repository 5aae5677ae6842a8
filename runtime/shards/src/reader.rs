//! Reading units from a shard, one after the other.
//!
//! Guarantee: every unit comes once and whole, with at most the declared rows in each table, whatever the
//! bytes are; bytes that are no shard of this schema give a [`ShardError`], never a panic or an allocation
//! larger than the file. The shard is held in memory (at most [`SHARD_BYTES_MAX`], usually a few MB), so that
//! the digest is checked over the very bytes that are decoded. Rejected: a memory map (a file that changes
//! underneath would be decoded after its digest was checked) and checking the digest at the end of a stream
//! (a guest would run on bytes that nobody vouches for).

use crate::layout::{ColumnLayout, Cursor, HEADER_BYTES, Header, SHARD_BYTES_MAX, Stored, TableLayout, layout, schema_digest};
use crate::manifest::shard_digest;
use crate::{Projection, ShardError, UnitHash};
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;
use tidegate_sandbox::contract::{Column, Table, Unit, Values};
use tidegate_terms::{Digest, PublicSchema};

/// Units of one shard.
pub struct ShardReader {
    bytes: Arc<Vec<u8>>,
    at: usize,
    header: Header,
    units_read: u64,
    previous: Option<UnitHash>,
    tables: Vec<TableLayout>,
    /// For each table of the schema: its place in the unit, and the place of each of its columns.
    places: Vec<Option<(usize, Vec<Option<usize>>)>>,
    /// The columns of each table of the unit.
    shape: Vec<usize>,
    spare: Vec<Vec<bool>>,
}

impl ShardReader {
    /// Opens a shard; with a salt and digest, its bytes must match them.
    pub fn open(
        path: &Path,
        schema: &PublicSchema,
        projection: &Projection,
        expected: Option<(&[u8; 32], Digest)>,
    ) -> Result<Self, ShardError> {
        let read = |error: std::io::Error| ShardError::Read { path: path.display().to_string(), detail: error.kind().to_string() };
        let mut file = std::fs::File::open(path).map_err(read)?;
        let length = file.metadata().map_err(read)?.len();
        if length > SHARD_BYTES_MAX {
            return Err(ShardError::TooLarge { path: path.display().to_string() });
        }
        let mut bytes = Vec::with_capacity(length as usize);
        file.by_ref().take(length).read_to_end(&mut bytes).map_err(read)?;
        Self::from_bytes(bytes, schema, projection, expected)
    }

    /// Reads a shard that is in memory already.
    pub fn from_bytes(
        bytes: impl Into<Arc<Vec<u8>>>,
        schema: &PublicSchema,
        projection: &Projection,
        expected: Option<(&[u8; 32], Digest)>,
    ) -> Result<Self, ShardError> {
        let bytes = bytes.into();
        if let Some((salt, digest)) = expected
            && shard_digest(salt, &bytes) != digest
        {
            return Err(ShardError::Digest);
        }
        let header = Header::parse(&mut Cursor { bytes: &bytes, at: 0 })?;
        if header.schema != schema_digest(schema) {
            return Err(ShardError::Schema);
        }
        let tables = layout(schema);
        let mut places: Vec<Option<(usize, Vec<Option<usize>>)>> = tables.iter().map(|_| None).collect();
        for (place, (table, columns)) in projection.0.iter().enumerate() {
            let mut column_places = vec![None; tables.get(*table).ok_or(ShardError::Projection)?.columns.len()];
            for (column_place, column) in columns.iter().enumerate() {
                *column_places.get_mut(*column).ok_or(ShardError::Projection)? = Some(column_place);
            }
            places[*table] = Some((place, column_places));
        }
        let shape = projection.0.iter().map(|(_, columns)| columns.len()).collect();
        Ok(Self { bytes, at: HEADER_BYTES, header, units_read: 0, previous: None, tables, places, shape, spare: Vec::new() })
    }

    /// Units in the shard.
    pub fn unit_count(&self) -> u64 {
        self.header.units
    }

    /// Rows in the shard, over all tables.
    pub fn row_count(&self) -> u64 {
        self.header.rows
    }

    /// The number of the shard.
    pub fn index(&self) -> u32 {
        self.header.index
    }

    /// Passes over so many units, or those that are left; returns how many.
    pub fn skip_units(&mut self, count: u64) -> Result<u64, ShardError> {
        let mut skipped = 0;
        while skipped < count && self.next_hash()?.is_some() {
            skipped += 1;
        }
        Ok(skipped)
    }

    /// Passes over the next unit and says which it was; `None` after the last.
    pub(crate) fn next_hash(&mut self) -> Result<Option<UnitHash>, ShardError> {
        let Some((hash, end)) = self.begin_unit()? else { return Ok(None) };
        self.at = end;
        Ok(Some(hash))
    }

    /// Decodes the next unit into `unit`, whose allocations are used again; `None` after the last.
    pub fn next_unit(&mut self, unit: &mut Unit) -> Result<Option<UnitHash>, ShardError> {
        let Some((hash, end)) = self.begin_unit()? else { return Ok(None) };
        fit(unit, &self.shape);
        let mut cursor = Cursor { bytes: &self.bytes[..end], at: self.at };
        for (table, place) in self.tables.iter().zip(&self.places) {
            let rows = cursor.u32()?;
            if rows > table.rows_max {
                return Err(cursor.malformed());
            }
            let mut target = place.as_ref().map(|(place, columns)| (&mut unit.tables[*place], columns));
            if let Some((target, _)) = &mut target {
                target.row_count = rows;
            }
            for (index, layout) in table.columns.iter().enumerate() {
                let column = target.as_mut().and_then(|(table, columns)| columns[index].map(|place| &mut table.columns[place]));
                read_column(&mut cursor, *layout, rows as usize, column, &mut self.spare)?;
            }
        }
        if cursor.at != end {
            return Err(cursor.malformed());
        }
        self.at = end;
        Ok(Some(hash))
    }

    /// Reads hash and length of the next unit. Invariant (A10): hashes ascend strictly and belong to this
    /// shard, so that no unit can stand twice in a dataset.
    fn begin_unit(&mut self) -> Result<Option<(UnitHash, usize)>, ShardError> {
        let mut cursor = Cursor { bytes: &self.bytes, at: self.at };
        if self.units_read == self.header.units {
            return if self.at == self.bytes.len() { Ok(None) } else { Err(cursor.malformed()) };
        }
        let hash = cursor.unit_hash()?;
        if self.previous.is_some_and(|previous| previous >= hash) || hash.shard(self.header.count) != self.header.index {
            return Err(cursor.malformed());
        }
        let length = cursor.u32()? as usize;
        let start = cursor.at;
        cursor.take(length)?;
        self.previous = Some(hash);
        self.units_read += 1;
        self.at = start;
        Ok(Some((hash, cursor.at)))
    }
}

impl std::fmt::Debug for ShardReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ShardReader(withheld)")
    }
}

/// Gives the unit its tables and columns, keeping those that it has.
fn fit(unit: &mut Unit, shape: &[usize]) {
    unit.tables.resize_with(shape.len(), || Table { row_count: 0, columns: Vec::new() });
    for (table, columns) in unit.tables.iter_mut().zip(shape) {
        table.columns.resize_with(*columns, || Column { values: Values::Integers(Vec::new()), missing: None });
    }
}

/// Reads one column, or passes over it where no target is given. A table without rows has no columns.
fn read_column(
    cursor: &mut Cursor<'_>,
    layout: ColumnLayout,
    rows: usize,
    target: Option<&mut Column>,
    spare: &mut Vec<Vec<bool>>,
) -> Result<(), ShardError> {
    let bitmap = match rows {
        0 => None,
        _ => match cursor.take(1)?[0] {
            0 => None,
            1 if layout.nullable => Some(cursor.take(rows.div_ceil(8))?),
            _ => return Err(cursor.malformed()),
        },
    };
    let Some(target) = target else { return pass_values(cursor, layout.stored, rows) };
    read_missing(bitmap, rows, &mut target.missing, spare);
    read_values(cursor, layout.stored, rows, &mut target.values)
}

fn read_missing(bitmap: Option<&[u8]>, rows: usize, missing: &mut Option<Vec<bool>>, spare: &mut Vec<Vec<bool>>) {
    match bitmap {
        None => spare.extend(missing.take()),
        Some(bitmap) => {
            let flags = missing.get_or_insert_with(|| spare.pop().unwrap_or_default());
            flags.clear();
            flags.extend((0..rows).map(|row| bitmap[row / 8] >> (row % 8) & 1 == 1));
        }
    }
}

fn pass_values(cursor: &mut Cursor<'_>, stored: Stored, rows: usize) -> Result<(), ShardError> {
    let bytes = match (stored.width(), rows) {
        (_, 0) => 0,
        (Some(width), _) => width * rows,
        (None, _) => cursor.u32()? as usize + 4 * rows,
    };
    cursor.take(bytes).map(|_| ())
}

/// The vector inside `values` if it is of the right type, or a new one.
macro_rules! vector {
    ($values:ident, $variant:ident) => {{
        if !matches!($values, Values::$variant(_)) {
            *$values = Values::$variant(Vec::new());
        }
        let Values::$variant(vector) = $values else { return Ok(()) };
        vector.clear();
        vector
    }};
}

fn read_values(cursor: &mut Cursor<'_>, stored: Stored, rows: usize, values: &mut Values) -> Result<(), ShardError> {
    match stored {
        Stored::Integer => {
            let vector = vector!(values, Integers);
            let (chunks, _) = cursor.take(8 * rows)?.as_chunks();
            vector.extend(chunks.iter().map(|chunk| i64::from_le_bytes(*chunk)));
        }
        Stored::Float => {
            let vector = vector!(values, Floats);
            let (chunks, _) = cursor.take(8 * rows)?.as_chunks();
            vector.extend(chunks.iter().map(|chunk| f64::from_le_bytes(*chunk)));
            if !vector.iter().all(|value| value.is_finite()) {
                return Err(cursor.malformed());
            }
        }
        Stored::Date => {
            let vector = vector!(values, Dates);
            let (chunks, _) = cursor.take(4 * rows)?.as_chunks();
            vector.extend(chunks.iter().map(|chunk| i32::from_le_bytes(*chunk)));
        }
        Stored::Boolean => {
            let vector = vector!(values, Booleans);
            let bytes = cursor.take(rows)?;
            vector.extend(bytes.iter().map(|byte| *byte == 1));
            if bytes.iter().any(|byte| *byte > 1) {
                return Err(cursor.malformed());
            }
        }
        Stored::Category { count } => {
            let vector = vector!(values, Categories);
            match stored.width() {
                Some(1) => vector.extend(cursor.take(rows)?.iter().map(|byte| u32::from(*byte))),
                Some(2) => vector.extend(cursor.take(2 * rows)?.as_chunks().0.iter().map(|chunk| u32::from(u16::from_le_bytes(*chunk)))),
                _ => vector.extend(cursor.take(4 * rows)?.as_chunks().0.iter().map(|chunk| u32::from_le_bytes(*chunk))),
            }
            if vector.iter().any(|index| *index >= count) {
                return Err(cursor.malformed());
            }
        }
        Stored::Text { bytes_max } => return read_texts(cursor, bytes_max, rows, values),
    }
    Ok(())
}

fn read_texts(cursor: &mut Cursor<'_>, bytes_max: u32, rows: usize, values: &mut Values) -> Result<(), ShardError> {
    if !matches!(values, Values::Texts(_)) {
        *values = Values::Texts(Vec::new());
    }
    let Values::Texts(texts) = values else { return Ok(()) };
    let total = if rows == 0 { 0 } else { cursor.u32()? as usize };
    let (lengths, _) = cursor.take(4 * rows)?.as_chunks();
    let mut body = Cursor { bytes: cursor.take(total)?, at: 0 };
    texts.truncate(rows);
    for (row, length) in lengths.iter().enumerate() {
        let length = u32::from_le_bytes(*length);
        let bytes = if length <= bytes_max { body.take(length as usize) } else { Err(cursor.malformed()) };
        let text = std::str::from_utf8(bytes.map_err(|_| cursor.malformed())?).map_err(|_| cursor.malformed())?;
        match texts.get_mut(row) {
            Some(place) => {
                place.clear();
                place.push_str(text);
            }
            None => texts.push(text.to_owned()),
        }
    }
    if body.at == total { Ok(()) } else { Err(cursor.malformed()) }
}
