//! The keys that sign notes (C2SP signed-note): a name and an Ed25519 key, tied together by the key id.
//!
//! Guarantee: a key text is read only if its hash fits its name and key, so a slip of one character is found.
//! The texts are those of Go's `golang.org/x/mod/sumdb/note`, `name+hash+base64`, so that foreign tools read
//! them unmodified. Only Ed25519 is made and known: over a text (type 0x01, here), or over a time and a text
//! (type 0x04, a [`Witness`](crate::Witness)).
//!
//! Rejected: PEM. It has no place for the name, and a checkpoint without its origin proves nothing.

use crate::note::NoteError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::rand::SecureRandom as _;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use tidegate_terms::Digest;

/// The algorithm field of keys and signatures: Ed25519 over the text of a note.
const ED25519_TYPE: u8 = 1;
/// The algorithm field of witnesses: Ed25519 over a time and the text (C2SP tlog-cosignature, `cosignature/v1`).
pub(crate) const COSIGNATURE_TYPE: u8 = 4;
const SECRET_PREFIX: &str = "PRIVATE+KEY+";

pub(crate) fn check_name(name: &str) -> Result<(), NoteError> {
    let wrong = |c: char| c == '+' || c.is_whitespace() || c.is_control();
    if name.is_empty() || name.contains(wrong) {
        return Err(NoteError::KeyName { name: name.chars().take(80).collect() });
    }
    Ok(())
}

fn key_id(name: &str, algorithm: u8, public: &[u8]) -> u32 {
    let digest = Digest::of_parts(&[name.as_bytes(), b"\n", &[algorithm], public]);
    u32::from_be_bytes([digest.0[0], digest.0[1], digest.0[2], digest.0[3]])
}

/// Splits `name+hash+base64`, and checks the type byte and that 32 bytes follow it.
fn parse_parts(text: &str, algorithm: u8) -> Result<(&str, u32, [u8; 32]), NoteError> {
    let mut parts = text.splitn(3, '+');
    let (Some(name), Some(hash), Some(data)) = (parts.next(), parts.next(), parts.next()) else { return Err(NoteError::Key) };
    check_name(name)?;
    let lower = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if hash.len() != 8 || !hash.bytes().all(lower) {
        return Err(NoteError::Key);
    }
    let id = u32::from_str_radix(hash, 16).map_err(|_| NoteError::Key)?;
    match BASE64.decode(data).ok().as_deref() {
        Some([found, key @ ..]) if *found == algorithm => Ok((name, id, key.try_into().map_err(|_| NoteError::Key)?)),
        _ => Err(NoteError::Key),
    }
}

fn key_text(name: &str, id: u32, algorithm: u8, key: &[u8]) -> String {
    format!("{name}+{id:08x}+{}", BASE64.encode([&[algorithm], key].concat()))
}

/// A public key with its name: what checks signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verifier {
    name: String,
    id: u32,
    algorithm: u8,
    key: [u8; 32],
}

impl Verifier {
    /// A verifier for a public key.
    pub fn new(name: &str, key: [u8; 32]) -> Result<Self, NoteError> {
        Self::of(name, ED25519_TYPE, key)
    }

    /// Reads a verifier key such as `log.example+1234abcd+AQ...`; the hash in it must fit.
    pub fn parse(vkey: &str) -> Result<Self, NoteError> {
        Self::parse_of(vkey, ED25519_TYPE)
    }

    pub(crate) fn of(name: &str, algorithm: u8, key: [u8; 32]) -> Result<Self, NoteError> {
        check_name(name)?;
        Ok(Self { name: name.to_owned(), id: key_id(name, algorithm, &key), algorithm, key })
    }

    pub(crate) fn parse_of(vkey: &str, algorithm: u8) -> Result<Self, NoteError> {
        let (name, id, key) = parse_parts(vkey, algorithm)?;
        if key_id(name, algorithm, &key) == id { Self::of(name, algorithm, key) } else { Err(NoteError::Key) }
    }

    /// The key's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn id(&self) -> u32 {
        self.id
    }

    /// Whether this key made this signature over these bytes.
    pub(crate) fn signed(&self, bytes: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.key).verify(bytes, signature).is_ok()
    }

    /// The raw public key.
    pub fn public_key(&self) -> [u8; 32] {
        self.key
    }
}

impl std::fmt::Display for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&key_text(&self.name, self.id, self.algorithm, &self.key))
    }
}

/// A private key with its name. Whoever holds it can sign any history for this origin.
pub struct Signer {
    verifier: Verifier,
    pair: Ed25519KeyPair,
}

impl Signer {
    /// Makes a key; the second value is its secret text for [`Signer::parse`], to be stored under lock.
    pub fn generate(name: &str) -> Result<(Self, String), NoteError> {
        Self::generate_of(name, ED25519_TYPE)
    }

    pub(crate) fn generate_of(name: &str, algorithm: u8) -> Result<(Self, String), NoteError> {
        let mut seed = [0; 32];
        ring::rand::SystemRandom::new().fill(&mut seed).map_err(|_| NoteError::Random)?;
        let signer = Self::from_seed_of(name, algorithm, &seed)?;
        let secret = format!("{SECRET_PREFIX}{}", key_text(name, signer.verifier.id, algorithm, &seed));
        Ok((signer, secret))
    }

    /// Reads the secret text of a key, `PRIVATE+KEY+name+hash+base64`.
    pub fn parse(secret: &str) -> Result<Self, NoteError> {
        Self::parse_of(secret, ED25519_TYPE)
    }

    pub(crate) fn parse_of(secret: &str, algorithm: u8) -> Result<Self, NoteError> {
        let (name, id, seed) = parse_parts(secret.strip_prefix(SECRET_PREFIX).ok_or(NoteError::Key)?, algorithm)?;
        let signer = Self::from_seed_of(name, algorithm, &seed)?;
        if signer.verifier.id == id { Ok(signer) } else { Err(NoteError::Key) }
    }

    /// A signer from the 32 secret bytes of RFC 8032.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, NoteError> {
        Self::from_seed_of(name, ED25519_TYPE, seed)
    }

    fn from_seed_of(name: &str, algorithm: u8, seed: &[u8; 32]) -> Result<Self, NoteError> {
        Self::from_pair(name, algorithm, Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| NoteError::Key)?)
    }

    /// A signer from a key in PKCS#8.
    pub fn from_pkcs8(name: &str, pkcs8: &[u8]) -> Result<Self, NoteError> {
        Self::from_pair(name, ED25519_TYPE, Ed25519KeyPair::from_pkcs8(pkcs8).map_err(|_| NoteError::Key)?)
    }

    fn from_pair(name: &str, algorithm: u8, pair: Ed25519KeyPair) -> Result<Self, NoteError> {
        let key = pair.public_key().as_ref().try_into().map_err(|_| NoteError::Key)?;
        Ok(Self { verifier: Verifier::of(name, algorithm, key)?, pair })
    }

    /// The key's name; for a log, its origin.
    pub fn name(&self) -> &str {
        &self.verifier.name
    }

    pub(crate) fn sign(&self, bytes: &[u8]) -> ring::signature::Signature {
        self.pair.sign(bytes)
    }

    /// The public half.
    pub fn verifier(&self) -> &Verifier {
        &self.verifier
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signer({})", self.verifier.name)
    }
}
