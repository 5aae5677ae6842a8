//! The seccomp filters: what computing needs is allowed, what only an attack needs kills, the rest fails.

use seccompiler::{BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule, apply_filter};
use std::collections::BTreeMap;

/// Computing, memory, pipes that are open already, and an orderly or disorderly end.
const NEEDED: &[libc::c_long] = &[
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_pread64,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_lseek,
    libc::SYS_fstat,
    libc::SYS_close,
    libc::SYS_mmap,
    libc::SYS_munmap,
    libc::SYS_mprotect,
    libc::SYS_madvise,
    libc::SYS_mremap,
    libc::SYS_brk,
    libc::SYS_futex,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    libc::SYS_getrandom,
    libc::SYS_clock_gettime,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_tgkill,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

/// What no honest worker ever tries: leaving the process, or looking out of it.
const FATAL: &[libc::c_long] = &[
    libc::SYS_socket,
    libc::SYS_socketpair,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_clone,
    libc::SYS_clone3,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_pidfd_open,
    libc::SYS_pidfd_getfd,
    libc::SYS_open_by_handle_at,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_setns,
    libc::SYS_unshare,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_kexec_load,
];

/// PAGEMAP_SCAN of Linux 6.7: with it the engine finds the pages that a unit left dirty.
const PAGEMAP_SCAN: u64 = 0xc060_6610;

/// Puts both filters over this thread; the stricter verdict of the two holds.
pub(crate) fn confine() -> Result<(), String> {
    let refuse = SeccompAction::Errno(libc::EPERM as u32);
    let mut needed: BTreeMap<i64, Vec<SeccompRule>> = NEEDED.iter().map(|call| (*call, vec![])).collect();
    needed.insert(libc::SYS_ioctl, vec![scan_only()?]);
    // The one that still lets us put the other over it comes first.
    let fatal = FATAL.iter().map(|call| (*call, vec![])).collect();
    apply(fatal, SeccompAction::Allow, SeccompAction::KillProcess)?;
    apply(needed, refuse, SeccompAction::Allow)
}

/// What a server must not do, of what is fatal for a worker: it starts threads, and its runtime makes socket pairs.
const NEEDED_BY_SERVERS: &[libc::c_long] = &[libc::SYS_clone, libc::SYS_clone3, libc::SYS_socketpair];
const OF_LOCAL_SOCKETS: &[libc::c_long] = &[libc::SYS_socket, libc::SYS_connect];

/// Puts the filter of a server over this thread and those that it starts: threads yes, processes no; the sockets that it
/// has yes, others no, but for sockets of the file system where it needs them.
pub(crate) fn confine_server(local_sockets: bool) -> Result<(), String> {
    let kept = |call: &libc::c_long| NEEDED_BY_SERVERS.contains(call) || (local_sockets && OF_LOCAL_SOCKETS.contains(call));
    let fatal = FATAL.iter().filter(|call| !kept(call)).map(|call| (*call, vec![])).collect();
    apply(fatal, SeccompAction::Allow, SeccompAction::KillProcess)?;
    // The arguments of clone3 lie in memory, where no filter sees them; without it, C libraries take clone.
    let no_clone3 = BTreeMap::from([(libc::SYS_clone3, vec![])]);
    apply(no_clone3, SeccompAction::Allow, SeccompAction::Errno(libc::ENOSYS as u32))?;
    let thread = libc::CLONE_THREAD as u64;
    let mut refused = BTreeMap::from([(libc::SYS_clone, vec![rule(0, SeccompCmpOp::MaskedEq(thread), 0)?])]);
    if local_sockets {
        refused.insert(libc::SYS_socket, vec![rule(0, SeccompCmpOp::Ne, libc::AF_UNIX as u64)?]);
    }
    apply(refused, SeccompAction::Allow, SeccompAction::Errno(libc::EPERM as u32))
}

fn rule(argument: u8, compared: SeccompCmpOp, with: u64) -> Result<SeccompRule, String> {
    let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Dword, compared, with);
    condition.and_then(|condition| SeccompRule::new(vec![condition])).map_err(|error| error.to_string())
}

fn scan_only() -> Result<SeccompRule, String> {
    rule(1, SeccompCmpOp::Eq, PAGEMAP_SCAN)
}

fn apply(rules: BTreeMap<i64, Vec<SeccompRule>>, mismatch: SeccompAction, matched: SeccompAction) -> Result<(), String> {
    let architecture = std::env::consts::ARCH.try_into().map_err(|_| format!("no filter for {}", std::env::consts::ARCH))?;
    let filter = SeccompFilter::new(rules, mismatch, matched, architecture).map_err(|error| error.to_string())?;
    let program: BpfProgram = filter.try_into().map_err(|error: seccompiler::BackendError| error.to_string())?;
    apply_filter(&program).map_err(|error| error.to_string())
}
