//! One column of a batch against its declaration: every value comes out in range, missing, or takes its row
//! with it.
//!
//! Guarantee: what is kept lies within the public schema, whatever stood in the file. Rules look at one value
//! at a time, never at another row (design section 3: nothing is imputed, ranked or scaled across units). A
//! value is judged only in rows that are still kept, columns in the order of the schema. Values leave this
//! module as bits of their stored width, so that encoding a row is one loop for all types.

use super::tally::{ColumnTally, Lines};
use super::value::{Found, Kind, Raw};
use crate::layout::Stored;
use polars::prelude::{DataType, Series};
use std::collections::HashMap;
use tidegate_terms::{Column, ColumnType, MissingRule, OutsideRule, date_text, parse_date};

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

impl Rule {
    /// `None` if the declaration is not one that `PublicSchema::check` accepts.
    pub(super) fn of(column: &Column, stored: Stored) -> Option<Self> {
        let kind = match &column.kind {
            ColumnType::Integer { minimum, maximum } => Kind::Integer(*minimum, *maximum),
            ColumnType::Float { minimum, maximum } => Kind::Float(minimum + 0.0, maximum + 0.0),
            ColumnType::Text { bytes_max } => Kind::Text(*bytes_max as usize),
            ColumnType::Boolean {} => Kind::Boolean,
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
