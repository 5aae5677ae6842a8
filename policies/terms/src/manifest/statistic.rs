//! Statistics: a measure with its groups, its noise and its place among the others.

use super::measure::one;
use super::{Measure, Mechanism};
use crate::Name;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Keys that the run finds in the data. A key is released only if its noised number of units reaches a
/// threshold, which a key of one unit passes with a chance of at most `delta`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Discovered {
    /// Longest key, in bytes of UTF-8.
    #[serde(default = "key_bytes")]
    pub bytes_max: u32,
    /// The chance that one of a unit's keys that no other unit has is released.
    #[serde(default = "threshold_delta")]
    pub delta: f64,
}

fn key_bytes() -> u32 {
    64
}

fn threshold_delta() -> f64 {
    1e-12
}

/// The groups over which a statistic is taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Grouping {
    /// Most groups that one unit can touch. Where `values_per_unit` bounds values over all groups, it bounds this too.
    #[serde(default = "one")]
    pub per_unit: u32,
    /// The keys, listed here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<String>,
    /// Or the table of a category column whose public categories are the keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<Name>,
    /// Or the category column whose public categories are the keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<Name>,
    /// Or keys that the run finds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discovered: Option<Discovered>,
}

/// A declared guess at the answer, for quotes alone.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// How many values a group has.
    pub count: f64,
    /// Their mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
}

/// The groups of this statistic are parts of those of another; released totals are made to agree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hierarchy {
    /// The statistic one level above.
    pub parent: Name,
    /// For each group here the key of the group there that it is part of; not given where the parent has no groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parents: Vec<String>,
}

/// One statistic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Statistic {
    /// Its name.
    pub name: Name,
    /// What it measures.
    #[serde(flatten)]
    pub measure: Measure,
    /// Its groups; without them, one value for the whole population.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<Grouping>,
    /// The noise.
    #[serde(default)]
    pub mechanism: Mechanism,
    /// Its share of the price of a round. Either all statistics have one, and they add up to 1, or none has: then
    /// the split minimises the sum of errors relative to the declared bounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<f64>,
    /// Released totals are not below zero (count, sum, histogram).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub nonnegative: bool,
    /// Released totals are whole numbers (count, histogram).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rounded: bool,
    /// A declared guess at the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<Expected>,
    /// Of which other statistic its groups are parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hierarchy: Option<Hierarchy>,
    /// What it means, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
}
