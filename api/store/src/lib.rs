//! The state of a domain, in SQLite.
//!
//! Guarantee: a change of state and its log entry commit together or not at all, and a committed charge
//! survives whatever dies (WAL, `synchronous = FULL`, `BEGIN IMMEDIATE`). One connection writes and reads:
//! the order of commits is the order of the log.
//!
//! Rejected: an object-relational mapper. A dozen statements, each written once, are easier to audit.

mod books;
mod custody;
mod error;
mod records;
mod reviewed;
mod transaction;

pub use books::Books;
pub use custody::{CustodyRecord, CustodyState, PurgeRecord};
pub use error::StoreError;
pub use records::{ModuleRecord, MountRecord, NoisedRecord, RoundRecord, RunMount, RunRecord};
pub use reviewed::{RememberedRecord, ReviewedRecord, TablesRecord};
pub use transaction::{Opening, Transaction};

use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use std::path::Path;
use std::time::Duration;

/// The version of the tables, kept in SQLite's `user_version`.
const TABLES_VERSION: i64 = 4;

/// An open database.
#[derive(Debug, Clone)]
pub struct Store {
    pool: SqlitePool,
}

impl Store {
    /// Makes a new database.
    pub async fn create(path: &Path) -> Result<Self, StoreError> {
        let store = Self::connect(path, true).await?;
        let script = format!("{}\nPRAGMA user_version = {TABLES_VERSION};", include_str!("schema.sql"));
        sqlx::raw_sql(sqlx::AssertSqlSafe(script)).execute(&store.pool).await?;
        Ok(store)
    }

    /// Opens a database and checks its version and its integrity.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let store = Self::connect(path, false).await?;
        let version: i64 = sqlx::query("PRAGMA user_version").fetch_one(&store.pool).await?.try_get(0)?;
        if version != TABLES_VERSION {
            return Err(StoreError::Version { found: version, expected: TABLES_VERSION });
        }
        let check: String = sqlx::query("PRAGMA quick_check(1)").fetch_one(&store.pool).await?.try_get(0)?;
        if check == "ok" { Ok(store) } else { Err(StoreError::Damaged { detail: check }) }
    }

    async fn connect(path: &Path, create: bool) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(create)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            // What is deleted is overwritten: salts and texts that are forgotten must not be found in free pages.
            .pragma("secure_delete", "on")
            .busy_timeout(Duration::from_secs(10));
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
        Ok(Self { pool })
    }

    /// Begins a transaction that nobody else can overtake.
    pub async fn begin(&self) -> Result<Transaction, StoreError> {
        Ok(Transaction::new(self.pool.begin_with("BEGIN IMMEDIATE").await?))
    }

    /// What can be read.
    pub fn books(&self) -> Books {
        Books::new(self.pool.clone())
    }

    /// Brings everything from the write-ahead log into the database and empties it, so that what was deleted lies in
    /// neither.
    pub async fn empty_write_ahead_log(&self) -> Result<(), StoreError> {
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_all(&self.pool).await?;
        Ok(())
    }

    /// Closes the database.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}
