//! Exact tables under disclosure control: what a module of the reviewed aggregate mode declares.
//!
//! Guarantee: such a module has nothing that is chosen when it runs (no parameters, no side tables, no rounds), so that
//! the two people who approve its digest approve every table that it can make. Rejected: tables beside noised
//! statistics in one module; one grant of trust would then cover two modes with different guarantees.

use super::check::check_keys;
use super::{Manifest, ManifestError};
use crate::{ColumnType, Name, PublicSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Most tables of one module.
const TABLES_MAX: usize = 16;
/// Most cells of one table, its margins included; the review bounds its work by it.
const TABLE_CELLS_MAX: usize = 10_000;
/// Most steps of the grid that one unit contributes to one cell.
const STEPS_MAX: f64 = (1_u64 << 40) as f64;

/// The exact tables of a module. Two people of different organisations approve it by digest, and the dataset's policy
/// must allow it. These tables are not differentially private.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reviewed {
    /// The tables, in the order in which the module returns contributions to them.
    pub tables: Vec<ReviewedTable>,
}

/// One exact table with its margins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReviewedTable {
    /// Its name.
    pub name: Name,
    /// What its cells are.
    #[serde(flatten)]
    pub measure: ReviewedMeasure,
    /// Its rows.
    pub rows: ReviewedAxis,
    /// Its columns, if it has two dimensions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<ReviewedAxis>,
    /// Most cells that one unit contributes to.
    #[serde(default = "one")]
    pub per_unit: u32,
    /// What it means, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
}

fn one() -> u32 {
    1
}

/// What the cells of an exact table are. Contributions are at least 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "measure", rename_all = "snake_case", deny_unknown_fields)]
pub enum ReviewedMeasure {
    /// How many units are in each cell; a unit counts once there, whatever number above 0 it gives.
    Count {},
    /// The sum of what units give, each clamped to 0 to `upper`, in whole steps of `grid`.
    Sum {
        /// What is summed. Tables of the same lineage with the same quantity are checked against each other.
        quantity: Name,
        /// The most that one unit contributes to one cell.
        upper: f64,
        /// One step.
        grid: f64,
    },
}

/// One dimension of an exact table. Its keys are public.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewedAxis {
    /// The keys, listed here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<String>,
    /// The table of the column that this dimension follows.
    pub table: Name,
    /// The column; where no keys are listed, its public categories are the keys.
    pub column: Name,
}

impl ReviewedAxis {
    /// The name of the dimension, by which tables are compared with each other.
    pub fn dimension(&self) -> String {
        format!("{}.{}", self.table, self.column)
    }

    /// Its keys.
    pub fn keys(&self, table: &Name, schema: &PublicSchema) -> Result<Vec<String>, ManifestError> {
        if !self.keys.is_empty() {
            return Ok(self.keys.clone());
        }
        let found = schema.table(&self.table).and_then(|table| table.columns.iter().find(|known| known.name == self.column));
        match found.map(|column| &column.kind) {
            Some(ColumnType::Category { categories }) => Ok(categories.clone()),
            _ => Err(ManifestError::ReviewedAxis { table: table.to_string() }),
        }
    }
}

impl ReviewedMeasure {
    /// The most steps that one unit contributes to one cell.
    pub fn steps_max(&self) -> i64 {
        match self {
            Self::Count {} => 1,
            // Manifests are checked: at least 1 step, at most 2^40.
            Self::Sum { upper, grid, .. } => (upper / grid).floor().clamp(1.0, STEPS_MAX) as i64,
        }
    }

    /// Whether tables of both can be checked against each other: sums of one quantity need one grid.
    pub fn is_comparable(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Sum { quantity, grid, .. }, Self::Sum { quantity: of_other, grid: grid_of_other, .. }) => {
                quantity != of_other || grid == grid_of_other
            }
            _ => true,
        }
    }

    fn is_sound(&self) -> bool {
        match self {
            Self::Count {} => true,
            Self::Sum { upper, grid, .. } => {
                let in_scale = (1e-15..=1e15).contains(upper) && (1e-15..=1e15).contains(grid);
                in_scale && (1.0..=STEPS_MAX).contains(&(upper / grid))
            }
        }
    }
}

