//! What strangers send.

use crate::server::{Reply, Server, settings};
use std::io::Write as _;
use std::time::Duration;
use tidegate_http::api::{Rate, Settings};

fn answers(text: &str) -> usize {
    text.split("HTTP/1.1 ").skip(1).filter(|rest| rest.starts_with(|first: char| first.is_ascii_digit())).count()
}

#[test]
fn a_request_that_two_readers_could_cut_differently_gets_one_answer_at_most() {
    let server = Server::start();
    let smuggled = "GET /v1/counter HTTP/1.1\r\nhost: x\r\n\r\n";
    let chunk = format!("0\r\n\r\n{smuggled}");
    let post = "POST /v1/notes HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nauthorization: Bearer good-token\r\nidempotency-key: smuggled-1\r\n";
    let attempts = [
        format!("{post}content-length: 5\r\ncontent-length: 6\r\n\r\n{smuggled}"),
        format!("{post}content-length: 5, 6\r\n\r\n{smuggled}"),
        format!("{post}content-length: +5\r\n\r\n{smuggled}"),
        format!("{post}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n{chunk}"),
        format!("{post}transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n{chunk}"),
        format!("{post}transfer-encoding: xchunked\r\n\r\n{chunk}"),
        format!("{post}transfer-encoding: chunked, identity\r\n\r\n{chunk}"),
        format!("{post}transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n{chunk}"),
        format!("{post}transfer-encoding : chunked\r\n\r\n{chunk}"),
        format!("{post}transfer-encoding:\r\n chunked\r\n\r\n{chunk}"),
        format!("{post}transfer-encoding: chunked\r\n\r\n0\n\n{smuggled}"),
        format!("{post}transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n{smuggled}"),
        format!("{}transfer-encoding: chunked\r\n\r\n{chunk}", post.replace("HTTP/1.1", "HTTP/1.0")),
        format!("POST /v1/notes HTTP/1.1\r\nhost: x\rcontent-length: 0\r\n\r\n{smuggled}"),
        format!("POST /v1/notes HTTP/1.1\r\nhost: x\r\nx: a\0b\r\n\r\n{smuggled}"),
    ];
    for attempt in attempts {
        let text = server.raw(&attempt);
        assert!(answers(&text) <= 1, "{attempt}\n{text}");
        assert!(text.is_empty() || (400..500).contains(&Reply::read(&text).status), "{attempt}\n{text}");
    }
    assert_eq!(server.notes.notes(), 0);
}

#[test]
fn a_line_feed_alone_hides_nothing() {
    let server = Server::start();
    let text = server.raw("GET /v1/counter HTTP/1.1\nhost: x\nconnection: close\n\n");
    assert_eq!(answers(&text), 1, "{text}");
}

