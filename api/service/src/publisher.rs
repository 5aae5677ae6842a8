//! From durable to visible: the one way by which entries get under a signed checkpoint.
//!
//! Whoever needs an entry visible comes here after its commit. One at a time publishes everything that is committed by
//! then, while the store's next batch is written; those who waited mostly find themselves covered and go on. Recovery
//! at the start of a domain is the same call.
//!
//! Guarantee: [`Domain::make_visible`] returns only once a checkpoint on the disk covers the entry.
//!
//! Rejected: a task that publishes in the background. Its errors would have no caller, and nobody waits less for it.

use crate::{Domain, ServiceError, instant};
use tidegate_log::{EntrySource, Published, SigningKeys, publish_under};
use tidegate_store::Books;
use tokio::runtime::Handle;
use tokio::sync::Mutex;

/// Who publishes now, and how many entries the checkpoint covers.
#[derive(Debug, Default)]
pub(crate) struct Publisher {
    covered: Mutex<u64>,
}

impl Domain {
    /// Waits until a signed checkpoint covers the entry at a position, publishing what is committed if need be.
    pub async fn make_visible(&self, position: u64) -> Result<(), ServiceError> {
        let mut covered = self.publisher.covered.lock().await;
        if *covered <= position {
            *covered = self.publish_under(self.keys.signing(instant::now()))?.checkpoint.size;
        }
        Ok(())
    }

    /// Brings tiles and checkpoint up to the database, after checking that they fit each other.
    pub(crate) async fn publish(&self) -> Result<Published, ServiceError> {
        let mut covered = self.publisher.covered.lock().await;
        let published = self.publish_under(self.keys.signing(instant::now()))?;
        *covered = published.checkpoint.size;
        Ok(published)
    }

    /// The same with both keys, while the log's key changes.
    pub(crate) async fn publish_both(&self) -> Result<Published, ServiceError> {
        let mut covered = self.publisher.covered.lock().await;
        let published = self.publish_under(self.keys.signing_both())?;
        *covered = published.checkpoint.size;
        Ok(published)
    }

    fn publish_under(&self, keys: SigningKeys<'_>) -> Result<Published, ServiceError> {
        let mut source = StoredEntries { books: self.books(), runtime: Handle::current() };
        let directory = self.log_directory();
        tokio::task::block_in_place(|| Ok(publish_under(&directory, keys, &mut source)?))
    }
}

/// The database as the source of the published log.
struct StoredEntries {
    books: Books,
    runtime: Handle,
}

type Boxed = Box<dyn std::error::Error + Send + Sync>;

impl EntrySource for StoredEntries {
    fn size(&mut self) -> Result<u64, Boxed> {
        Ok(self.runtime.block_on(self.books.log_size())?)
    }

    fn read(&mut self, from: u64, to: u64) -> Result<Vec<Vec<u8>>, Boxed> {
        Ok(self.runtime.block_on(self.books.log_entries(from, to))?)
    }
}
