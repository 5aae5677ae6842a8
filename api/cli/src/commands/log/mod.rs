//! `tidegate log`: the domain's log and those outside who see it.

mod rotate_key;
mod serve;
mod witness;

pub(crate) use serve::{SERVER_BYTES, announce, raise_around_witness, runtime};

use crate::args::LogCommand;
use crate::front::CliError;
use crate::output::Output;
use std::path::Path;

/// Runs a `log` command.
pub(crate) fn run(domain: &Path, command: LogCommand, output: Output) -> Result<(), CliError> {
    match command {
        LogCommand::Serve { directory, listen } => serve::run(&directory, &listen, output),
        LogCommand::RotateKey { overlap_days } => rotate_key::run(domain, overlap_days, output),
        LogCommand::Witness(command) => witness::run(domain, command, output),
    }
}
