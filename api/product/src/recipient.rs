//! What a recipient signs with its Ed25519 key: the acknowledgement of the terms, and the receipt of a package.
//!
//! Both are DSSE envelopes with payload types of their own, so that one can never stand for the other.

use crate::dsse::Envelope;
use crate::error::PackageError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tidegate_terms::Digest;

const ACKNOWLEDGEMENT: &str = "application/vnd.tidegate.acknowledgement+json";
const RECEIPT: &str = "application/vnd.tidegate.receipt+json";

/// An acknowledgement of terms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acknowledged {
    /// The product.
    pub product: String,
    /// The digest of the terms.
    pub terms_sha256: Digest,
    /// Who will receive it.
    pub recipient: String,
    /// The recipient's Ed25519 public key, base64.
    pub recipient_key: String,
}

/// A receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Received {
    /// The product.
    pub product: String,
    /// The delivery.
    pub delivery: String,
    /// The digest of the package's statement.
    pub statement_sha256: Digest,
    /// The recipient's Ed25519 public key, base64.
    pub recipient_key: String,
}

trait Keyed {
    fn key(&self) -> &str;
}

impl Keyed for Acknowledged {
    fn key(&self) -> &str {
        &self.recipient_key
    }
}

impl Keyed for Received {
    fn key(&self) -> &str {
        &self.recipient_key
    }
}

fn read<T: DeserializeOwned + Keyed>(payload_type: &str, bytes: &[u8]) -> Result<T, PackageError> {
    let wrong = |detail: &str| PackageError::Acknowledgement { detail: detail.into() };
    let envelope = Envelope::parse(bytes).ok_or_else(|| wrong("no DSSE envelope"))?;
    let payload = envelope.payload().ok_or_else(|| wrong("no base64"))?;
    let signed: T = serde_json::from_slice(&payload).map_err(|error| wrong(&error.to_string()))?;
    let key = BASE64.decode(signed.key()).map_err(|_| wrong("no key"))?;
    match envelope.verify_ed25519("", payload_type, &key) {
        Ok(_) => Ok(signed),
        Err(PackageError::Envelope { .. }) => Err(wrong("another kind of file")),
        Err(_) => Err(PackageError::AcknowledgementForged),
    }
}

fn public(key: &Ed25519KeyPair) -> String {
    BASE64.encode(key.public_key().as_ref())
}

/// Signs that the terms of a product are acknowledged.
pub fn acknowledge(product: &str, terms: Digest, recipient: &str, key: &Ed25519KeyPair) -> Vec<u8> {
    let signed = Acknowledged { product: product.into(), terms_sha256: terms, recipient: recipient.into(), recipient_key: public(key) };
    Envelope::sign(ACKNOWLEDGEMENT, &serde_json::to_vec(&signed).unwrap_or_default(), key).bytes()
}

/// Reads an acknowledgement and checks its signature under the key that it names.
pub fn read_acknowledgement(bytes: &[u8]) -> Result<Acknowledged, PackageError> {
    read(ACKNOWLEDGEMENT, bytes)
}

/// Signs that a package arrived.
pub fn receive(product: &str, delivery: &str, statement: Digest, key: &Ed25519KeyPair) -> Vec<u8> {
    let signed = Received { product: product.into(), delivery: delivery.into(), statement_sha256: statement, recipient_key: public(key) };
    Envelope::sign(RECEIPT, &serde_json::to_vec(&signed).unwrap_or_default(), key).bytes()
}

/// Reads a receipt and checks its signature under the key that it names.
pub fn read_receipt(bytes: &[u8]) -> Result<Received, PackageError> {
    read(RECEIPT, bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_terms::Message as _;

    #[test]
    fn one_signed_file_never_stands_for_the_other() {
        let key = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("key");
        let file = acknowledge("p1", Digest::of(b"terms"), "Bank", &key);
        assert_eq!(read_acknowledgement(&file).expect("acknowledgement").recipient, "Bank");
        assert_eq!(read_receipt(&file).expect_err("another kind").code(), "package.acknowledgement");
        let receipt = receive("p1", "d1", Digest::of(b"statement"), &key);
        assert_eq!(read_receipt(&receipt).expect("receipt").delivery, "d1");
        for at in 0..file.len() {
            let mut changed = file.clone();
            changed[at] ^= 1;
            assert!(read_acknowledgement(&changed).is_err(), "byte {at}");
        }
    }
}
