//! Reading bodies from strangers.
//!
//! Guarantee: a body has a known bound, a time, and a share of one bound over all that are being read; it is JSON in
//! UTF-8 and not compressed.

use super::refusals::Refusal;
use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use hyper::body::Body as _;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The unit in which memory for bodies is shared out, in bytes.
const PART_BYTES: usize = 1024;

/// The bound over all bodies.
#[derive(Debug, Clone)]
pub(crate) struct Room(Arc<Semaphore>);

impl Room {
    pub(crate) fn of(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes / PART_BYTES)))
    }
}

/// A body with its share of the room.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    pub(crate) bytes: Vec<u8>,
    share: Option<OwnedSemaphorePermit>,
}

/// Whether a request announces a body.
pub(crate) fn is_announced(headers: &HeaderMap) -> bool {
    headers.contains_key("transfer-encoding") || headers.get(CONTENT_LENGTH).is_some_and(|length| length != "0")
}

/// Refuses what is not plain JSON, by its headers.
pub(crate) fn check_headers(headers: &HeaderMap) -> Result<(), Refusal> {
    let text =
        |name| headers.get_all(name).iter().map(|value| value.to_str().unwrap_or("?").trim().to_ascii_lowercase()).collect::<Vec<_>>();
    if text(CONTENT_ENCODING).iter().any(|encoding| encoding != "identity") {
        return Err(Refusal::Encoding);
    }
    let kinds = text(CONTENT_TYPE);
    let [kind] = kinds.as_slice() else { return Err(Refusal::MediaType) };
    let (kind, parameters) = kind.split_once(';').unwrap_or((kind, ""));
    let charset = parameters.trim().trim_start_matches("charset=").trim_matches('"');
    if kind.trim() == "application/json" && matches!(charset, "" | "utf-8") { Ok(()) } else { Err(Refusal::MediaType) }
}

/// Reads a body of at most so many bytes.
pub(crate) async fn read(body: Body, maximum: usize, patience: Duration, room: &Room) -> Result<Taken, Refusal> {
    let too_large = Refusal::BodyTooLarge { maximum };
    if body.size_hint().lower() > maximum as u64 {
        return Err(too_large);
    }
    match tokio::time::timeout(patience, collect(body, maximum, room)).await {
        Ok(read) => read,
        Err(_) => Err(Refusal::BodySlow),
    }
}

async fn collect(mut body: Body, maximum: usize, room: &Room) -> Result<Taken, Refusal> {
    let mut taken = Taken::default();
    let mut parts = 0;
    while let Some(frame) = std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        // Trailers say nothing that this interface knows.
        let Ok(data) = frame.map_err(|_| Refusal::BodyCut)?.into_data() else { continue };
        let length = taken.bytes.len() + data.len();
        if length > maximum {
            return Err(Refusal::BodyTooLarge { maximum });
        }
        let wanted = length.div_ceil(PART_BYTES);
        if wanted > parts {
            let more = u32::try_from(wanted - parts).map_err(|_| Refusal::BodyTooLarge { maximum })?;
            let share = Arc::clone(&room.0).try_acquire_many_owned(more).map_err(|_| Refusal::KeysFull)?;
            match &mut taken.share {
                Some(held) => held.merge(share),
                None => taken.share = Some(share),
            }
            parts = wanted;
        }
        taken.bytes.extend_from_slice(&data);
    }
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use tidegate_terms::Message as _;

    #[test]
    fn only_plain_json_is_taken() {
        let headers = |pairs: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.append(*name, HeaderValue::from_static(value));
            }
            headers
        };
        for right in ["application/json", "Application/JSON; charset=UTF-8", "application/json;charset=\"utf-8\""] {
            assert!(check_headers(&headers(&[("content-type", right)])).is_ok(), "{right}");
        }
        for wrong in ["text/plain", "application/json; charset=gbk", "application/jsonp", "multipart/form-data", ""] {
            assert_eq!(check_headers(&headers(&[("content-type", wrong)])).unwrap_err().code(), "body.media-type", "{wrong}");
        }
        assert!(check_headers(&HeaderMap::new()).is_err());
        assert!(check_headers(&headers(&[("content-type", "application/json"), ("content-type", "text/plain")])).is_err());
        let gzip = headers(&[("content-type", "application/json"), ("content-encoding", "gzip")]);
        assert_eq!(check_headers(&gzip).unwrap_err().code(), "body.encoding");
    }

    #[tokio::test]
    async fn size_and_room_are_bounded_and_room_comes_back() {
        let (room, patience) = (Room::of(4 * PART_BYTES), Duration::from_secs(60));
        let read = |size: usize, maximum: usize| read(Body::from(vec![0; size]), maximum, patience, &room);
        let held = read(3 * PART_BYTES, 10_000).await.unwrap();
        assert_eq!(read(2 * PART_BYTES, 10_000).await.unwrap_err().code(), "idempotency.full");
        drop(held);
        assert_eq!(read(2 * PART_BYTES, 10_000).await.unwrap().bytes.len(), 2 * PART_BYTES);
        assert_eq!(read(1001, 1000).await.unwrap_err().code(), "body.too-large");
    }
}
