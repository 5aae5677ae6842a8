//! Keeping a copy of a log that somebody else publishes.
//!
//! Guarantee: under its final name lies only what leads to a root that the log's key signed, in whole files, and the
//! mirror's checkpoint only ever moves to one that extends it. A publisher who shows another history is refused, and
//! both heads are kept as evidence. A pull that is killed anywhere is finished by the next one, which fetches nothing
//! twice. Memory: a tile for each level and one bundle; time: the source bounds each file, the signed size their number.
//!
//! Rejected: fetching first and verifying afterwards. For a while the mirror would hold what nobody signed.

use crate::audit::AuditError;
use crate::authentic::{Authentic, AuthenticError};
use crate::checkpoint::CheckpointError;
use crate::files::{CHECKPOINT, FileError, Files, VKEY};
use crate::growth::{CHECKPOINT_BYTES_MAX, SignedHead, judge, prefix};
use crate::key::Verifier;
use crate::rotation::{self, KeyChain, KeyLink};
use crate::source::{DirectorySource, Source, SourceError};
use crate::tiles::{TILE_WIDTH, Tile, TileKind, encode_bundle, encode_hashes};
use std::path::Path;
use tidegate_terms::{Digest, messages};

const VKEY_BYTES_MAX: u64 = 4_096;
const LINK_BYTES_MAX: u64 = 2_200_000;
/// More changes of key than anybody makes.
const LINKS_MAX: usize = 1_000;

messages! {
    /// Why a mirror was not brought up.
    #[derive(Clone, PartialEq, Eq)]
    pub enum MirrorError {
        NoCheckpoint = "mirror.no-checkpoint" {
            en: "the publisher shows no file `checkpoint`: check the address",
            zh: "发布方没有文件“checkpoint”：请核对地址",
        },
        OtherKey { kept: String } = "mirror.other-key" {
            en: "this mirror is of a log under the key {kept}: use another directory, or the key of this log",
            zh: "该镜像所属日志的密钥为 {kept}：请使用另一目录，或给出该日志的密钥",
        },
        Fork { kept: u64, shown: u64, evidence: String } = "mirror.fork" {
            en: "FORK: the publisher signed {shown} entries that do not fit the {kept} of this mirror: nothing was changed, both signed heads are kept in `{evidence}`; give that file to the regulator",
            zh: "分叉：发布方签署的 {shown} 条与本镜像的 {kept} 条不符：未作任何更改，两个已签名的检查点保存在“{evidence}”；请将该文件交给监管方",
        },
        Older { kept: u64, shown: u64 } = "mirror.older" {
            en: "the publisher shows {shown} entries, but this mirror has {kept}: an old copy or a rollback; nothing was changed, ask the publisher",
            zh: "发布方只显示 {shown} 条，而本镜像已有 {kept} 条：这是旧副本或回退；未作更改，请询问发布方",
        };
        Key(AuditError),
        Checkpoint(CheckpointError),
        Authentic(AuthenticError),
        Source(SourceError),
        File(FileError),
    }
}

/// What a pull did.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct PullReport {
    /// Which log.
    pub origin: String,
    /// Whether the caller brought the key; otherwise it is the mirror's own, or came from the publisher.
    pub key_trusted: bool,
    /// Entries that the mirror had before.
    pub entries_before: u64,
    /// Entries that it has now.
    pub entries: u64,
    /// The root over them.
    pub root: Digest,
    /// Entry bundles that came from the publisher; others were here already.
    pub bundles_fetched: u64,
}

