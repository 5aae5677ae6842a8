//! Statistical disclosure control: which cells of an exact table must not be shown.
//!
//! **Purpose.** The reviewed aggregate mode lets exact counts and sums leave. [`review`] takes a [`Table`] with its
//! margins, suppresses cells that disclose somebody (threshold, (n, k) dominance, p%), suppresses what overlaps
//! with earlier tables of the lineage, and then suppresses further cells until nobody can compute the first ones
//! back from what is shown.
//!
//! **Guarantee.** Whoever knows every published cell exactly (rounding is not relied upon), the bounds of a
//! contribution and the contributors of every cell that passes the threshold can bound no suppressed cell more closely
//! than its rule demands; the bounds are exact, because a table with margins is a network (`network`). It is **not**
//! differential privacy: see `docs/claims/reviewed-aggregate.md` for what it does not protect against.
//!
//! **Rejected.** An optimal choice of the further cells needs integer programming and an external solver; the greedy
//! choice here is checked by the same exact bounds and suppresses somewhat more. Protection by rounding alone fails as
//! soon as one table is published twice with different bases.
//!
//! Pure: no files, no clock, no randomness; the same input gives the same table.

mod network;
mod overlap;
mod primary;
mod published;
mod review;
mod secondary;
mod table;

pub use overlap::{Remembered, RememberedError};
pub use primary::Reason;
pub use published::{Published, STATEMENT_EN, STATEMENT_ZH, Shown, Statement};
pub use review::{Reasons, Refusal, Requirement, Reviewed, review};
pub use table::{Axis, Cell, Measure, Path, Table, TableError};
pub use tidegate_terms::{DisclosureRules, DisclosureRulesError, Dominance};
