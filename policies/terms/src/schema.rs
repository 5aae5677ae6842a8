//! The public schema of a dataset: typed in and signed for by the provider, never inferred from data.

use crate::{Column, ColumnType, ExcessRows, IdentifierKind, MissingRule, Name, NameError, OutsideRule, is_plain, parse_date};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

messages! {
    /// Why a public schema is refused.
    pub enum SchemaError {
        Syntax { detail: String } = "schema.syntax" {
            en: "the schema cannot be read: {detail}",
            zh: "无法读取数据模式：{detail}",
        },
        UnitsMax { units_max: u64 } = "schema.units-max" {
            en: "`units_max` is {units_max}, but must lie between 1 and 2000000000: declare an upper bound on the number of privacy units, rounded up",
            zh: "`units_max` 为 {units_max}，必须在 1 至 2000000000 之间：请申报隐私单元数量的上界（向上取整）",
        },
        RowsMax { table: String, rows: u32 } = "schema.rows-max" {
            en: "table `{table}` declares {rows} rows per unit, but must declare between 1 and 1000000",
            zh: "表 `{table}` 申报每单元 {rows} 行，必须在 1 至 1000000 之间",
        },
        NoTables = "schema.no-tables" {
            en: "the schema lists no table: add at least one `[[tables]]`",
            zh: "模式没有列出任何表：请至少添加一个 `[[tables]]`",
        },
        NoColumns { table: String } = "schema.no-columns" {
            en: "table `{table}` lists no column: add at least one `[[tables.columns]]`",
            zh: "表 `{table}` 没有列出任何列：请至少添加一个 `[[tables.columns]]`",
        },
        DuplicateTable { table: String } = "schema.duplicate-table" {
            en: "table `{table}` is listed twice",
            zh: "表 `{table}` 重复列出",
        },
        DuplicateColumn { table: String, column: String } = "schema.duplicate-column" {
            en: "column `{column}` of table `{table}` is listed twice",
            zh: "表 `{table}` 的列 `{column}` 重复列出",
        },
        IdentifierAsColumn { table: String, column: String } = "schema.identifier-as-column" {
            en: "column `{column}` of table `{table}` is the identifier of the privacy unit and cannot be a column for modules; remove it from the list",
            zh: "表 `{table}` 的列 `{column}` 是隐私单元标识，不能作为模型可读的列；请从列表中删除",
        },
        Range { column: String } = "schema.range" {
            en: "column `{column}`: `minimum` and `maximum` must be finite and in order",
            zh: "列 `{column}`：`minimum` 与 `maximum` 必须为有限值且大小顺序正确",
        },
        Date { column: String, text: String } = "schema.date" {
            en: "column `{column}`: `{text}` is not a date; write YYYY-MM-DD",
            zh: "列 `{column}`：“{text}”不是日期；请写成 YYYY-MM-DD",
        },
        Categories { column: String } = "schema.categories" {
            en: "column `{column}`: list 1 to 65536 different categories of 1 to 256 bytes, in Unicode normal form C, without hidden characters",
            zh: "列 `{column}`：请列出 1 至 65536 个互不相同的类别，每个 1 至 256 字节，采用 Unicode NFC 形式，不含不可见字符",
        },
        Texts = "schema.texts" {
            en: "`title` and `source` have at most 1000 bytes each, in one line, without control characters or characters that are not seen",
            zh: "`title` 与 `source` 各最多 1000 字节，须为单行文字，不得含控制字符或不可见字符",
        },
        TextLength { column: String } = "schema.text-length" {
            en: "column `{column}`: `bytes_max` must lie between 1 and 65536",
            zh: "列 `{column}`：`bytes_max` 必须在 1 至 65536 之间",
        },
        OutsideRule { column: String, rule: String } = "schema.outside-rule" {
            en: "column `{column}`: the rule `{rule}` for values outside the range does not fit its type; `missing` needs a nullable column, `clamp` a number or date, `other` a listed category",
            zh: "列 `{column}`：越界规则 `{rule}` 与类型不符；`missing` 要求列可为空，`clamp` 要求数值或日期，`other` 要求已列出的类别",
        };
        Name(NameError),
    }
}

/// The longest title or source, in bytes.
const TITLE_BYTES_MAX: usize = 1_000;

/// A title in the two languages of the product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bilingual {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

impl Bilingual {
    /// Whether both are not endless and show all that they are.
    pub(crate) fn is_sound(&self) -> bool {
        is_title(&self.zh) && is_title(&self.en)
    }

