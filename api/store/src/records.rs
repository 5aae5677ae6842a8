//! Records as the rest of the program sees them.

use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use tidegate_accountant::{Cost, Price};
use tidegate_authorisation::SealedBy;
use tidegate_shards::ShardManifest;
use tidegate_terms::{Delta, DeltaCost, Digest, Name, ParameterValue, Rho};

use crate::StoreError;

/// A mounted version of a dataset.
#[derive(Debug, Clone)]
pub struct MountRecord {
    /// The dataset.
    pub dataset: Name,
    /// Its version; the first is 1.
    pub version: u32,
    /// The population whose account it draws on.
    pub lineage: Name,
    /// The public schema, as TOML.
    pub schema: String,
    /// The release policy, as TOML.
    pub policy: String,
    /// The shards. Exact counts stand in it: for the domain alone.
    pub shards: ShardManifest,
    /// The salt of the shards' digests.
    pub salt: [u8; 32],
    /// The shards' directory, below the domain's data directory.
    pub directory: String,
    /// When it was mounted.
    pub at: String,
}

/// An uploaded module.
#[derive(Debug, Clone)]
pub struct ModuleRecord {
    /// The digest of its seal.
    pub digest: Digest,
    /// Its name.
    pub name: Name,
    /// The operator that sealed it.
    pub operator: Name,
    /// The Ed25519 public key of its seal, base64.
    pub signer: String,
    /// The component.
    pub component: Vec<u8>,
    /// The manifest, as TOML.
    pub manifest: String,
    /// When it was uploaded.
    pub at: String,
}

/// A dataset version on which a run draws.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunMount {
    /// The dataset.
    pub dataset: Name,
    /// Its version.
    pub version: u32,
    /// The population.
    pub lineage: Name,
    /// The grant under which the run was admitted.
    pub grant: String,
    /// Whether it pays; a second dataset of the same lineage does not pay again.
    pub pays: bool,
}

/// A round that was released.
#[derive(Debug, Clone)]
pub struct RoundRecord {
    /// Its number, from 1.
    pub number: u32,
    /// The log position of its release.
    pub position: u64,
    /// The release as JSON.
    pub release: String,
    /// What the clean half decided, as JSON.
    pub conclusion: String,
}

/// The noised answers that a release was made from.
#[derive(Debug, Clone)]
pub struct NoisedRecord {
    /// The salt of the commitment in the release.
    pub salt: [u8; 32],
    /// As the gate writes them.
    pub content: Vec<u8>,
}

/// A run: reserved, and perhaps released.
#[derive(Debug, Clone)]
pub struct RunRecord {
    /// Its identifier.
    pub id: String,
    /// The digest of the question that it answers.
    pub question: Digest,
    /// What it draws on.
    pub mounts: Vec<RunMount>,
    /// The module.
    pub module: Digest,
    /// The public parameters.
    pub parameters: Vec<ParameterValue>,
    /// The public side tables.
    pub side_tables: Vec<Vec<u8>>,
    /// The epsilon that was asked for.
    pub epsilon: f64,
    /// What was reserved.
    pub price: Price,
    /// When its first round becomes visible.
    pub slot: String,
    /// The length of one round's slot.
    pub slot_seconds: u64,
    /// When it was admitted.
    pub at: String,
    /// The rounds that were released.
    pub rounds: Vec<RoundRecord>,
    /// How many rounds were opened, once no more will be.
    pub finished: Option<u32>,
}

impl RunRecord {
    /// What it costs: what was reserved, or, once it has finished, what its opened rounds cost.
    pub fn cost(&self) -> Cost {
        self.price.cost_until(self.finished.unwrap_or(u32::MAX))
    }

    /// Its last release, once it has finished.
    pub fn last_round(&self) -> Option<&RoundRecord> {
        self.finished.and_then(|finished| self.rounds.iter().find(|round| round.number == finished))
    }
}

/// A lineage's account as it stands in the database.
pub(crate) struct LineageRow {
    pub(crate) cap: Cost,
    pub(crate) delta: Delta,
}

