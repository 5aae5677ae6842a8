//! Texts inside entries that have exactly one way to be written: instants, real numbers, keys, identifiers.
//!
//! Guarantee: two readers get the same value, and two writers the same bytes. Real numbers therefore travel
//! as decimal text (`"12.5"`), the shortest that gives the same IEEE double back: JSON numbers were rejected
//! because common parsers (`serde_json` without `float_roundtrip` among them) miss by a last digit, and a
//! price that two verifiers compute differently is no price.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use schemars::{Schema, SchemaGenerator, json_schema};
use tidegate_terms::{date_text, parse_date};

/// Seconds since 1970 of an instant written exactly `2026-11-21T10:00:00Z`, or `None` for anything else.
///
/// One width and one zone, so that the order of the texts is the order of the instants.
pub fn parse_instant(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if bytes.len() != 20 || !text.is_ascii() || bytes[10] != b'T' || bytes[13] != b':' || bytes[16] != b':' || bytes[19] != b'Z' {
        return None;
    }
    let two = |at: usize| match (bytes[at], bytes[at + 1]) {
        (tens @ b'0'..=b'9', ones @ b'0'..=b'9') => Some(i64::from(tens - b'0') * 10 + i64::from(ones - b'0')),
        _ => None,
    };
    let (hour, minute, second) = (two(11)?, two(14)?, two(17)?);
    let day = i64::from(parse_date(&text[..10])?);
    (hour < 24 && minute < 60 && second < 60).then_some(((day * 24 + hour) * 60 + minute) * 60 + second)
}

/// The text of an instant, as [`parse_instant`] reads it; empty outside years 1 to 9999.
pub(crate) fn instant_text(seconds: i64) -> String {
    let (day, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let date = i32::try_from(day).ok().and_then(date_text);
    date.map_or_else(String::new, |date| format!("{date}T{:02}:{:02}:{:02}Z", second / 3_600, second / 60 % 60, second % 60))
}

/// The 32 bytes of an Ed25519 public key in base64, or `None`.
pub fn parse_key(text: &str) -> Option<[u8; 32]> {
    BASE64.decode(text).ok()?.try_into().ok()
}

/// Whether a text can name a run or a grant: 1 to 64 ASCII letters, digits, `.`, `_` and `-`.
pub(crate) fn is_identifier(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

/// Real numbers as decimal text; only finite ones.
pub(crate) mod real {
    use serde::{Deserialize as _, Deserializer, Serializer, de, ser};

    pub(crate) fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        if !value.is_finite() {
            return Err(ser::Error::custom("a real number must be finite"));
        }
        serializer.serialize_str(&format!("{value:?}"))
    }

    pub(crate) fn deserialize<'a, D: Deserializer<'a>>(deserializer: D) -> Result<f64, D::Error> {
        let text = String::deserialize(deserializer)?;
        let value: f64 = text.parse().map_err(|_| de::Error::custom("not a decimal number"))?;
        if value.is_finite() { Ok(value) } else { Err(de::Error::custom("a real number must be finite")) }
    }
}

pub(crate) fn real_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "pattern": "^-?[0-9]+(\\.[0-9]+)?(e-?[0-9]+)?$",
        "description": "A real number as the shortest decimal text that gives the same IEEE 754 double back."
    })
}

pub(crate) fn digest_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "pattern": "^[0-9a-f]{64}$", "description": "A SHA-256 digest." })
}

pub(crate) fn digests_schema(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "items": digest_schema(generator) })
}

pub(crate) fn instant_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$",
        "description": "An instant in UTC, in whole seconds."
    })
}

pub(crate) fn date_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "description": "A calendar date." })
}

pub(crate) fn identifier_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_has_one_spelling() {
        assert_eq!(parse_instant("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(parse_instant("2026-11-21T10:00:00Z"), Some(20_778 * 86_400 + 36_000));
        for text in ["1969-12-31T23:59:59Z", "2026-11-21T10:07:09Z", "9999-12-31T00:00:00Z"] {
            assert_eq!(parse_instant(text).map(instant_text).as_deref(), Some(text));
        }
        for wrong in [
            "",
            "2026-11-21T10:00:00",
            "2026-11-21T10:00:00+",
            "2026-11-21 10:00:00Z",
            "2026-02-30T10:00:00Z",
            "2026-11-21T24:00:00Z",
            "2026-11-21T10:60:00Z",
            "2026-11-21T10:00:60Z",
            "2026-11-21T10:00:0éZ",
            "2026-11-21T+1:00:00Z",
            "2026-11-21T10:00:00.0Z",
        ] {
            assert_eq!(parse_instant(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_key_is_32_bytes() {
        assert!(parse_key(&BASE64.encode([7; 32])).is_some());
        assert!(parse_key(&BASE64.encode([7; 31])).is_none());
        assert!(parse_key("not base64").is_none());
    }
}
