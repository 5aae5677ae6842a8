//! A domain without witnesses connects to nobody (attack A4): every process of a whole run lives under a filter that
//! kills whoever calls `connect`, and nothing is missing afterwards.

use std::fs;
use std::process::Command;
use tidegate_tests::domain::{Domain, IMMEDIATELY, question, text};
use tidegate_tests::program::{Said, beside, program};
use tidegate_tests::servers::Server;

/// Calls the program under the filter.
fn ask(domain: &Domain, arguments: &[&str]) -> Said {
    let mut command = Command::new(beside("no-network"));
    command.arg(program()).args(arguments).args(["--json", "--domain", text(domain.directory())]);
    Said::of(command.output().expect("start"))
}

fn journal(domain: &Domain) -> String {
    fs::read_to_string(domain.directory().join("journal.log")).unwrap_or_default()
}

// clause: A4 both
#[test]
fn a_domain_without_witnesses_connects_to_nobody() {
    let domain = Domain::empty();
    let (schema, policy) =
        (domain.write("schema.toml", tidegate_tests::domain::rand_hie_schema()), domain.write("policy.toml", IMMEDIATELY));
    let data = tidegate_tests::program::repository("sample-models/datasets/rand-hie/rand_hie.csv");
    ask(&domain, &["dataset", "add", "rand-hie", "--schema", text(&schema), "--policy", text(&policy), "--data", text(&data)]).json();
    domain.key("operator.key");
    domain.grant("person-years.meddol", "5");
    let model = domain.model("expensive-years", str::to_owned);
    let key = domain.beside("operator.key");
    ask(&domain, &["model", "sign", text(&model), "--key", text(&key)]).json();
    ask(&domain, &["model", "upload", text(&model), "--operator", tidegate_tests::domain::OPERATOR]).json();
    let asked = question("run", "expensive-years", "0.5", &[]);
    let release = ask(&domain, &asked).json();
    ask(&domain, &["release", "show", release["run"].as_str().expect("run")]).json();
    ask(&domain, &["audit", "verify", text(&domain.directory().join("log"))]).json();
    assert_eq!(journal(&domain), "", "nobody was killed, and nothing went wrong");

    // The filter bites: the courier is killed where it connects, the journal says so, and the domain goes on.
    let server = Server::start(&["log", "serve", text(&domain.directory().join("log"))], "127.0.0.1:0");
    let place = domain.beside("witness");
    let witness = domain.ask(&["witness", "init", text(&place), "--name", "witness.example"]).json();
    ask(&domain, &["log", "witness", "add", "--url", &server.url(), "--key", witness["vkey"].as_str().expect("vkey")]).json();
    assert!(journal(&domain).contains("the courier ended early"), "{}", journal(&domain));
    let mirror = domain.beside("mirror");
    let pulled = ask(&domain, &["audit", "pull", &server.url(), "--to", text(&mirror)]);
    assert_eq!((pulled.code, mirror.join("checkpoint").exists()), (None, false), "killed by the filter");
}
