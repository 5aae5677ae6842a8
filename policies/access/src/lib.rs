//! May this person, in this role, do this to that, now? One question, one answer with its article.
//!
//! The rules stand as Cedar policies in `policies/access/cedar/`, readable without this code: permits say which role may
//! act in which state of a thing, conditions say what else must hold. Guarantee: nothing is allowed that no permit
//! names; a fact that nobody established counts as not met; and no denial comes without a rule, in English and in
//! Chinese. Rejected: checks spread over the service, which nobody can read as one table (decision 0033).

mod action;
mod decide;
mod facts;
mod policies;
mod table;

pub use action::{Action, Kind};
pub use decide::{Actor, Decision, Denial, Request, Resource};
pub use facts::Facts;
pub use policies::{AccessError, AccessRules};
pub use table::access_table;
