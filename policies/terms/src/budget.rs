//! Units of the privacy budget.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

messages! {
    /// Why a number is not a privacy parameter.
    pub enum BudgetError {
        Epsilon { value: f64 } = "budget.epsilon" {
            en: "epsilon is {value}, but must be a finite number above 0 and at most 100",
            zh: "epsilon 为 {value}，必须是大于 0 且不超过 100 的有限数",
        },
        Delta { value: f64 } = "budget.delta" {
            en: "delta is {value}, but must lie above 0 and below 0.01",
            zh: "delta 为 {value}，必须大于 0 且小于 0.01",
        },
    }
}

/// The epsilon of (epsilon, delta) differential privacy; finite, above 0, at most 100.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "f64", into = "f64")]
pub struct Epsilon(f64);

impl Epsilon {
    /// Checks a number that somebody typed.
    pub fn parse(value: f64) -> Result<Self, BudgetError> {
        if value.is_finite() && value > 0.0 && value <= 100.0 { Ok(Self(value)) } else { Err(BudgetError::Epsilon { value }) }
    }

    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Epsilon {
    type Error = BudgetError;
    fn try_from(value: f64) -> Result<Self, BudgetError> {
        Self::parse(value)
    }
}

impl From<Epsilon> for f64 {
    fn from(epsilon: Epsilon) -> Self {
        epsilon.0
    }
}

/// The delta of (epsilon, delta) differential privacy; above 0, below 0.01.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "f64", into = "f64")]
pub struct Delta(f64);

impl Delta {
    /// Checks a number that somebody typed.
    pub fn parse(value: f64) -> Result<Self, BudgetError> {
        if value > 0.0 && value < 0.01 { Ok(Self(value)) } else { Err(BudgetError::Delta { value }) }
    }

    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Delta {
    type Error = BudgetError;
    fn try_from(value: f64) -> Result<Self, BudgetError> {
        Self::parse(value)
    }
}

impl From<Delta> for f64 {
    fn from(delta: Delta) -> Self {
        delta.0
    }
}

/// Half of the square of mu of Gaussian differential privacy (Dong, Roth, Su 2022), in whole units of 1e-12.
///
/// mu^2 adds up under composition, so this does too; and mu-GDP implies rho-zCDP for this rho (Bun and Steinke 2016),
/// so it is true in both currencies. An integer, so that an account is exact whatever the order of its charges. Prices are rounded up and
/// caps down when they are made from real numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Rho(u64);

impl Rho {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    const UNITS_PER_ONE: f64 = 1e12;
    /// The largest rho that is ever represented; far above any budget that means something.
    pub const MAX: Self = Self(1_000_000_000_000_000_000);

    /// From whole units of 1e-12.
    pub fn from_units(units: u64) -> Self {
        Self(units.min(Self::MAX.0))
    }

    /// In whole units of 1e-12.
    pub fn units(self) -> u64 {
        self.0
    }

    /// A price: rounded up. What is not a number is unaffordable.
    pub fn price(value: f64) -> Self {
        Self::of(value, f64::ceil)
    }

    /// A cap: rounded down. What is not a number allows nothing.
    pub fn cap(value: f64) -> Self {
        if value.is_nan() { Self::ZERO } else { Self::of(value, f64::floor) }
    }

    fn of(value: f64, round: fn(f64) -> f64) -> Self {
        let units = round(value * Self::UNITS_PER_ONE);
        if units < 1.0 {
            Self::ZERO
        } else if units < Self::MAX.0 as f64 {
            Self(units as u64)
        } else {
            Self::MAX
        }
    }

    /// As a real number.
    pub fn get(self) -> f64 {
        self.0 as f64 / Self::UNITS_PER_ONE
    }

    /// The sum, held at [`Rho::MAX`].
    pub fn plus(self, other: Self) -> Self {
        Self::from_units(self.0.saturating_add(other.0))
    }

    /// What is left after a charge; nothing, if the charge is larger.
    pub fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

/// A part of delta, in whole units of 1e-18: the chance that a release is not the mechanism it is priced as
/// (total variation distance), or that a threshold lets through what it should hold back.
///
/// An integer, for the same reasons as [`Rho`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct DeltaCost(u64);

impl DeltaCost {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    const UNITS_PER_ONE: f64 = 1e18;
    /// Certainty.
    pub const MAX: Self = Self(1_000_000_000_000_000_000);

    /// From whole units of 1e-18.
    pub fn from_units(units: u64) -> Self {
        Self(units.min(Self::MAX.0))
    }

    /// In whole units of 1e-18.
    pub fn units(self) -> u64 {
        self.0
    }

    /// A price: rounded up. What is not a number is unaffordable.
    pub fn price(value: f64) -> Self {
        if value.is_nan() || value >= 1.0 { Self::MAX } else { Self((value * Self::UNITS_PER_ONE).ceil().max(0.0) as u64) }
    }

    /// A cap: rounded down. What is not a number allows nothing.
    pub fn cap(value: f64) -> Self {
        if value > 0.0 { Self::from_units((value * Self::UNITS_PER_ONE).floor() as u64) } else { Self::ZERO }
    }

    /// As a real number.
    pub fn get(self) -> f64 {
        self.0 as f64 / Self::UNITS_PER_ONE
    }

    /// The sum, held at [`DeltaCost::MAX`].
    pub fn plus(self, other: Self) -> Self {
        Self::from_units(self.0.saturating_add(other.0))
    }

    /// What is left after a charge; nothing, if the charge is larger.
    pub fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl std::iter::Sum for DeltaCost {
    fn sum<I: Iterator<Item = Self>>(charges: I) -> Self {
        charges.fold(Self::ZERO, Self::plus)
    }
}

impl std::iter::Sum for Rho {
    fn sum<I: Iterator<Item = Self>>(charges: I) -> Self {
        charges.fold(Self::ZERO, Self::plus)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_never_favours_the_spender() {
        assert!(Rho::price(0.1).get() >= 0.1);
        assert!(Rho::cap(0.1).get() <= 0.1 + f64::EPSILON);
        assert_eq!(Rho::price(1e-13).units(), 1);
        assert_eq!(Rho::cap(1e-13).units(), 0);
        assert_eq!(Rho::price(f64::INFINITY), Rho::MAX);
        assert_eq!(Rho::price(f64::NAN), Rho::MAX);
        assert_eq!(Rho::cap(f64::NAN), Rho::ZERO);
    }

    #[test]
    fn only_sensible_parameters_pass() {
        for wrong in [0.0, -1.0, f64::NAN, f64::INFINITY, 101.0] {
            assert!(Epsilon::parse(wrong).is_err());
        }
        for wrong in [0.0, -1e-9, f64::NAN, 0.01, 1.0] {
            assert!(Delta::parse(wrong).is_err());
        }
    }
}
