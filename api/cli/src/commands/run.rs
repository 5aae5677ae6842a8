//! `tidegate quote`, `run`, `release` and `budget`.

use crate::args::{BudgetCommand, QuestionArguments, ReleaseCommand};
use crate::commands::doctor::calibration::NOT_CALIBRATED;
use crate::commands::tables;
use crate::front::{CliError, Keeper, ask, pairs, read_bytes};
use crate::output::{Output, number};
use indicatif::{ProgressBar, ProgressStyle};
use serde::de::DeserializeOwned;
use std::path::Path;
use std::time::Duration;
use tidegate_gate::Advice;
use tidegate_service::view::{BudgetView, PriceView, QuoteView, ReleaseShown, ReleaseView, Shown, SlotView};
use tidegate_service::{Admitted, EffectView, Question, Reply, Request, Wish};
use tidegate_terms::{Epsilon, Measure, Name};

impl QuestionArguments {
    pub(crate) fn question(self) -> Result<Question, CliError> {
        Ok(Question {
            operator: self.operator,
            dataset: self.dataset,
            version: self.version,
            join: self.join,
            module: self.model,
            parameters: pairs(&self.parameters)?,
            side_tables: side_tables(&self.side_tables)?,
            epsilon: self.epsilon.map(Epsilon::parse).transpose()?,
            workers: self.workers.map(|workers| workers.clamp(1, 64)),
            pinned: None,
        })
    }
}

/// Longest side table, in bytes of CSV.
const SIDE_TABLE_BYTES_MAX: u64 = 4 << 20;

fn side_tables(given: &[String]) -> Result<Vec<(Name, Vec<u8>)>, CliError> {
    let read = |(name, path): (String, String)| Ok((Name::parse(&name)?, read_bytes(Path::new(&path), SIDE_TABLE_BYTES_MAX)?));
    pairs(given)?.into_iter().map(read).collect()
}

/// What a release says where exact tables of its lineage left before.
const EXACT_TABLES: (&str, &str) = (
    "Exact tables of this lineage were published before, under disclosure control; what they tell is not covered by this epsilon.",
    "该谱系此前已在披露控制下发布精确表格；其泄露的信息不在此 epsilon 的保障之内。",
);

/// `tidegate quote`.
pub(crate) fn quote(domain: &Path, question: QuestionArguments, wish: Option<&str>, output: Output) -> Result<(), CliError> {
    let parse = |wish: &str| {
        let (statistic, error) = pairs(&[wish.to_owned()])?.remove(0);
        let error_95 = error.parse().ok().filter(|error: &f64| *error > 0.0);
        let error_95 = error_95.ok_or(CliError::NotAnError { text: error })?;
        Ok::<_, CliError>(Wish { statistic: Name::parse(&statistic)?, error_95 })
    };
    let wish = wish.map(parse).transpose()?;
    let view: QuoteView = ask(domain, &Request::Quote(question.question()?, wish))?;
    output.show(&view, |view| show_quote(view, output));
    Ok(())
}

pub(crate) fn show_quote(view: &QuoteView, output: Output) {
    show_price(&view.price, output);
    let share = |share: Option<f64>| {
        share.map_or_else(|| output.pick("nothing is left", "已无剩余").to_owned(), |share| format!("{:.1} %", share * 100.0))
    };
    println!("{} {}", output.pick("Share of what the lineage has left:", "占谱系剩余预算："), share(view.share_of_lineage_left));
    println!("{} {}", output.pick("Share of what the grant has left:", "占授权剩余份额："), share(view.share_of_grant_left));
    println!("{} {} s", output.pick("Visible after:", "可见等待："), view.slot_seconds);
    show_slot(&view.slot, output);
    if view.stored {
        println!(
            "{}",
            output.pick("This question was answered before: running it again costs nothing.", "该问题已有答案：再次运行不计费。")
        );
    }
    if view.rounds_max > 1 {
        println!("{} {}", output.pick("Rounds at most, each with a slot of its own:", "最多轮数（每轮各有时段）："), view.rounds_max);
    }
    let mut table = output.table(&[("statistic", "统计量"), ("estimate", "估计量"), ("expected 95 % error", "预计 95 % 误差")]);
    for error in &view.errors {
        table.add_row([error.statistic.to_string(), error.estimate.clone(), number(error.error_95)]);
    }
    println!("{table}");
    if let Some(wanted) = &view.wanted {
        let epsilon = wanted.epsilon.map_or_else(|| output.pick("more than 100", "超过 100").to_owned(), number);
        let (needs, of) = (output.pick("needs epsilon", "所需 epsilon"), output.pick("An error of", "误差"));
        println!("{of} {} ({}) {needs} {epsilon}", number(wanted.error_95), wanted.statistic);
    }
}

