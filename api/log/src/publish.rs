//! Publishing: from entries that are durable in the database to tiles, bundles and a signed checkpoint.
//!
//! Guarantee: no checkpoint is signed that is not an extension of the published one. Before signing, the
//! published tree is rooted again from the tiles at its right edge, compared with its signed checkpoint, and
//! its last bundle is compared with the entries; normally that reads a few tiles and at most 256 entries,
//! however long the log. Whatever does not fit leads to [`republish`], which reads everything and says what
//! is wrong: a database with fewer entries than published (a restored backup), a changed entry, a changed
//! file, another key. It repairs only what is merely missing.
//!
//! The database is the only commit point (design, section 12): files are derived from it, so a publication
//! that dies anywhere is finished by the next one. Rejected: appending to tiles in place (a crash would leave
//! half a hash), and keeping the tree's state in the database beside the entries (two truths).

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::files::{CHECKPOINT, FileError, Files, VKEY};
use crate::hash::leaf_hash;
use crate::key::{Signer, Verifier};
use crate::note::{Note, NoteError};
use crate::tiles::{TILE_WIDTH, Tile, TileKind, TileTree, encode_bundle, encode_hashes};
use std::path::Path;
use tidegate_terms::{Digest, Guard, messages, stands};

messages! {
    /// Why nothing was published.
    #[derive(Clone, PartialEq, Eq)]
    pub enum PublishError {
        DatabaseBehind { published: u64, held: u64 } = "publish.database-behind" {
            en: "{published} entries are published, but the database holds {held}: it is an older backup. Bring it forward from the published log before it serves; nothing was signed",
            zh: "已发布 {published} 条，而数据库只有 {held} 条：这是较旧的备份。请先用已发布的日志补齐数据库再提供服务；未签署任何内容",
        },
        EntriesChanged { published: u64, file: String } = "publish.entries-changed" {
            en: "the first {published} entries in the database are not those that were published (first difference at `{file}`): restore the database; nothing was signed",
            zh: "数据库中前 {published} 条与已发布内容不符（首个差异见“{file}”）：请恢复数据库；未签署任何内容",
        },
        FileChanged { file: String } = "publish.file-changed" {
            en: "the file `{file}` does not fit the entries in the database: keep a copy of it for inquiry, remove it and publish again; nothing was signed",
            zh: "文件“{file}”与数据库中的条目不符：请留存副本备查，删除后重新发布；未签署任何内容",
        },
        OtherKey { published: String } = "publish.other-key" {
            en: "this log is published under the key {published}, which is not the signing key: use the log's own key, or another directory",
            zh: "该日志以密钥 {published} 发布，与当前签名密钥不同：请使用该日志自己的密钥，或换一个目录",
        },
        CheckpointChanged = "publish.checkpoint-changed" {
            en: "the published file `checkpoint` does not verify under the log's key: put back the last good copy; nothing was signed",
            zh: "已发布的文件“checkpoint”未能通过该日志密钥的验证：请放回最近一份完好的副本；未签署任何内容",
        },
        TooLong { index: u64 } = "publish.too-long" {
            en: "entry {index} is longer than 65535 bytes: entries must be written by `Entry::encode`",
            zh: "第 {index} 条超过 65535 字节：条目必须由 `Entry::encode` 写入",
        },
        Source { detail: String } = "publish.source" {
            en: "the entries could not be read from the database: {detail}; try again",
            zh: "无法从数据库读取条目：{detail}；请重试",
        };
        File(FileError),
        Note(NoteError),
    }
}

/// The durable entries, in order; the database.
pub trait EntrySource {
    /// How many there are. They never become fewer, and none changes.
    fn size(&mut self) -> Result<u64, Box<dyn std::error::Error + Send + Sync>>;
    /// The entries `from..to`.
    fn read(&mut self, from: u64, to: u64) -> Result<Vec<Vec<u8>>, Box<dyn std::error::Error + Send + Sync>>;
}

/// Entries in memory.
impl EntrySource for Vec<Vec<u8>> {
    fn size(&mut self) -> Result<u64, Box<dyn std::error::Error + Send + Sync>> {
        Ok(self.len() as u64)
    }

