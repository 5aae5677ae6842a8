//! The transparency log: what happened, in an order that nobody can change unseen.
//!
//! Entries are durable in the domain's database; [`publish`] derives from them the files that everybody may
//! have, in the C2SP formats (tlog-tiles, tlog-checkpoint, signed-note, tlog-proof), so that verifiers written
//! by others check them unmodified. [`verify`] checks such a directory offline: every bit, and then every rule
//! that the entries must keep among each other. [`prove`] makes the proof that a product carries with it.
//!
//! For outsiders: [`pull`] keeps a verified copy, [`compare_heads`] says whether two signed heads fit together and makes
//! [`ForkEvidence`] where they do not; [`Submission`] and [`Witness`] are what logs and witnesses say to each other.
//!
//! What the holder of the signing key can do: sign a history that never was, from its beginning. What it cannot:
//! change one that somebody else has kept a checkpoint of. What the holder of the files can do: withhold them.

mod audit;
mod authentic;
mod checkpoint;
mod cosignature;
mod custody;
mod dossier;
mod entry;
mod explain;
mod files;
mod growth;
mod hash;
mod history;
mod incident;
mod key;
mod mirror;
mod nodes;
mod note;
mod opening;
mod price;
mod proof;
mod publish;
mod replay;
mod rotation;
mod source;
mod spending;
mod submission;
mod text;
mod tiles;
mod tree;
mod violation;
mod window;

pub use audit::{AuditError, AuditReport, Verdict, log_keys, verify};
pub use authentic::AuthenticError;
pub use checkpoint::{Checkpoint, CheckpointError};
pub use cosignature::{Cosignature, Witness, WitnessSigner, cosignatures};
pub use custody::{CustodyViolation, Obstacle, RETENTION_YEARS_MIN, ReplayCheck, ReplayCount, ReplayOutcome};
pub use dossier::{Activity, Dossier, DossierLine, dossier};
pub use entry::{Changed, Decided, Resting, RestingKind};
pub use entry::{
    Charge, ENTRY_BYTES_MAX, Entry, EntryError, Event, Machine, Payer, PeriodCap, RELEASE_BYTES, ReviewedTerms, commit, entry_schema,
};
pub use entry::{
    ProductAcknowledgement, ProductApplication, ProductDelivery, ProductKeys, ProductPolicy, ProductReceipt, ProductSource, ProductStep,
    ProductStepKind,
};
pub use explain::{Explanation, Noise, Paid as ExplainedPrice, Reading, Released, explain};
pub use files::FileError;
pub use growth::{ForkEvidence, Growth, GrowthError, HeadView, SignedHead, compare_heads};
pub use hash::{empty_root, fold, leaf_hash, node_hash};
pub use history::{Relations, Subjects, Wanted, read_history};
pub use incident::{FrozenLineage, IncidentViolation};
pub use key::{Signer, Verifier};
pub use mirror::{MirrorError, PullReport, pull};
pub use note::{Note, NoteError, sign};
pub use opening::{CommitmentOpening, OpeningError, Reader, may_open};
pub use proof::{ProofError, TlogProof, prove};
pub use publish::{EntrySource, PublishError, Published, SigningKeys, publish, publish_under, republish};
pub use replay::OpenRun;
pub use rotation::{KeyChain, KeyLink, is_key_link, key_links, write_key_link};
pub use source::{DirectorySource, Source, SourceError};
pub use spending::LineageAccount;
pub use submission::{Submission, SubmissionError, attach_cosignature, cosignature_line, published_head};
pub use text::{parse_instant, parse_key};
pub use tiles::{TILE_WIDTH, Tile, TileKind, TileTree, decode_bundle, decode_hashes, encode_bundle, encode_hashes};
pub use tree::{Edge, Nodes, prove_consistency, prove_inclusion, root_of, verify_consistency, verify_inclusion};
pub use violation::{Finding, Violation};
