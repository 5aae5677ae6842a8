//! A log over HTTP and its mirrors: only the log is served, only what is signed is kept.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::path::Path;
use tidegate_tests::domain::{Domain, IMMEDIATELY, text};
use tidegate_tests::program::{Said, tidegate};
use tidegate_tests::servers::{Server, ask, raw};

fn serve(domain: &Domain) -> Server {
    Server::start(&["log", "serve", text(&domain.directory().join("log"))], "127.0.0.1:0")
}

fn pull(from: &str, to: &Path, key: &str) -> Said {
    tidegate(&["audit", "pull", from, "--to", text(to), "--key", key, "--json"])
}

fn key_of(domain: &Domain) -> String {
    fs::read_to_string(domain.directory().join("log/vkey")).expect("vkey").trim().to_owned()
}

#[test]
fn a_mirror_over_http_verifies_and_refuses_what_changed() {
    let domain = Domain::with_rand_hie(IMMEDIATELY);
    let (server, key, mirror) = (serve(&domain), key_of(&domain), domain.beside("mirror"));
    let first = pull(&server.url(), &mirror, &key).json();
    assert_eq!((&first["entries"], &first["entries_before"]), (&2.into(), &0.into()));
    for number in 1..=4 {
        domain.grant("person-years.meddol", &format!("{number}"));
    }
    let second = pull(&server.url(), &mirror, &key).json();
    assert_eq!((&second["entries"], &second["entries_before"]), (&6.into(), &2.into()));
    assert_eq!(tidegate(&["audit", "verify", text(&mirror), "--key", &key, "--json"]).json()["findings_total"], 0);
    let kept = fs::read(mirror.join("checkpoint")).expect("checkpoint");
    // A byte flipped at the server, in each kind of file.
    for file in ["tile/entries/000.p/6", "tile/0/000.p/6", "checkpoint"] {
        let path = domain.directory().join("log").join(file);
        let good = fs::read(&path).expect("read");
        let mut bad = good.clone();
        // In the middle of a hash or an entry, and in the root.
        bad[if file == "checkpoint" { 40 } else { good.len() / 2 }] ^= 1;
        for bytes in [&bad, &good[..good.len() - 7].to_vec()] {
            fs::write(&path, bytes).expect("write");
            let refused = pull(&server.url(), &domain.beside("new-mirror"), &key);
            assert_eq!(refused.code, Some(3), "{file}: {}{}", refused.out, refused.err);
            assert!(!domain.beside("new-mirror").join("checkpoint").exists());
        }
        fs::write(&path, &good).expect("write");
    }
    fs::remove_file(domain.directory().join("log/tile/entries/000.p/6")).expect("remove");
    assert_eq!(pull(&server.url(), &domain.beside("new-mirror"), &key).code, Some(4), "what is missing cannot be verified");
    assert_eq!(fs::read(mirror.join("checkpoint")).expect("checkpoint"), kept);
    // Other keys: of another log, of the same name, garbage.
    let other = key_of(&Domain::empty());
    assert_eq!(pull(&server.url(), &domain.beside("other"), &other).code, Some(4), "an old or foreign key");
    assert_eq!(pull(&server.url(), &mirror, &other).code, Some(2), "the mirror is of another key");
    assert_eq!(pull(&server.url(), &domain.beside("other"), "garbage").code, Some(2));
    let address = server.address.clone();
    assert_eq!(server.stop(), Some(0));
    assert_eq!(pull(&format!("http://{address}"), &mirror, &key).code, Some(4), "nobody answers");
}

