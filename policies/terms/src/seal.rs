//! The seal: component and manifest bound together by digest and signed by the operator.

use crate::Digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

messages! {
    /// Why a seal does not hold.
    pub enum SealError {
        Syntax { detail: String } = "seal.syntax" {
            en: "the seal cannot be read: {detail}; run `tidegate model sign` again",
            zh: "无法读取封签：{detail}；请重新运行 `tidegate model sign`",
        },
        Algorithm { algorithm: String } = "seal.algorithm" {
            en: "the seal uses `{algorithm}`; only ed25519 is accepted",
            zh: "封签使用了“{algorithm}”；只接受 ed25519",
        },
        OtherComponent = "seal.other-component" {
            en: "the seal belongs to another component: run `tidegate model sign` again after the last change",
            zh: "封签属于另一个组件：最后一次修改后请重新运行 `tidegate model sign`",
        },
        OtherManifest = "seal.other-manifest" {
            en: "the seal belongs to another manifest: run `tidegate model sign` again after the last change",
            zh: "封签属于另一份清单：最后一次修改后请重新运行 `tidegate model sign`",
        },
        Signature = "seal.signature" {
            en: "the signature of the seal does not verify: it was made by another key or damaged",
            zh: "封签的签名验证失败：由其他密钥签署或已损坏",
        },
    }
}

/// Component and manifest, bound and signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seal {
    /// The signature algorithm: `ed25519`.
    pub algorithm: String,
    /// SHA-256 of the component.
    pub component: Digest,
    /// SHA-256 of the manifest as it lies on disk.
    pub manifest: Digest,
    /// The signer's public key, base64.
    pub public_key: String,
    /// The signature over [`seal_message`], base64.
    pub signature: String,
}

/// What is signed: a domain-separated text of both digests.
pub fn seal_message(component: Digest, manifest: Digest) -> String {
    format!("tidegate module seal v1\ncomponent sha256 {component}\nmanifest sha256 {manifest}\n")
}

impl Seal {
    /// Signs a component and its manifest.
    pub fn sign(component: &[u8], manifest: &[u8], key: &Ed25519KeyPair) -> Self {
        let (component, manifest) = (Digest::of(component), Digest::of(manifest));
        let signature = key.sign(seal_message(component, manifest).as_bytes());
        Self {
            algorithm: "ed25519".into(),
            component,
            manifest,
            public_key: BASE64.encode(key.public_key().as_ref()),
            signature: BASE64.encode(signature.as_ref()),
        }
    }

    /// Reads a seal from JSON.
    pub fn parse(text: &str) -> Result<Self, SealError> {
        serde_json::from_str(text).map_err(|error| SealError::Syntax { detail: error.to_string() })
    }

    /// The digest of the module that these bytes are, whoever signed them.
    pub fn digest_of(component: &[u8], manifest: &[u8]) -> Digest {
        Digest::of(seal_message(Digest::of(component), Digest::of(manifest)).as_bytes())
    }

    /// Checks that the seal holds for these very bytes, and returns the digest of the sealed module.
    pub fn check(&self, component: &[u8], manifest: &[u8]) -> Result<Digest, SealError> {
        if self.algorithm != "ed25519" {
            return Err(SealError::Algorithm { algorithm: self.algorithm.chars().take(40).collect() });
        }
        if self.component != Digest::of(component) {
            return Err(SealError::OtherComponent);
        }
        if self.manifest != Digest::of(manifest) {
            return Err(SealError::OtherManifest);
        }
        let decode = |text: &str| BASE64.decode(text).map_err(|_| SealError::Signature);
        let message = seal_message(self.component, self.manifest);
        UnparsedPublicKey::new(&ED25519, decode(&self.public_key)?)
            .verify(message.as_bytes(), &decode(&self.signature)?)
            .map_err(|_| SealError::Signature)?;
        Ok(Digest::of(message.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_holds_for_its_own_bytes_only() {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&ring::rand::SystemRandom::new()).expect("key");
        let key = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).expect("key");
        let seal = Seal::sign(b"component", b"manifest", &key);
        assert!(seal.check(b"component", b"manifest").is_ok());
        assert!(matches!(seal.check(b"Component", b"manifest"), Err(SealError::OtherComponent)));
        assert!(matches!(seal.check(b"component", b"Manifest"), Err(SealError::OtherManifest)));
        let forged = Seal { component: Digest::of(b"x"), ..seal.clone() };
        assert!(matches!(forged.check(b"x", b"manifest"), Err(SealError::Signature)));
        let other = Seal { algorithm: "none".into(), ..seal };
        assert!(matches!(other.check(b"component", b"manifest"), Err(SealError::Algorithm { .. })));
    }
}
