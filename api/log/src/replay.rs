//! The rules between entries: whether what the log says happened was allowed to happen.
//!
//! Guarantee: every rule is decided by the log alone, by code that shares none with the one that admitted the
//! runs; a domain that spends more than its policy, without a grant, or below the price that its noise has,
//! contradicts itself in public. Entries are read once and in order; what is kept follows the number of
//! datasets, grants, modules and runs, never the bytes. An offence does not stop the replay: what was spent
//! stays counted.
//!
//! Rejected: trusting the totals that the log could carry beside its charges. They are computed here.

use crate::entry::{Charge, Entry, EntryError, Event, Payer, PeriodCap, ReviewedTerms};
use crate::opening::may_open;
use crate::price::{DELTA_UNIT, RHO_UNIT, epsilon_of, pays};
use crate::spending::{LineageAccount, Paid, Rounds};
use crate::text::{instant_text, parse_instant, parse_key};
use crate::violation::{Finding, Violation};
use custody::{Custody, Reads};
use decided::Governance;
use incidents::Incidents;
use products::Products;
use reviewed::ReviewedRun;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use tidegate_terms::{DeltaCost, Digest, Guard, Name, Rho, Visibility, parse_date, seal_message, stands};

mod calibration;
mod custody;
mod decided;
mod incidents;
mod keys;
mod products;
mod read;
mod reviewed;
mod witnesses;

pub(crate) use calibration::CalibrationViolation;
pub(crate) use decided::DecidedViolation;
pub(crate) use witnesses::WitnessViolation;

pub(crate) use keys::Rotation;
pub(crate) use read::{Needed, Read};

/// More findings than this are counted, not kept.
const FINDINGS_MAX: usize = 1_000;

/// A run that reserved budget and has not released its last round.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct OpenRun {
    /// The run.
    pub run: String,
    /// When its next result is due.
    pub slot: String,
    /// How many rounds it released.
    pub rounds: u32,
    /// Whether the log has entries from after that.
    pub overdue: bool,
}

struct Dataset {
    lineage: Name,
    /// For each version from 1.
    versions: Vec<Terms>,
    /// What the newest version's policy says about exact tables.
    reviewed: Option<ReviewedTerms>,
}

/// The terms under which a version was mounted.
#[derive(Clone, Copy)]
struct Terms {
    run_rho_max: Rho,
    period: Option<PeriodCap>,
    visibility: Visibility,
}

struct GrantState {
    dataset: Name,
    operator: Name,
    rho: Rho,
    spent: Paid,
    valid_from: String,
    valid_until: String,
    revoked: bool,
}

