//! Verifying a published log, offline and from its directory alone.
//!
//! Guarantee: [`verify`] reads every entry, makes every hash again, and compares all files with what it made
//! and the root with the signed one. No bit of a file that the checkpoint covers can differ unnoticed, and the
//! error names the file: entries and hash tiles root separately, so the side that still leads to the signed
//! root convicts the other. The rules between entries are replayed in their order, while all cores read ahead
//! (`ahead`). Memory follows the number of runs and of files, not the size of the log. Whoever trusts an earlier key
//! of the log is led to the present one ([`KeyChain`]); the checkpoints on the way must be of the same history.
//!
//! Rejected: checking proofs for sampled entries. A domain's log is small enough to be read whole.

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::custody::ReplayCount;
use crate::files::{CHECKPOINT, FileError, Files, VKEY};
use crate::incident::FrozenLineage;
use crate::key::Verifier;
use crate::note::{Note, NoteError};
use crate::proof::ProofError;
use crate::replay::{OpenRun, Replay};
use crate::rotation::{KeyChain, KeyLink, read_links};
use crate::spending::LineageAccount;
use crate::tiles::{Tile, TileKind, TileTree};
use crate::violation::Finding;
use std::collections::BTreeMap;
use std::path::Path;
use tidegate_terms::{Digest, Name, messages};

mod ahead;

messages! {
    /// Why a log could not be verified.
    #[derive(Clone, PartialEq, Eq)]
    pub enum AuditError {
        NoKey = "audit.no-key" {
            en: "no key was given and the log has no file `vkey`: pass the verifier key that the domain published",
            zh: "未提供密钥，日志中也没有文件“vkey”：请提供该域公布的验证密钥",
        },
        Key = "audit.key" {
            en: "the given verifier key cannot be read: copy it whole, as name+hash+base64",
            zh: "无法读取所给验证密钥：请完整复制，形式为 名称+哈希+base64",
        },
        VkeyFile = "audit.vkey-file" {
            en: "the file `vkey` of the log does not hold the expected key: take the key from the domain by another way and pass it",
            zh: "日志文件“vkey”中的密钥与预期不符：请通过其他途径向该域索取密钥并传入",
        },
        CheckpointMalformed = "audit.checkpoint-malformed" {
            en: "the file `checkpoint` is no signed checkpoint: fetch it again",
            zh: "文件“checkpoint”不是合法的签名检查点：请重新获取",
        },
        CheckpointUnsigned { name: String } = "audit.checkpoint-unsigned" {
            en: "the file `checkpoint` is not signed by the key `{name}`: check that this is the right key for this log",
            zh: "文件“checkpoint”没有密钥“{name}”的签名：请确认该密钥属于此日志",
        },
        CheckpointForged { name: String } = "audit.checkpoint-forged" {
            en: "the signature by `{name}` in the file `checkpoint` does not fit its text: it was changed, do not rely on it",
            zh: "文件“checkpoint”中“{name}”的签名与文本不符：内容已被改动，请勿采信",
        },
        OtherOrigin { found: String, expected: String } = "audit.other-origin" {
            en: "the file `checkpoint` is of the log `{found}`, but the key is of `{expected}`: check which log this is",
            zh: "文件“checkpoint”属于日志“{found}”，而密钥属于“{expected}”：请查明这是哪个日志",
        },
        RootDiffers = "audit.root-differs" {
            en: "the entries do not lead to the root that the file `checkpoint` signs: another history was signed, keep both and ask the publisher",
            zh: "条目推导出的根与文件“checkpoint”签署的根不符：签署的是另一段历史，请留存双方并询问发布方",
        },
        KeyLinkDiffers { file: String } = "audit.key-link-differs" {
            en: "the file `{file}` of a change of key is of another history than the entries: keep both and ask the publisher",
            zh: "密钥更换文件“{file}”与条目不属同一历史：请留存双方并询问发布方",
        },
        Newer { index: u64, version: u32 } = "audit.newer" {
            en: "entry {index} has version {version}, which this program does not know: verify with a newer Tidegate",
            zh: "第 {index} 条的版本为 {version}，本程序不认识：请用更新的 Tidegate 验证",
        };
        File(FileError),
    }
}

