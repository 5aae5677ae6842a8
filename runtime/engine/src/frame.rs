//! Frames on the pipes between processes of one domain: a JSON head and a binary body, each with its length.
//!
//! Lengths are checked before memory is taken, because a worker that a module has taken over writes them.

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::{self, Read, Write};
use tidegate_terms::messages;

messages! {
    /// Why a frame cannot be used.
    pub enum FrameError {
        Closed = "frame.closed" {
            en: "the other process is gone",
            zh: "对方进程已退出",
        },
        TooLong { bytes: u64, maximum: u64 } = "frame.too-long" {
            en: "the other process sent {bytes} bytes where at most {maximum} are possible",
            zh: "对方进程发送了 {bytes} 字节，而最多可能为 {maximum} 字节",
        },
        Head { detail: String } = "frame.head" {
            en: "the other process sent something that is not a message: {detail}",
            zh: "对方进程发送的内容不是消息：{detail}",
        },
        Io { detail: String } = "frame.io" {
            en: "the pipe to the other process failed: {detail}",
            zh: "与对方进程的管道出错：{detail}",
        },
    }
}

/// A release of a million numbers with their intervals, as JSON, is the longest.
const HEAD_MAX: u64 = 256 << 20;

fn io_error(error: io::Error) -> FrameError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => FrameError::Closed,
        _ => FrameError::Io { detail: error.to_string() },
    }
}

/// Writes one frame and flushes it.
pub fn write_frame(to: &mut impl Write, head: &impl Serialize, body: &[u8]) -> Result<(), FrameError> {
    let head = serde_json::to_vec(head).map_err(|error| FrameError::Head { detail: error.to_string() })?;
    let lengths = [(head.len() as u64).to_le_bytes(), (body.len() as u64).to_le_bytes()].concat();
    to.write_all(&lengths).and_then(|()| to.write_all(&head)).and_then(|()| to.write_all(body)).and_then(|()| to.flush()).map_err(io_error)
}

/// Reads one frame whose body has at most `body_max` bytes.
pub fn read_frame<T: DeserializeOwned>(from: &mut impl Read, body_max: u64) -> Result<(T, Vec<u8>), FrameError> {
    let mut lengths = [0; 16];
    from.read_exact(&mut lengths).map_err(io_error)?;
    let length = |at: usize| u64::from_le_bytes(std::array::from_fn(|i| lengths[at + i]));
    let head = read_bounded(from, length(0), HEAD_MAX)?;
    let body = read_bounded(from, length(8), body_max)?;
    let head = serde_json::from_slice(&head).map_err(|error| FrameError::Head { detail: error.to_string() })?;
    Ok((head, body))
}

fn read_bounded(from: &mut impl Read, bytes: u64, maximum: u64) -> Result<Vec<u8>, FrameError> {
    if bytes > maximum {
        return Err(FrameError::TooLong { bytes, maximum });
    }
    let mut buffer = Vec::new();
    from.take(bytes).read_to_end(&mut buffer).map_err(io_error)?;
    if buffer.len() as u64 == bytes { Ok(buffer) } else { Err(FrameError::Closed) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_terms::Message as _;

    #[test]
    fn a_frame_comes_back_and_a_damaged_one_does_not() {
        let mut wire = Vec::new();
        write_frame(&mut wire, &"head", b"body").expect("write");
        let (head, body): (String, _) = read_frame(&mut wire.as_slice(), 4).expect("read");
        assert_eq!((head.as_str(), body.as_slice()), ("head", b"body".as_slice()));
        for cut in 0..wire.len() {
            assert!(read_frame::<String>(&mut &wire[..cut], 4).is_err(), "cut at {cut}");
        }
        assert_eq!(read_frame::<String>(&mut wire.as_slice(), 3).expect_err("long").code(), "frame.too-long");
        let mut huge = wire.clone();
        huge[7] = 0xff;
        assert_eq!(read_frame::<String>(&mut huge.as_slice(), 4).expect_err("huge").code(), "frame.too-long");
        assert_eq!(read_frame::<u32>(&mut wire.as_slice(), 4).expect_err("type").code(), "frame.head");
    }
}
