//! Tiles and entry bundles (C2SP tlog-tiles): how tree and entries lie in files.
//!
//! Guarantee: [`Tile::parse`] accepts exactly the paths that [`Tile::path`] writes, and decoding accepts
//! exactly the bytes that encoding writes: the right width, no trailing bytes. [`TileTree`] is the one
//! place that knows when a tile fills and what goes into the tile above; publisher and auditor share it.
//!
//! Rejected: one file per entry or a database: static files are served, copied and verified by anybody.

use crate::hash::fold;
use crate::tree::Edge;
use tidegate_terms::Digest;

/// Hashes in a full tile, and entries in a full bundle; 8 levels of the tree.
pub const TILE_WIDTH: usize = 256;
pub(crate) const TILE_HEIGHT: u32 = 8;
const HASH_BYTES: usize = 32;

/// What a tile holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TileKind {
    /// Hashes of this level, 0 for those of entries.
    Hashes(u8),
    /// Entries.
    Entries,
}

/// The coordinates of a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    /// What it holds.
    pub kind: TileKind,
    /// Its index within its level.
    pub index: u64,
    /// How many hashes or entries, 1 to 256; fewer than 256 is a partial tile.
    pub width: u16,
}

impl Tile {
    /// The tile of this kind and index in a tree of `size` entries; `None` where the tree has none there.
    pub fn of_tree(kind: TileKind, index: u64, size: u64) -> Option<Self> {
        let level = if let TileKind::Hashes(level) = kind { u32::from(level) } else { 0 };
        let hashes = size.checked_shr(level * TILE_HEIGHT).unwrap_or(0);
        let before = index.checked_mul(TILE_WIDTH as u64)?;
        let width = hashes.checked_sub(before)?.min(TILE_WIDTH as u64) as u16;
        (width > 0).then_some(Self { kind, index, width })
    }

    /// The partial tiles and the partial bundle at the right edge of a tree of `size` entries.
    pub fn edge(size: u64) -> Vec<Self> {
        let kinds = std::iter::once(TileKind::Entries).chain((0..8).map(TileKind::Hashes));
        let edge = |kind| {
            let level = if let TileKind::Hashes(level) = kind { u32::from(level) } else { 0 };
            Self::of_tree(kind, size.checked_shr((level + 1) * TILE_HEIGHT).unwrap_or(0), size)
        };
        kinds.filter_map(edge).collect()
    }

    /// The full tile at this place.
    pub fn full(self) -> Self {
        Self { width: TILE_WIDTH as u16, ..self }
    }

    /// Whether it is full.
    pub fn is_full(self) -> bool {
        usize::from(self.width) == TILE_WIDTH
    }

    /// The path below the log's directory or URL prefix, such as `tile/0/x001/234.p/7`.
    pub fn path(self) -> String {
        let kind = match self.kind {
            TileKind::Hashes(level) => level.to_string(),
            TileKind::Entries => "entries".to_owned(),
        };
        let (mut rest, mut digits) = (self.index / 1_000, format!("{:03}", self.index % 1_000));
        while rest > 0 {
            digits = format!("x{:03}/{digits}", rest % 1_000);
            rest /= 1_000;
        }
        let partial = if self.is_full() { String::new() } else { format!(".p/{}", self.width) };
        format!("tile/{kind}/{digits}{partial}")
    }

    /// Reads a path; only what [`Tile::path`] writes.
    pub fn parse(path: &str) -> Option<Self> {
        let (kind, rest) = path.strip_prefix("tile/")?.split_once('/')?;
        let kind = if kind == "entries" { TileKind::Entries } else { TileKind::Hashes(kind.parse().ok().filter(|level| *level < 64)?) };
        let (digits, width) = match rest.split_once(".p/") {
            Some((digits, width)) => (digits, width.parse().ok().filter(|width| (1..256).contains(width))?),
            None => (rest, TILE_WIDTH as u16),
        };
        let digits: String = digits.chars().filter(|c| *c != 'x' && *c != '/').collect();
        let tile = Self { kind, index: digits.parse().ok()?, width };
        (tile.path() == path).then_some(tile)
    }
}

