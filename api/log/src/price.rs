//! What noise costs, computed again for the audit.
//!
//! Guarantee: nothing here is shared with the accountant that admits runs, on purpose: a mistake there must not
//! be repeated where it should be found. Both follow the same published propositions.
//!
//! Rejected: calling `tidegate-accountant`, which would verify it with itself.

use crate::entry::Charge;
use tidegate_terms::Mechanism;

/// One unit of rho, the largest rounding between a real price and a booked one.
const RHO_UNIT: f64 = 1e-12;

/// Whether what was booked pays what is needed, but for the rounding of one unit.
pub(crate) fn pays(booked: f64, needed: f64) -> bool {
    // What is not a number, or infinite, cannot be paid.
    needed.is_finite() && needed <= booked + RHO_UNIT + needed * 4.0 * f64::EPSILON
}

/// The rho that mechanism, scale and sensitivity imply: s²/(2σ²) for a Gaussian, (s/b)²/2 for a Laplace, which
/// is purely s/b private (Bun and Steinke 2016, propositions 1.6 and 1.4).
pub(crate) fn price(charge: &Charge) -> f64 {
    let Charge { mechanism: Mechanism::Gaussian | Mechanism::Laplace, scale, sensitivity, .. } = charge;
    if *scale > 0.0 && *sensitivity >= 0.0 { (sensitivity / scale).powi(2) / 2.0 } else { f64::NAN }
}

/// The smallest epsilon to which rho-zCDP is known to come down at this delta (Canonne, Kamath, Steinke 2020,
/// proposition 12), by trying orders closely and then more closely about the best.
pub(crate) fn epsilon_of(rho: f64, delta: f64) -> f64 {
    let at = |log_excess: f64| {
        let excess = log_excess.exp();
        let alpha = 1.0 + excess;
        alpha * rho + (-delta.ln() - log_excess + alpha * (-1.0 / alpha).ln_1p()) / excess
    };
    let (mut middle, mut width) = (8.0, 24.0);
    for _ in 0..8 {
        let steps = (-100..=100).map(|step| middle + width * f64::from(step) / 100.0);
        middle = steps.min_by(|a, b| at(*a).total_cmp(&at(*b))).unwrap_or(middle);
        width /= 20.0;
    }
    at(middle).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_conversion_agrees_with_the_published_figures() {
        // So many Gaussians of scale 10, 20, 50 and 100 fit (1, 1e-6) by the tight conversion, and not one more.
        for (scale, count) in [(10.0_f64, 4.0), (20.0, 19.0), (50.0, 121.0), (100.0, 487.0)] {
            let rho = 1.0 / (2.0 * scale * scale);
            assert!(epsilon_of(rho * count, 1e-6) <= 1.0, "{scale}");
            assert!(epsilon_of(rho * (count + 1.0), 1e-6) > 1.0, "{scale}");
        }
        assert!(epsilon_of(0.02, 0.0).is_infinite() || epsilon_of(0.02, 0.0).is_nan());
        assert_eq!(epsilon_of(0.0, 1e-6), 0.0);
    }
}
