//! Calibration: how long a unit of fuel, a fresh call, a page, a byte take at worst on this machine.
//!
//! Measured with real guests in real sandboxes, by the processor's time of the thread, so that whatever else the machine
//! does now is not counted twice: a slot is computed for processors that the workers have to themselves. What those
//! workers do to each other (caches, memory, the kernel) shows when as many measure at once as can work at once.
//!
//! Guarantee: what is reported is the worst of several repetitions, over all guests, never less for more memory. It
//! bounds the guests of this file; that no other guest is slower is what the prices of [`fuel`](crate) are made for, not
//! what is proven here. A margin comes on top where slots are computed.
//!
//! Rejected: elapsed time. On a machine with a neighbour it measures the neighbour.

mod kernels;

use crate::contract::{Column, Inputs, Table, Unit, Values};
use crate::{Limits, Sandbox, SandboxError, Trap, UploadError, compile};
use kernels::{Kernel, WASM_PAGE};
use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;
use tidegate_terms::{MemoryRate, messages};

messages! {
    /// Why a machine could not be measured.
    pub enum CalibrationError {
        Guest { guest: String, detail: String } = "calibration.guest" {
            en: "the guest `{guest}` of the calibration failed: {detail}. Free memory on this machine and try again",
            zh: "校准用模型“{guest}”失败：{detail}。请在本机释放内存后重试",
        };
        Upload(UploadError),
        Sandbox(SandboxError)
    }
}

/// Sizes of memory that are measured, in pages of 64 KiB: closest where the caches of usual processors end.
const PAGES: [u64; 14] = [1, 2, 4, 8, 12, 16, 20, 24, 32, 64, 128, 256, 1_024, 4_096];
/// Repetitions, the worst of which counts.
const REPETITIONS: u32 = 3;
/// Fuel of one repetition.
const FUEL: u64 = 4_000_000;
/// The same where nearly each unit of fuel waits for main memory.
const FUEL_OUTSIDE_CACHES: u64 = 500_000;
const OUTSIDE_CACHES: u64 = 32;
/// Calls of one repetition of what takes microseconds.
const CALLS: u32 = 500;
const CALLS_FURNISHED: u32 = 50;
/// What a guest may answer with here.
const ANSWER_BYTES: u64 = 64 << 10;

/// What one process measured: the worst of its repetitions, without a margin.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct GuestRates {
    /// Picoseconds of a unit of fuel, by memory, never falling.
    pub memory: Vec<MemoryRate>,
    /// The guest that was slowest where all memory is near.
    pub slowest: String,
    /// Nanoseconds of a fresh call that does nothing.
    pub call_nanoseconds: u64,
    /// Nanoseconds for each thing that an instance has made for it.
    pub item_nanoseconds: u64,
    /// Nanoseconds for each page of 4 KiB that a call touches.
    pub page_nanoseconds: u64,
    /// Picoseconds for each declared byte of rows.
    pub row_byte_picoseconds: u64,
    /// Picoseconds for each byte of an answer.
    pub answer_byte_picoseconds: u64,
}

impl GuestRates {
    /// The worse of two, number by number. Both were measured at the same sizes.
    pub fn or_worse(mut self, other: &Self) -> Self {
        for (rate, theirs) in self.memory.iter_mut().zip(&other.memory) {
            rate.fuel_picoseconds = rate.fuel_picoseconds.max(theirs.fuel_picoseconds);
        }
        self.call_nanoseconds = self.call_nanoseconds.max(other.call_nanoseconds);
        self.item_nanoseconds = self.item_nanoseconds.max(other.item_nanoseconds);
        self.page_nanoseconds = self.page_nanoseconds.max(other.page_nanoseconds);
        self.row_byte_picoseconds = self.row_byte_picoseconds.max(other.row_byte_picoseconds);
        self.answer_byte_picoseconds = self.answer_byte_picoseconds.max(other.answer_byte_picoseconds);
        self
    }
}

struct Guest {
    name: &'static str,
    pages: u64,
    /// What its instances have made for them.
    items: u64,
    sandbox: Sandbox,
}

