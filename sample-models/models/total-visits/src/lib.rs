//! Visits to physicians: in all, and per person.

#![no_std]

use tidegate_sdk::prelude::*;

/// The manifest's outer `bounds`. The host clamps to the bounds that the run finds; a person gives one value, so
/// it can.
const VISITS_MAX: f64 = 1_830.0;

fn contribute(_: &Parameters, person: &Unit) -> Vec<Contribution> {
    let visits = person.table(0).integers(0).flatten().sum::<i64>() as f64;
    let (mut all, mut per_person) = (Sum::default(), Mean::within(0.0, VISITS_MAX));
    all.add(visits);
    per_person.add(visits);
    vec![all.into(), per_person.into()]
}

model!(contribute);
