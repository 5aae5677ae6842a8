//! Columns of the public schema, and what happens to values that do not fit them.

use crate::Name;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The type of a column and its public range.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ColumnType {
    /// 64-bit signed integers between two bounds, both allowed.
    Integer {
        /// Smallest value.
        minimum: i64,
        /// Largest value.
        maximum: i64,
    },
    /// Finite 64-bit floating-point numbers between two bounds, both allowed.
    Float {
        /// Smallest value.
        minimum: f64,
        /// Largest value.
        maximum: f64,
    },
    /// UTF-8 text in NFC of at most so many bytes.
    Text {
        /// Largest length in bytes.
        bytes_max: u32,
    },
    /// `true` or `false`; `1` and `0` are read as such. With braces, because serde ignores unknown fields
    /// beside the tag of a variant without them: a misspelt `nullable` would pass.
    Boolean {},
    /// ISO 8601 calendar dates between two bounds, both allowed.
    Date {
        /// First day.
        minimum: String,
        /// Last day.
        maximum: String,
    },
    /// One of the listed texts. Modules see its index in this list.
    Category {
        /// The public list, without duplicates, each in NFC.
        categories: Vec<String>,
    },
}

/// What becomes of a value outside the column's range, type or categories.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Default)]
#[serde(rename_all = "snake_case")]
pub enum OutsideRule {
    /// The whole import is refused.
    #[default]
    Refuse,
    /// The value becomes missing (the column must be nullable).
    Missing,
    /// A number or date becomes the nearest bound (what is no number at all becomes missing).
    Clamp,
    /// A category becomes the listed category of this name.
    Other(String),
    /// The row is dropped.
    DropRow,
}

/// What becomes of a row whose value is missing where the column is not nullable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Default)]
#[serde(rename_all = "snake_case")]
pub enum MissingRule {
    /// The whole import is refused.
    #[default]
    Refuse,
    /// The row is dropped.
    DropRow,
}

/// What becomes of the rows of a unit that has more than the declared number; looks at that unit only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Default)]
#[serde(rename_all = "snake_case")]
pub enum ExcessRows {
    /// The whole import is refused.
    #[default]
    Refuse,
    /// The first rows in the order of the file stay.
    KeepFirst,
    /// All rows of the unit in this table go.
    DropUnit,
}

/// A column of the public schema.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Column {
    /// Its name, as in the header of the file unless `source` says otherwise.
    pub name: Name,
    /// Its header in the file, where that is not the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Type and public range.
    #[serde(flatten)]
    pub kind: ColumnType,
    /// Whether a row may have no value here.
    #[serde(default)]
    pub nullable: bool,
    /// What becomes of a value outside the range.
    #[serde(default)]
    pub outside: OutsideRule,
    /// What becomes of a row without a value where there must be one.
    #[serde(default)]
    pub missing: MissingRule,
    /// What it means, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
}

impl Column {
    /// The header under which the file has this column.
    pub fn source_header(&self) -> &str {
        self.source.as_deref().unwrap_or(self.name.as_str())
    }
}
