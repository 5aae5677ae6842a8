//! Credentials, failed proofs and idempotency keys in the database.

use crate::records::record_error;
use crate::transaction::units;
use crate::{Books, StoreError, Transaction};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

/// By what an account proves who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialRecord {
    /// Its identifier; no secret.
    pub id: String,
    /// Whose it is.
    pub account: String,
    /// `token`, `session`, `password`, `certificate` or `key`.
    pub kind: String,
    /// SHA-256 of the secret; absent for passwords.
    pub hash: Option<Vec<u8>>,
    /// JSON.
    pub content: String,
    /// When it was made.
    pub at: String,
    /// When it ends.
    pub expires: Option<String>,
    /// When it was revoked.
    pub revoked: Option<String>,
}

/// Failed proofs of an account since its last good one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureRecord {
    /// How many.
    pub count: u32,
    /// The last of them.
    pub last: String,
}

/// A request that changed something, by its idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRecord {
    /// The digest of the request.
    pub digest: String,
    /// Its first log entry.
    pub position: Option<u64>,
    /// The answer as JSON, where it is kept and there.
    pub answer: Option<String>,
}

impl CredentialRecord {
    fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.try_get("id")?,
            account: row.try_get("account")?,
            kind: row.try_get("kind")?,
            hash: row.try_get("hash")?,
            content: row.try_get("content")?,
            at: row.try_get("at")?,
            expires: row.try_get("expires")?,
            revoked: row.try_get("revoked")?,
        })
    }
}

fn failures(row: Option<SqliteRow>) -> Result<Option<FailureRecord>, StoreError> {
    let read = |row: SqliteRow| {
        let count = row.try_get::<i64, _>("count")?.try_into().map_err(record_error)?;
        Ok(FailureRecord { count, last: row.try_get("last")? })
    };
    row.map(read).transpose()
}

const FAILURES: &str = "SELECT count, last FROM failure WHERE account = ?";
const OF_ACCOUNT: &str = "SELECT * FROM credential WHERE account = ? ORDER BY at, id";

impl Books {
    /// A credential by its identifier.
    pub async fn credential(&self, id: &str) -> Result<Option<CredentialRecord>, StoreError> {
        let row = sqlx::query("SELECT * FROM credential WHERE id = ?").bind(id).fetch_optional(&self.pool).await?;
        row.as_ref().map(CredentialRecord::read).transpose()
    }

    /// The credential of a kind with this hash.
    pub async fn credential_of_hash(&self, kind: &str, hash: &[u8]) -> Result<Option<CredentialRecord>, StoreError> {
        let row = sqlx::query("SELECT * FROM credential WHERE kind = ? AND hash = ?").bind(kind).bind(hash);
        row.fetch_optional(&self.pool).await?.as_ref().map(CredentialRecord::read).transpose()
    }

    /// All credentials of an account.
    pub async fn credentials_of(&self, account: &str) -> Result<Vec<CredentialRecord>, StoreError> {
        sqlx::query(OF_ACCOUNT).bind(account).fetch_all(&self.pool).await?.iter().map(CredentialRecord::read).collect()
    }

    /// Failed proofs of an account.
    pub async fn failures(&self, account: &str) -> Result<Option<FailureRecord>, StoreError> {
        failures(sqlx::query(FAILURES).bind(account).fetch_optional(&self.pool).await?)
    }

    /// What a key was used for.
    pub async fn key_used(&self, scope: &str, key: &str) -> Result<Option<KeyRecord>, StoreError> {
        let row = sqlx::query("SELECT digest, position, answer FROM idempotency WHERE scope = ? AND key = ?").bind(scope).bind(key);
        let Some(row) = row.fetch_optional(&self.pool).await? else { return Ok(None) };
        let position: Option<i64> = row.try_get("position")?;
        let position = position.map(u64::try_from).transpose().map_err(record_error)?;
        Ok(Some(KeyRecord { digest: row.try_get("digest")?, position, answer: row.try_get("answer")? }))
    }
}

impl Transaction {
    /// All credentials of an account as this transaction sees them.
    pub async fn credentials_of(&mut self, account: &str) -> Result<Vec<CredentialRecord>, StoreError> {
        sqlx::query(OF_ACCOUNT).bind(account).fetch_all(&mut *self.inner).await?.iter().map(CredentialRecord::read).collect()
    }

