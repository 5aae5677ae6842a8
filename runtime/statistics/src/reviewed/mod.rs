//! Exact tables for the reviewed aggregate mode: what disclosure control needs to know of each cell and margin.
//!
//! Guarantee: whatever a module returns, each unit adds to at most `per_unit` cells of a table, to each of them at
//! most `steps_max` steps and at least one, or it adds nothing at all; a margin counts it once, with its own total. The
//! sums are the same for any order and any number of workers: contributors and values are added, and the largest
//! contributions of a union are the largest of the largest.
//!
//! Nothing here is differentially private, and nothing here decides what leaves; that is `tidegate-disclosure`.
//! Rejected: as many largest contributions as the policy's rules need; then two policies would give two commitments to
//! the same data. Rules never need more than [`LARGEST`].

mod sums;

pub use sums::{ReviewedCell, ReviewedSums};

use crate::contribution::NotAContribution;
use crate::{LayoutError, Sparse};
use std::collections::BTreeMap;
use tidegate_terms::{DisclosureRules, Manifest, PublicSchema, ReviewedAxis, ReviewedMeasure, ReviewedTable};

/// How many of the largest contributions of a cell are kept: as many as any rules can need.
pub const LARGEST: usize = DisclosureRules::DOMINANCE_N_MAX as usize;

/// The sealed layout of one exact table.
#[derive(Debug)]
pub struct ReviewedLayout {
    table: ReviewedTable,
    rows: Vec<String>,
    columns: Option<Vec<String>>,
    steps_max: i64,
}

/// What one unit adds to one cell or margin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    cell: usize,
    value: i64,
    largest: i64,
}

impl ReviewedLayout {
    /// The layouts of all tables of a manifest; refuses what could overflow.
    pub(crate) fn seal(manifest: &Manifest, schema: &PublicSchema) -> Result<Vec<Self>, LayoutError> {
        let seal = |table: &ReviewedTable| {
            let keys = |axis: &ReviewedAxis| axis.keys(&table.name, schema);
            let rows = keys(&table.rows)?;
            let columns = table.columns.as_ref().map(keys).transpose()?;
            let layout = Self { table: table.clone(), rows, columns, steps_max: table.measure.steps_max() };
            if u128::from(layout.unit_max()) * u128::from(schema.units_max) >= 1 << 62 {
                return Err(LayoutError::Overflow { statistic: table.name.to_string() });
            }
            Ok(layout)
        };
        manifest.reviewed.iter().flat_map(|reviewed| &reviewed.tables).map(seal).collect()
    }

    /// The table as declared.
    pub fn table(&self) -> &ReviewedTable {
        &self.table
    }

    /// The keys of its rows.
    pub fn rows(&self) -> &[String] {
        &self.rows
    }

    /// The keys of its columns, if it has two dimensions.
    pub fn columns(&self) -> Option<&[String]> {
        self.columns.as_deref()
    }

    /// The most steps of one contribution to one cell.
    pub fn steps_max(&self) -> i64 {
        self.steps_max
    }

    /// What one step is worth.
    pub fn step(&self) -> f64 {
        match &self.table.measure {
            ReviewedMeasure::Count {} => 1.0,
            ReviewedMeasure::Sum { grid, .. } => *grid,
        }
    }

    /// The keys of a cell, for people; `*` where it is a margin.
    pub fn name_of(&self, cell: usize) -> String {
        let key = |keys: &[String], place: usize| keys.get(place).cloned().unwrap_or_else(|| "*".into());
        let row = key(&self.rows, cell / self.width());
        match &self.columns {
            Some(columns) => format!("{row} / {}", key(columns, cell % self.width())),
            None => row,
        }
    }

    fn keeps_largest(&self) -> bool {
        matches!(self.table.measure, ReviewedMeasure::Sum { .. })
    }

    /// Numbers that a module returns for one unit: the cells without margins, row by row.
    pub(crate) fn guest_cells(&self) -> usize {
        self.rows.len() * self.columns.as_ref().map_or(1, Vec::len)
    }

