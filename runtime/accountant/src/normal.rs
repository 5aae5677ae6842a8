//! The normal distribution, accurate in its tails.
//!
//! Prices and caps live where two tails of about 1e-7 nearly cancel. Tails are therefore ratios to the density
//! (the Mills ratio), which neither underflow nor lose digits, and logarithms where the density would.

use libm::erfc;
use std::f64::consts::{FRAC_1_SQRT_2, PI, SQRT_2};

/// The logarithm of the square root of 2 pi.
pub(crate) const LN_SQRT_2PI: f64 = 0.918_938_533_204_672_8;
/// From here on the continued fraction below is as accurate as `erfc`.
const FRACTION_FROM: f64 = 2.0;
const FRACTION_TERMS: u32 = 300;

/// P(Z > x) / density(x) for a standard normal Z and x at least 0; the relative error is below 32 ulp.
pub(crate) fn mills_ratio(x: f64) -> f64 {
    if x < FRACTION_FROM {
        return upper_tail(x) * (x * x / 2.0).exp() * (2.0 * PI).sqrt();
    }
    // Laplace's continued fraction 1/(x + 1/(x + 2/(x + 3/(x + ...)))): all terms are positive, nothing cancels.
    let beyond = f64::midpoint(x, (x * x + 4.0 * f64::from(FRACTION_TERMS)).sqrt());
    1.0 / (1..=FRACTION_TERMS).rev().fold(beyond, |tail, term| x + f64::from(term) / tail)
}

/// P(Z > x).
pub(crate) fn upper_tail(x: f64) -> f64 {
    erfc(x * FRAC_1_SQRT_2) / 2.0
}

/// ln(P(Z <= x) / P(Z > x)) for x at least 0: the epsilon at which a pure mechanism is as hard to tell as two
/// normal distributions 2x apart.
pub(crate) fn log_odds(x: f64) -> f64 {
    if x < 1.0 {
        return 2.0 * libm::erf(x / SQRT_2).atanh();
    }
    let ln_upper = mills_ratio(x).ln() - x * x / 2.0 - LN_SQRT_2PI;
    (-upper_tail(x)).ln_1p() - ln_upper
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reference values of 50 digits (mpmath).
    #[test]
    fn tails_keep_their_digits() {
        let references = [
            (0.0, 1.253_314_137_315_500_2),
            (0.5, 0.876_364_456_453_692_3),
            (1.999_999, 0.421_369_386_549_649_3),
            (2.0, 0.421_369_229_288_054_5),
            (3.0, 0.304_590_298_710_103_3),
            (8.0, 0.123_131_963_257_932_3),
            (37.5, 0.026_647_744_014_898_55),
        ];
        for (x, ratio) in references {
            assert!((mills_ratio(x) / ratio - 1.0).abs() < 32.0 * f64::EPSILON, "{x}: {:e}", mills_ratio(x) / ratio - 1.0);
        }
    }

    #[test]
    fn odds_join_smoothly_and_have_their_slope_at_nothing() {
        let (below, above) = (log_odds(1.0f64.next_down()), log_odds(1.0));
        assert!((above / below - 1.0).abs() < 1e-14, "{below} {above}");
        assert!((log_odds(1e-7) / (4e-7 / (2.0 * PI).sqrt()) - 1.0).abs() < 1e-12);
        assert!(log_odds(40.0).is_finite() && log_odds(40.0) > 800.0);
    }
}