impl Manifest {
    /// Checks a manifest of exact tables: there is nothing beside them.
    pub(super) fn check_reviewed(&self, reviewed: &Reviewed) -> Result<(), ManifestError> {
        let chosen = !self.parameters.is_empty() || !self.side_tables.is_empty() || self.inputs.iter().any(|input| input.joined);
        if chosen || !self.statistics.is_empty() || self.rounds.is_some() || self.blocks.is_some() {
            return Err(ManifestError::ReviewedBeside);
        }
        if !(1..=TABLES_MAX).contains(&reviewed.tables.len()) {
            return Err(ManifestError::ReviewedTables { maximum: TABLES_MAX });
        }
        let mut names = BTreeSet::new();
        for table in &reviewed.tables {
            let name = || table.name.to_string();
            if !names.insert(&table.name) {
                return Err(ManifestError::DuplicateStatistic { name: name() });
            }
            if !table.measure.is_sound() {
                return Err(ManifestError::ReviewedSum { table: name() });
            }
            if !reviewed.tables.iter().all(|other| table.measure.is_comparable(&other.measure)) {
                return Err(ManifestError::ReviewedGrid { table: name() });
            }
            if !(1..=TABLE_CELLS_MAX as u32).contains(&table.per_unit) {
                return Err(ManifestError::PerUnit { statistic: name(), what: "per_unit".into() });
            }
            if table.columns.as_ref().is_some_and(|columns| columns.dimension() == table.rows.dimension()) {
                return Err(ManifestError::ReviewedAxis { table: name() });
            }
            for axis in std::iter::once(&table.rows).chain(&table.columns) {
                if !self.reads(&axis.table, &axis.column) {
                    return Err(ManifestError::ReviewedAxis { table: name() });
                }
                if !axis.keys.is_empty() {
                    check_keys(&table.name, &axis.keys, TABLE_CELLS_MAX)?;
                }
            }
        }
        Ok(())
    }

    /// Checks the keys of exact tables against a schema.
    pub(super) fn check_reviewed_against(&self, schema: &PublicSchema) -> Result<(), ManifestError> {
        for table in self.reviewed.iter().flat_map(|reviewed| &reviewed.tables) {
            let length = |axis: &ReviewedAxis| Ok::<_, ManifestError>(axis.keys(&table.name, schema)?.len() + 1);
            let columns = table.columns.as_ref().map_or(Ok(1), length)?;
            let cells = length(&table.rows)?.saturating_mul(columns);
            if cells > TABLE_CELLS_MAX {
                return Err(ManifestError::ReviewedCells { table: table.name.to_string(), cells, maximum: TABLE_CELLS_MAX });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Message as _;

    const GOOD: &str = r#"
        contract = 1
        name = "tables"
        version = "1.0.0"
        title = { zh = "表", en = "Tables" }
        purpose = "health-planning"
        [[inputs]]
        table = "years"
        columns = ["plan", "year", "cost"]
        [[reviewed.tables]]
        name = "persons"
        measure = "count"
        rows = { table = "years", column = "plan" }
        columns = { table = "years", column = "year", keys = ["1", "2"] }
        per_unit = 2
        [[reviewed.tables]]
        name = "cost"
        measure = "sum"
        quantity = "cost"
        upper = 100.0
        grid = 0.5
        rows = { table = "years", column = "plan" }
        [resources]
        fuel_per_unit = 100000
        memory_bytes = 1048576
    "#;

    #[test]
    fn tables_stand_alone_in_their_manifest() {
        let manifest = Manifest::parse(GOOD).expect("good");
        let tables = &manifest.reviewed.as_ref().expect("reviewed").tables;
        assert_eq!((tables[0].measure.steps_max(), tables[1].measure.steps_max()), (1, 200));
        assert_eq!(tables[0].rows.dimension(), "years.plan");
        let statistic = "[[statistics]]\nname = \"n\"\nmeasure = \"count\"\n[resources]";
        let parameter = "[[parameters]]\nname = \"p\"\ntype = \"float\"\nminimum = 0.0\nmaximum = 1.0\n[resources]";
        let cases = [
            ("[resources]", statistic, "manifest.reviewed-beside"),
            ("[resources]", parameter, "manifest.reviewed-beside"),
            ("[resources]", "[rounds]\nmax = 2\n[resources]", "manifest.reviewed-beside"),
            ("[resources]", "[blocks]\ncount = 5\n[resources]", "manifest.reviewed-beside"),
            ("\"cost\"]", "\"cost\"]\njoined = true", "manifest.reviewed-beside"),
            ("grid = 0.5", "grid = 200.0", "manifest.reviewed-sum"),
            ("grid = 0.5", "grid = 0.0", "manifest.reviewed-sum"),
            ("upper = 100.0", "upper = nan", "manifest.reviewed-sum"),
            ("upper = 100.0", "upper = -1.0", "manifest.reviewed-sum"),
            ("column = \"year\",", "column = \"plan\",", "manifest.reviewed-axis"),
            ("column = \"year\",", "column = \"site\",", "manifest.reviewed-axis"),
            ("\"2\"]", "\"1\"]", "manifest.key-twice"),
            ("per_unit = 2", "per_unit = 0", "manifest.per-unit"),
            ("name = \"cost\"", "name = \"persons\"", "manifest.duplicate-statistic"),
            ("measure = \"count\"", "measure = \"mean\"", "manifest.syntax"),
        ];
        for (from, to, code) in cases {
            let error = Manifest::parse(&GOOD.replacen(from, to, 1)).expect_err(to);
            assert_eq!(error.code(), code, "{to}: {error}");
        }
    }
}
