//! `tidegate dataset`.

use crate::args::DatasetCommand;
use crate::commands::{custody, usage};
use crate::front::{CliError, Keeper, ask, read_text, table_file};
use crate::output::{Output, number};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use tidegate_engine::write_mock;
use tidegate_service::view::{DatasetView, ImportView, OverlapView};
use tidegate_service::{Reply, Request};
use tidegate_shards::{ImportProgress, TableReport};
use tidegate_terms::{ColumnType, Name, PublicSchema};

/// Runs a `dataset` command.
pub(crate) fn run(domain: &Path, command: DatasetCommand, output: Output) -> Result<(), CliError> {
    match command {
        DatasetCommand::Add { name, schema, policy, data } => {
            let view = add(domain, name, &schema, &policy, &data, output)?;
            output.show(&view, |view| report(view, output));
            Ok(())
        }
        DatasetCommand::Mock { schema, dataset, units, seed, out } => {
            let schema = public_schema(domain, schema, dataset)?;
            let view = mock(&schema, units, seed, &out)?;
            output.show(&view, |view| show_mock(view, output));
            Ok(())
        }
        DatasetCommand::List => {
            let views: Vec<DatasetView> = ask(domain, &Request::DatasetList)?;
            output.show(&views, |views| list(views, output));
            Ok(())
        }
        DatasetCommand::Show { name } => {
            let view: DatasetView = ask(domain, &Request::DatasetShow { dataset: name })?;
            output.show(&view, |view| show(view, output));
            Ok(())
        }
        DatasetCommand::Report { name } => {
            let view: ImportView = ask(domain, &Request::DatasetReport { dataset: name })?;
            output.show(&view, |view| report(view, output));
            Ok(())
        }
        DatasetCommand::Overlap { name } => {
            let view: OverlapView = ask(domain, &Request::DatasetOverlap { dataset: name })?;
            output.show(&view, |view| overlap(view, output));
            Ok(())
        }
        DatasetCommand::Seal { name, version, reason } => custody::seal(domain, name, version, reason, true, output),
        DatasetCommand::Unseal { name, version, reason } => custody::seal(domain, name, version, reason, false, output),
        DatasetCommand::Destroy { name, version, reason, witness } => {
            custody::certificate(domain, &Request::VersionDestroy { dataset: name, version, reason, witness }, output)
        }
        DatasetCommand::Certificate { name, version } => {
            custody::certificate(domain, &Request::VersionCertificate { dataset: name, version }, output)
        }
        DatasetCommand::Usage { name, csv } => usage::run(domain, name, csv, output),
    }
}

fn add(domain: &Path, dataset: Name, schema: &Path, policy: &Path, data: &[String], output: Output) -> Result<ImportView, CliError> {
    let (schema, policy) = (read_text(schema)?, read_text(policy)?);
    let files = files(&schema, data)?;
    let bar = ProgressBar::new(0).with_style(style());
    if output.json {
        bar.set_draw_target(indicatif::ProgressDrawTarget::hidden());
    }
    let request = Request::DatasetAdd { dataset, schema, policy, files };
    let view = Keeper::start(domain)?.ask_meanwhile(&request, &[], |reply| {
        let (done, of) = match reply {
            Reply::Importing(ImportProgress::Reading { position, end, .. }) => (position, end),
            Reply::Importing(ImportProgress::Writing { shards, shard_count }) => (u64::from(shards), u64::from(shard_count)),
            _ => return,
        };
        bar.set_length(of.max(1));
        bar.set_position(done);
    });
    bar.finish_and_clear();
    view
}

/// The schema in a file, or that of a mounted dataset.
pub(crate) fn public_schema(domain: &Path, file: Option<PathBuf>, dataset: Option<Name>) -> Result<PublicSchema, CliError> {
    match (file, dataset) {
        (Some(file), _) => Ok(PublicSchema::parse(&read_text(&file)?)?),
        (None, Some(dataset)) => Ok(ask::<DatasetView>(domain, &Request::DatasetShow { dataset })?.schema),
        (None, None) => Err(CliError::NotAPair { text: "--schema".into() }),
    }
}

/// A file of made-up rows.
#[derive(Serialize)]
struct MockFile {
    table: Name,
    path: PathBuf,
    rows: u64,
}

