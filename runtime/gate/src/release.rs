//! The release: what an operator receives.

use crate::calibration::{distance, finer, scales};
use crate::hierarchy;
use crate::noise::{Draw, NoiseError, Start, draw, mechanism_rho};
use crate::noised::Noised;
use serde::{Deserialize, Serialize};
use std::process::Command;
use tidegate_accountant::{Charge, Reservation};
use tidegate_disclosure::TableError;
use tidegate_engine::{Running, StatisticReleased, Totals};
use tidegate_statistics::{ChosenBounds, Conclusion, Group, Layout, MainRound, Part, Placed, Reference, Sums, choose};
use tidegate_terms::{Expected, Manifest, Measure, Mechanism, Name, Rho, Statistic, messages};

messages! {
    /// Why nothing was released.
    pub enum GateError {
        OtherRun = "gate.other-run" {
            en: "totals and reservation belong to different runs",
            zh: "合计与预算预留属于不同的运行",
        },
        NotNoised = "gate.not-noised" {
            en: "what is kept of a release's noised answers does not belong to its layout",
            zh: "所保存的加噪应答不属于该发布结果的布局",
        },
        OtherLayout = "gate.other-layout" {
            en: "the reservation was not made for this layout",
            zh: "预算预留不是为此布局而作",
        };
        Noise(NoiseError),
        Table(TableError)
    }
}

/// What a statistic's noised answers say: of each group, and of all together.
type Said = (Vec<Group>, Option<Conclusion>);

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

/// What the number of clamped units says about the bounds, for the next run. Follows from the release alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Advice {
    /// Units were clamped, beyond what the noise explains: the answer is too small in size.
    Widen,
    /// Nothing shows that any was: narrower bounds would mean less noise.
    Tighten,
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
    /// Its groups, in the order of their public keys; the most common first, where that was asked.
    pub groups: Vec<Group>,
    /// What all groups share: how many units were clamped, or how many values lie beyond each candidate bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overall: Option<Conclusion>,
    /// What that says about the bounds, where the number of clamped units was paid for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice: Option<Advice>,
    /// The noised number of units from which a discovered key is released.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// The bounds that the first round chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chosen_bounds: Option<[f64; 2]>,
}

/// Noised statistics of one run; the only thing that leaves the domain.
///
/// ```compile_fail
/// // Only the gate makes one.
/// let forged = tidegate_gate::Release { run: String::new(), round: 1, confidence: 0.95, statistics: vec![], noised: todo!() };
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Release {
    run: String,
    round: u32,
    /// The confidence of the intervals, which cover the clamped statistic.
    confidence: f64,
    statistics: Vec<Released>,
    /// What it was made from, beside public facts.
    #[serde(skip)]
    noised: Noised,
}

impl Release {
    /// The run.
    pub fn run(&self) -> &str {
        &self.run
    }

    /// The round.
    pub fn round(&self) -> u32 {
        self.round
    }

    /// What the clean half of the module is told.
    pub fn for_conclude(&self) -> Vec<StatisticReleased> {
        let numbers = |group: &Group| -> Vec<[f64; 3]> {
            let estimates = group.estimates.iter().map(|estimate| [estimate.value, estimate.lower, estimate.upper]);
            let entries = group
                .vector
                .iter()
                .flat_map(|vector| vector.values.iter().map(|value| [*value, value - vector.half_width, value + vector.half_width]));
            estimates.chain(entries).collect()
        };
        let told = |released: &Released| {
            let groups: Vec<_> = released.groups.iter().map(numbers).collect();
            StatisticReleased {
                keys: released.groups.iter().filter_map(|group| group.key.clone()).collect(),
                width: groups.first().map_or(0, |numbers| u32::try_from(numbers.len()).unwrap_or(u32::MAX)),
                estimates: groups.concat(),
            }
        };
        self.statistics.iter().map(told).collect()
    }

