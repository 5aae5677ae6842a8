//! Slots: when the result of a run becomes visible, computed from public facts before data is opened.

/// Nanoseconds that one unit of fuel may take at worst. A cautious guess until `doctor --calibrate` measures
/// it on the machine: ordinary code takes 0.1 to 0.4.
const NANOSECONDS_PER_FUEL: u64 = 2;
/// Nanoseconds for the fixed part of one unit: decoding, a fresh instance, memory that grows to its limit.
const NANOSECONDS_PER_UNIT: u64 = 200_000;
/// Nanoseconds of noise per released total.
const NANOSECONDS_PER_TOTAL: u64 = 100_000;
/// Starting processes, drawing noise, writing the log.
const SECONDS_FIXED: u64 = 2;

/// Nanoseconds to hand one byte of a unit's rows to the module.
const NANOSECONDS_PER_BYTE: u64 = 2;
/// Nanoseconds to take one cell of an answer.
const NANOSECONDS_PER_CELL: u64 = 20;

/// Everything that a slot follows from; all of it public.
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
    /// Most cells that the module returns for one unit.
    pub guest_cells: u64,
    /// Cells of the totals.
    pub totals: u64,
    /// Fuel for one call of the clean half.
    pub conclude_fuel: u64,
    /// Worker processes that can work at the same time.
    pub workers: u64,
    /// Shards of the dataset.
    pub shards: u64,
}

/// How long a run takes at worst, in whole seconds: declared units x (fuel x worst time per unit of fuel +
/// what the host does for the unit) over the workers, plus noise and log.
///
/// Every input is public, so the slot tells nothing about data; less fuel makes it shorter.
pub fn slot_seconds(inputs: SlotInputs) -> u64 {
    let wide = u128::from;
    let bytes = wide(inputs.unit_bytes_max) * wide(NANOSECONDS_PER_BYTE);
    let call = wide(NANOSECONDS_PER_UNIT)
        + wide(inputs.guest_cells) * wide(NANOSECONDS_PER_CELL)
        + wide(inputs.fuel_per_call) * wide(NANOSECONDS_PER_FUEL);
    let calls = match inputs.blocks {
        None => wide(units_of_one_worker(inputs)).saturating_mul(call.saturating_add(bytes)),
        // A block may hold every unit, and its shards are read from their beginning for each of their blocks.
        Some(blocks) => {
            let readings = 2 + blocks.div_ceil(inputs.shards.max(1));
            let rows = wide(inputs.units_max).saturating_mul(bytes).saturating_mul(wide(readings));
            wide(blocks.div_ceil(inputs.workers.max(1)) + 1).saturating_mul(call).saturating_add(rows)
        }
    };
    let conclude = wide(inputs.conclude_fuel) * wide(NANOSECONDS_PER_FUEL);
    let nanoseconds = calls.saturating_add(wide(inputs.totals) * wide(NANOSECONDS_PER_TOTAL)).saturating_add(conclude);
    u64::try_from(nanoseconds.div_ceil(1_000_000_000)).unwrap_or(u64::MAX / 2).saturating_add(SECONDS_FIXED)
}

/// How many units the busiest worker gets: its share, and one shard more, fuller than the average by six
/// standard deviations of what a keyed hash does.
fn units_of_one_worker(inputs: SlotInputs) -> u64 {
    let workers = inputs.workers.min(inputs.shards).max(1);
    let shard = inputs.units_max.div_ceil(inputs.shards.max(1));
    let uneven = if workers == 1 { 0 } else { shard + 6 * shard.isqrt() + 6 };
    inputs.units_max.div_ceil(workers).saturating_add(uneven).min(inputs.units_max)
}

#[cfg(test)]
mod tests {
    use super::*;

    const INPUTS: SlotInputs = SlotInputs {
        units_max: 6_000,
        unit_bytes_max: 200,
        blocks: None,
        fuel_per_call: 100_000,
        guest_cells: 48,
        totals: 48,
        conclude_fuel: 0,
        workers: 2,
        shards: 8,
    };

    #[test]
    fn less_fuel_shortens_the_slot_and_nothing_overflows() {
        let slot = |inputs: SlotInputs| slot_seconds(inputs);
        assert!(slot(INPUTS) < slot(SlotInputs { fuel_per_call: 1_000_000, ..INPUTS }));
        assert!(slot(INPUTS) <= slot(SlotInputs { workers: 1, ..INPUTS }));
        assert!(slot(SlotInputs { unit_bytes_max: 1 << 20, ..INPUTS }) > slot(INPUTS));
        assert!(slot(SlotInputs { guest_cells: 1 << 20, ..INPUTS }) > slot(INPUTS));
        assert!(slot(SlotInputs { conclude_fuel: 1 << 32, ..INPUTS }) > slot(INPUTS));
        let blocks = SlotInputs { blocks: Some(50), fuel_per_call: 1_000_000_000, ..INPUTS };
        assert!(slot(blocks) >= 25 * 2 && slot(SlotInputs { workers: 1, ..blocks }) > slot(blocks));
        let most = u64::MAX;
        let all = SlotInputs {
            units_max: most,
            unit_bytes_max: most,
            blocks: None,
            fuel_per_call: 1 << 40,
            guest_cells: most,
            totals: most,
            conclude_fuel: 1 << 40,
            workers: 1,
            shards: 1,
        };
        assert!(slot(all) > 1_000_000);
    }

    #[test]
    fn workers_beyond_the_shards_do_not_shorten_a_slot() {
        let of = |workers| slot_seconds(SlotInputs { workers, units_max: 30_000, ..INPUTS });
        assert_eq!(of(8), of(64));
        assert_eq!(units_of_one_worker(SlotInputs { workers: 8, units_max: 16, ..INPUTS }), 16);
    }
}