#[test]
fn only_the_log_is_served() {
    let domain = Domain::empty();
    let log = domain.directory().join("log");
    symlink(domain.directory().join("domain.json"), log.join("tile/0/001")).expect("link");
    symlink(domain.directory().join("keys"), log.join("tile/1")).expect("link");
    symlink(domain.directory(), log.join("out")).expect("link");
    let server = serve(&domain);
    let get = |path: &str| ask(&server.address, "GET", path, b"");
    let (status, checkpoint) = get("/checkpoint");
    assert_eq!(status, 200);
    let expected = fs::read_to_string(log.join("checkpoint")).expect("checkpoint");
    assert!(checkpoint.ends_with(&expected) && checkpoint.contains("content-type: text/plain; charset=utf-8\r\n"), "{checkpoint}");
    assert!(checkpoint.contains("cache-control: no-cache\r\n"), "{checkpoint}");
    let (status, tile) = get("/tile/0/000.p/1");
    assert!(status == 200 && tile.contains("application/octet-stream") && tile.contains("immutable"), "{tile}");
    assert_eq!(get("/tile/entries/000.p/1").0, 200);
    assert_eq!(get("/vkey").0, 200);
    for path in [
        "/",
        "/.lock",
        "/tile",
        "/tile/0/",
        "/tile/0/000",
        "/tile/0/0000.p/1",
        "/tile/0/000.p/01",
        "/tile/0/000.p/256",
        "/tile/64/000.p/1",
        "/tile/0/001",
        "/tile/1/000",
        "/tile/1/log.pk8",
        "/out/domain.json",
        "/../domain.json",
        "/tile/../../domain.json",
        "/%2e%2e/domain.json",
        "/tile/0/..%2f..%2f..%2fdomain.json",
        "//checkpoint",
        "/checkpoint/",
        "/checkpoint%00",
        "/tile/data/000.p/1",
    ] {
        let (status, answer) = get(path);
        assert_eq!(status, 404, "{path}: {answer}");
        assert!(!answer.contains("\"format\""), "{path}");
    }
    assert!(get("/tile/0/000.p/9").1.contains("full tile"), "partial tiles fall back to full ones");
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"] {
        let (status, answer) = ask(&server.address, method, "/checkpoint", b"");
        assert!(status == 405 && answer.contains("allow: GET, HEAD\r\n"), "{method}: {answer}");
    }
    let (status, answer) = ask(&server.address, "HEAD", "/checkpoint", b"");
    assert!(
        status == 200 && answer.ends_with("\r\n\r\n") && answer.contains(&format!("content-length: {}\r\n", expected.len())),
        "{answer}"
    );
    assert!(raw(&server.address, b"nonsense\r\n\r\n").contains(" 400 "));
    tidegate(&["log", "serve", text(&domain.beside("nothing")), "--json"]).refused("cli.file");
    tidegate(&["log", "serve", text(&log), "--listen", "nowhere:1:2", "--json"]).refused("listen.address");
}

#[test]
fn a_hostile_publisher_is_bounded() {
    let domain = Domain::empty();
    let key = key_of(&domain);
    let note = fs::read_to_string(domain.directory().join("log/checkpoint")).expect("checkpoint");
    let endless = "x".repeat(3 << 20);
    for (checkpoint, tile) in [
        (format!("HTTP/1.1 200 OK\r\n\r\n{endless}"), String::new()),
        (format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{note}", note.len()), format!("HTTP/1.1 200 OK\r\n\r\n{endless}")),
        (
            format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{note}", note.len()),
            "HTTP/1.1 302 Go\r\nLocation: /checkpoint\r\nContent-Length: 0\r\n\r\n".into(),
        ),
        ("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n".into(), String::new()),
        ("garbage".into(), String::new()),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").expect("listen");
        let url = format!("http://{}", listener.local_addr().expect("address"));
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut request = [0; 4096];
                let length = stream.read(&mut request).unwrap_or(0);
                let first = request[..length].starts_with(b"GET /checkpoint ");
                let _ = stream.write_all(if first { checkpoint.as_bytes() } else { tile.as_bytes() });
            }
        });
        let mirror = domain.beside("mirror");
        let said = pull(&url, &mirror, &key);
        assert_eq!(said.code, Some(4), "{}{}", said.out, said.err);
        assert!(!mirror.join("checkpoint").exists());
    }
}
