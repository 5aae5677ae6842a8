//! Reading a log that somebody else publishes: hashes and entries that lead to a signed root, and nothing else.
//!
//! Guarantee: every hash handed out is part of the tree whose root the head has. The partial tiles at the right edge
//! root it; a full tile is held against its hash in the tile above, which was held against the one above that. A wrong
//! byte is an error that names its file. Memory: one tile for each level and one bundle.
//!
//! Rejected: fetching everything and rooting it at the end. A wrong byte would be found after the last one, and
//! nobody could say in which file.

use crate::checkpoint::Checkpoint;
use crate::files::Files;
use crate::hash::{fold, leaf_hash};
use crate::source::{Source, SourceError};
use crate::tiles::{TILE_HEIGHT, TILE_WIDTH, Tile, TileKind, TileTree, decode_bundle, decode_hashes};
use crate::tree::Nodes;
use tidegate_terms::{Digest, messages};

/// The longest bundle: as many entries as it can have, each as long as its length can say.
const ENTRY_BYTES: u64 = 65_535 + 2;
const HASH_BYTES: u64 = 32;

messages! {
    /// Why a published log is not what its checkpoint signs.
    #[derive(Clone, PartialEq, Eq)]
    pub enum AuthenticError {
        Missing { file: String } = "published.missing" {
            en: "the publisher lacks the file `{file}`, which the signed checkpoint needs: ask the publisher for it",
            zh: "发布方缺少已签名检查点所需的文件“{file}”：请向发布方索取",
        },
        Differs { file: String } = "published.differs" {
            en: "the publisher's file `{file}` does not lead to the signed root: it was changed, nothing of it was kept; ask the publisher",
            zh: "发布方的文件“{file}”推导不出已签名的根：内容已被改动，未保留任何部分；请询问发布方",
        };
        Source(SourceError),
    }
}

/// A signed tree, read from a source.
pub(crate) struct Authentic<'a> {
    source: &'a mut dyn Source,
    /// Files that were fetched before; looked at first.
    kept: Option<&'a Files>,
    size: u64,
    /// The partial tiles, from level 0 up.
    edge: Vec<Vec<Digest>>,
    /// The full tile of each level that was read last.
    last: Vec<Option<(u64, Vec<Digest>)>>,
}

impl<'a> Authentic<'a> {
    /// Reads the right edge and holds it against the root.
    pub(crate) fn open(source: &'a mut dyn Source, kept: Option<&'a Files>, head: &Checkpoint) -> Result<Self, AuthenticError> {
        let mut tree = Self { source, kept, size: head.size, edge: vec![Vec::new(); 8], last: vec![None; 8] };
        for tile in Tile::edge(head.size) {
            if let TileKind::Hashes(level) = tile.kind {
                let rooted = |_: &[Digest]| true;
                tree.edge[usize::from(level)] = tree.hashes(tile, rooted)?;
            }
        }
        let rooted = TileTree::from_edge(head.size, tree.edge.clone()).is_some_and(|edge| edge.root() == head.root);
        let file = || Tile::edge(head.size).last().map_or_else(|| crate::files::CHECKPOINT.to_owned(), |tile| tile.path());
        if rooted { Ok(tree) } else { Err(AuthenticError::Differs { file: file() }) }
    }

    /// The hashes of a tile of this tree.
    pub(crate) fn tile(&mut self, level: u8, index: u64) -> Result<Vec<Digest>, AuthenticError> {
        let kind = TileKind::Hashes(level);
        let place = Tile { kind, index, width: TILE_WIDTH as u16 };
        let tile = Tile::of_tree(kind, index, self.size).ok_or_else(|| AuthenticError::Missing { file: place.path() })?;
        let at = usize::from(level);
        if !tile.is_full() {
            return Ok(self.edge[at].clone());
        }
        if let Some((_, hashes)) = self.last[at].as_ref().filter(|(last, _)| *last == index) {
            return Ok(hashes.clone());
        }
        let above = self.tile(level + 1, index / TILE_WIDTH as u64)?;
        let expected = above.get((index % TILE_WIDTH as u64) as usize).copied();
        let hashes = self.hashes(tile, |hashes| fold(hashes) == expected)?;
        self.last[at] = Some((index, hashes.clone()));
        Ok(hashes)
    }

    /// A bundle of this tree whose entries have exactly these hashes, as bytes; and whether it was kept before.
    pub(crate) fn bundle(&mut self, tile: Tile, leaves: &[Digest]) -> Result<(Vec<Vec<u8>>, bool), AuthenticError> {
        let fits = |entries: &[Vec<u8>]| entries.iter().map(|entry| leaf_hash(entry)).eq(leaves.iter().copied());
        let read = |bytes: &[u8], width: u16| {
            let entries = decode_bundle(bytes, width)?.into_iter().take(tile.width.into()).map(<[u8]>::to_vec);
            Some(entries.collect::<Vec<_>>()).filter(|entries| fits(entries))
        };
        let kept = self.kept.and_then(|files| files.read(&tile.path()).ok().flatten());
        if let Some(entries) = kept.and_then(|bytes| read(&bytes, tile.width)) {
            return Ok((entries, true));
        }
        let (file, bytes, width) = self.fetch(tile, ENTRY_BYTES)?;
        read(&bytes, width).map(|entries| (entries, false)).ok_or(AuthenticError::Differs { file })
    }

    fn hashes(&mut self, tile: Tile, fits: impl Fn(&[Digest]) -> bool) -> Result<Vec<Digest>, AuthenticError> {
        let kept = if tile.is_full() { self.kept } else { None };
        let kept = kept.and_then(|files| files.read(&tile.path()).ok().flatten());
        if let Some(hashes) = kept.and_then(|bytes| decode_hashes(&bytes, tile.width)).filter(|hashes| fits(hashes)) {
            return Ok(hashes);
        }
        let (file, bytes, width) = self.fetch(tile, HASH_BYTES)?;
        let mut hashes = decode_hashes(&bytes, width).ok_or_else(|| AuthenticError::Differs { file: file.clone() })?;
        hashes.truncate(tile.width.into());
        if fits(&hashes) { Ok(hashes) } else { Err(AuthenticError::Differs { file }) }
    }

    /// The bytes of a tile, or of the full one where the partial one is gone, as tlog-tiles allows.
    fn fetch(&mut self, tile: Tile, bytes_each: u64) -> Result<(String, Vec<u8>, u16), AuthenticError> {
        for candidate in [tile, tile.full()] {
            let path = candidate.path();
            if let Some(bytes) = self.source.fetch(&path, u64::from(candidate.width) * bytes_each)? {
                return Ok((path, bytes, candidate.width));
            }
        }
        Err(AuthenticError::Missing { file: tile.path() })
    }
}

impl Nodes for Authentic<'_> {
    type Error = AuthenticError;

    fn node(&mut self, height: u32, index: u64) -> Result<Digest, AuthenticError> {
        let (level, inside) = ((height / TILE_HEIGHT) as u8, height % TILE_HEIGHT);
        let first = index << inside;
        let tile = self.tile(level, first / TILE_WIDTH as u64)?;
        let from = first as usize % TILE_WIDTH;
        let missing = || AuthenticError::Missing { file: crate::files::CHECKPOINT.to_owned() };
        tile.get(from..from + (1 << inside)).and_then(fold).ok_or_else(missing)
    }
}
