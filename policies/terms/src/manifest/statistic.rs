//! Statistics: what a module may measure, and the bounds on what one unit gives to it.

use super::{Manifest, ManifestError};
use crate::Name;
use crate::schema::check_categories;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The mechanism that adds noise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Default)]
#[serde(rename_all = "snake_case")]
pub enum Mechanism {
    /// The discrete Gaussian (Canonne, Kamath, Steinke 2020); calibrated to the L2 sensitivity.
    #[default]
    Gaussian,
    /// The discrete Laplace (Ghosh, Roughgarden, Sundararajan 2009); calibrated to the L1 sensitivity.
    Laplace,
}

/// What a statistic measures, and the bounds on what one unit can give to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "measure", rename_all = "snake_case", deny_unknown_fields)]
pub enum Measure {
    /// How many. A unit adds 0 to `per_unit` to each group that it touches.
    Count {
        /// Most that one unit adds to one group.
        #[serde(default = "one")]
        per_unit: u32,
    },
    /// The total of one number per unit and group.
    Sum {
        /// Lower and upper bound of what one unit adds to one group that it touches.
        bounds: [f64; 2],
        /// Step of the integer grid; a power of two near the 2^20th part of the bounds where it is not given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        grid: Option<f64>,
    },
    /// The mean of all values of all units.
    Mean {
        /// Lower and upper bound of one value.
        bounds: [f64; 2],
        /// Most values that one unit gives, over all groups together.
        values_per_unit: u32,
        /// Step of the integer grid.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        grid: Option<f64>,
    },
    /// The variance of all values of all units (division by their number), and their mean.
    Variance {
        /// Lower and upper bound of one value.
        bounds: [f64; 2],
        /// Most values that one unit gives, over all groups together.
        values_per_unit: u32,
        /// Step of the integer grid.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        grid: Option<f64>,
    },
    /// How many values of all units fall into each of the public categories.
    Histogram {
        /// Most values that one unit gives, over all categories together.
        #[serde(default = "one")]
        values_per_unit: u32,
    },
}

fn one() -> u32 {
    1
}

fn weight_one() -> f64 {
    1.0
}

/// The public groups over which a statistic is taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Grouping {
    /// Most groups that one unit can touch. A histogram has its `values_per_unit` for this.
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
    /// Its share of the run's price, relative to the other statistics.
    #[serde(default = "weight_one")]
    pub weight: f64,
    /// What it means, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
}

impl Manifest {
    pub(super) fn check_statistic(&self, statistic: &Statistic) -> Result<(), ManifestError> {
        let name = || statistic.name.to_string();
        if !(statistic.weight > 0.0 && statistic.weight <= 1e6) {
            return Err(ManifestError::Weight { statistic: name() });
        }
        let per_unit = |what: &str, value: u32| {
            let fits = (1..=1_000_000).contains(&value);
            if fits { Ok(()) } else { Err(ManifestError::PerUnit { statistic: name(), what: what.into() }) }
        };
        match &statistic.measure {
            Measure::Count { per_unit: most } => per_unit("per_unit", *most)?,
            Measure::Sum { bounds, grid } => check_bounds(&statistic.name, *bounds, *grid)?,
            Measure::Mean { bounds, values_per_unit, grid } | Measure::Variance { bounds, values_per_unit, grid } => {
                per_unit("values_per_unit", *values_per_unit)?;
                check_bounds(&statistic.name, *bounds, *grid)?;
            }
            Measure::Histogram { values_per_unit } => {
                per_unit("values_per_unit", *values_per_unit)?;
                if statistic.groups.is_none() {
                    return Err(ManifestError::HistogramNeedsGroups { statistic: name() });
                }
            }
        }
        let Some(groups) = &statistic.groups else { return Ok(()) };
        per_unit("groups.per_unit", groups.per_unit)?;
        let fits = match (&groups.table, &groups.column) {
            (None, None) => check_categories(&groups.keys).is_ok(),
            (Some(table), Some(column)) => groups.keys.is_empty() && self.reads(table, column),
            _ => false,
        };
        if fits { Ok(()) } else { Err(ManifestError::Groups { statistic: name() }) }
    }
}

fn check_bounds(statistic: &Name, bounds: [f64; 2], grid: Option<f64>) -> Result<(), ManifestError> {
    let [lower, upper] = bounds;
    let largest = lower.abs().max(upper.abs());
    let in_scale = (1e-15..=1e15).contains(&largest) && upper - lower >= 1e-15;
    if !(lower.is_finite() && upper.is_finite() && lower < upper && in_scale) {
        return Err(ManifestError::Bounds { statistic: statistic.to_string() });
    }
    let finest = largest / 2f64.powi(40);
    match grid {
        Some(grid) if !(grid > 0.0 && grid <= largest && grid >= finest) => Err(ManifestError::Grid { statistic: statistic.to_string() }),
        _ => Ok(()),
    }
}
