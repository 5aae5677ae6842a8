//! Contributions: what a module returned for one unit, held to the sealed shape and added to the totals.

use crate::discovered::is_key;
use crate::sums::add_key;
use crate::{Layout, Placed, Sums};
use tidegate_terms::{Guard, stands};

/// What a module returned is not a contribution; the unit gets the sealed default. Says no more than that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAContribution;

type Taken = Result<(), NotAContribution>;

/// A contribution as a module may give it, reduced to what the layout needs.
pub trait Sparse {
    /// Calls `visit` for each cell given, in order; stops where `visit` refuses. A keyed contribution refuses.
    fn visit(&self, cells: usize, visit: &mut dyn FnMut(usize, f64) -> Taken) -> Taken;

    /// Calls `visit` for each key given with its cells; stops where `visit` refuses. All but a keyed contribution
    /// refuse.
    fn visit_keyed(&self, visit: &mut dyn FnMut(&str, &[f64]) -> Taken) -> Taken;

    /// All cells in order, where they lie there already.
    fn dense(&self) -> Option<&[f64]>;
}

/// Reused between units, so that a contribution costs no allocation.
#[derive(Debug, Default)]
pub struct Scratch {
    cells: Vec<f64>,
    touched: Vec<u32>,
    /// For each slot, one more than its place among the touched ones; zero where it is not touched. One
    /// look-up for each cell, however many slots a hostile unit touches.
    places: Vec<u32>,
    counts: Vec<u32>,
    seen: Vec<bool>,
    keys: Vec<String>,
    /// The contribution to public totals as (place, steps).
    entries: Vec<(u32, i64)>,
    /// To discovered keys, as (table, key, its totals).
    keyed: Vec<(usize, String, Vec<i64>)>,
    /// To vectors: (place of the first entry, number of entries), and all entries one after the other.
    spans: Vec<(usize, usize)>,
    pub(crate) vectors: Vec<i32>,
}

impl Scratch {
    fn touch_nothing(&mut self) {
        for slot in self.touched.drain(..) {
            if let Some(place) = self.places.get_mut(slot as usize) {
                *place = 0;
            }
        }
        self.cells.clear();
        self.keys.clear();
    }

    fn clear(&mut self) {
        self.entries.clear();
        self.keyed.clear();
        self.spans.clear();
        self.vectors.clear();
    }
}

impl Layout {
    /// Adds one unit's contribution to the totals (or one block's): what the module returned, if it is one, else the
    /// default.
    ///
    /// The default is a contribution of zeros, which passes the same clamp as everything else. Says whether
    /// the unit's own contribution was taken: for dry runs; workers do not look.
    pub fn add<C: Sparse>(&self, returned: Option<&[C]>, sums: &mut Sums, scratch: &mut Scratch) -> bool {
        if !self.reviewed().is_empty() {
            return crate::reviewed::add(self.reviewed(), returned, &mut sums.reviewed);
        }
        let encoded = returned.ok_or(NotAContribution).and_then(|contributions| self.encode(contributions, scratch));
        if encoded.is_err() {
            self.encode_default(scratch);
        }
        for (place, steps) in &scratch.entries {
            sums.fixed[*place as usize] += steps;
        }
        for (table, key, steps) in &scratch.keyed {
            add_key(&mut sums.keyed[*table], key, steps);
        }
        let mut at = 0;
        for (start, length) in &scratch.spans {
            let steps = &scratch.vectors[at..at + length];
            at += length;
            // Cannot wrap: admission has bounded units x bound below 2^62.
            sums.fixed[*start..start + length]
                .iter_mut()
                .zip(steps)
                .for_each(|(total, step)| *total = total.wrapping_add(i64::from(*step)));
        }
        encoded.is_ok()
    }

