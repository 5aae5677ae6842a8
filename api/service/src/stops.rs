//! Runs that are under way, so that a stop can end their processes at once.
//!
//! A stop says inside its own transaction whom it concerns: attempts that are under way, and those that begin before it
//! has committed, publish nothing from then on, because the transaction that would publish asks ([`Listed::is_halted`])
//! and comes after the stop's. It reads the grants again too, so that what rests for longer needs no memory. The signal
//! after the commit only decides how soon processes die.
//!
//! Nothing here is durable, nor need it be: whoever kills this process kills every attempt with it.

use crate::quotes::Question;
use crate::{Domain, ServiceError};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tidegate_authorisation::check_held;
use tidegate_engine::Stopper;
use tidegate_store::Transaction;
use tidegate_terms::{Guard, stands};

/// What is stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Halted {
    /// One run.
    Run(String),
    /// Whatever becomes of a request that waits in a queue, by its name there.
    Request(String),
    /// Every run under a grant.
    Grant(String),
    /// Every run on a dataset.
    Dataset(String),
    /// Every run of an operator.
    Operator(String),
    /// Every run.
    Everything,
}

/// What a run draws on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Draws {
    pub(crate) run: String,
    /// As what it was asked for; empty where it did not wait in a queue.
    pub(crate) request: String,
    pub(crate) grants: Vec<String>,
    pub(crate) datasets: Vec<String>,
    pub(crate) operator: String,
}

impl Draws {
    /// What is known of a question before anything is looked at.
    pub(crate) fn of(question: &Question) -> Self {
        let datasets = std::iter::once(&question.dataset).chain(&question.join).map(ToString::to_string).collect();
        let grants = question.pinned.iter().flat_map(|pinned| pinned.grants.clone()).collect();
        Self { datasets, grants, operator: question.operator.to_string(), ..Self::default() }
    }

    fn is_halted(&self, halted: &Halted) -> bool {
        match halted {
            Halted::Run(run) => self.run == *run,
            Halted::Request(request) => self.request == *request,
            Halted::Grant(grant) => self.grants.contains(grant),
            Halted::Dataset(dataset) => self.datasets.contains(dataset),
            Halted::Operator(operator) => self.operator == *operator,
            Halted::Everything => true,
        }
    }
}

/// An attempt at a run.
struct Alive {
    draws: Draws,
    /// What ends its processes, once it has some.
    stopper: Option<Stopper>,
    halted: Arc<AtomicBool>,
}

impl Alive {
    fn stop(&self) {
        self.halted.store(true, Ordering::SeqCst);
        if let Some(stopper) = &self.stopper {
            stopper.stop();
        }
    }
}

#[derive(Default)]
struct Inner {
    last: u64,
    alive: BTreeMap<u64, Alive>,
    /// Stops whose transaction has not ended yet.
    pending: BTreeMap<u64, Halted>,
}

/// Runs whose processes are alive, and stops that are being decided.
#[derive(Clone, Default)]
pub(crate) struct UnderWay(Arc<Mutex<Inner>>);

/// Keeps an attempt at a run or a replay among those that can be stopped, until it is dropped.
pub struct Listed {
    under_way: UnderWay,
    number: u64,
    request: String,
    /// Grants that a decision was about; where a run that was charged before goes on, it draws on others.
    decided: Vec<String>,
    halted: Arc<AtomicBool>,
}

/// A stop whose transaction has not ended yet. Runs that begin meanwhile are stopped too.
pub struct PendingStop {
    under_way: UnderWay,
    number: u64,
}

impl UnderWay {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lists an attempt at a run before anything is looked at for it, by what is known then; one that a stop concerns which
    /// is being decided begins as a stopped one.
    pub(crate) fn list(&self, draws: Draws) -> Listed {
        let (request, decided) = (draws.request.clone(), draws.grants.clone());
        let mut inner = self.inner();
        inner.last += 1;
        let number = inner.last;
        let halted = Arc::new(AtomicBool::new(inner.pending.values().any(|halted| draws.is_halted(halted))));
        inner.alive.insert(number, Alive { draws, stopper: None, halted: Arc::clone(&halted) });
        drop(inner);
        Listed { under_way: self.clone(), number, request, decided, halted }
    }

    /// From here on nothing of what a stop concerns is published by the attempt that is under way.
    fn will_stop(&self, halted: Halted) -> PendingStop {
        let mut inner = self.inner();
        for alive in inner.alive.values().filter(|alive| alive.draws.is_halted(&halted)) {
            alive.halted.store(true, Ordering::SeqCst);
        }
        inner.last += 1;
        let number = inner.last;
        inner.pending.insert(number, halted);
        drop(inner);
        PendingStop { under_way: self.clone(), number }
    }
}

impl Listed {
    /// Says which run it is and under which grants it runs.
    pub(crate) fn draws_on(&self, run: &str, grants: impl IntoIterator<Item = String>) {
        let mut inner = self.under_way.inner();
        let Inner { alive, pending, .. } = &mut *inner;
        if let Some(alive) = alive.get_mut(&self.number) {
            run.clone_into(&mut alive.draws.run);
            alive.draws.grants.extend(grants);
            if pending.values().any(|halted| alive.draws.is_halted(halted)) {
                alive.stop();
            }
        }
    }

    /// Says what ends its processes; they end at once where it was stopped already.
    pub(crate) fn stops_with(&self, stopper: Stopper) {
        let mut inner = self.under_way.inner();
        if let Some(alive) = inner.alive.get_mut(&self.number) {
            alive.stopper = Some(stopper);
            if self.is_halted() {
                alive.stop();
            }
        }
    }

