//! A catalogue entry with its life.

use crate::Kept;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidegate_access::Kind;
use tidegate_catalogue::{Record, State};
use tidegate_terms::Name;

/// What a secrecy review said before data are opened (rule E5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecrecyReview {
    /// The document.
    pub document: String,
    /// The day.
    pub on: Date,
    /// Whether the data may be opened.
    pub favourable: bool,
}

/// A catalogue entry as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryRecord {
    /// The organisation that provides the data.
    pub organisation: Name,
    /// The entry and where it stands.
    pub life: Record,
    /// The last secrecy review.
    pub secrecy: Option<SecrecyReview>,
    /// The day on which the present step began.
    pub since: Date,
}

impl EntryRecord {
    /// Whether a secrecy review stands, or nothing is opened.
    pub fn secrecy_reviewed(&self) -> bool {
        !self.life.entry().opened() || self.secrecy.as_ref().is_some_and(|review| review.favourable)
    }
}

/// The state in the words of the access rules.
pub(crate) fn word(state: State) -> &'static str {
    match state {
        State::Draft => "draft",
        State::Submitted => "submitted",
        State::Approved => "approved",
        State::Published => "published",
        State::Suspended => "suspended",
        State::Withdrawn => "withdrawn",
    }
}

impl Kept for EntryRecord {
    const KIND: Kind = Kind::Entry;

    fn state(&self) -> &'static str {
        word(self.life.state())
    }

    fn owner(&self) -> String {
        self.organisation.to_string()
    }

    fn counterpart(&self) -> String {
        String::new()
    }
}
