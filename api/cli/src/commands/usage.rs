//! `tidegate dataset usage`: the usage log of Shuangyashan Art. 20, for people, as JSON or as CSV.

use crate::front::{CliError, ask};
use crate::output::Output;
use std::path::Path;
use tidegate_service::{Request, UsageView};
use tidegate_terms::Name;

/// Part, entry, instant, what it is about, and what happened.
type Line = [String; 5];

const SCENARIO: (&str, &str) = ("scenario", "应用场景");
const EFFECT: (&str, &str) = ("effect", "应用成效");
const PROCESS: (&str, &str) = ("process", "使用过程");
const STORAGE: (&str, &str) = ("storage", "存储情况");
const DESTRUCTION: (&str, &str) = ("destruction", "销毁情况");

/// Shows the usage of a dataset.
pub(crate) fn run(domain: &Path, dataset: Name, csv: bool, output: Output) -> Result<(), CliError> {
    let view: UsageView = ask(domain, &Request::Usage { dataset })?;
    if csv && !output.json {
        println!("{}", ["part", "entry", "at", "subject", "detail"].join(","));
        lines(&view, output).iter().for_each(|line| println!("{}", line.each_ref().map(|field| quoted(field)).join(",")));
        return Ok(());
    }
    output.show(&view, |view| {
        let heads = [("part", "部分"), ("entry", "条目"), ("at", "时间"), ("subject", "对象"), ("detail", "内容")];
        let mut table = output.table(&heads);
        for line in lines(view, output) {
            table.add_row(line);
        }
        println!("{} {}\n{table}", output.pick("Usage of", "使用日志："), view.dataset);
    });
    Ok(())
}

fn lines(view: &UsageView, output: Output) -> Vec<Line> {
    let line = |part: (&str, &str), entry: u64, at: &str, subject: String, detail: String| {
        [output.pick(part.0, part.1).to_owned(), entry.to_string(), at.to_owned(), subject, detail]
    };
    let forgotten = output.pick("forgotten under retention", "已按保存期限清除");
    let mut lines = Vec::new();
    for grant in &view.scenarios {
        let revoked = grant.revoked_at.as_ref().map(|at| format!(" ({} {at})", output.pick("revoked", "撤销于"))).unwrap_or_default();
        let detail = format!("{}: {}; {} – {}{revoked}", grant.purpose, grant.columns.join(" "), grant.valid_from, grant.valid_until);
        lines.push(line(SCENARIO, grant.entry, &grant.at, format!("{} {}", grant.operator, grant.grant), detail));
    }
    for effect in &view.effects {
        let text = effect.text.clone().unwrap_or_else(|| forgotten.to_owned());
        lines.push(line(EFFECT, effect.entry, &effect.at, effect.run.clone(), text));
    }
    for step in &view.process {
        let detail = format!("{}; v{}; {} {}", step.step, step.version, output.pick("model", "模型"), step.module.short());
        lines.push(line(PROCESS, step.entry, &step.at, step.run.clone(), detail));
    }
    for step in &view.storage {
        lines.push(line(STORAGE, step.entry, &step.at, format!("v{}", step.version), step.step.clone()));
    }
    for gone in &view.destruction {
        let files = output.pick("files", "个文件");
        let detail = format!("{}; {}; {} {files}", gone.reason, gone.witness, gone.files);
        lines.push(line(DESTRUCTION, gone.entry, &gone.at, format!("v{}", gone.version), detail));
    }
    lines
}

/// A field of CSV. One that begins like a formula is held as text, so that no spreadsheet computes it.
fn quoted(field: &str) -> String {
    let guard = if field.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    format!("\"{guard}{}\"", field.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_cannot_end_its_row_or_be_a_formula() {
        assert_eq!(quoted("a \"b\", c"), "\"a \"\"b\"\", c\"");
        assert_eq!(quoted("=1+1"), "\"'=1+1\"");
    }
}
