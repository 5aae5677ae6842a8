//! Exact tables, for people.

use crate::output::{Output, number};
use comfy_table::Row;
use tidegate_gate::{Published, Shown};
use tidegate_service::view::TablesShown;
use tidegate_terms::Message as _;

/// Shows the tables of a reviewed run. What they are, and what they are not, stands above and below.
pub(crate) fn show(shown: &TablesShown, output: Output) {
    let view = &shown.tables;
    println!(
        "{} {}: {} v{}, {} ({})",
        output.pick("Exact tables of run", "精确表格，运行"),
        view.run,
        view.dataset,
        view.version,
        view.module_name,
        view.operator
    );
    if shown.stored {
        println!("{}", output.pick("Stored answer.", "已存答案。"));
    }
    println!("{}", view.statement.get(output.language));
    for notice in &view.notice {
        println!("{} {} ({})", output.pick("Source:", "来源："), notice.source, notice.acquired);
    }
    println!("{} {}", output.pick("Approved by", "批准人："), view.approvers.join(", "));
    for outcome in &view.tables {
        println!("\n{}", outcome.table);
        match (&outcome.published, &outcome.refused) {
            (Some(published), _) => show_cells(published, outcome.step, output),
            (None, Some(refusal)) => {
                println!("{} {}", output.pick("Not released:", "未发布："), refusal.say(output.language));
                println!("{}", output.pick("That it was not released depends on data.", "未发布这一事实取决于数据。"));
            }
            (None, None) => {}
        }
    }
    println!("\n{}", view.statement.get(output.language));
    println!(
        "{} {} / {}",
        output.pick("Log position / size covered by the checkpoint:", "日志位置 / 检查点覆盖的条目数："),
        shown.log_position,
        shown.checkpoint_size
    );
}

fn show_cells(published: &Published, step: f64, output: Output) {
    let total = || output.pick("total", "合计").to_owned();
    let columns: Vec<String> = match &published.columns {
        Some(columns) => columns.keys.iter().cloned().chain([total()]).collect(),
        None => vec![output.pick("value", "值").to_owned()],
    };
    let mut table = output.table(&[]);
    let head = match &published.columns {
        Some(columns) => format!("{} / {}", published.rows.dimension, columns.dimension),
        None => published.rows.dimension.clone(),
    };
    table.set_header(Row::from([vec![head], columns].concat()));
    for (key, cells) in published.rows.keys.iter().cloned().chain([total()]).zip(&published.cells) {
        let cells = cells.iter().map(|cell| match cell {
            Shown::Value(steps) => number(*steps as f64 * step),
            Shown::Suppressed => output.pick("suppressed", "抑制").to_owned(),
        });
        table.add_row([key].into_iter().chain(cells));
    }
    println!("{table}");
}
