//! The Merkle tree of RFC 6962: roots, and proofs that an entry is in it or that it only grew.
//!
//! Guarantee: `verify_` accepts a proof only if it has exactly the length and the hashes that the two sizes
//! demand (RFC 9162, sections 2.1.3.2 and 2.1.4.2, which state the algorithms that RFC 6962 leaves out).
//! Proofs are made from perfect subtrees through [`Nodes`], so that tiles on disk and a vector in a test
//! serve alike. Rejected: keeping the whole tree in memory; the right edge is enough to append and to root.

use crate::hash::{empty_root, leaf_hash, node_hash};
use tidegate_terms::Digest;

/// Where the hashes of perfect subtrees come from.
pub trait Nodes {
    /// Why one could not be had.
    type Error;
    /// The root over the entries `index << height .. (index + 1) << height`.
    fn node(&mut self, height: u32, index: u64) -> Result<Digest, Self::Error>;
}

/// The right edge of a growing tree: one hash per bit that is set in its size (a compact range from 0).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edge {
    size: u64,
    /// Roots of perfect subtrees, the widest first.
    peaks: Vec<Digest>,
}

impl Edge {
    /// Entries so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds the hash of the next entry.
    pub fn push(&mut self, leaf: Digest) {
        self.push_subtree(0, leaf);
    }

    /// Adds a perfect subtree of a height that the size so far is a multiple of.
    pub(crate) fn push_subtree(&mut self, height: u32, root: Digest) {
        let mut node = root;
        let mut carry = self.size >> height;
        while carry & 1 == 1 {
            let Some(left) = self.peaks.pop() else { break };
            node = node_hash(left, node);
            carry >>= 1;
        }
        self.peaks.push(node);
        self.size = self.size.saturating_add(1 << height);
    }

    /// The root.
    pub fn root(&self) -> Digest {
        let mut peaks = self.peaks.iter().rev().copied();
        peaks.next().map_or_else(empty_root, |last| peaks.fold(last, |right, left| node_hash(left, right)))
    }
}

/// The root over `from..to`; `from` is a multiple of the power of two that covers the range.
pub(crate) fn range_root<N: Nodes>(nodes: &mut N, from: u64, to: u64) -> Result<Digest, N::Error> {
    let (mut at, mut peaks) = (from, Vec::new());
    while at < to {
        let height = (to - at).ilog2();
        peaks.push(nodes.node(height, at >> height)?);
        at += 1 << height;
    }
    let mut peaks = peaks.into_iter().rev();
    Ok(peaks.next().map_or_else(empty_root, |last| peaks.fold(last, |right, left| node_hash(left, right))))
}

/// The largest power of two below a size of at least 2.
fn split(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}

/// The inclusion proof of the entry at `index` in the tree of `size` entries; empty where there is none.
pub fn prove_inclusion<N: Nodes>(nodes: &mut N, index: u64, size: u64) -> Result<Vec<Digest>, N::Error> {
    let (mut from, mut to, mut proof) = (0, size, Vec::new());
    while to > from + 1 && index < size {
        let middle = from + split(to - from);
        if index < middle {
            proof.push(range_root(nodes, middle, to)?);
            to = middle;
        } else {
            proof.push(range_root(nodes, from, middle)?);
            from = middle;
        }
    }
    proof.reverse();
    Ok(proof)
}

/// The proof that the tree of `old` entries is the beginning of the tree of `new` entries.
pub fn prove_consistency<N: Nodes>(nodes: &mut N, old: u64, new: u64) -> Result<Vec<Digest>, N::Error> {
    let (mut from, mut to, mut proof) = (0, new, Vec::new());
    if old == 0 || old >= new {
        return Ok(proof);
    }
    while to != old {
        let middle = from + split(to - from);
        if old <= middle {
            proof.push(range_root(nodes, middle, to)?);
            to = middle;
        } else {
            proof.push(range_root(nodes, from, middle)?);
            from = middle;
        }
    }
    if from != 0 {
        proof.push(range_root(nodes, from, to)?);
    }
    proof.reverse();
    Ok(proof)
}

/// Whether an entry with this hash stands at `index` in the tree of `size` entries with this root.
#[must_use]
pub fn verify_inclusion(leaf: Digest, index: u64, size: u64, proof: &[Digest], root: Digest) -> bool {
    if index >= size {
        return false;
    }
    let (mut node, mut last, mut hash) = (index, size - 1, leaf);
    for sibling in proof {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(*sibling, hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(hash, *sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && hash == root
}

/// Whether the tree of `old` entries with `old_root` is the beginning of that of `new` entries with `new_root`.
#[must_use]
pub fn verify_consistency(old: u64, old_root: Digest, new: u64, new_root: Digest, proof: &[Digest]) -> bool {
    if old == 0 {
        return proof.is_empty() && old_root == empty_root();
    }
    if old >= new {
        return old == new && proof.is_empty() && old_root == new_root;
    }
    let (first, rest) = if old.is_power_of_two() {
        (old_root, proof)
    } else {
        match proof.split_first() {
            Some((first, rest)) => (*first, rest),
            None => return false,
        }
    };
    let shift = (old - 1).trailing_ones();
    let (mut node, mut last) = ((old - 1) >> shift, (new - 1) >> shift);
    let (mut old_hash, mut new_hash) = (first, first);
    for sibling in rest {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            old_hash = node_hash(*sibling, old_hash);
            new_hash = node_hash(*sibling, new_hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new_hash = node_hash(new_hash, *sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && old_hash == old_root && new_hash == new_root
}

/// The root over some entries in memory.
pub fn root_of<'a>(entries: impl IntoIterator<Item = &'a [u8]>) -> Digest {
    let mut edge = Edge::default();
    entries.into_iter().for_each(|entry| edge.push(leaf_hash(entry)));
    edge.root()
}

#[cfg(test)]
mod tests;
