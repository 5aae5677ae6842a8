//! The catalogue as CSV (RFC 4180, UTF-8 with a mark, as spreadsheets write it), one entry per line, and back.
//!
//! Guarantee: what was exported is imported as it was. A cell that a spreadsheet would take for a formula begins with an
//! apostrophe, which import takes away again. Lists of texts stand one to a line inside their cell; what has more inner
//! structure stands as JSON.

use crate::entry::Entry;
use serde_json::{Map, Value};
use tidegate_terms::messages;

/// The largest file, in bytes: more than a million cells.
const BYTES_MAX: usize = 64 << 20;

messages! {
    /// Why a CSV file is not a catalogue.
    pub enum CsvError {
        TooLarge = "catalogue-csv.too-large" {
            en: "the file is larger than 64 MiB: split it",
            zh: "文件超过 64 MiB：请拆分",
        },
        Quote { line: usize } = "catalogue-csv.quote" {
            en: "line {line}: a quotation mark is not closed or stands inside an unquoted cell: write it twice inside a quoted cell",
            zh: "第 {line} 行：引号未闭合或出现在未加引号的单元格中：请在加引号的单元格内双写引号",
        },
        Header { column: String } = "catalogue-csv.header" {
            en: "`{column}` is no column of a catalogue, or stands twice: take the header of an export",
            zh: "“{column}”不是目录的列，或重复出现：请使用导出文件的表头",
        },
        NoHeader { column: String } = "catalogue-csv.no-header" {
            en: "the column `{column}` is missing: take the header of an export",
            zh: "缺少列“{column}”：请使用导出文件的表头",
        },
        Cells { line: usize, found: usize, expected: usize } = "catalogue-csv.cells" {
            en: "line {line} has {found} cells, the header {expected}: complete it",
            zh: "第 {line} 行有 {found} 个单元格，表头有 {expected} 个：请补齐",
        },
        Value { line: usize, detail: String } = "catalogue-csv.value" {
            en: "line {line} is no entry: {detail}",
            zh: "第 {line} 行不是合法条目：{detail}",
        },
    }
}

/// How a cell is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// A text; empty means an empty text.
    Text,
    /// A text or nothing.
    Maybe,
    /// Yes or no.
    Truth,
    /// Texts, one to a line.
    Lines,
    /// JSON; empty means nothing.
    Json,
}

/// The columns: path inside the entry, what the regulation calls it, shape. The first 18 fields of Shuangyashan Art. 12
/// come first; 是否向社会开放 follows from the opening type.
const COLUMNS: &[(&str, &str, Shape)] = &[
    ("id", "编号", Shape::Text),
    ("name", "数据资源名称", Shape::Text),
    ("summary", "数据资源摘要", Shape::Text),
    ("format", "数据格式", Shape::Text),
    ("industry", "行业分类", Shape::Text),
    ("time_coverage", "数据覆盖时间", Shape::Text),
    ("area_coverage", "数据覆盖地域", Shape::Text),
    ("update_frequency", "更新频率", Shape::Maybe),
    ("provider.name", "数据资源提供方名称", Shape::Text),
    ("provider.code", "数据资源提供方代码", Shape::Text),
    ("sharing.type", "共享类型", Shape::Maybe),
    ("sharing.conditions", "共享条件", Shape::Text),
    ("sharing.way", "共享方式", Shape::Text),
    ("opening.type", "是否向社会开放、开放类型", Shape::Maybe),
    ("opening.conditions", "开放条件", Shape::Text),
    ("operation_status", "授权运营状态", Shape::Text),
    ("operation_scenarios", "授权运营应用场景", Shape::Lines),
    ("items", "数据项名称、数据项格式", Shape::Json),
    ("category", "类别", Shape::Text),
    ("security_level", "安全级别", Shape::Maybe),
    ("usage_requirements", "使用要求", Shape::Text),
    ("sharing.scope", "共享范围", Shape::Text),
    ("sharing.purpose", "使用用途", Shape::Text),
    ("sharing.basis", "共享依据", Shape::Json),
    ("sharing.review_due", "评估期限", Shape::Maybe),
    ("opening.scope", "开放范围", Shape::Text),
    ("opening.content", "开放内容", Shape::Text),
    ("opening.form", "数据形式", Shape::Text),
    ("unit", "隐私单元", Shape::Json),
    ("origin", "来源", Shape::Json),
    ("standard_source", "标准源", Shape::Maybe),
    ("secret", "涉密", Shape::Maybe),
    ("contains_personal", "含个人隐私", Shape::Truth),
    ("contains_trade_secret", "含商业秘密", Shape::Truth),
    ("specific_scope", "特定范围", Shape::Truth),
    ("conversions", "脱敏或同意记录", Shape::Json),
    ("emergency", "临时调整", Shape::Json),
    ("duties", "责任主体", Shape::Json),
    ("national_ids", "国家统一标识", Shape::Json),
];

/// Entries as CSV. Each heading is the path of a field and its Chinese name.
pub fn export_csv(entries: &[Entry]) -> String {
    let mut text = String::from("\u{feff}");
    let head: Vec<_> = COLUMNS.iter().map(|(path, zh, _)| format!("{path} {zh}")).collect();
    push_row(&mut text, &head);
    for entry in entries {
        let value = serde_json::to_value(entry).unwrap_or_default();
        let cells: Vec<_> = COLUMNS.iter().map(|(path, _, shape)| cell(at(&value, path), *shape)).collect();
        push_row(&mut text, &cells);
    }
    text
}

