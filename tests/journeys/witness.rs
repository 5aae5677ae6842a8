//! Outsiders hold a log to its word: witnesses, a quorum, a fork and its evidence.

use serde_json::Value;
use std::fs;
use std::io::Read as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use tidegate_tests::domain::{Domain, IMMEDIATELY, text};
use tidegate_tests::products::Shop;
use tidegate_tests::program::{Said, tidegate};
use tidegate_tests::servers::{Server, ask, raw};

const MODEL: &str = "expensive-years";

/// A witness that knows the log of a domain.
struct Witness {
    directory: PathBuf,
    vkey: String,
    server: Option<Server>,
    address: String,
}

impl Witness {
    fn new(domain: &Domain, name: &str) -> Self {
        let directory = domain.beside(name);
        let made = tidegate(&["witness", "init", text(&directory), "--name", &format!("{name}.example"), "--json"]).json();
        tidegate(&["witness", "add-log", text(&directory), "--key", &key_of(domain), "--json"]).json();
        let vkey = made["vkey"].as_str().expect("vkey").to_owned();
        let server = Server::start(&["witness", "serve", text(&directory)], "127.0.0.1:0");
        let address = server.address.clone();
        Self { directory, vkey, server: Some(server), address }
    }

    fn introduce(&self, domain: &Domain) -> Said {
        domain.ask(&["log", "witness", "add", "--url", &format!("http://{}", self.address), "--key", &self.vkey])
    }

    /// Dies without notice.
    fn die(&mut self) {
        self.server = None;
    }

    fn come_back(&mut self) {
        self.server = Some(Server::start(&["witness", "serve", text(&self.directory)], &self.address));
    }

    fn log(&self) -> Value {
        tidegate(&["witness", "show", text(&self.directory), "--json"]).json()["logs"][0].clone()
    }
}

fn key_of(domain: &Domain) -> String {
    fs::read_to_string(domain.directory().join("log/vkey")).expect("vkey").trim().to_owned()
}

fn log_of(domain: &Domain) -> PathBuf {
    domain.directory().join("log")
}

fn head(log: &Path) -> String {
    fs::read_to_string(log.join("checkpoint")).expect("checkpoint")
}

fn cosigners(domain: &Domain) -> usize {
    head(&log_of(domain)).lines().filter(|line| line.starts_with("— w")).count()
}

fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").args(["-a", text(from), text(to)]).status().expect("cp").success());
}

fn verify(domain: &Domain, witnesses: &[&Witness], quorum: &str) -> Said {
    let (log, key) = (log_of(domain), key_of(domain));
    let mut arguments = vec!["audit", "verify", text(&log), "--key", &key, "--quorum", quorum, "--json"];
    witnesses.iter().for_each(|witness| arguments.extend(["--witness", &witness.vkey]));
    tidegate(&arguments)
}

