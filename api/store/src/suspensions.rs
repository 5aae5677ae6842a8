//! What rests, and why. A grant that is read says itself whether it rests, so that nobody can forget to ask.
//!
//! Rejected: a mark in each grant. Two stops that concern one dataset would have to count each other, and a grant that is
//! made while its dataset rests would be missed.

use crate::{Books, StoreError, Transaction};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use tidegate_authorisation::{GrantRecord, Suspension};

/// What a suspension concerns.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A grant.
    Grant(String),
    /// Every grant on a dataset.
    Dataset(String),
    /// Every grant of an organisation.
    Organisation(String),
    /// Every grant.
    Everything,
}

impl Subject {
    /// Its kind and name, as the database and the log have them.
    pub fn named(&self) -> (&'static str, &str) {
        match self {
            Self::Grant(grant) => ("grant", grant),
            Self::Dataset(dataset) => ("dataset", dataset),
            Self::Organisation(organisation) => ("organisation", organisation),
            Self::Everything => ("everything", ""),
        }
    }

    fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        let (kind, subject): (String, String) = (row.try_get("kind")?, row.try_get("subject")?);
        match kind.as_str() {
            "grant" => Ok(Self::Grant(subject)),
            "dataset" => Ok(Self::Dataset(subject)),
            "organisation" => Ok(Self::Organisation(subject)),
            "everything" => Ok(Self::Everything),
            _ => Err(crate::records::record_error("an unknown kind of suspension")),
        }
    }
}

/// The stop that holds a grant, its dataset, its operator or everything.
pub(crate) const OF_GRANT: &str =
    "SELECT kind, stop FROM suspension WHERE (kind = 'grant' AND subject = ?1) OR (kind = 'dataset' AND subject = ?2)
     OR (kind = 'organisation' AND subject = ?3) OR kind = 'everything' ORDER BY since, stop LIMIT 1";
const OF_SUBJECT: &str = "SELECT stop FROM suspension WHERE kind = ? AND subject = ? ORDER BY since, stop LIMIT 1";
const STOPPED_RUN: &str = "SELECT stop FROM stopped_run WHERE run = ?";

/// A grant with what suspends it.
pub(crate) fn with(mut grant: GrantRecord, row: Option<&SqliteRow>) -> Result<GrantRecord, StoreError> {
    grant.suspended = match row {
        None => None,
        Some(row) => Some(Suspension { by: row.try_get("stop")?, through: row.try_get("kind")? }),
    };
    Ok(grant)
}

impl Books {
    /// The stop that holds a subject, if one does.
    pub async fn suspended(&self, subject: &Subject) -> Result<Option<String>, StoreError> {
        let (kind, name) = subject.named();
        Ok(sqlx::query_scalar(OF_SUBJECT).bind(kind).bind(name).fetch_optional(&self.pool).await?)
    }

    /// The stop that ended a run for good, if one did.
    pub async fn stop_of_run(&self, run: &str) -> Result<Option<String>, StoreError> {
        Ok(sqlx::query_scalar(STOPPED_RUN).bind(run).fetch_optional(&self.pool).await?)
    }
}

impl Transaction {
    /// The stop that holds a subject as this transaction sees it.
    pub async fn suspended(&mut self, subject: &Subject) -> Result<Option<String>, StoreError> {
        let (kind, name) = subject.named();
        Ok(sqlx::query_scalar(OF_SUBJECT).bind(kind).bind(name).fetch_optional(&mut *self.inner).await?)
    }

    /// Suspends something; says whether this stop did not hold it before.
    pub async fn suspend(&mut self, subject: &Subject, stop: &str, since: &str) -> Result<bool, StoreError> {
        let (kind, name) = subject.named();
        let insert = sqlx::query("INSERT INTO suspension (kind, subject, stop, since) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING");
        let done = insert.bind(kind).bind(name).bind(stop).bind(since).execute(&mut *self.inner).await?;
        Ok(done.rows_affected() == 1)
    }

    /// What a stop holds.
    pub async fn held_by(&mut self, stop: &str) -> Result<Vec<Subject>, StoreError> {
        let rows = sqlx::query("SELECT kind, subject FROM suspension WHERE stop = ? ORDER BY kind, subject");
        rows.bind(stop).fetch_all(&mut *self.inner).await?.iter().map(Subject::read).collect()
    }

    /// All stops that hold a subject.
    pub async fn stops_of(&mut self, subject: &Subject) -> Result<Vec<String>, StoreError> {
        let (kind, name) = subject.named();
        let rows = sqlx::query_scalar("SELECT stop FROM suspension WHERE kind = ? AND subject = ? ORDER BY stop");
        Ok(rows.bind(kind).bind(name).fetch_all(&mut *self.inner).await?)
    }

    /// Takes the hold of one stop off something; says whether it held it.
    pub async fn restore(&mut self, subject: &Subject, stop: &str) -> Result<bool, StoreError> {
        let (kind, name) = subject.named();
        let delete = sqlx::query("DELETE FROM suspension WHERE kind = ? AND subject = ? AND stop = ?");
        Ok(delete.bind(kind).bind(name).bind(stop).execute(&mut *self.inner).await?.rows_affected() == 1)
    }

    /// Ends a run for good.
    pub async fn stop_run(&mut self, run: &str, stop: &str, at: &str) -> Result<(), StoreError> {
        let insert = sqlx::query("INSERT INTO stopped_run (run, stop, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING");
        insert.bind(run).bind(stop).bind(at).execute(&mut *self.inner).await?;
        Ok(())
    }

    /// Notes with which run a request was admitted.
    pub async fn put_run_of_request(&mut self, request: &str, run: &str) -> Result<(), StoreError> {
        let insert = sqlx::query("INSERT INTO run_of_request (request, run) VALUES (?, ?) ON CONFLICT DO UPDATE SET run = excluded.run");
        insert.bind(request).bind(run).execute(&mut *self.inner).await?;
        Ok(())
    }

    /// The run with which a request was admitted, once it was.
    pub async fn run_of_request(&mut self, request: &str) -> Result<Option<String>, StoreError> {
        let run = sqlx::query_scalar("SELECT run FROM run_of_request WHERE request = ?").bind(request);
        Ok(run.fetch_optional(&mut *self.inner).await?)
    }

    /// The stop that ended a run for good, as this transaction sees it.
    pub async fn stop_of_run(&mut self, run: &str) -> Result<Option<String>, StoreError> {
        Ok(sqlx::query_scalar(STOPPED_RUN).bind(run).fetch_optional(&mut *self.inner).await?)
    }
}