    fn encode<C: Sparse>(&self, contributions: &[C], scratch: &mut Scratch) -> Taken {
        scratch.clear();
        if contributions.len() != self.statistics().len() {
            return Err(NotAContribution);
        }
        let mut table = 0;
        for (placed, contribution) in self.statistics().iter().zip(contributions) {
            match placed.kind.vector() {
                Some(vector) => {
                    vector.encode(contribution, &mut scratch.vectors)?;
                    scratch.spans.push((placed.totals.start, placed.slots * placed.guest_width));
                }
                None => {
                    placed.gather(contribution, scratch)?;
                    placed.encode(table, scratch)?;
                }
            }
            table += usize::from(placed.discovered.is_some());
        }
        Ok(())
    }

    /// Zeros, clamped. Of a vector, of discovered keys and of public groups that a unit need not touch: nothing.
    fn encode_default(&self, scratch: &mut Scratch) {
        scratch.clear();
        for placed in self.statistics().iter().filter(|placed| placed.gives_to_all && placed.kind.vector().is_none()) {
            placed.touch_all(scratch);
            // Zeros are inside every declared shape, so this cannot fail; a unit without entries is the safe end.
            if placed.encode(0, scratch).is_err() {
                debug_assert!(false, "the default must pass the clamp");
            }
        }
    }
}

impl Placed {
    /// Touches all slots, with zeros.
    fn touch_all(&self, scratch: &mut Scratch) {
        scratch.touch_nothing();
        if scratch.places.len() < self.slots {
            scratch.places.resize(self.slots, 0);
        }
        if self.gives_to_all {
            scratch.touched.extend(0..self.slots as u32);
            scratch.places[..self.slots].iter_mut().zip(1..).for_each(|(place, number)| *place = number);
            scratch.cells.resize(self.slots * self.guest_width, 0.0);
        }
    }

    /// Collects the slots that a contribution touches: `touched`, and `guest_width` cells for each.
    fn gather<C: Sparse>(&self, contribution: &C, scratch: &mut Scratch) -> Taken {
        self.touch_all(scratch);
        if self.key_rule.is_some() {
            return self.gather_keyed(contribution, scratch);
        }
        let Scratch { cells, touched, places, seen, .. } = scratch;
        seen.clear();
        seen.resize(if self.guest_cells() <= 64 { 64 } else { 0 }, false);
        let mut last = None;
        contribution.visit(self.guest_cells(), &mut |index, value| {
            if index >= self.guest_cells() || !value.is_finite() {
                return Err(NotAContribution);
            }
            // Few cells may come in any order; many must come in rising order, which shows duplicates at no cost.
            match seen.get_mut(index) {
                Some(seen) if *seen => return Err(NotAContribution),
                Some(seen) => *seen = true,
                None if last.is_some_and(|last| index <= last) => return Err(NotAContribution),
                None => last = Some(index),
            }
            if value == 0.0 {
                return Ok(());
            }
            let (slot, cell) = (index / self.guest_width, index % self.guest_width);
            let place = match places.get(slot).copied().unwrap_or(0) {
                0 if touched.len() >= self.slots_per_unit => return Err(NotAContribution),
                0 => {
                    touched.push(slot as u32);
                    cells.resize(touched.len() * self.guest_width, 0.0);
                    places[slot] = touched.len() as u32;
                    touched.len() - 1
                }
                place => place as usize - 1,
            };
            cells[place * self.guest_width + cell] = value;
            Ok(())
        })
    }

    /// Collects keys, each once, in the form that makes two that look the same one; `guest_width` cells for each.
    fn gather_keyed<C: Sparse>(&self, contribution: &C, scratch: &mut Scratch) -> Taken {
        let Scratch { cells, keys, .. } = scratch;
        contribution.visit_keyed(&mut |key, values| {
            let sound = values.len() == self.guest_width && values.iter().all(|value| value.is_finite());
            if !sound || keys.len() >= self.slots_per_unit || !is_key(key, self.key_bytes_max()) {
                return Err(NotAContribution);
            }
            keys.push(key.to_owned());
            cells.extend(values);
            Ok(())
        })?;
        let mut sorted: Vec<&str> = keys.iter().map(String::as_str).collect();
        sorted.sort_unstable();
        if sorted.is_sorted_by(|a, b| a < b) { Ok(()) } else { Err(NotAContribution) }
    }