#[test]
fn a_quorum_of_witnesses_decides_what_is_shown() {
    let domain = Domain::empty();
    let [first, mut second, mut third] = ["w1", "w2", "w3"].map(|name| Witness::new(&domain, name));
    for witness in [&first, &second, &third] {
        witness.introduce(&domain).json();
    }
    assert_eq!(cosigners(&domain), 3);
    first.introduce(&domain).refused("log.witness-exists");
    domain.ask(&["log", "witness", "add", "--url", "ftp://x", "--key", &first.vkey]).refused("log.witness-url");
    domain.ask(&["log", "witness", "add", "--url", "http://x", "--key", &key_of(&domain)]).refused("log.witness-key");
    domain.ask(&["log", "witness", "remove", "nobody"]).refused("log.witness-unknown");
    let keys = [&first, &second, &third].map(|witness| format!("\"{}\"", witness.vkey)).join(", ");
    let policy = |quorum: u32| format!("{IMMEDIATELY}\n[witnesses]\nquorum = {quorum}\nkeys = [{keys}]\n");
    let data = tidegate_tests::program::repository("sample-models/datasets/rand-hie/rand_hie.csv");
    let schema = tidegate_tests::domain::rand_hie_schema();
    domain.mount("rand-hie", &schema, &policy(4), &data).refused("policy.witness-quorum");
    domain.mount("rand-hie", &schema, &policy(2).replace("+", "-"), &data).refused("policy.witness-key");
    domain.mount_rand_hie(&policy(2));
    domain.key("operator.key");
    domain.grant("person-years.meddol", "9");
    domain.upload_samples(&[MODEL]);
    domain.run(MODEL, "0.5", &[]).json();
    assert_eq!(cosigners(&domain), 3);

    third.die();
    domain.run(MODEL, "0.6", &[]).json();
    assert_eq!(cosigners(&domain), 2);
    let all = [&first, &second, &third];
    let verified = verify(&domain, &all, "2").json();
    assert_eq!(
        (&verified["witnessed"]["reached"], verified["witnessed"]["cosignatures"].as_array().map(Vec::len)),
        (&true.into(), Some(2))
    );
    assert_eq!(verify(&domain, &all, "3").code, Some(4), "too few");
    assert_eq!(verify(&domain, &[&first, &first], "2").code, Some(4), "one witness counts once");

    second.die();
    domain.run(MODEL, "0.7", &[]).refused("run.not-witnessed");
    let account = domain.account();
    let run = account["lines"][2]["run"].as_str().expect("run").to_owned();
    domain.ask(&["release", "show", &run]).refused("run.not-witnessed");
    // Opening the commitment would show it as well.
    let log = log_of(&domain);
    let found = domain.ask(&["audit", "search", "--log", text(&log), "--run", &run, "--kind", "release"]).json();
    let entry = found["matches"][0]["entry"].to_string();
    let open = || domain.ask(&["audit", "open", &entry, "--field", "release_commitment", "--role", "regulator"]);
    open().refused("run.not-witnessed");
    domain.run(MODEL, "0.5", &[]).refused("run.not-witnessed");
    let waiting = head(&log_of(&domain));
    second.come_back();
    let release = domain.run(MODEL, "0.7", &[]).json();
    assert_eq!((&release["stored"], &release["run"]), (&true.into(), &run.clone().into()));
    assert_eq!(domain.account()["spent"], account["spent"], "nothing was paid twice");
    assert_eq!(head(&log_of(&domain)).lines().take(3).collect::<Vec<_>>(), waiting.lines().take(3).collect::<Vec<_>>());
    domain.ask(&["release", "show", &run]).json();
    open().json();

    // The third missed two publications. Removed and added again, it is asked from nothing: its 409 says where it stands.
    third.come_back();
    domain.ask(&["log", "witness", "remove", "w1.example"]).json();
    domain.ask(&["log", "witness", "remove", "w3.example"]).json();
    third.introduce(&domain).json();
    let list = domain.ask(&["log", "witness", "list"]).json();
    assert_eq!(list.as_array().map(Vec::len), Some(2));
    assert!(list[1]["cosigned"].is_u64() && list[1]["known"] == list[1]["checkpoint_size"], "{list}");
    assert_eq!(third.log()["size"], list[1]["known"]);
    domain.audit();
}

/// A product is another way to show a release, and waits like it.
#[test]
fn products_wait_for_witnesses_too() {
    let domain = Domain::empty();
    let mut witness = Witness::new(&domain, "w1");
    witness.introduce(&domain).json();
    domain.mount_rand_hie(&format!("{IMMEDIATELY}\n[witnesses]\nquorum = 1\nkeys = [\"{}\"]\n", witness.vkey));
    domain.key("operator.key");
    domain.grant("person-years.meddol", "4");
    domain.upload_samples(&[MODEL]);
    let run = domain.run(MODEL, "0.5", &[]).json()["run"].as_str().expect("run").to_owned();
    witness.die();
    let shop = Shop::over(domain, run);
    let application = shop.application(|text| text);
    shop.register(&application).refused("run.not-witnessed");
    witness.come_back();
    shop.register(&application).json();
}

#[test]
fn exact_tables_wait_for_witnesses_too() {
    let domain = Domain::empty();
    let mut witness = Witness::new(&domain, "w1");
    witness.introduce(&domain).json();
    let keys = ["one", "other", "operator.key"].map(|name| domain.key(name)["public_key"].as_str().expect("key").to_owned());
    let approvers = format!("[reviewed_aggregate]\napprovers = [\"{}\", \"{}\"]\n", keys[0], keys[1]);
    domain.mount_rand_hie(&format!("{IMMEDIATELY}\n{approvers}[witnesses]\nquorum = 1\nkeys = [\"{}\"]\n", witness.vkey));
    domain.grant("person-years.plan,person-years.year,person-years.meddol,person-years.mdvis", "5");
    domain.upload_samples(&["plan-year-table"]);
    for key in ["one", "other"] {
        let key = domain.beside(key);
        let approve = ["model", "approve", "plan-year-table", "--dataset", "rand-hie", "--operator", "city-health", "--key", text(&key)];
        domain.ask(&approve).json();
    }
    let run = ["run", "--dataset", "rand-hie", "--model", "plan-year-table", "--operator", "city-health"];
    witness.die();
    domain.ask(&run).refused("run.not-witnessed");
    domain.ask(&run).refused("run.not-witnessed");
    witness.come_back();
    assert_eq!(domain.ask(&run).json()["stored"], true);
    domain.audit();
}

