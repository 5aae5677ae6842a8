//! What a run computes with: sealed before the first shard is opened.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use tidegate_sandbox::contract::{Inputs, Table};
use tidegate_sandbox::{CompiledModule, Limits};
use tidegate_shards::{ShardManifest, SideTableError, read_side_table};
use tidegate_statistics::{ChosenBounds, Layout, LayoutError};
use tidegate_terms::{Manifest, ParameterValue, PublicSchema};

/// One dataset version of a run.
pub struct Source<'a> {
    /// Its public schema.
    pub schema: &'a PublicSchema,
    /// Its shards.
    pub shards: &'a ShardManifest,
    /// The directory that they lie in.
    pub directory: PathBuf,
    /// The salt of their digests.
    pub digest_salt: [u8; 32],
}

/// Everything that a run computes with; all of it sealed before the first shard is opened.
pub struct Job<'a> {
    /// The sealed manifest.
    pub manifest: &'a Manifest,
    /// The public schema of all datasets together.
    pub schema: &'a PublicSchema,
    /// The public parameters, in the order of the manifest.
    pub parameters: &'a [ParameterValue],
    /// The public side tables as they were given, in the order of the manifest.
    pub side_tables: &'a [Vec<u8>],
    /// The compiled module.
    pub module: &'a CompiledModule,
    /// The datasets: one, or two that are joined.
    pub sources: Vec<Source<'a>>,
}

/// What the layout of a round is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Stage {
    /// As the manifest declares it.
    Declared,
    /// The first round of a run with automatic bounds: it finds them.
    Bounds,
    /// A round with the bounds that were found.
    Within(ChosenBounds),
}

impl Stage {
    /// The layout of this stage.
    pub fn layout(&self, manifest: &Manifest, schema: &PublicSchema) -> Result<Layout, LayoutError> {
        let declared = Layout::seal(manifest, schema)?;
        match self {
            Self::Declared => Ok(declared),
            // A stage that finds bounds is only begun where there are some to find.
            Self::Bounds => Ok(declared.bounds_round().unwrap_or(declared)),
            Self::Within(bounds) => declared.within(bounds),
        }
    }
}

/// One round of a run: what it starts from is public.
#[derive(Debug, Clone, PartialEq)]
pub struct Round {
    /// Its number, from 1, as the log counts.
    pub number: u32,
    /// Its number as the module counts, from 1: a round that finds bounds is not the module's.
    pub of_module: u32,
    /// Its layout.
    pub stage: Stage,
    /// The public state that `conclude` passed on.
    pub state: Vec<f64>,
}

impl Round {
    /// The first and only round of a run without rounds.
    pub fn only() -> Self {
        Self { number: 1, of_module: 1, stage: Stage::Declared, state: Vec::new() }
    }
}

/// The public inputs of a module's first round.
pub fn inputs(manifest: &Manifest, parameters: &[ParameterValue], side_tables: &[Vec<u8>]) -> Result<Inputs, SideTableError> {
    let missing = |table: &tidegate_terms::SideTable| SideTableError::Missing { table: table.name.to_string() };
    let read = |(place, declared): (usize, &tidegate_terms::SideTable)| -> Result<Table, SideTableError> {
        read_side_table(declared, side_tables.get(place).ok_or_else(|| missing(declared))?)
    };
    let tables = manifest.side_tables.iter().enumerate().map(read).collect::<Result<_, _>>()?;
    Ok(Inputs::new(parameters, tables))
}

/// The limits of one call of `contribute`, from the sealed manifest.
pub(crate) fn limits(manifest: &Manifest, layout: &Layout) -> Limits {
    let resources = &manifest.resources;
    Limits { fuel: resources.fuel_per_unit, memory_bytes: resources.memory_bytes, answer_bytes: layout.answer_bytes() }
}
