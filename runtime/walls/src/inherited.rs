//! What every process of a domain gives up at its start, and what it would have inherited.
//!
//! A child's environment is emptied by whoever starts it; descriptors that its parent left open for children are closed
//! here, by the child itself, before it opens anything: what it does not have, it cannot be made to use.

use rustix::process::{DumpableBehavior, Pid, Resource, Rlimit, set_dumpable_behavior, setrlimit};
use serde::{Deserialize, Serialize};
use tidegate_terms::{Guard, stands};

/// What a process has from its parent, seen from inside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inherited {
    /// Names of variables of the environment.
    pub variables: Vec<String>,
    /// Open descriptors beyond the standard three.
    pub descriptors: Vec<u32>,
    /// Whether it may get new privileges by starting a program.
    pub new_privileges: bool,
    /// Whether its memory may be dumped or looked into by others of the same user.
    pub dumpable: bool,
}

/// Closes every descriptor beyond the standard three. Called first thing in a process, when nothing of its own is open.
pub fn close_inherited() {
    const FIRST: libc::c_uint = 3;
    // SAFETY: nothing of this process is open beyond the standard three yet, so no code loses a descriptor.
    let closed = unsafe { libc::syscall(libc::SYS_close_range, FIRST, libc::c_uint::MAX, 0) };
    if closed != 0 {
        // A kernel before 5.9: one by one, as far as a soft limit of ordinary size goes.
        for descriptor in 3..4_096 {
            // SAFETY: as above.
            unsafe { libc::close(descriptor) };
        }
    }
}

/// What a process that must keep files, network and children can still give up: new privileges, core dumps, being looked
/// into. Its children lose the first two with it.
pub fn give_up_privileges() {
    if !stands(Guard::SystemWalls) {
        return;
    }
    let _ = rustix::thread::set_no_new_privs(true);
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

/// How far workers and their stand-ins step back in the scheduler. One step is enough for what serves others to come first,
/// since it mostly waits; a larger one would let slots depend on what else the machine does.
pub const WORKER_NICENESS: i32 = 1;

/// Gives this process the place of a worker in the scheduler.
pub fn yield_to_servers() {
    // Somebody who started the domain with less has less; nobody can take more.
    let _ = rustix::process::setpriority_process(None::<Pid>, WORKER_NICENESS);
}

/// What this process has from its parent.
pub fn inherited() -> Inherited {
    let variables = std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned()).collect();
    let listed = std::fs::read_dir("/proc/self/fd").map(|entries| {
        let numbers = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        numbers.filter(|number| *number > 2).collect::<Vec<_>>()
    });
    // The directory is itself open while it is listed, and closed by now.
    let open = |number: &u32| std::fs::symlink_metadata(format!("/proc/self/fd/{number}")).is_ok();
    let descriptors = listed.unwrap_or_default().into_iter().filter(open).collect();
    let new_privileges = !rustix::thread::no_new_privs().unwrap_or(false);
    let dumpable = !matches!(rustix::process::dumpable_behavior(), Ok(DumpableBehavior::NotDumpable));
    Inherited { variables, descriptors, new_privileges, dumpable }
}
