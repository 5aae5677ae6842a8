//! Who must have cosigned the log before a release is shown.
//!
//! Guarantee: a quorum that was checked can be reached, counts no key twice, and names keys of witnesses
//! (C2SP tlog-cosignature, `cosignature/v1`) whose check sum fits. One key under two names would be one witness that
//! counts twice, because what it signs does not say its name.

use crate::Digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The algorithm field of witnesses' keys: Ed25519 over a time and a checkpoint.
const COSIGNATURE: u8 = 4;

messages! {
    /// Why a quorum is refused.
    #[derive(Clone, PartialEq, Eq)]
    pub enum WitnessQuorumError {
        Quorum { quorum: u32, keys: usize } = "policy.witness-quorum" {
            en: "`witnesses.quorum` is {quorum}, but {keys} keys are named: it must be at least 1 and at most their number",
            zh: "`witnesses.quorum` 为 {quorum}，而列出了 {keys} 个密钥：须至少为 1 且不超过密钥个数",
        },
        Key { key: String } = "policy.witness-key" {
            en: "`{key}` in `witnesses.keys` is no witness's verifier key: copy it whole, as `tidegate witness show` prints it (name+hash+base64)",
            zh: "`witnesses.keys` 中的“{key}”不是见证方核验公钥：请按 `tidegate witness show` 的输出完整复制（名称+哈希+base64）",
        },
        Twice { key: String } = "policy.witness-twice" {
            en: "`{key}` in `witnesses.keys` has the name or the key of another one: each witness counts once",
            zh: "`witnesses.keys` 中的“{key}”与另一项名称或密钥相同：每个见证方只计一次",
        },
    }
}

/// How many of which witnesses must have cosigned the checkpoint that covers a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WitnessQuorum {
    /// How many, at least 1.
    pub quorum: u32,
    /// Their verifier keys, `name+hash+base64`.
    pub keys: Vec<String>,
}

impl WitnessQuorum {
    /// Checks that the quorum can be reached and that every key is a different witness's.
    pub fn check(&self) -> Result<(), WitnessQuorumError> {
        if self.quorum == 0 || self.quorum as usize > self.keys.len() {
            return Err(WitnessQuorumError::Quorum { quorum: self.quorum, keys: self.keys.len() });
        }
        let (mut names, mut publics) = (BTreeSet::new(), BTreeSet::new());
        for key in &self.keys {
            let short = || key.chars().take(80).collect();
            let (name, public) = parse(key).ok_or_else(|| WitnessQuorumError::Key { key: short() })?;
            if !names.insert(name) || !publics.insert(public) {
                return Err(WitnessQuorumError::Twice { key: short() });
            }
        }
        Ok(())
    }
}

fn parse(key: &str) -> Option<(&str, Vec<u8>)> {
    let mut parts = key.splitn(3, '+');
    let (name, hash, data) = (parts.next()?, parts.next()?, BASE64.decode(parts.next()?).ok()?);
    let (algorithm, public) = data.split_first()?;
    let digest = Digest::of_parts(&[name.as_bytes(), b"\n", &[COSIGNATURE], public]).to_string();
    let whole = *algorithm == COSIGNATURE && public.len() == 32 && digest[..8] == *hash;
    let named = !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control());
    (whole && named).then(|| (name, public.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str, public: [u8; 32]) -> String {
        let digest = Digest::of_parts(&[name.as_bytes(), b"\n", &[COSIGNATURE], &public]).to_string();
        format!("{name}+{}+{}", &digest[..8], BASE64.encode([&[COSIGNATURE][..], &public].concat()))
    }

    #[test]
    fn a_quorum_counts_different_witnesses() {
        let (one, two) = (key("one.example", [1; 32]), key("two.example", [2; 32]));
        let check = |quorum, keys: &[&String]| WitnessQuorum { quorum, keys: keys.iter().map(|key| (*key).clone()).collect() }.check();
        assert_eq!(check(1, &[&one, &two]), Ok(()));
        assert_eq!(check(2, &[&one, &two]), Ok(()));
        for quorum in [0, 3] {
            assert_eq!(check(quorum, &[&one, &two]), Err(WitnessQuorumError::Quorum { quorum, keys: 2 }));
        }
        for again in [one.clone(), key("three.example", [1; 32]), key("one.example", [3; 32])] {
            assert_eq!(check(1, &[&one, &again]), Err(WitnessQuorumError::Twice { key: again }));
        }
        for wrong in
            [String::new(), one.replace("one", "oné"), one.replacen('+', "-", 1), one[..one.len() - 4].to_owned(), one.replace("+B", "+A")]
        {
            assert_eq!(check(1, &[&wrong]), Err(WitnessQuorumError::Key { key: wrong.chars().take(80).collect() }), "{wrong}");
        }
    }
}
