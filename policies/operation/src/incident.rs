//! Incidents and the switch that stops everything (rule J5).
//!
//! An incident cannot be closed before its plan was started, measures were taken, and users and competent departments
//! were told: the text names all four.

use crate::effect::{Effect, Party};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidegate_rules::{Clause, words};
use tidegate_terms::{Name, messages};

const INCIDENT: Clause = Clause::shuangyashan("J5", 61);

messages! {
    /// Why a step of an incident is refused.
    pub enum IncidentError {
        Text { clause: Clause } = "incident.text" {
            en: "say what happened or what was done ({clause})",
            zh: "请说明事件情况或处置措施（{clause:#}）",
        },
        Open { missing: String, clause: Clause } = "incident.open" {
            en: "the incident cannot be closed; still missing: {missing} ({clause})",
            zh: "事件尚不能办结，仍缺：{missing}（{clause:#}）",
        },
        Closed { clause: Clause } = "incident.closed" {
            en: "the incident is closed ({clause}): report a new one",
            zh: "事件已办结（{clause:#}）：请另行报告",
        },
        Switch { clause: Clause } = "incident.switch" {
            en: "the switch stands there already ({clause})",
            zh: "开关已处于该状态（{clause:#}）",
        },
        SamePerson { clause: Clause } = "incident.same-person" {
            en: "who stopped everything may not lift the stop alone ({clause}): another person must",
            zh: "紧急停止的操作人不得自行解除（{clause:#}）：须由他人解除",
        },
    }
}

/// How grave an incident is. The texts leave the levels to the plan: these four are the usual ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Severity {
    Ordinary,
    Larger,
    Major,
    Extraordinary,
}

words!(Severity {
    Ordinary: "ordinary", "一般";
    Larger: "larger", "较大";
    Major: "major", "重大";
    Extraordinary: "extraordinary", "特别重大";
});

/// What must have been done before an incident is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// 启动应急预案.
    PlanStarted,
    /// 采取技术措施.
    MeasuresTaken,
    /// 告知用户.
    UsersTold,
    /// 向网信、公安等主管部门报告.
    Reported,
}

words!(Stage {
    PlanStarted: "start of the plan", "启动应急预案";
    MeasuresTaken: "measures", "采取措施";
    UsersTold: "notice to users", "告知用户";
    Reported: "report to competent departments", "向主管部门报告";
});

/// What happens to an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IncidentEvent {
    /// A stage was done, with what was done.
    Done(Stage, String),
    /// It turned out graver or lighter.
    Regrade(Severity),
    /// It is over.
    Close(String),
}

/// An incident, kept in the private journal of the domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// How grave.
    pub severity: Severity,
    /// Who reported it.
    pub reported_by: Name,
    /// What was done, with the instant and the words.
    pub done: Vec<(Stage, String, String)>,
    /// When it was closed.
    pub closed_at: Option<String>,
}

impl Incident {
    /// Opens an incident: records are held, the competent departments are told; a grave one stops everything.
    pub fn report(severity: Severity, reported_by: Name, text: &str) -> Result<(Self, Vec<Effect>), IncidentError> {
        if text.trim().is_empty() {
            return Err(IncidentError::Text { clause: INCIDENT });
        }
        let mut effects = vec![];
        if severity >= Severity::Major {
            effects.push(Effect::StopEverything);
        }
        effects.extend([Effect::HoldRecords, Effect::Notify { whom: Party::Competent, clause: INCIDENT }]);
        Ok((Self { severity, reported_by, done: vec![], closed_at: None }, effects))
    }

    /// What is still to be done.
    pub fn missing(&self) -> Vec<Stage> {
        let done = |stage: &&Stage| !self.done.iter().any(|(known, _, _)| known == *stage);
        Stage::ALL.iter().filter(done).copied().collect()
    }

    /// The next state and what must be done. `at` is the instant.
    pub fn step(&self, event: IncidentEvent, at: &str) -> Result<(Self, Vec<Effect>), IncidentError> {
        if self.closed_at.is_some() {
            return Err(IncidentError::Closed { clause: INCIDENT });
        }
        let mut next = self.clone();
        match event {
            IncidentEvent::Done(_, text) | IncidentEvent::Close(text) if text.trim().is_empty() => {
                return Err(IncidentError::Text { clause: INCIDENT });
            }
            IncidentEvent::Done(stage, text) => {
                let effects = match stage {
                    Stage::UsersTold => vec![Effect::Notify { whom: Party::Users, clause: INCIDENT }],
                    Stage::Reported => vec![Effect::Notify { whom: Party::Competent, clause: INCIDENT }],
                    Stage::PlanStarted | Stage::MeasuresTaken => vec![],
                };
                next.done.push((stage, at.to_owned(), text));
                return Ok((next, effects));
            }
            IncidentEvent::Regrade(severity) => {
                let graver = severity >= Severity::Major && self.severity < Severity::Major;
                next.severity = severity;
                return Ok((next, if graver { vec![Effect::StopEverything] } else { vec![] }));
            }
            IncidentEvent::Close(_) => {
                let missing = self.missing();
                if !missing.is_empty() {
                    let missing = missing.iter().map(|stage| format!("{stage} {stage:#}")).collect::<Vec<_>>().join(", ");
                    return Err(IncidentError::Open { missing, clause: INCIDENT });
                }
                next.closed_at = Some(at.to_owned());
            }
        }
        Ok((next, vec![Effect::Notify { whom: Party::Authority, clause: INCIDENT }]))
    }
}

/// The switch that stops everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KillSwitch {
    /// Work goes on.
    #[default]
    Open,
    /// Everything is stopped.
    Stopped {
        /// By whom.
        by: Name,
        /// Why.
        reason: String,
    },
}

impl KillSwitch {
    /// Stops everything.
    pub fn stop(&self, by: Name, reason: &str) -> Result<(Self, Vec<Effect>), IncidentError> {
        match self {
            Self::Stopped { .. } => Err(IncidentError::Switch { clause: INCIDENT }),
            Self::Open if reason.trim().is_empty() => Err(IncidentError::Text { clause: INCIDENT }),
            Self::Open => {
                let effects = vec![Effect::StopEverything, Effect::Notify { whom: Party::Authority, clause: INCIDENT }];
                Ok((Self::Stopped { by, reason: reason.to_owned() }, effects))
            }
        }
    }

    /// Lifts the stop; another person than the one who stopped must.
    pub fn lift(&self, by: &Name, reason: &str) -> Result<Self, IncidentError> {
        match self {
            Self::Open => Err(IncidentError::Switch { clause: INCIDENT }),
            Self::Stopped { by: stopped, .. } if stopped == by => Err(IncidentError::SamePerson { clause: INCIDENT }),
            Self::Stopped { .. } if reason.trim().is_empty() => Err(IncidentError::Text { clause: INCIDENT }),
            Self::Stopped { .. } => Ok(Self::Open),
        }
    }
}
