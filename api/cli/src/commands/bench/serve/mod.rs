//! `tidegate bench serve`: many clients at a time on a governed domain, beside a bare "hello" of the same HTTP library.
//!
//! | part | does |
//! |---|---|
//! | [`scene`] | a governed scratch domain: everybody registered, papers in order, data mounted, a module uploaded |
//! | [`load`] | so many clients for so many seconds, each asking what comes next in a fixed mixture |
//! | [`hello`] | the same clients on a server that says nothing |
//!
//! Afterwards nobody asks any more, what waits is carried out, and the account is held against the log to the last unit.
//! A refusal that the interface states is counted by its code; anything else is an error, and there must be none.

mod hello;
mod load;
mod scene;

use super::say;
use crate::front::CliError;
use crate::output::Output;
use load::{Load, Times};
use scene::Scene;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;
use tidegate_log::verify;

/// How much of the time the bare server is measured, before and after.
const HELLO_SHARE: u32 = 6;
/// How long what waits may take once nobody asks any more.
const DRAIN: Duration = Duration::from_secs(1_800);

/// Times of one kind of call.
#[derive(Debug, Serialize)]
struct Figures {
    calls: usize,
    per_second: f64,
    p50_milliseconds: f64,
    p99_milliseconds: f64,
}

impl Figures {
    fn of(times: &mut Times, seconds: f64) -> Self {
        times.sort_unstable();
        let at = |share: f64| {
            let place = ((times.len() as f64 * share) as usize).min(times.len().saturating_sub(1));
            times.get(place).map_or(0.0, |microseconds| f64::from(*microseconds) / 1e3)
        };
        Self {
            calls: times.len(),
            per_second: times.len() as f64 / seconds.max(0.001),
            p50_milliseconds: at(0.5),
            p99_milliseconds: at(0.99),
        }
    }
}

/// What was found of the budget.
#[derive(Debug, Serialize)]
struct BudgetCheck {
    /// Runs that were charged.
    charged_runs: usize,
    /// What the account says, in units of 1e-12 of rho.
    account_units: u64,
    /// What the log says, read by the audit alone.
    log_units: u64,
    /// Whether both are equal, and equal to the sum of the charges.
    exact: bool,
    /// What the audit found wrong.
    audit_findings: u64,
}

#[derive(Debug, Serialize)]
struct ServeReport {
    clients: usize,
    seconds: u64,
    bare_hello: Figures,
    kinds: BTreeMap<String, Figures>,
    /// Answers by their class: `ok`, a stated refusal by its code, or an error.
    answers: BTreeMap<String, usize>,
    errors: usize,
    first_errors: Vec<String>,
    runs_released: usize,
    runs_refused: BTreeMap<String, usize>,
    budget: BudgetCheck,
    /// No error, and budgets exact.
    goal_met: bool,
}

/// Measures.
pub(super) fn run(seconds: u64, clients: usize, output: Output) -> Result<(), CliError> {
    let (seconds, clients) = (seconds.clamp(1, 3_600), clients.clamp(1, 800));
    say(output, output.pick("making a governed domain", "正在建立受治理的数据域"));
    let mut scene = Scene::make()?;
    let hello_time = Duration::from_secs(seconds) / HELLO_SHARE;
    let mut hello = hello::measure(clients, hello_time)?;
    say(output, output.pick("asking", "正在施加负载"));
    let load = Load::run(&scene, clients, Duration::from_secs(seconds))?;
    hello.extend(hello::measure(clients, hello_time)?);
    say(output, output.pick("waiting for what is queued", "等待排队的运行"));
    let ended = scene.drain(DRAIN)?;
    let budget = check_budget(&mut scene)?;
    let answers = load.answers;
    let report = ServeReport {
        clients,
        seconds,
        bare_hello: Figures::of(&mut hello, hello_time.as_secs_f64() * 2.0),
        kinds: load.times.into_iter().map(|(kind, mut times)| (kind.to_owned(), Figures::of(&mut times, seconds as f64))).collect(),
        errors: load.errors.len(),
        first_errors: load.errors.iter().take(5).cloned().collect(),
        answers,
        runs_released: ended.released,
        runs_refused: ended.refused,
        goal_met: load.errors.is_empty() && budget.exact && budget.audit_findings == 0,
        budget,
    };
    output.show(&report, |report| show(report, output));
    Ok(())
}

/// Holds the account against the log, with the server stopped.
fn check_budget(scene: &mut Scene) -> Result<BudgetCheck, CliError> {
    let account = scene.authority("datasets.budget", serde_json::json!({ "dataset": scene::DATASET }))?;
    let units = |value: &serde_json::Value| (value.as_f64().unwrap_or(f64::NAN) * 1e12).round() as u64;
    let lines = account["lines"].as_array().cloned().unwrap_or_default();
    let sum: u64 = lines.iter().map(|line| units(&line["rho"])).sum();
    let account_units = units(&account["spent"]);
    scene.stop()?;
    let report = verify(&scene.log_directory(), None)?;
    let log_units = report.lineages.values().map(|lineage| lineage.spent.units()).sum();
    Ok(BudgetCheck {
        charged_runs: lines.len(),
        account_units,
        log_units,
        exact: sum == account_units && account_units == log_units,
        audit_findings: report.findings_total as u64,
    })
}

fn show(report: &ServeReport, output: Output) {
    let mut table =
        output.table(&[("calls", "调用"), ("count", "次数"), ("per second", "每秒"), ("p50 ms", "p50 毫秒"), ("p99 ms", "p99 毫秒")]);
    let mut row = |name: &str, figures: &Figures| {
        table.add_row([
            name.to_owned(),
            figures.calls.to_string(),
            format!("{:.0}", figures.per_second),
            format!("{:.1}", figures.p50_milliseconds),
            format!("{:.1}", figures.p99_milliseconds),
        ]);
    };
    row(output.pick("bare hello", "空白应答"), &report.bare_hello);
    for (kind, figures) in &report.kinds {
        row(kind, figures);
    }
    println!("{table}");
    println!("{} {}, {} s", output.pick("Clients:", "并发客户端："), report.clients, report.seconds);
    for (class, count) in &report.answers {
        println!("  {class}: {count}");
    }
    println!("{} {}", output.pick("Errors:", "错误："), report.errors);
    for error in &report.first_errors {
        println!("  {error}");
    }
    println!("{} {}", output.pick("Runs released:", "已发布的运行："), report.runs_released);
    for (code, count) in &report.runs_refused {
        println!("  {code}: {count}");
    }
    let budget = &report.budget;
    println!(
        "{} {} = {} ({} {}; {} {})",
        output.pick("Spent by the account and by the log, in units of 1e-12 rho:", "账户与日志所记已用预算（单位 1e-12 rho）："),
        budget.account_units,
        budget.log_units,
        budget.charged_runs,
        output.pick("runs charged", "次计费"),
        output.pick("audit findings", "审计问题"),
        budget.audit_findings
    );
    println!("{}", if report.goal_met { output.pick("Goal met.", "达到目标。") } else { output.pick("Goal missed.", "未达到目标。") });
}
