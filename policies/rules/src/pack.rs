//! What a city's rules say, as typed data.
//!
//! Every section carries its [`Ground`]: rule, article and the words of the text. A section that is absent means that the
//! text is silent; nothing is filled in from another city.

mod kinds;
mod sections;

pub use kinds::{Duty, Exchange, Expired, LegalRank, OpeningType, ReviewBy, SharingType, StepFor};
pub use sections::{
    AnnualReport, Approval, Assessment, BasisRule, CatalogueRule, DeliveryRule, Demanded, Duties, Ground, LogRetention, ObjectionRule,
    OpeningRule, Operation, Rectification, ReviewStep, SharingRule, SourceText, Unstated, Validity,
};

use crate::deadline::Deadline;
use crate::{Both, Clause, PackError};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use tidegate_terms::{Bilingual, Digest, Name};

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
        let city = Both::from(&self.rules.city);
        let clause = self.clause(&validity.ground);
        if today < validity.effective {
            return Err(PackError::NotYet { city, effective: validity.effective, clause });
        }
        let Some(last_day) = validity.last_day else { return Ok(Standing::InForce { days_left: None }) };
        match (today > last_day, validity.when_expired) {
            (false, _) => {
                let left = last_day.since(today).ok().map(|span| span.get_days());
                Ok(Standing::InForce { days_left: left })
            }
            (true, Expired::Warn) => Ok(Standing::ExpiredWithWarning { last_day }),
            (true, Expired::Refuse) => Err(PackError::Expired { city, last_day, clause }),
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
