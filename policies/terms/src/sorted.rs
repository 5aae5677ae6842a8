//! JSON with one order of keys.
//!
//! `serde_json` keeps the keys of an object sorted, unless some crate in the same build turns on its feature
//! `preserve_order`: then they stand as they were put in, everywhere. What is committed to, signed or compared byte by
//! byte may not depend on who else is in the build. Rejected: forbidding the feature, which Cedar needs.

use serde_json::{Map, Value};

/// The same value with the keys of every object in the order of their bytes.
pub fn sorted(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<(String, Value)> = fields.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            fields.sort_by(|one, other| one.0.cmp(&other.0));
            Value::Object(Map::from_iter(fields))
        }
        Value::Array(values) => Value::Array(values.into_iter().map(sorted).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stand_in_one_order_whatever_the_build() {
        let value: Value = serde_json::from_str(r#"{"b":[{"z":1,"a":2}],"a":{"d":null,"c":1.5}}"#).expect("JSON");
        assert_eq!(sorted(value).to_string(), r#"{"a":{"c":1.5,"d":null},"b":[{"a":2,"z":1}]}"#);
    }
}
