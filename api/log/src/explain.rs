//! Explaining a run from the log alone: who, what, under which grant, at which price, with how much noise.
//!
//! Guarantee: an explanation repeats what verified entries say and computes nothing that the audit does not check;
//! what broke a rule stands in it. It needs no domain and no data.
//!
//! Rejected: storing explanations. A stored sentence could say something else than the entries.

use crate::audit::{AuditError, verify};
use crate::entry::{Charge, Event, Payer};
use crate::history::{Relations, read_history};
use crate::price::epsilon_of;
use crate::violation::Finding;
use std::collections::BTreeMap;
use std::path::Path;
use tidegate_terms::{Digest, Mechanism, Name, Rho};

/// What the log says about one run.
#[derive(Debug, serde::Serialize)]
pub struct Explanation {
    /// The run.
    pub run: String,
    /// Whether it made exact tables under disclosure control, which is not differentially private.
    pub exact_tables: bool,
    /// The operator whose module it was.
    pub operator: Option<String>,
    /// The digest of the module's seal.
    pub module: Digest,
    /// The module's name.
    pub module_name: Option<Name>,
    /// What it read, and under which grants.
    pub reads: Vec<Reading>,
    /// When it was admitted, before any data was opened.
    pub admitted_at: String,
    /// When its first result was to become visible.
    pub slot: String,
    /// The entry of the newest calibration of its engine that the log had then: its slot follows from that, if it ran on
    /// the machine that was measured.
    pub calibration: Option<u64>,
    /// How many public tables it brought.
    pub side_tables: usize,
    /// What it paid; nothing for exact tables.
    pub price: Option<Paid>,
    /// The noise of each statistic.
    pub noise: Vec<Noise>,
    /// How many rounds were reserved.
    pub rounds_reserved: u32,
    /// What it released.
    pub releases: Vec<Released>,
    /// The indices of all entries that name it.
    pub entries: Vec<u64>,
    /// Rules that those entries break.
    pub findings: Vec<Finding>,
}

/// A dataset that a run read, and the grant for it.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Reading {
    /// The dataset.
    pub dataset: Name,
    /// Its version.
    pub version: u32,
    /// The lineage that paid.
    pub lineage: Name,
    /// The declared upper bound on privacy units.
    pub units_max: Option<u64>,
    /// The grant.
    pub grant: String,
    /// What for.
    pub purpose: Option<Name>,
    /// The columns that the grant allows.
    pub columns: Vec<String>,
    /// The grant's first day.
    pub valid_from: Option<String>,
    /// The grant's last day.
    pub valid_until: Option<String>,
}

/// What a run paid.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Paid {
    /// In rho (mu^2 / 2 of Gaussian differential privacy).
    pub rho: f64,
    /// That rho as epsilon at the delta of the first lineage.
    pub epsilon: f64,
    /// The delta.
    pub delta: f64,
    /// The lifetime epsilon of that lineage.
    pub lifetime_epsilon: f64,
    /// Which part of the lineage's lifetime account, 0 to 1.
    pub share_of_lifetime: f64,
    /// In rho, after what was reserved for rounds that were never opened came back.
    pub rho_after_refund: f64,
}

/// The noise of one part of a statistic.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Noise {
    /// The statistic.
    pub statistic: Name,
    /// Which of its totals.
    pub part: String,
    /// The mechanism.
    pub mechanism: Mechanism,
    /// The standard deviation of the noise, in units of the most that one privacy unit can move.
    pub deviation: f64,
    /// How many numbers carry it.
    pub cells: u32,
    /// In how many rounds.
    pub rounds: u32,
}

/// A release of a run.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Released {
    /// Its round.
    pub round: u32,
    /// When it became visible.
    pub at: String,
    /// The index of its entry.
    pub entry: u64,
    /// Whether the run ended with it.
    pub last: bool,
}

#[derive(Default)]
struct Known {
    units: BTreeMap<(Name, u32), u64>,
    /// Of each lineage: delta, what of it the account of rho may use, lifetime epsilon, cap.
    lineages: BTreeMap<Name, (f64, f64, f64, Rho)>,
    grants: BTreeMap<String, Reading>,
    modules: BTreeMap<Digest, (Name, String)>,
    /// The newest calibration of each engine.
    calibrations: BTreeMap<Digest, u64>,
}

impl Known {
    fn take(&mut self, index: u64, event: &Event) {
        match event {
            Event::Calibration { engine, .. } => {
                self.calibrations.insert(*engine, index);
            }
            Event::Mount { dataset, version, units_max, lineage, delta, lifetime_epsilon, lifetime_rho, lifetime_delta, .. } => {
                self.units.insert((dataset.clone(), *version), *units_max);
                let rest = delta - (1.0 + lifetime_epsilon.exp()) * lifetime_delta.get();
                self.lineages.entry(lineage.clone()).or_insert((*delta, rest, *lifetime_epsilon, *lifetime_rho));
            }
            Event::Grant { grant, dataset, columns, purpose, valid_from, valid_until, .. } => {
                let reading = Reading {
                    dataset: dataset.clone(),
                    version: 0,
                    lineage: dataset.clone(),
                    units_max: None,
                    grant: grant.clone(),
                    purpose: Some(purpose.clone()),
                    columns: columns.clone(),
                    valid_from: Some(valid_from.clone()),
                    valid_until: Some(valid_until.clone()),
                };
                self.grants.insert(grant.clone(), reading);
            }
            Event::Module { module, name, operator, .. } => {
                self.modules.insert(*module, (name.clone(), operator.to_string()));
            }
            _ => {}
        }
    }

