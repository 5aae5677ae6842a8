//! What passes between this layer and whoever decides.
//!
//! Guarantee: the front decides nothing about persons, rights or state. It hands over what the request says, in a form
//! that has been checked for shape alone, with credentials as it received them; the backend (the keeper) authenticates
//! and authorises. Credentials show nothing in `Debug`.

use super::operation::Operation;
use super::problem::Problem;
use super::signature::Signature;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;
use std::future::Future;
use tidegate_terms::{Digest, Language};
use tokio::sync::mpsc::Receiver;

/// A text that nobody prints.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secret(String);

impl Secret {
    /// Keeps a text.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text, for comparing its hash.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// By what a caller says who it is. Nothing here has been verified, but that the certificate is under the given authority.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// A bearer token.
    pub bearer: Option<Secret>,
    /// The cookie of a console session.
    pub session: Option<Secret>,
    /// SHA-256 of the client's certificate (DER).
    pub certificate: Option<Digest>,
}

impl Credentials {
    pub(crate) fn is_empty(&self) -> bool {
        self.bearer.is_none() && self.session.is_none() && self.certificate.is_none()
    }
}

/// What a request says about the version it expects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Match {
    /// Any that exists.
    Any,
    /// One of these.
    Versions(Vec<String>),
}

impl Match {
    /// Whether a version is among them; `None` where the thing does not exist.
    pub fn fits(&self, version: Option<&str>) -> bool {
        match (self, version) {
            (_, None) => false,
            (Self::Any, Some(_)) => true,
            (Self::Versions(versions), Some(version)) => versions.iter().any(|one| one == version),
        }
    }
}

/// Which page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageWish {
    /// At most so many items.
    pub limit: u32,
    /// After the item at which the backend said that the last page ended.
    pub after: Option<String>,
}

/// A request that has the shape of its operation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Call {
    /// Which operation.
    pub operation: String,
    /// Its input, from path, query and body; fits the operation's schema.
    pub input: Value,
    /// By what the caller says who it is.
    pub credentials: Credentials,
    /// What the caller reads.
    #[serde(with = "language")]
    pub language: Language,
    /// The name of this request in the logs of both sides.
    pub request_id: String,
    /// The caller's key for doing this once. The backend's durable record of keys decides; the front's only saves work.
    pub idempotency_key: Option<String>,
    /// The digest of the request that belongs to the key.
    pub digest: Digest,
    /// The operator's signature, not yet verified.
    pub signature: Option<Signature>,
    /// The version that must be there for the change to be made.
    pub if_match: Option<Match>,
    /// Which page.
    pub page: Option<PageWish>,
    /// The last event that the caller has seen.
    pub last_event: Option<u64>,
}

impl Call {
    /// The input as the operation's type. The front has already tried this; it fails only for another operation.
    pub fn input<O: Operation>(&self) -> Result<O::Input, serde_json::Error> {
        serde_json::from_value(self.input.clone())
    }
}

mod language {
    use serde::{Deserialize as _, Deserializer, Serializer};
    use tidegate_terms::Language;

    pub(super) fn serialize<S: Serializer>(language: &Language, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(crate::api::language::tag(*language))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Language, D::Error> {
        String::deserialize(deserializer).map(|text| crate::api::language::of_tag(&text))
    }
}

/// One public event of a stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Its number; later ones are higher, and a caller that comes back names the last it saw.
    pub id: u64,
    /// Its kind, such as `progress`: small letters and `-`.
    pub kind: String,
    /// What happened; public facts alone.
    pub data: Value,
}

/// What is answered.
#[derive(Debug)]
pub enum Outcome {
    /// Done; the operation's output.
    Done(Value),
    /// Events, until the sender is dropped.
    Events(Receiver<Event>),
    /// Refused.
    Refused(Box<Problem>),
}

/// An answer of the backend.
#[derive(Debug)]
pub struct Answer {
    /// What is answered.
    pub outcome: Outcome,
    /// The version of what is shown or was made: letters, digits, `.`, `-`, `_`.
    pub version: Option<String>,
    /// Where the page ended, if more follow.
    pub next: Option<String>,
}

impl Answer {
    /// Done.
    pub fn done(output: Value) -> Self {
        Self { outcome: Outcome::Done(output), version: None, next: None }
    }

    /// Refused.
    pub fn refused(problem: Problem) -> Self {
        Self { outcome: Outcome::Refused(Box::new(problem)), version: None, next: None }
    }

    /// Events.
    pub fn events(events: Receiver<Event>) -> Self {
        Self { outcome: Outcome::Events(events), version: None, next: None }
    }

    /// With a version.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
        self
    }

    /// With the place where the page ended.
    #[must_use]
    pub fn next(mut self, next: Option<String>) -> Self {
        self.next = next;
        self
    }
}

/// Who decides: the keeper, behind its pipe.
pub trait Backend: Send + Sync + 'static {
    /// Answers a call. What changes something goes on when the caller has gone.
    fn call(&self, call: Call) -> impl Future<Output = Answer> + Send;

    /// Whether calls can be answered now.
    fn ready(&self) -> impl Future<Output = bool> + Send;
}
