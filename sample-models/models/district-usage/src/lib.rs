//! Usage by district, and how many units have a reading there.

#![no_std]

use tidegate_sdk::prelude::*;

fn contribute(_: &Parameters, unit: &Unit) -> Vec<Contribution> {
    let readings = unit.table(0);
    let mut usage = Grouped::new(Sum::default());
    for (district, amount) in readings.categories(0).zip(readings.floats(1)) {
        if let (Some(district), Some(amount)) = (district, amount) {
            usage.group(district).add(amount);
        }
    }
    let mut units = Histogram::default();
    for (district, _) in usage.touched() {
        units.add(district);
    }
    vec![usage.into(), units.into()]
}

model!(contribute);