    fn read(&mut self, from: u64, to: u64) -> Result<Vec<Vec<u8>>, Box<dyn std::error::Error + Send + Sync>> {
        Ok(self.get(from as usize..to as usize).ok_or("no such entries")?.to_vec())
    }
}

/// What is published now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The head of the log.
    pub checkpoint: Checkpoint,
    /// The signed note, as it lies in the file `checkpoint`.
    pub note: String,
    /// How many entries this call added.
    pub added: u64,
}

/// The keys that sign a log at this moment.
#[derive(Debug, Clone, Copy)]
pub struct SigningKeys<'a> {
    /// The log's key; its public half is the file `vkey`.
    pub first: &'a Signer,
    /// The key that will take its place, while both sign.
    pub next: Option<&'a Signer>,
    /// The key whose place it has taken, which signs no more.
    pub before: Option<&'a Verifier>,
}

impl<'a> SigningKeys<'a> {
    /// A log with one key.
    pub fn one(signer: &'a Signer) -> Self {
        Self { first: signer, next: None, before: None }
    }

    fn signers(&self) -> Vec<&'a Signer> {
        std::iter::once(self.first).chain(self.next).collect()
    }

    /// Those who may have signed what is published.
    fn known(&self) -> Vec<Verifier> {
        self.signers().into_iter().map(Signer::verifier).chain(self.before).cloned().collect()
    }
}

/// Brings the published log up to the entries, after checking that it is their beginning.
pub fn publish(directory: &Path, signer: &Signer, source: &mut dyn EntrySource) -> Result<Published, PublishError> {
    publish_under(directory, SigningKeys::one(signer), source)
}

/// Like [`publish`], while the log's key changes.
pub fn publish_under(directory: &Path, keys: SigningKeys<'_>, source: &mut dyn EntrySource) -> Result<Published, PublishError> {
    Publisher { files: &Files::new(directory), keys, source }.run(false)
}

/// Like [`publish`], but compares every entry and every file, and writes again those that are missing.
pub fn republish(directory: &Path, signer: &Signer, source: &mut dyn EntrySource) -> Result<Published, PublishError> {
    Publisher { files: &Files::new(directory), keys: SigningKeys::one(signer), source }.run(true)
}

struct Publisher<'a> {
    files: &'a Files,
    keys: SigningKeys<'a>,
    source: &'a mut dyn EntrySource,
}

