//! What is asked twice happens once; what has changed is not overwritten.

use crate::server::{Server, settings};
use std::io::Write as _;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};
use tidegate_http::api::Settings;

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < crate::server::PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn the_same_key_gives_the_same_answer_and_another_request_is_refused() {
    let server = Server::start();
    let first = server.add("key-00001", "Tide");
    let again = server.add("key-00001", "Tide");
    assert_eq!((first.status, first.header("idempotent-replayed"), first.header("etag")), (201, None, Some("\"1\"")));
    assert_eq!((again.status, again.header("idempotent-replayed"), &again.body), (201, Some("true"), &first.body));
    assert_eq!(server.notes.notes(), 1);
    let other = server.add("key-00001", "Ebb");
    assert_eq!((other.status, other.code().as_str()), (422, "idempotency.other-request"));
    assert_eq!(server.add("key-00002", "Ebb").status, 201);
    assert_eq!(server.ask("POST /v1/notes", &[], r#"{"text":"a","kind":"plain"}"#).code(), "idempotency.missing");
    assert_eq!(server.add("short", "Ebb").code(), "idempotency.form");
    assert_eq!(server.notes.notes(), 2);
}

#[test]
fn an_answer_with_a_secret_is_not_repeated_by_the_front() {
    let server = Server::start();
    for calls in 1..=2 {
        let reply = server.ask("POST /v1/tickets", &[("idempotency-key", "key-00001")], "");
        assert_eq!((reply.status, reply.header("idempotent-replayed")), (200, None), "{}", reply.body);
        assert_eq!(server.notes.calls.load(SeqCst), calls, "the backend is asked, which knows the key");
    }
}

#[test]
fn a_key_belongs_to_its_credential() {
    let server = Server::start();
    let body = r#"{"text":"a","kind":"plain"}"#;
    let post = |token: &str| {
        let text = format!(
            "POST /v1/notes HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {token}\r\nidempotency-key: shared-key\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        crate::server::Reply::read(&server.raw(text))
    };
    assert_eq!(post("good-token-1").json()["note"], 1);
    assert_eq!(post("good-token-2").json()["note"], 2);
    assert_eq!(post("good-token-1").json()["note"], 1);
    // A refusal for want of rights is not kept: rights may come.
    assert_eq!((post("wrong").status, post("wrong").header("idempotent-replayed").is_none()), (401, true));
}

#[test]
fn two_at_a_time_reach_the_backend_once_and_what_began_ends_without_its_caller() {
    let server = Server::start();
    let body = r#"{"text":"wait","kind":"plain"}"#;
    let request = format!(
        "POST /v1/notes HTTP/1.1\r\nhost: x\r\nauthorization: Bearer good-token\r\nidempotency-key: waiting-key\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut gone = server.connect();
    gone.write_all(request.as_bytes()).unwrap();
    until("the call began", || server.notes.calls.load(SeqCst) == 1);
    let second = server.ask("POST /v1/notes", &[("idempotency-key", "waiting-key")], body);
    assert_eq!((second.status, second.code().as_str(), second.header("retry-after")), (409, "idempotency.in-progress", Some("1")));
    drop(gone);
    server.notes.gate.add_permits(1);
    until("the note was made", || server.notes.notes() == 1);
    until("its answer was kept", || server.ask("POST /v1/notes", &[("idempotency-key", "waiting-key")], body).status == 201);
    assert_eq!((server.notes.calls.load(SeqCst), server.notes.notes()), (1, 1));
}

#[test]
fn a_fault_of_the_backend_settles_nothing() {
    let server = Server::start();
    for _ in 0..2 {
        let reply = server.add("fault-key", "__panic__");
        assert_eq!((reply.status, reply.code().as_str()), (500, "answer.broken"));
        assert!(!reply.body.contains("as it was told"));
    }
    assert_eq!(server.notes.calls.load(SeqCst), 2);
    assert_eq!(server.add("other-key", "fine").status, 201);
}

#[test]
fn an_answer_that_takes_too_long_can_be_fetched_later() {
    let server = Server::with(Settings { answer: Duration::from_millis(100), ..settings() }, None);
    let reply = server.add("long-key-1", "wait");
    assert_eq!((reply.status, reply.code().as_str()), (504, "answer.late"));
    server.notes.gate.add_permits(1);
    until("the answer is there", || server.add("long-key-1", "wait").status == 201);
    assert_eq!(server.notes.notes(), 1);
}

#[test]
fn versions_keep_changes_apart() {
    let server = Server::start();
    server.add("key-00001", "Tide");
    let read = server.ask("GET /v1/notes/1", &[], "");
    assert_eq!((read.status, read.header("etag")), (200, Some("\"1\"")));
    let known = server.ask("GET /v1/notes/1", &[("if-none-match", "W/\"1\"")], "");
    assert_eq!((known.status, known.body.as_str(), known.header("etag")), (304, "", Some("\"1\"")));
    let body = r#"{"text":"Ebb"}"#;
    assert_eq!(server.ask("PUT /v1/notes/1", &[], body).status, 428);
    assert_eq!(server.ask("PUT /v1/notes/1", &[("if-match", "1")], body).code(), "version.form");
    assert_eq!(server.ask("PUT /v1/notes/1", &[("if-match", "\"0\"")], body).status, 412);
    assert_eq!(server.ask("PUT /v1/notes/1", &[("if-match", "W/\"1\"")], body).status, 412);
    let changed = server.ask("PUT /v1/notes/1", &[("if-match", "\"1\"")], body);
    assert_eq!((changed.status, changed.header("etag"), changed.json()["text"].as_str()), (200, Some("\"2\""), Some("Ebb")));
    assert_eq!(server.ask("PUT /v1/notes/1", &[("if-match", "\"1\"")], body).status, 412);
    // A list has no version of its own: what it shows decides.
    let list = server.ask("GET /v1/notes", &[], "");
    let tag = list.header("etag").unwrap().to_owned();
    assert_eq!(server.ask("GET /v1/notes", &[("if-none-match", &tag)], "").status, 304);
    server.add("key-00002", "Tide");
    assert_eq!(server.ask("GET /v1/notes", &[("if-none-match", &tag)], "").status, 200);
}
