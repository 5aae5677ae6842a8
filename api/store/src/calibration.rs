//! Where the calibrations of the machine stand in the log. What they say is in their entries alone.

use crate::records::record_error;
use crate::transaction::units;
use crate::{Books, StoreError, Transaction};

impl Books {
    /// The position of the newest calibration, whichever engine and machine it was made for.
    pub async fn newest_calibration(&self) -> Result<Option<u64>, StoreError> {
        let newest: Option<i64> = sqlx::query_scalar("SELECT max(position) FROM calibration").fetch_one(&self.pool).await?;
        newest.map(u64::try_from).transpose().map_err(record_error)
    }
}

impl Transaction {
    /// Remembers that the entry at this position is a calibration.
    pub async fn insert_calibration(&mut self, position: u64) -> Result<(), StoreError> {
        let insert = sqlx::query("INSERT INTO calibration (position) VALUES (?)").bind(units(position)?);
        insert.execute(&mut *self.inner).await?;
        Ok(())
    }
}
