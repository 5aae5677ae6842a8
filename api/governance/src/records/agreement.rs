//! An agreement of authorised operation.

use crate::Kept;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use tidegate_access::Kind;
use tidegate_operation::{Agreement, Filing, Qualification, Rights, SelectionError};
use tidegate_terms::Name;

/// Where an agreement stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Stage {
    Draft,
    Notice,
    Decided,
    Signed,
    Suspended,
    Ended,
}

/// An agreement as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgreementRecord {
    /// The authority that authorises.
    pub authority: Name,
    /// The plan under which it stands.
    pub plan: String,
    /// What it says and how the operator was chosen.
    pub agreement: Agreement,
    /// Where it stands.
    pub stage: Stage,
    /// Who signed for the authority.
    pub signed_by_authority: Option<Name>,
    /// Who signed for the operator.
    pub signed_by_operator: Option<Name>,
    /// The three rights (rule G3).
    pub rights: Rights,
    /// Those whom the operator declared as affiliated (rule G15).
    #[serde(default)]
    pub affiliates: BTreeSet<Name>,
    /// Which evidence of qualification is demanded.
    #[serde(default)]
    pub demanded: Vec<String>,
    /// The evidence (rule G8).
    #[serde(default)]
    pub qualifications: Vec<Qualification>,
    /// Whether it is a county's, which is filed with city and province (rule G6).
    pub county: bool,
    /// Filings with their receipts.
    #[serde(default)]
    pub filings: Vec<Filing>,
}

impl AgreementRecord {
    /// Whether it is in force today for an organisation: its operator, or a developer whose own term runs.
    pub fn is_active_for(&self, organisation: &Name, today: Date) -> bool {
        self.stage == Stage::Signed
            && self.agreement.check_active(today).is_ok()
            && self.agreement.check_author(organisation, today).is_ok()
    }

    /// Whether the operator's evidence is valid today.
    pub fn check_qualified(&self, today: Date) -> Result<(), SelectionError> {
        Qualification::check_all(&self.agreement.operator, &self.demanded, &self.qualifications, today)
    }
}

impl Kept for AgreementRecord {
    const KIND: Kind = Kind::Agreement;

    fn state(&self) -> &'static str {
        match self.stage {
            Stage::Draft => "draft",
            Stage::Notice => "notice",
            Stage::Decided => "decided",
            Stage::Signed => "signed",
            Stage::Suspended => "suspended",
            Stage::Ended => "ended",
        }
    }

    fn owner(&self) -> String {
        self.agreement.operator.to_string()
    }

    // A developer that works under it may read it; the first stands for the access rules, and readers are checked by
    // `developers` beside it.
    fn counterpart(&self) -> String {
        self.agreement.developers.first().map(|developer| developer.developer.to_string()).unwrap_or_default()
    }
}
