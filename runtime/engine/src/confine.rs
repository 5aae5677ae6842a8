//! What a worker gives up before it looks at its first unit.

use rustix::process::{Resource, Rlimit, setrlimit};

/// Ties this process to its parent: when the coordinator dies, so does the worker.
pub(crate) fn die_with_parent() {
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
}

/// Takes from this process what a worker never needs: writing files, new privileges, core dumps, outliving
/// its parent. Called when the module is loaded (the engine writes its memory image into an anonymous file)
/// and before the first unit is read.
///
/// It is the floor, set up by the worker itself; a kernel that lacks one of these leaves the others standing.
pub(crate) fn confine() {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    // Pipes are not files: the worker can still answer its parent, but can write nothing else.
    let _ = setrlimit(Resource::Fsize, none.clone());
    let _ = setrlimit(Resource::Core, none);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(64), maximum: Some(64) });
    let _ = rustix::thread::set_no_new_privs(true);
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}
