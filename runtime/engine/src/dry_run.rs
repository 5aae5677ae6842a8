//! A dry run: a module on made-up units, with everything shown that a real run hides.
//!
//! It takes a public schema and no path to any shard, so it has no right to open one. The module runs in a process of
//! its own behind the same walls as a worker, for who tries a module is often its reviewer and not its author; and what
//! it says of itself (names in the frames of a trap) reaches a terminal only as plain text.

use crate::conclude::{conclude, conclude_limits};
use crate::job::limits;
use crate::mock::{Generator, mock_side_tables, mock_unit};
use crate::units::append;
use crate::{ConcludeFailure, Concluded, Finding, FrameError, read_frame, write_frame};
use serde::{Deserialize, Serialize};
use std::io::{BufReader, Read, Write};
use std::process::{Command, Stdio};
use tidegate_sandbox::contract::{Inputs, Released};
use tidegate_sandbox::{CompiledModule, Sandbox, SandboxError};
use tidegate_statistics::{Group, Layout, LayoutError, ReviewedCell, ReviewedLayout, ReviewedSums, Scratch, Sums};
use tidegate_terms::{Manifest, ParameterValue, PublicSchema, Spoken, made_plain, messages};

messages! {
    /// Why a dry run cannot begin.
    pub enum DryRunError {
        NoUnits = "dry-run.no-units" {
            en: "a dry run needs at least one made-up unit: give --units 1 or more",
            zh: "试运行至少需要一个模拟单元：请用 --units 给出 1 或更多",
        },
        Host { detail: String } = "dry-run.host" {
            en: "the host of `conclude` failed: {detail}",
            zh: "`conclude` 的宿主出错：{detail}",
        },
        Ended { detail: String } = "dry-run.ended" {
            en: "the process of the dry run ended before it answered ({detail}): the module may need more memory than this machine has; try fewer --units or a smaller `resources.memory_bytes`",
            zh: "试运行进程在应答前结束（{detail}）：模型所需内存可能超出本机；请减少 --units 或调小 `resources.memory_bytes`",
        };
        Layout(LayoutError),
        Sandbox(SandboxError),
        Refused(Spoken)
    }
}

/// A unit on which the guest trapped, with where and why.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DryTrap {
    /// Which made-up unit.
    pub unit: u64,
    /// The trap and the guest's frames.
    pub explanation: String,
}

/// What a dry run shows.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DryRun {
    /// Made-up units.
    pub units: u64,
    /// Units on which the guest trapped, or ran out of fuel or memory.
    pub traps: u64,
    /// The first few of them.
    pub first_traps: Vec<DryTrap>,
    /// Units whose answer did not fit the declared shape.
    pub misshapen: u64,
    /// The most fuel that one unit used.
    pub fuel_used_max: u64,
    /// The fuel that the manifest allows.
    pub fuel_per_unit: u64,
    /// How many rounds were run.
    pub rounds: u32,
    /// Statistics of the made-up units in the last round, without noise.
    pub statistics: Vec<DryStatistic>,
    /// What the clean half reported.
    pub report: Vec<Finding>,
    /// How it failed, if it did.
    pub failure: Option<ConcludeFailure>,
}

/// A statistic of made-up units.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DryStatistic {
    /// Its name.
    pub statistic: String,
    /// Its groups.
    pub groups: Vec<DryGroup>,
}

/// One group of a statistic of made-up units.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DryGroup {
    /// Its public key.
    pub key: Option<String>,
    /// The estimates, by name.
    pub estimates: Vec<(String, f64)>,
}

const TRAPS_SHOWN: usize = 3;
/// Entries of a vector that are shown.
const ENTRIES_SHOWN: usize = 20;

/// Characters of a trap's explanation that are kept.
const EXPLANATION_MAX: usize = 4_000;
/// Writable memory of the process beside what the module may use: the engine, the totals, made-up blocks.
const ROOM: u64 = 2 << 30;

