//! Reading a log ahead of its replay, on all cores.
//!
//! Guarantee: bundles arrive in order, and the first one in that order that cannot be read ends it, whoever was
//! ahead; so the error is the one that reading one after the other would give. Each core is at most a few bundles
//! ahead, so memory does not follow the length of the log.
//!
//! Rejected: a pool that takes bundles as they come. What is ready out of order would have to wait somewhere.

use super::AuditError;
use crate::files::{FileError, Files};
use crate::hash::leaf_hash;
use crate::replay::Read;
use crate::tiles::{TILE_WIDTH, Tile, TileKind};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use tidegate_terms::Digest;

/// How many bundles a core may be ahead.
const AHEAD: usize = 4;

/// What one bundle of entries and its tile of hashes hold.
pub(super) struct Bundle {
    /// The file of the entries.
    pub(super) file: String,
    pub(super) entries: Vec<Read>,
    /// The hashes of the entries.
    pub(super) leaves: Vec<Digest>,
    /// The hashes as the tile has them.
    pub(super) hashes: Vec<Digest>,
}

/// Reads the bundles of a log of so many entries, and hands them out in order.
pub(super) fn read(files: &Files, size: u64, mut take: impl FnMut(Bundle) -> Result<(), AuditError>) -> Result<(), AuditError> {
    let bundles = size.div_ceil(TILE_WIDTH as u64);
    let readers = thread::available_parallelism().map_or(1, usize::from).min(usize::try_from(bundles).unwrap_or(usize::MAX)).max(1);
    thread::scope(|scope| {
        let lane = |first: usize| -> Receiver<Result<Bundle, AuditError>> {
            let (to, from) = sync_channel(AHEAD);
            let files = files.again();
            scope.spawn(move || {
                for index in (first as u64..bundles).step_by(readers) {
                    // Nobody waits any more once an earlier bundle could not be read.
                    if to.send(read_bundle(&files, index, size)).is_err() {
                        break;
                    }
                }
            });
            from
        };
        let lanes: Vec<_> = (0..readers).map(lane).collect();
        for (lane, index) in lanes.iter().cycle().zip(0..bundles) {
            let gone = |_| FileError::Unreadable { file: format!("tile/entries ({index})"), detail: "its reader ended".into() };
            take(lane.recv().map_err(gone)??)?;
        }
        Ok(())
    })
}

fn read_bundle(files: &Files, index: u64, size: u64) -> Result<Bundle, AuditError> {
    let at = |kind| Tile::of_tree(kind, index, size).ok_or(AuditError::RootDiffers);
    let (file, entries) = files.entries(at(TileKind::Entries)?)?;
    let hashes = files.hashes(at(TileKind::Hashes(0))?)?;
    let leaves = entries.iter().map(|entry| leaf_hash(entry)).collect();
    Ok(Bundle { file, entries: entries.iter().map(|entry| Read::of(entry)).collect(), leaves, hashes })
}
