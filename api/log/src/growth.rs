//! Whether one signed head of a log is the beginning of another, and what proves that it is not.
//!
//! Guarantee: the answer is decided by hashes that lead to the larger head's signed root, so neither the publisher nor
//! a damaged copy can make honest heads look forked. [`ForkEvidence`] needs neither log nor tiles: two notes signed by
//! one key (or by keys that it leads to), and a consistency proof from *another* root of the smaller size to the larger head. The log that the larger
//! head signs has that other root at that size, so the smaller head signs another history.
//!
//! Rejected: calling a failed consistency proof evidence. Whoever made the proof could have spoilt it.

use crate::authentic::{Authentic, AuthenticError};
use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::files::CHECKPOINT;
use crate::hash::empty_root;
use crate::key::Verifier;
use crate::note::Note;
use crate::rotation::{KeyChain, KeyLink};
use crate::source::Source;
use crate::tree::{prove_consistency, range_root, verify_consistency};
use serde::{Deserialize, Serialize};
use tidegate_terms::{Digest, messages};

/// The longest checkpoint that is read.
pub(crate) const CHECKPOINT_BYTES_MAX: u64 = 1_000_000;
const FORMAT: &str = "tidegate fork evidence v1";

messages! {
    /// Why two heads could not be compared.
    #[derive(Clone, PartialEq, Eq)]
    pub enum GrowthError {
        NoCheckpoint = "growth.no-checkpoint" {
            en: "there is no file `checkpoint`: name the directory of a published log",
            zh: "没有文件“checkpoint”：请指定已公布日志的目录",
        },
        Shorter { size: u64, since: u64 } = "growth.shorter" {
            en: "the log shows {size} entries, but the older checkpoint has {since}: this is an old copy or a rollback; ask the publisher for the newest log",
            zh: "日志只有 {size} 条，而旧检查点有 {since} 条：这是旧副本或回退；请向发布方索取最新日志",
        },
        NoTiles = "growth.no-tiles" {
            en: "the two checkpoints have different sizes, so the tiles of the larger one decide: name its log's directory instead of the file",
            zh: "两个检查点大小不同，须由较大者的瓦片判定：请指定其日志目录而不是文件",
        },
        EvidenceMalformed = "growth.evidence-malformed" {
            en: "this is no fork evidence: take the file again from whoever made it",
            zh: "这不是分叉证据文件：请向制作者重新获取",
        },
        EvidenceFails = "growth.evidence-fails" {
            en: "the evidence proves no fork: its proof does not hold, or both heads agree",
            zh: "该证据不能证明分叉：其证明不成立，或两个检查点一致",
        };
        Checkpoint(CheckpointError),
        Authentic(AuthenticError),
    }
}

/// A head whose signature holds, with its note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedHead {
    /// What is signed.
    pub checkpoint: Checkpoint,
    /// The note, as it came.
    pub note: String,
}

/// What is said of a head.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadView {
    /// Entries.
    pub size: u64,
    /// The root over them.
    pub root: Digest,
}

/// How two signed heads of one log stand to each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Growth {
    /// Which log.
    pub origin: String,
    /// The smaller head.
    pub older: HeadView,
    /// The larger head.
    pub newer: HeadView,
    /// Whether the larger one extends the smaller one.
    pub consistent: bool,
    /// The consistency proof from the root that the larger history has at the smaller size (RFC 6962, 2.1.2).
    pub proof: Vec<Digest>,
    /// That root; the smaller head's own if they agree.
    pub prefix_root: Digest,
    /// What shows a fork to a third person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Box<ForkEvidence>>,
}

/// Two heads that one key signed and that cannot both be true; whoever has the key's public half can check it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForkEvidence {
    /// Always `tidegate fork evidence v1`.
    pub format: String,
    /// The log's verifier key.
    pub vkey: String,
    /// The changes of that key that lead to those that signed the notes, each as its file tells it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rotations: Vec<String>,
    /// The signed note of the smaller head, or one of two of the same size.
    pub smaller: String,
    /// The signed note of the other head.
    pub larger: String,
    /// The root that the larger history has at the smaller size.
    pub prefix_root: Digest,
    /// The consistency proof from there to the larger head.
    pub proof: Vec<Digest>,
}

impl SignedHead {
    /// Reads a note that one of these keys signed; keeps of its signatures what is there.
    pub fn parse(note: &[u8], keys: &KeyChain) -> Result<Self, CheckpointError> {
        let checkpoint = keys.verify_checkpoint(note)?;
        let note = String::from_utf8(note.to_vec()).map_err(|_| CheckpointError::Malformed)?;
        Ok(Self { checkpoint, note })
    }

