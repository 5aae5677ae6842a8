//! What a server says about itself.

use crate::notes::{Behind, GetNote, Notes, table};
use crate::server::{Server, settings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;
use tidegate_http::Bound;
use tidegate_http::api::{Nothing, Operation, Settings, TableBuilder, Verb, Words, serve};
use tidegate_terms::Message as _;

fn references(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            into.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
            map.values().for_each(|value| references(value, into));
        }
        Value::Array(values) => values.iter().for_each(|value| references(value, into)),
        _ => {}
    }
}

// clause: G10 permitted
#[test]
fn the_description_is_whole() {
    let document = table().openapi();
    assert_eq!(document["openapi"], "3.1.0");
    let mut all = BTreeSet::new();
    references(&document, &mut all);
    assert!(all.len() >= 5, "{all:?}");
    for reference in all {
        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
    }
    let operations: Vec<&Value> =
        document["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values()).collect();
    assert_eq!(operations.len(), 9);
    for operation in operations {
        assert!(operation["x-summary-zh"].is_string() && operation["responses"]["default"].is_object(), "{operation}");
    }
    let add = &document["paths"]["/v1/notes"]["post"];
    assert_eq!(add["parameters"][0]["name"], "Idempotency-Key");
    assert_eq!(add["requestBody"]["content"]["application/json"]["schema"]["$ref"], "#/components/schemas/NotesAddBody");
    assert_eq!(document["paths"]["/v1/notes/{note}"]["get"]["parameters"][0]["schema"]["maximum"], u32::MAX);
    assert_eq!(document["paths"]["/v1/counter"]["get"]["security"], serde_json::json!([]));
}

#[test]
fn pages_load_nothing_from_elsewhere() {
    let server = Server::start();
    for (path, kind) in [("/docs", "text/html"), ("/docs/docs.js", "text/javascript"), ("/docs/docs.css", "text/css")] {
        let reply = server.ask(&format!("GET {path}"), &[], "");
        assert_eq!(reply.status, 200);
        assert!(reply.header("content-type").unwrap().starts_with(kind));
        assert!(!reply.body.contains("http://") && !reply.body.contains("https://") && !reply.body.contains("innerHTML"), "{path}");
    }
    assert!(server.ask("GET /docs", &[], "").header("content-security-policy").unwrap().contains("script-src 'self'"));
    let document = server.ask("GET /openapi.json", &[], "");
    assert_eq!(document.json(), table().openapi());
    assert_eq!(server.ask("GET /openapi.json", &[("if-none-match", document.header("etag").unwrap())], "").status, 304);
}

#[test]
fn health_and_metrics_say_public_facts() {
    let server = Server::start();
    assert_eq!(server.ask("GET /health/live", &[], "").json()["status"], "live");
    assert_eq!(server.ask("GET /health/ready", &[], "").json()["status"], "ready");
    server.ask("GET /v1/notes/7", &[], "");
    server.ask("POST /v1/counter", &[("idempotency-key", "unsigned-1")], r#"{"amount":1}"#);
    let text = server.ask("GET /metrics", &[], "").body;
    assert!(text.contains("tidegate_http_answers_total{operation=\"notes.get\",class=\"4xx\"} 1"), "{text}");
    assert!(text.contains("tidegate_http_answers_total{operation=\"counter.add\",class=\"4xx\"} 1"), "{text}");
    assert!(text.contains("tidegate_http_layer_seconds_count{operation=\"notes.get\"} 1"), "{text}");
    // What runs on data has no times (attack A21).
    assert!(!text.contains("seconds_count{operation=\"counter.add\"") && !text.contains("bucket{operation=\"counter.add\""), "{text}");
    assert!(!text.contains("good-token") && !text.contains("127.0.0.1"), "{text}");
    let quiet = Server::with(Settings { metrics: false, ..settings() }, None);
    assert_eq!(quiet.ask("GET /metrics", &[], "").status, 404);
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Open {
    a: u32,
}

struct Wrong;

impl Operation for Wrong {
    const ID: &'static str = "wrong";
    const VERB: Verb = Verb::Get;
    const PATH: &'static str = "/v1/wrong/{a}";
    const TAG: &'static str = "wrong";
    const SUMMARY: Words = Words { en: "", zh: "" };
    const DESCRIPTION: Words = Words { en: "", zh: "" };
    type Input = Open;
    type Output = Nothing;
    fn input_example() -> Open {
        Open { a: 1 }
    }
    fn output_example() -> Nothing {
        Nothing {}
    }
}

#[test]
fn a_table_that_could_mean_two_things_is_none() {
    let words = Words { en: "", zh: "" };
    let open = TableBuilder::new(words, words).with::<Wrong>().build().unwrap_err();
    assert_eq!(open.code(), "table.schema");
    let twice = TableBuilder::new(words, words).with::<GetNote>().with::<GetNote>().build().unwrap_err();
    assert_eq!(twice.code(), "table.twice");
}

#[test]
fn an_address_in_use_is_said() {
    let server = Server::start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let refused = Bound::on(&server.address.to_string()).unwrap_err();
    assert_eq!(refused.code(), "listen.address");
    assert!(refused.to_string().contains(&server.address.to_string()));
    // A server that is told to stop at once does.
    runtime.block_on(async {
        let listening = Bound::on("127.0.0.1:0").and_then(Bound::listen).unwrap();
        serve(listening, None, settings(), table(), Behind(Notes::new()), async {}).await.unwrap();
    });
}
