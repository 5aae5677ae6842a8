//! The story: one table, from exact to publishable.

use crate::network::{Arc, Network, State, edges};
use crate::overlap::{Overlap, overlap_of};
use crate::primary::{public_bounds, reasons_of, requirement, window};
use crate::secondary::{Demand, protect, singles};
use crate::{Cell, DisclosureRules, DisclosureRulesError, Measure, Published, Reason, Remembered, Table};
use std::fmt;
use tidegate_terms::{Guard, messages, stands};

messages! {
    /// Why a table does not leave at all. That it does not depends on data; the sentence says nothing more about them.
    pub enum Refusal {
        LargestMissing { needed: usize } = "review.largest-missing" {
            en: "the rules need the {needed} largest contributions of every cell of a sum, and not all are there",
            zh: "规则需要求和表每个单元格的前 {needed} 个最大贡献值，但部分缺失",
        },
        CannotBeProtected = "review.cannot-be-protected" {
            en: "no choice of suppressed cells protects this table: use fewer or wider keys, or another filter",
            zh: "任何抑制方案都无法保护此表：请减少或合并分组键，或更换筛选条件",
        };
        Rules(DisclosureRulesError),
    }
}

/// An interval that an attacker's knowledge of a cell must contain (the operator's own part taken off).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Requirement {
    /// The attacker's lower bound must be this or less.
    pub lower: i128,
    /// The attacker's upper bound must be this or more.
    pub upper: i128,
}

impl fmt::Debug for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Requirement(..)")
    }
}

/// Why each cell is suppressed, for the domain alone: no `Serialize`, and `Debug` shows nothing.
pub struct Reasons {
    cells: Vec<Vec<Reason>>,
    demands: Vec<Demand>,
}

impl fmt::Debug for Reasons {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reasons(..)")
    }
}

impl Reasons {
    /// The reasons of a cell, by its index row by row; none where it is shown.
    pub fn of(&self, index: usize) -> &[Reason] {
        self.cells.get(index).map_or(&[], Vec::as_slice)
    }

    /// Whether a cell is suppressed.
    pub fn is_suppressed(&self, index: usize) -> bool {
        !self.of(index).is_empty()
    }

    /// The cells that had to be protected, and the interval that had to stay possible for each.
    pub fn requirements(&self) -> impl Iterator<Item = (usize, Requirement)> + '_ {
        self.demands.iter().copied()
    }
}

/// A table that may leave, and what the domain keeps about it.
#[derive(Debug)]
pub struct Reviewed {
    /// What leaves.
    pub published: Published,
    /// Why, for the domain alone.
    pub reasons: Reasons,
    /// What later tables of the lineage are checked against, for the domain alone.
    pub remembered: Remembered,
}

/// Reviews a table under the rules and against all earlier tables of the lineage.
pub fn review(rules: &DisclosureRules, table: &Table, earlier: &[Remembered]) -> Result<Reviewed, Refusal> {
    rules.check()?;
    check_largest(rules, table)?;
    let overlaps: Vec<Overlap> = (0..table.cells().len()).map(|index| overlap_of(rules, table, index, earlier)).collect();
    let mut cells: Vec<Vec<Reason>> = Vec::with_capacity(overlaps.len());
    for (cell, overlap) in table.cells().iter().zip(&overlaps) {
        let mut reasons = reasons_of(rules, table.measure(), cell);
        reasons.extend(overlap.reason());
        cells.push(reasons);
    }

    let mut network = network_of(rules, table, &cells, &overlaps);
    let window = window(rules, table);
    let demands: Vec<Demand> = (0..cells.len())
        .filter(|index| overlaps[*index] != Overlap::AlreadyShown)
        .filter_map(|index| requirement(rules, table, index, &cells[index], window).map(|demanded| (index, demanded)))
        .collect();
    if !stands(Guard::TableReview) {
        let reasons = Reasons { cells: vec![Vec::new(); cells.len()], demands: Vec::new() };
        let (published, remembered) = (Published::of(rules, table, &reasons), Remembered::of(table, |_| true));
        return Ok(Reviewed { published, remembered, reasons });
    }
    if !protect(&mut network, &demands, &singles(table)) {
        return Err(Refusal::CannotBeProtected);
    }
    for (reasons, arc) in cells.iter_mut().zip(&network.arcs) {
        if reasons.is_empty() && arc.state == State::Open {
            reasons.push(Reason::Secondary);
        }
    }
    let reasons = Reasons { cells, demands };
    Ok(Reviewed {
        published: Published::of(rules, table, &reasons),
        remembered: Remembered::of(table, |index| !reasons.is_suppressed(index)),
        reasons,
    })
}

fn check_largest(rules: &DisclosureRules, table: &Table) -> Result<(), Refusal> {
    let needed = rules.largest_needed();
    let missing = |cell: &Cell| (cell.largest.len() as u64) < cell.contributors.min(needed as u64);
    match table.measure() {
        Measure::Sum { .. } if table.cells().iter().any(missing) => Err(Refusal::LargestMissing { needed }),
        _ => Ok(()),
    }
}

/// The table as its attacker sees it before any further suppression.
fn network_of(rules: &DisclosureRules, table: &Table, reasons: &[Vec<Reason>], overlaps: &[Overlap]) -> Network {
    let (edges, nodes) = edges(table);
    let arc = |index: usize| {
        let (cell, public) = (&table.cells()[index], public_bounds(rules, table, index));
        let (from, to) = edges[index];
        let state = match (overlaps[index], reasons[index].is_empty()) {
            // Whoever has the earlier table knows it, suppressed or not.
            (Overlap::AlreadyShown, _) => State::Fixed,
            (_, true) => State::Candidate,
            (_, false) => State::Open,
        };
        // Cost 0 marks what must stay suppressed.
        let cost = if reasons[index].is_empty() { cell.contributors.saturating_add(1) } else { 0 };
        Arc { from, to, floor: public.lower, value: cell.others(), cap: public.upper, cost, state }
    };
    Network::new((0..edges.len()).map(arc).collect(), nodes)
}
