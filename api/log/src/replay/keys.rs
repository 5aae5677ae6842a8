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
