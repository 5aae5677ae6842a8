//! The manifest of a module: what it reads, what it computes and within which bounds.
//!
//! It is sealed together with the component before any data is opened, so that nothing in it can be
//! chosen from data (attack A9). Its JSON schema is `docs/manifest.schema.json`.

mod check;
mod error;
mod hierarchy;
mod measure;
mod reviewed;
mod rounds;
mod statistic;

pub use error::ManifestError;
pub use measure::{Automatic, CANDIDATES_MAX, CandidateRange, Candidates, Measure, Mechanism, Norm, Spacing};
pub use reviewed::{Reviewed, ReviewedAxis, ReviewedMeasure, ReviewedTable};
pub use statistic::{Discovered, Expected, Grouping, Hierarchy, Statistic};

use crate::{Bilingual, Column, ColumnType, Name, Parameter, ParameterError, ParameterValue, PublicSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Most cells that one module may release; every cell costs memory in each worker.
pub const CELLS_MAX: u64 = 1_000_000;

/// Most bytes of a manifest: all keys of the largest statistic, with room.
const BYTES_MAX: usize = 8 << 20;

/// A table and the columns of it that the module reads; least necessary (ZB Art. 22).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The table.
    pub table: Name,
    /// Its columns, in the order in which the module sees them.
    pub columns: Vec<Name>,
    /// Whether the table belongs to the second dataset of a run that joins two.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub joined: bool,
}

/// What one call may use. Fuel bounds time, and with it the slot at which results become visible.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Resources {
    /// Fuel for one unit.
    pub fuel_per_unit: u64,
    /// Linear memory for one unit, in bytes.
    pub memory_bytes: u64,
}

/// Rounds: the clean half of the module, `conclude`, sees what a round released and may ask for another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rounds {
    /// Most rounds; all are reserved beforehand, and those that were never opened cost nothing.
    #[serde(default = "one")]
    pub max: u32,
    /// Most numbers of public state that `conclude` passes on to the next round.
    #[serde(default)]
    pub state_max: u32,
    /// Fuel for one call of `conclude`.
    #[serde(default = "conclude_fuel")]
    pub fuel: u64,
    /// Linear memory for one call of `conclude`, in bytes.
    #[serde(default = "conclude_memory")]
    pub memory_bytes: u64,
}

fn one() -> u32 {
    1
}

fn conclude_fuel() -> u64 {
    100_000_000
}

fn conclude_memory() -> u64 {
    16 << 20
}

/// Sample and aggregate: units are assigned to blocks by keyed hash, and the module is called once for each block
/// (Mohan, Thakurta, Shi, Song, Culler 2012, "GUPT").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Blocks {
    /// How many blocks.
    pub count: u32,
}

/// A public table that the operator gives with a run; both halves of the module see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SideTable {
    /// Its name.
    pub name: Name,
    /// Most rows.
    pub rows_max: u32,
    /// Its columns.
    pub columns: Vec<Column>,
}

/// The manifest of a module.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of the module contract: 1.
    pub contract: u32,
    /// The module's name.
    pub name: Name,
    /// Its version, as its author counts.
    pub version: String,
    /// For people.
    pub title: Bilingual,
    /// The purpose; must equal that of the grant (JN Art. 30).
    pub purpose: Name,
    /// What it reads.
    pub inputs: Vec<Input>,
    /// Its public parameters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<Parameter>,
    /// What it computes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub statistics: Vec<Statistic>,
    /// Or the exact tables that it makes, under disclosure control.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewed: Option<Reviewed>,
    /// What one call may use.
    pub resources: Resources,
    /// Rounds and the clean half.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rounds: Option<Rounds>,
    /// Sample and aggregate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocks: Option<Blocks>,
    /// Public tables that a run brings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub side_tables: Vec<SideTable>,
}

