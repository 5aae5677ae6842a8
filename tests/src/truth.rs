//! The truth about the RAND data, computed from the file by other code than the product's.

use crate::program::repository;
use std::collections::BTreeMap;

/// The person-years of each person, in the order of the file.
pub struct Truth {
    persons: BTreeMap<String, Vec<BTreeMap<String, String>>>,
}

impl Truth {
    /// Reads the file: plain numbers and commas.
    pub fn read() -> Self {
        let text = std::fs::read_to_string(repository("sample-models/datasets/rand-hie/rand_hie.csv")).expect("data");
        let mut lines = text.lines();
        let heads: Vec<&str> = lines.next().expect("header").split(',').collect();
        let mut persons: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for line in lines {
            let row: BTreeMap<String, String> = heads.iter().map(|&head| head.to_owned()).zip(line.split(',').map(str::to_owned)).collect();
            persons.entry(row["zper"].clone()).or_default().push(row);
        }
        Self { persons }
    }

    /// How many persons there are.
    pub fn persons(&self) -> usize {
        self.persons.len()
    }

    /// How many person-years there are.
    pub fn years(&self) -> usize {
        self.persons.values().map(Vec::len).sum()
    }

    /// How many persons have 0, 1, ... 5 years with expenditure above a threshold.
    pub fn expensive_years(&self, threshold: f64) -> Vec<i64> {
        let mut persons = vec![0; 6];
        for years in self.persons.values() {
            persons[years.iter().filter(|year| number(&year["meddol"]) > threshold).count()] += 1;
        }
        persons
    }

    /// The clamped visits of each person-year, by plan.
    pub fn visits_by_plan(&self, most: f64) -> BTreeMap<String, Vec<f64>> {
        let mut visits: BTreeMap<_, Vec<f64>> = BTreeMap::new();
        for year in self.persons.values().flatten() {
            visits.entry(year["plan"].clone()).or_default().push(number(&year["mdvis"]).clamp(0.0, most));
        }
        visits
    }

    /// The insurance plan in the first person-year of each person.
    pub fn first_plans(&self) -> Vec<usize> {
        self.persons.values().map(|years| number(&years[0]["plan"]) as usize).collect()
    }

    /// Income and age in the first person-year of each person.
    pub fn first_incomes_and_ages(&self) -> Vec<(f64, f64)> {
        self.persons.values().map(|years| (number(&years[0]["income"]), number(&years[0]["xage"]))).collect()
    }

    /// The visits of all persons, those of each in all years together clamped.
    pub fn total_visits(&self, most: f64) -> f64 {
        self.persons.values().map(|years| years.iter().map(|year| number(&year["mdvis"])).sum::<f64>().min(most)).sum()
    }

    /// What visits cost at a price for each year, clamped for each person.
    pub fn visits_cost(&self, prices: &[f64], most: f64) -> f64 {
        let of_year = |year: &BTreeMap<String, String>| number(&year["mdvis"]) * prices[number(&year["year"]) as usize - 1];
        self.persons.values().map(|years| years.iter().map(of_year).sum::<f64>().min(most)).sum()
    }

    /// The clamped expenditure of each person-year.
    pub fn expenditure(&self, most: f64) -> Vec<f64> {
        self.persons.values().flatten().map(|year| number(&year["meddol"]).clamp(0.0, most)).collect()
    }
}

/// The mean of some values.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Their variance, divided by their number.
pub fn variance(values: &[f64]) -> f64 {
    let centre = mean(values);
    values.iter().map(|value| (value - centre).powi(2)).sum::<f64>() / values.len() as f64
}

fn number(text: &str) -> f64 {
    text.parse().unwrap_or_else(|_| panic!("`{text}` is no number"))
}
