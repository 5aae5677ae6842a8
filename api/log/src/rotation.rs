//! The changes of a log's key, and the way from an old key to the present one.
//!
//! A key is changed by an entry under the old key; then both sign for a time, and then the new one alone. For each
//! change the log has a file `keys/N` (N from 1): the entry, and a tlog-proof of it whose checkpoint both keys signed.
//! Whoever trusts any key of the log can therefore follow it, offline and from these files alone.
//!
//! Guarantee: [`KeyChain::follow`] goes from a key to the next only over an entry that the key itself signed into a
//! checkpoint, and only to a key of the same origin that signed the same checkpoint; so it ends with the last key that
//! the trusted one vouches for. It says nothing about the entries between; [`verify`](crate::verify) does.
//!
//! Rejected: a list of keys that the newest key signs. It would prove what the newest key's holder says, which is what
//! somebody with an old key doubts.

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::entry::{Entry, Event};
use crate::files::{FileError, Files};
use crate::key::Verifier;
use crate::proof::{ProofError, TlogProof, prove};
use std::path::Path;

const HEADER: &str = "tidegate key rotation v1\n";

/// One change of a log's key, as its file tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyLink {
    entry: Vec<u8>,
    proof: TlogProof,
    key: Verifier,
}

impl KeyLink {
    /// Reads a file `keys/N`, strictly; nothing is verified yet.
    pub fn parse(text: &str) -> Option<Self> {
        let (entry, proof) = text.strip_prefix(HEADER)?.split_once('\n')?;
        let Event::RotateKey { key, .. } = Entry::decode(entry.as_bytes()).ok()?.event else { return None };
        Some(Self { entry: entry.into(), proof: TlogProof::parse(proof).ok()?, key: Verifier::parse(&key).ok()? })
    }

    /// The new key.
    pub fn key(&self) -> &Verifier {
        &self.key
    }

    /// The index of the entry.
    pub fn index(&self) -> u64 {
        self.proof.index
    }

    /// The signed checkpoint that covers it, verbatim.
    pub(crate) fn note(&self) -> &str {
        &self.proof.checkpoint
    }

    /// The checkpoint, if this key signed it and the entry is in its tree.
    pub(crate) fn verify(&self, verifier: &Verifier) -> Result<Checkpoint, ProofError> {
        self.proof.verify(&self.entry, verifier)
    }
}

impl std::fmt::Display for KeyLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{HEADER}{}\n{}", String::from_utf8_lossy(&self.entry), self.proof)
    }
}

/// The keys of a log, from a trusted one to the last that it leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyChain {
    keys: Vec<Verifier>,
    /// The changes that led on, one fewer than keys.
    links: Vec<KeyLink>,
}

/// One key alone, without changes.
impl From<&Verifier> for KeyChain {
    fn from(key: &Verifier) -> Self {
        Self::follow(key, &[])
    }
}

impl KeyChain {
    /// Follows the changes, in their order, from a trusted key; those before it are passed over.
    pub fn follow(trusted: &Verifier, links: &[KeyLink]) -> Self {
        let (mut keys, mut followed) = (vec![trusted.clone()], Vec::new());
        for link in links {
            let last = &keys[keys.len() - 1];
            let leads = link.key != *last && link.key.name() == last.name() && link.verify(last).is_ok() && link.verify(&link.key).is_ok();
            if leads {
                keys.push(link.key.clone());
                followed.push(link.clone());
            }
        }
        Self { keys, links: followed }
    }

    /// The keys; the first is the trusted one.
    pub fn keys(&self) -> &[Verifier] {
        &self.keys
    }

    /// The changes that lead from one to the next.
    pub fn links(&self) -> &[KeyLink] {
        &self.links
    }

    /// The newest key that is reached.
    pub fn newest(&self) -> &Verifier {
        &self.keys[self.keys.len() - 1]
    }

    /// Reads a checkpoint that a key of the chain signed.
    pub fn verify_checkpoint(&self, note: &[u8]) -> Result<Checkpoint, CheckpointError> {
        Checkpoint::verify_any(note, &self.keys)
    }

    /// Checks that this very entry is in the log of these keys, and returns the checkpoint that covers it.
    pub fn verify_proof(&self, proof: &TlogProof, entry: &[u8]) -> Result<Checkpoint, ProofError> {
        let mut refused = None;
        for key in self.keys.iter().rev() {
            match proof.verify(entry, key) {
                Ok(head) => return Ok(head),
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        Err(refused.unwrap_or(ProofError::Malformed))
    }
}

/// The path of the file of a change below a log's directory or address; the first has number 1.
pub(crate) fn path(number: usize) -> String {
    format!("keys/{number}")
}

/// The changes of key of a published log, with their files.
pub(crate) fn read_links(files: &Files) -> Result<Vec<(String, KeyLink)>, FileError> {
    let mut links = Vec::new();
    while let Some(bytes) = files.read(&path(links.len() + 1))? {
        let file = path(links.len() + 1);
        let link = String::from_utf8(bytes).ok().and_then(|text| KeyLink::parse(&text));
        links.push((file.clone(), link.ok_or(FileError::Damaged { file })?));
    }
    Ok(links)
}

/// Whether a path below a log's directory is that of a change of key.
pub fn is_key_link(at: &str) -> bool {
    let number = at.strip_prefix("keys/").and_then(|number| number.parse().ok());
    number.is_some_and(|number| number > 0 && at == path(number))
}

/// The changes of key of a published log, in their order.
pub fn key_links(directory: &Path) -> Result<Vec<KeyLink>, FileError> {
    Ok(read_links(&Files::new(directory))?.into_iter().map(|(_, link)| link).collect())
}

/// Writes the file of a change of key from the published checkpoint, which both keys must have signed.
///
/// A crash before it leaves the change without its file, a crash after it the whole file; whoever opens the log next
/// writes it again.
pub fn write_key_link(directory: &Path, number: usize, index: u64, entry: &[u8], both: [&Verifier; 2]) -> Result<KeyLink, ProofError> {
    let files = Files::new(directory);
    let proof = prove(directory, both[0], index)?;
    proof.verify(entry, both[1])?;
    let text = format!("{HEADER}{}\n{proof}", String::from_utf8_lossy(entry));
    let link = KeyLink::parse(&text).filter(|link| link.key == *both[1]).ok_or(ProofError::Malformed)?;
    if files.read(&path(number))?.as_deref() != Some(text.as_bytes()) {
        files.write(&path(number), text.as_bytes())?;
        files.sync()?;
    }
    Ok(link)
}
