//! From shards to units: one dataset, two that are joined, or blocks of units.
//!
//! Guarantee: which rows a call of the module sees follows from the identifiers, the key and the sealed manifest:
//! a unit is seen whole, once, and by itself; a block is an equal range of the keyed hash, so that adding a unit
//! changes its own block alone (attack A11). A unit that is present in one of two joined datasets is no unit of the
//! run. Shards are verified against their digest when they are first read; small ones stay in memory for the
//! rounds that follow.

use crate::worker::WorkerError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Seek as _, SeekFrom};
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use tidegate_sandbox::contract::{Column, Table, Unit, Values};
use tidegate_shards::{Projection, SHARD_BYTES_MAX, ShardReader, UnitHash};
use tidegate_terms::{Digest, Guard, Manifest, Name, PublicSchema, stands};

/// Verified shards that a worker keeps between rounds.
pub(crate) const KEPT_BYTES_MAX: u64 = 256 << 20;

/// A piece of work: its totals are a pure function of it and of the round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Task {
    /// A range of the units of one shard of the leading dataset.
    Units {
        /// The shard.
        shard: u32,
        /// The first unit.
        from: u64,
        /// How many units.
        count: u64,
    },
    /// One block.
    Block {
        /// The block.
        block: u32,
    },
}

impl Task {
    /// How many calls of the module it needs at most.
    pub(crate) fn calls(&self) -> u64 {
        match self {
            Self::Units { count, .. } => *count,
            Self::Block { .. } => 1,
        }
    }

    /// Two halves, where it can be halved.
    pub(crate) fn halves(&self) -> Option<[Self; 2]> {
        match *self {
            Self::Units { shard, from, count } if count > 1 => {
                let half = count / 2;
                Some([Self::Units { shard, from, count: half }, Self::Units { shard, from: from + half, count: count - half }])
            }
            _ => None,
        }
    }

    /// A number that spreads tasks over workers, the same in every round.
    pub(crate) fn lane(&self) -> u32 {
        match self {
            Self::Units { shard, .. } => *shard,
            Self::Block { block } => *block,
        }
    }
}

/// What a worker is told of one dataset.
#[derive(Serialize, Deserialize)]
pub(crate) struct SourceSetup {
    pub(crate) schema: PublicSchema,
    pub(crate) directory: PathBuf,
    pub(crate) shard_count: u32,
    pub(crate) files: Vec<(u32, String, Digest)>,
    pub(crate) digest_salt: [u8; 32],
}

struct Source {
    schema: PublicSchema,
    projection: Projection,
    /// The place of each of its tables in the module's unit.
    places: Vec<usize>,
    shard_count: u32,
    /// Opened before the walls were raised; behind them nothing can be opened.
    files: BTreeMap<u32, (File, Digest)>,
    kept: BTreeMap<u32, Arc<Vec<u8>>>,
    digest_salt: [u8; 32],
    unit: Unit,
}

/// The datasets of a run, ready to be read.
pub(crate) struct Sources {
    /// The one with more shards comes first.
    sources: Vec<Source>,
    blocks: Option<u32>,
    unit: Unit,
    kept_left: u64,
}

