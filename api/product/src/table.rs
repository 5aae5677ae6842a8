//! The tables of a release, and their three written forms: CSV, JSON and Parquet.
//!
//! Each carries the notice of source and acquisition date (Shuangyashan Art. 41) inside: as comments, as a field, as
//! columns.

use crate::error::PackageError;
use crate::release::{Cell, Group, Noised, Notice, Outcome, ReleaseContent, Reviewed};
use polars::prelude::{Column, DataFrame, NamedFrom as _, ParquetCompression, ParquetWriter, Series};
use serde_json::{Map, Value, json};

/// A column of a table.
#[derive(Debug, Clone)]
pub(crate) enum Values {
    Text(Vec<Option<String>>),
    Number(Vec<Option<f64>>),
}

/// A bar of a chart: its label, its value, and the ends of its interval.
#[derive(Debug, Clone)]
pub(crate) struct Bar {
    pub(crate) label: String,
    pub(crate) value: f64,
    pub(crate) interval: Option<(f64, f64)>,
}

/// A table.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    /// The name of its files, without ending.
    pub(crate) stem: String,
    pub(crate) title: String,
    pub(crate) columns: Vec<(&'static str, Values)>,
    pub(crate) bars: Vec<Bar>,
    /// What must be read with it, English and Chinese.
    pub(crate) remark: (String, String),
    pub(crate) notice: Vec<Notice>,
}

#[derive(Default)]
struct Rows {
    scope: Vec<Option<String>>,
    group: Vec<Option<String>>,
    estimate: Vec<Option<String>>,
    value: Vec<Option<f64>>,
    lower: Vec<Option<f64>>,
    upper: Vec<Option<f64>>,
}

impl Rows {
    fn push(&mut self, scope: &str, group: Option<&String>, estimate: String, value: f64, interval: Option<(f64, f64)>) {
        self.scope.push(Some(scope.to_owned()));
        self.group.push(group.cloned());
        self.estimate.push(Some(estimate));
        self.value.push(Some(value));
        self.lower.push(interval.map(|(lower, _)| lower));
        self.upper.push(interval.map(|(_, upper)| upper));
    }

    fn push_group(&mut self, scope: &str, group: &Group) {
        for estimate in &group.estimates {
            let interval = Some((estimate.lower, estimate.upper));
            self.push(scope, group.key.as_ref(), estimate.name.clone(), estimate.value, interval);
        }
        if let Some(vector) = &group.vector {
            for (at, value) in vector.values.iter().enumerate() {
                let interval = Some((value - vector.half_width, value + vector.half_width));
                self.push(scope, group.key.as_ref(), format!("entry {at}"), *value, interval);
            }
        }
    }

    fn columns(self) -> Vec<(&'static str, Values)> {
        vec![
            ("scope", Values::Text(self.scope)),
            ("group", Values::Text(self.group)),
            ("estimate", Values::Text(self.estimate)),
            ("value", Values::Number(self.value)),
            ("lower", Values::Number(self.lower)),
            ("upper", Values::Number(self.upper)),
        ]
    }
}

/// All tables of a release.
pub(crate) fn tables(content: &ReleaseContent) -> Vec<Table> {
    match content {
        ReleaseContent::Noised(release) => noised(release),
        ReleaseContent::Tables(tables) => tables.tables.iter().map(|outcome| reviewed(tables, outcome)).collect(),
    }
}

fn noised(release: &Noised) -> Vec<Table> {
    let remark = || {
        let percent = release.confidence * 100.0;
        (
            format!("Noised values; intervals of {percent:.0} % cover {}.", release.intervals_cover),
            format!("数值已加噪；{percent:.0} % 区间覆盖截断后的统计量，不含抽样误差与截断损失。"),
        )
    };
    let mut tables = Vec::new();
    for statistic in &release.statistics {
        let (mut rows, mut bars) = (Rows::default(), Vec::new());
        for group in &statistic.groups {
            rows.push_group("group", group);
            let label = group.key.clone().unwrap_or_else(|| statistic.statistic.clone());
            bars.extend(bars_of(&label, group));
        }
        if let Some(overall) = &statistic.overall {
            rows.push_group("overall", overall);
        }
        tables.push(Table {
            stem: format!("{}-{}", release.run, statistic.statistic),
            title: statistic.statistic.clone(),
            columns: rows.columns(),
            bars,
            remark: remark(),
            notice: release.notice.clone(),
        });
    }
    if !release.report.is_empty() {
        let mut rows = Rows::default();
        release.report.iter().for_each(|finding| rows.push("report", None, finding.name.clone(), finding.value, None));
        let bar = |finding: &crate::release::Finding| Bar { label: finding.name.clone(), value: finding.value, interval: None };
        tables.push(Table {
            // No statistic has this name: names begin with a letter or a digit.
            stem: format!("{}--report", release.run),
            title: "report".into(),
            columns: rows.columns(),
            bars: release.report.iter().map(bar).collect(),
            remark: ("Derived by the module from noised releases alone.".into(), "由模型仅根据已加噪的发布结果推导。".into()),
            notice: release.notice.clone(),
        });
    }
    tables
}

