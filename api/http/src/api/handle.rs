//! One request from its head to its answer.
//!
//! [`guard`] goes around everything: what holds for every path. [`answer`] is one operation: the order of its checks is
//! the order in which they stand there, the cheap ones first.

use super::answers::{self, Around, List, Said};
use super::body::{self, Room};
use super::call::{Answer, Backend, Call, Credentials, Event};
use super::idempotency::{InMemory, KeyOf, Known, Remembered};
use super::metrics::Metrics;
use super::operation::Verb;
use super::pages;
use super::problem::Problem;
use super::rates::{Left, Rates, Who};
use super::refusals::Refusal;
use super::settings::Settings;
use super::signature::{self, Signed};
use super::table::{Described, Table};
use super::{credentials, events, headers, json, language, paging, parameters, path, schema, versions};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{RawPathParams, Request, State};
use axum::http::header::{ACCEPT_LANGUAGE, ALLOW, CACHE_CONTROL, CONTENT_TYPE, ETAG, HOST};
use axum::http::{HeaderMap, HeaderName, Method, Response};
use axum::middleware::Next;
use axum::routing::any;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tidegate_terms::{Digest, Language};
use tokio::sync::mpsc::Receiver;
use tokio::sync::{Semaphore, watch};

/// What all requests of a server share.
pub(crate) struct Shared<B> {
    pub(crate) table: Table,
    pub(crate) settings: Settings,
    pub(crate) backend: B,
    pub(crate) metrics: Metrics,
    pub(crate) openapi: Bytes,
    pub(crate) openapi_tag: String,
    pub(crate) ready: Mutex<Option<(Instant, bool)>>,
    pub(crate) closing: watch::Receiver<bool>,
    pub(crate) encrypted: bool,
    /// Calls that change something, each with a permit: they outlive their connections.
    pub(crate) work: Arc<Semaphore>,
    pub(crate) work_max: u32,
    memory: InMemory,
    of_address: Rates,
    of_credential: Rates,
    room: Room,
}

impl<B: Backend> Shared<B> {
    pub(crate) fn new(table: Table, settings: Settings, backend: B, closing: watch::Receiver<bool>, encrypted: bool) -> Self {
        let openapi: Bytes = table.openapi().to_string().into();
        let work_max = u32::try_from(settings.connections_max).unwrap_or(u32::MAX).clamp(1, 1 << 20);
        Self {
            metrics: Metrics::new(&table),
            openapi_tag: versions::tag_of_body(&openapi),
            openapi,
            ready: Mutex::new(None),
            closing,
            encrypted,
            work: Arc::new(Semaphore::new(work_max as usize)),
            work_max,
            memory: InMemory::new(settings.keys_max),
            of_address: Rates::new(settings.address_rate, settings.buckets_max),
            of_credential: Rates::new(settings.credential_rate, settings.buckets_max),
            room: Room::of(settings.bodies_bytes_max),
            table,
            settings,
            backend,
        }
    }
}

/// Who is at the other end of a connection.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    pub(crate) address: IpAddr,
    pub(crate) certificate: Option<Digest>,
}

/// What is known of a request before its path is looked at.
#[derive(Debug, Clone)]
struct Asked {
    id: String,
    language: Language,
    peer: Peer,
}

impl Asked {
    fn refused(&self, problem: &Problem) -> Response<Body> {
        let said = Said::of_problem(problem, self.language, &self.id);
        let said = if problem.code == "signature.missing" {
            said.with(HeaderName::from_static("accept-signature"), signature::ACCEPT)
        } else {
            said
        };
        said.response()
    }
}

