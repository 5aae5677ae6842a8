//! Records of governance in the database: who is known, what was decided, what is claimed and answered. Every version is
//! kept; the newest one counts.

use crate::records::record_error;
use crate::transaction::units;
use crate::{Books, StoreError, Transaction};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

/// A version of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GovernedRecord {
    /// What it is, such as `organisation`.
    pub kind: String,
    /// Which one.
    pub id: String,
    /// Its version, from 1.
    pub version: u32,
    /// Its state, one of those of its kind.
    pub state: String,
    /// The organisation whose it is.
    pub owner: String,
    /// The other party, or empty.
    pub counterpart: String,
    /// JSON.
    pub content: String,
    /// The account that made this version.
    pub by: String,
    /// When.
    pub at: String,
    /// The log entry of the decision; absent for what the keeper notes by itself, such as how far a run is.
    pub position: Option<u64>,
}

const NEWEST: &str = "SELECT * FROM record WHERE kind = ? AND id = ? AND newest = 1";
const OF_KIND: &str =
    "SELECT * FROM record WHERE kind = ?1 AND newest = 1 AND state = coalesce(?2, state) AND id > ?3 ORDER BY id LIMIT ?4";
const HISTORY: &str = "SELECT * FROM record WHERE kind = ? AND id = ? ORDER BY version";

impl GovernedRecord {
    fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        let position: Option<i64> = row.try_get("position")?;
        Ok(Self {
            kind: row.try_get("kind")?,
            id: row.try_get("id")?,
            version: row.try_get::<i64, _>("version")?.try_into().map_err(record_error)?,
            state: row.try_get("state")?,
            owner: row.try_get("owner")?,
            counterpart: row.try_get("counterpart")?,
            content: row.try_get("content")?,
            by: row.try_get("by")?,
            at: row.try_get("at")?,
            position: position.map(u64::try_from).transpose().map_err(record_error)?,
        })
    }
}

impl Books {
    /// The newest version of a record.
    pub async fn governed(&self, kind: &str, id: &str) -> Result<Option<GovernedRecord>, StoreError> {
        let row = sqlx::query(NEWEST).bind(kind).bind(id).fetch_optional(&self.pool).await?;
        row.as_ref().map(GovernedRecord::read).transpose()
    }

    /// The newest versions of all records of a kind after an identifier, in a state if one is named, in the order of their
    /// identifiers; at most so many.
    pub async fn all_governed(&self, kind: &str, state: Option<&str>, after: &str, limit: u32) -> Result<Vec<GovernedRecord>, StoreError> {
        let rows = sqlx::query(OF_KIND).bind(kind).bind(state).bind(after).bind(i64::from(limit));
        rows.fetch_all(&self.pool).await?.iter().map(GovernedRecord::read).collect()
    }

    /// All versions of a record, the oldest first.
    pub async fn history_of(&self, kind: &str, id: &str) -> Result<Vec<GovernedRecord>, StoreError> {
        sqlx::query(HISTORY).bind(kind).bind(id).fetch_all(&self.pool).await?.iter().map(GovernedRecord::read).collect()
    }
}

impl Transaction {
    /// The newest version of a record as this transaction sees it.
    pub async fn governed(&mut self, kind: &str, id: &str) -> Result<Option<GovernedRecord>, StoreError> {
        let row = sqlx::query(NEWEST).bind(kind).bind(id).fetch_optional(&mut *self.inner).await?;
        row.as_ref().map(GovernedRecord::read).transpose()
    }

    /// The newest versions of all records of a kind as this transaction sees them.
    pub async fn all_governed(&mut self, kind: &str, state: Option<&str>) -> Result<Vec<GovernedRecord>, StoreError> {
        let rows = sqlx::query(OF_KIND).bind(kind).bind(state).bind("").bind(-1_i64).fetch_all(&mut *self.inner).await?;
        rows.iter().map(GovernedRecord::read).collect()
    }

    /// Adds the next version of a record. Its position is set by [`place_governed`](Self::place_governed).
    pub async fn put_governed(&mut self, record: &GovernedRecord) -> Result<(), StoreError> {
        let older = sqlx::query("UPDATE record SET newest = 0 WHERE kind = ? AND id = ? AND newest = 1");
        older.bind(&record.kind).bind(&record.id).execute(&mut *self.inner).await?;
        sqlx::query(
            "INSERT INTO record (kind, id, version, state, owner, counterpart, content, by, at, position, newest)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, 1)",
        )
        .bind(&record.kind)
        .bind(&record.id)
        .bind(i64::from(record.version))
        .bind(&record.state)
        .bind(&record.owner)
        .bind(&record.counterpart)
        .bind(&record.content)
        .bind(&record.by)
        .bind(&record.at)
        .execute(&mut *self.inner)
        .await?;
        Ok(())
    }

    /// Says which log entry a new version of this transaction belongs to.
    pub async fn place_governed(&mut self, kind: &str, id: &str, version: u32, position: u64) -> Result<(), StoreError> {
        let update = sqlx::query("UPDATE record SET position = ? WHERE kind = ? AND id = ? AND version = ?");
        update.bind(units(position)?).bind(kind).bind(id).bind(i64::from(version)).execute(&mut *self.inner).await?;
        Ok(())
    }
}