/// The first estimate of a group; every entry of a vector.
fn bars_of(label: &str, group: &Group) -> Vec<Bar> {
    let first = group.estimates.first().map(|estimate| Bar {
        label: format!("{label} · {}", estimate.name),
        value: estimate.value,
        interval: Some((estimate.lower, estimate.upper)),
    });
    let entries = group.vector.iter().filter(|_| group.estimates.is_empty()).flat_map(|vector| {
        vector.values.iter().enumerate().map(|(at, value)| Bar {
            label: format!("{label} · {at}"),
            value: *value,
            interval: Some((value - vector.half_width, value + vector.half_width)),
        })
    });
    first.into_iter().chain(entries).collect()
}

fn reviewed(tables: &Reviewed, outcome: &Outcome) -> Table {
    let (mut row, mut column, mut value, mut status) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut bars = Vec::new();
    let mut remark = (tables.statement.en.clone(), tables.statement.zh.clone());
    if let Some(published) = &outcome.published {
        let total = || "total".to_owned();
        let columns: Vec<String> = match &published.columns {
            Some(axis) => axis.keys.iter().map(|key| format!("{}={key}", axis.dimension)).chain([total()]).collect(),
            None => vec!["value".to_owned()],
        };
        let keys = published.rows.keys.iter().map(|key| format!("{}={key}", published.rows.dimension)).chain([total()]);
        for (key, cells) in keys.zip(&published.cells) {
            for (head, cell) in columns.iter().zip(cells) {
                let shown = match cell {
                    Cell::Value(steps) => Some(*steps as f64 * outcome.step),
                    Cell::Suppressed => None,
                };
                row.push(Some(key.clone()));
                column.push(Some(head.clone()));
                value.push(shown);
                status.push(Some(if shown.is_some() { "published" } else { "suppressed" }.to_owned()));
                bars.extend(shown.map(|value| Bar { label: format!("{key} · {head}"), value, interval: None }));
            }
        }
    }
    if let Some(refused) = &outcome.refused {
        remark = (format!("{} Not released: {}", remark.0, refused.en), format!("{} 未发布：{}", remark.1, refused.zh));
    }
    Table {
        stem: format!("{}-{}", tables.run, outcome.table),
        title: outcome.table.clone(),
        columns: vec![
            ("row", Values::Text(row)),
            ("column", Values::Text(column)),
            ("value", Values::Number(value)),
            ("status", Values::Text(status)),
        ],
        bars,
        remark,
        notice: tables.notice.clone(),
    }
}

impl Table {
    pub(crate) fn height(&self) -> usize {
        match self.columns.first() {
            Some((_, Values::Text(values))) => values.len(),
            Some((_, Values::Number(values))) => values.len(),
            None => 0,
        }
    }

    /// The cell as text, or nothing where it has no value.
    pub(crate) fn cell(&self, column: usize, row: usize) -> Option<String> {
        match &self.columns[column].1 {
            Values::Text(values) => values[row].clone(),
            Values::Number(values) => values[row].map(number),
        }
    }

    fn value(&self, column: usize, row: usize) -> Value {
        match &self.columns[column].1 {
            Values::Text(values) => json!(values[row]),
            Values::Number(values) => json!(values[row]),
        }
    }

    /// RFC 4180, after comments with the notice. A text that begins like a formula has an apostrophe before it, so that no
    /// spreadsheet computes it.
    pub(crate) fn csv(&self) -> Vec<u8> {
        let mut text = String::new();
        for notice in &self.notice {
            text.push_str(&format!("# Source / 来源: {} (acquired / 获取日期: {})\r\n", line(&notice.source), line(&notice.acquired)));
        }
        text.push_str(&format!("# {}\r\n# {}\r\n", line(&self.remark.0), line(&self.remark.1)));
        let heads: Vec<String> = self.columns.iter().map(|(name, _)| (*name).to_owned()).collect();
        text.push_str(&format!("{}\r\n", heads.join(",")));
        for row in 0..self.height() {
            let cells: Vec<String> = (0..self.columns.len()).map(|column| self.csv_cell(column, row)).collect();
            text.push_str(&format!("{}\r\n", cells.join(",")));
        }
        text.into_bytes()
    }