    /// Cells and margins.
    pub fn cells(&self) -> usize {
        (self.rows.len() + 1) * self.width()
    }

    /// Columns, their total included.
    fn width(&self) -> usize {
        self.columns.as_ref().map_or(1, |columns| columns.len() + 1)
    }

    /// Most steps of one unit in one cell or margin.
    fn unit_max(&self) -> u64 {
        self.steps_max.unsigned_abs().saturating_mul(u64::from(self.table.per_unit))
    }

    /// The cell or margin of this index: most steps of one unit there.
    fn cell_max(&self, cell: usize) -> u64 {
        if self.is_margin(cell) { self.unit_max() } else { self.steps_max.unsigned_abs() }
    }

    fn is_margin(&self, cell: usize) -> bool {
        cell / self.width() == self.rows.len() || self.columns.is_some() && cell % self.width() + 1 == self.width()
    }

    /// What a unit's contribution adds, cell by cell and then margin by margin.
    fn entries(&self, contribution: &impl Sparse, entries: &mut Vec<Entry>) -> Result<(), NotAContribution> {
        let inner = self.guest_cells();
        let mut steps: BTreeMap<usize, i64> = BTreeMap::new();
        let mut seen = vec![false; inner];
        contribution.visit(inner, &mut |index, value| {
            let again = seen.get_mut(index).is_none_or(|seen| std::mem::replace(seen, true));
            if again || !value.is_finite() {
                return Err(NotAContribution);
            }
            let own = self.steps(value);
            if own > 0 {
                steps.insert(index, own);
            }
            if steps.len() > self.table.per_unit as usize { Err(NotAContribution) } else { Ok(()) }
        })?;
        // What follows rests on these integers alone.
        if !steps.values().all(|own| (1..=self.steps_max).contains(own)) {
            return Err(NotAContribution);
        }
        let mut margins: BTreeMap<usize, i64> = BTreeMap::new();
        let (height, width) = (self.rows.len(), self.width());
        for (index, own) in steps {
            let (row, column) = match self.columns {
                Some(_) => (index / (width - 1), index % (width - 1)),
                None => (index, 0),
            };
            entries.push(Entry { cell: row * width + column, value: own, largest: own });
            *margins.entry(height * width + column).or_default() += own;
            if self.columns.is_some() {
                *margins.entry(row * width + width - 1).or_default() += own;
                *margins.entry(height * width + width - 1).or_default() += own;
            }
        }
        entries.extend(margins.into_iter().map(|(cell, own)| Entry { cell, value: own, largest: own }));
        Ok(())
    }

    /// A value on the grid: clamped, rounded, and clamped again where rounding went beyond the bound.
    fn steps(&self, value: f64) -> i64 {
        match &self.table.measure {
            ReviewedMeasure::Count {} => i64::from(value != 0.0),
            ReviewedMeasure::Sum { upper, grid, .. } => {
                // Casting saturates, and what is not a number becomes 0.
                let steps = (value.max(0.0).min(*upper) / grid).round() as i64;
                steps.clamp(0, self.steps_max)
            }
        }
    }
}

/// Adds what a module returned for one unit to all tables: everything, or nothing at all. Says which.
pub(crate) fn add<C: Sparse>(layouts: &[ReviewedLayout], returned: Option<&[C]>, sums: &mut [ReviewedSums]) -> bool {
    let Some(contributions) = returned.filter(|contributions| contributions.len() == layouts.len()) else { return false };
    let mut all = Vec::with_capacity(layouts.len());
    for (layout, contribution) in layouts.iter().zip(contributions) {
        let mut entries = Vec::new();
        if layout.entries(contribution, &mut entries).is_err() {
            return false;
        }
        all.push(entries);
    }
    for ((layout, table), entries) in layouts.iter().zip(sums).zip(all) {
        for entry in entries {
            table.add(entry, layout.keeps_largest());
        }
    }
    true
}

#[cfg(test)]
mod tests;
