//! The story of Tidegate, one file per stage: domain, dataset, grant, module, run, release.
//!
//! A [`Domain`] is the keeper's view of a domain directory: it alone holds the lock, the database, the keys
//! and the coordinator. What people see are the types of [`view`]; what they ask are [`Request`]s. Raw data
//! are opened in child processes only ([`children`]): import, workers, noise.

pub mod children;
pub mod view;

mod budgets;
mod courier;
mod datasets;
mod domain;
mod error;
mod grants;
mod instant;
mod keeper;
mod keys;
mod modules;
mod openings;
mod plan;
mod quotes;
mod receipts;
mod reviewed;
mod runs;
mod slot;
mod witnesses;

pub use courier::{Posted, serve_courier};
pub use domain::Domain;
pub use error::ServiceError;
pub use keeper::{Reply, Request, serve_keeper};
pub use quotes::{Question, Wish};
pub use runs::Admitted;
pub use slot::{SlotInputs, slot_seconds};
