//! Parts: the totals that a statistic is made of, each with noise of its own scale.

use crate::cumulative::{Cumulative, Strategy};
use std::sync::Arc;
use tidegate_terms::Mechanism;

/// How much one unit can change the answers of one part: add or remove it (a block: replace its result), all groups
/// together.
///
/// In steps of the noise's integer grid. The L2 bound is kept squared, where it is an integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sensitivity {
    /// Sum of absolute changes.
    pub l1: u64,
    /// Sum of squared changes.
    pub l2_squared: u128,
}

impl Sensitivity {
    /// Where one unit moves a single answer by so much, or several answers by so much together.
    pub(crate) fn together(most: u64) -> Self {
        Self { l1: most, l2_squared: u128::from(most).pow(2) }
    }

    /// Where one unit moves each of so many answers by so much.
    pub(crate) fn of_each(most: u64, answers: u64) -> Self {
        Self { l1: most.saturating_mul(answers), l2_squared: u128::from(most).pow(2).saturating_mul(u128::from(answers)) }
    }

    /// On a grid finer by a factor.
    pub(crate) fn times(self, factor: u64) -> Self {
        let squared = u128::from(factor).pow(2);
        Self { l1: self.l1.saturating_mul(factor), l2_squared: self.l2_squared.saturating_mul(squared) }
    }

    /// The bound that the mechanism is calibrated to, rounded up.
    pub fn for_mechanism(&self, mechanism: Mechanism) -> f64 {
        match mechanism {
            Mechanism::Laplace if self.l1 < EXACT => self.l1 as f64,
            Mechanism::Laplace => (self.l1 as f64).next_up(),
            Mechanism::Gaussian => {
                let root = (self.l2_squared as f64).sqrt();
                let exact = root < EXACT as f64 && (root as u128).pow(2) == self.l2_squared;
                if exact { root } else { root.next_up().next_up() }
            }
        }
    }
}

/// Below this, every integer is a 64-bit floating-point number.
const EXACT: u64 = 1 << 53;

/// The steps of one whole count under Gaussian noise. On so fine a grid the discrete Gaussian is, at any scale, as
/// good as a rounded continuous one, which the accountant's Gaussian prices rest on.
pub(crate) const FINE: i64 = 1 << 20;

/// What is done to exact totals before the noise: an exact map of integers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Transform {
    /// Nothing.
    Same,
    /// A finer grid.
    Finer(i64),
    /// Weighted sums of a group's cells, from which all sums of leading cells follow with little noise.
    Strategy(Arc<Strategy>),
}

/// One of the totals that a statistic is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// `count`, `sum`, `squares`, `pair`, ...
    pub name: &'static str,
    /// How much one unit can change its answers.
    pub sensitivity: Sensitivity,
    /// What one step of the noise's integer grid is worth in the statistic's unit.
    pub step: f64,
    /// Largest absolute value that one unit adds to one total.
    pub cell_max: u64,
    /// How many totals each group has.
    pub width: usize,
    /// Whether all groups share it.
    pub shared: bool,
    /// How many standard deviations of its noise the estimate typically carries, relative to the declared bounds: what
    /// the split of the budget minimises.
    pub error_per_noise: f64,
    pub(crate) transform: Transform,
}

impl Part {
    /// Totals on the grid on which they are noised.
    pub(crate) fn on_grid(name: &'static str, cell_max: u64, sensitivity: Sensitivity, step: f64) -> Self {
        let error_per_noise = 1.0 / (cell_max.max(1) as f64);
        Self { name, sensitivity, step, cell_max, width: 1, shared: false, error_per_noise, transform: Transform::Same }
    }

    /// Whole numbers; noised on a finer grid where the noise is Gaussian.
    pub(crate) fn counting(name: &'static str, cell_max: u64, sensitivity: Sensitivity, mechanism: Mechanism) -> Self {
        let whole = Self::on_grid(name, cell_max, sensitivity, 1.0);
        match mechanism {
            Mechanism::Laplace => whole,
            Mechanism::Gaussian => Self {
                sensitivity: sensitivity.times(FINE.unsigned_abs()),
                step: 1.0 / FINE as f64,
                error_per_noise: whole.error_per_noise / FINE as f64,
                transform: Transform::Finer(FINE),
                ..whole
            },
        }
    }

    pub(crate) fn of_width(self, width: usize) -> Self {
        Self { width, ..self }
    }

    pub(crate) fn shared(self) -> Self {
        Self { shared: true, ..self }
    }

    /// The error that the budget's split weighs: what remains per unit of scale at scale = sensitivity.
    pub fn relative_error(&self, mechanism: Mechanism) -> f64 {
        self.sensitivity.for_mechanism(mechanism) * self.error_per_noise
    }

    /// The answers to which noise is added, from the exact totals of the part.
    pub(crate) fn answers(&self, totals: &[i64], answers: &mut Vec<i64>) {
        match &self.transform {
            Transform::Same => answers.extend_from_slice(totals),
            Transform::Finer(factor) => answers.extend(totals.iter().map(|total| total.saturating_mul(*factor))),
            Transform::Strategy(strategy) => totals.chunks(self.width).for_each(|group| strategy.answer(group, answers)),
        }
    }

    /// How its noised answers give sums of leading cells.
    pub(crate) fn cumulative(&self) -> Cumulative {
        match &self.transform {
            Transform::Strategy(strategy) => Cumulative::Factorised(strategy.clone()),
            Transform::Same | Transform::Finer(_) => Cumulative::Flat,
        }
    }

    /// How much larger an answer can be than the total of everything that all units give.
    pub(crate) fn gain(&self) -> u64 {
        match &self.transform {
            Transform::Same => 1,
            Transform::Finer(factor) => factor.unsigned_abs(),
            Transform::Strategy(strategy) => strategy.gain(),
        }
    }
}

/// The grid step where the manifest gives none: the power of two at or below the 2^20th part of a bound.
///
/// Coarse enough that totals of any admitted population fit 64 bits, fine enough that rounding is far
/// below the noise of any budget that a policy allows.
pub(crate) fn default_step(bound: f64) -> f64 {
    2f64.powi(bound.log2().floor() as i32 - 20)
}

/// Rounds towards zero to the grid and holds the result inside `limit` steps.
pub(crate) fn to_steps(value: f64, step: f64, limit: i64) -> i64 {
    ((value / step).trunc() as i64).clamp(-limit, limit)
}
