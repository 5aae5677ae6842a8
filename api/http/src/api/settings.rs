//! What an installation may set.

use super::rates::Rate;
use std::time::Duration;

/// Bounds of one server. The defaults suit one front for a city's operators.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The names under which this server answers, without port; under any, where none is named.
    pub hosts: Vec<String>,
    /// Open connections at most.
    pub connections_max: usize,
    /// Of these from one address.
    pub connections_of_address_max: usize,
    /// How long the head of a request may take, and how long a connection may be idle.
    pub head: Duration,
    /// How long a body may take.
    pub body: Duration,
    /// How long the backend may take before the caller is told to ask again.
    pub answer: Duration,
    /// How long a reader may take nothing.
    pub stall: Duration,
    /// How long a connection lives; it then ends after its request.
    pub life: Duration,
    /// How long open answers may take once the server was told to stop.
    pub grace: Duration,
    /// The beat of event streams.
    pub beat: Duration,
    /// Requests of one address.
    pub address_rate: Rate,
    /// Requests of one credential.
    pub credential_rate: Rate,
    /// How many addresses, and how many credentials, are told apart.
    pub buckets_max: usize,
    /// How many idempotency keys are remembered.
    pub keys_max: usize,
    /// Bytes of all bodies that are being read, at most.
    pub bodies_bytes_max: usize,
    /// Whether `/metrics` is shown. It needs no credential.
    pub metrics: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            hosts: Vec::new(),
            connections_max: 1024,
            connections_of_address_max: 256,
            head: Duration::from_secs(10),
            body: Duration::from_secs(30),
            answer: Duration::from_secs(60),
            stall: Duration::from_secs(20),
            life: Duration::from_secs(3600),
            grace: Duration::from_secs(10),
            beat: Duration::from_secs(2),
            address_rate: Rate { burst: 400, per_minute: 6000 },
            credential_rate: Rate { burst: 200, per_minute: 3000 },
            buckets_max: 20_000,
            keys_max: 20_000,
            bodies_bytes_max: 512 << 20,
            metrics: true,
        }
    }
}
