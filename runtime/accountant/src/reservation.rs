//! Admission: the only place that makes a [`Reservation`], and only after the charge is durable.

use crate::{Account, Caps, Cost, Price};
use tidegate_terms::{Rho, messages};

messages! {
    /// Why a run is not admitted. Depends on public numbers only.
    pub enum AdmissionError {
        Lineage { lineage: String, price: f64, left: f64, cap: f64 } = "budget.lineage" {
            en: "the run costs rho {price:.6}, but the lineage `{lineage}` has rho {left:.6} left of {cap:.6}; nothing was charged. Ask for less (--epsilon), or for the stored answer of an earlier run",
            zh: "本次运行需要 rho {price:.6}，而数据谱系“{lineage}”在总额 {cap:.6} 中只剩 rho {left:.6}；未扣除任何预算。请减少用量（--epsilon），或使用以前运行的已存答案",
        },
        LineageDelta { lineage: String, price: f64, left: f64, cap: f64 } = "budget.lineage-delta" {
            en: "the run takes {price:e} from the account of delta, but the lineage `{lineage}` has {left:e} left of {cap:e}; nothing was charged. Release fewer cells or rounds, use public keys in place of discovered ones or Laplace noise; above a lifetime epsilon of about 20 nothing else is possible",
            zh: "本次运行需占用 delta 账户 {price:e}，而数据谱系“{lineage}”在 {cap:e} 中只剩 {left:e}；未扣除任何预算。请减少单元格或轮数，以公开键代替发现的键，或使用拉普拉斯噪声；生命周期 epsilon 约超过 20 时只能使用后者",
        },
        Grant { lineage: String, price: f64, left: f64, cap: f64 } = "budget.grant" {
            en: "the run costs rho {price:.6}, but the grant has rho {left:.6} left of its share {cap:.6} of the lineage `{lineage}`; nothing was charged. Ask for less (--epsilon), or ask the authority for a larger share",
            zh: "本次运行需要 rho {price:.6}，而授权在数据谱系“{lineage}”的份额 {cap:.6} 中只剩 rho {left:.6}；未扣除任何预算。请减少用量（--epsilon），或向主管部门申请更大份额",
        },
        GrantDelta { lineage: String, price: f64, left: f64, cap: f64 } = "budget.grant-delta" {
            en: "the run takes {price:e} from the account of delta, but the grant has {left:e} left of its share {cap:e} of the lineage `{lineage}`; nothing was charged. Release fewer cells or rounds, use public keys or Laplace noise, or ask the authority for a larger share",
            zh: "本次运行需占用 delta 账户 {price:e}，而授权在数据谱系“{lineage}”的份额 {cap:e} 中只剩 {left:e}；未扣除任何预算。请减少单元格或轮数，使用公开键或拉普拉斯噪声，或向主管部门申请更大份额",
        },
        Run { lineage: String, price: f64, cap: f64 } = "budget.run" {
            en: "the run costs rho {price:.6}, but the policy of `{lineage}` allows one run at most rho {cap:.6}; nothing was charged. Ask for less (--epsilon)",
            zh: "本次运行需要 rho {price:.6}，而“{lineage}”的策略规定单次运行最多 rho {cap:.6}；未扣除任何预算。请减少用量（--epsilon）",
        },
        Period { lineage: String, price: f64, left: f64, cap: f64 } = "budget.period" {
            en: "the run costs rho {price:.6}, but the policy's period has rho {left:.6} left of {cap:.6} for the lineage `{lineage}`; nothing was charged. Wait until earlier runs are older than the period, or ask for less (--epsilon)",
            zh: "本次运行需要 rho {price:.6}，而策略周期内数据谱系“{lineage}”在 {cap:.6} 中只剩 rho {left:.6}；未扣除任何预算。请等待较早的运行移出周期，或减少用量（--epsilon）",
        },
        PeriodDelta { lineage: String, price: f64, left: f64, cap: f64 } = "budget.period-delta" {
            en: "the run takes {price:e} from the account of delta, but the policy's period has {left:e} left of {cap:e} for the lineage `{lineage}`; nothing was charged. Wait until earlier runs are older than the period, or release fewer cells or rounds",
            zh: "本次运行需占用 delta 账户 {price:e}，而策略周期内数据谱系“{lineage}”在 {cap:e} 中只剩 {left:e}；未扣除任何预算。请等待较早的运行移出周期，或减少单元格或轮数",
        },
        Nothing = "budget.nothing" {
            en: "the requested epsilon is too small to pay for any noise scale that can be represented: ask for more",
            zh: "所请求的 epsilon 过小，无法支付任何可表示的噪声尺度：请增大",
        },
        NoAccount = "budget.no-account" {
            en: "the run names no lineage that could pay for it: name a dataset",
            zh: "本次运行未指明由哪个数据谱系支付：请指定数据集",
        },
    }
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

/// Holds a price against the caps of every lineage that the run draws on and, if it fits all of them, has `persist`
/// charge it durably, once; only then is there a reservation.
///
/// A run that joins two lineages charges the whole price to both, or to none: a unit of either may be in every total.
/// `persist` must be atomic with the reading of `caps` (one transaction), or two runs could race for the last of a
/// budget. A crash just after it leaves a charge without a run: the run continues under it, or the charge stays. What
/// may come back is [`Price::refund`] alone.
pub async fn admit<E: From<AdmissionError>>(
    run: String,
    price: Price,
    caps: &[Caps],
    persist: impl AsyncFnOnce(&Price) -> Result<(), E>,
) -> Result<Reservation, E> {
    check_all(price.cost(), caps)?;
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

fn check_all(price: Cost, caps: &[Caps]) -> Result<(), AdmissionError> {
    if price.rho == Rho::ZERO {
        return Err(AdmissionError::Nothing);
    }
    if caps.is_empty() {
        return Err(AdmissionError::NoAccount);
    }
    caps.iter().try_for_each(|caps| check(price, caps))
}

fn check(price: Cost, caps: &Caps) -> Result<(), AdmissionError> {
    let lineage = || caps.name.to_string();
    if price.rho > caps.run {
        return Err(AdmissionError::Run { lineage: lineage(), price: price.rho.get(), cap: caps.run.get() });
    }
    let rho = |account: &Account| {
        let left = account.left().rho;
        if price.rho > left { Err((price.rho.get(), left.get(), account.cap.rho.get())) } else { Ok(()) }
    };
    let delta = |account: &Account| {
        let left = account.left().delta;
        if price.delta > left { Err((price.delta.get(), left.get(), account.cap.delta.get())) } else { Ok(()) }
    };
    rho(&caps.grant).map_err(|(price, left, cap)| AdmissionError::Grant { lineage: lineage(), price, left, cap })?;
    delta(&caps.grant).map_err(|(price, left, cap)| AdmissionError::GrantDelta { lineage: lineage(), price, left, cap })?;
    rho(&caps.lineage).map_err(|(price, left, cap)| AdmissionError::Lineage { lineage: lineage(), price, left, cap })?;
    delta(&caps.lineage).map_err(|(price, left, cap)| AdmissionError::LineageDelta { lineage: lineage(), price, left, cap })?;
    if let Some(period) = &caps.period {
        rho(period).map_err(|(price, left, cap)| AdmissionError::Period { lineage: lineage(), price, left, cap })?;
        delta(period).map_err(|(price, left, cap)| AdmissionError::PeriodDelta { lineage: lineage(), price, left, cap })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::slice::from_ref;
    use tidegate_terms::{DeltaCost, Message as _, Name};

    fn cost(rho: u64, delta: u64) -> Cost {
        Cost { rho: Rho::from_units(rho), delta: DeltaCost::from_units(delta) }
    }

    fn account(cap: (u64, u64), spent: (u64, u64)) -> Account {
        Account { cap: cost(cap.0, cap.1), spent: cost(spent.0, spent.1) }
    }

    fn caps() -> Caps {
        Caps {
            name: Name::parse("people").expect("name"),
            lineage: account((100, 50), (90, 45)),
            grant: account((20, 10), (0, 0)),
            run: Rho::from_units(15),
            period: None,
        }
    }

    fn code(price: (u64, u64), caps: &[Caps]) -> Option<String> {
        check_all(cost(price.0, price.1), caps).err().map(|error| error.code())
    }

    #[test]
    fn each_cap_refuses_by_its_own_name_and_the_last_unit_fits() {
        let of = |price| code(price, &[caps()]);
        assert_eq!(of((0, 0)).as_deref(), Some("budget.nothing"));
        assert_eq!(of((10, 5)), None);
        assert_eq!(of((11, 5)).as_deref(), Some("budget.lineage"));
        assert_eq!(of((10, 6)).as_deref(), Some("budget.lineage-delta"));
        assert_eq!(of((16, 0)).as_deref(), Some("budget.run"));
        let granted = |spent| Caps { grant: account((20, 10), spent), ..caps() };
        assert_eq!(code((6, 0), &[granted((15, 0))]).as_deref(), Some("budget.grant"));
        assert_eq!(code((5, 2), &[granted((15, 9))]).as_deref(), Some("budget.grant-delta"));
        let paced = Caps { period: Some(account((10, 10), (4, 7))), ..caps() };
        assert_eq!(code((6, 3), from_ref(&paced)), None);
        assert_eq!(code((7, 3), from_ref(&paced)).as_deref(), Some("budget.period"));
        assert_eq!(code((6, 4), &[paced]).as_deref(), Some("budget.period-delta"));
        let overspent = Caps { lineage: account((100, 50), (101, 0)), ..caps() };
        assert!(code((1, 0), &[overspent]).is_some());
        assert_eq!(code((1, 0), &[]).as_deref(), Some("budget.no-account"), "nobody pays is not free");
    }

    #[test]
    fn a_join_must_fit_both_lineages() {
        let rich = Caps { lineage: account((1_000, 500), (0, 0)), ..caps() };
        let poor = Caps { name: Name::parse("firms").expect("name"), lineage: account((1_000, 500), (998, 0)), ..caps() };
        assert_eq!(code((3, 0), from_ref(&rich)), None);
        for both in [[rich.clone(), poor.clone()], [poor.clone(), rich.clone()]] {
            assert_eq!(code((2, 0), &both), None);
            let refusal = check_all(cost(3, 0), &both).expect_err("too much for one").to_string();
            assert!(refusal.contains("firms"), "{refusal}");
        }
    }
}
