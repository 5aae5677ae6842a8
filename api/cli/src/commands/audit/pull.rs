//! `tidegate audit pull`: the one audit command that may go out, to the address that it is given.

use crate::front::CliError;
use crate::output::Output;
use std::path::Path;
use std::process::ExitCode;
use tidegate_http::HttpSource;
use tidegate_log::{DirectorySource, Source, pull};

/// Brings a mirror up.
pub(super) fn run(from: &str, to: &Path, key: Option<&str>, output: Output) -> Result<ExitCode, CliError> {
    let mut source: Box<dyn Source> = if from.starts_with("http://") || from.starts_with("https://") {
        Box::new(HttpSource::new(from))
    } else {
        Box::new(DirectorySource::new(Path::new(from)))
    };
    let report = pull(source.as_mut(), to, key)?;
    output.show(&report, |report| {
        println!(
            "{} {}: {} {} ({} {})",
            output.pick("Log", "日志"),
            report.origin,
            report.entries,
            output.pick("entries, every hash verified", "个条目，全部哈希已核验"),
            report.entries - report.entries_before,
            output.pick("new", "个新增")
        );
        println!("{} tidegate audit verify {}", output.pick("Next:", "下一步："), to.display());
    });
    Ok(ExitCode::SUCCESS)
}
