//! Slots: when the result of a run becomes visible, computed from public facts before data is opened.
//!
//! | part | units of one worker, times |
//! |---|---|
//! | calls | a fresh call, and each thing that an instance has made for it before its code runs |
//! | pages | pages of 4 KiB of the declared memory x fault, zeroing and taking back |
//! | rows | declared bytes of a unit's rows x reading a byte and handing it over |
//! | answers | bytes that an answer may have x taking a byte, and cells x adding one |
//! | fuel | declared fuel x worst time of a unit of fuel at this memory |
//!
//! and once for a round: noise (totals x drawing one), the clean half (its fuel and memory), and the fixed part (starting
//! processes, writing the log). The times are the machine's [`Rates`], as its last calibration was logged. Nothing here
//! depends on data, nothing is random, and nothing overflows: what is too long becomes the longest slot there is.

use serde::{Deserialize, Serialize};
use tidegate_terms::Rates;

/// Nanoseconds to clamp, round and add one cell of an answer; not part of a calibration.
const CELL_NANOSECONDS: u64 = 20;
/// Bytes of a page of memory.
const PAGE_BYTES: u64 = 4_096;
/// How much longer than a module its native code may be.
const CODE_GROWTH: u64 = 4;

/// Everything that a slot follows from, beside the rates; all of it public.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotInputs {
    /// Declared upper bound on units.
    pub units_max: u64,
    /// Declared upper bound on the bytes of one unit's rows that the module reads.
    pub unit_bytes_max: u64,
    /// How many blocks, where the module is called for blocks and not for units.
    pub blocks: Option<u64>,
    /// Fuel for one call.
    pub fuel_per_call: u64,
    /// Memory for one call, in bytes.
    pub memory_bytes: u64,
    /// Length of the module, in bytes: code has to come into caches as data has.
    pub module_bytes: u64,
    /// What a fresh instance has made for it: globals, elements, links.
    pub instance_items: u64,
    /// Most bytes of one answer.
    pub answer_bytes: u64,
    /// Most cells that the module returns for one unit.
    pub guest_cells: u64,
    /// Cells of the totals.
    pub totals: u64,
    /// Fuel for one call of the clean half.
    pub conclude_fuel: u64,
    /// Memory for one call of the clean half, in bytes.
    pub conclude_memory_bytes: u64,
    /// Worker processes that can work at the same time.
    pub workers: u64,
    /// Shards of the dataset.
    pub shards: u64,
}

/// What a slot is made of, each in milliseconds, rounded up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SlotParts {
    /// Fresh calls that do nothing.
    pub calls: u64,
    /// Pages of the declared memory.
    pub pages: u64,
    /// Rows that are read and handed over.
    pub rows: u64,
    /// Answers that are taken.
    pub answers: u64,
    /// Fuel, at its worst time in the declared memory.
    pub fuel: u64,
    /// Noise.
    pub noise: u64,
    /// The clean half.
    pub conclude: u64,
    /// Starting processes, writing the log.
    pub fixed: u64,
}

impl SlotParts {
    /// The whole slot, in whole seconds; at least one.
    pub fn seconds(&self) -> u64 {
        let all = [self.calls, self.pages, self.rows, self.answers, self.fuel, self.noise, self.conclude, self.fixed];
        let milliseconds = all.into_iter().fold(0, u64::saturating_add);
        milliseconds.div_ceil(1_000).clamp(1, SECONDS_MAX)
    }
}

/// The longest slot; longer ones could not be written as an instant.
const SECONDS_MAX: u64 = u64::MAX / 2;

/// How long a run takes at worst, in whole seconds.
///
/// Every input is public, so the slot tells nothing about data; less fuel and less memory make it shorter.
pub fn slot_seconds(inputs: SlotInputs, rates: &Rates) -> u64 {
    slot_parts(inputs, rates).seconds()
}

/// The same, part by part.
pub fn slot_parts(inputs: SlotInputs, rates: &Rates) -> SlotParts {
    let rows = product(inputs.unit_bytes_max, rates.row_byte_picoseconds);
    // How often the busiest worker calls the module, and how often rows are read for it.
    let (calls, readings) = match inputs.blocks {
        None => (units_of_one_worker(inputs), units_of_one_worker(inputs).into()),
        // A block may hold every unit, and its shards are read from their beginning for each of their blocks.
        Some(blocks) => {
            let readings = blocks.div_ceil(inputs.shards.max(1)).saturating_add(2);
            (blocks.div_ceil(inputs.workers.max(1)).saturating_add(1), product(inputs.units_max, readings))
        }
    };
    // Before its first unit, each worker calls the module for one that is made up.
    let calls = u128::from(calls) + 1;
    let answer =
        product(inputs.answer_bytes, rates.answer_byte_picoseconds).saturating_add(product(inputs.guest_cells, CELL_NANOSECONDS * 1_000));
    let call = product(inputs.instance_items, rates.item_nanoseconds).saturating_add(rates.call_nanoseconds.into()).saturating_mul(1_000);
    let code_bytes = inputs.module_bytes.saturating_mul(CODE_GROWTH);
    let fuel = |fuel: u64, memory: u64| product(fuel, rates.fuel_picoseconds(memory.saturating_add(code_bytes)));
    let pages = |memory: u64| product(memory.div_ceil(PAGE_BYTES), rates.page_nanoseconds).saturating_mul(1_000);
    let conclude = match inputs.conclude_fuel {
        0 => 0,
        spent => fuel(spent, inputs.conclude_memory_bytes).saturating_add(pages(inputs.conclude_memory_bytes)),
    };
    SlotParts {
        calls: milliseconds(calls.saturating_mul(call)),
        pages: milliseconds(calls.saturating_mul(pages(inputs.memory_bytes))),
        rows: milliseconds(rows.saturating_mul(readings)),
        answers: milliseconds(calls.saturating_mul(answer)),
        fuel: milliseconds(calls.saturating_mul(fuel(inputs.fuel_per_call, inputs.memory_bytes))),
        noise: milliseconds(product(inputs.totals, rates.total_nanoseconds).saturating_mul(1_000)),
        conclude: milliseconds(conclude),
        fixed: rates.fixed_milliseconds,
    }
}

