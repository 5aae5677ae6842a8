//! The reviewed aggregate mode in the database: approvals, runs, tables, and what the domain remembers of them.

use crate::books::read_all;
use crate::records::{digest, name, record_error};
use crate::transaction::units;
use crate::{Books, StoreError, Transaction};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use tidegate_authorisation::{Approval, ApprovalRecord, LiveGrant};
use tidegate_gate::{Remembered, Tables};
use tidegate_terms::{Digest, Name, ReviewedMeasure};

/// A run that makes exact tables.
#[derive(Debug, Clone)]
pub struct ReviewedRecord {
    /// Its identifier.
    pub id: String,
    /// The digest of the question that it answers.
    pub question: Digest,
    /// The module.
    pub module: Digest,
    /// The dataset.
    pub dataset: Name,
    /// Its version.
    pub version: u32,
    /// The population.
    pub lineage: Name,
    /// The grant under which it was admitted.
    pub grant: String,
    /// When its tables become visible.
    pub slot: String,
    /// How long that is from its admission at least.
    pub slot_seconds: u64,
    /// When it was admitted.
    pub at: String,
    /// Its tables, once they are there.
    pub tables: Option<TablesRecord>,
}

/// The tables of a run, as they left.
#[derive(Debug, Clone)]
pub struct TablesRecord {
    /// The position of their log entry.
    pub position: u64,
    /// As people read them, as JSON.
    pub content: String,
}

/// What the domain remembers about one published table. Data: for the domain alone.
#[derive(Debug, Clone)]
pub struct RememberedRecord {
    /// What its cells are, as its manifest declared.
    pub measure: ReviewedMeasure,
    /// Its exact cells.
    pub table: Remembered,
}

impl ReviewedRecord {
    fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        let position: Option<i64> = row.try_get("position")?;
        let tables = match position {
            None => None,
            Some(position) => {
                Some(TablesRecord { position: u64::try_from(position).map_err(record_error)?, content: row.try_get("tables")? })
            }
        };
        Ok(Self {
            id: row.try_get("id")?,
            question: digest(row, "question")?,
            module: digest(row, "module")?,
            dataset: name(row, "dataset")?,
            version: row.try_get::<i64, _>("version")?.try_into().map_err(record_error)?,
            lineage: name(row, "lineage")?,
            grant: row.try_get("grant_id")?,
            slot: row.try_get("slot")?,
            slot_seconds: row.try_get::<i64, _>("slot_seconds")?.try_into().map_err(record_error)?,
            at: row.try_get("at")?,
            tables,
        })
    }
}

impl RememberedRecord {
    pub(crate) fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        let measure = serde_json::from_str(row.try_get("measure")?)?;
        Ok(Self { measure, table: Remembered::parse_private_json(row.try_get("content")?).map_err(record_error)? })
    }
}

impl Books {
    /// The approvals of a module for a dataset.
    pub async fn approvals(&self, module: Digest, dataset: &Name) -> Result<Vec<ApprovalRecord>, StoreError> {
        let rows = sqlx::query_scalar("SELECT record FROM approval WHERE module = ? AND dataset = ? ORDER BY rowid");
        let rows: Vec<String> = rows.bind(module.to_string()).bind(dataset.as_str()).fetch_all(&self.pool).await?;
        rows.iter().map(|record| Ok(serde_json::from_str(record)?)).collect()
    }

    /// A reviewed run by its identifier.
    pub async fn reviewed_run(&self, id: &str) -> Result<Option<ReviewedRecord>, StoreError> {
        let row = sqlx::query("SELECT * FROM reviewed_run WHERE id = ?").bind(id).fetch_optional(&self.pool).await?;
        row.as_ref().map(ReviewedRecord::read).transpose()
    }

    /// The reviewed run that answers a question.
    pub async fn reviewed_run_of_question(&self, question: Digest) -> Result<Option<ReviewedRecord>, StoreError> {
        let row = sqlx::query("SELECT * FROM reviewed_run WHERE question = ?").bind(question.to_string());
        row.fetch_optional(&self.pool).await?.as_ref().map(ReviewedRecord::read).transpose()
    }

