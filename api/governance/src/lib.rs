//! Governance: whoever asks is known, whatever is done is decided, and every decision stands in the log.
//!
//! An [`Office`] answers the calls of the interface inside the keeper. A call becomes a [`Desk`] (who asks, on which day,
//! under which rules); what it changes is an [`Act`], one transaction that reads, writes and ends with the entry of its
//! decision. Guarantee: nothing is changed without one decision of the access rules, nothing is changed twice under one
//! idempotency key, and what a stop concerns does not commit after the stop.
//!
//! Rejected: checks in middleware. What a decision needs to know is read in the transaction that it permits
//! (decision 0036).

#[macro_use]
mod macros;

mod act;
mod authentication;
mod decide;
mod desk;
mod effects;
mod founding;
mod heirs;
mod idempotency;
mod offers;
mod office;
mod outcome;
mod queue;
mod recovery;
mod rules;
mod secrets;
mod totp;

pub mod facts;
pub mod operations;
pub mod records;

#[cfg(test)]
mod tests;

pub use act::{Act, Kept, Row};
pub use authentication::{AuthenticationError, SESSION_IDLE_SECONDS, SIGNATURE_FRESH_SECONDS};
pub use decide::{Decided, Thing, days_of, kind_name};
pub use desk::{Caller, Desk};
pub use effects::Cause;
pub use founding::{FirstToken, Founded, FoundingError, found, is_governed};
pub use offers::{Follow, Serve, table};
pub use office::Office;
pub use outcome::{Done, Refused};
pub use queue::{Queue, QueuedRun, RunView};
pub use recovery::{Recovered, RecoveryError, recover};
pub use rules::Rules;
pub use tidegate_service::Halted;
pub use tidegate_store::Subject;
