//! A long log that breaks no rule: many datasets, grants and modules, then runs one after the other, each with its
//! reservation of several charges and its release at the slot.
//!
//! Entries follow from their index alone, so that a million of them need no memory.

use crate::commands::bench::failed;
use crate::front::CliError;
use tidegate_accountant::{Cost, discrete_gaussian_tv, gaussian_rho, laplace_rho, lifetime_caps};
use tidegate_log::{Charge, Entry, EntrySource, Event, Payer, PeriodCap};
use tidegate_terms::{Delta, DeltaCost, Digest, Epsilon, Mechanism, Name, Rho, Visibility, seal_message};

pub(super) const ORIGIN: &str = "bench.example/log";
const DATASETS: u64 = 50;
const OPERATORS: u64 = 4;
/// Of each operator.
const MODULES: u64 = 5;
const SLOT_SECONDS: u64 = 60;
/// 2026-01-01.
const BEGAN: i64 = 1_767_225_600;
/// Steps of the noise's grid to one unit of what is counted.
const GRID: f64 = 268_435_456.0;
const UNITS: u64 = 20_000;

/// The log of so many entries.
pub(super) struct Story {
    entries: u64,
    caps: Cost,
    delta: f64,
    epsilon: f64,
    charges: Vec<Charge>,
    names: Names,
}

struct Names {
    datasets: Vec<Name>,
    operators: Vec<Name>,
    purpose: Name,
}

impl Story {
    pub(super) fn new(entries: u64) -> Result<Self, CliError> {
        let (epsilon, delta) = (Epsilon::parse(10.0)?, Delta::parse(1e-6)?);
        let name = |text: String| Name::parse(&text).map_err(CliError::from);
        let names = Names {
            datasets: (0..DATASETS).map(|number| name(format!("dataset-{number}"))).collect::<Result<_, _>>()?,
            operators: (0..OPERATORS).map(|number| name(format!("operator-{number}"))).collect::<Result<_, _>>()?,
            purpose: name("health-planning".into())?,
        };
        let charge = |statistic: &str, part: &str, mechanism, scale: f64, cells: u32| {
            let (rho, delta) = match mechanism {
                Mechanism::Gaussian => (gaussian_rho(scale, 1.0), discrete_gaussian_tv(scale * GRID, cells.into())),
                Mechanism::Laplace => (laplace_rho(1.0 / scale), DeltaCost::ZERO),
            };
            let (scale, sensitivity) = (scale * GRID, GRID);
            Ok::<_, CliError>(Charge {
                statistic: name(statistic.into())?,
                part: part.into(),
                mechanism,
                scale,
                sensitivity,
                cells,
                rho,
                delta,
                first_round: 1,
                rounds: 1,
            })
        };
        let charges = vec![
            charge("visits", "count", Mechanism::Gaussian, 900.0, 48)?,
            charge("visits", "sum", Mechanism::Gaussian, 700.0, 48)?,
            charge("cost", "squares", Mechanism::Gaussian, 800.0, 12)?,
            charge("most-common", "count", Mechanism::Laplace, 1_000.0, 20)?,
        ];
        Ok(Self { entries, caps: lifetime_caps(epsilon, delta), delta: delta.get(), epsilon: epsilon.get(), charges, names })
    }

    fn entry(&self, index: u64) -> Entry {
        let (mounts, grants, modules) = (DATASETS, DATASETS * OPERATORS, OPERATORS * MODULES);
        let setup = |event| Entry { at: instant(0), event };
        match index {
            0 => setup(Event::Domain { origin: ORIGIN.into(), software: "tidegate bench".into() }),
            _ if index <= mounts => setup(self.mount(index - 1)),
            _ if index <= mounts + grants => setup(self.grant(index - mounts - 1)),
            _ if index <= mounts + grants + modules => setup(self.module(index - mounts - grants - 1)),
            _ => {
                let number = index - mounts - grants - modules - 1;
                let (run, released) = (number / 2, number % 2 == 1);
                let at = instant((run + u64::from(released)) * SLOT_SECONDS);
                Entry { at, event: if released { release(run) } else { self.reserve(run) } }
            }
        }
    }

