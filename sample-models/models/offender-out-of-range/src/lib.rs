//! Offender: returns what its manifest does not allow, a different thing for each insurance plan, to
//! push a total out of its bounds, smuggle bits in odd numbers, or break the run.
//! Wall: fixed shape, clamp, grid, check; what does not fit becomes zeros for this unit alone.

#![no_std]

use tidegate_sdk::prelude::*;

/// How many ways to misbehave there are; the manifest's parameter goes up to the last one.
const WAYS: i64 = 18;

/// Statistics of the manifest: a sum in [0, 1] and a mean over three groups (six cells).
fn contribute(parameters: &Parameters, person: &Unit) -> Vec<Contribution> {
    let chosen = parameters.integer(0);
    let plan = person.table(0).categories(0).next().flatten().unwrap_or(0);
    let way = if chosen < 0 { i64::from(plan) % WAYS } else { chosen };
    misbehave(way)
}

fn misbehave(way: i64) -> Vec<Contribution> {
    let honest = || cells(&[(0, 1.0), (1, 0.5)]);
    let number = |value: f64| vec![Contribution::Dense(vec![value]), cells(&[(0, value), (1, value)])];
    let second = |contribution| vec![Contribution::Dense(vec![1.0]), contribution];
    match way {
        0 => second(honest()),
        1 => number(1e300),
        2 => number(f64::NAN),
        3 => number(f64::INFINITY),
        4 => number(f64::NEG_INFINITY),
        5 => number(-1e9),
        6 => number(-0.0),
        7 => number(f64::MIN_POSITIVE / 2.0),
        8 => number(0.1 + f64::EPSILON),
        9 => second(Contribution::Dense(vec![1.0; 5])),
        10 => second(Contribution::Dense(vec![1.0; 7])),
        11 => second(Contribution::Dense(vec![1.0; 6])),
        12 => second(cells(&[(0, 1.0), (0, 1.0), (1, 0.5), (1, 0.5)])),
        13 => second(cells(&[(6, 1.0), (u32::MAX, 1.0)])),
        14 => second(cells(&[(0, 0.0), (1, 30.0)])),
        15 => vec![],
        16 => vec![honest(), honest(), honest(), honest()],
        _ => vec![Contribution::Dense(vec![1.0; 100_000]), honest()],
    }
}

fn cells(list: &[(u32, f64)]) -> Contribution {
    Contribution::Sparse(list.iter().map(|(index, value)| Cell { index: *index, value: *value }).collect())
}

model!(contribute);
