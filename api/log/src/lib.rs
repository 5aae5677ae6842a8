//! The transparency log: what happened, in an order that nobody can change unseen.

mod audit;
mod checkpoint;
mod entry;
mod files;
mod hash;
mod note;
mod proof;
mod publish;
mod replay;
mod text;
mod tiles;
mod tree;
mod violation;

pub use audit::{AuditError, AuditReport, Verdict, verify};
pub use checkpoint::{Checkpoint, CheckpointError};
pub use entry::{Charge, ENTRY_BYTES_MAX, Entry, EntryError, Event, RELEASE_BYTES, commit, entry_schema};
pub use files::FileError;
pub use hash::{empty_root, fold, leaf_hash, node_hash};
pub use note::{Note, NoteError, Signer, Verifier, sign};
pub use proof::{ProofError, TlogProof, prove};
pub use publish::{EntrySource, PublishError, Published, publish, republish};
pub use replay::{LineageAccount, OpenRun};
pub use text::{parse_instant, parse_key};
pub use tiles::{TILE_WIDTH, Tile, TileKind, TileTree, decode_bundle, decode_hashes, encode_bundle, encode_hashes};
pub use tree::{Edge, Nodes, prove_consistency, prove_inclusion, root_of, verify_consistency, verify_inclusion};
pub use violation::{Finding, Violation};
