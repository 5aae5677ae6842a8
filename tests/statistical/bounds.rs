//! Confidence bounds, by code that shares nothing with the product's.

/// The Clopper-Pearson lower bound on a probability, wrong with probability `wrong`.
pub fn at_least(hits: usize, draws: usize, wrong: f64) -> f64 {
    if hits == 0 {
        return 0.0;
    }
    // The largest p under which so many hits or more have a probability of at most `wrong`.
    bisect(|p| upper_tail(hits, draws, p) <= wrong)
}

/// The Clopper-Pearson upper bound.
pub fn at_most(hits: usize, draws: usize, wrong: f64) -> f64 {
    1.0 - at_least(draws - hits, draws, wrong)
}

/// The last p in (0, 1) for which a property holds that is lost once.
fn bisect(holds: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if holds(middle) { low = middle } else { high = middle }
    }
    low
}

/// P(Binomial(draws, p) >= hits), summed from its largest term down.
fn upper_tail(hits: usize, draws: usize, p: f64) -> f64 {
    let (n, mean) = (draws as f64, draws as f64 * p);
    if (hits as f64) <= mean {
        return 1.0;
    }
    let log_choose = ln_factorial(draws) - ln_factorial(hits) - ln_factorial(draws - hits);
    let mut term = (log_choose + hits as f64 * p.ln() + (n - hits as f64) * (-p).ln_1p()).exp();
    let mut sum = 0.0;
    for k in hits..=draws {
        sum += term;
        term *= (n - k as f64) / (k as f64 + 1.0) * p / (1.0 - p);
        if term < sum * 1e-17 {
            break;
        }
    }
    sum
}

/// Stirling's series; exact to 1e-10 from 10 on, by the sum below.
fn ln_factorial(n: usize) -> f64 {
    if n < 32 {
        return (2..=n).map(|k| (k as f64).ln()).sum();
    }
    let x = n as f64;
    (x + 0.5) * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI).ln() + 1.0 / (12.0 * x) - 1.0 / (360.0 * x.powi(3))
}

/// The quantile of the standard normal distribution, by bisection of its integral.
pub fn normal_quantile(p: f64) -> f64 {
    let (mut low, mut high) = (-10.0, 10.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if normal_below(middle) <= p { low = middle } else { high = middle }
    }
    low
}

/// The integral of the density from 0, by Simpson's rule, plus one half.
fn normal_below(x: f64) -> f64 {
    const STEPS: usize = 400;
    let density = |t: f64| (-t * t / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let h = x / STEPS as f64;
    let weight = |at: usize| {
        if at == 0 || at == STEPS {
            1.0
        } else if at % 2 == 1 {
            4.0
        } else {
            2.0
        }
    };
    0.5 + h / 3.0 * (0..=STEPS).map(|at| weight(at) * density(at as f64 * h)).sum::<f64>()
}

#[test]
fn known_bounds() {
    // Published tables: 95 % two-sided bounds for 10 of 100 are 0.0490 and 0.1762.
    assert!((at_least(10, 100, 0.025) - 0.0490).abs() < 1e-4);
    assert!((at_most(10, 100, 0.025) - 0.1762).abs() < 1e-4);
    assert!((normal_quantile(0.975) - 1.959_964).abs() < 1e-5);
    assert!(at_least(0, 100, 0.025) == 0.0 && at_most(100, 100, 0.025) == 1.0);
}