/// Hashes as they lie in a tile.
pub fn encode_hashes(hashes: &[Digest]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

/// Reads a tile of exactly this many hashes.
pub fn decode_hashes(bytes: &[u8], width: u16) -> Option<Vec<Digest>> {
    if bytes.len() != usize::from(width) * HASH_BYTES {
        return None;
    }
    bytes.chunks_exact(HASH_BYTES).map(|chunk| chunk.try_into().ok().map(Digest)).collect()
}

/// Entries as they lie in a bundle; `None` if one is longer than its 16-bit length can say.
pub fn encode_bundle(entries: &[Vec<u8>]) -> Option<Vec<u8>> {
    let mut bundle = Vec::with_capacity(entries.iter().map(|entry| entry.len() + 2).sum());
    for entry in entries {
        bundle.extend(u16::try_from(entry.len()).ok()?.to_be_bytes());
        bundle.extend(entry);
    }
    Some(bundle)
}

/// Reads a bundle of exactly this many entries.
pub fn decode_bundle(bytes: &[u8], width: u16) -> Option<Vec<&[u8]>> {
    let mut rest = bytes;
    let mut entries = Vec::with_capacity(width.into());
    for _ in 0..width {
        let (length, after) = rest.split_first_chunk()?;
        let (entry, after) = after.split_at_checked(u16::from_be_bytes(*length).into())?;
        entries.push(entry);
        rest = after;
    }
    rest.is_empty().then_some(entries)
}

/// A growing tree that keeps the hashes of its unfilled tiles only: at most 255 for each level.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TileTree {
    size: u64,
    /// From level 0 up.
    levels: Vec<Vec<Digest>>,
}

impl TileTree {
    /// A tree from the hashes of its partial tiles, from level 0 up; `None` where their number does not fit.
    pub fn from_edge(size: u64, levels: Vec<Vec<Digest>>) -> Option<Self> {
        let widths = (0..8).map(|level| (size >> (TILE_HEIGHT * level)) as usize % TILE_WIDTH);
        let mut given = levels.iter().map(Vec::len).chain(std::iter::repeat(0));
        let fits = levels.len() <= 8 && widths.into_iter().all(|width| given.next() == Some(width));
        fits.then_some(Self { size, levels })
    }

    /// Entries so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds the hash of the next entry and hands out each tile that it fills, lower levels first.
    pub fn push<E>(&mut self, leaf: Digest, mut filled: impl FnMut(Tile, &[Digest]) -> Result<(), E>) -> Result<(), E> {
        let mut hash = leaf;
        self.size += 1;
        for level in 0_u8.. {
            if self.levels.len() == usize::from(level) {
                self.levels.push(Vec::new());
            }
            let hashes = &mut self.levels[usize::from(level)];
            hashes.push(hash);
            if hashes.len() < TILE_WIDTH {
                break;
            }
            let index = (self.size >> (TILE_HEIGHT * (u32::from(level) + 1))) - 1;
            filled(Tile { kind: TileKind::Hashes(level), index, width: TILE_WIDTH as u16 }, hashes)?;
            let Some(above) = fold(hashes) else { break };
            hashes.clear();
            hash = above;
        }
        Ok(())
    }

    /// The partial tiles at the right edge, lower levels first.
    pub fn partial(&self) -> impl Iterator<Item = (Tile, &[Digest])> {
        self.levels.iter().zip(0_u8..).filter(|(hashes, _)| !hashes.is_empty()).map(|(hashes, level)| {
            let index = self.size.checked_shr(TILE_HEIGHT * (u32::from(level) + 1)).unwrap_or(0);
            (Tile { kind: TileKind::Hashes(level), index, width: hashes.len() as u16 }, hashes.as_slice())
        })
    }

    /// The root.
    pub fn root(&self) -> Digest {
        let mut edge = Edge::default();
        for (level, hashes) in self.levels.iter().enumerate().rev() {
            hashes.iter().for_each(|hash| edge.push_subtree(level as u32 * TILE_HEIGHT, *hash));
        }
        edge.root()
    }
}

#[cfg(test)]
mod tests;
