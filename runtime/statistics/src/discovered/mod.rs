//! Discovered keys: which texts are keys, and which keys may be said.

use crate::noise::normal_tail_at_most;
use tidegate_terms::Mechanism;
use unicode_normalization::is_nfc;

/// Whether a text is a key: not empty, not too long, not padded, nothing that a terminal would obey, and in the one form
/// that makes two keys that look the same one.
pub(crate) fn is_key(text: &str, bytes_max: usize) -> bool {
    !text.is_empty() && text.len() <= bytes_max && text.trim() == text && !text.chars().any(char::is_control) && is_nfc(text)
}

/// The least noised number of units, in steps, with which a key is said.
///
/// A key that one unit alone has stands at `one` steps. It is said if its noise reaches threshold - `one`; the chance
/// that any of `keys` such keys is, is at most `delta` by the union bound.
pub(crate) fn threshold(mechanism: Mechanism, scale: f64, one: u64, keys: u32, delta: f64) -> f64 {
    let each = delta / f64::from(keys.max(1));
    let excess = match mechanism {
        // P(X >= t) = p^t / (1 + p) with p = exp(-1 / scale), for whole t > 0 (Ghosh, Roughgarden, Sundararajan 2009).
        Mechanism::Laplace => -scale * (each * (1.0 + (-1.0 / scale).exp())).ln(),
        // P(X >= t) <= P(N(0, scale^2) >= t - 1) for whole t (Canonne, Kamath, Steinke 2020, Proposition 25).
        Mechanism::Gaussian => 1.0 + scale * quantile_at_most(each),
    };
    (one as f64 + excess.max(0.0) * (1.0 + 1e-12)).ceil() + 1.0
}

/// Some x with P(standard normal > x) <= `tail`; hardly larger than need be.
fn quantile_at_most(tail: f64) -> f64 {
    let (mut low, mut high) = (0.0, 40.0);
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if normal_tail_at_most(middle) <= tail { high = middle } else { low = middle }
    }
    high
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_form_of_a_text_is_a_key() {
        assert!(is_key("区县", 6) && is_key("e\u{301}".replace("e\u{301}", "é").as_str(), 2));
        for wrong in ["", " a", "a ", "e\u{301}", "1234567", "\u{1b}[2J", "a\u{9b}b"] {
            assert!(!is_key(wrong, 6), "{wrong:?}");
        }
    }

    /// Against exact sums of the discrete distributions.
    #[test]
    fn a_lonely_key_passes_at_most_as_often_as_delta_says() {
        for (scale, keys, delta) in [(0.7, 1, 1e-6), (3.0, 4, 1e-9), (40.0, 10, 1e-5), (200.0, 1, 1e-3)] {
            let laplace = threshold(Mechanism::Laplace, scale, 1, keys, delta) - 1.0;
            let p: f64 = (-1.0f64 / scale).exp();
            assert!(f64::from(keys) * p.powf(laplace) / (1.0 + p) <= delta);
            assert!(f64::from(keys) * p.powf(laplace - 2.0) / (1.0 + p) > delta * p.powi(2), "not much too high");
            let gaussian = threshold(Mechanism::Gaussian, scale, 1, keys, delta) - 1.0;
            let density = |x: f64| (-x * x / (2.0 * scale * scale)).exp();
            let reach = (30.0 * scale) as i64 + 60;
            let whole: f64 = (-reach..=reach).map(|x| density(x as f64)).sum();
            let tail: f64 = (gaussian as i64..=reach).map(|x| density(x as f64)).sum();
            assert!(f64::from(keys) * tail / whole <= delta, "{scale}: {}", f64::from(keys) * tail / whole);
            let earlier: f64 = ((gaussian - 3.0 - 0.1 * scale) as i64..=reach).map(|x| density(x as f64)).sum();
            assert!(f64::from(keys) * earlier / whole > delta, "not much too high: {scale}");
        }
    }
}
