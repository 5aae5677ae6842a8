//! `tidegate bench`: measures this machine, always through the ways that real runs take.
//!
//! | part | measures |
//! |---|---|
//! | [`calls`] | one isolated call: a fresh instance for one unit, beside a reused one |
//! | [`scale`] | import, and runs from mounted shards to the released table, through a keeper |
//! | [`polars`] | the same exact aggregation without privacy, in a process of its own |
//! | [`memory`] | the peak memory of every process meanwhile |
//! | [`load`] | what others take of the machine meanwhile |
//! | [`data`] | the files: `gen_scale.py`'s, or made-up ones of the same shape |
//! | [`report`] | medians, goals, ratios |
//! | [`utility`] | `bench utility`: how good the answers are |
//! | [`models`] | `bench models`: each sample model beside the answer without privacy |
//! | [`hostile`] | `bench hostile`: millions of hostile calls, and what they leave behind |
//! | [`log`] | `bench log`: durable appends beside the bare disk, and verifying a long log |
//! | [`domain`] | a temporary domain for one dataset and one module |
//! | [`slots`] | `bench slots`: whether results become visible at their slots |
//! | [`serve`] | `bench serve`: many clients at a time on a governed domain, beside a bare server |
//! | [`walls`] | `bench walls`: what the walls cost an honest run |
//! | [`people`] | the public file, read for figures without privacy |
//!
//! Everything that is compared is measured in the same round, in alternating order, because a shared machine
//! drifts; a ratio is the median of the rounds' ratios. A missed goal is shown as missed, it is no error.

mod calls;
mod data;
mod domain;
mod hostile;
mod load;
mod log;
mod memory;
mod models;
mod people;
mod polars;
mod report;
mod scale;
mod serve;
mod slots;
mod utility;
mod walls;

pub(crate) use polars::serve_polars;

use crate::args::{BenchArguments, BenchCommand, BenchPart};
use crate::front::CliError;
use crate::output::Output;
use calls::Calls;
use data::Data;
use load::Load;
use report::{Report, Samples, median};
use scale::{LARGE, SMALL, Size};

/// Runs `tidegate bench`.
pub(crate) fn run(arguments: BenchArguments, output: Output) -> Result<(), CliError> {
    match &arguments.command {
        Some(BenchCommand::Utility(arguments)) => return utility::run(arguments, output),
        Some(BenchCommand::Hostile(arguments)) => return hostile::run(arguments, output),
        Some(BenchCommand::Log(arguments)) => return log::run(arguments, output),
        Some(BenchCommand::Models { markdown }) => return models::run(*markdown, output),
        Some(BenchCommand::Slots { run_count, domain_count }) => return slots::run(*run_count, *domain_count, output),
        Some(BenchCommand::Walls { rounds }) => return walls::run(*rounds, output),
        Some(BenchCommand::Serve { seconds, clients }) => return serve::run(*seconds, *clients, output),
        None => {}
    }
    let sizes: &[Size] = match arguments {
        BenchArguments { only: Some(BenchPart::Calls), .. } => &[],
        BenchArguments { small: true, .. } => &[SMALL],
        _ => &[SMALL, LARGE],
    };
    let rounds = arguments.rounds.max(1);
    let data = Data::at(arguments.data.as_deref(), sizes, output)?;
    let calls = Calls::new()?;
    let mut samples = Samples::default();
    for round in 0..rounds {
        say(output, &format!("{} {}/{rounds}", output.pick("round", "轮次"), round + 1));
        let before = Load::now();
        if arguments.only != Some(BenchPart::Scale) {
            calls.measure(&mut samples)?;
        }
        scale::measure_round(&data, sizes, round, &mut samples)?;
        if let Some(before) = before {
            before.add_others(&mut samples);
        }
    }
    let report = Report::new(&samples, rounds, data.made_up);
    output.show(&report, |report| report.print(output));
    Ok(())
}

/// Says how far it is; scripts that want JSON are spared.
fn say(output: Output, text: &str) {
    if !output.json {
        eprintln!("{text}");
    }
}

fn failed(detail: impl ToString) -> CliError {
    CliError::Bench { detail: detail.to_string() }
}
