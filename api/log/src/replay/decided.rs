//! The rules about acts of governance: once a log has the first one, what reads data or brings something in follows from
//! one; versions count up; what rests admits nothing and releases nothing.
//!
//! Only the log is read: whether the access rules allowed an act is not decided again here, but who did it, in which role
//! and under which rules stands in public.

use super::Replay;
use crate::entry::{Decided, Event, Payer, Resting, RestingKind};
use crate::violation::Violation;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use tidegate_terms::{Name, messages};

/// The closed list of roles.
const ROLES: [&str; 8] = ["provider", "authority", "operator", "developer", "regulator", "exchange", "custodian", "auditor"];
/// The name of everything.
const ALL: &str = "all";

messages! {
    /// A rule about acts of governance that an entry breaks.
    pub enum DecidedViolation {
        Role { role: String } = "audit.decided-role" {
            en: "an act was done in the role `{role}`, which is not of the closed list: ask the custodian",
            zh: "有操作以角色“{role}”作出，该角色不在封闭列表中：请询问保管方",
        },
        Version { kind: String, id: String, version: u32, expected: u32 } = "audit.decided-version" {
            en: "{kind} `{id}` got version {version}, but {expected} comes next: ask the custodian for the whole log",
            zh: "{kind}“{id}”的版本为 {version}，而下一版本应为 {expected}：请向保管方索取完整日志",
        },
        HeldAlready { name: String, stop: String } = "audit.suspended-again" {
            en: "`{stop}` suspends `{name}` once more: ask the authority which decision is meant",
            zh: "“{stop}”重复中止“{name}”：请询问主管部门所指的决定",
        },
        NotHeld { name: String, stop: String } = "audit.restored-unknown" {
            en: "`{name}` is restored, but `{stop}` did not hold it: ask the authority what was decided",
            zh: "“{name}”被恢复，但“{stop}”并未中止它：请询问主管部门作出了什么决定",
        },
        NotDecided { what: String, action: String } = "audit.not-decided" {
            en: "{what} has no decision `{action}` before it, though this domain is governed: stop the domain and ask the authority",
            zh: "{what} 之前没有“{action}”的决定，而该域已纳入治理：请停止该域并询问主管部门",
        },
        Suspended { run: String, stop: String } = "audit.suspended" {
            en: "run `{run}` was admitted or released something while `{stop}` held its grant: stop the domain and ask the authority",
            zh: "运行“{run}”在其授权被“{stop}”中止期间被准入或有发布：请停止该域并询问主管部门",
        },
        StoppedByDecision { run: String } = "audit.stopped-by-decision" {
            en: "run `{run}` released something after a decision had ended it: stop the domain and ask the authority",
            zh: "运行“{run}”在决定终止之后仍有发布：请停止该域并询问主管部门",
        },
    }
}

/// The state that these rules need.
#[derive(Default)]
pub(super) struct Governance {
    governed: bool,
    versions: BTreeMap<(String, String), u32>,
    resting: BTreeSet<Resting>,
    stopped: BTreeSet<String>,
    /// Decisions that what they allow has not followed yet: by action and, where it is known beforehand, for whom.
    waiting: BTreeMap<(&'static str, String), u64>,
    /// The grants of runs that were admitted since the log is governed.
    grants: HashMap<String, Vec<String>>,
}

/// Actions that an entry of another kind must follow, and whether they wait under the thing's name or the organisation's.
const FOLLOWED: [(&str, bool); 4] = [("mount_dataset", true), ("give_grant", true), ("upload_module", false), ("request_run", false)];

impl Governance {
    fn stop_of(&self, grant: &str, dataset: Option<&Name>, operator: Option<&Name>) -> Option<String> {
        let holds = |resting: &&Resting| match resting.kind {
            RestingKind::Grant => resting.name == grant,
            RestingKind::Dataset => dataset.is_some_and(|dataset| resting.name == dataset.as_str()),
            RestingKind::Organisation => operator.is_some_and(|operator| resting.name == operator.as_str()),
            RestingKind::Everything => resting.name == ALL,
        };
        self.resting.iter().find(holds).map(|resting| resting.stop.clone())
    }

