//! The accountant: what a release costs, what a lineage has left, and who may reserve.
//!
//! Guarantee: the sum of all charges of a lineage never exceeds its cap, under fully adaptive composition.
//! The filter is the one for zero-concentrated DP with a fixed cap: admit while the sum of rho stays at or
//! below it (Whitehouse, Ramdas, Rogers, Wu 2023, "Fully-adaptive composition in differential privacy",
//! Theorem 1; Feldman and Zrnic 2021). Rejected: adding up epsilons (far too dear), and numerical
//! privacy-loss distributions (no proven filter; they may explain, never admit).
//!
//! Money is integers here ([`Rho`](tidegate_terms::Rho), units of 1e-12): the order of charges cannot matter.

mod conversion;
mod reservation;

pub use conversion::{epsilon_of, rho_of};
pub use reservation::{Account, AdmissionError, Caps, Charge, Price, Reservation, admit};
