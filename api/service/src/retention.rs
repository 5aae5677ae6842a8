//! Retention: how long records are kept, and forgetting what is older. Entries of the log are never removed.
//!
//! Shuangyashan Art. 20 (日志记录保存时间不得少于三年) is the least; a domain can promise more, never less again. What a purge
//! forgets: openings of commitments (salts, parameters, reasons), stored texts and noised answers of runs, side tables, and
//! lines of the private journal. Charges, grants, modules and certificates stay, because accounts and rules rest on them.
//! Runs that read a sealed version are held, with the lines of the journal that name them.

use crate::replay::{Logged, Past, PastRun};
use crate::{Domain, ServiceError, instant};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write as _;
use tidegate_log::{Entry, Event, RETENTION_YEARS_MIN};
use tidegate_store::{CustodyState, PurgeRecord};
use tidegate_terms::{Name, parse_date};

/// How long records are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RetentionView {
    /// Years.
    pub years: u32,
    /// The position of the entry that says so; absent where it is the least that the rules allow.
    pub log_position: Option<u64>,
}

/// What a purge did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PurgeView {
    /// The first day that is kept.
    pub before: String,
    /// How many runs are forgotten by now.
    pub runs: u64,
    /// How many of them just now.
    pub runs_now: u64,
    /// The position of its entry.
    pub log_position: u64,
}

impl Domain {
    async fn retention_years(&self) -> Result<u32, ServiceError> {
        Ok(self.books().retention_years().await?.unwrap_or(RETENTION_YEARS_MIN).max(RETENTION_YEARS_MIN))
    }

    /// Says how long records are kept, and sets it upward where a number is given.
    pub async fn retention(&self, years: Option<u32>) -> Result<RetentionView, ServiceError> {
        let known = self.retention_years().await?;
        let Some(years) = years else { return Ok(RetentionView { years: known, log_position: None }) };
        if years < known {
            return Err(ServiceError::RetentionShort { years, known });
        }
        let at = instant::text(self.next_instant().await?);
        let mut act = self.store.begin().await?;
        act.put_retention(years).await?;
        let position = self.conclude(act, &Entry { at, event: Event::Retention { years } }, &[]).await?;
        Ok(RetentionView { years, log_position: Some(position) })
    }

    /// Refuses to show what was forgotten.
    pub(crate) async fn check_kept(&self, run: &str) -> Result<(), ServiceError> {
        match self.books().purged(run).await? {
            Some(purge) => Err(ServiceError::Purged { run: run.to_owned(), at: purge.at, entry: purge.position }),
            None => Ok(()),
        }
    }

    /// Whether what is from before a day has been kept for as many years as records are kept.
    pub async fn is_retention_over(&self, before: &str) -> Result<bool, ServiceError> {
        parse_date(before).ok_or_else(|| ServiceError::NotADate { text: before.to_owned() })?;
        let until = kept_until(before, self.retention_years().await?);
        Ok(until.is_some_and(|day| day <= instant::today().to_string()))
    }

    /// Forgets what is from before a day, which must be as many years past as records are kept.
    pub async fn purge(&self, before: &str) -> Result<PurgeView, ServiceError> {
        if !self.is_retention_over(before).await? {
            return Err(ServiceError::PurgeYoung { before: before.to_owned(), years: self.retention_years().await? });
        }
        let past = self.past(|_, _| true).await?;
        let sealed = self.sealed().await?;
        let old = |run: &&PastRun| run.ended_at().and_then(|at| at.get(..10)).is_some_and(|day| day < before);
        let held = |run: &&PastRun| run.reads().iter().any(|read| sealed.contains(read));
        let forgotten: Vec<&PastRun> = past.runs.values().filter(old).filter(|run| !held(run)).collect();
        let held: BTreeSet<&str> = past.runs.values().filter(held).map(|run| run.id.as_str()).collect();
        let at = instant::text(self.next_instant().await?);
        let runs = forgotten.len() as u64;
        let mut runs_now = 0;
        let known = self.books().purged_runs().await?;
        let mut act = self.store.begin().await?;
        let position = act.append(&Entry { at: at.clone(), event: Event::Purge { before: before.to_owned(), runs } }, &[]).await?;
        for run in &forgotten {
            if known.contains(&run.id) {
                continue;
            }
            runs_now += 1;
            act.forget_run(&run.id, &positions(&past, run, before), &PurgeRecord { at: at.clone(), position }).await?;
        }
        act.commit().await?;
        self.publish().await?;
        self.store.empty_write_ahead_log().await?;
        self.forget_journal(before, &held)?;
        Ok(PurgeView { before: before.to_owned(), runs, runs_now, log_position: position })
    }

    async fn sealed(&self) -> Result<BTreeSet<(Name, u32)>, ServiceError> {
        let custodies = self.books().custodies().await?;
        let sealed = custodies.into_iter().filter(|custody| custody.state == CustodyState::Sealed);
        Ok(sealed.map(|custody| (custody.dataset, custody.version)).collect())
    }

    /// Rewrites the private journal without its old lines; one rename makes it so. A crash before it leaves the old one, and
    /// the next purge does it again.
    fn forget_journal(&self, before: &str, held: &BTreeSet<&str>) -> Result<(), ServiceError> {
        let (path, fresh) = (self.journal_path(), self.journal_path().with_extension("log.new"));
        let failed = |error: std::io::Error| ServiceError::files(&path, &error);
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            text => text.map_err(failed)?,
        };
        let stays = |line: &&str| line.get(..10).is_none_or(|day| day >= before) || held.iter().any(|run| line.contains(run));
        let rest: String = text.lines().filter(stays).map(|line| format!("{line}\n")).collect();
        let written = File::create(&fresh).and_then(|mut file| file.write_all(rest.as_bytes()).and_then(|()| file.sync_all()));
        written.and_then(|()| fs::rename(&fresh, &path)).map_err(failed)
    }
}

/// The day on which a record of this day may be forgotten. As the audit of the log computes it: on the text of the date.
fn kept_until(before: &str, years: u32) -> Option<String> {
    let year: u32 = before.get(..4)?.parse().ok()?;
    Some(format!("{:04}{}", year.saturating_add(years), before.get(4..)?))
}

/// Where the entries of a run lie whose openings are forgotten with it.
fn positions(past: &Past, run: &PastRun, before: &str) -> Vec<u64> {
    let old = |entry: &&Logged| entry.at.get(..10).is_some_and(|day| day < before);
    let own = std::iter::once(&run.admitted).chain(&run.released);
    let others = past.others.iter().filter(|(id, _)| *id == run.id).map(|(_, entry)| entry);
    own.chain(others).filter(old).map(|entry| entry.position).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    // clause: H2 both
    #[test]
    fn three_years_are_counted_by_the_calendar() {
        assert_eq!(kept_until("2023-11-22", 3).as_deref(), Some("2026-11-22"));
        assert_eq!(kept_until("2024-02-29", 3).as_deref(), Some("2027-02-29"), "later than 28 February, so a day more and never less");
        assert_eq!(kept_until("", 3), None);
    }
}
