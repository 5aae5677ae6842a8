//! The interface as an OpenAPI 3.1 document, made from the table.
//!
//! OpenAPI has one language for its texts; English stands in them, and Chinese beside each as `x-…-zh`, which the page
//! at `/docs` shows.

use super::operation::Verb;
use super::signature::ACCEPT;
use super::table::{Described, Table};
use serde_json::{Map, Value, json};

/// The document.
pub(crate) fn document(table: &Table) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    let mut schemas = table.components.clone();
    for operation in &table.operations {
        if let Some(body) = own_body(operation) {
            schemas.insert(body_name(operation), body);
        }
        let item = paths.entry(operation.path).or_insert_with(|| json!({}));
        if let Some(item) = item.as_object_mut() {
            item.insert(operation.verb.name().to_ascii_lowercase(), described(operation, table));
        }
    }
    schemas.insert("Problem".to_owned(), problem());
    let mut tags: Vec<_> = table.operations.iter().map(|operation| operation.tag).collect();
    tags.sort_unstable();
    tags.dedup();
    json!({
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": table.title.en,
            "x-title-zh": table.title.zh,
            "description": table.description.en,
            "x-description-zh": table.description.zh,
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "tags": tags.into_iter().map(|name| json!({ "name": name })).collect::<Vec<_>>(),
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": { "Problem": {
                "description": "Refused; the document says why and what to do.",
                "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
            } },
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer", "description": "A token of an account." },
                "session": { "type": "apiKey", "in": "cookie", "name": super::credentials::SESSION_COOKIE, "description": "A session of the console." },
                "certificate": { "type": "mutualTLS", "description": "A certificate under the authority that this server was given." },
            },
        },
    })
}

fn described(operation: &Described, table: &Table) -> Value {
    let mut description = operation.description.en.to_owned();
    let mut chinese = operation.description.zh.to_owned();
    if operation.binding {
        description
            .push_str(&format!(" Binds the operator: sign it (RFC 9421), `Accept-Signature: {ACCEPT}`; `@authority` may be covered too."));
        chinese.push_str(&format!("对运营机构具有约束力：须签名（RFC 9421），`Accept-Signature: {ACCEPT}`；也可覆盖 `@authority`。"));
    }
    let mut described = json!({
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary.en,
        "x-summary-zh": operation.summary.zh,
        "description": description,
        "x-description-zh": chinese,
        "parameters": parameters(operation, table),
        "responses": responses(operation),
        "security": if operation.open { json!([]) } else { json!([{ "token": [] }, { "session": [] }, { "certificate": [] }]) },
    });
    if let (Some(body), Some(map)) = (body(operation), described.as_object_mut()) {
        map.insert("requestBody".to_owned(), body);
    }
    described
}

