//! How long things take at worst on a machine: what a slot is computed from.
//!
//! All of it is public. The numbers are measured by `tidegate doctor --calibrate` with a margin, or are those of
//! [`Rates::cautious`] on a machine that was never measured. Integers, so that everybody who has the same numbers
//! computes the same slot.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The worst time of a unit of fuel in a module that touches so much memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MemoryRate {
    /// Memory and code together, in bytes.
    pub bytes: u64,
    /// Picoseconds that a unit of fuel takes at most.
    pub fuel_picoseconds: u64,
}

/// The worst times of a machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rates {
    /// Fuel, by memory: sizes rise, rates never fall.
    pub memory: Vec<MemoryRate>,
    /// Nanoseconds of a call in a fresh instance that does nothing.
    pub call_nanoseconds: u64,
    /// Nanoseconds for each thing that a fresh instance has made for it before its code runs: a global, an element, a link.
    pub item_nanoseconds: u64,
    /// Nanoseconds for each page of 4 KiB that a call may touch: fault, zeroing, growth, taking it back.
    pub page_nanoseconds: u64,
    /// Picoseconds to read a byte of a unit's rows and hand it to the module.
    pub row_byte_picoseconds: u64,
    /// Picoseconds to take a byte of an answer.
    pub answer_byte_picoseconds: u64,
    /// Nanoseconds of noise for each total.
    pub total_nanoseconds: u64,
    /// Milliseconds of what a run costs whatever it does: starting processes, writing the log.
    pub fixed_milliseconds: u64,
}

impl Rates {
    /// For machines that nobody measured: at least twice what was measured on a small virtual machine of 2026 with
    /// both of its processors busy.
    pub fn cautious() -> Self {
        let memory = [
            (256 << 10, 2_000),
            (512 << 10, 4_000),
            (1 << 20, 64_000),
            (2 << 20, 70_000),
            (16 << 20, 90_000),
            (64 << 20, 140_000),
            (256 << 20, 320_000),
        ];
        Self {
            memory: memory.map(|(bytes, fuel_picoseconds)| MemoryRate { bytes, fuel_picoseconds }).to_vec(),
            call_nanoseconds: 50_000,
            item_nanoseconds: 200,
            page_nanoseconds: 6_000,
            row_byte_picoseconds: 40_000,
            answer_byte_picoseconds: 4_000,
            total_nanoseconds: 200_000,
            fixed_milliseconds: 2_000,
        }
    }

    /// Picoseconds that a unit of fuel takes at most where memory and code have so many bytes: the rate of the next
    /// larger size that was measured; beyond the largest one, half as much again for each doubling.
    pub fn fuel_picoseconds(&self, bytes: u64) -> u64 {
        if let Some(rate) = self.memory.iter().find(|rate| rate.bytes >= bytes) {
            return rate.fuel_picoseconds;
        }
        let Some(largest) = self.memory.last() else { return u64::MAX };
        let (mut size, mut picoseconds) = (largest.bytes.max(1), largest.fuel_picoseconds);
        while size < bytes && size < u64::MAX / 2 {
            size *= 2;
            picoseconds = picoseconds.saturating_add(picoseconds.div_ceil(2));
        }
        picoseconds
    }

    /// Whether a slot can be computed from them: nothing is free, sizes rise and rates do not fall.
    pub fn are_plausible(&self) -> bool {
        let flat =
            [self.call_nanoseconds, self.page_nanoseconds, self.row_byte_picoseconds, self.answer_byte_picoseconds, self.item_nanoseconds];
        let rises =
            self.memory.windows(2).all(|pair| pair[0].bytes < pair[1].bytes && pair[0].fuel_picoseconds <= pair[1].fuel_picoseconds);
        let first = self.memory.first().is_some_and(|rate| rate.bytes > 0 && rate.fuel_picoseconds > 0);
        first && rises && flat.iter().all(|rate| *rate > 0) && self.total_nanoseconds > 0 && self.fixed_milliseconds > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fuel_in_more_memory_is_never_faster() {
        let rates = Rates::cautious();
        assert!(rates.are_plausible());
        assert_eq!(rates.fuel_picoseconds(0), 2_000);
        assert_eq!(rates.fuel_picoseconds(512 << 10), 4_000);
        assert_eq!(rates.fuel_picoseconds((512 << 10) + 1), 64_000, "the next larger size, never less");
        assert_eq!(rates.fuel_picoseconds(256 << 20), 320_000);
        assert_eq!(rates.fuel_picoseconds(512 << 20), 480_000);
        assert_eq!(rates.fuel_picoseconds(1 << 30), 720_000);
        let mut before = 0;
        for size in (0..64).map(|bits| 1u64 << bits).chain([u64::MAX]) {
            assert!(rates.fuel_picoseconds(size) >= before, "{size}");
            before = rates.fuel_picoseconds(size);
        }
    }

    #[test]
    fn what_is_free_or_falls_is_not_plausible() {
        let changed = |change: fn(&mut Rates)| {
            let mut rates = Rates::cautious();
            change(&mut rates);
            rates.are_plausible()
        };
        assert!(!changed(|rates| rates.memory.clear()));
        assert!(!changed(|rates| rates.memory[0].fuel_picoseconds = 0));
        assert!(!changed(|rates| rates.memory[3].fuel_picoseconds = 1));
        assert!(!changed(|rates| rates.memory.swap(0, 1)));
        assert!(!changed(|rates| rates.call_nanoseconds = 0));
        assert!(!changed(|rates| rates.item_nanoseconds = 0));
        assert!(!changed(|rates| rates.page_nanoseconds = 0));
        assert!(!changed(|rates| rates.row_byte_picoseconds = 0));
        assert!(!changed(|rates| rates.answer_byte_picoseconds = 0));
        assert!(!changed(|rates| rates.total_nanoseconds = 0));
        assert!(!changed(|rates| rates.fixed_milliseconds = 0));
    }
}
