//! What noise costs, computed again for the audit.
//!
//! Guarantee: nothing here is shared with the accountant that admits runs, on purpose: a mistake there must not
//! be repeated where it should be found. Both follow the same published theorems, in other words: the accountant works
//! with ratios of tails and rounds against the spender, the audit takes the formulas as they are printed and allows for
//! the rounding of their last digits.
//!
//! Rejected: calling `tidegate-accountant`, which would verify it with itself.

use crate::entry::Charge;
use libm::{erf, erfc};
use std::f64::consts::{PI, SQRT_2};
use tidegate_terms::Mechanism;

/// One unit of rho, the largest rounding between a real price and a booked one.
pub(crate) const RHO_UNIT: f64 = 1e-12;
/// One unit of delta.
pub(crate) const DELTA_UNIT: f64 = 1e-18;

/// Whether what was booked pays what is needed, but for the rounding of one unit.
pub(crate) fn pays(booked: f64, needed: f64, unit: f64) -> bool {
    // What is not a number, or infinite, cannot be paid.
    needed.is_finite() && needed <= booked + unit + needed * 1e-12
}

/// The rho (mu^2 / 2) that mechanism, scale and sensitivity imply. A Gaussian's mu is s/sigma (Dong, Roth, Su 2022,
/// theorem 2.7); a Laplace is purely s/b private, and its trade-off curve has its corner at 1/(1 + e^(s/b)).
pub(crate) fn price(charge: &Charge) -> f64 {
    let Charge { mechanism, scale, sensitivity, .. } = charge;
    if !(*scale > 0.0 && *sensitivity >= 0.0) {
        return f64::NAN;
    }
    match mechanism {
        Mechanism::Gaussian => (sensitivity / scale).powi(2) / 2.0,
        Mechanism::Laplace => pure_price(sensitivity / scale),
    }
}

/// Phi(-mu/2) = 1/(1 + e^epsilon), solved for mu^2 / 2: with y = mu / sqrt 8, erfc(y) = 2/(1 + e^epsilon), or, which is
/// the same and keeps its digits for small epsilon, erf(y) = tanh(epsilon/2).
fn pure_price(epsilon: f64) -> f64 {
    if epsilon > 700.0 {
        return f64::NAN;
    }
    let reaches = |y: f64| if epsilon < 2.0 { erf(y) >= (epsilon / 2.0).tanh() } else { erfc(y) <= 2.0 / (1.0 + epsilon.exp()) };
    let y = crossing(0.0, 40.0, reaches);
    4.0 * y * y
}

/// How far the noise may be from what it is priced as, in total variation: nothing for the Laplace, which is priced as
/// itself; for the discrete Gaussian its distance from the rounded one, for each cell (`docs/claims/discrete-gaussian.md`).
pub(crate) fn distance(charge: &Charge) -> f64 {
    match charge.mechanism {
        Mechanism::Laplace => 0.0,
        // A distance in total variation is at most 1.
        Mechanism::Gaussian if charge.scale > 0.0 => clamp(f64::from(charge.cells) * cell_distance(charge.scale)),
        Mechanism::Gaussian => f64::NAN,
    }
}

/// At most 1; what is not a number stays so.
fn clamp(distance: f64) -> f64 {
    if distance > 1.0 { 1.0 } else { distance }
}

/// Coarse noise by summation over the integers, fine noise by the bound.
fn cell_distance(scale: f64) -> f64 {
    if scale >= 50.0 {
        return (0.020_164_227 + 0.015_729_29 / scale) / (scale * scale);
    }
    let reach = (scale * 10.0) as i32 + 5;
    let weight = |k: i32| (-f64::from(k).powi(2) / (2.0 * scale * scale)).exp();
    let whole: f64 = (-reach..=reach).map(weight).sum();
    let below = |x: f64| erfc(-x / (scale * SQRT_2)) / 2.0;
    // Only the half where tails keep their digits; the other is its mirror.
    let apart = |k: i32| (weight(k) / whole - (below(f64::from(k) + 0.5) - below(f64::from(k) - 0.5))).abs();
    apart(0) / 2.0 + (-reach..0).map(apart).sum::<f64>()
}

/// The delta at which mu-GDP comes down to this epsilon (Dong, Roth, Su 2022, corollary 2.13).
pub(crate) fn delta_of(rho: f64, epsilon: f64) -> f64 {
    let mu = (2.0 * rho).sqrt();
    if mu == 0.0 {
        return 0.0;
    }
    let far = (epsilon + ln_tail(epsilon / mu + mu / 2.0)).exp();
    erfc((epsilon / mu - mu / 2.0) / SQRT_2) / 2.0 - far
}

