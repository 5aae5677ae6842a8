//! Answers as HTTP.

use super::call::{Answer, Event, Outcome};
use super::paging;
use super::problem::Problem;
use super::refusals::Refusal;
use super::table::Described;
use super::versions;
use axum::body::{Body, Bytes};
use axum::http::header::{CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_TYPE, ETAG, LINK, RETRY_AFTER, VARY, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use serde_json::{Map, Value, json};
use tidegate_terms::Language;
use tokio::sync::mpsc::Receiver;

pub(crate) const JSON: &str = "application/json";
const PROBLEM_JSON: &str = "application/problem+json";

/// What was said: can be said again to a request that comes again.
#[derive(Debug, Clone, Default)]
pub(crate) struct Said {
    pub(crate) status: u16,
    pub(crate) body: Bytes,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
}

impl Said {
    pub(crate) fn with(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }

    pub(crate) fn of_problem(problem: &Problem, language: Language, request_id: &str) -> Self {
        let body = problem.document(language, request_id).to_string();
        let said = Self { status: problem.class.status(), body: body.into(), headers: Vec::new() };
        let said = said
            .with(CONTENT_TYPE, PROBLEM_JSON)
            .with(CACHE_CONTROL, "no-store")
            .with(CONTENT_LANGUAGE, super::language::tag(language))
            .with(VARY, "accept-language");
        let said = match problem.retry_after {
            Some(seconds) => said.with(RETRY_AFTER, &seconds.to_string()),
            None => said,
        };
        match problem.class {
            super::problem::Class::Unauthenticated => said.with(WWW_AUTHENTICATE, "Bearer"),
            _ => said,
        }
    }

    /// Whether saying it again to the same request is right: a fault, a refusal for now or a credential that was not
    /// known settles nothing.
    pub(crate) fn settles(&self) -> bool {
        self.status < 500 && !matches!(self.status, 401 | 403 | 408 | 409 | 429)
    }

    pub(crate) fn response(&self) -> Response<Body> {
        let mut response = Response::new(Body::from(self.body.clone()));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        response.headers_mut().extend(self.headers.iter().cloned());
        response
    }
}

/// What belongs to the answer beside the answer itself.
pub(crate) struct Around {
    pub(crate) language: Language,
    pub(crate) request_id: String,
    /// Where the operation lists.
    pub(crate) list: Option<List>,
}

/// The list of which a page is shown.
pub(crate) struct List {
    pub(crate) path: String,
    /// The query, as it was asked.
    pub(crate) pairs: Vec<(String, String)>,
    /// The input without the wish for a page.
    pub(crate) filters: Map<String, Value>,
    pub(crate) limit: u32,
}

/// Puts an answer into words; events are still to come.
pub(crate) fn say(operation: &Described, answer: Answer, around: &Around) -> Result<Said, Receiver<Event>> {
    let problem = |problem: &Problem| Said::of_problem(problem, around.language, &around.request_id);
    let mut output = match answer.outcome {
        Outcome::Done(output) => output,
        Outcome::Events(events) if operation.streams => return Err(events),
        Outcome::Events(_) => return Ok(problem(&Refusal::Broken.problem())),
        Outcome::Refused(refused) => return Ok(problem(&refused)),
    };
    if operation.streams {
        return Ok(problem(&Refusal::Broken.problem()));
    }
    let position = answer.next.as_deref();
    let next = around.list.as_ref().zip(position).map(|(list, position)| paging::cursor(operation.id, &list.filters, position));
    if let (Some(next), Value::Object(page)) = (&next, &mut output) {
        page.insert("next".into(), json!(next));
    }
    let status = operation.success.status();
    let body = if status == 204 { Bytes::new() } else { output.to_string().into() };
    let tag = match answer.version {
        Some(version) => versions::tag(&version),
        None => (operation.verb == super::operation::Verb::Get).then(|| versions::tag_of_body(&body)),
    };
    let said = Said { status, body, headers: Vec::new() };
    let said = if status == 204 { said } else { said.with(CONTENT_TYPE, JSON) };
    let said = said.with(CACHE_CONTROL, "private, no-cache");
    let said = tag.into_iter().fold(said, |said, tag| said.with(ETAG, &tag));
    Ok(match &around.list {
        Some(list) => said.with(LINK, &paging::links(&list.path, &list.pairs, list.limit, next.as_deref())),
        None => said,
    })
}

/// The answer to a caller who has it already.
pub(crate) fn not_modified(said: &Said) -> Said {
    let kept = |(name, _): &&(HeaderName, HeaderValue)| *name != CONTENT_TYPE;
    Said { status: 304, body: Bytes::new(), headers: said.headers.iter().filter(kept).cloned().collect() }
}
