//! What visits would cost at prices that are public: both halves see the side table.

#![no_std]

use tidegate_sdk::prelude::*;

fn price_of(inputs: &Inputs, year: i64) -> f64 {
    let prices = inputs.side_table(0);
    let of_year = prices.integers(0).flatten().zip(prices.floats(1).flatten()).find(|(known, _)| *known == year);
    of_year.map_or(0.0, |(_, price)| price)
}

fn contribute(inputs: &Inputs, person: &Unit) -> Vec<Contribution> {
    let years = person.table(0);
    let mut cost = Sum::default();
    for (year, visits) in years.integers(0).zip(years.integers(1)) {
        if let (Some(year), Some(visits)) = (year, visits) {
            cost.add(visits as f64 * price_of(inputs, year));
        }
    }
    vec![cost.into()]
}

fn conclude(inputs: &Inputs, releases: &[Released]) -> Conclusion {
    let prices: Vec<f64> = inputs.side_table(0).floats(1).flatten().collect();
    let highest = prices.iter().copied().fold(0.0, f64::max);
    let visits_at_least = if highest > 0.0 { releases[0].value(0, 0) / highest } else { 0.0 };
    Conclusion::Done(vec![finding("highest price", highest), finding("visits at least", visits_at_least)])
}

model!(contribute, conclude);
