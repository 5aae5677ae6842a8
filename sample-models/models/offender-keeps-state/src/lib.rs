//! Offender: tries to carry something from one unit to the next, in each place where a module can keep
//! anything. Wall: one unit, one fresh instance. Each of its numbers must be 1 for each unit; a higher
//! one says that the module saw what earlier units left behind.

#![no_std]

use core::arch::wasm32::{memory_grow, memory_size};
use core::sync::atomic::{AtomicU64, Ordering};
use tidegate_sdk::prelude::*;

static CALLS: AtomicU64 = AtomicU64::new(0);
static mut SCRATCH: [u8; 1024] = [0; 1024];
const PAGE_BYTES: usize = 65_536;

fn contribute(_: &Parameters, _: &Unit) -> Vec<Contribution> {
    let sums = [calls_so_far(), marks_in_scratch(), marks_in_grown_memory()];
    sums.map(|sum| Contribution::Dense(vec![sum])).into()
}

/// An initialised global.
fn calls_so_far() -> f64 {
    (CALLS.fetch_add(1, Ordering::Relaxed) + 1) as f64
}

/// Static memory, in all its bytes.
fn marks_in_scratch() -> f64 {
    // SAFETY: modules have one thread, and nobody else holds a reference.
    let scratch = unsafe { &mut *(&raw mut SCRATCH) };
    let before = scratch.iter().map(|byte| u64::from(core::hint::black_box(*byte))).max().unwrap_or(0);
    scratch.fill((before as u8).saturating_add(1));
    core::hint::black_box(scratch);
    (before + 1) as f64
}

/// Memory that an earlier call grew, whether it is still there or comes back with its old content.
fn marks_in_grown_memory() -> f64 {
    let first_call = CALLS.load(Ordering::Relaxed) == 1;
    let page = if first_call { memory_grow::<0>(1) } else { memory_size::<0>() - 1 };
    if page == usize::MAX {
        return 0.0;
    }
    let mark = (page * PAGE_BYTES) as *mut u64;
    // SAFETY: the page exists, and the allocator has not handed it out.
    unsafe {
        let before = mark.read_volatile();
        mark.write_volatile(before + 1);
        (before + 1) as f64
    }
}

model!(contribute);
