//! `tidegate audit export`: a dossier for an inspection or the annual report, as a directory of plain files.

use crate::args::LogArguments;
use crate::front::CliError;
use crate::output::Output;
use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;
use tidegate_log::{AuditReport, Dossier, Verdict, dossier, verify};
use tidegate_terms::{Digest, Language, Message as _};

/// Which days.
pub(crate) struct Period {
    pub(crate) since: Option<String>,
    pub(crate) until: Option<String>,
    pub(crate) year: Option<u16>,
}

/// Writes the dossier into a new directory. Exit code 3 where the log contradicts itself: the dossier says where.
pub(crate) fn run(log: &LogArguments, period: Period, out: &Path, output: Output) -> Result<ExitCode, CliError> {
    let (since, until) = match period.year {
        Some(year) => (Some(format!("{year:04}-01-01")), Some(format!("{year:04}-12-31"))),
        None => (period.since, period.until),
    };
    for day in [&since, &until].into_iter().flatten() {
        if tidegate_log::parse_instant(&format!("{day}T00:00:00Z")).is_none() {
            return Err(CliError::NotADay { text: day.clone() });
        }
    }
    if out.exists() {
        return Err(CliError::Exists { path: out.display().to_string() });
    }
    let key = log.key.as_deref();
    let report = verify(&log.directory, key)?;
    let dossier = dossier(&log.directory, key, since.as_deref(), until.as_deref())?;
    let json = |value: serde_json::Result<String>| value.unwrap_or_default();
    let checkpoint = std::fs::read_to_string(log.directory.join("checkpoint")).map_err(|error| CliError::file(&log.directory, &error))?;
    let files = [
        ("checkpoint", checkpoint),
        ("dossier.json", json(serde_json::to_string_pretty(&dossier))),
        ("entries.csv", entries(&dossier)),
        ("organisations.csv", organisations(&dossier)),
        ("report.en.md", text(&dossier, &report, Language::English)),
        ("report.zh.md", text(&dossier, &report, Language::Chinese)),
        ("verification.json", json(serde_json::to_string_pretty(&report))),
    ];
    write(out, &files)?;
    output.show(&dossier, |dossier| {
        println!("{} {}: {}", output.pick("Dossier written to", "卷宗已写入"), out.display(), dossier.lines.len());
    });
    Ok(ExitCode::from(super::code(report.verdict())))
}

fn write(out: &Path, files: &[(&str, String)]) -> Result<(), CliError> {
    std::fs::create_dir_all(out).map_err(|error| CliError::file(out, &error))?;
    let mut sums = String::new();
    for (name, content) in files {
        let path = out.join(name);
        std::fs::write(&path, content).map_err(|error| CliError::file(&path, &error))?;
        let _ = writeln!(sums, "{}  {name}", Digest::of(content.as_bytes()));
    }
    let path = out.join("SHA256SUMS");
    std::fs::write(&path, sums).map_err(|error| CliError::file(&path, &error))
}

/// Fields hold names, digests and instants only, which need no quoting; several stand with a space between.
fn entries(dossier: &Dossier) -> String {
    let mut csv = String::from("entry,at,kind,organisations,datasets,modules,grants,runs,products,rho\n");
    for line in &dossier.lines {
        let subjects = &line.subjects;
        let join = |texts: Vec<String>| texts.join(" ");
        let _ = writeln!(
            csv,
            "{},{},{},{},{},{},{},{},{},{}",
            line.entry,
            line.at,
            line.kind,
            join(subjects.organisations.iter().cloned().collect()),
            join(subjects.datasets.iter().map(ToString::to_string).collect()),
            join(subjects.modules.iter().map(ToString::to_string).collect()),
            join(subjects.grants.iter().cloned().collect()),
            join(subjects.runs.iter().cloned().collect()),
            join(subjects.products.iter().cloned().collect()),
            line.rho.map(|rho| rho.to_string()).unwrap_or_default()
        );
    }
    csv
}

