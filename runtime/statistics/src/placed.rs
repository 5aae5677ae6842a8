//! One statistic at its place: where its cells lie, in what a module returns and in the totals.

use crate::kind::{Kind, Noised};
use crate::{Conclusion, Group, Part, Sums, discovered};
use std::ops::Range;
use tidegate_terms::{Discovered, Expected, Guard, Measure, Mechanism, Name, stands};

/// What is declared or known of a group beforehand, for quotes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reference {
    /// How many values it has.
    pub count: Option<f64>,
    /// Their mean.
    pub value: Option<f64>,
}

impl From<Option<Expected>> for Reference {
    fn from(expected: Option<Expected>) -> Self {
        Self { count: expected.map(|expected| expected.count), value: expected.and_then(|expected| expected.value) }
    }
}

/// One column of the totals: slot s adds to the total at `start + s * stride`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    pub(crate) start: usize,
    pub(crate) stride: usize,
}

/// One statistic at its place.
#[derive(Debug)]
pub struct Placed {
    /// Its name.
    pub name: Name,
    /// What it measures, as declared.
    pub measure: Measure,
    /// Its noise.
    pub mechanism: Mechanism,
    /// Its declared share of the price of a round.
    pub weight: Option<f64>,
    /// The public keys of its groups; `None` where it has one value for all, or discovers its keys.
    pub keys: Option<Vec<String>>,
    /// The rule of its discovered keys, where it has totals for them.
    pub discovered: Option<Discovered>,
    /// Its declared guess.
    pub reference: Reference,
    /// The bounds that a first round chose for it.
    pub chosen_bounds: Option<[f64; 2]>,
    /// Its parts. The totals of a part lie group after group, `width` for each.
    pub parts: Vec<Part>,
    /// Where its totals lie, discovered keys apart.
    pub totals: Range<usize>,
    /// The rule of the keys that a module gives.
    pub(crate) key_rule: Option<Discovered>,
    pub(crate) groups: usize,
    pub(crate) slots: usize,
    /// Most slots that one unit touches.
    pub(crate) slots_per_unit: usize,
    /// Whether each unit (or block) gives to every slot.
    pub(crate) gives_to_all: bool,
    pub(crate) guest_width: usize,
    pub(crate) columns: Vec<Column>,
    /// Where the number of clamped units lies.
    pub(crate) clamped: Option<usize>,
    /// Whether a key's first total is its number of units, apart from what the statistic counts.
    pub(crate) units_part: bool,
    pub(crate) kind: Box<dyn Kind>,
}

impl Placed {
    /// How many public groups it has; one, where it has no groups; none, where it discovers them.
    pub fn groups(&self) -> usize {
        self.groups
    }

    /// How many noised cells of a part one unit can change at most; those that it cannot change have the same noise
    /// with it and without it, and tell nothing of it.
    pub fn cells_of(&self, part: &Part) -> usize {
        let groups = match (part.shared, self.discovered.is_some()) {
            (true, _) => 1,
            (false, true) => self.slots_per_unit,
            (false, false) => self.groups,
        };
        part.width * groups
    }

    /// How many cells a dense contribution has; a discovered key's, where it discovers keys.
    pub fn guest_cells(&self) -> usize {
        self.slots * self.guest_width
    }

    /// How many numbers a unit returns at most: for the limit of what is read from a guest.
    pub fn returned_max(&self) -> usize {
        if self.key_rule.is_some() { self.slots_per_unit * self.guest_width } else { self.guest_cells() }
    }

    /// Where the public totals of each part lie.
    pub fn ranges(&self) -> Vec<Range<usize>> {
        let mut start = self.totals.start;
        let range = |part: &Part| {
            let groups = if part.shared { 1 } else { self.groups };
            let range = start..start + part.width * groups;
            start = range.end;
            range
        };
        self.parts.iter().map(range).collect()
    }

    /// The exact answers of each part, to which its noise is added: a function of the totals, and as exact.
    pub(crate) fn answers(&self, fixed: &[i64], table: Option<&std::collections::BTreeMap<String, Vec<i64>>>) -> Vec<Vec<i64>> {
        let mut at = 0;
        let of_part = |(part, range): (&Part, Range<usize>)| {
            let mut answers = Vec::new();
            match table.filter(|_| !part.shared) {
                None => part.answers(fixed.get(range).unwrap_or_default(), &mut answers),
                Some(table) => {
                    let columns = at..at + part.width;
                    at = columns.end;
                    table.values().for_each(|totals| part.answers(totals.get(columns.clone()).unwrap_or_default(), &mut answers));
                }
            }
            answers
        };
        self.parts.iter().zip(self.ranges()).map(of_part).collect()
    }

