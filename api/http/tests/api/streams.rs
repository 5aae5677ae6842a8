//! Public progress.

use crate::notes::TOKEN;
use crate::server::{Server, read_all};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

fn follow(server: &Server, last: Option<u64>) -> TcpStream {
    let mut stream = server.connect();
    let last = last.map_or(String::new(), |last| format!("last-event-id: {last}\r\n"));
    let request = format!("GET /v1/counter/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {TOKEN}\r\n{last}\r\n");
    stream.write_all(request.as_bytes()).expect("sent");
    stream
}

/// Reads until a text has come.
fn read_until(stream: &mut TcpStream, wanted: &str) -> String {
    let mut text = String::new();
    let mut part = [0; 256];
    while !text.contains(wanted) {
        let read = stream.read(&mut part).unwrap_or(0);
        assert!(read > 0, "`{wanted}` did not come: {text}");
        text.push_str(&String::from_utf8_lossy(&part[..read]));
    }
    text
}

#[test]
fn a_stream_begins_again_after_the_last_event_that_was_seen() {
    let server = Server::start();
    server.notes.bump(1);
    server.notes.bump(1);
    let mut stream = follow(&server, None);
    let text = read_until(&mut stream, "id: 2\n");
    assert!(text.contains("content-type: text/event-stream") && text.contains("cache-control: no-store"), "{text}");
    assert!(text.contains("id: 1\nevent: count\ndata: {\"count\":1}\n\n"), "{text}");
    drop(stream);
    server.notes.bump(1);
    let mut again = follow(&server, Some(2));
    let text = read_until(&mut again, "id: 3\n");
    assert!(!text.contains("id: 1\n") && !text.contains("id: 2\n"), "{text}");
    // Nothing happens: the beat goes on.
    read_until(&mut again, ": beat\n\n");
    server.notes.bump(97);
    let text = read_until(&mut again, "event: end\n");
    assert!(text.contains("{\"count\":100}"), "{text}");
}

#[test]
fn a_stream_ends_with_the_server() {
    let mut server = Server::start();
    let mut stream = follow(&server, None);
    read_until(&mut stream, ": beat\n\n");
    server.tell();
    assert!(read_all(&mut stream).contains(": the server stops"));
    server.ended();
}

#[test]
fn a_stream_is_not_opened_for_its_head_and_a_bad_id_is_refused() {
    let server = Server::start();
    assert_eq!(server.ask("HEAD /v1/counter/events", &[], "").status, 405);
    assert_eq!(server.ask("GET /v1/counter/events", &[("last-event-id", "-1")], "").code(), "http.header");
}
