//! The rounds of a run, and what they cost: fixed before anything is opened.

use crate::ServiceError;
use serde::{Deserialize, Serialize};
use tidegate_accountant::{Charge, Price};
use tidegate_engine::{ConcludeFailure, Finding, Round, Stage};
use tidegate_gate::{calibrate, split_of_bounds_round};
use tidegate_statistics::{ChosenBounds, Layout};
use tidegate_store::{RoundRecord, StoreError};
use tidegate_terms::{Manifest, Rho};

/// Which rounds a run may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Whether a first round finds automatic bounds.
    pub(crate) finds_bounds: bool,
    /// Most rounds of the module itself.
    pub(crate) of_module: u32,
}

impl Plan {
    pub(crate) fn new(manifest: &Manifest, layout: &Layout) -> Self {
        let of_module = manifest.rounds.as_ref().map_or(1, |rounds| rounds.max);
        Self { finds_bounds: layout.bounds_round().is_some(), of_module }
    }

    /// Most rounds in all.
    pub(crate) fn rounds(self) -> u32 {
        self.of_module + u32::from(self.finds_bounds)
    }

    /// Splits a budget over all rounds: the declared share for finding bounds, equal parts for the others.
    pub(crate) fn price(self, layout: &Layout, budget: Rho) -> Result<Price, ServiceError> {
        let mut charges = Vec::new();
        let mut rest = 1.0;
        if let Some(bounds) = layout.bounds_round() {
            let share = split_of_bounds_round(layout);
            charges.extend(calibrate(&bounds, Rho::cap(budget.get() * share))?);
            rest -= share;
        }
        let one = Rho::cap(budget.get() * rest / f64::from(self.of_module));
        let first_round = 1 + u32::from(self.finds_bounds);
        let main = calibrate(layout, one)?;
        charges.extend(main.into_iter().map(|charge| Charge { first_round, rounds: self.of_module, ..charge }));
        Ok(Price { charges })
    }

    /// The round that comes next.
    pub(crate) fn round(self, progress: &Progress) -> Round {
        let before = u32::from(self.finds_bounds);
        let stage = match &progress.bounds {
            _ if self.finds_bounds && progress.next == 1 => Stage::Bounds,
            Some(bounds) => Stage::Within(bounds.clone()),
            None => Stage::Declared,
        };
        let of_module = progress.next.saturating_sub(before).max(1);
        Round { number: progress.next, of_module, stage, state: progress.state.clone() }
    }
}

/// What was decided on the release of a round; a function of it and of public facts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Decision {
    /// The bounds that rounds use from here on.
    pub(crate) bounds: Option<ChosenBounds>,
    /// What comes next.
    pub(crate) next: Next,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Next {
    /// Another round, with this public state.
    Round { state: Vec<f64> },
    /// No further round.
    End { report: Vec<Finding>, failure: Option<ConcludeFailure> },
}

/// How far a run has come.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Progress {
    /// The round to come.
    pub(crate) next: u32,
    pub(crate) bounds: Option<ChosenBounds>,
    pub(crate) state: Vec<f64>,
}

impl Progress {
    /// Before the first round.
    pub(crate) fn start() -> Self {
        Self { next: 1, bounds: None, state: Vec::new() }
    }

    /// After the rounds that were released.
    pub(crate) fn after(rounds: &[RoundRecord]) -> Result<Self, ServiceError> {
        let mut progress = Self::start();
        for round in rounds {
            progress.advance(&serde_json::from_str(&round.conclusion).map_err(StoreError::from)?);
        }
        Ok(progress)
    }

    pub(crate) fn advance(&mut self, decision: &Decision) {
        self.next += 1;
        self.bounds.clone_from(&decision.bounds);
        if let Next::Round { state } = &decision.next {
            self.state.clone_from(state);
        }
    }
}