    fn mount(&self, number: u64) -> Event {
        let name = self.names.datasets[number as usize].clone();
        Event::Mount {
            dataset: name.clone(),
            version: 1,
            lineage: name,
            units_max: UNITS,
            delta: self.delta,
            lifetime_epsilon: self.epsilon,
            lifetime_rho: self.caps.rho,
            lifetime_delta: self.caps.delta,
            run_rho_max: self.caps.rho,
            witnesses: None,
            period: number.is_multiple_of(2).then_some(PeriodCap { days: 30, rho: self.caps.rho }),
            reviewed: None,
            visibility: Visibility::AtSlot,
            schema: digest("schema", number),
            policy: digest("policy", number),
            shards_commitment: digest("shards", number),
        }
    }

    fn grant(&self, number: u64) -> Event {
        Event::Grant {
            grant: grant(number),
            dataset: self.names.datasets[(number / OPERATORS) as usize].clone(),
            operator: self.names.operators[(number % OPERATORS) as usize].clone(),
            operator_key: "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=".into(),
            columns: vec!["visits.cost".into(), "visits.day".into(), "persons.age".into()],
            purpose: self.names.purpose.clone(),
            rho: self.caps.rho,
            valid_from: "2026-01-01".into(),
            valid_until: "2030-12-31".into(),
        }
    }

    fn module(&self, number: u64) -> Event {
        let (component, manifest) = (digest("component", number), digest("manifest", number));
        Event::Module {
            module: module(number),
            component,
            manifest,
            name: self.names.purpose.clone(),
            operator: self.names.operators[(number / MODULES) as usize].clone(),
        }
    }

    fn reserve(&self, run: u64) -> Event {
        let (dataset, operator) = (run % DATASETS, run / DATASETS % OPERATORS);
        let name = &self.names.datasets[dataset as usize];
        let sum = |cost: Cost, charge: &Charge| Cost { rho: cost.rho.plus(charge.rho), delta: cost.delta.plus(charge.delta) };
        let Cost { rho, delta } = self.charges.iter().fold(Cost { rho: Rho::ZERO, delta: DeltaCost::ZERO }, sum);
        Event::Reserve {
            run: run_name(run),
            accounts: vec![Payer {
                dataset: name.clone(),
                version: 1,
                lineage: name.clone(),
                grant: grant(dataset * OPERATORS + operator),
            }],
            module: module(operator * MODULES + run % MODULES),
            parameters_commitment: digest("parameters", run),
            side_tables: Vec::new(),
            rho,
            delta,
            charges: self.charges.clone(),
            rounds: 1,
            slot: instant((run + 1) * SLOT_SECONDS),
            slot_seconds: SLOT_SECONDS,
            engine: digest("engine", 0),
        }
    }
}

fn release(run: u64) -> Event {
    Event::Release {
        run: run_name(run),
        round: 1,
        last: true,
        release_commitment: digest("release", run),
        totals_commitment: digest("totals", run),
        pad: String::new(),
    }
}

fn instant(seconds: u64) -> String {
    jiff::Timestamp::from_second(BEGAN + seconds as i64).map(|at| at.to_string()).unwrap_or_default()
}

fn digest(what: &str, number: u64) -> Digest {
    Digest::of(format!("{what} {number}").as_bytes())
}

fn module(number: u64) -> Digest {
    Digest::of(seal_message(digest("component", number), digest("manifest", number)).as_bytes())
}

fn grant(number: u64) -> String {
    format!("g{}", &digest("grant", number).to_string()[..20])
}

fn run_name(run: u64) -> String {
    format!("r{}", &digest("run", run).to_string()[..20])
}

impl EntrySource for Story {
    fn size(&mut self) -> Result<u64, Box<dyn std::error::Error + Send + Sync>> {
        Ok(self.entries)
    }

    fn read(&mut self, from: u64, to: u64) -> Result<Vec<Vec<u8>>, Box<dyn std::error::Error + Send + Sync>> {
        (from..to).map(|index| self.entry(index).encode().map_err(|error| failed(error).into())).collect()
    }
}