struct Run {
    /// When the next round may become visible, in seconds.
    due: i64,
    slot_seconds: i64,
    waits: bool,
    rounds: u32,
    released: u32,
    ended: bool,
    /// What its rounds cost; nothing is kept for a single round, which never comes back.
    price: Option<Rounds>,
    /// Who gets back what later rounds would have cost: the line of each lineage's account. Empty where nothing can
    /// come back.
    lineages: Vec<(Name, usize)>,
    /// The grants that were charged.
    grants: BTreeSet<String>,
    reads: Reads,
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
    /// Who uploaded each module.
    modules: BTreeMap<Digest, BTreeSet<Name>>,
    runs: HashMap<String, Run>,
    approvals: BTreeSet<(Digest, Name, String)>,
    reviewed: BTreeMap<String, ReviewedRun>,
    /// The changes of the log's key.
    pub(crate) rotations: Vec<Rotation>,
    witnesses: BTreeSet<String>,
    products: Products,
    pub(crate) custody: Custody,
    pub(crate) incidents: Incidents,
    governance: Governance,
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
        let open = self.runs.iter().filter(|(_, run)| !run.ended);
        let open = open.map(|(name, run)| {
            let overdue = parse_instant(&self.at).is_some_and(|now| now > run.due);
            OpenRun { run: name.clone(), slot: instant_text(run.due), rounds: run.released, overdue }
        });
        let mut open: Vec<OpenRun> = open.collect();
        open.sort_unstable_by(|one, other| one.run.cmp(&other.run));
        open.extend(self.open_reviewed());
        self.not_stopped(open)
    }

    /// Takes the next entry.
    pub(crate) fn take(&mut self, read: Read) {
        let Read { entry, needed } = read;
        match entry {
            Ok(entry) => self.take_entry(entry, &needed),
            Err(EntryError::Version { version }) => {
                self.newer.get_or_insert((self.next, version));
            }
            Err(error) => self.find(Violation::Entry(error)),
        }
        self.next += 1;
    }

    /// The instant of the newest entry so far.
    pub(crate) fn now(&self) -> &str {
        &self.at
    }

    fn find(&mut self, violation: Violation) {
        self.find_at(self.next, violation);
    }

    fn find_at(&mut self, entry: u64, violation: Violation) {
        if !stands(Guard::AuditRules) {
            return;
        }
        self.findings_total += 1;
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(Finding { entry, violation });
        }
    }

    fn check(&mut self, holds: bool, violation: impl FnOnce() -> Violation) {
        if !holds {
            self.find(violation());
        }
    }

    fn take_entry(&mut self, Entry { at, event }: Entry, needed: &[Needed]) {
        // One width and one zone: the order of the texts is the order of the instants.
        self.check(at >= self.at, || Violation::Backward { at: at.clone() });
        if at > self.at {
            self.at.clone_from(&at);
        }
        self.check(self.next > 0 || matches!(event, Event::Domain { .. }), || Violation::NoDomain);
        self.products.see(self.next, &event);
        self.check_decided(&event);
        match event {
            Event::Domain { origin, .. } => {
                let expected = self.origin.clone();
                self.check(origin == expected, || Violation::Origin { origin, expected });
            }
            Event::Mount { .. } => {
                self.check_quorum(&event);
                self.mount(event);
            }
            Event::Grant { .. } => self.grant(event),
            Event::Revoke { grant, .. } => match self.grants.get_mut(&grant) {
                Some(state) if !state.revoked => state.revoked = true,
                Some(_) => self.find(Violation::RevokedAgain { grant }),
                None => self.find(Violation::UnknownGrant { grant }),
            },
            Event::Module { module, component, manifest, operator, .. } => {
                let sealed = Digest::of(seal_message(component, manifest).as_bytes());
                self.check(module == sealed, || Violation::Seal { module: module.short() });
                self.modules.entry(module).or_default().insert(operator);
            }
            Event::Reserve { .. } => self.reserve(&at, event, needed),
            Event::Release { run, round, last, .. } => self.release(&at, run, round, last),
            Event::Approve { module, dataset, approver } => self.approve(module, dataset, approver),
            Event::Reviewed { .. } => self.admit_reviewed(&at, event),
            Event::Tables { run, .. } => self.tables(&at, run),
            Event::Open { entry, field, reader } => {
                self.check(entry < self.next, || Violation::OpenedLater { opened: entry });
                self.check(may_open(&field, reader), || Violation::OpenedToOthers { opened: entry, field: field.clone() });
            }
            Event::RotateKey { key, until } => self.rotate_key(at, key, until),
            Event::WitnessAdded { witness } => self.add_witness(witness),
            Event::WitnessRemoved { witness } => self.remove_witness(&witness),
            Event::ProductPolicy(_)
            | Event::ProductKeys(_)
            | Event::ProductApplication(_)
            | Event::ProductStep(_)
            | Event::ProductAcknowledgement(_)
            | Event::ProductDelivery(_)
            | Event::ProductReceipt(_) => self.product(&at, event),
            Event::Freeze { .. } => self.freeze(&at, event),
            Event::Unfreeze { incident, .. } => self.unfreeze(incident),
            Event::Calibration { machine, rates, .. } => self.calibration(&machine, &rates),
            Event::Decided(decided) => self.decided(decided),
            other => self.custody(&at, other),
        }
    }

    fn mount(&mut self, event: Event) {
        let Event::Mount { dataset, version, lineage, units_max, delta, lifetime_epsilon, visibility, .. } = &event else { return };
        let Event::Mount { lifetime_rho, lifetime_delta, run_rho_max, period, reviewed, .. } = &event else { return };
        let (delta, lifetime_epsilon, name) = (*delta, *lifetime_epsilon, || dataset.to_string());
        let limit = 1.0 / (10.0 * *units_max as f64);
        self.check(delta > 0.0 && delta <= limit, || Violation::Delta { dataset: name(), delta, limit });
        // A distance tau costs (1 + e^epsilon) tau of delta; the rest of delta must do for the cap in rho.
        let rest = delta - (1.0 + lifetime_epsilon.exp()) * lifetime_delta.get();
        let epsilon = epsilon_of(lifetime_rho.get(), rest);
        self.check(epsilon <= lifetime_epsilon * (1.0 + 1e-9), || Violation::Cap { dataset: name(), epsilon, declared: lifetime_epsilon });
        let cap = Paid { rho: *lifetime_rho, delta: *lifetime_delta };
        if let Some(known) = self.lineages.get(lineage) {
            let same_caps = known.cap == cap.rho && known.delta_cap == cap.delta;
            let same = same_caps && known.delta == delta && known.lifetime_epsilon == lifetime_epsilon;
            self.check(same, || Violation::CapChanged { lineage: lineage.to_string() });
        } else {
            self.lineages.insert(lineage.clone(), LineageAccount::new(cap, lifetime_epsilon, delta));
        }
        self.custody.mount(dataset, *version);
        let known = self.datasets.entry(dataset.clone()).or_insert_with(|| Dataset {
            lineage: lineage.clone(),
            versions: Vec::new(),
            reviewed: None,
        });
        known.reviewed.clone_from(reviewed);
        known.versions.push(Terms { run_rho_max: *run_rho_max, period: *period, visibility: *visibility });
        let (version, expected, same_lineage) = (*version, known.versions.len(), known.lineage == *lineage);
        self.check(u64::from(version) == expected as u64, || Violation::Version { dataset: name(), version, expected });
        self.check(same_lineage, || Violation::LineageChanged { dataset: name(), lineage: lineage.to_string() });
    }

    fn grant(&mut self, event: Event) {
        let Event::Grant { grant, dataset, operator, operator_key, rho, valid_from, valid_until, .. } = event else { return };
        self.check(self.datasets.contains_key(&dataset), || Violation::NotMounted { dataset: dataset.to_string() });
        self.check(parse_key(&operator_key).is_some(), || Violation::OperatorKey { grant: grant.clone() });
        let dates = parse_date(&valid_from).zip(parse_date(&valid_until)).is_some_and(|(from, until)| from <= until);
        self.check(dates, || Violation::GrantDates { grant: grant.clone() });
        let state = GrantState { dataset, operator, rho, spent: Paid::default(), valid_from, valid_until, revoked: false };
        if self.grants.contains_key(&grant) {
            return self.find(Violation::GrantAgain { grant });
        }
        self.grants.insert(grant, state);
    }

    fn reserve(&mut self, at: &str, event: Event, needed: &[Needed]) {
        let Event::Reserve { run, accounts, module, rho, delta, charges, rounds, slot, slot_seconds, .. } = event else { return };
        let name = || run.clone();
        let price = Rounds::of(&charges);
        self.check_charges(&run, &charges, needed);
        let (paid, sum) = (Paid { rho, delta }, price.until(u32::MAX));
        self.check(sum.rho == rho, || Violation::Sum { run: name(), rho: rho.get(), sum: sum.rho.get() });
        self.check(sum.delta == delta, || Violation::DeltaSum { run: name(), delta: delta.get(), sum: sum.delta.get() });
        self.check(price.last() == rounds, || Violation::Rounds { run: name(), rounds, paid: price.last() });
        self.check((1..=2).contains(&accounts.len()), || Violation::Accounts { run: name(), accounts: accounts.len() });
        let seconds = parse_instant(at).unwrap_or(0);
        // Charged first, then checked: whoever is named twice pays once, and caps hold with the run inside.
        let mut lineages: Vec<(Name, usize)> = Vec::new();
        let mut grants = BTreeSet::new();
        for Payer { lineage, grant, .. } in &accounts {
            if let Some(account) = self.lineages.get_mut(lineage).filter(|_| lineages.iter().all(|(known, _)| known != lineage)) {
                lineages.push((lineage.clone(), account.charge(seconds, paid)));
            }
            if let Some(state) = self.grants.get_mut(grant).filter(|_| !grants.contains(grant)) {
                state.spent = state.spent.plus(paid);
                grants.insert(grant.clone());
            }
        }
        let mut waits = false;
        for payer in &accounts {
            waits |= self.check_terms(seconds, &run, payer, paid) == Visibility::AtSlot;
            self.check_grant(at, &run, payer, module);
        }
        for (lineage, _) in &lineages {
            self.check_lineage(lineage);
        }
        let due = parse_instant(&slot).unwrap_or(0);
        let slot_seconds = i64::try_from(slot_seconds).unwrap_or(i64::MAX);
        let earliest = seconds.saturating_add(if waits { slot_seconds } else { 0 });
        self.check(due >= earliest, || Violation::SlotPast { run: name(), slot: slot.clone() });
        let price = (rounds > 1).then_some(price);
        if price.is_none() {
            lineages = Vec::new();
        }
        self.check_thawed(&run, &accounts);
        let reads = self.open_versions(&run, &accounts);
        let state = Run { due, slot_seconds, waits, rounds, released: 0, ended: false, price, lineages, grants, reads };
        if self.runs.contains_key(&run) || self.reviewed.contains_key(&run) {
            return self.find(Violation::RunAgain { run });
        }
        self.runs.insert(run, state);
    }

    /// Dataset, version, lineage, and what the policy allows one run and one period.
    fn check_terms(&mut self, seconds: i64, run: &str, payer: &Payer, paid: Paid) -> Visibility {
        let Payer { dataset, version, lineage, .. } = payer;
        let run = || run.to_owned();
        let known = self.datasets.get(dataset);
        let same_lineage = known.is_none_or(|known| known.lineage == *lineage);
        let terms = known.and_then(|known| known.versions.get((*version as usize).checked_sub(1)?).copied());
        self.check(same_lineage, || Violation::OtherLineage { run: run(), lineage: lineage.to_string() });
        let Some(Terms { run_rho_max, period, visibility }) = terms else {
            self.find(Violation::NotMounted { dataset: format!("{dataset} {version}") });
            return Visibility::AtSlot;
        };
        self.check(paid.rho <= run_rho_max, || Violation::RunCap { run: run(), rho: paid.rho.get(), cap: run_rho_max.get() });
        if let Some((PeriodCap { days, rho: cap }, account)) = period.zip(self.lineages.get_mut(lineage)) {
            let spent = account.paid_within(i64::from(days) * 86_400, seconds);
            let (delta, delta_cap, lineage) = (spent.delta, account.delta_share(cap), || lineage.to_string());
            self.check(spent.rho <= cap, || Violation::PeriodCap { lineage: lineage(), days, spent: spent.rho.get(), cap: cap.get() });
            self.check(delta <= delta_cap, || Violation::PeriodDelta {
                lineage: lineage(),
                days,
                spent: delta.get(),
                cap: delta_cap.get(),
            });
        }
        visibility
    }

    fn check_lineage(&mut self, lineage: &Name) {
        let Some(account) = self.lineages.get(lineage) else { return };
        let (spent, cap, delta, delta_cap) = (account.spent, account.cap, account.delta_spent, account.delta_cap);
        let name = || lineage.to_string();
        self.check(spent <= cap, || Violation::LineageCap { lineage: name(), spent: spent.get(), cap: cap.get() });
        self.check(delta <= delta_cap, || Violation::LineageDelta { lineage: name(), spent: delta.get(), cap: delta_cap.get() });
    }

    fn check_grant(&mut self, at: &str, run: &str, payer: &Payer, module: Digest) {
        let Payer { dataset, lineage, grant, .. } = payer;
        let Some(state) = self.grants.get(grant) else { return self.find(Violation::UnknownGrant { grant: grant.clone() }) };
        let (spent, share, revoked, operator) = (state.spent, state.rho, state.revoked, state.operator.clone());
        let same = state.dataset == *dataset;
        let day = at.get(..10).unwrap_or_default();
        let valid = state.valid_from.as_str() <= day && day <= state.valid_until.as_str();
        let delta_share = self.lineages.get(lineage).map_or(DeltaCost::ZERO, |account| account.delta_share(share));
        let (run, grant) = (|| run.to_owned(), || grant.clone());
        self.check(same, || Violation::GrantDataset { run: run(), grant: grant(), dataset: dataset.to_string() });
        self.check(!revoked, || Violation::GrantRevoked { run: run(), grant: grant() });
        self.check(valid, || Violation::GrantDay { run: run(), grant: grant(), day: day.to_owned() });
        self.check(spent.rho <= share, || Violation::GrantCap { grant: grant(), spent: spent.rho.get(), cap: share.get() });
        self.check(spent.delta <= delta_share, || Violation::GrantDelta {
            grant: grant(),
            spent: spent.delta.get(),
            cap: delta_share.get(),
        });
        let uploaded = self.modules.get(&module).is_some_and(|operators| operators.contains(&operator));
        self.check(uploaded, || Violation::UnknownModule { run: run(), module: module.short(), operator: operator.to_string() });
    }

    fn check_charges(&mut self, run: &str, charges: &[Charge], needed: &[Needed]) {
        let run = || run.to_owned();
        self.check(!charges.is_empty(), || Violation::NoCharges { run: run() });
        for (charge, of_noise) in charges.iter().zip(needed) {
            let statistic = || charge.statistic.to_string();
            let (needed, booked) = (of_noise.rho, charge.rho.get());
            self.check(pays(booked, needed, RHO_UNIT), || Violation::Underpriced { run: run(), statistic: statistic(), booked, needed });
            let (needed, booked) = (of_noise.distance, charge.delta.get());
            self.check(pays(booked, needed, DELTA_UNIT), || Violation::DeltaUnderpriced {
                run: run(),
                statistic: statistic(),
                booked,
                needed,
            });
            let drawn = charge.first_round >= 1 && charge.rounds >= 1;
            self.check(drawn, || Violation::NoRound { run: run(), statistic: statistic() });
        }
    }

    fn release(&mut self, at: &str, run: String, round: u32, last: bool) {
        self.check_not_stopped(&run);
        let Some(state) = self.runs.get_mut(&run) else { return self.find(Violation::NotReserved { run }) };
        let (expected, due) = (state.released + 1, state.due);
        if round < expected {
            return self.find(Violation::ReleaseAgain { run, round });
        }
        if state.ended || round > state.rounds {
            return self.find(Violation::AfterLast { run, round });
        }
        let seconds = parse_instant(at).unwrap_or(0);
        let early = state.waits && seconds < due;
        state.released = round;
        state.ended = last || round == state.rounds;
        state.due = seconds.saturating_add(state.slot_seconds);
        let ended = state.ended.then_some(state.reads);
        let price = if state.ended { state.price.take() } else { None };
        if let Some(reads) = ended {
            self.close_versions(reads);
        }
        if round > expected {
            return self.find(Violation::RoundSkipped { run, round, expected });
        }
        if let Some(price) = price {
            self.refund(&run, price.until(u32::MAX).minus(price.until(round)));
        }
        self.check(!early, || Violation::Early { run, slot: instant_text(due) });
    }

    /// Rounds that were never opened cost nothing once the run has ended.
    fn refund(&mut self, run: &str, back: Paid) {
        let Some(state) = self.runs.get_mut(run) else { return };
        let (lineages, grants) = (std::mem::take(&mut state.lineages), std::mem::take(&mut state.grants));
        for (lineage, line) in lineages {
            if let Some(account) = self.lineages.get_mut(&lineage) {
                account.refund(line, back);
            }
        }
        for grant in grants {
            if let Some(state) = self.grants.get_mut(&grant) {
                state.spent = state.spent.minus(back);
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
