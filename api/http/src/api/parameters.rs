//! Values in paths and queries, which are text, to the JSON that the schema asks for.
//!
//! Guarantee: one text has one value. `01`, `+1` or `TRUE` stay text and are then refused by the schema.

use super::path::decode;
use super::problem::quote;
use super::refusals::Refusal;
use super::schema::{resolve, types};
use serde_json::{Map, Value};

/// The most parameters of one query.
const PARAMETERS_MAX: usize = 100;

/// A query as pairs, in its order.
pub(crate) fn pairs(query: &str) -> Result<Vec<(String, String)>, Refusal> {
    let parts = query.split('&').filter(|part| !part.is_empty());
    let pair = |part: &str| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let decoded = decode(name, true).zip(decode(value, true));
        decoded.ok_or(Refusal::QueryForm)
    };
    let pairs = parts.take(PARAMETERS_MAX + 1).map(pair).collect::<Result<Vec<_>, _>>()?;
    if pairs.len() > PARAMETERS_MAX { Err(Refusal::QueryForm) } else { Ok(pairs) }
}

/// Puts pairs into an input. A name that has no schema is kept as text, so that the check of the whole names it.
pub(crate) fn place(
    pairs: Vec<(String, String)>,
    properties: &Map<String, Value>,
    components: &Map<String, Value>,
    input: &mut Map<String, Value>,
) -> Result<(), Refusal> {
    for (name, text) in pairs {
        let schema = properties.get(&name);
        let items = schema.and_then(|schema| array_of(schema, components));
        if let Some(items) = items {
            let value = value(&text, items, components);
            match input.entry(name).or_insert_with(|| Value::Array(Vec::new())) {
                Value::Array(values) => values.push(value),
                other => *other = value,
            }
        } else {
            let value = schema.map_or_else(|| Value::String(text.clone()), |schema| value(&text, schema, components));
            let quoted = quote(&name);
            if input.insert(name, value).is_some() {
                return Err(Refusal::QueryTwice { name: quoted });
            }
        }
    }
    Ok(())
}

/// A text as the JSON that a schema asks for.
pub(crate) fn value(text: &str, schema: &Value, components: &Map<String, Value>) -> Value {
    let mut wanted = Vec::new();
    kinds(schema, components, 0, &mut wanted);
    let wants = |kind: &str| wanted.contains(&kind);
    let parsed = || serde_json::from_str::<Value>(text).ok();
    let fits = |value: &Value| {
        (value.is_boolean() && wants("boolean"))
            || ((value.is_i64() || value.is_u64()) && wants("integer"))
            || (value.is_number() && wants("number"))
    };
    // White space around a number is JSON, but a second spelling.
    let plain = !text.contains(|character: char| character.is_whitespace());
    parsed().filter(|value| plain && fits(value)).unwrap_or_else(|| Value::String(text.to_owned()))
}

/// A value as text, the other way round: for the client.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Null => None,
        other => Some(other.to_string()),
    }
}

fn array_of<'a>(schema: &'a Value, components: &'a Map<String, Value>) -> Option<&'a Value> {
    let schema = resolve(schema, components);
    schema.get("type").is_some_and(|wanted| types(wanted).any(|wanted| wanted == "array")).then(|| schema.get("items"))?
}

fn kinds<'a>(schema: &'a Value, components: &'a Map<String, Value>, depth: usize, into: &mut Vec<&'a str>) {
    let schema = resolve(schema, components);
    into.extend(schema.get("type").into_iter().flat_map(types));
    for branch in ["anyOf", "oneOf", "allOf"].into_iter().filter_map(|keyword| schema.get(keyword)?.as_array()).flatten() {
        if depth < 8 {
            kinds(branch, components, depth + 1, into);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use tidegate_terms::Message as _;

    fn placed(query: &str) -> Result<Value, Refusal> {
        let Value::Object(properties) = json!({
            "limit": {"type": ["integer", "null"]}, "name": {"type": "string"}, "all": {"type": "boolean"},
            "tag": {"type": "array", "items": {"$ref": "#/components/schemas/Tag"}}, "share": {"anyOf": [{"type": "number"}, {"type": "null"}]},
        }) else {
            unreachable!()
        };
        let Value::Object(components) = json!({"Tag": {"type": "string"}}) else { unreachable!() };
        let mut input = Map::new();
        place(pairs(query)?, &properties, &components, &mut input)?;
        Ok(input.into())
    }

    #[test]
    fn texts_become_what_the_schema_asks_for() {
        let query = "limit=5&name=5&all=true&tag=a&tag=b%2Fc&share=0.5&unknown=%E6%B5%B7+x";
        let wanted = json!({"limit": 5, "name": "5", "all": true, "tag": ["a", "b/c"], "share": 0.5, "unknown": "海 x"});
        assert_eq!(placed(query).unwrap(), wanted);
        assert_eq!(placed("").unwrap(), json!({}));
    }

    #[test]
    fn second_spellings_stay_text() {
        for text in ["01", "%2B1", "0x1", "1.0", "1e0", "", "+1", "true", "null", "%201"] {
            assert!(placed(&format!("limit={text}")).unwrap()["limit"].is_string(), "{text}");
        }
        assert!(placed("all=TRUE").unwrap()["all"].is_string());
    }

    #[test]
    fn twice_and_badly_encoded_is_refused() {
        assert_eq!(placed("name=a&name=b").unwrap_err().code(), "query.twice");
        for query in ["name=%", "name=%f", "name=%ff", "%ff=1", "name=%C0%AF"] {
            assert_eq!(placed(query).unwrap_err().code(), "query.form", "{query}");
        }
        assert_eq!(placed(&"a=1&".repeat(101)).unwrap_err().code(), "query.form");
    }
}
