//! The private pipe between the process that speaks HTTP and the keeper: many calls at a time, answered in any order.
//!
//! Guarantee: neither side believes the other. Lengths are checked before memory is taken, a frame that cannot be read
//! ends the pipe, an answer to nobody is dropped, and calls, streams and bytes have bounds on both sides. A caller that
//! goes away stops a stream, never a call. When one side ends, the other knows: callers get a refusal at once
//! ([`Piped`]), and the keeper lets what is under way come to its end ([`serve_pipe`]).
//!
//! Rejected: one connection to the keeper for each call. The front would need a right to connect, and its walls take that.

mod front;
mod office;
mod wire;

pub use front::{Lost, Piped};
pub use office::{OfficeBounds, Unserved, serve_pipe};
pub use wire::PipeError;

#[cfg(test)]
mod tests;
