//! `tidegate bench`.
use crate::args::BenchArguments;
use crate::front::CliError;
use crate::output::Output;

pub(crate) fn run(_: BenchArguments, _: Output) -> Result<(), CliError> {
    Ok(())
}

pub(crate) fn serve_polars() -> Result<(), CliError> {
    Ok(())
}
