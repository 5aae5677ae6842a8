//! How many units two dataset versions have in common.
//!
//! Guarantee: one pass over each, in the order of their hashes; no row is decoded and only a number comes out. It is an
//! exact count of people, so it stays inside the domain, and it is nothing for a provider: whoever mounts one row would
//! learn from it whether somebody else's dataset has that person. Rejected: an estimate from sketches of the hashes; the
//! authority decides on it whether two lineages are one population, and files are read once at import anyway.

use crate::manifest::ShardManifest;
use crate::{Projection, ShardError, ShardReader, UnitHash};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::path::{Path, PathBuf};
use tidegate_terms::PublicSchema;

/// A dataset version whose units can be counted against another's.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Population {
    /// Where its shards are.
    pub directory: PathBuf,
    /// Its schema.
    pub schema: PublicSchema,
    /// Its shards.
    pub shards: ShardManifest,
}

/// The number of units that are in both, which were imported under one key. Kinds of identifiers are not compared: whoever
/// declares citizen numbers as text has the same people still.
pub fn overlap(one: &Population, other: &Population) -> Result<u64, ShardError> {
    let (mut left, mut right) = (Hashes::of(one), Hashes::of(other));
    let (mut mine, mut theirs) = (left.next()?, right.next()?);
    let mut both = 0;
    while let (Some(hash), Some(against)) = (mine, theirs) {
        let order = hash.cmp(&against);
        both += u64::from(order == Ordering::Equal);
        if order != Ordering::Greater {
            mine = left.next()?;
        }
        if order != Ordering::Less {
            theirs = right.next()?;
        }
    }
    Ok(both)
}

/// The hashes of a dataset version in ascending order: shard by shard, as their top bits are the number of the shard.
struct Hashes<'a> {
    directory: &'a Path,
    schema: &'a PublicSchema,
    files: std::slice::Iter<'a, crate::ShardEntry>,
    shard: Option<ShardReader>,
}

impl<'a> Hashes<'a> {
    fn of(population: &'a Population) -> Self {
        let Population { directory, schema, shards } = population;
        Self { directory, schema, files: shards.shards.iter(), shard: None }
    }

    fn next(&mut self) -> Result<Option<UnitHash>, ShardError> {
        loop {
            if let Some(hash) = self.shard.as_mut().map(ShardReader::next_hash).transpose()?.flatten() {
                return Ok(Some(hash));
            }
            let Some(file) = self.files.next() else { return Ok(None) };
            let path = self.directory.join(&file.file);
            self.shard = Some(ShardReader::open(&path, self.schema, &Projection::none(), None)?);
        }
    }
}
