//! What slots are computed from on this machine: measured, or guessed with caution.

use crate::front::{CliError, ask};
use crate::output::{Output, number};
use std::path::Path;
use tidegate_service::children::Programs;
use tidegate_service::{Calibration, CalibrationView, Request, measure_machine, this_machine};
use tidegate_terms::Rates;

/// The calibration in force, or a new one. Without a domain a new one is shown and nothing is kept.
pub(super) fn known(domain: &Path, programs: &Programs, measure: bool) -> Result<Option<CalibrationView>, CliError> {
    let in_domain = domain.join("domain.json").exists();
    match (in_domain, measure) {
        (true, true) => ask(domain, &Request::Calibration { measure }).map(Some),
        // Another process may be using the domain, and whoever looks at walls need not wait for it.
        (true, false) => Ok(ask(domain, &Request::Calibration { measure }).ok()),
        (false, true) => {
            let calibration = measure_machine(programs)?;
            Ok(Some(CalibrationView { calibrated: true, log_position: None, calibration }))
        }
        (false, false) => {
            let engine = tidegate_sandbox::engine_digest().map_err(|error| CliError::NoKeeper { detail: error.to_string() })?;
            let calibration = Calibration { engine, machine: this_machine(), rates: Rates::cautious() };
            Ok(Some(CalibrationView { calibrated: false, log_position: None, calibration }))
        }
    }
}

/// What is said where nobody measured.
pub(crate) const NOT_CALIBRATED: (&str, &str) = (
    "Not calibrated on this machine: slots are computed from cautious numbers; `tidegate doctor --calibrate` measures it.",
    "本机尚未校准：时段按保守数值计算；请用 `tidegate doctor --calibrate` 测量。",
);

pub(super) fn show(view: &CalibrationView, output: Output) {
    let Calibration { engine, machine, rates } = &view.calibration;
    let of = output.pick("What slots are computed from:", "时段的计算依据：");
    println!("{of} {} ({}, {})", machine.processor, machine.architecture, machine.cores);
    println!("{} {}", output.pick("Engine:", "引擎："), engine.short());
    match (view.calibrated, view.log_position) {
        (true, Some(position)) => println!("{} {position}", output.pick("Measured; entry of the log:", "已测量；日志条目：")),
        (true, None) => {
            println!("{}", output.pick("Measured; not kept, as there is no domain here.", "已测量；此处没有数据域，结果未保存。"))
        }
        (false, _) => println!("{}", output.pick(NOT_CALIBRATED.0, NOT_CALIBRATED.1)),
    }
    let mut table = output.table(&[("memory and code up to", "内存与代码不超过"), ("worst time of a unit of fuel", "单位燃料最坏耗时")]);
    for rate in &rates.memory {
        table
            .add_row([format!("{} KiB", number(rate.bytes as f64 / 1024.0)), format!("{} ns", number(rate.fuel_picoseconds as f64 / 1e3))]);
    }
    println!("{table}");
    let mut table = output.table(&[("at worst", "最坏耗时"), ("time", "时间")]);
    let microseconds = |nanoseconds: u64| format!("{} µs", number(nanoseconds as f64 / 1e3));
    let nanoseconds = |picoseconds: u64| format!("{} ns", number(picoseconds as f64 / 1e3));
    table.add_row([output.pick("a fresh call", "一次全新调用").to_owned(), microseconds(rates.call_nanoseconds)]);
    let item = output.pick("a global, element or link of an instance", "实例的一个全局量、表元素或连接").to_owned();
    table.add_row([item, microseconds(rates.item_nanoseconds)]);
    table.add_row([output.pick("a page of memory", "一页内存").to_owned(), microseconds(rates.page_nanoseconds)]);
    table.add_row([output.pick("a byte of rows", "一字节行数据").to_owned(), nanoseconds(rates.row_byte_picoseconds)]);
    table.add_row([output.pick("a byte of an answer", "一字节应答").to_owned(), nanoseconds(rates.answer_byte_picoseconds)]);
    table.add_row([output.pick("noise of a total", "一个总数的噪声").to_owned(), microseconds(rates.total_nanoseconds)]);
    table.add_row([output.pick("the rest of a run", "运行的其余部分").to_owned(), format!("{} ms", rates.fixed_milliseconds)]);
    println!("{table}");
}
