//! Raising the walls, in the order in which each still can.

use crate::system_calls;
use landlock::{
    ABI, Access as _, AccessFs, AccessNet, CompatLevel, Compatible as _, RestrictionStatus, Ruleset, RulesetAttr as _,
    RulesetCreatedAttr as _, RulesetError, RulesetStatus, Scope,
};
use rustix::process::{Resource, Rlimit, Signal, setrlimit};
use rustix::thread::UnshareFlags;
use serde::{Deserialize, Serialize};
use tidegate_terms::{Guard, Wall, stands};

/// Whether a wall stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The wall.
    pub wall: Wall,
    /// Whether it stands in full.
    pub stands: bool,
    /// Why not, or in how far.
    pub detail: String,
}

/// The user and group that own nothing.
const NOBODY: u32 = 65_534;

/// Ties this process to its parent: when the parent dies, so does it.
pub fn die_with_parent() {
    let _ = rustix::process::set_parent_process_death_signal(Some(Signal::KILL));
}

/// Raises all walls that this kernel has around the calling process, which must have one thread only, and
/// says which stand. `data_bytes` bounds its writable memory.
pub fn raise(data_bytes: u64) -> Vec<Standing> {
    if !stands(Guard::SystemWalls) {
        return Vec::new();
    }
    vec![
        standing(Wall::Namespaces, namespaces()),
        standing(Wall::User, nobody()),
        standing(Wall::NoNewPrivileges, rustix::thread::set_no_new_privs(true).map_err(|error| error.to_string())),
        standing(Wall::Landlock, landlock()),
        standing(Wall::Limits, limits(data_bytes)),
        standing(Wall::Seccomp, system_calls::confine()),
    ]
}

/// Raises what a process can do without that must connect to somebody outside: rights of the user, files but those that
/// name other machines, writing, memory. The network stays, and with it threads and system calls that it needs.
pub fn raise_but_network(data_bytes: u64) -> Vec<Standing> {
    if !stands(Guard::SystemWalls) {
        return Vec::new();
    }
    vec![
        standing(Wall::User, nobody()),
        standing(Wall::NoNewPrivileges, rustix::thread::set_no_new_privs(true).map_err(|error| error.to_string())),
        standing(Wall::Landlock, landlock_but_names()),
        standing(Wall::Limits, limits_but_sockets(data_bytes)),
    ]
}

/// What resolving the name of another machine reads.
const NAMES: [&str; 7] = ["/etc", "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/run/systemd/resolve", "/run/nscd"];

fn landlock_but_names() -> Result<(), String> {
    let ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(ABI::V5))
        .and_then(|ruleset| ruleset.scope(Scope::from_all(ABI::V6)))
        .and_then(|ruleset| ruleset.create())
        .and_then(|ruleset| ruleset.add_rules(landlock::path_beneath_rules(NAMES, AccessFs::from_read(ABI::V5))));
    outcome(ruleset.and_then(|ruleset| ruleset.restrict_self()))
}

fn limits_but_sockets(data_bytes: u64) -> Result<(), String> {
    let at_most = |maximum: u64| Rlimit { current: Some(maximum), maximum: Some(maximum) };
    let all = [(Resource::Fsize, 0), (Resource::Core, 0), (Resource::Memlock, 0), (Resource::Data, data_bytes), (Resource::Nofile, 32)];
    for (resource, maximum) in all {
        setrlimit(resource, at_most(maximum)).map_err(|error| format!("{resource:?}: {error}"))?;
    }
    let hidden = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
    hidden.map_err(|error| format!("dumpable: {error}"))
}

pub(crate) fn standing(wall: Wall, raised: Result<(), String>) -> Standing {
    Standing { wall, stands: raised.is_ok(), detail: raised.err().unwrap_or_default() }
}

fn namespaces() -> Result<(), String> {
    let own = UnshareFlags::NEWNET | UnshareFlags::NEWIPC | UnshareFlags::NEWUTS | UnshareFlags::NEWNS;
    // Root needs no user namespace; everybody else gets the others only inside one.
    let flags = if rustix::process::geteuid().is_root() { own } else { own | UnshareFlags::NEWUSER };
    // SAFETY: no file descriptor table is unshared, so no other code can lose one.
    unsafe { rustix::thread::unshare_unsafe(flags) }.map_err(|error| format!("unshare: {error}"))
}

fn nobody() -> Result<(), String> {
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let failed = |error: rustix::io::Errno| format!("setuid: {error}");
    rustix::thread::set_thread_groups(&[]).map_err(failed)?;
    let (user, group) = (rustix::process::Uid::from_raw(NOBODY), rustix::process::Gid::from_raw(NOBODY));
    rustix::thread::set_thread_res_gid(group, group, group).map_err(failed)?;
    rustix::thread::set_thread_res_uid(user, user, user).map_err(failed)?;
    // A change of user clears the signal; a parent that died meanwhile closes our pipe.
    die_with_parent();
    Ok(())
}

fn landlock() -> Result<(), String> {
    let raised = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(ABI::V5))
        .and_then(|ruleset| ruleset.handle_access(AccessNet::from_all(ABI::V5)))
        .and_then(|ruleset| ruleset.scope(Scope::from_all(ABI::V6)))
        .and_then(|ruleset| ruleset.create())
        .and_then(|ruleset| ruleset.restrict_self());
    outcome(raised)
}

pub(crate) fn outcome(raised: Result<RestrictionStatus, RulesetError>) -> Result<(), String> {
    match raised.map(|status| status.ruleset) {
        Ok(RulesetStatus::FullyEnforced) => Ok(()),
        Ok(RulesetStatus::PartiallyEnforced) => Err("this kernel knows a part of it only".into()),
        Ok(RulesetStatus::NotEnforced) => Err("this kernel does not have it".into()),
        Err(error) => Err(error.to_string()),
    }
}

fn limits(data_bytes: u64) -> Result<(), String> {
    let at_most = |maximum: u64| Rlimit { current: Some(maximum), maximum: Some(maximum) };
    let none = [Resource::Fsize, Resource::Core, Resource::Nproc, Resource::Memlock, Resource::Msgqueue];
    let rest = [(Resource::Data, data_bytes), (Resource::Nofile, 0)];
    let all = none.into_iter().map(|resource| (resource, 0)).chain(rest);
    for (resource, maximum) in all {
        setrlimit(resource, at_most(maximum)).map_err(|error| format!("{resource:?}: {error}"))?;
    }
    let hidden = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
    hidden.map_err(|error| format!("dumpable: {error}"))
}
