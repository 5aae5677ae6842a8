//! The rules between entries: whether what the log says happened was allowed to happen.
//!
//! Guarantee: every rule is decided by the log alone, by code that shares none with the one that admitted the
//! runs; a domain that spends more than its policy, without a grant, or below the price that its noise has,
//! contradicts itself in public. Entries are read once and in order; what is kept follows the number of
//! datasets, grants, modules and runs, never the bytes. An offence does not stop the replay: what was spent
//! stays counted.
//!
//! Rejected: trusting the totals that the log could carry beside its charges. They are computed here.

use crate::entry::{Charge, Entry, EntryError, Event};
use crate::price::{epsilon_of, pays, price};
use crate::text::parse_key;
use crate::violation::{Finding, Violation};
use std::collections::{BTreeMap, BTreeSet};
use tidegate_terms::{Digest, Name, Rho, Visibility, parse_date, seal_message};

/// More findings than this are counted, not kept.
const FINDINGS_MAX: usize = 1_000;

/// The account of a lineage, as the log tells it.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct LineageAccount {
    /// The lifetime cap, in units of 1e-12.
    pub cap: Rho,
    /// What runs reserved.
    pub spent: Rho,
    /// What is left.
    pub left: Rho,
    /// The epsilon of the cap.
    pub lifetime_epsilon: f64,
    /// The delta of the cap.
    pub delta: f64,
    /// How many runs drew on it.
    pub runs: u64,
}

/// A run that reserved budget and has not released.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct OpenRun {
    /// The run.
    pub run: String,
    /// When its result is due.
    pub slot: String,
    /// Whether the log has entries from after that.
    pub overdue: bool,
}

struct Dataset {
    lineage: Name,
    /// For each version from 1: the most that a run may cost, and when results become visible.
    versions: Vec<(Rho, Visibility)>,
}

struct GrantState {
    dataset: Name,
    operator: Name,
    rho: Rho,
    spent: Rho,
    valid_from: String,
    valid_until: String,
    revoked: bool,
}

struct Run {
    slot: String,
    waits: bool,
    released: bool,
}

/// The state that the rules need.
#[derive(Default)]
pub(crate) struct Replay {
    origin: String,
    next: u64,
    at: String,
    datasets: BTreeMap<Name, Dataset>,
    pub(crate) lineages: BTreeMap<Name, LineageAccount>,
    grants: BTreeMap<String, GrantState>,
    modules: BTreeSet<(Digest, Name)>,
    runs: BTreeMap<String, Run>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) findings_total: u64,
    /// The first entry of a version that this program does not know.
    pub(crate) newer: Option<(u64, u32)>,
}

impl Replay {
    pub(crate) fn new(origin: &str) -> Self {
        Self { origin: origin.to_owned(), ..Self::default() }
    }

    pub(crate) fn runs(&self) -> u64 {
        self.runs.len() as u64
    }

    pub(crate) fn open_runs(&self) -> Vec<OpenRun> {
        let open = self.runs.iter().filter(|(_, run)| !run.released);
        open.map(|(name, run)| OpenRun { run: name.clone(), slot: run.slot.clone(), overdue: self.at > run.slot }).collect()
    }

    /// Takes the next entry.
    pub(crate) fn take(&mut self, bytes: &[u8]) {
        match Entry::decode(bytes) {
            Ok(entry) => self.take_entry(entry),
            Err(EntryError::Version { version }) => {
                self.newer.get_or_insert((self.next, version));
            }
            Err(error) => self.find(Violation::Entry(error)),
        }
        self.next += 1;
    }

