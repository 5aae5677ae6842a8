//! Watching a domain's processes from outside, as somebody on the same machine can.

use crate::error::Broken;
use crate::world::World;
use std::collections::BTreeMap;
use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Ticks of processor time in a second, as /proc counts on Linux.
const TICKS_PER_SECOND: f64 = 100.0;

/// How many processors all processes of a call keep busy in the later half of the time that it takes, but its very end.
pub(crate) fn processor_use(world: &World, arguments: &[&str]) -> Result<f64, Broken> {
    let started = |error: std::io::Error| Broken::Start { detail: error.to_string() };
    let mut command = world.program().command();
    command.args(arguments).arg("--domain").arg(world.domain()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(started)?;
    let (began, mut samples) = (Instant::now(), Vec::new());
    while child.try_wait().map_err(started)?.is_none() {
        samples.push((began.elapsed().as_secs_f64(), ticks_below(child.id())));
        std::thread::sleep(Duration::from_millis(100));
    }
    let all = began.elapsed().as_secs_f64();
    let within = samples.iter().filter(|(at, _)| (all * 0.5..all * 0.9).contains(at));
    let all: Vec<_> = within.collect();
    let (first, last) = (all.first().copied(), all.last().copied());
    let Some(((from, before), (to, after))) = first.zip(last).filter(|(first, last)| last.0 > first.0) else {
        return Err(Broken::Answer { call: "watching a run".into() });
    };
    Ok(after.saturating_sub(*before) as f64 / TICKS_PER_SECOND / (to - from))
}

/// The processor time of a process and of all that it started, in ticks.
fn ticks_below(root: u32) -> u64 {
    let mut found: BTreeMap<u32, (u32, u64)> = BTreeMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        if let Some(read) = fs::read_to_string(entry.path().join("stat")).ok().and_then(|stat| of_stat(&stat)) {
            found.insert(pid, read);
        }
    }
    let is_below = |mut pid: u32| {
        // A chain of parents is short; one that is not belongs to a process table that changed while it was read.
        for _ in 0..64 {
            match found.get(&pid) {
                _ if pid == root => return true,
                Some((parent, _)) => pid = *parent,
                None => return false,
            }
        }
        false
    };
    found.iter().filter(|(pid, _)| is_below(**pid)).map(|(_, (_, ticks))| ticks).sum()
}

/// The parent and the processor time in a line of /proc/PID/stat.
fn of_stat(stat: &str) -> Option<(u32, u64)> {
    // The name of the program may have blanks and brackets; what follows has none.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<u64>().ok();
    Some((fields.get(1)?.parse().ok()?, ticks(11)? + ticks(12)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_below_itself_and_its_time_is_read() {
        let stat = "4711 (a (strange) name) S 17 1 1 0 -1 0 0 0 0 0 30 12 0 0 20 0 1 0 5 6 7";
        assert_eq!(of_stat(stat), Some((17, 42)));
        let began = Instant::now();
        while ticks_below(std::process::id()) == 0 {
            assert!(began.elapsed() < Duration::from_secs(60), "this process works, and its time is counted");
            std::hint::black_box((0..1_000_000_u64).sum::<u64>());
        }
    }
}
