//! Logs, cosignatures and witnesses under code that we did not write: PyPI's `aics-tlog`, `aics-witness` and
//! `tlog-scales`, unmodified. Each check is also seen to fail.
//!
//! `tests/run` installs them; where they are missing the test says so and passes, unless `TIDEGATE_REQUIRE_PYTHON=1`
//! demands it.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tidegate_tests::domain::{Domain, IMMEDIATELY, text};
use tidegate_tests::program::{repository, tidegate};
use tidegate_tests::servers::{Server, ask};

fn python() -> Option<PathBuf> {
    let python = repository("target/venv/bin/python");
    let modules = "import aics_tlog, aics_witness.feeder, tlog_scales.signing";
    let there = Command::new(&python).args(["-c", modules]).output().is_ok_and(|output| output.status.success());
    if !there {
        assert!(std::env::var_os("TIDEGATE_REQUIRE_PYTHON").is_none(), "aics-tlog, aics-witness or tlog-scales is not installed");
        println!("SKIPPED: aics-tlog, aics-witness or tlog-scales is not installed; tests/run does that");
    }
    there.then_some(python)
}

fn run(python: &Path, arguments: &[&str]) -> Output {
    Command::new(python).args(arguments).output().expect("python")
}

#[track_caller]
fn holds(output: &Output) {
    let said = |bytes| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}{}", said(&output.stdout), said(&output.stderr));
}