    /// Refuses to begin what was stopped. Called inside the transaction that would charge, which comes before a stop's or
    /// after it.
    pub(crate) fn check_may_begin(&self) -> Result<(), ServiceError> {
        if self.is_halted() { Err(ServiceError::RequestStopped) } else { Ok(()) }
    }

    /// Notes in the transaction that admits a run as what it was asked for: whoever stops the request then finds the run.
    pub(crate) async fn note_run(&self, act: &mut Transaction, run: &str) -> Result<(), ServiceError> {
        if !self.request.is_empty() {
            act.put_run_of_request(&self.request, run).await?;
        }
        Ok(())
    }

    /// Refuses to publish for an attempt that was stopped, and under grants that rest or were revoked meanwhile. Called
    /// inside the transaction that would publish.
    pub(crate) async fn check_may_publish(&self, act: &mut Transaction, run: &str, grants: &[&str]) -> Result<(), ServiceError> {
        if self.is_halted() || act.stop_of_run(run).await?.is_some() {
            return Err(ServiceError::AttemptStopped { run: run.to_owned() });
        }
        if !stands(Guard::Authorisation) {
            return Ok(());
        }
        for grant in grants.iter().copied().chain(self.decided.iter().map(String::as_str)) {
            let record = act.grant(grant).await?.ok_or_else(|| ServiceError::UnknownGrant { grant: grant.to_owned() })?;
            check_held(&record)?;
        }
        Ok(())
    }

    /// Whether a stop concerned this attempt. Asked inside the transaction that would publish: a stop is decided in one
    /// too, so the answer stands until the commit.
    pub(crate) fn is_halted(&self) -> bool {
        self.halted.load(Ordering::SeqCst)
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.under_way.inner().alive.remove(&self.number);
    }
}

impl Drop for PendingStop {
    fn drop(&mut self) {
        self.under_way.inner().pending.remove(&self.number);
    }
}

impl Domain {
    /// Lists a question that waited in a queue under its name there, before it is read whether it was stopped: a stop that
    /// comes later finds it, one that came before is read.
    pub fn take_up(&self, question: &Question, request: &str) -> Listed {
        self.under_way.list(Draws { request: request.to_owned(), ..Draws::of(question) })
    }

    /// The same for replays that waited. A stop of everything and one of the request itself concern them; other stops do
    /// not: a regulator may need to see what happened under them, and nothing but a verdict comes out.
    pub fn take_up_replays(&self, request: &str) -> Listed {
        self.under_way.list(Draws { request: request.to_owned(), ..Draws::default() })
    }

    /// Notes that a request goes on with a run that was admitted before, unless the request was stopped.
    pub(crate) async fn note_asked(&self, listed: &Listed, run: &str) -> Result<(), ServiceError> {
        let mut act = self.store.begin().await?;
        listed.check_may_begin()?;
        listed.note_run(&mut act, run).await?;
        Ok(act.commit().await?)
    }

    /// Says inside a transaction what the stop that it decides concerns.
    pub fn will_stop(&self, halted: Halted) -> PendingStop {
        self.under_way.will_stop(halted)
    }

    /// Kills the processes of runs that a stop concerns. Called after the stop has committed.
    pub fn stop_running(&self, halted: &[Halted]) {
        for alive in self.under_way.inner().alive.values() {
            if halted.iter().any(|halted| alive.draws.is_halted(halted)) {
                alive.stop();
            }
        }
    }

    /// The runs whose processes are alive.
    pub fn running(&self) -> Vec<String> {
        let inner = self.under_way.inner();
        inner.alive.values().filter(|alive| alive.stopper.is_some()).map(|alive| alive.draws.run.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_concerns_what_it_names() {
        let draws = Draws {
            run: "r1".into(),
            request: "q1".into(),
            grants: vec!["g1".into()],
            datasets: vec!["d".into(), "e".into()],
            operator: "op".into(),
        };
        let concerned = [
            Halted::Run("r1".into()),
            Halted::Request("q1".into()),
            Halted::Grant("g1".into()),
            Halted::Dataset("e".into()),
            Halted::Operator("op".into()),
            Halted::Everything,
        ];
        assert!(concerned.iter().all(|halted| draws.is_halted(halted)));
        let others = [
            Halted::Run("r".into()),
            Halted::Request("r1".into()),
            Halted::Grant("d".into()),
            Halted::Dataset("g1".into()),
            Halted::Operator("d".into()),
        ];
        assert!(!others.iter().any(|halted| draws.is_halted(halted)));
    }

    #[test]
    fn who_begins_while_a_stop_is_decided_is_stopped_too() {
        let under_way = UnderWay::default();
        let draws = || Draws { run: "r1".into(), operator: "op".into(), ..Draws::default() };
        let processes = tidegate_engine::Processes::new();
        let before = under_way.list(draws());
        before.stops_with(processes.stopper());
        assert!(!before.is_halted());
        let pending = under_way.will_stop(Halted::Operator("op".into()));
        assert!(before.is_halted());
        assert!(!processes.is_stopped(), "nothing is killed before the stop has committed");
        assert!(under_way.list(draws()).is_halted());
        let other = Draws { operator: "another".into(), ..draws() };
        assert!(!under_way.list(other).is_halted());
        let grants = under_way.list(Draws::default());
        assert!(!grants.is_halted());
        let of_grant = under_way.will_stop(Halted::Grant("g1".into()));
        grants.draws_on("r2", ["g1".to_owned()]);
        assert!(grants.is_halted(), "its grant was known later");
        drop((pending, of_grant));
        assert!(!under_way.list(draws()).is_halted(), "a new attempt after the stop");
    }
}
