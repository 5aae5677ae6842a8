//! Usage and units by district, from a provider's file to the released table, through a keeper as any run.
//!
//! Each round makes a domain of its own, so that every import, every question and every compilation is new.
//! The policy shows results immediately: what is measured is the work, not the slot.

use super::data::Data;
use super::failed;
use super::memory::{Peaks, Watch};
use super::polars::{Exact, aggregate};
use super::report::{Goal, Measure, Samples};
use crate::commands::{key, model};
use crate::front::{CliError, Keeper};
use std::path::Path;
use std::time::Instant;
use tempfile::TempDir;
use tidegate_gate::Released;
use tidegate_service::view::{DomainView, GrantView, ImportView, ReleaseShown};
use tidegate_service::{Question, Request};
use tidegate_terms::{Epsilon, Name, Seal};

const COMPONENT: &[u8] = include_bytes!("../../../../../sample-models/built/district-usage.wasm");
const MANIFEST: &str = include_str!("../../../../../sample-models/models/district-usage/manifest.toml");

/// One of the two files.
pub(super) struct Size {
    pub(super) name: &'static str,
    pub(super) rows: usize,
    pub(super) units: usize,
    schema: &'static str,
    ingest: Measure,
    two_workers: Measure,
    one_worker: Measure,
    speed_up: Measure,
    polars: Measure,
    over_polars: Measure,
    run_memory: Measure,
    ingest_memory: Measure,
}

const fn measure(id: &'static str, en: &'static str, zh: &'static str, unit: &'static str, goal: Option<Goal>) -> Measure {
    Measure { id, en, zh, unit, goal }
}

pub(super) const SMALL: Size = Size {
    name: "1m",
    rows: 1_000_000,
    units: 100_000,
    schema: include_str!("../../../../../sample-models/datasets/scale/schema-1m.toml"),
    ingest: measure("scale.1m.ingest", "1M rows: import", "一百万行：导入", "s", None),
    two_workers: measure("scale.1m.run", "1M rows: run, 2 workers", "一百万行：运行，2 个工作进程", "s", Some(Goal::AtMost(1.5))),
    one_worker: measure("scale.1m.run.one", "1M rows: run, 1 worker", "一百万行：运行，1 个工作进程", "s", None),
    speed_up: measure("scale.1m.one.over.two", "1M rows: 1 worker over 2", "一百万行：1 个与 2 个工作进程之比", "×", None),
    polars: measure("scale.1m.polars", "1M rows: polars, no privacy", "一百万行：polars，无隐私保护", "s", None),
    over_polars: measure("scale.1m.over.polars", "1M rows: run over polars", "一百万行：运行与 polars 之比", "×", None),
    run_memory: measure("scale.1m.run.memory", "1M rows: largest process of a run", "一百万行：运行中最大进程内存", "MB", MEMORY),
    ingest_memory: measure(
        "scale.1m.ingest.memory",
        "1M rows: largest process of the import",
        "一百万行：导入中最大进程内存",
        "MB",
        MEMORY,
    ),
};

pub(super) const LARGE: Size = Size {
    name: "10m",
    rows: 10_000_000,
    units: 1_000_000,
    schema: include_str!("../../../../../sample-models/datasets/scale/schema.toml"),
    ingest: measure("scale.10m.ingest", "10M rows: import", "一千万行：导入", "s", Some(Goal::AtMost(30.0))),
    two_workers: measure("scale.10m.run", "10M rows: run, 2 workers", "一千万行：运行，2 个工作进程", "s", Some(Goal::AtMost(12.0))),
    one_worker: measure("scale.10m.run.one", "10M rows: run, 1 worker", "一千万行：运行，1 个工作进程", "s", None),
    speed_up: measure(
        "scale.10m.one.over.two",
        "10M rows: 1 worker over 2",
        "一千万行：1 个与 2 个工作进程之比",
        "×",
        Some(Goal::AtLeast(1.8)),
    ),
    polars: measure("scale.10m.polars", "10M rows: polars, no privacy", "一千万行：polars，无隐私保护", "s", None),
    over_polars: measure("scale.10m.over.polars", "10M rows: run over polars", "一千万行：运行与 polars 之比", "×", None),
    run_memory: measure("scale.10m.run.memory", "10M rows: largest process of a run", "一千万行：运行中最大进程内存", "MB", MEMORY),
    ingest_memory: measure(
        "scale.10m.ingest.memory",
        "10M rows: largest process of the import",
        "一千万行：导入中最大进程内存",
        "MB",
        MEMORY,
    ),
};

