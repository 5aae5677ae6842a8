use super::*;
use std::convert::Infallible;

/// RFC 6962 written down as it reads: the model that everything else is compared with.
fn model_root(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => empty_root(),
        [one] => *one,
        _ => {
            let half = split(leaves.len() as u64) as usize;
            node_hash(model_root(&leaves[..half]), model_root(&leaves[half..]))
        }
    }
}

fn model_path(index: usize, leaves: &[Digest]) -> Vec<Digest> {
    if leaves.len() < 2 {
        return Vec::new();
    }
    let half = split(leaves.len() as u64) as usize;
    let (left, right) = leaves.split_at(half);
    let (mut path, other) = if index < half { (model_path(index, left), right) } else { (model_path(index - half, right), left) };
    path.push(model_root(other));
    path
}

fn model_consistency(old: usize, leaves: &[Digest], whole: bool) -> Vec<Digest> {
    if old == leaves.len() {
        return if whole { Vec::new() } else { vec![model_root(leaves)] };
    }
    let half = split(leaves.len() as u64) as usize;
    let (left, right) = leaves.split_at(half);
    let (mut path, other) =
        if old <= half { (model_consistency(old, left, whole), right) } else { (model_consistency(old - half, right, false), left) };
    path.push(model_root(other));
    path
}

struct Leaves(Vec<Digest>);

impl Nodes for Leaves {
    type Error = Infallible;
    fn node(&mut self, height: u32, index: u64) -> Result<Digest, Infallible> {
        let from = (index << height) as usize;
        Ok(model_root(&self.0[from..from + (1 << height)]))
    }
}

fn leaves(count: usize) -> Vec<Digest> {
    (0..count).map(|number| leaf_hash(&number.to_be_bytes())).collect()
}

fn digest(text: &str) -> Digest {
    Digest::parse(text).expect("digest")
}

/// The tree of the Certificate Transparency reference implementation.
const VECTORS: [(&[u8], &str); 8] = [
    (b"", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
    (b"\x00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
    (b"\x10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
    (b"\x20\x21", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
    (b"\x30\x31", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"),
    (b"\x40\x41\x42\x43", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"),
    (b"\x50\x51\x52\x53\x54\x55\x56\x57", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"),
    (
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ),
];

#[test]
fn the_known_vectors_hold() {
    for size in 1..=VECTORS.len() {
        assert_eq!(root_of(VECTORS[..size].iter().map(|(entry, _)| *entry)), digest(VECTORS[size - 1].1), "size {size}");
    }
    let mut nodes = Leaves(VECTORS.iter().map(|(entry, _)| leaf_hash(entry)).collect());
    let inclusion = [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ];
    let Ok(proof) = prove_inclusion(&mut nodes, 5, 8);
    assert_eq!(proof, inclusion.map(digest));
    let consistency = [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ];
    let Ok(proof) = prove_consistency(&mut nodes, 6, 8);
    assert_eq!(proof, consistency.map(digest));
}

#[test]
fn edge_and_proofs_agree_with_the_model_and_nothing_else_verifies() {
    let mut edge = Edge::default();
    let all = leaves(70);
    for size in 0..=all.len() {
        let tree = &all[..size];
        let root = model_root(tree);
        assert_eq!((edge.size(), edge.root()), (size as u64, root));
        let mut nodes = Leaves(tree.to_vec());
        for index in 0..size {
            let Ok(proof) = prove_inclusion(&mut nodes, index as u64, size as u64);
            assert_eq!(proof, model_path(index, tree), "{index} of {size}");
            check_inclusion(tree[index], index as u64, size as u64, &proof, root);
        }
        for old in 0..=size {
            let Ok(proof) = prove_consistency(&mut nodes, old as u64, size as u64);
            let expected = if old == 0 { Vec::new() } else { model_consistency(old, tree, true) };
            assert_eq!(proof, expected, "{old} in {size}");
            check_consistency(old as u64, model_root(&tree[..old]), size as u64, root, &proof);
        }
        edge.push(leaf_hash(&size.to_be_bytes()));
    }
}

fn wrong() -> Digest {
    Digest([9; 32])
}

fn check_inclusion(leaf: Digest, index: u64, size: u64, proof: &[Digest], root: Digest) {
    assert!(verify_inclusion(leaf, index, size, proof, root));
    assert!(!verify_inclusion(wrong(), index, size, proof, root));
    assert!(!verify_inclusion(leaf, index, size, proof, wrong()));
    assert!(!verify_inclusion(leaf, size, size, proof, root));
    assert!(!verify_inclusion(leaf, index, size, &[proof, &[wrong()]].concat(), root));
    for at in 0..proof.len() {
        let mut changed = proof.to_vec();
        changed[at] = wrong();
        assert!(!verify_inclusion(leaf, index, size, &changed, root));
        assert!(!verify_inclusion(leaf, index, size, &proof[..at], root));
    }
    for other in (0..size).filter(|other| *other != index) {
        assert!(!verify_inclusion(leaf, other, size, proof, root), "{index} verified as {other} of {size}");
    }
}

fn check_consistency(old: u64, old_root: Digest, new: u64, new_root: Digest, proof: &[Digest]) {
    assert!(verify_consistency(old, old_root, new, new_root, proof), "{old} in {new}");
    assert!(!verify_consistency(old, wrong(), new, new_root, proof));
    assert!(old == 0 || !verify_consistency(old, old_root, new, wrong(), proof));
    assert!(!verify_consistency(old, old_root, new, new_root, &[proof, &[wrong()]].concat()));
    for at in 0..proof.len() {
        let mut changed = proof.to_vec();
        changed[at] = wrong();
        assert!(!verify_consistency(old, old_root, new, new_root, &changed));
        assert!(!verify_consistency(old, old_root, new, new_root, &proof[..at]));
    }
    assert!(old == new || old == 0 || !verify_consistency(new, new_root, old, old_root, proof));
}

#[test]
fn sizes_at_the_end_of_the_range_do_not_panic() {
    assert!(!verify_inclusion(wrong(), u64::MAX - 1, u64::MAX, &[wrong(); 64], wrong()));
    assert!(!verify_consistency(u64::MAX - 1, wrong(), u64::MAX, wrong(), &[wrong(); 64]));
    assert!(!verify_consistency(1 << 63, wrong(), u64::MAX, wrong(), &[wrong(); 64]));
}
