use super::*;
use crate::hash::leaf_hash;
use std::collections::BTreeMap;
use std::convert::Infallible;

fn tile(kind: TileKind, index: u64, width: u16) -> Tile {
    Tile { kind, index, width }
}

#[test]
fn paths_are_those_of_the_specification() {
    let paths = [
        (tile(TileKind::Hashes(0), 1_234_067, 256), "tile/0/x001/x234/067"),
        (tile(TileKind::Hashes(0), 0, 256), "tile/0/000"),
        (tile(TileKind::Hashes(63), 999, 1), "tile/63/999.p/1"),
        (tile(TileKind::Entries, 1_000, 255), "tile/entries/x001/000.p/255"),
        (tile(TileKind::Entries, u64::MAX, 256), "tile/entries/x018/x446/x744/x073/x709/x551/615"),
    ];
    for (tile, path) in paths {
        assert_eq!(tile.path(), path);
        assert_eq!(Tile::parse(path), Some(tile));
    }
    for wrong in [
        "tile/64/000",
        "tile/00/000",
        "tile/0/0",
        "tile/0/0000",
        "tile/0/x000/000",
        "tile/0/001/000",
        "tile/0/x001/x000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/+1",
        "tile/0/000.tmp",
        "tile/0/x018/x446/x744/x073/x709/x551/616",
        "tile/Entries/000",
        "tile/0/../0/000",
        "tile/0/",
        "/tile/0/000",
        "tile/é/000",
    ] {
        assert_eq!(Tile::parse(wrong), None, "{wrong}");
    }
}

#[test]
fn the_example_tree_of_the_specification_has_its_tiles() {
    let width = |kind, index| Tile::of_tree(kind, index, 70_000).map(|tile| tile.width);
    assert_eq!(width(TileKind::Hashes(0), 272), Some(256));
    assert_eq!(width(TileKind::Hashes(0), 273), Some(112));
    assert_eq!(width(TileKind::Hashes(0), 274), None);
    assert_eq!(width(TileKind::Hashes(1), 0), Some(256));
    assert_eq!(width(TileKind::Hashes(1), 1), Some(17));
    assert_eq!(width(TileKind::Hashes(2), 0), Some(1));
    assert_eq!(width(TileKind::Hashes(3), 0), None);
    assert_eq!(width(TileKind::Entries, 273), Some(112));
    let edge: Vec<String> = Tile::edge(70_000).into_iter().map(Tile::path).collect();
    assert_eq!(edge, ["tile/entries/273.p/112", "tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"]);
    let edge: Vec<String> = Tile::edge(256).into_iter().map(Tile::path).collect();
    assert_eq!(edge, ["tile/1/000.p/1"]);
    assert!(Tile::edge(0).is_empty());
    assert_eq!(Tile::of_tree(TileKind::Hashes(63), 1, u64::MAX), None);
}

#[test]
fn tiles_and_root_agree_with_the_plain_tree() {
    let (mut tiles, mut edge, mut filled) = (TileTree::default(), Edge::default(), BTreeMap::new());
    for number in 0..66_000_u64 {
        if number % 997 == 0 || number % 256 < 2 || number > 65_530 && number < 65_540 {
            assert_eq!(tiles.root(), edge.root(), "size {number}");
            let levels = (0..8).map(|level| tiles.levels.get(level).cloned().unwrap_or_default()).collect();
            assert_eq!(TileTree::from_edge(number, levels).map(|tree| tree.root()), Some(edge.root()));
            let paths: Vec<String> = tiles.partial().map(|(tile, _)| tile.path()).collect();
            let hashes = |tile: &Tile| tile.kind != TileKind::Entries;
            assert_eq!(paths, Tile::edge(number).into_iter().filter(hashes).map(Tile::path).collect::<Vec<_>>());
        }
        let leaf = leaf_hash(&number.to_be_bytes());
        let Ok(()) = tiles.push(leaf, |tile, hashes| {
            assert_eq!(hashes.len(), 256);
            filled.insert(tile, fold(hashes));
            Ok::<(), Infallible>(())
        });
        edge.push(leaf);
    }
    assert_eq!(filled.len(), 66_000 / 256 + 1);
    assert!(filled.contains_key(&tile(TileKind::Hashes(1), 0, 256)));
    assert!(filled.contains_key(&tile(TileKind::Hashes(0), 256, 256)));
    assert_eq!(TileTree::from_edge(5, vec![vec![Digest([0; 32]); 4]]), None);
}

#[test]
fn bundles_and_tiles_decode_only_what_was_encoded() {
    let entries = vec![b"one".to_vec(), Vec::new(), vec![7; 65_535]];
    let bundle = encode_bundle(&entries).expect("bundle");
    assert_eq!(&bundle[..7], b"\x00\x03one\x00\x00");
    assert_eq!(decode_bundle(&bundle, 3).expect("entries"), entries);
    assert_eq!(decode_bundle(&bundle, 2), None);
    assert_eq!(decode_bundle(&bundle, 4), None);
    assert_eq!(decode_bundle(&bundle[..bundle.len() - 1], 3), None);
    assert_eq!(encode_bundle(&[vec![0; 65_536]]), None);
    let hashes = [Digest([1; 32]), Digest([2; 32])];
    let bytes = encode_hashes(&hashes);
    assert_eq!(decode_hashes(&bytes, 2).as_deref(), Some(&hashes[..]));
    assert_eq!(decode_hashes(&bytes, 1), None);
    assert_eq!(decode_hashes(&bytes[1..], 2), None);
}
