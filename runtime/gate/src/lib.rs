//! The gate: exact totals go in, noised totals come out, and nothing else leaves; except, in the reviewed aggregate mode,
//! exact [`Tables`] under disclosure control, which say of themselves that they are not differentially private.
//!
//! Guarantee: a [`Release`] is made from [`Totals`](tidegate_engine::Totals) by the mechanisms that its
//! [`Reservation`](tidegate_accountant::Reservation) paid for, and by no others. The noise is OpenDP's, on integers, drawn in a
//! fresh process from the operating system's generator; no seed exists anywhere (attacks A12, A15, A38).

mod calibration;
#[doc(hidden)]
pub mod fuzzing;
mod hierarchy;
mod noise;
mod noised;
mod release;
mod replay;
mod tables;

pub use calibration::{CalibrationError, calibrate, scales, split_of_bounds_round};
pub use noise::{NoiseError, noise_time, serve_noise};
pub use noised::{Noised, NoisedError};
pub use release::{Advice, ExpectedError, GateError, PartNoise, Release, Released, choose_bounds, expected_errors, noised, release};
pub use replay::{NUMBER_FALSE_ALARM, RUN_FALSE_ALARM, Residuals, released_again};
pub use tables::{TableOutcome, Tables, publish_tables};
pub use tidegate_disclosure::{Published, Remembered, STATEMENT_EN, STATEMENT_ZH, Shown};
pub use tidegate_statistics::{ChosenBounds, Conclusion, Estimate, Group, Vector};
