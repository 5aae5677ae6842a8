//! The first wall: a hostile WebAssembly component, run once per privacy unit in a fresh instance.
//!
//! Guarantee: what [`Sandbox::contribute`] returns is a function of the component, the parameters and one
//! unit's rows. The component imports nothing, so there is nothing else that it could read; the instance
//! is new, so nothing of another unit is left in it (attack A1); fuel, memory and the size of the answer
//! are bounded, so it always ends.
//!
//! This wall is never the only one: the process around it has no network and no other data.

pub mod contract;

mod admission;
mod calibration;
mod checkpoints;
mod compile;
mod features;
mod fuel;
mod instance;
mod instantiation;
mod signature;
mod structure;

pub use admission::{COMPONENT_BYTES_MAX, MODEL_INTERFACE, UploadError, check_component, check_envelope};
pub use calibration::{COLUMN_BYTES, CalibrationError, GuestRates, Guests};
pub use compile::{CODE_BYTES_MAX, CacheError, CacheKey, CompiledModule, compile, engine_digest, open_cached, seal_cached};
pub use instance::{Limits, Sandbox, SandboxError, Trap};
pub use instantiation::instantiation_items;
