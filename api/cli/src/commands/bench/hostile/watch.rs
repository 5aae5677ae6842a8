//! Memory and descriptors of processes, from `/proc`, while a run lasts.
//!
//! Workers forbid that anybody reads their memory, and for others than root that hides their descriptors too; then a
//! figure is missing, never zero.

use super::super::memory::{name, parent};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

const LOOK_EVERY: Duration = Duration::from_millis(30);
/// A process at one moment.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Seen {
    /// Resident memory, in MB.
    pub(super) megabytes: f64,
    /// Open descriptors, where they may be counted.
    pub(super) descriptors: Option<usize>,
}

impl std::fmt::Display for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let descriptors = self.descriptors.map_or_else(|| "?".into(), |count| count.to_string());
        write!(f, "{:.1} MB/{descriptors} fd", self.megabytes)
    }
}

/// What a worker had after the first third of its life, when it had mapped its shards and filled its pools, and when it was
/// last seen.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Life {
    pub(super) first: Seen,
    pub(super) last: Seen,
    pub(super) looks: usize,
}

impl Life {
    /// Of all looks at one worker; `None` where they are too few to tell a beginning from an end.
    fn of(looks: &[Seen]) -> Option<Self> {
        (looks.len() >= 6).then(|| Self { first: looks[looks.len() / 3], last: looks[looks.len() - 1], looks: looks.len() })
    }

    /// Its memory at the end over that at the beginning.
    pub(super) fn growth(&self) -> f64 {
        self.last.megabytes / self.first.megabytes
    }

    /// Descriptors that it has more at the end.
    pub(super) fn more_descriptors(&self) -> Option<f64> {
        Some(self.last.descriptors? as f64 - self.first.descriptors? as f64)
    }
}

/// Looks at one process.
pub(super) fn look(process: u32) -> Option<Seen> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kibibytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    let descriptors = fs::read_dir(format!("/proc/{process}/fd")).ok().map(Iterator::count);
    Some(Seen { megabytes: kibibytes * 1024.0 / 1e6, descriptors })
}

/// The children of a process, theirs too.
pub(super) fn descendants(of: u32) -> Vec<u32> {
    let numbers = fs::read_dir("/proc").into_iter().flatten().flatten();
    let alive: Vec<u32> = numbers.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    let mut found: Vec<u32> = vec![of];
    let mut at = 0;
    while let Some(process) = found.get(at).copied() {
        found.extend(alive.iter().filter(|child| parent(**child) == Some(process)));
        at += 1;
    }
    found.remove(0);
    found
}

/// A watch over the workers of a keeper; ends when [`stop`](Self::stop) is called.
pub(super) struct Watch {
    over: Arc<AtomicBool>,
    thread: JoinHandle<Vec<Life>>,
}

impl Watch {
    pub(super) fn start(keeper: u32) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&over);
        let thread = std::thread::spawn(move || {
            let mut looks: BTreeMap<u32, Vec<Seen>> = BTreeMap::new();
            while !ends.load(Ordering::Relaxed) {
                for process in descendants(keeper).into_iter().filter(|process| name(*process).as_deref() == Some("worker")) {
                    looks.entry(process).or_default().extend(look(process));
                }
                std::thread::sleep(LOOK_EVERY);
            }
            looks.into_values().filter_map(|looks| Life::of(&looks)).collect()
        });
        Self { over, thread }
    }

    pub(super) fn stop(self) -> Vec<Life> {
        self.over.store(true, Ordering::Relaxed);
        self.thread.join().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_seen_and_its_descriptors_are_counted() {
        let own = std::process::id();
        let one = look(own).expect("this process");
        let file = fs::File::open("/proc/self/status").expect("a file");
        let other = look(own).expect("this process");
        assert!(one.megabytes > 0.5 && one.descriptors.is_some_and(|count| count >= 3));
        assert!(other.descriptors.is_some());
        drop(file);
        let grown = Seen { megabytes: one.megabytes * 2.0, descriptors: Some(99) };
        let life = Life::of(&[one, one, one, one, grown, grown]).expect("a life");
        assert!(life.growth() > 1.9 && life.more_descriptors().is_some_and(|more| more > 0.0));
        assert!(Life::of(&[one, grown]).is_none());
    }
}
