//! Signed notes (C2SP signed-note): a text, and signatures under it by named keys.
//!
//! Guarantee: [`Note::verify`] hands out the text only if a known key signed it and no known key's signature
//! fails; signatures by unknown keys are ignored, as the specification demands, so that witnesses can
//! cosign. Only Ed25519 (signature type 0x01) is made and known here. Keys travel in the texts of Go's
//! `golang.org/x/mod/sumdb/note`, so that foreign tools read them unmodified.
//!
//! Rejected: a signature format of our own, or accepting any algorithm that names itself.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::rand::SecureRandom as _;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use tidegate_terms::{Digest, messages};

const ED25519_TYPE: u8 = 1;
const NOTE_BYTES_MAX: usize = 1_000_000;
/// The specification wants at least 16 accepted.
const SIGNATURES_MAX: usize = 100;
const SECRET_PREFIX: &str = "PRIVATE+KEY+";

messages! {
    /// Why a note or a key is refused.
    #[derive(Clone, PartialEq, Eq)]
    pub enum NoteError {
        KeyName { name: String } = "note.key-name" {
            en: "`{name}` cannot name a key: use at least one character, no spaces, no `+` and no control characters",
            zh: "“{name}”不能作为密钥名称：至少一个字符，不得含空白、“+”或控制字符",
        },
        Key = "note.key" {
            en: "the key cannot be read: give it whole, as name+hash+base64",
            zh: "无法读取密钥：请完整给出，形式为 名称+哈希+base64",
        },
        Random = "note.random" {
            en: "the operating system gave no random numbers: try again",
            zh: "操作系统未能提供随机数：请重试",
        },
        Malformed = "note.malformed" {
            en: "this is not a signed note: fetch the file again from its publisher",
            zh: "这不是合法的签名文本：请向发布方重新获取该文件",
        },
        Unsigned { name: String } = "note.unsigned" {
            en: "the note carries no signature by the key `{name}`: check that this is the right key and the right log",
            zh: "该文本没有密钥“{name}”的签名：请确认密钥和日志是否正确",
        },
        Signature { name: String } = "note.signature" {
            en: "the signature by `{name}` does not fit the text: the text was changed, do not rely on it",
            zh: "“{name}”的签名与文本不符：文本已被改动，请勿采信",
        },
    }
}

fn check_name(name: &str) -> Result<(), NoteError> {
    let wrong = |c: char| c == '+' || c.is_whitespace() || c.is_control();
    if name.is_empty() || name.contains(wrong) {
        return Err(NoteError::KeyName { name: name.chars().take(80).collect() });
    }
    Ok(())
}

fn key_id(name: &str, public: &[u8]) -> u32 {
    let digest = Digest::of_parts(&[name.as_bytes(), b"\n", &[ED25519_TYPE], public]);
    u32::from_be_bytes([digest.0[0], digest.0[1], digest.0[2], digest.0[3]])
}

/// Splits `name+hash+base64`, and checks the type byte and that 32 bytes follow it.
fn parse_parts(text: &str) -> Result<(&str, u32, [u8; 32]), NoteError> {
    let mut parts = text.splitn(3, '+');
    let (Some(name), Some(hash), Some(data)) = (parts.next(), parts.next(), parts.next()) else { return Err(NoteError::Key) };
    check_name(name)?;
    let lower = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if hash.len() != 8 || !hash.bytes().all(lower) {
        return Err(NoteError::Key);
    }
    let id = u32::from_str_radix(hash, 16).map_err(|_| NoteError::Key)?;
    match BASE64.decode(data).ok().as_deref() {
        Some([ED25519_TYPE, key @ ..]) => Ok((name, id, key.try_into().map_err(|_| NoteError::Key)?)),
        _ => Err(NoteError::Key),
    }
}

fn key_text(name: &str, id: u32, key: &[u8]) -> String {
    format!("{name}+{id:08x}+{}", BASE64.encode([&[ED25519_TYPE], key].concat()))
}

/// A public key with its name: what checks signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verifier {
    name: String,
    id: u32,
    key: [u8; 32],
}

impl Verifier {
    /// A verifier for a public key.
    pub fn new(name: &str, key: [u8; 32]) -> Result<Self, NoteError> {
        check_name(name)?;
        Ok(Self { name: name.to_owned(), id: key_id(name, &key), key })
    }

    /// Reads a verifier key such as `log.example+1234abcd+AQ...`; the hash in it must fit.
    pub fn parse(vkey: &str) -> Result<Self, NoteError> {
        let (name, id, key) = parse_parts(vkey)?;
        if key_id(name, &key) == id { Self::new(name, key) } else { Err(NoteError::Key) }
    }

    /// The key's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The raw public key.
    pub fn public_key(&self) -> [u8; 32] {
        self.key
    }
}

