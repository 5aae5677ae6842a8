//! Frames: a length of four bytes, little-endian, and JSON.

use crate::api::{Call, Class, Event, Problem, Words};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::io::{self, Read, Write};
use tidegate_terms::{Spoken, messages};

/// The longest frame towards the keeper: a component in base64 with its manifest, or side tables.
pub(crate) const DOWN_BYTES_MAX: usize = 96 << 20;
/// The longest frame from the keeper: a release of a million numbers with their intervals.
pub(crate) const UP_BYTES_MAX: usize = 256 << 20;

messages! {
    /// What is wrong with the pipe to the keeper.
    #[derive(Clone, PartialEq, Eq)]
    pub enum PipeError {
        Gone = "keeper.gone" {
            en: "the keeper process has ended, so nothing can be answered",
            zh: "守护进程已结束，无法应答",
        },
        Opening = "keeper.opening" {
            en: "the domain is still being opened",
            zh: "数据域仍在打开中",
        },
        Full = "keeper.full" {
            en: "the keeper has as many calls under way as it takes",
            zh: "守护进程正在处理的调用已达上限",
        },
        TooLong { bytes: usize, maximum: usize } = "keeper.frame-too-long" {
            en: "a message of {bytes} bytes came where at most {maximum} are possible",
            zh: "收到 {bytes} 字节的消息，而上限为 {maximum} 字节",
        },
        NotAMessage { detail: String } = "keeper.not-a-message" {
            en: "what came is not a message: {detail}",
            zh: "收到的内容不是消息：{detail}",
        },
        Failed { detail: String } = "keeper.pipe" {
            en: "the pipe failed: {detail}",
            zh: "管道出错：{detail}",
        },
        Broken = "keeper.broken" {
            en: "the keeper failed in answering",
            zh: "守护进程在应答时发生故障",
        },
    }
}

impl PipeError {
    /// As a caller reads it.
    pub(crate) fn problem(&self) -> Problem {
        let words = |en, zh| Words { en, zh };
        let again = words(
            "try again later, with the same `Idempotency-Key` where there was one",
            "请稍后重试；若带有 `Idempotency-Key`，请沿用同一个",
        );
        let (class, remedy, seconds) = match self {
            Self::Opening | Self::Full => (Class::Busy, again, 2),
            Self::Broken => (Class::Failed, again, 2),
            _ => (Class::Busy, words("wait until the custodian has started the server again", "请等待运维方重新启动服务"), 10),
        };
        let mut problem = Problem::new(class, self, remedy);
        problem.retry_after = (class == Class::Busy).then_some(seconds);
        problem
    }
}

/// What the front says.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Down {
    /// A call with its number.
    Call { id: u64, call: Box<Call> },
    /// Nobody reads that stream any more.
    Forget { id: u64 },
}

/// What the keeper says.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Up {
    /// The domain is open.
    Open,
    /// It cannot be opened; nothing else will come.
    Unable { why: Spoken },
    /// Done.
    Done { id: u64, output: Value, version: Option<String>, next: Option<String> },
    /// Refused.
    Refused { id: u64, problem: Box<Problem> },
    /// Events will come.
    Streams { id: u64, version: Option<String> },
    /// One of them.
    Event { id: u64, event: Event },
    /// No more of them.
    End { id: u64 },
}

/// A message as it goes over the pipe.
pub(crate) fn frame(message: &impl Serialize, maximum: usize) -> Result<Vec<u8>, PipeError> {
    let mut bytes = vec![0; 4];
    serde_json::to_writer(&mut bytes, message).map_err(|error| PipeError::NotAMessage { detail: error.to_string() })?;
    let length = bytes.len() - 4;
    let too_long = PipeError::TooLong { bytes: length, maximum };
    let short = u32::try_from(length).ok().filter(|_| length <= maximum).ok_or(too_long)?;
    bytes[..4].copy_from_slice(&short.to_le_bytes());
    Ok(bytes)
}

fn failed(error: &io::Error) -> PipeError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => PipeError::Gone,
        _ => PipeError::Failed { detail: error.to_string() },
    }
}

/// Writes frames that are ready.
pub(crate) fn write(to: &mut impl Write, frame: &[u8]) -> Result<(), PipeError> {
    to.write_all(frame).and_then(|()| to.flush()).map_err(|error| failed(&error))
}

/// Reads one message and says how many bytes it had. Memory is taken as bytes come, never as a length promises.
pub(crate) fn read<T: DeserializeOwned>(from: &mut impl Read, maximum: usize) -> Result<(T, usize), PipeError> {
    let mut length = [0; 4];
    from.read_exact(&mut length).map_err(|error| failed(&error))?;
    let bytes = u32::from_le_bytes(length) as usize;
    if bytes > maximum {
        return Err(PipeError::TooLong { bytes, maximum });
    }
    let mut text = Vec::new();
    from.take(bytes as u64).read_to_end(&mut text).map_err(|error| failed(&error))?;
    if text.len() < bytes {
        return Err(PipeError::Gone);
    }
    let message = serde_json::from_slice(&text).map_err(|error| PipeError::NotAMessage { detail: error.to_string() })?;
    Ok((message, bytes))
}