#[test]
fn a_restored_domain_that_signs_another_history_is_caught() {
    let domain = Domain::with_rand_hie(IMMEDIATELY);
    let witness = Witness::new(&domain, "w1");
    witness.introduce(&domain).json();
    let old = domain.write("old-checkpoint", head(&log_of(&domain)));
    let backup = domain.beside("backup");
    copy(domain.directory(), &backup);
    domain.grant("person-years.meddol", "1");
    let seen = witness.log();
    assert_eq!(cosigners(&domain), 1);

    // The backup was whole, so the domain itself notices nothing: only who saw the later log does.
    let lie = |reason: &str| {
        let until = tidegate_tests::domain::days_from_today(200);
        let key = domain.beside("operator.key.pub");
        let fixed = ["grant", "add", "--dataset", "rand-hie", "--operator", "city-health", "--operator-key", text(&key), "--until", &until];
        let more = ["--columns", "person-years.mdvis", "--purpose", reason, "--epsilon", "1", "--json", "--domain", text(&backup)];
        tidegate(&[&fixed[..], &more].concat()).json();
    };
    lie("first-lie");
    let forged = backup.join("log");
    assert!(!head(&forged).contains("— w1.example"), "the witness did not cosign");
    let after = witness.log();
    assert_eq!((&after["size"], &after["root"]), (&seen["size"], &seen["root"]));
    let journal = fs::read_to_string(backup.join("journal.log")).expect("journal");
    assert!(journal.contains("w1.example"), "{journal}");
    let evidence = after["evidence"][0].as_str().expect("evidence").to_owned();
    let key = key_of(&domain);
    let fork = |arguments: &[&str]| tidegate(&[&["audit", "fork-evidence"], arguments, &["--key", &key, "--json"]].concat());
    assert_eq!(fork(&[&evidence]).code, Some(3), "a third person needs the file and the key alone");
    let other = Domain::empty();
    assert_ne!(tidegate(&["audit", "fork-evidence", &evidence, "--key", &key_of(&other)]).code, Some(0), "another key convicts nobody");
    let spoilt = domain.write("spoilt", fs::read_to_string(&evidence).expect("read").replacen("— test", "— tesu", 1));
    assert!(fork(&[text(&spoilt)]).code.is_some_and(|code| code == 3 || code == 4));

    // Two copies of the log tell the same, of one size and of two.
    let log = log_of(&domain);
    assert_eq!(fork(&[text(&log), text(&forged)]).code, Some(3));
    lie("second-lie");
    let written = domain.beside("written");
    let said = fork(&[text(&log), text(&forged), "--write", text(&written)]);
    assert_eq!(said.code, Some(3), "{}{}", said.out, said.err);
    assert_eq!(fork(&[text(&written)]).code, Some(3));
    let only_file = domain.write("forged-head", head(&forged));
    assert_eq!(fork(&[text(&log), text(&only_file)]).code, Some(4), "without the larger log's tiles nobody can say");
    assert_eq!(fork(&[text(&log), text(&old)]).code, Some(0), "growth is no fork");

    let consistency =
        |log: &Path, since: &Path| tidegate(&["audit", "consistency", text(log), "--since", text(since), "--key", &key, "--json"]);
    assert_eq!(consistency(&log, &old).json()["consistent"], true);
    assert_eq!(consistency(&forged, &old).code, Some(0));
    let ours = domain.write("our-head", head(&log));
    let contradiction = consistency(&forged, &ours);
    assert_eq!(contradiction.code, Some(3));
    let report: Value = serde_json::from_str(&contradiction.out).expect("JSON");
    assert!(report["evidence"]["proof"].is_array() && report["consistent"] == false, "{report}");
    assert_eq!(consistency(&log, &only_file).code, Some(4), "the log is shorter than what was signed");
    assert_eq!(consistency(&log, &domain.beside("nothing")).code, Some(2));
    // The witness goes on with the honest log.
    domain.grant("person-years.mdvis", "1");
    assert_eq!(cosigners(&domain), 1);
}

