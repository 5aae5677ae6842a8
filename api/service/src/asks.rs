//! What a question asks for, in the words of its decision: whose module reads which columns under which grant. Nothing is
//! authorised or priced here; who decides on it says no with a rule, and what runs later checks everything itself.

use crate::quotes::{Pinned, Question, side_tables};
use crate::{Domain, ServiceError};
use tidegate_authorisation::{GrantRecord, Use};
use tidegate_terms::{Digest, Manifest, Name, ReleasePolicy};

/// What a question asks for.
#[derive(Debug, Clone)]
pub struct Asks {
    /// The module.
    pub module: Digest,
    /// Its manifest.
    pub manifest: Manifest,
    /// What is read, one part for each dataset.
    pub parts: Vec<AskedPart>,
}

/// One dataset of a question.
#[derive(Debug, Clone)]
pub struct AskedPart {
    /// The dataset.
    pub dataset: Name,
    /// Its version.
    pub version: u32,
    /// The operator's grant on it: the one that a run would draw on; where none allows it, the newest that is not revoked,
    /// else the newest; none, where it never had one.
    pub grant: Option<GrantRecord>,
    /// The columns that the module reads, as `table.column`.
    pub columns: Vec<String>,
    /// The policy of the version that is read.
    pub policy: ReleasePolicy,
}

impl Asks {
    /// What a decision about it is about.
    pub fn pinned(&self) -> Pinned {
        let grants = self.parts.iter().filter_map(|part| Some(part.grant.as_ref()?.id.clone()));
        Pinned { module: self.module, versions: self.parts.iter().map(|part| part.version).collect(), grants: grants.collect() }
    }
}

impl Domain {
    /// Reads what a question asks for.
    pub async fn asks(&self, question: &Question) -> Result<Asks, ServiceError> {
        let (module, manifest) = self.module_head(&question.module_reference(), &question.operator).await?;
        // What no module declares is not kept with the question either.
        side_tables(&manifest, &question.side_tables)?;
        let datasets = [(Some(&question.dataset), question.version, false), (question.join.as_ref(), None, true)];
        let mut parts = Vec::new();
        for (dataset, version, second) in datasets {
            let Some(dataset) = dataset else { continue };
            let mounted = self.mounted(dataset, version).await?;
            let reads = if question.join.is_none() { Use::whole(&manifest) } else { Use::of_dataset(&manifest, second) };
            let drawn_on = self.live_grant(question, dataset, &module, &reads).await.ok().map(|live| live.record().clone());
            let grants = self.books().grants(Some(dataset), Some(&question.operator)).await?;
            let standing = grants.iter().rev().find(|grant| grant.revoked.is_none());
            let read = manifest.inputs.iter().filter(|input| question.join.is_none() || input.joined == second);
            let columns = read.flat_map(|input| input.columns.iter().map(|column| format!("{}.{column}", input.table)));
            parts.push(AskedPart {
                dataset: dataset.clone(),
                version: mounted.record.version,
                grant: drawn_on.or_else(|| standing.or(grants.last()).cloned()),
                columns: columns.collect(),
                policy: mounted.policy,
            });
        }
        Ok(Asks { module: module.digest, manifest, parts })
    }
}
