//! The keys of the log.

use crate::books::Books;
use crate::records::record_error;
use crate::transaction::units;
use crate::{StoreError, Transaction};
use sqlx::Row as _;

/// A key that the log was given after its first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogKeyRecord {
    /// The verifier key.
    pub key: String,
    /// When the key before stops signing.
    pub until: String,
}

impl Transaction {
    /// Records a change of the log's key with its entry's position.
    pub async fn insert_log_key(&mut self, position: u64, record: &LogKeyRecord) -> Result<(), StoreError> {
        let insert = sqlx::query("INSERT INTO log_key (position, key, until) VALUES (?, ?, ?)");
        insert.bind(units(position)?).bind(&record.key).bind(&record.until).execute(&mut *self.inner).await?;
        Ok(())
    }
}

impl Books {
    /// The changes of the log's key with their positions, in their order.
    pub async fn log_keys(&self) -> Result<Vec<(u64, LogKeyRecord)>, StoreError> {
        let rows = sqlx::query("SELECT position, key, until FROM log_key ORDER BY position").fetch_all(&self.pool).await?;
        let read = |row: &sqlx::sqlite::SqliteRow| {
            let position = u64::try_from(row.try_get::<i64, _>("position")?).map_err(record_error)?;
            Ok((position, LogKeyRecord { key: row.try_get("key")?, until: row.try_get("until")? }))
        };
        rows.iter().map(read).collect()
    }
}
