//! A dense vector of 100,000 entries, all of them different from zero, of length a little below 1.

#![no_std]

use tidegate_sdk::prelude::*;

const ENTRIES: usize = 100_000;
/// 100,000 entries of this size have length 0.95.
const SIZE: f64 = 0.003;

fn contribute(_: &Parameters, unit: &Unit) -> Vec<Contribution> {
    let sum: f64 = unit.table(0).floats(0).flatten().sum();
    let entry = if sum < 0.0 { -SIZE } else { SIZE };
    vec![Contribution::Dense(vec![entry; ENTRIES])]
}

model!(contribute);
