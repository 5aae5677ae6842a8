//! The inner hashes of a published tree, from its tiles, for making proofs.
//!
//! Guarantee: only tiles that the tree of the given size has are read, and never one in part. The hashes are
//! not authenticated here; a proof made from wrong ones does not verify.
//!
//! Rejected: a cache of all tiles. A proof walks up one path, so remembering the last tile is enough.

use crate::files::{FileError, Files};
use crate::hash::fold;
use crate::tiles::{TILE_HEIGHT, TILE_WIDTH, Tile, TileKind};
use crate::tree::Nodes;
use tidegate_terms::Digest;

/// The nodes of a published tree of `size` entries, read from its tiles; keeps the last tile.
pub(crate) struct TileNodes<'a> {
    files: &'a Files,
    size: u64,
    last: Option<(Tile, Vec<Digest>)>,
}

impl<'a> TileNodes<'a> {
    pub(crate) fn new(files: &'a Files, size: u64) -> Self {
        Self { files, size, last: None }
    }
}

impl Nodes for TileNodes<'_> {
    type Error = FileError;

    fn node(&mut self, height: u32, index: u64) -> Result<Digest, FileError> {
        let (level, inside) = (height / TILE_HEIGHT, height % TILE_HEIGHT);
        let first = index << inside;
        let kind = TileKind::Hashes(level as u8);
        let place = Tile { kind, index: first / TILE_WIDTH as u64, width: TILE_WIDTH as u16 };
        let missing = || FileError::Missing { file: place.path() };
        let tile = Tile::of_tree(kind, place.index, self.size).ok_or_else(missing)?;
        let hashes = match self.last.take() {
            Some((last, hashes)) if last == tile => hashes,
            _ => self.files.hashes(tile)?,
        };
        let from = first as usize % TILE_WIDTH;
        let root = hashes.get(from..from + (1 << inside)).and_then(fold).ok_or_else(missing);
        self.last = Some((tile, hashes));
        root
    }
}
