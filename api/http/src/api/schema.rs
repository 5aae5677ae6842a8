//! Holding values against JSON Schema, as far as our own types need it.
//!
//! Guarantee: [`check`] decides every keyword that [`unknown_keyword`] lets into a table, and says where a value is
//! wrong. Rejected: a validator for the whole standard: a large dependency in the process that strangers speak to, for
//! schemas that we make ourselves. `pattern` and `format` describe; the Rust type behind the schema decides them.

use super::problem::{WrongField, quote, spoken};
use serde_json::{Map, Value};
use tidegate_terms::messages;

/// The most fields that one problem names.
const FAULTS_MAX: usize = 20;
const CHECKED: [&str; 20] = [
    "$ref",
    "type",
    "enum",
    "const",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "minItems",
    "maxItems",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "anyOf",
    "oneOf",
    "allOf",
    "uniqueItems",
];
const DESCRIBING: [&str; 8] = ["title", "description", "default", "examples", "format", "pattern", "deprecated", "contentEncoding"];

messages! {
    /// What is wrong with one field.
    pub(crate) enum Fault {
        Type { wanted: String } = "field.type" {
            en: "must be of type {wanted}",
            zh: "类型必须为 {wanted}",
        },
        Unknown { name: String } = "field.unknown" {
            en: "`{name}` is no field of this operation",
            zh: "“{name}”不是该操作的字段",
        },
        Impossible = "field.impossible" {
            en: "has the right type and is no value that is possible here: see its description at /docs",
            zh: "类型正确，但不是此处可用的值：见 /docs 中的说明",
        },
        Missing { name: String } = "field.missing" {
            en: "`{name}` is missing",
            zh: "缺少“{name}”",
        },
        Choice { wanted: String } = "field.choice" {
            en: "must be one of {wanted}",
            zh: "必须是以下之一：{wanted}",
        },
        Least { bound: String } = "field.least" {
            en: "must be at least {bound}",
            zh: "不得小于 {bound}",
        },
        Most { bound: String } = "field.most" {
            en: "must be at most {bound}",
            zh: "不得大于 {bound}",
        },
        Above { bound: String } = "field.above" {
            en: "must be above {bound}",
            zh: "必须大于 {bound}",
        },
        Below { bound: String } = "field.below" {
            en: "must be below {bound}",
            zh: "必须小于 {bound}",
        },
        Size { least: u64, most: String } = "field.size" {
            en: "must have {least} to {most} characters or items",
            zh: "字符或项目数必须为 {least} 至 {most}",
        },
        Twice = "field.twice" {
            en: "has an item twice",
            zh: "含有重复的项目",
        },
        Never = "field.never" {
            en: "is not possible here",
            zh: "此处不可用",
        },
    }
}

/// A keyword somewhere in a schema that nothing here decides.
pub(crate) fn unknown_keyword(schema: &Value) -> Option<String> {
    let Value::Object(map) = schema else { return (!schema.is_boolean()).then(|| schema.to_string()) };
    map.iter().find_map(|(keyword, value)| match keyword.as_str() {
        "properties" => value.as_object()?.values().find_map(unknown_keyword),
        "items" | "additionalProperties" => unknown_keyword(value),
        "anyOf" | "oneOf" | "allOf" | "prefixItems" => value.as_array()?.iter().find_map(unknown_keyword),
        known if CHECKED.contains(&known) || DESCRIBING.contains(&known) => None,
        other => Some(other.to_owned()),
    })
}

/// Gives whole numbers the bounds of their Rust type, so that the schema says what the type accepts.
pub(crate) fn bound_integers(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            let bounds = match map.get("format").and_then(Value::as_str) {
                Some("uint8") => Some((0, u64::from(u8::MAX))),
                Some("uint16") => Some((0, u64::from(u16::MAX))),
                Some("uint32") => Some((0, u64::from(u32::MAX))),
                Some("uint64" | "uint") => Some((0, u64::MAX)),
                Some("int32") => Some((i64::from(i32::MIN), 0x7fff_ffff)),
                Some("int64" | "int") => Some((i64::MIN, 0x7fff_ffff_ffff_ffff)),
                _ => None,
            };
            if let Some((least, most)) = bounds {
                map.entry("minimum").or_insert(least.into());
                map.entry("maximum").or_insert(most.into());
            }
            map.values_mut().for_each(bound_integers);
        }
        Value::Array(values) => values.iter_mut().for_each(bound_integers),
        _ => {}
    }
}

