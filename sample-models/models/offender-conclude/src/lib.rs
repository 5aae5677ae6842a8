//! Its clean half traps, loops, answers too much, or never has enough: the run ends with what was released.

#![no_std]

use tidegate_sdk::prelude::*;

fn contribute(_: &Inputs, _: &Unit) -> Vec<Contribution> {
    let mut persons = Count::default();
    persons.add(1);
    vec![persons.into()]
}

fn conclude(inputs: &Inputs, releases: &[Released]) -> Conclusion {
    match inputs.parameters().integer(0) {
        0 => Conclusion::Done(vec![finding("persons", releases[0].value(0, 0)), finding("rounds", f64::from(inputs.round))]),
        1 => panic!("a trap"),
        2 => loop {
            core::hint::black_box(inputs.round);
        },
        // A gigabyte: more than its memory, and more than may be copied.
        3 => Conclusion::Done(vec![finding("much", 0.0); 1 << 25]),
        // Inside its memory, but more than may be copied.
        4 => Conclusion::Done((0..20_000).map(|_| finding("much, much more than a report needs", 1.0)).collect()),
        5 => Conclusion::Again(vec![0.0; 5]),
        6 => Conclusion::Again(vec![f64::NAN]),
        // Rounds that never end.
        _ => Conclusion::Again(vec![f64::from(inputs.round)]),
    }
}

model!(contribute, conclude);
