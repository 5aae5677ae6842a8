//! Proof files (C2SP tlog-proof): that one entry is in the log, checkable offline by itself.
//!
//! Guarantee: [`TlogProof::verify`] returns the checkpoint only if the log's key signed it and the entry leads
//! to its root. The extra data is not authenticated and never decides anything. A proof is parsed strictly and
//! writes itself with the same bytes.
//!
//! Rejected: a JSON proof of our own; this text is what witnesses' tools and other verifiers read.

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::files::{CHECKPOINT, FileError, Files};
use crate::hash::leaf_hash;
use crate::key::Verifier;
use crate::nodes::TileNodes;
use crate::tree::{prove_inclusion, verify_inclusion};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::path::Path;
use tidegate_terms::{Digest, messages};

const HEADER: &str = "c2sp.org/tlog-proof@v1";
const HASHES_MAX: usize = 63;
const BYTES_MAX: usize = 2_000_000;

messages! {
    /// Why there is no proof, or why it does not hold.
    #[derive(Clone, PartialEq, Eq)]
    pub enum ProofError {
        Malformed = "proof.malformed" {
            en: "this is not a tlog-proof: fetch the file again from whoever delivered it",
            zh: "这不是合法的 tlog-proof：请向交付方重新获取该文件",
        },
        NotCovered { index: u64, size: u64 } = "proof.not-covered" {
            en: "entry {index} is not covered by the checkpoint of {size} entries yet: wait for the next publication",
            zh: "第 {index} 条尚未被大小为 {size} 的检查点覆盖：请等待下一次发布",
        },
        NotIncluded { index: u64 } = "proof.not-included" {
            en: "the entry is not the one that the log holds at {index}: do not rely on it, ask who delivered it",
            zh: "该条目不是日志第 {index} 条的内容：请勿采信，并询问交付方",
        };
        Checkpoint(CheckpointError),
        File(FileError),
    }
}

/// A proof that the entry at an index is in the tree of a signed checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlogProof {
    /// Opaque data that came along; not authenticated.
    pub extra: Option<Vec<u8>>,
    /// The entry's index.
    pub index: u64,
    /// From the leaf's sibling to the root's child.
    pub hashes: Vec<Digest>,
    /// The signed checkpoint, verbatim.
    pub checkpoint: String,
}

/// The proof for the entry at `index`, from a published log and against its present checkpoint.
pub fn prove(directory: &Path, verifier: &Verifier, index: u64) -> Result<TlogProof, ProofError> {
    let files = Files::new(directory);
    let note = files.read(CHECKPOINT)?.ok_or(FileError::Missing { file: CHECKPOINT.into() })?;
    let head = Checkpoint::verify(&note, verifier)?;
    if index >= head.size {
        return Err(ProofError::NotCovered { index, size: head.size });
    }
    let hashes = prove_inclusion(&mut TileNodes::new(&files, head.size), index, head.size)?;
    let checkpoint = String::from_utf8(note).map_err(|_| ProofError::Malformed)?;
    Ok(TlogProof { extra: None, index, hashes, checkpoint })
}

impl TlogProof {
    /// Reads a proof, strictly; nothing is verified yet.
    pub fn parse(text: &str) -> Result<Self, ProofError> {
        if text.len() > BYTES_MAX {
            return Err(ProofError::Malformed);
        }
        let (head, checkpoint) = text.split_once("\n\n").ok_or(ProofError::Malformed)?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(HEADER) {
            return Err(ProofError::Malformed);
        }
        let decode = |text: &str| BASE64.decode(text).map_err(|_| ProofError::Malformed);
        let extra = lines.next_if(|line| line.starts_with("extra ")).map(|line| decode(&line["extra ".len()..])).transpose()?;
        let number = lines.next().and_then(|line| line.strip_prefix("index ")).ok_or(ProofError::Malformed)?;
        let index = number.parse().ok().filter(|index: &u64| index.to_string() == number).ok_or(ProofError::Malformed)?;
        let hash = |line: &str| decode(line)?.try_into().map(Digest).map_err(|_| ProofError::Malformed);
        let hashes = lines.map(hash).collect::<Result<Vec<_>, _>>()?;
        if hashes.len() > HASHES_MAX || checkpoint.is_empty() {
            return Err(ProofError::Malformed);
        }
        Ok(Self { extra, index, hashes, checkpoint: checkpoint.to_owned() })
    }

