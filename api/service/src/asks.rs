//! What a question asks for, in the words of its decision: whose module reads which columns under which grant. Nothing is
//! authorised or priced here; who decides on it says no with a rule, and what runs later checks everything itself.

use crate::quotes::{Question, side_tables};
use crate::{Domain, ServiceError};
use tidegate_authorisation::GrantRecord;
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
    /// The operator's grant on it: the newest that is not revoked, else the newest; none, where it never had one.
    pub grant: Option<GrantRecord>,
    /// The columns that the module reads, as `table.column`.
    pub columns: Vec<String>,
    /// The policy of the version that is read.
    pub policy: ReleasePolicy,
}

impl Domain {
    /// Reads what a question asks for.
    pub async fn asks(&self, question: &Question) -> Result<Asks, ServiceError> {
        let (module, manifest) = self.module(&question.module, &question.operator).await?;
        // What no module declares is not kept with the question either.
        side_tables(&manifest, &question.side_tables)?;
        let datasets = [(Some(&question.dataset), question.version, false), (question.join.as_ref(), None, true)];
        let mut parts = Vec::new();
        for (dataset, version, second) in datasets {
            let Some(dataset) = dataset else { continue };
            let mounted = self.mounted(dataset, version).await?;
            let grants = self.books().grants(Some(dataset), Some(&question.operator)).await?;
            let standing = grants.iter().rev().find(|grant| grant.revoked.is_none());
            let read = manifest.inputs.iter().filter(|input| question.join.is_none() || input.joined == second);
            let columns = read.flat_map(|input| input.columns.iter().map(|column| format!("{}.{column}", input.table)));
            parts.push(AskedPart {
                dataset: dataset.clone(),
                grant: standing.or(grants.last()).cloned(),
                columns: columns.collect(),
                policy: mounted.policy,
            });
        }
        Ok(Asks { module: module.digest, manifest, parts })
    }
}
