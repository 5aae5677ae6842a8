//! Admission: the only place that makes a [`Reservation`], and only after the charge is durable.

use serde::{Deserialize, Serialize};
use tidegate_terms::{DeltaCost, Mechanism, Name, Rho, messages};

messages! {
    /// Why a run is not admitted. Depends on public numbers only.
    pub enum AdmissionError {
        Lineage { price: f64, left: f64, cap: f64 } = "budget.lineage" {
            en: "the run costs rho {price:.6}, but the lineage has rho {left:.6} left of {cap:.6}; nothing was charged. Ask for less (--epsilon), or for the stored answer of an earlier run",
            zh: "本次运行需要 rho {price:.6}，而该数据谱系在总额 {cap:.6} 中只剩 rho {left:.6}；未扣除任何预算。请减少用量（--epsilon），或使用以前运行的已存答案",
        },
        Grant { price: f64, left: f64, cap: f64 } = "budget.grant" {
            en: "the run costs rho {price:.6}, but the grant has rho {left:.6} left of its share {cap:.6}; nothing was charged. Ask for less (--epsilon), or ask the authority for a larger share",
            zh: "本次运行需要 rho {price:.6}，而授权在其份额 {cap:.6} 中只剩 rho {left:.6}；未扣除任何预算。请减少用量（--epsilon），或向主管部门申请更大份额",
        },
        Run { price: f64, cap: f64 } = "budget.run" {
            en: "the run costs rho {price:.6}, but the dataset's policy allows one run at most rho {cap:.6}; nothing was charged. Ask for less (--epsilon)",
            zh: "本次运行需要 rho {price:.6}，而数据集策略规定单次运行最多 rho {cap:.6}；未扣除任何预算。请减少用量（--epsilon）",
        },
        Nothing = "budget.nothing" {
            en: "the requested epsilon is too small to pay for any noise scale that can be represented: ask for more",
            zh: "所请求的 epsilon 过小，无法支付任何可表示的噪声尺度：请增大",
        },
    }
}

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
    /// The scale of the noise, in steps of the grid.
    pub scale: f64,
    /// The sensitivity it is calibrated to (L2 for Gaussian, L1 for Laplace), in steps of the grid.
    pub sensitivity: f64,
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

/// An account: what may be spent and what is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The most that may ever be spent.
    pub cap: Rho,
    /// What is spent or reserved.
    pub spent: Rho,
}

impl Account {
    /// What is left.
    pub fn left(&self) -> Rho {
        self.cap.minus(self.spent)
    }
}

/// All that a run's price is held against.
#[derive(Debug, Clone, Copy)]
pub struct Caps {
    /// The lineage's account.
    pub lineage: Account,
    /// The grant's share of it.
    pub grant: Account,
    /// The most that one run may cost.
    pub run: Rho,
}

/// Proof that a price is paid: durably charged before any data is opened.
///
/// ```compile_fail
/// // Nobody can make one; it comes from `admit` alone.
/// let forged = tidegate_accountant::Reservation { run: String::new(), price: todo!() };
/// ```
#[derive(Debug, Clone)]
pub struct Reservation {
    run: String,
    price: Price,
}

impl Reservation {
    /// The run that it pays for.
    pub fn run(&self) -> &str {
        &self.run
    }

    /// What was paid.
    pub fn price(&self) -> &Price {
        &self.price
    }
}

/// Holds a price against the caps and, if it fits, has `persist` charge it durably; only then is there a
/// reservation.
///
/// `persist` must be atomic with the reading of `caps` (one transaction), or two runs could race for the
/// last of a budget. A crash just after it leaves a charge without a run: the run continues under it, or
/// the charge stays. There is no refund.
pub async fn admit<E: From<AdmissionError>>(
    run: String,
    price: Price,
    caps: Caps,
    persist: impl AsyncFnOnce(&Price) -> Result<(), E>,
) -> Result<Reservation, E> {
    check(price.rho(), caps)?;
    persist(&price).await?;
    Ok(Reservation { run, price })
}

/// Takes up a run whose charge is already durable; `price` must come from the ledger.
///
/// The second and last way to a reservation: after a crash, a run continues under what it paid.
impl Reservation {
    /// Resumes a run from the ledger entry that `charged` reads back durably.
    pub async fn resume<E>(run: String, charged: impl AsyncFnOnce(&str) -> Result<Option<Price>, E>) -> Result<Option<Self>, E> {
        let price = charged(&run).await?;
        Ok(price.map(|price| Self { run, price }))
    }
}

fn check(price: Rho, caps: Caps) -> Result<(), AdmissionError> {
    if price == Rho::ZERO {
        return Err(AdmissionError::Nothing);
    }
    if price > caps.run {
        return Err(AdmissionError::Run { price: price.get(), cap: caps.run.get() });
    }
    if price > caps.grant.left() {
        return Err(AdmissionError::Grant { price: price.get(), left: caps.grant.left().get(), cap: caps.grant.cap.get() });
    }
    if price > caps.lineage.left() {
        return Err(AdmissionError::Lineage { price: price.get(), left: caps.lineage.left().get(), cap: caps.lineage.cap.get() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_terms::Message as _;

    fn account(cap: u64, spent: u64) -> Account {
        Account { cap: Rho::from_units(cap), spent: Rho::from_units(spent) }
    }

    #[test]
    fn each_cap_refuses_by_its_own_name_and_the_last_unit_fits() {
        let caps = Caps { lineage: account(100, 90), grant: account(20, 0), run: Rho::from_units(15) };
        let code = |units| check(Rho::from_units(units), caps).map_err(|error| error.code());
        assert_eq!(code(0), Err("budget.nothing".into()));
        assert_eq!(code(10), Ok(()));
        assert_eq!(code(11), Err("budget.lineage".into()));
        assert_eq!(code(16), Err("budget.run".into()));
        let caps = Caps { grant: account(20, 15), ..caps };
        assert_eq!(check(Rho::from_units(6), caps).map_err(|error| error.code()), Err("budget.grant".into()));
        let overspent = Caps { lineage: account(100, 101), ..caps };
        assert!(check(Rho::from_units(1), overspent).is_err());
    }
}
