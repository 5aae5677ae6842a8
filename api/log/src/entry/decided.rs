//! What the log says about governance: one entry for each act, by whom and under which rule.
//!
//! Guarantee: what a rule decides on (action, thing, version, state, organisation, role, what rests from here on) stands in
//! clear, what people wrote is one salted commitment. Accounts are opaque identifiers: no name of a person is in the log.

use super::EntryError;
use crate::text::{digest_schema, identifier_schema, is_identifier};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidegate_terms::{Digest, Name};

/// Somebody did something that the access rules allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Decided {
    /// What was done, as the access rules name it.
    #[schemars(schema_with = "identifier_schema")]
    pub action: String,
    /// To what.
    #[schemars(schema_with = "identifier_schema")]
    pub kind: String,
    /// To which one.
    #[schemars(schema_with = "identifier_schema")]
    pub id: String,
    /// Its version after the act; 0 where it is no record of governance, but has entries of its own.
    pub version: u32,
    /// Its state after the act.
    #[schemars(schema_with = "identifier_schema")]
    pub state: String,
    /// Who did it: an opaque account.
    #[schemars(schema_with = "identifier_schema")]
    pub account: String,
    /// For which organisation.
    pub organisation: Name,
    /// In which role.
    pub role: Name,
    /// The policy that allows it.
    #[schemars(schema_with = "identifier_schema")]
    pub policy: String,
    /// Its rule in the table of requirements.
    #[schemars(schema_with = "identifier_schema")]
    pub rule: String,
    /// The rule pack in force.
    pub pack: Name,
    /// SHA-256 of that pack's file.
    #[schemars(schema_with = "digest_schema")]
    pub pack_digest: Digest,
    /// Salted commitment to the records that the act made.
    #[schemars(schema_with = "digest_schema")]
    pub content_commitment: Digest,
    /// What else got a new version by it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Changed>,
    /// What rests from here on, held by the thing that was acted upon.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suspends: Vec<Resting>,
    /// What is held no longer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub restores: Vec<Resting>,
    /// The run that ends by it, where one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "identifier_schema")]
    pub stops_run: Option<String>,
}

/// A record that got a new version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Changed {
    /// What it is.
    #[schemars(schema_with = "identifier_schema")]
    pub kind: String,
    /// Which one.
    #[schemars(schema_with = "identifier_schema")]
    pub id: String,
    /// Its version.
    pub version: u32,
    /// Its state.
    #[schemars(schema_with = "identifier_schema")]
    pub state: String,
}

/// What kind of thing rests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RestingKind {
    /// A grant.
    Grant,
    /// Every grant on a dataset.
    Dataset,
    /// Every grant of an organisation.
    Organisation,
    /// Every grant.
    Everything,
}

/// Something that rests while a stop holds it: no run under it is admitted, nothing of one is released.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Resting {
    /// What it is.
    pub kind: RestingKind,
    /// Which one; `all` for everything.
    #[schemars(schema_with = "identifier_schema")]
    pub name: String,
    /// The stop that holds it.
    #[schemars(schema_with = "identifier_schema")]
    pub stop: String,
}

impl Decided {
    /// The texts of the entry must be identifiers; nothing else has room for what somebody wrote.
    pub(super) fn check(&self) -> Result<(), EntryError> {
        let own = [&self.action, &self.kind, &self.id, &self.state, &self.account, &self.policy, &self.rule];
        let also = self.also.iter().flat_map(|changed| [&changed.kind, &changed.id, &changed.state]);
        let resting = self.suspends.iter().chain(&self.restores).flat_map(|resting| [&resting.name, &resting.stop]);
        let mut all = own.into_iter().chain(also).chain(resting).chain(&self.stops_run);
        all.find(|text| !is_identifier(text)).map_or(Ok(()), |text| Err(EntryError::Identifier { text: text.chars().take(80).collect() }))
    }
}
