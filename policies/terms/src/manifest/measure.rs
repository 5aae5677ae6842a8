//! What a statistic measures, with the bounds on what one unit gives to it.

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

/// Bounds that a first round of the run finds, inside the declared ones.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Automatic {
    /// The share of the run's budget that the first round spends on this.
    pub share: f64,
    /// How many candidates there are on each side of zero, from the outer bound down; each is the root of 2 smaller
    /// than the one before.
    #[serde(default = "levels")]
    pub levels: u32,
}

fn levels() -> u32 {
    48
}

/// How the candidates between two ends lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Default)]
#[serde(rename_all = "snake_case")]
pub enum Spacing {
    /// At equal distances.
    #[default]
    Linear,
    /// At equal ratios; both ends above zero.
    Geometric,
}

/// Public candidates, ascending.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Candidates {
    /// Each of them.
    List(Vec<f64>),
    /// Both ends and what lies between.
    Range(CandidateRange),
}

/// Candidates from `lower` to `upper` in so many steps: one more than `steps`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CandidateRange {
    /// The first.
    pub lower: f64,
    /// The last.
    pub upper: f64,
    /// How many steps lie between them.
    pub steps: u32,
    /// How they lie.
    #[serde(default)]
    pub spacing: Spacing,
}

/// Most candidates of one statistic.
pub const CANDIDATES_MAX: usize = 10_000;

impl Candidates {
    /// All candidates; `None` where they are not ascending, finite, and between 1 and [`CANDIDATES_MAX`].
    pub fn values(&self) -> Option<Vec<f64>> {
        let values = match self {
            Self::List(values) => values.clone(),
            Self::Range(range) => range.values()?,
        };
        let sound = (1..=CANDIDATES_MAX).contains(&values.len()) && values.iter().all(|value| value.is_finite() && value.abs() <= 1e15);
        (sound && values.is_sorted_by(|a, b| a < b)).then_some(values)
    }
}

impl CandidateRange {
    fn values(&self) -> Option<Vec<f64>> {
        let steps = usize::try_from(self.steps).ok().filter(|steps| (1..CANDIDATES_MAX).contains(steps))?;
        let at = |share: f64| match self.spacing {
            Spacing::Linear => self.lower + (self.upper - self.lower) * share,
            Spacing::Geometric => self.lower * (self.upper / self.lower).powf(share),
        };
        let geometric = self.spacing == Spacing::Geometric;
        if geometric && self.lower.partial_cmp(&0.0) != Some(std::cmp::Ordering::Greater) {
            return None;
        }
        let mut values: Vec<f64> = (0..=steps).map(|step| at(step as f64 / steps as f64)).collect();
        (values[0], values[steps]) = (self.lower, self.upper);
        Some(values)
    }
}

/// The norm that bounds a vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Norm {
    /// The sum of absolute entries.
    L1,
    /// The root of the sum of squares.
    L2,
    /// The largest absolute entry.
    Linf,
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
        /// Have a first round find bounds inside `bounds`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        automatic: Option<Automatic>,
        /// Release also how many units were clamped, for its part of the price.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        clamped_share: bool,
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
        /// Have a first round find bounds inside `bounds`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        automatic: Option<Automatic>,
        /// Release also how many units were clamped, for its part of the price.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        clamped_share: bool,
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
    /// Several quantiles at once of all values of all units, among public candidates.
    Quantiles {
        /// Where the answer may lie. A module counts its values below the first, between two, and from the last on.
        candidates: Candidates,
        /// Which quantiles, each between 0 and 1, ascending.
        probabilities: Vec<f64>,
        /// Most values that one unit gives, over all groups together.
        #[serde(default = "one")]
        values_per_unit: u32,
    },
    /// The categories into which most values fall.
    MostCommon {
        /// How many categories are released.
        k: u32,
        /// Most values that one unit gives, over all categories together.
        #[serde(default = "one")]
        values_per_unit: u32,
    },
    /// The sum of one vector per unit, such as a gradient or sufficient statistics.
    VectorSum {
        /// How many entries.
        dimension: u32,
        /// Which norm of a unit's vector is bounded.
        norm: Norm,
        /// The bound on it.
        bound: f64,
        /// What the entries are called.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        keys: Vec<String>,
    },
    /// The mean of one value for each block (sample and aggregate).
    BlockMean {
        /// Lower and upper bound of a block's value.
        bounds: [f64; 2],
    },
    /// The median of one value for each block (sample and aggregate); each block votes for the nearest candidate.
    BlockMedian {
        /// Where the answer may lie.
        candidates: Candidates,
    },
}

pub(super) fn one() -> u32 {
    1
}

impl Measure {
    /// Whether it is taken over blocks of units and not over units.
    pub fn is_of_blocks(&self) -> bool {
        matches!(self, Self::BlockMean { .. } | Self::BlockMedian { .. })
    }

    /// Its declared wish for automatic bounds.
    pub fn automatic(&self) -> Option<Automatic> {
        match self {
            Self::Sum { automatic, .. } | Self::Mean { automatic, .. } => *automatic,
            _ => None,
        }
    }

    /// How many totals one group has.
    pub(super) fn width(&self) -> u64 {
        let length = |candidates: &Candidates| candidates.values().map_or(1, |values| values.len() as u64 + 1);
        match self {
            Self::Count { .. } | Self::Sum { .. } | Self::Histogram { .. } | Self::MostCommon { .. } | Self::BlockMean { .. } => 1,
            Self::Mean { .. } => 2,
            Self::Variance { .. } => 3,
            Self::Quantiles { candidates, .. } | Self::BlockMedian { candidates } => length(candidates),
            Self::VectorSum { dimension, .. } => u64::from(*dimension),
        }
    }
}
