//! Stop 1: rectify by a date, else cut off (Shuangyashan Art. 31, rule F9).
//!
//! The text orders rectification first: nothing stops before the date has passed. It binds departments; its use for
//! operators is an extension, and says so in the pack's remarks.

use crate::effect::{Effect, Party};
use crate::finding::Finding;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidegate_rules::{Clause, Pack, words};
use tidegate_terms::{Name, messages};

messages! {
    /// Why a step of a rectification is refused.
    pub enum RectificationError {
        Date { clause: Clause } = "rectification.date" {
            en: "the date for rectification must lie after today ({clause}): give those concerned time",
            zh: "整改期限须晚于今日（{clause:#}）：请给予整改时间",
        },
        NotYet { until: Date, clause: Clause } = "rectification.not-yet" {
            en: "rectification runs until {until} ({clause}): wait, or accept it",
            zh: "整改期限至 {until}（{clause:#}）：请等待期满或验收",
        },
        State { state: RectificationState, clause: Clause } = "rectification.state" {
            en: "this is not possible any more: the rectification is {state} ({clause})",
            zh: "整改已处于“{state:#}”状态，不能再进行此操作（{clause:#}）",
        },
        NoReason { clause: Clause } = "rectification.no-reason" {
            en: "state what was or was not rectified ({clause})",
            zh: "请说明整改情况（{clause:#}）",
        },
    }
}

/// Where a rectification stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RectificationState {
    /// 限期整改.
    Ordered,
    /// Those concerned say that it is done; nobody has looked yet.
    Reported,
    /// Accepted.
    Accepted,
    /// 关停.
    CutOff,
}

words!(RectificationState {
    Ordered: "ordered", "限期整改";
    Reported: "reported done", "已报整改";
    Accepted: "accepted", "已验收";
    CutOff: "cut off", "关停";
});

/// What happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RectificationEvent {
    /// Those concerned report that it is done.
    Report(String),
    /// It is accepted.
    Accept(String),
    /// It is not good enough; the date stays.
    Reject(String),
    /// The date has passed; the clock says so, or somebody cuts off by hand.
    CutOff(String),
}

/// An order to rectify.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rectification {
    /// The grant.
    pub grant: String,
    /// Who must rectify.
    pub organisation: Name,
    /// What was found.
    pub finding: Finding,
    /// The last day.
    pub until: Date,
    /// Where it stands.
    pub state: RectificationState,
}

/// Rule F9, where the pack has no such article.
const OWN: &str = "F9";

fn clause(pack: &Pack) -> Clause {
    pack.clause_or(pack.rules().rectification.as_ref().map(|rule| &rule.ground), OWN)
}

/// Orders a rectification until a day after today.
pub fn order(
    grant: String,
    organisation: Name,
    finding: Finding,
    until: Date,
    today: Date,
    pack: &Pack,
) -> Result<(Rectification, Vec<Effect>), RectificationError> {
    let clause = clause(pack);
    if until <= today {
        return Err(RectificationError::Date { clause });
    }
    let effects = vec![
        Effect::Notify { whom: Party::Organisation(organisation.clone()), clause: clause.clone() },
        Effect::Remind { on: until, clause },
    ];
    Ok((Rectification { grant, organisation, finding, until, state: RectificationState::Ordered }, effects))
}

impl Rectification {
    /// Whether its date has passed without acceptance: it is to be cut off.
    pub fn is_overdue(&self, today: Date) -> bool {
        matches!(self.state, RectificationState::Ordered | RectificationState::Reported) && today > self.until
    }

    /// The next state and what must be done.
    pub fn step(&self, event: &RectificationEvent, today: Date, pack: &Pack) -> Result<(Self, Vec<Effect>), RectificationError> {
        use RectificationEvent::{Accept, CutOff, Reject, Report};
        use RectificationState as State;
        let clause = clause(pack);
        let (Report(reason) | Accept(reason) | Reject(reason) | CutOff(reason)) = event;
        if reason.trim().is_empty() {
            return Err(RectificationError::NoReason { clause });
        }
        let (state, mut effects) = match (self.state, event) {
            (State::Ordered, Report(_)) => (State::Reported, vec![]),
            (State::Ordered | State::Reported, Accept(_)) => (State::Accepted, vec![]),
            (State::Reported, Reject(_)) => (State::Ordered, vec![]),
            (State::Ordered | State::Reported, CutOff(_)) if today <= self.until => {
                return Err(RectificationError::NotYet { until: self.until, clause });
            }
            (State::Ordered | State::Reported, CutOff(_)) => {
                (State::CutOff, vec![Effect::RevokeGrant(self.grant.clone()), Effect::StopRunsOfGrant(self.grant.clone())])
            }
            (state, _) => return Err(RectificationError::State { state, clause }),
        };
        effects.push(Effect::Notify { whom: Party::Organisation(self.organisation.clone()), clause });
        Ok((Self { state, ..self.clone() }, effects))
    }
}
