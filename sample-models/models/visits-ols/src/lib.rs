//! Least squares through sufficient statistics: X'X, X'y and y'y in one bounded vector, solved in `conclude`.

#![no_std]

mod symmetric;

use libm::sqrt;
use rand_hie_features::{FEATURES, NAMES, rows};
use symmetric::{Eigen, Square, zeros};
use tidegate_sdk::prelude::*;

/// More visits in a year count as so many.
const VISITS_MAX: f64 = 20.0;
/// Visits are counted in tens, so that their noise is small and they do not fill the norm.
const VISITS_UNIT: f64 = 10.0;
/// Features and the outcome.
const ENTRIES: usize = FEATURES + 1;
const PRODUCTS: usize = ENTRIES * (ENTRIES + 1) / 2;
const ROOT_2: f64 = core::f64::consts::SQRT_2;
/// Half a 95 % interval in standard deviations.
const REACH: f64 = 1.959_964;

/// The places of all products of two entries, in order, with what each is multiplied by: the vector then has the
/// squared length of the row.
fn products() -> impl Iterator<Item = (usize, usize, f64)> {
    (0..ENTRIES).flat_map(|i| (i..ENTRIES).map(move |j| (i, j, if i == j { 1.0 } else { ROOT_2 })))
}

fn contribute(_: &Inputs, person: &Unit) -> Vec<Contribution> {
    let (mut sums, mut years) = (vec![0.0; PRODUCTS], 0.0);
    for (features, visits) in rows(person.table(0)) {
        let mut row = [0.0; ENTRIES];
        row[..FEATURES].copy_from_slice(&features);
        row[FEATURES] = visits.min(VISITS_MAX) / VISITS_UNIT;
        for (sum, (i, j, factor)) in sums.iter_mut().zip(products()) {
            *sum += factor * row[i] * row[j];
        }
        years += 1.0;
    }
    if years > 0.0 {
        sums.iter_mut().for_each(|sum| *sum /= years);
    }
    vec![Contribution::Dense(sums)]
}

fn conclude(_: &Inputs, releases: &[Released]) -> Conclusion {
    let released = &releases[0];
    let noise = (released.upper[0] - released.lower[0]) / 2.0 / REACH;
    let mut moments = zeros::<ENTRIES>();
    for ((i, j, factor), value) in products().zip(&released.values) {
        moments[i][j] = value / factor;
        moments[j][i] = moments[i][j];
    }
    Conclusion::Done(Fit::of(&moments, noise).report())
}

struct Fit {
    coefficients: [f64; FEATURES],
    sampling: [f64; FEATURES],
    noise: [f64; FEATURES],
    ridge: f64,
    residual: f64,
}

impl Fit {
    /// The first entry of a row is always 1, so the first moment is the number of persons.
    fn of(moments: &Square<ENTRIES>, noise: f64) -> Self {
        let mut products = zeros::<FEATURES>();
        (0..FEATURES).for_each(|i| products[i].copy_from_slice(&moments[i][..FEATURES]));
        let eigen = Eigen::of(products);
        // A symmetric matrix of noise whose entries off the diagonal have deviation s has norm 2 s root(n), nearly.
        let off_diagonal = noise / ROOT_2;
        let largest_noise = 2.0 * off_diagonal * sqrt(FEATURES as f64);
        let ridge = (largest_noise - eigen.least()).max(0.0);
        let inverse = eigen.inverse_plus(ridge);
        let coefficients: [f64; FEATURES] = core::array::from_fn(|i| (0..FEATURES).map(|j| inverse[i][j] * moments[j][FEATURES]).sum());
        let persons = moments[0][0].max(1.0);
        let explained: f64 =
            (0..FEATURES).map(|i| coefficients[i] * (2.0 * moments[i][FEATURES] - fitted(&products, &coefficients, i))).sum();
        let residual = ((moments[FEATURES][FEATURES] - explained) / persons).max(0.0);
        let squared: f64 = coefficients.iter().map(|coefficient| coefficient * coefficient).sum();
        // Of the noise N in X'X and n in X'y, n - N b has covariance off^2 ((1 + |b|^2) I + b b').
        let spread = |i: usize| {
            let row = inverse[i];
            let plain: f64 = row.iter().map(|entry| entry * entry).sum();
            let along: f64 = (0..FEATURES).map(|j| row[j] * coefficients[j]).sum();
            off_diagonal * sqrt((1.0 + squared) * plain + along * along)
        };
        let scatter = |i: usize| {
            let row = inverse[i];
            let variance: f64 = (0..FEATURES).map(|j| row[j] * fitted(&products, &row, j)).sum();
            sqrt((residual * variance).max(0.0))
        };
        Self { coefficients, sampling: core::array::from_fn(scatter), noise: core::array::from_fn(spread), ridge, residual }
    }

    /// In visits a year.
    fn report(&self) -> Vec<Finding> {
        let mut findings = Vec::with_capacity(2 * FEATURES + 2);
        for (i, name) in NAMES.iter().enumerate() {
            findings.push(finding(*name, self.coefficients[i] * VISITS_UNIT));
            let error = sqrt(self.sampling[i] * self.sampling[i] + self.noise[i] * self.noise[i]);
            findings.push(finding(String::from("standard error of ") + name, error * VISITS_UNIT));
        }
        findings.push(finding("residual standard deviation", sqrt(self.residual) * VISITS_UNIT));
        findings.push(finding("ridge", self.ridge));
        findings
    }
}

/// One entry of a matrix times a vector.
fn fitted(matrix: &Square<FEATURES>, vector: &[f64; FEATURES], i: usize) -> f64 {
    matrix[i].iter().zip(vector).map(|(entry, factor)| entry * factor).sum()
}

model!(contribute, conclude);
