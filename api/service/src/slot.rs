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

/// How long a run takes at worst, in whole seconds: declared units x (fuel x worst time per unit of fuel +
/// worst fixed time) over the workers, plus noise and log.
///
/// Every input is public, so the slot tells nothing about data; less fuel makes it shorter.
pub fn slot_seconds(units_max: u64, fuel_per_unit: u64, workers: u64, totals: u64) -> u64 {
    let per_unit = u128::from(fuel_per_unit) * u128::from(NANOSECONDS_PER_FUEL) + u128::from(NANOSECONDS_PER_UNIT);
    let units = u128::from(units_max) * per_unit / u128::from(workers.max(1));
    let nanoseconds = units + u128::from(totals) * u128::from(NANOSECONDS_PER_TOTAL);
    u64::try_from(nanoseconds.div_ceil(1_000_000_000)).unwrap_or(u64::MAX / 2).saturating_add(SECONDS_FIXED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn less_fuel_shortens_the_slot_and_nothing_overflows() {
        assert!(slot_seconds(6_000, 100_000, 2, 48) < slot_seconds(6_000, 1_000_000, 2, 48));
        assert_eq!(slot_seconds(6_000, 100_000, 2, 48), 2 + 2);
        assert!(slot_seconds(u64::MAX, u64::MAX, 0, u64::MAX) > 1_000_000);
    }
}
