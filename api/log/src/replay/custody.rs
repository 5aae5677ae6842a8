//! The rules of custody: replays of runs that ended, at their slot; versions that are sealed or destroyed; retention.

use super::Replay;
use crate::custody::{CustodyViolation, RETENTION_YEARS_MIN, ReplayCount, ReplayOutcome};
use crate::entry::{Event, Payer};
use crate::text::{instant_text, parse_instant};
use std::collections::BTreeMap;
use tidegate_terms::{Name, parse_date};

/// The versions that a run reads: number of the dataset and version, one or two. Kept for every run, so it is small.
pub(super) type Reads = [Option<(u32, u32)>; 2];

/// What happened to a version.
#[derive(Default)]
struct Version {
    sealed: bool,
    destroyed: bool,
    /// Runs on it that have not ended.
    open: u32,
}

struct Begun {
    run: String,
    due: i64,
    waits: bool,
    /// Whether there was time for a round: without, nothing can have been run again.
    time: bool,
    answered: bool,
}

/// The state that the rules of custody need.
#[derive(Default)]
pub(crate) struct Custody {
    numbers: BTreeMap<Name, u32>,
    versions: BTreeMap<(u32, u32), Version>,
    replays: BTreeMap<String, Begun>,
    count: ReplayCount,
    years: u32,
}

impl Custody {
    pub(super) fn mount(&mut self, dataset: &Name, version: u32) {
        let next = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
        let number = *self.numbers.entry(dataset.clone()).or_insert(next);
        self.versions.entry((number, version)).or_default();
    }

    fn version(&mut self, dataset: &Name, version: u32) -> Option<&mut Version> {
        let number = *self.numbers.get(dataset)?;
        self.versions.get_mut(&(number, version))
    }

    /// The dataset of a number.
    pub(super) fn dataset(&self, number: u32) -> Option<&Name> {
        self.numbers.iter().find(|(_, known)| **known == number).map(|(dataset, _)| dataset)
    }

    fn any(&self, reads: Reads, is: impl Fn(&Version) -> bool) -> bool {
        reads.iter().flatten().any(|read| self.versions.get(read).is_some_and(&is))
    }

    pub(crate) fn replays(&self) -> ReplayCount {
        let open = self.replays.values().filter(|begun| !begun.answered).count();
        ReplayCount { open: open as u64, ..self.count }
    }
}

/// What the rules need to know of a run of either mode.
struct Known {
    waits: bool,
    released: u32,
    ended: bool,
    reads: Reads,
}

impl Replay {
    /// Counts a run as open on what it reads, which must be neither sealed nor destroyed.
    pub(super) fn open_versions(&mut self, run: &str, accounts: &[Payer]) -> Reads {
        let mut reads = Reads::default();
        for (place, Payer { dataset, version, .. }) in accounts.iter().enumerate().take(2) {
            let number = self.custody.numbers.get(dataset).copied();
            let Some(state) = self.custody.version(dataset, *version) else { continue };
            state.open += 1;
            let (sealed, destroyed) = (state.sealed, state.destroyed);
            reads[place] = number.map(|number| (number, *version));
            let (run, dataset, version) = (|| run.to_owned(), || dataset.to_string(), *version);
            self.check(!sealed, || CustodyViolation::RunOnSealed { run: run(), dataset: dataset(), version }.into());
            self.check(!destroyed, || CustodyViolation::RunOnDestroyed { run: run(), dataset: dataset(), version }.into());
        }
        reads
    }

    pub(super) fn close_versions(&mut self, reads: Reads) {
        for read in reads.iter().flatten() {
            if let Some(version) = self.custody.versions.get_mut(read) {
                version.open = version.open.saturating_sub(1);
            }
        }
    }

    pub(super) fn custody(&mut self, at: &str, event: Event) {
        match event {
            Event::ReplayBegin { replay, run, slot, slot_seconds, .. } => self.replay_begin(at, replay, run, &slot, slot_seconds),
            Event::Replayed { replay, run, rounds, outcome, .. } => self.replayed(at, replay, run, rounds, &outcome),
            Event::SealVersion { dataset, version, .. } => self.seal(&dataset, version, true),
            Event::UnsealVersion { dataset, version, .. } => self.seal(&dataset, version, false),
            Event::DestroyVersion { dataset, version, .. } => self.destroy(&dataset, version),
            Event::Retention { years } => {
                let needed = self.years_kept();
                self.check(years >= needed, || CustodyViolation::RetentionShort { years, needed }.into());
                self.custody.years = years.max(needed);
            }
            Event::Purge { before, runs } => self.purge(at, before, runs),
            Event::Effect { run, .. } => {
                let released = self.known(&run).is_some_and(|known| known.released > 0);
                self.check(released, || CustodyViolation::EffectUnknownRun { run }.into());
            }
            // All others have rules of their own.
            _ => {}
        }
    }

    fn known(&self, run: &str) -> Option<Known> {
        let run_of = |run: &super::Run| Known { waits: run.waits, released: run.released, ended: run.ended, reads: run.reads };
        let reviewed =
            |run: &super::ReviewedRun| Known { waits: run.waits, released: u32::from(run.done), ended: run.done, reads: run.reads };
        self.runs.get(run).map(run_of).or_else(|| self.reviewed.get(run).map(reviewed))
    }