    /// Checks that this very entry is in the log of this key, and returns the checkpoint that covers it.
    pub fn verify(&self, entry: &[u8], verifier: &Verifier) -> Result<Checkpoint, ProofError> {
        let head = Checkpoint::verify(self.checkpoint.as_bytes(), verifier)?;
        if verify_inclusion(leaf_hash(entry), self.index, head.size, &self.hashes, head.root) {
            Ok(head)
        } else {
            Err(ProofError::NotIncluded { index: self.index })
        }
    }
}

impl std::fmt::Display for TlogProof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", BASE64.encode(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        self.hashes.iter().try_for_each(|hash| writeln!(f, "{}", BASE64.encode(hash.0)))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::Signer;
    use crate::publish::publish;

    #[test]
    fn every_entry_of_a_log_has_a_proof_and_only_for_itself() {
        let directory = tempfile::tempdir().expect("dir");
        let (signer, other) =
            (Signer::from_seed("log.example", &[7; 32]).expect("key"), Signer::from_seed("log.example", &[8; 32]).expect("key"));
        let entries: Vec<Vec<u8>> = (0..70_000_u32).map(|number| number.to_be_bytes().to_vec()).collect();
        for size in [1, 2, 255, 256, 257, 600, 70_000] {
            publish(directory.path(), &signer, &mut entries[..size].to_vec()).expect("publish");
            for index in (0..size).step_by(if size < 300 { 1 } else { 139 }).chain([size - 1]) {
                let proof = prove(directory.path(), signer.verifier(), index as u64).expect("proof");
                let text = proof.to_string();
                assert_eq!(TlogProof::parse(&text).as_ref(), Ok(&proof));
                let head = proof.verify(&entries[index], signer.verifier()).expect("verified");
                assert_eq!(head.size, size as u64);
                assert!(matches!(proof.verify(b"another", signer.verifier()), Err(ProofError::NotIncluded { .. })));
                assert!(matches!(proof.verify(&entries[index], other.verifier()), Err(ProofError::Checkpoint(_))));
            }
            let beyond = prove(directory.path(), signer.verifier(), size as u64);
            assert_eq!(beyond, Err(ProofError::NotCovered { index: size as u64, size: size as u64 }));
        }
    }

    #[test]
    fn only_well_formed_proofs_are_read() {
        let checkpoint = "log.example\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n— log.example AAAAAAA=\n";
        let hash = BASE64.encode([1; 32]);
        let good = format!("{HEADER}\nextra AQI=\nindex 7\n{hash}\n\n{checkpoint}");
        let proof = TlogProof::parse(&good).expect("proof");
        assert_eq!((proof.extra.as_deref(), proof.index, proof.checkpoint.as_str()), (Some(&[1, 2][..]), 7, checkpoint));
        assert_eq!(proof.to_string(), good);
        let wrong = [
            String::new(),
            good.replace("@v1", "@v2"),
            good.replace("extra AQI=", "extra AQI"),
            good.replace("extra AQI=", "other AQI="),
            good.replace("index 7", "index 07"),
            good.replace("index 7", "index +7"),
            good.replace("index 7\n", ""),
            good.replace(&hash, &hash[..40]),
            good.replace(&hash, &[hash.as_str(); 64].join("\n")),
            good.replace("\n\n", "\n"),
            format!("{HEADER}\nindex 7\n{hash}\n\n"),
        ];
        for text in wrong {
            assert_eq!(TlogProof::parse(&text), Err(ProofError::Malformed), "{text}");
        }
    }
}
