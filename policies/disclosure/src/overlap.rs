//! Overlap with earlier tables of the same lineage.
//!
//! A cell may have been published before: on an earlier version of the data, under another filter, or as the margin of
//! another table. What an attacker then learns is the difference, so the difference must hold nobody or at least as
//! many contributors as the threshold asks for. To check that exactly the domain remembers, for each published table,
//! the exact cells. That memory is data: it is guarded like shards, has no `Serialize`, and leaves this crate only
//! through [`Remembered::to_private_json`], for the domain's own store.

use crate::{DisclosureRules, Measure, Path, Reason, Table};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt;
use tidegate_terms::messages;

messages! {
    /// Why the memory of an earlier table cannot be read.
    pub enum RememberedError {
        Broken = "remembered-table.broken" {
            en: "the domain's memory of an earlier table is damaged: exact tables of this lineage stay closed until it is restored",
            zh: "本域对先前表格的记录已损坏：在恢复之前，该谱系不得发布精确表格",
        },
    }
}

#[derive(Clone, PartialEq, Eq)]
struct Before {
    contributors: u64,
    value: i64,
    shown: bool,
}

/// What the domain remembers about one published table. For the domain alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Remembered {
    measure: Measure,
    cells: BTreeMap<Path, Before>,
}

impl fmt::Debug for Remembered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Remembered(..)")
    }
}

/// What earlier tables mean for a cell; of several, the last in this order counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Overlap {
    /// Nothing.
    None,
    /// It was suppressed and hardly changed: it stays suppressed.
    SuppressedBefore,
    /// The difference isolates too few.
    Isolates,
    /// It was shown with this very value: suppressing it would hide nothing, and it can hide nothing else.
    AlreadyShown,
}

impl Overlap {
    pub fn reason(self) -> Option<Reason> {
        match self {
            Self::None | Self::AlreadyShown => None,
            Self::SuppressedBefore => Some(Reason::SuppressedBefore),
            Self::Isolates => Some(Reason::Overlap),
        }
    }
}

impl Remembered {
    pub(crate) fn of(table: &Table, shown: impl Fn(usize) -> bool) -> Self {
        let before = |index: usize| {
            let cell = &table.cells()[index];
            Before { contributors: cell.contributors, value: cell.value, shown: shown(index) }
        };
        let cells = (0..table.cells().len()).map(|index| (table.path(index), before(index))).collect();
        Self { measure: table.measure().clone(), cells }
    }

    fn same_statistic(&self, measure: &Measure) -> bool {
        match (&self.measure, measure) {
            (Measure::Count, Measure::Count) => true,
            (Measure::Sum { name, .. }, Measure::Sum { name: other, .. }) => name == other,
            _ => false,
        }
    }

    /// What this earlier table means for a cell of a new one.
    fn overlap(&self, rules: &DisclosureRules, table: &Table, index: usize) -> Overlap {
        if !self.same_statistic(table.measure()) {
            return Overlap::None;
        }
        let Some(before) = self.cells.get(&table.path(index)) else { return Overlap::None };
        let cell = &table.cells()[index];
        let differ = cell.contributors.abs_diff(before.contributors);
        let same_bounds = self.measure == *table.measure();
        match (before.shown, differ >= rules.min_contributors) {
            (true, _) if same_bounds && differ == 0 && cell.value == before.value => Overlap::AlreadyShown,
            // Other bounds: the difference is about those beyond them, however many there are.
            (true, true) if same_bounds => Overlap::None,
            // Also where as many came as went, or values changed: of how many is not known.
            (true, _) => Overlap::Isolates,
            (false, true) => Overlap::None,
            (false, false) => Overlap::SuppressedBefore,
        }
    }

    /// Everything remembered, for the domain's own store; never for anybody outside.
    pub fn to_private_json(&self) -> String {
        let cells: Vec<Value> =
            self.cells.iter().map(|(path, before)| json!([path, before.contributors, before.value, before.shown])).collect();
        json!({ "measure": self.measure, "cells": cells }).to_string()
    }

    /// Reads what [`Self::to_private_json`] wrote.
    pub fn parse_private_json(text: &str) -> Result<Self, RememberedError> {
        let read = || -> Option<Self> {
            let mut whole: Map<String, Value> = serde_json::from_str(text).ok()?;
            let measure = serde_json::from_value(whole.remove("measure")?).ok()?;
            let cells: Vec<(Path, u64, i64, bool)> = serde_json::from_value(whole.remove("cells")?).ok()?;
            let cells = cells.into_iter().map(|(path, contributors, value, shown)| (path, Before { contributors, value, shown }));
            Some(Self { measure, cells: cells.collect() })
        };
        read().ok_or(RememberedError::Broken)
    }
}

/// What all earlier tables together mean for a cell.
pub(crate) fn overlap_of(rules: &DisclosureRules, table: &Table, index: usize, earlier: &[Remembered]) -> Overlap {
    earlier.iter().map(|remembered| remembered.overlap(rules, table, index)).max().unwrap_or(Overlap::None)
}