/// Takes null from what a schema allows at its top.
pub(crate) fn without_null(schema: &mut Value) {
    let Value::Object(map) = schema else { return };
    if let Some(Value::Array(wanted)) = map.get_mut("type") {
        wanted.retain(|wanted| wanted != "null");
    }
    if let Some(Value::Array(branches)) = map.get_mut("anyOf") {
        branches.retain(|branch| branch.get("type").is_none_or(|wanted| wanted != "null"));
    }
    if map.get("default").is_some_and(Value::is_null) {
        map.remove("default");
    }
}

/// Follows a reference to a component.
pub(crate) fn resolve<'a>(schema: &'a Value, components: &'a Map<String, Value>) -> &'a Value {
    let mut schema = schema;
    // Types that only rename each other are few; a loop of them would have no value at all.
    for _ in 0..8 {
        let Some(reference) = schema.get("$ref").and_then(Value::as_str) else { break };
        let Some(target) = reference.strip_prefix("#/components/schemas/").and_then(|name| components.get(name)) else { break };
        schema = target;
    }
    schema
}

/// Everything that is wrong with a value.
pub(crate) fn check(schema: &Value, value: &Value, components: &Map<String, Value>) -> Vec<WrongField> {
    let mut checking = Checking { components, faults: Vec::new() };
    checking.check(schema, value, "");
    checking.faults
}

/// Says of a field that its value is none that is possible.
pub(crate) fn impossible(pointer: &str) -> WrongField {
    WrongField { pointer: pointer.chars().take(400).collect(), detail: spoken(&Fault::Impossible) }
}

/// Names that stand where they do not belong.
pub(crate) fn strays(names: &[String]) -> Option<Vec<WrongField>> {
    let stray = |name: &String| WrongField { pointer: String::new(), detail: spoken(&Fault::Unknown { name: quote(name) }) };
    (!names.is_empty()).then(|| names.iter().take(FAULTS_MAX).map(stray).collect())
}

struct Checking<'a> {
    components: &'a Map<String, Value>,
    faults: Vec<WrongField>,
}

