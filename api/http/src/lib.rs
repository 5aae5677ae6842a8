//! HTTP: the interface of a domain and its pipe to the keeper, the published log as static files, a witness, and the one place
//! from which connections go out.
//!
//! Guarantee: [`serve_log`] opens nothing but files of a log; [`Witness`] never cosigns what does not extend what it
//! cosigned, whatever dies; [`post`] and [`HttpSource`] follow no redirect, read no more than they were told, and end in
//! bounded time. Nothing here sees data or a domain's keys.
//!
//! Rejected: a framework for static files. What must not be reachable is easier to see in a page of code.

pub mod api;
mod client;
mod log_server;
pub mod pipe;
mod serve;
mod witness;

pub use client::{Answer, ClientError, HttpSource, post};
pub use log_server::serve_log;
pub use serve::{Bound, ListenError, Listening, until_stopped};
pub use witness::{LogView, Witness, WitnessError, WitnessStateError, WitnessView, serve_witness};
