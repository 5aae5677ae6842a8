use super::*;
use crate::key::Signer;
use crate::publish::publish;
use crate::replay::tests::{ORIGIN, story};
use std::fs;
use std::io::{Seek as _, SeekFrom, Write as _};

fn signer() -> Signer {
    Signer::from_seed(ORIGIN, &[7; 32]).expect("key")
}

fn log(entries: &[Vec<u8>], sizes: &[usize]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("dir");
    for size in sizes {
        publish(directory.path(), &signer(), &mut entries[..*size].to_vec()).expect("publish");
    }
    directory
}

fn encoded() -> Vec<Vec<u8>> {
    story().iter().map(|entry| entry.encode().expect("encode")).collect()
}

fn tiny(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|number| vec![number as u8]).collect()
}

fn paths(directory: &Path) -> Vec<String> {
    let tiles = Files::new(directory).tiles().expect("tiles");
    tiles.into_iter().chain([CHECKPOINT.to_owned(), VKEY.to_owned()]).collect()
}

// clause: G11 permitted
#[test]
fn an_honest_log_is_verified() {
    let directory = log(&encoded(), &[1, 4, 11]);
    let vkey = signer().verifier().to_string();
    let report = verify(directory.path(), Some(&vkey)).expect("report");
    assert_eq!((report.verdict(), report.entries, report.runs, report.key_trusted), (Verdict::Verified, 11, 3, true));
    assert_eq!((report.open_runs.len(), report.lineages.len(), report.files_unsigned), (1, 1, 0));
    assert!(!verify(directory.path(), None).expect("report").key_trusted);
    let json = serde_json::to_value(&report).expect("json");
    assert_eq!(json["lineages"]["people"]["runs"], 3);
    fs::remove_file(directory.path().join(VKEY)).expect("remove");
    assert!(verify(directory.path(), Some(&vkey)).is_ok());
    assert_eq!(verify(directory.path(), None).expect_err("no key"), AuditError::NoKey);
}

#[test]
fn a_broken_rule_is_a_contradiction_at_its_entry() {
    let mut entries = encoded();
    entries.push(entries[5].clone());
    let report = verify(log(&entries, &[12]).path(), None).expect("report");
    assert_eq!(report.verdict(), Verdict::Contradiction);
    let codes: Vec<_> = report.findings.iter().map(|finding| (finding.entry, tidegate_terms::Message::code(&finding.violation))).collect();
    assert_eq!(codes, [(11, "audit.backward".into()), (11, "audit.release-again".into())]);
    let json = serde_json::to_value(&report.findings[1]).expect("json");
    assert_eq!((&json["entry"], &json["code"]), (&11.into(), &"audit.release-again".into()));
}

/// Changes one byte in place; truncating and writing the file again would make file systems flush it each time.
fn poke(file: &Path, at: usize, byte: u8) {
    let mut file = fs::File::options().write(true).open(file).expect("open");
    file.seek(SeekFrom::Start(at as u64)).expect("seek");
    file.write_all(&[byte]).expect("write");
}

/// Every byte of every file, one bit each: detected, and the file named, with and without a trusted key.
// clause: G11 refused
#[test]
fn a_flipped_bit_anywhere_is_detected_and_its_file_named() {
    let vkey = signer().verifier().to_string();
    for (entries, sizes) in [(encoded(), &[3, 11][..]), (tiny(259), &[2, 257, 259][..])] {
        let directory = log(&entries, sizes);
        verify(directory.path(), Some(&vkey)).expect("whole before");
        for path in paths(directory.path()) {
            let file = directory.path().join(&path);
            let bytes = fs::read(&file).expect("read");
            for (at, byte) in bytes.iter().enumerate() {
                poke(&file, at, byte ^ (1 << (at % 8)));
                let key = (at % 2 == 0).then_some(vkey.as_str());
                let error = verify(directory.path(), key).expect_err(&format!("{path} byte {at}"));
                assert_eq!(error.file(), Some(path.as_str()), "byte {at}: {error}");
                poke(&file, at, *byte);
            }
            for changed in [&bytes[..bytes.len() - 1], &[&bytes[..], &[0]].concat(), &[]] {
                fs::write(&file, changed).expect("write");
                let error = verify(directory.path(), None).expect_err("cut or longer");
                assert_eq!(error.file(), Some(path.as_str()), "{} bytes: {error}", changed.len());
            }
            fs::write(&file, &bytes).expect("write");
        }
        verify(directory.path(), Some(&vkey)).expect("whole after");
    }
}

