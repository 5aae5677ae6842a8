//! `tidegate audit`: needs no domain, no keeper. One file per subcommand.
//!
//! Exit codes, for scripts: 0 verified, 2 bad input, 3 contradiction, 4 cannot be verified, 5 not found.

mod codes;
mod consistency;
mod fork_evidence;
mod pull;
mod verify;

pub(crate) use codes::{code, code_of_growth, code_of_mirror};
pub(crate) use verify::show;

use crate::args::AuditCommand;
use crate::front::CliError;
use crate::output::Output;
use std::process::ExitCode;

/// Runs an `audit` command.
pub(crate) fn run(command: AuditCommand, output: Output) -> Result<ExitCode, CliError> {
    match command {
        AuditCommand::Verify { directory, key, witnesses, quorum } => {
            verify::run(&directory, key.as_deref(), &verify::Demanded { witnesses, quorum }, output)
        }
        AuditCommand::Pull { from, to, key } => pull::run(&from, &to, key.as_deref(), output),
        AuditCommand::Consistency { directory, since, key } => consistency::run(&directory, &since, key.as_deref(), output),
        AuditCommand::ForkEvidence { first, second, key, write } => {
            fork_evidence::run(&first, second.as_deref(), &key, write.as_deref(), output)
        }
    }
}