/// What a verification comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every file, the signature and every rule hold.
    Verified,
    /// Something contradicts something: a file, the signature, or a rule.
    Contradiction,
    /// What would decide is missing: a file, the key, a newer program.
    CannotVerify,
}

impl AuditError {
    /// What the verification comes to.
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::NoKey | Self::Key | Self::CheckpointUnsigned { .. } | Self::Newer { .. } => Verdict::CannotVerify,
            Self::File(FileError::Missing { .. } | FileError::Unreadable { .. } | FileError::Busy) => Verdict::CannotVerify,
            _ => Verdict::Contradiction,
        }
    }

    /// The file that is wrong, where it is one.
    pub fn file(&self) -> Option<&str> {
        match self {
            Self::File(FileError::Missing { file } | FileError::Unreadable { file, .. } | FileError::Damaged { file }) => Some(file),
            Self::KeyLinkDiffers { file } => Some(file),
            Self::VkeyFile => Some(VKEY),
            Self::NoKey | Self::Key | Self::Newer { .. } | Self::File(FileError::Busy) => None,
            _ => Some(CHECKPOINT),
        }
    }
}

/// What was found in a log whose files are right.
#[derive(Debug, serde::Serialize)]
pub struct AuditReport {
    /// Which log.
    pub origin: String,
    /// How many entries.
    pub entries: u64,
    /// The root over them.
    pub root: Digest,
    /// Whether the caller brought the key. A key that lies beside the log proves only that the log agrees with itself.
    pub key_trusted: bool,
    /// The keys of the log that were followed, from the one that was begun with.
    pub keys: Vec<String>,
    /// Rules that entries break; the first thousand.
    pub findings: Vec<Finding>,
    /// How many there are in all.
    pub findings_total: u64,
    /// The account of each lineage.
    pub lineages: BTreeMap<Name, LineageAccount>,
    /// How many runs reserved budget.
    pub runs: u64,
    /// How many runs were admitted to make exact tables, which cost no budget and are not differentially private.
    pub reviewed_runs: u64,
    /// Those without a release.
    pub open_runs: Vec<OpenRun>,
    /// What replays inside the domain found.
    pub replays: ReplayCount,
    /// Lineages that no new work may read, because an incident is open.
    pub frozen: Vec<FrozenLineage>,
    /// Tiles beyond the checkpoint, which nobody signed yet; a publication is under way or died.
    pub files_unsigned: u64,
    /// Files below `tile/` that are no tiles; nothing was read from them.
    pub files_unknown: Vec<String>,
}

impl AuditReport {
    /// What the verification comes to.
    pub fn verdict(&self) -> Verdict {
        if self.findings_total == 0 { Verdict::Verified } else { Verdict::Contradiction }
    }
}

/// Verifies the log in a directory under this key, or under the one that lies there. The key may be any that the log
/// had, as long as it leads to the one that signs now.
pub fn verify(directory: &Path, vkey: Option<&str>) -> Result<AuditReport, AuditError> {
    let files = Files::new(directory);
    let Opened { chain, links, note, head } = open_signed(&files, vkey)?;
    let signed = Signed::all(&note, &head, &links)?;
    let replay = check_tree(&files, &head, &chain, signed)?;
    let (files_unsigned, files_unknown) = check_other_files(&files, head.size)?;
    if let Some((index, version)) = replay.newer {
        return Err(AuditError::Newer { index, version });
    }
    Ok(AuditReport {
        origin: head.origin,
        entries: head.size,
        root: head.root,
        key_trusted: vkey.is_some(),
        keys: chain.keys().iter().map(ToString::to_string).collect(),
        runs: replay.runs(),
        reviewed_runs: replay.reviewed_runs(),
        open_runs: replay.open_runs(),
        replays: replay.custody.replays(),
        frozen: replay.incidents.frozen(),
        findings: replay.findings,
        findings_total: replay.findings_total,
        lineages: replay.lineages,
        files_unsigned,
        files_unknown,
    })
}

/// The keys of a log: those that the given one, or else the one that lies there, leads to.
pub fn log_keys(directory: &Path, vkey: Option<&str>) -> Result<KeyChain, AuditError> {
    let files = Files::new(directory);
    load_keys(&files, vkey, &read_links(&files)?)
}

