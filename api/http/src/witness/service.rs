//! The witness over HTTP: `POST /add-checkpoint`, `GET /vkey`, and the newest cosigned checkpoint of each log.

use super::judge::WitnessError;
use super::state::{Witness, origin_hash};
use crate::log_server::{respond, text};
use crate::serve::{ListenError, Listening};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::header::ALLOW;
use axum::http::{HeaderValue, Method, Request, Response, StatusCode};
use std::future::Future;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tidegate_terms::{Language, Message as _};

/// A request has 63 proof lines and a checkpoint; this is plenty.
const BODY_BYTES_MAX: usize = 256 << 10;
/// How long a body may take to come.
const BODY_SECONDS: u64 = 10;
const TEXT: &str = "text/plain; charset=utf-8";

/// Serves a witness until `stop` comes true.
pub async fn serve_witness(
    listening: Listening,
    witness: Witness,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ListenError> {
    let app = Router::new().fallback(answer).with_state(Arc::new(witness));
    listening.serve(app, stop).await
}

async fn answer(State(witness): State<Arc<Witness>>, request: Request<Body>) -> Response<Body> {
    let path = request.uri().path().to_owned();
    match (path.as_str(), request.method()) {
        ("/add-checkpoint", &Method::POST) => add_checkpoint(witness, request).await,
        ("/add-checkpoint", _) => not_allowed("POST"),
        (_, &Method::GET | &Method::HEAD) => show(&witness, &path),
        _ => not_allowed("GET, HEAD"),
    }
}

async fn add_checkpoint(witness: Arc<Witness>, request: Request<Body>) -> Response<Body> {
    let body = to_bytes(request.into_body(), BODY_BYTES_MAX);
    let body = match tokio::time::timeout(Duration::from_secs(BODY_SECONDS), body).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return text(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large or was cut\n请求正文过大或不完整\n"),
        Err(_) => return text(StatusCode::REQUEST_TIMEOUT, "the body came too slowly\n请求正文传输过慢\n"),
    };
    // Not cancelled with the connection: what began is decided and written.
    let decided = tokio::task::spawn_blocking(move || witness.add_checkpoint(&body)).await;
    match decided.unwrap_or(Err(WitnessError::Storage)) {
        Ok(line) => respond(StatusCode::OK, TEXT, "no-store", line.into_bytes()),
        Err(WitnessError::Conflict { size }) => {
            respond(StatusCode::CONFLICT, "text/x.tlog.size", "no-store", format!("{size}\n").into_bytes())
        }
        Err(error) => {
            let said = format!("{}\n{}\n", error.say(Language::English), error.say(Language::Chinese));
            text(status(&error), &said)
        }
    }
}

fn status(error: &WitnessError) -> StatusCode {
    match error {
        WitnessError::Malformed | WitnessError::OldTooLarge { .. } => StatusCode::BAD_REQUEST,
        WitnessError::NotSigned => StatusCode::FORBIDDEN,
        WitnessError::UnknownLog { .. } => StatusCode::NOT_FOUND,
        WitnessError::Conflict { .. } => StatusCode::CONFLICT,
        WitnessError::Inconsistent { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        WitnessError::ClockBack { .. } => StatusCode::SERVICE_UNAVAILABLE,
        WitnessError::Storage => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// What anybody may read: the key, and `/ORIGIN-HASH/checkpoint` (hexadecimal SHA-256 of the origin).
fn show(witness: &Witness, path: &str) -> Response<Body> {
    if path == "/vkey" {
        return respond(StatusCode::OK, TEXT, "no-cache", format!("{}\n", witness.signer.witness()).into_bytes());
    }
    let hash = path.strip_prefix('/').and_then(|path| path.strip_suffix("/checkpoint")).unwrap_or_default();
    let found = witness.logs.iter().find(|(origin, _)| origin_hash(origin) == hash);
    let note = found.map(|(_, memory)| memory.lock().unwrap_or_else(PoisonError::into_inner).last.note.clone());
    match note.filter(|note| !note.is_empty()) {
        Some(note) => respond(StatusCode::OK, TEXT, "no-cache", note.into_bytes()),
        None => text(
            StatusCode::NOT_FOUND,
            "not found: a witness has /add-checkpoint and /vkey (C2SP tlog-witness)\n没有此地址：见证方只有 /add-checkpoint 和 /vkey\n",
        ),
    }
}

fn not_allowed(methods: &'static str) -> Response<Body> {
    let mut refused = text(StatusCode::METHOD_NOT_ALLOWED, "this method is not possible here\n此处不允许该方法\n");
    refused.headers_mut().insert(ALLOW, HeaderValue::from_static(methods));
    refused
}
