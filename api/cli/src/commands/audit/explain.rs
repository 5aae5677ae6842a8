//! `tidegate audit explain`: a run in plain Chinese or English, from the log alone.

use crate::args::LogArguments;
use crate::front::{CliError, read_text};
use crate::output::{Output, number};
use serde::Serialize;
use std::path::Path;
use std::process::ExitCode;
use tidegate_log::{CommitmentOpening, Explanation, explain};
use tidegate_service::view::ReleaseView;
use tidegate_terms::{Language, Message as _};

#[derive(Serialize)]
struct Explained {
    #[serde(flatten)]
    explanation: Explanation,
    /// The clauses under which such a run happens.
    articles: Vec<Article>,
    /// What was released, where its opening was given and fits.
    release: Option<serde_json::Value>,
}

/// A clause and what this run has to do with it.
#[derive(Clone, Copy, Serialize)]
struct Article {
    clause: &'static str,
    source_en: &'static str,
    source_zh: &'static str,
    en: &'static str,
    zh: &'static str,
}

/// The clauses that every run stands under; the last one is about budget and speaks of noised runs alone.
const ARTICLES: [Article; 6] = [
    Article {
        clause: "A1",
        source_en: "Shuangyashan Measures, Art. 3",
        source_zh: "《双鸭山市公共数据管理暂行办法》第三条",
        en: "an operator works under a live grant",
        zh: "运营机构在有效授权下开展加工",
    },
    Article {
        clause: "F2",
        source_en: "Zibo Measures, Art. 22",
        source_zh: "《淄博市公共数据管理办法》第二十二条",
        en: "only the granted columns are read: least and enough",
        zh: "仅读取获授权的列：最少、够用",
    },
    Article {
        clause: "F8",
        source_en: "Shuangyashan Measures, Art. 33",
        source_zh: "《双鸭山市公共数据管理暂行办法》第三十三条",
        en: "the purpose of the module is that of the grant",
        zh: "模型用途与授权用途一致",
    },
    Article {
        clause: "E4",
        source_en: "Shuangyashan Measures, Art. 35",
        source_zh: "《双鸭山市公共数据管理暂行办法》第三十五条",
        en: "raw data stay in the domain, usable but not visible",
        zh: "原始数据不出域、数据可用不可见",
    },
    Article {
        clause: "H3",
        source_en: "Shuangyashan Measures, Art. 60",
        source_zh: "《双鸭山市公共数据管理暂行办法》第六十条",
        en: "source, use and responsibility can be traced in the log",
        zh: "来源可溯、去向可查、行为留痕、责任可究",
    },
    Article {
        clause: "G21",
        source_en: "Shuangyashan Measures, Art. 54",
        source_zh: "《双鸭山市公共数据管理暂行办法》第五十四条",
        en: "no result from which raw data could be restored: noise of a known price",
        zh: "不得还原原始数据：结果带有已知代价的噪声",
    },
];

/// Explains. Exit code 5: the log has no such run; 3: its entries break rules.
pub(crate) fn run(run: &str, log: &LogArguments, opening: Option<&Path>, output: Output) -> Result<ExitCode, CliError> {
    let key = log.key.as_deref();
    let explanation = explain(&log.directory, key, run)?.ok_or_else(|| CliError::NotInLog { what: run.to_owned() })?;
    let release = opening.map(|file| opened(file, log, &explanation)).transpose()?;
    let count = if explanation.exact_tables { ARTICLES.len() - 1 } else { ARTICLES.len() };
    let explained = Explained { explanation, articles: ARTICLES[..count].to_vec(), release };
    output.show(&explained, |explained| show(explained, output));
    Ok(if explained.explanation.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(3) })
}

/// The release of this run, if the file opens one.
fn opened(file: &Path, log: &LogArguments, explanation: &Explanation) -> Result<serde_json::Value, CliError> {
    let opening = CommitmentOpening::parse(&read_text(file)?)?;
    let content = opening.check(&log.directory, log.key.as_deref())?;
    let of_run = explanation.releases.iter().any(|release| release.entry == opening.entry);
    match serde_json::from_slice(&content) {
        Ok(value) if of_run => Ok(value),
        _ => Err(CliError::OtherOpening { run: explanation.run.clone() }),
    }
}

