//! How an operator comes to be chosen (rule G7), what it must be able to do (rule G8), what is filed (rule G6).

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidegate_rules::{Clause, words};
use tidegate_terms::{Name, messages};

const SELECTION: Clause = Clause::shuangyashan("G7", 48);
const QUALIFICATION: Clause = Clause::shuangyashan("G8", 48);

messages! {
    /// Why an operator cannot be activated.
    pub enum SelectionError {
        NoCompetition { clause: Clause } = "selection.no-competition" {
            en: "there is no document of a fair competition ({clause}): give it",
            zh: "缺少公平竞争遴选文件（{clause:#}）：请提供",
        },
        Notice { clause: Clause } = "selection.notice" {
            en: "the public notice is missing or not over ({clause}): wait for its last day",
            zh: "公示缺失或尚未结束（{clause:#}）：请待公示期满",
        },
        Objected { clause: Clause } = "selection.objected" {
            en: "objections to the public notice are open ({clause}): settle them first",
            zh: "公示存在未处理的异议（{clause:#}）：请先处理",
        },
        NoDecision { clause: Clause } = "selection.no-decision" {
            en: "there is no collective decision after the notice ({clause}): record its document and day",
            zh: "公示后未经集体决策（{clause:#}）：请登记决策文件和日期",
        },
        Qualification { what: String, clause: Clause } = "selection.qualification" {
            en: "the evidence of qualification `{what}` is missing or has expired ({clause}): renew it",
            zh: "资质证明“{what}”缺失或已过期（{clause:#}）：请更新",
        },
    }
}

/// The checklist of a selection.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Selection {
    /// The document of the competition.
    pub competition: String,
    /// The last day of the public notice.
    pub notice_until: Option<Date>,
    /// Objections to the notice that are open.
    pub objections_open: u32,
    /// The document of the collective decision, and its day.
    pub decision: Option<(String, Date)>,
}

impl Selection {
    /// Checks that everything was done in its order before an agreement is signed.
    pub fn check(&self, today: Date) -> Result<(), SelectionError> {
        if self.competition.trim().is_empty() {
            return Err(SelectionError::NoCompetition { clause: SELECTION });
        }
        let Some(notice_until) = self.notice_until.filter(|until| *until < today) else {
            return Err(SelectionError::Notice { clause: SELECTION });
        };
        if self.objections_open > 0 {
            return Err(SelectionError::Objected { clause: SELECTION });
        }
        let decided = |(document, on): &(String, Date)| !document.trim().is_empty() && *on > notice_until && *on <= today;
        if self.decision.as_ref().is_some_and(decided) { Ok(()) } else { Err(SelectionError::NoDecision { clause: SELECTION }) }
    }
}

/// Evidence that an operator can do its work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Qualification {
    /// Whose.
    pub organisation: Name,
    /// What it shows.
    pub what: String,
    /// Its document.
    pub document: String,
    /// Its last day.
    pub valid_until: Date,
}

impl Qualification {
    /// Checks that each of the demanded kinds is shown by evidence that is valid today.
    pub fn check_all(organisation: &Name, demanded: &[String], evidence: &[Self], today: Date) -> Result<(), SelectionError> {
        let shown = |what: &String| {
            let mut own = evidence.iter().filter(|one| one.organisation == *organisation && one.what == *what);
            own.any(|one| one.valid_until >= today && !one.document.trim().is_empty())
        };
        let missing = demanded.iter().find(|what| !shown(what));
        missing.map_or(Ok(()), |what| Err(SelectionError::Qualification { what: what.clone(), clause: QUALIFICATION }))
    }
}

/// With whom something is filed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FilingLevel {
    /// 市.
    City,
    /// 省.
    Province,
}

words!(FilingLevel {
    City: "city", "市";
    Province: "province", "省";
});

/// A filing with its receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Filing {
    /// With whom.
    pub level: FilingLevel,
    /// The receipt.
    pub receipt: String,
    /// The day.
    pub on: Date,
}

/// The filings that a county's plan or agreement still lacks; a warning in the audit, not a stop. `county` says whether it
/// is a county's at all.
pub fn missing_filings(county: bool, filings: &[Filing]) -> Vec<(FilingLevel, Clause)> {
    let filed = |level: &FilingLevel| filings.iter().any(|filing| filing.level == *level && !filing.receipt.trim().is_empty());
    let missing = FilingLevel::ALL.iter().filter(|level| county && !filed(level));
    missing.map(|level| (*level, Clause::shuangyashan("G6", 47))).collect()
}
