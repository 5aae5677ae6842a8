//! What can be computed back: a table with margins as a circulation.
//!
//! Each row and column is a node, each cell an edge from its row to its column, each margin an edge back; "the cells of
//! a row add up to its margin" is "what flows into the node flows out" (Cox 1995). A published cell has a fixed flow, a
//! suppressed one may be anything inside its public bounds. How far a suppressed cell can rise, the rest adjusting, is a
//! maximum flow from its head back to its tail beside it, so the attacker's best bounds are exact and are integers.

use crate::Table;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};

/// What the attacker knows of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Published, or known otherwise; can never be suppressed.
    Fixed,
    /// Published, but could be suppressed.
    Candidate,
    /// Suppressed.
    Open,
}

/// A cell as an edge.
pub(crate) struct Arc {
    pub from: usize,
    pub to: usize,
    pub floor: i128,
    pub value: i128,
    pub cap: i128,
    pub cost: u64,
    pub state: State,
}

/// The cells of one table.
pub(crate) struct Network {
    pub arcs: Vec<Arc>,
    /// The arcs at each node.
    at: Vec<Vec<usize>>,
    /// Those of them that are open, in the same order.
    open_at: Vec<BTreeSet<usize>>,
}

/// Which bound of a cell is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Up,
    Down,
}

/// By how much cells were moved; most were not.
type Flow = BTreeMap<usize, i128>;

/// A route: its arcs from the goal back to the start, each with the direction in which it is used.
type Route = Vec<(usize, Direction)>;

/// The edges of a table as (from, to) in the order of its cells, and the number of nodes.
pub(crate) fn edges(table: &Table) -> (Vec<(usize, usize)>, usize) {
    let (height, width) = (table.height(), table.width());
    if table.columns().is_none() {
        let edges = (0..height).map(|row| if row + 1 < height { (0, 1) } else { (1, 0) }).collect();
        return (edges, 2);
    }
    let edge = |index: usize| {
        let (row, column) = (index / width, index % width);
        // One total turns the edge round, two turn it twice.
        let reversed = (row + 1 == height) != (column + 1 == width);
        if reversed { (height + column, row) } else { (row, height + column) }
    };
    ((0..height * width).map(edge).collect(), height + width)
}

impl Network {
    pub fn new(arcs: Vec<Arc>, nodes: usize) -> Self {
        let mut at = vec![Vec::new(); nodes];
        for (index, arc) in arcs.iter().enumerate() {
            at[arc.from].push(index);
            at[arc.to].push(index);
        }
        let mut network = Self { arcs, at, open_at: vec![BTreeSet::new(); nodes] };
        for arc in 0..network.arcs.len() {
            network.set_state(arc, network.arcs[arc].state);
        }
        network
    }

    /// Suppresses a cell, or shows it again; says what it was before.
    pub fn set_state(&mut self, arc: usize, state: State) -> State {
        for node in [self.arcs[arc].from, self.arcs[arc].to] {
            match state {
                State::Open => self.open_at[node].insert(arc),
                State::Fixed | State::Candidate => self.open_at[node].remove(&arc),
            };
        }
        std::mem::replace(&mut self.arcs[arc].state, state)
    }

    /// Start and goal of the flow that lets a cell move in a direction.
    fn ends(&self, cell: usize, direction: Direction) -> (usize, usize) {
        let arc = &self.arcs[cell];
        match direction {
            Direction::Up => (arc.to, arc.from),
            Direction::Down => (arc.from, arc.to),
        }
    }

    /// How far an arc can still go in a direction.
    fn residual(&self, flow: &Flow, arc: usize, direction: Direction) -> i128 {
        let (edge, moved) = (&self.arcs[arc], flow.get(&arc).copied().unwrap_or(0));
        match direction {
            Direction::Up => edge.cap - edge.value - moved,
            Direction::Down => edge.value + moved - edge.floor,
        }
    }

    /// The other end of an arc at a node, and the direction in which it is used from there.
    fn across(&self, node: usize, arc: usize) -> (usize, Direction) {
        let edge = &self.arcs[arc];
        if edge.from == node { (edge.to, Direction::Up) } else { (edge.from, Direction::Down) }
    }