#[track_caller]
fn fails(output: &Output) {
    assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

fn key_of(log: &Path) -> String {
    fs::read_to_string(log.join("vkey")).expect("vkey").trim().to_owned()
}

/// A log with a few entries, and a witness of ours that cosigned it.
fn cosigned() -> (Domain, Server, String) {
    let domain = Domain::with_rand_hie(IMMEDIATELY);
    let directory = domain.beside("witness");
    let vkey = tidegate(&["witness", "init", text(&directory), "--name", "ours.example", "--json"]).json()["vkey"]
        .as_str()
        .expect("vkey")
        .to_owned();
    let key = key_of(&domain.directory().join("log"));
    tidegate(&["witness", "add-log", text(&directory), "--key", &key, "--json"]).json();
    let server = Server::start(&["witness", "serve", text(&directory)], "127.0.0.1:0");
    domain.ask(&["log", "witness", "add", "--url", &server.url(), "--key", &vkey]).json();
    for number in 1..=4 {
        domain.grant("person-years.meddol", &format!("{number}"));
    }
    (domain, server, vkey)
}

// clause: G11 both
#[test]
fn foreign_verifiers_check_our_log_and_cosignatures() {
    let Some(python) = python() else { return };
    let (domain, _witness, vkey) = cosigned();
    let log = domain.directory().join("log");
    let (key, script) = (key_of(&log), repository("tests/foreign/check_log.py"));
    let other = key_of(&Domain::empty().directory().join("log"));
    let served = Server::start(&["log", "serve", text(&log)], "127.0.0.1:0");
    let scales = |location: &str, key: &str| run(&python, &[text(&script), "scales", location, key, &vkey]);
    let aics = |key: &str, quorum: &str| {
        let fixed = ["-m", "aics_tlog", "verify-checkpoint", "--log-key", key, "--witness-key", &vkey, "--quorum", quorum];
        run(&python, &[&fixed[..], &["--max-age", "600", "--tiles", &served.url()]].concat())
    };
    for location in [text(&log), &served.url()] {
        holds(&scales(location, &key));
        fails(&scales(location, &other));
    }
    holds(&aics(&key, "1"));
    fails(&aics(&other, "1"));
    fails(&aics(&key, "2"));
    for index in ["0", "3", "6"] {
        holds(&run(&python, &["-m", "aics_tlog", "verify-inclusion", "--log-key", &key, "--index", index, "--tiles", text(&log)]));
    }
    let old = domain.write("old", fs::read(log.join("checkpoint")).expect("checkpoint"));
    domain.grant("person-years.mdvis", "1");
    let grew = ["-m", "aics_tlog", "verify-consistency", "--log-key", &key, "--old-checkpoint", text(&old), "--tiles", text(&log)];
    holds(&run(&python, &grew));
    // Changed bytes: of a tile, an entry, the cosignature.
    let size = domain.audit()["entries"].as_u64().expect("entries");
    for file in [format!("tile/0/000.p/{size}"), format!("tile/entries/000.p/{size}"), "checkpoint".to_owned()] {
        let path = log.join(&file);
        let good = fs::read(&path).expect("read");
        let mut bad = good.clone();
        let at = good.len() - 12;
        bad[at] = if bad[at] == b'A' { b'B' } else { b'A' };
        fs::write(&path, bad).expect("write");
        fails(&scales(text(&log), &key));
        fs::write(&path, good).expect("write");
        holds(&scales(text(&log), &key));
    }
}

#[test]
fn a_foreign_client_gets_our_cosignature() {
    let Some(python) = python() else { return };
    let (domain, witness, vkey) = cosigned();
    let log = domain.directory().join("log");
    let script = repository("tests/foreign/check_log.py");
    let feed = |vkey: &str, log: &Path| run(&python, &[text(&script), "feed", &witness.url(), vkey, text(log)]);
    holds(&feed(&vkey, &log));
    domain.grant("person-years.mdvis", "1");
    holds(&feed(&vkey, &log));
    let other = tidegate(&["witness", "init", text(&domain.beside("other")), "--name", "ours.example", "--json"]).json();
    fails(&feed(other["vkey"].as_str().expect("vkey"), &log));
    fails(&feed(&vkey, &Domain::empty().directory().join("log")));
}

/// A witness of `aics-witness`, killed when it goes out of scope.
struct Foreign(Child);

impl Drop for Foreign {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_foreign_witness_cosigns_our_log_and_refuses_a_fork() {
    let Some(python) = python() else { return };
    let domain = Domain::with_rand_hie(IMMEDIATELY);
    let log = domain.directory().join("log");
    let (key, config) = (key_of(&log), domain.beside("witness.json"));
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").to_string();
    let call = |arguments: &[&str]| run(&python, &[&["-m", "aics_witness"], arguments, &["--config", text(&config)]].concat());
    let made = call(&["init", "--name", "theirs.example", "--listen", &free]);
    holds(&made);
    let vkey = String::from_utf8_lossy(&made.stdout).lines().last().expect("vkey").trim().to_owned();
    holds(&call(&["add-log", "--origin", "test.example/tidegate", "--vkey", &key]));
    let serve = Command::new(&python).args(["-m", "aics_witness", "serve", "--config", text(&config)]).stderr(Stdio::null()).spawn();
    let _serving = Foreign(serve.expect("serve"));
    let begun = Instant::now();
    while std::net::TcpStream::connect(&free).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(30), "the foreign witness starts");
        std::thread::sleep(Duration::from_millis(50));
    }
    let backup = domain.beside("backup");
    assert!(Command::new("cp").args(["-a", text(domain.directory()), text(&backup)]).status().expect("cp").success());
    let cosigned = |log: &Path| fs::read_to_string(log.join("checkpoint")).expect("checkpoint").contains("— theirs.example ");
    let add = |domain: &str| {
        tidegate(&["log", "witness", "add", "--url", &format!("http://{free}"), "--key", &vkey, "--json", "--domain", domain])
    };
    add(text(domain.directory())).json();
    assert!(cosigned(&log));
    domain.grant("person-years.meddol", "1");
    assert!(cosigned(&log), "it takes our proof of growth");
    let verified = tidegate(&["audit", "verify", text(&log), "--key", &key, "--witness", &vkey, "--json"]).json();
    assert_eq!(verified["witnessed"]["reached"], true);
    add(text(&backup)).json();
    assert!(!cosigned(&backup.join("log")), "the restored backup signed another history");
    let journal = fs::read_to_string(backup.join("journal.log")).expect("journal");
    assert!(journal.contains("has seen 4 entries, but only 3 are published"), "{journal}");
    assert_eq!(ask(&free, "POST", "/add-checkpoint", b"garbage").0, 400);
}