impl Sources {
    /// Opens every shard; the last moment at which files can be opened.
    pub(crate) fn open(manifest: &Manifest, setups: Vec<SourceSetup>) -> Result<Self, WorkerError> {
        let several = setups.len() > 1;
        let mut sources = Vec::new();
        for (index, setup) in setups.into_iter().enumerate() {
            let mine = |joined: bool| !several || joined == (index == 1);
            let inputs = manifest.inputs.iter().enumerate().filter(|(_, input)| mine(input.joined));
            let (places, wanted): (Vec<usize>, Vec<(&Name, &[Name])>) =
                inputs.map(|(place, input)| (place, (&input.table, input.columns.as_slice()))).unzip();
            let open = |(shard, file, digest): &(u32, String, Digest)| {
                let failed = |error: std::io::Error| WorkerError::HostFault { detail: format!("shard {shard}: {error}") };
                File::open(setup.directory.join(file)).map(|file| (*shard, (file, *digest))).map_err(failed)
            };
            sources.push(Source {
                projection: Projection::new(&setup.schema, wanted)?,
                places,
                shard_count: setup.shard_count,
                files: setup.files.iter().map(open).collect::<Result<_, _>>()?,
                kept: BTreeMap::new(),
                digest_salt: setup.digest_salt,
                unit: Unit { tables: Vec::new() },
                schema: setup.schema,
            });
        }
        sources.sort_by_key(|source| std::cmp::Reverse(source.shard_count));
        let unit = Unit { tables: manifest.inputs.iter().map(|_| Table { row_count: 0, columns: Vec::new() }).collect() };
        let kept_left = if reads_again(manifest) { KEPT_BYTES_MAX } else { 0 };
        Ok(Self { sources, blocks: manifest.blocks.as_ref().map(|blocks| blocks.count), unit, kept_left })
    }

    /// Hands the units of a task, or its block, to `visit`, one after the other.
    pub(crate) fn visit(&mut self, task: &Task, visit: &mut dyn FnMut(&Unit) -> Result<(), WorkerError>) -> Result<(), WorkerError> {
        match (*task, self.sources.len()) {
            (Task::Units { shard, from, count }, 1) => self.visit_units(shard, from, count, visit),
            (Task::Units { shard, from, count }, _) => self.visit_joined(shard, from, count, visit),
            (Task::Block { block }, _) => self.visit_block(block, visit),
        }
    }

    fn visit_units(
        &mut self,
        shard: u32,
        from: u64,
        count: u64,
        visit: &mut dyn FnMut(&Unit) -> Result<(), WorkerError>,
    ) -> Result<(), WorkerError> {
        let mut reader = self.sources[0].reader(shard, &mut self.kept_left)?;
        reader.skip_units(from)?;
        for _ in 0..count {
            if reader.next_unit(&mut self.unit)?.is_none() {
                return Err(WorkerError::MissingUnits { shard });
            }
            if !stands(Guard::UnitRows) {
                rows_apart(&self.unit).iter().try_for_each(&mut *visit)?;
                continue;
            }
            visit(&self.unit)?;
        }
        Ok(())
    }

    /// Both datasets lie in the order of the same keyed hash, so a join is one pass over each.
    fn visit_joined(
        &mut self,
        shard: u32,
        from: u64,
        count: u64,
        visit: &mut dyn FnMut(&Unit) -> Result<(), WorkerError>,
    ) -> Result<(), WorkerError> {
        let [lead, follow] = self.sources.as_mut_slice() else { return Err(WorkerError::MissingUnits { shard }) };
        let ratio = (lead.shard_count / follow.shard_count.max(1)).max(1);
        let mut leading = lead.reader(shard, &mut self.kept_left)?;
        let mut following = follow.reader(shard / ratio, &mut self.kept_left)?;
        leading.skip_units(from)?;
        let mut candidate: Option<UnitHash> = following.next_unit(&mut follow.unit)?;
        for _ in 0..count {
            let Some(hash) = leading.next_unit(&mut lead.unit)? else { return Err(WorkerError::MissingUnits { shard }) };
            while candidate.is_some_and(|other| other < hash) {
                candidate = following.next_unit(&mut follow.unit)?;
            }
            if candidate == Some(hash) {
                lead.lend(&mut self.unit);
                follow.lend(&mut self.unit);
                let visited = visit(&self.unit);
                lead.lend(&mut self.unit);
                follow.lend(&mut self.unit);
                visited?;
            }
        }
        Ok(())
    }

