//! May this module make exact tables of this dataset? The policy must allow it, and two different approvers must have
//! signed the module's digest.
//!
//! The answer is an [`Approval`], which only [`admit_reviewed`] makes and without which no exact table leaves. Rejected:
//! counting signatures where tables are made; a proof that exists before data is opened cannot be forgotten after.

use crate::{Denial, LiveGrant};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use tidegate_terms::{Digest, DisclosureRules, Name, ReviewedAggregate};

/// How many different approvers a module needs.
const APPROVERS_NEEDED: usize = 2;

/// One approval of a module for a dataset; its signature was checked when it was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalRecord {
    /// The digest of the module's seal.
    pub module: Digest,
    /// The dataset.
    pub dataset: Name,
    /// The approver's Ed25519 public key, base64.
    pub approver: String,
    /// The signature, base64.
    pub signature: String,
    /// When it was given.
    pub at: String,
}

/// A reviewed run that asks to be admitted.
#[derive(Debug)]
pub struct ReviewedRun<'a> {
    /// Its identifier.
    pub run: String,
    /// The module.
    pub module: Digest,
    /// The dataset.
    pub dataset: &'a Name,
    /// Its live grant.
    pub grant: &'a LiveGrant,
    /// What the dataset's policy says about exact tables.
    pub policy: Option<&'a ReviewedAggregate>,
    /// The approvals on record.
    pub approvals: &'a [ApprovalRecord],
}

/// Proof that a run may make exact tables: allowed by the policy, approved by two, granted, and recorded durably before
/// any data is opened.
///
/// ```compile_fail
/// // Nobody can make one; it comes from `admit_reviewed` alone.
/// let forged = tidegate_authorisation::Approval { run: String::new(), approvers: vec![], rules: Default::default() };
/// ```
#[derive(Debug, Clone)]
pub struct Approval {
    run: String,
    approvers: Vec<String>,
    rules: DisclosureRules,
}

impl Approval {
    /// The run that it is for.
    pub fn run(&self) -> &str {
        &self.run
    }

    /// Who approved its module: public keys, base64, in order.
    pub fn approvers(&self) -> &[String] {
        &self.approvers
    }

    /// The rules under which its tables leave.
    pub fn rules(&self) -> &DisclosureRules {
        &self.rules
    }
}

/// Checks an approver against the policy of a dataset.
pub fn check_approver(policy: Option<&ReviewedAggregate>, dataset: &Name, approver: &str) -> Result<(), Denial> {
    let policy = policy.ok_or_else(|| Denial::Reviewed { dataset: dataset.to_string() })?;
    let known = policy.approvers.iter().any(|known| known == approver);
    if known { Ok(()) } else { Err(Denial::NotAnApprover { dataset: dataset.to_string() }) }
}

/// Admits a reviewed run: `persist` records it durably with its approvers, and only then is there an [`Approval`].
pub async fn admit_reviewed<E: From<Denial>>(
    asked: ReviewedRun<'_>,
    persist: impl AsyncFnOnce(&[String]) -> Result<(), E>,
) -> Result<Approval, E> {
    let ReviewedRun { run, module, dataset, grant, policy, approvals } = asked;
    if grant.record().dataset != *dataset {
        let operator = grant.record().operator.to_string();
        return Err(Denial::NoGrant { operator, dataset: dataset.to_string() }.into());
    }
    let policy = policy.ok_or_else(|| Denial::Reviewed { dataset: dataset.to_string() })?;
    let own = approvals.iter().filter(|approval| approval.module == module && approval.dataset == *dataset);
    // Who is no longer among the approvers does not count.
    let listed = own.map(|approval| &approval.approver).filter(|approver| policy.approvers.contains(approver));
    let approvers: Vec<String> = listed.collect::<BTreeSet<_>>().into_iter().cloned().collect();
    if approvers.len() < APPROVERS_NEEDED {
        let (module, dataset) = (module.short(), dataset.to_string());
        return Err(Denial::Approvals { module, dataset, found: approvers.len(), needed: APPROVERS_NEEDED }.into());
    }
    persist(&approvers).await?;
    Ok(Approval { run, approvers, rules: policy.rules.clone() })
}