    /// Uses up a decision.
    fn follow(&mut self, action: &'static str, of: &str) -> bool {
        match self.waiting.get_mut(&(action, of.to_owned())) {
            Some(left) if *left > 0 => {
                *left -= 1;
                true
            }
            _ => false,
        }
    }
}

impl Replay {
    pub(super) fn decided(&mut self, decided: Decided) {
        self.governance.governed = true;
        let known = ROLES.contains(&decided.role.as_str());
        self.check(known, || DecidedViolation::Role { role: decided.role.to_string() }.into());
        // What else changed comes first: an act may make two versions of one thing, and names the last as its own.
        for changed in &decided.also {
            self.count_version(&changed.kind, &changed.id, changed.version);
        }
        if decided.version > 0 {
            self.count_version(&decided.kind, &decided.id, decided.version);
        }
        if let Some((action, by_thing)) = FOLLOWED.into_iter().find(|(action, _)| *action == decided.action) {
            let of = if by_thing { decided.id.clone() } else { decided.organisation.to_string() };
            *self.governance.waiting.entry((action, of)).or_default() += 1;
        }
        // Taken off first: one act may replace one hold by another.
        for resting in decided.restores {
            let held = self.governance.resting.remove(&resting);
            self.check(held, || DecidedViolation::NotHeld { name: resting.name, stop: resting.stop }.into());
        }
        for resting in decided.suspends {
            let fresh = self.governance.resting.insert(resting.clone());
            self.check(fresh, || DecidedViolation::HeldAlready { name: resting.name, stop: resting.stop }.into());
        }
        self.governance.stopped.extend(decided.stops_run);
    }

    fn count_version(&mut self, kind: &str, id: &str, version: u32) {
        let last = self.governance.versions.entry((kind.to_owned(), id.to_owned())).or_default();
        let expected = last.saturating_add(1);
        *last = version.max(*last);
        let violation = || DecidedViolation::Version { kind: kind.to_owned(), id: id.to_owned(), version, expected };
        self.check(version == expected, || violation().into());
    }

    /// What follows a decision in a governed log, before the entry itself is taken.
    pub(super) fn check_decided(&mut self, event: &Event) {
        if !self.governance.governed {
            return;
        }
        let (what, action, of) = match event {
            Event::Mount { dataset, .. } => (format!("dataset {dataset}"), "mount_dataset", dataset.to_string()),
            Event::Grant { grant, dataset, .. } => (format!("grant {grant}"), "give_grant", dataset.to_string()),
            Event::Module { module, operator, .. } => (format!("module {}", module.short()), "upload_module", operator.to_string()),
            Event::Reserve { run, accounts, .. } => {
                self.note_grants(run.clone(), accounts);
                (format!("run {run}"), "request_run", accounts.first().map_or_else(String::new, |payer| self.operator_of(&payer.grant)))
            }
            Event::Reviewed { run, account, .. } => {
                self.note_grants(run.clone(), std::slice::from_ref(account));
                (format!("run {run}"), "request_run", self.operator_of(&account.grant))
            }
            Event::Release { run, .. } | Event::Tables { run, .. } => return self.check_released(run),
            _ => return,
        };
        let follows = self.governance.follow(action, &of);
        self.check(follows, || DecidedViolation::NotDecided { what, action: action.to_owned() }.into());
        if let Event::Reserve { run, .. } | Event::Reviewed { run, .. } = event {
            self.check_not_suspended(run);
        }
    }

    fn operator_of(&self, grant: &str) -> String {
        self.grants.get(grant).map_or_else(String::new, |state| state.operator.to_string())
    }

    fn note_grants(&mut self, run: String, accounts: &[Payer]) {
        self.governance.grants.insert(run, accounts.iter().map(|payer| payer.grant.clone()).collect());
    }

    fn check_released(&mut self, run: &str) {
        self.check_not_suspended(run);
        let stopped = self.governance.stopped.contains(run);
        self.check(!stopped, || DecidedViolation::StoppedByDecision { run: run.to_owned() }.into());
    }

    fn check_not_suspended(&mut self, run: &str) {
        let mut grants = self.governance.grants.get(run).into_iter().flatten();
        let stop = grants.find_map(|grant| {
            let state = self.grants.get(grant);
            self.governance.stop_of(grant, state.map(|state| &state.dataset), state.map(|state| &state.operator))
        });
        if let Some(stop) = stop {
            self.find(Violation::from(DecidedViolation::Suspended { run: run.to_owned(), stop }));
        }
    }
}

#[cfg(test)]
mod tests;
