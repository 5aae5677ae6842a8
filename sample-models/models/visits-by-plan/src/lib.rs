//! Mean number of face-to-face physician visits per person-year, by insurance plan.

#![no_std]

use tidegate_sdk::prelude::*;

/// The manifest's `bounds`: published means lie near 3 visits a year, so 30 is ten times the usual and
/// few person-years reach it. A higher bound would buy their tail with noise for everybody: noise grows
/// with the bound. Bounds come from such public knowledge, never from a look at the data.
const VISITS_MAX: f64 = 30.0;

fn contribute(_: &Parameters, person: &Unit) -> Vec<Contribution> {
    let years = person.table(0);
    let mut visits = Grouped::new(Mean::within(0.0, VISITS_MAX));
    for (plan, number) in years.categories(0).zip(years.integers(1)) {
        if let (Some(plan), Some(number)) = (plan, number) {
            visits.group(plan).add(number as f64);
        }
    }
    vec![visits.into()]
}

model!(contribute);
