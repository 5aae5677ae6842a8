//! Products, for people.

use super::text;
use crate::output::Output;
use tidegate_log::ProductStepKind as Kind;
use tidegate_service::products::{Delivered, ExportView, ProductRecord, ProductView, Stage, Trace};
use tidegate_terms::Language;

fn stage_name(stage: Stage, output: Output) -> &'static str {
    let names = match stage {
        Stage::Applied => ("applied", "申请"),
        Stage::Accepted => ("accepted", "受理"),
        Stage::Reviewed => ("reviewed", "形式审核"),
        Stage::Notice => ("public notice", "公示"),
        Stage::Coded => ("coded", "赋码"),
        Stage::Refused => ("refused", "不予登记"),
        Stage::Withdrawn => ("withdrawn", "注销"),
        Stage::Revoked => ("revoked", "撤销"),
    };
    if output.language == Language::Chinese { names.1 } else { names.0 }
}

fn step_name(kind: Kind, output: Output) -> &'static str {
    let names = match kind {
        Kind::Accepted => ("accepted", "受理"),
        Kind::Reviewed => ("form review passed", "形式审核通过"),
        Kind::Notice => ("public notice", "公示"),
        Kind::Coded => ("coded", "赋码"),
        Kind::Refused => ("refused", "不予登记"),
        Kind::Objected => ("objection", "异议"),
        Kind::ObjectionUpheld => ("objection upheld", "异议成立"),
        Kind::ObjectionDismissed => ("objection dismissed", "异议不成立"),
        Kind::Withdrawn => ("withdrawn", "注销"),
        Kind::Revoked => ("revoked", "撤销"),
    };
    if output.language == Language::Chinese { names.1 } else { names.0 }
}

pub(super) fn stage(record: &ProductRecord, output: Output) {
    let title = text(&record.application.title, output.language);
    println!("{} {} ({title}): {}", output.pick("Product", "产品"), record.product, stage_name(record.stage, output));
}

pub(super) fn list(records: &[ProductRecord], output: Output) {
    let mut table = output.table(&[
        ("product", "产品"),
        ("title", "名称"),
        ("operator", "运营机构"),
        ("stage", "状态"),
        ("code", "编码"),
        ("until", "有效期至"),
        ("deliveries", "交付数"),
    ]);
    for record in records {
        table.add_row([
            record.product.clone(),
            text(&record.application.title, output.language).to_owned(),
            record.application.operator.to_string(),
            stage_name(record.stage, output).to_owned(),
            record.code.as_ref().map(|code| code.code.clone()).unwrap_or_default(),
            record.registered_until.clone().unwrap_or_default(),
            record.deliveries.to_string(),
        ]);
    }
    println!("{table}");
}

pub(super) fn product(view: &ProductView, output: Output) {
    let record = &view.record;
    stage(record, output);
    let application = &record.application;
    println!("{}", text(&application.description, output.language));
    println!("{} {}", output.pick("Scenario:", "应用场景："), text(&application.scenario, output.language));
    println!("{} {}", output.pick("Operator:", "运营机构："), application.operator);
    let rights = &application.rights;
    println!(
        "{} {} / {} / {}",
        output.pick("Holding / processing / operation right:", "持有权 / 加工使用权 / 经营权："),
        rights.holding,
        rights.processing,
        rights.operation
    );
    println!("{} {}.{:02} CNY", output.pick("Price:", "价格："), application.price.fen / 100, application.price.fen % 100);
    if let Some(code) = &record.code {
        println!("{} {} ({}, {})", output.pick("Code:", "登记编码："), code.code, code.issuer, code.scheme);
    }
    if let Some(until) = &record.registered_until {
        println!("{} {until}", output.pick("Registered until:", "登记有效期至："));
    }
    for source in &record.sources {
        println!("{} {} ({} {})", output.pick("Made of run", "所含运行："), source.run, output.pick("log", "日志"), source.position);
    }
    for input in &application.inputs {
        println!("{} {input}", output.pick("Made from product", "所用产品："));
    }
    let mut table = output.table(&[("step", "步骤"), ("by", "单位"), ("at", "时间"), ("opinion", "意见"), ("log", "日志位置")]);
    for step in &record.steps {
        table.add_row([
            step_name(step.kind, output).to_owned(),
            step.by.to_string(),
            step.at.clone(),
            step.opinion.clone().unwrap_or_default(),
            step.log_position.to_string(),
        ]);
    }
    println!("{table}");
    for acknowledged in &record.acknowledgements {
        println!("{} {} ({})", output.pick("Terms acknowledged by", "确认条款："), acknowledged.recipient, acknowledged.at);
    }
    println!("{} {}", output.pick("Deliveries:", "交付数："), record.deliveries);
    for deadline in &view.deadlines {
        println!("{} {}: {}", output.pick("Due:", "期限："), text(&deadline.what, output.language), deadline.due);
    }
}

pub(super) fn delivered(delivered: &Delivered, output: Output) {
    let delivery = &delivered.delivery;
    println!("{} {} → {}", output.pick("Delivery", "交付"), delivery.delivery, delivery.recipient);
    println!(
        "{} {} ({} {})",
        output.pick("Package:", "产品包："),
        delivered.package.display(),
        delivered.files,
        output.pick("files", "个文件")
    );
    println!("{} {}", output.pick("Log position:", "日志位置："), delivery.log_position);
}

pub(super) fn trace(trace: &Trace, output: Output) {
    for found in &trace.deliveries {
        let delivery = &found.delivery;
        println!("{} — {} {} → {}", found.path, output.pick("delivery", "交付"), delivery.delivery, delivery.recipient);
        println!("  {} {} ({})", output.pick("product", "产品"), delivery.product, found.operator);
        for step in &found.steps {
            println!("  {} {} ({})", step_name(step.kind, output), step.by, step.at);
        }
        for run in &found.runs {
            println!("  {} {} ({} {})", output.pick("run", "运行"), run.run, output.pick("log", "日志"), run.log_position);
            println!("    {} {} {} ({})", output.pick("module", "模型"), run.module_name, run.module, run.module_operator);
            for approver in &run.approvers {
                println!("    {} {approver}", output.pick("approved by", "批准人"));
            }
            for (dataset, version, grant) in &run.datasets {
                println!("    {} {dataset} v{version}, {} {grant}", output.pick("dataset", "数据集"), output.pick("grant", "授权"));
            }
        }
    }
}

/// The material is for Chinese registries: its titles have one language.
pub(super) fn export(view: &ExportView, output: Output) {
    println!("# {} {}\n", output.pick("Registration material of product", "产品登记材料："), view.product);
    for (number, (title, content)) in view.sections.iter().enumerate() {
        println!("## {}. {title}\n\n```json\n{}\n```\n", number + 1, serde_json::to_string_pretty(content).unwrap_or_default());
    }
}
