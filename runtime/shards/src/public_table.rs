//! Public side tables: small CSV texts that an operator gives with a run.
//!
//! They are public and sealed by digest, so what is wrong with them is said in full. What stands in them must
//! come from outside the domain (attack A36): a value that is a valid identifier of a person or an enterprise
//! is refused, because a table that names units is a dataset, with an account of its own.

use crate::import::value::{Found, Kind, Raw};
use tidegate_sandbox::contract::{Column, Table, Values};
use tidegate_terms::{ColumnType, Guard, IdentifierKind, SideTable, canonical_identifier, messages, parse_date, stands};

messages! {
    /// Why a side table is refused.
    pub enum SideTableError {
        NotText { table: String } = "side-table.not-text" {
            en: "side table `{table}` is not UTF-8 text: save it as CSV in UTF-8",
            zh: "公共附表“{table}”不是 UTF-8 文本：请保存为 UTF-8 编码的 CSV",
        },
        Header { table: String, expected: String } = "side-table.header" {
            en: "the first line of side table `{table}` must name exactly the columns of the manifest: {expected}",
            zh: "公共附表“{table}”的首行必须恰好列出清单中的各列：{expected}",
        },
        Rows { table: String, maximum: u32 } = "side-table.rows" {
            en: "side table `{table}` has more than the {maximum} rows that the manifest allows",
            zh: "公共附表“{table}”超过清单允许的 {maximum} 行",
        },
        Value { table: String, line: usize, column: String } = "side-table.value" {
            en: "side table `{table}`, line {line}: the value of `{column}` is missing or not inside the column's declared type and range",
            zh: "公共附表“{table}”第 {line} 行：“{column}”的值缺失，或不在该列申报的类型和范围内",
        },
        Identifier { table: String, line: usize, column: String } = "side-table.identifier" {
            en: "side table `{table}`, line {line}: `{column}` holds an identifier of a person or enterprise. A table that names units is no public table: have it mounted as a dataset with a lineage of its own",
            zh: "公共附表“{table}”第 {line} 行：“{column}”含有个人或企业标识。指名到单元的表不是公共附表：请将其作为独立谱系的数据集挂载",
        },
        Missing { table: String } = "side-table.missing" {
            en: "the module needs the side table `{table}`: give it with --side {table}=FILE.csv",
            zh: "模型需要公共附表“{table}”：请用 --side {table}=文件.csv 给出",
        },
        Unknown { table: String } = "side-table.unknown" {
            en: "the module has no side table `{table}`: leave it out",
            zh: "模型没有公共附表“{table}”：请去掉",
        },
    }
}

/// Reads a side table as the manifest declares it.
pub fn read_side_table(declared: &SideTable, bytes: &[u8]) -> Result<Table, SideTableError> {
    let table = || declared.name.to_string();
    let text = std::str::from_utf8(bytes).map_err(|_| SideTableError::NotText { table: table() })?;
    let mut lines = text.trim_start_matches('\u{feff}').lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let names: Vec<&str> = declared.columns.iter().map(|column| column.name.as_str()).collect();
    let header = lines.next().map(|(_, line)| split(line)).unwrap_or_default();
    if header != names {
        return Err(SideTableError::Header { table: table(), expected: names.join(",") });
    }
    let kinds: Vec<Kind> = declared.columns.iter().map(|column| kind(&column.kind)).collect();
    let mut columns: Vec<Values> = declared.columns.iter().map(|column| empty(&column.kind)).collect();
    let mut row_count = 0;
    for (line, text) in lines {
        let line = line + 1;
        let fields = split(text);
        if row_count == declared.rows_max {
            return Err(SideTableError::Rows { table: table(), maximum: declared.rows_max });
        }
        row_count += 1;
        for (place, name) in names.iter().enumerate() {
            let value = || SideTableError::Value { table: table(), line, column: (*name).to_owned() };
            let field = fields.get(place).filter(|_| fields.len() == names.len()).ok_or_else(value)?;
            if names_a_unit(field) && stands(Guard::SideTables) {
                return Err(SideTableError::Identifier { table: table(), line, column: (*name).to_owned() });
            }
            push(&mut columns[place], kinds[place].find(&Raw::Text(field))).ok_or_else(value)?;
        }
    }
    let columns = columns.into_iter().map(|values| Column { values, missing: None }).collect();
    Ok(Table { row_count, columns })
}

