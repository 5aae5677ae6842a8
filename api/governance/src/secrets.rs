//! Secrets: how they are made, written, hashed and compared.
//!
//! A token is `tgt_ID_SECRET`, a session `tgs_ID_SECRET`: 256 random bits in base64url behind an identifier that is no
//! secret, so that a leaked one can be named and revoked. Only SHA-256 of the secret is kept; with 256 random bits nothing
//! slower is needed. Passwords go through argon2id.

use crate::Refused;
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use tidegate_service::{Domain, ServiceError};
use tidegate_terms::{Digest, messages};

/// Memory of one argon2id, in KiB; with two passes the second recommended setting of OWASP (2024).
const ARGON_KIBIBYTES: u32 = 19_456;
const ARGON_PASSES: u32 = 2;
/// The least characters of a password.
pub const PASSWORD_CHARACTERS_MIN: usize = 12;
const PASSWORD_BYTES_MAX: usize = 256;

messages! {
    /// Why a password is not taken.
    pub enum SecretError {
        Short { characters: usize } = "password.short" {
            en: "the password has fewer than {characters} characters: choose a longer one",
            zh: "密码少于 {characters} 个字符：请设置更长的密码",
        },
        Long { bytes: usize } = "password.long" {
            en: "the password has more than {bytes} bytes: choose a shorter one",
            zh: "密码超过 {bytes} 字节：请设置较短的密码",
        },
        Simple = "password.simple" {
            en: "the password repeats so few characters that it can be guessed: choose another one",
            zh: "密码所用字符过于单一，易被猜出：请另设密码",
        },
    }
}

/// A secret that was presented.
pub(crate) enum Presented {
    /// A token or session.
    Secret {
        /// `token` or `session`.
        kind: &'static str,
        /// Its identifier.
        id: String,
        /// SHA-256 of its secret.
        hash: [u8; 32],
    },
    /// A client's certificate.
    Certificate(Digest),
}

impl Presented {
    /// Reads a token or session; `None` for what is neither.
    pub(crate) fn parse(kind: &'static str, text: &str) -> Option<Self> {
        let (id, secret) = text.strip_prefix(prefix(kind))?.split_once('_')?;
        let plain = id.len() <= 64 && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let secret = URL_SAFE_NO_PAD.decode(secret).ok().filter(|secret| secret.len() == 32)?;
        plain.then(|| Self::Secret { kind, id: id.to_owned(), hash: Digest::of(&secret).0 })
    }
}

const fn prefix(kind: &str) -> &'static str {
    match kind.as_bytes() {
        b"token" => "tgt_",
        _ => "tgs_",
    }
}

/// A secret that was made.
pub(crate) struct Made {
    /// Its identifier.
    pub(crate) id: String,
    /// What its owner keeps.
    pub(crate) text: String,
    /// What is stored.
    pub(crate) hash: [u8; 32],
}

/// Makes a token or session.
pub(crate) fn make(kind: &'static str) -> Result<Made, Refused> {
    let (id, secret) = (Domain::identifier(if kind == "token" { 't' } else { 's' })?, Domain::random()?);
    let text = format!("{}{id}_{}", prefix(kind), URL_SAFE_NO_PAD.encode(secret));
    Ok(Made { id, text, hash: Digest::of(&secret).0 })
}

/// Compares two hashes in a time that does not follow from where they differ.
pub(crate) fn same_hash(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |differs, (one, other)| differs | (one ^ other)) == 0
}

/// What a password is held against.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordHash {
    /// Always `argon2id`.
    pub(crate) algorithm: String,
    pub(crate) kibibytes: u32,
    pub(crate) passes: u32,
    /// base64url.
    pub(crate) salt: String,
    /// base64url of 32 bytes.
    pub(crate) hash: String,
}

