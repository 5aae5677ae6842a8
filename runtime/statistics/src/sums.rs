//! Exact totals of a range of units: a fixed vector of integers, and for discovered keys a table of them.
//!
//! They hold raw data's sums, so nothing prints or serialises them; between processes of the domain they travel as
//! bytes whose number follows from public bounds and the number of units alone.

use crate::discovered::is_key;
use crate::reviewed::ReviewedSums;
use crate::{Layout, Placed};
use std::collections::BTreeMap;
use tidegate_terms::{Guard, stands};

/// Bytes that are not the totals of any range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotSums;

/// Exact totals.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Sums {
    /// The totals of public cells.
    pub fixed: Vec<i64>,
    /// For each statistic with discovered keys, in the order of the manifest: the totals of each key.
    pub keyed: Vec<BTreeMap<String, Vec<i64>>>,
    /// The exact tables of a module of the reviewed aggregate mode, which has nothing else.
    pub reviewed: Vec<ReviewedSums>,
}

impl std::fmt::Debug for Sums {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sums(withheld)")
    }
}

impl Sums {
    /// Adds the totals of another range of the same layout.
    pub fn merge(&mut self, other: &Self) {
        // Admission has bounded declared units x bound below 2^62, and import has bounded the units.
        self.fixed.iter_mut().zip(&other.fixed).for_each(|(sum, more)| *sum += more);
        self.reviewed.iter_mut().zip(&other.reviewed).for_each(|(table, more)| table.merge(more));
        for (table, more) in self.keyed.iter_mut().zip(&other.keyed) {
            for (key, totals) in more {
                add_key(table, key, totals);
            }
        }
    }

    /// All of it in one order, for a commitment. Of totals without discovered keys, the integers and nothing else.
    pub fn canonical_bytes(&self) -> Vec<u8> {
        let mut bytes: Vec<u8> = self.fixed.iter().flat_map(|total| total.to_le_bytes()).collect();
        for table in &self.keyed {
            bytes.extend((table.len() as u64).to_le_bytes());
            for (key, totals) in table {
                bytes.extend((key.len() as u64).to_le_bytes());
                bytes.extend(key.as_bytes());
                bytes.extend(totals.iter().flat_map(|total| total.to_le_bytes()));
            }
        }
        self.reviewed.iter().for_each(|table| table.append_bytes(&mut bytes));
        bytes
    }
}

/// Adds to one key's totals.
pub(crate) fn add_key(table: &mut BTreeMap<String, Vec<i64>>, key: &str, steps: &[i64]) {
    match table.get_mut(key) {
        Some(totals) => totals.iter_mut().zip(steps).for_each(|(total, steps)| *total += steps),
        None => {
            table.insert(key.to_owned(), steps.to_vec());
        }
    }
}

impl Layout {
    /// Totals of no unit.
    pub fn empty_sums(&self) -> Sums {
        Sums {
            fixed: vec![0; self.totals_len()],
            keyed: self.discovered().map(|_| BTreeMap::new()).collect(),
            reviewed: self.reviewed().iter().map(ReviewedSums::empty).collect(),
        }
    }

    /// Whether totals could have come from so many units (or blocks): each cell within units x bound, no more keys than
    /// units can have, and no key but with a number of units.
    pub fn in_range(&self, sums: &Sums, units: u64) -> bool {
        let within = |total: i64, most: u64| u128::from(total.unsigned_abs()) <= u128::from(most) * u128::from(units);
        let fits = |total: i64, most: u64| within(total, most) || !stands(Guard::RangeCheck);
        let fixed = |placed: &Placed| {
            let of_part = |(part, range): (&crate::Part, std::ops::Range<usize>)| {
                sums.fixed.get(range).is_some_and(|totals| totals.iter().all(|total| fits(*total, part.cell_max)))
            };
            placed.parts.iter().zip(placed.ranges()).all(of_part)
        };
        let keyed = |(placed, table): (&Placed, &BTreeMap<String, Vec<i64>>)| {
            let bounds = placed.key_cell_max();
            let one = |(key, totals): (&String, &Vec<i64>)| {
                let present = totals.first().is_some_and(|units| *units >= 1);
                let cells = totals.len() == bounds.len() && totals.iter().zip(&bounds).all(|(total, most)| fits(*total, *most));
                is_key(key, placed.key_bytes_max()) && present && cells
            };
            table.len() as u128 <= u128::from(units) * u128::from(placed.keys_per_unit()) && table.iter().all(one)
        };
        sums.fixed.len() == self.totals_len()
            && sums.keyed.len() == self.discovered().count()
            && self.statistics().iter().all(fixed)
            && self.discovered().zip(&sums.keyed).all(keyed)
            && sums.reviewed.len() == self.reviewed().len()
            && self.reviewed().iter().zip(&sums.reviewed).all(|(layout, table)| table.in_range(layout, units))
    }

