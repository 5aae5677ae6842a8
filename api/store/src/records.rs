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

/// A run: reserved, and perhaps released.
#[derive(Debug, Clone)]
pub struct RunRecord {
    /// Its identifier.
    pub id: String,
    /// The digest of the question that it answers.
    pub question: Digest,
    /// The grant under which it was admitted.
    pub grant: String,
    /// The dataset.
    pub dataset: Name,
    /// The dataset's version.
    pub version: u32,
    /// The population that pays.
    pub lineage: Name,
    /// The module.
    pub module: Digest,
    /// The public parameters.
    pub parameters: Vec<ParameterValue>,
    /// The epsilon that was asked for.
    pub epsilon: f64,
    /// What was paid.
    pub price: Price,
    /// When it becomes visible.
    pub slot: String,
    /// When it was admitted.
    pub at: String,
    /// The log position of its release, once there is one.
    pub released: Option<u64>,
    /// The release as JSON, once there is one.
    pub release: Option<String>,
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

/// Two columns: rho, and a part of delta.
pub(crate) fn cost(row: &SqliteRow, columns: [&str; 2]) -> Result<Cost, StoreError> {
    let units = |column| u64::try_from(row.try_get::<i64, _>(column)?).map_err(record_error);
    Ok(Cost { rho: Rho::from_units(units(columns[0])?), delta: DeltaCost::from_units(units(columns[1])?) })
}

fn digest(row: &SqliteRow, column: &str) -> Result<Digest, StoreError> {
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
    pub(crate) fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        let released: Option<i64> = row.try_get("released")?;
        Ok(Self {
            id: row.try_get("id")?,
            question: digest(row, "question")?,
            grant: row.try_get("grant_id")?,
            dataset: name(row, "dataset")?,
            version: row.try_get::<i64, _>("version")?.try_into().map_err(record_error)?,
            lineage: name(row, "lineage")?,
            module: digest(row, "module")?,
            parameters: serde_json::from_str(row.try_get("parameters")?)?,
            epsilon: row.try_get("epsilon")?,
            price: serde_json::from_str(row.try_get("price")?)?,
            slot: row.try_get("slot")?,
            at: row.try_get("at")?,
            released: released.map(u64::try_from).transpose().map_err(record_error)?,
            release: row.try_get("release")?,
        })
    }
}

impl LineageRow {
    pub(crate) fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        let delta: f64 = row.try_get("delta")?;
        Ok(Self { cap: cost(row, ["cap", "delta_cap"])?, delta: Delta::parse(delta).map_err(record_error)? })
    }
}
