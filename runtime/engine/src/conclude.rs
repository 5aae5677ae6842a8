//! The clean half of a module: `conclude` sees what rounds released and nothing else.
//!
//! Guarantee: what it is told is public (parameters, side tables, its own state) or was released with noise, and it
//! runs in a process of its own that never opened data. So what it answers, how long it takes and whether it fails
//! are post-processing; a round that is not run because of it may cost nothing. A failure that the module caused
//! ends the run like an empty report; the process that dies under it is tried again and then counts as one, because
//! nothing here depends on data.

use crate::{FrameError, Running, inputs, read_frame, write_frame};
use serde::{Deserialize, Serialize};
use std::io::{self, Read, Write};
use tidegate_sandbox::contract::{Conclusion, Released};
use tidegate_sandbox::{CompiledModule, Limits, Sandbox};
use tidegate_terms::{Manifest, ParameterValue, Rounds, is_plain, messages};

messages! {
    /// Why the clean half could not be asked: a fault of the host.
    pub enum ConcludeError {
        Spawn { detail: String } = "conclude.spawn" {
            en: "the process for `conclude` cannot be started: {detail}",
            zh: "无法启动 `conclude` 进程：{detail}",
        },
        HostFault { detail: String } = "conclude.host-fault" {
            en: "the host of `conclude` failed: {detail}",
            zh: "`conclude` 的宿主出错：{detail}",
        };
        Frame(FrameError)
    }
}

/// Bytes of a report: names and numbers.
const REPORT_BYTES_MAX: u64 = 256 << 10;
/// Longest name of a finding, in bytes.
const NAME_BYTES_MAX: usize = 200;
/// Processes that may die before that counts as a failure of the module.
const DEATHS_MAX: u32 = 3;

/// A number in the report of a run, derived by the module from what was released.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: f64,
}

/// What becomes of a run after a round.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Concluded {
    /// Another round, with this public state.
    Again(Vec<f64>),
    /// The end, with a report.
    Done(Vec<Finding>),
    /// The end, because `conclude` failed or answered outside its bounds; said in public words only.
    Failed(ConcludeFailure),
}

/// How `conclude` failed. Public: it follows from releases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConcludeFailure {
    /// It trapped, ran out of fuel or memory, or answered more than may be copied.
    Trapped,
    /// Its state or report does not fit the manifest's bounds, is not finite, or names something in characters that
    /// are not seen.
    OutOfBounds,
}

/// What `conclude` is asked.
#[derive(Serialize, Deserialize)]
struct Question {
    manifest: Manifest,
    parameters: Vec<ParameterValue>,
    side_tables: Vec<Vec<u8>>,
    of_module: u32,
    state: Vec<f64>,
    releases: Vec<StatisticReleased>,
}

/// One statistic as a round released it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StatisticReleased {
    /// The keys of its groups.
    pub keys: Vec<String>,
    /// How many estimates each group has.
    pub width: u32,
    /// Value, lower and upper end of each, group by group.
    pub estimates: Vec<[f64; 3]>,
}

#[derive(Serialize, Deserialize)]
enum Answer {
    Concluded(Concluded),
    HostFault { detail: String },
}

/// What a run tells its clean half after a round.
pub struct Told<'a> {
    /// The sealed manifest.
    pub manifest: &'a Manifest,
    /// The module.
    pub module: &'a CompiledModule,
    /// The public parameters.
    pub parameters: &'a [ParameterValue],
    /// The public side tables.
    pub side_tables: &'a [Vec<u8>],
    /// The round as the module counts.
    pub of_module: u32,
    /// The public state of the round.
    pub state: &'a [f64],
    /// What it released.
    pub releases: Vec<StatisticReleased>,
}

/// Asks `conclude` in a fresh process.
pub fn ask_conclude(told: &Told<'_>, start: &dyn Fn() -> io::Result<Running>) -> Result<Concluded, ConcludeError> {
    let question = Question {
        manifest: told.manifest.clone(),
        parameters: told.parameters.to_vec(),
        side_tables: told.side_tables.to_vec(),
        of_module: told.of_module,
        state: told.state.to_vec(),
        releases: told.releases.clone(),
    };
    for _ in 0..DEATHS_MAX {
        let mut running = start().map_err(|error| ConcludeError::Spawn { detail: error.to_string() })?;
        let asked = write_frame(&mut running.to, &question, told.module.bytes()).map_err(ConcludeError::from);
        let answer = asked.and_then(|()| read_concluded(&mut running.from, told.manifest));
        match answer {
            Err(ConcludeError::Frame(FrameError::Closed)) => {}
            other => return other,
        }
    }
    Ok(Concluded::Failed(ConcludeFailure::Trapped))
}

/// Reads what the process of `conclude` answers, and holds it against the manifest's bounds again: a module that has
/// taken that process over must not make the rounds that follow fail.
pub(crate) fn read_concluded(from: &mut impl Read, manifest: &Manifest) -> Result<Concluded, ConcludeError> {
    match read_frame::<Answer>(from, 0)?.0 {
        Answer::Concluded(concluded) if within_bounds(&concluded, &rounds(manifest)) => Ok(concluded),
        Answer::Concluded(_) => Ok(Concluded::Failed(ConcludeFailure::OutOfBounds)),
        Answer::HostFault { detail } => Err(ConcludeError::HostFault { detail }),
    }
}

