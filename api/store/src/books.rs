//! Reading.

use crate::records::{LineageRow, cost, record_error};
use crate::suspensions;
use crate::{ModuleRecord, MountRecord, RoundRecord, RunMount, RunRecord, StoreError};
use sqlx::Row as _;
use sqlx::sqlite::{SqlitePool, SqliteRow};
use tidegate_accountant::{Account, Cost};
use tidegate_authorisation::GrantRecord;
use tidegate_terms::{Delta, Digest, Name};

/// What can be read from the state of a domain.
#[derive(Debug, Clone)]
pub struct Books {
    pub(crate) pool: SqlitePool,
}

/// Statements that are used both inside and outside of transactions.
pub(crate) mod statements {
    pub(crate) const SPENT_BY_LINEAGE: &str =
        "SELECT coalesce(sum(rho), 0) AS rho, coalesce(sum(delta), 0) AS delta FROM charge WHERE lineage = ? AND at > ?";
    pub(crate) const SPENT_BY_GRANT: &str =
        "SELECT coalesce(sum(grant_rho), 0) AS rho, coalesce(sum(grant_delta), 0) AS delta FROM charge WHERE grant_id = ?";
    pub(crate) const LINEAGE: &str = "SELECT rho_cap, delta_cap, delta FROM lineage WHERE name = ?";
    pub(crate) const LOG_SIZE: &str = "SELECT coalesce(max(position) + 1, 0) FROM log_entry";
    /// Before every instant that the log can hold.
    pub(crate) const EVER: &str = "";
}

impl Books {
    pub(crate) fn new(pool: SqlitePool) -> Self {
        Self { pool }
    }

    /// How many log entries there are.
    pub async fn log_size(&self) -> Result<u64, StoreError> {
        let size: i64 = sqlx::query_scalar(statements::LOG_SIZE).fetch_one(&self.pool).await?;
        u64::try_from(size).map_err(record_error)
    }

    /// The log entries `from..to`.
    pub async fn log_entries(&self, from: u64, to: u64) -> Result<Vec<Vec<u8>>, StoreError> {
        let (from, to) = (i64::try_from(from).map_err(record_error)?, i64::try_from(to).map_err(record_error)?);
        let rows = sqlx::query_scalar("SELECT bytes FROM log_entry WHERE position >= ? AND position < ? ORDER BY position");
        Ok(rows.bind(from).bind(to).fetch_all(&self.pool).await?)
    }

    /// A mounted version; the newest, where none is named.
    pub async fn mount(&self, dataset: &Name, version: Option<u32>) -> Result<Option<MountRecord>, StoreError> {
        let row = sqlx::query("SELECT * FROM mount WHERE dataset = ? AND version = coalesce(?, version) ORDER BY version DESC LIMIT 1");
        let row = row.bind(dataset.as_str()).bind(version).fetch_optional(&self.pool).await?;
        row.as_ref().map(MountRecord::read).transpose()
    }

    /// A version that draws on a lineage's account.
    pub async fn mount_of_lineage(&self, lineage: &Name) -> Result<Option<MountRecord>, StoreError> {
        let row = sqlx::query("SELECT * FROM mount WHERE lineage = ? LIMIT 1").bind(lineage.as_str()).fetch_optional(&self.pool).await?;
        row.as_ref().map(MountRecord::read).transpose()
    }