/// What a dry run needs to know; the compiled module follows as the body of its frame.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DryQuestion {
    /// The module's manifest.
    pub manifest: Manifest,
    /// The public schema from which units are made up.
    pub schema: PublicSchema,
    /// The public parameters, in the order of the manifest.
    pub parameters: Vec<ParameterValue>,
    /// How many units to make up.
    pub units: u64,
    /// The seed of the made-up data.
    pub seed: u64,
}

#[derive(Serialize, Deserialize)]
enum Answer {
    Done(Box<DryRun>),
    Refused(Spoken),
}

/// Runs a module over made-up units in a process behind walls, which `command` starts.
pub fn ask_dry_run(question: &DryQuestion, module: &CompiledModule, command: &mut Command) -> Result<DryRun, DryRunError> {
    let ended = |detail: String| DryRunError::Ended { detail };
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut child = child.map_err(|error| ended(error.to_string()))?;
    let (Some(mut to), Some(from)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(ended("it has no pipes".into()));
    };
    let answer = write_frame(&mut to, question, module.bytes()).and_then(|()| read_frame::<Answer>(&mut BufReader::new(from), 0));
    let _ = child.kill();
    let _ = child.wait();
    match answer {
        Ok((Answer::Done(shown), _)) => Ok(*shown),
        Ok((Answer::Refused(refusal), _)) => Err(refusal.into()),
        Err(error) => Err(ended(error.to_string())),
    }
}

/// The process of a dry run: one question, one answer.
pub fn serve_dry_run(mut from: impl Read, mut to: impl Write) -> Result<(), FrameError> {
    tidegate_walls::die_with_parent();
    let (question, module) = read_frame::<DryQuestion>(&mut from, u64::MAX)?;
    // SAFETY: the body comes from the parent, through a pipe that only it can write.
    let module = unsafe { CompiledModule::from_trusted_pipe(module) };
    let answer = match dry_run(&module, &question) {
        Ok(shown) => Answer::Done(Box::new(shown)),
        Err(error) => Answer::Refused(Spoken::of(&error)),
    };
    write_frame(&mut to, &answer, &[])
}

/// Round by round as a run would, without noise. Raises the walls before the module runs.
fn dry_run(module: &CompiledModule, question: &DryQuestion) -> Result<DryRun, DryRunError> {
    let DryQuestion { manifest, schema, parameters, units, seed } = question;
    let (units, seed) = (*units, *seed);
    if units == 0 {
        return Err(DryRunError::NoUnits);
    }
    let layout = Layout::seal(manifest, schema)?;
    let inputs = Inputs::new(parameters, mock_side_tables(manifest, &mut Generator::new(seed)));
    let mut sandbox = Sandbox::new(module, inputs.clone(), limits(manifest, &layout), true)?;
    sandbox.prepare_memory_images()?;
    let clean = manifest.rounds.as_ref().map(|rounds| Sandbox::new(module, inputs, conclude_limits(rounds), true));
    let mut clean = clean.transpose()?;
    clean.as_ref().map_or(Ok(()), Sandbox::prepare_memory_images)?;
    let conclude_bytes = manifest.rounds.as_ref().map_or(0, |rounds| rounds.memory_bytes);
    tidegate_walls::raise(ROOM + 2 * manifest.resources.memory_bytes + 2 * conclude_bytes);
    let mut shown = DryRun {
        units,
        traps: 0,
        first_traps: Vec::new(),
        misshapen: 0,
        fuel_used_max: 0,
        fuel_per_unit: manifest.resources.fuel_per_unit,
        rounds: 0,
        statistics: Vec::new(),
        report: Vec::new(),
        failure: None,
    };
    let most = manifest.rounds.as_ref().map_or(1, |rounds| rounds.max);
    loop {
        shown.rounds += 1;
        let sums = one_round(&sandbox, manifest, schema, &layout, seed, &mut shown);
        shown.statistics = statistics(&layout, &sums);
        let (Some(rounds), Some(clean)) = (&manifest.rounds, &mut clean) else { break };
        let releases: Vec<_> = layout.conclude_without_noise(&sums).iter().map(|groups| released(groups)).collect();
        match conclude(clean, &releases, rounds) {
            Ok(Concluded::Again(state)) if shown.rounds < most => {
                clean.begin_round(shown.rounds + 1, state.clone());
                sandbox.begin_round(shown.rounds + 1, state);
            }
            Ok(Concluded::Again(_)) => break,
            Ok(Concluded::Done(report)) => {
                shown.report = report;
                break;
            }
            Ok(Concluded::Failed(failure)) => {
                shown.failure = Some(failure);
                break;
            }
            Err(detail) => return Err(DryRunError::Host { detail }),
        }
    }
    Ok(shown)
}

