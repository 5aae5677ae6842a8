//! Made-up tables, and an attacker that shares no code with what it attacks.

#![allow(dead_code)] // each test uses its part

use tidegate_disclosure::{Axis, Cell, DisclosureRules, Measure, Published, Reviewed, Shown, Table};

/// A deterministic generator (SplitMix64).
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

/// One unit's contribution to one inner cell.
#[derive(Clone, Copy)]
pub struct Contribution {
    pub unit: u64,
    pub row: usize,
    pub column: usize,
    pub value: i64,
}

/// A made-up population over a table.
pub struct Population {
    pub height: usize,
    /// 0 for a table without columns.
    pub width: usize,
    pub contributions: Vec<Contribution>,
}

pub fn axis(dimension: &str, length: usize) -> Axis {
    Axis { dimension: dimension.into(), keys: (0..length).map(|key| format!("{dimension}{key}")).collect() }
}

pub const UPPER: i64 = 10_000;

pub fn sums() -> Measure {
    Measure::Sum { name: "cost".into(), lower: 0, upper: UPPER }
}

impl Population {
    /// Cells of very different sizes; values skewed, some of them zero.
    pub fn draw(dice: &mut Dice, cells_max: u64, units_in_cell: u64) -> Self {
        let height = 1 + dice.below(cells_max) as usize;
        let width = if dice.below(4) == 0 { 0 } else { 1 + dice.below(cells_max) as usize };
        let mut contributions = Vec::new();
        for row in 0..height {
            for column in 0..width.max(1) {
                let many = match dice.below(6) {
                    0 => 0,
                    1 => dice.below(units_in_cell / 4 + 1),
                    _ => dice.below(units_in_cell) + units_in_cell / 3,
                };
                let scale = [1, 10, 100, 1_000][dice.below(4) as usize];
                let zeros = dice.below(12) == 0;
                for _ in 0..many {
                    let giant = if dice.below(12) == 0 { 10 } else { 1 };
                    let value = if zeros { 0 } else { (dice.below(scale + 1) * giant) as i64 };
                    contributions.push(Contribution { unit: contributions.len() as u64, row, column, value: value.min(UPPER) });
                }
            }
        }
        Self { height, width, contributions }
    }

    /// Lets units be in several cells.
    pub fn share_units(&mut self, dice: &mut Dice) {
        let units = self.contributions.len() as u64 + 1;
        for contribution in &mut self.contributions {
            if dice.below(3) == 0 {
                contribution.unit = dice.below(units);
            }
        }
        self.contributions.sort_by_key(|one| (one.row, one.column, one.unit));
        self.contributions.dedup_by_key(|one| (one.row, one.column, one.unit));
    }

    fn cell(&self, inside: impl Fn(&Contribution) -> bool, count: bool) -> Cell {
        let mut by_unit = std::collections::BTreeMap::<u64, i64>::new();
        let mut entries = 0;
        for one in self.contributions.iter().filter(|one| inside(one)) {
            *by_unit.entry(one.unit).or_default() += one.value;
            entries += 1;
        }
        let mut largest: Vec<i64> = by_unit.values().copied().collect();
        let value = if count { entries } else { largest.iter().sum() };
        largest.sort_unstable_by(|one, other| other.cmp(one));
        largest.truncate(2);
        let largest = if count { Vec::new() } else { largest };
        Cell { contributors: by_unit.len() as u64, value, supplied: 0, largest }
    }

    /// The exact table with its margins.
    pub fn table(&self, measure: Measure) -> Table {
        let count = measure == Measure::Count;
        let mut cells = Vec::new();
        for row in 0..=self.height {
            let here = move |one: &Contribution| row == self.height || one.row == row;
            for column in 0..self.width {
                cells.push(self.cell(|one| here(one) && one.column == column, count));
            }
            cells.push(self.cell(here, count));
        }
        let columns = (self.width > 0).then(|| axis("sex", self.width));
        Table::parse(axis("region", self.height), columns, measure, cells).expect("a table")
    }

