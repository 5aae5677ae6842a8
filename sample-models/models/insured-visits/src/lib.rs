//! Visits of one dataset by the insurance scheme of another.

#![no_std]

use tidegate_sdk::prelude::*;

fn contribute(_: &Parameters, person: &Unit) -> Vec<Contribution> {
    let (mut visits, mut cost) = (Grouped::new(Count::default()), Grouped::new(Mean::within(0.0, 500.0)));
    if let Some(scheme) = person.table(1).categories(0).flatten().next() {
        for amount in person.table(0).floats(0).flatten() {
            visits.group(scheme).add(1);
            cost.group(scheme).add(amount);
        }
    }
    vec![visits.into(), cost.into()]
}

model!(contribute);
