//! A release as the log committed to it, read again from its bytes.
//!
//! The types are of this file, not of the program that wrote the release: a verifier shares no code with the gate.

use crate::error::PackageError;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// What a run released.
#[derive(Debug, Clone)]
pub enum ReleaseContent {
    /// Noised statistics.
    Noised(Box<Noised>),
    /// Exact tables under disclosure control.
    Tables(Box<Reviewed>),
}

/// A source and its date.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
pub struct Notice {
    pub(crate) source: String,
    pub(crate) acquired: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Round {
    pub(crate) number: u32,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Cost {
    pub(crate) rho: f64,
    pub(crate) epsilon: f64,
    pub(crate) delta: f64,
}

/// Noised statistics of one round.
#[derive(Debug, Clone, Deserialize)]
pub struct Noised {
    pub(crate) run: String,
    pub(crate) round: Round,
    pub(crate) visible_at: String,
    pub(crate) visibility: String,
    pub(crate) price: Cost,
    pub(crate) confidence: f64,
    pub(crate) intervals_cover: String,
    pub(crate) guarantee: String,
    pub(crate) parameters: Value,
    pub(crate) statistics: Vec<Statistic>,
    #[serde(default)]
    pub(crate) report: Vec<Finding>,
    #[serde(default)]
    pub(crate) exact_tables_released: bool,
    pub(crate) notice: Vec<Notice>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Finding {
    pub(crate) name: String,
    pub(crate) value: f64,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Statistic {
    pub(crate) statistic: String,
    pub(crate) mechanism: Value,
    pub(crate) noise: Value,
    pub(crate) groups: Vec<Group>,
    #[serde(default)]
    pub(crate) overall: Option<Group>,
    #[serde(default)]
    pub(crate) threshold: Option<f64>,
    #[serde(default)]
    pub(crate) chosen_bounds: Option<[f64; 2]>,
    /// What it measures, with its bounds.
    #[serde(flatten)]
    pub(crate) measure: Map<String, Value>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Group {
    #[serde(default)]
    pub(crate) key: Option<String>,
    #[serde(default)]
    pub(crate) estimates: Vec<Estimate>,
    #[serde(default)]
    pub(crate) vector: Option<Vector>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Estimate {
    pub(crate) name: String,
    pub(crate) value: f64,
    pub(crate) lower: f64,
    pub(crate) upper: f64,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Vector {
    pub(crate) values: Vec<f64>,
    pub(crate) half_width: f64,
}

/// Exact tables of one run.
#[derive(Debug, Clone, Deserialize)]
pub struct Reviewed {
    pub(crate) run: String,
    pub(crate) visible_at: String,
    pub(crate) visibility: String,
    pub(crate) approvers: Vec<String>,
    pub(crate) statement: Both,
    pub(crate) rules: Value,
    pub(crate) tables: Vec<Outcome>,
    pub(crate) notice: Vec<Notice>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Both {
    pub(crate) en: String,
    pub(crate) zh: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Outcome {
    pub(crate) table: String,
    pub(crate) step: f64,
    #[serde(default)]
    pub(crate) published: Option<Published>,
    #[serde(default)]
    pub(crate) refused: Option<Both>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Axis {
    pub(crate) dimension: String,
    pub(crate) keys: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Published {
    pub(crate) rows: Axis,
    #[serde(default)]
    pub(crate) columns: Option<Axis>,
    pub(crate) cells: Vec<Vec<Cell>>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Cell {
    Value(i64),
    Suppressed,
}

impl ReleaseContent {
    /// Reads the bytes that a release commitment opens to.
    pub fn parse(bytes: &[u8]) -> Result<Self, PackageError> {
        let unreadable = |error: serde_json::Error| PackageError::Release { detail: error.to_string() };
        let value: Value = serde_json::from_slice(bytes).map_err(unreadable)?;
        if value.get("tables").is_some() {
            Ok(Self::Tables(serde_json::from_value(value).map_err(unreadable)?))
        } else {
            Ok(Self::Noised(serde_json::from_value(value).map_err(unreadable)?))
        }
    }

    /// The run.
    pub fn run(&self) -> &str {
        match self {
            Self::Noised(release) => &release.run,
            Self::Tables(tables) => &tables.run,
        }
    }

    /// The round; 1 for exact tables.
    pub fn round(&self) -> u32 {
        match self {
            Self::Noised(release) => release.round.number,
            Self::Tables(_) => 1,
        }
    }

    /// Source and date of each dataset.
    pub fn notice(&self) -> &[Notice] {
        match self {
            Self::Noised(release) => &release.notice,
            Self::Tables(tables) => &tables.notice,
        }
    }

    /// The price in rho, epsilon and delta.
    pub fn price(&self) -> Option<Value> {
        match self {
            Self::Noised(release) => {
                Some(json!({ "rho": release.price.rho, "epsilon": release.price.epsilon, "delta": release.price.delta }))
            }
            Self::Tables(_) => None,
        }
    }
}

/// Bounds, mechanism and noise of each statistic, or the rules of exact tables: what the statement says of a release.
pub fn described_statistics(content: &ReleaseContent) -> Value {
    match content {
        ReleaseContent::Noised(release) => {
            let describe = |statistic: &Statistic| {
                json!({
                    "statistic": statistic.statistic,
                    "measure": statistic.measure,
                    "mechanism": statistic.mechanism,
                    "noise": statistic.noise,
                    "threshold": statistic.threshold,
                    "chosen_bounds": statistic.chosen_bounds,
                })
            };
            Value::Array(release.statistics.iter().map(describe).collect())
        }
        ReleaseContent::Tables(tables) => json!({
            "differentially_private": false,
            "rules": tables.rules,
            "approvers": tables.approvers,
            "tables": tables.tables.iter().map(|table| &table.table).collect::<Vec<_>>(),
        }),
    }
}
