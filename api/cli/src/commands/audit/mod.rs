//! `tidegate audit`: one file per subcommand. Most need no domain, no keeper, no network.

mod explain;
mod export;
mod opening;
mod search;
pub(crate) mod verify;

use crate::args::AuditCommand;
use crate::front::CliError;
use crate::output::Output;
use std::path::Path;
use std::process::ExitCode;

/// Runs an `audit` command.
pub(crate) fn run(domain: &Path, command: AuditCommand, output: Output) -> Result<ExitCode, CliError> {
    match command {
        AuditCommand::Verify { directory, key } => verify::run(&directory, key.as_deref(), output),
        AuditCommand::Search { log, wanted, proofs } => search::run(&log, wanted, proofs.as_deref(), output),
        AuditCommand::Explain { run, log, opening } => explain::run(&run, &log, opening.as_deref(), output),
        AuditCommand::Export { log, since, until, year, out } => export::run(&log, export::Period { since, until, year }, &out, output),
        AuditCommand::Open { entry, field, role, out } => opening::open(domain, entry, field, role, out.as_deref(), output),
        AuditCommand::CheckOpening { file, log } => opening::check(&file, &log, output),
    }
}
