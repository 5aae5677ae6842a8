//! The release: what an operator receives.

use crate::calibration::{distance, finer};
use crate::noise::{Draw, NoiseError, draw, mechanism_rho};
use serde::{Deserialize, Serialize};
use std::process::Command;
use tidegate_accountant::{Charge, Price, Reservation};
use tidegate_engine::Totals;
use tidegate_statistics::{Estimate, Layout, Noised, Placed, interval_half_width};
use tidegate_terms::{Manifest, Measure, Mechanism, Name, Rho, messages};

messages! {
    /// Why nothing was released.
    pub enum GateError {
        OtherRun = "gate.other-run" {
            en: "totals and reservation belong to different runs",
            zh: "合计与预算预留属于不同的运行",
        },
        OtherLayout = "gate.other-layout" {
            en: "the reservation was not made for this layout",
            zh: "预算预留不是为此布局而作",
        };
        Noise(NoiseError)
    }
}

/// The confidence of every interval.
const CONFIDENCE: f64 = 0.95;

/// The noise that one part of a statistic carries, in the statistic's own unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PartNoise {
    /// `count`, `sum` or `squares`.
    pub part: String,
    /// The scale of the mechanism.
    pub scale: f64,
    /// The sensitivity it is calibrated to.
    pub sensitivity: f64,
    /// What one step of its integer grid is worth.
    pub step: f64,
    /// Its price.
    pub rho: Rho,
}

/// The estimates of one group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// Its public key; absent where the statistic has no groups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Its estimates.
    pub estimates: Vec<Estimate>,
}

/// One released statistic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Released {
    /// Its name.
    pub statistic: Name,
    /// What it measures, with its bounds.
    #[serde(flatten)]
    pub measure: Measure,
    /// The mechanism.
    pub mechanism: Mechanism,
    /// The noise of its parts.
    pub noise: Vec<PartNoise>,
    /// Its groups, in the order of their public keys.
    pub groups: Vec<Group>,
}

/// Noised statistics of one run; the only thing that leaves the domain.
///
/// ```compile_fail
/// // Only the gate makes one.
/// let forged = tidegate_gate::Release { run: String::new(), confidence: 0.95, statistics: vec![] };
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Release {
    run: String,
    /// The confidence of the intervals, which cover the clamped statistic.
    confidence: f64,
    statistics: Vec<Released>,
}

impl Release {
    /// The run.
    pub fn run(&self) -> &str {
        &self.run
    }

    /// The confidence of the intervals.
    pub fn confidence(&self) -> f64 {
        self.confidence
    }

    /// The statistics.
    pub fn statistics(&self) -> &[Released] {
        &self.statistics
    }
}

/// Adds the noise that was paid for to exact totals, in a fresh process, and draws the conclusions.
pub fn release(
    totals: &Totals,
    reservation: &Reservation,
    manifest: &Manifest,
    layout: &Layout,
    noise_process: &mut Command,
) -> Result<Release, GateError> {
    if totals.run() != reservation.run() {
        return Err(GateError::OtherRun);
    }
    let charges = &reservation.price().charges;
    let sums = totals.for_the_gate();
    let parts = layout.statistics().iter().flat_map(|placed| placed.parts.iter().map(move |part| (placed, part)));
    let paid_for = |((placed, part), charge): ((&Placed, &tidegate_statistics::Part), &Charge)| {
        let same = charge.statistic == placed.name && charge.part == part.name && charge.mechanism == placed.mechanism;
        let covered = charge.sensitivity >= part.sensitivity.for_mechanism(placed.mechanism);
        let price = mechanism_rho(charge.mechanism, charge.scale, charge.sensitivity);
        let finer = finer(part, charge);
        let placed_finer = finer == 1.0 || charge.mechanism == Mechanism::Gaussian && finer > 1.0 && finer.log2().fract() == 0.0;
        let near = distance(charge.mechanism, charge.scale, charge.cells) <= charge.delta && charge.cells as usize >= placed.groups();
        same && covered && placed_finer && near && price.is_ok_and(|price| price <= charge.rho)
    };
    let complete = parts.clone().count() == charges.len() && sums.len() == layout.totals_len();
    if !complete || manifest.statistics.len() != layout.statistics().len() || !parts.clone().zip(charges).all(paid_for) {
        return Err(GateError::OtherLayout);
    }
    let draws: Vec<_> = parts
        .zip(charges)
        .map(|((placed, part), charge)| Draw {
            mechanism: charge.mechanism,
            scale: charge.scale,
            totals: placed.groups(),
            finer_bits: finer(part, charge).log2() as u32,
        })
        .collect();
    let noised = draw(noise_process, &draws, sums)?;
    let mut charges = charges.as_slice();
    let statistics = layout.statistics().iter().zip(&manifest.statistics).map(|(placed, statistic)| {
        let (own, rest) = charges.split_at(placed.parts.len());
        charges = rest;
        conclude(placed, own, &noised, &statistic.measure)
    });
    let statistics = statistics.collect();
    Ok(Release { run: totals.run().to_owned(), confidence: CONFIDENCE, statistics })
}

fn conclude(placed: &Placed, charges: &[Charge], noised: &[i128], measure: &Measure) -> Released {
    let group = |group: usize| {
        let part = |(part, charge): (usize, &Charge)| {
            let at = placed.part_totals(part).start + group;
            Noised { total: noised[at], scale: charge.scale / finer(&placed.parts[part], charge) }
        };
        let parts: Vec<_> = charges.iter().enumerate().map(part).collect();
        let key = placed.keys.as_ref().map(|keys| keys[group].clone());
        Group { key, estimates: placed.estimate(&parts, CONFIDENCE) }
    };
    let noise = placed.parts.iter().zip(charges).map(|(part, charge)| PartNoise {
        part: part.name.to_owned(),
        scale: charge.scale / finer(part, charge) * part.step,
        sensitivity: charge.sensitivity / finer(part, charge) * part.step,
        step: part.step,
        rho: charge.rho,
    });
    Released {
        statistic: placed.name.clone(),
        measure: measure.clone(),
        mechanism: placed.mechanism,
        noise: noise.collect(),
        groups: (0..placed.groups()).map(group).collect(),
    }
}

/// The expected 95 % error of each part at a price, in the statistic's own unit: for quotes. From the
/// sealed layout alone, never from data.
pub fn expected_errors(layout: &Layout, price: &Price) -> Vec<(Name, String, f64)> {
    let parts = layout.statistics().iter().flat_map(|placed| placed.parts.iter());
    let error = |(part, charge): (&tidegate_statistics::Part, &Charge)| {
        let half = interval_half_width(charge.mechanism, charge.scale / finer(part, charge), CONFIDENCE) * part.step;
        (charge.statistic.clone(), charge.part.clone(), half)
    };
    parts.zip(&price.charges).map(error).collect()
}
