//! Incidents: what a missed slot or a worker that was taken over leaves, until the authority has looked and decided.
//!
//! Guarantee: one transaction freezes the lineages of the run, ends it without giving anything back, and opens the
//! incident; from then on nothing new reads those lineages. The log says that it happened and to which run, the cause
//! stays in the domain.
//!
//! | a crash after | leaves | and then |
//! |---|---|---|
//! | the freeze | an open incident without checkpoint | the next start publishes it |
//! | the closing | the same | the same |

use crate::{Domain, ServiceError, instant, keys};
use serde::{Deserialize, Serialize};
use tidegate_log::{Entry, Event, commit};
use tidegate_store::{DecisionRecord, IncidentRecord, Opening, StoreError, Transaction};
use tidegate_terms::Name;

/// An incident, for the authority.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct IncidentView {
    /// Its identifier.
    pub incident: String,
    /// The run.
    pub run: String,
    /// The replay of that run, where it was one.
    pub replay: Option<String>,
    /// The lineages that it froze.
    pub lineages: Vec<Name>,
    /// The slot.
    pub slot: String,
    /// The position of the log entry.
    pub log_position: u64,
    /// What happened; told one incident at a time. It can depend on data and does not leave the domain.
    pub cause: Option<String>,
    /// How it was closed; absent while it is open.
    pub closed: Option<ClosedView>,
}

/// How an incident was closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ClosedView {
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: String,
    /// The position of the log entry.
    pub log_position: u64,
}

/// A breach as it is recorded.
pub(crate) struct Breach<'a> {
    pub(crate) run: &'a str,
    pub(crate) replay: Option<&'a str>,
    pub(crate) lineages: Vec<Name>,
    pub(crate) slot: String,
    /// When it becomes visible.
    pub(crate) at: String,
    pub(crate) cause: String,
}

fn view(record: IncidentRecord, with_cause: bool) -> IncidentView {
    let closed = record.closed.map(|(log_position, DecisionRecord { by, reason, at })| ClosedView { by, reason, at, log_position });
    IncidentView {
        incident: record.id,
        run: record.run,
        replay: record.replay,
        lineages: record.lineages,
        slot: record.slot,
        log_position: record.position,
        cause: with_cause.then_some(record.cause),
        closed,
    }
}

fn frozen(lineage: &Name, found: Option<(String, u64)>) -> Result<(), ServiceError> {
    match found {
        None => Ok(()),
        Some((incident, entry)) => Err(ServiceError::LineageFrozen { lineage: lineage.to_string(), incident, entry }),
    }
}

/// Refuses work on a frozen lineage, inside the transaction that would admit it.
pub(crate) async fn check_thawed(act: &mut Transaction, lineage: &Name) -> Result<(), ServiceError> {
    frozen(lineage, act.frozen(lineage).await?)
}

impl Domain {
    /// Refuses work on frozen lineages beforehand.
    pub(crate) async fn check_all_thawed(&self, lineages: impl IntoIterator<Item = &Name>) -> Result<(), ServiceError> {
        for lineage in lineages {
            frozen(lineage, self.books().frozen(lineage).await?)?;
        }
        Ok(())
    }

    /// Refuses to go on with a run that was stopped.
    pub(crate) async fn check_not_stopped(&self, run: &str) -> Result<(), ServiceError> {
        if let Some(stop) = self.books().stop_of_run(run).await? {
            return Err(ServiceError::RunStoppedBy { run: run.to_owned(), stop });
        }
        match self.books().stopped(run).await? {
            None => Ok(()),
            Some((incident, entry)) => Err(ServiceError::RunStopped { run: run.to_owned(), incident, entry }),
        }
    }

    /// Freezes, ends the run and opens an incident, in one transaction; returns its identifier.
    pub(crate) async fn freeze(&self, breach: Breach<'_>) -> Result<String, ServiceError> {
        let mut lineages = breach.lineages;
        lineages.sort();
        lineages.dedup();
        let id = keys::identifier('i')?;
        let event = Event::Freeze {
            incident: id.clone(),
            run: breach.run.to_owned(),
            replay: breach.replay.map(str::to_owned),
            lineages: lineages.clone(),
            slot: breach.slot.clone(),
            pad: String::new(),
        };
        let mut act = self.store.begin().await?;
        let position = act.append(&Entry { at: breach.at, event }, &[]).await?;
        let record = IncidentRecord {
            id: id.clone(),
            run: breach.run.to_owned(),
            replay: breach.replay.map(str::to_owned),
            lineages,
            slot: breach.slot,
            cause: breach.cause,
            position,
            closed: None,
        };
        act.insert_incident(&record).await?;
        act.commit().await?;
        self.make_visible(position).await?;
        self.ask_witnesses().await;
        Ok(id)
    }

    /// All incidents, without their causes.
    pub async fn incident_views(&self) -> Result<Vec<IncidentView>, ServiceError> {
        Ok(self.books().incidents().await?.into_iter().map(|record| view(record, false)).collect())
    }

    /// One incident, with its cause.
    pub async fn incident_view(&self, id: &str) -> Result<IncidentView, ServiceError> {
        let found = self.books().incidents().await?.into_iter().find(|record| record.id == id);
        found.map(|record| view(record, true)).ok_or_else(|| ServiceError::UnknownIncident { incident: id.to_owned() })
    }

    /// Closes an incident: its lineages may be read again, unless another incident holds them. The run stays stopped.
    pub async fn close_incident(&self, id: &str, reason: &str, by: &str) -> Result<IncidentView, ServiceError> {
        if reason.trim().is_empty() || by.trim().is_empty() {
            return Err(ServiceError::IncidentReason);
        }
        let at = instant::text(self.next_instant().await?);
        let decision = DecisionRecord { by: by.to_owned(), reason: reason.to_owned(), at: at.clone() };
        let content = serde_json::to_vec(&decision).map_err(StoreError::from)?;
        let opening = Opening { field: "reason_commitment", salt: keys::random()?, content: Some(content.clone()) };
        let event = Event::Unfreeze { incident: id.to_owned(), reason_commitment: commit(&opening.salt, &content) };
        let mut act = self.store.begin().await?;
        match act.incident(id).await? {
            None => return Err(ServiceError::UnknownIncident { incident: id.to_owned() }),
            Some(IncidentRecord { closed: Some((entry, _)), .. }) => {
                return Err(ServiceError::IncidentClosed { incident: id.to_owned(), entry });
            }
            Some(_) => {}
        }
        let position = act.append(&Entry { at, event }, &[opening]).await?;
        act.close_incident(id, position, &decision).await?;
        act.commit().await?;
        self.make_visible(position).await?;
        self.ask_witnesses().await;
        self.incident_view(id).await
    }
}
