//! Changing the log's key, with a time in which both keys sign.
//!
//! | a crash after | leaves | and then |
//! |---|---|---|
//! | half of the new key's file | a torn file that nobody reads | the next start destroys it |
//! | the new key's file | a key that no entry names | the next start destroys it |
//! | the commit of `Event::RotateKey` | an entry under the old key's checkpoint, or none | the next start signs with both and writes `log/keys/N` |
//! | `log/keys/N` | everything | nobody needs to act |
//! | the file `vkey` at the end of the overlap | the new name beside the old key's file | the next start goes on |
//! | the renaming of a key's file | no key under the log's name, or the old one under another | the next start renames, then destroys |
//!
//! Guarantee: a key signs only after a commit that names it, and the old one is gone before a domain that was opened
//! after the overlap does anything else. From the end of the overlap on it does not sign, even while a domain stays open.

use crate::keys::{Keys, NextKey};
use crate::view::RotationView;
use crate::{Domain, ServiceError, instant};
use tidegate_log::{Entry, Event, PublishError, write_key_link};
use tidegate_store::{LogKeyRecord, StoreError};

/// A day in seconds.
const DAY: u64 = 86_400;
/// The longest overlap, in days: a key that should go must not stay for ever.
const OVERLAP_DAYS_MAX: u32 = 3_650;

impl Domain {
    /// Makes a new key for the log, and lets both sign for so many days.
    pub(crate) async fn rotate_key(&mut self, overlap_days: u32) -> Result<RotationView, ServiceError> {
        if let Some(next) = &self.keys.next {
            return Err(ServiceError::RotationUnderWay { until: instant::text(next.until) });
        }
        if !(1..=OVERLAP_DAYS_MAX).contains(&overlap_days) {
            return Err(ServiceError::OverlapDays { days: overlap_days });
        }
        // Nothing of this while the log lags behind the database.
        self.publish().await?;
        self.next_instant().await?;
        let signer = Keys::make_next(&self.keys_directory(), self.keys.signer.name())?;
        let (before, key) = (self.keys.signer.verifier().to_string(), signer.verifier().to_string());
        let mut act = self.store.begin().await?;
        let at = Self::instant_in(&act);
        let until = instant::later(at, u64::from(overlap_days) * DAY);
        let record = LogKeyRecord { key: key.clone(), until: instant::text(until) };
        let event = Event::RotateKey { key: key.clone(), until: record.until.clone() };
        let position = act.append(&Entry { at: instant::text(at), event }, &[]).await?;
        act.insert_log_key(position, &record).await?;
        act.commit().await?;
        self.keys.next = Some(NextKey { signer, until });
        self.link().await?;
        Ok(RotationView { before, key, until: record.until, log_position: position })
    }

    /// Takes up a change of key where the last process left it, and ends it if its time has come.
    pub(crate) async fn settle_rotation(&mut self) -> Result<(), ServiceError> {
        let directory = self.keys_directory();
        let Some(signer) = Keys::read_next(&directory, self.keys.signer.name())? else { return Ok(()) };
        let key = signer.verifier().to_string();
        let Some((_, record)) = self.books().log_keys().await?.into_iter().find(|(_, record)| record.key == key) else {
            return Keys::discard_next(&directory);
        };
        let until = instant::parse(&record.until).ok_or_else(|| StoreError::Record { detail: record.until.clone() })?;
        self.keys.next = Some(NextKey { signer, until });
        self.link().await?;
        if instant::now() >= until {
            // Whoever reads `vkey` finds the new key before the old one is gone.
            self.publish().await?;
            self.keys.replace(&directory)?;
        }
        Ok(())
    }

    /// Has both keys sign what is in the log and writes the file that leads from one to the other, if it is not there.
    async fn link(&self) -> Result<(), ServiceError> {
        let Some(next) = &self.keys.next else { return Ok(()) };
        let (number, position) = {
            let known = self.books().log_keys().await?;
            let key = next.signer.verifier().to_string();
            let place = known.iter().position(|(_, record)| record.key == key).unwrap_or(known.len());
            (place + 1, known.get(place).map_or(0, |(position, _)| *position))
        };
        if self.log_directory().join(format!("keys/{number}")).exists() {
            return Ok(());
        }
        self.publish_both().await?;
        let entries = self.books().log_entries(position, position + 1).await?;
        let entry = entries.first().ok_or_else(|| PublishError::Source { detail: format!("entry {position} is missing") })?;
        let both = [self.keys.signer.verifier(), next.signer.verifier()];
        tokio::task::block_in_place(|| write_key_link(&self.log_directory(), number, position, entry, both))?;
        Ok(())
    }
}
