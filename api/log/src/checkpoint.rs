//! Checkpoints (C2SP tlog-checkpoint): origin, size and root of the tree, as the text of a signed note.
//!
//! Guarantee: a [`Checkpoint`] that was read writes itself with the same bytes. Its text alone proves
//! nothing; [`Checkpoint::verify`] reads it out of a verified note and checks that the origin is the
//! key's name. Extension lines are kept but never written by us: nobody can audit them.

use crate::key::{Signer, Verifier};
use crate::note::{Note, NoteError, sign};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use tidegate_terms::{Digest, messages};

messages! {
    /// Why a text is not a checkpoint that can be relied on.
    #[derive(Clone, PartialEq, Eq)]
    pub enum CheckpointError {
        Malformed = "checkpoint.malformed" {
            en: "this is not a checkpoint: fetch the file again from its publisher",
            zh: "这不是合法的检查点：请向发布方重新获取该文件",
        },
        OtherOrigin { found: String, expected: String } = "checkpoint.other-origin" {
            en: "the checkpoint is of the log `{found}`, not of `{expected}`: check the address and the key",
            zh: "该检查点属于日志“{found}”，而不是“{expected}”：请核对地址和密钥",
        };
        Note(NoteError),
    }
}

/// The head of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub origin: String,
    /// How many entries.
    pub size: u64,
    /// The root over them.
    pub root: Digest,
    /// Further lines, opaque.
    pub extensions: Vec<String>,
}

impl Checkpoint {
    /// Reads the text of a checkpoint, without its signatures.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let mut lines = text.strip_suffix('\n').ok_or(CheckpointError::Malformed)?.split('\n').map(str::to_owned);
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(CheckpointError::Malformed);
        };
        let extensions: Vec<String> = lines.collect();
        let root = BASE64.decode(&root).ok().and_then(|bytes| bytes.try_into().ok()).ok_or(CheckpointError::Malformed)?;
        let number = size.parse().ok().filter(|number: &u64| number.to_string() == size).ok_or(CheckpointError::Malformed)?;
        if origin.is_empty() || extensions.iter().any(String::is_empty) {
            return Err(CheckpointError::Malformed);
        }
        Ok(Self { origin, size: number, root: Digest(root), extensions })
    }

    /// Reads a signed checkpoint; its origin must be the name of the key.
    pub fn verify(note: &[u8], verifier: &Verifier) -> Result<Self, CheckpointError> {
        Self::verify_any(note, std::slice::from_ref(verifier))
    }

    /// Reads a checkpoint that one of these keys of one log signed, and for which no signature by any of them fails.
    pub(crate) fn verify_any(note: &[u8], known: &[Verifier]) -> Result<Self, CheckpointError> {
        let note = Note::parse(note)?;
        let text = note.verify(known);
        // A wrong origin explains a missing signature better than the signature does.
        if let Ok(Self { origin, .. }) = Self::parse(note.unverified_text())
            && let Some(verifier) = known.first().filter(|verifier| origin != verifier.name())
        {
            return Err(CheckpointError::OtherOrigin { found: origin, expected: verifier.name().to_owned() });
        }
        Self::parse(text?)
    }

    /// The signed note.
    pub fn sign(&self, signer: &Signer) -> Result<String, CheckpointError> {
        self.sign_with(&[signer])
    }

    /// The note signed by several keys.
    pub(crate) fn sign_with(&self, signers: &[&Signer]) -> Result<String, CheckpointError> {
        Ok(sign(&self.to_string(), signers)?)
    }
}

impl std::fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, BASE64.encode(self.root.0))?;
        self.extensions.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

    #[test]
    fn the_example_of_the_specification_reads_and_writes_itself() {
        let checkpoint = Checkpoint::parse(TEXT).expect("checkpoint");
        assert_eq!((checkpoint.origin.as_str(), checkpoint.size), ("example.com/behind-the-sofa", 20_852_163));
        assert_eq!(checkpoint.to_string(), TEXT);
        let extended = format!("{TEXT}more\nlines\n");
        assert_eq!(Checkpoint::parse(&extended).expect("extended").to_string(), extended);
    }

    #[test]
    fn malformed_checkpoints_are_refused() {
        let wrong = [
            String::new(),
            "o\n1\n".into(),
            TEXT.trim_end().to_owned(),
            TEXT.replace("example.com/behind-the-sofa", ""),
            TEXT.replace("20852163", "020852163"),
            TEXT.replace("20852163", "+20852163"),
            TEXT.replace("20852163", "-1"),
            TEXT.replace("20852163", "18446744073709551616"),
            TEXT.replace("2I=", "2J="),
            TEXT.replace("q2I=", ""),
            format!("{TEXT}\n"),
        ];
        for text in wrong {
            assert_eq!(Checkpoint::parse(&text), Err(CheckpointError::Malformed), "{text}");
        }
    }

    #[test]
    fn the_origin_is_the_name_of_the_key() {
        let (log, _) = Signer::generate("log.example").expect("key");
        let mut checkpoint = Checkpoint { origin: "log.example".into(), size: 0, root: crate::hash::empty_root(), extensions: vec![] };
        let note = checkpoint.sign(&log).expect("sign");
        assert_eq!(Checkpoint::verify(note.as_bytes(), log.verifier()).as_ref(), Ok(&checkpoint));
        checkpoint.origin = "other.example".into();
        let note = checkpoint.sign(&log).expect("sign");
        assert!(matches!(Checkpoint::verify(note.as_bytes(), log.verifier()), Err(CheckpointError::OtherOrigin { .. })));
        let changed = note.replacen("other.example\n0", "other.example\n1", 1);
        assert!(Checkpoint::verify(changed.as_bytes(), log.verifier()).is_err());
    }
}
