//! Import: files of rows become shards of units.
//!
//! Guarantees. The dataset exists whole or not at all. Every kept value lies within the public schema, every
//! unit within its declared rows, the dataset within its declared units. A row decides about itself only, the
//! rule for excess rows looks at one unit only, and shards follow from keyed hashes, so adding a unit changes
//! nothing about another (attacks A10, A11). Memory does not grow with the files: they pass through once, are
//! spilled by shard, and each shard is grouped alone. Rejected: one sort over everything (memory or an external
//! merge), and a database (a second copy of the raw data with an engine of its own).
//!
//! The request is `Serialize`, because an ingest process of its own runs it: the keeper never holds rows.

mod check;
mod csv;
mod encode;
mod group;
mod parquet;
mod pass;
mod source;
mod spill;
mod staging;
mod tally;
pub(crate) mod value;

pub use staging::discard_abandoned;

use crate::layout::layout;
use crate::manifest::ShardManifest;
use crate::report::{ColumnReport, ImportProgress, ImportReport, TableReport};
use crate::{ImportError, Refusal, Refusals, schema_digest, shard_count};
use encode::TableRules;
use group::GroupTally;
use serde::{Deserialize, Serialize};
use source::Source;
use spill::Spill;
use staging::Staging;
use std::path::{Path, PathBuf};
use tally::TableTally;
use tidegate_terms::{ExcessRows, MissingRule, Name, PublicSchema};

/// What to import, and under which keys.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportRequest {
    /// The declared schema.
    pub schema: PublicSchema,
    /// One file, `.csv` or `.parquet`, for each table of the schema.
    pub files: Vec<(Name, PathBuf)>,
    /// The directory of the dataset version; must not exist, its parent must.
    pub into: PathBuf,
    /// The key of the lineage under which identifiers are hashed.
    pub unit_key: [u8; 32],
    /// The salt of the shard digests.
    pub digest_salt: [u8; 32],
}

impl std::fmt::Debug for ImportRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ImportRequest").field("files", &self.files).field("into", &self.into).finish_non_exhaustive()
    }
}

/// Imports files into a new directory of shards. On any error nothing is left there. Against the declared units
/// count all that have a row left by the rules for values, also those that the rule for excess rows drops.
pub fn import(request: &ImportRequest, progress: &mut dyn FnMut(ImportProgress)) -> Result<(ShardManifest, ImportReport), ImportError> {
    let schema = &request.schema;
    schema.check()?;
    let files = match_files(request)?;
    let count = shard_count(schema.units_max);
    let layout = layout(schema);
    let staging = Staging::begin(&request.into)?;

    let mut spill = Spill::new(&staging.dir, count);
    let mut report = ImportReport::default();
    let mut causes = Vec::new();
    for (index, (table, path)) in schema.tables.iter().zip(&files).enumerate() {
        let rules = TableRules::of(index, table, &schema.privacy_unit, count).ok_or(ImportError::Interrupted)?;
        let (source, end) = Source::open(path, table, &schema.privacy_unit)?;
        let unknown = source.columns_unknown().to_vec();
        let read = pass::Reading { request, table, rules: &rules, end };
        let tally = read.run(source, &mut spill, progress)?;
        causes.extend(refusals(path, schema, index, &rules, &tally));
        report.tables.push(table_report(schema, index, tally, unknown));
    }
    if !causes.is_empty() {
        return Err(Refusals { causes, report: Box::new(report) }.into());
    }
    spill.finish()?;

    let (shards, tallies) = pass::write_shards(request, &layout, &staging.dir, count, progress)?;
    let manifest = ShardManifest { version: 1, schema: schema_digest(schema), shard_count: count, shards };
    (report.units, report.rows) = (manifest.units(), manifest.rows());
    for ((table, declared), tally) in report.tables.iter_mut().zip(&schema.tables).zip(tallies) {
        if tally.units_with_excess > 0 && declared.excess_rows == ExcessRows::Refuse {
            causes.push(Refusal::ExcessRows {
                table: declared.name.to_string(),
                units: tally.units_with_excess,
                rows_max: declared.rows_per_unit_max,
                rows_most: tally.rows_per_unit.largest,
            });
        }
        add_grouped(table, tally);
    }
    if !causes.is_empty() {
        return Err(Refusals { causes, report: Box::new(report) }.into());
    }
    staging.finish()?;
    Ok((manifest, report))
}

/// The file of each table of the schema, in its order.
fn match_files(request: &ImportRequest) -> Result<Vec<PathBuf>, ImportError> {
    for (index, (table, _)) in request.files.iter().enumerate() {
        if request.schema.table(table).is_none() {
            return Err(ImportError::TableUnknown { table: table.to_string() });
        }
        if request.files[..index].iter().any(|(other, _)| other == table) {
            return Err(ImportError::TableTwice { table: table.to_string() });
        }
    }
    let find = |name: &Name| request.files.iter().find(|(table, _)| table == name).map(|(_, path)| path.clone());
    let tables = request.schema.tables.iter();
    tables.map(|table| find(&table.name).ok_or_else(|| ImportError::TableAbsent { table: table.name.to_string() })).collect()
}

/// What the rows of a table did that the schema refuses.
fn refusals(path: &Path, schema: &PublicSchema, index: usize, rules: &TableRules, tally: &TableTally) -> Vec<Refusal> {
    let path = || path.display().to_string();
    let mut causes = Vec::new();
    if schema.privacy_unit.missing == MissingRule::Refuse && tally.identifiers_missing > 0 {
        let line = tally.identifier_first.0.unwrap_or(0);
        causes.push(Refusal::Identifier {
            path: path(),
            column: schema.privacy_unit.column.clone(),
            count: tally.identifiers_missing,
            line,
        });
    }
    for ((column, rule), tally) in schema.tables[index].columns.iter().zip(&rules.rules).zip(&tally.columns) {
        let name = || column.source_header().to_owned();
        let count = tally.report.outside.refused;
        if count > 0 {
            let line = tally.outside_first.0.unwrap_or(0);
            causes.push(Refusal::Outside { path: path(), column: name(), count, range: rule.range(), line });
        }
        if tally.missing_refused > 0 {
            let line = tally.missing_first.0.unwrap_or(0);
            causes.push(Refusal::Missing { path: path(), column: name(), count: tally.missing_refused, line });
        }
    }
    causes
}

fn table_report(schema: &PublicSchema, index: usize, tally: TableTally, columns_unknown: Vec<String>) -> TableReport {
    let table = &schema.tables[index];
    let columns = table.columns.iter().zip(tally.columns);
    TableReport {
        table: table.name.to_string(),
        rows_read: tally.rows_read,
        identifiers_missing: tally.identifiers_missing,
        rows_dropped_outside: tally.rows_dropped_outside,
        rows_dropped_missing: tally.rows_dropped_missing,
        columns_unknown,
        columns: columns.map(|(column, tally)| ColumnReport { column: column.name.to_string(), ..tally.report }).collect(),
        ..TableReport::default()
    }
}

fn add_grouped(table: &mut TableReport, tally: GroupTally) {
    table.rows_kept = tally.rows_kept;
    table.rows_dropped_excess = tally.rows_dropped_excess;
    table.units_with_excess = tally.units_with_excess;
    table.duplicates = tally.duplicates;
    table.rows_per_unit = tally.rows_per_unit;
}

#[cfg(test)]
#[path = "import_tests.rs"]
mod tests;
