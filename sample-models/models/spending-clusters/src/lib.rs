//! k-means by Lloyd's iteration, a round for each.

#![no_std]

use libm::{expm1, log1p, sqrt};
use tidegate_sdk::prelude::*;

/// The manifest's `rounds.max`.
const ROUNDS: u32 = 8;
const GROUPS: usize = 4;
const NUMBERS: usize = 3;
const NAMES: [&str; NUMBERS] = ["outpatient", "drugs", "hospital"];
/// More in a year counts as so many.
const DOLLARS_MAX: f64 = 10_000.0;
/// Where the centres begin, in dollars: people who hardly spend, who see a doctor, who are ill, who lie in hospital. A
/// guess from what care cost in those years; nobody has looked at the data.
const FIRST: [Point; GROUPS] = [[5.0, 1.0, 0.0], [50.0, 10.0, 0.0], [200.0, 50.0, 0.0], [200.0, 50.0, 1_000.0]];
/// What a group adds up: persons, and their numbers less `MIDDLE`.
const CELLS: usize = 1 + NUMBERS;
/// Numbers lie between 0 and 1; around their middle they are shorter, and need less noise.
const MIDDLE: f64 = 0.5;
/// Half a 95 % interval in standard deviations.
const REACH: f64 = 1.959_964;
/// A group of fewer persons than so many standard deviations of the noise keeps its centre.
const BELIEVED: f64 = 3.0;
/// Centres that moved by less than so many standard deviations of their noise stand still.
const STILL: f64 = 2.0;

type Point = [f64; NUMBERS];

/// Between 0 and 1.
fn scaled(dollars: f64) -> f64 {
    (log1p(dollars) / log1p(DOLLARS_MAX)).max(0.0).min(1.0)
}

/// Where the state says; in the first round, at [`FIRST`].
fn centres(inputs: &Inputs) -> [Point; GROUPS] {
    let known = |group: usize, number: usize| inputs.state.get(group * NUMBERS + number).copied();
    core::array::from_fn(|group| core::array::from_fn(|number| known(group, number).unwrap_or(scaled(FIRST[group][number]))))
}

fn point(person: &Unit) -> Point {
    let years = person.table(0);
    core::array::from_fn(|number| {
        let (sum, many) = years.floats(number).flatten().fold((0.0, 0.0), |(sum, many), dollars| (sum + dollars, many + 1.0));
        if many > 0.0 { scaled(sum / many) } else { 0.0 }
    })
}

fn distance(a: &Point, b: &Point) -> f64 {
    sqrt(a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum())
}

fn contribute(inputs: &Inputs, person: &Unit) -> Vec<Contribution> {
    let (point, centres) = (point(person), centres(inputs));
    let nearest =
        (1..GROUPS).fold(0, |best, group| if distance(&point, &centres[group]) < distance(&point, &centres[best]) { group } else { best });
    let start = (nearest * CELLS) as u32;
    let numbers = (start + 1..).zip(point).map(|(index, number)| Cell { index, value: number - MIDDLE });
    let cells = core::iter::once(Cell { index: start, value: 1.0 }).chain(numbers).filter(|cell| cell.value != 0.0);
    vec![Contribution::Sparse(cells.collect())]
}

fn conclude(inputs: &Inputs, releases: &[Released]) -> Conclusion {
    let sums = &releases[0];
    let noise = (sums.upper[0] - sums.lower[0]) / 2.0 / REACH;
    let mut centres = centres(inputs);
    let mut moves = false;
    for (centre, cells) in centres.iter_mut().zip(sums.values.chunks_exact(CELLS)) {
        let persons = cells[0];
        if persons < BELIEVED * noise {
            continue;
        }
        let moved = core::array::from_fn(|number| (MIDDLE + cells[1 + number] / persons).max(0.0).min(1.0));
        moves |= distance(centre, &moved) > STILL * noise * sqrt(NUMBERS as f64) / persons;
        *centre = moved;
    }
    if moves && inputs.round < ROUNDS {
        return Conclusion::Again(centres.concat());
    }
    Conclusion::Done(report(&centres, sums))
}

fn report(centres: &[Point; GROUPS], sums: &Released) -> Vec<Finding> {
    let mut findings = Vec::with_capacity(GROUPS * CELLS);
    for (group, centre) in centres.iter().enumerate() {
        let label = |what: &str| {
            let mut name = String::from("group ");
            name.push((b'1' + group as u8) as char);
            name.push_str(", ");
            name.push_str(what);
            name
        };
        findings.push(finding(label("persons"), sums.values[group * CELLS]));
        for (number, name) in centre.iter().zip(NAMES) {
            findings.push(finding(label(name), expm1(number * log1p(DOLLARS_MAX))));
        }
    }
    findings
}

model!(contribute, conclude);
