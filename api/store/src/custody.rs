//! Custody in the database: what replay needs, sealed and destroyed versions, retention.

use crate::records::{name, record_error};
use crate::transaction::units;
use crate::{Books, NoisedRecord, RememberedRecord, StoreError, Transaction};
use serde::{Deserialize, Serialize};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use std::collections::BTreeSet;
use tidegate_terms::{Digest, Name};

/// What a version is besides mounted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CustodyState {
    /// No new run reads it, nothing of it is destroyed.
    Sealed,
    /// Its destruction was decided and is perhaps half done.
    Destroying,
    /// Its data are gone.
    Destroyed,
}

impl CustodyState {
    fn text(self) -> &'static str {
        match self {
            Self::Sealed => "sealed",
            Self::Destroying => "destroying",
            Self::Destroyed => "destroyed",
        }
    }

    fn parse(text: &str) -> Result<Self, StoreError> {
        [Self::Sealed, Self::Destroying, Self::Destroyed]
            .into_iter()
            .find(|state| state.text() == text)
            .ok_or_else(|| record_error("an unknown state of a version"))
    }
}

/// A version that is sealed, being destroyed, or destroyed.
#[derive(Debug, Clone)]
pub struct CustodyRecord {
    /// The dataset.
    pub dataset: Name,
    /// Its version.
    pub version: u32,
    /// What it is.
    pub state: CustodyState,
    /// The log entry that says so; none while it is being destroyed.
    pub position: Option<u64>,
    /// JSON: the intention to destroy, or the certificate.
    pub record: String,
}

/// A run whose records were forgotten.
#[derive(Debug, Clone)]
pub struct PurgeRecord {
    /// When.
    pub at: String,
    /// The entry of the purge.
    pub position: u64,
}

impl CustodyRecord {
    fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        let position: Option<i64> = row.try_get("position")?;
        Ok(Self {
            dataset: name(row, "dataset")?,
            version: row.try_get::<i64, _>("version")?.try_into().map_err(record_error)?,
            state: CustodyState::parse(row.try_get("state")?)?,
            position: position.map(u64::try_from).transpose().map_err(record_error)?,
            record: row.try_get("record")?,
        })
    }
}

const CUSTODY: &str = "SELECT * FROM custody WHERE dataset = ? AND version = ?";

impl Books {
    /// The noised answers of a released round.
    pub async fn noised(&self, run: &str, round: u32) -> Result<Option<NoisedRecord>, StoreError> {
        let row = sqlx::query("SELECT salt, content FROM noised WHERE run = ? AND number = ?").bind(run).bind(i64::from(round));
        let Some(row) = row.fetch_optional(&self.pool).await? else { return Ok(None) };
        let salt: Vec<u8> = row.try_get("salt")?;
        let salt = salt.try_into().map_err(|_| record_error("a salt has the wrong length"))?;
        Ok(Some(NoisedRecord { salt, content: row.try_get("content")? }))
    }

    /// What a version is besides mounted.
    pub async fn custody(&self, dataset: &Name, version: u32) -> Result<Option<CustodyRecord>, StoreError> {
        let row = sqlx::query(CUSTODY).bind(dataset.as_str()).bind(i64::from(version)).fetch_optional(&self.pool).await?;
        row.as_ref().map(CustodyRecord::read).transpose()
    }

    /// All versions that are sealed, being destroyed or destroyed.
    pub async fn custodies(&self) -> Result<Vec<CustodyRecord>, StoreError> {
        let rows = sqlx::query("SELECT * FROM custody ORDER BY dataset, version").fetch_all(&self.pool).await?;
        rows.iter().map(CustodyRecord::read).collect()
    }

    /// The runs of either mode on a version that have not ended.
    pub async fn open_runs(&self, dataset: &Name, version: u32) -> Result<Vec<String>, StoreError> {
        let rows = sqlx::query_scalar(
            "SELECT run FROM charge JOIN run ON run.id = charge.run WHERE dataset = ?1 AND version = ?2 AND finished IS NULL
                 AND NOT EXISTS (SELECT 1 FROM incident WHERE incident.run = charge.run AND replay IS NULL)
             UNION SELECT id FROM reviewed_run WHERE dataset = ?1 AND version = ?2 AND position IS NULL
                 AND NOT EXISTS (SELECT 1 FROM incident WHERE incident.run = reviewed_run.id AND replay IS NULL) ORDER BY 1",
        );
        Ok(rows.bind(dataset.as_str()).bind(i64::from(version)).fetch_all(&self.pool).await?)
    }

    /// How many years records are kept, where that was said.
    pub async fn retention_years(&self) -> Result<Option<u32>, StoreError> {
        let years: Option<i64> = sqlx::query_scalar("SELECT max(years) FROM retention").fetch_one(&self.pool).await?;
        years.map(u32::try_from).transpose().map_err(record_error)
    }

    /// Whether the records of a run were forgotten, and when.
    pub async fn purged(&self, run: &str) -> Result<Option<PurgeRecord>, StoreError> {
        let row = sqlx::query("SELECT at, position FROM purged WHERE run = ?").bind(run).fetch_optional(&self.pool).await?;
        let read = |row: SqliteRow| {
            let position = row.try_get::<i64, _>("position")?.try_into().map_err(record_error)?;
            Ok(PurgeRecord { at: row.try_get("at")?, position })
        };
        row.map(read).transpose()
    }