#[test]
fn heads_are_bounded_in_every_direction() {
    let server = Server::start();
    let flood: String = (0..500).map(|at| format!("x-{at}: y\r\n")).collect();
    assert_eq!(Reply::read(&server.raw(format!("GET / HTTP/1.1\r\nhost: x\r\n{flood}\r\n"))).status, 431);
    let long = format!("GET / HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "y".repeat(100_000));
    assert_eq!(Reply::read(&server.raw(long)).status, 431);
    let target = server.ask(&format!("GET /v1/notes?kind={}", "a".repeat(5_000)), &[], "");
    assert_eq!((target.status, target.code().as_str()), (400, "http.target-too-long"));
    assert!(matches!(server.ask(&format!("GET /{}", "a".repeat(60_000)), &[], "").status, 414 | 431));
}

#[test]
fn a_host_is_needed_once() {
    let server = Server::start();
    let without = server.raw("GET /v1/counter HTTP/1.1\r\nconnection: close\r\n\r\n");
    let twice = server.raw("GET /v1/counter HTTP/1.1\r\nhost: a\r\nhost: b\r\nconnection: close\r\n\r\n");
    let other = server.raw("GET http://b/v1/counter HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    for text in [without, twice, other] {
        assert_eq!(Reply::read(&text).code(), "http.host", "{text}");
    }
    let same = server.raw("GET http://a/v1/counter HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    assert_eq!(Reply::read(&same).status, 200);
}

#[test]
fn slow_heads_and_bodies_are_let_go() {
    let quick = Duration::from_millis(200);
    let server = Server::with(Settings { head: quick, body: quick, ..settings() }, None);
    // Both end by the server's patience; the test's own is three hundred times as long.
    let head = server.raw("GET /v1/counter HTTP/1.1\r\nho");
    assert!(head.is_empty() || Reply::read(&head).status == 408, "{head}");
    let idle = server.raw("");
    assert!(idle.is_empty() || Reply::read(&idle).status == 408, "{idle}");
    let body = server.raw("POST /v1/notes HTTP/1.1\r\nhost: x\r\nauthorization: Bearer good-token\r\nidempotency-key: slow-body-1\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{");
    assert_eq!((Reply::read(&body).status, Reply::read(&body).code().as_str()), (408, "body.slow"));
    assert_eq!(server.notes.notes(), 0);
}

#[test]
fn huge_bodies_are_refused_before_they_are_read() {
    let server = Server::start();
    let post = "POST /v1/notes HTTP/1.1\r\nhost: x\r\nauthorization: Bearer good-token\r\nidempotency-key: huge-body-1\r\ncontent-type: application/json\r\n";
    let announced = server.raw(format!("{post}content-length: 99999999999\r\n\r\n{{"));
    assert_eq!(Reply::read(&announced).code(), "body.too-large");
    let chunks = format!("{:x}\r\n{}\r\n", 2000, " ".repeat(2000)).repeat(3);
    let streamed = server.raw(format!("{post}transfer-encoding: chunked\r\n\r\n{chunks}"));
    assert_eq!(Reply::read(&streamed).code(), "body.too-large");
    assert!(server.raw(format!("{post}content-length: 99999999999999999999999\r\n\r\n")).starts_with("HTTP/1.1 4"));
}

#[test]
fn paths_and_methods_that_are_not_there_say_so() {
    let server = Server::start();
    let cases = [
        ("GET /v2/notes", 404, "http.no-such-path"),
        ("GET /v1/notes/", 400, "http.path"),
        ("GET //v1/notes", 400, "http.path"),
        ("GET /v1/notes/..", 400, "http.path"),
        ("GET /v1/notes/%2e%2e", 400, "http.path"),
        ("GET /v1/notes/1%2f2", 400, "http.path"),
        ("GET /v1/notes/%00", 400, "http.path"),
        ("GET /v1/notes/%ff", 400, "http.path"),
        ("GET /v1/notes/0x1", 400, "input.wrong"),
        ("GET /v1/notes/01", 400, "input.wrong"),
        ("GET /v1/notes/4294967296", 400, "input.wrong"),
        ("GET /v1/notes/7", 404, "note.unknown"),
        ("GET /v1/notes?limit=0", 400, "input.wrong"),
        ("GET /v1/notes?limit=x", 400, "input.wrong"),
        ("GET /v1/notes?cursor=x", 422, "page.cursor"),
        ("GET /v1/notes?what=x", 400, "input.wrong"),
        ("GET /v1/notes?kind=plain&kind=urgent", 400, "query.twice"),
        ("GET /v1/notes?kind=%", 400, "query.form"),
        ("PATCH /v1/notes", 405, "http.method"),
        ("TRACE /v1/notes", 405, "http.method"),
        ("BREW /v1/notes/1", 405, "http.method"),
        ("POST /health/live", 405, "http.method"),
    ];
    for (line, status, code) in cases {
        let reply = server.ask(line, &[], "");
        assert_eq!((reply.status, reply.code().as_str()), (status, code), "{line}");
    }
    assert_eq!(server.ask("PATCH /v1/notes", &[], "").header("allow"), Some("post, get, head, options"));
    let options = server.ask("OPTIONS /v1/notes/1", &[("origin", "https://b.example"), ("access-control-request-method", "PUT")], "");
    assert_eq!((options.status, options.header("allow")), (204, Some("get, put, delete, head, options")));
    assert!(!options.head.contains("access-control-"), "{options:?}");
    let head = server.ask("HEAD /v1/counter", &[], "");
    assert_eq!((head.status, head.body.as_str(), head.header("content-length")), (200, "", Some("11")));
}

#[test]
fn bodies_that_do_not_fit_say_where() {
    let server = Server::start();
    let key = ("idempotency-key", "bad-bodies-1");
    let cases = [
        ("{", "json.not-json"),
        ("[]", "input.wrong"),
        ("{}", "input.wrong"),
        (r#"{"text":"a","kind":"plain","more":1}"#, "input.wrong"),
        (r#"{"text":1,"kind":"plain"}"#, "input.wrong"),
        (r#"{"text":"","kind":"plain"}"#, "input.wrong"),
        (r#"{"text":"a","kind":"other"}"#, "input.wrong"),
        (r#"{"text":"a","kind":"plain","tags":["a",1]}"#, "input.wrong"),
        (r#"{"text":"a","text":"b","kind":"plain"}"#, "json.key-twice"),
    ];
    for (body, code) in cases {
        let reply = server.ask("POST /v1/notes", &[key], body);
        assert_eq!((reply.status, reply.code().as_str()), (400, code), "{body}");
    }
    let deep = format!("{{\"text\":{}{}}}", "[".repeat(50), "]".repeat(50));
    assert_eq!(server.ask("POST /v1/notes", &[key], &deep).code(), "json.depth");
    let reply = server.ask("POST /v1/notes", &[key], r#"{"text":"a","kind":"plain","tags":["a",1]}"#);
    assert_eq!(reply.json()["errors"][0]["pointer"], "/tags/1");
    assert_eq!(server.ask("POST /v1/notes?text=a", &[key], r#"{"text":"a","kind":"plain"}"#).code(), "input.wrong");
    assert_eq!(server.ask("POST /v1/notes", &[key, ("content-type", "text/plain")], "{}").status, 415);
    assert_eq!(server.ask("POST /v1/notes", &[key, ("content-encoding", "gzip")], "{}").status, 415);
    assert_eq!(server.ask("GET /v1/notes", &[], "{}").code(), "body.unwanted");
    assert_eq!(server.ask("PUT /v1/notes/1", &[("if-match", "*")], r#"{"note":2,"text":"a"}"#).code(), "input.wrong");
    assert_eq!(server.notes.calls.load(std::sync::atomic::Ordering::SeqCst), 0);
}

#[test]
fn a_problem_speaks_the_readers_language_and_names_the_article() {
    let server = Server::start();
    let chinese = server.ask("GET /v1/notes/7", &[("accept-language", "zh-CN,zh;q=0.9,en;q=0.5"), ("x-request-id", "request-7")], "");
    let problem = chinese.json();
    assert_eq!(problem["detail"], "没有编号为 7 的便签");
    assert_eq!(problem["translation"]["detail"], "there is no note 7");
    assert_eq!((problem["article"].as_str(), problem["request_id"].as_str()), (Some("SYS Art. 20"), Some("request-7")));
    assert_eq!((chinese.header("content-type"), chinese.header("content-language")), (Some("application/problem+json"), Some("zh")));
    assert_eq!(chinese.header("x-request-id"), Some("request-7"));
    assert_eq!(server.ask("GET /v1/notes/7", &[], "").json()["detail"], "there is no note 7");
}

// clause: J1 both
#[test]
fn credentials_are_needed_and_answers_are_guarded() {
    let server = Server::start();
    let none = Reply::read(&server.raw("GET /v1/notes HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"));
    assert_eq!((none.status, none.code().as_str(), none.header("www-authenticate")), (401, "credential.missing", Some("bearer")));
    let other = Reply::read(&server.raw("GET /v1/notes HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer wrong\r\n\r\n"));
    assert_eq!((other.status, other.code().as_str()), (401, "note.token"));
    let cookie = "POST /v1/notes HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncookie: tidegate-session=abc\r\norigin: https://b.example\r\ncontent-length: 2\r\n\r\n{}";
    assert_eq!(Reply::read(&server.raw(cookie)).code(), "credential.other-site");
    let both = "GET /v1/notes HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncookie: tidegate-session=abc\r\nauthorization: Bearer good-token\r\n\r\n";
    assert_eq!((Reply::read(&server.raw(both)).status, Reply::read(&server.raw(both)).code().as_str()), (401, "credential.form"));
    let headers = [
        "x-content-type-options: nosniff",
        "content-security-policy: default-src 'none'",
        "x-frame-options: deny",
        "referrer-policy: no-referrer",
    ];
    for wanted in headers {
        assert!(none.head.contains(wanted), "{wanted}");
    }
}

#[test]
fn rates_are_kept_and_said() {
    let slow = Rate { burst: 3, per_minute: 1 };
    let server = Server::with(Settings { credential_rate: slow, ..settings() }, None);
    let left: Vec<_> = (0..3).map(|_| server.ask("GET /v1/notes", &[], "").header("ratelimit").map(str::to_owned).unwrap()).collect();
    assert!(left[0].starts_with("\"credential\";r=2;t=") && left[2].starts_with("\"credential\";r=0;t="), "{left:?}");
    let refused = server.ask("GET /v1/notes", &[], "");
    assert_eq!((refused.status, refused.code().as_str()), (429, "rate.too-many"));
    assert!((1..=60).contains(&refused.header("retry-after").unwrap().parse::<u64>().unwrap()));
    assert_eq!(refused.header("ratelimit-policy"), Some("\"credential\";q=3;w=180"));

    let server = Server::with(Settings { address_rate: slow, ..settings() }, None);
    let statuses: Vec<_> = (0..4).map(|_| server.ask("GET /v1/counter", &[], "").status).collect();
    assert_eq!(statuses, [200, 200, 200, 429]);
}

#[test]
fn connections_of_one_address_are_bounded() {
    let server = Server::with(Settings { connections_of_address_max: 2, ..settings() }, None);
    let mut held: Vec<_> = (0..2).map(|_| server.connect()).collect();
    for stream in &mut held {
        stream.write_all(b"GET /v1/counter HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
        let mut one = [0];
        std::io::Read::read_exact(stream, &mut one).unwrap();
    }
    assert_eq!(server.raw("GET /v1/counter HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"), "");
}

#[test]
fn a_reader_that_takes_nothing_is_let_go() {
    let server = Server::with(Settings { stall: Duration::from_millis(200), ..settings() }, None);
    let mut stream = server.connect();
    stream.set_write_timeout(Some(Duration::from_secs(2))).unwrap();
    // More answers than all buffers on the way hold; writing stops when the server stops reading.
    let requests = "GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n".repeat(2_000);
    let _ = stream.write_all(requests.as_bytes());
    let begun = std::time::Instant::now();
    let open = || {
        server.ask("GET /metrics", &[], "").body.lines().find_map(|line| line.strip_prefix("tidegate_http_connections ").map(str::to_owned))
    };
    while open().as_deref() != Some("1") {
        assert!(begun.elapsed() < crate::server::PATIENCE, "{:?}", open());
        std::thread::sleep(Duration::from_millis(20));
    }
}
