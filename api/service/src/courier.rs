//! The courier: the one child that may connect out. It carries a checkpoint to one witness and brings back the answer.
//!
//! It holds no key and no data, sees one address and one public request, and gives up files, rights and memory as the
//! other children do, the network excepted. What it brings is believed by nobody before it was verified.

use crate::ServiceError;
use crate::children::{Programs, start};
use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};
use std::io::{Read, Write};
use std::sync::mpsc;
use std::time::Duration;
use tidegate_engine::{FrameError, read_frame, write_frame};
use tidegate_terms::Spoken;

/// How long a witness may take to answer, all told.
const ANSWER_SECONDS: u64 = 5;
/// When the keeper ends a courier that has not ended itself.
const PATIENCE_SECONDS: u64 = ANSWER_SECONDS + 2;
/// The longest answer: a few signature lines.
const ANSWER_BYTES_MAX: u64 = 64 << 10;
const REQUEST_BYTES_MAX: u64 = 2 << 20;
const MEMORY_BYTES: u64 = 256 << 20;

/// What the courier is told, beside the body.
#[derive(Serialize, Deserialize)]
struct Errand {
    url: String,
}

/// What came back, beside the body.
#[derive(Serialize, Deserialize)]
enum Brought {
    Answer { status: u16, content_type: String },
    Nothing(Spoken),
}

/// The answer of a witness, not yet verified.
#[derive(Debug)]
pub struct Posted {
    /// The status.
    pub status: u16,
    /// The media type.
    pub content_type: String,
    /// The body.
    pub body: Vec<u8>,
}

/// Sends a body to an address in a process of its own.
pub(crate) fn send(programs: &Programs, url: &str, body: &[u8]) -> Result<Posted, ServiceError> {
    let (mut child, mut to, mut from) = start(&mut programs.child("courier"))?;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let (done, waiting) = mpsc::channel::<()>();
    let watch = std::thread::spawn(move || {
        // A courier that hangs is killed; its pipe then ends. It is reaped only after this thread has.
        if waiting.recv_timeout(Duration::from_secs(PATIENCE_SECONDS)) == Err(mpsc::RecvTimeoutError::Timeout) {
            let _ = pid.map(|pid| kill_process(pid, Signal::KILL));
        }
    });
    let errand = Errand { url: url.to_owned() };
    let answer = write_frame(&mut to, &errand, body).and_then(|()| read_frame::<Brought>(&mut from, ANSWER_BYTES_MAX));
    drop(done);
    let _ = watch.join();
    let _ = child.kill();
    let _ = child.wait();
    match answer {
        Ok((Brought::Answer { status, content_type }, body)) => Ok(Posted { status, content_type, body }),
        Ok((Brought::Nothing(why), _)) => Err(why.into()),
        Err(error) => Err(ServiceError::Child { detail: format!("the courier ended early: {error}") }),
    }
}

/// The courier child. `post` takes address, body, seconds and most bytes of the answer.
pub fn serve_courier(
    mut from: impl Read,
    mut to: impl Write,
    post: impl FnOnce(&str, &[u8], u64, u64) -> Result<Posted, Spoken>,
) -> Result<(), FrameError> {
    tidegate_walls::die_with_parent();
    tidegate_walls::raise_but_network(MEMORY_BYTES);
    let (Errand { url }, body) = read_frame(&mut from, REQUEST_BYTES_MAX)?;
    match post(&url, &body, ANSWER_SECONDS, ANSWER_BYTES_MAX) {
        Ok(Posted { status, content_type, body }) => write_frame(&mut to, &Brought::Answer { status, content_type }, &body),
        Err(why) => write_frame(&mut to, &Brought::Nothing(why), &[]),
    }
}
