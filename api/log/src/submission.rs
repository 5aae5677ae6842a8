//! What a log sends to a witness (C2SP tlog-witness, `add-checkpoint`), and what it does with the answer.
//!
//! Guarantee: a request is read strictly and writes itself with the same bytes. A cosignature gets under the published
//! checkpoint only after it was verified, because one line of a known witness that does not hold makes clients reject the
//! whole note; and only while that very checkpoint is the published one.
//!
//! The checkpoint is published with the log's signature alone first: a witness that is dead, slow or hostile delays
//! nothing of the log.

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::cosignature::{Cosignature, Witness, cosignatures};
use crate::files::{CHECKPOINT, FileError, Files};
use crate::key::Verifier;
use crate::nodes::TileNodes;
use crate::note::{Note, NoteError};
use crate::rotation::KeyChain;
use crate::tree::prove_consistency;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::path::Path;
use tidegate_terms::{Digest, messages};

/// The specification's bound on proof lines.
const HASHES_MAX: usize = 63;

messages! {
    /// Why a submission is refused, or an answer to one.
    #[derive(Clone, PartialEq, Eq)]
    pub enum SubmissionError {
        Malformed = "submission.malformed" {
            en: "this is no add-checkpoint request: send `old SIZE`, proof lines, an empty line and a checkpoint (C2SP tlog-witness)",
            zh: "这不是合法的 add-checkpoint 请求：请发送“old 大小”、证明各行、空行和检查点（C2SP tlog-witness）",
        },
        WitnessAhead { witness: String, size: u64, published: u64 } = "submission.witness-ahead" {
            en: "the witness `{witness}` has seen {size} entries, but only {published} are published: the domain was restored from an old backup, or its key signed elsewhere; stop and ask the custodian",
            zh: "见证方“{witness}”已见过 {size} 条，而此处只发布了 {published} 条：该域可能由旧备份恢复，或其密钥在别处签署；请停止并询问保管方",
        },
        NotCosigned { witness: String } = "submission.not-cosigned" {
            en: "the answer of the witness `{witness}` has no cosignature by its key: check the key and the address",
            zh: "见证方“{witness}”的回复中没有其密钥的联署：请核对密钥和地址",
        };
        Checkpoint(CheckpointError),
        Note(NoteError),
        File(FileError),
    }
}

/// A checkpoint on its way to a witness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// The size that the witness cosigned last; 0 if it never did.
    pub old: u64,
    /// That the tree of that size is the beginning of the checkpoint's.
    pub proof: Vec<Digest>,
    /// The signed checkpoint.
    pub checkpoint: String,
}

impl Submission {
    /// The published checkpoint of a log, from the size that a witness knows.
    pub fn of_published(directory: &Path, verifier: &Verifier, witness: &Witness, old: u64) -> Result<Self, SubmissionError> {
        let files = Files::new(directory);
        let note = files.read(CHECKPOINT)?.ok_or(FileError::Missing { file: CHECKPOINT.into() })?;
        let head = Checkpoint::verify(&note, verifier)?;
        if old > head.size {
            let witness = witness.name().to_owned();
            return Err(SubmissionError::WitnessAhead { witness, size: old, published: head.size });
        }
        let proof = prove_consistency(&mut TileNodes::new(&files, head.size), old, head.size)?;
        Ok(Self { old, proof, checkpoint: String::from_utf8(note).map_err(|_| SubmissionError::Malformed)? })
    }

