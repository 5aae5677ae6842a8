//! Approvals: somebody of the authority signs that a module may make exact tables of a dataset.
//!
//! The signature is over the module's digest, so that it covers code, manifest and every table in it.

use crate::{Digest, Name};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::signature::{ED25519, Ed25519KeyPair, UnparsedPublicKey};

messages! {
    /// Why an approval does not hold.
    pub enum ApprovalError {
        Signature = "approval.signature" {
            en: "the signature of the approval does not verify: sign this very module and dataset with `tidegate model approve`",
            zh: "批准的签名验证失败：请用 `tidegate model approve` 对该模型与数据集签署",
        },
    }
}

/// What is signed.
pub fn approval_message(module: Digest, dataset: &Name) -> String {
    format!("tidegate reviewed aggregate approval v1\nmodule sha256 {module}\ndataset {dataset}\n")
}

/// Signs an approval; base64.
pub fn sign_approval(key: &Ed25519KeyPair, module: Digest, dataset: &Name) -> String {
    BASE64.encode(key.sign(approval_message(module, dataset).as_bytes()).as_ref())
}

/// Checks that the holder of a public key approved this very module for this dataset.
pub fn check_approval(public_key: &str, signature: &str, module: Digest, dataset: &Name) -> Result<(), ApprovalError> {
    let decode = |text: &str| BASE64.decode(text).map_err(|_| ApprovalError::Signature);
    let key = UnparsedPublicKey::new(&ED25519, decode(public_key)?);
    key.verify(approval_message(module, dataset).as_bytes(), &decode(signature)?).map_err(|_| ApprovalError::Signature)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::signature::KeyPair as _;

    #[test]
    fn an_approval_holds_for_its_module_and_dataset_only() {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&ring::rand::SystemRandom::new()).expect("key");
        let key = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).expect("key");
        let (public, dataset) = (BASE64.encode(key.public_key().as_ref()), Name::parse("people").expect("name"));
        let signature = sign_approval(&key, Digest::of(b"m"), &dataset);
        assert!(check_approval(&public, &signature, Digest::of(b"m"), &dataset).is_ok());
        assert!(check_approval(&public, &signature, Digest::of(b"n"), &dataset).is_err());
        assert!(check_approval(&public, &signature, Digest::of(b"m"), &Name::parse("others").expect("name")).is_err());
        assert!(check_approval(&BASE64.encode([0; 32]), &signature, Digest::of(b"m"), &dataset).is_err());
        assert!(check_approval("?", "?", Digest::of(b"m"), &dataset).is_err());
    }
}