/// What the slot is made of, and how less of it would be had.
fn show_slot(slot: &SlotView, output: Output) {
    let parts = &slot.parts_milliseconds;
    let named = [
        (parts.calls, output.pick("calls", "调用")),
        (parts.pages, output.pick("pages of memory", "内存页")),
        (parts.rows, output.pick("rows", "行")),
        (parts.answers, output.pick("answers", "应答")),
        (parts.fuel, output.pick("fuel", "燃料")),
        (parts.noise, output.pick("noise", "噪声")),
        (parts.conclude, output.pick("conclusion", "收尾")),
        (parts.fixed, output.pick("start and log", "启动与日志")),
    ];
    let seconds = |milliseconds: u64| number(milliseconds as f64 / 1e3);
    let said: Vec<String> = named.iter().filter(|(time, _)| *time > 0).map(|(time, name)| format!("{name} {} s", seconds(*time))).collect();
    println!("  {}", said.join(output.pick(", ", "，")));
    let mut table = output.table(&[("fuel per unit", "每单元燃料"), ("memory", "内存"), ("visible after", "可见等待")]);
    for less in slot.shorter.iter().filter(|less| less.fuel_per_unit < slot.fuel_per_unit || less.memory_bytes < slot.memory_bytes) {
        let memory = format!("{} KiB", less.memory_bytes.div_ceil(1_024));
        table.add_row([less.fuel_per_unit.to_string(), memory, format!("{} s", less.slot_seconds)]);
    }
    println!("{}", output.pick("  The same module with less would have its result after:", "  同一模型若声明更少资源，可见等待为："));
    println!("{table}");
    if !slot.calibrated {
        println!("{}", output.pick(NOT_CALIBRATED.0, NOT_CALIBRATED.1));
    }
}

fn show_price(price: &PriceView, output: Output) {
    println!("{} epsilon {} (delta {:e}), rho {}", output.pick("Price:", "价格："), number(price.epsilon), price.delta, number(price.rho));
}

/// `tidegate run`.
pub(crate) fn run(domain: &Path, question: QuestionArguments, output: Output) -> Result<(), CliError> {
    let question = question.question()?;
    let shown: Shown = run_question(&mut Keeper::start(domain)?, question, output)?;
    output.show(&shown, |shown| show(shown, output));
    Ok(())
}

/// Runs a question and shows time against its slot: never what is done, only how long until the slot.
pub(crate) fn run_question<T: DeserializeOwned>(keeper: &mut Keeper, question: Question, output: Output) -> Result<T, CliError> {
    let bar = ProgressBar::hidden();
    let shown = keeper.ask_meanwhile(&Request::Run(question), &[], |reply| {
        if let Reply::Admitted(admitted) = reply {
            announce(&admitted, &bar, output);
        }
    });
    bar.finish_and_clear();
    shown
}