    /// The exact values, in the order of the cells, computed from the units once more.
    pub fn values(&self, measure: &Measure) -> Vec<i64> {
        let stride = if self.width == 0 { 1 } else { self.width + 1 };
        let mut values = vec![0; (self.height + 1) * stride];
        for one in &self.contributions {
            let amount = if *measure == Measure::Count { 1 } else { one.value };
            let columns = if self.width == 0 { vec![0] } else { vec![one.column, self.width] };
            for row in [one.row, self.height] {
                for column in &columns {
                    values[row * stride + column] += amount;
                }
            }
        }
        values
    }

    /// For each inner cell with one contributor: that cell, and all cells that hold this unit and nobody else.
    pub fn alone(&self) -> Vec<(usize, Vec<usize>)> {
        let stride = if self.width == 0 { 1 } else { self.width + 1 };
        let units = |index: usize| {
            let (row, column) = (index / stride, index % stride);
            let inside = self
                .contributions
                .iter()
                .filter(|one| (row == self.height || one.row == row) && (self.width == 0 || column == self.width || one.column == column));
            inside.map(|one| one.unit).collect::<std::collections::BTreeSet<u64>>()
        };
        let all: Vec<_> = (0..(self.height + 1) * stride).map(units).collect();
        let inner = |index: &usize| index / stride < self.height && (self.width == 0 || index % stride < self.width);
        (0..all.len())
            .filter(|index| inner(index) && all[*index].len() == 1)
            .map(|index| (index, (0..all.len()).filter(|other| all[*other] == all[index]).collect()))
            .collect()
    }

    /// The contributors of inner cells, in the order of the cells; `None` for margins.
    pub fn contributors(&self) -> Vec<Option<i64>> {
        let stride = if self.width == 0 { 1 } else { self.width + 1 };
        let mut counts = vec![None; (self.height + 1) * stride];
        for row in 0..self.height {
            for column in 0..self.width.max(1) {
                let inside = self.contributions.iter().filter(|one| one.row == row && one.column == column);
                counts[row * stride + column] = Some(inside.count() as i64);
            }
        }
        counts
    }
}

/// The equations that everybody knows: each is a list of cells with +1 or -1 that add up to zero.
pub fn equations(height: usize, width: usize) -> Vec<Vec<(usize, f64)>> {
    let stride = if width == 0 { 1 } else { width + 1 };
    let mut equations = Vec::new();
    for column in 0..stride {
        let mut one: Vec<(usize, f64)> = (0..height).map(|row| (row * stride + column, 1.0)).collect();
        one.push((height * stride + column, -1.0));
        equations.push(one);
    }
    if width > 0 {
        for row in 0..=height {
            let mut one: Vec<(usize, f64)> = (0..width).map(|column| (row * stride + column, 1.0)).collect();
            one.push((row * stride + width, -1.0));
            equations.push(one);
        }
    }
    equations
}

/// What an attacker knows about each cell before solving: its value, or bounds.
pub fn knowledge(population: &Population, measure: &Measure, rules: &DisclosureRules, hidden: impl Fn(usize) -> bool) -> Vec<(f64, f64)> {
    let values = population.values(measure);
    let contributors = population.contributors();
    (0..values.len())
        .map(|index| match (hidden(index), measure, contributors[index]) {
            (false, _, _) => (values[index] as f64, values[index] as f64),
            (true, Measure::Sum { lower, upper, .. }, Some(count)) if count as u64 >= rules.min_contributors => {
                ((count * lower) as f64, (count * upper) as f64)
            }
            _ => (0.0, FAR),
        })
        .collect()
}

/// Larger than any table of the tests.
pub const FAR: f64 = 1e9;