fn within_bounds(concluded: &Concluded, rounds: &Rounds) -> bool {
    match concluded {
        Concluded::Again(state) => fits(state, rounds.state_max),
        Concluded::Done(report) => {
            let bytes: usize = report.iter().map(|finding| finding.name.len() + size_of::<f64>()).sum();
            let named = |finding: &Finding| finding.value.is_finite() && finding.name.len() <= NAME_BYTES_MAX && is_plain(&finding.name);
            bytes as u64 <= REPORT_BYTES_MAX && report.iter().all(named)
        }
        Concluded::Failed(_) => true,
    }
}

/// The bounds of a manifest's rounds; a module without rounds has one and no state.
fn rounds(manifest: &Manifest) -> Rounds {
    manifest.rounds.clone().unwrap_or(Rounds { max: 1, state_max: 0, fuel: 1, memory_bytes: 1 << 16 })
}

/// Whether bytes are a question that the process of `conclude` takes, and what it reads is what was written.
pub(crate) fn read_question(mut bytes: &[u8]) -> Option<bool> {
    let (question, _) = read_frame::<Question>(&mut bytes, u64::MAX).ok()?;
    let written = serde_json::to_vec(&question).ok()?;
    let again: Question = serde_json::from_slice(&written).ok()?;
    Some(serde_json::to_vec(&again).is_ok_and(|again| again == written))
}

/// The process of `conclude`: one question, one answer.
pub fn serve_conclude(mut from: impl Read, mut to: impl Write) -> Result<(), FrameError> {
    tidegate_walls::die_with_parent();
    tidegate_walls::yield_to_servers();
    let (question, module) = read_frame::<Question>(&mut from, u64::MAX)?;
    let answer = match answer(question, module) {
        Ok(concluded) => Answer::Concluded(concluded),
        Err(detail) => Answer::HostFault { detail },
    };
    write_frame(&mut to, &answer, &[])
}

fn answer(question: Question, module: Vec<u8>) -> Result<Concluded, String> {
    const ROOM: u64 = 512 << 20;
    let rounds = rounds(&question.manifest);
    let mut inputs = inputs(&question.manifest, &question.parameters, &question.side_tables).map_err(|error| error.to_string())?;
    inputs.round = question.of_module;
    inputs.state = question.state;
    // SAFETY: the body comes from the keeper, through a pipe that only it can write.
    let module = unsafe { CompiledModule::from_trusted_pipe(module) };
    let sandbox = Sandbox::new(&module, inputs, conclude_limits(&rounds), false).map_err(|error| error.to_string())?;
    sandbox.prepare_memory_images().map_err(|error| error.to_string())?;
    let releases: Vec<_> = question.releases.iter().map(lower).collect();
    let told: u64 = releases.iter().map(|released| released.values.len() as u64 * 24 + 4096).sum();
    tidegate_walls::raise(ROOM + 2 * rounds.memory_bytes + 2 * told);
    conclude(&sandbox, &releases, &rounds)
}

/// Calls `conclude` and holds its answer against the manifest's bounds.
pub(crate) fn conclude(sandbox: &Sandbox, releases: &[Released], rounds: &Rounds) -> Result<Concluded, String> {
    match sandbox.conclude(releases) {
        Err(trap) if trap.is_host_fault() => Err(trap.explain()),
        Err(_) => Ok(Concluded::Failed(ConcludeFailure::Trapped)),
        Ok(Conclusion::Again(state)) if fits(&state, rounds.state_max) => Ok(Concluded::Again(state)),
        Ok(Conclusion::Done(report)) if report.iter().all(is_sound) => {
            Ok(Concluded::Done(report.into_iter().map(|finding| Finding { name: finding.name, value: finding.value }).collect()))
        }
        Ok(_) => Ok(Concluded::Failed(ConcludeFailure::OutOfBounds)),
    }
}

fn is_sound(finding: &tidegate_sandbox::contract::Finding) -> bool {
    finding.value.is_finite() && finding.name.len() <= NAME_BYTES_MAX && is_plain(&finding.name)
}

fn fits(state: &[f64], most: u32) -> bool {
    state.len() <= most as usize && state.iter().all(|number| number.is_finite())
}

/// The limits of one call of `conclude`, from the sealed manifest.
pub(crate) fn conclude_limits(rounds: &Rounds) -> Limits {
    Limits { fuel: rounds.fuel, memory_bytes: rounds.memory_bytes, answer_bytes: u64::from(rounds.state_max) * 8 + REPORT_BYTES_MAX }
}

pub(crate) fn lower(released: &StatisticReleased) -> Released {
    let column = |end: usize| released.estimates.iter().map(|estimate| estimate[end]).collect();
    Released { keys: released.keys.clone(), width: released.width, values: column(0), lower: column(1), upper: column(2) }
}
