//! Runs a program in which `connect` kills: `no-network PROGRAM ARGUMENTS…`. Children inherit it.

use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter};
use std::collections::BTreeMap;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

fn main() {
    let calls: BTreeMap<i64, Vec<_>> = [(libc::SYS_connect, vec![])].into();
    let architecture = std::env::consts::ARCH.try_into().expect("a filter for this architecture");
    let filter = SeccompFilter::new(calls, SeccompAction::Allow, SeccompAction::KillProcess, architecture).expect("filter");
    let program: BpfProgram = filter.try_into().expect("program");
    apply_filter(&program).expect("seccomp");
    let mut arguments = std::env::args_os().skip(1);
    let error = Command::new(arguments.next().expect("a program")).args(arguments).exec();
    panic!("{error}");
}
