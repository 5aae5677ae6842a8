//! The rules about witnesses: who is asked is known at every moment, and a demanded quorum can be reached.

use super::Replay;
use crate::cosignature::Witness;
use crate::entry::Event;
use crate::violation::Violation;
use std::collections::BTreeSet;
use tidegate_terms::messages;

messages! {
    /// A rule about witnesses that an entry breaks.
    pub enum WitnessViolation {
        Key { witness: String } = "audit.witness-key" {
            en: "the key of the witness `{witness}` cannot be read: ask the custodian who was meant",
            zh: "见证方“{witness}”的密钥无法读取：请询问保管方所指为谁",
        },
        Again { witness: String } = "audit.witness-again" {
            en: "the witness `{witness}` was added already: ask the custodian",
            zh: "见证方“{witness}”此前已添加：请询问保管方",
        },
        Unknown { witness: String } = "audit.witness-unknown" {
            en: "the witness `{witness}` is removed but was never added: ask the custodian",
            zh: "见证方“{witness}”被移除，却从未添加：请询问保管方",
        },
        Quorum { dataset: String, quorum: u32 } = "audit.witness-quorum" {
            en: "the policy of `{dataset}` demands {quorum} witnesses, but not so many different readable keys are named: ask the authority to correct it",
            zh: "“{dataset}”的策略要求 {quorum} 个见证方，而列出的不同可读密钥不足：请主管部门更正",
        },
    }
}

impl Replay {
    pub(super) fn add_witness(&mut self, witness: String) {
        self.check(Witness::parse(&witness).is_ok(), || WitnessViolation::Key { witness: short(&witness) }.into());
        if !self.witnesses.insert(witness.clone()) {
            self.find(WitnessViolation::Again { witness: short(&witness) }.into());
        }
    }

    pub(super) fn remove_witness(&mut self, witness: &str) {
        let known = self.witnesses.remove(witness);
        self.check(known, || WitnessViolation::Unknown { witness: short(witness) }.into());
    }

    pub(super) fn check_quorum(&mut self, mount: &Event) {
        let Event::Mount { dataset, witnesses: Some(demanded), .. } = mount else { return };
        let keys: Option<BTreeSet<[u8; 32]>> = demanded.keys.iter().map(|key| Some(Witness::parse(key).ok()?.public_key())).collect();
        let reachable =
            keys.is_some_and(|keys| keys.len() == demanded.keys.len() && (1..=keys.len()).contains(&(demanded.quorum as usize)));
        self.check(reachable, || Violation::Witness(WitnessViolation::Quorum { dataset: dataset.to_string(), quorum: demanded.quorum }));
    }
}

fn short(key: &str) -> String {
    key.chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cosignature::WitnessSigner;
    use crate::entry::Entry;
    use crate::replay::Read;
    use tidegate_terms::Message as _;

    #[test]
    fn witnesses_come_once_and_go_once() {
        let key = WitnessSigner::generate("witness.example").expect("key").0.witness().to_string();
        let mut replay = Replay::new("log.example");
        let mut take = |event| {
            let before = replay.findings.len();
            replay.take(Read::of(&Entry { at: "2026-11-22T10:00:00Z".into(), event }.encode().expect("entry")));
            replay.findings[before..].iter().map(|finding| finding.violation.code()).collect::<Vec<_>>()
        };
        let begin = Event::Domain { origin: "log.example".into(), software: "test".into() };
        let (added, removed) = (Event::WitnessAdded { witness: key.clone() }, Event::WitnessRemoved { witness: key });
        assert!(take(begin).is_empty());
        assert!(take(added.clone()).is_empty());
        assert_eq!(take(added.clone()), ["audit.witness-again"]);
        assert!(take(removed.clone()).is_empty());
        assert_eq!(take(removed), ["audit.witness-unknown"]);
        assert_eq!(take(Event::WitnessAdded { witness: "nobody".into() }), ["audit.witness-key"]);
        assert!(take(added).is_empty());
    }
}
