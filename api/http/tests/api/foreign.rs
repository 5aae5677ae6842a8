//! Our description and our server under somebody else's eyes: PyPI's schemathesis.

use crate::notes::TOKEN;
use crate::server::Server;
use std::path::Path;
use std::process::Command;

// clause: G10 both
#[test]
fn schemathesis_finds_no_fault_and_no_contradiction() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    if !repository.join("target/venv/bin/schemathesis").exists() {
        assert!(std::env::var_os("TIDEGATE_REQUIRE_PYTHON").is_none(), "schemathesis is not installed");
        println!("SKIPPED: schemathesis is not installed; tests/run does that");
        return;
    }
    let server = Server::start();
    let long = std::env::var_os("TIDEGATE_LONG").is_some();
    let mut command = Command::new(repository.join("tests/foreign/check_api.sh"));
    command.args([format!("http://{}", server.address).as_str(), TOKEN]);
    // The long form also follows one operation's answer into the next operation's request.
    let (examples, phases) = if long { ("300", "examples,coverage,fuzzing,stateful") } else { ("15", "examples,coverage,fuzzing") };
    command.args(["--max-examples", examples, "--phases", phases]);
    let output = command.output().expect("bash");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    // It looked at something.
    assert!(server.notes.calls.load(std::sync::atomic::Ordering::SeqCst) > 50, "{said}");
}
