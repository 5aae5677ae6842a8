//! What mechanisms cost: their mu as rho = mu^2 / 2, and their distance from what they are priced as.

use crate::normal::log_odds;
use std::f64::consts::PI;
use tidegate_terms::{DeltaCost, Rho};

/// More than the rounding error of the few operations of one price, relative to it.
const PRICE_ERROR: f64 = 16.0 * f64::EPSILON;

/// What a Gaussian costs: mu is sensitivity over scale (Dong, Roth, Su 2022, Theorem 2.7).
///
/// True of the continuous Gaussian and of all that is made from it, such as its rounding to integers; what the
/// discrete Gaussian differs from that is on the account of delta ([`discrete_gaussian_tv`]).
pub fn gaussian_rho(scale: f64, sensitivity: f64) -> Rho {
    if !(scale > 0.0 && sensitivity >= 0.0) {
        return Rho::MAX;
    }
    Rho::price((sensitivity / scale).powi(2) / 2.0 * (1.0 + PRICE_ERROR))
}

/// What a pure epsilon mechanism costs: it is mu-GDP with mu = -2 Phi^-1(1 / (1 + e^epsilon)), and with no smaller mu.
pub fn laplace_rho(epsilon: f64) -> Rho {
    if !(epsilon >= 0.0 && epsilon.is_finite()) {
        return Rho::MAX;
    }
    // Half of mu: the smallest number whose odds are at least epsilon. Odds grow faster than x^2 / 2 and than x.
    let (mut below, mut half) = (0.0, epsilon.min((2.0 * epsilon).sqrt()) + f64::MIN_POSITIVE);
    while half - below > half * f64::EPSILON {
        let middle = f64::midpoint(below, half);
        if middle <= below || middle >= half {
            break;
        }
        if log_odds(middle) >= epsilon {
            half = middle;
        } else {
            below = middle;
        }
    }
    Rho::price(2.0 * half * half * (1.0 + 1e-12))
}

/// The largest epsilon of a pure mechanism that this rho pays for, rounded down: the inverse of [`laplace_rho`].
pub fn laplace_epsilon(rho: Rho) -> f64 {
    let mut epsilon = log_odds((rho.get() / 2.0).sqrt()) * (1.0 - 2e-12);
    while epsilon > 0.0 && laplace_rho(epsilon) > rho {
        epsilon *= 1.0 - 1e-9;
    }
    epsilon
}

/// How far (in total variation) the discrete Gaussian of this scale may be from the continuous one rounded to
/// integers, in all of so many cells with noise of their own together.
///
/// For every scale s: at most 0.020165 / s^2 + 0.01573 / s^3 + e^(-2 pi^2 s^2) / (1 - e^(-6 pi^2 s^2)) for one cell. The
/// derivation is in `docs/claims/discrete-gaussian.md`. The distance is the same whatever integers the noise is
/// added to, so it holds for every dataset at once.
pub fn discrete_gaussian_tv(scale_in_steps: f64, cells: u64) -> DeltaCost {
    if scale_in_steps.is_nan() || scale_in_steps <= 0.0 {
        return DeltaCost::MAX;
    }
    DeltaCost::price(one_cell(scale_in_steps) * cells as f64 * (1.0 + PRICE_ERROR))
}

fn one_cell(scale: f64) -> f64 {
    // 4 phi(1) is the mean of |z^2 - 1|; `turns` is half of the way that (z^2 - 1) phi(z) goes up and down.
    let four_densities = 4.0 * (-0.5f64).exp() / (2.0 * PI).sqrt();
    let turns = (4.0 * (-1.5f64).exp() + 1.0) / (2.0 * PI).sqrt();
    let wrapped = (-2.0 * PI * PI * scale * scale).exp();
    (four_densities / scale.powi(2) + turns / scale.powi(3)) / 48.0 + wrapped / (1.0 - wrapped.powi(3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normal::upper_tail;

    /// The distance itself, by summation.
    fn summed(scale: f64) -> f64 {
        let reach = (12.0 * scale).ceil() as i64 + 2;
        let weight = |k: i64| (-(k as f64 / scale).powi(2) / 2.0).exp();
        let whole: f64 = (-reach..=reach).map(weight).sum();
        // On the right side tails do not cancel; the left side is its mirror.
        let rounded = |k: i64| upper_tail((k as f64 - 0.5) / scale) - upper_tail((k as f64 + 0.5) / scale);
        let gap = |k: i64| (weight(k) / whole - rounded(k)).abs();
        (gap(0) + 2.0 * (1..=reach).map(gap).sum::<f64>()) / 2.0
    }

    #[test]
    fn the_distance_is_never_below_the_true_one_and_close_to_it() {
        for scale in [0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 4.0, 7.3, 10.0, 33.3, 100.0, 400.0] {
            let (true_one, bound) = (summed(scale), one_cell(scale));
            assert!(bound >= true_one, "{scale}: {bound} below {true_one}");
            assert!(scale < 4.0 || bound <= true_one * (1.0 + 1.0 / scale), "{scale}: {bound} far above {true_one}");
        }
    }

    #[test]
    fn cells_add_up_and_nonsense_is_certain_to_fail() {
        let one = discrete_gaussian_tv(1e6, 1).get();
        assert!((one / 2.0165e-14 - 1.0).abs() < 1e-4, "{one}");
        assert!((discrete_gaussian_tv(1e6, 1_000).get() / one / 1_000.0 - 1.0).abs() < 1e-3);
        assert_eq!(discrete_gaussian_tv(1e12, 1).units(), 1, "rounded up");
        for nonsense in [0.0, -1.0, f64::NAN, 1e-9] {
            assert_eq!(discrete_gaussian_tv(nonsense, 1), DeltaCost::MAX, "{nonsense}");
        }
        assert_eq!([gaussian_rho(0.0, 1.0), gaussian_rho(1.0, -1.0), gaussian_rho(f64::NAN, 1.0)], [Rho::MAX; 3]);
        assert_eq!([laplace_rho(f64::NAN), laplace_rho(-1.0), laplace_rho(f64::INFINITY)], [Rho::MAX; 3]);
    }

    /// The trade-off curve of a pure mechanism is two lines that meet at 1/(1 + e^epsilon); that of mu-GDP, which is
    /// convex, must pass at or below the corner.
    #[test]
    fn a_pure_mechanism_is_priced_at_the_corner_of_its_trade_off_curve() {
        for epsilon in [1e-6, 1e-3, 0.1, 1.0, 3.0, 10.0, 30.0] {
            let mu = (2.0 * laplace_rho(epsilon).get()).sqrt();
            let corner = 1.0 / (1.0 + f64::exp(epsilon));
            assert!(upper_tail(mu / 2.0) <= corner * (1.0 + 1e-12), "{epsilon}");
            assert!(epsilon < 1e-3 || upper_tail(mu / 2.0) >= corner * (1.0 - 1e-6), "{epsilon}");
            let back = laplace_epsilon(laplace_rho(epsilon));
            assert!(back >= epsilon * (1.0 - 1e-8) && laplace_rho(back) <= laplace_rho(epsilon), "{epsilon} {back}");
        }
        // Twice the square of the normal quantile of 1/(1+e); the reference has 50 digits (mpmath).
        assert!((laplace_rho(1.0).get() - 0.758_955_595_370_979_3).abs() < 3e-12, "{}", laplace_rho(1.0).get());
        assert_eq!(laplace_rho(0.0), Rho::ZERO);
        assert_eq!(laplace_epsilon(Rho::ZERO), 0.0);
    }
}
