//! Who takes part: organisations, people, roles, and what identifies them.
//!
//! Everything that is read is checked: check digits, dates that exist, names that cannot be taken for other names.
//! A citizen's number is never shown, by `Debug`, by an error or by a serialiser. Rejected: roles as free text. The
//! list is closed, so that the table of who may do what can be complete.

mod code;
mod display_name;
mod duties;
mod national;
mod organisation;
mod role;

pub use code::{CitizenId, CodeError, CreditCode};
pub use display_name::{DisplayName, DisplayNameError, check_distinct, look_alike};
pub use duties::{DutyBearers, DutyError};
pub use national::{NationalId, NationalIdError, Scheme};
pub use organisation::{Contact, Organisation, OrganisationError, OrganisationKind, Person};
pub use role::Role;
