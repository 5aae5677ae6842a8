//! Exact tables of persons and of medical expenditure, by insurance plan and year of participation.
//!
//! For the reviewed aggregate mode: two approvers read this and sign its digest. So it has no parameters, and every cell
//! that a person feeds follows from plan and year alone.

#![no_std]

use tidegate_sdk::prelude::*;

/// The manifest's keys of the columns: years 1 to 5.
const YEARS: u32 = 5;

fn contribute(_: &Parameters, person: &Unit) -> Vec<Contribution> {
    let table = person.table(0);
    let (mut persons, mut expenditure) = (Grouped::new(Count::default()), Grouped::new(Sum::default()));
    for ((plan, year), dollars) in table.categories(0).zip(table.integers(1)).zip(table.floats(2)) {
        if let (Some(plan), Some(year), Some(dollars)) = (plan, year, dollars) {
            // The schema bounds years to 1 to 5.
            let cell = plan * YEARS + (year - 1) as u32;
            persons.group(cell).add(1);
            expenditure.group(cell).add(dollars);
        }
    }
    vec![persons.into(), expenditure.into()]
}

model!(contribute);
