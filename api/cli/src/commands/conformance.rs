//! `tidegate conformance`: mounts the corpus of attacks on this installation, one line for each.

use crate::front::CliError;
use crate::output::Output;
use serde::Serialize;
use std::process::ExitCode;
use tidegate_conformance::{Attack, Judged, Report, Selection, Tries, Verdict};
use tidegate_service::children::Programs;
use tidegate_terms::Language;

/// An attack as `--list` shows it.
#[derive(Serialize)]
struct Listed {
    attack: &'static str,
    rows: Vec<String>,
    guards: Vec<&'static str>,
    by_construction: Option<&'static str>,
    tries: Tries,
}

/// Lists the attacks.
pub(crate) fn list(selection: &Selection, output: Output) -> Result<ExitCode, CliError> {
    let listed: Vec<Listed> = selection.attacks()?.into_iter().map(listed).collect();
    output.show(&listed, |listed| {
        let mut table = output.table(&[("attack", "攻击"), ("rows", "编号"), ("held by", "由何守住"), ("what it tries", "企图")]);
        for one in listed {
            let guards = match one.by_construction {
                Some(why) => output.pick(why, "由构造保证，理由见 docs/conformance.md").to_owned(),
                None => one.guards.join(", "),
            };
            table.add_row([one.attack, &one.rows.join(" "), &guards, output.pick(one.tries.en, one.tries.zh)]);
        }
        println!("{table}");
    });
    Ok(ExitCode::SUCCESS)
}

fn listed(attack: &Attack) -> Listed {
    Listed {
        attack: attack.name,
        rows: attack.rows.iter().map(|row| format!("A{row}")).collect(),
        guards: attack.guards.iter().map(|guard| guard.name()).collect(),
        by_construction: attack.by_construction,
        tries: attack.tries,
    }
}

/// Exit code 0 if all attacks are held (or, in the weakened build of the tests with a guard down, if all succeed), else 1.
pub(crate) fn run(selection: &Selection, output: Output) -> Result<ExitCode, CliError> {
    let program = Programs::own().map_err(|error| CliError::NoKeeper { detail: error.to_string() })?.program;
    let mut progress = |judged: &Judged| {
        if !output.json {
            line(judged, output);
        }
    };
    let attacks = selection.attacks()?.len();
    if !output.json {
        match output.language {
            Language::English => println!("Mounting {attacks} attacks in temporary domains. All of them take some minutes.\n"),
            Language::Chinese => println!("正在临时数据域中发起 {attacks} 个攻击，全部完成约需数分钟。\n"),
        }
    }
    let report = tidegate_conformance::run(&program, selection, &mut progress)?;
    output.show(&report, |report| summary(report, output));
    Ok(if report.summary.as_it_must_be { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn line(judged: &Judged, output: Output) {
    let verdict = match judged.verdict {
        Verdict::Held => output.pick("held", "守住"),
        Verdict::Leaked => output.pick("LEAKED", "泄露"),
        Verdict::Through => output.pick("THROUGH", "突破"),
        Verdict::Broken => output.pick("NOT MOUNTED", "未能发起"),
    };
    let tries = output.pick(judged.tries.en, judged.tries.zh);
    println!("{verdict:<7} {:<28} {:<8} {tries}", judged.attack, judged.rows.join(" "));
    if judged.verdict != Verdict::Held {
        println!("        {}", judged.detail);
    }
}

fn summary(report: &Report, output: Output) {
    let summary = &report.summary;
    println!();
    match output.language {
        Language::English => println!(
            "{} of {} attacks held, by {} guards, for {} rows of the list",
            summary.held, summary.attacks, summary.guards, summary.rows
        ),
        Language::Chinese => {
            println!("{} 个攻击中守住 {} 个，共 {} 道防护，覆盖清单 {} 行", summary.attacks, summary.held, summary.guards, summary.rows)
        }
    }
    if !summary.rows_without_attack.is_empty() {
        println!("{} {}", output.pick("rows without an attack:", "没有攻击的编号："), summary.rows_without_attack.join(" "));
    }
    if report.exact {
        println!("{}", output.pick("noise was off, and exact totals were compared", "噪声已关闭，比较了精确合计"));
    }
}
