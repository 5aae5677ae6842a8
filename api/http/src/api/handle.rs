//! What holds for every request, whatever its path: [`guard`] goes around everything, and the router leads to a page or
//! to an operation ([`super::operate`]).

use super::answers::{self, Said};
use super::body::Room;
use super::call::{Backend, Match};
use super::idempotency::{InMemory, Remembered};
use super::metrics::Metrics;
use super::operate::answer;
use super::operation::Verb;
use super::pages;
use super::problem::Problem;
use super::rates::{Left, Rates, Who};
use super::refusals::Refusal;
use super::settings::Settings;
use super::signature;
use super::table::{Described, Table};
use super::{headers, language, path, versions};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{RawPathParams, Request, State};
use axum::http::header::{ACCEPT_LANGUAGE, ALLOW, ETAG, HOST};
use axum::http::{HeaderMap, HeaderName, Method, Response};
use axum::middleware::Next;
use axum::routing::any;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tidegate_terms::{Digest, Language};
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
    pub(crate) memory: Box<dyn Remembered>,
    of_address: Rates,
    pub(crate) of_credential: Rates,
    pub(crate) room: Room,
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
            memory: Box::new(InMemory::new(settings.keys_max)),
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
pub(crate) struct Asked {
    pub(crate) id: String,
    pub(crate) language: Language,
    pub(crate) peer: Peer,
}

impl Asked {
    fn refused(&self, problem: &Problem) -> Response<Body> {
        let said = Said::of_problem(problem, self.language, &self.id);
        let said = if problem.code == "signature.needed" {
            said.with(HeaderName::from_static("accept-signature"), signature::ACCEPT)
        } else {
            said
        };
        said.response()
    }
}

/// What was done, for counting.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Did {
    operation: Option<&'static str>,
    pub(crate) waited: Duration,
    pub(crate) left: Option<(&'static str, Left)>,
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

    let checked = check(&request, &shared.settings.hosts).and_then(|()| {
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

/// Refuses heads that two readers could read differently, and names that are not this server's: a page that has its own
/// name lead to this machine asks under that name.
fn check(request: &Request, hosts: &[String]) -> Result<(), Refusal> {
    let headers = request.headers();
    let host = headers::one(headers, &HOST, "Host").map_err(|_| Refusal::Host)?;
    let old = request.version() == axum::http::Version::HTTP_10;
    let agrees = request.uri().authority().is_none_or(|authority| host == Some(authority.as_str()));
    let plain = |host: &str| !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte));
    if !agrees || (!old && host.is_none()) || !host.is_none_or(plain) {
        return Err(Refusal::Host);
    }
    if !hosts.is_empty() && !host.map(name_of).is_some_and(|name| hosts.iter().any(|own| own.eq_ignore_ascii_case(name))) {
        return Err(Refusal::OtherHost);
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

/// A host without its port; an IPv6 address stands in brackets.
fn name_of(host: &str) -> &str {
    let end = host.find(']').map_or(0, |end| end + 1);
    host[end..].find(':').map_or(host, |colon| &host[..end + colon])
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
    let wanted = versions::if_none_match(request.headers());
    match pages::page(&shared, request.uri().path()).await {
        Some(said) => unless_known(said, wanted.as_ref()).response(),
        None => asked.refused(&Refusal::NoSuchPath.problem()),
    }
}

pub(crate) fn unless_known(said: Said, wanted: Option<&Match>) -> Said {
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
