//! `tidegate audit`: but for replays, which happen inside the domain, it needs no domain, no keeper, no network.

use crate::args::AuditCommand;
use crate::commands::{custody, replay};
use crate::front::CliError;
use crate::output::{Output, number};
use std::path::Path;
use std::process::ExitCode;
use tidegate_log::{AuditReport, ReplayCount, Verdict, verify};
use tidegate_service::ReplayWish;
use tidegate_terms::Message as _;

/// Runs an `audit` command. Exit code 0: verified; 3: cannot be verified or contradicts itself.
pub(crate) fn run(domain: &Path, command: AuditCommand, output: Output) -> Result<ExitCode, CliError> {
    match command {
        AuditCommand::Verify { directory, key } => verify_log(&directory, key.as_deref(), output),
        AuditCommand::Replay { run, since, until, sample, asker } => {
            let wish = match (run, since) {
                (Some(run), _) => ReplayWish::Run(run),
                (None, since) => ReplayWish::Period { since: since.unwrap_or_default(), until, sample },
            };
            replay::run(domain, wish, asker, output)
        }
        AuditCommand::CheckCertificate { file, log, key } => custody::check(&file, &log, &key, output),
    }
}

fn verify_log(directory: &Path, key: Option<&str>, output: Output) -> Result<ExitCode, CliError> {
    let report = verify(directory, key)?;
    output.show(&report, |report| show(report, output));
    Ok(if report.verdict() == Verdict::Verified { ExitCode::SUCCESS } else { ExitCode::from(3) })
}

pub(crate) fn show(report: &AuditReport, output: Output) {
    println!(
        "{} {}, {} {} {}",
        output.pick("Log", "日志"),
        report.origin,
        report.entries,
        output.pick("entries, root", "个条目，根"),
        report.root
    );
    if !report.key_trusted {
        println!(
            "{}",
            output.pick(
                "The key was taken from the log itself: this proves that the log agrees with itself, not whose it is. Pass --key.",
                "公钥取自日志自身：只能证明日志自洽，不能证明归属。请用 --key 传入另行取得的公钥。"
            )
        );
    }
    let mut table = output.table(&[
        ("lineage", "谱系"),
        ("runs", "运行数"),
        ("spent (rho)", "已用（rho）"),
        ("cap (rho)", "总额（rho）"),
        ("lifetime epsilon", "生命周期 epsilon"),
    ]);
    for (lineage, account) in &report.lineages {
        table.add_row([
            lineage.to_string(),
            account.runs.to_string(),
            number(account.spent.get()),
            number(account.cap.get()),
            number(account.lifetime_epsilon),
        ]);
    }
    println!("{table}");
    let ReplayCount { matched, mismatched, not_replayable, open } = report.replays;
    if matched + mismatched + not_replayable + open > 0 {
        println!(
            "{} {matched} {}, {mismatched} {}, {not_replayable} {}, {open} {}",
            output.pick("Replays:", "重放："),
            output.pick("match", "相符"),
            output.pick("MISMATCH", "不符"),
            output.pick("not replayable", "不可重放"),
            output.pick("without an answer", "无答复")
        );
    }
    for finding in &report.findings {
        println!("{} {}: {}", output.pick("entry", "条目"), finding.entry, finding.violation.say(output.language));
    }
    let verdict = match report.verdict() {
        Verdict::Verified => {
            output.pick("Verified: every hash, every signature, every charge.", "核验通过：每个哈希、每个签名、每笔计费。")
        }
        _ => output.pick("CONTRADICTION: see the findings above.", "存在矛盾：见上述发现。"),
    };
    println!("{verdict}");
}