const TEN_TIMES: Measure = measure("scale.10m.over.1m", "ten times the units: time", "单元数十倍：时间之比", "×", Some(Goal::AtMost(10.5)));

/// Memory of a run that may come on top with ten times the rows and still be called the same: the list of
/// shards and what allocators round up, but no rows.
const RUN_MEMORY_GROWTH: Measure = measure(
    "scale.10m.over.1m.run.memory",
    "ten times the rows: largest process of a run",
    "行数十倍：运行中最大进程内存之比",
    "×",
    Some(Goal::AtMost(1.1)),
);
/// The import fills buffers of fixed size; a small file does not fill them all, so this has no goal of its own.
const INGEST_MEMORY_GROWTH: Measure = measure(
    "scale.10m.over.1m.ingest.memory",
    "ten times the rows: largest process of the import",
    "行数十倍：导入中最大进程内存之比",
    "×",
    None,
);
const MEMORY: Option<Goal> = Some(Goal::AtMost(500.0));

/// One round over all sizes.
pub(super) fn measure_round(data: &Data, sizes: &[Size], round: usize, samples: &mut Samples) -> Result<(), CliError> {
    let mut done = Vec::new();
    for size in sizes {
        done.push(measure_size(data, size, round, samples)?);
    }
    if let [small, large] = done.as_slice() {
        samples.add(TEN_TIMES, large.seconds / small.seconds);
        samples.add(RUN_MEMORY_GROWTH, large.run_megabytes / small.run_megabytes);
        samples.add(INGEST_MEMORY_GROWTH, large.ingest_megabytes / small.ingest_megabytes);
    }
    Ok(())
}

struct Done {
    seconds: f64,
    run_megabytes: f64,
    ingest_megabytes: f64,
}

fn measure_size(data: &Data, size: &Size, round: usize, samples: &mut Samples) -> Result<Done, CliError> {
    let file = data.file(size);
    let watch = Watch::start();
    let (mut domain, ingest) = Domain::mount(size, &file)?;
    let ingest_peaks = watch.stop();
    let watch = Watch::start();
    // Every other round goes the other way, so that drift favours nobody.
    let (first, second) = if round.is_multiple_of(2) { (2, 1) } else { (1, 2) };
    let first_run = domain.ask(first)?;
    let second_run = domain.ask(second)?;
    let run_peaks = watch.stop();
    let exact = aggregate(&file)?;
    check(&first_run.shown, &exact)?;
    check(&second_run.shown, &exact)?;
    let (two, one) = if first == 2 { (&first_run, &second_run) } else { (&second_run, &first_run) };
    samples.add(size.ingest, ingest);
    samples.add(size.two_workers, two.seconds);
    samples.add(size.one_worker, one.seconds);
    samples.add(size.speed_up, one.seconds / two.seconds);
    samples.add(size.polars, exact.seconds);
    samples.add(size.over_polars, two.seconds / exact.seconds);
    let (run_megabytes, ingest_megabytes) = (largest(&run_peaks), largest(&ingest_peaks));
    samples.add(size.run_memory, run_megabytes);
    samples.add(size.ingest_memory, ingest_megabytes);
    samples.add_peaks(size.name, &ingest_peaks);
    samples.add_peaks(size.name, &run_peaks);
    Ok(Done { seconds: two.seconds, run_megabytes, ingest_megabytes })
}

fn largest(peaks: &Peaks) -> f64 {
    peaks.values().copied().fold(0.0, f64::max)
}

struct Answered {
    seconds: f64,
    shown: ReleaseShown,
}

/// A temporary domain with one dataset, one grant and one module.
struct Domain {
    keeper: Keeper,
    dataset: Name,
    operator: Name,
    questions: u32,
    // After the keeper, which must be gone before its directory is.
    _place: TempDir,
}