impl Checking<'_> {
    fn fault(&mut self, at: &str, fault: &Fault) {
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(WrongField { pointer: at.chars().take(400).collect(), detail: spoken(fault) });
        }
    }

    fn check(&mut self, schema: &Value, value: &Value, at: &str) {
        let schema = resolve(schema, self.components);
        let Value::Object(map) = schema else {
            if schema == &Value::Bool(false) {
                self.fault(at, &Fault::Never);
            }
            return;
        };
        if let Some(wanted) = map.get("type")
            && !types(wanted).any(|wanted| is(value, wanted))
        {
            return self.fault(at, &Fault::Type { wanted: types(wanted).collect::<Vec<_>>().join(" / ") });
        }
        let choices = map.get("enum").and_then(Value::as_array).map(Vec::as_slice);
        let choices = choices.or(map.get("const").map(std::slice::from_ref));
        if let Some(choices) = choices
            && !choices.contains(value)
        {
            let wanted = choices.iter().map(Value::to_string).collect::<Vec<_>>().join(", ");
            return self.fault(at, &Fault::Choice { wanted });
        }
        match value {
            Value::Number(_) => self.number(map, value, at),
            Value::String(text) => self.size(map, "minLength", "maxLength", text.chars().count(), at),
            Value::Array(items) => self.array(map, items, at),
            Value::Object(fields) => self.object(map, fields, at),
            Value::Null | Value::Bool(_) => {}
        }
        for all in map.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            self.check(all, value, at);
        }
        for (keyword, once) in [("anyOf", false), ("oneOf", true)] {
            if let Some(branches) = map.get(keyword).and_then(Value::as_array) {
                self.branches(branches, once, value, at);
            }
        }
    }

    /// Says what is wrong by the branch that comes nearest.
    fn branches(&mut self, branches: &[Value], once: bool, value: &Value, at: &str) {
        let tried = branches.iter().map(|branch| {
            let mut checking = Checking { components: self.components, faults: Vec::new() };
            checking.check(branch, value, at);
            checking.faults
        });
        let tried: Vec<_> = tried.collect();
        let fitting = tried.iter().filter(|faults| faults.is_empty()).count();
        if fitting > 1 && once {
            self.fault(at, &Fault::Never);
        }
        if fitting == 0 {
            // A fault deeper inside is nearer than one at the top.
            let nearest = tried.into_iter().min_by_key(|faults| (faults.iter().any(|fault| fault.pointer == at), faults.len()));
            self.faults.extend(nearest.unwrap_or_default());
            self.faults.truncate(FAULTS_MAX);
        }
    }

    fn number(&mut self, map: &Map<String, Value>, value: &Value, at: &str) {
        type Rule = (&'static str, fn(std::cmp::Ordering) -> bool, fn(String) -> Fault);
        let rules: [Rule; 4] = [
            ("minimum", std::cmp::Ordering::is_ge, |bound| Fault::Least { bound }),
            ("maximum", std::cmp::Ordering::is_le, |bound| Fault::Most { bound }),
            ("exclusiveMinimum", std::cmp::Ordering::is_gt, |bound| Fault::Above { bound }),
            ("exclusiveMaximum", std::cmp::Ordering::is_lt, |bound| Fault::Below { bound }),
        ];
        for (keyword, holds, fault) in rules {
            if let Some(bound) = map.get(keyword)
                && !compare(value, bound).is_some_and(holds)
            {
                self.fault(at, &fault(bound.to_string()));
            }
        }
    }

    fn size(&mut self, map: &Map<String, Value>, least: &str, most: &str, size: usize, at: &str) {
        let least = map.get(least).and_then(Value::as_u64).unwrap_or(0);
        let most = map.get(most).and_then(Value::as_u64);
        let size = u64::try_from(size).unwrap_or(u64::MAX);
        if size < least || most.is_some_and(|most| size > most) {
            self.fault(at, &Fault::Size { least, most: most.map_or("∞".to_owned(), |most| most.to_string()) });
        }
    }

    fn array(&mut self, map: &Map<String, Value>, items: &[Value], at: &str) {
        self.size(map, "minItems", "maxItems", items.len(), at);
        if map.get("uniqueItems") == Some(&Value::Bool(true)) && items.len() < 1000 {
            let twice = |(place, item): (usize, &Value)| items[..place].contains(item);
            if items.iter().enumerate().any(twice) {
                self.fault(at, &Fault::Twice);
            }
        }
        let first = map.get("prefixItems").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        for (place, (schema, item)) in first.iter().zip(items).enumerate() {
            self.check(schema, item, &format!("{at}/{place}"));
        }
        if let Some(schema) = map.get("items") {
            for (place, item) in items.iter().enumerate().skip(first.len()) {
                if self.faults.len() >= FAULTS_MAX {
                    break;
                }
                self.check(schema, item, &format!("{at}/{place}"));
            }
        }
    }

    fn object(&mut self, map: &Map<String, Value>, fields: &Map<String, Value>, at: &str) {
        for name in map.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            if !fields.contains_key(name) {
                self.fault(at, &Fault::Missing { name: name.to_owned() });
            }
        }
        let properties = map.get("properties").and_then(Value::as_object);
        for (name, value) in fields {
            let inside = || format!("{at}/{}", quote(name).replace('~', "~0").replace('/', "~1"));
            match (properties.and_then(|properties| properties.get(name)), map.get("additionalProperties")) {
                (Some(schema), _) => self.check(schema, value, &inside()),
                (None, Some(Value::Bool(false))) => self.fault(at, &Fault::Unknown { name: quote(name) }),
                (None, Some(schema)) => self.check(schema, value, &inside()),
                (None, None) => {}
            }
        }
    }
}

/// The names in `type`, which is one or a list.
pub(crate) fn types(wanted: &Value) -> impl Iterator<Item = &str> {
    wanted.as_str().into_iter().chain(wanted.as_array().into_iter().flatten().filter_map(Value::as_str))
}

fn is(value: &Value, wanted: &str) -> bool {
    match wanted {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    }
}