#[test]
fn what_a_witness_says_over_http() {
    let domain = Domain::empty();
    let mut witness = Witness::new(&domain, "w1");
    let note = head(&log_of(&domain));
    let post = |address: &str, body: &str| ask(address, "POST", "/add-checkpoint", body.as_bytes());
    let address = witness.address.clone();
    let (status, answer) = post(&address, &format!("old 0\n\n{note}"));
    assert!(status == 200 && answer.contains("\r\n\r\n— w1.example "), "{answer}");
    assert_eq!(post(&address, &format!("old 1\n\n{note}")).0, 200, "the same size again");
    let (status, answer) = post(&address, &format!("old 0\n\n{note}"));
    assert!(status == 409 && answer.contains("content-type: text/x.tlog.size\r\n") && answer.ends_with("\r\n\r\n1\n"), "{answer}");
    assert_eq!(post(&address, &format!("old 2\n\n{note}")).0, 400);
    assert_eq!(post(&address, "nonsense").0, 400);
    let other = Domain::empty();
    let forged = head(&log_of(&other));
    assert_eq!(post(&address, &format!("old 1\n\n{forged}")).0, 403, "the origin is known, the key is not");
    assert_eq!(post(&address, &format!("old 0\n\n{}", note.replace("test.example", "else.example"))).0, 404);
    let too_much = post(&address, &"x".repeat(300 << 10)).0;
    assert!(matches!(too_much, 413 | 0), "{too_much}: refused, or cut off while still sending");
    assert_eq!(ask(&address, "GET", "/add-checkpoint", b"").0, 405);
    assert_eq!(ask(&address, "GET", "/key", b"").0, 404);
    assert!(ask(&address, "GET", "/vkey", b"").1.ends_with(&format!("{}\n", witness.vkey)));
    domain.mount_rand_hie(IMMEDIATELY);
    let wrong = format!("old 1\n{}=\n\n{}", "A".repeat(43), head(&log_of(&domain)));
    assert_eq!(post(&address, &wrong).0, 422);
    // A body that never comes ends in seconds, not never.
    let begun = Instant::now();
    let slow = raw(&address, b"POST /add-checkpoint HTTP/1.1\r\nHost: test\r\nContent-Length: 1000\r\n\r\nold 0");
    assert!(slow.is_empty() || slow.contains(" 408 "), "{slow}");
    assert!(begun.elapsed() < Duration::from_secs(18), "{:?}", begun.elapsed());
    // kill -9 and again: what it cosigned stands.
    witness.die();
    witness.come_back();
    assert_eq!(post(&address, &format!("old 1\n\n{note}")).0, 200);
    let second = tidegate(&["witness", "serve", text(&witness.directory), "--json"]);
    second.refused("witness.locked");
    let server = witness.server.take().expect("server");
    assert_eq!(server.stop(), Some(0), "it ends when told to");
    let logs = fs::read_dir(witness.directory.join("logs")).expect("logs").next().expect("a log").expect("entry").path();
    fs::remove_file(logs.join("state.json")).expect("remove");
    tidegate(&["witness", "serve", text(&witness.directory), "--json"]).refused("witness.state-lost");
    tidegate(&["witness", "init", text(&witness.directory), "--name", "x", "--json"]).refused("witness.exists");
    tidegate(&["witness", "init", text(&domain.beside("new")), "--name", "two words", "--json"]).refused("witness.name");
}

#[test]
fn witnesses_that_hang_lie_or_are_not_there_stop_nothing() {
    let domain = Domain::empty();
    // One that takes the connection and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").expect("listen");
    let hanging = Witness::new(&domain, "w1");
    let begun = Instant::now();
    let url = format!("http://{}", silent.local_addr().expect("address"));
    domain.ask(&["log", "witness", "add", "--url", &url, "--key", &hanging.vkey]).json();
    assert!(begun.elapsed() < Duration::from_secs(12), "{:?}", begun.elapsed());
    domain.ask(&["log", "witness", "remove", "w1.example"]).json();
    // One that answers with another witness's cosignature, with too much, with a redirect, with sizes that never fit.
    let honest = Witness::new(&domain, "w2");
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nnothing\n".to_owned(),
        format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(1 << 20)),
        format!("HTTP/1.1 307 Go\r\nLocation: http://{}/add-checkpoint\r\nContent-Length: 0\r\n\r\n", honest.address),
        "HTTP/1.1 409 Conflict\r\nContent-Type: text/x.tlog.size\r\nContent-Length: 3\r\n\r\n99\n".to_owned(),
        "garbage".to_owned(),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").expect("listen");
        let url = format!("http://{}", listener.local_addr().expect("address"));
        let said = answer.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut stream = stream;
                let mut request = [0; 4096];
                let _ = stream.read(&mut request);
                let _ = std::io::Write::write_all(&mut stream, said.as_bytes());
            }
        });
        domain.ask(&["log", "witness", "add", "--url", &url, "--key", &honest.vkey]).json();
        assert_eq!(cosigners(&domain), 0, "{}", &answer[..30.min(answer.len())]);
        domain.ask(&["log", "witness", "remove", "w2.example"]).json();
    }
    assert_eq!(honest.log()["size"], 0, "the redirect was not followed");
    domain.audit();
    honest.introduce(&domain).json();
    assert_eq!(cosigners(&domain), 1);
}
