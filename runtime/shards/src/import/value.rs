//! What one value of a file is under the declaration of its column.
//!
//! Texts, numbers, truth values and dates of a file meet here, so that the same rows give the same units
//! whether they came as CSV or as Parquet, and whatever types a tool chose when it wrote them.

use std::borrow::Cow;
use std::collections::HashMap;
use tidegate_terms::{date_text, parse_date};
use unicode_normalization::{UnicodeNormalization as _, is_nfc};

/// A value as the file has it.
pub(crate) enum Raw<'a> {
    Missing,
    Integer(i128),
    Float(f64),
    Boolean(bool),
    Date(i32),
    Text(&'a str),
}

/// A value as the declaration sees it. `Outside` carries what a rule may put in its place.
pub(crate) enum Found<'a> {
    Missing,
    Within(u64),
    Text(Cow<'a, str>),
    Outside(Option<u64>),
}

/// The type of a column and its public range, ready for use.
pub(crate) enum Kind {
    Integer(i64, i64),
    Float(f64, f64),
    Text(usize),
    Boolean,
    Date(i32, i32),
    /// The index of each category, and of the one for others.
    Category(HashMap<String, u32>, Option<u32>),
}

impl Kind {
    /// What a value of the file is under the declaration.
    pub(crate) fn find<'a>(&self, raw: &Raw<'a>) -> Found<'a> {
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
    let text: Cow<'a, str> = if text.is_ascii() || is_nfc(text) { (*text).into() } else { text.nfc().collect::<String>().into() };
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found, as text: `=bits`, `~bits` for a replacement, `~` for none, `-` for missing.
    fn found(kind: &Kind, raw: Raw<'_>) -> String {
        match kind.find(&raw) {
            Found::Missing => "-".to_owned(),
            Found::Within(bits) => format!("={}", bits as i64),
            Found::Text(text) => format!("={text}"),
            Found::Outside(Some(bits)) => format!("~{}", bits as i64),
            Found::Outside(None) => "~".to_owned(),
        }
    }

    #[test]
    fn integers() {
        let kind = Kind::Integer(-5, 120);
        let texts = [
            ("7", "=7"),
            (" +7 ", "=7"),
            ("7.0", "=7"),
            ("7.5", "~"),
            ("-6", "~-5"),
            ("99999999999999999999", "~120"),
            ("", "-"),
            (" ", "-"),
        ];
        for (text, expected) in texts {
            assert_eq!(found(&kind, Raw::Text(text)), expected, "{text}");
        }
        for text in ["nan", "seven", "0x7", "1,5", "７"] {
            assert_eq!(found(&kind, Raw::Text(text)), "~", "{text}");
        }
        assert_eq!(found(&kind, Raw::Float(f64::NEG_INFINITY)), "~-5");
        assert_eq!(found(&kind, Raw::Float(f64::NAN)), "~");
        assert_eq!(found(&kind, Raw::Integer(i128::from(u64::MAX))), "~120");
        assert_eq!(found(&kind, Raw::Date(7)), "~");
        let wide = Kind::Integer(i64::MIN, i64::MAX);
        assert_eq!(found(&wide, Raw::Float(9_007_199_254_740_994.0)), "~", "not every integer there is a float");
        assert_eq!(found(&wide, Raw::Text("9223372036854775807")), "=9223372036854775807");
        assert_eq!(found(&wide, Raw::Integer(i128::from(i64::MAX) + 1)), "~9223372036854775807");
    }

    #[test]
    fn floats_are_finite_and_have_one_zero() {
        let kind = Kind::Float(-1.0, 2.5);
        let bits = |number: f64| number.to_bits() as i64;
        assert_eq!(found(&kind, Raw::Text("-0.0")), "=0");
        assert_eq!(found(&kind, Raw::Text(" 2.5e0 ")), format!("={}", bits(2.5)));
        assert_eq!(found(&kind, Raw::Text("inf")), format!("~{}", bits(2.5)));
        assert_eq!(found(&kind, Raw::Float(-7.0)), format!("~{}", bits(-1.0)));
        assert_eq!(found(&kind, Raw::Integer(2)), format!("={}", bits(2.0)));
        for text in ["nan", "-NaN", "1,5", "x"] {
            assert_eq!(found(&kind, Raw::Text(text)), "~", "{text}");
        }
    }

    #[test]
    fn booleans_dates_and_categories() {
        for (text, expected) in [("true", "=1"), ("FALSE", "=0"), ("1", "=1"), ("0", "=0"), ("yes", "~"), ("", "-")] {
            assert_eq!(found(&Kind::Boolean, Raw::Text(text)), expected, "{text}");
        }
        assert_eq!(found(&Kind::Boolean, Raw::Integer(2)), "~");
        let dates = Kind::Date(0, 365);
        for (text, expected) in [("1970-01-02", "=1"), ("1969-12-31", "~0"), ("2024-02-29", "~365"), ("1970-02-30", "~"), ("1970-1-2", "~")]
        {
            assert_eq!(found(&dates, Raw::Text(text)), expected, "{text}");
        }
        assert_eq!(found(&dates, Raw::Date(366)), "~365");
        let index = [("110105", 0), ("é", 1), ("true", 2)].map(|(name, index)| (name.to_owned(), index));
        let categories = Kind::Category(HashMap::from(index), Some(1));
        let raws = [(Raw::Integer(110_105), "=0"), (Raw::Float(110_105.0), "=0"), (Raw::Boolean(true), "=2"), (Raw::Boolean(false), "~1")];
        for (raw, expected) in raws {
            assert_eq!(found(&categories, raw), expected);
        }
        for (text, expected) in [(" 110105 ", "=0"), ("e\u{301}", "=1"), ("É", "~1"), (" ", "-")] {
            assert_eq!(found(&categories, Raw::Text(text)), expected, "{text}");
        }
    }

    #[test]
    fn texts_are_normal_and_bounded_in_bytes() {
        let kind = Kind::Text(4);
        for (text, expected) in [("e\u{301}", "=é"), (" a ", "= a "), ("éé", "=éé"), ("ééa", "~"), ("", "-")] {
            assert_eq!(found(&kind, Raw::Text(text)), expected, "{text}");
        }
        assert_eq!(found(&kind, Raw::Integer(12_345)), "~");
        assert_eq!(found(&Kind::Text(10), Raw::Date(0)), "=1970-01-01");
    }
}
