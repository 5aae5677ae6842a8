//! The interface over HTTP: operations in a table, a server for them, their description and a client.
//!
//! Guarantee: this layer holds no data, no keys of the domain and no rights. It brings a request into the shape of its
//! operation or refuses it with a problem document, hands it to a [`Backend`] with the credentials as they came, and says
//! what the backend answers. What outsiders can observe of it (times, counters, refusals) follows from requests alone.
//!
//! Rejected: handlers with extractors, one for each operation. Each would repeat what must hold for all of them.

mod answers;
mod body;
mod call;
mod client;
mod connections;
mod credentials;
mod events;
mod handle;
mod headers;
mod idempotency;
mod input;
mod json;
mod language;
mod metrics;
mod openapi;
mod operate;
mod operation;
mod pages;
mod paging;
mod parameters;
mod path;
mod problem;
mod rates;
mod refusals;
mod schema;
mod settings;
mod signature;
mod table;
mod tls;
mod versions;

pub use call::{Answer, Backend, Call, Credentials, Event, Match, Outcome, PageWish, Secret};
pub use client::{CallError, Called, Client, Identity, Options, Trust};
pub use connections::serve;
pub use credentials::SESSION_COOKIE;
pub use operation::{Nothing, Operation, Page, Success, Verb, Words};
pub use problem::{Class, Problem, WrongField};
pub use rates::Rate;
pub use settings::Settings;
pub use signature::Signature;
pub use table::{Table, TableBuilder, TableError};
pub use tls::{ClientAuthority, Tls, TlsError, TlsFiles};