fn mock(schema: &PublicSchema, units: u64, seed: u64, out: &Path) -> Result<Vec<MockFile>, CliError> {
    std::fs::create_dir_all(out).map_err(|error| CliError::file(out, &error))?;
    let paths: Vec<PathBuf> = schema.tables.iter().map(|table| out.join(format!("{}.csv", table.name))).collect();
    if let Some(path) = paths.iter().find(|path| path.exists()) {
        return Err(CliError::Exists { path: path.display().to_string() });
    }
    let create = |path: &PathBuf| File::create_new(path).map(BufWriter::new).map_err(|error| CliError::file(path, &error));
    let mut files = paths.iter().map(create).collect::<Result<Vec<_>, _>>()?;
    let written = match write_mock(schema, units, seed, &mut files) {
        Ok(written) => written,
        Err(error) => {
            // They were made just above; half of one is of no use.
            paths.iter().for_each(|path| drop(std::fs::remove_file(path)));
            return Err(error.into());
        }
    };
    let tables = schema.tables.iter().zip(paths).zip(written);
    Ok(tables.map(|((table, path), rows)| MockFile { table: table.name.clone(), path, rows }).collect())
}

fn show_mock(files: &[MockFile], output: Output) {
    println!("{}", output.pick("Made-up data from the public schema; no shard was opened.", "数据由公开模式模拟生成；未打开任何分片。"));
    let mut table = output.table(&[("table", "表"), ("rows", "行数"), ("file", "文件")]);
    for file in files {
        table.add_row([file.table.to_string(), file.rows.to_string(), file.path.display().to_string()]);
    }
    println!("{table}");
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{elapsed_precise} {bar:40} {percent} %").unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// Which file belongs to which table; with one table, its name need not be given.
fn files(schema: &str, data: &[String]) -> Result<Vec<(Name, PathBuf)>, CliError> {
    let schema = PublicSchema::parse(schema)?;
    let file = |text: &String| {
        let (table, path) = table_file(text);
        let table = match (table, schema.tables.as_slice()) {
            (Some(table), _) => Name::parse(table)?,
            (None, [only]) => only.name.clone(),
            (None, _) => return Err(CliError::TableNeeded { text: text.clone() }),
        };
        let path = std::path::absolute(&path).map_err(|error| CliError::file(&path, &error))?;
        Ok((table, path))
    };
    data.iter().map(file).collect()
}

fn list(views: &[DatasetView], output: Output) {
    let heads = [
        ("dataset", "数据集"),
        ("version", "版本"),
        ("lineage", "谱系"),
        ("units (declared, at most)", "单元数（申报上界）"),
        ("title", "名称"),
    ];
    let mut table = output.table(&heads);
    for view in views {
        let schema = &view.schema;
        table.add_row([
            view.dataset.to_string(),
            view.version.to_string(),
            schema.lineage.to_string(),
            schema.units_max.to_string(),
            schema.title.get(output.language).to_owned(),
        ]);
    }
    println!("{table}");
}

/// Declared bounds only: nothing here was counted.
fn show(view: &DatasetView, output: Output) {
    let (schema, policy) = (&view.schema, &view.policy);
    println!("{} v{}: {}", view.dataset, view.version, schema.title.get(output.language));
    println!("{} {} ({})", output.pick("Source:", "来源："), schema.source, schema.acquired);
    println!(
        "{} {:?}, {} {}",
        output.pick("Privacy unit:", "隐私单元："),
        schema.privacy_unit.kind,
        output.pick("declared at most", "申报上界"),
        schema.units_max
    );
    println!(
        "{} epsilon {} ({} {}), delta {:e}, {:?}",
        output.pick("Policy:", "策略："),
        policy.lifetime_epsilon.get(),
        output.pick("per run at most", "单次最多"),
        policy.run_epsilon_max.get(),
        policy.delta.get(),
        policy.visibility
    );
    for table in &schema.tables {
        println!("\n{} ({} {})", table.name, output.pick("rows per unit at most", "每单元行数上界"), table.rows_per_unit_max);
        let mut columns = output.table(&[
            ("column", "列"),
            ("type", "类型"),
            ("range", "范围"),
            ("may be missing", "可缺失"),
            ("outside the range", "越界时"),
        ]);
        for column in &table.columns {
            let (kind, range) = kind(&column.kind);
            columns.add_row([column.name.to_string(), kind.into(), range, column.nullable.to_string(), format!("{:?}", column.outside)]);
        }
        println!("{columns}");
    }
}

fn kind(kind: &ColumnType) -> (&'static str, String) {
    match kind {
        ColumnType::Integer { minimum, maximum } => ("integer", format!("[{minimum}, {maximum}]")),
        ColumnType::Float { minimum, maximum } => ("float", format!("[{}, {}]", number(*minimum), number(*maximum))),
        ColumnType::Text { bytes_max } => ("text", format!("<= {bytes_max} B")),
        ColumnType::Boolean {} => ("boolean", String::new()),
        ColumnType::Date { minimum, maximum } => ("date", format!("[{minimum}, {maximum}]")),
        ColumnType::Category { categories } => ("category", format!("{} keys", categories.len())),
    }
}

/// Exact counts: for the provider alone.
fn report(view: &ImportView, output: Output) {
    let report = &view.report;
    println!("{} v{}", view.dataset, view.version);
    println!(
        "{}",
        output.pick(
            "This report has exact counts. It is for the provider alone and never leaves the domain.",
            "本报告含精确计数，仅供数据提供部门，不得离开数据域。"
        )
    );
    println!("{} {}, {} {}", output.pick("units", "单元"), report.units, output.pick("rows kept", "保留行数"), report.rows);
    for table in &report.tables {
        report_table(table, output);
    }
}

/// Exact counts: for the authority alone.
fn overlap(view: &OverlapView, output: Output) {
    println!("{} v{} ({} {})", view.dataset, view.version, output.pick("lineage", "谱系"), view.lineage);
    println!(
        "{}",
        output.pick(
            "Exact counts, for the authority alone. Lineages that are one population should be one lineage: each has a budget of its own, and who is in several bears their sum.",
            "以下为精确计数，仅供主管部门。同一人群应归为同一谱系：各谱系预算独立，同属多个谱系者承担其总和。"
        )
    );
    println!("{} {}", output.pick("units", "单元"), view.units);
    let heads = [("lineage", "谱系"), ("dataset", "数据集"), ("version", "版本"), ("units in both", "重合单元数")];
    let mut table = output.table(&heads);
    for other in &view.overlaps {
        table.add_row([other.lineage.to_string(), other.dataset.to_string(), other.version.to_string(), other.units.to_string()]);
    }
    println!("{table}");
}

fn report_table(report: &TableReport, output: Output) {
    println!("\n{} ({} {})", report.table, output.pick("rows read", "读取行数"), report.rows_read);
    let lines = [
        (output.pick("rows kept", "保留行数"), report.rows_kept),
        (output.pick("rows without an identifier", "无标识行数"), report.identifiers_missing),
        (output.pick("rows dropped: outside the range", "因越界丢弃的行数"), report.rows_dropped_outside),
        (output.pick("rows dropped: missing value", "因缺失丢弃的行数"), report.rows_dropped_missing),
        (output.pick("rows dropped: too many for one unit", "因单元行数超限丢弃的行数"), report.rows_dropped_excess),
        (output.pick("exact duplicates kept", "保留的完全重复行数"), report.duplicates),
        (output.pick("most rows of one unit", "单个单元最多行数"), report.rows_per_unit.largest),
    ];
    let mut counts = output.table(&[("what", "项目"), ("count", "数量")]);
    for (what, count) in lines {
        counts.add_row([what.to_owned(), count.to_string()]);
    }
    println!("{counts}");
    let mut spread = output.table(&[("rows per unit", "每单元行数"), ("units", "单元数")]);
    for (power, units) in report.rows_per_unit.buckets.iter().enumerate() {
        spread.add_row([format!("{} – {}", 1u64 << power, (2u64 << power) - 1), units.to_string()]);
    }
    println!("{spread}");
    let heads = [
        ("column", "列"),
        ("missing", "缺失"),
        ("outside, became missing", "越界后置缺失"),
        ("clamped", "截断"),
        ("became other", "归入其他"),
        ("row dropped", "丢弃该行"),
    ];
    let mut columns = output.table(&heads);
    for column in &report.columns {
        let outside = &column.outside;
        let counts = [column.missing, outside.became_missing, outside.clamped, outside.became_other, outside.row_dropped];
        columns.add_row(std::iter::once(column.column.clone()).chain(counts.map(|count| count.to_string())));
    }
    println!("{columns}");
    if !report.columns_unknown.is_empty() {
        println!(
            "{} {}",
            output.pick("Columns of the file that the schema does not name:", "文件中模式未列出的列："),
            report.columns_unknown.join(", ")
        );
    }
}
