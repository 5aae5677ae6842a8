//! Attacks on prices and accounts: what is charged, when, and to whom (A4, A5, A23, A35).

use super::kit::{LITTLE, ask, closed, first_estimate, held, neighbours, people, refused_by, run_arguments, schema_in, spent, stage};
use super::offender;
use crate::attack::Attack;
use crate::error::Broken;
use crate::module::Offender;
use crate::program::Program;
use crate::scene::{AT_SLOT, EMPTY, IMMEDIATELY, Scene, rows};
use crate::verdict::Outcome;
use crate::world::{World, text};
use std::fs;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};
use tidegate_terms::Guard;

/// A world of its own for each attack, with nothing beside it: its run must keep its slot.
static KILLED: Scene = Scene { name: "killed", alone: true, setup: |_| Ok(()) };

pub(super) const ATTACKS: &[Attack] = &[
    neighbours(
        "price-tells-rows",
        &[4, 17, 37],
        &[Guard::PublicPrice],
        (
            "asks for the price of the same question with and without the target, to see whether it follows from the rows",
            "在有无目标人员的情况下询问同一问题的价格，看价格是否取决于数据行",
        ),
        &EMPTY,
        price_tells_rows,
    ),
    neighbours(
        "exhaustion-tells-rows",
        &[5],
        &[Guard::PublicPrice],
        (
            "asks until the budget is gone, and takes the number of answers as a signal about the data",
            "不断提问直至预算耗尽，把得到应答的次数当作关于数据的信号",
        ),
        &EMPTY,
        exhaustion_tells_rows,
    ),
    Attack {
        given: &[Guard::TrapDefault],
        ..held(
            "refund-for-a-failure",
            &[5],
            &[Guard::NoRefund],
            (
                "breaks on the target and asks for its budget back, as systems do that do not charge for failed queries",
                "在目标人员上故意出错并要求退还预算，如同某些系统不对失败查询收费",
            ),
            &EMPTY,
            refund_for_a_failure,
        )
    },
    held(
        "killed-before-it-paid",
        &[5, 6],
        &[Guard::AtomicCharge],
        (
            "kills keeper and run right after admission, to have been admitted without a charge",
            "在准入之后立即杀死运行和看守进程，企图获准却不付费",
        ),
        &EMPTY,
        killed_before_it_paid,
    ),
    held(
        "race-for-the-last-budget",
        &[5],
        &[Guard::AtomicCharge],
        ("asks two questions at once, each of which fits into what is left alone", "同时提出两个问题，每个单独都在余额之内"),
        &EMPTY,
        race_for_the_last_budget,
    ),
    closed(
        "killed-run-pays-once",
        &[5, 6],
        "the question is the key of the run: whoever asks it again takes up what was paid",
        (
            "kills a paid run and asks again, to be charged twice or to draw noise twice",
            "杀死已付费的运行后再次提问，企图造成重复收费或重复抽取噪声",
        ),
        &KILLED,
        killed_run_pays_once,
    ),
    held(
        "same-question-again",
        &[23],
        &[Guard::StoredAnswers],
        ("asks the same question three times, to average the noise away", "把同一问题问三遍，企图通过平均消除噪声"),
        &EMPTY,
        same_question_again,
    ),
    closed(
        "equivalent-modules",
        &[23],
        "an answer has its price whoever computes it; nothing looks for modules that mean the same",
        (
            "asks the same with two modules that differ in a comment alone, to have a second answer for nothing",
            "用仅注释不同的两个模型提出同一问题，企图免费得到第二个答案",
        ),
        &EMPTY,
        equivalent_modules,
    ),
    closed(
        "pooling-operators",
        &[23],
        "an account has no column for operators: shares of grants are caps beside it",
        (
            "two operators with a whole share each ask in turn, as systems allow that keep one budget for each user",
            "两家各有完整份额的运营机构轮流提问，如同按用户分别计算预算的系统",
        ),
        &EMPTY,
        pooling_operators,
    ),
    held(
        "second-name",
        &[23, 35],
        &[Guard::SharedAccount],
        ("mounts the same people under a second name, to have a second budget", "以另一名称挂载同一人群，企图得到第二份预算"),
        &EMPTY,
        second_name,
    ),
    closed(
        "second-version",
        &[35],
        "a version has no account; its lineage has",
        ("mounts a new version of the data, to have the budget renewed", "挂载数据的新版本，企图刷新预算"),
        &EMPTY,
        second_version,
    ),
    held(
        "version-of-another-lineage",
        &[35],
        &[Guard::SharedAccount],
        (
            "mounts a new version of a dataset in another lineage, whose account is empty",
            "把数据集的新版本放入另一谱系，使用其未动用的账户",
        ),
        &EMPTY,
        |world| {
            second_mount(
                world,
                "other-lineage",
                None,
                |schema| schema.replace("lineage = \"other-lineage\"", "lineage = \"elsewhere\""),
                IMMEDIATELY,
                &["dataset.lineage"],
            )
        },
    ),
    held(
        "larger-lifetime-cap",
        &[35],
        &[Guard::SharedAccount],
        ("mounts the people again under a policy with ten times the lifetime budget", "以十倍终身预算的策略重新挂载同一人群"),
        &EMPTY,
        |world| {
            second_mount(
                world,
                "larger-cap",
                Some("larger-cap-again"),
                str::to_owned,
                &IMMEDIATELY.replacen("10.0", "20.0", 1),
                &["dataset.lineage-cap"],
            )
        },
    ),
    held(
        "other-privacy-unit",
        &[35],
        &[Guard::SharedAccount],
        (
            "mounts the people again with households as the privacy unit, to have their budget beside that of persons",
            "以户为隐私单元重新挂载同一人群，企图在按人预算之外另得一份",
        ),
        &EMPTY,
        |world| {
            let household = |schema: &str| schema.replace("kind = \"person\"", "kind = \"household\"");
            second_mount(world, "other-unit", Some("other-unit-again"), household, IMMEDIATELY, &["dataset.lineage-unit"])
        },
    ),
    closed(
        "rounds-without-end",
        &[4],
        "rounds are reserved before the first is opened, and who asks for more has had the last one",
        ("asks for another round after each release, for ever", "每次发布后都要求再来一轮，永不停止"),
        &EMPTY,
        rounds_without_end,
    ),
];

