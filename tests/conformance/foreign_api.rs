//! The interface of a governed domain, as served, under somebody else's eyes: PyPI's schemathesis.

use std::process::Command;
use tidegate_tests::governed::Governed;
use tidegate_tests::program::repository;
use tidegate_tests::servers::raw;

/// No 5xx and no answer that the description does not allow, whoever asks.
// clause: G10 both
#[test]
fn schemathesis_finds_no_fault_in_a_governed_domain() {
    if !repository("target/venv/bin/schemathesis").exists() {
        assert!(std::env::var_os("TIDEGATE_REQUIRE_PYTHON").is_none(), "schemathesis is not installed");
        println!("SKIPPED: schemathesis is not installed; tests/run does that");
        return;
    }
    let governed = Governed::begin();
    governed.entry("rand-hie-visits");
    let examples = if std::env::var_os("TIDEGATE_LONG").is_some() { "50" } else { "3" };
    for label in ["authority", "provider", "operator"] {
        let mut command = Command::new(repository("tests/foreign/check_api.sh"));
        command.args([governed.url().as_str(), &governed.by(label).token, "--max-examples", examples, "--phases", "examples,fuzzing"]);
        let output = command.output().expect("bash");
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "as {label}: {said}");
    }
    // It is still there; accounts may have been disabled on the way.
    let ask = format!("GET /health/ready HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", governed.address());
    let ready = raw(governed.address(), ask.as_bytes());
    assert!(ready.starts_with("HTTP/1.1 200"), "{ready}");
    governed.domain.audit();
}
