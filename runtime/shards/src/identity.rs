//! From an identifier to a unit: keyed hash and shard.
//!
//! Guarantee: the same person gets the same hash in every table, file format and version imported under one
//! key, and the shard of a unit depends on its own identifier, the key and declared numbers alone: adding a
//! unit moves no other (attacks A10 and A11). Without the key nobody can go from an identifier to its hash;
//! shards hold no identifier. Rejected: unkeyed hashes (citizen numbers can be listed), and counters in the
//! order of arrival (they move when a unit is added).

use ring::hmac;
use std::fmt::Write as _;
use tidegate_terms::{IdentifierKind, canonical_identifier};

/// The 128 bits by which a unit is known inside the domain.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnitHash(pub [u8; 16]);

impl UnitHash {
    /// The shard of the unit: the top bits of its hash. `shard_count` is a power of two.
    pub fn shard(&self, shard_count: u32) -> u32 {
        let top = u32::from_be_bytes([self.0[0], self.0[1], self.0[2], self.0[3]]);
        let bits = shard_count.max(1).ilog2();
        if bits == 0 { 0 } else { top >> (32 - bits) }
    }
}

impl UnitHash {
    /// The block of the unit, of so many: equal ranges of its hash, so that it follows from the identifier and the
    /// key alone (attack A11), and rises with the hash.
    pub fn block(&self, blocks: u32) -> u32 {
        let mut top = [0; 8];
        top.copy_from_slice(&self.0[..8]);
        ((u128::from(u64::from_be_bytes(top)) * u128::from(blocks)) >> 64) as u32
    }

    /// The shards, first and last, in which the units of a block lie.
    pub fn shards_of_block(block: u32, blocks: u32, shard_count: u32) -> (u32, u32) {
        let bits = shard_count.max(1).ilog2();
        let shard = |top: u128| if bits == 0 { 0 } else { (top >> (64 - bits)) as u32 };
        let edge = |block: u32| (u128::from(block) << 64).div_ceil(u128::from(blocks.max(1)));
        (shard(edge(block)), shard(edge(block + 1) - 1))
    }
}

impl std::fmt::Debug for UnitHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("UnitHash(withheld)")
    }
}

/// The number of shards of a dataset with so many declared units: about 4096 units each, a power of two
/// from 8 to 4096. It follows from public numbers alone.
pub fn shard_count(units_max: u64) -> u32 {
    let wanted = units_max.div_ceil(4096).clamp(8, 4096);
    (wanted as u32).next_power_of_two()
}

/// Makes hashes from identifiers.
#[derive(Clone)]
pub(crate) struct Identifiers {
    kind: IdentifierKind,
    key: hmac::Key,
    text: String,
}

impl Identifiers {
    /// Hashes identifiers of this kind under this key.
    pub(crate) fn new(kind: IdentifierKind, key: &[u8; 32]) -> Self {
        Self { kind, key: hmac::Key::new(hmac::HMAC_SHA256, key), text: String::new() }
    }

    /// The unit of an identifier that came as text, or `None` where it is none.
    pub(crate) fn of_text(&self, text: &str) -> Option<UnitHash> {
        if self.kind == IdentifierKind::Integer && is_plain_integer(text) {
            return Some(self.hash(text));
        }
        canonical_identifier(self.kind, text).map(|canonical| self.hash(&canonical))
    }

    /// The unit of an identifier that came as a number: as if its decimal digits had come as text.
    pub(crate) fn of_integer(&mut self, number: i128) -> Option<UnitHash> {
        let mut text = std::mem::take(&mut self.text);
        text.clear();
        let unit = match write!(text, "{number}") {
            Ok(()) if self.kind == IdentifierKind::Integer => Some(self.hash(&text)),
            Ok(()) => self.of_text(&text),
            Err(_) => None,
        };
        self.text = text;
        unit
    }

    fn hash(&self, canonical: &str) -> UnitHash {
        let tag = hmac::sign(&self.key, canonical.as_bytes());
        let mut hash = [0; 16];
        hash.copy_from_slice(&tag.as_ref()[..16]);
        UnitHash(hash)
    }
}

/// Digits that are their own canonical form, so that the usual case needs no normalisation.
fn is_plain_integer(text: &str) -> bool {
    let bytes = text.as_bytes();
    matches!(bytes.first(), Some(b'1'..=b'9')) && bytes.len() <= 256 && bytes.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_number_meet_in_one_unit() {
        let mut integers = Identifiers::new(IdentifierKind::Integer, &[7; 32]);
        assert_eq!(integers.of_text(" 007"), integers.of_integer(7));
        assert_eq!(integers.of_text("-0"), integers.of_integer(0));
        assert_eq!(integers.of_text("7"), integers.of_integer(7));
        assert_eq!(integers.of_text("-12"), integers.of_integer(-12));
        assert_eq!(integers.of_text("7.0"), None);
        assert_eq!(integers.of_text(""), None);
        let mut citizens = Identifiers::new(IdentifierKind::CitizenId, &[7; 32]);
        assert_eq!(citizens.of_text("110105491231002"), citizens.of_integer(110_105_491_231_002));
        assert!(citizens.of_text("11010519491231002X") == citizens.of_integer(110_105_491_231_002));
        assert_eq!(citizens.of_integer(12), None);
    }

    #[test]
    fn the_short_way_agrees_with_the_canonical_form() {
        for text in ["1", "10", "907", "0", "00", "+1", "12a", "１", " 1", "99999999999999999999999"] {
            if is_plain_integer(text) {
                assert_eq!(canonical_identifier(IdentifierKind::Integer, text).as_deref(), Some(text));
            }
        }
    }

    // clause: A6 permitted
    #[test]
    fn another_key_is_another_population() {
        let one = Identifiers::new(IdentifierKind::Text, &[1; 32]);
        let two = Identifiers::new(IdentifierKind::Text, &[2; 32]);
        assert_ne!(one.of_text("a"), two.of_text("a"));
        assert_eq!(format!("{:?}", one.of_text("a")), "Some(UnitHash(withheld))");
    }

    #[test]
    fn every_unit_of_a_block_lies_in_its_shards() {
        for (blocks, shards) in [(1, 8), (7, 8), (8, 8), (50, 16), (1000, 8), (3, 1)] {
            for step in 0..2_000_u64 {
                let top = step.wrapping_mul(0x9e37_79b9_7f4a_7c15);
                let mut hash = [0xff; 16];
                hash[..8].copy_from_slice(&top.to_be_bytes());
                let (first, last) = UnitHash::shards_of_block(UnitHash(hash).block(blocks), blocks, shards);
                assert!((first..=last).contains(&UnitHash(hash).shard(shards)), "{blocks} {shards} {top:x}");
            }
        }
        assert_eq!(UnitHash([0xff; 16]).block(7), 6);
        assert_eq!(UnitHash::shards_of_block(6, 7, 8), (6, 7));
    }

    #[test]
    fn shards_follow_from_declared_numbers() {
        let cases = [(1, 8), (40_000, 16), (1_000_000, 256), (20_000_000, 4096), (2_000_000_000, 4096)];
        for (units, shards) in cases {
            assert_eq!(shard_count(units), shards, "{units}");
        }
        assert_eq!(UnitHash([0xff; 16]).shard(8), 7);
        assert_eq!(UnitHash([0; 16]).shard(8), 0);
        assert_eq!(UnitHash([0xff; 16]).shard(1), 0);
    }
}