/// The largest value of `sign * cell` under the equations and bounds: two-phase simplex with Bland's rule.
///
/// Tables with margins are totally unimodular, so the tableau holds whole numbers and floating point is exact.
pub fn best(cell: usize, sign: f64, bounds: &[(f64, f64)], equations: &[Vec<(usize, f64)>]) -> f64 {
    let free: Vec<usize> = (0..bounds.len()).filter(|index| bounds[*index].0 < bounds[*index].1).collect();
    let Some(target) = free.iter().position(|index| *index == cell) else { return sign * bounds[cell].0 };
    // Variables: the free cells above their lower bounds, then a slack for each upper bound; all at least 0.
    let variables = 2 * free.len();
    let mut rows: Vec<Vec<f64>> = Vec::new();
    for equation in equations {
        let mut row = vec![0.0; variables + 1];
        for (index, factor) in equation {
            row[variables] -= factor * bounds[*index].0;
            if let Some(position) = free.iter().position(|one| one == index) {
                row[position] += factor;
            }
        }
        rows.push(row);
    }
    for (position, index) in free.iter().enumerate() {
        let mut row = vec![0.0; variables + 1];
        (row[position], row[free.len() + position]) = (1.0, 1.0);
        row[variables] = bounds[*index].1 - bounds[*index].0;
        rows.push(row);
    }
    // Phase one: an artificial variable per row.
    let count = rows.len();
    let width = variables + count;
    let mut tableau: Vec<Vec<f64>> = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        let turn = if row[variables] < 0.0 { -1.0 } else { 1.0 };
        let mut full: Vec<f64> = row[..variables].iter().map(|value| value * turn).collect();
        full.extend((0..count).map(|other| f64::from(u8::from(other == number))));
        full.push(row[variables] * turn);
        tableau.push(full);
    }
    let mut basis: Vec<usize> = (variables..width).collect();
    let mut artificial = vec![0.0; width + 1];
    for row in &tableau {
        for (total, value) in artificial.iter_mut().zip(row) {
            *total -= value;
        }
    }
    artificial[variables..width].fill(0.0);
    solve(&mut tableau, &mut basis, &mut artificial, width);
    assert!(artificial[width].abs() < 1e-6, "the true table satisfies the equations");
    // Phase two: artificial variables stay out.
    let mut objective = vec![0.0; width + 1];
    objective[target] = -sign;
    for (row, variable) in tableau.iter().zip(&basis) {
        let factor = objective[*variable];
        if factor != 0.0 {
            for (total, value) in objective.iter_mut().zip(row) {
                *total -= factor * value;
            }
        }
    }
    solve(&mut tableau, &mut basis, &mut objective, variables);
    objective[width] + sign * bounds[cell].0
}

/// Pivots until no reduced cost among the first `allowed` variables is negative.
fn solve(tableau: &mut [Vec<f64>], basis: &mut [usize], objective: &mut [f64], allowed: usize) {
    let last = objective.len() - 1;
    while let Some(entering) = (0..allowed).find(|column| objective[*column] < -1e-9) {
        let ratio = |row: &Vec<f64>| row[last] / row[entering];
        let leaving = (0..tableau.len())
            .filter(|row| tableau[*row][entering] > 1e-9)
            .min_by(|one, other| ratio(&tableau[*one]).total_cmp(&ratio(&tableau[*other])).then(basis[*one].cmp(&basis[*other])))
            .expect("bounded");
        let pivot = tableau[leaving][entering];
        tableau[leaving].iter_mut().for_each(|value| *value /= pivot);
        let row = tableau[leaving].clone();
        let clear = |other: &mut [f64]| {
            let factor = other[entering];
            if factor != 0.0 {
                other.iter_mut().zip(&row).for_each(|(value, part)| *value -= factor * part);
            }
        };
        for (number, other) in tableau.iter_mut().enumerate() {
            if number != leaving {
                clear(other);
            }
        }
        clear(objective);
        basis[leaving] = entering;
    }
}

/// The published cells, flat.
pub fn shown(published: &Published) -> Vec<Shown> {
    published.cells.iter().flatten().copied().collect()
}

/// Which required intervals an attacker breaks who sees every cell that is not `hidden`.
pub fn broken(population: &Population, measure: &Measure, reviewed: &Reviewed, hidden: impl Fn(usize) -> bool) -> Vec<usize> {
    let bounds = knowledge(population, measure, &reviewed.published.rules, hidden);
    let equations = equations(population.height, population.width);
    let breaks = |index: usize, lower: i128, upper: i128| {
        let least = -best(index, -1.0, &bounds, &equations);
        let most = best(index, 1.0, &bounds, &equations);
        least > (lower as f64).max(0.0) + 1e-6 || most < (upper as f64).min(FAR) - 1e-6
    };
    let demands = reviewed.reasons.requirements();
    demands.filter(|(index, demand)| breaks(*index, demand.lower, demand.upper)).map(|(index, _)| index).collect()
}