/// Brings a mirror up to what its publisher shows, and verifies it first.
pub fn pull(source: &mut dyn Source, to: &Path, vkey: Option<&str>) -> Result<PullReport, MirrorError> {
    let files = Files::new(to);
    let _lock = files.lock()?;
    let links = fetch_links(source)?;
    let keys = load_keys(source, &files, vkey, &links)?;
    let note = source.fetch(CHECKPOINT, CHECKPOINT_BYTES_MAX)?.ok_or(MirrorError::NoCheckpoint)?;
    let shown = SignedHead::parse(&note, &keys)?;
    let kept = files.read(CHECKPOINT)?.map(|note| SignedHead::parse(&note, &keys)).transpose()?;
    let mut report = PullReport {
        origin: shown.checkpoint.origin.clone(),
        key_trusted: vkey.is_some(),
        entries_before: kept.as_ref().map_or(0, |kept| kept.checkpoint.size),
        entries: shown.checkpoint.size,
        root: shown.checkpoint.root,
        bundles_fetched: 0,
    };
    if let Some(kept) = &kept {
        check_growth(source, &files, to, kept, &shown, &keys)?;
    }
    report.bundles_fetched = fetch(source, &files, report.entries_before, &shown)?;
    if files.read(VKEY)?.is_none() {
        files.write(VKEY, format!("{}\n", keys.keys()[0]).as_bytes())?;
    }
    for (number, link) in (1..).zip(&links) {
        let (at, text) = (rotation::path(number), link.to_string());
        if files.read(&at)?.as_deref() != Some(text.as_bytes()) {
            files.write(&at, text.as_bytes())?;
        }
    }
    let same = kept.is_some_and(|kept| kept.checkpoint == shown.checkpoint && kept.note.len() >= shown.note.len());
    if !same {
        // First every tile's name, then the head that relies on them; a crash between leaves the old head, which is true.
        files.sync()?;
        files.write(CHECKPOINT, shown.note.as_bytes())?;
    }
    files.sync()?;
    Ok(report)
}

/// The changes of key that the publisher shows. Each must be signed by the key that it brings; whether a trusted key
/// leads to it is decided by whoever follows them.
fn fetch_links(source: &mut dyn Source) -> Result<Vec<KeyLink>, MirrorError> {
    let mut links = Vec::new();
    while links.len() < LINKS_MAX {
        let file = rotation::path(links.len() + 1);
        let Some(bytes) = source.fetch(&file, LINK_BYTES_MAX)? else { break };
        let link = std::str::from_utf8(&bytes).ok().and_then(KeyLink::parse);
        let link = link.filter(|link| link.to_string().as_bytes() == bytes && link.verify(link.key()).is_ok());
        links.push(link.ok_or(AuthenticError::Differs { file })?);
    }
    Ok(links)
}

/// The given key or the one that the mirror keeps, and where it leads; either must lead to the other.
fn load_keys(source: &mut dyn Source, files: &Files, vkey: Option<&str>, links: &[KeyLink]) -> Result<KeyChain, MirrorError> {
    let parse = |bytes: Vec<u8>| String::from_utf8(bytes).ok().and_then(|text| Verifier::parse(text.trim()).ok());
    let kept = files.read(VKEY)?.map(|bytes| parse(bytes).ok_or(AuditError::VkeyFile)).transpose()?;
    let given = vkey.map(|vkey| Verifier::parse(vkey.trim()).map_err(|_| AuditError::Key)).transpose()?;
    let chain = |key: &Verifier| KeyChain::follow(key, links);
    match (given, kept) {
        (Some(given), Some(kept)) if chain(&given).keys().contains(&kept) => Ok(chain(&given)),
        (Some(given), Some(kept)) if chain(&kept).keys().contains(&given) => Ok(chain(&kept)),
        (Some(_), Some(kept)) => Err(MirrorError::OtherKey { kept: kept.to_string() }),
        (Some(key), None) | (None, Some(key)) => Ok(chain(&key)),
        (None, None) => {
            let beside = source.fetch(VKEY, VKEY_BYTES_MAX)?.ok_or(AuditError::NoKey)?;
            Ok(chain(&parse(beside).ok_or(AuditError::VkeyFile)?))
        }
    }
}