impl Publisher<'_> {
    fn run(&mut self, thorough: bool) -> Result<Published, PublishError> {
        let _lock = self.files.lock()?;
        let held = self.source.size().map_err(source_error)?;
        let published = self.load_head()?;
        let (size, root) = published.as_ref().map_or((0, None), |(head, _)| (head.size, Some(head.root)));
        if let Some((checkpoint, note)) = published.as_ref().filter(|_| held < size && !stands(Guard::HighWaterMark)) {
            return Ok(Published { checkpoint: checkpoint.clone(), note: note.clone(), added: 0 });
        }
        if held < size {
            return Err(PublishError::DatabaseBehind { published: size, held });
        }
        let edge = if thorough { None } else { self.load_edge(size, root)? };
        let mut tree = match (edge, root) {
            (Some(tree), _) => tree,
            (None, Some(root)) => self.check_entries(size, root)?,
            (None, None) => self.check_nothing_beyond(held)?,
        };
        self.write_vkey()?;
        let filled = self.write_tiles(&mut tree, held)?;
        let (checkpoint, note) = match published {
            Some(published) if size == held && self.is_signed(&published.1) => {
                self.files.sync()?;
                published
            }
            _ => self.write_checkpoint(&tree)?,
        };
        // A crash before the last of these leaves partial files beside full ones; both are true, nobody needs to act.
        filled.into_iter().for_each(|tile| self.files.remove_partial(tile));
        Ok(Published { checkpoint, note, added: held - size })
    }

    fn load_head(&self) -> Result<Option<(Checkpoint, String)>, PublishError> {
        let known = self.keys.known();
        if let Some(bytes) = self.files.read(VKEY)? {
            let published = String::from_utf8_lossy(&bytes).trim_end().to_owned();
            if !known.iter().any(|key| key.to_string() == published) {
                return Err(PublishError::OtherKey { published });
            }
        }
        let Some(bytes) = self.files.read(CHECKPOINT)? else { return Ok(None) };
        let head = Checkpoint::verify_any(&bytes, &known).map_err(|error| match error {
            CheckpointError::OtherOrigin { found, .. } => PublishError::OtherKey { published: found },
            _ => PublishError::CheckpointChanged,
        })?;
        let note = String::from_utf8(bytes).map_err(|_| PublishError::CheckpointChanged)?;
        Ok(Some((head, note)))
    }

    /// Whether everybody who signs now has signed this.
    fn is_signed(&self, note: &str) -> bool {
        let signed = |note: &Note| self.keys.signers().iter().all(|signer| note.verify(std::slice::from_ref(signer.verifier())).is_ok());
        Note::parse(note.as_bytes()).is_ok_and(|note| signed(&note))
    }

    /// The published tree from its right edge, if the files are there, fit the signed root, and the entries of
    /// the last bundle are the published ones. `None` calls for the thorough way, which finds out why not.
    fn load_edge(&mut self, size: u64, root: Option<Digest>) -> Result<Option<TileTree>, PublishError> {
        let Some(tree) = read_edge(self.files, size)? else { return Ok(None) };
        if root != Some(tree.root()) {
            return Ok(None);
        }
        let Some(last) = size.checked_sub(1).map(|last| last / TILE_WIDTH as u64) else { return Ok(Some(tree)) };
        let entries = self.read(last * TILE_WIDTH as u64, size)?;
        let hashes: Vec<Digest> = entries.iter().map(|entry| leaf_hash(entry)).collect();
        let on_disk = |kind| Tile::of_tree(kind, last, size).map(|tile| self.files.read(&tile.path())).transpose();
        let same = on_disk(TileKind::Hashes(0))?.flatten() == Some(encode_hashes(&hashes))
            && on_disk(TileKind::Entries)?.flatten() == encode_bundle(&entries);
        Ok(same.then_some(tree))
    }

    /// Roots the published part of the entries; only if it is the signed one may files be compared and made.
    fn check_entries(&mut self, size: u64, root: Digest) -> Result<TileTree, PublishError> {
        let (mut tree, mut first) = (TileTree::default(), None);
        while tree.size() < size {
            let (from, to) = (tree.size(), size.min(tree.size() + TILE_WIDTH as u64));
            let hashes: Vec<Digest> = self.read(from, to)?.iter().map(|entry| leaf_hash(entry)).collect();
            if first.is_none()
                && let Some(tile) = Tile::of_tree(TileKind::Hashes(0), from / TILE_WIDTH as u64, size)
                && self.files.hashes(tile).is_ok_and(|published| published != hashes)
            {
                first = Some(tile.path());
            }
            for hash in hashes {
                tree.push(hash, |_, _| Ok::<(), PublishError>(()))?;
            }
        }
        if tree.root() == root {
            // The entries are the published ones, so a tile of the published edge that says otherwise is wrong.
            for (tile, hashes) in tree.partial() {
                self.check_file(tile, &encode_hashes(hashes))?;
            }
            return Ok(TileTree::default());
        }
        Err(PublishError::EntriesChanged { published: size, file: first.unwrap_or_else(|| CHECKPOINT.to_owned()) })
    }

    /// Without a checkpoint, tiles can only be what a first publication left when it died; those come from
    /// entries that are still there. More than that means that checkpoint and entries are both gone.
    fn check_nothing_beyond(&self, held: u64) -> Result<TileTree, PublishError> {
        for path in self.files.tiles()? {
            if let Some(tile) = Tile::parse(&path).filter(|tile| tile.kind == TileKind::Hashes(0)) {
                let published = tile.index.saturating_mul(TILE_WIDTH as u64).saturating_add(tile.width.into());
                if published > held {
                    return Err(PublishError::DatabaseBehind { published, held });
                }
            }
        }
        Ok(TileTree::default())
    }

    /// Writes what lacks from the tree's size up to `held`, and returns the tiles that became full.
    fn write_tiles(&mut self, tree: &mut TileTree, held: u64) -> Result<Vec<Tile>, PublishError> {
        let mut filled = Vec::new();
        while tree.size() < held {
            let index = tree.size() / TILE_WIDTH as u64;
            let from = index * TILE_WIDTH as u64;
            let Some(bundle) = Tile::of_tree(TileKind::Entries, index, held) else { break };
            let entries = self.read(from, from + u64::from(bundle.width))?;
            let too_long =
                || entries.iter().zip(from..).find(|(entry, _)| u16::try_from(entry.len()).is_err()).map_or(from, |(_, index)| index);
            let bytes = encode_bundle(&entries).ok_or_else(|| PublishError::TooLong { index: too_long() })?;
            self.write(bundle, &bytes)?;
            filled.extend(bundle.is_full().then_some(bundle));
            for entry in entries.iter().skip((tree.size() - from) as usize) {
                tree.push(leaf_hash(entry), |tile, hashes| {
                    filled.push(tile);
                    self.write(tile, &encode_hashes(hashes))
                })?;
            }
        }
        for (tile, hashes) in tree.partial() {
            self.write(tile, &encode_hashes(hashes))?;
        }
        Ok(filled)
    }

    /// Writes a tile once. A crash just after leaves a tile that no checkpoint needs: the next publication
    /// finds it equal and goes on.
    fn write(&self, tile: Tile, bytes: &[u8]) -> Result<(), PublishError> {
        if self.check_file(tile, bytes)? {
            self.files.relied_on(&tile.path());
        } else {
            self.files.write(&tile.path(), bytes)?;
        }
        Ok(())
    }

    /// Whether the file is there; if it is, it must hold these bytes.
    fn check_file(&self, tile: Tile, bytes: &[u8]) -> Result<bool, PublishError> {
        match self.files.read(&tile.path())? {
            None => Ok(false),
            Some(found) if found == bytes => Ok(true),
            Some(_) => Err(PublishError::FileChanged { file: tile.path() }),
        }
    }

    /// Whose file it was, `load_head` has checked. A crash just after leaves a key without a log, or the new key beside
    /// a checkpoint that the one before signed: the next publication with this key goes on.
    fn write_vkey(&self) -> Result<(), PublishError> {
        let vkey = format!("{}\n", self.keys.first.verifier());
        if self.files.read(VKEY)?.as_deref() != Some(vkey.as_bytes()) {
            self.files.write(VKEY, vkey.as_bytes())?;
        }
        Ok(())
    }

    fn write_checkpoint(&self, tree: &TileTree) -> Result<(Checkpoint, String), PublishError> {
        // What is signed must survive: first every tile's name, then the head that relies on them.
        self.files.sync()?;
        if read_edge(self.files, tree.size())?.as_ref() != Some(tree) {
            return Err(FileError::Damaged { file: "tile".into() }.into());
        }
        let origin = self.keys.first.name().to_owned();
        let checkpoint = Checkpoint { origin, size: tree.size(), root: tree.root(), extensions: Vec::new() };
        let note = checkpoint.sign_with(&self.keys.signers()).map_err(|_| NoteError::Malformed)?;
        Checkpoint::verify_any(note.as_bytes(), &self.keys.known()).map_err(|_| NoteError::Malformed)?;
        // A crash just after leaves the new head in place but perhaps not synced: either head is true, and the
        // next publication starts from the one that it finds. The caller makes nothing visible before we return.
        self.files.write(CHECKPOINT, note.as_bytes())?;
        self.files.sync()?;
        Ok((checkpoint, note))
    }

    fn read(&mut self, from: u64, to: u64) -> Result<Vec<Vec<u8>>, PublishError> {
        let entries = self.source.read(from, to).map_err(source_error)?;
        if entries.len() as u64 == to - from {
            return Ok(entries);
        }
        Err(PublishError::Source { detail: format!("{} entries instead of {}", entries.len(), to - from) })
    }
}

/// The tree of `size` entries from its partial tiles, or `None` where one is missing or has another width.
fn read_edge(files: &Files, size: u64) -> Result<Option<TileTree>, PublishError> {
    let mut levels = Vec::new();
    for tile in Tile::edge(size) {
        let TileKind::Hashes(level) = tile.kind else { continue };
        levels.resize(usize::from(level) + 1, Vec::new());
        match files.hashes(tile) {
            Ok(hashes) => levels[usize::from(level)] = hashes,
            Err(FileError::Missing { .. } | FileError::Damaged { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(TileTree::from_edge(size, levels))
}

fn source_error(error: Box<dyn std::error::Error + Send + Sync>) -> PublishError {
    PublishError::Source { detail: error.to_string() }
}

#[cfg(test)]
mod tests;
