//! Signed notes (C2SP signed-note): a text, and signatures under it by named keys.
//!
//! Guarantee: [`Note::verify`] hands out the text only if a known key signed it and no known key's signature
//! fails; signatures by unknown keys are ignored, as the specification demands, so that witnesses can
//! cosign. A text may hold empty lines; the last one ends it.
//!
//! Rejected: a signature format of our own, or accepting any algorithm that names itself.

use crate::key::{Signer, Verifier, check_name};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use tidegate_terms::messages;

const NOTE_BYTES_MAX: usize = 1_000_000;
/// The specification wants at least 16 accepted.
const SIGNATURES_MAX: usize = 100;

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

/// A signature as it stands in a note, not yet verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signature {
    pub(crate) name: String,
    pub(crate) id: u32,
    pub(crate) bytes: Vec<u8>,
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
    for signer in signers {
        note.push_str(&signature_line(signer, signer.sign(text.as_bytes()).as_ref()));
    }
    Ok(note)
}

/// The line of a signature, with its newline.
pub(crate) fn signature_line(signer: &Signer, signature: &[u8]) -> String {
    let bytes = [&signer.verifier().id().to_be_bytes(), signature].concat();
    format!("— {} {}\n", signer.name(), BASE64.encode(bytes))
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
            for verifier in known.iter().filter(|verifier| verifier.name() == name && verifier.id() == *id) {
                if !verifier.signed(self.text.as_bytes(), bytes) {
                    return Err(NoteError::Signature { name: name.clone() });
                }
                verified = true;
            }
        }
        let name = || known.iter().map(Verifier::name).collect::<Vec<_>>().join(", ");
        if verified { Ok(&self.text) } else { Err(NoteError::Unsigned { name: name() }) }
    }

    pub(crate) fn signatures(&self) -> &[Signature] {
        &self.signatures
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
