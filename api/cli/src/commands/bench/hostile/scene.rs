//! An installation in which every unit makes the module misbehave in its own way.
//!
//! Each answer is held against what it must be: an honest run's sum of all units, a hostile run's sum of the one way
//! that answers like an honest module. So a host that went wrong under the calls would show here, not only one that grew.

use super::super::domain::{Bench, Dataset, Module};
use super::failed;
use crate::front::CliError;
use std::fmt::Write as _;

const MODULE: Module<'static> = Module { component: include_bytes!("module.wasm"), manifest: include_str!("module.toml") };

/// How many ways there are; unit `i` takes way `i % WAYS`.
pub(super) const WAYS: usize = 12;
/// The ways after which the module contributes 1: it has grown its memory.
const ANSWERED: u64 = 2;

/// An installation.
pub(super) struct Scene {
    bench: Bench,
    units: u64,
    workers: usize,
    questions: u32,
}

impl Scene {
    pub(super) fn new(units: u64, workers: usize) -> Result<Self, CliError> {
        let mut table = String::from("id,way\n");
        for unit in 0..units {
            let _ = writeln!(table, "{unit},{}", unit % WAYS as u64);
        }
        let schema = format!(
            "title = {{ zh = \"恶意调用\", en = \"hostile calls\" }}\nsource = \"synthetic\"\nacquired = \"2026-01-01\"\nlineage = \"bench\"\n\
             units_max = {units}\nprivacy_unit = {{ kind = \"meter\", column = \"id\", identifier = \"integer\" }}\n[[tables]]\nname = \"calls\"\n\
             rows_per_unit_max = 1\n[[tables.columns]]\nname = \"way\"\ntype = \"float\"\nminimum = 0.0\nmaximum = 16.0\n"
        );
        let delta = 1.0 / (10.0 * units as f64);
        let policy = format!("lifetime_epsilon = 8.0\ndelta = {delta:e}\nrun_epsilon_max = 1.0\nvisibility = \"immediately\"\n");
        let dataset = Dataset { name: "calls", schema: &schema, tables: vec![("calls", table)] };
        Ok(Self { bench: Bench::with_policy(&[dataset], MODULE, &policy)?, units, workers, questions: 0 })
    }

    /// The process of its keeper.
    pub(super) fn keeper(&self) -> u32 {
        self.bench.keeper()
    }

    /// A run whose units contribute their numbers; how many seconds it took.
    pub(super) fn honest(&mut self) -> Result<f64, CliError> {
        let rounds = self.units / WAYS as u64;
        let rest = self.units % WAYS as u64;
        let ways = WAYS as u64;
        self.ask("0", rounds * (ways * (ways - 1) / 2) + rest * rest.saturating_sub(1) / 2)
    }

    /// A run in which every unit misbehaves.
    pub(super) fn hostile(&mut self) -> Result<f64, CliError> {
        let ways = WAYS as u64;
        self.ask("1", self.units / ways + u64::from(self.units % ways > ANSWERED))
    }

    fn ask(&mut self, hostile: &str, expected: u64) -> Result<f64, CliError> {
        self.questions += 1;
        // Each question is another one, or the stored answer would come back.
        let epsilon = 0.5 + 0.001 * f64::from(self.questions);
        let answered = self.bench.ask(epsilon, &[("hostile", hostile.to_owned())], self.workers)?;
        let released = answered.shown.release.statistics.first();
        let value = released.and_then(|sum| sum.groups.first()?.estimates.first().map(|estimate| estimate.value));
        let scale = released.and_then(|sum| sum.noise.first().map(|noise| noise.scale));
        match (value, scale) {
            // Nine standard deviations: a false alarm in 1e18 runs.
            (Some(value), Some(scale)) if (value - expected as f64).abs() <= 9.0 * scale + 1.0 => Ok(answered.seconds),
            _ => Err(failed(format!("the sum is {value:?}, but {expected} was to be expected"))),
        }
    }
}

#[cfg(test)]
mod tests {
    /// `UPDATE_MODULES=1` writes it anew.
    #[test]
    fn the_module_is_the_one_of_the_text() {
        let bytes = wat::parse_str(include_str!("module.wat")).expect("wat");
        if std::env::var_os("UPDATE_MODULES").is_some() {
            let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/commands/bench/hostile/module.wasm");
            std::fs::write(path, &bytes).expect("write the module");
        } else {
            assert_eq!(bytes, include_bytes!("module.wasm"));
        }
    }
}
