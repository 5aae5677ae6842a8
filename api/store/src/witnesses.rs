//! The witnesses of a domain in the database.

use crate::records::record_error;
use crate::transaction::units;
use crate::{Books, StoreError, Transaction};
use sqlx::Row as _;

/// A witness to which the domain sends its checkpoints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessRecord {
    /// Its verifier key.
    pub vkey: String,
    /// Its name.
    pub name: String,
    /// The prefix of its address.
    pub url: String,
    /// The size that it cosigned last, as far as it is known here. Only a hint: the witness says when it is wrong.
    pub known: u64,
    /// Since when it is asked.
    pub at: String,
}

impl Books {
    /// All witnesses, in the order in which they were added.
    pub async fn witnesses(&self) -> Result<Vec<WitnessRecord>, StoreError> {
        let rows = sqlx::query("SELECT * FROM witness ORDER BY rowid").fetch_all(&self.pool).await?;
        let read = |row: &sqlx::sqlite::SqliteRow| {
            Ok(WitnessRecord {
                vkey: row.try_get("vkey")?,
                name: row.try_get("name")?,
                url: row.try_get("url")?,
                known: row.try_get::<i64, _>("known")?.try_into().map_err(record_error)?,
                at: row.try_get("at")?,
            })
        };
        rows.iter().map(read).collect()
    }
}

impl Transaction {
    /// Remembers what a witness knows. A crash before it costs one more question.
    pub async fn witness_knows(&mut self, vkey: &str, size: u64) -> Result<(), StoreError> {
        let update = sqlx::query("UPDATE witness SET known = ? WHERE vkey = ?").bind(units(size)?).bind(vkey);
        update.execute(&mut *self.inner).await?;
        Ok(())
    }

    /// Adds a witness.
    pub async fn insert_witness(&mut self, witness: &WitnessRecord) -> Result<(), StoreError> {
        let insert = sqlx::query("INSERT INTO witness (vkey, name, url, known, at) VALUES (?, ?, ?, ?, ?)");
        let insert = insert.bind(&witness.vkey).bind(&witness.name).bind(&witness.url).bind(units(witness.known)?).bind(&witness.at);
        insert.execute(&mut *self.inner).await?;
        Ok(())
    }

    /// Removes a witness.
    pub async fn remove_witness(&mut self, vkey: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM witness WHERE vkey = ?").bind(vkey).execute(&mut *self.inner).await?;
        Ok(())
    }
}
