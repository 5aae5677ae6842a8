//! Replay: the same totals again, held against what left. Inside goes everything, outside comes yes or no.
//!
//! Guarantee: [`Residuals`] hold how far released answers lie from exact totals, which is raw data; they have no
//! `Serialize`, no `Display`, and tell two truths only: whether any answer lies farther from its total than the logged
//! noise reaches, and whether all of them together are spread as that noise is. For honest noise the first fails with a
//! probability of at most [`NUMBER_FALSE_ALARM`] for each number, the second of at most [`RUN_FALSE_ALARM`] for each run,
//! whatever the data are; so the verdict tells nothing about data.
//!
//! It does **not** prove that the noise was honest: who keeps the totals can choose noise that passes. It finds a noise
//! process that is broken or turned down: half the scale from about 110 numbers under Gaussian noise (200 under Laplace) on,
//! a fifth of it from about 40 on; with fewer than 30 numbers only noise that is far too large.
//!
//! All bounds are Chernoff's, so they hold for any number of answers and not only in the limit. Rejected: a test of each
//! released estimate. Means, quantiles and totals that agree over groups are not noise added to a number.

use crate::calibration::{finer, scales};
use crate::release::{Release, conclude};
use crate::{GateError, Noised};
use tidegate_accountant::Charge;
use tidegate_engine::Totals;
use tidegate_statistics::{Layout, interval_half_width};
use tidegate_terms::{Manifest, Mechanism};

/// How likely honest noise is at most to lie outside the reach of one number.
pub const NUMBER_FALSE_ALARM: f64 = 1e-12;
/// How likely honest noise is at most to be found too small or too large over all numbers of a run.
pub const RUN_FALSE_ALARM: f64 = 1e-9;
/// From so many numbers of one mechanism on their spread is judged.
const NUMBERS_MIN: u64 = 30;

/// A release made again from its noised answers: nothing is drawn, nothing new is told.
pub fn released_again(
    run: &str,
    round: u32,
    layout: &Layout,
    charges: &[Charge],
    manifest: &Manifest,
    noised: Noised,
) -> Result<Release, GateError> {
    conclude(run, round, layout, charges, manifest, noised)
}

/// How released answers of a run lie around its exact totals. Raw data: it can be asked one thing.
///
/// ```compile_fail
/// fn print(residuals: &tidegate_gate::Residuals) -> String { format!("{residuals:?}") }
/// ```
#[derive(Default)]
pub struct Residuals {
    /// Whether an answer lies farther from its total than its noise reaches.
    beyond: bool,
    gaussian: Squares,
    laplace: Sizes,
}

impl Residuals {
    /// Takes in one round: its totals, made again, and the noised answers that its release was made from.
    pub fn take(&mut self, totals: &Totals, layout: &Layout, charges: &[Charge], noised: &Noised) -> Result<(), GateError> {
        if !noised.fits(layout) || layout.parts().count() != charges.len() {
            return Err(GateError::NotNoised);
        }
        let sums = totals.for_the_gate();
        let (answers, found, scales) = (layout.answers(sums), layout.keys(sums), scales(layout, charges));
        let (mut part, mut before) = (0, 0);
        for placed in layout.statistics() {
            let own = part..part + placed.parts.len();
            part = own.end;
            let keys = placed.discovered.map(|_| {
                before += 1;
                (
                    found.get(before - 1).map(Vec::as_slice).unwrap_or_default(),
                    noised.keys.get(before - 1).map(Vec::as_slice).unwrap_or_default(),
                )
            });
            let threshold = placed.threshold(scales.get(own.clone()).unwrap_or_default());
            for (place, at) in own.enumerate() {
                let declared = &placed.parts[place];
                let noise = Noise::of(charges[at].mechanism, scales[at], finer(declared, &charges[at]));
                let (exact, drawn) = (&answers[at], &noised.parts[at]);
                match keys.filter(|_| !declared.shared) {
                    None => exact.iter().zip(drawn).for_each(|(exact, drawn)| self.number(&noise, *exact, *drawn, true)),
                    // The first part decides which keys are told, so its noise is not that of all draws.
                    Some((found, kept)) => {
                        let keys = Keys { found, kept, threshold: threshold.filter(|_| place == 0) };
                        self.keyed(&noise, declared.width, &keys, exact, drawn);
                    }
                }
            }
        }
        Ok(())
    }

    /// One part of discovered keys, `width` answers for each.
    fn keyed(&mut self, noise: &Noise, width: usize, keys: &Keys<'_>, exact: &[i64], drawn: &[i128]) {
        let Keys { found, kept, threshold } = *keys;
        for (key, drawn) in kept.iter().zip(drawn.chunks(width)) {
            let Ok(place) = found.binary_search(key) else {
                // A key that nobody has.
                self.beyond = true;
                continue;
            };
            for (cell, drawn) in drawn.iter().enumerate() {
                let Some(exact) = exact.get(place * width + cell) else { continue };
                let sure = threshold.is_none_or(|threshold| *exact as f64 - noise.reach >= threshold);
                self.number(noise, *exact, *drawn, sure);
                self.beyond |= cell == 0 && threshold.is_some_and(|threshold| (*drawn as f64) < threshold);
            }
        }
        // And a key that so many have that it had to be told.
        if let Some(threshold) = threshold {
            let mut missing = found.iter().enumerate().filter(|(_, key)| kept.binary_search(key).is_err());
            let sure = |place: usize| exact.get(place * width).is_some_and(|exact| *exact as f64 - noise.reach >= threshold);
            self.beyond |= missing.any(|(place, _)| sure(place));
        }
    }

