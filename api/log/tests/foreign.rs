//! A published log is verified by a program that shares no code with ours, where Go is installed.
//!
//! Without Debian's `golang-go` and `golang-golang-x-mod-dev` the test says so and passes, unless
//! `TIDEGATE_REQUIRE_GO=1` demands it.

use std::path::Path;
use std::process::Command;
use tidegate_log::{Note, Signer, WitnessSigner, attach_cosignature, publish};

const GOPATH: &str = "/usr/share/gocode";

fn verify_with_go(program: &Path, directory: &Path) -> bool {
    let output = Command::new(program).arg(directory).output().expect("run the foreign verifier");
    print!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    output.status.success()
}

#[test]
fn go_verifies_our_log_and_sees_a_changed_one() {
    let installed =
        Path::new(GOPATH).join("src/golang.org/x/mod/sumdb/tlog").is_dir() && Command::new("go").arg("version").output().is_ok();
    if !installed {
        assert!(std::env::var_os("TIDEGATE_REQUIRE_GO").is_none(), "go or golang.org/x/mod is not installed");
        eprintln!("skipped: go or golang.org/x/mod is not installed");
        return;
    }
    let directory = tempfile::tempdir().expect("directory");
    let (log, program) = (directory.path().join("log"), directory.path().join("verify"));
    let built = Command::new("go")
        .args(["build", "-o"])
        .arg(&program)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/foreign/verify.go"))
        .env("GO111MODULE", "off")
        .env("GOPATH", GOPATH)
        .env("GOCACHE", directory.path().join("cache"))
        .status();
    assert!(built.expect("go build").success());
    let (signer, _) = Signer::generate("log.example").expect("key");
    let entries: Vec<Vec<u8>> = (0..66_000_u32).map(|number| format!("entry {number}").into_bytes()).collect();
    for size in [1, 3, 256, 257, 700, 66_000] {
        publish(&log, &signer, &mut entries[..size].to_vec()).expect("publish");
        assert!(verify_with_go(&program, &log), "{size} entries");
    }
    // Go ignores signatures of keys that it does not know, as the specification demands; ours must not disturb it.
    let (witness, _) = WitnessSigner::generate("witness.example").expect("key");
    let note = std::fs::read_to_string(log.join("checkpoint")).expect("checkpoint");
    let line = witness.cosign(Note::parse(note.as_bytes()).expect("note").unverified_text(), 1_700_000_000);
    assert_eq!(attach_cosignature(&log, signer.verifier(), &note, &line, witness.witness()), Ok(true));
    assert!(verify_with_go(&program, &log), "with a cosignature");
    for (file, at) in [("tile/entries/001", 5), ("tile/0/001", 5), ("tile/1/000", 5), ("checkpoint", 15)] {
        let file = log.join(file);
        let bytes = std::fs::read(&file).expect("read");
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        std::fs::write(&file, changed).expect("write");
        assert!(!verify_with_go(&program, &log), "{}", file.display());
        std::fs::write(&file, bytes).expect("write");
    }
    assert!(verify_with_go(&program, &log));
}