fn names_a_unit(field: &str) -> bool {
    let is = |kind| field.trim().len() >= 15 && canonical_identifier(kind, field).is_some();
    is(IdentifierKind::CitizenId) || is(IdentifierKind::CreditCode)
}

fn kind(kind: &ColumnType) -> Kind {
    let day = |text: &str| parse_date(text).unwrap_or(0);
    match kind {
        ColumnType::Integer { minimum, maximum } => Kind::Integer(*minimum, *maximum),
        ColumnType::Float { minimum, maximum } => Kind::Float(*minimum, *maximum),
        ColumnType::Text { bytes_max } => Kind::Text(*bytes_max as usize),
        ColumnType::Boolean {} => Kind::Boolean,
        ColumnType::Date { minimum, maximum } => Kind::Date(day(minimum), day(maximum)),
        ColumnType::Category { categories } => Kind::Category(categories.iter().cloned().zip(0..).collect(), None),
    }
}

fn empty(kind: &ColumnType) -> Values {
    match kind {
        ColumnType::Integer { .. } => Values::Integers(Vec::new()),
        ColumnType::Float { .. } => Values::Floats(Vec::new()),
        ColumnType::Text { .. } => Values::Texts(Vec::new()),
        ColumnType::Boolean {} => Values::Booleans(Vec::new()),
        ColumnType::Date { .. } => Values::Dates(Vec::new()),
        ColumnType::Category { .. } => Values::Categories(Vec::new()),
    }
}

fn push(values: &mut Values, found: Found<'_>) -> Option<()> {
    match (values, found) {
        (Values::Texts(list), Found::Text(text)) => list.push(text.into_owned()),
        (Values::Integers(list), Found::Within(bits)) => list.push(bits as i64),
        (Values::Floats(list), Found::Within(bits)) => list.push(f64::from_bits(bits)),
        (Values::Booleans(list), Found::Within(bits)) => list.push(bits == 1),
        (Values::Dates(list), Found::Within(bits)) => list.push(bits as u32 as i32),
        (Values::Categories(list), Found::Within(bits)) => list.push(bits as u32),
        _ => return None,
    }
    Some(())
}

/// The fields of one record; a quotation mark encloses a whole field or stands doubled inside one (RFC 4180,
/// without line breaks inside fields).
fn split(record: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    let mut characters = record.trim_end_matches('\r').chars().peekable();
    while let Some(character) = characters.next() {
        let field = fields.len() - 1;
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                fields[field].push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            other => fields[field].push(other),
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_terms::Message as _;

    fn declared() -> SideTable {
        toml::from_str(
            "name = \"prices\"\nrows_max = 2\n[[columns]]\nname = \"plan\"\ntype = \"category\"\ncategories = [\"a\", \"b\"]\n\
             [[columns]]\nname = \"price\"\ntype = \"float\"\nminimum = 0.0\nmaximum = 10.0\n[[columns]]\nname = \"label\"\ntype = \"text\"\nbytes_max = 20",
        )
        .expect("side table")
    }

    #[test]
    fn a_table_is_read_as_declared() {
        let table = read_side_table(&declared(), "plan,price,label\nb,2.5,\"x, y\"\n\na,10,潮\n".as_bytes()).expect("table");
        assert_eq!(table.row_count, 2);
        assert!(table.columns[0].values == Values::Categories(vec![1, 0]));
        assert!(table.columns[1].values == Values::Floats(vec![2.5, 10.0]));
        assert!(table.columns[2].values == Values::Texts(vec!["x, y".into(), "潮".into()]));
    }

    #[test]
    fn each_refusal_names_its_cause() {
        let code = |text: &str| read_side_table(&declared(), text.as_bytes()).expect_err(text).code();
        assert_eq!(code("plan,price\n"), "side-table.header");
        assert_eq!(code(""), "side-table.header");
        assert_eq!(code("plan,price,label\na,11,x"), "side-table.value");
        assert_eq!(code("plan,price,label\nc,1,x"), "side-table.value");
        assert_eq!(code("plan,price,label\na,1"), "side-table.value");
        assert_eq!(code("plan,price,label\na,1,x\na,1,x\na,1,x"), "side-table.rows");
        assert_eq!(code("plan,price,label\na,1,11010519491231002X"), "side-table.identifier");
        let broken = read_side_table(&declared(), &[0xff, 0xfe]).expect_err("no text").code();
        assert_eq!(broken, "side-table.not-text");
    }
}