impl std::fmt::Display for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&key_text(&self.name, self.id, &self.key))
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
        let mut seed = [0; 32];
        ring::rand::SystemRandom::new().fill(&mut seed).map_err(|_| NoteError::Random)?;
        let signer = Self::from_seed(name, &seed)?;
        let secret = format!("{SECRET_PREFIX}{}", key_text(name, signer.verifier.id, &seed));
        Ok((signer, secret))
    }

    /// Reads the secret text of a key, `PRIVATE+KEY+name+hash+base64`.
    pub fn parse(secret: &str) -> Result<Self, NoteError> {
        let (name, id, seed) = parse_parts(secret.strip_prefix(SECRET_PREFIX).ok_or(NoteError::Key)?)?;
        let signer = Self::from_seed(name, &seed)?;
        if signer.verifier.id == id { Ok(signer) } else { Err(NoteError::Key) }
    }

    /// A signer from the 32 secret bytes of RFC 8032.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, NoteError> {
        Self::from_pair(name, Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| NoteError::Key)?)
    }

    /// A signer from a key in PKCS#8.
    pub fn from_pkcs8(name: &str, pkcs8: &[u8]) -> Result<Self, NoteError> {
        Self::from_pair(name, Ed25519KeyPair::from_pkcs8(pkcs8).map_err(|_| NoteError::Key)?)
    }

    fn from_pair(name: &str, pair: Ed25519KeyPair) -> Result<Self, NoteError> {
        let key = pair.public_key().as_ref().try_into().map_err(|_| NoteError::Key)?;
        Ok(Self { verifier: Verifier::new(name, key)?, pair })
    }

    /// The key's name; for a log, its origin.
    pub fn name(&self) -> &str {
        &self.verifier.name
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

/// A signature as it stands in a note, not yet verified.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Signature {
    name: String,
    id: u32,
    bytes: Vec<u8>,
}

/// A note that was read, not yet verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<Signature>,
}

/// Signs a text, which must end with a newline, and returns the note.
pub fn sign(text: &str, signers: &[&Signer]) -> Result<String, NoteError> {
    if !text.ends_with('\n') || has_control(text) || signers.is_empty() {
        return Err(NoteError::Malformed);
    }
    let mut note = format!("{text}\n");
    for Signer { verifier, pair } in signers {
        let signature = [&verifier.id.to_be_bytes(), pair.sign(text.as_bytes()).as_ref()].concat();
        note.push_str(&format!("— {} {}\n", verifier.name, BASE64.encode(signature)));
    }
    Ok(note)
}

fn has_control(text: &str) -> bool {
    text.bytes().any(|byte| byte < b' ' && byte != b'\n')
}

impl Note {
    /// Reads a note, strictly.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        let note = std::str::from_utf8(bytes).map_err(|_| NoteError::Malformed)?;
        if bytes.len() > NOTE_BYTES_MAX || has_control(note) {
            return Err(NoteError::Malformed);
        }
        let (text, lines) = note.rsplit_once("\n\n").ok_or(NoteError::Malformed)?;
        let lines = lines.strip_suffix('\n').ok_or(NoteError::Malformed)?;
        let signatures = lines.split('\n').map(parse_signature).collect::<Result<Vec<_>, _>>()?;
        if signatures.len() > SIGNATURES_MAX {
            return Err(NoteError::Malformed);
        }
        Ok(Self { text: format!("{text}\n"), signatures })
    }

    /// The text, if one of these keys signed it and none of their signatures fails.
    pub fn verify(&self, known: &[Verifier]) -> Result<&str, NoteError> {
        let mut verified = false;
        for Signature { name, id, bytes } in &self.signatures {
            for verifier in known.iter().filter(|verifier| verifier.name == *name && verifier.id == *id) {
                UnparsedPublicKey::new(&ED25519, verifier.key)
                    .verify(self.text.as_bytes(), bytes)
                    .map_err(|_| NoteError::Signature { name: name.clone() })?;
                verified = true;
            }
        }
        let name = || known.iter().map(Verifier::name).collect::<Vec<_>>().join(", ");
        if verified { Ok(&self.text) } else { Err(NoteError::Unsigned { name: name() }) }
    }

    /// The text, whoever signed it; for telling a person what an unverified note claims.
    pub fn unverified_text(&self) -> &str {
        &self.text
    }
}

fn parse_signature(line: &str) -> Result<Signature, NoteError> {
    let (name, base64) = line.strip_prefix("— ").and_then(|rest| rest.split_once(' ')).ok_or(NoteError::Malformed)?;
    check_name(name).map_err(|_| NoteError::Malformed)?;
    let bytes = BASE64.decode(base64).map_err(|_| NoteError::Malformed)?;
    match bytes.split_first_chunk() {
        Some((id, signature)) if !signature.is_empty() => {
            Ok(Signature { name: name.to_owned(), id: u32::from_be_bytes(*id), bytes: signature.to_vec() })
        }
        _ => Err(NoteError::Malformed),
    }
}

#[cfg(test)]
mod tests;