fn announce(admitted: &Admitted, bar: &ProgressBar, output: Output) {
    if output.json {
        return;
    }
    let verb = match (admitted.continued, admitted.paid) {
        (true, _) => output.pick("continued at no new price", "继续运行，不再计费"),
        (false, true) => output.pick("admitted and paid", "已准入并计费"),
        (false, false) => output.pick("admitted", "已准入"),
    };
    eprintln!("{} {} {verb}; {} {}", output.pick("Run", "运行"), admitted.run, output.pick("visible at", "可见时间"), admitted.slot);
    let style = ProgressStyle::with_template("{elapsed_precise} / {len} s {bar:40}").unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.set_style(style);
    bar.set_length(admitted.slot_seconds);
    bar.set_draw_target(indicatif::ProgressDrawTarget::stderr());
    let bar = bar.clone();
    // The bar follows the clock alone.
    std::thread::spawn(move || {
        while !bar.is_finished() {
            bar.set_position(bar.elapsed().as_secs());
            std::thread::sleep(Duration::from_millis(200));
        }
    });
}

/// `tidegate release`.
pub(crate) fn release(domain: &Path, command: ReleaseCommand, output: Output) -> Result<(), CliError> {
    let (run, round) = match command {
        ReleaseCommand::Show { run, round } => (run, round),
        ReleaseCommand::Effect { run, text } => {
            let view: EffectView = ask(domain, &Request::Effect { run, text })?;
            output.show(&view, |view| {
                println!(
                    "{} {} ({} {})",
                    output.pick("Effect stated of run", "已填报应用成效，运行"),
                    view.run,
                    output.pick("log entry", "日志条目"),
                    view.log_position
                );
            });
            return Ok(());
        }
    };
    let shown: Shown = ask(domain, &Request::ReleaseShow { run, round })?;
    output.show(&shown, |shown| show(shown, output));
    Ok(())
}

fn show(shown: &Shown, output: Output) {
    match shown {
        Shown::Tables(shown) => tables::show(shown, output),
        Shown::Release(shown) => show_release(shown, output),
    }
}

/// Entries of a vector that are shown to people.
const ENTRIES_SHOWN: usize = 20;

/// A measure with what the manifest says of it, on one line.
fn describe(measure: &Measure) -> String {
    let said = serde_json::to_value(measure).unwrap_or_default();
    let fields = said.as_object().into_iter().flatten().filter(|(name, value)| *name != "measure" && !value.is_null() && **value != false);
    let fields: Vec<String> = fields.map(|(name, value)| format!("{name} {value}")).collect();
    [said["measure"].as_str().unwrap_or_default().to_owned()]
        .into_iter()
        .chain(fields)
        .collect::<Vec<_>>()
        .join(", ")
        .chars()
        .take(160)
        .collect()
}

const WIDEN: (&str, &str) = (
    "units were clamped, beyond what noise explains: the answer is too small in size. Widen `bounds`, or use `automatic`",
    "有单元被截断，且超出噪声所能解释的范围：结果的绝对值偏小。请放宽 `bounds`，或使用 `automatic`",
);
const TIGHTEN: (&str, &str) = (
    "nothing shows that any unit was clamped: narrower `bounds` would mean less noise",
    "没有迹象表明有单元被截断：更窄的 `bounds` 噪声更小",
);

pub(crate) fn show_release(shown: &ReleaseShown, output: Output) {
    if shown.stored {
        println!("{}", output.pick("Stored answer, no new price.", "已存答案，不再计费。"));
    }
    show_statistics(&shown.release, output);
    println!(
        "{} {} / {}",
        output.pick("Log position / size covered by the checkpoint:", "日志位置 / 检查点覆盖的条目数："),
        shown.log_position,
        shown.checkpoint_size
    );
}