/// One round over the same made-up units, or over blocks of them.
fn one_round(sandbox: &Sandbox, manifest: &Manifest, schema: &PublicSchema, layout: &Layout, seed: u64, shown: &mut DryRun) -> Sums {
    let mut generator = Generator::new(seed);
    let mut sums = layout.empty_sums();
    let mut scratch = Scratch::default();
    let blocks = manifest.blocks.as_ref().map(|blocks| u64::from(blocks.count));
    for call in 0..blocks.unwrap_or(shown.units) {
        let mut made_up = mock_unit(manifest, schema, &mut generator);
        if let Some(blocks) = blocks {
            for _ in 1..(shown.units / blocks).max(1) {
                append(&mut made_up, &mock_unit(manifest, schema, &mut generator));
            }
        }
        let (answer, fuel) = sandbox.contribute_metered(&made_up);
        shown.fuel_used_max = shown.fuel_used_max.max(fuel);
        if let Err(trap) = &answer {
            shown.traps += 1;
            if shown.first_traps.len() < TRAPS_SHOWN {
                shown.first_traps.push(DryTrap { unit: call, explanation: made_plain(&trap.explain(), EXPLANATION_MAX) });
            }
        }
        let taken = layout.add(answer.as_deref().ok(), &mut sums, &mut scratch);
        shown.misshapen += u64::from(answer.is_ok() && !taken);
    }
    sums
}

fn released(groups: &[Group]) -> Released {
    let numbers = |group: &Group| -> Vec<f64> {
        let entries = group.vector.iter().flat_map(|vector| vector.values.iter().copied());
        group.estimates.iter().map(|estimate| estimate.value).chain(entries).collect()
    };
    let values: Vec<_> = groups.iter().map(numbers).collect();
    let width = values.first().map_or(0, Vec::len) as u32;
    let values = values.concat();
    Released {
        keys: groups.iter().filter_map(|group| group.key.clone()).collect(),
        width,
        lower: values.clone(),
        upper: values.clone(),
        values,
    }
}

/// Estimates without noise: the totals are of made-up units, so there is nothing to protect.
fn statistics(layout: &Layout, sums: &Sums) -> Vec<DryStatistic> {
    let numbers = |group: &Group| -> Vec<(String, f64)> {
        let entries = group.vector.iter().flat_map(|vector| vector.values.iter().take(ENTRIES_SHOWN).enumerate());
        let entries = entries.map(|(entry, value)| (format!("entry {entry}"), *value));
        group.estimates.iter().map(|estimate| (estimate.name.clone(), estimate.value)).chain(entries).collect()
    };
    let one = |(placed, groups): (&tidegate_statistics::Placed, Vec<Group>)| DryStatistic {
        statistic: placed.name.to_string(),
        groups: groups.iter().map(|group| DryGroup { key: group.key.clone(), estimates: numbers(group) }).collect(),
    };
    let tables = layout.reviewed().iter().zip(&sums.reviewed).map(|(layout, sums)| exact_table(layout, sums));
    layout.statistics().iter().zip(layout.conclude_without_noise(sums)).map(one).chain(tables).collect()
}

/// The cells of an exact table that have contributors, margins included.
fn exact_table(layout: &ReviewedLayout, sums: &ReviewedSums) -> DryStatistic {
    let group = |(place, cell): (usize, &ReviewedCell)| DryGroup {
        key: Some(layout.name_of(place)),
        estimates: vec![("contributors".into(), cell.contributors as f64), ("value".into(), cell.value as f64 * layout.step())],
    };
    let cells = sums.cells.iter().enumerate().filter(|(_, cell)| cell.contributors > 0);
    DryStatistic { statistic: layout.table().name.to_string(), groups: cells.map(group).collect() }
}