    fn visit_block(&mut self, block: u32, visit: &mut dyn FnMut(&Unit) -> Result<(), WorkerError>) -> Result<(), WorkerError> {
        let blocks = self.blocks.unwrap_or(1);
        let source = &mut self.sources[0];
        let (first, last) = match stands(Guard::KeyedAssignment) {
            true => UnitHash::shards_of_block(block, blocks, source.shard_count),
            false => (0, source.shard_count.saturating_sub(1)),
        };
        let mut place = 0;
        let mut whole = Unit { tables: Vec::new() };
        for shard in first..=last {
            if !source.files.contains_key(&shard) {
                continue;
            }
            let mut reader = source.reader(shard, &mut self.kept_left)?;
            while let Some(hash) = reader.next_unit(&mut source.unit)? {
                if !stands(Guard::KeyedAssignment) {
                    // By its place among all units, as who deals them out in turn does.
                    if place % blocks == block {
                        append(&mut whole, &source.unit);
                    }
                    place += 1;
                    continue;
                }
                match hash.block(blocks).cmp(&block) {
                    std::cmp::Ordering::Less => {}
                    std::cmp::Ordering::Equal => append(&mut whole, &source.unit),
                    std::cmp::Ordering::Greater => break,
                }
            }
        }
        // A block without units is still called, or its absence would show: the default stands in for it.
        if whole.tables.is_empty() {
            let tables = self.unit.tables.iter().map(|_| Table { row_count: 0, columns: Vec::new() });
            whole.tables = tables.collect();
        }
        visit(&whole)
    }
}

/// Whether a run may read a shard more than once: in several rounds, or for several blocks.
fn reads_again(manifest: &Manifest) -> bool {
    let rounds = manifest.rounds.as_ref().is_some_and(|rounds| rounds.max > 1);
    rounds || manifest.blocks.is_some() || manifest.statistics.iter().any(|statistic| statistic.measure.automatic().is_some())
}

impl Source {
    /// A shard whose bytes match their digest.
    fn reader(&mut self, shard: u32, kept_left: &mut u64) -> Result<ShardReader, WorkerError> {
        if let Some(bytes) = self.kept.get(&shard) {
            return Ok(ShardReader::from_bytes(Arc::clone(bytes), &self.schema, &self.projection, None)?);
        }
        let (bytes, digest) = self.read(shard)?;
        let bytes = Arc::new(bytes);
        let expected = Some((&self.digest_salt, digest));
        let reader = ShardReader::from_bytes(Arc::clone(&bytes), &self.schema, &self.projection, expected)?;
        if let Some(left) = kept_left.checked_sub(bytes.len() as u64) {
            *kept_left = left;
            self.kept.insert(shard, bytes);
        }
        Ok(reader)
    }

    fn read(&mut self, shard: u32) -> Result<(Vec<u8>, Digest), WorkerError> {
        let failed = |detail: String| WorkerError::HostFault { detail: format!("shard {shard}: {detail}") };
        let (file, digest) = self.files.get_mut(&shard).ok_or_else(|| failed("it is not among the files of this run".into()))?;
        let length = file.seek(SeekFrom::End(0)).map_err(|error| failed(error.to_string()))?;
        if length > SHARD_BYTES_MAX {
            return Err(failed("the file is larger than any shard".into()));
        }
        let mut bytes = vec![0; length as usize];
        file.read_exact_at(&mut bytes, 0).map_err(|error| failed(error.to_string()))?;
        Ok((bytes, *digest))
    }

    /// Swaps its tables with those at their places in the module's unit.
    fn lend(&mut self, unit: &mut Unit) {
        for (own, place) in self.unit.tables.iter_mut().zip(&self.places) {
            std::mem::swap(own, &mut unit.tables[*place]);
        }
    }
}

/// Each row of a unit as if it were a unit: what a host does that knows rows and no persons.
fn rows_apart(unit: &Unit) -> Vec<Unit> {
    let rows = unit.tables.iter().map(|table| table.row_count as usize).max().unwrap_or(0);
    (0..rows).map(|row| Unit { tables: unit.tables.iter().map(|table| row_of(table, row)).collect() }).collect()
}