// clause: G11 refused
#[test]
fn what_is_missing_cannot_be_verified() {
    let entries = tiny(259);
    let directory = log(&entries, &[259]);
    for path in paths(directory.path()) {
        let file = directory.path().join(&path);
        let bytes = fs::read(&file).expect("read");
        fs::remove_file(&file).expect("remove");
        let error = verify(directory.path(), None).expect_err(&path);
        assert_eq!(error.verdict(), Verdict::CannotVerify, "{path}");
        assert!(path == VKEY || error.file() == Some(path.as_str()), "{path}: {error}");
        fs::write(&file, &bytes).expect("write");
    }
    let other = Signer::from_seed(ORIGIN, &[8; 32]).expect("key").verifier().to_string();
    assert_eq!(verify(directory.path(), Some(&other)).expect_err("other key"), AuditError::VkeyFile);
    fs::remove_file(directory.path().join(VKEY)).expect("remove");
    assert_eq!(verify(directory.path(), Some(&other)).expect_err("other key").verdict(), Verdict::CannotVerify);
    assert_eq!(verify(directory.path(), Some("nonsense")).expect_err("no key"), AuditError::Key);
}

/// The publisher can sign another history; what it cannot do is to make it fit the entries that are there.
#[test]
fn another_signed_history_is_a_contradiction() {
    let (ours, theirs) = (log(&tiny(20), &[20]), log(&tiny(21)[1..], &[20]));
    fs::copy(theirs.path().join(CHECKPOINT), ours.path().join(CHECKPOINT)).expect("copy");
    assert_eq!(verify(ours.path(), None).expect_err("other history"), AuditError::RootDiffers);
    let (ours, theirs) = (log(&tiny(300), &[300]), log(&tiny(301)[1..], &[300]));
    fs::copy(theirs.path().join("tile/entries/000"), ours.path().join("tile/entries/000")).expect("copy");
    fs::copy(theirs.path().join("tile/0/000"), ours.path().join("tile/0/000")).expect("copy");
    assert_eq!(verify(ours.path(), None).expect_err("other history").verdict(), Verdict::Contradiction);
}

#[test]
fn files_beyond_the_checkpoint_are_told_and_their_signed_part_compared() {
    let directory = log(&encoded(), &[4]);
    let old = fs::read(directory.path().join(CHECKPOINT)).expect("read");
    publish(directory.path(), &signer(), &mut encoded()).expect("publish");
    fs::write(directory.path().join(CHECKPOINT), old).expect("write");
    fs::write(directory.path().join("tile/0/notes.txt"), "?").expect("write");
    let report = verify(directory.path(), None).expect("report");
    assert_eq!((report.entries, report.files_unsigned, report.files_unknown), (4, 2, vec!["tile/0/notes.txt".to_owned()]));
    let file = directory.path().join("tile/0/000.p/11");
    let mut bytes = fs::read(&file).expect("read");
    bytes[3 * 32] ^= 1;
    fs::write(&file, bytes).expect("write");
    assert_eq!(verify(directory.path(), None).expect_err("changed").file(), Some("tile/0/000.p/11"));
}

#[test]
fn an_entry_of_a_later_version_cannot_be_verified_by_this_program() {
    let mut entries = encoded();
    entries.push(br#"{"v":2,"at":"2026-11-21T10:20:00Z","type":"new"}"#.to_vec());
    let error = verify(log(&entries, &[12]).path(), None).expect_err("newer");
    assert_eq!((error.verdict(), error), (Verdict::CannotVerify, AuditError::Newer { index: 11, version: 2 }));
}

#[test]
fn an_empty_log_and_no_log() {
    let directory = log(&[], &[0]);
    assert_eq!(verify(directory.path(), None).expect("report").entries, 0);
    let nothing = tempfile::tempdir().expect("dir");
    assert_eq!(verify(nothing.path(), None).expect_err("nothing").verdict(), Verdict::CannotVerify);
}