/// Entries from CSV with the columns of [`export_csv`] in any order; the Chinese names may be missing.
///
/// # Errors
/// Where the file is not such a table; the line and what to do are named. Entries are not checked by the rules of a place.
pub fn import_csv(text: &str) -> Result<Vec<Entry>, CsvError> {
    if text.len() > BYTES_MAX {
        return Err(CsvError::TooLarge);
    }
    let mut rows = parse_rows(text.strip_prefix('\u{feff}').unwrap_or(text))?.into_iter();
    let (_, head) = rows.next().unwrap_or_default();
    let mut columns = Vec::with_capacity(head.len());
    for heading in &head {
        let path = heading.split_whitespace().next().unwrap_or_default();
        let known = COLUMNS.iter().find(|(known, _, _)| *known == path).filter(|known| !columns.contains(known));
        columns.push(known.ok_or_else(|| CsvError::Header { column: heading.chars().take(80).collect() })?);
    }
    if let Some((column, _, _)) = COLUMNS.iter().find(|column| !columns.contains(column)) {
        return Err(CsvError::NoHeader { column: (*column).to_owned() });
    }
    rows.map(|(line, cells)| {
        if cells.len() != columns.len() {
            return Err(CsvError::Cells { line, found: cells.len(), expected: columns.len() });
        }
        let wrong = |error: serde_json::Error| CsvError::Value { line, detail: error.to_string() };
        let mut root = Map::new();
        for ((path, _, shape), cell) in columns.iter().zip(cells) {
            if let Some(value) = read(&cell, *shape).map_err(wrong)? {
                put(&mut root, path, value);
            }
        }
        serde_json::from_value(Value::Object(root)).map_err(wrong)
    })
    .collect()
}

fn at<'a>(value: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(value, |value, part| value.get(part).unwrap_or(&Value::Null))
}

fn put(root: &mut Map<String, Value>, path: &str, value: Value) {
    match path.split_once('.') {
        None => {
            root.insert(path.to_owned(), value);
        }
        Some((part, rest)) => {
            let inner = root.entry(part).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}

fn cell(value: &Value, shape: Shape) -> String {
    match (shape, value) {
        (Shape::Truth, Value::Bool(truth)) => if *truth { "yes" } else { "no" }.to_owned(),
        (_, Value::Null) => String::new(),
        (Shape::Text | Shape::Maybe, Value::String(text)) => text.clone(),
        (Shape::Lines, Value::Array(lines)) => lines.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n"),
        _ => value.to_string(),
    }
}

fn read(cell: &str, shape: Shape) -> Result<Option<Value>, serde_json::Error> {
    Ok(match shape {
        Shape::Text => Some(Value::String(cell.to_owned())),
        Shape::Maybe => (!cell.is_empty()).then(|| Value::String(cell.to_owned())),
        Shape::Truth => Some(match cell {
            "yes" | "是" => Value::Bool(true),
            "no" | "否" | "" => Value::Bool(false),
            other => Value::String(other.to_owned()),
        }),
        Shape::Lines => Some(cell.split('\n').filter(|line| !line.is_empty()).map(|line| Value::String(line.to_owned())).collect()),
        Shape::Json if cell.is_empty() => None,
        Shape::Json => Some(serde_json::from_str(cell)?),
    })
}

/// What a spreadsheet would not leave alone.
fn is_tricky(cell: &str) -> bool {
    cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\''])
}

fn push_row(text: &mut String, cells: &[String]) {
    for (index, cell) in cells.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        let guard = if is_tricky(cell) { "'" } else { "" };
        if cell.contains(['"', ',', '\n', '\r']) {
            text.push_str(&format!("\"{guard}{}\"", cell.replace('"', "\"\"")));
        } else {
            text.push_str(guard);
            text.push_str(cell);
        }
    }
    text.push_str("\r\n");
}

/// The rows of a file, each with the number of its first line; empty lines are left out.
fn parse_rows(text: &str) -> Result<Vec<(usize, Vec<String>)>, CsvError> {
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
    let (mut line, mut begun, mut quoted, mut closed) = (1, 1, false, false);
    let mut characters = text.chars().peekable();
    let finish = |cell: &mut String| {
        let whole = std::mem::take(cell);
        whole.strip_prefix('\'').map_or(whole.clone(), str::to_owned)
    };
    while let Some(character) = characters.next() {
        line += usize::from(character == '\n');
        match (quoted, character) {
            (true, '"') if characters.peek() == Some(&'"') => {
                characters.next();
                cell.push('"');
            }
            (true, '"') => (quoted, closed) = (false, true),
            (true, _) => cell.push(character),
            (false, '"') if cell.is_empty() && !closed => quoted = true,
            (false, '"') => return Err(CsvError::Quote { line }),
            (false, ',') => {
                row.push(finish(&mut cell));
                closed = false;
            }
            (false, '\r') if characters.peek() == Some(&'\n') => {}
            (false, '\n') => {
                row.push(finish(&mut cell));
                closed = false;
                rows.push((begun, std::mem::take(&mut row)));
                begun = line;
            }
            (false, _) if closed => return Err(CsvError::Quote { line }),
            (false, _) => cell.push(character),
        }
    }
    if quoted {
        return Err(CsvError::Quote { line: begun });
    }
    if !cell.is_empty() || !row.is_empty() || closed {
        row.push(finish(&mut cell));
        rows.push((begun, row));
    }
    rows.retain(|(_, row)| row.iter().any(|cell| !cell.is_empty()));
    Ok(rows)
}