fn parameters(operation: &Described, table: &Table) -> Vec<Value> {
    let find = |name: &str| operation.properties().find(|(known, _)| *known == name).map_or(json!(true), |(_, schema)| schema.clone());
    let example = |name: &str| operation.input_example.get(name).filter(|value| !value.is_null()).cloned();
    let parameter = |name: &str, place: &str, required: bool, schema: Value| {
        let mut parameter = json!({ "name": name, "in": place, "required": required, "schema": schema });
        if let (Some(example), Some(map)) = (example(name), parameter.as_object_mut()) {
            map.insert("example".to_owned(), example);
        }
        parameter
    };
    let in_path = operation.path_names().map(|name| parameter(name, "path", true, segment(&find(name), table)));
    let in_query =
        operation.query_fields().into_iter().map(|(name, schema)| parameter(&name, "query", operation.is_required(&name), schema));
    let mut all: Vec<_> = in_path.chain(in_query).collect();
    let mut header = |name: &str, required: bool, schema: Value, example: &str| {
        all.push(json!({ "name": name, "in": "header", "required": required, "schema": schema, "example": example }));
    };
    if operation.verb.changes() {
        let key = json!({ "type": "string", "pattern": "^[A-Za-z0-9_-]{8,128}$" });
        header("Idempotency-Key", operation.keyed, key, "3f8a1c52-once");
    }
    let tags = json!({ "type": "string", "pattern": r#"^(\*|"[A-Za-z0-9._-]{1,64}")$"# });
    if operation.versioned {
        header("If-Match", true, tags, "\"7\"");
    } else if operation.verb == Verb::Get && !operation.streams {
        // What cannot be read there does no harm, so any text fits.
        header("If-None-Match", false, json!({ "type": "string" }), "\"7\"");
    }
    if operation.streams {
        header("Last-Event-ID", false, json!({ "type": "integer", "minimum": 0 }), "17");
    }
    if operation.binding {
        let text = || json!({ "type": "string" });
        header("Content-Digest", true, text(), &super::signature::content_digest(b"{}"));
        header("Date", true, text(), "Sun, 22 Nov 2026 08:00:00 GMT");
        header(
            "Signature-Input",
            true,
            text(),
            "sig=(\"@method\" \"@path\" \"content-digest\" \"idempotency-key\" \"date\");created=1795334400;keyid=\"operator-1\";alg=\"ed25519\"",
        );
        header("Signature", true, text(), "sig=:AAAA:");
    }
    all
}

/// A parameter of a path is a segment: none is empty, and names of things have nothing in them that a path could mean.
fn segment(schema: &Value, table: &Table) -> Value {
    let text = super::schema::resolve(schema, &table.components).get("type") == Some(&json!("string"));
    match schema {
        Value::Object(map) if text && !map.contains_key("$ref") => {
            let mut map = map.clone();
            map.entry("minLength").or_insert(json!(1));
            if !["pattern", "format", "enum"].iter().any(|known| map.contains_key(*known)) {
                map.insert("pattern".to_owned(), json!("^[A-Za-z0-9][A-Za-z0-9._-]*$"));
            }
            Value::Object(map)
        }
        other => other.clone(),
    }
}

fn body_name(operation: &Described) -> String {
    let capital = |part: &str| part[..1].to_ascii_uppercase() + &part[1..];
    operation.id.split(['.', '-', '_']).filter(|part| part.is_ascii() && !part.is_empty()).map(capital).chain(["Body".to_owned()]).collect()
}

/// The body's schema: the input without what stands in the path.
fn own_body(operation: &Described) -> Option<Value> {
    let fields = operation.other_fields();
    if !operation.verb.has_body() || fields.is_empty() {
        return None;
    }
    let required: Vec<_> = fields.keys().filter(|name| operation.is_required(name)).cloned().collect();
    let mut schema = operation.input.clone();
    schema.insert("properties".to_owned(), Value::Object(fields));
    schema.insert("required".to_owned(), json!(required));
    Some(Value::Object(schema))
}

fn body(operation: &Described) -> Option<Value> {
    own_body(operation)?;
    let mut example = operation.input_example.as_object().cloned().unwrap_or_default();
    operation.path_names().for_each(|name| drop(example.remove(name)));
    let required = operation.other_fields().keys().any(|name| operation.is_required(name));
    Some(json!({
        "required": required,
        "content": { "application/json": {
            "schema": { "$ref": format!("#/components/schemas/{}", body_name(operation)) },
            "example": example,
        } },
    }))
}

fn responses(operation: &Described) -> Value {
    let text = |description: &str| json!({ "description": description, "schema": { "type": "string" } });
    let mut headers = json!({ "X-Request-Id": text("The name of this request in the server's log.") });
    if let Some(map) = headers.as_object_mut() {
        if operation.verb == Verb::Get && !operation.streams {
            map.insert("ETag".to_owned(), text("The version, for If-None-Match and If-Match."));
        }
        if operation.paged {
            map.insert("Link".to_owned(), text("First page and, where there is one, next."));
        }
    }
    let content = if operation.streams {
        json!({ "text/event-stream": { "schema": { "type": "string" }, "x-event-schema": operation.output, "x-event-example": operation.output_example } })
    } else {
        json!({ "application/json": { "schema": operation.output, "example": operation.output_example } })
    };
    let status = operation.success.status();
    let done = if status == 204 {
        json!({ "description": operation.summary.en, "headers": headers })
    } else {
        json!({ "description": operation.summary.en, "headers": headers, "content": content })
    };
    let mut responses = json!({ "default": { "$ref": "#/components/responses/Problem" } });
    if let Some(map) = responses.as_object_mut() {
        map.insert(status.to_string(), done);
        if operation.verb == Verb::Get && !operation.streams {
            map.insert("304".to_owned(), json!({ "description": "The caller has it already." }));
        }
    }
    responses
}

fn problem() -> Value {
    let text = json!({ "type": "string" });
    json!({
        "type": "object",
        "description": "A refusal (RFC 9457).",
        "properties": {
            "type": text, "title": text, "status": { "type": "integer", "minimum": 400, "maximum": 599 }, "code": text, "detail": text,
            "remedy": text, "article": text, "language": { "enum": ["en", "zh"] }, "request_id": text,
            "translation": { "type": "object", "properties": { "language": text, "title": text, "detail": text, "remedy": text } },
            "errors": { "type": "array", "items": {
                "type": "object", "properties": { "pointer": text, "detail": text }, "required": ["pointer", "detail"],
            } },
        },
        "required": ["type", "title", "status", "code", "detail", "remedy", "language", "request_id"],
    })
}