    fn find(&mut self, violation: Violation) {
        self.findings_total += 1;
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(Finding { entry: self.next, violation });
        }
    }

    fn check(&mut self, holds: bool, violation: impl FnOnce() -> Violation) {
        if !holds {
            self.find(violation());
        }
    }

    fn take_entry(&mut self, Entry { at, event }: Entry) {
        // One width and one zone: the order of the texts is the order of the instants.
        self.check(at >= self.at, || Violation::Backward { at: at.clone() });
        self.at = self.at.clone().max(at.clone());
        self.check(self.next > 0 || matches!(event, Event::Domain { .. }), || Violation::NoDomain);
        match event {
            Event::Domain { origin, .. } => {
                let expected = self.origin.clone();
                self.check(origin == expected, || Violation::Origin { origin, expected });
            }
            Event::Mount { .. } => self.mount(event),
            Event::Grant { .. } => self.grant(event),
            Event::Revoke { grant, .. } => match self.grants.get_mut(&grant) {
                Some(state) if !state.revoked => state.revoked = true,
                Some(_) => self.find(Violation::RevokedAgain { grant }),
                None => self.find(Violation::UnknownGrant { grant }),
            },
            Event::Module { module, component, manifest, operator, .. } => {
                let sealed = Digest::of(seal_message(component, manifest).as_bytes());
                self.check(module == sealed, || Violation::Seal { module: module.short() });
                self.modules.insert((module, operator));
            }
            Event::Reserve { .. } => self.reserve(&at, event),
            Event::Release { run, .. } => self.release(&at, run),
        }
    }

    fn mount(&mut self, event: Event) {
        let Event::Mount { dataset, version, lineage, units_max, delta, lifetime_epsilon, lifetime_rho, run_rho_max, visibility, .. } =
            event
        else {
            return;
        };
        let name = || dataset.to_string();
        let limit = 1.0 / (10.0 * units_max as f64);
        self.check(delta > 0.0 && delta <= limit, || Violation::Delta { dataset: name(), delta, limit });
        let epsilon = epsilon_of(lifetime_rho.get(), delta);
        self.check(epsilon <= lifetime_epsilon * (1.0 + 1e-9), || Violation::Cap { dataset: name(), epsilon, declared: lifetime_epsilon });
        if let Some(known) = self.lineages.get(&lineage) {
            let same = known.cap == lifetime_rho && known.delta == delta && known.lifetime_epsilon == lifetime_epsilon;
            self.check(same, || Violation::CapChanged { lineage: lineage.to_string() });
        } else {
            let account = LineageAccount { cap: lifetime_rho, spent: Rho::ZERO, left: lifetime_rho, lifetime_epsilon, delta, runs: 0 };
            self.lineages.insert(lineage.clone(), account);
        }
        let known = self.datasets.entry(dataset.clone()).or_insert_with(|| Dataset { lineage: lineage.clone(), versions: Vec::new() });
        known.versions.push((run_rho_max, visibility));
        let (expected, same_lineage) = (known.versions.len(), known.lineage == lineage);
        self.check(u64::from(version) == expected as u64, || Violation::Version { dataset: name(), version, expected });
        self.check(same_lineage, || Violation::LineageChanged { dataset: name(), lineage: lineage.to_string() });
    }

    fn grant(&mut self, event: Event) {
        let Event::Grant { grant, dataset, operator, operator_key, rho, valid_from, valid_until, .. } = event else { return };
        self.check(self.datasets.contains_key(&dataset), || Violation::NotMounted { dataset: dataset.to_string() });
        self.check(parse_key(&operator_key).is_some(), || Violation::OperatorKey { grant: grant.clone() });
        let dates = parse_date(&valid_from).zip(parse_date(&valid_until)).is_some_and(|(from, until)| from <= until);
        self.check(dates, || Violation::GrantDates { grant: grant.clone() });
        let state = GrantState { dataset, operator, rho, spent: Rho::ZERO, valid_from, valid_until, revoked: false };
        if self.grants.contains_key(&grant) {
            return self.find(Violation::GrantAgain { grant });
        }
        self.grants.insert(grant, state);
    }

    fn reserve(&mut self, at: &str, event: Event) {
        let Event::Reserve { run, grant, dataset, version, lineage, module, rho, charges, slot, .. } = event else { return };
        let name = || run.clone();
        let terms = self.datasets.get(&dataset).map(|known| {
            let terms = (version as usize).checked_sub(1).and_then(|version| known.versions.get(version)).copied();
            (known.lineage == lineage, terms)
        });
        self.check(terms.is_some_and(|(_, terms)| terms.is_some()), || Violation::NotMounted { dataset: format!("{dataset} {version}") });
        self.check(terms.is_none_or(|(same, _)| same), || Violation::OtherLineage { run: name(), lineage: lineage.to_string() });
        let (run_rho_max, visibility) = terms.and_then(|(_, terms)| terms).unwrap_or((Rho::MAX, Visibility::AtSlot));
        self.check_charges(&run, rho, &charges);
        self.check(rho <= run_rho_max, || Violation::RunCap { run: name(), rho: rho.get(), cap: run_rho_max.get() });
        self.charge_grant(at, &run, &grant, &dataset, module, rho);
        if let Some(account) = self.lineages.get_mut(&lineage) {
            account.spent = account.spent.plus(rho);
            account.left = account.cap.minus(account.spent);
            account.runs += 1;
            let (spent, cap) = (account.spent, account.cap);
            self.check(spent <= cap, || Violation::LineageCap { lineage: lineage.to_string(), spent: spent.get(), cap: cap.get() });
        }
        self.check(slot.as_str() >= at, || Violation::SlotPast { run: name(), slot: slot.clone() });
        let state = Run { slot, waits: visibility == Visibility::AtSlot, released: false };
        if self.runs.contains_key(&run) {
            return self.find(Violation::RunAgain { run });
        }
        self.runs.insert(run, state);
    }

    fn charge_grant(&mut self, at: &str, run: &str, grant: &str, dataset: &Name, module: Digest, rho: Rho) {
        let Some(state) = self.grants.get_mut(grant) else { return self.find(Violation::UnknownGrant { grant: grant.to_owned() }) };
        state.spent = state.spent.plus(rho);
        let (spent, share, revoked, operator) = (state.spent, state.rho, state.revoked, state.operator.clone());
        let same = state.dataset == *dataset;
        let day = at.get(..10).unwrap_or_default();
        let valid = state.valid_from.as_str() <= day && day <= state.valid_until.as_str();
        let (run, grant) = (|| run.to_owned(), || grant.to_owned());
        self.check(same, || Violation::GrantDataset { run: run(), grant: grant(), dataset: dataset.to_string() });
        self.check(!revoked, || Violation::GrantRevoked { run: run(), grant: grant() });
        self.check(valid, || Violation::GrantDay { run: run(), grant: grant(), day: day.to_owned() });
        self.check(spent <= share, || Violation::GrantCap { grant: grant(), spent: spent.get(), cap: share.get() });
        let uploaded = self.modules.contains(&(module, operator.clone()));
        self.check(uploaded, || Violation::UnknownModule { run: run(), module: module.short(), operator: operator.to_string() });
    }

    fn check_charges(&mut self, run: &str, rho: Rho, charges: &[Charge]) {
        let sum: Rho = charges.iter().map(|charge| charge.rho).sum();
        self.check(!charges.is_empty(), || Violation::NoCharges { run: run.to_owned() });
        self.check(sum == rho, || Violation::Sum { run: run.to_owned(), rho: rho.get(), sum: sum.get() });
        for charge in charges {
            let (needed, booked) = (price(charge), charge.rho.get());
            self.check(pays(booked, needed), || Violation::Underpriced {
                run: run.to_owned(),
                statistic: charge.statistic.to_string(),
                booked,
                needed,
            });
        }
    }

    fn release(&mut self, at: &str, run: String) {
        let Some(state) = self.runs.get_mut(&run) else { return self.find(Violation::NotReserved { run }) };
        let (again, early, slot) = (state.released, state.waits && at < state.slot.as_str(), state.slot.clone());
        state.released = true;
        self.check(!again, || Violation::ReleaseAgain { run: run.clone() });
        self.check(!early, || Violation::Early { run, slot });
    }
}

#[cfg(test)]
pub(crate) mod tests;