    /// The head that a source shows now.
    pub fn of_source(source: &mut dyn Source, keys: &KeyChain) -> Result<Self, GrowthError> {
        let note = source.fetch(CHECKPOINT, CHECKPOINT_BYTES_MAX).map_err(AuthenticError::from)?;
        Ok(Self::parse(&note.ok_or(GrowthError::NoCheckpoint)?, keys)?)
    }

    fn view(&self) -> HeadView {
        HeadView { size: self.checkpoint.size, root: self.checkpoint.root }
    }
}

/// Whether `newer` extends `older`; the source has the tiles of `newer`.
pub fn compare_heads(
    older: &SignedHead,
    newer: &SignedHead,
    source: Option<&mut dyn Source>,
    keys: &KeyChain,
) -> Result<Growth, GrowthError> {
    let (old, new) = (&older.checkpoint, &newer.checkpoint);
    if old.size > new.size {
        return Err(GrowthError::Shorter { size: new.size, since: old.size });
    }
    let (prefix_root, proof) = match old.size {
        0 => (empty_root(), Vec::new()),
        size if size == new.size => (new.root, Vec::new()),
        size => {
            let mut tree = Authentic::open(source.ok_or(GrowthError::NoTiles)?, None, new)?;
            prefix(&mut tree, size, new.size)?
        }
    };
    Ok(judge(older, newer, prefix_root, proof, keys))
}

/// The root of the first `size` entries of a tree, and the proof from there to the whole.
pub(crate) fn prefix(tree: &mut Authentic<'_>, size: u64, whole: u64) -> Result<(Digest, Vec<Digest>), AuthenticError> {
    Ok((range_root(tree, 0, size)?, prove_consistency(tree, size, whole)?))
}

pub(crate) fn judge(older: &SignedHead, newer: &SignedHead, prefix_root: Digest, proof: Vec<Digest>, keys: &KeyChain) -> Growth {
    let consistent = prefix_root == older.checkpoint.root;
    let evidence = || ForkEvidence {
        format: FORMAT.to_owned(),
        vkey: keys.keys()[0].to_string(),
        rotations: keys.links().iter().map(ToString::to_string).collect(),
        smaller: older.note.clone(),
        larger: newer.note.clone(),
        prefix_root,
        proof: proof.clone(),
    };
    Growth {
        origin: newer.checkpoint.origin.clone(),
        older: older.view(),
        newer: newer.view(),
        consistent,
        evidence: (!consistent).then(|| Box::new(evidence())),
        proof,
        prefix_root,
    }
}

impl ForkEvidence {
    /// Evidence from two notes of one size, without any tiles.
    pub fn of_one_size(one: &str, other: &str, verifier: &Verifier) -> Result<Option<Self>, GrowthError> {
        let keys = KeyChain::from(verifier);
        let (one, other) = (SignedHead::parse(one.as_bytes(), &keys)?, SignedHead::parse(other.as_bytes(), &keys)?);
        if one.checkpoint.size != other.checkpoint.size {
            return Ok(None);
        }
        let root = other.checkpoint.root;
        Ok(judge(&one, &other, root, Vec::new(), &keys).evidence.map(|evidence| *evidence))
    }

    /// Reads a file of evidence; nothing is verified yet.
    pub fn parse(text: &str) -> Result<Self, GrowthError> {
        let evidence: Self = serde_json::from_str(text).map_err(|_| GrowthError::EvidenceMalformed)?;
        if evidence.format == FORMAT { Ok(evidence) } else { Err(GrowthError::EvidenceMalformed) }
    }

    /// Checks it under this key: both signatures, the proof, and that the heads cannot both be true.
    pub fn verify(&self, verifier: &Verifier) -> Result<Growth, GrowthError> {
        let links: Option<Vec<KeyLink>> = self.rotations.iter().map(|text| KeyLink::parse(text)).collect();
        let keys = KeyChain::follow(verifier, &links.ok_or(GrowthError::EvidenceMalformed)?);
        let older = SignedHead::parse(self.smaller.as_bytes(), &keys)?;
        let newer = SignedHead::parse(self.larger.as_bytes(), &keys)?;
        let (old, new) = (&older.checkpoint, &newer.checkpoint);
        let holds = verify_consistency(old.size, self.prefix_root, new.size, new.root, &self.proof);
        if !holds || self.prefix_root == old.root {
            return Err(GrowthError::EvidenceFails);
        }
        Ok(judge(&older, &newer, self.prefix_root, self.proof.clone(), &keys))
    }

    /// As it lies in a file.
    pub fn text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// A short name that two equal ones share.
    pub fn name(&self) -> String {
        let text = |note: &str| Note::parse(note.as_bytes()).map_or_else(|_| note.to_owned(), |note| note.unverified_text().to_owned());
        Digest::of(format!("{}\n{}", text(&self.smaller), text(&self.larger)).as_bytes()).short()
    }
}
