//! `index.html`: the package for people, in Chinese and English; no script, no external resource, everything escaped.

use crate::chart::{escaped, rounded, svg};
use crate::facts::Facts;
use crate::release::ReleaseContent;
use crate::table::Table;
use serde_json::Value;

/// Longer tables are cut on the page; the files have them whole.
const ROWS_MAX: usize = 200;

const STYLE: &str = "body{font-family:'Noto Sans CJK SC','Microsoft YaHei',sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b2b3a;\
line-height:1.5}table{border-collapse:collapse;margin:.5rem 0 1.5rem}td,th{border:1px solid #c5ced6;padding:.25rem .6rem;text-align:left}\
th{background:#eef2f5}code,pre{background:#f4f6f8;word-break:break-all;white-space:pre-wrap}h1,h2{color:#124}svg{max-width:100%;height:auto}\
.notice{border-left:4px solid #5b8fb9;padding:.3rem 1rem;background:#f4f8fb}";

fn row(out: &mut String, zh: &str, en: &str, value: &str) {
    out.push_str(&format!("<tr><th>{zh} / {en}</th><td>{}</td></tr>\n", escaped(value)));
}

fn heading(out: &mut String, zh: &str, en: &str) {
    out.push_str(&format!("<h2>{zh} / {en}</h2>\n"));
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "—".into(),
        Value::String(text) => text.clone(),
        Value::Number(number) => number.as_f64().map_or_else(|| number.to_string(), rounded),
        other => other.to_string(),
    }
}

/// Unescaped text of a wide serialised name, such as the form.
fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

pub(crate) fn page(facts: &Facts, contents: &[ReleaseContent], tables: &[Vec<Table>], privacy: &Value, terms: &str) -> String {
    let application = &facts.product.application;
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"zh-CN\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" \
         content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<title>{zh} / {en}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <h1>{zh}<br>{en}</h1>\n<p>{}<br>{}</p>\n",
        escaped(&application.description.zh),
        escaped(&application.description.en),
        zh = escaped(&application.title.zh),
        en = escaped(&application.title.en),
    );
    out.push_str("<div class=\"notice\">\n");
    for notice in contents.iter().flat_map(|content| content.notice()) {
        out.push_str(&format!(
            "<p>数据来源 / Source: {}<br>获取日期 / Acquired: {}</p>\n",
            escaped(&notice.source),
            escaped(&notice.acquired)
        ));
    }
    out.push_str("</div>\n");
    product(&mut out, facts);
    heading(&mut out, "数据", "Data");
    for table in tables.iter().flatten() {
        data(&mut out, table);
    }
    privacy_section(&mut out, privacy);
    provenance(&mut out, facts);
    heading(&mut out, "使用条款", "Terms of use");
    out.push_str(&format!("<pre>{}</pre>\n", escaped(terms)));
    heading(&mut out, "核验", "Verification");
    out.push_str("<p>方法见 <a href=\"VERIFY.md\">VERIFY.md</a>。 / See <a href=\"VERIFY.md\">VERIFY.md</a>.</p>\n</body>\n</html>\n");
    out
}

fn product(out: &mut String, facts: &Facts) {
    let (application, delivery) = (&facts.product.application, &facts.delivery);
    heading(out, "产品与交付", "Product and delivery");
    out.push_str("<table>\n");
    row(out, "产品编号", "Product", &facts.product.id);
    if let Some(code) = &facts.product.code {
        row(out, "登记编码", "Code", &format!("{} ({}, {})", code.code, code.issuer, code.scheme));
    }
    if let Some(until) = &facts.product.registered_until {
        row(out, "登记有效期至", "Registered until", until);
    }
    row(out, "产品形态", "Form", &word(&application.form));
    let class = match application.use_class {
        crate::UseClass::PublicGood => "公共治理、公益事业 / public good",
        crate::UseClass::Industry => "产业发展、行业发展 / industry",
    };
    row(out, "使用类别", "Use class", class);
    let price = format!("{}.{:02} CNY / {}", application.price.fen / 100, application.price.fen % 100, word(&application.price.metering));
    row(out, "价格", "Price", &price);
    row(out, "持有权", "Holding right", application.rights.holding.as_str());
    row(out, "加工使用权", "Processing right", application.rights.processing.as_str());
    row(out, "经营权", "Operation right", application.rights.operation.as_str());
    row(out, "接收方", "Recipient", &delivery.recipient);
    row(out, "数据交易机构", "Exchange", &delivery.exchange);
    row(out, "挂牌编号", "Listing", &delivery.listing);
    row(out, "合同编号", "Contract", &delivery.contract);
    row(out, "交付时间", "Delivered", &delivery.at);
    out.push_str("</table>\n");
}

