//! An application for data.

use crate::Kept;
use serde::{Deserialize, Serialize};
use tidegate_access::Kind;
use tidegate_operation::{Applied, Progress};
use tidegate_rules::ReviewBy;
use tidegate_terms::Name;

/// An application on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplicationRecord {
    /// What was applied for, and how far it is.
    pub applied: Applied,
    /// The purpose, which a grant and a module repeat (rule E9).
    pub purpose: Name,
    /// The scenario.
    pub scenario: Name,
    /// The documents of opinions that reviewers recorded for others, such as a sector regulator.
    #[serde(default)]
    pub opinions: Vec<String>,
}

impl Kept for ApplicationRecord {
    const KIND: Kind = Kind::Application;

    fn state(&self) -> &'static str {
        match self.applied.progress {
            Progress::Granted => "approved",
            Progress::Refused { .. } => "refused",
            Progress::Waiting => match self.applied.next() {
                Some(step) if step.by == ReviewBy::Provider => "provider_review",
                _ => "form_review",
            },
        }
    }

    fn owner(&self) -> String {
        self.applied.application.applicant.to_string()
    }

    fn counterpart(&self) -> String {
        self.applied.application.provider.to_string()
    }
}
