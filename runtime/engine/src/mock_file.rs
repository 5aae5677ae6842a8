//! Mock data as files: one CSV per table, as a provider would bring them.
//!
//! From the public schema alone, like the units of a dry run, and valid under it: an import takes every row. So
//! providers can try their schema, and operators a whole run, before any real row is mounted. Groups are drawn
//! row by row; a module that expects one group per unit sees units with several here.

use crate::mock::{Generator, mock_column, rows};
use std::io::{self, Write};
use tidegate_sandbox::contract::{Column, Values};
use tidegate_terms::{ColumnType, PublicSchema, Table, date_text, made_up_identifier, messages};

messages! {
    /// Why no mock data were written.
    pub enum MockError {
        NoUnits = "mock.no-units" {
            en: "mock data need at least one unit: give --units 1 or more",
            zh: "模拟数据至少需要一个单元：请用 --units 给出 1 或更多",
        },
        TooManyUnits { units: u64, units_max: u64 } = "mock.too-many-units" {
            en: "{units} units are more than the {units_max} that the schema declares: an import would refuse them",
            zh: "{units} 个单元超过模式申报的 {units_max} 个：导入时会被拒绝",
        },
        Write { detail: String } = "mock.write" {
            en: "the mock data cannot be written: {detail}",
            zh: "无法写入模拟数据：{detail}",
        },
    }
}

/// Most rows of one mock unit in a table, however many may be: real units rarely have the declared maximum.
const ROWS_MAX: u32 = 1_000;

/// Writes mock data, a writer per table of the schema in its order; says how many rows each got.
pub fn write_mock<W: Write>(schema: &PublicSchema, units: u64, seed: u64, files: &mut [W]) -> Result<Vec<u64>, MockError> {
    if units == 0 {
        return Err(MockError::NoUnits);
    }
    if units > schema.units_max {
        return Err(MockError::TooManyUnits { units, units_max: schema.units_max });
    }
    write_all(schema, units, seed, files).map_err(|error| MockError::Write { detail: error.to_string() })
}

fn write_all<W: Write>(schema: &PublicSchema, units: u64, seed: u64, files: &mut [W]) -> io::Result<Vec<u64>> {
    let mut generator = Generator::new(seed);
    let mut written = vec![0; schema.tables.len()];
    for (table, file) in schema.tables.iter().zip(files.iter_mut()) {
        let headers = table.columns.iter().map(|column| column.source_header());
        let line: Vec<String> = std::iter::once(schema.privacy_unit.column.as_str()).chain(headers).map(quoted).collect();
        writeln!(file, "{}", line.join(","))?;
    }
    // The schema declares at most 2,000,000,000 units.
    for index in 0..u32::try_from(units).unwrap_or(u32::MAX) {
        let identifier = quoted(&made_up_identifier(schema.privacy_unit.identifier, index));
        let mut counts: Vec<u32> = schema.tables.iter().map(|table| rows(table.rows_per_unit_max, &mut generator).min(ROWS_MAX)).collect();
        // A unit without any row is none.
        if counts.iter().all(|count| *count == 0) {
            counts.iter_mut().take(1).for_each(|count| *count = 1);
        }
        for (number, (table, file)) in schema.tables.iter().zip(files.iter_mut()).enumerate() {
            write_rows(table, &identifier, counts[number], &mut generator, file)?;
            written[number] += u64::from(counts[number]);
        }
    }
    files.iter_mut().try_for_each(Write::flush)?;
    Ok(written)
}

fn write_rows(table: &Table, identifier: &str, count: u32, generator: &mut Generator, file: &mut impl Write) -> io::Result<()> {
    let columns: Vec<Column> =
        table.columns.iter().map(|column| mock_column(&column.kind, column.nullable, count, None, generator)).collect();
    for row in 0..count as usize {
        write!(file, "{identifier}")?;
        for (declared, column) in table.columns.iter().zip(&columns) {
            let missing = column.missing.as_ref().is_some_and(|flags| flags[row]);
            let value = if missing { String::new() } else { value(&declared.kind, &column.values, row) };
            write!(file, ",{value}")?;
        }
        writeln!(file)?;
    }
    Ok(())
}

/// A value as the file has it.
fn value(kind: &ColumnType, values: &Values, row: usize) -> String {
    match (values, kind) {
        (Values::Integers(values), _) => values[row].to_string(),
        (Values::Floats(values), _) => values[row].to_string(),
        // An empty text would be a missing one.
        (Values::Texts(values), _) if values[row].is_empty() => "a".to_owned(),
        (Values::Texts(values), _) => quoted(&values[row]),
        (Values::Booleans(values), _) => values[row].to_string(),
        (Values::Dates(values), _) => date_text(values[row]).unwrap_or_default(),
        (Values::Categories(values), ColumnType::Category { categories }) => quoted(&categories[values[row] as usize]),
        (Values::Categories(values), _) => values[row].to_string(),
    }
}

/// A field of RFC 4180.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}
