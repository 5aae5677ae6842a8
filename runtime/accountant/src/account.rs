//! Accounts: what may be spent of rho and of delta, and what is.
//!
//! A total variation distance tau turns (epsilon, d)-DP into (epsilon, d + (1 + e^epsilon) tau)-DP. So a lineage's delta
//! is split once and for all: [`SLACK_SHARE`] of it pays for such distances, divided by 1 + e^epsilon of the lifetime,
//! and the rho cap is computed at the rest. Rejected: splitting as runs ask for it; a filter needs caps that nobody
//! moves.

use crate::conversion::{epsilon_at, rho_at};
use serde::{Deserialize, Serialize};
use tidegate_terms::{Delta, DeltaCost, Epsilon, Name, Rho};

/// The share of a lineage's delta that is set aside for the account of delta.
///
/// Gaussians barely need it: at (1, 1e-6) it costs 3 of 560 releases.
pub const SLACK_SHARE: f64 = 0.05;

/// What something costs, or what may be spent: rho, and a part of delta.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Cost {
    /// mu^2 / 2.
    pub rho: Rho,
    /// Total variation distances and failure probabilities.
    pub delta: DeltaCost,
}

impl Cost {
    /// Nothing.
    pub const ZERO: Self = Self { rho: Rho::ZERO, delta: DeltaCost::ZERO };

    /// The sum.
    pub fn plus(self, other: Self) -> Self {
        Self { rho: self.rho.plus(other.rho), delta: self.delta.plus(other.delta) }
    }

    /// What is left after a charge; nothing of what the charge exceeds.
    pub fn minus(self, other: Self) -> Self {
        Self { rho: self.rho.minus(other.rho), delta: self.delta.minus(other.delta) }
    }
}

/// An account: what may be spent and what is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The most that may ever be spent.
    pub cap: Cost,
    /// What is spent or reserved.
    pub spent: Cost,
}

impl Account {
    /// What is left.
    pub fn left(&self) -> Cost {
        self.cap.minus(self.spent)
    }
}

/// All that a run's price is held against for one lineage that it draws on.
#[derive(Debug, Clone)]
pub struct Caps {
    /// The lineage's name, for messages.
    pub name: Name,
    /// The lineage's account.
    pub lineage: Account,
    /// The grant's share of it.
    pub grant: Account,
    /// The most that one run may cost.
    pub run: Rho,
    /// What may be spent within the policy's period, and what was; it only paces.
    pub period: Option<Account>,
}

/// What a lineage may ever spend under a lifetime epsilon and delta.
pub fn lifetime_caps(epsilon: Epsilon, delta: Delta) -> Cost {
    let slack = SLACK_SHARE * delta.get() / (1.0 + epsilon.get().exp());
    // A hair less than computed, so that rounding cannot raise a cap.
    Cost { rho: priced_rho(epsilon, delta), delta: DeltaCost::cap(slack * (1.0 - 1e-12)) }
}

/// The rho of an epsilon at a lineage's delta: a run's, a grant's, a period's, a lifetime's.
pub fn priced_rho(epsilon: Epsilon, delta: Delta) -> Rho {
    rho_at(epsilon.get(), (1.0 - SLACK_SHARE) * delta.get())
}

/// The epsilon that holds at a lineage's delta when so much rho was spent, and of delta no more than the cap of
/// [`lifetime_caps`], rounded up.
pub fn guaranteed_epsilon(rho: Rho, delta: Delta) -> f64 {
    epsilon_at(rho, (1.0 - SLACK_SHARE) * delta.get())
}

/// The caps of a grant or period: its rho, and as large a share of the account of delta as that is of the lineage's rho.
pub fn share_of(rho: Rho, lifetime: Cost) -> Cost {
    if lifetime.rho == Rho::ZERO {
        return Cost::ZERO;
    }
    let rho = rho.min(lifetime.rho);
    let delta = u128::from(lifetime.delta.units()) * u128::from(rho.units()) / u128::from(lifetime.rho.units());
    Cost { rho, delta: DeltaCost::from_units(u64::try_from(delta).unwrap_or(0)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caps(epsilon: f64, delta: f64) -> Cost {
        lifetime_caps(Epsilon::parse(epsilon).expect("epsilon"), Delta::parse(delta).expect("delta"))
    }

    #[test]
    fn both_accounts_together_keep_the_lineages_delta() {
        for epsilon in [0.01, 1.0, 4.0, 20.0, 100.0] {
            for delta in [1e-15, 1e-9, 1e-6, 1e-3] {
                let Cost { rho, delta: slack } = caps(epsilon, delta);
                // The other way round: what the account of delta leaves is still enough for the cap of rho.
                let rest = delta - (1.0 + epsilon.exp()) * slack.get();
                assert!(rest >= 0.95 * delta, "{epsilon} {delta}: {rest}");
                assert!(epsilon_at(rho, rest) <= epsilon * (1.0 + 1e-12), "{epsilon} {delta}");
            }
        }
        // At (1, 1e-6): 5e-8 / (1 + e).
        assert!((caps(1.0, 1e-6).delta.get() - 1.344_707e-8).abs() < 1e-13);
        assert_eq!(caps(100.0, 1e-6).delta, DeltaCost::ZERO);
    }

    #[test]
    fn shares_are_proportional_and_rounded_down() {
        let lifetime = Cost { rho: Rho::from_units(300), delta: DeltaCost::from_units(1_000) };
        let share = |units| share_of(Rho::from_units(units), lifetime).delta.units();
        assert_eq!([share(0), share(1), share(100), share(299), share(300), share(301)], [0, 3, 333, 996, 1_000, 1_000]);
        assert_eq!(share_of(Rho::from_units(5), Cost::ZERO), Cost::ZERO);
        let most = Cost { rho: Rho::MAX, delta: DeltaCost::MAX };
        assert_eq!(share_of(Rho::MAX, most), most);
    }
}