/// What was done, for counting.
#[derive(Debug, Clone, Copy, Default)]
struct Did {
    operation: Option<&'static str>,
    waited: Duration,
    left: Option<(&'static str, Left)>,
}

/// The router: one route for each path of the table, one for each page.
pub(crate) fn router<B: Backend>(shared: &Arc<Shared<B>>) -> Router {
    let mut by_path: BTreeMap<&'static str, Vec<Arc<Described>>> = BTreeMap::new();
    for operation in &shared.table.operations {
        by_path.entry(operation.path).or_default().push(Arc::clone(operation));
    }
    let mut router = Router::new();
    for (path, operations) in by_path {
        let operations: Arc<[Arc<Described>]> = operations.into();
        let answer = move |State(shared): State<Arc<Shared<B>>>, parameters: RawPathParams, request: Request| {
            let in_path = parameters.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            route(shared, Arc::clone(&operations), in_path, request)
        };
        router = router.route(path, any(answer));
    }
    for path in pages::PATHS {
        router = router.route(path, any(page::<B>));
    }
    let router = router.fallback(nowhere).layer(axum::middleware::from_fn_with_state(Arc::clone(shared), guard::<B>));
    router.with_state(Arc::clone(shared))
}

/// What holds for every path.
async fn guard<B: Backend>(State(shared): State<Arc<Shared<B>>>, mut request: Request, next: Next) -> Response<Body> {
    let begun = Instant::now();
    let headers = request.headers();
    let wanted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let peer = request.extensions().get::<Peer>().cloned();
    let peer = peer.unwrap_or(Peer { address: IpAddr::from([0, 0, 0, 0]), certificate: None });
    let asked = Asked { id: headers::request_id(headers), language: language::choose(wanted), peer };
    // A proxy that read the length otherwise than we did must not put a second request into this connection.
    let close = headers.contains_key("transfer-encoding") || *shared.closing.borrow();

    let checked = check(&request).and_then(|()| {
        let taken = shared.of_address.take(Who::at(asked.peer.address), begun);
        taken.map_err(|left| Refusal::TooMany { seconds: left.seconds })
    });
    let mut response = match checked {
        Ok(left) => {
            request.extensions_mut().insert(asked.clone());
            let mut response = next.run(request).await;
            let did = response.extensions_mut().get_or_insert_default::<Did>();
            did.left = did.left.or(Some(("address", left)));
            response
        }
        Err(refusal) => asked.refused(&refusal.problem()),
    };
    let did = response.extensions().get::<Did>().copied().unwrap_or_default();
    let status = response.status().as_u16();
    shared.metrics.count(did.operation, status, begun.elapsed().saturating_sub(did.waited));
    tracing::info!(request = %asked.id, operation = did.operation.unwrap_or("none"), status, "answered");
    decorate(&shared, response.headers_mut(), &asked, did.left, close);
    response
}

/// Refuses heads that two readers could read differently.
fn check(request: &Request) -> Result<(), Refusal> {
    let headers = request.headers();
    let host = headers::one(headers, &HOST, "Host").map_err(|_| Refusal::Host)?;
    let old = request.version() == axum::http::Version::HTTP_10;
    let agrees = request.uri().authority().is_none_or(|authority| host == Some(authority.as_str()));
    let plain = |host: &str| !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte));
    if !agrees || (!old && host.is_none()) || !host.is_none_or(plain) {
        return Err(Refusal::Host);
    }
    let framing = headers.get_all("transfer-encoding").iter().count() + headers.get_all("content-length").iter().count();
    if framing > 1 {
        return Err(Refusal::Framing);
    }
    if request.uri().query().is_some_and(|query| query.len() > path::TARGET_BYTES_MAX) {
        return Err(Refusal::TargetTooLong { maximum: path::TARGET_BYTES_MAX });
    }
    path::check(request.uri().path())
}

fn decorate<B: Backend>(shared: &Shared<B>, headers: &mut HeaderMap, asked: &Asked, left: Option<(&str, Left)>, close: bool) {
    let mut set = |name: &'static str, value: &str| {
        if let Ok(value) = value.parse() {
            headers.entry(HeaderName::from_static(name)).or_insert(value);
        }
    };
    set("x-request-id", &asked.id);
    set("x-content-type-options", "nosniff");
    set("content-security-policy", "default-src 'none'; frame-ancestors 'none'");
    set("x-frame-options", "DENY");
    set("referrer-policy", "no-referrer");
    set("cross-origin-resource-policy", "same-origin");
    set("cross-origin-opener-policy", "same-origin");
    if shared.encrypted {
        set("strict-transport-security", "max-age=31536000");
    }
    if close {
        set("connection", "close");
    }
    let rate = |name: &str| if name == "address" { shared.settings.address_rate } else { shared.settings.credential_rate };
    if let Some((name, left)) = left {
        let rate = rate(name);
        let window = u64::from(rate.burst) * 60 / u64::from(rate.per_minute.max(1));
        set("ratelimit-policy", &format!("\"{name}\";q={};w={}", rate.burst, window.max(1)));
        set("ratelimit", &format!("\"{name}\";r={};t={}", left.requests, left.seconds));
    }
}