/// All guests, compiled and loaded: they can be called behind the walls.
pub struct Guests {
    flat: Vec<Guest>,
    in_memory: Vec<Guest>,
    idle: Guest,
    furnished: Vec<Guest>,
    growing: Vec<Guest>,
    answering: Vec<Guest>,
}

impl Guests {
    /// Compiles and loads all guests; opens what must be opened before the walls are raised.
    pub fn load() -> Result<Self, CalibrationError> {
        let all = |kernels: Vec<Kernel>| kernels.into_iter().map(Guest::load).collect::<Result<Vec<_>, _>>();
        let contributions = u32::try_from(ANSWER_BYTES / 2 / size_of::<crate::contract::Contribution>() as u64).unwrap_or(1);
        let keys = u32::try_from(ANSWER_BYTES / 2 / size_of::<crate::contract::KeyedCells>() as u64).unwrap_or(1);
        Ok(Self {
            flat: all(kernels::flat())?,
            in_memory: all(PAGES.iter().flat_map(|pages| kernels::in_memory(*pages)).collect())?,
            idle: Guest::load(kernels::idle())?,
            furnished: all(kernels::furnished())?,
            growing: all(vec![kernels::growing(16), kernels::growing(1_024)])?,
            answering: all(vec![kernels::answering(contributions), kernels::naming(keys)])?,
        })
    }

    /// Memory that guests of so many bytes need at most, for the limits of the process.
    pub fn memory_bytes_max() -> u64 {
        PAGES.iter().max().map_or(0, |pages| pages * WASM_PAGE)
    }

    /// Measures; takes some seconds.
    pub fn measure(self) -> Result<GuestRates, CalibrationError> {
        let (mut worst, mut slowest) = (0, "");
        for mut guest in self.flat {
            let rate = guest.fuel_picoseconds(FUEL)?;
            if rate > worst {
                (worst, slowest) = (rate, guest.name);
            }
        }
        let mut memory: Vec<MemoryRate> = Vec::new();
        // Each gives its memory back before the next one takes its own.
        for mut guest in self.in_memory {
            let fuel = if guest.pages >= OUTSIDE_CACHES { FUEL_OUTSIDE_CACHES } else { FUEL };
            worst = worst.max(guest.fuel_picoseconds(fuel)?);
            let bytes = guest.pages * WASM_PAGE;
            match memory.last_mut().filter(|rate| rate.bytes == bytes) {
                Some(rate) => rate.fuel_picoseconds = worst,
                None => memory.push(MemoryRate { bytes, fuel_picoseconds: worst }),
            }
        }
        let empty = Unit { tables: Vec::new() };
        let call = self.idle.call(&empty, CALLS)?;
        let mut item = 0;
        for guest in &self.furnished {
            let items = guest.items.max(1);
            item = item.max(guest.call(&empty, CALLS_FURNISHED)?.saturating_sub(call).div_ceil(items));
        }
        let mut page = 0;
        for guest in &self.growing {
            let pages = guest.pages * WASM_PAGE / 4_096;
            let calls = u32::try_from(16_384 / pages).unwrap_or(1);
            page = page.max(guest.call(&empty, calls)?.saturating_sub(call) / pages);
        }
        let mut answer = 0;
        for guest in &self.answering {
            answer = answer.max(guest.call(&empty, CALLS)?.saturating_sub(call).saturating_mul(1_000) / (ANSWER_BYTES / 2));
        }
        let mut row = 0;
        for (unit, bytes) in [texts(), booleans()] {
            row = row.max(self.idle.call(&unit, CALLS)?.saturating_sub(call).saturating_mul(1_000) / bytes);
        }
        Ok(GuestRates {
            memory,
            slowest: slowest.to_owned(),
            call_nanoseconds: call.max(1),
            item_nanoseconds: item.max(1),
            page_nanoseconds: page.max(1),
            row_byte_picoseconds: row.max(1),
            answer_byte_picoseconds: answer.max(1),
        })
    }
}

