//! `tidegate bench walls`: what the walls cost an honest run, slots aside.
//!
//! The same question is asked of two domains in turns, whose processes stand behind all walls or behind none. Walls can be
//! taken away in the build of `tests/weakened` alone; any other build says so.

use super::domain::{Bench, Dataset, Module};
use super::report::{Goal, Measure, Report, Samples};
use super::{failed, say};
use crate::commands::demo::material::CSV;
use crate::front::CliError;
use crate::output::Output;
use tidegate_terms::{Guard, WEAKENED};

const COMPONENT: &[u8] = include_bytes!("../../../../../sample-models/built/expensive-years.wasm");
const MANIFEST: &str = include_str!("../../../../../sample-models/models/expensive-years/manifest.toml");
const SCHEMA: &str = include_str!("../../../../../sample-models/datasets/rand-hie/schema.toml");
const WORKERS: usize = 2;

const WITH: Measure =
    Measure { id: "run.walls", en: "honest run with all walls", zh: "有全部防护墙的诚实运行", unit: "s", goal: None };
const WITHOUT: Measure =
    Measure { id: "run.no-walls", en: "the same without walls", zh: "同一运行，无防护墙", unit: "s", goal: None };
const RATIO: Measure =
    Measure { id: "run.walls.ratio", en: "with over without", zh: "有与无之比", unit: "×", goal: Some(Goal::AtMost(1.1)) };

/// Runs `bench walls`.
pub(super) fn run(rounds: usize, output: Output) -> Result<(), CliError> {
    if !WEAKENED {
        return Err(failed(output.pick(
            "this build has no walls that can be taken away: build tests/weakened and use its program",
            "本构建的防护墙不能撤去：请构建 tests/weakened 并使用其程序",
        )));
    }
    let rows = String::from_utf8(CSV.to_vec()).map_err(failed)?;
    let bench = |down: &[Guard]| {
        let dataset = Dataset { name: "rand-hie", schema: SCHEMA, tables: vec![("person-years", rows.clone())] };
        Bench::without(&[dataset], Module { component: COMPONENT, manifest: MANIFEST }, down)
    };
    let (mut with, mut without) = (bench(&[])?, bench(&[Guard::SystemWalls])?);
    let mut ask = |number: usize, walls: bool| -> Result<f64, CliError> {
        let bench = if walls { &mut with } else { &mut without };
        // Another price makes it another question.
        Ok(bench.ask(0.05 + number as f64 * 1e-5, &[], WORKERS)?.seconds)
    };
    // The first run of each reads what later ones find in the caches.
    ask(0, true)?;
    ask(0, false)?;
    let (mut samples, rounds) = (Samples::default(), rounds.max(1));
    for round in 1..=rounds {
        say(output, &format!("{} {round}/{rounds}", output.pick("pair", "对")));
        let first = round.is_multiple_of(2);
        let one = ask(round, first)?;
        let other = ask(round, !first)?;
        let (with, without) = if first { (one, other) } else { (other, one) };
        samples.add(WITH, with);
        samples.add(WITHOUT, without);
        samples.add(RATIO, with / without);
    }
    let report = Report::new(&samples, rounds, false);
    output.show(&report, |report| report.print(output));
    Ok(())
}
