//! `tidegate doctor`: which walls stand on this machine, what gets through them, and what slots are computed from.

pub(crate) mod calibration;

use crate::front::CliError;
use crate::internal::THROUGH;
use crate::output::Output;
use serde::Serialize;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, ExitCode, ExitStatus};
use tidegate_service::CalibrationView;
use tidegate_service::children::{Programs, standing_server_walls, standing_walls};
use tidegate_terms::Wall;
use tidegate_walls::{Attempt, Standing};

/// What became of an attempt.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Failed,
    Killed,
    Through,
}

#[derive(Serialize)]
struct Tried {
    attempt: Attempt,
    outcome: Outcome,
}

#[derive(Serialize)]
struct Examined {
    walls: Vec<Standing>,
    attempts: Vec<Tried>,
    /// Around processes that serve others over the network.
    server: ExaminedServer,
    /// Absent where the domain is used by another process.
    calibration: Option<CalibrationView>,
}

#[derive(Serialize)]
struct ExaminedServer {
    walls: Vec<Standing>,
    attempts: Vec<Tried>,
}

/// Exit code 0: all walls stand and nothing gets through; 1: some wall is missing or something gets through.
pub(crate) fn run(domain: &Path, calibrate: bool, output: Output) -> Result<ExitCode, CliError> {
    let programs = Programs::own().map_err(|error| CliError::NoKeeper { detail: error.to_string() })?;
    let walls = standing_walls(&programs)?;
    let attempts =
        |name: &str| -> Result<Vec<Tried>, CliError> { Attempt::ALL.into_iter().map(|attempt| tried(&programs, name, attempt)).collect() };
    let server = ExaminedServer { walls: standing_server_walls(&programs)?, attempts: attempts("server-attempt")? };
    let calibration = calibration::known(domain, &programs, calibrate)?;
    let examined = Examined { walls, attempts: attempts("attempt")?, server, calibration };
    output.show(&examined, |examined| show(examined, output));
    let whole = examined.walls.iter().chain(&examined.server.walls).all(|standing| standing.stands);
    let tight = examined.attempts.iter().chain(&examined.server.attempts).all(|tried| !matches!(tried.outcome, Outcome::Through));
    Ok(if whole && tight { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn tried(programs: &Programs, child: &str, attempt: Attempt) -> Result<Tried, CliError> {
    let mut command: Command = programs.child(child);
    command.arg(attempt.name());
    if child == "server-attempt" {
        // A server has a directory of its own; none will do here.
        command.arg("/nonexistent");
    }
    let status = command.status().map_err(|error| CliError::NoKeeper { detail: error.to_string() })?;
    Ok(Tried { attempt, outcome: outcome(status) })
}

fn outcome(status: ExitStatus) -> Outcome {
    match (status.code(), status.signal()) {
        (Some(THROUGH), _) => Outcome::Through,
        (_, Some(_)) => Outcome::Killed,
        _ => Outcome::Failed,
    }
}

fn show(examined: &Examined, output: Output) {
    println!("{}", output.pick("Walls around each worker, compiler and noise process:", "各工作进程、编译进程与噪声进程的防护墙："));
    show_part(&examined.walls, &examined.attempts, output);
    println!("{}", output.pick("Walls around each process that serves others:", "各对外服务进程的防护墙："));
    show_part(&examined.server.walls, &examined.server.attempts, output);
    if let Some(known) = &examined.calibration {
        calibration::show(known, output);
    }
}

fn show_part(walls: &[Standing], attempts: &[Tried], output: Output) {
    let mut table = output.table(&[("wall", "防护墙"), ("stands", "已建立"), ("what is missing", "缺少")]);
    for standing in walls {
        let stands = if standing.stands { output.pick("yes", "是") } else { output.pick("NO", "否") };
        table.add_row([wall(standing.wall, output).to_owned(), stands.to_owned(), standing.detail.clone()]);
    }
    println!("{table}");
    let mut table = output.table(&[("attempt from inside", "内部尝试"), ("outcome", "结果")]);
    for tried in attempts {
        let outcome = match tried.outcome {
            Outcome::Failed => output.pick("fails", "失败"),
            Outcome::Killed => output.pick("killed", "被终止"),
            Outcome::Through => output.pick("GETS THROUGH", "突破"),
        };
        table.add_row([attempt(tried.attempt, output), outcome]);
    }
    println!("{table}");
}

fn wall(wall: Wall, output: Output) -> &'static str {
    match wall {
        Wall::Namespaces => output.pick("own namespaces", "独立命名空间"),
        Wall::User => output.pick("user without rights", "无权限用户"),
        Wall::NoNewPrivileges => output.pick("no new privileges", "禁止提权"),
        Wall::Landlock => output.pick("Landlock: no files, no ports", "Landlock：无文件、无端口"),
        Wall::Limits => output.pick("resource limits", "资源限制"),
        Wall::Seccomp => output.pick("seccomp: system calls", "seccomp：系统调用"),
    }
}

fn attempt(attempt: Attempt, output: Output) -> &'static str {
    match attempt {
        Attempt::ReadFile => output.pick("read a file", "读取文件"),
        Attempt::WriteFile => output.pick("write a file", "写入文件"),
        Attempt::Network => output.pick("open a socket", "打开套接字"),
        Attempt::StartProcess => output.pick("start a program", "启动程序"),
        Attempt::ReadParent => output.pick("look into the parent process", "窥视父进程"),
        Attempt::TakeMemory => output.pick("take 16 GiB of memory", "占用 16 GiB 内存"),
    }
}