impl Guest {
    fn load(kernel: Kernel) -> Result<Self, CalibrationError> {
        let failed = |detail: String| CalibrationError::Guest { guest: kernel.name.to_owned(), detail };
        let component = wat::parse_str(kernel.component()).map_err(|error| failed(error.to_string()))?;
        // Large enough for each preparation; `fuel_picoseconds` sets its own.
        let limits = Limits { fuel: 1 << 40, memory_bytes: kernel.pages * WASM_PAGE, answer_bytes: ANSWER_BYTES };
        let sandbox = Sandbox::new(&compile(&component)?, Inputs::new(&[], Vec::new()), limits, false)?;
        sandbox.prepare_memory_images()?;
        Ok(Self { name: kernel.name, pages: kernel.pages, items: kernel.items, sandbox })
    }

    /// Picoseconds of a unit of fuel after the preparation, the worst of several repetitions.
    fn fuel_picoseconds(&mut self, fuel: u64) -> Result<u64, CalibrationError> {
        let unit = Unit { tables: Vec::new() };
        self.sandbox.begin_round(1, Vec::new());
        let (prepared, spent) = self.sandbox.contribute_metered(&unit);
        prepared.map_err(|trap| self.failed(&trap))?;
        let mut worst = 0;
        for _ in 0..REPETITIONS {
            self.sandbox.begin_round(1, Vec::new());
            let (before, prepared) = timed(|| self.sandbox.contribute(&unit).map(drop));
            prepared.map_err(|trap| self.failed(&trap))?;
            self.sandbox.begin_round(2, Vec::new());
            let (after, ended) = timed(|| self.sandbox.contribute_with(&unit, spent + fuel).map(drop));
            match ended {
                Err(trap) if trap.is_out_of_fuel() => {}
                Err(trap) => return Err(self.failed(&trap)),
                Ok(()) => return Err(CalibrationError::Guest { guest: self.name.to_owned(), detail: "it ended by itself".into() }),
            }
            worst = worst.max(nanoseconds(after.saturating_sub(before)).saturating_mul(1_000) / fuel);
        }
        Ok(worst.max(1))
    }

    /// Nanoseconds of one call, the worst of several repetitions.
    fn call(&self, unit: &Unit, calls: u32) -> Result<u64, CalibrationError> {
        let mut worst = 0;
        for _ in 0..REPETITIONS {
            let (time, called) = timed(|| (0..calls).try_for_each(|_| self.sandbox.contribute(unit).map(drop)));
            called.map_err(|trap| self.failed(&trap))?;
            worst = worst.max(nanoseconds(time) / u64::from(calls));
        }
        Ok(worst)
    }

    fn failed(&self, trap: &Trap) -> CalibrationError {
        // These guests hold no data: what they say may be said.
        CalibrationError::Guest { guest: self.name.to_owned(), detail: trap.explain().chars().take(200).collect() }
    }
}

/// A unit whose texts have one letter each, and the bytes that a schema would declare for it.
fn texts() -> (Unit, u64) {
    const ROWS: u32 = 1_000;
    let values = Values::Texts(vec!["a".into(); ROWS as usize]);
    (Unit { tables: vec![Table { row_count: ROWS, columns: vec![Column { values, missing: None }] }] }, u64::from(ROWS) * 10)
}

/// Bytes that a slot counts for each column of a table, beside its rows: two lists are made for it.
pub const COLUMN_BYTES: u64 = 64;

/// A unit with one row of many columns.
fn booleans() -> (Unit, u64) {
    const COLUMNS: u64 = 100;
    let column = || Column { values: Values::Booleans(vec![true]), missing: Some(vec![false]) };
    let columns = (0..COLUMNS).map(|_| column()).collect();
    (Unit { tables: vec![Table { row_count: 1, columns }] }, COLUMNS * (2 + COLUMN_BYTES))
}

fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let before = thread_time();
    let done = work();
    (thread_time().saturating_sub(before), done)
}

fn thread_time() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or(0))
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// A core module for tests: more functions, and the body of `contribute`.
#[cfg(test)]
pub(crate) fn guest_module(functions: &str, contribute: &str) -> String {
    kernels::module(1, 16, functions, contribute)
}

#[cfg(test)]
mod tests;
