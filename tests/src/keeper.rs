//! The keeper, spoken to on its own pipe, with or without the shim (`tests/faults/disk/shim.c`) in front of its C
//! library, which fails durable calls and sets the clock.

use crate::program::{program, repository};
use serde_json::Value;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use tidegate_engine::{read_frame, write_frame};

/// What happens to one call.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    /// Which durable call, from 1.
    pub at: usize,
    /// One of [`KINDS`].
    pub kind: &'static str,
}

/// Everything that can happen to a durable call.
pub const KINDS: [&str; 7] = ["error", "late-error", "kill-before", "kill-after", "full", "torn", "dead"];

/// What the keeper said.
#[derive(Debug)]
pub enum Answer {
    /// The answer.
    Done(Value),
    /// The code of the refusal.
    Refused(String),
    /// It died.
    Gone,
}

/// A keeper process; it ends with the value.
pub struct Keeper {
    child: Child,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
}

/// The shim, built once from `shim.c`.
fn shim() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let place = Box::leak(Box::new(crate::domain::place()));
        let library = place.path().join("shim.so");
        let source = repository("tests/faults/disk/shim.c");
        let built = Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).arg("-ldl").status();
        assert!(built.expect("cc is needed, as for the build itself").success(), "the shim does not build");
        library
    })
}

impl Keeper {
    /// As it is.
    pub fn start(domain: &Path) -> Self {
        Self::of(&mut Command::new(program()), domain)
    }

    /// With a fault, and a clock that is so many days ahead.
    pub fn with_fault(domain: &Path, Fault { at, kind }: Fault, days: i64) -> Self {
        let mut command = shimmed(days);
        command.env("FAULT_AT", at.to_string()).env("FAULT_KIND", kind);
        Self::of(&mut command, domain)
    }

    /// With a clock that is so many days ahead.
    pub fn ahead(domain: &Path, days: i64) -> Self {
        Self::of(&mut shimmed(days), domain)
    }

    /// Counts durable calls into a file.
    pub fn counting(domain: &Path, count: &Path, days: i64) -> Self {
        Self::of(shimmed(days).env("FAULT_COUNT", count), domain)
    }

    fn of(command: &mut Command, domain: &Path) -> Self {
        command.args(["internal", "keeper"]).env("TIDEGATE_DOMAIN", domain);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("start the keeper");
        let (to, from) = (child.stdin.take(), BufReader::new(child.stdout.take().expect("pipe")));
        Self { child, to, from }
    }

    /// Asks, and waits for the answer.
    pub fn ask(&mut self, request: &Value, body: &[u8]) -> Answer {
        let Some(to) = self.to.as_mut() else { return Answer::Gone };
        if write_frame(to, request, body).is_err() {
            return Answer::Gone;
        }
        loop {
            let Ok((reply, _)) = read_frame::<Value>(&mut self.from, 0) else { return Answer::Gone };
            if let Some(done) = reply.get("Done") {
                return Answer::Done(done.clone());
            }
            if let Some(refused) = reply.get("Refused") {
                return Answer::Refused(refused["code"].as_str().unwrap_or_default().to_owned());
            }
        }
    }
}

fn shimmed(days: i64) -> Command {
    let mut command = Command::new(program());
    command.env("LD_PRELOAD", shim()).env("FAULT_DAYS", days.to_string());
    command
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.to = None;
        let _ = self.child.wait();
    }
}
