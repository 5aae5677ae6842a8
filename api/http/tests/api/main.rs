//! The interface on loopback, driven with raw sockets and with its own client.

mod documents;
mod foreign;
mod heads;
mod notes;
mod once;
mod server;
mod shutdown;
mod streams;
mod tls;
mod typed;
