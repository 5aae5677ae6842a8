//! What the outside sees.

use crate::{Axis, DisclosureRules, Measure, Reasons, Table};
use serde::{Deserialize, Serialize};

/// The statement on every table, in English.
pub const STATEMENT_EN: &str = "This table is exact, under statistical disclosure control (suppression and rounding). \
    It is NOT differentially private. Which cells are suppressed, and whether a table is refused, depends on data.";

/// The statement on every table, in Chinese.
pub const STATEMENT_ZH: &str =
    "本表为精确统计结果，经统计披露控制（抑制与取整）处理，不具备差分隐私保护。哪些单元格被抑制、表格是否被拒绝，均取决于数据。";

/// The fixed sentence in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// English.
    pub en: String,
    /// Chinese.
    pub zh: String,
}

/// A cell as it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shown {
    /// Its value, rounded if the rules say so.
    Value(i64),
    /// Nothing; why is not said.
    Suppressed,
}

/// A table as it leaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// The rows.
    pub rows: Axis,
    /// The columns, if there are any.
    pub columns: Option<Axis>,
    /// What the cells are.
    pub measure: Measure,
    /// Row by row; the last row and (with columns) the last column are totals.
    pub cells: Vec<Vec<Shown>>,
    /// The rules that were applied.
    pub rules: DisclosureRules,
    /// Always false.
    pub differentially_private: bool,
    /// What kind of table this is.
    pub statement: Statement,
}

impl Published {
    pub(crate) fn of(rules: &DisclosureRules, table: &Table, reasons: &Reasons) -> Self {
        let base = match table.measure() {
            Measure::Count => rules.count_base,
            Measure::Sum { .. } => rules.sum_base,
        };
        let shown = |index: usize| match reasons.is_suppressed(index) {
            true => Shown::Suppressed,
            false => Shown::Value(rounded(table.cells()[index].value, base)),
        };
        let width = table.width();
        Self {
            rows: table.rows().clone(),
            columns: table.columns().cloned(),
            measure: table.measure().clone(),
            cells: (0..table.height()).map(|row| (0..width).map(|column| shown(row * width + column)).collect()).collect(),
            rules: rules.clone(),
            differentially_private: false,
            statement: Statement { en: STATEMENT_EN.to_owned(), zh: STATEMENT_ZH.to_owned() },
        }
    }
}

/// The nearest multiple of the base; between two, the even one, as `acro` and IEEE 754 do it.
fn rounded(value: i64, base: u64) -> i64 {
    if base < 2 {
        return value;
    }
    let (value, base) = (i128::from(value), i128::from(base));
    let (quotient, rest) = (value.div_euclid(base), value.rem_euclid(base));
    let up = 2 * rest > base || (2 * rest == base && quotient % 2 != 0);
    let nearest = (quotient + i128::from(up)) * base;
    // At the very end of i64 the multiple below is the nearest that exists.
    i64::try_from(nearest).unwrap_or_else(|_| i64::try_from(quotient * base).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_goes_to_the_nearest_and_halves_to_even() {
        let cases =
            [(0, 5, 0), (2, 5, 0), (3, 5, 5), (7, 5, 5), (8, 5, 10), (5, 10, 0), (15, 10, 20), (25, 10, 20), (13, 0, 13), (13, 1, 13)];
        for (value, base, expected) in cases {
            assert_eq!(rounded(value, base), expected, "{value} to {base}");
        }
        assert!(rounded(i64::MAX, 1 << 40) <= i64::MAX - ((1 << 40) - 1));
    }
}
