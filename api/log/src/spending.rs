//! What runs paid, as the log tells it: accounts of lineages, the price of a run by rounds, spending by period.

use crate::entry::Charge;
use crate::window::Window;
use tidegate_terms::{DeltaCost, Rho};

/// Rho and a part of delta.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Paid {
    pub(crate) rho: Rho,
    pub(crate) delta: DeltaCost,
}

impl Paid {
    pub(crate) fn plus(self, other: Self) -> Self {
        Self { rho: self.rho.plus(other.rho), delta: self.delta.plus(other.delta) }
    }

    pub(crate) fn minus(self, other: Self) -> Self {
        Self { rho: self.rho.minus(other.rho), delta: self.delta.minus(other.delta) }
    }
}

/// The account of a lineage, as the log tells it.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct LineageAccount {
    /// The lifetime cap, in units of 1e-12.
    pub cap: Rho,
    /// What runs reserved, and did not get back.
    pub spent: Rho,
    /// What is left.
    pub left: Rho,
    /// The cap of the account of delta, in units of 1e-18.
    pub delta_cap: DeltaCost,
    /// What runs took from it.
    pub delta_spent: DeltaCost,
    /// The epsilon of the cap.
    pub lifetime_epsilon: f64,
    /// The delta of the cap.
    pub delta: f64,
    /// How many runs drew on it.
    pub runs: u64,
    /// When each run was admitted, in seconds, and what it paid.
    #[serde(skip)]
    paid: Window,
}

impl LineageAccount {
    pub(crate) fn new(cap: Paid, lifetime_epsilon: f64, delta: f64) -> Self {
        Self {
            cap: cap.rho,
            spent: Rho::ZERO,
            left: cap.rho,
            delta_cap: cap.delta,
            delta_spent: DeltaCost::ZERO,
            lifetime_epsilon,
            delta,
            runs: 0,
            paid: Window::default(),
        }
    }

    pub(crate) fn spent(&self) -> Paid {
        Paid { rho: self.spent, delta: self.delta_spent }
    }

    /// Charges a run and returns the place of its line.
    pub(crate) fn charge(&mut self, at: i64, paid: Paid) -> usize {
        self.runs += 1;
        self.set(self.spent().plus(paid));
        self.paid.push(at, paid)
    }

    /// Gives back what a run paid for rounds that were never opened.
    pub(crate) fn refund(&mut self, line: usize, back: Paid) {
        self.paid.give_back(line, back);
        self.set(self.spent().minus(back));
    }

    fn set(&mut self, spent: Paid) {
        (self.spent, self.delta_spent) = (spent.rho, spent.delta);
        self.left = self.cap.minus(self.spent);
    }

    /// What runs paid that were admitted less than so many seconds before an instant.
    pub(crate) fn paid_within(&mut self, seconds: i64, until: i64) -> Paid {
        self.paid.within(seconds, until)
    }

    /// As large a part of the account of delta as this is of the lifetime's rho, in units of 1e-18.
    pub(crate) fn delta_share(&self, rho: Rho) -> DeltaCost {
        let (part, whole) = (u128::from(rho.min(self.cap).units()), u128::from(self.cap.units()).max(1));
        DeltaCost::from_units((u128::from(self.delta_cap.units()) * part / whole) as u64)
    }
}

/// The price of a run by its rounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rounds {
    /// For each charge: what one round costs, the first round and the last.
    charges: Vec<(Paid, u32, u32)>,
}

impl Rounds {
    pub(crate) fn of(charges: &[Charge]) -> Self {
        let line = |charge: &Charge| {
            let last = charge.first_round.saturating_add(charge.rounds).saturating_sub(1);
            (Paid { rho: charge.rho, delta: charge.delta }, charge.first_round, last)
        };
        Self { charges: charges.iter().map(line).collect() }
    }

    /// The last round of any charge.
    pub(crate) fn last(&self) -> u32 {
        self.charges.iter().map(|(_, _, last)| *last).max().unwrap_or(0)
    }

    /// What the rounds up to this one cost.
    pub(crate) fn until(&self, round: u32) -> Paid {
        let times = |first: u32, last: u32| u64::from((last.min(round) + 1).saturating_sub(first));
        self.charges.iter().fold(Paid::default(), |sum, (one, first, last)| {
            let times = times(*first, (*last).min(u32::MAX - 1));
            let rho = Rho::from_units(one.rho.units().saturating_mul(times));
            let delta = DeltaCost::from_units(one.delta.units().saturating_mul(times));
            sum.plus(Paid { rho, delta })
        })
    }
}
