//! One operation, from its credential to its answer: the checks stand in their order, the cheap ones first.

use super::answers::{self, Around, List, Said};
use super::call::{Answer, Backend, Call, Credentials, Event};
use super::handle::{Asked, Did, Shared, unless_known};
use super::idempotency::{KeyOf, Known};
use super::problem::Problem;
use super::rates::Who;
use super::refusals::Refusal;
use super::signature::{self, Signed};
use super::table::Described;
use super::{credentials, events, headers, input, parameters, versions};
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, Response};
use serde_json::Value;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;
use tidegate_terms::Digest;
use tokio::sync::mpsc::Receiver;

/// One operation.
pub(crate) async fn answer<B: Backend>(
    shared: &Arc<Shared<B>>,
    operation: &Arc<Described>,
    in_path: Vec<(String, String)>,
    request: Request,
    asked: &Asked,
    did: &mut Did,
) -> Result<Response<Body>, Box<Problem>> {
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
    let wanted = if changes { None } else { versions::if_none_match(&head.headers) };
    let key = if changes { headers::idempotency_key(&head.headers)? } else { None };
    if operation.keyed && key.is_none() {
        return Err(Refusal::NoKey.into());
    }
    if operation.binding && !head.headers.contains_key("signature") {
        return Err(Refusal::NoSignature.into());
    }

    let pairs = parameters::pairs(head.uri.query().unwrap_or_default())?;
    let body = input::take_body(shared, operation, &head.headers, sent).await?;
    signature::check_digest(&head.headers, &body.bytes)?;
    let (input, page) = input::shaped(shared, operation, in_path, &pairs, &body.bytes)?;
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
        answer.map_err(|_| Refusal::Late.into()).map(|answer| answers::say(operation, answer, &around))
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
) -> Result<Done, Box<Problem>> {
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
        unsettled.settle(done.as_ref().ok().filter(|said| said.settles() && !operation.secret));
        done
    });
    match tokio::time::timeout(shared.settings.answer, task).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(_)) => Err(Refusal::Broken.into()),
        Err(_) => Err(Refusal::Late.into()),
    }
}
