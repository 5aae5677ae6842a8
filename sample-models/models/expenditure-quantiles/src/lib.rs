//! Quantiles of medical expenditure per person-year, by coinsurance.

#![no_std]

use tidegate_sdk::prelude::*;

/// The manifest's `candidates`: round amounts, a quarter to a third apart where expenditure is expected.
const DOLLARS: [f64; 31] = [
    1.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 100.0, 120.0, 140.0, 160.0, 180.0, 200.0, 250.0, 300.0, 350.0,
    400.0, 500.0, 600.0, 800.0, 1000.0, 1500.0, 2000.0, 3000.0, 5000.0, 10000.0,
];

/// The experiment's coinsurance rates, in the order of the manifest's keys. Plans of 100 percent on some services count
/// with the catastrophic plan of 95.
fn rate(coinsurance: f64) -> u32 {
    match coinsurance {
        rate if rate < 12.5 => 0,
        rate if rate < 37.5 => 1,
        rate if rate < 72.5 => 2,
        _ => 3,
    }
}

fn contribute(_: &Parameters, person: &Unit) -> Vec<Contribution> {
    let years = person.table(0);
    let mut dollars = Quantiles::over(&DOLLARS);
    for (coinsurance, amount) in years.floats(0).zip(years.floats(1)) {
        if let (Some(coinsurance), Some(amount)) = (coinsurance, amount) {
            dollars.add_to(rate(coinsurance), amount);
        }
    }
    vec![dollars.into()]
}

model!(contribute);
