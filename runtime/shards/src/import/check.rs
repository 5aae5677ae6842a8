//! One column of a batch against its declaration: every value comes out in range, missing, or takes its row
//! with it.
//!
//! Guarantee: what is kept lies within the public schema, whatever stood in the file. Rules look at one value
//! at a time, never at another row (design section 3: nothing is imputed, ranked or scaled across units). A
//! value is judged only in rows that are still kept, columns in the order of the schema. Values leave this
//! module as bits of their stored width, so that encoding a row is one loop for all types.

use super::tally::{ColumnTally, Lines};
use crate::layout::Stored;
use polars::prelude::{DataType, Series};
use std::collections::HashMap;
use tidegate_terms::{Column, ColumnType, MissingRule, OutsideRule, date_text, parse_date};
use unicode_normalization::{UnicodeNormalization as _, is_nfc};

/// A value as the file has it.
pub(super) enum Raw<'a> {
    Missing,
    Integer(i128),
    Float(f64),
    Boolean(bool),
    Date(i32),
    Text(&'a str),
}

/// A value as the declaration sees it. `Outside` carries what a rule may put in its place.
enum Found<'a> {
    Missing,
    Within(u64),
    Text(std::borrow::Cow<'a, str>),
    Outside(Option<u64>),
}

/// The fate of a row.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Kept,
    NoIdentifier,
    DroppedOutside,
    DroppedMissing,
}

/// The checked values of a column, one for each row of the batch; those of rows not kept mean nothing.
#[derive(Default)]
pub(super) struct Checked {
    /// Bits of the value; for texts, start and length in `texts`.
    pub bits: Vec<u64>,
    pub missing: Vec<bool>,
    pub texts: Vec<u8>,
}

/// The declaration of a column, ready for use.
pub(super) struct Rule {
    kind: Kind,
    pub stored: Stored,
    nullable: bool,
    outside: OutsideRule,
    missing: MissingRule,
}

enum Kind {
    Integer(i64, i64),
    Float(f64, f64),
    Text(usize),
    Boolean,
    Date(i32, i32),
    Category(HashMap<String, u32>, Option<u32>),
}

impl Rule {
    /// `None` if the declaration is not one that `PublicSchema::check` accepts.
    pub(super) fn of(column: &Column, stored: Stored) -> Option<Self> {
        let kind = match &column.kind {
            ColumnType::Integer { minimum, maximum } => Kind::Integer(*minimum, *maximum),
            ColumnType::Float { minimum, maximum } => Kind::Float(minimum + 0.0, maximum + 0.0),
            ColumnType::Text { bytes_max } => Kind::Text(*bytes_max as usize),
            ColumnType::Boolean => Kind::Boolean,
            ColumnType::Date { minimum, maximum } => Kind::Date(parse_date(minimum)?, parse_date(maximum)?),
            ColumnType::Category { categories } => {
                let index: HashMap<_, _> = categories.iter().cloned().zip(0..).collect();
                let other = if let OutsideRule::Other(name) = &column.outside { Some(*index.get(name)?) } else { None };
                Kind::Category(index, other)
            }
        };
        Some(Self { kind, stored, nullable: column.nullable, outside: column.outside.clone(), missing: column.missing })
    }

    /// Whether a column of this type in the file can hold such values at all.
    pub(super) fn reads(&self, dtype: &DataType) -> bool {
        let integer = matches!(dtype, DataType::Int32 | DataType::Int64 | DataType::UInt32 | DataType::UInt64);
        let float = matches!(dtype, DataType::Float32 | DataType::Float64);
        let boolean = *dtype == DataType::Boolean;
        match (&self.kind, dtype) {
            (_, DataType::String | DataType::Null) => true,
            (Kind::Integer(..) | Kind::Float(..) | Kind::Boolean, _) => integer || float || boolean,
            (Kind::Date(..), _) => *dtype == DataType::Date,
            (Kind::Text(_), _) => integer || *dtype == DataType::Date,
            (Kind::Category(..), _) => integer || float || boolean || *dtype == DataType::Date,
        }
    }

    /// Checks a column; `fates` says which rows are still kept, before and after.
    pub(super) fn check(&self, series: &Series, fates: &mut [Fate], lines: &Lines, tally: &mut ColumnTally, out: &mut Checked) -> bool {
        out.bits.clear();
        out.missing.clear();
        out.texts.clear();
        visit(series, |row, raw| {
            let Some(fate) = fates.get_mut(row) else { return };
            let bits = if *fate == Fate::Kept { self.settle(&raw, row, fate, lines, tally, &mut out.texts) } else { None };
            out.missing.push(bits.is_none());
            out.bits.push(bits.unwrap_or(0));
        }) && out.bits.len() == fates.len()
    }

