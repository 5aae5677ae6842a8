//! The rules about exact tables: approved by two beforehand, granted, admitted once, and not before the slot.

use super::{OpenRun, Replay};
use crate::entry::Event;
use crate::spending::Paid;
use crate::text::{instant_text, parse_instant, parse_key};
use crate::violation::Violation;
use std::collections::BTreeSet;
use tidegate_terms::{Digest, Name, Visibility};

/// How many different approvers exact tables need.
const APPROVERS_NEEDED: usize = 2;

/// A run that was admitted to make exact tables.
pub(super) struct ReviewedRun {
    pub(super) due: i64,
    pub(super) waits: bool,
    pub(super) done: bool,
    /// When its tables left.
    pub(super) ended: i64,
    pub(super) reads: super::custody::Reads,
}

impl Replay {
    pub(crate) fn reviewed_runs(&self) -> u64 {
        self.reviewed.len() as u64
    }

    pub(super) fn open_reviewed(&self) -> impl Iterator<Item = OpenRun> + '_ {
        let now = parse_instant(&self.at);
        self.reviewed.iter().filter(|(_, run)| !run.done).map(move |(name, run)| OpenRun {
            run: name.clone(),
            slot: instant_text(run.due),
            rounds: 0,
            overdue: now.is_some_and(|now| now > run.due),
        })
    }

    pub(super) fn approve(&mut self, module: Digest, dataset: Name, approver: String) {
        self.check(self.datasets.contains_key(&dataset), || Violation::NotMounted { dataset: dataset.to_string() });
        let uploaded = self.modules.contains_key(&module);
        self.check(uploaded, || Violation::ApprovedUnknown { module: module.short() });
        self.check(parse_key(&approver).is_some(), || Violation::ApproverKey { module: module.short() });
        let again = || Violation::ApprovedAgain { module: module.short(), dataset: dataset.to_string() };
        if !self.approvals.insert((module, dataset.clone(), approver)) {
            self.find(again());
        }
    }

    pub(super) fn admit_reviewed(&mut self, at: &str, event: Event) {
        let Event::Reviewed { run, account, module, approvers, rules, slot, slot_seconds, .. } = event else { return };
        let seconds = parse_instant(at).unwrap_or(0);
        // It pays nothing, so that only the terms, the grant and the module are checked.
        let waits = self.check_terms(seconds, &run, &account, Paid::default()) == Visibility::AtSlot;
        self.check_grant(at, &run, &account, module);
        let different: BTreeSet<&String> = approvers.iter().collect();
        let found = different.len();
        self.check(found >= APPROVERS_NEEDED, || Violation::TooFewApprovers { run: run.clone(), approvers: found });
        let approved = |approver: &&String| self.approvals.contains(&(module, account.dataset.clone(), (*approver).clone()));
        let all = different.iter().all(approved);
        self.check(all, || Violation::NotApproved { run: run.clone() });
        let terms = self.datasets.get(&account.dataset).and_then(|dataset| dataset.reviewed.as_ref());
        let listed = terms.is_some_and(|terms| approvers.iter().all(|approver| terms.approvers.contains(approver)));
        let same_rules = terms.is_some_and(|terms| terms.rules == rules);
        let allowed = terms.is_some();
        self.check(allowed, || Violation::TablesNotAllowed { run: run.clone(), dataset: account.dataset.to_string() });
        self.check(!allowed || listed, || Violation::NotAnApprover { run: run.clone() });
        self.check(!allowed || same_rules, || Violation::OtherRules { run: run.clone() });
        let due = parse_instant(&slot).unwrap_or(0);
        let length = if waits { i64::try_from(slot_seconds).unwrap_or(i64::MAX) } else { 0 };
        self.check(due >= seconds.saturating_add(length), || Violation::SlotPast { run: run.clone(), slot });
        if self.runs.contains_key(&run) || self.reviewed.contains_key(&run) {
            return self.find(Violation::RunAgain { run });
        }
        self.check_thawed(&run, std::slice::from_ref(&account));
        let reads = self.open_versions(&run, std::slice::from_ref(&account));
        self.reviewed.insert(run, ReviewedRun { due, waits, done: false, ended: 0, reads });
    }

    pub(super) fn tables(&mut self, at: &str, run: String) {
        self.check_not_stopped(&run);
        let Some(state) = self.reviewed.get_mut(&run) else { return self.find(Violation::NotAdmitted { run }) };
        if state.done {
            return self.find(Violation::TablesAgain { run });
        }
        state.done = true;
        state.ended = parse_instant(at).unwrap_or(0);
        let reads = state.reads;
        let (early, due) = (state.waits && parse_instant(at).unwrap_or(0) < state.due, state.due);
        self.close_versions(reads);
        self.check(!early, || Violation::Early { run, slot: instant_text(due) });
    }
}