    fn csv_cell(&self, column: usize, row: usize) -> String {
        match (&self.columns[column].1, self.cell(column, row).unwrap_or_default()) {
            (Values::Text(_), text) if is_formula(&text) => quoted(format!("'{text}")),
            (_, text) => quoted(text),
        }
    }

    /// A JSON object with notice, remark and one object for each row.
    pub(crate) fn json(&self) -> Vec<u8> {
        let row = |row: usize| -> Value {
            let cells = self.columns.iter().enumerate().map(|(column, (name, _))| ((*name).to_owned(), self.value(column, row)));
            Value::Object(cells.collect::<Map<_, _>>())
        };
        let notice: Vec<Value> = self.notice.iter().map(|notice| json!({ "source": notice.source, "acquired": notice.acquired })).collect();
        let whole = json!({
            "table": self.title,
            "notice": notice,
            "remark": { "en": self.remark.0, "zh": self.remark.1 },
            "rows": (0..self.height()).map(row).collect::<Vec<_>>(),
        });
        pretty(&whole)
    }

    /// Parquet with the notice in two more columns.
    pub(crate) fn parquet(&self) -> Result<Vec<u8>, PackageError> {
        let failed = |error: polars::prelude::PolarsError| PackageError::Parquet { detail: error.to_string() };
        let height = self.height();
        let mut columns: Vec<Column> = Vec::new();
        for (name, values) in &self.columns {
            columns.push(match values {
                Values::Text(values) => Series::new((*name).into(), values).into(),
                Values::Number(values) => Series::new((*name).into(), values).into(),
            });
        }
        let joined = |part: fn(&Notice) -> &String| self.notice.iter().map(|notice| part(notice).clone()).collect::<Vec<_>>().join("; ");
        for (name, text) in [("source", joined(|notice| &notice.source)), ("acquired", joined(|notice| &notice.acquired))] {
            columns.push(Series::new(name.into(), vec![text; height]).into());
        }
        let mut frame = DataFrame::new(height, columns).map_err(failed)?;
        let mut bytes = Vec::new();
        let writer = ParquetWriter::new(&mut bytes).with_compression(ParquetCompression::Uncompressed).set_parallel(false);
        writer.finish(&mut frame).map_err(failed)?;
        Ok(bytes)
    }
}

/// The shortest decimal text that gives the same double back.
pub(crate) fn number(value: f64) -> String {
    serde_json::to_string(&value).unwrap_or_default()
}

/// JSON for people and machines, its keys in one order, with a newline at its end.
pub(crate) fn pretty(value: &Value) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(&tidegate_terms::sorted(value.clone())).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

fn line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A text that a spreadsheet would take for a formula. Keys and names come from strangers.
fn is_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@']) && text.parse::<f64>().is_err()
}

fn quoted(text: String) -> String {
    if text.contains(['"', ',', '\r', '\n', '#']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_of_a_stranger_ends_its_row_or_is_a_formula() {
        let keys = ["=HYPERLINK(\"x\")", "@SUM(A1)", "+1+cmd", "-2+3", "-5", "a,b", "# not a comment"];
        let texts = keys.iter().map(|key| Some((*key).to_owned())).collect();
        let table = Table {
            stem: "t".into(),
            title: "t".into(),
            columns: vec![("group", Values::Text(texts)), ("value", Values::Number(vec![Some(-1.0); keys.len()]))],
            bars: Vec::new(),
            remark: ("one\nline".into(), "一行".into()),
            notice: Vec::new(),
        };
        let csv = String::from_utf8(table.csv()).expect("UTF-8");
        let lines: Vec<&str> = csv.split("\r\n").collect();
        assert_eq!(lines[..3], ["# one line", "# 一行", "group,value"]);
        let cells = ["\"'=HYPERLINK(\"\"x\"\")\",-1.0", "'@SUM(A1),-1.0", "'+1+cmd,-1.0", "'-2+3,-1.0", "-5,-1.0", "\"a,b\",-1.0"];
        assert_eq!(lines[3..9], cells);
        assert_eq!(lines[9..], ["\"# not a comment\",-1.0", ""]);
    }
}