    /// The noised answers from which everything in it follows: as public as the release itself.
    pub fn noised(&self) -> &Noised {
        &self.noised
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

/// Adds the noise that was paid for to the exact totals of one round, in a fresh process, and draws the conclusions.
///
/// `layout` is that of the round: of the first where bounds are chosen, or with the bounds chosen.
pub fn release(
    totals: &Totals,
    reservation: &Reservation,
    layout: &Layout,
    manifest: &Manifest,
    noise_process: &dyn Fn() -> std::io::Result<Running>,
) -> Result<Release, GateError> {
    if totals.run() != reservation.run() {
        return Err(GateError::OtherRun);
    }
    let round = totals.round();
    let charges: Vec<Charge> = reservation.price().of_round(round).cloned().collect();
    let sums = totals.for_the_gate();
    if !paid_for(layout, &charges) || sums.fixed.len() != layout.totals_len() || manifest.statistics.len() != layout.statistics().len() {
        return Err(GateError::OtherLayout);
    }
    let mut drawn = drawn(layout, &charges, sums, 1, &mut || noise_process())?;
    let mut keys = layout.keys(sums);
    // What does not reach its threshold ends here.
    layout.reached(&mut keys, &mut drawn, &scales(layout, &charges));
    conclude(totals.run(), round, layout, &charges, manifest, Noised { keys, parts: drawn })
}

/// Everything that a release says, from its noised answers: a function of them and of public facts.
pub(crate) fn conclude(
    run: &str,
    round: u32,
    layout: &Layout,
    charges: &[Charge],
    manifest: &Manifest,
    noised: Noised,
) -> Result<Release, GateError> {
    if !noised.fits(layout) || layout.parts().count() != charges.len() || manifest.statistics.len() != layout.statistics().len() {
        return Err(GateError::NotNoised);
    }
    let concluded = layout.conclude_keys(&noised.keys, &noised.parts, &scales(layout, charges), CONFIDENCE);
    let mut rest = charges;
    let pairs = layout.statistics().iter().zip(&manifest.statistics);
    let released = |((placed, statistic), said): ((&Placed, &Statistic), Said)| {
        let (groups, overall) = said;
        let (own, after) = rest.split_at(placed.parts.len());
        rest = after;
        let advice = overall.as_ref().and_then(advice);
        Released { groups, overall, advice, ..describe(placed, statistic, own) }
    };
    let mut statistics: Vec<_> = pairs.zip(concluded).map(released).collect();
    hierarchy::agree(&manifest.statistics, &mut statistics);
    statistics.iter_mut().zip(&manifest.statistics).for_each(|(released, statistic)| hold_inside(released, statistic));
    Ok(Release { run: run.to_owned(), round, confidence: CONFIDENCE, statistics, noised })
}

/// Whether these charges pay, part by part, for the noise of this layout.
fn paid_for(layout: &Layout, charges: &[Charge]) -> bool {
    let pays = |((placed, part), charge): ((&Placed, &Part), &Charge)| {
        let same = charge.statistic == placed.name && charge.part == part.name && charge.mechanism == placed.mechanism;
        let covered = charge.sensitivity >= part.sensitivity.for_mechanism(placed.mechanism);
        let price = mechanism_rho(charge.mechanism, charge.scale, charge.sensitivity);
        let cells = placed.cells_of(part) <= charge.cells as usize;
        let near = distance(charge.mechanism, charge.scale, charge.cells) <= charge.delta;
        let finer = finer(part, charge);
        let placed_finer = finer == 1.0 || charge.mechanism == Mechanism::Gaussian && finer > 1.0 && finer.log2().fract() == 0.0;
        same && covered && cells && near && placed_finer && price.is_ok_and(|price| price <= charge.rho)
    };
    let thresholds = |(placed, first): (&Placed, usize)| {
        placed.discovered.is_none_or(|discovered| charges[first].delta >= tidegate_terms::DeltaCost::price(discovered.delta))
    };
    let mut first = 0;
    let first_parts = layout.statistics().iter().map(|placed| {
        let at = first;
        first += placed.parts.len();
        (placed, at)
    });
    layout.parts().count() == charges.len()
        && layout.parts().zip(charges).all(pays)
        && first_parts.collect::<Vec<_>>().into_iter().all(thresholds)
}

/// The exact answers of each part with the paid noise on them, drawn in a fresh process, part by part; of each part so
/// many copies, one after the other, each with noise of its own.
///
/// No release and no conclusion: more than one copy is for audits of the mechanisms on made-up totals. Who holds a
/// run's totals holds raw data already.
pub fn noised(
    layout: &Layout,
    charges: &[Charge],
    sums: &Sums,
    copies: usize,
    noise_process: &mut Command,
) -> Result<Vec<Vec<i128>>, NoiseError> {
    drawn(layout, charges, sums, copies, &mut || Running::alone(noise_process))
}

fn drawn(
    layout: &Layout,
    charges: &[Charge],
    sums: &Sums,
    copies: usize,
    noise_process: &mut Start<'_>,
) -> Result<Vec<Vec<i128>>, NoiseError> {
    let answers = layout.answers(sums);
    let finer = layout.parts().zip(charges).map(|((_, part), charge)| finer(part, charge));
    let draws: Vec<_> = charges
        .iter()
        .zip(&answers)
        .zip(finer)
        .map(|((charge, answers), finer)| Draw {
            mechanism: charge.mechanism,
            scale: charge.scale,
            totals: answers.len() * copies,
            finer_bits: finer.log2() as u32,
        })
        .collect();
    let drawn = draw(noise_process, &draws, &answers.iter().map(|answers| answers.repeat(copies)).collect::<Vec<_>>().concat())?;
    let mut rest = drawn.as_slice();
    let part = |answers: &Vec<i64>| {
        let (own, after) = rest.split_at((answers.len() * copies).min(rest.len()));
        rest = after;
        own.to_vec()
    };
    Ok(answers.iter().map(part).collect())
}

fn advice(overall: &Conclusion) -> Option<Advice> {
    let clamped = overall.estimates.iter().find(|estimate| estimate.name == "clamped")?;
    Some(if clamped.lower > 0.0 { Advice::Widen } else { Advice::Tighten })
}

/// A released statistic without its groups.
fn describe(placed: &Placed, statistic: &Statistic, charges: &[Charge]) -> Released {
    let noise = placed.parts.iter().zip(charges).map(|(part, charge)| PartNoise {
        part: part.name.to_owned(),
        scale: charge.scale / finer(part, charge) * part.step,
        sensitivity: charge.sensitivity / finer(part, charge) * part.step,
        step: part.step,
        rho: charge.rho,
    });
    let scales: Vec<f64> = placed.parts.iter().zip(charges).map(|(part, charge)| charge.scale / finer(part, charge)).collect();
    Released {
        statistic: placed.name.clone(),
        measure: statistic.measure.clone(),
        mechanism: placed.mechanism,
        noise: noise.collect(),
        groups: Vec::new(),
        overall: None,
        advice: None,
        threshold: placed.threshold_of_units(&scales),
        chosen_bounds: placed.chosen_bounds,
    }
}

/// Post-processing that the manifest asks for: not below zero, whole numbers. An interval that holds the truth still
/// does.
fn hold_inside(released: &mut Released, statistic: &Statistic) {
    for estimate in released.groups.iter_mut().flat_map(|group| &mut group.estimates) {
        if statistic.nonnegative {
            estimate.value = estimate.value.max(0.0);
            estimate.lower = estimate.lower.max(0.0);
            estimate.upper = estimate.upper.max(0.0);
        }
        if statistic.rounded {
            (estimate.value, estimate.lower, estimate.upper) = (estimate.value.round(), estimate.lower.floor(), estimate.upper.ceil());
        }
    }
}

/// The expected error of one estimate, for quotes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExpectedError {
    /// The statistic.
    pub statistic: Name,
    /// The estimate: `count`, `mean`, `rank` (of a quantile, in values), `entry` (of a vector), ...
    pub estimate: String,
    /// Half the width of its interval, in its own unit.
    pub half_width: f64,
}

/// The expected errors of all estimates of one round at a price, in each statistic's own unit.
///
/// From the sealed layout, and for ratios from a reference: what the manifest declares, or one given for all
/// statistics. Never from data.
pub fn expected_errors(layout: &Layout, charges: &[Charge], reference: Option<Expected>) -> Vec<ExpectedError> {
    let mut rest = charges;
    let of = |placed: &Placed| {
        let (own, after) = rest.split_at(placed.parts.len().min(rest.len()));
        rest = after;
        let scales: Vec<f64> = placed.parts.iter().zip(own).map(|(part, charge)| charge.scale / finer(part, charge)).collect();
        let reference = reference.map_or(placed.reference, |reference| Reference::from(Some(reference)));
        let errors = if scales.len() == placed.parts.len() { placed.expected_errors(&scales, reference, CONFIDENCE) } else { Vec::new() };
        let error = |(estimate, half_width)| ExpectedError { statistic: placed.name.clone(), estimate, half_width };
        errors.into_iter().map(error).collect::<Vec<_>>()
    };
    layout.statistics().iter().flat_map(of).collect()
}

/// Chooses the bounds of the main round from what the first one released: post-processing, at no price.
///
/// `layout` is the main one, as sealed; `charges` are those of the main round, whose scales are public beforehand.
pub fn choose_bounds(layout: &Layout, charges: &[Charge], first_round: &[Released]) -> ChosenBounds {
    let mut first = 0;
    let rounds = layout.statistics().iter().zip(first_round).map(|(placed, released)| {
        let scale = charges.get(first).zip(placed.parts.first()).map_or(f64::INFINITY, |(charge, part)| charge.scale / finer(part, charge));
        first += placed.parts.len();
        let vector = released.overall.as_ref().and_then(|overall| overall.vector.as_ref());
        let noise = released.noise.first();
        MainRound {
            scale,
            beyond: vector.map(|vector| vector.values.clone()).unwrap_or_default(),
            bounds_scale: noise.map_or(f64::INFINITY, |noise| noise.scale / noise.step),
        }
    });
    choose(layout, &rounds.collect::<Vec<_>>())
}