/// Integers exactly, everything else as floats.
fn compare(left: &Value, right: &Value) -> Option<std::cmp::Ordering> {
    let whole = |value: &Value| value.as_i64().map(i128::from).or(value.as_u64().map(i128::from));
    match (whole(left), whole(right)) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn codes(schema: &Value, value: &Value) -> Vec<String> {
        check(schema, value, &Map::new()).into_iter().map(|field| format!("{} {}", field.pointer, field.detail.en)).collect()
    }

    #[test]
    fn each_keyword_decides() {
        let cases = [
            (json!({"type": "integer"}), json!(1), json!("1")),
            (json!({"type": ["integer", "null"]}), json!(null), json!(1.5)),
            (json!({"enum": ["a", "b"]}), json!("a"), json!("c")),
            (json!({"const": 1}), json!(1), json!(2)),
            (json!({"minimum": 1, "maximum": 2}), json!(2), json!(3)),
            (json!({"maximum": u64::MAX}), json!(u64::MAX), json!(1e30)),
            (json!({"exclusiveMinimum": 0.0}), json!(0.1), json!(0)),
            (json!({"exclusiveMaximum": 1}), json!(0.1), json!(1)),
            (json!({"minLength": 2, "maxLength": 3}), json!("海海"), json!("海")),
            (json!({"minItems": 1}), json!([0]), json!([])),
            (json!({"maxItems": 1}), json!([0]), json!([0, 1])),
            (json!({"uniqueItems": true}), json!([0, 1]), json!([0, 0])),
            (json!({"items": {"type": "string"}}), json!(["a"]), json!([0])),
            (json!({"prefixItems": [{"type": "string"}, {"type": "integer"}]}), json!(["a", 1]), json!(["a", "b"])),
            (json!({"prefixItems": [{"type": "string"}], "items": {"type": "integer"}}), json!(["a", 1]), json!(["a", "b"])),
            (json!({"required": ["a"]}), json!({"a": 0}), json!({})),
            (json!({"properties": {"a": {"type": "null"}}}), json!({"a": null}), json!({"a": 0})),
            (json!({"additionalProperties": false}), json!({}), json!({"a": 0})),
            (json!({"additionalProperties": {"type": "null"}}), json!({"a": null}), json!({"a": 0})),
            (json!({"anyOf": [{"type": "null"}, {"type": "string"}]}), json!("a"), json!(0)),
            (json!({"oneOf": [{"type": "number"}, {"type": "integer"}]}), json!(0.5), json!(0)),
            (json!({"allOf": [{"minimum": 1}, {"maximum": 2}]}), json!(1), json!(0)),
            (json!(true), json!(0), json!(0)),
        ];
        for (schema, right, wrong) in cases {
            assert_eq!(codes(&schema, &right), Vec::<String>::new(), "{schema} {right}");
            assert!(schema == json!(true) || !codes(&schema, &wrong).is_empty(), "{schema} {wrong}");
            assert_eq!(unknown_keyword(&schema), None);
        }
        assert_eq!(codes(&json!(false), &json!(0)).len(), 1);
    }

    #[test]
    fn what_nothing_decides_does_not_get_into_a_table() {
        let hidden = json!({"properties": {"a": {"anyOf": [{"items": {"dependentRequired": {}}}]}}});
        assert_eq!(unknown_keyword(&hidden).as_deref(), Some("dependentRequired"));
    }

    #[test]
    fn a_fault_says_where_and_names_are_quoted_shortly() {
        let schema = json!({"properties": {"a": {"items": {"type": "string"}}}, "additionalProperties": false});
        assert_eq!(codes(&schema, &json!({"a": ["", 1]})), ["/a/1 must be of type string"]);
        let long = json!({"x".repeat(10_000): 0});
        assert!(codes(&schema, &long)[0].len() < 120);
        let many: Map<String, Value> = (0..1000).map(|at| (at.to_string(), json!(0))).collect();
        assert_eq!(codes(&schema, &many.into()).len(), FAULTS_MAX);
    }

    #[test]
    fn the_nearest_branch_speaks() {
        let branch = |kind: &str, name: &str| json!({"type": "object", "properties": {"kind": {"const": kind}, name: {"type": "integer"}}, "required": ["kind", name]});
        let schema = json!({"oneOf": [branch("a", "x"), branch("b", "y"), {"type": "null"}]});
        assert_eq!(codes(&schema, &json!({"kind": "b", "y": "no"})), ["/y must be of type integer"]);
    }
}