fn product(one: u64, other: u64) -> u128 {
    u128::from(one).saturating_mul(u128::from(other))
}

fn milliseconds(picoseconds: u128) -> u64 {
    u64::try_from(picoseconds.div_ceil(1_000_000_000)).unwrap_or(u64::MAX)
}

/// How many units the busiest worker gets: its share, and one shard more, fuller than the average by six
/// standard deviations of what a keyed hash does.
fn units_of_one_worker(inputs: SlotInputs) -> u64 {
    let workers = inputs.workers.min(inputs.shards).max(1);
    let shard = inputs.units_max.div_ceil(inputs.shards.max(1));
    let uneven = if workers == 1 { 0 } else { shard.saturating_add(6 * shard.isqrt() + 6) };
    inputs.units_max.div_ceil(workers).saturating_add(uneven).min(inputs.units_max)
}

#[cfg(test)]
mod tests {
    use super::*;

    const INPUTS: SlotInputs = SlotInputs {
        units_max: 60_000,
        unit_bytes_max: 200,
        blocks: None,
        fuel_per_call: 100_000,
        memory_bytes: 256 << 10,
        module_bytes: 16 << 10,
        instance_items: 100,
        answer_bytes: 1 << 16,
        guest_cells: 48,
        totals: 48,
        conclude_fuel: 0,
        conclude_memory_bytes: 0,
        workers: 2,
        shards: 8,
    };

    fn slot(inputs: SlotInputs) -> u64 {
        slot_seconds(inputs, &Rates::cautious())
    }

    #[test]
    fn less_of_anything_shortens_the_slot() {
        let more = [
            SlotInputs { units_max: 120_000, ..INPUTS },
            SlotInputs { unit_bytes_max: 1 << 20, ..INPUTS },
            SlotInputs { fuel_per_call: 1_000_000, ..INPUTS },
            SlotInputs { memory_bytes: 1 << 20, ..INPUTS },
            SlotInputs { module_bytes: 32 << 20, ..INPUTS },
            SlotInputs { instance_items: 100_000, ..INPUTS },
            SlotInputs { answer_bytes: 1 << 24, ..INPUTS },
            SlotInputs { guest_cells: 1 << 20, ..INPUTS },
            SlotInputs { totals: 1 << 20, ..INPUTS },
            SlotInputs { conclude_fuel: 1 << 32, conclude_memory_bytes: 1 << 20, ..INPUTS },
            SlotInputs { workers: 1, ..INPUTS },
        ];
        for inputs in more {
            assert!(slot(inputs) > slot(INPUTS), "{inputs:?}");
        }
        let blocks = SlotInputs { blocks: Some(50), fuel_per_call: 1_000_000_000, ..INPUTS };
        assert!(slot(blocks) >= 25 * 2 && slot(SlotInputs { workers: 1, ..blocks }) > slot(blocks));
    }

    /// By hand, with one worker and the cautious rates.
    #[test]
    fn each_part_is_what_the_table_says() {
        let inputs = SlotInputs { units_max: 1_000, workers: 1, conclude_fuel: 1_000_000, conclude_memory_bytes: 65_536, ..INPUTS };
        let parts = slot_parts(inputs, &Rates::cautious());
        let expected = SlotParts {
            calls: 71,    // 1,001 x (50 µs + 100 items x 200 ns)
            pages: 385,   // 1,001 x 64 pages x 6 µs
            rows: 8,      // 1,000 x 200 bytes x 40 ns
            answers: 264, // 1,001 x (65,536 bytes x 4 ns + 48 cells x 20 ns), rounded up
            fuel: 401,    // 1,001 x 100,000 x 4 ns, rounded up
            noise: 10,    // 48 x 200 µs, rounded up
            conclude: 3,  // 1,000,000 x 2 ns + 16 pages x 6 µs, rounded up
            fixed: 2_000,
        };
        assert_eq!(parts, expected);
        assert_eq!(parts.seconds(), 4);
    }

    #[test]
    fn nothing_overflows() {
        let most = u64::MAX;
        let all = SlotInputs {
            units_max: most,
            unit_bytes_max: most,
            blocks: None,
            fuel_per_call: most,
            memory_bytes: most,
            module_bytes: most,
            instance_items: most,
            answer_bytes: most,
            guest_cells: most,
            totals: most,
            conclude_fuel: most,
            conclude_memory_bytes: most,
            workers: 1,
            shards: 1,
        };
        assert!(slot(all) > 1_000_000);
        assert!(slot(SlotInputs { blocks: Some(most), ..all }) > 1_000_000);
        let rates = Rates { call_nanoseconds: most, page_nanoseconds: most, fixed_milliseconds: most, ..Rates::cautious() };
        assert!(slot_seconds(all, &rates) <= SECONDS_MAX);
    }

    #[test]
    fn workers_beyond_the_shards_do_not_shorten_a_slot() {
        let of = |workers| slot(SlotInputs { workers, ..INPUTS });
        assert_eq!(of(8), of(64));
        assert_eq!(units_of_one_worker(SlotInputs { workers: 8, units_max: 16, ..INPUTS }), 16);
    }
}
