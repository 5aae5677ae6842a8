//! Where records are read: in the open act, or from the books without one.

use crate::{Act, Desk, Kept, Refused, Row};
use std::future::Future;
use tidegate_access::Facts;
use tidegate_service::ServiceError;
use tidegate_store::{Books, Subject};

/// Reads records. Inside an act what is read is true until the act commits.
pub trait Reads: Send {
    /// The newest version of a record.
    fn one<R: Kept>(&mut self, id: &str) -> impl Future<Output = Result<Option<Row<R>>, Refused>> + Send;
    /// The newest versions of all records of a type, in the order of their identifiers.
    fn every<R: Kept>(&mut self) -> impl Future<Output = Result<Vec<Row<R>>, Refused>> + Send;
    /// The stop that holds a grant, a dataset, an organisation or everything.
    fn held(&mut self, subject: &Subject) -> impl Future<Output = Result<Option<String>, Refused>> + Send;
    /// What the office knows for every decision.
    fn basics(&mut self, desk: &Desk) -> impl Future<Output = Result<Facts, Refused>> + Send;
}

impl Reads for Act {
    async fn one<R: Kept>(&mut self, id: &str) -> Result<Option<Row<R>>, Refused> {
        self.get::<R>(id).await
    }

    async fn every<R: Kept>(&mut self) -> Result<Vec<Row<R>>, Refused> {
        self.all::<R>().await
    }

    async fn held(&mut self, subject: &Subject) -> Result<Option<String>, Refused> {
        self.suspended(subject).await
    }

    async fn basics(&mut self, desk: &Desk) -> Result<Facts, Refused> {
        self.facts(desk).await
    }
}

impl Reads for Books {
    async fn one<R: Kept>(&mut self, id: &str) -> Result<Option<Row<R>>, Refused> {
        let row = self.governed(R::NAME, id).await.map_err(ServiceError::from)?;
        row.map(Row::of).transpose()
    }

    async fn every<R: Kept>(&mut self) -> Result<Vec<Row<R>>, Refused> {
        let rows = self.all_governed(R::NAME, None, "", u32::MAX).await.map_err(ServiceError::from)?;
        rows.into_iter().map(Row::of).collect()
    }

    async fn held(&mut self, subject: &Subject) -> Result<Option<String>, Refused> {
        Ok(self.suspended(subject).await.map_err(ServiceError::from)?)
    }

    async fn basics(&mut self, desk: &Desk) -> Result<Facts, Refused> {
        desk.facts().await
    }
}
