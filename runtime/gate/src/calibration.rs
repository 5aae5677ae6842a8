//! From a price to noise scales: what each part of each statistic gets, and what OpenDP says it costs.

use crate::noise::mechanism_rho;
use tidegate_accountant::{Charge, Price, discrete_gaussian_tv, laplace_epsilon};
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

/// Splits a budget over the parts of all statistics and fixes the noise of each.
///
/// A statistic gets its weight's share, its parts equal shares of that. The price is what OpenDP's privacy
/// map says of the scales that will really be used, rounded up; it never exceeds `budget`.
pub fn calibrate(layout: &Layout, budget: Rho) -> Result<Price, CalibrationError> {
    let weights: f64 = layout.statistics().iter().map(|placed| placed.weight).sum();
    let mut charges = Vec::new();
    for placed in layout.statistics() {
        let share = budget.get() * placed.weight / weights / placed.parts.len() as f64;
        for part in &placed.parts {
            charges.push(charge(placed, part, Rho::cap(share * (1.0 - 1e-12)))?);
        }
    }
    Ok(Price { charges })
}

fn charge(placed: &Placed, part: &Part, share: Rho) -> Result<Charge, CalibrationError> {
    let too_small = || CalibrationError::TooSmall { statistic: placed.name.to_string() };
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
            let cells = u32::try_from(placed.groups()).unwrap_or(u32::MAX);
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

/// What the noise takes from the account of delta. The discrete Laplace is priced as itself.
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
