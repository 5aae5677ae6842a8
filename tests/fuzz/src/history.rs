//! Whole logs under the audit: well signed histories of entries that a lying domain chose, and damaged copies of an
//! honest one.
//!
//! Nobody can fuzz through a signature, so histories are signed here, with a key that is no secret. What the audit then
//! finds is up to the entries; that it ends with a verdict about them, and not about files or roots, is what must hold.

use crate::choose;
use crate::fixtures::ENTRIES;
use std::convert::Infallible;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;
use tempfile::TempDir;
use tidegate_log::{
    AuditError, Checkpoint, ENTRY_BYTES_MAX, Signer, TILE_WIDTH, Tile, TileKind, TileTree, Verdict, dossier, encode_bundle, encode_hashes,
    explain, leaf_hash, prove, verify,
};

/// Entries of one history at most; they fill two bundles.
const ENTRIES_MAX: usize = 300;

/// A byte that says which of the two, and then entries, one a line, or damages.
pub fn run(bytes: &[u8]) {
    match choose(bytes, 2) {
        Some((0, lines)) => signed(lines),
        Some((_, damages)) => damaged(damages),
        None => {}
    }
}

fn signer() -> &'static Signer {
    static SIGNER: OnceLock<Signer> = OnceLock::new();
    SIGNER.get_or_init(|| Signer::from_seed("fuzz.example/log", &[7; 32]).expect("a key"))
}

/// The directory of this process; there is only one, so only one thread may call a target.
fn directory() -> &'static Path {
    static DIRECTORY: OnceLock<TempDir> = OnceLock::new();
    DIRECTORY.get_or_init(|| tempfile::Builder::new().prefix("tidegate-fuzz-").tempdir().expect("a directory")).path()
}

/// Removes that directory; who calls targets does so at the end, since nothing else would.
pub fn clean_up() {
    let _ = fs::remove_dir_all(directory());
}

fn write(path: &str, bytes: &[u8]) {
    let path = directory().join(path);
    fs::create_dir_all(path.parent().expect("a directory")).expect("make a directory");
    fs::write(path, bytes).expect("write a file");
}

/// Publishes entries, signed; not durably, because a fuzzer does it thousands of times.
fn publish(entries: &[Vec<u8>]) {
    let _ = fs::remove_dir_all(directory().join("tile"));
    let mut tree = TileTree::default();
    for entry in entries {
        let filled = tree.push(leaf_hash(entry), |tile, hashes| -> Result<(), Infallible> {
            write(&tile.path(), &encode_hashes(hashes));
            Ok(())
        });
        filled.unwrap_or_else(|never| match never {});
    }
    for (tile, hashes) in tree.partial() {
        write(&tile.path(), &encode_hashes(hashes));
    }
    for (index, bundle) in (0..).zip(entries.chunks(TILE_WIDTH)) {
        let tile = Tile { kind: TileKind::Entries, index, width: bundle.len() as u16 };
        write(&tile.path(), &encode_bundle(bundle).expect("entries that fit"));
    }
    let head = Checkpoint { origin: signer().name().to_owned(), size: tree.size(), root: tree.root(), extensions: Vec::new() };
    write("checkpoint", head.sign(signer()).expect("sign").as_bytes());
}

fn signed(lines: &[u8]) {
    let entries = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty() && line.len() <= ENTRY_BYTES_MAX);
    let entries: Vec<Vec<u8>> = entries.take(ENTRIES_MAX).map(<[u8]>::to_vec).collect();
    publish(&entries);
    let (log, vkey) = (directory(), signer().verifier().to_string());
    match verify(log, Some(&vkey)) {
        Ok(report) => {
            assert_eq!(report.entries, entries.len() as u64);
            assert_eq!(report.verdict() == Verdict::Verified, report.findings_total == 0);
            assert!(report.findings.len() <= 1_000 && report.findings.len() as u64 <= report.findings_total);
        }
        Err(AuditError::Newer { .. } | AuditError::KeyLinkDiffers { .. }) => {}
        Err(error) => panic!("a well signed log is read to its end: {error}"),
    }
    let told = dossier(log, Some(&vkey), None, None);
    assert!(told.is_ok() || verify(log, Some(&vkey)).is_err() || entries.iter().any(|entry| tidegate_log::Entry::decode(entry).is_err()));
    let run = entries.iter().rev().find_map(|entry| {
        let value: serde_json::Value = serde_json::from_slice(entry).ok()?;
        value["run"].as_str().map(str::to_owned)
    });
    let _ = explain(log, Some(&vkey), run.as_deref().unwrap_or("r1"));
    if let Some((last, entry)) = entries.iter().enumerate().next_back() {
        let proof = prove(log, signer().verifier(), last as u64).expect("a proof of the last entry");
        assert!(proof.verify(entry, signer().verifier()).is_ok(), "the proof does not hold");
    }
}

/// Damages of four bytes each: which file, where (two bytes), and what is added to the byte there.
fn damaged(damages: &[u8]) {
    static HONEST: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    let honest = HONEST.get_or_init(|| ENTRIES.lines().take(9).map(|line| line.as_bytes().to_vec()).collect());
    publish(honest);
    let tile = |kind| Tile { kind, index: 0, width: honest.len() as u16 }.path();
    let files = ["checkpoint".to_owned(), tile(TileKind::Entries), tile(TileKind::Hashes(0))];
    let before: Vec<Vec<u8>> = files.iter().map(|path| fs::read(directory().join(path)).expect("a file")).collect();
    let mut after = before.clone();
    for damage in damages.chunks_exact(4) {
        let file = &mut after[usize::from(damage[0]) % files.len()];
        let place = usize::from(u16::from_le_bytes([damage[1], damage[2]])) % file.len();
        file[place] = file[place].wrapping_add(damage[3]);
    }
    files.iter().zip(&after).for_each(|(path, bytes)| write(path, bytes));
    let verdict = verify(directory(), Some(&signer().verifier().to_string()));
    // The rules that its entries keep are another matter: they were made for another key.
    assert_eq!(verdict.is_ok(), before == after, "a damaged log must be found, an honest one must not");
}
