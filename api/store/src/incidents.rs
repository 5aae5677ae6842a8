//! Incidents in the database: what stopped a run, which lineages it froze, how it was closed. Causes are for the domain alone.

use crate::records::record_error;
use crate::transaction::units;
use crate::{Books, StoreError, Transaction};
use serde::{Deserialize, Serialize};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use tidegate_terms::Name;

/// An incident.
#[derive(Debug, Clone)]
pub struct IncidentRecord {
    /// Its identifier.
    pub id: String,
    /// The run.
    pub run: String,
    /// The replay of that run, where it was one.
    pub replay: Option<String>,
    /// The lineages that it froze.
    pub lineages: Vec<Name>,
    /// The slot.
    pub slot: String,
    /// What happened. It can depend on data.
    pub cause: String,
    /// The position of the entry that froze them.
    pub position: u64,
    /// How it was closed.
    pub closed: Option<(u64, DecisionRecord)>,
}

/// How an incident was closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionRecord {
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: String,
}

const FROZEN: &str = "SELECT incident.id, incident.position FROM incident JOIN incident_lineage ON incident_lineage.incident = incident.id
     WHERE lineage = ? AND closed IS NULL ORDER BY position LIMIT 1";
const STOPPED: &str = "SELECT id, position FROM incident WHERE run = ? AND replay IS NULL";
const ALL: &str =
    "SELECT incident.*, (SELECT json_group_array(lineage) FROM incident_lineage WHERE incident = id) AS lineages FROM incident";

impl IncidentRecord {
    fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        let closed: Option<i64> = row.try_get("closed")?;
        let closed = match closed {
            None => None,
            Some(position) => Some((u64::try_from(position).map_err(record_error)?, serde_json::from_str(row.try_get("decision")?)?)),
        };
        Ok(Self {
            id: row.try_get("id")?,
            run: row.try_get("run")?,
            replay: row.try_get("replay")?,
            lineages: serde_json::from_str(row.try_get("lineages")?)?,
            slot: row.try_get("slot")?,
            cause: row.try_get("cause")?,
            position: row.try_get::<i64, _>("position")?.try_into().map_err(record_error)?,
            closed,
        })
    }
}

fn found(row: Option<SqliteRow>) -> Result<Option<(String, u64)>, StoreError> {
    let read = |row: SqliteRow| Ok((row.try_get("id")?, row.try_get::<i64, _>("position")?.try_into().map_err(record_error)?));
    row.map(read).transpose()
}

impl Books {
    /// The open incident that froze a lineage, and the position of its entry.
    pub async fn frozen(&self, lineage: &Name) -> Result<Option<(String, u64)>, StoreError> {
        found(sqlx::query(FROZEN).bind(lineage.as_str()).fetch_optional(&self.pool).await?)
    }

    /// The incident that stopped a run, open or closed, and the position of its entry.
    pub async fn stopped(&self, run: &str) -> Result<Option<(String, u64)>, StoreError> {
        found(sqlx::query(STOPPED).bind(run).fetch_optional(&self.pool).await?)
    }

    /// All incidents, in the order of the log.
    pub async fn incidents(&self) -> Result<Vec<IncidentRecord>, StoreError> {
        let statement = sqlx::AssertSqlSafe(format!("{ALL} ORDER BY position"));
        sqlx::query(statement).fetch_all(&self.pool).await?.iter().map(IncidentRecord::read).collect()
    }
}

impl Transaction {
    /// The open incident that froze a lineage, as this transaction sees it.
    pub async fn frozen(&mut self, lineage: &Name) -> Result<Option<(String, u64)>, StoreError> {
        found(sqlx::query(FROZEN).bind(lineage.as_str()).fetch_optional(&mut *self.inner).await?)
    }

    /// An incident as this transaction sees it.
    pub async fn incident(&mut self, id: &str) -> Result<Option<IncidentRecord>, StoreError> {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!("{ALL} WHERE id = ?"))).bind(id).fetch_optional(&mut *self.inner).await?;
        row.as_ref().map(IncidentRecord::read).transpose()
    }

    /// Records an incident, which freezes its lineages and ends its run.
    pub async fn insert_incident(&mut self, incident: &IncidentRecord) -> Result<(), StoreError> {
        let insert = sqlx::query("INSERT INTO incident (id, run, replay, slot, cause, position) VALUES (?, ?, ?, ?, ?, ?)");
        let insert = insert.bind(&incident.id).bind(&incident.run).bind(&incident.replay).bind(&incident.slot).bind(&incident.cause);
        insert.bind(units(incident.position)?).execute(&mut *self.inner).await?;
        for lineage in &incident.lineages {
            let insert = sqlx::query("INSERT INTO incident_lineage (incident, lineage) VALUES (?, ?) ON CONFLICT DO NOTHING");
            insert.bind(&incident.id).bind(lineage.as_str()).execute(&mut *self.inner).await?;
        }
        Ok(())
    }

    /// Closes an incident that is open.
    pub async fn close_incident(&mut self, id: &str, position: u64, decision: &DecisionRecord) -> Result<(), StoreError> {
        let update = sqlx::query("UPDATE incident SET closed = ?, decision = ? WHERE id = ? AND closed IS NULL");
        let update = update.bind(units(position)?).bind(serde_json::to_string(decision)?).bind(id);
        match update.execute(&mut *self.inner).await?.rows_affected() {
            1 => Ok(()),
            _ => Err(StoreError::Exists { what: format!("the closing of incident {id}") }),
        }
    }
}