fn asked_of(request: &mut Request) -> Asked {
    let peer = || Peer { address: IpAddr::from([0, 0, 0, 0]), certificate: None };
    request.extensions_mut().remove().unwrap_or_else(|| Asked { id: String::new(), language: Language::English, peer: peer() })
}

async fn nowhere(mut request: Request) -> Response<Body> {
    asked_of(&mut request).refused(&Refusal::NoSuchPath.problem())
}

fn allow(asked: &Asked, method: &Method, allowed: &str) -> Response<Body> {
    let mut response = if method == Method::OPTIONS {
        Said { status: 204, ..Said::default() }.response()
    } else {
        asked.refused(&Refusal::Method { allowed: allowed.to_owned() }.problem())
    };
    if let Ok(value) = allowed.parse() {
        response.headers_mut().insert(ALLOW, value);
    }
    response
}

async fn page<B: Backend>(State(shared): State<Arc<Shared<B>>>, mut request: Request) -> Response<Body> {
    let asked = asked_of(&mut request);
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return allow(&asked, request.method(), "GET, HEAD, OPTIONS");
    }
    let wanted = match versions::if_none_match(request.headers()) {
        Ok(wanted) => wanted,
        Err(refusal) => return asked.refused(&refusal.problem()),
    };
    match pages::page(&shared, request.uri().path()).await {
        Some(said) => unless_known(said, wanted.as_ref()).response(),
        None => asked.refused(&Refusal::NoSuchPath.problem()),
    }
}

fn unless_known(said: Said, wanted: Option<&super::call::Match>) -> Said {
    let tag = said.headers.iter().find(|(name, _)| *name == ETAG).and_then(|(_, value)| value.to_str().ok());
    let known = wanted.zip(tag).is_some_and(|(wanted, tag)| versions::fits(wanted, tag));
    if known && said.status == 200 { answers::not_modified(&said) } else { said }
}

/// The operations of one path.
async fn route<B: Backend>(
    shared: Arc<Shared<B>>,
    operations: Arc<[Arc<Described>]>,
    in_path: Vec<(String, String)>,
    mut request: Request,
) -> Response<Body> {
    let asked = asked_of(&mut request);
    let method = request.method().clone();
    let does = |operation: &&Arc<Described>| {
        let name = operation.verb.name();
        name == method.as_str() || (method == Method::HEAD && operation.verb == Verb::Get && !operation.streams)
    };
    let Some(operation) = operations.iter().find(does) else {
        let mut allowed: Vec<_> = operations.iter().map(|operation| operation.verb.name()).collect();
        if operations.iter().any(|operation| operation.verb == Verb::Get && !operation.streams) {
            allowed.push("HEAD");
        }
        allowed.push("OPTIONS");
        return allow(&asked, &method, &allowed.join(", "));
    };
    let mut did = Did { operation: Some(operation.id), ..Did::default() };
    let answered = answer(&shared, operation, in_path, request, &asked, &mut did).await;
    let mut response = answered.unwrap_or_else(|problem| asked.refused(&problem));
    response.extensions_mut().insert(did);
    response
}

