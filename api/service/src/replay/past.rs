//! What the log says of runs that are to be replayed: the log is what a replay is held against, never the records beside it.

use crate::{Domain, ServiceError};
use std::collections::BTreeMap;
use tidegate_log::{Entry, Event, PublishError, TileTree, leaf_hash};
use tidegate_store::StoreError;
use tidegate_terms::{Digest, Name};

/// An entry at its place.
#[derive(Debug, Clone)]
pub(crate) struct Logged {
    pub(crate) position: u64,
    pub(crate) at: String,
    pub(crate) event: Event,
}

/// A run as the log tells it.
#[derive(Debug, Clone)]
pub(crate) struct PastRun {
    pub(crate) id: String,
    /// Its reservation, or its admission to make exact tables.
    pub(crate) admitted: Logged,
    /// Its releases in order, or its tables.
    pub(crate) released: Vec<Logged>,
    pub(crate) ended: bool,
}

/// A version as the log tells it.
#[derive(Debug, Clone)]
pub(crate) struct PastMount {
    pub(crate) position: u64,
    pub(crate) shards_commitment: Digest,
}

/// What replay and custody need of the log.
#[derive(Debug, Default)]
pub(crate) struct Past {
    pub(crate) runs: BTreeMap<String, PastRun>,
    pub(crate) mounts: BTreeMap<(Name, u32), PastMount>,
    /// Component and manifest of each module.
    pub(crate) modules: BTreeMap<Digest, (Digest, Digest)>,
    /// All other entries that name one of the runs.
    pub(crate) others: Vec<(String, Logged)>,
}

impl PastRun {
    /// What it reads: dataset and version.
    pub(crate) fn reads(&self) -> Vec<(Name, u32)> {
        match &self.admitted.event {
            Event::Reserve { accounts, .. } => accounts.iter().map(|payer| (payer.dataset.clone(), payer.version)).collect(),
            Event::Reviewed { account, .. } => vec![(account.dataset.clone(), account.version)],
            _ => Vec::new(),
        }
    }

    /// The lineages of what it reads.
    pub(crate) fn lineages(&self) -> Vec<Name> {
        match &self.admitted.event {
            Event::Reserve { accounts, .. } => accounts.iter().map(|payer| payer.lineage.clone()).collect(),
            Event::Reviewed { account, .. } => vec![account.lineage.clone()],
            _ => Vec::new(),
        }
    }

    /// When it ended.
    pub(crate) fn ended_at(&self) -> Option<&str> {
        self.released.last().filter(|_| self.ended).map(|last| last.at.as_str())
    }
}

/// How many entries are read at a time.
const CHUNK: u64 = 1_024;

impl Domain {
    /// Reads the log for the runs that `wanted` names, by identifier and the instant of their admission.
    pub(crate) async fn past(&self, wanted: impl Fn(&str, &str) -> bool) -> Result<Past, ServiceError> {
        let (mut past, mut position, mut tree) = (Past::default(), 0, TileTree::default());
        let size = self.books().log_size().await?;
        while position < size {
            for bytes in self.books().log_entries(position, (position + CHUNK).min(size)).await? {
                tree.push(leaf_hash(&bytes), |_, _| Ok::<(), ServiceError>(()))?;
                let Entry { at, event } = Entry::decode(&bytes).map_err(StoreError::from)?;
                past.take(Logged { position, at, event }, &wanted);
                position += 1;
            }
        }
        // What the database calls the log must be what was signed, to its first entry.
        let head = self.head()?;
        if head.size == size && head.root != tree.root() {
            return Err(PublishError::EntriesChanged { published: size, file: "checkpoint".to_owned() }.into());
        }
        Ok(past)
    }
}

impl Past {
    fn take(&mut self, entry: Logged, wanted: &impl Fn(&str, &str) -> bool) {
        match &entry.event {
            Event::Mount { dataset, version, shards_commitment, .. } => {
                let mount = PastMount { position: entry.position, shards_commitment: *shards_commitment };
                self.mounts.insert((dataset.clone(), *version), mount);
            }
            Event::Module { module, component, manifest, .. } => {
                self.modules.insert(*module, (*component, *manifest));
            }
            Event::Reserve { run, .. } | Event::Reviewed { run, .. } if wanted(run, &entry.at) => {
                let id = run.clone();
                self.runs.entry(id.clone()).or_insert(PastRun { id, admitted: entry, released: Vec::new(), ended: false });
            }
            Event::Release { run, last, .. } => {
                if let Some(known) = self.runs.get_mut(run) {
                    known.ended |= *last;
                    known.released.push(entry);
                }
            }
            Event::Tables { run, .. } => {
                if let Some(known) = self.runs.get_mut(run) {
                    known.ended = true;
                    known.released.push(entry);
                }
            }
            Event::ReplayBegin { run, .. } | Event::Replayed { run, .. } | Event::Effect { run, .. } if self.runs.contains_key(run) => {
                self.others.push((run.clone(), entry));
            }
            _ => {}
        }
    }
}