    fn settle(
        &self,
        raw: &Raw<'_>,
        row: usize,
        fate: &mut Fate,
        lines: &Lines,
        tally: &mut ColumnTally,
        texts: &mut Vec<u8>,
    ) -> Option<u64> {
        let nearest = match self.kind.find(raw) {
            Found::Within(bits) => return Some(bits),
            Found::Text(text) => {
                let start = texts.len() as u64;
                texts.extend_from_slice(text.as_bytes());
                return Some(start << 32 | text.len() as u64);
            }
            Found::Missing => {
                tally.report.missing += 1;
                return self.settle_missing(row, fate, lines, tally);
            }
            Found::Outside(nearest) => nearest,
        };
        let outside = &mut tally.report.outside;
        match (&self.outside, nearest) {
            (OutsideRule::Refuse, _) => {
                outside.refused += 1;
                tally.outside_first.note(lines.of(row));
                None
            }
            (OutsideRule::DropRow, _) => {
                outside.row_dropped += 1;
                *fate = Fate::DroppedOutside;
                None
            }
            (OutsideRule::Clamp, Some(bits)) => {
                outside.clamped += 1;
                Some(bits)
            }
            (OutsideRule::Other(_), Some(bits)) => {
                outside.became_other += 1;
                Some(bits)
            }
            (OutsideRule::Missing | OutsideRule::Clamp | OutsideRule::Other(_), _) => {
                outside.became_missing += 1;
                self.settle_missing(row, fate, lines, tally)
            }
        }
    }

    fn settle_missing(&self, row: usize, fate: &mut Fate, lines: &Lines, tally: &mut ColumnTally) -> Option<u64> {
        match self.missing {
            _ if self.nullable => {}
            MissingRule::Refuse => {
                tally.missing_refused += 1;
                tally.missing_first.note(lines.of(row));
            }
            MissingRule::DropRow => *fate = Fate::DroppedMissing,
        }
        None
    }

    /// The declared range, for people.
    pub(super) fn range(&self) -> String {
        match &self.kind {
            Kind::Integer(minimum, maximum) => format!("[{minimum}, {maximum}]"),
            Kind::Float(minimum, maximum) => format!("[{minimum}, {maximum}]"),
            Kind::Text(bytes) => format!("UTF-8 ≤ {bytes} B"),
            Kind::Boolean => "{true, false, 1, 0}".to_owned(),
            Kind::Date(minimum, maximum) => {
                format!("[{}, {}]", date_text(*minimum).unwrap_or_default(), date_text(*maximum).unwrap_or_default())
            }
            Kind::Category(index, _) => format!("{{1..{}}}", index.len()),
        }
    }
}

impl Kind {
    fn find<'a>(&self, raw: &Raw<'a>) -> Found<'a> {
        match (self, raw) {
            (_, Raw::Missing) => Found::Missing,
            (Self::Text(bytes_max), Raw::Text(text)) => find_text(text, *bytes_max),
            (_, Raw::Text(text)) if text.trim().is_empty() => Found::Missing,
            (Self::Integer(minimum, maximum), raw) => find_integer(raw, *minimum, *maximum),
            (Self::Float(minimum, maximum), raw) => find_float(raw, *minimum, *maximum),
            (Self::Boolean, raw) => find_boolean(raw).map_or(Found::Outside(None), |value| Found::Within(value.into())),
            (Self::Date(minimum, maximum), Raw::Date(day)) => find_date(Some(*day), *minimum, *maximum),
            (Self::Date(minimum, maximum), Raw::Text(text)) => find_date(parse_date(text.trim()), *minimum, *maximum),
            (Self::Category(index, other), raw) => find_category(raw, index).map_or(Found::Outside(other.map(u64::from)), Found::Within),
            (Self::Text(bytes_max), Raw::Integer(number)) if number.to_string().len() <= *bytes_max => {
                Found::Text(number.to_string().into())
            }
            (Self::Text(bytes_max), Raw::Date(day)) if *bytes_max >= 10 => {
                date_text(*day).map_or(Found::Outside(None), |text| Found::Text(text.into()))
            }
            (Self::Text(_) | Self::Date(..), _) => Found::Outside(None),
        }
    }
}

fn find_text<'a>(text: &&'a str, bytes_max: usize) -> Found<'a> {
    let text: std::borrow::Cow<'a, str> =
        if text.is_ascii() || is_nfc(text) { (*text).into() } else { text.nfc().collect::<String>().into() };
    match text.len() {
        0 => Found::Missing,
        length if length <= bytes_max => Found::Text(text),
        _ => Found::Outside(None),
    }
}

