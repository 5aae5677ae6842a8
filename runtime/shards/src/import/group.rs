//! From the rows of a shard to its units.
//!
//! Rows above the declared number of a unit are left out while they are read, not afterwards, so that memory
//! depends on what the shard will hold and not on how often an identifier occurs in the files (a placeholder
//! such as `0` may stand in a million rows). Rejected: counting all units while the files are read (a table of
//! all units in memory).

use super::encode::RECORD_HEAD_BYTES;
use super::spill::spill_path;
use super::staging::write_error;
use crate::layout::{Cursor, SHARD_BYTES_MAX, TableLayout};
use crate::report::Histogram;
use crate::write::ShardWriter;
use crate::{ImportError, UnitHash};
use std::collections::HashMap;
use std::fs::File;
use std::hash::{BuildHasherDefault, Hasher};
use std::io::{BufReader, ErrorKind, Read as _};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use tidegate_terms::{ExcessRows, PublicSchema};

/// What was counted in one table while grouping.
#[derive(Default, Clone)]
pub(super) struct GroupTally {
    pub rows_kept: u64,
    pub rows_dropped_excess: u64,
    pub units_with_excess: u64,
    pub duplicates: u64,
    pub rows_per_unit: Histogram,
}

impl GroupTally {
    pub(super) fn merge(&mut self, other: &Self) {
        self.rows_kept += other.rows_kept;
        self.rows_dropped_excess += other.rows_dropped_excess;
        self.units_with_excess += other.units_with_excess;
        self.duplicates += other.duplicates;
        self.rows_per_unit.merge(&other.rows_per_unit);
    }
}

/// What all shards of an import have in common.
pub(super) struct Grouping<'a> {
    pub schema: &'a PublicSchema,
    pub layout: &'a [TableLayout],
    pub dir: &'a Path,
    pub units_found: AtomicU64,
}

struct Row {
    unit: UnitHash,
    table: u16,
    at: u32,
    length: u32,
}

#[derive(Default)]
struct Rows {
    rows: Vec<Row>,
    bytes: Vec<u8>,
    /// For each unit, where its counts by table begin.
    units: HashMap<UnitHash, usize, BuildHasherDefault<Leading>>,
    counts: Vec<u64>,
}

/// Unit hashes are uniform already, under a key that nobody outside knows.
#[derive(Default)]
struct Leading(u64);

impl Hasher for Leading {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        if let Some(tail) = bytes.last_chunk() {
            self.0 = u64::from_le_bytes(*tail);
        }
    }
}