/// One operation.
async fn answer<B: Backend>(
    shared: &Arc<Shared<B>>,
    operation: &Arc<Described>,
    in_path: Vec<(String, String)>,
    request: Request,
    asked: &Asked,
    did: &mut Did,
) -> Result<Response<Body>, Problem> {
    let (head, sent) = request.into_parts();
    let changes = operation.verb.changes();
    let credentials = credentials::read(&head.headers, asked.peer.certificate, changes)?;
    if credentials.is_empty() && !operation.open {
        return Err(Refusal::NoCredential.into());
    }
    let scope = scope(&credentials, asked.peer.address);
    if !credentials.is_empty() {
        let taken = shared.of_credential.take(Who::Credential(scope), Instant::now());
        did.left = Some(("credential", taken.unwrap_or_else(|left| left)));
        taken.map_err(|left| Refusal::TooMany { seconds: left.seconds })?;
    }
    let if_match = if changes { versions::if_match(&head.headers)? } else { None };
    if operation.versioned && if_match.is_none() {
        return Err(Refusal::NoVersion.into());
    }
    let wanted = if changes { None } else { versions::if_none_match(&head.headers)? };
    let key = if changes { headers::idempotency_key(&head.headers)? } else { None };
    if operation.keyed && key.is_none() {
        return Err(Refusal::NoKey.into());
    }
    if operation.binding && !head.headers.contains_key("signature") {
        return Err(Refusal::NoSignature.into());
    }

    let pairs = parameters::pairs(head.uri.query().unwrap_or_default())?;
    let body = take_body(shared, operation, &head.headers, sent).await?;
    signature::check_digest(&head.headers, &body.bytes)?;
    let (input, page) = input(shared, operation, in_path, &pairs, &body.bytes)?;
    let signed = Signed { method: operation.verb.name(), path: head.uri.path(), headers: &head.headers };
    let signature = signature::read(&signed)?;
    if signature.is_some() && !head.headers.contains_key("content-digest") {
        return Err(Refusal::BodyDigest.into());
    }
    let target = head.uri.path_and_query().map_or("", |target| target.as_str());
    let condition = headers::named(&head.headers, "if-match")?.unwrap_or_default();
    let parts = [head.method.as_str().as_bytes(), b"\n", target.as_bytes(), b"\n", condition.as_bytes(), b"\n", &body.bytes];
    let digest = Digest::of_parts(&parts);

    let list = page.as_ref().map(|page| List { path: head.uri.path().to_owned(), pairs, filters: input.clone(), limit: page.limit });
    let around = Around { language: asked.language, request_id: asked.id.clone(), list };
    let last_event = if operation.streams { last_event(&head.headers)? } else { None };
    let call = Call {
        operation: operation.id.to_owned(),
        input: Value::Object(input),
        credentials,
        language: asked.language,
        request_id: asked.id.clone(),
        idempotency_key: key.clone(),
        digest,
        signature,
        if_match,
        page,
        last_event,
    };
    drop(body);
    let begun = Instant::now();
    let done = if changes {
        let key = key.map(|key| KeyOf(Digest::of_parts(&[&scope.0, operation.id.as_bytes(), b"\n", key.as_bytes()])));
        change(shared, operation, call, key, around).await
    } else {
        let patience = shared.settings.answer;
        let answer = tokio::time::timeout(patience, shared.backend.call(call)).await;
        answer.map_err(|_| Refusal::Late.problem()).map(|answer| answers::say(operation, answer, &around))
    };
    did.waited = begun.elapsed();
    Ok(match done? {
        Ok(said) => unless_known(said, wanted.as_ref()).response(),
        Err(events) => stream(shared, events),
    })
}

/// For whom keys and tokens are counted: the hash of the credential, or the address of who has none.
fn scope(credentials: &Credentials, address: IpAddr) -> Digest {
    let secret = credentials.bearer.as_ref().or(credentials.session.as_ref()).map_or("", |secret| secret.expose());
    let certificate = credentials.certificate.map_or([0; 32], |digest| digest.0);
    let address = if credentials.is_empty() { address.to_string() } else { String::new() };
    Digest::of_parts(&[&certificate, secret.as_bytes(), b"\n", address.as_bytes()])
}

fn last_event(headers: &HeaderMap) -> Result<Option<u64>, Refusal> {
    let text = headers::named(headers, "last-event-id")?;
    text.map(|text| text.parse().map_err(|_| Refusal::Header { header: "Last-Event-ID" })).transpose()
}

