//! The sections of a pack. One that is absent means that the text is silent.

use super::kinds::{Duty, Exchange, Expired, LegalRank, OpeningType, ReviewBy, SharingType, StepFor};
use crate::field::Field;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tidegate_terms::Bilingual;

/// Where a rule stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ground {
    /// The row of the table of requirements, such as `B8`.
    pub rule: String,
    /// The article.
    pub article: u16,
    /// The words of the article.
    pub phrase: String,
}

/// The text that a pack follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceText {
    /// Who issued it.
    pub issuer: Bilingual,
    /// Its number, where it has one.
    pub number: Option<String>,
    /// The day of its publication.
    pub published: Date,
    /// What a reader of the pack should know: gaps of the copy, later acts.
    #[serde(default)]
    pub remarks: Vec<Bilingual>,
}

/// When a pack is in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Validity {
    /// Its first day.
    pub effective: Date,
    /// Its last day, where the text has one.
    pub last_day: Option<Date>,
    /// What happens afterwards.
    pub when_expired: Expired,
    /// The article.
    pub ground: Ground,
}

/// A rank that a legal basis must reach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BasisRule {
    /// The lowest rank that is accepted.
    pub lowest: LegalRank,
    /// Why.
    pub ground: Ground,
}

/// What the text says of sharing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SharingRule {
    /// The types.
    pub types: Vec<SharingType>,
    /// Why.
    pub ground: Ground,
    /// What an unstated type counts as, among departments alone.
    pub unstated: Option<Unstated>,
    /// The legal basis of conditional sharing.
    pub conditional_basis: Option<BasisRule>,
    /// The legal basis of not sharing.
    pub not_shared_basis: Option<BasisRule>,
    /// Who approves that data are not shared, in order.
    #[serde(default)]
    pub not_shared_approvals: Vec<ReviewBy>,
    /// The article of those approvals.
    pub not_shared_approvals_ground: Option<Ground>,
    /// The article that forbids a stricter type without review.
    pub stricter_needs_review: Option<Ground>,
    /// The article that lets treated or consented data be shared.
    pub conversion: Option<Ground>,
    /// The article that lets the type be relaxed for a time.
    pub emergency: Option<Ground>,
    /// How often conditional sharing is assessed anew.
    pub assessment: Option<Assessment>,
}

/// What an unstated sharing type counts as.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unstated {
    /// The type.
    pub counts_as: SharingType,
    /// Why.
    pub ground: Ground,
}

/// A periodic assessment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assessment {
    /// Every so many months. The texts say 定期 and give no number: this one is a setting.
    pub months: u16,
    /// Why.
    pub ground: Ground,
}

/// What the text says of opening.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpeningRule {
    /// The types that the text names.
    pub types: Vec<OpeningType>,
    /// Other words for them, such as 依申请开放.
    #[serde(default)]
    pub aliases: BTreeMap<String, OpeningType>,
    /// Why; absent where the copy of the text lacks the article.
    pub ground: Option<Ground>,
    /// The article that forbids a stricter type without review.
    pub stricter_needs_review: Option<Ground>,
    /// The article that keeps trade secrets and personal data closed.
    pub closed_content: Option<Ground>,
    /// The article that lets treated or consented data be opened.
    pub conversion: Option<Ground>,
    /// The article that demands a secrecy review before opening.
    pub secrecy_review: Option<Ground>,
}

impl OpeningRule {
    /// The opening type with this name, an alias of this city included.
    pub fn parse_type(&self, text: &str) -> Option<OpeningType> {
        OpeningType::of_word(text).or_else(|| self.aliases.get(text).copied())
    }
}

/// What the text says of catalogues.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogueRule {
    /// The fields that an entry must have.
    pub mandatory: Vec<Field>,
    /// Why.
    pub ground: Ground,
    /// The article that demands review before publication.
    pub review: Ground,
    /// Who must also approve that a published entry is deleted or altered.
    pub alteration: Option<Approval>,
    /// The article that demands class and level.
    pub grading: Option<Ground>,
    /// The article on bought data.
    pub purchased: Option<Ground>,
}

/// An approval that the text demands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// By whom.
    pub by: ReviewBy,
    /// Why.
    pub ground: Ground,
}

/// A step in the review of an application, in the order of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReviewStep {
    /// For which applications.
    #[serde(rename = "for")]
    pub applies: StepFor,
    /// By whom.
    pub by: ReviewBy,
    /// Within how many working days, where the text says.
    pub working_days: Option<u16>,
    /// Why.
    pub ground: Ground,
}

/// What the text says of objections.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectionRule {
    /// Whether evidence stops the opening at once.
    pub stops_at_once: bool,
    /// Why.
    pub ground: Ground,
    /// Who reviews on appeal, where the text says.
    pub appeal: Option<Approval>,
}

/// What the text says of use beside the grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rectification {
    /// After how many months without use access becomes a finding.
    pub unused_months: u16,
    /// Why.
    pub ground: Ground,
}

/// A duty with a yes or no.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Demanded {
    /// Why.
    pub ground: Ground,
}

/// Where products are delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeliveryRule {
    /// At an exchange?
    pub at_exchange: Exchange,
    /// Why.
    pub ground: Ground,
}

/// How long logs are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogRetention {
    /// At least so many years.
    pub years: u16,
    /// Why.
    pub ground: Ground,
}

/// When the report on a year is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnnualReport {
    /// By the end of this month of the next year, 1 to 12.
    pub month: i8,
    /// Why.
    pub ground: Ground,
}

/// Who answers for data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Duties {
    /// Who is named in each record.
    pub bearers: Vec<Duty>,
    /// Why.
    pub ground: Ground,
}

/// What the text says of authorised operation; absent where it is silent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operation {
    /// The article that founds it.
    pub ground: Ground,
    /// The article with the three modes.
    pub modes: Option<Ground>,
    /// The article on the choice of an operator.
    pub selection: Option<Ground>,
    /// The article on filing with the upper levels.
    pub filing: Option<Ground>,
    /// The article on the three rights.
    pub rights: Option<Ground>,
    /// The article that demands an assessment of scenarios.
    pub scenario_assessment: Option<Ground>,
    /// The article that keeps operators from developing delivered products further.
    pub no_redevelopment: Option<Ground>,
    /// The article that keeps data from third parties.
    pub no_third_party: Option<Ground>,
    /// The article on registration.
    pub registration: Option<Ground>,
    /// The article on data got by sharing.
    pub shared_data_consent: Option<Ground>,
}
