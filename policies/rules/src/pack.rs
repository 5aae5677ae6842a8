//! What a city's rules say, as typed data.
//!
//! Every section carries its [`Ground`]: rule, article and the words of the text. A section that is absent means that the
//! text is silent; nothing is filled in from another city.

use crate::deadline::Deadline;
use crate::field::Field;
use crate::{Both, Clause, PackError};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use tidegate_terms::{Bilingual, Digest, Name};

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

/// What happens after the last day of a pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expired {
    /// Decisions under it are refused.
    Refuse,
    /// Decisions are made and say that the pack has expired.
    Warn,
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

/// How data may be shared among departments; the wider, the smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SharingType {
    /// 无条件共享.
    Unconditional,
    /// 有条件共享.
    Conditional,
    /// 不予共享.
    NotShared,
}

crate::words!(SharingType {
    Unconditional: "unconditional sharing", "无条件共享";
    Conditional: "conditional sharing", "有条件共享";
    NotShared: "not shared", "不予共享";
});

/// How data may be opened to society; the wider, the smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OpeningType {
    /// 无条件开放.
    Unconditional,
    /// 有条件开放.
    Conditional,
    /// 不予开放.
    NotOpened,
}

crate::words!(OpeningType {
    Unconditional: "unconditional opening", "无条件开放";
    Conditional: "conditional opening", "有条件开放";
    NotOpened: "not opened", "不予开放";
});

/// The rank of a legal basis; the higher, the smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LegalRank {
    /// 法律.
    Law,
    /// 行政法规.
    AdministrativeRegulation,
    /// 地方性法规.
    LocalRegulation,
    /// 规章.
    Rules,
    /// 有关规定.
    Provision,
}

crate::words!(LegalRank {
    Law: "law", "法律";
    AdministrativeRegulation: "administrative regulation", "行政法规";
    LocalRegulation: "local regulation", "地方性法规";
    Rules: "rules", "规章";
    Provision: "other provision", "有关规定";
});

/// A rank that a legal basis must reach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BasisRule {
    /// The lowest rank that is accepted.
    pub lowest: LegalRank,
    /// Why.
    pub ground: Ground,
}

/// Who approves or reviews.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewBy {
    /// 公共数据主管部门 (大数据主管部门).
    Authority,
    /// 数据提供部门.
    Provider,
    /// 行业主管部门.
    SectorRegulator,
    /// 管委会 or the people's government.
    Government,
    /// The city's authority, above a county's.
    CityAuthority,
}

crate::words!(ReviewBy {
    Authority: "authority", "公共数据主管部门";
    Provider: "provider", "数据提供部门";
    SectorRegulator: "sector regulator", "行业主管部门";
    Government: "government or management committee", "人民政府或管委会";
    CityAuthority: "city authority", "市级主管部门";
});

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

/// To which applications a step of review applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepFor {
    /// All.
    All,
    /// Those for conditionally shared data.
    Conditional,
    /// Those of enterprises.
    Enterprise,
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

/// How strongly delivery at an exchange is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exchange {
    /// 应当.
    Duty,
    /// 鼓励.
    Encouraged,
    /// 可以.
    Permitted,
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

/// A way to bear responsibility for data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Duty {
    /// 谁收集（采集）谁负责.
    Collect,
    /// 谁提供谁负责.
    Provide,
    /// 谁持有谁负责.
    Hold,
    /// 谁管理谁负责.
    Manage,
    /// 谁流转谁负责.
    Circulate,
    /// 谁使用谁负责.
    Use,
    /// 谁运营谁负责.
    Operate,
}

crate::words!(Duty {
    Collect: "collects", "收集";
    Provide: "provides", "提供";
    Hold: "holds", "持有";
    Manage: "manages", "管理";
    Circulate: "circulates", "流转";
    Use: "uses", "使用";
    Operate: "operates", "运营";
});

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

