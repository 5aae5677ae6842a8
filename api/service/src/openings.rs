//! Opening commitments of the log to those who may read what stands behind them.
//!
//! Guarantee: a commitment is opened only to a role that the closed table of the log allows it to, and every opening is
//! an entry of its own. Totals and shards are in no line of that table.

use crate::{Domain, ServiceError, instant};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;
use tidegate_log::{CommitmentOpening, Entry, Event, Reader, may_open};
use tidegate_terms::Digest;

/// Of which run and round a release or tables tell.
#[derive(Deserialize)]
struct Told {
    run: String,
    round: Option<RoundTold>,
}

#[derive(Deserialize)]
struct RoundTold {
    number: u32,
}

impl Domain {
    /// Opens the commitment `field` of the entry at an index.
    pub async fn open_commitment(&self, entry: u64, field: &str, reader: Reader) -> Result<CommitmentOpening, ServiceError> {
        if !may_open(field, reader) {
            return Err(ServiceError::MayNotOpen { field: field.chars().take(64).collect() });
        }
        let unknown = || ServiceError::UnknownCommitment { entry, field: field.to_owned() };
        let (salt, content) = self.books().opening(entry, field).await?.ok_or_else(unknown)?;
        let content = match content {
            Some(content) => content,
            // Releases and tables are stored once, as people read them, and committed to as the same bytes. Opening one
            // shows it, so whatever holds it back from being shown (coverage, witnesses, retention) holds here too.
            None => {
                let content = self.books().released_at(entry).await?.ok_or_else(unknown)?;
                let told: Told = serde_json::from_str(&content).map_err(tidegate_store::StoreError::from)?;
                self.shown_of(&told.run, told.round.map(|round| round.number)).await?;
                content.into_bytes()
            }
        };
        let salt = Digest(salt.try_into().map_err(|_| unknown())?);
        let at = instant::text(self.next_instant().await?);
        let event = Event::Open { entry, field: field.to_owned(), reader };
        self.conclude(self.store.begin().await?, &Entry { at, event }, &[]).await?;
        let origin = self.view().origin;
        Ok(CommitmentOpening { origin, entry, field: field.to_owned(), salt, content: BASE64.encode(content) })
    }
}
