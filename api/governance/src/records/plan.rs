//! An implementation plan.

use crate::Kept;
use serde::{Deserialize, Serialize};
use tidegate_access::Kind;
use tidegate_operation::{Filing, Plan};
use tidegate_terms::Name;

/// Where a plan stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum PlanStage {
    Draft,
    Submitted,
    Approved,
    Changing,
}

/// A plan as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanRecord {
    /// Whose plan it is.
    pub organisation: Name,
    /// The plan; versions before it are in the history.
    pub plan: Plan,
    /// Where it stands.
    pub stage: PlanStage,
    /// Whether it is a county's, which is filed with city and province (rule G6).
    pub county: bool,
    /// Filings with their receipts.
    #[serde(default)]
    pub filings: Vec<Filing>,
}

impl Kept for PlanRecord {
    const KIND: Kind = Kind::Plan;

    fn state(&self) -> &'static str {
        match self.stage {
            PlanStage::Draft => "draft",
            PlanStage::Submitted => "submitted",
            PlanStage::Approved => "approved",
            PlanStage::Changing => "changing",
        }
    }

    fn owner(&self) -> String {
        self.organisation.to_string()
    }

    fn counterpart(&self) -> String {
        String::new()
    }
}
