//! The story of Tidegate, one file per stage: domain, dataset, grant, module, run, release.
//!
//! A [`Domain`] is the keeper's view of a domain directory: it alone holds the lock, the database, the keys
//! and the coordinator. What people see are the types of [`view`]; what they ask are [`Request`]s. Raw data
//! are opened in child processes only ([`children`]): import, workers, noise.

pub mod children;
pub mod products;
pub mod view;

mod asks;
mod budgets;
mod calibration;
mod certificate;
mod compiler;
mod courier;
mod custody;
mod datasets;
mod destruction;
mod domain;
mod error;
mod governed;
mod grants;
mod halt;
mod incidents;
mod instant;
mod keeper;
mod keys;
mod modules;
mod openings;
mod plan;
mod publisher;
mod quotes;
mod receipts;
mod replay;
mod retention;
mod reviewed;
mod rotation;
mod runs;
mod slot;
mod stops;
mod witnesses;

mod usage;

pub use asks::{AskedPart, Asks};
pub use calibration::{Calibration, CalibrationView, measure_machine, serve_calibrate, this_machine};
pub use certificate::{Certificate, CertificateError, CertificateFile, DestroyedFile, check_certificate};
pub use courier::{Posted, serve_courier};
pub use custody::CustodyView;
pub use datasets::NewVersion;
pub use domain::Domain;
pub use error::ServiceError;
pub use grants::NewGrant;
pub use incidents::{ClosedView, IncidentView};
#[doc(hidden)]
pub use instant::shift_clock;
pub use keeper::{Reply, Request, serve_keeper};
pub use quotes::{Pinned, Question, Wish};
pub use replay::{ReplayBegun, ReplayView, ReplayWish};
pub use retention::{PurgeView, RetentionView};
pub use reviewed::NewApproval;
pub use runs::Admitted;
pub use slot::{SlotInputs, SlotParts, slot_parts, slot_seconds};
pub use stops::{Halted, Listed, PendingStop};
pub use usage::{DestructionLine, EffectLine, EffectView, ProcessLine, Scenario, StorageLine, UsageView};
