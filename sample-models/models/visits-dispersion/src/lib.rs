//! Negative-binomial dispersion of visits in one block of persons, by maximum likelihood.

#![no_std]

use libm::{exp, log, pow};
use tidegate_sdk::prelude::*;

/// The search for alpha, on a logarithmic scale; the manifest's candidates lie inside.
const LOG_ALPHA: [f64; 2] = [-4.0, 3.5];
/// Golden-section steps: 7.5 x 0.618^40 is far below the candidates' distance.
const STEPS: usize = 40;
const GOLDEN: f64 = 0.618_033_988_749_894_8;

/// What the likelihood needs of a sample.
struct Sample {
    size: f64,
    mean: f64,
    zeros: f64,
    /// How many values are larger than 0, 1, 2, ...
    beyond: Vec<f64>,
}

impl Sample {
    fn of(visits: impl Iterator<Item = i64>) -> Self {
        let (mut size, mut sum, mut beyond) = (0.0, 0.0, Vec::<f64>::new());
        for number in visits.map(|number| number.max(0) as usize) {
            size += 1.0;
            sum += number as f64;
            if beyond.len() < number {
                beyond.resize(number, 0.0);
            }
            beyond[..number].iter_mut().for_each(|count| *count += 1.0);
        }
        Self { size, mean: sum / size, zeros: size - beyond.first().copied().unwrap_or(0.0), beyond }
    }

    /// The log-likelihood of alpha at the sample's mean, but for what does not depend on alpha:
    /// Gamma(y + 1/alpha) / Gamma(1/alpha) is the product of (1/alpha + j) over j < y.
    fn log_likelihood(&self, alpha: f64) -> f64 {
        let factors: f64 = (0..).zip(&self.beyond).map(|(j, many)| many * log(1.0 + alpha * f64::from(j))).sum();
        factors - self.size * (self.mean + 1.0 / alpha) * log(1.0 + alpha * self.mean)
    }

    fn dispersion(&self) -> f64 {
        let [mut low, mut high] = LOG_ALPHA;
        for _ in 0..STEPS {
            let (left, right) = (high - GOLDEN * (high - low), low + GOLDEN * (high - low));
            if self.log_likelihood(exp(left)) < self.log_likelihood(exp(right)) {
                low = left;
            } else {
                high = right;
            }
        }
        exp((low + high) / 2.0)
    }
}

fn contribute(_: &Parameters, block: &Unit) -> Vec<Contribution> {
    let sample = Sample::of(block.table(0).integers(0).flatten());
    let mut answers = [0.0, 0.0];
    // A sample without a visit has no fit; the host takes zeros and clamps them.
    if sample.mean > 0.0 {
        let alpha = sample.dispersion();
        answers = [alpha, sample.zeros / sample.size - pow(1.0 + alpha * sample.mean, -1.0 / alpha)];
    }
    answers.into_iter().map(|answer| Contribution::Dense(vec![answer])).collect()
}

model!(contribute);