    fn reading(&self, payer: &Payer) -> Reading {
        let units_max = self.units.get(&(payer.dataset.clone(), payer.version)).copied();
        let (dataset, lineage) = (payer.dataset.clone(), payer.lineage.clone());
        match self.grants.get(&payer.grant) {
            Some(grant) => Reading { dataset, version: payer.version, lineage, units_max, ..grant.clone() },
            None => Reading {
                dataset,
                version: payer.version,
                lineage,
                units_max,
                grant: payer.grant.clone(),
                purpose: None,
                columns: Vec::new(),
                valid_from: None,
                valid_until: None,
            },
        }
    }

    fn price(&self, rho: Rho, payer: Option<&Payer>) -> Option<Paid> {
        let (delta, rest, lifetime_epsilon, cap) = *self.lineages.get(&payer?.lineage)?;
        let share = if cap.units() == 0 { 0.0 } else { rho.get() / cap.get() };
        let epsilon = epsilon_of(rho.get(), rest);
        Some(Paid { rho: rho.get(), epsilon, delta, lifetime_epsilon, share_of_lifetime: share, rho_after_refund: rho.get() })
    }
}

fn noise(charge: &Charge) -> Noise {
    let deviation = match charge.mechanism {
        Mechanism::Gaussian => charge.scale / charge.sensitivity,
        Mechanism::Laplace => std::f64::consts::SQRT_2 * charge.scale / charge.sensitivity,
    };
    Noise {
        statistic: charge.statistic.clone(),
        part: charge.part.clone(),
        mechanism: charge.mechanism,
        deviation,
        cells: charge.cells,
        rounds: charge.rounds,
    }
}

/// Explains a run from the log in a directory; `None` where the log has no such run.
pub fn explain(directory: &Path, vkey: Option<&str>, run: &str) -> Result<Option<Explanation>, AuditError> {
    let report = verify(directory, vkey)?;
    let (mut relations, mut known, mut found) = (Relations::default(), Known::default(), None::<(Explanation, Vec<Charge>)>);
    let (mut naming, mut last_round) = (Vec::new(), None);
    read_history(directory, vkey, |index, _, entry| {
        let Ok(entry) = entry else { return };
        let subjects = relations.take(&entry.event);
        known.take(index, &entry.event);
        if !subjects.runs.contains(run) {
            return;
        }
        naming.push(index);
        match &entry.event {
            Event::Reserve { accounts, module, side_tables, rho, charges, rounds, slot, engine, .. } if found.is_none() => {
                let mut explanation = begin(run, &entry.at, *module, slot, accounts.iter().map(|payer| known.reading(payer)).collect());
                explanation.side_tables = side_tables.len();
                explanation.calibration = known.calibrations.get(engine).copied();
                explanation.price = known.price(*rho, accounts.first());
                explanation.noise = charges.iter().map(noise).collect();
                explanation.rounds_reserved = *rounds;
                found = Some((explanation, charges.clone()));
            }
            Event::Reviewed { account, module, slot, engine, .. } if found.is_none() => {
                let mut explanation = begin(run, &entry.at, *module, slot, vec![known.reading(account)]);
                explanation.exact_tables = true;
                explanation.calibration = known.calibrations.get(engine).copied();
                explanation.rounds_reserved = 1;
                found = Some((explanation, Vec::new()));
            }
            Event::Release { round, last, .. } => {
                if let Some((explanation, _)) = &mut found {
                    explanation.releases.push(Released { round: *round, at: entry.at.clone(), entry: index, last: *last });
                    last_round = last.then_some(*round).or(last_round);
                }
            }
            Event::Tables { .. } => {
                if let Some((explanation, _)) = &mut found {
                    explanation.releases.push(Released { round: 1, at: entry.at.clone(), entry: index, last: true });
                }
            }
            _ => {}
        }
    })?;
    let Some((mut explanation, charges)) = found else { return Ok(None) };
    let module = known.modules.get(&explanation.module);
    explanation.module_name = module.map(|(name, _)| name.clone());
    explanation.operator = module.map(|(_, operator)| operator.clone());
    if let (Some(price), Some(last)) = (&mut explanation.price, last_round) {
        price.rho_after_refund = crate::spending::Rounds::of(&charges).until(last).rho.get();
    }
    explanation.findings = report.findings.into_iter().filter(|finding| naming.contains(&finding.entry)).collect();
    explanation.entries = naming;
    Ok(Some(explanation))
}

fn begin(run: &str, at: &str, module: Digest, slot: &str, reads: Vec<Reading>) -> Explanation {
    Explanation {
        run: run.to_owned(),
        exact_tables: false,
        operator: None,
        module,
        module_name: None,
        reads,
        admitted_at: at.to_owned(),
        slot: slot.to_owned(),
        calibration: None,
        side_tables: 0,
        price: None,
        noise: Vec::new(),
        rounds_reserved: 0,
        releases: Vec::new(),
        entries: Vec::new(),
        findings: Vec::new(),
    }
}
