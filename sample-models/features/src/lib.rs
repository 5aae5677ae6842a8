//! What the regressions on `rand-hie` regress on: one row of numbers for each person-year.

#![no_std]

mod row;

pub use row::{FEATURES, NAMES, features};

use tidegate_sdk::Table;

/// The columns of the person-years table that [`rows`] reads, in the order of the manifest; the outcome comes after.
pub const OUTCOME: usize = 9;

/// The features of each person-year with its visits; a year in which a value is missing is left out.
pub fn rows(years: &Table) -> impl Iterator<Item = ([f64; FEATURES], f64)> + '_ {
    let (mut coinsurance, mut age, mut income) = (years.floats(0), years.floats(1), years.floats(2));
    let (mut child, mut female) = (years.booleans(3), years.booleans(4));
    let (mut good, mut fair, mut poor) = (years.booleans(5), years.booleans(6), years.booleans(7));
    let mut diseases = years.floats(8);
    let mut visits = years.integers(OUTCOME);
    (0..years.rows())
        .filter_map(move |_| {
            // All are read before any is looked at: a missing value must not shift the others.
            let numbers = [coinsurance.next()?, age.next()?, income.next()?, diseases.next()?];
            let flags = [child.next()?, female.next()?, good.next()?, fair.next()?, poor.next()?];
            let visits = visits.next()?;
            let [coinsurance, age, income, diseases] = numbers;
            let [child, female, good, fair, poor] = flags;
            let row = features([coinsurance?, age?, income?, diseases?], [child?, female?, good?, fair? || poor?]);
            Some(Some((row, visits? as f64)))
        })
        .flatten()
}
