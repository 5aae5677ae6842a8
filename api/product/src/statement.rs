//! The in-toto statement (v1) of a package: every file by digest, and the facts as its predicate.

use crate::error::PackageError;
use crate::facts::Facts;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tidegate_terms::Digest;

pub(crate) const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
/// Documented in `docs/product-predicate.md`.
pub(crate) const PREDICATE_TYPE: &str = "https://tidegate.example/predicates/delivery/v1";
pub(crate) const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Statement {
    #[serde(rename = "_type")]
    statement_type: String,
    subject: Vec<Subject>,
    predicate_type: String,
    pub(crate) predicate: Facts,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Subject {
    name: String,
    digest: Sha256,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sha256 {
    sha256: Digest,
}

impl Statement {
    pub(crate) fn new(files: &BTreeMap<String, Vec<u8>>, facts: &Facts) -> Self {
        let subject = |(name, bytes): (&String, &Vec<u8>)| Subject { name: name.clone(), digest: Sha256 { sha256: Digest::of(bytes) } };
        Self {
            statement_type: STATEMENT_TYPE.into(),
            subject: files.iter().map(subject).collect(),
            predicate_type: PREDICATE_TYPE.into(),
            predicate: facts.clone(),
        }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads a statement; only its one spelling is accepted.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, PackageError> {
        let wrong = |detail: String| PackageError::Statement { detail };
        let value: serde_json::Value = serde_json::from_slice(bytes).map_err(|error| wrong(error.to_string()))?;
        let found = value["predicateType"].as_str().unwrap_or_default();
        if value["_type"] != STATEMENT_TYPE || found != PREDICATE_TYPE {
            return Err(wrong("another statement or predicate type".into()));
        }
        let format = &value["predicate"]["format"];
        if format.as_u64() != Some(u64::from(crate::facts::FORMAT)) {
            return Err(PackageError::Newer { found: format.to_string().chars().take(40).collect() });
        }
        let statement: Self = serde_json::from_slice(bytes).map_err(|error| wrong(error.to_string()))?;
        if statement.bytes() == bytes { Ok(statement) } else { Err(wrong("not in its one spelling".into())) }
    }

    /// The digest of each file.
    pub(crate) fn subjects(&self) -> BTreeMap<&str, Digest> {
        self.subject.iter().map(|subject| (subject.name.as_str(), subject.digest.sha256)).collect()
    }
}
