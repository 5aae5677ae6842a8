//! The accountant: what a release costs, what a lineage has left, and who may reserve.
//!
//! Guarantee: all releases of a lineage together are (epsilon, delta)-differentially private for the lifetime epsilon
//! and delta of its policy, however adaptively modules, parameters and prices are chosen. Two filters see to that, and
//! both must admit: the sum of mu^2 of Gaussian differential privacy stays at or below its cap (Smith and Thakurta 2022,
//! arXiv:2210.17520; Koskela, Tobaben, Honkela 2022, arXiv:2209.15596), and so does the account of delta, the sum of
//! what mechanisms differ from those that they are priced as. `docs/claims/accountant.md` has the proof.
//!
//! The unit of the first is rho = mu^2 / 2: s^2 / (2 sigma^2) for a Gaussian, and true as zero-concentrated DP as well.
//! Rejected: the zCDP filter (it admits an eighth fewer Gaussians), adding up epsilons (far fewer), and numerical
//! privacy-loss distributions (no proven filter; they may explain, never admit).
//!
//! Money is integers here ([`Rho`](tidegate_terms::Rho) and [`DeltaCost`](tidegate_terms::DeltaCost)): the order of
//! charges cannot matter.

mod account;
pub mod comparison;
mod conversion;
mod mechanism;
mod normal;
mod price;
mod reservation;

pub use account::{Account, Caps, Cost, SLACK_SHARE, guaranteed_epsilon, lifetime_caps, priced_rho, share_of};
pub use conversion::{epsilon_of, rho_of};
pub use mechanism::{discrete_gaussian_tv, gaussian_rho, laplace_epsilon, laplace_rho};
pub use price::{Charge, Price};
pub use reservation::{AdmissionError, Reservation, admit};

#[cfg(test)]
mod model;
