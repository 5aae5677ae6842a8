//! Sealing, destruction and retention.

use crate::args::DomainCommand;
use crate::front::{CliError, ask, read_text};
use crate::output::Output;
use std::path::Path;
use std::process::ExitCode;
use tidegate_service::{CertificateError, CertificateFile, CustodyView, PurgeView, Request, RetentionView, check_certificate};
use tidegate_terms::{Language, Name};

/// `tidegate dataset seal` and `unseal`.
pub(crate) fn seal(domain: &Path, dataset: Name, version: u32, reason: String, sealed: bool, output: Output) -> Result<(), CliError> {
    let view: CustodyView = ask(domain, &Request::VersionSeal { dataset, version, reason, sealed })?;
    output.show(&view, |view| {
        let done = if sealed { output.pick("Sealed:", "已封存：") } else { output.pick("No longer sealed:", "已解封：") };
        println!("{done} {} v{} ({} {})", view.dataset, view.version, output.pick("log entry", "日志条目"), view.log_position);
    });
    Ok(())
}

/// `tidegate dataset destroy` and `certificate`: both languages for print, or the file to hand on.
pub(crate) fn certificate(domain: &Path, request: &Request, output: Output) -> Result<(), CliError> {
    let file: CertificateFile = ask(domain, request)?;
    let certificate = file.read()?;
    output.show(&file, |file| {
        println!("{}\n{}", certificate.printed(Language::Chinese), certificate.printed(Language::English));
        println!("{}", file.certificate);
    });
    Ok(())
}

/// `tidegate audit check-certificate`.
pub(crate) fn check(file: &Path, log: &Path, key: &str, output: Output) -> Result<ExitCode, CliError> {
    let file: CertificateFile = serde_json::from_str(&read_text(file)?).map_err(|_| CertificateError::Malformed)?;
    let certificate = check_certificate(&file, log, key)?;
    output.show(&certificate, |certificate| {
        println!("{}", certificate.printed(output.language));
        let holds = ("Verified: signed by the domain, and the log commits to it.", "核验通过：由数据域签署，且日志已作承诺。");
        println!("{}", output.pick(holds.0, holds.1));
    });
    Ok(ExitCode::SUCCESS)
}

/// `tidegate domain`.
pub(crate) fn domain(domain: &Path, command: DomainCommand, output: Output) -> Result<(), CliError> {
    match command {
        DomainCommand::Retention { years } => {
            let view: RetentionView = ask(domain, &Request::Retention { years })?;
            output.show(&view, |view| println!("{} {}", output.pick("Records are kept for years:", "记录保存年限："), view.years));
        }
        DomainCommand::Purge { before } => {
            let view: PurgeView = ask(domain, &Request::Purge { before })?;
            output.show(&view, |view| {
                println!("{} {}", output.pick("Purged: records from before", "已清除此日之前的记录："), view.before);
                println!("{} {} / {}", output.pick("Runs forgotten now / in all:", "本次 / 累计清除的运行数："), view.runs_now, view.runs);
                println!("{} {}", output.pick("Log entry:", "日志条目："), view.log_position);
            });
        }
    }
    Ok(())
}
