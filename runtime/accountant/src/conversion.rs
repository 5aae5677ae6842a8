//! Between rho of zCDP and (epsilon, delta).

use tidegate_terms::{Delta, Epsilon, Rho};

/// The smallest epsilon for which rho-zCDP is known to imply (epsilon, delta)-DP, rounded up.
///
/// Canonne, Kamath, Steinke 2020 ("The Discrete Gaussian for Differential Privacy"), Proposition 12:
/// delta = inf over alpha > 1 of exp((alpha - 1)(alpha rho - epsilon)) / (alpha - 1) x (1 - 1/alpha)^alpha.
/// Every alpha gives a valid epsilon, so the search need not be exact to be safe.
pub fn epsilon_of(rho: Rho, delta: Delta) -> f64 {
    let (rho, delta) = (rho.get(), delta.get());
    if rho == 0.0 {
        return 0.0;
    }
    // epsilon(alpha) from the formula above; convex enough in log(alpha - 1) for golden-section search.
    let epsilon_at = |log_excess: f64| {
        let excess = log_excess.exp();
        let alpha = 1.0 + excess;
        alpha * rho + ((1.0 / delta).ln() - excess.ln() + alpha * (-1.0 / alpha).ln_1p()) / excess
    };
    // The best excess lies near sqrt(log(1/delta) / rho); six powers of e on each side are ample.
    let middle = ((1.0 / delta).ln() / rho).sqrt().ln();
    let best = golden_section(&epsilon_at, middle - 6.0, middle + 6.0);
    (best.max(0.0) * (1.0 + 1e-12)).next_up()
}

/// The largest rho that implies (epsilon, delta)-DP by [`epsilon_of`], rounded down.
pub fn rho_of(epsilon: Epsilon, delta: Delta) -> Rho {
    let (mut fits, mut too_much) = (0, Rho::cap(2.0 * epsilon.get() + 1.0).units());
    while too_much - fits > 1 {
        let middle = fits + (too_much - fits) / 2;
        if epsilon_of(Rho::from_units(middle), delta) <= epsilon.get() {
            fits = middle;
        } else {
            too_much = middle;
        }
    }
    Rho::from_units(fits)
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

    fn delta(value: f64) -> Delta {
        Delta::parse(value).expect("delta")
    }

    /// How many Gaussians of this scale (sensitivity 1) fit into (1, 1e-6).
    fn fits(sigma: f64) -> u64 {
        let cap = rho_of(Epsilon::parse(1.0).expect("epsilon"), delta(1e-6));
        cap.units() / Rho::price(1.0 / (2.0 * sigma * sigma)).units()
    }

    #[test]
    fn as_many_gaussians_fit_as_the_tight_conversion_is_known_to_allow() {
        assert_eq!([fits(10.0), fits(20.0), fits(50.0), fits(100.0)], [4, 19, 121, 487]);
    }

    #[test]
    fn never_above_the_older_bound_and_always_there_and_back() {
        for rho in [1e-6, 1e-3, 0.02, 0.5, 3.0] {
            for small in [1e-9, 1e-6, 1e-3] {
                let tight = epsilon_of(Rho::price(rho), delta(small));
                let plain = rho + 2.0 * (rho * (1.0 / small).ln()).sqrt();
                assert!(tight > 0.0 && tight <= plain, "{rho} {small}: {tight} above {plain}");
                if let Ok(epsilon) = Epsilon::parse(tight) {
                    let back = rho_of(epsilon, delta(small));
                    // Below a certain rho delta alone is enough, and epsilon is (nearly) zero for many of them.
                    let unique = tight > 1e-6;
                    assert!(back.get() >= rho * (1.0 - 1e-9) - 1e-12, "{rho} {}", back.get());
                    assert!(!unique || back.get() <= rho * (1.0 + 1e-9) + 1e-12, "{rho} {}", back.get());
                    assert!(epsilon_of(back, delta(small)) <= tight);
                }
            }
        }
        assert_eq!(epsilon_of(Rho::ZERO, delta(1e-6)), 0.0);
    }
}
