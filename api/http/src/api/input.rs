//! Path, query and body as one input.
//!
//! Guarantee: what [`shaped`] returns fits the operation's schema and its Rust type, and each field came from the one
//! place where the table puts it.

use super::body::{self, Taken};
use super::call::{Backend, PageWish};
use super::handle::Shared;
use super::problem::{Problem, WrongField};
use super::refusals::Refusal;
use super::table::Described;
use super::{json, paging, parameters, schema};
use axum::body::Body;
use axum::http::HeaderMap;
use serde_json::{Map, Value};

/// The body, where one is announced and the operation takes one.
pub(crate) async fn take_body<B: Backend>(
    shared: &Shared<B>,
    operation: &Described,
    headers: &HeaderMap,
    sent: Body,
) -> Result<Taken, Refusal> {
    if !body::is_announced(headers) {
        return Ok(Taken::default());
    }
    if !operation.verb.has_body() {
        return Err(Refusal::BodyUnwanted);
    }
    body::check_headers(headers)?;
    body::read(sent, operation.body_bytes_max, shared.settings.body, &shared.room).await
}

/// An input, and which page of it is wished for.
pub(crate) type Shaped = (Map<String, Value>, Option<PageWish>);

/// Path, query and body as one input that has the operation's shape.
pub(crate) fn shaped<B: Backend>(
    shared: &Shared<B>,
    operation: &Described,
    in_path: Vec<(String, String)>,
    pairs: &[(String, String)],
    body: &[u8],
) -> Result<Shaped, Box<Problem>> {
    let components = &shared.table.components;
    let mut input = Map::new();
    let properties: Map<String, Value> = operation.properties().map(|(name, schema)| (name.clone(), schema.clone())).collect();
    // What is not of the body has no place in it, and the other way round.
    let (in_query, in_body) = (operation.query_fields(), operation.other_fields());
    parameters::place(pairs.to_vec(), &in_query, components, &mut input)?;
    let mut stray: Vec<_> = input.keys().filter(|name| !in_query.contains_key(*name)).cloned().collect();
    if !body.is_empty() {
        match json::parse(body)? {
            Value::Object(fields) if operation.verb.has_body() => {
                stray.extend(fields.keys().filter(|name| !in_body.contains_key(*name)).cloned());
                input.extend(fields);
            }
            other => return Err(wrong(schema::check(&Value::Object(operation.input.clone()), &other, components))),
        }
    }
    if let Some(problem) = schema::strays(&stray) {
        return Err(wrong(problem));
    }
    parameters::place(in_path, &properties, components, &mut input)?;
    let page = if operation.paged { Some(page(operation, components, &mut input)?) } else { None };
    let whole = Value::Object(input);
    let faults = schema::check(&Value::Object(operation.input.clone()), &whole, components);
    if !faults.is_empty() {
        return Err(wrong(faults));
    }
    if !operation.fits(&whole) {
        return Err(impossible(operation, &whole));
    }
    match whole {
        Value::Object(input) => Ok((input, page)),
        _ => Err(Refusal::Value.into()),
    }
}

/// Names the fields whose values have the right type and are still not possible: those with which the example of the operation
/// is none any more. The reason itself stays behind; it may quote what was sent.
fn impossible(operation: &Described, input: &Value) -> Box<Problem> {
    let spoils = |at: &[&str], value: &Value| {
        let mut example = operation.input_example.clone();
        let place = at.iter().try_fold(&mut example, |inside, name| match inside {
            Value::Object(fields) => Some(fields.entry(*name).or_insert(Value::Null)),
            _ => None,
        });
        let placed = place.map(|place| place.clone_from(value)).is_some();
        placed && !operation.fits(&example)
    };
    let fields = |value: &Value| value.as_object().cloned().unwrap_or_default();
    let mut found = Vec::new();
    for (name, value) in fields(input).iter().filter(|(name, value)| spoils(&[name.as_str()], value)) {
        let before = found.len();
        found.extend(
            fields(value)
                .iter()
                .filter(|(inner, value)| spoils(&[name.as_str(), inner.as_str()], value))
                .map(|(inner, _)| format!("/{name}/{inner}")),
        );
        if found.len() == before {
            found.push(format!("/{name}"));
        }
    }
    let mut problem = Refusal::Value.problem();
    problem.fields = found.iter().map(|pointer| schema::impossible(pointer)).collect();
    Box::new(problem)
}

fn wrong(fields: Vec<WrongField>) -> Box<Problem> {
    let mut problem = Refusal::Input { wrong: fields.len() }.problem();
    problem.fields = fields;
    Box::new(problem)
}

/// Takes the wish for a page out of an input.
fn page(operation: &Described, components: &Map<String, Value>, input: &mut Map<String, Value>) -> Result<PageWish, Box<Problem>> {
    let fields = paging::fields();
    let wish = input.iter().filter(|(name, _)| fields.contains_key(*name)).map(|(name, value)| (name.clone(), value.clone())).collect();
    let shape = serde_json::json!({ "properties": fields });
    let faults = schema::check(&shape, &Value::Object(wish), components);
    if faults.is_empty() { Ok(paging::take(operation.id, input)?) } else { Err(wrong(faults)) }
}
