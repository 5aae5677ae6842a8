//! Packages under tools that share no code with ours: PyPI's securesystemslib and in-toto-attestation, npm's
//! @sigstore/verify, and openssl with the very commands of the package's own VERIFY.md. Each must also see a changed byte.
//!
//! `tests/run` installs what is missing; without it a test says that it was skipped and passes, unless
//! `TIDEGATE_REQUIRE_FOREIGN=1` demands it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tidegate_tests::domain::text;
use tidegate_tests::products::{Shop, copy, files_below};
use tidegate_tests::program::repository;

fn skipped(what: &str) {
    assert!(std::env::var_os("TIDEGATE_REQUIRE_FOREIGN").is_none(), "{what} is not installed");
    println!("SKIPPED: {what} is not installed; tests/run installs it");
}

fn holds(command: &mut Command) -> bool {
    let output = command.output().expect("start the verifier");
    print!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    output.status.success()
}

/// Changes one byte inside the text that begins with a mark (or in the middle of the file), asks, and changes it back.
fn with_changed_byte(package: &Path, file: &str, mark: &str, ask: impl Fn() -> bool) -> bool {
    let path = package.join(file);
    let bytes = fs::read(&path).expect("file");
    let start = bytes.windows(mark.len().max(1)).position(|window| window == mark.as_bytes());
    let at = if mark.is_empty() { bytes.len() / 2 } else { start.unwrap_or_else(|| panic!("no {mark} in {file}")) + mark.len() + 9 };
    let mut changed = bytes.clone();
    changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
    fs::write(&path, changed).expect("write");
    let answer = ask();
    fs::write(&path, bytes).expect("write back");
    answer
}

fn table(package: &Path) -> String {
    let found = files_below(package).into_iter().find(|(name, _)| name.ends_with(".csv"));
    found.expect("a table").0
}

/// The commands in a package's instructions, in their order.
fn commands(instructions: &str) -> String {
    let blocks = instructions.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default());
    blocks.collect::<Vec<_>>().concat()
}

// clause: G29, K9 permitted
#[test]
fn openssl_verifies_a_package_by_its_own_instructions() {
    if Command::new("openssl").arg("version").output().is_err() {
        return skipped("openssl");
    }
    let shop = Shop::open();
    let (_, package) = shop.delivered("package");
    let script = commands(&fs::read_to_string(package.join("VERIFY.md")).expect("instructions"));
    assert!(script.contains("openssl pkeyutl -verify") && script.contains("sha256sum"), "{script}");
    let ask = || holds(Command::new("bash").args(["-euo", "pipefail", "-c", &script]).current_dir(&package));
    assert!(ask());
    let release = format!("log/{}-1.json", shop.run);
    for (file, mark) in [
        (table(&package).as_str(), ""),
        ("statement.json", "\"recipient\":"),
        ("statement.ed25519.dsse.json", "\"payload\":\""),
        ("statement.ed25519.dsse.json", "\"sig\":\""),
        ("statement.p256.dsse.json", "\"sig\":\""),
        ("keys/product.p256.pem", "-----BEGIN PUBLIC KEY-----\n"),
        ("keys/product.ed25519.pem", "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA"),
        (release.as_str(), ""),
        ("log/delivery.salt", ""),
        ("log/application.json", ""),
        ("SHA256SUMS", ""),
    ] {
        assert!(!with_changed_byte(&package, file, mark, ask), "a changed byte in {file} was not seen");
    }
    assert!(ask(), "everything is as it was");
}

#[test]
fn securesystemslib_and_in_toto_verify_a_package() {
    let given = std::env::var_os("TIDEGATE_VENV").map(PathBuf::from);
    let python = given.unwrap_or_else(|| repository("target/venv")).join("bin/python");
    let there = Command::new(&python).args(["-c", "import securesystemslib, in_toto_attestation, cryptography"]).output();
    if !there.is_ok_and(|output| output.status.success()) {
        return skipped("PyPI's securesystemslib 1.6.0 or in-toto-attestation 0.9.3");
    }
    let shop = Shop::open();
    let (_, package) = shop.delivered("package");
    let program = repository("tests/foreign/verify_package.py");
    let ask = || holds(Command::new(&python).args([text(&program), text(&package)]));
    assert!(ask());
    for (file, mark) in [
        ("statement.ed25519.dsse.json", "\"payload\":\""),
        ("statement.ed25519.dsse.json", "\"sig\":\""),
        ("statement.p256.dsse.json", "\"sig\":\""),
        ("statement.json", "\"recipient\":"),
        (table(&package).as_str(), ""),
    ] {
        assert!(!with_changed_byte(&package, file, mark, ask), "a changed byte in {file} was not seen");
    }
    assert!(ask());
}

#[test]
fn sigstore_verifies_the_envelope_of_a_package() {
    let modules = std::env::var_os("TIDEGATE_NPM").map_or_else(|| repository("target/npm"), PathBuf::from).join("node_modules");
    if !modules.join("@sigstore/verify").is_dir() || Command::new("node").arg("--version").output().is_err() {
        return skipped("npm's @sigstore/verify");
    }
    let shop = Shop::open();
    let (_, package) = shop.delivered("package");
    let program = repository("tests/foreign/verify_package.cjs");
    let other = shop.domain.beside("other");
    copy(&package, &other);
    let ask = || holds(Command::new("node").env("NODE_PATH", &modules).args([text(&program), text(&other)]));
    assert!(ask());
    for (file, mark) in [
        ("statement.p256.dsse.json", "\"payload\":\""),
        ("statement.p256.dsse.json", "\"sig\":\""),
        ("keys/product.p256.pem", "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE"),
    ] {
        assert!(!with_changed_byte(&other, file, mark, ask), "a changed byte in {file} was not seen");
    }
    assert!(ask());
}
