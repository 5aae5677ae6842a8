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
    /// Takes up the approval of a run whose admission is already durable, for its replay: approvers and rules come from the
    /// log's entry, which `recorded` reads back. It lets no new table leave: the run has its tables already.
    pub async fn recorded<E>(
        run: String,
        recorded: impl AsyncFnOnce(&str) -> Result<Option<(Vec<String>, DisclosureRules)>, E>,
    ) -> Result<Option<Self>, E> {
        let found = recorded(&run).await?;
        Ok(found.filter(|(approvers, _)| approvers.len() >= APPROVERS_NEEDED).map(|(approvers, rules)| Self { run, approvers, rules }))
    }

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::GrantRecord;
    use std::future::Future as _;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};
    use tidegate_terms::{Message as _, Rho};

    fn name(text: &str) -> Name {
        Name::parse(text).expect("name")
    }

    fn grant(dataset: &str) -> LiveGrant {
        LiveGrant {
            record: GrantRecord {
                id: "g".into(),
                dataset: name(dataset),
                operator: name("acme"),
                operator_key: String::new(),
                columns: vec![],
                purpose: name("research"),
                rho: Rho::ZERO,
                valid_from: String::new(),
                valid_until: String::new(),
                revoked: None,
                suspended: None,
            },
        }
    }

    fn approval(module: &[u8], dataset: &str, approver: &str) -> ApprovalRecord {
        let (module, approver) = (Digest::of(module), approver.to_owned());
        ApprovalRecord { module, dataset: name(dataset), approver, signature: String::new(), at: String::new() }
    }

    /// The code of a denial, and whether the admission was recorded.
    fn admit(policy: Option<&[&str]>, granted: &str, approvals: &[ApprovalRecord]) -> (Result<Vec<String>, String>, bool) {
        let approvers = policy.map(|approvers| approvers.iter().map(|&approver| approver.to_owned()).collect());
        let policy = approvers.map(|approvers| ReviewedAggregate { approvers, rules: DisclosureRules::default() });
        let (grant, dataset, mut recorded) = (grant(granted), name("people"), false);
        let module = Digest::of(b"m");
        let asked = ReviewedRun { run: "r".into(), module, dataset: &dataset, grant: &grant, policy: policy.as_ref(), approvals };
        let outcome = {
            let admitted = pin!(admit_reviewed(asked, async |_: &[String]| {
                recorded = true;
                Ok::<_, Denial>(())
            }));
            match admitted.poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(outcome) => outcome,
                Poll::Pending => panic!("nothing here waits"),
            }
        };
        (outcome.map(|approval| approval.approvers().to_vec()).map_err(|denial| denial.code()), recorded)
    }

    #[test]
    fn two_listed_approvers_of_this_module_and_dataset_are_needed() {
        let listed: Option<&[&str]> = Some(&["a", "b", "c"]);
        let (first, second) = (approval(b"m", "people", "a"), approval(b"m", "people", "b"));
        let both = [second.clone(), first.clone()];
        assert_eq!(admit(listed, "people", &both), (Ok(vec!["a".into(), "b".into()]), true));
        let denied = |code: &str| (Err(code.to_owned()), false);
        assert_eq!(admit(None, "people", &both), denied("denied.reviewed"));
        assert_eq!(admit(listed, "others", &both), denied("denied.no-grant"));
        assert_eq!(admit(Some(&["a", "c"]), "people", &both), denied("denied.approvals"), "one is no longer listed");
        for other in [first.clone(), approval(b"n", "people", "b"), approval(b"m", "others", "b"), approval(b"m", "people", "d")] {
            assert_eq!(admit(listed, "people", &[first.clone(), other]), denied("denied.approvals"));
        }
    }
}
