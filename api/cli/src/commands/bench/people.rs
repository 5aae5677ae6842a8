//! The persons of the RAND experiment, read from the public file for figures without privacy. Nothing of this is part
//! of a run.

#[allow(dead_code, reason = "the modules' own source, of which the names are for their reports")]
#[path = "../../../../../sample-models/features/src/row.rs"]
mod row;

use super::failed;
use crate::commands::demo::material::CSV;
use crate::front::CliError;
use std::collections::BTreeMap;

pub(super) use row::{FEATURES, NAMES};

/// A person-year.
#[derive(Debug, Clone, Copy)]
pub(super) struct Year {
    pub(super) features: [f64; FEATURES],
    /// The year of the experiment, from 1.
    pub(super) number: f64,
    pub(super) coinsurance: f64,
    pub(super) visits: i64,
    pub(super) dollars: f64,
    /// Outpatient, drugs, hospital.
    pub(super) spending: [f64; 3],
}

/// A person.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) identifier: u64,
    pub(super) plan: u32,
    pub(super) years: Vec<Year>,
}

impl Person {
    /// Visits in all years.
    pub(super) fn visits(&self) -> i64 {
        self.years.iter().map(|year| year.visits).sum()
    }

    /// Every fifth person is held out, by the identifier.
    pub(super) fn is_held_out(&self) -> bool {
        self.identifier.is_multiple_of(5)
    }
}

/// Lines of the public file, by their fields.
pub(super) struct Lines<'a> {
    head: Vec<&'a str>,
    pub(super) lines: Vec<&'a str>,
}

impl<'a> Lines<'a> {
    pub(super) fn of_the_public_file() -> Result<Lines<'static>, CliError> {
        let text = std::str::from_utf8(CSV).map_err(failed)?;
        let mut lines = text.lines();
        let head = lines.next().unwrap_or_default().split(',').collect();
        Ok(Lines { head, lines: lines.collect() })
    }

    fn place(&self, name: &str) -> Result<usize, CliError> {
        self.head.iter().position(|head| *head == name).ok_or_else(|| failed(format!("no column {name}")))
    }

    /// The columns of these names, as numbers, of each line.
    pub(super) fn numbers<const N: usize>(&self, names: [&str; N]) -> Result<Vec<[f64; N]>, CliError> {
        let places = names.iter().map(|name| self.place(name)).collect::<Result<Vec<_>, _>>()?;
        let line = |line: &&str| {
            let fields: Vec<&str> = line.split(',').collect();
            let mut numbers = [0.0; N];
            for (number, place) in numbers.iter_mut().zip(&places) {
                let field = fields.get(*place).copied().unwrap_or_default();
                *number = field.parse().map_err(|_| failed(format!("`{field}` is no number")))?;
            }
            Ok(numbers)
        };
        self.lines.iter().map(line).collect()
    }

    /// A file of the lines of some persons.
    pub(super) fn file_of(&self, keep: impl Fn(u64) -> bool) -> Result<String, CliError> {
        let identifiers = self.numbers(["zper"])?;
        let mut text = self.head.join(",");
        for (line, [identifier]) in self.lines.iter().zip(identifiers) {
            if keep(identifier as u64) {
                text.push('\n');
                text.push_str(line);
            }
        }
        text.push('\n');
        Ok(text)
    }
}

/// Everybody.
pub(super) fn people() -> Result<Vec<Person>, CliError> {
    let lines = Lines::of_the_public_file()?;
    let numbers = lines.numbers([
        "zper", "plan", "coins", "xage", "income", "disea", "child", "female", "hlthg", "hlthf", "hlthp", "mdvis", "meddol", "outpdol",
        "drugdol", "inpdol", "year",
    ])?;
    let mut people: BTreeMap<u64, Person> = BTreeMap::new();
    for line in numbers {
        let [
            identifier,
            plan,
            coinsurance,
            age,
            income,
            diseases,
            child,
            female,
            good,
            fair,
            poor,
            visits,
            dollars,
            outpatient,
            drugs,
            hospital,
            number,
        ] = line;
        let holds = |flag: f64| flag != 0.0;
        let features =
            row::features([coinsurance, age, income, diseases], [holds(child), holds(female), holds(good), holds(fair) || holds(poor)]);
        let year = Year { features, number, coinsurance, visits: visits as i64, dollars, spending: [outpatient, drugs, hospital] };
        let identifier = identifier as u64;
        people.entry(identifier).or_insert_with(|| Person { identifier, plan: plan as u32, years: Vec::new() }).years.push(year);
    }
    Ok(people.into_values().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_is_read() {
        let people = people().expect("people");
        assert_eq!((people.len(), people.iter().map(|person| person.years.len()).sum::<usize>()), (5912, 20190));
        assert!(people.iter().flat_map(|person| &person.years).all(|year| year.features.iter().all(|feature| feature.abs() <= 1.0)));
        let held_out = people.iter().filter(|person| person.is_held_out()).count();
        assert!((1_000..1_400).contains(&held_out), "{held_out}");
    }
}
