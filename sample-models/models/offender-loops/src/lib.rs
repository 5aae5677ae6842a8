//! Offender: loops for ever when it meets one person, so that the run's time or failure tells that the
//! person is there. Wall: fuel ends the call, the person contributes zeros, nobody outside sees it.

#![no_std]

use tidegate_sdk::prelude::*;

fn contribute(parameters: &Parameters, person: &Unit) -> Vec<Contribution> {
    let (income, age) = (parameters.float(0), parameters.float(1));
    let years = person.table(0);
    let first = (years.floats(0).next().flatten(), years.floats(1).next().flatten());
    if let (Some(first_income), Some(first_age)) = first
        && near(first_income, income)
        && near(first_age, age)
    {
        loop {
            core::hint::spin_loop();
        }
    }
    let mut persons = Count::default();
    persons.add(1);
    vec![persons.into()]
}

/// The file has two decimals of income and five of age.
fn near(value: f64, target: f64) -> bool {
    (target - 0.005..target + 0.005).contains(&value)
}

model!(contribute);
