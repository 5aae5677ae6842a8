//! Public progress as server-sent events.
//!
//! Guarantee: one write at each beat, whatever happened between two of them: the events that have come, or a comment.
//! So the time at which anything arrives is the beat, never the moment of what it tells. The stream ends with the
//! backend's, when the server stops, or after [`LIFE_SECONDS`]; the caller comes back with the last id it saw.

use super::call::Event;
use axum::body::{Body, Bytes};
use hyper::body::{Body as HttpBody, Frame};
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::mpsc::{self, Receiver};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

/// The longest a stream lives.
const LIFE_SECONDS: u64 = 3600;
/// The most events of one beat; the others come with the next.
const EVENTS_OF_BEAT_MAX: usize = 64;

/// A body that says events at each beat.
pub(crate) fn body(events: Receiver<Event>, beat: Duration, closing: watch::Receiver<bool>) -> Body {
    // Two beats may wait for a reader; one that takes no more is let go.
    let (to, from) = mpsc::channel(2);
    tokio::spawn(run(events, beat, closing, to));
    Body::new(Beats { from })
}

async fn run(mut events: Receiver<Event>, beat: Duration, mut closing: watch::Receiver<bool>, to: mpsc::Sender<Bytes>) {
    let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + beat, beat);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let beats_max = Duration::from_secs(LIFE_SECONDS).as_millis() / beat.as_millis().max(1);
    if to.try_send(Bytes::from(format!("retry: {}\n\n", beat.as_millis()))).is_err() {
        return;
    }
    for _ in 0..beats_max {
        let stopping = tokio::select! {
            _ = ticks.tick() => false,
            _ = closing.wait_for(|closing| *closing) => true,
        };
        let (mut text, ended) = gather(&mut events);
        if stopping || ended {
            text.push_str(if ended { "event: end\ndata: {}\n\n" } else { ": the server stops\n\n" });
        }
        if to.try_send(text.into()).is_err() || stopping || ended {
            return;
        }
    }
}

/// The events that have come, and whether no more will.
fn gather(events: &mut Receiver<Event>) -> (String, bool) {
    let mut text = String::new();
    for _ in 0..EVENTS_OF_BEAT_MAX {
        match events.try_recv() {
            Ok(event) => text.push_str(&said(&event)),
            Err(TryRecvError::Empty) => break,
            Err(TryRecvError::Disconnected) => return (text, true),
        }
    }
    if text.is_empty() {
        text.push_str(": beat\n\n");
    }
    (text, false)
}

fn said(event: &Event) -> String {
    // JSON has no line breaks outside strings and escapes those inside; a kind could have one.
    let kind: String = event.kind.chars().filter(|character| character.is_ascii_lowercase() || *character == '-').collect();
    format!("id: {}\nevent: {kind}\ndata: {}\n\n", event.id, event.data)
}

struct Beats {
    from: Receiver<Bytes>,
}

impl HttpBody for Beats {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.from.poll_recv(context).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn one_beat_gathers_what_came() {
        let (to, mut from) = mpsc::channel(100);
        assert_eq!(gather(&mut from), (": beat\n\n".to_owned(), false));
        for id in 1..=70 {
            to.try_send(Event { id, kind: "step\ndata: x".into(), data: json!({"text": "a\nb"}) }).unwrap();
        }
        let (text, ended) = gather(&mut from);
        assert!(!ended && text.starts_with("id: 1\nevent: stepdatax\ndata: {\"text\":\"a\\nb\"}\n\nid: 2\n"));
        assert_eq!(text.matches("id: ").count(), EVENTS_OF_BEAT_MAX);
        drop(to);
        let (text, ended) = gather(&mut from);
        assert!(ended && text.matches("id: ").count() == 6);
    }
}
