//! Cosignatures (C2SP tlog-cosignature, `cosignature/v1`): a witness says at what time it saw a checkpoint that
//! extends all those that it saw before.
//!
//! Guarantee: [`cosignatures`] returns only what a known witness signed over this very text, with the time that the
//! witness stated; a signature line of a known witness that does not hold is an error, never ignored. Lines of others
//! are.
//!
//! Rejected: plain signatures of witnesses over the checkpoint. Without the time nobody can tell a live log from one
//! that was frozen for him.

use crate::key::{COSIGNATURE_TYPE, Signer, Verifier};
use crate::note::{Note, NoteError, signature_line};

/// The public key of a witness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness(Verifier);

/// The private key of a witness.
#[derive(Debug)]
pub struct WitnessSigner {
    signer: Signer,
    witness: Witness,
}

/// That a witness saw a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Cosignature {
    /// The witness's name.
    pub witness: String,
    /// When, in seconds since 1970, as the witness says.
    pub time: u64,
}

fn message(text: &str, time: u64) -> Vec<u8> {
    format!("cosignature/v1\ntime {time}\n{text}").into_bytes()
}

impl Witness {
    /// Reads the key of a witness, such as `witness.example+1234abcd+BA...`.
    pub fn parse(vkey: &str) -> Result<Self, NoteError> {
        Verifier::parse_of(vkey.trim(), COSIGNATURE_TYPE).map(Self)
    }

    /// The witness's name.
    pub fn name(&self) -> &str {
        self.0.name()
    }

    /// The raw public key.
    pub fn public_key(&self) -> [u8; 32] {
        self.0.public_key()
    }
}

impl std::fmt::Display for Witness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl WitnessSigner {
    /// Makes a key; the second value is its secret text for [`WitnessSigner::parse`], to be stored under lock.
    pub fn generate(name: &str) -> Result<(Self, String), NoteError> {
        let (signer, secret) = Signer::generate_of(name, COSIGNATURE_TYPE)?;
        Ok((Self::new(signer), secret))
    }

    /// Reads the secret text of a key.
    pub fn parse(secret: &str) -> Result<Self, NoteError> {
        Signer::parse_of(secret.trim(), COSIGNATURE_TYPE).map(Self::new)
    }

    fn new(signer: Signer) -> Self {
        let witness = Witness(signer.verifier().clone());
        Self { signer, witness }
    }

    /// The public half.
    pub fn witness(&self) -> &Witness {
        &self.witness
    }

    /// The line that goes under a checkpoint whose text (without signatures) this is, with its newline.
    pub fn cosign(&self, text: &str, time: u64) -> String {
        let signature = self.signer.sign(&message(text, time));
        signature_line(&self.signer, &[&time.to_be_bytes(), signature.as_ref()].concat())
    }
}

/// Who of these witnesses cosigned the note, each once, in their order.
pub fn cosignatures(note: &Note, witnesses: &[Witness]) -> Result<Vec<Cosignature>, NoteError> {
    let mut found = Vec::new();
    for Witness(verifier) in witnesses {
        let lines = note.signatures().iter().filter(|line| line.name == verifier.name() && line.id == verifier.id());
        let mut latest = None;
        for line in lines {
            let broken = || NoteError::Signature { name: line.name.clone() };
            let (time, signature) = line.bytes.split_first_chunk().ok_or_else(broken)?;
            let time = u64::from_be_bytes(*time);
            if !verifier.signed(&message(note.unverified_text(), time), signature) {
                return Err(broken());
            }
            latest = latest.max(Some(time));
        }
        found.extend(latest.map(|time| Cosignature { witness: verifier.name().to_owned(), time }));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::sign;

    const TEXT: &str = "log.example\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

    #[test]
    fn known_witnesses_count_once_and_others_not_at_all() {
        let (log, _) = Signer::generate("log.example").expect("key");
        let (first, secret) = WitnessSigner::generate("first.example").expect("key");
        let (second, _) = WitnessSigner::generate("second.example").expect("key");
        assert_eq!(WitnessSigner::parse(&secret).expect("secret").witness(), first.witness());
        assert_eq!(&Witness::parse(&first.witness().to_string()).expect("key"), first.witness());
        assert!(Witness::parse(&log.verifier().to_string()).is_err(), "a key of another algorithm");
        let signed = sign(TEXT, &[&log]).expect("sign");
        let note = format!("{signed}{}{}{}", first.cosign(TEXT, 5), first.cosign(TEXT, 7), second.cosign(TEXT, 6));
        let note = Note::parse(note.as_bytes()).expect("note");
        assert!(note.verify(std::slice::from_ref(log.verifier())).is_ok());
        let seen = cosignatures(&note, std::slice::from_ref(first.witness())).expect("cosignatures");
        assert_eq!(seen, [Cosignature { witness: "first.example".into(), time: 7 }]);
    }

    #[test]
    fn another_time_or_text_is_an_error() {
        let (log, _) = Signer::generate("log.example").expect("key");
        let (witness, _) = WitnessSigner::generate("first.example").expect("key");
        let known = std::slice::from_ref(witness.witness());
        let signed = sign(TEXT, &[&log]).expect("sign");
        let line = witness.cosign(TEXT, 5);
        let other = format!("{}{line}", sign(&TEXT.replace("\n1\n", "\n2\n"), &[&log]).expect("sign"));
        let read = |note: &str| cosignatures(&Note::parse(note.as_bytes()).expect("note"), known);
        assert!(read(&format!("{signed}{line}")).is_ok());
        assert_eq!(read(&other), Err(NoteError::Signature { name: "first.example".into() }));
    }
}