/// The log's head, signed by one of its keys.
pub(crate) fn open_log(files: &Files, vkey: Option<&str>) -> Result<Checkpoint, AuditError> {
    open_signed(files, vkey).map(|opened| opened.head)
}

/// The keys of a log, the files of their changes, its head as a note, and what that says.
struct Opened {
    chain: KeyChain,
    links: Vec<(String, KeyLink)>,
    note: Vec<u8>,
    head: Checkpoint,
}

fn open_signed(files: &Files, vkey: Option<&str>) -> Result<Opened, AuditError> {
    let links = read_links(files)?;
    let chain = load_keys(files, vkey, &links)?;
    let note = files.read(CHECKPOINT)?.ok_or(FileError::Missing { file: CHECKPOINT.into() })?;
    let head = chain.verify_checkpoint(&note).map_err(checkpoint_error)?;
    Ok(Opened { chain, links, note, head })
}

/// The key to begin with and those that it leads to; the one that lies beside the log must be among them.
fn load_keys(files: &Files, vkey: Option<&str>, links: &[(String, KeyLink)]) -> Result<KeyChain, AuditError> {
    let beside = files.read(VKEY)?;
    let parse = |bytes: &[u8]| Verifier::parse(std::str::from_utf8(bytes).ok()?.strip_suffix('\n')?).ok();
    let trusted = match (vkey, &beside) {
        (None, None) => return Err(AuditError::NoKey),
        (None, Some(bytes)) => parse(bytes).ok_or(AuditError::VkeyFile)?,
        (Some(vkey), _) => Verifier::parse(vkey.trim()).map_err(|_| AuditError::Key)?,
    };
    for (file, link) in links {
        if let Err(ProofError::Checkpoint(CheckpointError::Note(NoteError::Signature { .. }))) = link.verify(&trusted) {
            return Err(FileError::Damaged { file: file.clone() }.into());
        }
    }
    let only: Vec<KeyLink> = links.iter().map(|(_, link)| link.clone()).collect();
    let chain = KeyChain::follow(&trusted, &only);
    let fits = beside.is_none_or(|bytes| parse(&bytes).is_some_and(|beside| chain.keys().contains(&beside)));
    if fits { Ok(chain) } else { Err(AuditError::VkeyFile) }
}

/// A signed checkpoint that must be of this history.
struct Signed {
    file: String,
    size: u64,
    root: Digest,
    note: Note,
}

impl Signed {
    /// The head, and the checkpoints of changes of key, by size.
    fn all(note: &[u8], head: &Checkpoint, links: &[(String, KeyLink)]) -> Result<Vec<Self>, AuditError> {
        let mut all = Vec::new();
        let mut before: Option<&Verifier> = None;
        for (file, link) in links {
            let damaged = |_| FileError::Damaged { file: file.clone() };
            let Checkpoint { origin, size, root, .. } = link.verify(link.key()).map_err(damaged)?;
            before.map_or(Ok(()), |before| link.verify(before).map(|_| ()).map_err(damaged))?;
            before = Some(link.key());
            if origin != head.origin || size > head.size {
                return Err(AuditError::KeyLinkDiffers { file: file.clone() });
            }
            let note = Note::parse(link.note().as_bytes()).map_err(|_| AuditError::KeyLinkDiffers { file: file.clone() })?;
            all.push(Self { file: file.clone(), size, root, note });
        }
        all.sort_by_key(|signed| signed.size);
        let note = Note::parse(note).map_err(|_| AuditError::CheckpointMalformed)?;
        all.push(Self { file: CHECKPOINT.into(), size: head.size, root: head.root, note });
        Ok(all)
    }

    fn by(&self, verifier: &Verifier) -> bool {
        self.note.verify(std::slice::from_ref(verifier)).is_ok()
    }
}

fn checkpoint_error(error: CheckpointError) -> AuditError {
    match error {
        CheckpointError::OtherOrigin { found, expected } => AuditError::OtherOrigin { found, expected },
        CheckpointError::Note(NoteError::Unsigned { name }) => AuditError::CheckpointUnsigned { name },
        CheckpointError::Note(NoteError::Signature { name }) => AuditError::CheckpointForged { name },
        CheckpointError::Malformed | CheckpointError::Note(_) => AuditError::CheckpointMalformed,
    }
}

