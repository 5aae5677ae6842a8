//! Between mu of Gaussian DP and (epsilon, delta), exactly.
//!
//! A mu-GDP mechanism is (epsilon, delta(epsilon))-DP for every epsilon, with
//! delta(epsilon) = Phi(-epsilon/mu + mu/2) - e^epsilon Phi(-epsilon/mu - mu/2), and for no smaller delta (Dong, Roth,
//! Su 2022, "Gaussian differential privacy", Corollary 2.13; Balle and Wang 2018, Theorem 8). The unit of account is
//! rho = mu^2 / 2, which adds up where mu does not, and which is also true as zero-concentrated DP.
//!
//! Everything is rounded against the spender: delta(epsilon) is computed with an upper bound on its rounding error.

use crate::normal::{LN_SQRT_2PI, mills_ratio, upper_tail};
use tidegate_terms::{Delta, Epsilon, Rho};

/// More than the rounding error of either tail, relative to the larger one.
const TAIL_ERROR: f64 = 128.0 * f64::EPSILON;
/// More than the rounding error of the logarithm of the density.
const LOG_ERROR: f64 = 1e-11;

/// The smallest epsilon for which a mechanism of this rho (mu^2 / 2) is (epsilon, delta)-DP, rounded up.
pub fn epsilon_of(rho: Rho, delta: Delta) -> f64 {
    epsilon_at(rho, delta.get())
}

/// The largest rho (mu^2 / 2) that implies (epsilon, delta)-DP, rounded down.
pub fn rho_of(epsilon: Epsilon, delta: Delta) -> Rho {
    rho_at(epsilon.get(), delta.get())
}

pub(crate) fn epsilon_at(rho: Rho, delta: f64) -> f64 {
    let mu = mu(rho);
    let enough = |epsilon: f64| ln_delta(mu, epsilon) <= delta.ln();
    if rho == Rho::ZERO || enough(0.0) {
        return 0.0;
    }
    let (mut too_small, mut epsilon) = (0.0, mu * mu / 2.0 + mu);
    while !enough(epsilon) {
        (too_small, epsilon) = (epsilon, 2.0 * epsilon);
        if !epsilon.is_finite() {
            return f64::INFINITY;
        }
    }
    for _ in 0..200 {
        let middle = f64::midpoint(too_small, epsilon);
        if middle <= too_small || middle >= epsilon {
            break;
        }
        if enough(middle) {
            epsilon = middle;
        } else {
            too_small = middle;
        }
    }
    epsilon
}

pub(crate) fn rho_at(epsilon: f64, delta: f64) -> Rho {
    let fits = |units: u64| ln_delta(mu(Rho::from_units(units)), epsilon) <= delta.ln();
    // Beyond 2 epsilon + 1 every delta is above 0.2, and no `Delta` is.
    let (mut fitting, mut too_much) = (0, Rho::cap(2.0 * epsilon + 1.0).units());
    while too_much - fitting > 1 {
        let middle = fitting + (too_much - fitting) / 2;
        if fits(middle) {
            fitting = middle;
        } else {
            too_much = middle;
        }
    }
    Rho::from_units(fitting)
}

fn mu(rho: Rho) -> f64 {
    (2.0 * rho.get()).sqrt() * (1.0 + 2.0 * f64::EPSILON)
}

/// An upper bound on ln delta(epsilon).
///
/// With a = epsilon/mu - mu/2 and b = a + mu the densities obey phi(a) = e^epsilon phi(b), so that
/// delta = phi(a) (R(a) - R(b)) with the Mills ratio R: no exponential overflows and no tail underflows.
fn ln_delta(mu: f64, epsilon: f64) -> f64 {
    if mu == 0.0 {
        return f64::NEG_INFINITY;
    }
    let (near, far) = (epsilon / mu - mu / 2.0, epsilon / mu + mu / 2.0);
    let ln_density = -near * near / 2.0 - LN_SQRT_2PI;
    if near >= 0.0 {
        let ratio = mills_ratio(near);
        (ratio - mills_ratio(far) + TAIL_ERROR * ratio).ln() + ln_density + LOG_ERROR
    } else {
        let tail = upper_tail(near);
        (tail - ln_density.exp() * mills_ratio(far) + TAIL_ERROR * tail).ln() + LOG_ERROR
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delta(value: f64) -> Delta {
        Delta::parse(value).expect("delta")
    }

    fn epsilon(value: f64) -> Epsilon {
        Epsilon::parse(value).expect("epsilon")
    }

    /// Reference values of 50 digits (mpmath): delta(epsilon) for mu and epsilon.
    #[test]
    fn delta_agrees_with_references_and_never_lies_below() {
        for (mu, epsilon, reference) in REFERENCES {
            let ours = ln_delta(mu, epsilon);
            // The upper bound on rounding is wide only where two almost equal tails cancel.
            let wide = 1e-10 + 1e-12 / mu;
            assert!(ours >= reference && ours - reference < wide, "{mu} {epsilon}: {ours} for {reference}");
        }
    }

    /// (mu, epsilon, ln delta).
    const REFERENCES: [(f64, f64, f64); 11] = [
        (0.22, 1.0, -15.423_646_393_197_775),
        (0.5, 0.01, -1.642_899_342_160_359_5),
        (1.0, 5.0, -14.361_320_786_606_816),
        (2.0, 1.0, -0.673_615_844_854_766_1),
        (0.001, 0.004, -18.754_816_970_280_09),
        (12.0, 100.0, -4.828_979_921_828_084),
        (11.0, 100.0, -9.014_498_932_884_637),
        (1e-05, 7e-05, -40.880_997_648_123_55),
        (0.3, 2.3, -34.494_766_181_850_984),
        (5.0, 12.0, -0.772_540_096_131_894_4),
        (20.0, 150.0, -0.007_234_146_894_399_13),
    ];

    #[test]
    fn there_and_back_without_a_gain_and_without_a_loss() {
        for wanted in [0.001, 0.01, 0.1, 0.5, 1.0, 4.0, 20.0, 100.0] {
            for small in [1e-15, 1e-12, 1e-9, 1e-6, 1e-3] {
                let rho = rho_of(epsilon(wanted), delta(small));
                let back = epsilon_of(rho, delta(small));
                assert!(back <= wanted * (1.0 + 1e-12), "{wanted} {small}: {back}");
                let more = epsilon_of(rho.plus(Rho::from_units(2 + rho.units() / 100_000_000)), delta(small));
                assert!(more > wanted, "{wanted} {small}: {more}");
            }
        }
        assert_eq!(epsilon_of(Rho::ZERO, delta(1e-6)), 0.0);
        assert!(epsilon_of(Rho::MAX, delta(1e-6)).is_finite());
    }

    #[test]
    fn tighter_than_every_conversion_of_zero_concentrated_privacy() {
        for units in [1_u64, 1_000, 1_000_000, 20_000_000_000, 500_000_000_000, 30_000_000_000_000] {
            for small in [1e-12, 1e-6, 1e-3] {
                let rho = Rho::from_units(units);
                let (exact, zcdp) = (epsilon_of(rho, delta(small)), crate::comparison::tight_zcdp_epsilon(rho.get(), small));
                assert!(exact <= zcdp * (1.0 + 1e-9) + 1e-12, "{units} {small}: {exact} above {zcdp}");
            }
        }
    }
}