    /// All runs whose records were forgotten.
    pub async fn purged_runs(&self) -> Result<BTreeSet<String>, StoreError> {
        let runs: Vec<String> = sqlx::query_scalar("SELECT run FROM purged").fetch_all(&self.pool).await?;
        Ok(runs.into_iter().collect())
    }

    /// What the domain remembered of the exact tables of a lineage when the tables of a run left. For the domain alone.
    pub async fn remembered_before(&self, lineage: &Name, position: u64) -> Result<Vec<RememberedRecord>, StoreError> {
        let rows = sqlx::query(
            "SELECT remembered_table.* FROM remembered_table JOIN reviewed_run ON reviewed_run.id = remembered_table.run
             WHERE remembered_table.lineage = ? AND reviewed_run.position < ? ORDER BY remembered_table.rowid",
        );
        let rows = rows.bind(lineage.as_str()).bind(units(position)?).fetch_all(&self.pool).await?;
        rows.iter().map(RememberedRecord::read).collect()
    }

    /// A module by its whole digest.
    pub async fn module_of(&self, digest: Digest) -> Result<Option<crate::ModuleRecord>, StoreError> {
        let row = sqlx::query("SELECT * FROM module WHERE digest = ?").bind(digest.to_string()).fetch_optional(&self.pool).await?;
        row.as_ref().map(crate::ModuleRecord::read).transpose()
    }
}

impl Transaction {
    /// What a version is besides mounted, as this transaction sees it.
    pub async fn custody(&mut self, dataset: &Name, version: u32) -> Result<Option<CustodyRecord>, StoreError> {
        let row = sqlx::query(CUSTODY).bind(dataset.as_str()).bind(i64::from(version)).fetch_optional(&mut *self.inner).await?;
        row.as_ref().map(CustodyRecord::read).transpose()
    }

    /// Records what a version is besides mounted.
    pub async fn put_custody(&mut self, custody: &CustodyRecord) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO custody (dataset, version, state, position, record) VALUES (?, ?, ?, ?, ?)
             ON CONFLICT (dataset, version) DO UPDATE SET state = excluded.state, position = excluded.position, record = excluded.record",
        )
        .bind(custody.dataset.as_str())
        .bind(i64::from(custody.version))
        .bind(custody.state.text())
        .bind(custody.position.map(units).transpose()?)
        .bind(&custody.record)
        .execute(&mut *self.inner)
        .await?;
        Ok(())
    }

    /// Takes the seal off a version.
    pub async fn remove_custody(&mut self, dataset: &Name, version: u32) -> Result<(), StoreError> {
        let delete = sqlx::query("DELETE FROM custody WHERE dataset = ? AND version = ? AND state = 'sealed'");
        delete.bind(dataset.as_str()).bind(i64::from(version)).execute(&mut *self.inner).await?;
        Ok(())
    }

    /// Forgets what opens totals of runs on a version and its shards: salts, digests and exact counts.
    pub async fn forget_version(&mut self, dataset: &Name, version: u32, mount_position: Option<u64>) -> Result<(), StoreError> {
        let totals = sqlx::query(
            "DELETE FROM opening WHERE field = 'totals_commitment' AND position IN (
                 SELECT position FROM round JOIN charge ON charge.run = round.run WHERE dataset = ?1 AND version = ?2
                 UNION SELECT position FROM reviewed_run WHERE dataset = ?1 AND version = ?2)",
        );
        totals.bind(dataset.as_str()).bind(i64::from(version)).execute(&mut *self.inner).await?;
        if let Some(position) = mount_position {
            let shards = sqlx::query("DELETE FROM opening WHERE field = 'shards_commitment' AND position = ?");
            shards.bind(units(position)?).execute(&mut *self.inner).await?;
        }
        let mount = sqlx::query(
            "UPDATE mount SET salt = zeroblob(32), shards = json_set(shards, '$.shards', json('[]')) WHERE dataset = ? AND version = ?",
        );
        mount.bind(dataset.as_str()).bind(i64::from(version)).execute(&mut *self.inner).await?;
        Ok(())
    }

    /// Records how many years records are kept.
    pub async fn put_retention(&mut self, years: u32) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM retention").execute(&mut *self.inner).await?;
        sqlx::query("INSERT INTO retention (years) VALUES (?)").bind(i64::from(years)).execute(&mut *self.inner).await?;
        Ok(())
    }

    /// Forgets the records of a run: openings of its entries and its stored texts. Charges stay, and so does the log.
    pub async fn forget_run(&mut self, run: &str, positions: &[u64], purge: &PurgeRecord) -> Result<(), StoreError> {
        let insert = sqlx::query("INSERT INTO purged (run, at, position) VALUES (?, ?, ?) ON CONFLICT DO NOTHING");
        insert.bind(run).bind(&purge.at).bind(units(purge.position)?).execute(&mut *self.inner).await?;
        for position in positions {
            let delete = sqlx::query("DELETE FROM opening WHERE position = ?");
            delete.bind(units(*position)?).execute(&mut *self.inner).await?;
        }
        for statement in [
            "UPDATE round SET release = '', conclusion = '' WHERE run = ?",
            "UPDATE run SET parameters = '[]' WHERE id = ?",
            "UPDATE reviewed_run SET tables = '' WHERE id = ? AND position IS NOT NULL",
            "DELETE FROM noised WHERE run = ?",
            "DELETE FROM side_table WHERE run = ?",
        ] {
            sqlx::query(statement).bind(run).execute(&mut *self.inner).await?;
        }
        Ok(())
    }
}