    /// One answer; `counts` where it takes part in the spread.
    fn number(&mut self, noise: &Noise, exact: i64, drawn: i128, counts: bool) {
        let distance = drawn.abs_diff(i128::from(exact)) as f64;
        self.beyond |= distance > noise.reach;
        match noise.mechanism {
            _ if !counts => {}
            Mechanism::Gaussian => self.gaussian.take(distance, noise),
            Mechanism::Laplace => self.laplace.take(distance, noise),
        }
    }

    /// Whether everything that was taken in is a plausible draw of the logged noise.
    pub fn plausible(&self) -> bool {
        // Each mechanism has two sides.
        let alarm = (RUN_FALSE_ALARM / 4.0).ln();
        !self.beyond && !self.gaussian.stands_out(alarm) && !self.laplace.stands_out(alarm)
    }
}

/// The discovered keys of a statistic.
struct Keys<'a> {
    /// Those that somebody has, in order.
    found: &'a [String],
    /// Those that were told, in order.
    kept: &'a [String],
    /// What decides that, where this part does.
    threshold: Option<f64>,
}

/// The noise of one part, in steps of its answers' grid.
struct Noise {
    mechanism: Mechanism,
    scale: f64,
    /// By how much rounding from the finer grid of the noise may move an answer.
    rounding: f64,
    /// How far an answer may lie from its total.
    reach: f64,
}

impl Noise {
    fn of(mechanism: Mechanism, scale: f64, finer: f64) -> Self {
        let rounding = if finer > 1.0 { 0.5 } else { 0.0 };
        // One step for rounding and one for what a discrete tail is above a continuous one.
        let reach = interval_half_width(mechanism, scale, 1.0 - NUMBER_FALSE_ALARM) + 2.0;
        Self { mechanism, scale, rounding, reach }
    }
}

/// Squares of standardised Gaussian noise: their sum is chi-squared.
#[derive(Default)]
struct Squares {
    numbers: u64,
    /// With all that rounding may have taken away, or added.
    most: f64,
    least: f64,
}

impl Squares {
    fn take(&mut self, distance: f64, noise: &Noise) {
        self.numbers += 1;
        self.most += ((distance + noise.rounding) / noise.scale).powi(2);
        self.least += ((distance - noise.rounding).max(0.0) / noise.scale).powi(2);
    }

    fn stands_out(&self, alarm: f64) -> bool {
        let n = self.numbers as f64;
        // ln P(chi-squared beyond t n) <= -n/2 (t - 1 - ln t), on both sides of 1.
        let tail = |t: f64| if t > 0.0 { -n / 2.0 * (t - 1.0 - t.ln()) } else { f64::NEG_INFINITY };
        let (least, most) = (self.least / n, self.most / n);
        self.numbers >= NUMBERS_MIN && (least > 1.0 && tail(least) < alarm || most < 1.0 && tail(most) < alarm)
    }
}

/// Sizes of standardised discrete Laplace noise.
#[derive(Default)]
struct Sizes {
    sum: f64,
    /// How many numbers of each scale.
    scales: Vec<(f64, u64)>,
}

impl Sizes {
    fn take(&mut self, distance: f64, noise: &Noise) {
        self.sum += distance / noise.scale;
        match self.scales.last_mut() {
            Some((scale, numbers)) if *scale == noise.scale => *numbers += 1,
            _ => self.scales.push((noise.scale, 1)),
        }
    }

    /// ln E exp(x sum), for x < 1: of one draw with p = exp(-1/b) and q = p exp(x/b) it is
    /// (1 - p) / (1 + p) (1 + q) / (1 - q).
    fn cumulant(&self, x: f64) -> f64 {
        let odds = |exponent: f64| ((1.0 + exponent.exp()) / -exponent.exp_m1()).ln();
        let one = |(scale, numbers): &(f64, u64)| *numbers as f64 * (odds((x - 1.0) / scale) - odds(-1.0 / scale));
        self.scales.iter().map(one).sum()
    }

    /// The smallest ln of Chernoff's bound between two x; the bound is convex in x, and any x gives a valid one.
    fn bound(&self, mut low: f64, mut high: f64) -> f64 {
        let of = |x: f64| self.cumulant(x) - x * self.sum;
        for _ in 0..100 {
            let (one, other) = (low + (high - low) / 3.0, high - (high - low) / 3.0);
            if of(one) < of(other) { high = other } else { low = one }
        }
        of(f64::midpoint(low, high)).min(0.0)
    }

    fn stands_out(&self, alarm: f64) -> bool {
        let numbers: u64 = self.scales.iter().map(|(_, numbers)| numbers).sum();
        numbers >= NUMBERS_MIN && (self.bound(0.0, 1.0 - 1e-9) < alarm || self.bound(-1e6, 0.0) < alarm)
    }
}

#[cfg(test)]
mod tests;
