//! Mean and variance of medical expenditure per person-year, each clamped.

#![no_std]

use tidegate_sdk::prelude::*;

/// The manifest's `bounds`. Expenditure has no natural upper end; the published means are a few hundred
/// dollars, and a hospital stay of those years cost a few thousand. What is above counts as 5,000, so
/// the mean and the variance are those of the clamped amounts: lower than the raw ones.
const DOLLARS_MAX: f64 = 5_000.0;

fn contribute(_: &Parameters, person: &Unit) -> Vec<Contribution> {
    let mut dollars = Variance::within(0.0, DOLLARS_MAX);
    for amount in person.table(0).floats(0).flatten() {
        dollars.add(amount);
    }
    vec![dollars.into()]
}

model!(contribute);
