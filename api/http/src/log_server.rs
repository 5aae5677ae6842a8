//! A published log over HTTP (C2SP tlog-tiles): static files, and no others.
//!
//! Guarantee: a request opens `checkpoint`, `vkey` or a path that [`Tile::parse`] accepts, and nothing else; each step
//! of the path is opened without following links, so a link in the directory leads nowhere. Reading only: `GET` and
//! `HEAD`.

use crate::serve::{ListenError, Listening};
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderValue, Method, Request, Response, StatusCode};
use rustix::fs::{FileType, Mode, OFlags, fstat, open, openat};
use std::fs::File;
use std::future::Future;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tidegate_log::{Tile, TileKind, is_key_link};

/// The longest bundle.
const FILE_BYTES_MAX: u64 = 256 * (65_535 + 2);
const TEXT: &str = "text/plain; charset=utf-8";
const NOT_FOUND: &str = "not found: a log has /checkpoint, /vkey and the tiles of its size (C2SP tlog-tiles)\n没有此文件：日志只有 /checkpoint、/vkey 及其大小所需的瓦片\n";
const GONE: &str = "not found: fetch the full tile, this partial one may be gone\n没有此文件：该部分瓦片可能已删除，请获取完整瓦片\n";
const NOT_ALLOWED: &str = "only GET and HEAD are possible\n只允许 GET 和 HEAD\n";
const FAILED: &str = "the file cannot be read now: try again later\n暂时无法读取该文件：请稍后重试\n";

/// Serves a log's directory until `stop` comes true.
pub async fn serve_log(listening: Listening, directory: &Path, stop: impl Future<Output = ()> + Send + 'static) -> Result<(), ListenError> {
    let app = Router::new().fallback(answer).with_state(Arc::new(directory.to_owned()));
    listening.serve(app, stop).await
}

async fn answer(State(directory): State<Arc<PathBuf>>, request: Request<Body>) -> Response<Body> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut refused = text(StatusCode::METHOD_NOT_ALLOWED, NOT_ALLOWED);
        refused.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return refused;
    }
    let path = request.uri().path().trim_start_matches('/').to_owned();
    let tile = Tile::parse(&path);
    // One slash before a path, as everybody writes it: otherwise caches keep one file under many names.
    if (tile.is_none() && path != "checkpoint" && path != "vkey" && !is_key_link(&path)) || request.uri().path().starts_with("//") {
        return text(StatusCode::NOT_FOUND, NOT_FOUND);
    }
    match tokio::task::spawn_blocking(move || read(&directory, &path)).await {
        Ok(Ok(Some(bytes))) => found(bytes, tile),
        Ok(Ok(None)) if tile.is_some_and(|tile| !tile.is_full()) => text(StatusCode::NOT_FOUND, GONE),
        Ok(Ok(None)) => text(StatusCode::NOT_FOUND, NOT_FOUND),
        Ok(Err(_)) | Err(_) => text(StatusCode::INTERNAL_SERVER_ERROR, FAILED),
    }
}

fn found(bytes: Vec<u8>, tile: Option<Tile>) -> Response<Body> {
    let (kind, cache) = match tile.map(|tile| tile.kind) {
        None => (TEXT, "no-cache"),
        Some(TileKind::Hashes(_) | TileKind::Entries) => ("application/octet-stream", "public, max-age=31536000, immutable"),
    };
    respond(StatusCode::OK, kind, cache, bytes)
}

pub(crate) fn text(status: StatusCode, body: &str) -> Response<Body> {
    respond(status, TEXT, "no-cache", body.to_owned().into_bytes())
}

pub(crate) fn respond(status: StatusCode, kind: &'static str, cache: &'static str, body: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = [(CONTENT_TYPE, kind), (CACHE_CONTROL, cache), (X_CONTENT_TYPE_OPTIONS, "nosniff")];
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Reads a file below a directory, step by step and without following a link.
fn read(directory: &Path, path: &str) -> std::io::Result<Option<Vec<u8>>> {
    use rustix::io::Errno;
    let mut at = open(directory, OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    let steps: Vec<&str> = path.split('/').collect();
    for (number, step) in steps.iter().enumerate() {
        let kind = if number + 1 < steps.len() { OFlags::DIRECTORY } else { OFlags::NONBLOCK };
        at = match openat(&at, *step, kind | OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty()) {
            Ok(next) => next,
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
    }
    if FileType::from_raw_mode(fstat(&at)?.st_mode) != FileType::RegularFile {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    File::from(at).take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}
