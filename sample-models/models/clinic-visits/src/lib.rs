//! Patients by clinic, under names that the run finds, and the age at a visit, from the dates of two tables.

#![no_std]

use tidegate_sdk::prelude::*;

/// The manifest's `per_unit`.
const CLINICS_MAX: usize = 3;
const DAYS_A_YEAR: f64 = 365.25;

fn contribute(_: &Parameters, person: &Unit) -> Vec<Contribution> {
    let (patients, visits) = (person.table(0), person.table(1));
    let mut clinics: Vec<KeyedCells> = Vec::new();
    for clinic in visits.texts(0).flatten().map(str::trim).filter(|clinic| !clinic.is_empty()) {
        let known = clinics.iter().any(|known| known.key == clinic);
        if !known && clinics.len() < CLINICS_MAX {
            clinics.push(KeyedCells { key: clinic.into(), values: vec![1.0] });
        }
    }
    let mut age = Mean::within(0.0, 100.0);
    if let Some(born) = patients.dates(0).flatten().next() {
        for day in visits.dates(1).flatten() {
            age.add(f64::from(day - born) / DAYS_A_YEAR);
        }
    }
    vec![Contribution::Keyed(clinics), age.into()]
}

model!(contribute);
