//! What ends an admitted run before it has a result, and the one outcome that this has outside.
//!
//! At its slot a run is over. An alarm kills its processes then, whatever they do; a result that is not there by then
//! never becomes one. The lineages are frozen and an incident is opened: that a slot was missed is one bit which the
//! module may have chosen, so it is a declared breach and happens once ([`freeze`](Domain::freeze)). The same follows
//! where a worker said what no worker says. Any other fault of the host leaves the run as it is, to be continued.
//!
//! Guarantee: status, text, exit code and moment are the same for all three, and the journal alone has the cause; the
//! entry of a freeze is as long as that of a release, stamped and shown as that would have been.
//!
//! Where a policy shows results immediately there is no slot to miss. Processes are stopped there too, after so long
//! that no honest run needs it, and the run can be continued.
//!
//! Rejected: to wait for a multiple of the slot, as the first form did. The number of slots then speaks, a little more
//! each time, and an operator may ask again.

use crate::incidents::Breach;
use crate::runs::Slot;
use crate::{Domain, ServiceError, instant};
use jiff::Timestamp;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;
use tidegate_engine::{EngineError, Processes, Stopper};
use tidegate_terms::{Guard, Name, stands};

/// How much longer than its slot a run may take whose policy shows results immediately.
const IMMEDIATELY_FACTOR: u64 = 10;
const IMMEDIATELY_SECONDS_MIN: u64 = 120;
/// How often the alarm looks at the clock, which may be set meanwhile.
const LOOK_MILLISECONDS: u64 = 100;

/// When a result, or a failure, was held until.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Held {
    /// It was there in time, and becomes visible at this instant.
    InTime(String),
    /// The slot was over before it was there.
    Late(String),
}

/// Work that was admitted: what a halt needs to know of it.
pub(crate) struct Work<'a> {
    pub(crate) run: &'a str,
    pub(crate) replay: Option<&'a str>,
    pub(crate) lineages: Vec<Name>,
    pub(crate) slot: Slot,
    pub(crate) waits: bool,
    /// Whether its slot was held already; what fails after that is no missed slot.
    pub(crate) held: Option<Held>,
}

/// Stops processes at an instant, unless it goes away before.
pub(crate) struct Alarm {
    off: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Alarm {
    /// Stops them at the slot; where results are shown immediately, long after.
    pub(crate) fn set(processes: &Processes, slot: Slot, waits: bool) -> Self {
        if !stands(Guard::SlotStop) {
            return Self { off: None, thread: None };
        }
        let due = if waits { slot.due } else { instant::later(slot.due, slot.much_longer()) };
        Self::at(processes.stopper(), due)
    }

    fn at(stopper: Stopper, due: Timestamp) -> Self {
        let (off, told) = channel();
        let thread = std::thread::spawn(move || {
            loop {
                let left = Duration::try_from(instant::precise().duration_until(due)).unwrap_or_default();
                if left.is_zero() {
                    return stopper.stop();
                }
                if told.recv_timeout(left.min(Duration::from_millis(LOOK_MILLISECONDS))) == Err(RecvTimeoutError::Disconnected) {
                    return;
                }
            }
        });
        Self { off: Some(off), thread: Some(thread) }
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        self.off = None;
        drop(self.thread.take().map(JoinHandle::join));
    }
}

impl Slot {
    fn much_longer(self) -> u64 {
        self.length().saturating_mul(IMMEDIATELY_FACTOR).max(IMMEDIATELY_SECONDS_MIN)
    }
}

impl Domain {
    /// The processes of a run that has been admitted. Until its slot they keep as many processors busy as it has workers,
    /// where anything waits for a slot: what others measure meanwhile does not tell when the work was done.
    pub(crate) fn processes(&self, workers: usize, waits: bool) -> Result<Processes, ServiceError> {
        if !waits || !stands(Guard::HeldLoad) || !stands(Guard::Slot) {
            return Ok(Processes::new());
        }
        let held = Processes::holding_load(workers, &|| self.programs.child("load"));
        held.map_err(|error| EngineError::Spawn { detail: error.to_string() }.into())
    }

    /// Holds what there is until the slot.
    pub(crate) async fn hold(&self, id: &str, slot: Slot, waits: bool) -> Result<Held, ServiceError> {
        if !waits || !stands(Guard::Slot) {
            return Ok(Held::InTime(instant::text(self.next_instant().await?)));
        }
        let mut due = slot.due;
        if instant::precise() > due {
            if stands(Guard::SlotStop) {
                return Ok(Held::Late(instant::text(due)));
            }
            due = slot.after(instant::now());
            self.journal(&format!("run {id} missed its slot {}; it becomes visible at {}", instant::text(slot.due), instant::text(due)));
        }
        while instant::precise() < due {
            let left = instant::precise().duration_until(due).unsigned_abs();
            tokio::time::sleep(left.min(Duration::from_millis(200))).await;
        }
        Ok(Held::InTime(instant::text(due)))
    }

    /// What becomes of admitted work that failed: says `outward`, at the slot, whatever the cause.
    pub(crate) async fn halt(&self, mut work: Work<'_>, cause: ServiceError, outward: ServiceError) -> ServiceError {
        let name = work.replay.unwrap_or(work.run);
        self.journal(&format!("{name} held: {cause}"));
        if work.held.is_none() {
            match self.hold(name, work.slot, work.waits).await {
                Ok(held) => work.held = Some(held),
                Err(error) => self.journal(&format!("{name}: {error}")),
            }
        }
        let taken_over = matches!(&cause, ServiceError::Engine(error) if error.is_taken_over());
        let late = matches!(work.held, Some(Held::Late(_)));
        if let (true, Some(Held::InTime(at) | Held::Late(at))) = (late || taken_over, work.held) {
            let slot = instant::text(work.slot.due);
            let cause = match &cause {
                other if late && !matches!(other, ServiceError::SlotMissed { .. }) => {
                    format!("{}: {other}", ServiceError::SlotMissed { slot: slot.clone() })
                }
                other => other.to_string(),
            };
            let breach = Breach { run: work.run, replay: work.replay, lineages: work.lineages, slot, at, cause };
            match self.freeze(breach).await {
                Ok(incident) => self.journal(&format!("{name}: incident {incident}")),
                Err(error) => self.journal(&format!("{name}: the lineage could not be frozen: {error}")),
            }
        }
        if stands(Guard::OneOutcome) { outward } else { cause }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;
    use std::process::Command;

    #[test]
    fn an_alarm_stops_what_runs_and_one_that_is_off_does_not() {
        let sleep = || {
            let mut command = Command::new("sleep");
            command.arg("600");
            command
        };
        let processes = Processes::new();
        let mut running = processes.start(sleep()).expect("start");
        drop(Alarm::at(processes.stopper(), instant::later(instant::now(), 600)));
        assert!(!processes.is_stopped());
        let alarm = Alarm::at(processes.stopper(), instant::earlier(instant::now(), 1));
        let mut said = Vec::new();
        running.from.read_to_end(&mut said).expect("the end");
        assert!(processes.is_stopped());
        drop(alarm);
    }
}