/// Takes a password.
pub(crate) fn hash_password(password: &str) -> Result<PasswordHash, Refused> {
    if password.chars().count() < PASSWORD_CHARACTERS_MIN {
        return Err(SecretError::Short { characters: PASSWORD_CHARACTERS_MIN }.into());
    }
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(SecretError::Long { bytes: PASSWORD_BYTES_MAX }.into());
    }
    if password.chars().collect::<std::collections::BTreeSet<_>>().len() < 5 {
        return Err(SecretError::Simple.into());
    }
    let salt = Domain::random()?;
    let hash = derive(password, &salt[..16], ARGON_KIBIBYTES, ARGON_PASSES)?;
    Ok(PasswordHash {
        algorithm: "argon2id".into(),
        kibibytes: ARGON_KIBIBYTES,
        passes: ARGON_PASSES,
        salt: URL_SAFE_NO_PAD.encode(&salt[..16]),
        hash: URL_SAFE_NO_PAD.encode(hash),
    })
}

/// Whether a password is the one that was taken. Without one the same work is done.
pub(crate) fn is_password(password: &str, kept: Option<&PasswordHash>) -> Result<bool, Refused> {
    let nothing = PasswordHash {
        algorithm: "argon2id".into(),
        kibibytes: ARGON_KIBIBYTES,
        passes: ARGON_PASSES,
        salt: URL_SAFE_NO_PAD.encode([0; 16]),
        hash: URL_SAFE_NO_PAD.encode([0; 32]),
    };
    let against = kept.unwrap_or(&nothing);
    let salt = URL_SAFE_NO_PAD.decode(&against.salt).unwrap_or_default();
    let wanted = URL_SAFE_NO_PAD.decode(&against.hash).unwrap_or_default();
    let short = password.get(..PASSWORD_BYTES_MAX).unwrap_or(password);
    let hash = derive(short, &salt, against.kibibytes, against.passes)?;
    Ok(same_hash(&wanted, &hash) && kept.is_some() && password.len() <= PASSWORD_BYTES_MAX)
}

fn derive(password: &str, salt: &[u8], kibibytes: u32, passes: u32) -> Result<[u8; 32], Refused> {
    let failed = |detail: String| ServiceError::Files { path: "argon2".into(), detail };
    let params = Params::new(kibibytes, passes, 1, Some(32)).map_err(|error| failed(error.to_string()))?;
    let mut hash = [0; 32];
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon.hash_password_into(password.as_bytes(), salt, &mut hash).map_err(|error| failed(error.to_string()))?;
    Ok(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_reads_back_and_another_kind_does_not() {
        let made = make("token").expect("made");
        let Some(Presented::Secret { id, hash, .. }) = Presented::parse("token", &made.text) else { panic!("a token") };
        assert_eq!((id, hash), (made.id.clone(), made.hash));
        assert!(Presented::parse("session", &made.text).is_none());
        for wrong in ["", "tgt_", "tgt_a", "tgt_a_b", "tgt__", &made.text[..made.text.len() - 1], &format!("{}A", made.text)] {
            assert!(Presented::parse("token", wrong).is_none(), "{wrong}");
        }
        assert!(!made.text.contains(&URL_SAFE_NO_PAD.encode(made.hash)), "the hash is not the secret");
    }

    #[test]
    fn hashes_are_compared_whole() {
        assert!(same_hash(&[1, 2], &[1, 2]));
        assert!(!same_hash(&[1, 2], &[1, 3]));
        assert!(!same_hash(&[1, 2], &[1, 2, 3]));
    }

    #[test]
    fn passwords_are_taken_and_recognised() {
        let code = |password: &str| hash_password(password).expect_err("refused").problem().code.clone();
        assert_eq!(code("short"), "password.short");
        assert_eq!(code(&"abcde".repeat(60)), "password.long");
        assert_eq!(code("aaaaaaaaaaaab"), "password.simple");
        let kept = hash_password("correct horse battery").expect("taken");
        assert!(is_password("correct horse battery", Some(&kept)).expect("compared"));
        assert!(!is_password("correct horse batterz", Some(&kept)).expect("compared"));
        assert!(!is_password("correct horse battery", None).expect("compared"));
        let again = hash_password("correct horse battery").expect("taken");
        assert_ne!(kept.hash, again.hash, "a salt of its own");
    }
}
