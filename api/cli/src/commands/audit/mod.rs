//! `tidegate audit`: one file per subcommand. Most need no domain, no keeper, no network.
//!
//! Exit codes, for scripts: 0 verified, 2 bad input, 3 contradiction, 4 cannot be verified, 5 not found.

mod codes;
mod consistency;
mod explain;
mod export;
mod fork_evidence;
mod opening;
mod pull;
mod search;
pub(crate) mod verify;

pub(crate) use codes::{code, code_of_growth, code_of_mirror};

use crate::args::AuditCommand;
use crate::front::CliError;
use crate::output::Output;
use std::path::Path;
use std::process::ExitCode;

/// Runs an `audit` command.
pub(crate) fn run(domain: &Path, command: AuditCommand, output: Output) -> Result<ExitCode, CliError> {
    match command {
        AuditCommand::Verify { directory, key, witnesses, quorum } => {
            verify::run(&directory, key.as_deref(), &verify::Demanded { witnesses, quorum }, output)
        }
        AuditCommand::Pull { from, to, key } => pull::run(&from, &to, key.as_deref(), output),
        AuditCommand::Consistency { directory, since, key } => consistency::run(&directory, &since, key.as_deref(), output),
        AuditCommand::ForkEvidence { first, second, key, write } => {
            fork_evidence::run(&first, second.as_deref(), &key, write.as_deref(), output)
        }
        AuditCommand::Search { log, wanted, proofs } => search::run(&log, wanted, proofs.as_deref(), output),
        AuditCommand::Explain { run, log, opening } => explain::run(&run, &log, opening.as_deref(), output),
        AuditCommand::Export { log, since, until, year, out } => export::run(&log, export::Period { since, until, year }, &out, output),
        AuditCommand::Open { entry, field, role, out } => opening::open(domain, entry, field, role, out.as_deref(), output),
        AuditCommand::CheckOpening { file, log } => opening::check(&file, &log, output),
    }
}
