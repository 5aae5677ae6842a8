//! `tidegate demo`.
use crate::front::CliError;
use crate::output::Output;

pub(crate) fn run(_: Option<std::path::PathBuf>, _: Output) -> Result<(), CliError> {
    Ok(())
}
