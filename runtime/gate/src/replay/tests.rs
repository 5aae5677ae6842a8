//! Both tests of noise, held against draws of known spread: honest ones pass, others are found.

use super::*;

/// Quantiles of a distribution at the middle of so many equal parts: a sample without chance.
fn laplace(numbers: u64, scale: f64) -> Vec<f64> {
    (0..numbers).map(|at| interval_half_width(Mechanism::Laplace, scale, (at as f64 + 0.5) / numbers as f64)).collect()
}

fn gaussian(numbers: u64, scale: f64) -> Vec<f64> {
    let half = |at: u64| interval_half_width(Mechanism::Gaussian, 1e9, (at as f64 + 0.5) / numbers as f64) / 1e9;
    (0..numbers).map(|at| (half(at) * scale).round()).collect()
}

fn plausible(mechanism: Mechanism, sizes: &[f64], scale: f64, finer: f64) -> bool {
    let (noise, mut residuals) = (Noise::of(mechanism, scale, finer), Residuals::default());
    for (at, size) in sizes.iter().enumerate() {
        let exact = 1_000 * at as i64;
        let sign = if at % 2 == 0 { 1 } else { -1 };
        residuals.number(&noise, exact, i128::from(exact) + sign * *size as i128, true);
    }
    residuals.plausible()
}

#[test]
fn honest_noise_passes_at_every_scale() {
    for numbers in [1, 29, 30, 100, 10_000] {
        for scale in [0.8, 3.0, 50.0, 1e6] {
            assert!(plausible(Mechanism::Laplace, &laplace(numbers, scale), scale, 1.0), "laplace {numbers} {scale}");
            assert!(plausible(Mechanism::Gaussian, &gaussian(numbers, scale), scale, 1024.0), "gaussian {numbers} {scale}");
        }
    }
}

#[test]
fn noise_of_another_spread_is_found() {
    for (factor, numbers) in [(0.5, 200), (0.2, 40), (2.0, 200), (4.0, 40)] {
        for (mechanism, drawn) in [(Mechanism::Laplace, laplace(numbers, 1e4)), (Mechanism::Gaussian, gaussian(numbers, 1e4))] {
            let other: Vec<f64> = drawn.iter().map(|size| size * factor).collect();
            assert!(!plausible(mechanism, &other, 1e4, 1.0), "{mechanism:?} {factor} {numbers}");
        }
    }
    // No noise at all, and far too much of it in a single number.
    assert!(!plausible(Mechanism::Gaussian, &[0.0; 50], 100.0, 1024.0));
    assert!(plausible(Mechanism::Gaussian, &[700.0], 100.0, 1024.0) && !plausible(Mechanism::Gaussian, &[720.0], 100.0, 1024.0));
    assert!(plausible(Mechanism::Laplace, &[2_600.0], 100.0, 1.0) && !plausible(Mechanism::Laplace, &[2_800.0], 100.0, 1.0));
}

/// The bound of one side must be an upper bound of the exact probability, here that of a sum of exponentials.
#[test]
fn the_bounds_are_bounds() {
    let ln_factorial = |n: u64| (1..=n).map(|k| (k as f64).ln()).sum::<f64>();
    for numbers in [30_u64, 80] {
        for spread in [1.5, 2.0, 3.0] {
            let sizes = Sizes { sum: spread * numbers as f64, scales: vec![(1e7, numbers)] };
            // P(Gamma(n) >= s) = sum over k < n of e^-s s^k / k!.
            let tail: f64 = (0..numbers).map(|k| (k as f64 * sizes.sum.ln() - sizes.sum - ln_factorial(k)).exp()).sum();
            let bound = sizes.bound(0.0, 1.0 - 1e-9);
            assert!(bound >= tail.ln() && bound < tail.ln() + 5.0, "{numbers} {spread}: {bound} {}", tail.ln());
        }
    }
}

#[test]
fn of_discovered_keys_those_that_many_have_must_be_there() {
    let keys = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let judged = |kept: &[&str], drawn: &[i128]| {
        let (noise, mut residuals) = (Noise::of(Mechanism::Laplace, 10.0, 1.0), Residuals::default());
        let (found, kept) = (keys(&["a", "b", "c"]), keys(kept));
        residuals.keyed(&noise, 1, &Keys { found: &found, kept: &kept, threshold: Some(100.0) }, &[5_000, 40, 4], drawn);
        residuals.plausible()
    };
    assert!(judged(&["a"], &[5_010]) && judged(&["a", "b"], &[4_990, 101]));
    assert!(!judged(&[], &[]), "a must be told");
    assert!(!judged(&["a", "d"], &[5_000, 120]), "nobody has d");
    assert!(!judged(&["a", "b"], &[5_000, 99]), "below the threshold");
    assert!(!judged(&["a", "c"], &[5_000, 900]), "c has not so many");
}
