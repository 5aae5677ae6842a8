//! A dense vector of 100,000 entries over 100,000 units on two workers, and a training run of 20 rounds against one of a
//! single round: shards are prepared once.

use super::EPSILON;
use super::report::Report;
use crate::args::UtilityArguments;
use crate::commands::bench::domain::{Bench, Dataset, Module};
use crate::commands::bench::failed;
use crate::commands::bench::models::LOGISTIC;
use crate::commands::bench::people::Lines;
use crate::commands::bench::report::Goal;
use crate::commands::demo::material::MATERIAL_SCHEMA;
use crate::front::CliError;
use std::fmt::Write as _;

const GRADIENT: Module<'_> = Module {
    component: include_bytes!("../../../../../../sample-models/built/bench-gradient.wasm"),
    manifest: include_str!("../../../../../../sample-models/models/bench-gradient/manifest.toml"),
};
const SCHEMA: &str = include_str!("../../../../../../sample-models/datasets/bench/schema.toml");
const UNITS: usize = 100_000;
const ENTRIES: usize = 100_000;
const SECONDS_MAX: f64 = 60.0;
const WORKERS: usize = 2;

pub(super) fn measure(_: &UtilityArguments, report: &mut Report) -> Result<(), CliError> {
    let seconds = large_vector()?;
    let names = ["vector of 100,000 entries over 100,000 units, 2 workers", "十万维向量、十万单元、2 个工作进程"].map(str::to_owned);
    report.add("vector", names, seconds, "s", Some(Goal::AtMost(SECONDS_MAX)));
    let one = training(&LOGISTIC.manifest.replace("max = 20\n", "max = 1\n"))?;
    let twenty = training(LOGISTIC.manifest)?;
    report.add("vector", ["training, 1 round", "训练，1 轮"].map(str::to_owned), one, "s", None);
    report.add("vector", ["training, 20 rounds", "训练，20 轮"].map(str::to_owned), twenty, "s", None);
    let names = ["20 rounds over 20 runs of one round", "20 轮与 20 次单轮运行之比"].map(str::to_owned);
    report.add("vector", names, twenty / (20.0 * one), "×", Some(Goal::AtMost(1.0)));
    Ok(())
}

fn large_vector() -> Result<f64, CliError> {
    let mut rows = String::from("unit_id,a,b,c,d\n");
    let mut negative = 0;
    for unit in 0..UNITS {
        let a = if unit.is_multiple_of(3) { -1 } else { 1 };
        negative += usize::from(a < 0);
        writeln!(rows, "{unit},{a},0,0,0").map_err(failed)?;
    }
    let mut bench = Bench::new(&[Dataset { name: "rows", schema: SCHEMA, tables: vec![("rows", rows)] }], GRADIENT)?;
    let answered = bench.ask(EPSILON, &[], WORKERS)?;
    // Whether it was really added up: every entry is the same sum, and the mean of all has hardly any noise.
    let vector = answered.shown.release.statistics.first().and_then(|released| released.groups.first()?.vector.as_ref());
    let vector = vector.ok_or_else(|| failed("no vector was released"))?;
    let mean = vector.values.iter().sum::<f64>() / vector.values.len() as f64;
    let expected = 0.003 * (UNITS - 2 * negative) as f64;
    if vector.values.len() == ENTRIES && (mean / expected - 1.0).abs() < 0.02 {
        Ok(answered.seconds)
    } else {
        Err(failed(format!("{} entries of mean {mean}, {expected} expected", vector.values.len())))
    }
}

fn training(manifest: &str) -> Result<f64, CliError> {
    let everybody = Lines::of_the_public_file()?.file_of(|_| true)?;
    let dataset = Dataset { name: "rand-hie", schema: MATERIAL_SCHEMA, tables: vec![("person-years", everybody)] };
    let mut bench = Bench::new(&[dataset], Module { manifest, ..LOGISTIC })?;
    // The first run compiles; the second is measured.
    bench.ask(EPSILON, &[("persons", "5000".into())], WORKERS)?;
    Ok(bench.ask(EPSILON, &[("persons", "5001".into())], WORKERS)?.seconds)
}
