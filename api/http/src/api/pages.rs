//! What every server has beside its operations: health, metrics, the interface's description.
//!
//! Guarantee: these pages need no credential and show public facts alone. The page at `/docs` loads nothing from
//! elsewhere, and its policy forbids it to.

use super::answers::{JSON, Said};
use super::call::Backend;
use super::handle::Shared;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG};
use serde_json::json;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

/// For the page with its own script.
const DOCS_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// How long an answer about readiness is passed on, so that asking it costs the backend little.
const READY_SECONDS: u64 = 1;
const READY_PATIENCE: Duration = Duration::from_secs(2);

/// All of them.
pub(crate) const PATHS: [&str; 8] =
    ["/", "/health/live", "/health/ready", "/metrics", "/openapi.json", "/docs", "/docs/docs.js", "/docs/docs.css"];

/// A page by its path.
pub(crate) async fn page<B: Backend>(shared: &Shared<B>, path: &str) -> Option<Said> {
    let fixed = |kind: &str, body: &'static str| Said { status: 200, body: body.into(), headers: Vec::new() }.with(CONTENT_TYPE, kind);
    let said = match path {
        "/" => json_of(
            200,
            &json!({ "name": shared.table.title.en, "version": env!("CARGO_PKG_VERSION"), "docs": "/docs", "openapi": "/openapi.json" }),
        ),
        "/health/live" => json_of(200, &json!({ "status": "live" })).with(CACHE_CONTROL, "no-store"),
        "/health/ready" => ready(shared).await.with(CACHE_CONTROL, "no-store"),
        "/metrics" if shared.settings.metrics => {
            let body = shared.metrics.text().into();
            Said { status: 200, body, headers: Vec::new() }
                .with(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")
                .with(CACHE_CONTROL, "no-store")
        }
        "/openapi.json" => {
            let said = Said { status: 200, body: shared.openapi.clone(), headers: Vec::new() };
            said.with(CONTENT_TYPE, JSON).with(ETAG, &shared.openapi_tag).with(CACHE_CONTROL, "no-cache")
        }
        "/docs" => fixed("text/html; charset=utf-8", include_str!("docs/docs.html")).with(CONTENT_SECURITY_POLICY, DOCS_POLICY),
        "/docs/docs.js" => fixed("text/javascript; charset=utf-8", include_str!("docs/docs.js")),
        "/docs/docs.css" => fixed("text/css; charset=utf-8", include_str!("docs/docs.css")),
        _ => return None,
    };
    Some(said)
}

fn json_of(status: u16, body: &serde_json::Value) -> Said {
    Said { status, body: body.to_string().into(), headers: Vec::new() }.with(CONTENT_TYPE, JSON)
}

async fn ready<B: Backend>(shared: &Shared<B>) -> Said {
    let known = *shared.ready.lock().unwrap_or_else(PoisonError::into_inner);
    let ready = match known {
        Some((at, ready)) if at.elapsed() < Duration::from_secs(READY_SECONDS) => ready,
        _ => {
            let ready = tokio::time::timeout(READY_PATIENCE, shared.backend.ready()).await.unwrap_or(false);
            *shared.ready.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), ready));
            ready
        }
    };
    let ready = ready && !*shared.closing.borrow();
    json_of(if ready { 200 } else { 503 }, &json!({ "status": if ready { "ready" } else { "not ready" } }))
}
