//! What can be computed back: a table with margins as a circulation.
//!
//! Each row and column is a node, each cell an edge from its row to its column, each margin an edge back; "the cells of
//! a row add up to its margin" is "what flows into the node flows out" (Cox 1995). A published cell has a fixed flow, a
//! suppressed one may be anything inside its public bounds. How far a suppressed cell can rise, the rest adjusting, is a
//! maximum flow from its head back to its tail beside it, so the attacker's best bounds are exact and are integers.

use crate::Table;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

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
}

/// Which bound of a cell is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Up,
    Down,
}

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
        Self { arcs, at }
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
    fn residual(&self, flow: &[i128], arc: usize, direction: Direction) -> i128 {
        let edge = &self.arcs[arc];
        match direction {
            Direction::Up => edge.cap - edge.value - flow[arc],
            Direction::Down => edge.value + flow[arc] - edge.floor,
        }
    }

    /// The other end of an arc at a node, and the direction in which it is used from there.
    fn across(&self, node: usize, arc: usize) -> (usize, Direction) {
        let edge = &self.arcs[arc];
        if edge.from == node { (edge.to, Direction::Up) } else { (edge.from, Direction::Down) }
    }

    /// How far a suppressed cell can move in a direction, at most `needed`, using suppressed cells alone.
    pub fn reach(&self, cell: usize, direction: Direction, needed: i128) -> i128 {
        let mut flow = vec![0; self.arcs.len()];
        let own = self.residual(&flow, cell, direction);
        let needed = needed.min(own);
        self.push_open(&mut flow, cell, direction, needed)
    }

    /// Pushes up to `needed` through suppressed cells; says how much went through.
    fn push_open(&self, flow: &mut [i128], cell: usize, direction: Direction, needed: i128) -> i128 {
        let mut pushed = 0;
        while pushed < needed {
            let Some(route) = self.shortest(flow, cell, direction) else { break };
            pushed += self.push(flow, &route, needed - pushed);
        }
        pushed
    }

    fn push(&self, flow: &mut [i128], route: &Route, at_most: i128) -> i128 {
        let narrowest = route.iter().map(|(arc, way)| self.residual(flow, *arc, *way)).min().unwrap_or(0).min(at_most);
        for (arc, way) in route {
            flow[*arc] += if *way == Direction::Up { narrowest } else { -narrowest };
        }
        narrowest
    }

    /// The route with the fewest arcs through suppressed cells.
    fn shortest(&self, flow: &[i128], cell: usize, direction: Direction) -> Option<Route> {
        let (start, goal) = self.ends(cell, direction);
        let mut came: Vec<Option<(usize, Direction, usize)>> = vec![None; self.at.len()];
        let mut queue = VecDeque::from([start]);
        while let Some(node) = queue.pop_front() {
            for &arc in &self.at[node] {
                let (next, way) = self.across(node, arc);
                let usable = arc != cell && self.arcs[arc].state == State::Open && self.residual(flow, arc, way) > 0;
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
    fn cheapest(&self, flow: &[i128], cell: usize, direction: Direction, width: i128) -> Option<Route> {
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
        let mut flow = vec![0; self.arcs.len()];
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
                self.arcs[*arc].state = State::Open;
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