/// Whole numbers up to 2^53 are integers also where a file wrote them as floats, as tools do for integer
/// columns with missing values.
fn find_integer<'a>(raw: &Raw<'_>, minimum: i64, maximum: i64) -> Found<'a> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let bits = |number: i64| number as u64;
    let number = match raw {
        Raw::Integer(number) => *number,
        Raw::Boolean(value) => i128::from(*value),
        Raw::Text(text) => match text.trim().parse::<i64>() {
            Ok(number) => i128::from(number),
            Err(_) => return text.trim().parse().map_or(Found::Outside(None), |float| find_integer(&Raw::Float(float), minimum, maximum)),
        },
        Raw::Float(float) if float.fract() == 0.0 && float.abs() <= EXACT => *float as i128,
        Raw::Float(float) if *float >= maximum as f64 => return Found::Outside(Some(bits(maximum))),
        Raw::Float(float) if *float <= minimum as f64 => return Found::Outside(Some(bits(minimum))),
        _ => return Found::Outside(None),
    };
    match i64::try_from(number) {
        Ok(number) if (minimum..=maximum).contains(&number) => Found::Within(bits(number)),
        _ if number > i128::from(maximum) => Found::Outside(Some(bits(maximum))),
        _ => Found::Outside(Some(bits(minimum))),
    }
}

fn find_float<'a>(raw: &Raw<'_>, minimum: f64, maximum: f64) -> Found<'a> {
    let number = match raw {
        Raw::Float(number) => *number,
        Raw::Integer(number) => *number as f64,
        Raw::Boolean(value) => f64::from(u8::from(*value)),
        Raw::Text(text) => text.trim().parse().unwrap_or(f64::NAN),
        _ => f64::NAN,
    };
    // Adding zero turns -0.0 into 0.0 (attack A8).
    match number + 0.0 {
        number if number >= minimum && number <= maximum => Found::Within(number.to_bits()),
        number if number > maximum => Found::Outside(Some(maximum.to_bits())),
        number if number < minimum => Found::Outside(Some(minimum.to_bits())),
        _ => Found::Outside(None),
    }
}

fn find_boolean(raw: &Raw<'_>) -> Option<bool> {
    match raw {
        Raw::Boolean(value) => Some(*value),
        Raw::Integer(number) => [0, 1].contains(number).then_some(*number == 1),
        Raw::Float(number) => [0.0, 1.0].contains(number).then_some(*number == 1.0),
        Raw::Text(text) => match text.trim() {
            "1" => Some(true),
            "0" => Some(false),
            text if text.eq_ignore_ascii_case("true") => Some(true),
            text if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        },
        Raw::Missing | Raw::Date(_) => None,
    }
}

fn find_date<'a>(day: Option<i32>, minimum: i32, maximum: i32) -> Found<'a> {
    let bits = |day: i32| u64::from(day as u32);
    match day {
        Some(day) if day > maximum => Found::Outside(Some(bits(maximum))),
        Some(day) if day < minimum => Found::Outside(Some(bits(minimum))),
        Some(day) => Found::Within(bits(day)),
        None => Found::Outside(None),
    }
}

/// Category codes are looked up as text, also where a file wrote them as numbers, truth values or dates.
fn find_category(raw: &Raw<'_>, index: &HashMap<String, u32>) -> Option<u64> {
    let found = match raw {
        Raw::Text(text) if text.is_ascii() => index.get(text.trim()),
        Raw::Text(text) => index.get(text.nfc().collect::<String>().trim()),
        Raw::Integer(number) => index.get(&number.to_string()),
        Raw::Float(number) => index.get(&(number + 0.0).to_string()),
        Raw::Boolean(value) => index.get(if *value { "true" } else { "false" }).or_else(|| index.get(if *value { "1" } else { "0" })),
        Raw::Date(day) => index.get(&date_text(*day)?),
        Raw::Missing => None,
    };
    found.map(|index| u64::from(*index))
}

/// Calls `each` for every row of a column; `false` where the column has a type that is not read.
pub(super) fn visit(series: &Series, mut each: impl FnMut(usize, Raw<'_>)) -> bool {
    macro_rules! rows {
        ($typed:expr, $value:ident => $raw:expr) => {{
            let Ok(typed) = $typed else { return false };
            for (row, value) in typed.iter().enumerate() {
                each(row, value.map_or(Raw::Missing, |$value| $raw));
            }
        }};
    }
    match series.dtype() {
        DataType::Int32 => rows!(series.i32(), value => Raw::Integer(value.into())),
        DataType::Int64 => rows!(series.i64(), value => Raw::Integer(value.into())),
        DataType::UInt32 => rows!(series.u32(), value => Raw::Integer(value.into())),
        DataType::UInt64 => rows!(series.u64(), value => Raw::Integer(value.into())),
        DataType::Float32 => rows!(series.f32(), value => Raw::Float(value.into())),
        DataType::Float64 => rows!(series.f64(), value => Raw::Float(value)),
        DataType::Boolean => rows!(series.bool(), value => Raw::Boolean(value)),
        DataType::String => rows!(series.str(), value => Raw::Text(value)),
        DataType::Date => match series.date() {
            Ok(dates) => rows!(Ok::<_, ()>(dates.physical()), value => Raw::Date(value)),
            Err(_) => return false,
        },
        DataType::Null => (0..series.len()).for_each(|row| each(row, Raw::Missing)),
        _ => return false,
    }
    true
}
