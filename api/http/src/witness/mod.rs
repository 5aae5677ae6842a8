//! A witness (C2SP tlog-witness): it cosigns a log's checkpoint if that extends what it cosigned before.
//!
//! Guarantee: whatever is asked, in whatever order, at once or between crashes, all checkpoints of one log that this
//! witness cosigned lie on one history. What it relies on is durable before a cosignature leaves; requests about one log
//! come one after the other; a state that is missing or older than what was seen stops the witness instead of letting it
//! begin anew. It keeps each checkpoint that it cosigned, and both notes where a log contradicts itself.
//!
//! What it does not see: entries. It says that a history only grew, not that it is true.

mod files;
mod judge;
mod service;
mod state;

pub use judge::WitnessError;
pub use service::serve_witness;
pub use state::{LogView, Witness, WitnessStateError, WitnessView};
