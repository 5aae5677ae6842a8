//! Hashing of the Merkle tree: RFC 6962, section 2.1.
//!
//! Guarantee: a leaf never collides with an inner node, because each is hashed with its own first byte.
//! Digests travel as [`Digest`]; the C2SP texts write them in base64, Tidegate's own in hexadecimal.

use tidegate_terms::Digest;

/// The hash of an entry: SHA-256 of 0x00 and its bytes.
pub fn leaf_hash(entry: &[u8]) -> Digest {
    Digest::of_parts(&[&[0], entry])
}

/// The hash of an inner node: SHA-256 of 0x01 and both children.
pub fn node_hash(left: Digest, right: Digest) -> Digest {
    Digest::of_parts(&[&[1], &left.0, &right.0])
}

/// The root of a tree without entries: SHA-256 of nothing.
pub fn empty_root() -> Digest {
    Digest::of(&[])
}

/// The root over up to a power of two hashes of one height, as they stand side by side.
///
/// With a full tile this is the hash that goes into the tile above; with fewer it is the RFC 6962 tree over
/// them as if each were a leaf, which holds for any equally high subtrees. `None` for no hashes.
pub fn fold(hashes: &[Digest]) -> Option<Digest> {
    match hashes {
        [] => None,
        [one] => Some(*one),
        _ => {
            let half = hashes.len().next_power_of_two() / 2;
            let (left, right) = hashes.split_at(half);
            Some(node_hash(fold(left)?, fold(right)?))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefixes_are_those_of_rfc_6962() {
        let digest = |text| Digest::parse(text).expect("digest");
        assert_eq!(empty_root(), digest("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
        assert_eq!(leaf_hash(b""), digest("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"));
        let two = node_hash(leaf_hash(b""), leaf_hash(&[0]));
        assert_eq!(two, digest("fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"));
        assert_ne!(leaf_hash(&[&[1_u8; 32][..], &[2; 32]].concat()), node_hash(Digest([1; 32]), Digest([2; 32])));
    }
}