/// What was released, without where it stands in the log.
pub(crate) fn show_statistics(release: &ReleaseView, output: Output) {
    println!(
        "{} {}: {} v{}, {} ({})",
        output.pick("Release of run", "运行结果"),
        release.run,
        release.dataset,
        release.version,
        release.module_name,
        release.operator
    );
    show_price(&release.price, output);
    for notice in &release.notice {
        println!("{} {} ({})", output.pick("Source:", "来源："), notice.source, notice.acquired);
    }
    if release.round.reserved > 1 {
        let of = output.pick("of at most", "最多");
        println!("{} {} ({of} {})", output.pick("Round", "轮次"), release.round.number, release.round.reserved);
    }
    for statistic in &release.statistics {
        println!("\n{} ({}, {:?})", statistic.statistic, describe(&statistic.measure), statistic.mechanism);
        if let Some([lower, upper]) = statistic.chosen_bounds {
            println!("  {} [{}, {}]", output.pick("bounds that the first round chose:", "首轮所选界限："), number(lower), number(upper));
        }
        match statistic.advice {
            Some(Advice::Widen) => println!("  {}", output.pick(WIDEN.0, WIDEN.1)),
            Some(Advice::Tighten) => println!("  {}", output.pick(TIGHTEN.0, TIGHTEN.1)),
            None => {}
        }
        for noise in &statistic.noise {
            println!("  {} {}: {}", output.pick("noise scale of", "噪声尺度："), noise.part, number(noise.scale));
        }
        let mut table = output.table(&[("group", "分组"), ("estimate", "估计量"), ("value", "值"), ("95 % interval", "95 % 区间")]);
        for group in &statistic.groups {
            for estimate in &group.estimates {
                let key = group.key.clone().unwrap_or_default();
                let interval = format!("[{}, {}]", number(estimate.lower), number(estimate.upper));
                table.add_row([key, estimate.name.clone(), number(estimate.value), interval]);
            }
            if let Some(vector) = &group.vector {
                for (entry, value) in vector.values.iter().enumerate().take(ENTRIES_SHOWN) {
                    let interval = format!("[{}, {}]", number(value - vector.half_width), number(value + vector.half_width));
                    table.add_row([String::new(), format!("{} {entry}", output.pick("entry", "分量")), number(*value), interval]);
                }
                if let Some(more) = vector.values.len().checked_sub(ENTRIES_SHOWN).filter(|more| *more > 0) {
                    table.add_row([
                        String::new(),
                        format!("{} {more} (--json)", output.pick("more:", "其余：")),
                        String::new(),
                        String::new(),
                    ]);
                }
            }
        }
        println!("{table}");
    }
    if !release.report.is_empty() {
        let mut table = output.table(&[("derived by the module", "模型推导"), ("value", "值")]);
        for finding in &release.report {
            table.add_row([finding.name.clone(), number(finding.value)]);
        }
        println!("\n{table}");
    }
    if release.failure.is_some() {
        let failed =
            ("The module's `conclude` failed on this release; the run ended here.", "模型的 `conclude` 在此结果上失败；运行到此结束。");
        println!("{}", output.pick(failed.0, failed.1));
    }
    if release.exact_tables_released {
        println!("{}", output.pick(EXACT_TABLES.0, EXACT_TABLES.1));
    }
    println!("{}", output.pick("Intervals cover the clamped statistic, not sampling error.", "区间覆盖截断后的统计量，不含抽样误差。"));
}

/// `tidegate budget`.
pub(crate) fn budget(domain: &Path, command: BudgetCommand, output: Output) -> Result<(), CliError> {
    let BudgetCommand::Show { dataset } = command;
    let view: BudgetView = ask(domain, &Request::BudgetShow { dataset })?;
    output.show(&view, |view| show_budget(view, output));
    Ok(())
}

pub(crate) fn show_budget(view: &BudgetView, output: Output) {
    println!("{} {}", output.pick("Lineage", "谱系"), view.lineage);
    println!(
        "{} epsilon {} / {} (delta {:e}), rho {} / {}",
        output.pick("Spent:", "已用："),
        number(view.epsilon_spent),
        number(view.epsilon_cap),
        view.delta,
        number(view.spent),
        number(view.cap)
    );
    let mut table = output.table(&[
        ("run", "运行"),
        ("admitted", "准入时间"),
        ("model", "模型"),
        ("epsilon alone", "单独 epsilon"),
        ("rho", "rho"),
        ("released", "已发布"),
    ]);
    for line in &view.lines {
        table.add_row([
            line.run.clone(),
            line.at.clone(),
            line.module.short(),
            number(line.epsilon),
            number(line.rho),
            output.pick(if line.released { "yes" } else { "no" }, if line.released { "是" } else { "否" }).to_owned(),
        ]);
    }
    println!("{table}");
}