    /// Reads a request.
    pub fn parse(body: &[u8]) -> Result<Self, SubmissionError> {
        let text = std::str::from_utf8(body).map_err(|_| SubmissionError::Malformed)?;
        let (head, checkpoint) = text.split_once("\n\n").ok_or(SubmissionError::Malformed)?;
        let mut lines = head.split('\n');
        let number = lines.next().and_then(|line| line.strip_prefix("old ")).ok_or(SubmissionError::Malformed)?;
        let old = number.parse().ok().filter(|old: &u64| old.to_string() == number).ok_or(SubmissionError::Malformed)?;
        let hash = |line: &str| BASE64.decode(line).ok()?.try_into().ok().map(Digest);
        let proof = lines.map(hash).collect::<Option<Vec<_>>>().ok_or(SubmissionError::Malformed)?;
        if proof.len() > HASHES_MAX || checkpoint.is_empty() {
            return Err(SubmissionError::Malformed);
        }
        Ok(Self { old, proof, checkpoint: checkpoint.to_owned() })
    }
}

impl std::fmt::Display for Submission {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "old {}", self.old)?;
        self.proof.iter().try_for_each(|hash| writeln!(f, "{}", BASE64.encode(hash.0)))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

/// The line of this witness in an answer, verified over the checkpoint that was sent. Lines of others are dropped.
pub fn cosignature_line(checkpoint: &str, answer: &str, witness: &Witness) -> Result<String, SubmissionError> {
    let text = Note::parse(checkpoint.as_bytes())?.unverified_text().to_owned();
    let known = std::slice::from_ref(witness);
    for line in answer.split_inclusive('\n') {
        // An answer is one or more signature lines; each is a note's last line.
        let Ok(note) = Note::parse(format!("{text}\n{line}").as_bytes()) else { continue };
        if !cosignatures(&note, known)?.is_empty() {
            return Ok(line.to_owned());
        }
    }
    Err(SubmissionError::NotCosigned { witness: witness.name().to_owned() })
}

/// Puts a verified line under the published checkpoint, in the place of an older one of the same witness. `false`: that
/// checkpoint is not the published one any more, and nothing was changed.
///
/// A crash just after leaves the note with or without the line; both are true, and the witness can be asked again.
pub fn attach_cosignature(
    directory: &Path,
    verifier: &Verifier,
    checkpoint: &str,
    line: &str,
    witness: &Witness,
) -> Result<bool, SubmissionError> {
    let files = Files::new(directory);
    let _lock = files.lock()?;
    let found = files.read(CHECKPOINT)?.ok_or(FileError::Missing { file: CHECKPOINT.into() })?;
    Checkpoint::verify(&found, verifier)?;
    let found = String::from_utf8(found).map_err(|_| SubmissionError::Malformed)?;
    let sent = Note::parse(checkpoint.as_bytes())?;
    let (text, lines) = found.rsplit_once("\n\n").ok_or(SubmissionError::Malformed)?;
    if format!("{text}\n") != sent.unverified_text() {
        return Ok(false);
    }
    let known = std::slice::from_ref(witness);
    let of_witness = |old: &str| {
        Note::parse(format!("{text}\n\n{old}").as_bytes()).is_ok_and(|note| cosignatures(&note, known).is_ok_and(|found| !found.is_empty()))
    };
    let others: String = lines.split_inclusive('\n').filter(|old| !of_witness(old)).collect();
    let note = format!("{text}\n\n{others}{line}");
    Checkpoint::verify(note.as_bytes(), verifier)?;
    cosignatures(&Note::parse(note.as_bytes())?, known)?;
    files.write(CHECKPOINT, note.as_bytes())?;
    files.sync()?;
    Ok(true)
}

