//! Sealing (封存): a version that nobody newly reads and of which nothing is destroyed or forgotten, until it is unsealed.

use crate::datasets::Mounted;
use crate::{Domain, ServiceError, instant, keys};
use serde::{Deserialize, Serialize};
use tidegate_log::{Entry, Event, commit};
use tidegate_store::{CustodyRecord, CustodyState, Opening, StoreError};
use tidegate_terms::Name;

/// What became of a version.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CustodyView {
    /// The dataset.
    pub dataset: Name,
    /// Its version.
    pub version: u32,
    /// What it is now; absent where it is free again.
    #[schemars(with = "Option<serde_json::Value>")]
    pub state: Option<CustodyState>,
    /// The position of the log entry that says so.
    pub log_position: u64,
}

/// Refuses what would read a version that is sealed, or whose destruction has begun.
pub(crate) fn check_readable(custody: Option<CustodyRecord>) -> Result<(), ServiceError> {
    let Some(CustodyRecord { dataset, version, state, position, .. }) = custody else { return Ok(()) };
    let dataset = dataset.to_string();
    Err(match state {
        CustodyState::Sealed => ServiceError::VersionSealed { dataset, version, entry: position.unwrap_or_default() },
        CustodyState::Destroying => ServiceError::VersionDestroying { dataset, version },
        CustodyState::Destroyed => ServiceError::VersionDestroyed { dataset, version, entry: position.unwrap_or_default() },
    })
}

impl Domain {
    /// The same for all versions of a run.
    pub(crate) async fn check_all_readable(&self, mounted: &[Mounted]) -> Result<(), ServiceError> {
        for mounted in mounted {
            check_readable(self.books().custody(&mounted.record.dataset, mounted.record.version).await?)?;
        }
        Ok(())
    }

    /// Refuses to look for data that are gone.
    pub(crate) async fn check_not_destroyed(&self, mounted: &Mounted) -> Result<(), ServiceError> {
        let custody = self.books().custody(&mounted.record.dataset, mounted.record.version).await?;
        check_readable(custody.filter(|custody| custody.state != CustodyState::Sealed))
    }

    /// Whether nothing can be read of a version any more, or soon.
    pub(crate) async fn is_destroyed(&self, mounted: &Mounted) -> Result<bool, ServiceError> {
        let custody = self.books().custody(&mounted.record.dataset, mounted.record.version).await?;
        Ok(check_readable(custody.filter(|custody| custody.state != CustodyState::Sealed)).is_err())
    }

    /// Seals a version, or takes its seal off; both with a reason, which the log commits to and only the domain keeps.
    pub async fn seal_version(&self, dataset: &Name, version: u32, reason: &str, sealed: bool) -> Result<CustodyView, ServiceError> {
        if reason.trim().is_empty() {
            return Err(ServiceError::CustodyReason);
        }
        let mounted = self.mounted(dataset, Some(version)).await?;
        let (name, record) = (|| dataset.to_string(), serde_json::json!({ "reason": reason }).to_string());
        let at = instant::text(self.next_instant().await?);
        let mut act = self.store.begin().await?;
        let known = act.custody(dataset, version).await?;
        match (known.as_ref().map(|known| known.state), sealed) {
            (Some(CustodyState::Sealed), true) => return Err(ServiceError::SealedAlready { dataset: name(), version }),
            (None, false) => return Err(ServiceError::NotSealed { dataset: name(), version }),
            (Some(CustodyState::Destroying | CustodyState::Destroyed), _) => check_readable(known)?,
            (None, true) | (Some(CustodyState::Sealed), false) => {}
        }
        let opening = Opening { field: "reason_commitment", salt: keys::random()?, content: Some(reason.as_bytes().to_vec()) };
        let reason_commitment = commit(&opening.salt, reason.as_bytes());
        let dataset = mounted.record.dataset;
        let event = match sealed {
            true => Event::SealVersion { dataset: dataset.clone(), version, reason_commitment },
            false => Event::UnsealVersion { dataset: dataset.clone(), version, reason_commitment },
        };
        let position = act.append(&Entry { at, event }, &[opening]).await?;
        if sealed {
            let state = CustodyState::Sealed;
            act.put_custody(&CustodyRecord { dataset: dataset.clone(), version, state, position: Some(position), record }).await?;
        } else {
            act.remove_custody(&dataset, version).await?;
        }
        act.commit().await?;
        self.publish().await?;
        Ok(CustodyView { dataset, version, state: sealed.then_some(CustodyState::Sealed), log_position: position })
    }

    /// The certificate of a destroyed version.
    pub async fn certificate(&self, dataset: &Name, version: u32) -> Result<crate::CertificateFile, ServiceError> {
        self.mounted(dataset, Some(version)).await?;
        let custody = self.books().custody(dataset, version).await?;
        let destroyed = custody.filter(|custody| custody.state == CustodyState::Destroyed);
        let destroyed = destroyed.ok_or_else(|| ServiceError::NoCertificate { dataset: dataset.to_string(), version })?;
        Ok(serde_json::from_str(&destroyed.record).map_err(StoreError::from)?)
    }
}