/// ln P(Z > x), for large x by its asymptotic series.
fn ln_tail(x: f64) -> f64 {
    if x < 30.0 {
        return (erfc(x / SQRT_2) / 2.0).ln();
    }
    let square = x * x;
    -square / 2.0 - (x * (2.0 * PI).sqrt()).ln() + (-1.0 / square + 3.0 / (square * square)).ln_1p()
}

/// The epsilon to which mu-GDP comes down at this delta; infinite, where there is none.
pub(crate) fn epsilon_of(rho: f64, delta: f64) -> f64 {
    if !(delta > 0.0 && rho.is_finite()) {
        return f64::INFINITY;
    }
    if delta_of(rho, 0.0) <= delta {
        return 0.0;
    }
    crossing(0.0, rho + 60.0 * (2.0 * rho).sqrt(), |epsilon| delta_of(rho, epsilon) <= delta)
}

/// Where between two numbers something begins to hold.
fn crossing(mut before: f64, mut after: f64, holds: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..120 {
        let middle = (before + after) / 2.0;
        // No number lies between any more.
        if middle <= before || middle >= after {
            break;
        }
        if holds(middle) {
            after = middle;
        } else {
            before = middle;
        }
    }
    after
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_terms::{DeltaCost, Name, Rho};

    fn charge(mechanism: Mechanism, scale: f64) -> Charge {
        Charge {
            statistic: Name::parse("x").expect("name"),
            part: "sum".into(),
            mechanism,
            scale,
            sensitivity: 1.0,
            cells: 3,
            rho: Rho::ZERO,
            delta: DeltaCost::ZERO,
            first_round: 1,
            rounds: 1,
        }
    }

    #[test]
    fn the_conversion_agrees_with_the_published_figures() {
        // So many Gaussians of scale 10, 20, 50 and 100 fit (1, 1e-6), and not one more.
        for (scale, count) in [(10.0_f64, 5.0), (20.0, 22.0), (50.0, 140.0), (100.0, 560.0)] {
            let rho = 1.0 / (2.0 * scale * scale);
            assert!(epsilon_of(rho * count, 1e-6) <= 1.0, "{scale}");
            assert!(epsilon_of(rho * (count + 1.0), 1e-6) > 1.0, "{scale}");
        }
        assert!(epsilon_of(0.02, 0.0).is_infinite() && epsilon_of(0.02, -1e-9).is_infinite());
        assert_eq!(epsilon_of(0.0, 1e-6), 0.0);
        // References of 50 digits (mpmath).
        for (mu, epsilon, ln_delta) in [(0.22_f64, 1.0, -15.423_646_393_197_775_f64), (12.0, 100.0, -4.828_979_921_828_084)] {
            assert!((delta_of(mu * mu / 2.0, epsilon).ln() - ln_delta).abs() < 1e-11, "{mu}");
        }
        assert!((epsilon_of(72.0, (-4.828_979_921_828_084_f64).exp()) - 100.0).abs() < 1e-8);
    }

    #[test]
    fn pure_mechanisms_have_the_price_of_their_corner() {
        for (epsilon, reference) in [(1.0, 0.758_955_595_370_979_3), (1e-3, 7.853_981_353_061_353e-7), (30.0, 108.270_521_921_362_37)] {
            assert!((pure_price(epsilon) / reference - 1.0).abs() < 1e-12, "{epsilon}: {}", pure_price(epsilon));
        }
        assert!(pure_price(1e4).is_nan());
    }

    #[test]
    fn both_ways_to_the_distance_meet() {
        let (summed, bound) = (cell_distance(49.999_999), cell_distance(50.0));
        assert!(summed <= bound && bound < summed * 1.03, "{summed} {bound}");
        // At scale 1 the noise differs from the rounded Gaussian by 1.65 % (mpmath).
        assert!((cell_distance(1.0) - 0.016_498_127_253_499).abs() < 1e-14, "{}", cell_distance(1.0));
        assert_eq!(distance(&charge(Mechanism::Gaussian, 100.0)), 3.0 * cell_distance(100.0));
        assert_eq!(distance(&charge(Mechanism::Laplace, 1.0)), 0.0);
        assert!(distance(&charge(Mechanism::Gaussian, -1.0)).is_nan());
    }
}
