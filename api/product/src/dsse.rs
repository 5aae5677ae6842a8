//! DSSE envelopes (secure-systems-lab/dsse v1.0.2) and the keys that sign them: Ed25519 and ECDSA P-256.
//!
//! Guarantee: an envelope has one spelling; [`Envelope::parse`] refuses every other, so that no bit of it is free. The
//! key identifier is the SHA-256 of the key's SubjectPublicKeyInfo, and must fit the key.
//!
//! Two envelopes over one statement rather than one with two signatures: a tool that knows one algorithm alone would
//! have to ignore the other signature, and some refuse instead.

use crate::error::PackageError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey,
};
use serde::{Deserialize, Serialize};
use tidegate_terms::Digest;

/// What precedes the 32 bytes of an Ed25519 key in its SubjectPublicKeyInfo (RFC 8410).
const ED25519_SPKI: &[u8] = &[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
/// What precedes the 65 bytes of a P-256 point in its SubjectPublicKeyInfo (RFC 5480).
const P256_SPKI: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01,
    0x07, 0x03, 0x42, 0x00,
];

/// An envelope with one signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Envelope {
    payload: String,
    payload_type: String,
    signatures: [EnvelopeSignature; 1],
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EnvelopeSignature {
    keyid: String,
    sig: String,
}

/// What is signed: DSSE's pre-authentication encoding.
pub(crate) fn encoding(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

fn key_id(prefix: &[u8], key: &[u8]) -> String {
    Digest::of_parts(&[prefix, key]).to_string()
}

fn pem(prefix: &[u8], key: &[u8]) -> String {
    let base64 = BASE64.encode([prefix, key].concat());
    let lines: Vec<&str> = base64.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap_or_default()).collect();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
}

/// The public keys of a domain's packages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKeys {
    ed25519: [u8; 32],
    p256: Vec<u8>,
}

impl PublicKeys {
    /// From the texts in the log: base64 of 32 bytes, and of the 65 bytes of an uncompressed point.
    pub fn parse(ed25519: &str, p256: &str) -> Option<Self> {
        let ed25519 = BASE64.decode(ed25519).ok()?.try_into().ok()?;
        let p256 = BASE64.decode(p256).ok().filter(|point| point.len() == 65 && point[0] == 4)?;
        Some(Self { ed25519, p256 })
    }

    /// The texts for the log.
    pub fn texts(&self) -> (String, String) {
        (BASE64.encode(self.ed25519), BASE64.encode(&self.p256))
    }

    /// The Ed25519 key as PEM.
    pub fn ed25519_pem(&self) -> String {
        pem(ED25519_SPKI, &self.ed25519)
    }

    /// The P-256 key as PEM.
    pub fn p256_pem(&self) -> String {
        pem(P256_SPKI, &self.p256)
    }
}

/// The private keys that sign a domain's packages.
pub struct PackageSigner {
    ed25519: Ed25519KeyPair,
    p256: EcdsaKeyPair,
    random: SystemRandom,
}

impl std::fmt::Debug for PackageSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PackageSigner(..)")
    }
}

impl PackageSigner {
    /// New keys as PKCS#8: Ed25519 and P-256.
    pub fn generate() -> Result<[Vec<u8>; 2], PackageError> {
        let random = SystemRandom::new();
        let ed25519 = Ed25519KeyPair::generate_pkcs8(&random).map_err(|_| PackageError::Randomness)?;
        let p256 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).map_err(|_| PackageError::Randomness)?;
        Ok([ed25519.as_ref().to_vec(), p256.as_ref().to_vec()])
    }

    /// Reads both keys.
    pub fn parse(ed25519: &[u8], p256: &[u8]) -> Result<Self, PackageError> {
        let random = SystemRandom::new();
        let ed25519 = Ed25519KeyPair::from_pkcs8(ed25519).map_err(|_| PackageError::SigningKey)?;
        let p256 = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, p256, &random).map_err(|_| PackageError::SigningKey)?;
        Ok(Self { ed25519, p256, random })
    }

    /// The public halves.
    pub fn public(&self) -> PublicKeys {
        let mut ed25519 = [0; 32];
        ed25519.copy_from_slice(self.ed25519.public_key().as_ref());
        PublicKeys { ed25519, p256: self.p256.public_key().as_ref().to_vec() }
    }

    /// Signs a payload with both keys: the Ed25519 envelope and the P-256 envelope.
    pub(crate) fn sign(&self, payload_type: &str, payload: &[u8]) -> Result<[Envelope; 2], PackageError> {
        let message = encoding(payload_type, payload);
        let public = self.public();
        let ed25519 = self.ed25519.sign(&message);
        let p256 = self.p256.sign(&self.random, &message).map_err(|_| PackageError::Randomness)?;
        Ok([
            Envelope::new(payload_type, payload, key_id(ED25519_SPKI, &public.ed25519), ed25519.as_ref()),
            Envelope::new(payload_type, payload, key_id(P256_SPKI, &public.p256), p256.as_ref()),
        ])
    }
}

