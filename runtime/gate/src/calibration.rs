//! From a price to noise scales: what each part of each statistic gets, and what OpenDP says it costs.

use crate::noise::mechanism_rho;
use tidegate_accountant::{Charge, Price};
use tidegate_statistics::{Layout, Part, Placed};
use tidegate_terms::{DeltaCost, Mechanism, Rho, messages};

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
    let sensitivity = part.sensitivity.for_mechanism(placed.mechanism);
    let mut scale = match placed.mechanism {
        Mechanism::Gaussian => sensitivity / (2.0 * share.get()).sqrt(),
        Mechanism::Laplace => sensitivity / (2.0 * share.get()).sqrt(),
    };
    // Rounding in the map may cost a little more than the share; a hair more noise pays for it.
    for _ in 0..60 {
        if !scale.is_finite() || share == Rho::ZERO {
            break;
        }
        let rho = mechanism_rho(placed.mechanism, scale, sensitivity)?;
        if rho <= share {
            let part = part.name.to_owned();
            return Ok(Charge {
                statistic: placed.name.clone(),
                part,
                mechanism: placed.mechanism,
                scale,
                sensitivity,
                rho,
                delta: DeltaCost::ZERO,
                first_round: 1,
                rounds: 1,
            });
        }
        scale *= 1.0 + 1e-9;
    }
    Err(CalibrationError::TooSmall { statistic: placed.name.to_string() })
}