    /// How far a suppressed cell can move in a direction, at most `needed`, using suppressed cells alone.
    pub fn reach(&self, cell: usize, direction: Direction, needed: i128) -> i128 {
        let mut flow = Flow::new();
        let needed = needed.min(self.residual(&flow, cell, direction));
        self.push_open(&mut flow, cell, direction, needed)
    }

    /// Pushes up to `needed` through suppressed cells; says how much went through.
    fn push_open(&self, flow: &mut Flow, cell: usize, direction: Direction, needed: i128) -> i128 {
        let mut pushed = 0;
        while pushed < needed {
            let Some(route) = self.shortest(flow, cell, direction) else { break };
            pushed += self.push(flow, &route, needed - pushed);
        }
        pushed
    }

    fn push(&self, flow: &mut Flow, route: &Route, at_most: i128) -> i128 {
        let narrowest = route.iter().map(|(arc, way)| self.residual(flow, *arc, *way)).min().unwrap_or(0).min(at_most);
        for (arc, way) in route {
            *flow.entry(*arc).or_default() += if *way == Direction::Up { narrowest } else { -narrowest };
        }
        narrowest
    }

    /// The route with the fewest arcs through suppressed cells.
    fn shortest(&self, flow: &Flow, cell: usize, direction: Direction) -> Option<Route> {
        let (start, goal) = self.ends(cell, direction);
        let mut came: Vec<Option<(usize, Direction, usize)>> = vec![None; self.at.len()];
        let mut queue = VecDeque::from([start]);
        while let Some(node) = queue.pop_front() {
            for &arc in &self.open_at[node] {
                let (next, way) = self.across(node, arc);
                let usable = arc != cell && self.residual(flow, arc, way) > 0;
                if usable && next != start && came[next].is_none() {
                    came[next] = Some((arc, way, node));
                    if next == goal {
                        return Some(route(&came, start, goal));
                    }
                    queue.push_back(next);
                }
            }
        }
        None
    }

    /// The route on which the fewest further cells, by cost, must be suppressed; each arc carries `width` or more.
    fn cheapest(&self, flow: &Flow, cell: usize, direction: Direction, width: i128) -> Option<Route> {
        let (start, goal) = self.ends(cell, direction);
        let mut came: Vec<Option<(usize, Direction, usize)>> = vec![None; self.at.len()];
        let mut best = vec![(u128::MAX, usize::MAX); self.at.len()];
        best[start] = (0, 0);
        let mut open = BinaryHeap::from([Reverse(((0, 0), start))]);
        while let Some(Reverse((price, node))) = open.pop() {
            if node == goal {
                return Some(route(&came, start, goal));
            }
            if price > best[node] {
                continue;
            }
            for &arc in &self.at[node] {
                let (next, way) = self.across(node, arc);
                let cost = match self.arcs[arc].state {
                    State::Fixed => continue,
                    State::Candidate => u128::from(self.arcs[arc].cost),
                    State::Open => 0,
                };
                let price = (price.0 + cost, price.1 + 1);
                if arc != cell && self.residual(flow, arc, way) >= width && price < best[next] {
                    best[next] = price;
                    came[next] = Some((arc, way, node));
                    open.push(Reverse((price, next)));
                }
            }
        }
        None
    }

    /// Suppresses candidates until the cell can move by `needed`; says whether that was possible.
    pub fn open_until(&mut self, cell: usize, direction: Direction, needed: i128) -> bool {
        let mut flow = Flow::new();
        if self.residual(&flow, cell, direction) < needed {
            return false;
        }
        let mut missing = needed;
        loop {
            missing -= self.push_open(&mut flow, cell, direction, missing);
            if missing <= 0 {
                return true;
            }
            // One wide route instead of many narrow ones.
            let mut width = missing;
            let found = loop {
                let found = self.cheapest(&flow, cell, direction, width);
                if found.is_some() || width == 1 {
                    break found;
                }
                width = (width + 1) / 2;
            };
            let Some(route) = found else { return false };
            for (arc, _) in &route {
                self.set_state(*arc, State::Open);
            }
            missing -= self.push(&mut flow, &route, missing);
        }
    }
}

fn route(came: &[Option<(usize, Direction, usize)>], start: usize, goal: usize) -> Route {
    let (mut route, mut node) = (Vec::new(), goal);
    while node != start {
        let Some((arc, way, before)) = came[node] else { break };
        route.push((arc, way));
        node = before;
    }
    route
}
