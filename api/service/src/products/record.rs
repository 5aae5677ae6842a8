//! What the domain keeps of a product, and shows by role.

use serde::{Deserialize, Serialize};
use tidegate_log::{ProductSource, ProductStepKind};
use tidegate_product::{Application, Code};
use tidegate_terms::{Digest, Name};

/// Where a registration stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// 申请.
    Applied,
    /// 受理.
    Accepted,
    /// 形式审核.
    Reviewed,
    /// 公示.
    Notice,
    /// 赋码.
    Coded,
    /// Refused, or ended by an objection.
    Refused,
    /// 注销.
    Withdrawn,
    /// 撤销.
    Revoked,
}

impl Stage {
    /// Its name in both languages, as messages use it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Applied => "applied (申请)",
            Self::Accepted => "accepted (受理)",
            Self::Reviewed => "reviewed (形式审核)",
            Self::Notice => "under public notice (公示)",
            Self::Coded => "coded (赋码)",
            Self::Refused => "refused (不予登记)",
            Self::Withdrawn => "withdrawn (注销)",
            Self::Revoked => "revoked (撤销)",
        }
    }
}

/// What the authority demands of products.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PolicyRecord {
    /// Whether only coded products may be delivered; otherwise those that passed the form review may.
    pub coded_needed: bool,
    /// How many working days a public notice lasts.
    pub notice_days: u32,
    /// Who decided it; nobody yet, where it is the default.
    pub by: Option<Name>,
}

impl Default for PolicyRecord {
    fn default() -> Self {
        Self { coded_needed: true, notice_days: 10, by: None }
    }
}

/// A step that was taken.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
pub struct StepRecord {
    /// What.
    #[schemars(with = "serde_json::Value")]
    pub kind: ProductStepKind,
    /// By which organisation.
    pub by: Name,
    /// When.
    pub at: String,
    /// Its opinion or reason.
    pub opinion: Option<String>,
    /// The real name of who objected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objector: Option<String>,
    /// The digest of the evidence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub evidence_sha256: Option<Digest>,
    /// Its position in the log.
    pub log_position: u64,
}

/// A recipient's acknowledgement of the terms.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AcknowledgementRecord {
    /// Its identifier.
    pub id: String,
    /// The recipient.
    pub recipient: String,
    /// Its Ed25519 public key, base64.
    pub recipient_key: String,
    /// When.
    pub at: String,
    /// Its position in the log.
    pub log_position: u64,
}

/// A product.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ProductRecord {
    /// Its identifier.
    pub product: String,
    /// Where its registration stands.
    pub stage: Stage,
    /// When it was applied for.
    pub at: String,
    /// The position of the application in the log.
    pub log_position: u64,
    /// The application.
    #[schemars(with = "serde_json::Value")]
    pub application: Application,
    /// Its releases and their positions.
    #[schemars(with = "Vec<serde_json::Value>")]
    pub sources: Vec<ProductSource>,
    /// The steps, in their order.
    pub steps: Vec<StepRecord>,
    /// The code.
    pub code: Option<Code>,
    /// The last day of the registration.
    pub registered_until: Option<String>,
    /// Whether an objection is open.
    pub objection_open: bool,
    /// The terms that recipients acknowledge.
    pub terms: String,
    /// Their digest.
    #[schemars(with = "String")]
    pub terms_sha256: Digest,
    /// The acknowledgements.
    pub acknowledgements: Vec<AcknowledgementRecord>,
    /// How many deliveries were made.
    pub deliveries: u32,
}

impl ProductRecord {
    /// Whether an organisation is the applicant or one of its affiliates.
    pub(super) fn is_own(&self, organisation: &Name) -> bool {
        self.application.operator == *organisation || self.application.affiliates.contains(organisation)
    }

    /// The step of this kind, the last if there are several.
    pub(super) fn step(&self, kind: ProductStepKind) -> Option<&StepRecord> {
        self.steps.iter().rfind(|step| step.kind == kind)
    }
}

/// A delivery.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
pub struct DeliveryRecord {
    /// Its identifier.
    pub delivery: String,
    /// The product.
    pub product: String,
    /// The recipient.
    pub recipient: String,
    /// Its Ed25519 public key, base64.
    pub recipient_key: String,
    /// The exchange.
    pub exchange: String,
    /// The number of the listing.
    pub listing: String,
    /// The number of the contract.
    pub contract: String,
    /// When.
    pub at: String,
    /// The digest of the signed statement.
    #[schemars(with = "String")]
    pub statement_sha256: Digest,
    /// Its position in the log.
    pub log_position: u64,
    /// When the recipient's receipt was recorded.
    pub received_at: Option<String>,
}
