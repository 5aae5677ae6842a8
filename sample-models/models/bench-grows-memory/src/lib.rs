//! The sums of `bench-row-sum`, after growing memory by 256 KiB and writing to each new page: what a
//! growing module costs itself and the units that come after it in the same slot.

#![no_std]

use tidegate_sdk::prelude::*;

const GROWTH_BYTES: usize = 256 * 1024;
const PAGE_BYTES: usize = 4096;

fn contribute(_: &Parameters, unit: &Unit) -> Vec<Contribution> {
    let mut ballast: Vec<u8> = Vec::with_capacity(GROWTH_BYTES);
    for page in ballast.spare_capacity_mut().chunks_mut(PAGE_BYTES) {
        page[0].write(1);
    }
    core::hint::black_box(&mut ballast);
    let rows = unit.table(0);
    (0..4).map(|column| Contribution::Dense(vec![rows.floats(column).flatten().sum()])).collect()
}

model!(contribute);
