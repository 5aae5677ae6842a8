//! What one unit may contribute to each statistic, as exact integers, and what the noised totals mean.
//!
//! Guarantee: whatever a module returns, [`Layout::add`] adds integers inside the bounds from which
//! [`Part::sensitivity`] follows, or the sealed default. Clamping happens in floating point, the proof does not
//! rest on it: the integers are checked again, exactly, at the end.
//!
//! One folder per statistic: code, tests and `claim.md`, the privacy claim. Rejected: one generic "vector
//! with a norm" for everything; it cannot use that values of one unit are shared out over groups, and so
//! pays the square root of the number of groups for nothing.

mod automatic;
mod block_mean;
mod block_median;
mod conclude;
mod contribution;
mod count;
mod cumulative;
mod discovered;
mod histogram;
mod kind;
mod layout;
mod mean;
mod most_common;
mod noise;
mod part;
mod placed;
mod quantiles;
mod reviewed;
mod sum;
mod sums;
mod variance;
mod vector_sum;

pub use automatic::{ChosenBounds, MainRound, choose};
pub use conclude::{Conclusion, Estimate, Group, Vector};
pub use contribution::{NotAContribution, Scratch, Sparse};
pub use layout::{Layout, LayoutError};
pub use noise::interval_half_width;
pub use part::{Part, Sensitivity};
pub use placed::{Placed, Reference};
pub use reviewed::{LARGEST, ReviewedCell, ReviewedLayout, ReviewedSums};
pub use sums::{NotSums, Sums};