/// The published checkpoint and who of these witnesses cosigned it.
pub fn published_head(directory: &Path, keys: &KeyChain, witnesses: &[Witness]) -> Result<(Checkpoint, Vec<Cosignature>), SubmissionError> {
    let note = Files::new(directory).read(CHECKPOINT)?.ok_or(FileError::Missing { file: CHECKPOINT.into() })?;
    let head = keys.verify_checkpoint(&note)?;
    Ok((head, cosignatures(&Note::parse(&note)?, witnesses)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cosignature::WitnessSigner;
    use crate::key::Signer;
    use crate::publish::publish;
    use crate::tree::verify_consistency;
    use std::fs;

    #[test]
    fn a_request_reads_and_writes_itself() {
        let directory = tempfile::tempdir().expect("directory");
        let (log, _) = Signer::generate("log.example").expect("key");
        let (witness, _) = WitnessSigner::generate("first.example").expect("key");
        let mut entries: Vec<Vec<u8>> = (0..700_u32).map(|number| number.to_be_bytes().to_vec()).collect();
        let root = crate::tree::root_of(entries[..300].iter().map(Vec::as_slice));
        let head = publish(directory.path(), &log, &mut entries).expect("publish").checkpoint;
        let request = Submission::of_published(directory.path(), log.verifier(), witness.witness(), 300).expect("request");
        assert!(verify_consistency(300, root, 700, head.root, &request.proof));
        let body = request.to_string();
        assert_eq!(Submission::parse(body.as_bytes()), Ok(request.clone()));
        let ahead = Submission::of_published(directory.path(), log.verifier(), witness.witness(), 701);
        assert!(matches!(ahead, Err(SubmissionError::WitnessAhead { size: 701, published: 700, .. })));
        let line = body.lines().nth(1).expect("a proof line").to_owned();
        let wrong = [
            String::new(),
            "old 1".into(),
            body.replacen("old 300", "old 0300", 1),
            body.replacen("old 300", "old +300", 1),
            body.replacen("old 300", "old -1", 1),
            body.replacen("old 300", "new 300", 1),
            body.replacen(&line, &line[..40], 1),
            body.replacen(&line, &[line.as_str(); 64].join("\n"), 1),
            body.replacen("\n\n", "\n", 2),
            "old 0\n\n".into(),
        ];
        for body in wrong {
            assert_eq!(Submission::parse(body.as_bytes()), Err(SubmissionError::Malformed), "{body}");
        }
    }

    #[test]
    fn only_verified_lines_get_under_the_checkpoint_and_each_witness_has_one() {
        let directory = tempfile::tempdir().expect("directory");
        let (log, _) = Signer::generate("log.example").expect("key");
        let (first, _) = WitnessSigner::generate("first.example").expect("key");
        let (second, _) = WitnessSigner::generate("second.example").expect("key");
        let mut entries = vec![b"one".to_vec()];
        let note = publish(directory.path(), &log, &mut entries).expect("publish").note;
        let text = Note::parse(note.as_bytes()).expect("note").unverified_text().to_owned();
        let good = |time| cosignature_line(&note, &format!("{}{}", second.cosign(&text, 1), first.cosign(&text, time)), first.witness());
        let attach = |line: &str| attach_cosignature(directory.path(), log.verifier(), &note, line, first.witness());
        for time in [5, 9] {
            assert_eq!(attach(&good(time).expect("line")), Ok(true));
        }
        let both = [first.witness().clone(), second.witness().clone()];
        let seen = published_head(directory.path(), &log.verifier().into(), &both).expect("head").1;
        assert_eq!(seen, [Cosignature { witness: "first.example".into(), time: 9 }]);
        let held = fs::read_to_string(directory.path().join(CHECKPOINT)).expect("checkpoint");
        assert_eq!(held.matches("— first.example ").count(), 1, "{held}");
        let other = first.cosign(&text.replace("\n1\n", "\n2\n"), 5);
        assert!(matches!(cosignature_line(&note, &other, first.witness()), Err(SubmissionError::Note(_))));
        for answer in ["", "nothing\n", second.cosign(&text, 1).as_str()] {
            assert!(matches!(cosignature_line(&note, answer, first.witness()), Err(SubmissionError::NotCosigned { .. })));
        }
        assert!(attach(&other).is_err());
        // A newer checkpoint is published meanwhile: the line belongs to the old one.
        entries.push(b"two".to_vec());
        publish(directory.path(), &log, &mut entries).expect("publish");
        assert_eq!(attach(&good(10).expect("line")), Ok(false));
        assert!(published_head(directory.path(), &log.verifier().into(), &both).expect("head").1.is_empty());
    }
}
