//! Attempts to get through the walls, for `tidegate doctor`: a wall that is only claimed is none.

use serde::{Deserialize, Serialize};
use std::io::Write as _;

/// Something that code which has broken out of WebAssembly would try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attempt {
    /// Read a file that everybody may read.
    ReadFile,
    /// Write a file where everybody may write.
    WriteFile,
    /// Open a socket to this machine.
    Network,
    /// Start another program.
    StartProcess,
    /// Read the parent's memory.
    ReadParent,
    /// Take sixteen gibibytes.
    TakeMemory,
}

impl Attempt {
    /// All attempts.
    pub const ALL: [Self; 6] = [Self::ReadFile, Self::WriteFile, Self::Network, Self::StartProcess, Self::ReadParent, Self::TakeMemory];

    /// Its name on a command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::ReadFile => "read-file",
            Self::WriteFile => "write-file",
            Self::Network => "network",
            Self::StartProcess => "start-process",
            Self::ReadParent => "read-parent",
            Self::TakeMemory => "take-memory",
        }
    }

    /// The attempt of this name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|attempt| attempt.name() == name)
    }
}

/// Makes an attempt; true if it succeeded. Behind standing walls it fails, or kills this process.
pub fn attempt(attempt: Attempt) -> bool {
    match attempt {
        Attempt::ReadFile => std::fs::read("/etc/passwd").is_ok_and(|bytes| !bytes.is_empty()),
        Attempt::WriteFile => write_file().is_ok(),
        Attempt::Network => std::net::UdpSocket::bind(("127.0.0.1", 0)).is_ok(),
        Attempt::StartProcess => std::process::Command::new("/bin/true").status().is_ok(),
        Attempt::ReadParent => read_parent(),
        Attempt::TakeMemory => take_memory(),
    }
}

fn write_file() -> std::io::Result<()> {
    let path = std::env::temp_dir().join(format!("tidegate-attempt-{}", std::process::id()));
    let written = std::fs::File::create_new(&path).and_then(|mut file| file.write_all(b"out"));
    let _ = std::fs::remove_file(&path);
    written
}

/// Reads one byte of the parent at an address that is mapped there: the program is the same, so an address
/// of our own code will do, unless the parent was loaded elsewhere; its own `/proc` entry shows it too.
fn read_parent() -> bool {
    let Some(parent) = rustix::process::getppid() else { return false };
    std::fs::read(format!("/proc/{}/environ", parent.as_raw_nonzero())).is_ok()
}

fn take_memory() -> bool {
    const BYTES: usize = 16 << 30;
    let mut memory: Vec<u8> = Vec::new();
    memory.try_reserve_exact(BYTES).is_ok() && {
        memory.push(1);
        std::hint::black_box(&memory).len() == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Without walls the attempts get through, so that `doctor` can fail.
    #[test]
    fn attempts_get_through_where_no_wall_stands() {
        for bites in [Attempt::ReadFile, Attempt::WriteFile, Attempt::Network, Attempt::StartProcess, Attempt::ReadParent] {
            assert!(attempt(bites), "{bites:?} fails even without walls");
        }
        assert!(Attempt::ALL.iter().all(|attempt| Attempt::of_name(attempt.name()) == Some(*attempt)));
        assert_eq!(Attempt::of_name("other"), None);
    }
}
