//! Products in the database. Records are JSON of the service's own types: nothing here decides on them.

use crate::records::record_error;
use crate::transaction::units;
use crate::{Books, StoreError, Transaction};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::Row as _;
use tidegate_terms::Digest;

/// The public keys of packages, and where the log announces them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductKeysRecord {
    /// The position of the entry.
    pub position: u64,
    /// Ed25519, base64.
    pub ed25519: String,
    /// P-256, base64.
    pub p256: String,
}

/// A file that was delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductFile {
    /// The delivery that it left with.
    pub delivery: String,
    /// Its path in the package.
    pub path: String,
}

fn parse<T: DeserializeOwned>(record: Option<String>) -> Result<Option<T>, StoreError> {
    record.map(|record| Ok(serde_json::from_str(&record)?)).transpose()
}

impl Books {
    /// A product's record.
    pub async fn product<T: DeserializeOwned>(&self, id: &str) -> Result<Option<T>, StoreError> {
        parse(sqlx::query_scalar("SELECT record FROM product WHERE id = ?").bind(id).fetch_optional(&self.pool).await?)
    }

    /// All products, in the order of their applications.
    pub async fn products<T: DeserializeOwned>(&self) -> Result<Vec<T>, StoreError> {
        let records: Vec<String> = sqlx::query_scalar("SELECT record FROM product ORDER BY rowid").fetch_all(&self.pool).await?;
        records.iter().map(|record| Ok(serde_json::from_str(record)?)).collect()
    }

    /// A delivery.
    pub async fn delivery<T: DeserializeOwned>(&self, id: &str) -> Result<Option<T>, StoreError> {
        parse(sqlx::query_scalar("SELECT record FROM product_delivery WHERE id = ?").bind(id).fetch_optional(&self.pool).await?)
    }

    /// The entries of the log that have these bytes in them, in their order.
    pub async fn log_entries_with(&self, text: &str) -> Result<Vec<Vec<u8>>, StoreError> {
        let rows = sqlx::query_scalar("SELECT bytes FROM log_entry WHERE instr(bytes, ?) > 0 ORDER BY position");
        Ok(rows.bind(text.as_bytes()).fetch_all(&self.pool).await?)
    }

    /// The deliveries of a product.
    pub async fn deliveries<T: DeserializeOwned>(&self, product: &str) -> Result<Vec<T>, StoreError> {
        let records = sqlx::query_scalar("SELECT record FROM product_delivery WHERE product = ? ORDER BY rowid").bind(product);
        let records: Vec<String> = records.fetch_all(&self.pool).await?;
        records.iter().map(|record| Ok(serde_json::from_str(record)?)).collect()
    }

    /// With which deliveries a file left.
    pub async fn delivered_file(&self, digest: Digest) -> Result<Vec<ProductFile>, StoreError> {
        let rows = sqlx::query("SELECT delivery, path FROM product_file WHERE digest = ? ORDER BY delivery, path");
        let rows = rows.bind(digest.to_string()).fetch_all(&self.pool).await?;
        rows.iter().map(|row| Ok(ProductFile { delivery: row.try_get("delivery")?, path: row.try_get("path")? })).collect()
    }

    /// The newest keys of packages in the log.
    pub async fn product_keys(&self) -> Result<Option<ProductKeysRecord>, StoreError> {
        let row = sqlx::query("SELECT * FROM product_keys ORDER BY position DESC LIMIT 1").fetch_optional(&self.pool).await?;
        let Some(row) = row else { return Ok(None) };
        let position = u64::try_from(row.try_get::<i64, _>("position")?).map_err(record_error)?;
        Ok(Some(ProductKeysRecord { position, ed25519: row.try_get("ed25519")?, p256: row.try_get("p256")? }))
    }

    /// What the authority demands of products, once it decided.
    pub async fn product_policy<T: DeserializeOwned>(&self) -> Result<Option<T>, StoreError> {
        let record = sqlx::query_scalar("SELECT record FROM product_policy ORDER BY position DESC LIMIT 1");
        parse(record.fetch_optional(&self.pool).await?)
    }
}

impl Transaction {
    /// A product's record as this transaction sees it.
    pub async fn product<T: DeserializeOwned>(&mut self, id: &str) -> Result<Option<T>, StoreError> {
        parse(sqlx::query_scalar("SELECT record FROM product WHERE id = ?").bind(id).fetch_optional(&mut *self.inner).await?)
    }

    /// Records a product, or its next state.
    pub async fn put_product(&mut self, id: &str, operator: &str, record: &impl Serialize) -> Result<(), StoreError> {
        let insert = "INSERT INTO product (id, operator, record) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET record = excluded.record";
        sqlx::query(insert).bind(id).bind(operator).bind(serde_json::to_string(record)?).execute(&mut *self.inner).await?;
        Ok(())
    }

    /// Records a delivery, or its receipt.
    pub async fn put_delivery(&mut self, id: &str, product: &str, record: &impl Serialize) -> Result<(), StoreError> {
        let insert =
            "INSERT INTO product_delivery (id, product, record) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET record = excluded.record";
        sqlx::query(insert).bind(id).bind(product).bind(serde_json::to_string(record)?).execute(&mut *self.inner).await?;
        Ok(())
    }

    /// Records the files of a delivery.
    pub async fn put_delivered_files(&mut self, delivery: &str, files: &[(String, Digest)]) -> Result<(), StoreError> {
        for (path, digest) in files {
            let insert = sqlx::query("INSERT INTO product_file (digest, delivery, path) VALUES (?, ?, ?)");
            insert.bind(digest.to_string()).bind(delivery).bind(path).execute(&mut *self.inner).await?;
        }
        Ok(())
    }

    /// Records which keys the entry at a position announces.
    pub async fn insert_product_keys(&mut self, keys: &ProductKeysRecord) -> Result<(), StoreError> {
        let insert = sqlx::query("INSERT INTO product_keys (position, ed25519, p256) VALUES (?, ?, ?)");
        insert.bind(units(keys.position)?).bind(&keys.ed25519).bind(&keys.p256).execute(&mut *self.inner).await?;
        Ok(())
    }

    /// Records what the authority decided in the entry at a position.
    pub async fn insert_product_policy(&mut self, position: u64, record: &impl Serialize) -> Result<(), StoreError> {
        let insert = sqlx::query("INSERT INTO product_policy (position, record) VALUES (?, ?)");
        insert.bind(units(position)?).bind(serde_json::to_string(record)?).execute(&mut *self.inner).await?;
        Ok(())
    }
}
