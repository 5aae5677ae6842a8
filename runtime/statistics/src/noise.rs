//! Quantiles of the noise, for intervals and for quotes.

use tidegate_terms::Mechanism;

/// The smallest whole number h with P(|noise| <= h) >= `confidence`, in steps of the grid.
///
/// Exact for the discrete Laplace (Ghosh, Roughgarden, Sundararajan 2009) and, by summation, for discrete
/// Gaussians of small scale; for scale 1000 and above the continuous quantile plus one half step, to which
/// the discrete one has converged (Canonne, Kamath, Steinke 2020, Fact 18).
pub fn interval_half_width(mechanism: Mechanism, scale: f64, confidence: f64) -> f64 {
    match mechanism {
        Mechanism::Laplace => laplace_half_width(scale, confidence),
        Mechanism::Gaussian if scale >= 1000.0 => scale * normal_quantile(f64::midpoint(1.0, confidence)) + 0.5,
        Mechanism::Gaussian => gaussian_half_width(scale, confidence),
    }
}

/// P(|X| > h) = 2 p^(h+1) / (1 + p) with p = exp(-1/scale).
fn laplace_half_width(scale: f64, confidence: f64) -> f64 {
    let p = (-1.0 / scale).exp();
    let tail = (1.0 - confidence) * (1.0 + p) / 2.0;
    // ln p is -1/scale, exactly; taken of a rounded p it would be lost for large scales.
    (-tail.ln() * scale - 1.0).ceil().max(0.0)
}

/// The half width of the interval of the sum of two independent draws.
pub(crate) fn sum_of_two_half_width(mechanism: Mechanism, scale: f64, confidence: f64) -> f64 {
    match mechanism {
        Mechanism::Gaussian => interval_half_width(mechanism, scale * 2f64.sqrt(), confidence),
        Mechanism::Laplace => {
            // P(|X + Y| > h) = exp(-h / b) (1 + h / (2 b)) for continuous ones; one step more for the discrete.
            let outside = |h: f64| (-h / scale).exp() * (1.0 + h / (2.0 * scale));
            let (mut low, mut high) = (0.0, 100.0 * scale);
            for _ in 0..100 {
                let middle = f64::midpoint(low, high);
                if outside(middle) > 1.0 - confidence { low = middle } else { high = middle }
            }
            high + 1.0
        }
    }
}

/// A bound from above on P(standard normal > x): Sampford (1953) for x above 0, and 1 elsewhere.
pub(crate) fn normal_tail_at_most(x: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    let density = (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
    4.0 * density / (3.0 * x + (x * x + 8.0).sqrt())
}

fn gaussian_half_width(scale: f64, confidence: f64) -> f64 {
    let density = |x: f64| (-x * x / (2.0 * scale * scale)).exp();
    let reach = (scale * 12.0).ceil() as u64 + 2;
    let whole: f64 = 1.0 + 2.0 * (1..=reach).map(|x| density(x as f64)).sum::<f64>();
    let mut inside = 1.0;
    let mut half = 0;
    while inside < confidence * whole && half < reach {
        half += 1;
        inside += 2.0 * density(half as f64);
    }
    half as f64
}

/// The quantile of the standard normal distribution: Acklam's rational approximation, one Halley step.
pub(crate) fn normal_quantile(p: f64) -> f64 {
    let tail = |q: f64| {
        const C: [f64; 6] =
            [-7.784894002430293e-3, -3.223964580411365e-1, -2.400758277161838, -2.549732539343734, 4.374664141464968, 2.938163982698783];
        const D: [f64; 4] = [7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416];
        let top = C.iter().fold(0.0, |sum, c| sum * q + c);
        top / (D.iter().fold(0.0, |sum, d| sum * q + d) * q + 1.0)
    };
    if p < 0.02425 {
        tail((-2.0 * p.ln()).sqrt())
    } else if p > 1.0 - 0.02425 {
        -tail((-2.0 * (1.0 - p).ln()).sqrt())
    } else {
        const A: [f64; 6] =
            [-3.969683028665376e1, 2.209460984245205e2, -2.759285104469687e2, 1.38357751867269e2, -3.066479806614716e1, 2.506628277459239];
        const B: [f64; 5] = [-5.447609879822406e1, 1.615858368580409e2, -1.556989798598866e2, 6.680131188771972e1, -1.328068155288572e1];
        let q = p - 0.5;
        let r = q * q;
        let top = A.iter().fold(0.0, |sum, a| sum * r + a) * q;
        top / (B.iter().fold(0.0, |sum, b| sum * r + b) * r + 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_quantiles() {
        assert!((normal_quantile(0.975) - 1.959_963_985).abs() < 1e-6);
        assert!((normal_quantile(0.5)).abs() < 1e-9);
        assert!((normal_quantile(0.995) - 2.575_829_304).abs() < 1e-6);
        assert!((normal_quantile(0.01) + 2.326_347_874).abs() < 1e-6);
    }

    #[test]
    fn half_widths_are_the_smallest_that_cover() {
        for scale in [0.3, 1.0, 7.5, 200.0] {
            let p: f64 = (-1.0f64 / scale).exp();
            let outside = |h: f64| 2.0 * p.powf(h + 1.0) / (1.0 + p);
            let half = laplace_half_width(scale, 0.95);
            assert!(outside(half) <= 0.05 + 1e-12);
            assert!(half == 0.0 || outside(half - 1.0) > 0.05);
        }
        assert_eq!(gaussian_half_width(0.1, 0.95), 0.0);
        assert!((gaussian_half_width(999.0, 0.95) - 999.0 * 1.959_964).abs() <= 1.0);
    }
}
