//! An act: one transaction that reads and writes records and ends with the entry of its decision.
//!
//! | a crash after | leaves | and then |
//! |---|---|---|
//! | the commit | records, entry, hold and the bound idempotency key without checkpoint | the next start publishes it |
//!
//! Nobody else writes while an act is open, so what it has read is still true when it commits.

use crate::desk::Once;
use crate::{Decided, Desk, Refused};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use tidegate_access::{Facts, Kind};
use tidegate_log::{Changed, Event, Resting, commit};
use tidegate_service::{Domain, Halted, PendingStop};
use tidegate_store::{GovernedRecord, StoreError, Subject, Transaction};
use tidegate_terms::{Name, sorted};

/// What is kept as a record: every version, the newest counts.
pub trait Kept: Serialize + DeserializeOwned + Send + Sync {
    /// What it is, for the access rules.
    const KIND: Kind;
    /// What it is, for the log and the database. Where several types share a kind (the three stops), each has a name of
    /// its own: small letters, no spaces.
    const NAME: &'static str = crate::kind_name(Self::KIND);
    /// Its state, one of those of its kind.
    fn state(&self) -> &'static str;
    /// The organisation whose it is; empty for nobody's.
    fn owner(&self) -> String;
    /// The other party, or empty.
    fn counterpart(&self) -> String;
}

/// A record with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Row<R> {
    /// Which one.
    pub id: String,
    /// Its version, from 1.
    pub version: u32,
    /// What it says.
    pub record: R,
    /// The account that made this version.
    pub by: String,
    /// When.
    pub at: String,
}

impl<R: Kept> Row<R> {
    /// Reads what the database has.
    pub fn of(row: GovernedRecord) -> Result<Self, Refused> {
        let record = serde_json::from_str(&row.content).map_err(StoreError::from)?;
        Ok(Self { id: row.id, version: row.version, record, by: row.by, at: row.at })
    }
}

/// A record that an act made.
struct Put {
    name: &'static str,
    id: String,
    version: u32,
    state: &'static str,
    content: serde_json::Value,
}

/// One writing transaction of governance. Dropped without [`commit`](Self::commit), it leaves nothing.
pub struct Act {
    pub(crate) transaction: Transaction,
    pub(crate) domain: Arc<Domain>,
    /// The account.
    pub(crate) account: String,
    /// The instant of everything in it.
    pub(crate) at: String,
    once: Option<Once>,
    put: Vec<Put>,
    pub(crate) suspends: Vec<Resting>,
    pub(crate) restores: Vec<Resting>,
    pub(crate) stops_run: Option<String>,
    /// What is stopped as soon as the act has committed.
    pub(crate) halted: Vec<Halted>,
    /// Keeps what is to be stopped from publishing until the act has ended.
    pub(crate) pending: Vec<PendingStop>,
}

impl Act {
    pub(crate) async fn begin(desk: &Desk) -> Result<Self, Refused> {
        Self::open(desk.domain(), &desk.caller.account, desk.asked.once.clone()).await
    }

    pub(crate) async fn open(domain: &Arc<Domain>, account: &str, once: Option<Once>) -> Result<Self, Refused> {
        let transaction = domain.begin_act().await?;
        let at = Domain::instant_of(&transaction);
        Ok(Self {
            transaction,
            domain: Arc::clone(domain),
            account: account.to_owned(),
            at,
            once,
            put: Vec::new(),
            suspends: Vec::new(),
            restores: Vec::new(),
            stops_run: None,
            halted: Vec::new(),
            pending: Vec::new(),
        })
    }

    /// When it happens, as the log writes it.
    pub fn at(&self) -> &str {
        &self.at
    }

    /// The newest version of a record.
    pub async fn get<R: Kept>(&mut self, id: &str) -> Result<Option<Row<R>>, Refused> {
        let row = self.transaction.governed(R::NAME, id).await?;
        row.map(Row::of).transpose()
    }

    /// The newest versions of all records of a type, in the order of their identifiers.
    pub async fn all<R: Kept>(&mut self) -> Result<Vec<Row<R>>, Refused> {
        self.transaction.all_governed(R::NAME, None).await?.into_iter().map(Row::of).collect()
    }

    /// Those in one state.
    pub async fn all_in<R: Kept>(&mut self, state: &str) -> Result<Vec<Row<R>>, Refused> {
        self.transaction.all_governed(R::NAME, Some(state)).await?.into_iter().map(Row::of).collect()
    }

