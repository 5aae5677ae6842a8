//! What the system itself finds about the use of a grant (rule F9): beyond the scope, beyond the purpose, unused, anomalous.
//!
//! A finding orders nothing; it is what an order to rectify rests on. Counts of denied requests are public to the domain
//! and never depend on data.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidegate_rules::{Clause, Pack, add_months, words};
use tidegate_terms::Name;

/// What is anomalous.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Anomaly {
    /// Many requests were denied in a day.
    ManyDenials,
    /// The budget went in a day.
    BudgetGone,
    /// A module was stopped at its slot.
    SlotMissed,
}

words!(Anomaly {
    ManyDenials: "many denied requests in a day", "一日内多次被拒";
    BudgetGone: "the budget went within a day", "预算一日内耗尽";
    SlotMissed: "a module was stopped at its slot", "模型超时被停止";
});

/// A finding of the system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// 超范围调用: columns that the grant does not cover were asked for.
    OverScope {
        /// Which.
        columns: Vec<String>,
    },
    /// 超目的调用: another purpose was stated.
    OverPurpose {
        /// Which.
        purpose: Name,
    },
    /// 3个月未调用.
    Unused {
        /// The day of the last run, or of the grant.
        since: Date,
        /// The day from which it counts as unused.
        from: Date,
    },
    /// 安全风险异常.
    Anomalous {
        /// What.
        anomaly: Anomaly,
    },
}

/// The use of a grant until today.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// Its columns.
    pub columns: Vec<String>,
    /// Its purpose.
    pub purpose: Name,
    /// The day on which it was given.
    pub given: Date,
    /// The day of its last run.
    pub last_run: Option<Date>,
    /// Columns that were asked for, denied or not.
    pub columns_asked: Vec<String>,
    /// Purposes that were stated.
    pub purposes_asked: Vec<Name>,
    /// Requests that were denied today.
    pub denials_today: u32,
    /// Whether the budget was whole yesterday and is spent today.
    pub budget_gone_today: bool,
    /// Slots that were missed today.
    pub slots_missed_today: u32,
}

/// Denied requests in a day from which it is an anomaly: ten times what a mistyped name makes.
const DENIALS_MAX: u32 = 30;

/// What the system finds, each with its clause. A place whose text has no such article has the rule as Tidegate's own,
/// except for unused access, which then is no finding.
pub fn findings(used: &Use, today: Date, pack: &Pack) -> Vec<(Finding, Clause)> {
    let rule = pack.rules().rectification.as_ref();
    let clause = || pack.clause_or(rule.map(|rule| &rule.ground), "F9");
    let mut found = Vec::new();
    let columns: Vec<String> = used.columns_asked.iter().filter(|column| !used.columns.contains(column)).cloned().collect();
    if !columns.is_empty() {
        found.push(Finding::OverScope { columns });
    }
    let others = used.purposes_asked.iter().filter(|purpose| **purpose != used.purpose);
    found.extend(others.map(|purpose| Finding::OverPurpose { purpose: purpose.clone() }));
    let since = used.last_run.unwrap_or(used.given);
    if let Some(from) = rule.and_then(|rule| add_months(since, rule.unused_months))
        && today >= from
    {
        found.push(Finding::Unused { since, from });
    }
    for (is, anomaly) in [
        (used.denials_today >= DENIALS_MAX, Anomaly::ManyDenials),
        (used.budget_gone_today, Anomaly::BudgetGone),
        (used.slots_missed_today > 0, Anomaly::SlotMissed),
    ] {
        if is {
            found.push(Finding::Anomalous { anomaly });
        }
    }
    found.into_iter().map(|finding| (finding, clause())).collect()
}
