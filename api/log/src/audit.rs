//! Verifying a published log, offline and from its directory alone.
//!
//! Guarantee: [`verify`] reads every entry, makes every hash again, and compares all files with what it made
//! and the root with the signed one. No bit of a file that the checkpoint covers can differ unnoticed, and the
//! error names the file: entries and hash tiles root separately, so the side that still leads to the signed
//! root convicts the other. Then the rules between entries are replayed. Memory follows the number of runs
//! and of files, not the size of the log.
//!
//! Rejected: checking proofs for sampled entries. A domain's log is small enough to be read whole.

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::files::{CHECKPOINT, FileError, Files, VKEY};
use crate::hash::leaf_hash;
use crate::key::Verifier;
use crate::note::NoteError;
use crate::replay::{OpenRun, Replay};
use crate::spending::LineageAccount;
use crate::tiles::{TILE_WIDTH, Tile, TileKind, TileTree};
use crate::violation::Finding;
use std::collections::BTreeMap;
use std::path::Path;
use tidegate_terms::{Digest, Name, messages};

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

/// Verifies the log in a directory under this key, or under the one that lies there.
pub fn verify(directory: &Path, vkey: Option<&str>) -> Result<AuditReport, AuditError> {
    let files = Files::new(directory);
    let head = open_log(&files, vkey)?.1;
    let replay = check_tree(&files, &head)?;
    let (files_unsigned, files_unknown) = check_other_files(&files, head.size)?;
    if let Some((index, version)) = replay.newer {
        return Err(AuditError::Newer { index, version });
    }
    Ok(AuditReport {
        origin: head.origin,
        entries: head.size,
        root: head.root,
        key_trusted: vkey.is_some(),
        runs: replay.runs(),
        reviewed_runs: replay.reviewed_runs(),
        open_runs: replay.open_runs(),
        findings: replay.findings,
        findings_total: replay.findings_total,
        lineages: replay.lineages,
        files_unsigned,
        files_unknown,
    })
}

/// The key of a log: the given one, which must then fit the one that lies there, or that one.
pub fn log_verifier(directory: &Path, vkey: Option<&str>) -> Result<Verifier, AuditError> {
    load_key(&Files::new(directory), vkey)
}

/// The log's key and its head, signed by it.
pub(crate) fn open_log(files: &Files, vkey: Option<&str>) -> Result<(Verifier, Checkpoint), AuditError> {
    let verifier = load_key(files, vkey)?;
    let note = files.read(CHECKPOINT)?.ok_or(FileError::Missing { file: CHECKPOINT.into() })?;
    let head = Checkpoint::verify(&note, &verifier).map_err(checkpoint_error)?;
    Ok((verifier, head))
}

fn load_key(files: &Files, vkey: Option<&str>) -> Result<Verifier, AuditError> {
    let beside = files.read(VKEY)?;
    let parse = |bytes: &[u8]| Verifier::parse(std::str::from_utf8(bytes).ok()?.strip_suffix('\n')?).ok();
    match (vkey, beside) {
        (None, None) => Err(AuditError::NoKey),
        (None, Some(bytes)) => parse(&bytes).ok_or(AuditError::VkeyFile),
        (Some(vkey), beside) => {
            let verifier = Verifier::parse(vkey.trim()).map_err(|_| AuditError::Key)?;
            let fits = beside.is_none_or(|bytes| parse(&bytes).as_ref() == Some(&verifier));
            if fits { Ok(verifier) } else { Err(AuditError::VkeyFile) }
        }
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
fn check_tree(files: &Files, head: &Checkpoint) -> Result<Replay, AuditError> {
    let mut replay = Replay::new(&head.origin);
    // Two trees: one over the entries, one over the hashes that the tiles of level 0 hold.
    let (mut made, mut stored) = (TileTree::default(), TileTree::default());
    let (mut wrong_tile, mut wrong_bundle) = (None, None);
    while made.size() < head.size {
        let index = made.size() / TILE_WIDTH as u64;
        let at = |kind| Tile::of_tree(kind, index, head.size).ok_or(AuditError::RootDiffers);
        let (bundle, entries) = files.entries(at(TileKind::Entries)?)?;
        let hashes = files.hashes(at(TileKind::Hashes(0))?)?;
        for hash in &hashes {
            stored.push(*hash, |_, _| Ok::<(), AuditError>(()))?;
        }
        let leaves: Vec<Digest> = entries.iter().map(|entry| leaf_hash(entry)).collect();
        if leaves != hashes {
            wrong_bundle.get_or_insert(bundle);
        }
        for (entry, leaf) in entries.iter().zip(leaves) {
            replay.take(entry);
            made.push(leaf, |tile, hashes| compare(files, tile, hashes, &mut wrong_tile))?;
        }
    }
    for (tile, hashes) in made.partial() {
        compare(files, tile, hashes, &mut wrong_tile)?;
    }
    let damaged = |file| Err(FileError::Damaged { file }.into());
    match (made.root() == head.root, stored.root() == head.root, wrong_tile, wrong_bundle) {
        (true, _, None, _) => Ok(replay),
        (true, _, Some(tile), _) => damaged(tile),
        (false, true, _, Some(bundle)) => damaged(bundle),
        (false, _, _, _) => Err(AuditError::RootDiffers),
    }
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