fn data(out: &mut String, table: &Table) {
    out.push_str(&format!("<h3>{}</h3>\n{}\n", escaped(&table.title), svg(table)));
    out.push_str(&format!("<p>{}<br>{}</p>\n<table>\n<tr>", escaped(&table.remark.1), escaped(&table.remark.0)));
    for (name, _) in &table.columns {
        out.push_str(&format!("<th>{}</th>", escaped(name)));
    }
    out.push_str("</tr>\n");
    for row in 0..table.height().min(ROWS_MAX) {
        out.push_str("<tr>");
        for column in 0..table.columns.len() {
            out.push_str(&format!("<td>{}</td>", escaped(&table.cell(column, row).unwrap_or_default())));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</table>\n");
    for ending in ["csv", "json", "parquet"] {
        out.push_str(&format!("<a href=\"data/{0}.{ending}\">{ending}</a> ", escaped(&table.stem)));
    }
    out.push('\n');
}

fn privacy_section(out: &mut String, privacy: &Value) {
    heading(out, "隐私声明", "Privacy statement");
    for release in privacy["releases"].as_array().into_iter().flatten() {
        out.push_str("<table>\n");
        row(out, "运行", "Run", &text(&release["run"]));
        if release["mode"] == "reviewed_aggregate" {
            row(out, "方式", "Mode", "受审汇总（不具备差分隐私） / reviewed aggregate (not differentially private)");
            row(out, "说明", "Remark", &format!("{} {}", text(&release["remark"]["zh"]), text(&release["remark"]["en"])));
            row(out, "规则", "Rules", &text(&release["statistics"]["rules"]));
        } else {
            row(out, "方式", "Mode", "差分隐私 / differential privacy");
            row(out, "保护对象", "Privacy unit", &text(&release["privacy_unit"]));
            let relation = &release["neighbouring_relation"];
            row(out, "相邻关系", "Neighbouring relation", &format!("{} / {}", text(&relation["zh"]), text(&relation["en"])));
            row(out, "epsilon", "epsilon", &text(&release["epsilon"]));
            row(out, "delta", "delta", &text(&release["delta"]));
            let groups = &release["epsilon_for_groups"];
            row(
                out,
                "2 人与 4 人群体的 epsilon",
                "epsilon for groups of 2 and 4",
                &format!("{}, {}", text(&groups["2"]), text(&groups["4"])),
            );
            row(out, "截断", "Clamping", &format!("{} / {}", text(&release["clamping"]["zh"]), text(&release["clamping"]["en"])));
            for statistic in release["statistics"].as_array().into_iter().flatten() {
                let name = format!("{}: {}", text(&statistic["statistic"]), text(&statistic["measure"]));
                row(out, "统计量与界限", "Statistic and bounds", &name);
                let noise = format!("{}: {}", text(&statistic["mechanism"]), text(&statistic["noise"]));
                row(out, "机制与噪声尺度", "Mechanism and noise", &noise);
            }
            row(out, "区间", "Intervals", &format!("{} — {}", text(&release["confidence"]), text(&release["intervals_cover"])));
            if release["exact_tables_of_the_lineage_were_released"] == true {
                row(
                    out,
                    "注意",
                    "Note",
                    "该谱系此前发布过精确表格，不在 epsilon 保障之内 / exact tables of this lineage were released, which no epsilon covers",
                );
            }
        }
        let visibility = &release["visibility_remark"];
        if !visibility.is_null() {
            row(out, "可见时间", "Visibility", &format!("{} / {}", text(&visibility["zh"]), text(&visibility["en"])));
        }
        out.push_str("</table>\n");
    }
    out.push_str("<table>\n");
    for lineage in privacy["lineages"].as_array().into_iter().flatten() {
        let spent = format!(
            "{}: epsilon {} / {} (delta {})",
            text(&lineage["lineage"]),
            text(&lineage["epsilon_since_first_release"]),
            text(&lineage["epsilon_cap"]),
            text(&lineage["delta"])
        );
        row(out, "谱系自首次发布以来的累计 epsilon", "Cumulative epsilon of the lineage since its first release", &spent);
    }
    out.push_str("</table>\n");
}

fn provenance(out: &mut String, facts: &Facts) {
    heading(out, "来源追溯", "Provenance");
    out.push_str("<table>\n");
    row(out, "日志", "Log", &facts.log.origin);
    row(out, "登记申请在日志中的位置", "Log position of the application", &facts.log.application.to_string());
    for release in &facts.releases {
        let run = format!("{} ({} {}), {} {}", release.run, "round", release.round, "log", release.position);
        row(out, "运行与日志位置", "Run and log position", &run);
        row(out, "模型", "Module", &format!("{} {}", release.module_name, release.module));
        for dataset in &release.datasets {
            let line = format!("{} v{}, {} {}, policy {}", dataset.dataset, dataset.version, "grant", dataset.grant, dataset.policy_sha256);
            row(out, "数据集与授权", "Dataset and grant", &line);
        }
    }
    out.push_str("</table>\n");
}