pub(crate) fn record_error(error: impl std::fmt::Display) -> StoreError {
    StoreError::Record { detail: error.to_string() }
}

pub(crate) fn name(row: &SqliteRow, column: &str) -> Result<Name, StoreError> {
    Name::parse(row.try_get(column)?).map_err(record_error)
}

/// A cost from two columns.
pub(crate) fn cost(row: &SqliteRow, rho: &str, delta: &str) -> Result<Cost, StoreError> {
    let units = |column: &str| -> Result<u64, StoreError> { u64::try_from(row.try_get::<i64, _>(column)?).map_err(record_error) };
    Ok(Cost { rho: Rho::from_units(units(rho)?), delta: DeltaCost::from_units(units(delta)?) })
}

pub(crate) fn digest(row: &SqliteRow, column: &str) -> Result<Digest, StoreError> {
    Digest::parse(row.try_get(column)?).map_err(record_error)
}

impl MountRecord {
    pub(crate) fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        let salt: Vec<u8> = row.try_get("salt")?;
        Ok(Self {
            dataset: name(row, "dataset")?,
            version: row.try_get::<i64, _>("version")?.try_into().map_err(record_error)?,
            lineage: name(row, "lineage")?,
            schema: row.try_get("schema")?,
            policy: row.try_get("policy")?,
            shards: serde_json::from_str(row.try_get("shards")?)?,
            salt: salt.try_into().map_err(|_| record_error("a salt has the wrong length"))?,
            directory: row.try_get("directory")?,
            at: row.try_get("at")?,
        })
    }
}

impl ModuleRecord {
    /// Who sealed it.
    pub fn signed(&self) -> SealedBy<'_> {
        SealedBy { operator: &self.operator, key: &self.signer }
    }

    pub(crate) fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        Ok(Self {
            digest: digest(row, "digest")?,
            name: name(row, "name")?,
            operator: name(row, "operator")?,
            signer: row.try_get("signer")?,
            component: row.try_get("component")?,
            manifest: row.try_get("manifest")?,
            at: row.try_get("at")?,
        })
    }
}

impl RunRecord {
    /// Everything but what stands in tables of its own.
    pub(crate) fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        let finished: Option<i64> = row.try_get("finished")?;
        Ok(Self {
            id: row.try_get("id")?,
            question: digest(row, "question")?,
            mounts: Vec::new(),
            module: digest(row, "module")?,
            parameters: serde_json::from_str(row.try_get("parameters")?)?,
            side_tables: Vec::new(),
            epsilon: row.try_get("epsilon")?,
            price: serde_json::from_str(row.try_get("price")?)?,
            slot: row.try_get("slot")?,
            slot_seconds: row.try_get::<i64, _>("slot_seconds")?.try_into().map_err(record_error)?,
            at: row.try_get("at")?,
            rounds: Vec::new(),
            finished: finished.map(u32::try_from).transpose().map_err(record_error)?,
        })
    }
}

impl RunMount {
    pub(crate) fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        Ok(Self {
            dataset: name(row, "dataset")?,
            version: row.try_get::<i64, _>("version")?.try_into().map_err(record_error)?,
            lineage: name(row, "lineage")?,
            grant: row.try_get("grant_id")?,
            pays: row.try_get::<i64, _>("rho")? > 0,
        })
    }
}

impl RoundRecord {
    pub(crate) fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        Ok(Self {
            number: row.try_get::<i64, _>("number")?.try_into().map_err(record_error)?,
            position: row.try_get::<i64, _>("position")?.try_into().map_err(record_error)?,
            release: row.try_get("release")?,
            conclusion: row.try_get("conclusion")?,
        })
    }
}

impl LineageRow {
    pub(crate) fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        let delta: f64 = row.try_get("delta")?;
        Ok(Self { cap: cost(row, "rho_cap", "delta_cap")?, delta: Delta::parse(delta).map_err(record_error)? })
    }
}
