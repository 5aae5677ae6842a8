//! Secondary suppression: further cells, until no suppressed cell can be bounded more closely than its rule demands.
//!
//! Greedy: cell by cell, the cheapest further cells that let it move far enough (cost: contributors + 1, so that the
//! least information is lost and margins go last). Then what turned out to be unnecessary is shown again, and
//! everything is checked once more with the exact bounds. More may be suppressed than an optimal choice would; never
//! less than the requirements need.

use crate::network::{Direction, Network, State};
use crate::review::Requirement;

/// A cell and what an attacker's interval for it must contain.
pub(crate) type Demand = (usize, Requirement);

/// The work that removing unnecessary suppressions may cost, in arcs looked at.
const CLEANING_MAX: usize = 20_000_000;

/// Opens candidates until all demands are met; `false` where even suppressing every candidate is not enough.
pub(crate) fn protect(network: &mut Network, demands: &[Demand]) -> bool {
    for (cell, demanded) in demands {
        let value = network.arcs[*cell].value;
        if !network.open_until(*cell, Direction::Up, demanded.upper - value)
            || !network.open_until(*cell, Direction::Down, value - demanded.lower)
        {
            return false;
        }
    }
    clean(network, demands);
    demands.iter().all(|demand| is_protected(network, demand))
}

/// Whether the exact bounds of a cell contain what is demanded.
pub(crate) fn is_protected(network: &Network, (cell, demanded): &Demand) -> bool {
    let value = network.arcs[*cell].value;
    let (up, down) = (demanded.upper - value, value - demanded.lower);
    network.reach(*cell, Direction::Up, up) >= up && network.reach(*cell, Direction::Down, down) >= down
}

/// Shows again what is not needed, the dearest first.
fn clean(network: &mut Network, demands: &[Demand]) {
    let mut opened: Vec<usize> =
        (0..network.arcs.len()).filter(|arc| network.arcs[*arc].state == State::Open && network.arcs[*arc].cost > 0).collect();
    let work = opened.len().saturating_mul(demands.len()).saturating_mul(network.arcs.len());
    if work > CLEANING_MAX {
        return;
    }
    opened.sort_by_key(|arc| (std::cmp::Reverse(network.arcs[*arc].cost), *arc));
    for arc in opened {
        network.arcs[arc].state = State::Candidate;
        if !demands.iter().all(|demand| is_protected(network, demand)) {
            network.arcs[arc].state = State::Open;
        }
    }
}
