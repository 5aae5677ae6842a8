//! Mock data from the public schema alone: declared types, ranges, categories and rows per unit.
//!
//! A unit touches no more groups than the manifest declares, as the operator expects of real ones. It knows
//! nothing of real data, so a module that runs on it has learnt nothing. Bounds, missing values and
//! the largest number of rows turn up often, because that is where modules break.

use tidegate_sandbox::contract::{Column, Table, Unit, Values};
use tidegate_terms::{ColumnType, Manifest, Name, PublicSchema, SideTable, parse_date};

/// SplitMix64 (Steele, Lea, Flood 2014): repeatable made-up data. Never used for noise.
#[derive(Debug, Clone)]
pub struct Generator(u64);

impl Generator {
    /// Starts from a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// One in so many.
    fn one_in(&mut self, count: u64) -> bool {
        self.next().is_multiple_of(count)
    }

    /// A whole number in a range, each end included.
    fn within(&mut self, low: i64, high: i64) -> i64 {
        let width = (i128::from(high) - i128::from(low) + 1) as u128;
        let offset = (u128::from(self.next()) * width) >> 64;
        (i128::from(low) + offset as i128) as i64
    }
}

/// Makes up one unit as the module would see it. The schema must have what the manifest reads.
pub fn mock_unit(manifest: &Manifest, schema: &PublicSchema, generator: &mut Generator) -> Unit {
    let tables = manifest.inputs.iter().filter_map(|input| {
        let table = schema.table(&input.table)?;
        let rows = rows(table.rows_per_unit_max, generator);
        let columns = input.columns.iter().filter_map(|name| table.columns.iter().find(|column| column.name == *name));
        let columns = columns.map(|column| {
            let groups = groups_per_unit(manifest, &table.name, &column.name);
            mock_column(&column.kind, column.nullable, rows, groups, generator)
        });
        let columns = columns.collect();
        Some(Table { row_count: rows, columns })
    });
    Unit { tables: tables.collect() }
}

/// Makes up the public side tables of a module, in the order of its manifest.
pub fn mock_side_tables(manifest: &Manifest, generator: &mut Generator) -> Vec<Table> {
    let table = |declared: &SideTable| {
        let rows = declared.rows_max.min(10);
        let columns = declared.columns.iter().map(|column| mock_column(&column.kind, false, rows, None, generator)).collect();
        Table { row_count: rows, columns }
    };
    manifest.side_tables.iter().map(table).collect()
}

/// Mostly few rows, now and then none or as many as may be.
pub(crate) fn rows(most: u32, generator: &mut Generator) -> u32 {
    if generator.one_in(20) {
        return most;
    }
    if generator.one_in(20) {
        return 0;
    }
    generator.within(1, i64::from(most.min(20))) as u32
}

/// Most categories that the manifest expects one unit to have in a column it groups by.
fn groups_per_unit(manifest: &Manifest, table: &Name, column: &Name) -> Option<u32> {
    let groupings = manifest.statistics.iter().filter_map(|statistic| statistic.groups.as_ref());
    let own = groupings.filter(|groups| groups.table.as_ref() == Some(table) && groups.column.as_ref() == Some(column));
    own.map(|groups| groups.per_unit).min()
}

pub(crate) fn mock_column(kind: &ColumnType, nullable: bool, rows: u32, groups: Option<u32>, generator: &mut Generator) -> Column {
    let values = match kind {
        ColumnType::Integer { minimum, maximum } => Values::Integers(fill(rows, || integer(*minimum, *maximum, generator))),
        ColumnType::Float { minimum, maximum } => Values::Floats(fill(rows, || float(*minimum, *maximum, generator))),
        ColumnType::Text { bytes_max } => Values::Texts(fill(rows, || text(*bytes_max, generator))),
        ColumnType::Boolean {} => Values::Booleans(fill(rows, || generator.one_in(2))),
        ColumnType::Date { minimum, maximum } => {
            let day = |text: &String| i64::from(parse_date(text).unwrap_or(0));
            Values::Dates(fill(rows, || integer(day(minimum), day(maximum), generator) as i32))
        }
        ColumnType::Category { categories } => Values::Categories(few_categories(categories.len(), rows, groups, generator)),
    };
    let missing = nullable.then(|| fill(rows, || generator.one_in(10)));
    Column { values, missing: missing.filter(|flags| flags.contains(&true)) }
}

/// Draws from as many categories as one unit may touch.
fn few_categories(count: usize, rows: u32, groups: Option<u32>, generator: &mut Generator) -> Vec<u32> {
    let last = i64::try_from(count).unwrap_or(i64::MAX) - 1;
    let few = fill(groups.unwrap_or(rows).min(rows), || generator.within(0, last) as u32);
    fill(rows, || few[generator.within(0, few.len() as i64 - 1) as usize])
}

fn fill<T>(rows: u32, mut make: impl FnMut() -> T) -> Vec<T> {
    (0..rows).map(|_| make()).collect()
}

fn integer(minimum: i64, maximum: i64, generator: &mut Generator) -> i64 {
    match generator.within(0, 19) {
        0 => minimum,
        1 => maximum,
        _ => generator.within(minimum, maximum),
    }
}

fn float(minimum: f64, maximum: f64, generator: &mut Generator) -> f64 {
    match generator.within(0, 19) {
        0 => minimum,
        1 => maximum,
        _ => {
            let share = (generator.next() >> 11) as f64 / (1u64 << 53) as f64;
            (minimum + (maximum - minimum) * share).clamp(minimum, maximum)
        }
    }
}

fn text(bytes_max: u32, generator: &mut Generator) -> String {
    const PIECES: [&str; 6] = ["a", "Z", "0", " ", "é", "潮"];
    let mut text = String::new();
    for _ in 0..generator.within(0, 12) {
        let piece = PIECES[generator.within(0, 5) as usize];
        if text.len() + piece.len() <= bytes_max as usize {
            text.push_str(piece);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_inside_their_ranges_and_reach_the_ends() {
        let mut generator = Generator::new(1);
        let drawn: Vec<_> = (0..2_000).map(|_| generator.within(-2, 2)).collect();
        assert!((-2..=2).all(|value| drawn.contains(&value)) && drawn.iter().all(|value| (-2..=2).contains(value)));
        assert!((0..2_000).all(|_| (i64::MIN..=i64::MAX).contains(&generator.within(i64::MIN, i64::MAX))));
        assert!((0..2_000).all(|_| (1.0..=2.0).contains(&float(1.0, 2.0, &mut generator))));
        assert!((0..2_000).all(|_| text(5, &mut generator).len() <= 5));
    }
}