async fn take_body<B: Backend>(shared: &Shared<B>, operation: &Described, headers: &HeaderMap, sent: Body) -> Result<body::Taken, Refusal> {
    if !body::is_announced(headers) {
        return Ok(body::Taken::default());
    }
    if !operation.verb.has_body() {
        return Err(Refusal::BodyUnwanted);
    }
    body::check_headers(headers)?;
    body::read(sent, operation.body_bytes_max, shared.settings.body, &shared.room).await
}

/// Path, query and body as one input that has the operation's shape.
fn input<B: Backend>(
    shared: &Shared<B>,
    operation: &Described,
    in_path: Vec<(String, String)>,
    pairs: &[(String, String)],
    body: &[u8],
) -> Result<(Map<String, Value>, Option<super::call::PageWish>), Problem> {
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
    let page = if operation.paged {
        let wish = Value::Object(
            input
                .iter()
                .filter(|(name, _)| paging::fields().contains_key(*name))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
        );
        let shape = serde_json::json!({ "properties": paging::fields() });
        let faults = schema::check(&shape, &wish, components);
        if !faults.is_empty() {
            return Err(wrong(faults));
        }
        Some(paging::take(operation.id, &mut input)?)
    } else {
        None
    };
    let whole = Value::Object(input);
    let faults = schema::check(&Value::Object(operation.input.clone()), &whole, components);
    if !faults.is_empty() {
        return Err(wrong(faults));
    }
    if !operation.fits(&whole) {
        return Err(Refusal::Value.into());
    }
    match whole {
        Value::Object(input) => Ok((input, page)),
        _ => Err(Refusal::Value.into()),
    }
}

fn wrong(fields: Vec<super::problem::WrongField>) -> Problem {
    let mut problem = Refusal::Input { wrong: fields.len() }.problem();
    problem.fields = fields;
    problem
}

fn stream<B: Backend>(shared: &Shared<B>, events: Receiver<Event>) -> Response<Body> {
    let said = Said { status: 200, ..Said::default() }.with(CONTENT_TYPE, "text/event-stream").with(CACHE_CONTROL, "no-store");
    let mut response = said.response();
    *response.body_mut() = events::body(events, shared.settings.beat, shared.closing.clone());
    response
}

/// Forgets a key whose call ended without an answer.
struct Unsettled<B: Backend> {
    shared: Arc<Shared<B>>,
    key: Option<KeyOf>,
}

impl<B: Backend> Unsettled<B> {
    fn settle(mut self, said: Option<&Said>) {
        if let Some(key) = self.key.take() {
            self.shared.memory.finish(key, said, Instant::now());
        }
    }
}

impl<B: Backend> Drop for Unsettled<B> {
    fn drop(&mut self) {
        if let Some(key) = self.key.take() {
            self.shared.memory.finish(key, None, Instant::now());
        }
    }
}

type Done = Result<Said, Receiver<Event>>;

/// A call that changes something: once for each key, and to its end even when the caller has gone.
async fn change<B: Backend>(
    shared: &Arc<Shared<B>>,
    operation: &Arc<Described>,
    call: Call,
    key: Option<KeyOf>,
    around: Around,
) -> Result<Done, Problem> {
    if let Some(key) = key {
        match shared.memory.begin(key, call.digest, Instant::now()) {
            Known::New => {}
            Known::Same(said) => return Ok(Ok(said.with(HeaderName::from_static("idempotent-replayed"), "true"))),
            Known::Other => return Err(Refusal::KeyOfOther.into()),
            Known::InProgress => return Err(Refusal::KeyInProgress.into()),
            Known::Full => return Err(Refusal::KeysFull.into()),
        }
    }
    let unsettled = Unsettled { shared: Arc::clone(shared), key };
    let Ok(permit) = Arc::clone(&shared.work).try_acquire_owned() else { return Err(Refusal::KeysFull.into()) };
    let operation = Arc::clone(operation);
    let task = tokio::spawn(async move {
        let _permit = permit;
        let answer: Answer = unsettled.shared.backend.call(call).await;
        let done = answers::say(&operation, answer, &around);
        unsettled.settle(done.as_ref().ok().filter(|said| said.settles()));
        done
    });
    match tokio::time::timeout(shared.settings.answer, task).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(_)) => Err(Refusal::Broken.into()),
        Err(_) => Err(Refusal::Late.into()),
    }
}