fn price_tells_rows(world: &mut World) -> Result<(), Broken> {
    stage(world, "price-tells-rows", IMMEDIATELY)?;
    world.question("quote", "price-tells-rows", "price-tells-rows", "1", &[]).map(|_| ())
}

fn exhaustion_tells_rows(world: &mut World) -> Result<(), Broken> {
    stage(world, "exhaustion", LITTLE)?;
    for epsilon in ["0.7", "0.6", "0.5", "0.4", "0.3", "0.2", "0.1"] {
        ask(world, "exhaustion", epsilon)?;
        let left = spent(world, "exhaustion")?;
        world.state(&format!("spent after epsilon {epsilon}"), left);
    }
    Ok(())
}

fn refund_for_a_failure(world: &mut World) -> Result<Outcome, Broken> {
    people(world, "refund", IMMEDIATELY)?;
    world.upload_offender("refund", &Offender::of(offender!("breaks-at-target")))?;
    refused_by(&ask(world, "refund", "1")?, &["run.held"], "")?;
    let spent = spent(world, "refund")?;
    Ok(Outcome::through_if(spent == 0.0, "the failed run cost nothing", format!("rho {spent} was charged")))
}

/// A run in the background, with its keeper.
struct Running(Child);

impl Running {
    /// Starts the run of a stage and waits until its reservation stands in the log.
    fn start(world: &World, name: &str) -> Result<Self, Broken> {
        let before = world.tree_size();
        let domain = text(&world.domain());
        let mut command = Program::command(world.program());
        command.args(run_arguments(name, "1")).args(["--domain", &domain, "--json"]).stdout(Stdio::null()).stderr(Stdio::null());
        let running = Self(command.spawn().map_err(|error| Broken::Start { detail: error.to_string() })?);
        let began = Instant::now();
        while world.tree_size() == before {
            if began.elapsed() > Duration::from_secs(60) {
                return Err(Broken::Answer { call: "run".into() });
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(running)
    }

    /// Kills the front and what it started, the keeper first.
    fn kill(mut self) {
        let own = self.0.id();
        for child in children_of(own) {
            let _ = rustix::process::kill_process(child, rustix::process::Signal::KILL);
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn children_of(parent: u32) -> Vec<rustix::process::Pid> {
    let parent_of = |pid: &i32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse::<u32>().ok()
    };
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter(|pid| parent_of(pid) == Some(parent)).filter_map(rustix::process::Pid::from_raw).collect()
}

/// Waits until the domain of a killed keeper can be opened again.
fn settled(world: &World, name: &str) -> Result<(), Broken> {
    let began = Instant::now();
    loop {
        let said = world.ask(&["budget", "show", name])?;
        if said.is_done() || began.elapsed() > Duration::from_secs(30) {
            return said.json().map(|_| ());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn killed_before_it_paid(world: &mut World) -> Result<Outcome, Broken> {
    stage(world, "killed-early", AT_SLOT)?;
    Running::start(world, "killed-early")?.kill();
    settled(world, "killed-early")?;
    let spent = spent(world, "killed-early")?;
    Ok(Outcome::through_if(spent == 0.0, "the run was admitted and nothing was charged", format!("rho {spent} stayed charged")))
}

fn race_for_the_last_budget(world: &mut World) -> Result<Outcome, Broken> {
    stage(world, "race", LITTLE)?;
    let domain = text(&world.domain());
    let start = |epsilon: &str| {
        let mut command = world.program().command();
        command.args(run_arguments("race", epsilon)).args(["--domain", &domain, "--json"]);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().map_err(|error| Broken::Start { detail: error.to_string() })
    };
    let mut answered = 0;
    // One of the two may be told that the domain is in use; it comes again at once.
    for _ in 0..3 {
        let both = [start("0.9")?, start("0.91")?];
        for mut one in both {
            let status = one.wait().map_err(|error| Broken::Start { detail: error.to_string() })?;
            answered += usize::from(status.success());
        }
    }
    // Whoever always came second asks once more, alone.
    for epsilon in ["0.91", "0.9"] {
        ask(world, "race", epsilon)?;
    }
    let account = world.ask(&["budget", "show", "race"])?.json()?;
    let runs = account["lines"].as_array().map_or(0, Vec::len);
    match (answered, runs) {
        (0, _) => Err(Broken::Answer { call: "run".into() }),
        (_, 1) => Ok(Outcome::Refused("one of the two was admitted".into())),
        (_, runs) => Ok(Outcome::Through(format!("{runs} questions were admitted where one fits"))),
    }
}

fn killed_run_pays_once(world: &mut World) -> Result<Outcome, Broken> {
    stage(world, "killed-late", AT_SLOT)?;
    Running::start(world, "killed-late")?.kill();
    settled(world, "killed-late")?;
    let paid = spent(world, "killed-late")?;
    let first = ask(world, "killed-late", "1")?.json()?;
    let again = ask(world, "killed-late", "1")?.json()?;
    let now = spent(world, "killed-late")?;
    let twice = now != paid || first["statistics"] != again["statistics"];
    Ok(Outcome::through_if(twice, format!("rho {paid}, then {now}"), "the same run went on under its charge"))
}

fn same_question_again(world: &mut World) -> Result<Outcome, Broken> {
    stage(world, "again", IMMEDIATELY)?;
    let mut runs = Vec::new();
    for _ in 0..3 {
        runs.push(ask(world, "again", "1")?.json()?["run"].clone());
    }
    let other = runs.iter().any(|run| *run != runs[0]);
    Ok(Outcome::through_if(other, "noise was drawn again", "the stored answer"))
}

fn equivalent_modules(world: &mut World) -> Result<Outcome, Broken> {
    stage(world, "equivalent", IMMEDIATELY)?;
    let component = crate::module::component("equivalent-too", super::kit::COUNTS.core)?;
    let manifest = super::kit::plain_manifest("equivalent-too") + "# The same in other words.\n";
    world.upload("equivalent-too", &component, &manifest)?.json()?;
    world.question("run", "equivalent", "equivalent", "1", &[])?.json()?;
    let one = spent(world, "equivalent")?;
    world.question("run", "equivalent", "equivalent-too", "1", &[])?.json()?;
    let both = spent(world, "equivalent")?;
    Ok(Outcome::through_if(both <= one * 1.9, "the second answer cost less than the first", format!("rho {one}, then {both}")))
}

fn pooling_operators(world: &mut World) -> Result<Outcome, Broken> {
    stage(world, "pooling", LITTLE)?;
    let other = text(&world.beside("other.key"));
    if !world.beside("other.key").exists() {
        world.ask(&["key", "new", &other])?.json()?;
    }
    let until = jiff::Zoned::now().date().saturating_add(jiff::Span::new().days(300)).to_string();
    let public = format!("{other}.pub");
    let grant = ["grant", "add", "--dataset", "pooling", "--operator", "accomplice", "--operator-key", &public];
    let terms = ["--purpose", crate::scene::PURPOSE, "--columns", "visits.mark,visits.amount", "--epsilon", "1.2", "--until", &until];
    world.ask(&[&grant[..], &terms].concat())?.json()?;
    let model = world.seal("pooling-too", &super::kit::plain_component("pooling-too")?, &super::kit::plain_manifest("pooling-too"))?;
    world.ask(&["model", "sign", &text(&model), "--key", &other])?.json()?;
    world.ask(&["model", "upload", &text(&model), "--operator", "accomplice"])?.json()?;
    ask(world, "pooling", "1")?.json()?;
    let second = ["run", "--dataset", "pooling", "--model", "pooling-too", "--operator", "accomplice", "--epsilon", "1"];
    refused_by(&world.ask(&second)?, &["budget.lineage"], "the second operator was answered from a budget of its own")
}

fn second_name(world: &mut World) -> Result<Outcome, Broken> {
    stage(world, "second-name", LITTLE)?;
    ask(world, "second-name", "1")?.json()?;
    world.mount("second-name-again", &schema_in("second-name"), LITTLE, &rows(world.has_target()))?;
    world.grant("second-name-again", "visits.mark,visits.amount", "1.2")?;
    let said = world.question("run", "second-name-again", "second-name", "1", &[])?;
    refused_by(&said, &["budget.lineage"], "the same people answered from a second budget")
}

fn second_version(world: &mut World) -> Result<Outcome, Broken> {
    stage(world, "second-version", LITTLE)?;
    ask(world, "second-version", "1")?.json()?;
    world.mount("second-version", &schema_in("second-version"), LITTLE, &rows(!world.has_target()))?;
    refused_by(&ask(world, "second-version", "1")?, &["budget.lineage", "budget.grant"], "the new version had a new budget")
}

/// Mounts people, then mounts them again, changed; under another name where one is given.
fn second_mount(
    world: &mut World,
    name: &str,
    again: Option<&str>,
    change: impl Fn(&str) -> String,
    policy: &str,
    codes: &[&str],
) -> Result<Outcome, Broken> {
    people(world, name, IMMEDIATELY)?;
    let said = world.mount_said(again.unwrap_or(name), &change(&schema_in(name)), policy, &rows(world.has_target()))?;
    refused_by(&said, codes, "the mount was taken, with an account of its own")
}

fn rounds_without_end(world: &mut World) -> Result<Outcome, Broken> {
    people(world, "rounds", IMMEDIATELY)?;
    let statistics = format!("{}\n[rounds]\nmax = 2\nstate_max = 0\n", crate::module::ONE_SUM);
    let manifest = crate::module::manifest("rounds", &statistics, 100_000, 1 << 20);
    let component = crate::module::assemble("rounds", offender!("asks-again"))?;
    world.upload("rounds", &component, &manifest)?.json()?;
    let quote = world.question("quote", "rounds", "rounds", "1", &[])?.json()?;
    let release = ask(world, "rounds", "1")?.json()?;
    first_estimate(&release)?;
    let (rounds, spent) = (release["round"]["number"].as_u64(), spent(world, "rounds")?);
    let price = quote["price"]["rho"].as_f64().unwrap_or(0.0);
    let more = rounds != Some(2) || spent > price * (1.0 + 1e-9);
    Ok(Outcome::through_if(more, format!("{rounds:?} rounds for rho {spent} of {price}"), "two rounds, as reserved"))
}