/// Reads all entries and the tiles of the signed tree, and finds the side that does not lead to its root.
fn check_tree(files: &Files, head: &Checkpoint, chain: &KeyChain, signed: Vec<Signed>) -> Result<Replay, AuditError> {
    let mut replay = Replay::new(&head.origin);
    // Two trees: one over the entries, one over the hashes that the tiles of level 0 hold. They are one until they differ.
    let (mut made, mut stored): (TileTree, Option<TileTree>) = (TileTree::default(), None);
    let (mut wrong_tile, mut wrong_bundle, mut wrong_link) = (None, None, None);
    // The instant of the newest entry under each checkpoint.
    let mut newest: Vec<String> = Vec::new();
    let mut at_size = |made: &TileTree, replay: &Replay| {
        while let Some(next) = signed.get(newest.len()).filter(|next| next.size == made.size()) {
            if next.file != CHECKPOINT && next.root != made.root() {
                wrong_link.get_or_insert_with(|| next.file.clone());
            }
            newest.push(replay.now().to_owned());
        }
    };
    at_size(&made, &replay);
    ahead::read(files, head.size, |bundle| {
        let same = bundle.leaves == bundle.hashes;
        if !same || stored.is_some() {
            let stored = stored.get_or_insert_with(|| made.clone());
            for hash in &bundle.hashes {
                stored.push(*hash, |_, _| Ok::<(), AuditError>(()))?;
            }
        }
        if !same {
            wrong_bundle.get_or_insert(bundle.file);
        }
        for (entry, leaf) in bundle.entries.into_iter().zip(bundle.leaves) {
            replay.take(entry);
            made.push(leaf, |tile, hashes| match tile.kind {
                // Level 0 was compared just now.
                TileKind::Hashes(0) if same => Ok(()),
                _ => compare(files, tile, hashes, &mut wrong_tile),
            })?;
            at_size(&made, &replay);
        }
        Ok(())
    })?;
    for (tile, hashes) in made.partial() {
        compare(files, tile, hashes, &mut wrong_tile)?;
    }
    let damaged = |file| Err(FileError::Damaged { file }.into());
    let stored_root = stored.as_ref().unwrap_or(&made).root();
    match (made.root() == head.root, stored_root == head.root, wrong_tile, wrong_bundle) {
        (true, _, None, _) => {}
        (true, _, Some(tile), _) => return damaged(tile),
        (false, true, _, Some(bundle)) => return damaged(bundle),
        (false, _, _, _) => return Err(AuditError::RootDiffers),
    }
    if let Some(file) = wrong_link {
        return Err(AuditError::KeyLinkDiffers { file });
    }
    let first = chain.keys().first().filter(|first| replay.rotations.iter().all(|rotation| rotation.key != **first));
    for (signed, newest) in signed.iter().zip(&newest) {
        replay.check_signed(signed.size, newest, first, |verifier| signed.by(verifier));
    }
    Ok(replay)
}

fn compare(files: &Files, tile: Tile, made: &[Digest], wrong: &mut Option<String>) -> Result<(), AuditError> {
    if files.hashes(tile)? != made {
        wrong.get_or_insert(tile.path());
    }
    Ok(())
}

/// Compares what the tree did not need: partial tiles of earlier sizes, and the beginnings of later ones.
fn check_other_files(files: &Files, size: u64) -> Result<(u64, Vec<String>), AuditError> {
    let (mut unsigned, mut unknown) = (0, Vec::new());
    for path in files.tiles()? {
        let Some(found) = Tile::parse(&path) else {
            unknown.push(path);
            continue;
        };
        let signed = Tile::of_tree(found.kind, found.index, size);
        unsigned += u64::from(signed.is_none_or(|signed| signed.width < found.width));
        let Some(signed) = signed.filter(|signed| signed.width != found.width) else { continue };
        let both = usize::from(signed.width.min(found.width));
        let same = match found.kind {
            TileKind::Hashes(_) => files.hashes(signed)?[..both] == files.hashes(found)?[..both],
            TileKind::Entries => files.entries(signed)?.1[..both] == files.entries(found)?.1[..both],
        };
        if !same {
            return Err(FileError::Damaged { file: path }.into());
        }
    }
    Ok((unsigned, unknown))
}

#[cfg(test)]
mod tests;