impl Manifest {
    /// Reads a manifest from TOML and checks everything that needs no schema.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        if text.len() > BYTES_MAX {
            return Err(ManifestError::TooLong { bytes: text.len(), maximum: BYTES_MAX });
        }
        let manifest: Self = toml::from_str(text).map_err(|error| ManifestError::Syntax { detail: error.to_string() })?;
        manifest.check()?;
        manifest.check_hidden()?;
        Ok(manifest)
    }

    /// Checks everything that needs no schema.
    fn check(&self) -> Result<(), ManifestError> {
        if self.contract != 1 {
            return Err(ManifestError::Contract { contract: self.contract });
        }
        self.check_texts()?;
        if self.inputs.is_empty() {
            return Err(ManifestError::NoInputs);
        }
        if self.statistics.is_empty() && self.reviewed.is_none() {
            return Err(ManifestError::NoStatistics);
        }
        self.check_inputs()?;
        self.check_parameters()?;
        self.reviewed.as_ref().map_or(Ok(()), |reviewed| self.check_reviewed(reviewed))?;
        self.check_rounds()?;
        self.check_statistics()?;
        let resource = |what: &str, value: u64, minimum: u64, maximum: u64| {
            let fits = (minimum..=maximum).contains(&value);
            if fits { Ok(()) } else { Err(ManifestError::Resources { what: what.into(), minimum, maximum }) }
        };
        resource("fuel_per_unit", self.resources.fuel_per_unit, 1_000, 10_000_000_000)?;
        resource("memory_bytes", self.resources.memory_bytes, 65_536, 1 << 30)
    }

    fn check_inputs(&self) -> Result<(), ManifestError> {
        let mut seen = BTreeSet::new();
        for input in &self.inputs {
            if input.columns.is_empty() {
                return Err(ManifestError::NoColumns { table: input.table.to_string() });
            }
            let duplicate = |column: &str| ManifestError::DuplicateInput { table: input.table.to_string(), column: column.to_owned() };
            if !seen.insert((&input.table, None)) {
                return Err(duplicate("*"));
            }
            for column in &input.columns {
                if !seen.insert((&input.table, Some(column))) {
                    return Err(duplicate(column.as_str()));
                }
            }
        }
        Ok(())
    }

    fn check_parameters(&self) -> Result<(), ManifestError> {
        let mut seen = BTreeSet::new();
        for parameter in &self.parameters {
            if !seen.insert(&parameter.name) {
                return Err(ManifestError::DuplicateParameter { name: parameter.name.to_string() });
            }
            let default_fits = parameter.default.as_ref().is_none_or(|text| parameter.parse_value(text).is_ok());
            if !parameter.range_is_sound() || !default_fits {
                return Err(ManifestError::ParameterRange { name: parameter.name.to_string() });
            }
        }
        Ok(())
    }

    fn reads(&self, table: &Name, column: &Name) -> bool {
        self.inputs.iter().any(|input| input.table == *table && input.columns.contains(column))
    }

    /// Checks that the dataset has what the module reads.
    pub fn check_against(&self, schema: &PublicSchema) -> Result<(), ManifestError> {
        for input in &self.inputs {
            let unknown = || ManifestError::UnknownTable { table: input.table.to_string() };
            let table = schema.table(&input.table).ok_or_else(unknown)?;
            for column in &input.columns {
                if !table.columns.iter().any(|known| known.name == *column) {
                    return Err(ManifestError::UnknownColumn { table: input.table.to_string(), column: column.to_string() });
                }
            }
        }
        self.check_reviewed_against(schema)?;
        let mut cells = 0;
        for statistic in &self.statistics {
            let groups = self.group_keys(statistic, schema)?.map_or(1, |keys| keys.len());
            cells += statistic.measure.width().saturating_mul(groups as u64);
            let parent =
                statistic.hierarchy.as_ref().and_then(|hierarchy| self.statistics.iter().find(|other| other.name == hierarchy.parent));
            let above = parent.map(|parent| self.group_keys(parent, schema)).transpose()?.flatten();
            hierarchy::check_parents(statistic, groups, above.as_deref())?;
        }
        if cells > CELLS_MAX {
            return Err(ManifestError::TooManyCells { cells, maximum: CELLS_MAX });
        }
        Ok(())
    }

    /// The most bytes of one unit's rows that the module is handed, from declared bounds alone.
    pub fn unit_bytes_max(&self, schema: &PublicSchema) -> u64 {
        let width = |kind: &ColumnType| match kind {
            ColumnType::Integer { .. } | ColumnType::Float { .. } => 8,
            ColumnType::Text { bytes_max } => u64::from(*bytes_max) + 8,
            ColumnType::Boolean {} => 1,
            ColumnType::Date { .. } | ColumnType::Category { .. } => 4,
        };
        let row = |input: &Input| -> Option<u64> {
            let table = schema.table(&input.table)?;
            let read = table.columns.iter().filter(|column| input.columns.contains(&column.name));
            // One more byte for each value says whether it is missing.
            let bytes: u64 = read.map(|column| width(&column.kind) + 1).sum();
            Some(bytes * u64::from(table.rows_per_unit_max))
        };
        self.inputs.iter().filter_map(row).sum()
    }

    /// The public keys of a statistic's groups, in order; `None` where it has no groups, or discovers them.
    pub fn group_keys(&self, statistic: &Statistic, schema: &PublicSchema) -> Result<Option<Vec<String>>, ManifestError> {
        let Some(groups) = statistic.groups.as_ref().filter(|groups| groups.discovered.is_none()) else { return Ok(None) };
        let (Some(table), Some(column)) = (&groups.table, &groups.column) else {
            return Ok(Some(groups.keys.clone()));
        };
        let found = schema.table(table).and_then(|table| table.columns.iter().find(|known| known.name == *column));
        match found.map(|column| &column.kind) {
            Some(ColumnType::Category { categories }) => Ok(Some(categories.clone())),
            _ => Err(ManifestError::Groups { statistic: statistic.name.to_string() }),
        }
    }

    /// The values of all parameters, in the order of the manifest, from what somebody typed and the defaults.
    pub fn parse_parameters(&self, given: &[(String, String)]) -> Result<Vec<ParameterValue>, ManifestError> {
        let mut by_name = BTreeMap::new();
        for (name, text) in given {
            if !self.parameters.iter().any(|parameter| parameter.name.as_str() == name) {
                return Err(ParameterError::Unknown { name: name.clone() }.into());
            }
            if by_name.insert(name.as_str(), text.as_str()).is_some() {
                return Err(ParameterError::Twice { name: name.clone() }.into());
            }
        }
        let value = |parameter: &Parameter| {
            let text = by_name.get(parameter.name.as_str()).copied().or(parameter.default.as_deref());
            let text = text.ok_or_else(|| ParameterError::Missing { name: parameter.name.to_string() })?;
            Ok(parameter.parse_value(text)?)
        };
        self.parameters.iter().map(value).collect()
    }

    /// The JSON schema of manifests.
    pub fn json_schema() -> serde_json::Value {
        crate::sorted(schemars::schema_for!(Self).to_value())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
        contract = 1
        name = "visits"
        version = "1.0.0"
        title = { zh = "就诊", en = "Visits" }
        purpose = "health-planning"
        [[inputs]]
        table = "years"
        columns = ["plan", "visits"]
        [[parameters]]
        name = "threshold"
        type = "float"
        minimum = 0.0
        maximum = 100.0
        default = "10"
        [[statistics]]
        name = "mean-visits"
        measure = "mean"
        bounds = [0.0, 30.0]
        values_per_unit = 5
        groups = { table = "years", column = "plan", per_unit = 2 }
        [[statistics]]
        name = "bins"
        measure = "histogram"
        groups = { keys = ["a", "b"] }
        [resources]
        fuel_per_unit = 100000
        memory_bytes = 1048576
    "#;

    #[test]
    fn a_good_manifest_is_read_and_its_parameters_too() {
        let manifest = Manifest::parse(GOOD).expect("good");
        assert_eq!(manifest.parse_parameters(&[]).expect("default"), vec![ParameterValue::Float(10.0)]);
        let given = |text: &str| manifest.parse_parameters(&[("threshold".into(), text.into())]);
        assert_eq!(given("-0").expect("zero"), vec![ParameterValue::Float(0.0)]);
        for wrong in ["x", "101", "NaN", "inf"] {
            assert!(given(wrong).is_err(), "{wrong}");
        }
        assert!(manifest.parse_parameters(&[("other".into(), "1".into())]).is_err());
    }

    #[test]
    fn texts_that_a_terminal_would_obey_and_towers_of_brackets_are_refused() {
        let code = |text: &str| Manifest::parse(text).map(|_| ()).map_err(|error| crate::Message::code(&error));
        for wrong in ["\\u001b[2JVisits", "\\u009b31mVisits", "\\u0007", "Visits\\nand more"] {
            assert_eq!(code(&GOOD.replace("Visits", wrong)), Err("manifest.texts".into()), "{wrong}");
        }
        assert_eq!(code(&GOOD.replacen("default = \"10\"", "default = \"10\\u200b\"", 1)), Err("manifest.parameter-range".into()));
        assert_eq!(code(&" ".repeat(BYTES_MAX + 1)), Err("manifest.too-long".into()));
        // Whoever nests, nests in vain: the parser gives up before the stack does.
        for tower in ["[".repeat(100_000), "a.".repeat(100_000) + "a = 1", format!("a = {}", "{ a = ".repeat(100_000))] {
            assert_eq!(code(&format!("{tower}\n{GOOD}")), Err("manifest.syntax".into()));
        }
    }

    #[test]
    fn each_defect_is_named() {
        let cases = [
            ("contract = 1", "contract = 2", "manifest.contract"),
            ("en = \"Visits\"", "en = \"Visits\\u001b[8m\"", "manifest.texts"),
            ("1.0.0", "1.0.0\\u2066", "manifest.texts"),
            ("\"b\"", "\"b\\u200d\"", "manifest.key-form"),
            ("[0.0, 30.0]", "[30.0, 0.0]", "manifest.bounds"),
            ("[0.0, 30.0]", "[0.0, inf]", "manifest.bounds"),
            ("[0.0, 30.0]", "[0.0, 1e-170]", "manifest.bounds"),
            ("columns = [\"plan\", \"visits\"]", "columns = []", "manifest.no-columns"),
            ("[0.0, 30.0]", "[nan, 1.0]", "manifest.bounds"),
            ("values_per_unit = 5", "values_per_unit = 0", "manifest.per-unit"),
            ("values_per_unit = 5", "values_per_unit = 5\ngrid = 0.0", "manifest.grid"),
            ("\"b\"", "\"a\"", "manifest.key-twice"),
            ("\"b\"", "\"e\u{301}\"", "manifest.key-form"),
            ("column = \"plan\", per_unit", "column = \"site\", per_unit", "manifest.groups"),
            ("name = \"bins\"", "name = \"mean-visits\"", "manifest.duplicate-statistic"),
            ("groups = { keys = [\"a\", \"b\"] }", "", "manifest.histogram-needs-groups"),
            ("\"plan\", \"visits\"]", "\"plan\", \"plan\"]", "manifest.duplicate-input"),
            ("default = \"10\"", "default = \"1000\"", "manifest.parameter-range"),
            ("fuel_per_unit = 100000", "fuel_per_unit = 1", "manifest.resources"),
            ("measure = \"histogram\"", "measure = \"histogram\"\nbound = 3", "manifest.syntax"),
            ("measure = \"histogram\"", "measure = \"raw\"", "manifest.syntax"),
            ("measure = \"histogram\"", "measure = \"histogram\"\nweight = 0.0", "manifest.weight"),
            ("measure = \"histogram\"", "measure = \"histogram\"\nweight = 1.0", "manifest.weights"),
            ("[resources]", "[blocks]\ncount = 5\n[resources]", "manifest.block-measure"),
        ];
        for (from, to, code) in cases {
            let error = Manifest::parse(&GOOD.replacen(from, to, 1)).expect_err(to);
            assert_eq!(crate::Message::code(&error), code, "{to}: {error}");
        }
    }

    /// One statistic in place of the histogram, and what it is refused for.
    #[test]
    fn each_defect_of_a_statistic_is_named() {
        let histogram = "measure = \"histogram\"\n        groups = { keys = [\"a\", \"b\"] }";
        let quantiles = |candidates: &str, more: &str| format!("measure = \"quantiles\"\ncandidates = {candidates}\n{more}");
        let half = "probabilities = [0.5]";
        let vector = |rest: &str| format!("measure = \"vector_sum\"\nnorm = \"l2\"\n{rest}");
        let sum = |rest: &str| format!("measure = \"sum\"\nbounds = [0.0, 9.0]\n{rest}");
        let cases = [
            (quantiles("[1.0, 3.0, 2.0]", half), "manifest.candidates"),
            (quantiles("[1.0, 1.0]", half), "manifest.candidates"),
            (quantiles("[]", half), "manifest.candidates"),
            (quantiles("[nan]", half), "manifest.candidates"),
            (quantiles("{ lower = 0.0, upper = 9.0, steps = 4, spacing = \"geometric\" }", half), "manifest.candidates"),
            (quantiles("{ lower = 9.0, upper = 0.0, steps = 4 }", half), "manifest.candidates"),
            (quantiles("{ lower = 0.0, upper = 9.0, steps = 10000 }", half), "manifest.candidates"),
            (quantiles("[1.0]", "probabilities = [0.0]"), "manifest.probabilities"),
            (quantiles("[1.0]", "probabilities = [0.5, 0.5]"), "manifest.probabilities"),
            (quantiles("[1.0]", "probabilities = []"), "manifest.probabilities"),
            (vector("dimension = 0\nbound = 1.0"), "manifest.dimension"),
            (vector("dimension = 1000001\nbound = 1.0"), "manifest.dimension"),
            (vector("dimension = 2\nbound = 0.0"), "manifest.norm-bound"),
            (vector("dimension = 2\nbound = nan"), "manifest.norm-bound"),
            (vector("dimension = 2\nbound = 1.0\nkeys = [\"a\"]"), "manifest.vector-keys"),
            (vector("dimension = 2\nbound = 1.0\ngroups = { keys = [\"a\"] }"), "manifest.vector-groups"),
            (sum("groups = { discovered = { bytes_max = 0 } }"), "manifest.discovered"),
            (sum("groups = { discovered = { delta = 0.0 } }"), "manifest.discovered"),
            (sum("groups = { discovered = {}, keys = [\"a\"] }"), "manifest.groups"),
            ("measure = \"histogram\"\ngroups = { discovered = {} }".into(), "manifest.discovered-measure"),
            (sum("automatic = { share = 0.0 }"), "manifest.automatic"),
            (sum("automatic = { share = 0.2 }\ngrid = 1.0"), "manifest.automatic"),
            (sum("rounded = true"), "manifest.post-processing"),
            (sum("expected = { count = 0.0 }"), "manifest.expected"),
            (sum("groups = { keys = [\" a\"] }"), "manifest.key-form"),
            (sum("hierarchy = { parent = \"nobody\" }"), "manifest.hierarchy-parent"),
            (sum("hierarchy = { parent = \"mean-visits\" }"), "manifest.hierarchy-measure"),
            (sum("groups = { keys = [\"a\"] }\nhierarchy = { parent = \"bins\" }"), "manifest.hierarchy-cycle"),
            (sum("hierarchy = { parent = \"bins\" }"), "manifest.hierarchy-keys"),
            ("measure = \"block_mean\"\nbounds = [0.0, 1.0]".into(), "manifest.block-measure"),
            ("measure = \"most_common\"\nk = 0\ngroups = { keys = [\"a\"] }".into(), "manifest.per-unit"),
        ];
        assert!(GOOD.contains(histogram));
        for (statistic, code) in cases {
            let error = Manifest::parse(&GOOD.replacen(histogram, &statistic, 1)).expect_err(&statistic);
            assert_eq!(crate::Message::code(&error), code, "{statistic}: {error}");
        }
        for good in [
            quantiles("{ lower = 1.0, upper = 100.0, steps = 20, spacing = \"geometric\" }", half),
            vector("dimension = 100000\nbound = 1.0"),
            sum("automatic = { share = 0.2 }\nclamped_share = true\nnonnegative = true"),
            sum("groups = { discovered = {}, per_unit = 4 }"),
        ] {
            Manifest::parse(&GOOD.replacen(histogram, &good, 1)).expect(&good);
        }
    }
}
