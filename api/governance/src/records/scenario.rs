//! A scenario of use.

use crate::Kept;
use serde::{Deserialize, Serialize};
use tidegate_access::Kind;
use tidegate_operation::Scenario;
use tidegate_terms::Name;

/// A scenario as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScenarioRecord {
    /// The organisation that proposed it.
    pub organisation: Name,
    /// The scenario and what was said of it.
    pub scenario: Scenario,
    /// Whether it waits for an assessment, anew perhaps.
    pub proposed: bool,
}

impl Kept for ScenarioRecord {
    const KIND: Kind = Kind::Scenario;

    fn state(&self) -> &'static str {
        match self.scenario.assessments.last() {
            _ if self.proposed => "proposed",
            Some(verdict) if verdict.favourable => "assessed",
            _ => "refused",
        }
    }

    fn owner(&self) -> String {
        self.organisation.to_string()
    }

    fn counterpart(&self) -> String {
        String::new()
    }
}
