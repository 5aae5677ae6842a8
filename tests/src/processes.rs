//! Processes of a domain, found by their parent and their hidden command, and killed.

use rustix::process::{Pid, Signal, kill_process};
use std::fs;

/// The children of a process that serve as `name`, such as `keeper` or `worker`.
pub fn children(parent: u32, name: &str) -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| parent_of(*pid) == Some(parent) && serves_as(*pid, name)).collect()
}

/// All living children of a process, whatever they serve as.
pub fn all_children(parent: u32) -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| parent_of(*pid) == Some(parent)).collect()
}

/// The processor time that a process has used, in ticks of the kernel; nothing where it is gone.
pub fn processor_ticks(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    // User and system time are the 14th and 15th field of the line, two of which stand before the bracket.
    Some(fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?)
}

/// The parent of a process that is alive and not a zombie.
fn parent_of(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    if fields.next()? == "Z" { None } else { fields.next()?.parse().ok() }
}

fn serves_as(pid: u32, name: &str) -> bool {
    let Ok(line) = fs::read(format!("/proc/{pid}/cmdline")) else { return false };
    let arguments: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
    arguments.get(1..3).is_some_and(|hidden| hidden == [b"internal", name.as_bytes()])
}

/// Whether a process is there and not a zombie.
pub fn is_alive(pid: u32) -> bool {
    parent_of(pid).is_some()
}

/// Sends SIGKILL; says whether the process was still there.
pub fn kill(pid: u32) -> bool {
    let alive = is_alive(pid);
    let sent = i32::try_from(pid).ok().and_then(Pid::from_raw).is_some_and(|pid| kill_process(pid, Signal::KILL).is_ok());
    alive && sent
}
