//! The program answers for itself. This file also has `cargo test --workspace` build the program, which the
//! tests of the member `tests/` call.

use std::process::Command;

#[test]
fn it_says_its_version_and_refuses_unknown_commands() {
    let program = || Command::new(env!("CARGO_BIN_EXE_tidegate"));
    let version = program().arg("--version").output().expect("start");
    assert!(version.status.success());
    assert_eq!(String::from_utf8_lossy(&version.stdout).trim(), concat!("tidegate ", env!("CARGO_PKG_VERSION")));
    assert_eq!(program().arg("leak").output().expect("start").status.code(), Some(2));
}
