//! `tidegate bench log`: how fast the log becomes durable, visible and verified.
//!
//! | file | what it measures |
//! |---|---|
//! | [`appends`] | durable appends of 64 callers beside bare `fdatasync` batches of the same bytes, and how long until visible |
//! | [`verify`] | `tidegate audit verify` of a long log, and its memory |
//! | [`story`] | the log that is verified: every rule applies to it and none is broken |

mod appends;
mod story;
mod verify;

use super::load::Load;
use super::report::{Report, Samples};
use super::say;
use crate::args::BenchLogArguments;
use crate::front::CliError;
use crate::output::Output;

pub(super) fn run(arguments: &BenchLogArguments, output: Output) -> Result<(), CliError> {
    let rounds = arguments.rounds.max(1);
    let mut builder = tempfile::Builder::new();
    let builder = builder.prefix("tidegate-bench-log-");
    let place = arguments.data.as_ref().map_or_else(|| builder.tempdir(), |data| builder.tempdir_in(data)).map_err(super::failed)?;
    let mut samples = Samples::default();
    let appends = appends::Appends::new(place.path())?;
    say(output, output.pick("making the log", "正在生成日志"));
    let log = verify::Log::make(&place.path().join("long"), arguments.entries)?;
    for round in 0..rounds {
        say(output, &format!("{} {}/{rounds}", output.pick("round", "轮次"), round + 1));
        let before = Load::now();
        appends.measure(round, &mut samples)?;
        log.measure(&mut samples)?;
        if let Some(before) = before {
            before.add_others(&mut samples);
        }
    }
    let report = Report::new(&samples, rounds, false);
    output.show(&report, |report| report.print(output));
    Ok(())
}