impl Grouping<'_> {
    /// Groups the rows of one shard and encodes its units.
    pub(super) fn shard(&self, shard: u32, tallies: &mut [GroupTally]) -> Result<ShardWriter<'_>, ImportError> {
        let mut rows = self.load(shard)?;
        rows.rows.sort_by_key(|row| (row.unit, row.table));
        for counts in rows.counts.chunks(self.layout.len()) {
            for ((count, table), tally) in counts.iter().zip(&self.schema.tables).zip(tallies.iter_mut()) {
                tally.rows_per_unit.add(*count);
                let max = u64::from(table.rows_per_unit_max);
                if *count > max {
                    tally.units_with_excess += 1;
                    tally.rows_dropped_excess += if table.excess_rows == ExcessRows::KeepFirst { count - max } else { *count };
                }
            }
        }
        let mut writer = ShardWriter::new(self.layout);
        let mut tables: Vec<Vec<&[u8]>> = vec![Vec::new(); self.layout.len()];
        for unit in rows.rows.chunk_by(|one, other| one.unit == other.unit) {
            self.gather(unit, &rows, &mut tables);
            if tables.iter().all(Vec::is_empty) {
                continue;
            }
            writer.unit(unit[0].unit, &tables).ok_or(ImportError::Interrupted)?;
            for (tally, table) in tallies.iter_mut().zip(&mut tables) {
                tally.rows_kept += table.len() as u64;
                tally.duplicates += duplicates(table);
            }
        }
        if writer.bytes() > SHARD_BYTES_MAX { Err(too_large()) } else { Ok(writer) }
    }

    /// The rows of one unit by table, without the tables in which it has to be dropped.
    fn gather<'b>(&self, unit: &[Row], rows: &'b Rows, tables: &mut [Vec<&'b [u8]>]) {
        tables.iter_mut().for_each(Vec::clear);
        let counts = unit.first().and_then(|row| rows.units.get(&row.unit)).and_then(|at| rows.counts.get(*at..at + tables.len()));
        for row in unit {
            let table = usize::from(row.table);
            let declared = &self.schema.tables[table];
            let excess = counts.is_none_or(|counts| counts[table] > u64::from(declared.rows_per_unit_max));
            if !excess || declared.excess_rows == ExcessRows::KeepFirst {
                tables[table].push(&rows.bytes[row.at as usize..(row.at + row.length) as usize]);
            }
        }
    }

    fn load(&self, shard: u32) -> Result<Rows, ImportError> {
        let path = spill_path(self.dir, shard);
        let mut rows = Rows::default();
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(rows),
            Err(error) => return Err(write_error(&path, &error)),
        };
        let mut input = BufReader::with_capacity(256 << 10, file);
        let mut head = [0; RECORD_HEAD_BYTES];
        loop {
            match input.read_exact(&mut head) {
                Ok(()) => self.load_row(&head, &mut input, &mut rows)?,
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => break,
                Err(error) => return Err(write_error(&path, &error)),
            }
        }
        std::fs::remove_file(&path).map_err(|error| write_error(&path, &error))?;
        Ok(rows)
    }

    fn load_row(&self, head: &[u8], input: &mut BufReader<File>, rows: &mut Rows) -> Result<(), ImportError> {
        let broken = |_| ImportError::Interrupted;
        let mut cursor = Cursor { bytes: head, at: 0 };
        let unit = cursor.unit_hash().map_err(broken)?;
        let table = u16::from_le_bytes(cursor.array().map_err(broken)?);
        let length = cursor.u32().map_err(broken)?;
        let declared = self.schema.tables.get(usize::from(table)).ok_or(ImportError::Interrupted)?;
        let tables = self.layout.len();
        let counts_at = *rows.units.entry(unit).or_insert_with(|| {
            rows.counts.resize(rows.counts.len() + tables, 0);
            self.units_found.fetch_add(1, Ordering::Relaxed);
            rows.counts.len() - tables
        });
        // Enforced as soon as it is exceeded, so that too many units cannot fill the memory either.
        if self.units_found.load(Ordering::Relaxed) > self.schema.units_max {
            return Err(ImportError::UnitsMax { units_max: self.schema.units_max });
        }
        let count = &mut rows.counts[counts_at + usize::from(table)];
        *count += 1;
        if *count > u64::from(declared.rows_per_unit_max) {
            return input.seek_relative(i64::from(length)).map_err(|_| ImportError::Interrupted);
        }
        let at = rows.bytes.len();
        if at as u64 + u64::from(length) > SHARD_BYTES_MAX {
            return Err(too_large());
        }
        rows.bytes.resize(at + length as usize, 0);
        input.read_exact(&mut rows.bytes[at..]).map_err(|_| ImportError::Interrupted)?;
        rows.rows.push(Row { unit, table, at: at as u32, length });
        Ok(())
    }
}

fn too_large() -> ImportError {
    ImportError::ShardTooLarge { mebibytes_max: SHARD_BYTES_MAX >> 20 }
}

/// How many rows repeat another one exactly; leaves the rows sorted.
fn duplicates(rows: &mut [&[u8]]) -> u64 {
    rows.sort_unstable();
    rows.windows(2).filter(|pair| pair[0] == pair[1]).count() as u64
}
