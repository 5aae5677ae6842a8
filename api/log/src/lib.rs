//! The transparency log: what happened, in an order that nobody can change unseen.

mod entry;
mod text;

pub use entry::{Charge, ENTRY_BYTES_MAX, Entry, EntryError, Event, RELEASE_BYTES, commit, entry_schema};
pub use text::{parse_instant, parse_key};
