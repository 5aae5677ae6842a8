//! SHA-256 digests as values.

use crate::{Guard, stands};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

messages! {
    /// Why a text is not a digest.
    pub enum DigestError {
        Shape { text: String } = "digest.shape" {
            en: "`{text}` is not a SHA-256 digest: write its 64 lower-case hexadecimal digits",
            zh: "“{text}”不是 SHA-256 摘要：请写出 64 个小写十六进制数字",
        },
    }
}

/// A SHA-256 digest, written as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The digest of some bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self::of_parts(&[bytes])
    }

    /// The digest of the concatenation of some byte strings.
    pub fn of_parts(parts: &[&[u8]]) -> Self {
        let mut context = ring::digest::Context::new(&ring::digest::SHA256);
        for part in parts {
            context.update(part);
        }
        let mut bytes = [0; 32];
        bytes.copy_from_slice(context.finish().as_ref());
        Self(bytes)
    }

    /// A salted commitment to bytes. The salt is 256 random bits, one for each commitment: a bare digest of a
    /// small or guessable content is opened by trying (attack A22).
    pub fn commitment(salt: &[u8; 32], bytes: &[u8]) -> Self {
        let salt = if stands(Guard::SaltedCommitments) { salt } else { &[0; 32] };
        Self::of_parts(&[b"tidegate commitment v1\n", salt, bytes])
    }

    /// Reads 64 hexadecimal digits.
    pub fn parse(text: &str) -> Result<Self, DigestError> {
        let wrong = || DigestError::Shape { text: text.chars().take(80).collect() };
        let mut bytes = [0; 32];
        if text.len() != 64 {
            return Err(wrong());
        }
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let (high, low) = digit(pair[0]).zip(digit(pair[1])).ok_or_else(wrong)?;
            *byte = high << 4 | low;
        }
        Ok(Self(bytes))
    }

    fn digits(&self) -> [u8; 64] {
        let digit = |value: u8| b"0123456789abcdef"[usize::from(value)];
        std::array::from_fn(|at| digit(if at % 2 == 0 { self.0[at / 2] >> 4 } else { self.0[at / 2] & 15 }))
    }

    /// The first 12 digits, for people.
    pub fn short(&self) -> String {
        self.to_string()[..12].to_owned()
    }
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(std::str::from_utf8(&self.digits()).unwrap_or_default())
    }
}

// By hand, because an audit reads and writes millions of them: a text of its own for each would cost more than its hash.
impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(std::str::from_utf8(&self.digits()).unwrap_or_default())
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Digits;
        impl de::Visitor<'_> for Digits {
            type Value = Digest;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("64 lower-case hexadecimal digits")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Digest, E> {
                Digest::parse(text).map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Digits)
    }
}

impl std::fmt::Debug for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

impl TryFrom<String> for Digest {
    type Error = DigestError;
    fn try_from(text: String) -> Result<Self, DigestError> {
        Self::parse(&text)
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}
