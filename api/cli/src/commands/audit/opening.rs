//! `tidegate audit open` (inside the domain) and `tidegate audit check-opening` (anywhere).

use crate::args::{LogArguments, Role};
use crate::front::{CliError, ask, read_text};
use crate::output::Output;
use serde::Serialize;
use std::path::Path;
use std::process::ExitCode;
use tidegate_log::{CommitmentOpening, Reader};
use tidegate_service::Request;

impl From<Role> for Reader {
    fn from(role: Role) -> Self {
        match role {
            Role::Provider => Self::Provider,
            Role::Authority => Self::Authority,
            Role::Operator => Self::Operator,
            Role::Regulator => Self::Regulator,
            Role::Exchange => Self::Exchange,
        }
    }
}

/// Opens a commitment; the domain logs that it did.
pub(crate) fn open(domain: &Path, entry: u64, field: String, role: Role, out: Option<&Path>, output: Output) -> Result<ExitCode, CliError> {
    let opening: CommitmentOpening = ask(domain, &Request::Open { entry, field, reader: role.into() })?;
    let text = serde_json::to_string_pretty(&opening).unwrap_or_default();
    match out {
        None => println!("{text}"),
        Some(path) => {
            if path.exists() {
                return Err(CliError::Exists { path: path.display().to_string() });
            }
            std::fs::write(path, text).map_err(|error| CliError::file(path, &error))?;
            println!("{} {}", output.pick("Written:", "已写入："), path.display());
        }
    }
    Ok(ExitCode::SUCCESS)
}

#[derive(Serialize)]
struct Checked {
    origin: String,
    entry: u64,
    field: String,
    content: String,
}

/// Checks an opening against a log.
pub(crate) fn check(file: &Path, log: &LogArguments, output: Output) -> Result<ExitCode, CliError> {
    let opening = CommitmentOpening::parse(&read_text(file)?)?;
    let content = opening.check(&log.directory, log.key.as_deref())?;
    let content = String::from_utf8_lossy(&content).into_owned();
    let checked = Checked { origin: opening.origin, entry: opening.entry, field: opening.field, content };
    output.show(&checked, |checked| {
        println!(
            "{} {}: {}",
            output.pick("The log committed to this in entry", "日志承诺的正是此内容，条目"),
            checked.entry,
            checked.content
        );
    });
    Ok(ExitCode::SUCCESS)
}
