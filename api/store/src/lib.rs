//! The state of a domain, in SQLite.
//!
//! Guarantee: a change of state and its log entry commit together or not at all, and a committed charge
//! survives whatever dies (WAL, `synchronous = FULL`, `BEGIN IMMEDIATE`). One connection writes, in batches (`writer`):
//! the order of commits is the order of the log. Others read what is committed, while it waits for the disk.
//!
//! Rejected: an object-relational mapper. A dozen statements, each written once, are easier to audit.

mod books;
mod calibration;
mod credentials;
mod custody;
mod error;
mod governed;
mod incidents;
mod log_keys;
mod products;
mod records;
mod reviewed;
mod suspensions;
mod transaction;
mod witnesses;
mod writer;

pub use books::Books;
pub use credentials::{CredentialRecord, FailureRecord, KeyRecord};
pub use custody::{CustodyRecord, CustodyState, PurgeRecord};
pub use error::StoreError;
pub use governed::GovernedRecord;
pub use incidents::{DecisionRecord, IncidentRecord};
pub use log_keys::LogKeyRecord;
pub use products::{ProductFile, ProductKeysRecord};
pub use records::{ModuleRecord, MountRecord, NoisedRecord, RoundRecord, RunMount, RunRecord};
pub use reviewed::{RememberedRecord, ReviewedRecord, TablesRecord};
pub use suspensions::Subject;
pub use transaction::{Opening, Transaction};
pub use witnesses::WitnessRecord;

use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use std::path::Path;
use std::time::Duration;
use tidegate_log::Entry;
use writer::Writer;

/// The version of the tables, kept in SQLite's `user_version`.
const TABLES_VERSION: i64 = 7;

/// How many may read at once.
const READERS: u32 = 2;

/// An open database.
#[derive(Debug, Clone)]
pub struct Store {
    writer: Writer,
    readers: SqlitePool,
}

impl Store {
    /// Makes a new database.
    pub async fn create(path: &Path) -> Result<Self, StoreError> {
        let writer = Writer::connect(&options(path).create_if_missing(true)).await?;
        let script = format!("{}\nPRAGMA user_version = {TABLES_VERSION};", include_str!("schema.sql"));
        sqlx::raw_sql(sqlx::AssertSqlSafe(script)).execute(&mut *writer.connection().await).await?;
        Self::with_readers(writer, path)
    }

    /// Opens a database and checks its version and its integrity.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let writer = Writer::connect(&options(path)).await?;
        let mut connection = writer.connection().await;
        let version: i64 = sqlx::query("PRAGMA user_version").fetch_one(&mut *connection).await?.try_get(0)?;
        if version != TABLES_VERSION {
            return Err(StoreError::Version { found: version, expected: TABLES_VERSION });
        }
        let check: String = sqlx::query("PRAGMA quick_check(1)").fetch_one(&mut *connection).await?.try_get(0)?;
        drop(connection);
        if check != "ok" {
            return Err(StoreError::Damaged { detail: check });
        }
        writer.read_newest().await?;
        Self::with_readers(writer, path)
    }

    fn with_readers(writer: Writer, path: &Path) -> Result<Self, StoreError> {
        let readers = SqlitePoolOptions::new().max_connections(READERS).connect_lazy_with(reading(path));
        Ok(Self { writer, readers })
    }

    /// Begins an act, in the transaction that is open or in a new one; nobody can overtake it.
    pub async fn begin(&self) -> Result<Transaction, StoreError> {
        self.writer.begin().await
    }

    /// Appends an entry that changes nothing else, with what opens its commitments, and returns its position once it is
    /// durable.
    pub async fn append(&self, entry: Entry, openings: Vec<Opening>) -> Result<u64, StoreError> {
        self.writer.append(entry, openings).await
    }

    /// How many transactions were committed since it was opened, each for all acts that came meanwhile.
    pub fn commits(&self) -> u64 {
        self.writer.commits()
    }

    /// The instant of the newest committed entry, in seconds since 1970; the least number where there is none.
    pub fn newest(&self) -> i64 {
        self.writer.newest()
    }

    /// What can be read.
    pub fn books(&self) -> Books {
        Books::new(self.readers.clone())
    }

    /// Brings everything from the write-ahead log into the database and empties it, so that what was deleted lies in
    /// neither.
    pub async fn empty_write_ahead_log(&self) -> Result<(), StoreError> {
        self.writer.empty_write_ahead_log().await
    }

    /// Closes the database.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

fn reading(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new().filename(path).read_only(true).busy_timeout(Duration::from_secs(10))
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        // What is deleted is overwritten: salts and texts that are forgotten must not be found in free pages.
        .pragma("secure_delete", "on")
        .busy_timeout(Duration::from_secs(10))
}
