//! The files of a log one by one: entries, bundles, tiles, notes, checkpoints, proofs, keys, evidence.

use crate::choose;
use tidegate_log::{
    Checkpoint, CommitmentOpening, Entry, ForkEvidence, KeyLink, Note, Signer, Submission, Tile, TlogProof, Verifier, Witness,
    WitnessSigner, cosignatures, decode_bundle, decode_hashes, encode_bundle, encode_hashes, verify_consistency, verify_inclusion,
};
use tidegate_terms::Digest;

/// A byte that says what the file is, and the file.
pub fn run(bytes: &[u8]) {
    let Some((kind, rest)) = choose(bytes, 12) else { return };
    let text = std::str::from_utf8(rest).ok();
    match (kind, text) {
        (0, _) => {
            if let Ok(entry) = Entry::decode(rest) {
                assert_eq!(entry.encode().ok().as_deref(), Some(rest), "an entry has one encoding");
            }
        }
        (1, _) => bundle(rest),
        (2, Some(path)) => {
            if let Some(tile) = Tile::parse(path) {
                assert_eq!(tile.path(), path, "a tile has one path");
            }
        }
        (3, _) => note(rest),
        (4, Some(text)) => {
            if let Ok(checkpoint) = Checkpoint::parse(text) {
                assert_eq!(checkpoint.to_string(), text, "a checkpoint has one text");
            }
        }
        (5, Some(text)) => {
            if let Ok(proof) = TlogProof::parse(text) {
                // `extra` may be written in more than one way; the rest has one.
                assert!(proof.extra.is_some() || proof.to_string() == text, "a proof has one text");
                assert!(proof.verify(b"entry", signer().verifier()).is_err(), "nobody signed this");
            }
        }
        (6, Some(_)) => {
            if let Ok(submission) = Submission::parse(rest) {
                assert_eq!(submission.to_string().as_bytes(), rest, "a request has one text");
            }
        }
        (7, Some(text)) => {
            if let Ok(evidence) = ForkEvidence::parse(text) {
                assert!(evidence.verify(signer().verifier()).is_err(), "nobody forked this");
                assert_eq!(ForkEvidence::parse(&evidence.text()).ok(), Some(evidence), "evidence reads as itself");
            }
        }
        (8, Some(text)) => {
            if let Some(link) = KeyLink::parse(text) {
                assert_eq!(KeyLink::parse(&link.to_string()), Some(link), "a change of key reads as itself");
            }
        }
        (9, Some(text)) => keys(text),
        (10, Some(text)) => {
            if let Ok(opening) = CommitmentOpening::parse(text) {
                let _ = opening.unchecked_content();
            }
        }
        (11, _) => proofs(rest),
        _ => {}
    }
}

fn signer() -> Signer {
    Signer::from_seed("fuzz.example/log", &[7; 32]).expect("a key")
}

fn bundle(bytes: &[u8]) {
    for width in [1, 2, 3, 256] {
        if let Some(entries) = decode_bundle(bytes, width) {
            let entries: Vec<Vec<u8>> = entries.into_iter().map(<[u8]>::to_vec).collect();
            assert_eq!(encode_bundle(&entries).as_deref(), Some(bytes), "a bundle has one encoding");
        }
        if let Some(hashes) = decode_hashes(bytes, width) {
            assert_eq!(encode_hashes(&hashes), bytes, "a tile has one encoding");
        }
    }
}

fn note(bytes: &[u8]) {
    let Ok(note) = Note::parse(bytes) else { return };
    assert!(note.verify(std::slice::from_ref(signer().verifier())).is_err(), "nobody signed this");
    let witness = WitnessSigner::generate("fuzz.example/witness").map(|(witness, _)| witness.witness().clone());
    if let Ok(witness) = witness {
        let found = cosignatures(&note, std::slice::from_ref(&witness));
        assert!(found.is_err() || found.is_ok_and(|found| found.is_empty()), "nobody cosigned this");
    }
}

fn keys(text: &str) {
    if let Ok(verifier) = Verifier::parse(text) {
        assert_eq!(verifier.to_string(), text, "a key has one text");
    }
    if let Ok(witness) = Witness::parse(text) {
        assert!(!witness.name().is_empty());
    }
    let _ = (Signer::parse(text), WitnessSigner::parse(text));
}

/// Proofs of any hashes between any sizes: they end, and prove nothing about roots that nobody computed.
fn proofs(bytes: &[u8]) {
    let Some((numbers, hashes)) = bytes.split_at_checked(16) else { return };
    let number = |at: usize| u64::from_le_bytes(std::array::from_fn(|i| numbers[at + i]));
    let hashes: Vec<Digest> = hashes.chunks_exact(32).map(|hash| Digest(std::array::from_fn(|i| hash[i]))).collect();
    let (one, other) = (Digest([1; 32]), Digest([2; 32]));
    assert!(!verify_inclusion(one, number(0), number(8), &hashes, other), "included by chance");
    assert!(!verify_consistency(number(0), one, number(8), other, &hashes), "consistent by chance");
}
