//! `tidegate audit verify`.

use super::code;
use crate::front::CliError;
use crate::output::{Output, number};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;
use tidegate_log::{
    AuditError, AuditReport, Cosignature, NoteError, ReplayCount, SubmissionError, Verdict, Witness, log_keys, published_head, verify,
};
use tidegate_terms::Message as _;

/// Who must have cosigned.
pub(super) struct Demanded {
    pub(super) witnesses: Vec<String>,
    pub(super) quorum: Option<usize>,
}

/// The report of a log and of those who cosigned its checkpoint.
#[derive(serde::Serialize)]
struct Verified {
    #[serde(flatten)]
    report: AuditReport,
    /// Absent where no witness was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    witnessed: Option<Witnessed>,
}

#[derive(serde::Serialize)]
struct Witnessed {
    quorum: usize,
    reached: bool,
    cosignatures: Vec<Cosignature>,
}

/// Verifies a published log.
pub(super) fn run(directory: &Path, key: Option<&str>, demanded: &Demanded, output: Output) -> Result<ExitCode, CliError> {
    let witnesses: Option<Vec<Witness>> = demanded.witnesses.iter().map(|key| Witness::parse(key).ok()).collect();
    let witnesses = witnesses.ok_or(AuditError::Key)?;
    let different: BTreeSet<[u8; 32]> = witnesses.iter().map(Witness::public_key).collect();
    let report = verify(directory, key)?;
    let witnessed = if witnesses.is_empty() { None } else { Some(witnessed(directory, key, &witnesses, &report, demanded.quorum)?) };
    let reached = witnessed.as_ref().is_none_or(|witnessed| witnessed.reached) && different.len() == witnesses.len();
    let verdict = match report.verdict() {
        Verdict::Verified if !reached => Verdict::CannotVerify,
        verdict => verdict,
    };
    output.show(&Verified { report, witnessed }, |verified| {
        show(&verified.report, output);
        if let Some(witnessed) = &verified.witnessed {
            show_witnessed(witnessed, reached, output);
        }
    });
    Ok(ExitCode::from(code(verdict)))
}

fn witnessed(
    directory: &Path,
    key: Option<&str>,
    witnesses: &[Witness],
    report: &AuditReport,
    quorum: Option<usize>,
) -> Result<Witnessed, CliError> {
    let (head, cosignatures) = published_head(directory, &log_keys(directory, key)?, witnesses).map_err(|error| match error {
        SubmissionError::Note(NoteError::Signature { name }) => AuditError::CheckpointForged { name }.into(),
        error => CliError::from(error),
    })?;
    let quorum = quorum.unwrap_or(witnesses.len());
    let reached = cosignatures.len() >= quorum && head.root == report.root;
    Ok(Witnessed { quorum, reached, cosignatures })
}

fn show_witnessed(witnessed: &Witnessed, reached: bool, output: Output) {
    for Cosignature { witness, time } in &witnessed.cosignatures {
        let at = i64::try_from(*time).ok().and_then(|time| jiff::Timestamp::from_second(time).ok());
        let at = at.map_or_else(|| time.to_string(), |at| at.to_string());
        println!("{} {witness} {at}", output.pick("Cosigned by", "联署方"));
    }
    let (found, quorum) = (witnessed.cosignatures.len(), witnessed.quorum);
    println!(
        "{}",
        if reached {
            output.pick("The demanded witnesses saw this very history.", "所要求的见证方见到的正是这段历史。")
        } else {
            output.pick("CANNOT BE VERIFIED: fewer witnesses than demanded saw this history.", "无法核验：见到这段历史的见证方少于要求。")
        }
    );
    println!("{found} / {quorum}");
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
    for frozen in &report.frozen {
        let (head, by, entry) =
            (output.pick("Frozen lineage", "已冻结的谱系"), output.pick("incident", "事件"), output.pick("entry", "条目"));
        println!("{head} {}: {by} {}, {entry} {}", frozen.lineage, frozen.incident, frozen.entry);
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
