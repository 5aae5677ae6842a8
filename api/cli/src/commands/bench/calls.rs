//! One isolated call: 10 rows of 4 numbers, in an instance that has seen nothing else.

use super::failed;
use super::report::{Goal, Measure, Samples};
use crate::front::CliError;
use rustix::time::{ClockId, clock_gettime};
use std::time::{Duration, Instant};
use tidegate_sandbox::contract::{Column, Inputs, Table, Unit, Values};
use tidegate_sandbox::{Limits, Sandbox, compile};
use tidegate_statistics::{Layout, Scratch};
use tidegate_terms::{Manifest, PublicSchema};

const ROW_SUM: &[u8] = include_bytes!("../../../../../sample-models/built/bench-row-sum.wasm");
const ROW_SUM_MANIFEST: &str = include_str!("../../../../../sample-models/models/bench-row-sum/manifest.toml");
const GROWS: &[u8] = include_bytes!("../../../../../sample-models/built/bench-grows-memory.wasm");
const GROWS_MANIFEST: &str = include_str!("../../../../../sample-models/models/bench-grows-memory/manifest.toml");
const SCHEMA: &str = include_str!("../../../../../sample-models/datasets/bench/schema.toml");

const FRESH_CPU: Measure = Measure {
    id: "call.fresh.cpu",
    en: "isolated call, processor time per unit",
    zh: "隔离调用，每单元处理器时间",
    unit: "µs",
    goal: Some(Goal::AtMost(7.0)),
};
const FRESH_WALL: Measure =
    Measure { id: "call.fresh.wall", en: "isolated call, elapsed per unit", zh: "隔离调用，每单元耗时", unit: "µs", goal: None };
const REUSED: Measure = Measure {
    id: "call.reused",
    en: "reused instance, elapsed per call (lower bound; no run does this)",
    zh: "复用实例，每次调用耗时（下界；实际运行从不如此）",
    unit: "µs",
    goal: None,
};
const ISOLATION: Measure =
    Measure {
        id: "call.fresh.over.reused", en: "isolated over reused call", zh: "隔离调用与复用实例之比", unit: "×", goal: None
    };
const GROWING: Measure = Measure {
    id: "call.growing.cpu",
    en: "isolated call of a guest that grows its memory by 256 KiB, processor time",
    zh: "内存增长 256 KiB 的模型的隔离调用，处理器时间",
    unit: "µs",
    goal: None,
};

const ROWS: u32 = 10;
const FRESH_CALLS: u32 = 20_000;
/// An instance is made for one unit and never frees, so one instance takes only so many calls.
const REUSED_CALLS: u32 = 100;
const REUSED_INSTANCES: u32 = 500;
const GROWING_CALLS: u32 = 4_000;

/// The guests of this measurement, compiled.
pub(super) struct Calls {
    row_sum: Sandbox,
    growing: Sandbox,
    unit: Unit,
}

impl Calls {
    /// Compiles the guests, and sees that each gives a contribution that is taken.
    pub(super) fn new() -> Result<Self, CliError> {
        let unit = ten_rows();
        let row_sum = sandbox(ROW_SUM, ROW_SUM_MANIFEST, &unit)?;
        let growing = sandbox(GROWS, GROWS_MANIFEST, &unit)?;
        Ok(Self { row_sum, growing, unit })
    }

    /// One round.
    pub(super) fn measure(&self, samples: &mut Samples) -> Result<(), CliError> {
        let (cpu, wall) = per_call(&self.row_sum, &self.unit, FRESH_CALLS)?;
        let reused = (0..REUSED_INSTANCES).map(|_| self.row_sum.time_reused_instance(&self.unit, REUSED_CALLS));
        let reused: Duration = reused.sum::<Result<_, _>>().map_err(|trap| failed(trap.explain()))?;
        let reused = microseconds(reused, REUSED_CALLS * REUSED_INSTANCES);
        let (growing, _) = per_call(&self.growing, &self.unit, GROWING_CALLS)?;
        samples.add(FRESH_CPU, cpu);
        samples.add(FRESH_WALL, wall);
        samples.add(REUSED, reused);
        samples.add(ISOLATION, wall / reused);
        samples.add(GROWING, growing);
        Ok(())
    }
}

/// Processor time of this thread and elapsed time of one call, in microseconds.
fn per_call(sandbox: &Sandbox, unit: &Unit, calls: u32) -> Result<(f64, f64), CliError> {
    let (cpu, wall) = (thread_time(), Instant::now());
    for _ in 0..calls {
        sandbox.contribute(unit).map_err(|trap| failed(trap.explain()))?;
    }
    let (cpu, wall) = (thread_time().saturating_sub(cpu), wall.elapsed());
    Ok((microseconds(cpu, calls), microseconds(wall, calls)))
}

fn thread_time() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec.unsigned_abs() as u32)
}

fn microseconds(time: Duration, calls: u32) -> f64 {
    time.as_secs_f64() * 1e6 / f64::from(calls)
}

fn sandbox(component: &[u8], manifest: &str, unit: &Unit) -> Result<Sandbox, CliError> {
    let manifest = Manifest::parse(manifest)?;
    let layout = Layout::seal(&manifest, &PublicSchema::parse(SCHEMA)?).map_err(failed)?;
    let answer_bytes = layout.answer_bytes();
    let limits = Limits { fuel: manifest.resources.fuel_per_unit, memory_bytes: manifest.resources.memory_bytes, answer_bytes };
    let sandbox = Sandbox::new(&compile(component)?, Inputs::new(&[], Vec::new()), limits, false).map_err(failed)?;
    let returned = sandbox.contribute(unit).map_err(|trap| failed(trap.explain()))?;
    let mut totals = layout.empty_sums();
    if layout.add(Some(&returned), &mut totals, &mut Scratch::default()) {
        Ok(sandbox)
    } else {
        Err(failed(format!("`{}` gave no contribution", manifest.name)))
    }
}

fn ten_rows() -> Unit {
    let column = |column: u32| (0..ROWS).map(|row| f64::from(row * 4 + column) - 20.0).collect();
    let columns = (0..4).map(|index| Column { values: Values::Floats(column(index)), missing: None }).collect();
    Unit { tables: vec![Table { row_count: ROWS, columns }] }
}
