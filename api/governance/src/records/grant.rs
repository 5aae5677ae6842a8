//! On what a grant rests.

use crate::Kept;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tidegate_access::Kind;
use tidegate_terms::Name;

/// The tie between a grant and the papers that it rests on. What the grant allows stands in the grant itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantLink {
    /// The application that was approved.
    pub application: String,
    /// The scenario.
    pub scenario: Name,
    /// The agreement.
    pub agreement: String,
    /// The dataset.
    pub dataset: Name,
    /// Who holds it.
    pub operator: Name,
    /// Whose data it covers.
    pub provider: Name,
    /// The day on which it was given.
    pub given: Date,
    /// Where it stands.
    pub standing: GrantStanding,
}

/// Where a grant stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum GrantStanding {
    Live,
    Rectifying,
    Suspended,
    CutOff,
    Ended,
}

impl Kept for GrantLink {
    const KIND: Kind = Kind::Grant;

    fn state(&self) -> &'static str {
        match self.standing {
            GrantStanding::Live => "live",
            GrantStanding::Rectifying => "rectifying",
            GrantStanding::Suspended => "suspended",
            GrantStanding::CutOff => "cut_off",
            GrantStanding::Ended => "ended",
        }
    }

    fn owner(&self) -> String {
        self.operator.to_string()
    }

    fn counterpart(&self) -> String {
        self.provider.to_string()
    }
}
