//! How many Gaussian releases fit under other ways of accounting, for benchmarks and tests.
//!
//! None of these admits anything.

use crate::{gaussian_rho, priced_rho};
use tidegate_terms::{Delta, Epsilon};

/// A way of adding up privacy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accounting {
    /// epsilon and delta shared out equally, each Gaussian by its exact curve (Balle and Wang 2018).
    Basic,
    /// rho added up; epsilon = rho + 2 sqrt(rho ln(1/delta)) (Bun and Steinke 2016, Proposition 1.3).
    PlainZcdp,
    /// rho added up, with the tight conversion (Canonne, Kamath, Steinke 2020, Proposition 12); Renyi filters of the
    /// best fixed order come to the same.
    TightZcdp,
    /// This accountant: Gaussian DP, a share of delta set aside.
    GaussianDp,
    /// Gaussian DP at the whole delta: for Gaussians alone, the exact answer.
    Exact,
}

/// How many Gaussians of scale `sigma`, in units of their sensitivity, fit into (epsilon, delta).
pub fn gaussians_that_fit(accounting: Accounting, sigma: f64, epsilon: Epsilon, delta: Delta) -> u64 {
    let cost = gaussian_rho(sigma, 1.0);
    let (epsilon, target) = (epsilon, delta.get());
    match accounting {
        Accounting::Basic => largest(|count| {
            let share = epsilon.get() / count as f64;
            crate::conversion::epsilon_at(cost, target / count as f64) <= share
        }),
        Accounting::PlainZcdp => largest(|count| {
            let rho = count as f64 * cost.get();
            rho + 2.0 * (rho * -target.ln()).sqrt() <= epsilon.get()
        }),
        Accounting::TightZcdp => largest(|count| tight_zcdp_epsilon(count as f64 * cost.get(), target) <= epsilon.get()),
        Accounting::GaussianDp => priced_rho(epsilon, delta).units() / cost.units().max(1),
        Accounting::Exact => crate::rho_of(epsilon, delta).units() / cost.units().max(1),
    }
}

/// The largest count that fits, where fitting is monotone.
fn largest(fits: impl Fn(u64) -> bool) -> u64 {
    let (mut fitting, mut too_many) = (0, 1);
    while fits(too_many) && too_many < 1 << 40 {
        (fitting, too_many) = (too_many, 2 * too_many);
    }
    while too_many - fitting > 1 {
        let middle = fitting + (too_many - fitting) / 2;
        if fits(middle) {
            fitting = middle;
        } else {
            too_many = middle;
        }
    }
    fitting
}

/// The smallest epsilon for which rho-zCDP is known to imply (epsilon, delta)-DP.
///
/// delta = inf over alpha > 1 of exp((alpha - 1)(alpha rho - epsilon)) / (alpha - 1) x (1 - 1/alpha)^alpha (Canonne,
/// Kamath, Steinke 2020, "The discrete Gaussian for differential privacy", Proposition 12). Every alpha gives a valid
/// epsilon, so the search need not be exact.
pub fn tight_zcdp_epsilon(rho: f64, delta: f64) -> f64 {
    if rho == 0.0 {
        return 0.0;
    }
    let epsilon_at = |log_excess: f64| {
        let excess = log_excess.exp();
        let alpha = 1.0 + excess;
        alpha * rho + (-delta.ln() - log_excess + alpha * (-1.0 / alpha).ln_1p()) / excess
    };
    // The best excess lies near sqrt(log(1/delta) / rho); six powers of e on each side are ample.
    let middle = (-delta.ln() / rho).sqrt().ln();
    golden_section(&epsilon_at, middle - 6.0, middle + 6.0).max(0.0)
}

fn golden_section(function: &impl Fn(f64) -> f64, mut low: f64, mut high: f64) -> f64 {
    const RATIO: f64 = 0.618_033_988_749_894_8;
    let mut best = f64::INFINITY;
    for _ in 0..120 {
        let (left, right) = (high - RATIO * (high - low), low + RATIO * (high - low));
        let (at_left, at_right) = (function(left), function(right));
        best = best.min(at_left).min(at_right);
        if at_left < at_right {
            high = right;
        } else {
            low = left;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Caps, Charge, Cost, Price, admit, discrete_gaussian_tv, lifetime_caps, share_of};
    use tidegate_terms::{Mechanism, Name};

    const SIGMAS: [f64; 4] = [10.0, 20.0, 50.0, 100.0];

    fn target() -> (Epsilon, Delta) {
        (Epsilon::parse(1.0).expect("epsilon"), Delta::parse(1e-6).expect("delta"))
    }

    #[test]
    fn the_published_counts_of_gaussians_in_1_and_a_millionth() {
        let (epsilon, delta) = target();
        let counts = |accounting| SIGMAS.map(|sigma| gaussians_that_fit(accounting, sigma, epsilon, delta));
        assert_eq!(counts(Accounting::Basic), [2, 4, 12, 24]);
        assert_eq!(counts(Accounting::PlainZcdp), [3, 13, 87, 349]);
        assert_eq!(counts(Accounting::TightZcdp), [4, 19, 121, 487]);
        assert_eq!(counts(Accounting::Exact), [5, 22, 140, 560]);
        assert_eq!(counts(Accounting::GaussianDp), [5, 22, 139, 557]);
    }

    /// Not the formula but the filter: charges of real discrete Gaussians on a fine grid, admitted one by one.
    #[test]
    fn the_filter_admits_98_percent_of_the_exact_answer_and_never_more() {
        let (epsilon, delta) = target();
        let cap = lifetime_caps(epsilon, delta);
        for (sigma, exact) in SIGMAS.into_iter().zip([5_u64, 22, 140, 560]) {
            let step = f64::from(1 << 20);
            let charge = Charge {
                statistic: Name::parse("visits").expect("name"),
                part: "count".into(),
                mechanism: Mechanism::Gaussian,
                scale: sigma * step,
                sensitivity: step,
                cells: 1,
                rho: gaussian_rho(sigma * step, step),
                delta: discrete_gaussian_tv(sigma * step, 1),
                first_round: 1,
                rounds: 1,
            };
            let price = Price { charges: vec![charge] };
            let mut spent = Cost::ZERO;
            let mut admitted = 0;
            loop {
                let lineage = crate::Account { cap, spent };
                let grant = crate::Account { cap: share_of(cap.rho, cap), spent };
                let name = Name::parse("people").expect("name");
                let caps = [Caps { name, lineage, grant, run: cap.rho, period: None }];
                let reserved = crate::model::finish(admit("r".into(), price.clone(), &caps, async |price: &Price| {
                    spent = spent.plus(price.cost());
                    Ok::<_, crate::AdmissionError>(())
                }));
                if reserved.is_err() {
                    break;
                }
                admitted += 1;
            }
            assert!(admitted <= exact && admitted as f64 >= 0.98 * exact as f64, "{sigma}: {admitted} of {exact}");
        }
    }
}
