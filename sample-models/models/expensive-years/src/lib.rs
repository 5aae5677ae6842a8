//! How many persons had 0, 1, ... 5 years with medical expenditure above a threshold.

#![no_std]

use tidegate_sdk::prelude::*;

fn contribute(parameters: &Parameters, person: &Unit) -> Vec<Contribution> {
    let threshold = parameters.float(0);
    let expensive = person.table(0).floats(0).flatten().filter(|amount| *amount > threshold).count();
    let mut persons = Histogram::default();
    persons.add(expensive as u32);
    vec![persons.into()]
}

model!(contribute);
