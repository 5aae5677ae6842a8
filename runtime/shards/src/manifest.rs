//! The list of the shards of a dataset version.
//!
//! Digests are salted: the plain hash of a small shard could be found by trying possible rows (attack A22),
//! and digests travel further than data, into log entries and receipts. The salt is guarded like raw data.
//! Counts of rows and units are exact, so a manifest stays inside the domain too.

use serde::{Deserialize, Serialize};
use std::path::Path;
use tidegate_terms::Digest;

/// One shard of a dataset version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShardEntry {
    /// Its number, from 0.
    pub index: u32,
    /// Its file name inside the dataset's directory.
    pub file: String,
    /// SHA-256 of the salt and the bytes.
    pub digest: Digest,
    /// Its length.
    pub bytes: u64,
    /// Its rows, over all tables.
    pub rows: u64,
    /// Its units.
    pub units: u64,
}

/// The shards of a dataset version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShardManifest {
    /// 1.
    pub version: u32,
    /// The schema that they were written under, see [`crate::schema_digest`].
    pub schema: Digest,
    /// How many there are; follows from the declared number of units.
    pub shard_count: u32,
    /// Each of them, by index, the empty ones too.
    pub shards: Vec<ShardEntry>,
}

impl ShardManifest {
    /// The units of all shards.
    pub fn units(&self) -> u64 {
        self.shards.iter().map(|shard| shard.units).sum()
    }

    /// The rows of all shards.
    pub fn rows(&self) -> u64 {
        self.shards.iter().map(|shard| shard.rows).sum()
    }
}

/// The salted digest of a shard's bytes.
pub(crate) fn shard_digest(salt: &[u8; 32], bytes: &[u8]) -> Digest {
    Digest::of_parts(&[salt, bytes])
}

/// The file name of a shard.
pub(crate) fn shard_file(index: u32) -> String {
    format!("{index:05}.shard")
}

/// Whether the files of a directory are the shards of a manifest, to the last bit. Bytes are digested as they come; nothing
/// is decoded.
pub fn files_are(directory: &Path, shards: &ShardManifest, salt: &[u8; 32]) -> std::io::Result<bool> {
    for shard in &shards.shards {
        let bytes = match std::fs::read(directory.join(&shard.file)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
            other => other?,
        };
        if shard_digest(salt, &bytes) != shard.digest {
            return Ok(false);
        }
    }
    Ok(true)
}
