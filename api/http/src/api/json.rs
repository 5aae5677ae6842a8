//! JSON as it comes from strangers.
//!
//! Guarantee: what [`parse`] accepts has no key twice in an object (two readers would see two values), is at most
//! [`DEPTH_MAX`] deep, has at most [`VALUES_MAX`] values (each takes more memory than its text) and is UTF-8. A number without a fraction is an integer, however it was written.

use super::refusals::Refusal;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::cell::Cell;
use std::fmt;

/// The deepest nesting.
pub(crate) const DEPTH_MAX: usize = 32;
/// The most values in one body.
pub(crate) const VALUES_MAX: usize = 50_000;
const TWICE: &str = "a key stands twice";
const DEEP: &str = "too deep";
const MANY: &str = "too many values";
/// Up to here every integer is a float.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

/// Reads a body.
pub(crate) fn parse(bytes: &[u8]) -> Result<Value, Refusal> {
    let text = std::str::from_utf8(bytes).map_err(|_| Refusal::NotUtf8)?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let left = Cell::new(VALUES_MAX);
    let parsed =
        Strict { depth: DEPTH_MAX, left: &left }.deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value));
    parsed.map_err(|error| {
        let said = error.to_string();
        if said.starts_with(TWICE) {
            Refusal::KeyTwice { line: error.line(), column: error.column() }
        } else if said.starts_with(DEEP) || said.starts_with("recursion limit") {
            Refusal::TooDeep { maximum: DEPTH_MAX }
        } else if said.starts_with(MANY) {
            Refusal::TooManyValues { maximum: VALUES_MAX }
        } else {
            Refusal::NotJson { line: error.line(), column: error.column() }
        }
    })
}

#[derive(Clone, Copy)]
struct Strict<'a> {
    depth: usize,
    left: &'a Cell<usize>,
}

impl Strict<'_> {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        self.depth.checked_sub(1).map(|depth| Self { depth, left: self.left }).ok_or_else(|| E::custom(DEEP))
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let left = self.left.get().checked_sub(1).ok_or_else(|| D::Error::custom(MANY))?;
        self.left.set(left);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        if value.fract() == 0.0 && value.abs() <= EXACT_MAX {
            #[allow(clippy::cast_possible_truncation)] // Within the bound above, it is exact.
            return Ok((value as i64).into());
        }
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("no finite number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut values = Vec::new();
        while let Some(value) = sequence.next_element_seed(inner)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(inner)?;
            if map.insert(key, value).is_some() {
                return Err(A::Error::custom(TWICE));
            }
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use tidegate_terms::Message as _;

    fn code(bytes: &[u8]) -> String {
        parse(bytes).expect_err("refused").code()
    }

    #[test]
    fn ordinary_json_is_read() {
        let text = r#" {"a": [1, -2, 1.5, 2.0, 1e3, true, null, "海"], "b": {}} "#;
        assert_eq!(parse(text.as_bytes()).unwrap(), json!({"a": [1, -2, 1.5, 2, 1000, true, null, "海"], "b": {}}));
    }

    #[test]
    fn what_two_readers_could_read_differently_is_refused() {
        assert_eq!(code(br#"{"a":1,"a":2}"#), "json.key-twice");
        assert_eq!(code(br#"{"a":1,"\u0061":2}"#), "json.key-twice");
        assert_eq!(code(b"{\"a\":\"\xff\"}"), "json.not-utf8");
        for wrong in ["", "{", "{\"a\":NaN}", "[1,]", "{} {}", "{\"a\":1e999}", "\u{feff}{}", "{'a':1}", "\"\\ud800\"", "// x\n1"] {
            assert_eq!(code(wrong.as_bytes()), "json.not-json", "{wrong}");
        }
    }

    #[test]
    fn depth_and_number_are_bounded() {
        let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(deep(DEPTH_MAX).as_bytes()).is_ok());
        assert_eq!(code(deep(DEPTH_MAX + 1).as_bytes()), "json.depth");
        assert_eq!(code("[".repeat(100_000).as_bytes()), "json.depth");
        assert_eq!(code("{\"a\":".repeat(100_000).as_bytes()), "json.depth");
        let many = |count: usize| format!("[{}0]", "0,".repeat(count - 1));
        assert!(parse(many(VALUES_MAX - 1).as_bytes()).is_ok());
        assert_eq!(code(many(VALUES_MAX).as_bytes()), "json.values");
    }
}
