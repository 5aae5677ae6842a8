//! The reader of what the noise process answers, with bytes in place of a process: for `tests/fuzz` alone.

use crate::noise::read_drawn;

/// What the gate takes from the noise process as the noised answers for so many totals.
pub fn noised_from_process(mut bytes: &[u8], totals: usize) -> Option<Vec<i128>> {
    read_drawn(&mut bytes, totals).ok()
}