    /// The text in a language.
    pub fn get(&self, language: crate::Language) -> &str {
        match language {
            crate::Language::English => &self.en,
            crate::Language::Chinese => &self.zh,
        }
    }
}

fn is_title(text: &str) -> bool {
    text.len() <= TITLE_BYTES_MAX && is_plain(text)
}

/// Whom the guarantee protects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UnitKind {
    /// A natural person.
    Person,
    /// A household.
    Household,
    /// An enterprise or other organisation.
    Enterprise,
    /// A card or account.
    Card,
    /// A meter or device.
    Meter,
}

/// The privacy unit: all rows in all tables that carry one identifier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PrivacyUnit {
    /// Whom the identifier stands for.
    pub kind: UnitKind,
    /// The header of the identifier in every table.
    pub column: String,
    /// The kind of identifier, which fixes its canonical form.
    pub identifier: IdentifierKind,
    /// What becomes of a row without a usable identifier.
    #[serde(default)]
    pub missing: MissingRule,
}

/// A table of the dataset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Its name.
    pub name: Name,
    /// Most rows that one unit may have here.
    pub rows_per_unit_max: u32,
    /// What becomes of the rows above that number.
    #[serde(default)]
    pub excess_rows: ExcessRows,
    /// Its columns, without the identifier.
    pub columns: Vec<Column>,
}

/// The public schema of a dataset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PublicSchema {
    /// For people.
    pub title: Bilingual,
    /// Where the data come from, printed on every product (SYS Art. 41).
    pub source: String,
    /// When the provider acquired them, YYYY-MM-DD (SYS Art. 41).
    pub acquired: String,
    /// The population whose budget this dataset draws on; all versions and derived data name the same.
    pub lineage: Name,
    /// Declared upper bound on the number of units; enforced at import.
    pub units_max: u64,
    /// Whom the guarantee protects.
    pub privacy_unit: PrivacyUnit,
    /// The tables.
    pub tables: Vec<Table>,
}

impl PublicSchema {
    /// Reads a schema from TOML and checks it.
    pub fn parse(text: &str) -> Result<Self, SchemaError> {
        let schema: Self = toml::from_str(text).map_err(|error| SchemaError::Syntax { detail: error.to_string() })?;
        schema.check()?;
        Ok(schema)
    }

    /// The table of this name.
    pub fn table(&self, name: &Name) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == *name)
    }

    /// Checks what the types alone do not.
    pub fn check(&self) -> Result<(), SchemaError> {
        if !(1..=2_000_000_000).contains(&self.units_max) {
            return Err(SchemaError::UnitsMax { units_max: self.units_max });
        }
        if !self.title.is_sound() || !is_title(&self.source) {
            return Err(SchemaError::Texts);
        }
        if parse_date(&self.acquired).is_none() {
            return Err(SchemaError::Date { column: "acquired".into(), text: self.acquired.clone() });
        }
        if self.tables.is_empty() {
            return Err(SchemaError::NoTables);
        }
        let mut seen = BTreeSet::new();
        for table in &self.tables {
            if !seen.insert(&table.name) {
                return Err(SchemaError::DuplicateTable { table: table.name.to_string() });
            }
            self.check_table(table)?;
        }
        Ok(())
    }

    fn check_table(&self, table: &Table) -> Result<(), SchemaError> {
        if !(1..=1_000_000).contains(&table.rows_per_unit_max) {
            return Err(SchemaError::RowsMax { table: table.name.to_string(), rows: table.rows_per_unit_max });
        }
        if table.columns.is_empty() {
            return Err(SchemaError::NoColumns { table: table.name.to_string() });
        }
        let mut names = BTreeSet::new();
        let mut headers = BTreeSet::new();
        for column in &table.columns {
            let header = column.source_header();
            if header == self.privacy_unit.column {
                return Err(SchemaError::IdentifierAsColumn { table: table.name.to_string(), column: header.to_owned() });
            }
            if !names.insert(&column.name) || !headers.insert(header) {
                return Err(SchemaError::DuplicateColumn { table: table.name.to_string(), column: column.name.to_string() });
            }
            check_column(column)?;
        }
        Ok(())
    }
}

