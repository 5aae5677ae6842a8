//! `tidegate bench hostile`: millions of calls of a module that does its worst, in one installation.
//!
//! | file | is |
//! |---|---|
//! | [`scene`] | the installation, its data, the module's ways to misbehave |
//! | [`watch`] | memory and descriptors of the keeper and the workers, looked at from outside |
//!
//! What must hold: no process grows with the number of calls, none is left over, and honest modules run as fast as in
//! an installation that never saw a hostile one. That last figure is a ratio of two installations, asked in turn and in
//! alternating order, because a shared machine drifts. A worker lives as long as its run, so that its growth is that
//! within one run; the keeper is one process from the first call to the last.
//!
//! Rejected: calling the sandbox in this process. Leaks of pipes, frames and processes would not show.

mod scene;
mod watch;

use super::load::Load;
use super::report::{Goal, Measure, Report, Samples};
use super::{failed, say};
use crate::args::BenchHostileArguments;
use crate::front::CliError;
use crate::output::Output;
use scene::{Scene, WAYS};
use serde::Serialize;
use watch::{Seen, Watch};

const fn measure(id: &'static str, en: &'static str, zh: &'static str, unit: &'static str, goal: Option<Goal>) -> Measure {
    Measure { id, en, zh, unit, goal }
}

const SPEED: Measure = measure("hostile.calls.per.second", "hostile calls each second", "每秒恶意调用次数", "", None);
const BEFORE: Measure = measure("honest.before", "before: honest run over the control's", "之前：诚实运行与对照安装之比", "×", None);
const AFTER: Measure =
    measure("honest.after", "after: honest run over the control's", "之后：诚实运行与对照安装之比", "×", Some(Goal::AtMost(1.05)));
const CHANGE: Measure = measure(
    "honest.after.over.before",
    "after over before, each relative to the control",
    "之后与之前之比（均相对于对照安装）",
    "×",
    Some(Goal::AtMost(1.05)),
);
const KEEPER: Measure =
    measure("keeper.memory", "memory of the keeper, last run over first", "守护进程内存，末次与首次运行之比", "×", FLAT);
const KEEPER_DESCRIPTORS: Measure =
    measure("keeper.descriptors", "descriptors that the keeper has more", "守护进程增加的描述符数", "", NONE);
const WORKER: Measure =
    measure("worker.memory", "memory of a worker, end of its run over beginning", "工作进程内存，运行末与运行初之比", "×", FLAT);
const WORKER_DESCRIPTORS: Measure = measure("worker.descriptors", "descriptors that a worker has more", "工作进程增加的描述符数", "", NONE);
const LEFT_OVER: Measure = measure("processes.left", "processes left over by runs", "运行遗留的进程数", "", NONE);

/// Allocators round up; what leaks grows with the calls, of which there are millions.
const FLAT: Option<Goal> = Some(Goal::AtMost(1.1));
const NONE: Option<Goal> = Some(Goal::AtMost(0.0));

/// Most calls of one run: as many units as its dataset has.
const RUN_CALLS_MAX: u64 = 1_000_000;

/// Fewest runs, so that the keeper can be seen to grow from one to the next.
const RUNS_MIN: usize = 4;

/// What one run showed.
#[derive(Serialize)]
struct Run {
    calls: u64,
    seconds: f64,
    keeper: Option<Seen>,
    workers: Vec<watch::Life>,
    left_over: usize,
}

#[derive(Serialize)]
struct Whole {
    calls: u64,
    ways: usize,
    runs: Vec<Run>,
    #[serde(flatten)]
    report: Report,
}

/// Runs `tidegate bench hostile`.
pub(super) fn run(arguments: &BenchHostileArguments, output: Output) -> Result<(), CliError> {
    let calls = arguments.calls.clamp((RUNS_MIN * WAYS) as u64, 100 * RUN_CALLS_MAX);
    let units = calls.div_ceil(RUNS_MIN as u64).min(RUN_CALLS_MAX);
    let mut samples = Samples::default();
    let before = Load::now();
    say(output, output.pick("two installations: one for hostile calls, one to compare with", "两个安装：一个承受恶意调用，一个用作对照"));
    let (mut hostile, mut control) = (Scene::new(units, arguments.workers)?, Scene::new(units, arguments.workers)?);
    let first = ratio(&mut hostile, &mut control, arguments.pairs, BEFORE, &mut samples)?;
    let mut runs: Vec<Run> = Vec::new();
    let mut done = 0;
    while done < calls {
        let run = hostile_run(&mut hostile, units)?;
        done += run.calls;
        samples.add(SPEED, run.calls as f64 / run.seconds);
        run.workers.iter().map(watch::Life::growth).for_each(|growth| samples.add(WORKER, growth));
        run.workers.iter().filter_map(watch::Life::more_descriptors).for_each(|more| samples.add(WORKER_DESCRIPTORS, more));
        samples.add(LEFT_OVER, run.left_over as f64);
        say(output, &described(&run, done, output));
        runs.push(run);
    }
    if let (Some(one), Some(last)) = (runs.first().and_then(|run| run.keeper), runs.last().and_then(|run| run.keeper)) {
        samples.add(KEEPER, last.megabytes / one.megabytes);
        if let (Some(one), Some(last)) = (one.descriptors, last.descriptors) {
            samples.add(KEEPER_DESCRIPTORS, last as f64 - one as f64);
        }
    }
    let second = ratio(&mut hostile, &mut control, arguments.pairs, AFTER, &mut samples)?;
    samples.add(CHANGE, second / first);
    if let Some(before) = before {
        before.add_others(&mut samples);
    }
    let report = Report::new(&samples, arguments.pairs, false);
    let whole = Whole { calls: done, ways: WAYS, runs, report };
    output.show(&whole, |whole| whole.report.print(output));
    Ok(())
}

/// The median of the ratios of honest runs, asked of both installations in alternating order.
fn ratio(hostile: &mut Scene, control: &mut Scene, pairs: usize, measure: Measure, samples: &mut Samples) -> Result<f64, CliError> {
    let mut ratios = Vec::new();
    for pair in 0..pairs.max(1) {
        let (ours, theirs) = if pair.is_multiple_of(2) {
            let ours = hostile.honest()?;
            (ours, control.honest()?)
        } else {
            let theirs = control.honest()?;
            (hostile.honest()?, theirs)
        };
        ratios.push(ours / theirs);
        samples.add(measure, ours / theirs);
    }
    Ok(super::median(&ratios))
}

fn hostile_run(scene: &mut Scene, calls: u64) -> Result<Run, CliError> {
    let keeper = scene.keeper();
    let watch = Watch::start(keeper);
    let seconds = scene.hostile();
    let workers = watch.stop();
    Ok(Run { calls, seconds: seconds?, keeper: watch::look(keeper), workers, left_over: watch::descendants(keeper).len() })
}

fn described(run: &Run, done: u64, output: Output) -> String {
    let place = |seen: Option<Seen>| seen.map_or_else(|| "?".into(), |seen| seen.to_string());
    let workers: Vec<String> = run.workers.iter().map(|life| format!("{} → {}", life.first, life.last)).collect();
    format!(
        "{done} {}: {:.1} s, {} {}; {} {}",
        output.pick("calls", "次调用"),
        run.seconds,
        output.pick("keeper", "守护进程"),
        place(run.keeper),
        output.pick("workers", "工作进程"),
        workers.join(", ")
    )
}