    fn replay_begin(&mut self, at: &str, replay: String, run: String, slot: &str, slot_seconds: u64) {
        self.check_run_thawed(&replay, &run);
        let known = self.known(&run);
        self.check(known.is_some(), || CustodyViolation::ReplayUnknownRun { replay: replay.clone(), run: run.clone() }.into());
        let (now, due) = (parse_instant(at).unwrap_or(0), parse_instant(slot).unwrap_or(0));
        let waits = known.as_ref().is_some_and(|known| known.waits);
        // The domain may have other workers now than it had then, so the length of a round is its own word; none, where
        // public facts alone say that the run cannot be replayed.
        let rounds = known.map_or(0, |known| known.released);
        let length = i64::try_from(slot_seconds).unwrap_or(i64::MAX).saturating_mul(i64::from(rounds));
        let late = !waits || due >= now.saturating_add(length);
        self.check(late, || CustodyViolation::ReplaySlot { replay: replay.clone(), slot: slot.to_owned() }.into());
        if self.custody.replays.contains_key(&replay) {
            return self.find(CustodyViolation::ReplayAgain { replay }.into());
        }
        self.custody.replays.insert(replay, Begun { run, due, waits, time: slot_seconds > 0, answered: false });
    }

    fn replayed(&mut self, at: &str, replay: String, run: String, rounds: u32, outcome: &ReplayOutcome) {
        let count = &mut self.custody.count;
        match outcome {
            ReplayOutcome::Match {} => count.matched += 1,
            ReplayOutcome::Mismatch { .. } => count.mismatched += 1,
            ReplayOutcome::NotReplayable { .. } => count.not_replayable += 1,
        }
        let Some(begun) = self.custody.replays.get_mut(&replay) else {
            return self.find(CustodyViolation::ReplayNotBegun { replay }.into());
        };
        let (again, same, due, time) = (begun.answered, begun.run == run, begun.due, begun.time);
        let early = begun.waits && parse_instant(at).unwrap_or(0) < due;
        begun.answered = true;
        let name = || replay.clone();
        self.check(!again, || CustodyViolation::ReplayAgain { replay: name() }.into());
        self.check(same, || CustodyViolation::ReplayOtherRun { replay: name(), run: run.clone() }.into());
        self.check(!early, || CustodyViolation::ReplayEarly { replay: name(), slot: instant_text(due) }.into());
        let Some(known) = self.known(&run) else { return };
        let released = known.released;
        self.check(rounds == released, || CustodyViolation::ReplayRounds { replay: name(), rounds, released }.into());
        let done = !matches!(outcome, ReplayOutcome::NotReplayable { .. });
        let possible = known.ended && time && !self.custody.any(known.reads, |version| version.destroyed);
        self.check(!done || possible, || CustodyViolation::ReplayImpossible { replay: name(), run }.into());
    }

    /// Ends a replay of this run without an answer; its slot, and whether it waits for it.
    pub(super) fn abandon_replay(&mut self, replay: &str, run: &str) -> Option<(i64, bool)> {
        let begun = self.custody.replays.get_mut(replay).filter(|begun| !begun.answered && begun.run == run)?;
        begun.answered = true;
        Some((begun.due, begun.waits))
    }

    fn seal(&mut self, dataset: &Name, version: u32, sealed: bool) {
        let name = || dataset.to_string();
        let Some(state) = self.custody.version(dataset, version) else {
            return self.find(CustodyViolation::UnknownVersion { dataset: name(), version }.into());
        };
        let (was, destroyed) = (state.sealed, state.destroyed);
        state.sealed = sealed;
        if sealed {
            self.check(!was && !destroyed, || CustodyViolation::SealedAgain { dataset: name(), version }.into());
        } else {
            self.check(was, || CustodyViolation::NotSealed { dataset: name(), version }.into());
        }
    }

    fn destroy(&mut self, dataset: &Name, version: u32) {
        let name = || dataset.to_string();
        let Some(state) = self.custody.version(dataset, version) else {
            return self.find(CustodyViolation::UnknownVersion { dataset: name(), version }.into());
        };
        let (again, sealed, runs) = (state.destroyed, state.sealed, state.open);
        state.destroyed = true;
        self.check(!again, || CustodyViolation::DestroyedAgain { dataset: name(), version }.into());
        self.check(!sealed, || CustodyViolation::DestroyedSealed { dataset: name(), version }.into());
        self.check(runs == 0, || CustodyViolation::DestroyedOpen { dataset: name(), version, runs }.into());
    }

    fn years_kept(&self) -> u32 {
        self.custody.years.max(RETENTION_YEARS_MIN)
    }

    fn purge(&mut self, at: &str, before: String, runs: u64) {
        let years = self.years_kept();
        let today = at.get(..10).unwrap_or_default();
        // Dates of one width: so many years are added to the text of the year.
        let kept_until = before.get(..4).and_then(|year| year.parse::<u32>().ok()).map(|year| year.saturating_add(years));
        let rest = before.get(4..).unwrap_or_default();
        let old = kept_until.is_some_and(|year| format!("{year:04}{rest}").as_str() <= today);
        self.check(old, || CustodyViolation::PurgeYoung { before: before.clone(), years }.into());
        let first = parse_date(&before).map_or(i64::MIN, |day| i64::from(day) * 86_400);
        let free = |reads: Reads| !self.custody.any(reads, |version| version.sealed);
        let run = |run: &&super::Run| run.ended && run.due.saturating_sub(run.slot_seconds) < first && free(run.reads);
        let reviewed = |run: &&super::ReviewedRun| run.done && run.ended < first && free(run.reads);
        let counted = self.runs.values().filter(run).count() + self.reviewed.values().filter(reviewed).count();
        let counted = counted as u64;
        self.check(runs == counted, || CustodyViolation::PurgeCount { before, runs, counted }.into());
    }
}

#[cfg(test)]
mod tests;