    /// Keeps a record as the next version, and returns that.
    pub async fn put<R: Kept>(&mut self, id: &str, record: &R) -> Result<u32, Refused> {
        let version = self.transaction.governed(R::NAME, id).await?.map_or(0, |row| row.version) + 1;
        let content = sorted(serde_json::to_value(record).map_err(StoreError::from)?);
        let row = GovernedRecord {
            kind: R::NAME.to_owned(),
            id: id.to_owned(),
            version,
            state: record.state().to_owned(),
            owner: record.owner(),
            counterpart: record.counterpart(),
            content: content.to_string(),
            by: self.account.clone(),
            at: self.at.clone(),
            position: None,
        };
        self.transaction.put_governed(&row).await?;
        self.put.push(Put { name: R::NAME, id: row.id, version, state: record.state(), content });
        Ok(version)
    }

    /// What the office knows for a decision, as this transaction sees it; see [`Desk::facts`].
    pub async fn facts(&mut self, desk: &Desk) -> Result<Facts, Refused> {
        let everything = self.transaction.suspended(&Subject::Everything).await?;
        let own = Subject::Organisation(desk.caller.organisation.to_string());
        let own = self.transaction.suspended(&own).await?;
        Ok(desk.facts_with(everything.is_none(), own.is_none()))
    }

    /// The stop that holds a grant, a dataset, an organisation or everything.
    pub async fn suspended(&mut self, subject: &Subject) -> Result<Option<String>, Refused> {
        Ok(self.transaction.suspended(subject).await?)
    }

    /// Ends the act: appends the decision, stores everything, stops what must stop, and waits until a signed checkpoint
    /// covers it. Returns the position of the decision in the log.
    pub async fn commit(mut self, decided: Decided) -> Result<u64, Refused> {
        // The thing that was decided about stands first, with the last version that the act gave it.
        let (name, id) = Self::commits_with(&decided);
        let own = self.put.iter().rposition(|put| put.name == name && put.id == id);
        let (version, state) = own.map_or((0, decided.state.clone()), |own| (self.put[own].version, self.put[own].state.to_owned()));
        let content: Vec<_> = self.put.iter().map(|put| serde_json::json!([put.name, put.id, put.version, put.content])).collect();
        let content = serde_json::to_vec(&content).map_err(StoreError::from)?;
        let opening = Domain::opening("content_commitment", content.clone())?;
        let event = tidegate_log::Decided {
            action: decided.action.name().to_owned(),
            kind: decided.name.to_owned(),
            id: decided.id.clone(),
            version,
            state,
            account: decided.account.clone(),
            organisation: Name::parse(&decided.organisation)?,
            role: Name::parse(decided.role.as_str())?,
            policy: decided.policy.clone(),
            rule: decided.clause.rule.to_string(),
            pack: decided.pack.clone(),
            pack_digest: decided.pack_digest,
            content_commitment: commit(&opening.salt, &content),
            also: self.also(own),
            suspends: std::mem::take(&mut self.suspends),
            restores: std::mem::take(&mut self.restores),
            stops_run: self.stops_run.take(),
        };
        let entry = Domain::entry_of(&self.transaction, Event::Decided(event));
        let position = self.transaction.append(&entry, &[opening]).await?;
        for put in &self.put {
            self.transaction.place_governed(put.name, &put.id, put.version, position).await?;
        }
        if let Some(Once { scope, key, digest }) = &self.once {
            self.transaction.bind_key(scope, key, digest, Some(position), &self.at).await?;
        }
        let Self { transaction, domain, halted, pending, .. } = self;
        let stopping = Arc::clone(&domain);
        let at_once = move || {
            stopping.stop_running(&halted);
            drop(pending);
        };
        domain.conclude_act(transaction, position, at_once).await?;
        Ok(position)
    }

    fn also(&self, own: Option<usize>) -> Vec<Changed> {
        let others = self.put.iter().enumerate().filter(|(place, _)| Some(*place) != own);
        let changed =
            |put: &Put| Changed { kind: put.name.to_owned(), id: put.id.clone(), version: put.version, state: put.state.to_owned() };
        others.map(|(_, put)| changed(put)).collect()
    }

    /// Ends an act that the log tells nothing of: sessions, failed proofs.
    pub(crate) async fn commit_unlogged(self) -> Result<(), Refused> {
        Ok(self.domain.conclude_unlogged(self.transaction).await?)
    }
}