/// What the publisher shows must extend what the mirror has. What decides is authentic on either side.
fn check_growth(
    source: &mut dyn Source,
    files: &Files,
    to: &Path,
    kept: &SignedHead,
    shown: &SignedHead,
    keys: &KeyChain,
) -> Result<(), MirrorError> {
    let (old, new) = (kept.checkpoint.size, shown.checkpoint.size);
    let growth = if old <= new {
        let (root, proof) = if old == 0 || old == new {
            (if old == 0 { crate::hash::empty_root() } else { shown.checkpoint.root }, Vec::new())
        } else {
            // Not from the mirror's files: they may be the other history's.
            prefix(&mut Authentic::open(source, None, &shown.checkpoint)?, old, new)?
        };
        judge(kept, shown, root, proof, keys)
    } else {
        let mut own = DirectorySource::new(to);
        let (root, proof) = prefix(&mut Authentic::open(&mut own, None, &kept.checkpoint)?, new, old)?;
        judge(shown, kept, root, proof, keys)
    };
    if let Some(evidence) = &growth.evidence {
        let file = format!("evidence/{}.json", evidence.name());
        files.write(&file, evidence.text().as_bytes())?;
        files.sync()?;
        return Err(MirrorError::Fork { kept: old, shown: new, evidence: to.join(file).display().to_string() });
    }
    if old > new { Err(MirrorError::Older { kept: old, shown: new }) } else { Ok(()) }
}

/// Fetches what lacks, and puts it under its name once it leads to the root. Returns how many bundles came.
fn fetch(source: &mut dyn Source, files: &Files, from: u64, shown: &SignedHead) -> Result<u64, MirrorError> {
    let size = shown.checkpoint.size;
    let mut tree = Authentic::open(source, Some(files), &shown.checkpoint)?;
    let mut fetched = 0;
    let mut filled = Vec::new();
    // The last bundle of the old head may have been partial; everything before it is here in full.
    for index in from / TILE_WIDTH as u64..size.div_ceil(TILE_WIDTH as u64) {
        let Some(bundle) = Tile::of_tree(TileKind::Entries, index, size) else { break };
        let leaves = tree.tile(0, index)?;
        let (entries, kept) = tree.bundle(bundle, &leaves)?;
        if !kept {
            let bytes = encode_bundle(&entries).ok_or(AuthenticError::Differs { file: bundle.path() })?;
            files.write(&bundle.path(), &bytes)?;
            fetched += 1;
        }
        files.relied_on(&bundle.path());
        filled.extend(bundle.is_full().then_some(bundle));
        write_hashes(&mut tree, files, index, size, &mut filled)?;
    }
    for tile in Tile::edge(size) {
        if let TileKind::Hashes(level) = tile.kind {
            write(files, tile, &encode_hashes(&tree.tile(level, tile.index)?))?;
        }
    }
    files.sync()?;
    // Partial files of earlier sizes: a crash leaves them beside the full ones, and both are true.
    filled.into_iter().for_each(|tile| files.remove_partial(tile));
    Ok(fetched)
}

/// The full tiles that end with the bundle of this index, from level 0 up.
fn write_hashes(tree: &mut Authentic<'_>, files: &Files, index: u64, size: u64, filled: &mut Vec<Tile>) -> Result<(), MirrorError> {
    let (mut level, mut at) = (0, index);
    while let Some(tile) = Tile::of_tree(TileKind::Hashes(level), at, size).filter(|tile| tile.is_full()) {
        write(files, tile, &encode_hashes(&tree.tile(level, at)?))?;
        filled.push(tile);
        if (at + 1) % TILE_WIDTH as u64 != 0 || level == 7 {
            break;
        }
        (level, at) = (level + 1, at / TILE_WIDTH as u64);
    }
    Ok(())
}

/// Writes authentic bytes, over a damaged file too.
fn write(files: &Files, tile: Tile, bytes: &[u8]) -> Result<(), MirrorError> {
    if files.read(&tile.path())?.as_deref() != Some(bytes) {
        files.write(&tile.path(), bytes)?;
    }
    files.relied_on(&tile.path());
    Ok(())
}

#[cfg(test)]
mod tests;
