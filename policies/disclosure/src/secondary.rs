//! Secondary suppression: further cells, until no suppressed cell can be bounded more closely than its rule demands.
//!
//! Greedy: cell by cell, the cheapest further cells that let it move far enough (cost: contributors + 1, so that the
//! least information is lost and margins go last). Then what turned out to be unnecessary is shown again, and
//! everything is checked once more with the exact bounds. More may be suppressed than an optimal choice would; never
//! less than the requirements need.
//!
//! Each demand is met against several attackers: one who has the published table alone, and the contributor of every
//! cell of a sum that has one contributor. That contributor knows the suppressed cell (the singleton problem).

use crate::network::{Direction, Network, State};
use crate::review::Requirement;
use crate::{Measure, Table};
use std::collections::BTreeSet;

/// A cell and what an attacker's interval for it must contain.
pub(crate) type Demand = (usize, Requirement);

/// Somebody who is alone in a cell of a sum.
pub(crate) struct Single {
    /// The cell, which that unit knows.
    pub cell: usize,
    /// Cells that hold this unit and nobody else: they need no protection from it.
    pub own: BTreeSet<usize>,
}

/// Who is alone somewhere; of a count nobody knows to be alone.
pub(crate) fn singles(table: &Table) -> Vec<Single> {
    if *table.measure() == Measure::Count {
        return Vec::new();
    }
    let alone = |index: &usize| table.cells()[*index].contributors == 1;
    // A margin with one contributor: all who are alone in its cells are the same unit.
    let (height, width, total) = (table.height(), table.width(), table.cells().len());
    let rows = (0..height).map(|row| (row * width..(row + 1) * width).collect::<Vec<usize>>());
    let columns = (0..width).map(|column| (column..total).step_by(width).collect::<Vec<usize>>());
    let lines: Vec<Vec<usize>> = match table.columns() {
        Some(_) => rows.chain(columns).collect(),
        None => columns.collect(),
    };
    let shared: Vec<Vec<usize>> =
        lines.into_iter().filter(|line| line.last().is_some_and(alone)).map(|line| line.into_iter().filter(alone).collect()).collect();
    let own = |cell: usize| {
        let mut own = BTreeSet::from([cell]);
        loop {
            let before = own.len();
            for line in shared.iter().filter(|line| line.iter().any(|one| own.contains(one))).collect::<Vec<_>>() {
                own.extend(line);
            }
            if own.len() == before {
                return own;
            }
        }
    };
    (0..total).filter(|cell| !table.is_margin(*cell) && alone(cell)).map(|cell| Single { cell, own: own(cell) }).collect()
}

/// The work that removing unnecessary suppressions may cost, in arcs looked at.
const CLEANING_MAX: usize = 20_000_000;

/// Opens candidates until all demands are met; `false` where even suppressing every candidate is not enough.
pub(crate) fn protect(network: &mut Network, demands: &[Demand], singles: &[Single]) -> bool {
    let open = |network: &mut Network, (cell, demanded): &Demand| {
        let value = network.arcs[*cell].value;
        network.open_until(*cell, Direction::Up, demanded.upper - value)
            && network.open_until(*cell, Direction::Down, value - demanded.lower)
    };
    if !against_all(network, demands, singles, open) {
        return false;
    }
    clean(network, demands, singles);
    against_all(network, demands, singles, |network, demand| is_protected(network, demand))
}

/// Does something for each demand as each attacker sees the network; stops where it fails.
fn against_all(network: &mut Network, demands: &[Demand], singles: &[Single], act: impl Fn(&mut Network, &Demand) -> bool) -> bool {
    if !demands.iter().all(|demand| act(network, demand)) {
        return false;
    }
    singles.iter().all(|single| {
        let before = network.set_state(single.cell, State::Fixed);
        let done = demands.iter().filter(|(cell, _)| !single.own.contains(cell)).all(|demand| act(network, demand));
        network.set_state(single.cell, before);
        done
    })
}

/// Whether the exact bounds of a cell contain what is demanded.
fn is_protected(network: &Network, (cell, demanded): &Demand) -> bool {
    let value = network.arcs[*cell].value;
    let (up, down) = (demanded.upper - value, value - demanded.lower);
    network.reach(*cell, Direction::Up, up) >= up && network.reach(*cell, Direction::Down, down) >= down
}

/// Shows again what is not needed, the dearest first.
fn clean(network: &mut Network, demands: &[Demand], singles: &[Single]) {
    let mut opened: Vec<usize> =
        (0..network.arcs.len()).filter(|arc| network.arcs[*arc].state == State::Open && network.arcs[*arc].cost > 0).collect();
    let checks = demands.len().saturating_mul(1 + singles.len());
    if opened.len().saturating_mul(checks).saturating_mul(network.arcs.len()) > CLEANING_MAX {
        return;
    }
    opened.sort_by_key(|arc| (std::cmp::Reverse(network.arcs[*arc].cost), *arc));
    for arc in opened {
        network.set_state(arc, State::Candidate);
        if !against_all(network, demands, singles, |network, demand| is_protected(network, demand)) {
            network.set_state(arc, State::Open);
        }
    }
}
