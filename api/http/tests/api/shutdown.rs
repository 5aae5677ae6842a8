//! How a server ends.

use crate::notes::TOKEN;
use crate::server::{PATIENCE, Reply, Server, read_all, settings};
use std::io::Write as _;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};
use tidegate_http::api::Settings;

#[test]
fn under_load_every_answer_that_begins_is_whole() {
    let mut server = Server::start();
    let (address, stop, answered) = (server.address, AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for worker in 0..4 {
            let (stop, answered) = (&stop, &answered);
            scope.spawn(move || {
                for number in 0.. {
                    let Ok(mut stream) = TcpStream::connect(address) else { return };
                    stream.set_read_timeout(Some(PATIENCE)).unwrap();
                    let body = format!("{{\"text\":\"{}\",\"kind\":\"plain\"}}", "x".repeat(150));
                    let head = format!("POST /v1/notes HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {TOKEN}\r\nidempotency-key: load-{worker}-{number}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
                    let _ = stream.write_all((head + &body).as_bytes());
                    let text = read_all(&mut stream);
                    if text.is_empty() {
                        // Not let in any more.
                        assert!(stop.load(SeqCst), "refused before the end");
                        return;
                    }
                    let reply = Reply::read(&text);
                    let length: usize = reply.header("content-length").and_then(|length| length.parse().ok()).unwrap();
                    assert_eq!((reply.status, reply.body.len()), (201, length), "{text}");
                    answered.fetch_add(1, SeqCst);
                }
            });
        }
        while answered.load(SeqCst) < 40 {
            std::thread::sleep(Duration::from_millis(1));
        }
        stop.store(true, SeqCst);
        server.tell();
    });
    // Who was answered has a note; a note without an answer is possible where the caller was cut.
    assert!(server.notes.notes() >= answered.load(SeqCst));
    server.ended();
}

#[test]
fn what_runs_may_end_and_nobody_new_is_let_in() {
    let mut server = Server::start();
    let body = r#"{"text":"wait","kind":"plain"}"#;
    let mut stream = server.connect();
    let request = format!(
        "POST /v1/notes HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {TOKEN}\r\nidempotency-key: last-wish\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let begun = Instant::now();
    while server.notes.calls.load(SeqCst) == 0 {
        assert!(begun.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(1));
    }
    server.tell();
    while TcpStream::connect(server.address).is_ok() {
        assert!(begun.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(1));
    }
    server.notes.gate.add_permits(1);
    let reply = Reply::read(&read_all(&mut stream));
    assert_eq!((reply.status, reply.header("connection")), (201, Some("close")));
    server.ended();
}

#[test]
fn what_does_not_end_is_cut_after_its_grace() {
    let mut server = Server::with(Settings { grace: Duration::from_millis(200), ..settings() }, None);
    let mut stream = server.connect();
    let body = r#"{"text":"wait","kind":"plain"}"#;
    let request = format!(
        "POST /v1/notes HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {TOKEN}\r\nidempotency-key: never-ends\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    while server.notes.calls.load(SeqCst) == 0 {
        std::thread::sleep(Duration::from_millis(1));
    }
    server.tell();
    assert_eq!(read_all(&mut stream), "");
    server.ended();
}
