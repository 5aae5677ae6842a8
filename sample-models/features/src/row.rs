//! One row. The scales are public: the schema's ranges, and where those are much wider than life (income, the disease
//! index) round numbers known from outside the data. Nothing here was chosen by a look at the data.

/// How many features a row has.
pub const FEATURES: usize = 11;

/// Their names, for reports.
pub const NAMES: [&str; FEATURES] = [
    "intercept",
    "coinsurance 25",
    "coinsurance 50",
    "coinsurance 95",
    "age, (years - 60) / 60",
    "child",
    "female",
    "income, (dollars - 12000) / 12000, at most 1",
    "health good",
    "health fair or poor",
    "diseases, (index - 25) / 25, at most 1",
];

/// The middle of the schema's range of ages, and half of it.
const AGE: f64 = 60.0;
/// Median household income in the United States in the middle of the 1970s, in round numbers.
const INCOME: f64 = 12_000.0;
/// A quarter of the index's range: most people have few chronic diseases.
const DISEASES: f64 = 25.0;

fn scaled(value: f64, unit: f64) -> f64 {
    (value / unit - 1.0).clamp(-1.0, 1.0)
}

fn dummy(holds: bool) -> f64 {
    if holds { 1.0 } else { 0.0 }
}

/// The features of a person-year: coinsurance in percent, age in years, income in dollars, index of chronic diseases;
/// child, female, health good, health fair or poor. Each lies between -1 and 1.
pub fn features([coinsurance, age, income, diseases]: [f64; 4], [child, female, health_good, health_bad]: [bool; 4]) -> [f64; FEATURES] {
    [
        1.0,
        dummy((12.5..37.5).contains(&coinsurance)),
        dummy((37.5..72.5).contains(&coinsurance)),
        dummy(coinsurance >= 72.5),
        scaled(age, AGE),
        dummy(child),
        dummy(female),
        scaled(income, INCOME),
        dummy(health_good),
        dummy(health_bad),
        scaled(diseases, DISEASES),
    ]
}
