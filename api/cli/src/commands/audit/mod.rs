//! `tidegate audit`: needs no domain, no keeper. One file per subcommand.
//!
//! Exit codes, for scripts: 0 verified, 2 bad input, 3 contradiction, 4 cannot be verified, 5 not found.

mod verify;

pub(crate) use verify::show;

use crate::args::AuditCommand;
use crate::front::CliError;
use crate::output::Output;
use std::process::ExitCode;
use tidegate_log::Verdict;

/// Runs an `audit` command.
pub(crate) fn run(command: AuditCommand, output: Output) -> Result<ExitCode, CliError> {
    match command {
        AuditCommand::Verify { directory, key } => verify::run(&directory, key.as_deref(), output),
    }
}

/// The exit code of a verdict.
pub(crate) fn code(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Verified => 0,
        Verdict::Contradiction => 3,
        Verdict::CannotVerify => 4,
    }
}