fn row_of(table: &Table, row: usize) -> Table {
    if row >= table.row_count as usize {
        return Table { row_count: 0, columns: Vec::new() };
    }
    let column = |column: &Column| Column {
        values: match &column.values {
            Values::Integers(values) => Values::Integers(values[row..=row].to_vec()),
            Values::Floats(values) => Values::Floats(values[row..=row].to_vec()),
            Values::Texts(values) => Values::Texts(values[row..=row].to_vec()),
            Values::Booleans(values) => Values::Booleans(values[row..=row].to_vec()),
            Values::Dates(values) => Values::Dates(values[row..=row].to_vec()),
            Values::Categories(values) => Values::Categories(values[row..=row].to_vec()),
        },
        missing: column.missing.as_ref().map(|missing| missing[row..=row].to_vec()),
    };
    Table { row_count: 1, columns: table.columns.iter().map(column).collect() }
}

/// Appends the rows of one unit to a block.
pub(crate) fn append(whole: &mut Unit, unit: &Unit) {
    if whole.tables.is_empty() {
        whole.tables = unit.tables.clone();
        return;
    }
    for (into, table) in whole.tables.iter_mut().zip(&unit.tables) {
        let before = into.row_count as usize;
        if table.row_count == 0 {
            continue;
        }
        if before == 0 {
            *into = table.clone();
            continue;
        }
        into.row_count = into.row_count.saturating_add(table.row_count);
        for (into, column) in into.columns.iter_mut().zip(&table.columns) {
            append_column(into, column, before, table.row_count as usize);
        }
    }
}

fn append_column(into: &mut Column, column: &Column, before: usize, rows: usize) {
    match (&mut into.missing, &column.missing) {
        (None, None) => {}
        (Some(flags), None) => flags.resize(before + rows, false),
        (missing, Some(more)) => missing.get_or_insert_with(|| vec![false; before]).extend(more),
    }
    match (&mut into.values, &column.values) {
        (Values::Integers(into), Values::Integers(more)) => into.extend(more),
        (Values::Floats(into), Values::Floats(more)) => into.extend(more),
        (Values::Texts(into), Values::Texts(more)) => into.extend(more.iter().cloned()),
        (Values::Booleans(into), Values::Booleans(more)) => into.extend(more),
        (Values::Dates(into), Values::Dates(more)) => into.extend(more),
        (Values::Categories(into), Values::Categories(more)) => into.extend(more),
        // One schema, one type for each column.
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(values: &[f64], missing: Option<Vec<bool>>) -> Unit {
        let columns = if values.is_empty() { vec![] } else { vec![Column { values: Values::Floats(values.to_vec()), missing }] };
        Unit { tables: vec![Table { row_count: values.len() as u32, columns }] }
    }

    #[test]
    fn a_block_holds_all_rows_and_its_flags_stay_with_them() {
        let mut whole = Unit { tables: Vec::new() };
        for next in [unit(&[], None), unit(&[1.0], None), unit(&[0.0, 3.0], Some(vec![true, false])), unit(&[], None), unit(&[4.0], None)] {
            append(&mut whole, &next);
        }
        assert!(whole == unit(&[1.0, 0.0, 3.0, 4.0], Some(vec![false, true, false, false])));
    }

    #[test]
    fn tasks_halve_down_to_one_unit() {
        let task = Task::Units { shard: 3, from: 10, count: 5 };
        let [left, right] = task.halves().expect("halves");
        assert_eq!((left, right), (Task::Units { shard: 3, from: 10, count: 2 }, Task::Units { shard: 3, from: 12, count: 3 }));
        assert!(Task::Units { shard: 3, from: 10, count: 1 }.halves().is_none() && Task::Block { block: 1 }.halves().is_none());
    }
}