/// The rules of a city as its file states them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackRules {
    /// The version of the file format: 1.
    pub format: u32,
    /// A short name, such as `sys`.
    pub id: Name,
    /// The title of the text.
    pub name: Bilingual,
    /// The city or district.
    pub city: Bilingual,
    /// The text.
    pub source: SourceText,
    /// When it is in force.
    pub validity: Validity,
    /// Catalogues.
    pub catalogue: CatalogueRule,
    /// Sharing.
    pub sharing: SharingRule,
    /// Opening.
    pub opening: OpeningRule,
    /// Steps in the review of an application.
    #[serde(default)]
    pub review_steps: Vec<ReviewStep>,
    /// Terms.
    #[serde(default)]
    pub deadlines: Vec<Deadline>,
    /// Objections.
    pub objection: Option<ObjectionRule>,
    /// Rectification by a date.
    pub rectification: Option<Rectification>,
    /// Temporary closing.
    pub closing: Option<Demanded>,
    /// Authorised operation.
    pub operation: Option<Operation>,
    /// Whether a product must be registered before delivery.
    pub registration_before_delivery: Option<Demanded>,
    /// Delivery.
    pub delivery: Option<DeliveryRule>,
    /// Risk assessment of uses of data in a specific scope.
    pub risk_assessment: Option<Demanded>,
    /// Purpose binding.
    pub purpose: Option<Demanded>,
    /// Retention of logs.
    pub log_retention: Option<LogRetention>,
    /// The annual report.
    pub annual_report: Option<AnnualReport>,
    /// Who answers for data.
    pub duties: Option<Duties>,
}

/// The rules of a city, checked, with the digest of the file's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pack {
    rules: PackRules,
    digest: Digest,
}

/// How a pack stands on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// In force; with the number of days left, where it ends.
    InForce {
        /// Days after this one.
        days_left: Option<i32>,
    },
    /// Over, but its setting is to warn: whoever decides must say so.
    ExpiredWithWarning {
        /// Its last day.
        last_day: Date,
    },
}

impl Pack {
    pub(crate) fn of(rules: PackRules, digest: Digest) -> Self {
        Self { rules, digest }
    }

    /// What it says.
    pub fn rules(&self) -> &PackRules {
        &self.rules
    }

    /// SHA-256 of the bytes of its file; it stands in every decision that is made under the pack.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The clause of a ground in this pack.
    pub fn clause(&self, ground: &Ground) -> Clause {
        let city = &self.rules.city;
        let (en, zh) = (Cow::Owned(city.en.clone()), Cow::Owned(city.zh.clone()));
        Clause { rule: Cow::Owned(ground.rule.clone()), en, zh, article: Some(ground.article) }
    }

    /// The clause of a ground, or a rule of Tidegate's own where the text is silent.
    pub fn clause_or(&self, ground: Option<&Ground>, own: &'static str) -> Clause {
        ground.map_or_else(|| Clause::own(own), |ground| self.clause(ground))
    }

    /// How it stands on a day; an error before its first day, and after its last where it refuses then.
    pub fn standing(&self, today: Date) -> Result<Standing, PackError> {
        let validity = &self.rules.validity;
        let city = Both(self.rules.city.clone());
        let clause = self.clause(&validity.ground);
        if today < validity.effective {
            return Err(PackError::NotYet { city, effective: validity.effective.to_string(), clause });
        }
        let Some(last_day) = validity.last_day else { return Ok(Standing::InForce { days_left: None }) };
        match (today > last_day, validity.when_expired) {
            (false, _) => {
                let left = last_day.since(today).ok().map(|span| span.get_days());
                Ok(Standing::InForce { days_left: left })
            }
            (true, Expired::Warn) => Ok(Standing::ExpiredWithWarning { last_day }),
            (true, Expired::Refuse) => Err(PackError::Expired { city, last_day: last_day.to_string(), clause }),
        }
    }

    /// How long the log is kept at least, in years: never below three.
    pub fn log_retention_years(&self) -> u16 {
        self.rules.log_retention.as_ref().map_or(3, |retention| retention.years.max(3))
    }
}

impl Pack {
    /// The clause that this place gives a rule of the table, where its text has one.
    pub fn clause_of_rule(&self, rule: &str) -> Option<Clause> {
        crate::read::grounds(&self.rules).into_iter().find(|ground| ground.rule == rule).map(|ground| self.clause(ground))
    }
}