fn organisations(dossier: &Dossier) -> String {
    let mut csv = String::from("organisation,grants,revocations,modules,runs,exact_table_runs,releases,rho\n");
    for (name, activity) in &dossier.organisations {
        let _ = writeln!(
            csv,
            "{name},{},{},{},{},{},{},{}",
            activity.grants,
            activity.revocations,
            activity.modules,
            activity.runs,
            activity.exact_table_runs,
            activity.releases,
            activity.rho
        );
    }
    csv
}

fn text(dossier: &Dossier, report: &AuditReport, language: Language) -> String {
    let pick = |en: &'static str, zh: &'static str| if language == Language::Chinese { zh } else { en };
    let day = |day: &Option<String>, open: &'static str| day.clone().unwrap_or_else(|| open.to_owned());
    let mut text = String::new();
    let verdict = match report.verdict() {
        Verdict::Verified => pick("verified: every file, every signature, every rule", "核验通过：每个文件、每个签名、每条规则"),
        _ => pick("CONTRADICTION: see the findings below", "存在矛盾：见下列发现"),
    };
    let _ = writeln!(text, "# {} {}\n", pick("Log of", "日志"), dossier.origin);
    let _ = writeln!(
        text,
        "- {}: {} – {}",
        pick("Period", "期间"),
        day(&dossier.since, pick("the beginning", "起始")),
        day(&dossier.until, pick("the end", "至今"))
    );
    let _ = writeln!(text, "- {}: {} {} {}", pick("Log", "日志"), report.entries, pick("entries, root", "条，根"), report.root);
    let _ = writeln!(text, "- {}: {verdict}\n", pick("Audit of the whole log", "全日志审计"));
    let _ = writeln!(text, "## {}\n", pick("What happened", "发生的事项"));
    let _ = writeln!(text, "| {} | {} |\n|---|---:|", pick("kind of entry", "条目类别"), pick("number", "数量"));
    for (kind, count) in &dossier.kinds {
        let _ = writeln!(text, "| {kind} | {count} |");
    }
    let _ = writeln!(text, "\n## {}\n", pick("Organisations", "机构"));
    let _ = writeln!(
        text,
        "| {} | {} | {} | {} | {} | rho |\n|---|---:|---:|---:|---:|---:|",
        pick("organisation", "机构"),
        pick("grants", "授权"),
        pick("modules", "模型"),
        pick("runs", "运行"),
        pick("exact-table runs", "精确表格运行"),
    );
    for (name, activity) in &dossier.organisations {
        let _ = writeln!(
            text,
            "| {name} | {} | {} | {} | {} | {:.6} |",
            activity.grants, activity.modules, activity.runs, activity.exact_table_runs, activity.rho
        );
    }
    let _ = writeln!(text, "\n## {}\n", pick("Privacy budget, since the log began", "隐私预算（自日志起始）"));
    let _ = writeln!(
        text,
        "| {} | {} | {} | {} |\n|---|---:|---:|---:|",
        pick("lineage", "谱系"),
        pick("in the period (rho)", "本期（rho）"),
        pick("spent (rho)", "已用（rho）"),
        pick("cap (rho)", "总额（rho）")
    );
    for (name, account) in &report.lineages {
        let period = dossier.lineages.get(name.as_str()).copied().unwrap_or(0.0);
        let _ = writeln!(text, "| {name} | {period:.6} | {:.6} | {:.6} |", account.spent.get(), account.cap.get());
    }
    let _ = writeln!(text, "\n## {}\n", pick("Findings", "发现"));
    if report.findings.is_empty() && report.open_runs.is_empty() {
        let _ = writeln!(text, "{}", pick("None.", "无。"));
    }
    for finding in &report.findings {
        let _ = writeln!(text, "- {} {}: {}", pick("entry", "条目"), finding.entry, finding.violation.say(language));
    }
    for open in report.open_runs.iter().filter(|open| open.overdue) {
        let _ = writeln!(
            text,
            "- {} `{}` {} {}",
            pick("run", "运行"),
            open.run,
            pick("has no release since its slot", "自时段起尚无发布"),
            open.slot
        );
    }
    text
}