    /// The newest version of every dataset.
    pub async fn mounts(&self) -> Result<Vec<MountRecord>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM mount AS m WHERE version = (SELECT max(version) FROM mount WHERE dataset = m.dataset) ORDER BY dataset",
        );
        read_all(rows.fetch_all(&self.pool).await?, MountRecord::read)
    }

    /// The directories of all mounted versions.
    pub async fn mount_directories(&self) -> Result<Vec<String>, StoreError> {
        Ok(sqlx::query_scalar("SELECT directory FROM mount").fetch_all(&self.pool).await?)
    }

    /// All grants, or those of one dataset and one operator.
    pub async fn grants(&self, dataset: Option<&Name>, operator: Option<&Name>) -> Result<Vec<GrantRecord>, StoreError> {
        let records: Vec<String> = sqlx::query_scalar(
            "SELECT record FROM authorisation WHERE dataset = coalesce(?, dataset) AND operator = coalesce(?, operator) ORDER BY rowid",
        )
        .bind(dataset.map(Name::as_str))
        .bind(operator.map(Name::as_str))
        .fetch_all(&self.pool)
        .await?;
        let mut grants = Vec::with_capacity(records.len());
        for record in &records {
            grants.push(self.with_suspension(serde_json::from_str(record)?).await?);
        }
        Ok(grants)
    }

    /// A grant.
    pub async fn grant(&self, id: &str) -> Result<Option<GrantRecord>, StoreError> {
        let record: Option<String> =
            sqlx::query_scalar("SELECT record FROM authorisation WHERE id = ?").bind(id).fetch_optional(&self.pool).await?;
        match record {
            None => Ok(None),
            Some(record) => self.with_suspension(serde_json::from_str(&record)?).await.map(Some),
        }
    }

    async fn with_suspension(&self, record: GrantRecord) -> Result<GrantRecord, StoreError> {
        let held = sqlx::query(suspensions::OF_GRANT).bind(&record.id).bind(record.dataset.as_str()).bind(record.operator.as_str());
        let held = held.fetch_optional(&self.pool).await?;
        suspensions::with(record, held.as_ref())
    }

    /// Modules whose digest begins so, or of this name, or all where the reference is empty, newest first. Their components are
    /// left empty, for they are large: [`module_of`](Self::module_of) reads one.
    pub async fn modules(&self, reference: &str) -> Result<Vec<ModuleRecord>, StoreError> {
        let rows = sqlx::query(
            "SELECT digest, name, operator, signer, x'' AS component, manifest, at FROM module
             WHERE name = ?1 OR (length(?1) >= 8 AND substr(digest, 1, length(?1)) = ?1) OR ?1 = '' ORDER BY rowid DESC",
        );
        read_all(rows.bind(reference).fetch_all(&self.pool).await?, ModuleRecord::read)
    }

    /// A run by its identifier.
    pub async fn run(&self, id: &str) -> Result<Option<RunRecord>, StoreError> {
        let row = sqlx::query("SELECT * FROM run WHERE id = ?").bind(id).fetch_optional(&self.pool).await?;
        self.whole_run(row).await
    }

    /// The run that answers a question.
    pub async fn run_of_question(&self, question: Digest) -> Result<Option<RunRecord>, StoreError> {
        let row = sqlx::query("SELECT * FROM run WHERE question = ?").bind(question.to_string()).fetch_optional(&self.pool).await?;
        self.whole_run(row).await
    }

    /// All runs of a lineage, in the order of their charges.
    pub async fn runs(&self, lineage: &Name) -> Result<Vec<RunRecord>, StoreError> {
        let rows = sqlx::query("SELECT * FROM run WHERE id IN (SELECT run FROM charge WHERE lineage = ?) ORDER BY rowid");
        let mut runs = Vec::new();
        for row in rows.bind(lineage.as_str()).fetch_all(&self.pool).await? {
            runs.extend(self.whole_run(Some(row)).await?);
        }
        Ok(runs)
    }

    async fn whole_run(&self, row: Option<SqliteRow>) -> Result<Option<RunRecord>, StoreError> {
        let Some(row) = row else { return Ok(None) };
        let mut run = RunRecord::read(&row)?;
        let mounts = sqlx::query("SELECT * FROM charge WHERE run = ? ORDER BY place").bind(&run.id).fetch_all(&self.pool).await?;
        run.mounts = read_all(mounts, RunMount::read)?;
        let rounds = sqlx::query("SELECT * FROM round WHERE run = ? ORDER BY number").bind(&run.id).fetch_all(&self.pool).await?;
        run.rounds = read_all(rounds, RoundRecord::read)?;
        let tables = sqlx::query_scalar("SELECT content FROM side_table WHERE run = ? ORDER BY place");
        run.side_tables = tables.bind(&run.id).fetch_all(&self.pool).await?;
        Ok(Some(run))
    }

    /// The account of a lineage and its delta.
    pub async fn account(&self, lineage: &Name) -> Result<Option<(Account, Delta)>, StoreError> {
        let Some(row) = sqlx::query(statements::LINEAGE).bind(lineage.as_str()).fetch_optional(&self.pool).await? else {
            return Ok(None);
        };
        let LineageRow { cap, delta } = LineageRow::read(&row)?;
        let spent = self.spent_since(lineage, statements::EVER).await?;
        Ok(Some((Account { cap, spent }, delta)))
    }

    /// What a lineage reserved after an instant.
    pub async fn spent_since(&self, lineage: &Name, since: &str) -> Result<Cost, StoreError> {
        let row = sqlx::query(statements::SPENT_BY_LINEAGE).bind(lineage.as_str()).bind(since).fetch_one(&self.pool).await?;
        cost(&row, "rho", "delta")
    }

    /// What was spent under a grant.
    pub async fn spent_under(&self, grant: &str) -> Result<Cost, StoreError> {
        let row = sqlx::query(statements::SPENT_BY_GRANT).bind(grant).fetch_one(&self.pool).await?;
        cost(&row, "rho", "delta")
    }

    /// What was released with the entry at a position: a round's release or exact tables, as people read them.
    pub async fn released_at(&self, position: u64) -> Result<Option<String>, StoreError> {
        let both = "SELECT release FROM round WHERE position = ?1 UNION ALL SELECT tables FROM reviewed_run WHERE position = ?1";
        let position = i64::try_from(position).map_err(record_error)?;
        Ok(sqlx::query_scalar(both).bind(position).fetch_optional(&self.pool).await?)
    }

    /// The salt and content of a commitment.
    pub async fn opening(&self, position: u64, field: &str) -> Result<Option<(Vec<u8>, Option<Vec<u8>>)>, StoreError> {
        let row = sqlx::query("SELECT salt, content FROM opening WHERE position = ? AND field = ?");
        let position = i64::try_from(position).map_err(record_error)?;
        let row = row.bind(position).bind(field).fetch_optional(&self.pool).await?;
        row.map(|row| Ok((row.try_get("salt")?, row.try_get("content")?))).transpose()
    }
}

pub(crate) fn read_all<T>(rows: Vec<SqliteRow>, read: fn(&SqliteRow) -> Result<T, StoreError>) -> Result<Vec<T>, StoreError> {
    rows.iter().map(read).collect()
}
