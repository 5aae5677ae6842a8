//! Prices: the mechanisms of a run with their parameters, round by round.

use crate::Cost;
use serde::{Deserialize, Serialize};
use tidegate_terms::{DeltaCost, Guard, Mechanism, Name, Rho, stands};

/// What one part of a statistic costs: the mechanism with its parameters, never only a summary, so that a
/// better accountant can be put over old entries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Charge {
    /// The statistic.
    pub statistic: Name,
    /// Which of its totals: `count`, `sum` or `squares`.
    pub part: String,
    /// The mechanism.
    pub mechanism: Mechanism,
    /// The scale of the noise, in steps of the grid that it is drawn on.
    pub scale: f64,
    /// The sensitivity it is calibrated to (L2 for Gaussian, L1 for Laplace), in steps of the same grid.
    pub sensitivity: f64,
    /// How many totals get noise of their own.
    pub cells: u32,
    /// The price of one round.
    pub rho: Rho,
    /// What one round takes from the account of delta.
    #[serde(default)]
    pub delta: DeltaCost,
    /// The first round in which this noise is drawn; rounds count from 1.
    pub first_round: u32,
    /// In how many rounds it is drawn, one after the other.
    pub rounds: u32,
}

impl Charge {
    fn last_round(&self) -> u32 {
        self.first_round.saturating_add(self.rounds).saturating_sub(1)
    }

    /// In how many of the first so many rounds it is drawn.
    fn rounds_until(&self, rounds: u32) -> u32 {
        self.last_round().min(rounds).saturating_sub(self.first_round.saturating_sub(1))
    }
}

/// The price of a run: its charges, in the order of the totals.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// One for each part of each statistic.
    pub charges: Vec<Charge>,
}

impl Price {
    /// What all rounds cost.
    pub fn cost(&self) -> Cost {
        self.cost_until(u32::MAX)
    }

    /// What the first so many rounds cost.
    pub fn cost_until(&self, rounds: u32) -> Cost {
        Cost { rho: self.rho_until(rounds), delta: self.delta_until(rounds) }
    }

    /// What a run gets back that ends after so many rounds: the rounds that were never opened.
    ///
    /// The rule: a round is opened when its data are about to be read, and an opened round is never refunded. Only
    /// `conclude` ends a run early, by stopping or by failing deterministically, and it sees logged releases alone; so
    /// which rounds were never opened is a function of what was released, and the refund tells nothing more. A host
    /// that fails, a process that dies and a run that is held refund nothing. A run without any release has nothing to
    /// stop on: it gets nothing back.
    pub fn refund(&self, opened: u32) -> Cost {
        if opened == 0 && stands(Guard::NoRefund) { Cost::ZERO } else { self.cost().minus(self.cost_until(opened)) }
    }

    /// The sum of the charges of all rounds.
    pub fn rho(&self) -> Rho {
        self.rho_until(u32::MAX)
    }

    /// What the first so many rounds cost.
    pub fn rho_until(&self, rounds: u32) -> Rho {
        let cost = |charge: &Charge| Rho::from_units(charge.rho.units().saturating_mul(u64::from(charge.rounds_until(rounds))));
        self.charges.iter().map(cost).sum()
    }

    /// What all rounds take from the account of delta.
    pub fn delta(&self) -> DeltaCost {
        self.delta_until(u32::MAX)
    }

    /// What the first so many rounds take from the account of delta.
    pub fn delta_until(&self, rounds: u32) -> DeltaCost {
        let cost = |charge: &Charge| DeltaCost::from_units(charge.delta.units().saturating_mul(u64::from(charge.rounds_until(rounds))));
        self.charges.iter().map(cost).sum()
    }

    /// How many rounds it pays for.
    pub fn rounds(&self) -> u32 {
        self.charges.iter().map(Charge::last_round).max().unwrap_or(0)
    }

    /// The charges of one round, in the order of its totals.
    pub fn of_round(&self, round: u32) -> impl Iterator<Item = &Charge> {
        self.charges.iter().filter(move |charge| (charge.first_round..=charge.last_round()).contains(&round))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn charge(rho: u64, first_round: u32, rounds: u32) -> Charge {
        Charge {
            statistic: Name::parse("visits").expect("name"),
            part: "count".into(),
            mechanism: Mechanism::Gaussian,
            scale: 1.0,
            sensitivity: 1.0,
            cells: 1,
            rho: Rho::from_units(rho),
            delta: DeltaCost::from_units(rho / 10),
            first_round,
            rounds,
        }
    }

    /// A setup in round 1, a step in rounds 2 to 5, a test in round 4 and 5.
    fn price() -> Price {
        Price { charges: vec![charge(1_000, 1, 1), charge(200, 2, 4), charge(30, 4, 2)] }
    }

    #[test]
    fn rounds_cost_what_is_drawn_in_them() {
        let price = price();
        assert_eq!(price.rounds(), 5);
        let until: Vec<u64> = (0..=6).map(|rounds| price.rho_until(rounds).units()).collect();
        assert_eq!(until, [0, 1_000, 1_200, 1_400, 1_630, 1_860, 1_860]);
        for round in 1..=6 {
            let of_round: u64 = price.of_round(round).map(|charge| charge.rho.units()).sum();
            assert_eq!(price.rho_until(round - 1).units() + of_round, price.rho_until(round).units());
        }
    }

    #[test]
    fn only_rounds_that_were_never_opened_come_back() {
        let price = price();
        let back: Vec<u64> = (0..=6).map(|opened| price.refund(opened).rho.units()).collect();
        assert_eq!(back, [0, 860, 660, 460, 230, 0, 0]);
        for opened in 1..=6 {
            assert_eq!(price.refund(opened).plus(price.cost_until(opened)), price.cost());
        }
    }
}
