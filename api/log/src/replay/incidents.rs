//! The rules about incidents: they stop work that was under way, at its slot and not before; what they froze admits nothing
//! until the authority has closed them.

use super::{OpenRun, Replay};
use crate::entry::{Event, Payer};
use crate::incident::{FrozenLineage, IncidentViolation};
use crate::text::{instant_text, parse_instant};
use crate::violation::Violation;
use std::collections::{BTreeMap, BTreeSet};
use tidegate_terms::Name;

struct Incident {
    entry: u64,
    lineages: BTreeSet<Name>,
    open: bool,
}

/// The state that these rules need.
#[derive(Default)]
pub(crate) struct Incidents {
    all: BTreeMap<String, Incident>,
    /// Runs that were stopped. They never end: nothing of them is released, given back or forgotten.
    stopped: BTreeSet<String>,
}

impl Incidents {
    pub(crate) fn frozen(&self) -> Vec<FrozenLineage> {
        let open = self.all.iter().filter(|(_, incident)| incident.open);
        let of = |(name, incident): (&String, &Incident)| {
            let line = |lineage: &Name| FrozenLineage { lineage: lineage.clone(), incident: name.clone(), entry: incident.entry };
            incident.lineages.iter().map(line).collect::<Vec<_>>()
        };
        open.flat_map(of).collect()
    }

    pub(super) fn is_stopped(&self, run: &str) -> bool {
        self.stopped.contains(run)
    }

    fn of_lineage(&self, lineage: &Name) -> Option<String> {
        let holds = |(_, incident): &(&String, &Incident)| incident.open && incident.lineages.contains(lineage);
        self.all.iter().find(holds).map(|(name, _)| name.clone())
    }
}

/// What an incident may stop.
struct UnderWay {
    lineages: BTreeSet<Name>,
    due: i64,
    waits: bool,
    ended: bool,
}

impl Replay {
    /// Nothing new reads a frozen lineage. `work` is the run or the replay.
    pub(super) fn check_thawed(&mut self, work: &str, accounts: &[Payer]) {
        let lineages: BTreeSet<Name> = accounts.iter().map(|payer| payer.lineage.clone()).collect();
        self.check_all_thawed(work, &lineages);
    }

    fn check_all_thawed(&mut self, work: &str, lineages: &BTreeSet<Name>) {
        for lineage in lineages {
            if let Some(incident) = self.incidents.of_lineage(lineage) {
                self.find(IncidentViolation::Frozen { work: work.to_owned(), lineage: lineage.to_string(), incident }.into());
            }
        }
    }

    /// The same for a replay of a run.
    pub(super) fn check_run_thawed(&mut self, replay: &str, run: &str) {
        let lineages = self.under_way(run).map(|work| work.lineages).unwrap_or_default();
        self.check_all_thawed(replay, &lineages);
    }

    /// Whether a stopped run releases something.
    pub(super) fn check_not_stopped(&mut self, run: &str) {
        let stopped = self.incidents.is_stopped(run);
        self.check(!stopped, || IncidentViolation::Stopped { run: run.to_owned() }.into());
    }

    /// Open runs without those that were stopped.
    pub(super) fn not_stopped(&self, open: Vec<OpenRun>) -> Vec<OpenRun> {
        open.into_iter().filter(|open| !self.incidents.is_stopped(&open.run)).collect()
    }

    pub(super) fn freeze(&mut self, at: &str, event: Event) {
        let Event::Freeze { incident, run, replay, lineages, .. } = event else { return };
        let name = || incident.clone();
        let seconds = parse_instant(at).unwrap_or(0);
        let lineages: BTreeSet<Name> = lineages.into_iter().collect();
        match self.under_way(&run) {
            None => self.find(IncidentViolation::UnknownRun { incident: name(), run: run.clone() }.into()),
            Some(work) => {
                let same = work.lineages == lineages;
                self.check(same, || IncidentViolation::OtherLineages { incident: name() }.into());
                let (due, waits) = match &replay {
                    Some(replay) => match self.abandon_replay(replay, &run) {
                        Some(due) => due,
                        None => {
                            self.find(IncidentViolation::UnknownReplay { incident: name(), replay: replay.clone() }.into());
                            (i64::MIN, false)
                        }
                    },
                    None => {
                        let over = work.ended || self.incidents.is_stopped(&run);
                        self.check(!over, || IncidentViolation::Ended { incident: name(), run: run.clone() }.into());
                        (work.due, work.waits)
                    }
                };
                let early = waits && seconds < due;
                self.check(!early, || IncidentViolation::Early { incident: name(), slot: instant_text(due) }.into());
                if replay.is_none() && !work.ended && self.incidents.stopped.insert(run.clone()) {
                    self.close_versions_of(&run);
                }
            }
        }
        if self.incidents.all.contains_key(&incident) {
            return self.find(IncidentViolation::Again { incident }.into());
        }
        self.incidents.all.insert(incident, Incident { entry: self.next, lineages, open: true });
    }

    pub(super) fn unfreeze(&mut self, incident: String) {
        match self.incidents.all.get_mut(&incident).filter(|incident| incident.open) {
            Some(known) => known.open = false,
            None => self.find(Violation::from(IncidentViolation::NotOpen { incident })),
        }
    }

    fn under_way(&self, run: &str) -> Option<UnderWay> {
        let of = |reads, due, waits, ended| UnderWay { lineages: self.lineages_of(reads), due, waits, ended };
        let paid = self.runs.get(run).map(|run| of(run.reads, run.due, run.waits, run.ended));
        paid.or_else(|| self.reviewed.get(run).map(|run| of(run.reads, run.due, run.waits, run.done)))
    }

    fn close_versions_of(&mut self, run: &str) {
        let reads = self.runs.get(run).map(|run| run.reads).or_else(|| self.reviewed.get(run).map(|run| run.reads));
        self.close_versions(reads.unwrap_or_default());
    }

    fn lineages_of(&self, reads: super::custody::Reads) -> BTreeSet<Name> {
        let datasets = reads.iter().flatten().filter_map(|(number, _)| self.custody.dataset(*number));
        datasets.filter_map(|dataset| self.datasets.get(dataset)).map(|dataset| dataset.lineage.clone()).collect()
    }
}

#[cfg(test)]
mod tests;