impl Domain {
    /// Mounts a file and uploads the module; says how many seconds the import took.
    fn mount(size: &Size, file: &Path) -> Result<(Self, f64), CliError> {
        let place = tempfile::tempdir().map_err(failed)?;
        let mut keeper = Keeper::start(&place.path().join("domain"))?;
        let _: DomainView = keeper.ask(&Request::Init { origin: "tidegate.local/bench".into() })?;
        let (dataset, operator) = (Name::parse("readings")?, Name::parse("bench")?);
        let mount = Request::DatasetAdd {
            dataset: dataset.clone(),
            schema: size.schema.to_owned(),
            policy: policy(size),
            files: vec![(Name::parse("readings")?, std::path::absolute(file).map_err(failed)?)],
        };
        let start = Instant::now();
        let _: ImportView = keeper.ask_meanwhile(&mount, &[], |_| {})?;
        let ingest = start.elapsed().as_secs_f64();
        let key_file = place.path().join("operator.pk8");
        let operator_key = key::new(&key_file)?;
        let grant = Request::GrantAdd {
            dataset: dataset.clone(),
            operator: operator.clone(),
            operator_key,
            columns: vec!["readings.district".into(), "readings.usage".into()],
            purpose: Name::parse("utility-planning")?,
            epsilon: Epsilon::parse(10.0)?,
            valid_from: None,
            valid_until: in_a_year()?,
        };
        let _: GrantView = keeper.ask(&grant)?;
        let seal = Seal::sign(COMPONENT, MANIFEST.as_bytes(), &key::read(&key_file)?);
        let seal = serde_json::to_string(&seal).map_err(failed)?;
        model::upload(&mut keeper, operator.clone(), COMPONENT.to_vec(), MANIFEST.to_owned(), seal)?;
        Ok((Self { keeper, dataset, operator, questions: 0, _place: place }, ingest))
    }

    /// Asks a question that was never asked before; measures from the request to the released table.
    fn ask(&mut self, workers: usize) -> Result<Answered, CliError> {
        self.questions += 1;
        let question = Question {
            operator: self.operator.clone(),
            dataset: self.dataset.clone(),
            version: None,
            join: None,
            module: "district-usage".into(),
            parameters: vec![],
            side_tables: vec![],
            epsilon: Some(Epsilon::parse(0.5 + 0.01 * f64::from(self.questions))?),
            workers: Some(workers),
            pinned: None,
        };
        let start = Instant::now();
        let shown: ReleaseShown = self.keeper.ask(&Request::Run(question))?;
        let seconds = start.elapsed().as_secs_f64();
        if shown.stored { Err(failed("the answer came from the store")) } else { Ok(Answered { seconds, shown }) }
    }
}

pub(super) fn in_a_year() -> Result<String, CliError> {
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    Ok(today.checked_add(jiff::Span::new().days(364)).map_err(failed)?.to_string())
}

fn policy(size: &Size) -> String {
    let delta = 1.0 / (10.0 * size.units as f64);
    format!("lifetime_epsilon = 10.0\ndelta = {delta:e}\nrun_epsilon_max = 1.0\nvisibility = \"immediately\"\n")
}

/// Whether a release is the noised truth: within 8 noise scales of what polars computed, and the grid's step
/// per unit. Both see the same file, which is synthetic, so this tells nothing about anybody.
fn check(shown: &ReleaseShown, exact: &Exact) -> Result<(), CliError> {
    let [usage, units] = shown.release.statistics.as_slice() else { return Err(failed("the release has another shape")) };
    for (district, usage_true, units_true) in &exact.districts {
        for (released, expected) in [(usage, *usage_true), (units, *units_true)] {
            let (value, noise) = value_of(released, district).ok_or_else(|| failed(format!("`{district}` is missing")))?;
            let slack = 8.0 * noise.scale + noise.step * units_true;
            if (value - expected).abs() > slack {
                return Err(failed(format!("{} of `{district}`: {value} released, {expected} by polars", released.statistic)));
            }
        }
    }
    Ok(())
}

fn value_of<'a>(released: &'a Released, district: &str) -> Option<(f64, &'a tidegate_gate::PartNoise)> {
    let group = released.groups.iter().find(|group| group.key.as_deref() == Some(district))?;
    Some((group.estimates.first()?.value, released.noise.first()?))
}