    /// How many bytes the totals of so many units take on the way between processes: from public bounds alone.
    pub fn sums_bytes(&self, units: u64) -> u64 {
        let table = |placed: &Placed| {
            (slot_bytes(placed) as u64).saturating_mul(units).saturating_mul(u64::from(placed.keys_per_unit())).saturating_add(8)
        };
        let reviewed = self.reviewed().iter().map(|layout| ReviewedSums::bytes(layout) as u64);
        self.discovered().map(table).chain(reviewed).fold(self.totals_len() as u64 * 8, u64::saturating_add)
    }

    /// The totals of so many units as [`Layout::sums_bytes`] bytes; a table of keys is padded to what units can fill.
    pub fn encode_sums(&self, sums: &Sums, units: u64) -> Vec<u8> {
        let length = usize::try_from(self.sums_bytes(units)).unwrap_or(usize::MAX);
        let mut bytes = Vec::with_capacity(length);
        bytes.extend(sums.fixed.iter().flat_map(|total| total.to_le_bytes()));
        for (placed, table) in self.discovered().zip(&sums.keyed) {
            let end = bytes.len() + 8 + slot_bytes(placed) * (units * u64::from(placed.keys_per_unit())) as usize;
            bytes.extend((table.len() as u64).to_le_bytes());
            for (key, totals) in table {
                bytes.extend((key.len() as u16).to_le_bytes());
                bytes.extend(key.as_bytes());
                bytes.resize(bytes.len() + placed.key_bytes_max() - key.len(), 0);
                bytes.extend(totals.iter().flat_map(|total| total.to_le_bytes()));
            }
            bytes.resize(end, 0);
        }
        sums.reviewed.iter().for_each(|table| table.append_bytes(&mut bytes));
        bytes
    }

    /// Reads back what [`Layout::encode_sums`] wrote, and takes nothing else: a worker may have been taken over.
    pub fn decode_sums(&self, bytes: &[u8], units: u64) -> Result<Sums, NotSums> {
        if bytes.len() as u64 != self.sums_bytes(units) {
            return Err(NotSums);
        }
        let (fixed, mut rest) = bytes.split_at(self.totals_len() * 8);
        let mut sums = Sums { fixed: integers(fixed), keyed: Vec::new(), reviewed: Vec::new() };
        for placed in self.discovered() {
            let slots = units * u64::from(placed.keys_per_unit());
            let (head, after) = rest.split_at_checked(8).ok_or(NotSums)?;
            let count = integers(head)[0];
            let (table, after) = after.split_at_checked(slot_bytes(placed) * slots as usize).ok_or(NotSums)?;
            rest = after;
            let count = u64::try_from(count).ok().filter(|count| *count <= slots).ok_or(NotSums)? as usize;
            let (used, unused) = table.split_at(slot_bytes(placed) * count);
            let entries: Option<Vec<_>> = used.chunks_exact(slot_bytes(placed)).map(|slot| entry(placed, slot)).collect();
            let entries = entries.filter(|entries| entries.is_sorted_by(|a, b| a.0 < b.0)).ok_or(NotSums)?;
            if unused.iter().any(|byte| *byte != 0) {
                return Err(NotSums);
            }
            sums.keyed.push(entries.into_iter().collect());
        }
        for layout in self.reviewed() {
            let (table, after) = rest.split_at_checked(ReviewedSums::bytes(layout)).ok_or(NotSums)?;
            rest = after;
            sums.reviewed.push(ReviewedSums::read(layout, table)?);
        }
        if self.in_range(&sums, units) { Ok(sums) } else { Err(NotSums) }
    }
}

/// One key and its totals; the length of the key, the key, its padding, the totals.
fn entry(placed: &Placed, slot: &[u8]) -> Option<(String, Vec<i64>)> {
    let (length, rest) = slot.split_at(2);
    let length = usize::from(u16::from_le_bytes([length[0], length[1]]));
    let (text, totals) = rest.split_at(placed.key_bytes_max());
    let (key, padding) = text.split_at_checked(length)?;
    let key = std::str::from_utf8(key).ok().filter(|_| padding.iter().all(|byte| *byte == 0))?;
    Some((key.to_owned(), integers(totals)))
}

fn slot_bytes(placed: &Placed) -> usize {
    2 + placed.key_bytes_max() + placed.key_cell_max().len() * 8
}

fn integers(bytes: &[u8]) -> Vec<i64> {
    bytes.chunks_exact(8).map(|bytes| i64::from_le_bytes(std::array::from_fn(|i| bytes[i]))).collect()
}
