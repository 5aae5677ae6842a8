//! `tidegate audit replay`: exit code 0 match, 3 mismatch, 4 not replayable, 5 run not found.

use crate::front::{CliError, Keeper};
use crate::output::Output;
use std::path::Path;
use std::process::ExitCode;
use tidegate_log::{Obstacle, ReplayCheck, ReplayOutcome};
use tidegate_service::{ReplayView, ReplayWish, Reply, Request};
use tidegate_terms::Message as _;

const MISMATCH: u8 = 3;
const NOT_REPLAYABLE: u8 = 4;
const NOT_FOUND: u8 = 5;

/// Replays runs and says what came out.
pub(crate) fn run(domain: &Path, wish: ReplayWish, asker: String, output: Output) -> Result<ExitCode, CliError> {
    let asked = Keeper::start(domain)?.ask_meanwhile(&Request::Replay { wish, asker }, &[], |reply| {
        if let Reply::Replaying(begun) = reply
            && !output.json
        {
            let (of, answer) = (output.pick("of run", "，运行"), output.pick("answer at", "答复时间"));
            eprintln!("{} {} {of} {}; {answer} {}", output.pick("Replay", "重放"), begun.replay, begun.run, begun.slot);
        }
    });
    let views: Vec<ReplayView> = match asked {
        Err(error) if error.code().starts_with("replay.unknown-run") || error.code() == "replay.none" => {
            output.error(&error);
            return Ok(ExitCode::from(NOT_FOUND));
        }
        other => other?,
    };
    output.show(&views, |views| views.iter().for_each(|view| show(view, output)));
    Ok(ExitCode::from(views.iter().map(|view| code(&view.outcome)).min_by_key(|code| rank(*code)).unwrap_or(0)))
}

fn code(outcome: &ReplayOutcome) -> u8 {
    match outcome {
        ReplayOutcome::Match {} => 0,
        ReplayOutcome::Mismatch { .. } => MISMATCH,
        ReplayOutcome::NotReplayable { .. } => NOT_REPLAYABLE,
    }
}

/// Of several outcomes the gravest decides.
fn rank(code: u8) -> u8 {
    match code {
        MISMATCH => 0,
        NOT_REPLAYABLE => 1,
        _ => 2,
    }
}

fn show(view: &ReplayView, output: Output) {
    let said = match &view.outcome {
        ReplayOutcome::Match {} => output.pick("MATCH: everything is as it was logged", "相符：一切与日志一致").to_owned(),
        ReplayOutcome::Mismatch { failed } => {
            let names: Vec<&str> = failed.iter().map(|check| name(*check, output)).collect();
            format!("{} {}", output.pick("MISMATCH:", "不符："), names.join(", "))
        }
        ReplayOutcome::NotReplayable { obstacle } => format!("{} {}", output.pick("NOT REPLAYABLE:", "不可重放："), why(obstacle, output)),
    };
    let rounds = output.pick("rounds", "轮");
    let entry = output.pick("log entry", "日志条目");
    println!("{} {} ({} {rounds}): {said} ({entry} {})", output.pick("Run", "运行"), view.run, view.rounds, view.log_position);
}

fn name(check: ReplayCheck, output: Output) -> &'static str {
    let (en, zh) = match check {
        ReplayCheck::Data => ("the data are not those that were mounted", "数据与挂载时不同"),
        ReplayCheck::Module => ("the module is not the one that was uploaded", "模型与上传时不同"),
        ReplayCheck::Inputs => ("parameters or side tables are others", "参数或附表不同"),
        ReplayCheck::Price => ("the price is not the one that was reserved", "价格与预留时不同"),
        ReplayCheck::Totals => ("the exact totals are others", "精确合计不同"),
        ReplayCheck::Release => ("the stored release is another one", "所存发布结果不同"),
        ReplayCheck::Decision => ("the clean half decides otherwise", "收尾判断不同"),
        ReplayCheck::Noise => ("the noise is no plausible draw", "噪声不可信"),
        ReplayCheck::Tables => ("the tables are others", "表格不同"),
    };
    output.pick(en, zh)
}

fn why(obstacle: &Obstacle, output: Output) -> String {
    match obstacle {
        Obstacle::DataDestroyed { entry } => {
            format!("{} {entry}", output.pick("its data were destroyed; certificate of log entry", "数据已销毁；销毁证明见日志条目"))
        }
        Obstacle::OtherEngine { logged, here } => {
            format!("{} {logged} / {here}", output.pick("other engine; logged / here:", "引擎不同；日志所载 / 本机："))
        }
        Obstacle::RecordPurged { entry } => {
            format!("{} {entry}", output.pick("its records were purged under retention; log entry", "记录已按保存期限清除；日志条目"))
        }
        Obstacle::RunUnfinished {} => output.pick("the run has not ended", "运行尚未结束").to_owned(),
    }
}