    /// Clamps, rounds and checks what was gathered, and appends it to the entries.
    fn encode(&self, table: usize, scratch: &mut Scratch) -> Taken {
        let Scratch { cells, touched, counts, entries, keys, keyed, .. } = scratch;
        let limit = self.kind.values_per_unit();
        counts.clear();
        if let Some(limit) = limit {
            share_out(cells.chunks(self.guest_width).map(|slot| slot[0]), limit, counts);
        }
        let mut values_left = limit.map_or(self.slots_per_unit as i64, i64::from);
        let mut clamped = false;
        let places = if self.key_rule.is_some() { keys.len() } else { touched.len() };
        for place in 0..places {
            let count = counts.get(place).copied().unwrap_or(0);
            let given = &cells[place * self.guest_width..][..self.guest_width];
            clamped |= self.clamped.is_some() && self.kind.clamps(given, count);
            let slot = touched.get(place).map_or(0, |slot| *slot as usize);
            if let Some((bin, votes)) = self.kind.vote(given, count) {
                self.take_vote(slot, bin, votes, &mut values_left, entries)?;
                continue;
            }
            let steps = self.kind.encode(given, count);
            if limit.is_some() {
                values_left -= self.kind.values_of(&steps);
            }
            if (!self.kind.check(&steps) || values_left < 0) && stands(Guard::ExactCheck) {
                return Err(NotAContribution);
            }
            if self.discovered.is_some() {
                let own = self.key_cell_max().len() - usize::from(self.units_part);
                let units = std::iter::repeat_n(1, usize::from(self.units_part));
                let totals: Vec<i64> = units.chain(steps.iter().copied().take(own)).collect();
                // Where the count is the number of units, a key with none is not there.
                if totals.first().is_some_and(|units| *units >= 1) {
                    keyed.push((table, keys[place].clone(), totals));
                }
                continue;
            }
            for (column, steps) in self.columns.iter().zip(steps).filter(|(_, steps)| *steps != 0) {
                entries.push(((column.start + slot * column.stride) as u32, steps));
            }
        }
        if let Some(place) = self.clamped.filter(|_| clamped) {
            entries.push((place as u32, 1));
        }
        Ok(())
    }

    /// Takes a slot's votes for a bin: of its own group, or of the bins that all groups share.
    fn take_vote(&self, slot: usize, bin: usize, votes: i64, values_left: &mut i64, entries: &mut Vec<(u32, i64)>) -> Taken {
        let part = self.parts.first().ok_or(NotAContribution)?;
        *values_left -= votes;
        if bin >= part.width || !(0..=part.cell_max as i64).contains(&votes) || *values_left < 0 {
            return Err(NotAContribution);
        }
        let group = if part.shared { 0 } else { slot };
        if votes != 0 {
            entries.push(((self.totals.start + group * part.width + bin) as u32, votes));
        }
        Ok(())
    }
}

/// How many values each slot keeps: what it says, rounded down and not negative; scaled down together
/// where they are more than `limit`.
fn share_out(says: impl Iterator<Item = f64> + Clone, limit: u32, counts: &mut Vec<u32>) {
    let whole = |count: f64| count.clamp(0.0, 1e9).trunc();
    let sum: f64 = says.clone().map(whole).sum();
    let most = f64::from(limit);
    counts.extend(says.map(|count| {
        let count = whole(count);
        let kept = if sum > most { (count * (most / sum)).trunc() } else { count };
        kept.min(most) as u32
    }));
}

#[cfg(test)]
#[path = "contribution_tests.rs"]
pub(crate) mod tests;