fn show(explained: &Explained, output: Output) {
    let Explained { explanation, articles, release } = explained;
    let say = |en: &str, zh: &str, value: String| println!("{}{value}", output.pick(&format!("{en}: "), &format!("{zh}：")));
    let or_unknown = |text: &Option<String>| text.clone().unwrap_or_else(|| output.pick("unknown", "未知").to_owned());
    say("Run", "运行", explanation.run.clone());
    say("Who", "主体", or_unknown(&explanation.operator));
    let name = explanation.module_name.as_ref().map(ToString::to_string);
    say("Module", "模型", format!("{} ({})", or_unknown(&name), explanation.module.short()));
    for reading in &explanation.reads {
        let units = reading.units_max.map_or_else(|| output.pick("unknown", "未知").to_owned(), |units| units.to_string());
        let (dataset, version, lineage) = (&reading.dataset, reading.version, &reading.lineage);
        say(
            "Read",
            "读取",
            match output.language {
                Language::English => format!("{dataset}, version {version}, lineage {lineage}, at most {units} privacy units"),
                Language::Chinese => format!("{dataset} 第 {version} 版，谱系 {lineage}，隐私单元至多 {units} 个"),
            },
        );
        let purpose = or_unknown(&reading.purpose.as_ref().map(ToString::to_string));
        let (from, until) = (or_unknown(&reading.valid_from), or_unknown(&reading.valid_until));
        let (grant, columns) = (&reading.grant, reading.columns.join(", "));
        say(
            "Under",
            "依据",
            match output.language {
                Language::English => format!("grant {grant} of {from} to {until} for {purpose}, columns {columns}"),
                Language::Chinese => format!("授权 {grant}，{from} 至 {until}，用途 {purpose}，列 {columns}"),
            },
        );
    }
    say("Admitted", "准入", explanation.admitted_at.clone());
    say("Slot", "时段", explanation.slot.clone());
    match explanation.calibration {
        Some(entry) => say("Engine measured in entry", "引擎校准条目", entry.to_string()),
        None => println!(
            "{}",
            output.pick("The engine was not measured; slots follow from cautious numbers.", "该引擎未经校准；时段按保守数值计算。")
        ),
    }
    show_price(explanation, output);
    for release in &explanation.releases {
        let round = format!(
            "{} ({} {}, {} {})",
            release.at,
            output.pick("round", "轮次"),
            release.round,
            output.pick("entry", "条目"),
            release.entry
        );
        say("Released", "发布", round);
    }
    for Article { clause, source_en, source_zh, en, zh } in articles {
        println!("  [{clause}] {}: {}", output.pick(source_en, source_zh), output.pick(en, zh));
    }
    if let Some(release) = release {
        show_release(release, output);
    }
    for finding in &explanation.findings {
        println!("{} {}: {}", output.pick("BROKEN RULE, entry", "违反规则，条目"), finding.entry, finding.violation.say(output.language));
    }
    if explanation.findings.is_empty() {
        println!("{}", output.pick("All of this follows from verified entries of the log.", "以上均出自已核验的日志条目。"));
    }
}

fn show_price(explanation: &Explanation, output: Output) {
    let Some(price) = &explanation.price else {
        println!(
            "{}",
            output.pick(
                "Price: none; exact tables under disclosure control are not differentially private.",
                "价格：无；披露控制下的精确表格不具备差分隐私。"
            )
        );
        return;
    };
    let (epsilon, delta, share) = (number(price.epsilon), number(price.delta), number(100.0 * price.share_of_lifetime));
    let (rho, after, lifetime) = (number(price.rho), number(price.rho_after_refund), number(price.lifetime_epsilon));
    println!(
        "{}",
        match output.language {
            Language::English => format!(
                "Price: epsilon {epsilon} at delta {delta} (rho {rho}; {after} after unopened rounds came back), {share} % of the lineage's lifetime of epsilon {lifetime}"
            ),
            Language::Chinese => format!(
                "价格：delta {delta} 下 epsilon {epsilon}（rho {rho}；退回未开启轮次后 {after}），占谱系生命周期 epsilon {lifetime} 的 {share} %"
            ),
        }
    );
    let mut table = output.table(&[
        ("statistic", "统计量"),
        ("part", "部分"),
        ("mechanism", "机制"),
        ("noise, in one unit's most", "噪声（以单个单元最大贡献计）"),
        ("numbers", "数值个数"),
        ("rounds", "轮次"),
    ]);
    for noise in &explanation.noise {
        table.add_row([
            noise.statistic.to_string(),
            noise.part.clone(),
            format!("{:?}", noise.mechanism),
            number(noise.deviation),
            noise.cells.to_string(),
            noise.rounds.to_string(),
        ]);
    }
    println!("{table}");
}

fn show_release(release: &serde_json::Value, output: Output) {
    match serde_json::from_value::<ReleaseView>(release.clone()) {
        Ok(release) => crate::commands::run::show_statistics(&release, output),
        // Exact tables, or the form of another version: as it was committed to.
        Err(_) => println!("{}", serde_json::to_string_pretty(release).unwrap_or_default()),
    }
}
