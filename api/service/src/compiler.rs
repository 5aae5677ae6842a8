//! The compile child: the only process that reads the structure of an upload.
//!
//! Guarantee: whatever a file holds, the keeper looks at its length and its first eight bytes alone; parsing,
//! validation, compilation and the first load happen in a process with walls that has no key, no file and no network,
//! bounded in processor time, time by the clock and memory. If it is broken into, stuck or killed, the upload is
//! refused and nothing else is lost.
//!
//! Rejected: to check the structure in the keeper first, because refusals come faster that way. A stack overflow in a
//! parser would then end the process that holds the domain's keys (decision 0029).

use crate::ServiceError;
use crate::children::{Programs, start};
use serde::{Deserialize, Serialize};
use std::io::{Read, Write};
use std::process::Child;
use std::sync::mpsc;
use std::time::Duration;
use tidegate_engine::{FrameError, read_frame, write_frame};
use tidegate_sandbox::contract::Inputs;
use tidegate_sandbox::{CODE_BYTES_MAX, COMPONENT_BYTES_MAX, CompiledModule, Limits, Sandbox, UploadError, check_envelope};
use tidegate_terms::{Guard, Spoken, stands};

/// Processor seconds that checking and compiling one upload may take. A CPython guest of 18 MB takes 9 to 16.
const COMPILE_SECONDS: u64 = 20;
/// Seconds by the clock: several times as many, for machines that are busy with something else.
const COMPILE_CLOCK_SECONDS: u64 = 120;
/// Writable memory of that process; a CPython guest takes 360 MiB.
const COMPILE_MEBIBYTES: u64 = 1_024;

#[derive(Serialize, Deserialize)]
enum Compiled {
    Done,
    Refused(Spoken),
}

/// Checks and compiles a hostile component in a child with limits.
///
/// The child also loads the result under the manifest's limits, so that a module which can never run is
/// refused at upload and not after it was paid for.
pub fn compile(programs: &Programs, component: &[u8], memory_bytes: u64) -> Result<CompiledModule, ServiceError> {
    check_envelope(component)?;
    let (mut child, mut to, mut from) = start(&mut programs.child("compile"))?;
    let talk = move || {
        write_frame(&mut to, &memory_bytes, component)?;
        read_frame::<Compiled>(&mut from, CODE_BYTES_MAX)
    };
    let clock = if stands(Guard::UploadGate) { COMPILE_CLOCK_SECONDS } else { 10 * COMPILE_CLOCK_SECONDS };
    match within(&mut child, Duration::from_secs(clock), talk) {
        // SAFETY: the body comes from our own compile child, through a pipe that only it can write; it ran
        // no code of the guest.
        Some(Ok((Compiled::Done, code))) => Ok(unsafe { CompiledModule::from_trusted_pipe(code) }),
        Some(Ok((Compiled::Refused(refusal), _))) => Err(refusal.into()),
        Some(Err(_)) | None => {
            Err(UploadError::CompileLimits { seconds: COMPILE_SECONDS, clock_seconds: COMPILE_CLOCK_SECONDS, mebibytes: COMPILE_MEBIBYTES }
                .into())
        }
    }
}

/// Talks with a child for at most so long, and ends it in any case: a conversation that hangs is cut by the death of
/// whom it is held with. `None` if it was not over in time.
fn within<T: Send>(child: &mut Child, limit: Duration, talk: impl FnOnce() -> T + Send) -> Option<T> {
    std::thread::scope(|scope| {
        let (tell, told) = mpsc::channel();
        scope.spawn(move || {
            // Nobody listens any more once the time is over.
            let _ = tell.send(talk());
        });
        let answer = told.recv_timeout(limit).ok();
        let _ = child.kill();
        let _ = child.wait();
        answer
    })
}

/// The compile child.
pub fn serve_compile(mut from: impl Read, mut to: impl Write) -> Result<(), FrameError> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    tidegate_walls::die_with_parent();
    if stands(Guard::UploadGate) {
        let limit = Rlimit { current: Some(COMPILE_SECONDS), maximum: Some(COMPILE_SECONDS) };
        let _ = setrlimit(Resource::Cpu, limit);
    }
    let mebibytes = if stands(Guard::UploadGate) { COMPILE_MEBIBYTES } else { 8 * COMPILE_MEBIBYTES };
    tidegate_walls::raise(mebibytes << 20);
    let (memory_bytes, component) = read_frame(&mut from, COMPONENT_BYTES_MAX as u64)?;
    let loaded = tidegate_sandbox::compile(&component).map_err(|error| Spoken::of(&error)).and_then(|module| {
        let limits = Limits { fuel: 0, memory_bytes, answer_bytes: 0 };
        Sandbox::new(&module, Inputs::new(&[], Vec::new()), limits, false).map(|_| module).map_err(|error| Spoken::of(&error))
    });
    match loaded {
        Ok(module) => write_frame(&mut to, &Compiled::Done, module.bytes()),
        Err(refusal) => write_frame(&mut to, &Compiled::Refused(refusal), &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    fn sleeper() -> Child {
        Command::new("sleep").arg("600").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("sleep")
    }

    /// A child that neither answers nor takes what it is told is gone when the time is over, and the keeper goes on.
    #[test]
    fn a_child_that_hangs_is_ended_by_the_clock() {
        for deaf in [false, true] {
            let mut child = sleeper();
            let (mut to, mut from) = (child.stdin.take().expect("pipe"), child.stdout.take().expect("pipe"));
            let answer = within(&mut child, Duration::from_millis(100), move || {
                // More than a pipe holds, so that writing hangs as reading does.
                let told = if deaf { to.write_all(&vec![0; 1 << 20]) } else { Ok(()) };
                told.and_then(|()| from.read(&mut [0; 1]))
            });
            assert!(answer.is_none(), "it sleeps for ten minutes");
            assert!(child.try_wait().expect("child").is_some(), "it is dead and buried");
        }
    }

    #[test]
    fn an_answer_in_time_is_handed_on() {
        let mut child = sleeper();
        assert_eq!(within(&mut child, Duration::from_secs(600), || 7), Some(7));
        assert!(child.try_wait().expect("child").is_some());
    }
}