    /// What the domain remembers of the exact tables of a lineage. Data: for the domain alone.
    pub async fn remembered_tables(&self, lineage: &Name) -> Result<Vec<RememberedRecord>, StoreError> {
        let rows = sqlx::query("SELECT * FROM remembered_table WHERE lineage = ? ORDER BY rowid").bind(lineage.as_str());
        read_all(rows.fetch_all(&self.pool).await?, RememberedRecord::read)
    }

    /// Whether any exact table of a lineage was published.
    pub async fn has_exact_tables(&self, lineage: &Name) -> Result<bool, StoreError> {
        let found: i64 = sqlx::query_scalar("SELECT count(*) FROM remembered_table WHERE lineage = ?")
            .bind(lineage.as_str())
            .fetch_one(&self.pool)
            .await?;
        Ok(found > 0)
    }
}

impl Transaction {
    /// Records an approval.
    pub async fn insert_approval(&mut self, approval: &ApprovalRecord) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO approval (module, dataset, approver, record) VALUES (?, ?, ?, ?)")
            .bind(approval.module.to_string())
            .bind(approval.dataset.as_str())
            .bind(&approval.approver)
            .bind(serde_json::to_string(approval)?)
            .execute(&mut *self.inner)
            .await?;
        Ok(())
    }

    /// Records the admission of a reviewed run; only a live grant admits it.
    pub async fn insert_reviewed_run(&mut self, grant: &LiveGrant, run: &ReviewedRecord) -> Result<(), StoreError> {
        if grant.record().id != run.grant {
            return Err(record_error("a reviewed run needs the live grant that it names"));
        }
        sqlx::query(
            "INSERT INTO reviewed_run (id, question, module, dataset, version, lineage, grant_id, slot, slot_seconds, at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(&run.id)
        .bind(run.question.to_string())
        .bind(run.module.to_string())
        .bind(run.dataset.as_str())
        .bind(i64::from(run.version))
        .bind(run.lineage.as_str())
        .bind(&run.grant)
        .bind(&run.slot)
        .bind(units(run.slot_seconds)?)
        .bind(&run.at)
        .execute(&mut *self.inner)
        .await?;
        Ok(())
    }

    /// Records the tables of a run that has none yet, and what the domain remembers of them. `measures` are those of the
    /// manifest's tables, by name; `earlier` is how many tables of the lineage the review had in view.
    pub async fn put_tables(
        &mut self,
        approval: &Approval,
        tables: &Tables,
        record: &TablesRecord,
        measures: &[(Name, ReviewedMeasure)],
        lineage: &Name,
        earlier: usize,
    ) -> Result<(), StoreError> {
        if tables.run() != approval.run() {
            return Err(record_error("tables were offered for another run"));
        }
        let known: i64 = sqlx::query_scalar("SELECT count(*) FROM remembered_table WHERE lineage = ?")
            .bind(lineage.as_str())
            .fetch_one(&mut *self.inner)
            .await?;
        if usize::try_from(known).ok() != Some(earlier) {
            return Err(record_error("other tables of the lineage were published meanwhile"));
        }
        let update = sqlx::query(
            "UPDATE reviewed_run SET position = ?, tables = ? WHERE id = ? AND lineage = ? AND position IS NULL
                 AND NOT EXISTS (SELECT 1 FROM incident WHERE incident.run = reviewed_run.id AND replay IS NULL)",
        );
        let update = update.bind(units(record.position)?).bind(&record.content).bind(tables.run()).bind(lineage.as_str());
        if update.execute(&mut *self.inner).await?.rows_affected() != 1 {
            return Err(StoreError::Exists { what: format!("the tables of run {}", tables.run()) });
        }
        for (name, remembered) in tables.remembered() {
            let measure = measures.iter().find(|(known, _)| known == name).map(|(_, measure)| measure);
            let measure = measure.ok_or_else(|| record_error("a table that its manifest does not declare"))?;
            sqlx::query("INSERT INTO remembered_table (lineage, run, name, measure, content) VALUES (?, ?, ?, ?, ?)")
                .bind(lineage.as_str())
                .bind(tables.run())
                .bind(name.as_str())
                .bind(serde_json::to_string(measure)?)
                .bind(remembered.to_private_json())
                .execute(&mut *self.inner)
                .await?;
        }
        Ok(())
    }
}
