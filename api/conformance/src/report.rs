//! All verdicts, and what they cover.

use crate::corpus::uncovered;
use crate::verdict::{Judged, Verdict};
use serde::Serialize;
use std::collections::BTreeSet;

/// What a run of the corpus found.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Whether noise was off, so that exact totals were compared.
    pub exact: bool,
    /// Guards that were down beside noise.
    pub without: Vec<&'static str>,
    /// Every attack with its verdict.
    pub attacks: Vec<Judged>,
    /// What they come to.
    pub summary: Summary,
}

/// Numbers over a report.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    /// How many attacks were mounted.
    pub attacks: usize,
    /// How many were held.
    pub held: usize,
    /// How many guards hold them.
    pub guards: usize,
    /// How many rows of the list they stand for.
    pub rows: usize,
    /// Rows for which the whole corpus has no attack.
    pub rows_without_attack: Vec<String>,
    /// Whether everything is as it must be: all held, or, with guards down, all succeeded.
    pub as_it_must_be: bool,
}

impl Report {
    pub(crate) fn new(exact: bool, without: Vec<&'static str>, judged: Vec<Judged>) -> Self {
        let distinct = |of: &dyn Fn(&Judged) -> Vec<String>| judged.iter().flat_map(of).collect::<BTreeSet<_>>().len();
        let held = judged.iter().filter(|judged| judged.verdict == Verdict::Held).count();
        let succeeded = judged.iter().filter(|judged| judged.succeeded()).count();
        let summary = Summary {
            attacks: judged.len(),
            held,
            guards: distinct(&|judged| judged.guards.iter().map(|&guard| guard.to_owned()).collect()),
            rows: distinct(&|judged| judged.rows.clone()),
            rows_without_attack: uncovered().iter().map(|row| format!("A{row}")).collect(),
            as_it_must_be: if without.is_empty() { held == judged.len() } else { succeeded == judged.len() },
        };
        Self { exact, without, attacks: judged, summary }
    }
}
