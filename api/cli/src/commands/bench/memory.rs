//! The peak memory of every process below this one, watched from outside.
//!
//! The kernel keeps a process's peak itself (`VmHWM`), so looking every few milliseconds misses only what a
//! process took after the last look. New processes are found by their parent in `/proc/PID/stat`; each number
//! is asked once. Rejected: `wait4` in the parents (they are the product, and have no use for it).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Peaks in MB, by the name of the process.
pub(super) type Peaks = BTreeMap<String, f64>;

/// A watch over all descendants of this process; ends when [`stop`](Self::stop) is called.
pub(super) struct Watch {
    over: Arc<AtomicBool>,
    thread: JoinHandle<Peaks>,
}

impl Watch {
    pub(super) fn start() -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&over);
        let thread = std::thread::spawn(move || {
            let mut family = Family { members: BTreeSet::from([std::process::id()]), ..Family::default() };
            while !ends.load(Ordering::Relaxed) {
                family.look();
                std::thread::sleep(LOOK_EVERY);
            }
            family.peaks
        });
        Self { over, thread }
    }

    pub(super) fn stop(self) -> Peaks {
        self.over.store(true, Ordering::Relaxed);
        self.thread.join().unwrap_or_default()
    }
}

#[derive(Default)]
struct Family {
    members: BTreeSet<u32>,
    strangers: BTreeSet<u32>,
    peaks: Peaks,
}

impl Family {
    fn look(&mut self) {
        let numbers = fs::read_dir("/proc").into_iter().flatten().flatten();
        let alive: BTreeSet<u32> = numbers.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
        self.members.retain(|process| alive.contains(process));
        self.strangers.retain(|process| alive.contains(process));
        for process in alive {
            if self.members.contains(&process) || self.strangers.contains(&process) {
                continue;
            }
            let ours = parent(process).is_some_and(|parent| self.members.contains(&parent));
            if ours {
                self.members.insert(process)
            } else {
                self.strangers.insert(process)
            };
        }
        let own = std::process::id();
        for process in self.members.iter().filter(|process| **process != own) {
            if let (Some(name), Some(peak)) = (name(*process), peak(*process)) {
                let known = self.peaks.entry(name).or_default();
                *known = known.max(peak);
            }
        }
    }
}

pub(super) fn parent(process: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name stands in brackets and may hold anything; after the last bracket come state and parent.
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

/// The name under which this program started it: the word after `internal`.
pub(super) fn name(process: u32) -> Option<String> {
    let line = fs::read(format!("/proc/{process}/cmdline")).ok()?;
    let mut words = line.split(|byte| *byte == 0).skip_while(|word| *word != b"internal");
    words.nth(1).map(|word| String::from_utf8_lossy(word).into_owned())
}

pub(super) fn peak(process: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kibibytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kibibytes * 1024.0 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_a_parent_and_a_peak() {
        assert!(parent(std::process::id()).is_some_and(|parent| parent > 0));
        assert!(peak(std::process::id()).is_some_and(|megabytes| megabytes > 0.5));
        assert_eq!(name(std::process::id()), None);
    }
}
