//! What happened in a period, for an inspection or the annual report, from the log alone.
//!
//! Guarantee: every line carries the index of the entry that it repeats, so that a reader can ask for its proof.
//! Spending is counted in the period in which it was reserved; what came back for rounds that were never opened is
//! taken off where the run ended within the period.
//!
//! Rejected: averages and rankings of organisations. The dossier states; who evaluates is not the log.

use crate::audit::AuditError;
use crate::entry::{Charge, Event};
use crate::history::{Relations, Subjects, Wanted, read_history};
use crate::spending::Rounds;
use std::collections::BTreeMap;
use std::path::Path;

/// One entry of the period.
#[derive(Debug, Clone, serde::Serialize)]
pub struct DossierLine {
    /// The index of the entry.
    pub entry: u64,
    /// When.
    pub at: String,
    /// What kind of entry.
    pub kind: &'static str,
    /// Whom and what it is about.
    #[serde(flatten)]
    pub subjects: Subjects,
    /// What a run reserved, in rho.
    pub rho: Option<f64>,
}

/// What one organisation did in the period.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct Activity {
    /// Grants received.
    pub grants: u64,
    /// Grants taken back.
    pub revocations: u64,
    /// Modules uploaded.
    pub modules: u64,
    /// Runs that paid budget.
    pub runs: u64,
    /// Runs that made exact tables.
    pub exact_table_runs: u64,
    /// Rounds released.
    pub releases: u64,
    /// What its runs reserved, less what came back, in rho.
    pub rho: f64,
}

/// A period of a log.
#[derive(Debug, serde::Serialize)]
pub struct Dossier {
    /// Which log.
    pub origin: String,
    /// How many entries it has in all.
    pub size: u64,
    /// First day, or the log's beginning.
    pub since: Option<String>,
    /// Last day, or the log's end.
    pub until: Option<String>,
    /// How many entries of each kind the period has.
    pub kinds: BTreeMap<&'static str, u64>,
    /// What each organisation did.
    pub organisations: BTreeMap<String, Activity>,
    /// What each lineage was charged, in rho.
    pub lineages: BTreeMap<String, f64>,
    /// Every entry of the period.
    pub lines: Vec<DossierLine>,
}

struct Charged {
    lineages: Vec<String>,
    rounds: Rounds,
    within: bool,
}

/// Reads the period from the log in a directory. Days are written YYYY-MM-DD.
pub fn dossier(directory: &Path, vkey: Option<&str>, since: Option<&str>, until: Option<&str>) -> Result<Dossier, AuditError> {
    let wanted = Wanted { since: since.map(str::to_owned), until: until.map(str::to_owned), ..Wanted::default() };
    let mut dossier = Dossier {
        origin: String::new(),
        size: 0,
        since: wanted.since.clone(),
        until: wanted.until.clone(),
        kinds: BTreeMap::new(),
        organisations: BTreeMap::new(),
        lineages: BTreeMap::new(),
        lines: Vec::new(),
    };
    let (mut relations, mut charged) = (Relations::default(), BTreeMap::<String, Charged>::new());
    let head = read_history(directory, vkey, |index, _, entry| {
        let Ok(entry) = entry else { return };
        let subjects = relations.take(&entry.event);
        let within = wanted.fits(&entry, &subjects);
        if let Event::Reserve { run, accounts, charges, .. } = &entry.event {
            charged.insert(run.clone(), Charged { lineages: lineages(accounts), rounds: Rounds::of(charges), within });
        }
        if within {
            dossier.take(index, entry.at, &entry.event, subjects, &charged);
        }
    })?;
    (dossier.origin, dossier.size) = (head.origin, head.size);
    Ok(dossier)
}

fn lineages(accounts: &[crate::entry::Payer]) -> Vec<String> {
    let mut names: Vec<String> = accounts.iter().map(|payer| payer.lineage.to_string()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// What all rounds of these charges cost, in rho.
fn whole(charges: &[Charge]) -> f64 {
    Rounds::of(charges).until(u32::MAX).rho.get()
}

impl Dossier {
    fn take(&mut self, index: u64, at: String, event: &Event, subjects: Subjects, charged: &BTreeMap<String, Charged>) {
        *self.kinds.entry(event.kind()).or_default() += 1;
        let mut rho = None;
        let (mut change, mut of_lineages) = (0.0, Vec::new());
        match event {
            Event::Reserve { accounts, charges, .. } => {
                (change, of_lineages) = (whole(charges), lineages(accounts));
                rho = Some(change);
            }
            Event::Release { run, round, last: true, .. } => {
                if let Some(Charged { lineages, rounds, within: true }) = charged.get(run) {
                    (change, of_lineages) = (rounds.until(*round).rho.get() - rounds.until(u32::MAX).rho.get(), lineages.clone());
                }
            }
            _ => {}
        }
        for lineage in of_lineages {
            *self.lineages.entry(lineage).or_default() += change;
        }
        for organisation in &subjects.organisations {
            let activity = self.organisations.entry(organisation.clone()).or_default();
            activity.rho += change;
            match event {
                Event::Grant { .. } => activity.grants += 1,
                Event::Revoke { .. } => activity.revocations += 1,
                Event::Module { .. } => activity.modules += 1,
                Event::Reserve { .. } => activity.runs += 1,
                Event::Reviewed { .. } => activity.exact_table_runs += 1,
                Event::Release { .. } | Event::Tables { .. } => activity.releases += 1,
                _ => {}
            }
        }
        self.lines.push(DossierLine { entry: index, at, kind: event.kind(), subjects, rho });
    }
}
