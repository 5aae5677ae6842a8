//! `tidegate serve` as a process: what it listens to and under which names, what happens when its keeper dies or it is
//! told to stop in the middle, and runs that wait while nobody serves.

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::Stdio;
use std::sync::Arc;
use tidegate_http::api::{CallError, Client, Options, Secret, Trust};
use tidegate_tests::domain::{Domain, IMMEDIATELY, text, units};
use tidegate_tests::governed::{Governed, field};
use tidegate_tests::program::{command, repository};
use tidegate_tests::servers::{Server, raw};

const MODEL: &str = "visits-by-plan";

fn get(address: &str, path: &str, host: &str) -> (u16, String) {
    let answer = raw(address, format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").as_bytes());
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    (status, answer)
}

#[test]
fn a_server_answers_under_its_names_and_ends_when_told() {
    let mut governed = Governed::of(Domain::empty(), &["--host", "tidegate.example"]);
    let address = governed.address().to_owned();
    let port = address.rsplit(':').next().expect("port").to_owned();
    for host in [address.clone(), format!("localhost:{port}"), "TIDEGATE.example".into(), "tidegate.example:443".into(), "[::1]:1".into()] {
        assert_eq!(get(&address, "/health/live", &host).0, 200, "{host}");
    }
    for host in ["evil.example", "tidegate.example.evil", "127.0.0.1.evil.example", "169.254.169.254"] {
        let (status, answer) = get(&address, "/v1/domain", host);
        assert_eq!(status, 421, "{host}");
        assert!(answer.contains("http.other-host"), "{answer}");
    }
    assert_eq!(get(&address, "/docs", &address).0, 200);
    assert!(get(&address, "/metrics", &address).1.contains("tidegate_"));
    let status = governed.by("custodian").does("domain.status", &json!({}));
    assert_eq!((field(&status, "state").as_str(), &status["queued"]), ("open", &json!(0)));
    assert_eq!(governed.stop(), Some(0));
    // What the server held it holds no longer; and what is decided is not done past the office.
    governed.domain.ask(&["dataset", "list"]).refused("domain.governed");
    governed.domain.ask(&["log", "rotate-key", "--overlap-days", "1"]).json();
    governed.domain.audit();
}

#[test]
fn what_cannot_be_served_is_said_before_anything_listens() {
    let domain = Domain::empty();
    let serve = |more: &[&str]| domain.ask(&[&["serve"], more].concat());
    serve(&["--listen", "0.0.0.0:0"]).refused("cli.plain-http");
    serve(&["--listen", "127.0.0.1:0"]).refused("cli.not-governed");
    serve(&["--listen", "nowhere:x"]).refused("listen.address");
    let pem = repository("api/http/tests/api/certificates/server-of-servers.pem");
    let wrong = repository("api/http/tests/api/certificates/server-of-fresh.key");
    let pair = ["--tls-certificate", text(&pem), "--tls-key", text(&wrong), "--listen", "127.0.0.1:0"];
    serve(&pair).refused("tls.pair");
    domain.ask(&["call", "domain.status"]).refused("cli.server-needed");
    domain.ask(&["call", "domain.stats"]).refused("cli.no-operation");
    let nowhere = domain.beside("nowhere");
    let said = tidegate_tests::program::tidegate(&["serve", "--domain", text(&nowhere), "--listen", "127.0.0.1:0", "--json"]);
    said.refused("domain.missing");
}

#[test]
fn with_tls_it_speaks_tls_alone() {
    let mut governed = Governed::begin();
    let token = governed.by("authority").token.clone();
    assert_eq!(governed.stop(), Some(0));
    let place = |name: &str| repository(&format!("api/http/tests/api/certificates/{name}"));
    let (certificate, key) = (place("server-of-servers.pem"), place("server-of-servers.key"));
    let options =
        ["serve", "--domain", text(governed.domain.directory()), "--tls-certificate", text(&certificate), "--tls-key", text(&key)];
    let server = Server::start(&options, "127.0.0.1:0");
    let trust = Trust { authorities: Some(fs::read(place("servers.pem")).expect("authority")), identity: None };
    let url = format!("https://127.0.0.1:{}", server.address.rsplit(':').next().expect("port"));
    let client = Client::new(&url, Arc::clone(&governed.table), &trust, 60).expect("client").with_token(Secret::new(token));
    let status = client.call_by_name("domain.status", &json!({}), &Options::default()).expect("over TLS").output;
    assert_eq!(field(&status, "state"), "open");
    assert!(!get(&server.address, "/health/live", "localhost").1.contains("200 OK"), "plain HTTP is not answered");
    assert_eq!(server.stop(), Some(0));
}

/// The keeper of a server: its child.
fn keeper_of(server: u32) -> Pid {
    let children = fs::read_to_string(format!("/proc/{server}/task/{server}/children")).expect("children");
    let keeper = children.split_whitespace().next().expect("a keeper").parse().expect("pid");
    Pid::from_raw(keeper).expect("pid")
}

#[test]
fn a_dead_keeper_ends_its_server_with_a_word() {
    let mut governed = Governed::begin();
    assert_eq!(governed.stop(), Some(0));
    let mut child = command()
        .args(["serve", "--domain", text(governed.domain.directory()), "--listen", "127.0.0.1:0", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("start");
    let mut lines = BufReader::new(child.stdout.take().expect("output"));
    let mut said = String::new();
    while !said.ends_with("}\n") {
        assert!(lines.read_line(&mut said).expect("read") > 0, "the server ended: {said}");
    }
    kill_process(keeper_of(child.id()), Signal::KILL).expect("kill");
    let status = child.wait().expect("it ends by itself");
    let mut err = String::new();
    child.stderr.take().expect("errors").read_to_string(&mut err).expect("text");
    assert_eq!(status.code(), Some(2), "{err}");
    assert!(err.contains("cli.keeper-died"), "{err}");
    governed.domain.audit();
}

/// Several runs wait; the server is stopped, and whoever serves next carries them out in their order, each charged once.
// clause: A1 permitted
#[test]
fn runs_that_wait_outlive_their_server() {
    let mut governed = Governed::ready(IMMEDIATELY, MODEL);
    let runs: Vec<String> = [0.1, 0.2, 0.3].iter().map(|epsilon| governed.run(MODEL, *epsilon)).collect();
    let listed = governed.by("operator").does("runs.list", &json!({}));
    let names: Vec<&str> = listed["items"].as_array().expect("items").iter().filter_map(|run| run["run"].as_str()).collect();
    assert_eq!(names, runs, "in the order of asking");
    governed.by("operator-elsewhere").refused("runs.show", &json!({ "run": runs[0] }), "queue.unknown");
    assert_eq!(governed.stop(), Some(0));
    governed.start(&[]);
    let mut releases = Vec::new();
    for run in &runs {
        let ended = governed.wait("operator", run, "released");
        releases.push(field(&ended, "release"));
    }
    let shown = governed.by("operator").does("releases.show", &json!({ "release": releases[2] }));
    assert_eq!(shown["run"], releases[2].as_str());
    let account = governed.by("authority").does("datasets.budget", &json!({ "dataset": "rand-hie" }));
    let lines = account["lines"].as_array().expect("lines");
    assert_eq!(lines.len(), 3, "each run is charged once: {account}");
    assert_eq!(units(&account["spent"]), lines.iter().map(|line| units(&line["rho"])).sum::<u64>());
    // The same question again costs nothing.
    let again = governed.run(MODEL, 0.2);
    assert_eq!(field(&governed.wait("operator", &again, "released"), "release"), releases[1]);
    let after = governed.by("authority").does("datasets.budget", &json!({ "dataset": "rand-hie" }));
    assert_eq!(after["spent"], account["spent"]);
    events_tell_the_story(&governed, &runs[0]);
    governed.stop();
    governed.domain.audit();
}

/// The stream of a run that has ended says so and ends.
fn events_tell_the_story(governed: &Governed, run: &str) {
    let token = &governed.by("operator").token;
    let request = format!(
        "GET /v1/runs/{run}/events HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n",
        governed.address()
    );
    let said = raw(governed.address(), request.as_bytes());
    assert!(said.contains("event: released") && said.contains("event: end"), "{said}");
}

/// A run that waits is stopped by its operator, and nothing of it is charged.
// clause: F9 permitted
#[test]
fn a_run_that_waits_can_be_stopped() {
    let governed = Governed::ready(IMMEDIATELY, MODEL);
    let runs: Vec<String> = [0.1, 0.2].iter().map(|epsilon| governed.run(MODEL, *epsilon)).collect();
    let stop = json!({ "run": runs[1], "reason": "asked for by mistake" });
    governed.by("auditor").problem("runs.stop", &stop);
    let stopped = governed.by("operator").does("runs.stop", &stop);
    assert_eq!(field(&stopped, "state"), "stopped");
    governed.wait("operator", &runs[0], "released");
    governed.by("operator").problem("runs.stop", &stop);
    let account = governed.by("authority").does("datasets.budget", &json!({ "dataset": "rand-hie" }));
    assert_eq!(account["lines"].as_array().map(Vec::len), Some(1), "{account}");
}

/// A call that was under way when the server was told to stop is answered, or answered the same to the same key later.
#[test]
fn a_call_is_done_once_whatever_happens_to_its_server() {
    let mut governed = Governed::begin();
    let key = Options { idempotency_key: Some("the-one-key-of-this-test".into()), if_match: None };
    let input = governed.input("entries.draft", json!({ "content": tidegate_tests::governed::entry_text(&governed, "once") }));
    let (url, token) = (governed.url(), governed.by("provider").token.clone());
    let table = Arc::clone(&governed.table);
    let (asked, options) = (input.clone(), key.clone());
    let caller = std::thread::spawn(move || {
        let client = Client::new(&url, table, &Trust::default(), 60).expect("client").with_token(Secret::new(token));
        client.call_by_name("entries.draft", &asked, &options)
    });
    governed.stop();
    let first = caller.join().expect("it answers");
    governed.start(&[]);
    let token = governed.by("provider").token.clone();
    let provider = governed.client("health-bureau", &token);
    let again = provider.call_by_name("entries.draft", &input, &key);
    match (first, again) {
        (Ok(first), Ok(again)) => assert_eq!(first.output, again.output),
        (Err(CallError::Refused(problem)), Ok(_)) => assert!(problem.class.status() >= 500, "{problem:?}"),
        (Err(_), Ok(_)) => {}
        (first, again) => panic!("{first:?} then {again:?}"),
    }
    let listed = provider.call_by_name("entries.list", &json!({}), &Options::default()).expect("a list").output;
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1), "{listed}");
}

/// The commands of this machine, asked of the server, answer with the same types.
#[test]
fn the_same_commands_can_be_asked_of_a_server() {
    let governed = Governed::ready(IMMEDIATELY, MODEL);
    let token = governed.domain.write("operator.token", &governed.by("operator").token);
    let key = governed.domain.beside("city-health.key");
    let url = governed.url();
    let ask = |arguments: &[&str]| {
        let options = ["--json", "--server", &url, "--token", text(&token), "--sign-key", text(&key)];
        tidegate_tests::program::tidegate(&[arguments, &options].concat())
    };
    assert_eq!(ask(&["dataset", "list"]).json()[0]["dataset"], "rand-hie");
    assert_eq!(ask(&["grant", "list"]).json().as_array().map(Vec::len), Some(1));
    let question = ["--dataset", "rand-hie", "--model", MODEL, "--operator", "city-health", "--epsilon", "0.5"];
    let quote = ask(&[&["quote"], question.as_slice()].concat()).json();
    assert_eq!(quote["stored"], false);
    let run = ask(&[&["run"], question.as_slice()].concat()).json();
    let shown = ask(&["release", "show", run["run"].as_str().expect("run")]).json();
    assert_eq!(shown["statistics"], run["statistics"]);
    assert_eq!(ask(&[&["quote"], question.as_slice()].concat()).json()["stored"], true);
    ask(&["log", "rotate-key", "--overlap-days", "1"]).refused("cli.not-remote");
    ask(&["dataset", "report", "rand-hie"]).refusal();
    let called = ask(&["call", "runs.list"]).json();
    assert_eq!(called["items"].as_array().map(Vec::len), Some(1), "{called}");
    let listed: Value = ask(&["call"]).json();
    assert!(listed.as_array().is_some_and(|all| all.len() > 60), "{listed}");
}

/// Heads that no honest client sends reach nobody.
#[test]
fn a_stranger_gets_a_problem_document_and_no_more() {
    let governed = Governed::begin();
    let mut stream = TcpStream::connect(governed.address()).expect("connect");
    stream.write_all(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03").expect("write");
    stream.shutdown(std::net::Shutdown::Write).expect("shutdown");
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert!(!String::from_utf8_lossy(&answer).contains("200 OK"));
    for (token, status) in [("none", 401), ("tg_0000", 401)] {
        let request = format!(
            "GET /v1/domain HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n",
            governed.address()
        );
        let said = raw(governed.address(), request.as_bytes());
        assert!(said.starts_with(&format!("HTTP/1.1 {status}")), "{said}");
        assert!(said.contains("application/problem+json"), "{said}");
    }
    assert_eq!(field(&governed.by("custodian").does("domain.status", &json!({})), "state"), "open");
}
