//! What noised answers say, in the statistic's own unit. Everything here is post-processing and costs nothing.

use serde::{Deserialize, Serialize};

/// A released number with its interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// `count`, `sum`, `mean`, `variance`, `quantile 0.5`, ...
    pub name: String,
    /// The estimate.
    pub value: f64,
    /// Lower end of the interval.
    pub lower: f64,
    /// Upper end of the interval.
    pub upper: f64,
}

impl Estimate {
    /// A value and as much to each side.
    pub(crate) fn around(name: &str, value: f64, half: f64) -> Self {
        Self { name: name.into(), value, lower: value - half, upper: value + half }
    }
}

/// A released vector; every entry has an interval of the same width.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Vector {
    /// The entries.
    pub values: Vec<f64>,
    /// Half the width of each entry's interval.
    pub half_width: f64,
}

/// What the noised answers of one group say.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Conclusion {
    /// Its estimates.
    #[serde(default)]
    pub estimates: Vec<Estimate>,
    /// Its vector, where it has many numbers that mean little one by one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vector: Option<Vector>,
}

impl Conclusion {
    pub(crate) fn of(estimates: Vec<Estimate>) -> Self {
        Self { estimates, vector: None }
    }
}

/// One group of a released statistic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// Its key; absent where the statistic has no groups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Its estimates.
    pub estimates: Vec<Estimate>,
    /// Its vector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vector: Option<Vector>,
}