    /// A credential by its identifier.
    pub async fn credential(&mut self, id: &str) -> Result<Option<CredentialRecord>, StoreError> {
        let row = sqlx::query("SELECT * FROM credential WHERE id = ?").bind(id).fetch_optional(&mut *self.inner).await?;
        row.as_ref().map(CredentialRecord::read).transpose()
    }

    /// Adds a credential.
    pub async fn insert_credential(&mut self, credential: &CredentialRecord) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO credential (id, account, kind, hash, content, at, expires, revoked) VALUES (?, ?, ?, ?, ?, ?, ?, NULL)")
            .bind(&credential.id)
            .bind(&credential.account)
            .bind(&credential.kind)
            .bind(credential.hash.as_deref())
            .bind(&credential.content)
            .bind(&credential.at)
            .bind(&credential.expires)
            .execute(&mut *self.inner)
            .await?;
        Ok(())
    }

    /// Replaces what a credential says beside its secret: when a session was used last, which code was.
    pub async fn update_credential(&mut self, id: &str, content: &str, expires: Option<&str>) -> Result<(), StoreError> {
        let update = sqlx::query("UPDATE credential SET content = ?, expires = ? WHERE id = ?");
        update.bind(content).bind(expires).bind(id).execute(&mut *self.inner).await?;
        Ok(())
    }

    /// Revokes a credential; says whether it was not revoked before.
    pub async fn revoke_credential(&mut self, id: &str, at: &str) -> Result<bool, StoreError> {
        let update = sqlx::query("UPDATE credential SET revoked = ? WHERE id = ? AND revoked IS NULL").bind(at).bind(id);
        Ok(update.execute(&mut *self.inner).await?.rows_affected() == 1)
    }

    /// Revokes all credentials of an account, of one kind or of all.
    pub async fn revoke_all_credentials(&mut self, account: &str, kind: Option<&str>, at: &str) -> Result<u64, StoreError> {
        let update = sqlx::query("UPDATE credential SET revoked = ? WHERE account = ? AND kind = coalesce(?, kind) AND revoked IS NULL");
        Ok(update.bind(at).bind(account).bind(kind).execute(&mut *self.inner).await?.rows_affected())
    }

    /// Failed proofs of an account as this transaction sees them.
    pub async fn failures(&mut self, account: &str) -> Result<Option<FailureRecord>, StoreError> {
        failures(sqlx::query(FAILURES).bind(account).fetch_optional(&mut *self.inner).await?)
    }

    /// Records failed proofs of an account.
    pub async fn put_failures(&mut self, account: &str, failures: &FailureRecord) -> Result<(), StoreError> {
        let put = sqlx::query(
            "INSERT INTO failure (account, count, last) VALUES (?, ?, ?)
             ON CONFLICT (account) DO UPDATE SET count = excluded.count, last = excluded.last",
        );
        put.bind(account).bind(i64::from(failures.count)).bind(&failures.last).execute(&mut *self.inner).await?;
        Ok(())
    }

    /// Forgets failed proofs of an account.
    pub async fn clear_failures(&mut self, account: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM failure WHERE account = ?").bind(account).execute(&mut *self.inner).await?;
        Ok(())
    }

    /// Binds an idempotency key to a request and its first log entry. A key that is bound already keeps its entry.
    pub async fn bind_key(&mut self, scope: &str, key: &str, digest: &str, position: Option<u64>, at: &str) -> Result<(), StoreError> {
        let insert =
            sqlx::query("INSERT INTO idempotency (scope, key, digest, position, at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING");
        let insert = insert.bind(scope).bind(key).bind(digest).bind(position.map(units).transpose()?).bind(at);
        insert.execute(&mut *self.inner).await?;
        Ok(())
    }

    /// Keeps the answer of a request.
    pub async fn answer_key(&mut self, scope: &str, key: &str, answer: &str) -> Result<(), StoreError> {
        let update = sqlx::query("UPDATE idempotency SET answer = ? WHERE scope = ? AND key = ?");
        update.bind(answer).bind(scope).bind(key).execute(&mut *self.inner).await?;
        Ok(())
    }

    /// Forgets keys from before an instant.
    pub async fn forget_keys(&mut self, before: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM idempotency WHERE at < ?").bind(before).execute(&mut *self.inner).await?;
        Ok(())
    }
}