pub(crate) fn check_column(column: &Column) -> Result<(), SchemaError> {
    let name = || column.name.to_string();
    match &column.kind {
        ColumnType::Integer { minimum, maximum } if minimum > maximum => return Err(SchemaError::Range { column: name() }),
        ColumnType::Float { minimum, maximum } if !(minimum.is_finite() && maximum.is_finite() && minimum <= maximum) => {
            return Err(SchemaError::Range { column: name() });
        }
        ColumnType::Date { minimum, maximum } => {
            let day = |text: &String| parse_date(text).ok_or_else(|| SchemaError::Date { column: name(), text: text.clone() });
            if day(minimum)? > day(maximum)? {
                return Err(SchemaError::Range { column: name() });
            }
        }
        ColumnType::Text { bytes_max } if !(1..=65_536).contains(bytes_max) => return Err(SchemaError::TextLength { column: name() }),
        ColumnType::Category { categories } => check_categories(categories).map_err(|()| SchemaError::Categories { column: name() })?,
        _ => {}
    }
    let fits = match &column.outside {
        OutsideRule::Refuse | OutsideRule::DropRow => true,
        OutsideRule::Missing => column.nullable,
        OutsideRule::Clamp => matches!(column.kind, ColumnType::Integer { .. } | ColumnType::Float { .. } | ColumnType::Date { .. }),
        OutsideRule::Other(other) => matches!(&column.kind, ColumnType::Category { categories } if categories.contains(other)),
    };
    if fits { Ok(()) } else { Err(SchemaError::OutsideRule { column: name(), rule: format!("{:?}", column.outside).to_lowercase() }) }
}

/// Public keys must be different also after normalisation: two keys that look the same are one (A16).
pub(crate) fn check_categories(categories: &[String]) -> Result<(), ()> {
    let sizes = (1..=65_536).contains(&categories.len()) && categories.iter().all(|text| (1..=256).contains(&text.len()));
    let normal = categories.iter().all(|text| unicode_normalization::is_nfc(text) && text.trim() == text && is_plain(text));
    let different = categories.iter().collect::<BTreeSet<_>>().len() == categories.len();
    if sizes && normal && different { Ok(()) } else { Err(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
        title = { zh = "测试", en = "Test" }
        source = "made up"
        acquired = "2024-01-01"
        lineage = "people"
        units_max = 100
        privacy_unit = { kind = "person", column = "id", identifier = "integer" }
        [[tables]]
        name = "rows"
        rows_per_unit_max = 5
        [[tables.columns]]
        name = "district"
        type = "category"
        categories = ["north", "south", "other"]
        outside = { other = "other" }
        [[tables.columns]]
        name = "usage"
        type = "float"
        minimum = 0.0
        maximum = 500.0
        nullable = true
        outside = "missing"
    "#;

    // clause: A5 permitted
    #[test]
    fn a_good_schema_is_read() {
        let schema = PublicSchema::parse(GOOD).expect("good");
        assert_eq!(schema.tables[0].columns.len(), 2);
        assert_eq!(schema.tables[0].columns[0].outside, OutsideRule::Other("other".into()));
    }

    // clause: A5 refused
    #[test]
    fn each_defect_is_named() {
        let cases = [
            ("units_max = 100", "units_max = 0", "schema.units-max"),
            ("rows_per_unit_max = 5", "rows_per_unit_max = 0", "schema.rows-max"),
            ("maximum = 500.0", "maximum = -1.0", "schema.range"),
            ("maximum = 500.0", "maximum = inf", "schema.range"),
            ("\"south\"", "\"north\"", "schema.categories"),
            ("other = \"other\"", "other = \"west\"", "schema.outside-rule"),
            ("nullable = true", "nullable = false", "schema.outside-rule"),
            ("name = \"usage\"", "name = \"district\"", "schema.duplicate-column"),
            ("name = \"usage\"", "name = \"id\"", "schema.identifier-as-column"),
            ("2024-01-01", "2024-02-30", "schema.date"),
            ("en = \"Test\"", "en = \"Te\\u001b[2Jst\"", "schema.texts"),
            ("made up", "made\\u202eup", "schema.texts"),
            ("\"south\"", "\"so\\u200buth\"", "schema.categories"),
            ("units_max = 100", "units_max = 100\nunits = 7", "schema.syntax"),
            (
                "type = \"float\"\n        minimum = 0.0\n        maximum = 500.0\n        nullable",
                "type = \"boolean\"\n        nullabel",
                "schema.syntax",
            ),
        ];
        for (from, to, code) in cases {
            let error = PublicSchema::parse(&GOOD.replacen(from, to, 1)).expect_err(to);
            assert_eq!(crate::Message::code(&error), code, "{to}: {error}");
        }
    }
}
