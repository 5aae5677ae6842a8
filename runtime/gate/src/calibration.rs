//! From a price to noise scales: what each part of each statistic gets, and what OpenDP says it costs.

use crate::noise::mechanism_rho;
use tidegate_accountant::{Charge, discrete_gaussian_tv, laplace_epsilon};
use tidegate_statistics::{Layout, Part, Placed};
use tidegate_terms::{DeltaCost, Mechanism, Rho, messages};

/// Noise is drawn on a grid at least this fine against its scale, and rounded to the statistic's grid afterwards: what the
/// discrete Gaussian differs from the rounded one is then below 1e-18 for each total.
const SCALE_MIN: f64 = 268_435_456.0;
/// Totals of 64 bits, made finer by so many, still fit 128.
const FINER_BITS_MAX: f64 = 40.0;

messages! {
    /// Why no price can be made.
    pub enum CalibrationError {
        Opendp { detail: String } = "gate.opendp" {
            en: "OpenDP refuses the mechanism: {detail}",
            zh: "OpenDP 拒绝该机制：{detail}",
        },
        TooSmall { statistic: String } = "gate.too-small" {
            en: "the budget is too small for statistic `{statistic}`: ask for a larger epsilon",
            zh: "预算不足以支付统计量 `{statistic}`：请增大 epsilon",
        },
    }
}

/// Splits the budget of one round over the parts of all statistics and fixes the noise of each.
///
/// The price is what OpenDP's privacy map says of the scales that will really be used, rounded up; it never
/// exceeds `budget`. It follows from the layout and the budget alone.
pub fn calibrate(layout: &Layout, budget: Rho) -> Result<Vec<Charge>, CalibrationError> {
    let shares = shares(layout);
    let charge = |((placed, part), share): ((&Placed, &Part), f64)| charge(placed, part, Rho::cap(budget.get() * share * (1.0 - 1e-12)));
    let mut charges = layout.parts().zip(shares).map(charge).collect::<Result<Vec<_>, _>>()?;
    // A threshold lets through, with this chance, what it should hold back: once for each table of keys.
    let mut first = 0;
    for placed in layout.statistics() {
        if let (Some(discovered), Some(charge)) = (placed.discovered, charges.get_mut(first)) {
            charge.delta = charge.delta.plus(DeltaCost::price(discovered.delta));
        }
        first += placed.parts.len();
    }
    Ok(charges)
}

/// The share of the run's budget that the choice of bounds takes, in a round of its own before the others.
pub fn split_of_bounds_round(layout: &Layout) -> f64 {
    layout.bounds_share()
}

/// The share of each part, adding up to 1.
///
/// A part whose error relative to its declared bounds is c at rho = 1 has c / sqrt(rho) at rho. The sum of these,
/// under a fixed sum of rho, is smallest where rho is in proportion to c^(2/3) (Lagrange). Where the manifest gives
/// weights, they are the statistics' shares, and the rule holds among the parts of each.
fn shares(layout: &Layout) -> Vec<f64> {
    let wish = |placed: &Placed, part: &Part| part.relative_error(placed.mechanism).powf(2.0 / 3.0);
    let all: f64 = layout.parts().map(|(placed, part)| wish(placed, part)).sum();
    let taking_part = layout.statistics().iter().filter(|placed| !placed.parts.is_empty());
    let weights: f64 = taking_part.filter_map(|placed| placed.weight).sum();
    let share = |(placed, part): (&Placed, &Part)| {
        let own: f64 = placed.parts.iter().map(|part| wish(placed, part)).sum();
        match placed.weight {
            Some(weight) => weight / weights * wish(placed, part) / own,
            None => wish(placed, part) / all,
        }
    };
    layout.parts().map(share).collect()
}

/// What the noise takes from the account of delta: how far what is drawn may be from what is priced, over all cells. The
/// discrete Laplace is priced as itself.
pub(crate) fn distance(mechanism: Mechanism, scale: f64, cells: u32) -> DeltaCost {
    match mechanism {
        Mechanism::Gaussian => discrete_gaussian_tv(scale, u64::from(cells)),
        Mechanism::Laplace => DeltaCost::ZERO,
    }
}

/// How many times finer the grid of the noise is than the statistic's; a power of two.
pub(crate) fn finer(part: &Part, charge: &Charge) -> f64 {
    charge.sensitivity / part.sensitivity.for_mechanism(charge.mechanism)
}

/// The scales of charges in steps of their parts' own grids.
pub fn scales(layout: &Layout, charges: &[Charge]) -> Vec<f64> {
    layout.parts().zip(charges).map(|((_, part), charge)| charge.scale / finer(part, charge)).collect()
}

fn charge(placed: &Placed, part: &Part, share: Rho) -> Result<Charge, CalibrationError> {
    let too_small = || CalibrationError::TooSmall { statistic: placed.name.to_string() };
    let cells = u32::try_from(placed.cells_of(part)).unwrap_or(u32::MAX);
    let mut sensitivity = part.sensitivity.for_mechanism(placed.mechanism);
    let mut scale = match placed.mechanism {
        Mechanism::Gaussian => sensitivity / (2.0 * share.get()).sqrt(),
        Mechanism::Laplace => sensitivity / laplace_epsilon(share),
    };
    if !scale.is_finite() || share == Rho::ZERO {
        return Err(too_small());
    }
    if placed.mechanism == Mechanism::Gaussian {
        let finer = 2f64.powi((SCALE_MIN / scale).log2().ceil().clamp(0.0, FINER_BITS_MAX) as i32);
        (scale, sensitivity) = (scale * finer, sensitivity * finer);
    }
    // Rounding in the map may cost a little more than the share; a hair more noise pays for it.
    for _ in 0..60 {
        let rho = mechanism_rho(placed.mechanism, scale, sensitivity)?;
        if rho <= share {
            return Ok(Charge {
                statistic: placed.name.clone(),
                part: part.name.to_owned(),
                mechanism: placed.mechanism,
                scale,
                sensitivity,
                cells,
                rho,
                delta: distance(placed.mechanism, scale, cells),
                first_round: 1,
                rounds: 1,
            });
        }
        scale *= 1.0 + 1e-9;
    }
    Err(too_small())
}

#[cfg(test)]
#[path = "calibration_tests.rs"]
mod tests;
