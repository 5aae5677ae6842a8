//! `tidegate bench slots`: whether results become visible at their slot, with and without a target that burns all fuel.
//!
//! Half of the domains have one person over whom the module loops for ever, half do not; all ask question after question
//! at the same time. What counts is that each result carries exactly the slot that was announced beforehand, and that the
//! moment at which an asker has it tells the two kinds apart no better than chance: its spread is shown for both.

use super::domain::{Bench, Dataset, Module};
use super::report::median;
use super::{failed, say};
use crate::front::CliError;
use crate::output::Output;
use serde::Serialize;
use std::sync::atomic::{AtomicUsize, Ordering};

const COMPONENT: &[u8] = include_bytes!("../../../../../sample-models/built/offender-loops.wasm");
const MANIFEST: &str = include_str!("../../../../../sample-models/models/offender-loops/manifest.toml");
const SCHEMA: &str = "title = { zh = \"测时\", en = \"Slots\" }\nsource = \"made up\"\nacquired = \"2026-11-22\"\nlineage = \"slots\"\n\
    units_max = 40\nprivacy_unit = { kind = \"person\", column = \"id\", identifier = \"integer\" }\n\
    [[tables]]\nname = \"person-years\"\nrows_per_unit_max = 1\n\
    [[tables.columns]]\nname = \"income\"\ntype = \"float\"\nminimum = 0.0\nmaximum = 100000.0\n\
    [[tables.columns]]\nname = \"xage\"\ntype = \"float\"\nminimum = 0.0\nmaximum = 120.0\n";
const POLICY: &str = "lifetime_epsilon = 8.0\ndelta = 1e-6\nrun_epsilon_max = 1.0\nvisibility = \"at_slot\"\n";
/// The person whom the module looks for by default.
const TARGET: (f64, f64) = (13748.76, 42.87748);
const PERSONS: usize = 40;
const WORKERS: usize = 2;

/// What one kind of run came to.
#[derive(Debug, Serialize)]
struct Side {
    runs: usize,
    /// Whose result became visible exactly at the slot announced beforehand.
    same_slot: usize,
    /// Whose result did not come; a run that is stopped at its slot is one.
    failed: usize,
    /// How long after its slot the asker had the answer, in milliseconds.
    earliest_ms: f64,
    median_ms: f64,
    latest_ms: f64,
}

#[derive(Debug, Serialize)]
struct Slots {
    slot_seconds: u64,
    domains: usize,
    with_target: Side,
    without_target: Side,
}

/// What came of one question.
enum Outcome {
    Shown { same_slot: bool, late_ms: f64 },
    Failed,
}

/// Runs `bench slots`.
pub(super) fn run(runs: usize, domains: usize, output: Output) -> Result<(), CliError> {
    let lanes = (domains.max(2) / 2).min(runs.max(1));
    let done = AtomicUsize::new(0);
    let one = |with_target: bool, count: usize| -> Result<(u64, Vec<Outcome>), CliError> {
        let manifest = MANIFEST.replace("fuel_per_unit = 1000000", "fuel_per_unit = 30000000");
        let dataset = Dataset { name: "slots", schema: SCHEMA, tables: vec![("person-years", rows(with_target))] };
        let module = Module { component: COMPONENT, manifest: &manifest };
        let mut bench = Bench::with_policy(&[dataset], module, POLICY)?;
        let (mut slot_seconds, mut outcomes) = (0, Vec::new());
        for number in 0..count {
            // Another price makes it another question.
            let asked = bench.ask_for_slot(0.01 + number as f64 * 1e-6, WORKERS)?;
            slot_seconds = asked.slot_seconds;
            outcomes.push(match asked.shown {
                Some(visible_at) => Outcome::Shown { same_slot: visible_at == asked.slot, late_ms: asked.after_slot_ms },
                None => Outcome::Failed,
            });
            let all = done.fetch_add(1, Ordering::Relaxed) + 1;
            if all.is_multiple_of(20) {
                say(output, &format!("{all}/{}", 2 * runs));
            }
        }
        Ok((slot_seconds, outcomes))
    };
    let share = |lane: usize| runs / lanes + usize::from(lane < runs % lanes);
    let gathered = std::thread::scope(|scope| {
        let one = &one;
        let start = |lane: usize| [true, false].map(|with| (with, scope.spawn(move || one(with, share(lane)))));
        let started: Vec<_> = (0..lanes).flat_map(start).collect();
        let ended = started.into_iter().map(|(with, thread)| (with, thread.join()));
        ended
            .map(|(with, ended)| Ok((with, ended.map_err(|_| failed("a thread of the bench died"))??)))
            .collect::<Result<Vec<_>, CliError>>()
    })?;
    let side = |wanted: bool| Side::of(gathered.iter().filter(|(with, _)| *with == wanted).flat_map(|(_, (_, outcomes))| outcomes));
    let slot_seconds = gathered.iter().map(|(_, (seconds, _))| *seconds).max().unwrap_or(0);
    let slots = Slots { slot_seconds, domains: 2 * lanes, with_target: side(true), without_target: side(false) };
    output.show(&slots, |slots| show(slots, output));
    Ok(())
}

impl Side {
    fn of<'a>(outcomes: impl Iterator<Item = &'a Outcome>) -> Self {
        let (mut runs, mut same, mut failed, mut late) = (0, 0, 0, Vec::new());
        for outcome in outcomes {
            runs += 1;
            match outcome {
                Outcome::Shown { same_slot, late_ms } => {
                    same += usize::from(*same_slot);
                    late.push(*late_ms);
                }
                Outcome::Failed => failed += 1,
            }
        }
        let end = |pick: fn(f64, f64) -> f64| late.iter().copied().reduce(pick).unwrap_or(0.0);
        let (earliest_ms, latest_ms) = (end(f64::min), end(f64::max));
        Self { runs, same_slot: same, failed, earliest_ms, median_ms: median(&late), latest_ms }
    }
}

/// Forty persons, of whom the first is the target or somebody else.
fn rows(with_target: bool) -> String {
    let person = |number: usize| match number {
        0 if with_target => format!("{number},{},{}\n", TARGET.0, TARGET.1),
        _ => format!("{number},{},{}\n", 1000 + number, 20 + number),
    };
    std::iter::once("id,income,xage\n".to_owned()).chain((0..PERSONS).map(person)).collect()
}

fn show(slots: &Slots, output: Output) {
    println!(
        "{} {} s, {} {}",
        output.pick("Slot:", "时段："),
        slots.slot_seconds,
        output.pick("domains at a time:", "同时使用的数据域数："),
        slots.domains
    );
    let heads = [
        ("", ""),
        ("runs", "运行数"),
        ("visible at their slot", "于其时段可见"),
        ("without a result", "无结果"),
        ("after the slot, ms", "时段之后，毫秒"),
    ];
    let mut table = output.table(&heads);
    for (name, side) in
        [(output.pick("with the target", "含目标"), &slots.with_target), (output.pick("without", "不含目标"), &slots.without_target)]
    {
        table.add_row([
            name.to_owned(),
            side.runs.to_string(),
            side.same_slot.to_string(),
            side.failed.to_string(),
            format!("{:.0} … {:.0} … {:.0}", side.earliest_ms, side.median_ms, side.latest_ms),
        ]);
    }
    println!("{table}");
}