    /// What noised answers say: of each group, and of all groups together where parts are shared.
    ///
    /// `noised` and `scales` are by part; `keys` are the discovered ones, in order, of which those below the
    /// threshold are left out.
    pub(crate) fn conclude(
        &self,
        noised: &[Vec<i128>],
        scales: &[f64],
        keys: Option<Vec<String>>,
        confidence: f64,
    ) -> (Vec<Group>, Option<Conclusion>) {
        let noised_part = |part: usize, cells: Range<usize>| Noised {
            cells: noised.get(part).and_then(|cells_of| cells_of.get(cells)).unwrap_or_default(),
            scale: scales.get(part).copied().unwrap_or(f64::INFINITY),
            step: self.parts[part].step,
        };
        let own: Vec<usize> = (0..self.parts.len()).filter(|part| !self.parts[*part].shared).collect();
        let threshold = self.threshold(scales);
        let groups = keys.as_ref().map_or(self.groups, Vec::len);
        let group = |group: usize| {
            let parts: Vec<_> = own.iter().map(|part| (self.parts[*part].width, *part)).collect();
            let parts: Vec<_> = parts.iter().map(|(width, part)| noised_part(*part, group * width..(group + 1) * width)).collect();
            if threshold.is_some_and(|threshold| parts[0].cells.first().is_none_or(|units| (*units as f64) < threshold)) {
                return None;
            }
            let Conclusion { estimates, vector } =
                self.kind.conclude(if self.units_part { &parts[1..] } else { &parts }, self.mechanism, confidence);
            let key = keys.as_ref().or(self.keys.as_ref()).and_then(|keys| keys.get(group).cloned());
            Some(Group { key, estimates, vector })
        };
        let silent = own.is_empty();
        let groups = if silent { Vec::new() } else { (0..groups).filter_map(group).collect() };
        let shared = self.parts.iter().position(|part| part.shared).map(|part| {
            let noised = noised_part(part, 0..self.parts[part].width);
            crate::automatic::conclude_shared(&self.parts[part], noised, self.mechanism, confidence)
        });
        (groups, shared)
    }

    /// The least noised number of units, in steps of the first part's answers, with which a discovered key is released.
    pub fn threshold(&self, scales: &[f64]) -> Option<f64> {
        let (discovered, scale) = (self.discovered.as_ref().filter(|_| stands(Guard::KeyThreshold))?, scales.first()?);
        let one = self.parts.first().map_or(1, Part::gain);
        Some(discovered::threshold(self.mechanism, *scale, one, self.keys_per_unit(), discovered.delta))
    }

    /// The least noised number of units with which a discovered key is released.
    pub fn threshold_of_units(&self, scales: &[f64]) -> Option<f64> {
        self.threshold(scales).map(|steps| steps * self.parts[0].step)
    }

    /// The expected half widths of the estimates of one group, for quotes.
    pub fn expected_errors(&self, scales: &[f64], reference: Reference, confidence: f64) -> Vec<(String, f64)> {
        if self.parts.is_empty() {
            return Vec::new();
        }
        let own = if self.units_part { scales.get(1..).unwrap_or_default() } else { scales };
        self.kind.expected_errors(own, reference, self.mechanism, confidence)
    }

    pub(crate) fn keys_per_unit(&self) -> u32 {
        u32::try_from(self.slots_per_unit).unwrap_or(u32::MAX)
    }

    pub(crate) fn key_bytes_max(&self) -> usize {
        self.key_rule.map_or(0, |discovered| discovered.bytes_max as usize)
    }

    /// The bound on each of a key's totals.
    pub(crate) fn key_cell_max(&self) -> Vec<u64> {
        let own = self.parts.iter().filter(|part| !part.shared);
        own.flat_map(|part| std::iter::repeat_n(part.cell_max, part.width)).collect()
    }
}

/// Of one statistic: the exact answers of each part, and the discovered keys that they belong to.
pub(crate) fn table_of<'a>(
    sums: &'a Sums,
    discovered_before: usize,
    placed: &Placed,
) -> Option<&'a std::collections::BTreeMap<String, Vec<i64>>> {
    placed.discovered.and_then(|_| sums.keyed.get(discovered_before))
}
