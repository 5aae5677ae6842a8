//! Walls around a process that serves others over the network: it answers, and reaches nothing else.
//!
//! Guarantee where all stand: code that has taken the process over can read (or, where it must, write) the one directory
//! that it serves, answer on the socket that was bound before, and compute. It opens no other file, so no key, no shard
//! and no database of a domain; it connects nowhere, binds nothing, starts no program, looks into no process.
//!
//! [`raise_server`] is called with one thread, after binding and before a runtime starts others: Landlock and seccomp hold
//! for the calling thread and those that it starts.
//!
//! Rejected: to change to another user. The directory that is served belongs to the user who started the server, and a
//! copy for `nobody` would have to be kept up to date by somebody with more rights.

use crate::raise::{Standing, outcome, standing};
use crate::system_calls;
use landlock::{
    ABI, Access as _, AccessFs, AccessNet, CompatLevel, Compatible as _, Ruleset, RulesetAttr as _, RulesetCreatedAttr as _, Scope,
    path_beneath_rules,
};
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
use std::path::Path;
use tidegate_terms::{Guard, Wall, stands};

/// What a server keeps.
#[derive(Debug, Clone, Copy, Default)]
pub struct ServerNeeds<'a> {
    /// Directories and files that it reads.
    pub reads: &'a [&'a Path],
    /// Directories that it reads and writes.
    pub writes: &'a [&'a Path],
    /// Whether it speaks to another process of this machine over a socket in the file system. Landlock does not guard
    /// those; the rights of the socket's file do.
    pub local_sockets: bool,
    /// Most writable memory, in bytes.
    pub data_bytes: u64,
}

/// How many files and connections a server may have open.
const DESCRIPTORS_MAX: u64 = 1_024;

/// Raises the walls of a server around the calling process, which must have one thread and has bound its address, and says
/// which stand.
pub fn raise_server(needs: &ServerNeeds<'_>) -> Vec<Standing> {
    if !stands(Guard::SystemWalls) {
        return Vec::new();
    }
    vec![
        standing(Wall::NoNewPrivileges, rustix::thread::set_no_new_privs(true).map_err(|error| error.to_string())),
        standing(Wall::Landlock, landlock(needs)),
        standing(Wall::Limits, limits(needs.data_bytes)),
        standing(Wall::Seccomp, system_calls::confine_server(needs.local_sockets)),
    ]
}

fn landlock(needs: &ServerNeeds<'_>) -> Result<(), String> {
    let ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(ABI::V5))
        .and_then(|ruleset| ruleset.handle_access(AccessNet::from_all(ABI::V5)))
        .and_then(|ruleset| ruleset.scope(Scope::from_all(ABI::V6)))
        .and_then(|ruleset| ruleset.create())
        .and_then(|ruleset| ruleset.add_rules(path_beneath_rules(needs.reads, AccessFs::from_read(ABI::V5))))
        .and_then(|ruleset| ruleset.add_rules(path_beneath_rules(needs.writes, AccessFs::from_all(ABI::V5) & !AccessFs::Execute)));
    outcome(ruleset.and_then(|ruleset| ruleset.restrict_self()))
}

fn limits(data_bytes: u64) -> Result<(), String> {
    let at_most = |maximum: u64| Rlimit { current: Some(maximum), maximum: Some(maximum) };
    let all = [(Resource::Core, 0), (Resource::Memlock, 0), (Resource::Data, data_bytes), (Resource::Nofile, DESCRIPTORS_MAX)];
    for (resource, maximum) in all {
        setrlimit(resource, at_most(maximum)).map_err(|error| format!("{resource:?}: {error}"))?;
    }
    set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(|error| format!("dumpable: {error}"))
}
