//! Logistic regression by noisy full-batch gradient descent with momentum and averaging.

#![no_std]

use libm::exp;
use rand_hie_features::{FEATURES, NAMES, rows};
use tidegate_sdk::prelude::*;

/// The manifest's `rounds.max`.
const ROUNDS: u32 = 20;
const STEP: f64 = 4.0;
const MOMENTUM: f64 = 0.7;

fn contribute(inputs: &Inputs, person: &Unit) -> Vec<Contribution> {
    let weights = inputs.state_or_zeros(FEATURES);
    let (mut gradient, mut years) = (vec![0.0; FEATURES], 0.0);
    for (features, visits) in rows(person.table(0)) {
        let score: f64 = features.iter().zip(&weights).map(|(feature, weight)| feature * weight).sum();
        let outcome = if visits > 0.0 { 1.0 } else { 0.0 };
        let error = 1.0 / (1.0 + exp(-score)) - outcome;
        gradient.iter_mut().zip(features).for_each(|(entry, feature)| *entry += error * feature);
        years += 1.0;
    }
    if years > 0.0 {
        gradient.iter_mut().for_each(|entry| *entry /= years);
    }
    vec![Contribution::Dense(gradient)]
}

fn conclude(inputs: &Inputs, releases: &[Released]) -> Conclusion {
    let persons = inputs.parameters().integer(0) as f64;
    let mut state = inputs.state_or_zeros(3 * FEATURES);
    let (weights, rest) = state.split_at_mut(FEATURES);
    let (velocity, averaged) = rest.split_at_mut(FEATURES);
    let averaging = inputs.round > ROUNDS / 2;
    for i in 0..FEATURES {
        velocity[i] = MOMENTUM * velocity[i] + releases[0].values[i] / persons;
        weights[i] -= STEP * velocity[i];
        if averaging {
            averaged[i] += weights[i];
        }
    }
    if inputs.round < ROUNDS {
        return Conclusion::Again(state);
    }
    let averaged_over = f64::from(ROUNDS - ROUNDS / 2);
    Conclusion::Done(NAMES.iter().zip(averaged).map(|(name, sum)| finding(*name, *sum / averaged_over)).collect())
}

model!(contribute, conclude);
