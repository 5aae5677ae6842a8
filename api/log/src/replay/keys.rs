//! The rules about the log's own key: changed under its name only, one change after the other.
//!
//! Whether a key signed before its entry or after its overlap shows in checkpoints, not in entries; the audit holds
//! the checkpoints that it has against [`Rotation`]s.

use super::Replay;
use crate::key::Verifier;
use crate::text::parse_instant;
use crate::violation::Violation;

/// That the log got another key.
#[derive(Debug, Clone)]
pub(crate) struct Rotation {
    /// The index of its entry.
    pub(crate) entry: u64,
    /// The new key.
    pub(crate) key: Verifier,
    /// When the key before stops signing.
    pub(crate) until: String,
}

impl Replay {
    pub(super) fn rotate_key(&mut self, at: String, key: String, until: String) {
        let parsed = Verifier::parse(&key).ok().filter(|parsed| *parsed.name() == self.origin);
        let Some(parsed) = parsed else { return self.find(Violation::RotatedKey { key: key.chars().take(120).collect() }) };
        self.check(parse_instant(&until) > parse_instant(&at), || Violation::RotationDates { until: until.clone() });
        let again = self.rotations.iter().any(|rotation| rotation.key == parsed);
        self.check(!again, || Violation::RotatedAgain { key });
        let overlaps = self.rotations.last().is_some_and(|before| at < before.until);
        self.check(!overlaps, || Violation::RotationOverlaps { at });
        self.rotations.push(Rotation { entry: self.next, key: parsed, until });
    }

    /// A checkpoint of so many entries, the newest of this instant, was signed by these keys; `first` is the key
    /// before the first rotation, where it is known.
    pub(crate) fn check_signed(&mut self, size: u64, newest: &str, first: Option<&Verifier>, signed: impl Fn(&Verifier) -> bool) {
        let mut found = Vec::new();
        let mut before = first;
        for rotation in &self.rotations {
            if size <= rotation.entry && signed(&rotation.key) {
                found.push((rotation.entry, Violation::KeyEarly { key: rotation.key.to_string(), size }));
            }
            if newest > rotation.until.as_str() && before.is_some_and(&signed) {
                let key = before.map(ToString::to_string).unwrap_or_default();
                found.push((rotation.entry, Violation::KeyLate { key, until: rotation.until.clone(), size }));
            }
            before = Some(&rotation.key);
        }
        for (entry, violation) in found {
            self.find_at(entry, violation);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::{Entry, Event};
    use crate::key::Signer;
    use crate::replay::Read;
    use crate::replay::tests::{ORIGIN, story};
    use tidegate_terms::Message as _;

    fn key(origin: &str, seed: u8) -> Verifier {
        Signer::from_seed(origin, &[seed; 32]).expect("key").verifier().clone()
    }

    fn replay(rotations: &[(&str, String, &str)]) -> Replay {
        let mut replay = Replay::new(ORIGIN);
        let rotations = rotations
            .iter()
            .map(|(at, key, until)| Entry { at: (*at).into(), event: Event::RotateKey { key: key.clone(), until: (*until).into() } });
        story().into_iter().take(2).chain(rotations).for_each(|entry| replay.take(Read::of(&entry.encode().expect("encode"))));
        replay
    }

    fn codes(replay: &Replay) -> Vec<(u64, String)> {
        replay.findings.iter().map(|finding| (finding.entry, finding.violation.code())).collect()
    }

    #[test]
    fn a_change_names_a_new_key_of_this_log_and_waits_for_the_one_before() {
        let (second, third) = (key(ORIGIN, 2).to_string(), key(ORIGIN, 3).to_string());
        let (day, week, month) = ("2026-12-01T00:00:00Z", "2026-12-08T00:00:00Z", "2026-12-31T00:00:00Z");
        let good = replay(&[(day, second.clone(), week), (week, third.clone(), month)]);
        assert_eq!((codes(&good), good.rotations.len()), (vec![], 2));
        let wrong = [
            (vec![(day, key("other.example", 2).to_string(), week)], vec![(2, "audit.rotated-key")]),
            (vec![(day, "no key".into(), week)], vec![(2, "audit.rotated-key")]),
            (vec![(day, second.clone(), day)], vec![(2, "audit.rotation-dates")]),
            (vec![(day, second.clone(), week), (week, second.clone(), month)], vec![(3, "audit.rotated-again")]),
            (vec![(day, second, month), (week, third, month)], vec![(3, "audit.rotation-overlaps")]),
        ];
        for (rotations, expected) in wrong {
            let expected: Vec<(u64, String)> = expected.into_iter().map(|(entry, code)| (entry, code.to_owned())).collect();
            assert_eq!(codes(&replay(&rotations)), expected);
        }
    }

    #[test]
    fn a_key_signs_between_its_entry_and_its_end() {
        let (first, second) = (key(ORIGIN, 1), key(ORIGIN, 2));
        let (day, week, month) = ("2026-12-01T00:00:00Z", "2026-12-08T00:00:00Z", "2026-12-31T00:00:00Z");
        let log = || replay(&[(day, second.to_string(), week)]);
        let by = |signers: Vec<Verifier>, size: u64, newest: &str| {
            let mut log = log();
            log.check_signed(size, newest, Some(&first), |verifier| signers.contains(verifier));
            codes(&log)
        };
        let both = || vec![first.clone(), second.clone()];
        assert_eq!(by(both(), 3, day), vec![]);
        assert_eq!(by(both(), 9, week), vec![], "until its last second");
        assert_eq!(by(vec![second.clone()], 9, month), vec![]);
        assert_eq!(by(vec![first.clone()], 2, day), vec![], "before the change");
        assert_eq!(by(vec![second.clone()], 2, day), [(2, "audit.key-early".into())]);
        assert_eq!(by(both(), 9, month), [(2, "audit.key-late".into())]);
        assert_eq!(by(vec![first.clone()], 9, month), [(2, "audit.key-late".into())]);
    }
}