impl Envelope {
    fn new(payload_type: &str, payload: &[u8], keyid: String, signature: &[u8]) -> Self {
        let signature = EnvelopeSignature { keyid, sig: BASE64.encode(signature) };
        Self { payload: BASE64.encode(payload), payload_type: payload_type.into(), signatures: [signature] }
    }

    /// Signs with one Ed25519 key.
    pub(crate) fn sign(payload_type: &str, payload: &[u8], key: &Ed25519KeyPair) -> Self {
        let signature = key.sign(&encoding(payload_type, payload));
        Self::new(payload_type, payload, key_id(ED25519_SPKI, key.public_key().as_ref()), signature.as_ref())
    }

    /// Its one spelling: a line of JSON.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// Reads an envelope, strictly; nothing is verified yet.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let envelope: Self = serde_json::from_slice(bytes).ok()?;
        (envelope.bytes() == bytes).then_some(envelope)
    }

    /// The payload, not verified.
    pub(crate) fn payload(&self) -> Option<Vec<u8>> {
        BASE64.decode(&self.payload).ok()
    }

    fn verified(&self, path: &str, payload_type: &str, keyid: &str, holds: impl Fn(&[u8], &[u8]) -> bool) -> Result<Vec<u8>, PackageError> {
        let envelope = || PackageError::Envelope { path: path.into() };
        if self.payload_type != payload_type {
            return Err(envelope());
        }
        if self.signatures[0].keyid != keyid {
            return Err(PackageError::UnknownKey { path: path.into() });
        }
        let payload = self.payload().ok_or_else(envelope)?;
        let signature = BASE64.decode(&self.signatures[0].sig).map_err(|_| PackageError::Signature { path: path.into() })?;
        if holds(&encoding(payload_type, &payload), &signature) { Ok(payload) } else { Err(PackageError::Signature { path: path.into() }) }
    }

    /// The payload, if this Ed25519 key signed it.
    pub(crate) fn verify_ed25519(&self, path: &str, payload_type: &str, key: &[u8]) -> Result<Vec<u8>, PackageError> {
        let holds = |message: &[u8], signature: &[u8]| UnparsedPublicKey::new(&ED25519, key).verify(message, signature).is_ok();
        self.verified(path, payload_type, &key_id(ED25519_SPKI, key), holds)
    }

    /// The payload, if the keys' Ed25519 half signed it.
    pub(crate) fn verify_first(&self, path: &str, payload_type: &str, keys: &PublicKeys) -> Result<Vec<u8>, PackageError> {
        self.verify_ed25519(path, payload_type, &keys.ed25519)
    }

    /// The payload, if the keys' P-256 half signed it.
    pub(crate) fn verify_second(&self, path: &str, payload_type: &str, keys: &PublicKeys) -> Result<Vec<u8>, PackageError> {
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &keys.p256);
        let holds = |message: &[u8], signature: &[u8]| key.verify(message, signature).is_ok();
        self.verified(path, payload_type, &key_id(P256_SPKI, &keys.p256), holds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_terms::Message as _;

    #[test]
    fn the_encoding_is_that_of_the_specification() {
        assert_eq!(encoding("http://example.com/HelloWorld", b"hello world"), b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
    }

    #[test]
    fn no_bit_of_an_envelope_is_free() {
        let [ed25519, p256] = PackageSigner::generate().expect("keys");
        let signer = PackageSigner::parse(&ed25519, &p256).expect("keys");
        let keys = signer.public();
        let (first, second) = keys.texts();
        assert_eq!(PublicKeys::parse(&first, &second).as_ref(), Some(&keys));
        let envelopes = signer.sign("a/b", b"{\"c\":1}").expect("sign");
        for (at, envelope) in envelopes.iter().enumerate() {
            let read = |bytes: &[u8]| {
                let envelope = Envelope::parse(bytes)?;
                let payload = if at == 0 { envelope.verify_first("f", "a/b", &keys) } else { envelope.verify_second("f", "a/b", &keys) };
                payload.ok()
            };
            let bytes = envelope.bytes();
            assert_eq!(read(&bytes).as_deref(), Some(&b"{\"c\":1}"[..]));
            for bit in 0..bytes.len() * 8 {
                let mut changed = bytes.clone();
                changed[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(read(&changed), None, "envelope {at}, bit {bit}");
            }
        }
        let crossed = envelopes[0].verify_second("f", "a/b", &keys).expect_err("the other algorithm");
        assert_eq!(crossed.code(), "package.unknown-key");
    }
}
