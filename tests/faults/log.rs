//! The published log: a changed byte, another key, a restored backup.

use std::fs;
use std::path::{Path, PathBuf};
use tidegate_tests::domain::{Domain, IMMEDIATELY, text};
use tidegate_tests::program::{Said, tidegate};
use tidegate_tests::unchanged::listing;

fn story() -> Domain {
    let domain = Domain::with_rand_hie(IMMEDIATELY);
    domain.grant("person-years.meddol", "4");
    domain.upload_samples(&["expensive-years"]);
    domain.run("expensive-years", "0.1", &[]).json();
    domain
}

fn verify(log: &Path, more: &[&str]) -> Said {
    tidegate(&[["audit", "verify", text(log), "--json"].as_slice(), more].concat())
}

fn files(directory: &Path) -> Vec<PathBuf> {
    listing(directory).into_iter().filter(|(_, digest)| digest.is_some()).map(|(name, _)| directory.join(name)).collect()
}

fn copy(from: &Path, to: &Path) {
    for file in files(from) {
        let target = to.join(file.strip_prefix(from).expect("below"));
        fs::create_dir_all(target.parent().expect("parent")).expect("directory");
        fs::copy(file, target).expect("copy");
    }
}

// clause: G11 refused
#[test]
fn one_changed_byte_is_found_and_its_file_named() {
    let domain = story();
    let log = domain.beside("copy-of-log");
    copy(&domain.directory().join("log"), &log);
    let shown = fs::read_to_string(log.join("vkey")).expect("key");
    let report = verify(&log, &["--key", shown.trim()]).json();
    assert_eq!(report["key_trusted"], true);
    let entries = report["entries"].as_u64().expect("entries");
    assert!(files(&log).len() >= 4, "{:?}", files(&log));
    for file in files(&log) {
        let good = fs::read(&file).expect("file");
        if good.is_empty() {
            continue; // the publisher's lock
        }
        let name = file.strip_prefix(&log).expect("below").display().to_string();
        for at in (0..good.len()).step_by(good.len().div_ceil(12)).chain([good.len() - 1]) {
            let mut bad = good.clone();
            bad[at] ^= 1 << (at % 7);
            fs::write(&file, &bad).expect("write");
            let said = verify(&log, &["--key", shown.trim()]);
            // A changed name under the checkpoint is another key's signature: nobody can say more.
            let unsigned = name == "checkpoint" && said.err.contains("audit.checkpoint-unsigned");
            assert_eq!(said.code, Some(if unsigned { 4 } else { 3 }), "byte {at} of {name}: {}{}", said.out, said.err);
            assert!(said.err.contains(&name) || said.out.contains(&name), "byte {at}: `{name}` is not named: {}{}", said.out, said.err);
        }
        fs::write(&file, &good[..good.len() - 1]).expect("write");
        assert_eq!(verify(&log, &["--key", shown.trim()]).code, Some(3), "{name} cut by a byte");
        // Partial tiles of earlier sizes may go (tlog-tiles allows it); what the checkpoint needs may not.
        let needed = name == "checkpoint" || name.ends_with(&format!(".p/{entries}"));
        fs::remove_file(&file).expect("remove");
        let said = verify(&log, &["--key", shown.trim()]);
        assert_eq!(said.code, Some(if needed { 4 } else { 0 }), "{name} removed: {}{}", said.out, said.err);
        fs::write(&file, &good).expect("write");
    }
    assert_eq!(verify(&log, &["--key", shown.trim()]).code, Some(0));
}

#[test]
fn another_key_verifies_nothing() {
    let (domain, other) = (story(), Domain::empty());
    let log = domain.directory().join("log");
    let key = fs::read_to_string(other.directory().join("log/vkey")).expect("key");
    for (key, code) in [(key.trim(), 3), ("garbage", 2), ("", 2)] {
        let said = verify(&log, &["--key", key]);
        assert_eq!(said.code, Some(code), "{key}: {}", said.out);
    }
    // A whole log by another signer under this log's name, where the right key is known.
    let shown = fs::read_to_string(log.join("vkey")).expect("key");
    let forged = other.directory().join("log");
    assert_eq!(verify(&forged, &["--key", shown.trim()]).code, Some(3));
    assert_eq!(verify(&domain.beside("nothing"), &[]).code, Some(4), "there is nothing to verify");
}

// clause: G11 refused
#[test]
fn a_restored_backup_does_not_forget_spending() {
    let domain = story();
    let database = domain.directory().join("state.sqlite");
    let wal = domain.directory().join("state.sqlite-wal");
    let states = [&database, &wal].map(|path| fs::read(path).ok());
    let paid = domain.run("expensive-years", "0.2", &[]).json();
    let newer = [&database, &wal].map(|path| fs::read(path).ok());
    let put = |states: &[Option<Vec<u8>>; 2]| {
        let _ = fs::remove_file(domain.directory().join("state.sqlite-shm"));
        for (path, bytes) in [&database, &wal].into_iter().zip(states) {
            match bytes {
                Some(bytes) => fs::write(path, bytes).expect("write"),
                None => drop(fs::remove_file(path)),
            }
        }
    };
    put(&states);
    let before = listing(domain.directory());
    let sentence = domain.ask(&["budget", "show", "rand-hie"]).refused("publish.database-behind").en;
    assert!(sentence.contains("older backup"), "{sentence}");
    domain.run("expensive-years", "0.2", &[]).refused("publish.database-behind");
    domain.run("expensive-years", "0.3", &[]).refused("publish.database-behind");
    assert_eq!(listing(domain.directory()), before, "nothing was signed");
    put(&newer);
    assert_eq!(domain.run("expensive-years", "0.2", &[]).json()["statistics"], paid["statistics"], "no second draw of noise");
    domain.audit();
}

// clause: G11, H5 refused
#[test]
fn a_log_that_was_changed_in_place_is_not_signed_again() {
    let domain = story();
    let log = domain.directory().join("log");
    // The newest bundle: publishing compares it. Older partial ones are for the audit.
    let width = |file: &PathBuf| file.file_name().and_then(|name| text(Path::new(name)).parse::<u32>().ok());
    let bundle = files(&log).into_iter().filter(|file| text(file).contains("entries")).max_by_key(width).expect("entries");
    let good = fs::read(&bundle).expect("entries");
    let mut bad = good.clone();
    bad[100] ^= 1;
    fs::write(&bundle, &bad).expect("write");
    let before = listing(&log);
    let refusal = domain.run("expensive-years", "0.2", &[]).refusal();
    assert!(refusal.code.starts_with("publish.") || refusal.code.starts_with("file."), "{}", refusal.code);
    assert_eq!(listing(&log), before, "nothing was signed");
    fs::write(&bundle, good).expect("write");
    domain.run("expensive-years", "0.2", &[]).json();
    domain.audit();
}
