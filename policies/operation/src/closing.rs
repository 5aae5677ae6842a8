//! Stop 3: the access of a natural or legal person is closed for a time (Shuangyashan Art. 75, rule F10).
//!
//! It concerns one organisation and every authorisation that it holds, on one of four grounds.

use crate::effect::{Effect, Party};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidegate_rules::{Clause, Pack, words};
use tidegate_terms::{Name, messages};

messages! {
    /// Why a closing is refused.
    pub enum ClosingError {
        NoReason { clause: Clause } = "closing.no-reason" {
            en: "a closing, and its end, need facts beside the ground ({clause}): write them",
            zh: "暂时关闭或恢复权限须写明事实（{clause:#}）：请填写",
        },
        Over { clause: Clause } = "closing.over" {
            en: "the access is open again already ({clause})",
            zh: "权限已恢复（{clause:#}）",
        },
        Unrectified { clause: Clause } = "closing.unrectified" {
            en: "nothing was reported as put right ({clause}): the organisation reports first",
            zh: "尚未报告整改情况（{clause:#}）：请先由该机构报告",
        },
    }
}

/// The four grounds of Art. 75.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ground {
    /// （一）
    HarmToInterests,
    /// （二）
    TransferOrOtherUse,
    /// （三）
    NoSafeguards,
    /// （四）
    OtherBreach,
}

words!(Ground {
    HarmToInterests: "harm to national, public or others' interests", "损害国家利益、公共利益和他人合法权益";
    TransferOrOtherUse: "transfer, or change of purpose or scope", "擅自转让、改变用途或者使用范围";
    NoSafeguards: "no safeguards for the data", "未按照数据安全有关要求采取安全措施";
    OtherBreach: "other breach of the rules of use", "其他违反公共数据开发利用要求";
});

/// What happens to a closing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClosingEvent {
    /// The organisation reports what it put right.
    Report(String),
    /// The authority opens the access again.
    Open(String),
}

/// A closing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closing {
    /// Whose access.
    pub organisation: Name,
    /// Why.
    pub ground: Ground,
    /// What was put right, once it was reported.
    pub reported: Option<String>,
    /// Whether it still stands.
    pub stands: bool,
}

fn clause(pack: &Pack) -> Clause {
    pack.clause_or(pack.rules().closing.as_ref().map(|rule| &rule.ground), "F10")
}

/// Closes the access of an organisation: all its authorisations rest, what it runs is stopped.
pub fn close(organisation: Name, ground: Ground, facts: &str, pack: &Pack) -> Result<(Closing, Vec<Effect>), ClosingError> {
    let clause = clause(pack);
    if facts.trim().is_empty() {
        return Err(ClosingError::NoReason { clause });
    }
    let effects = vec![
        Effect::CloseAccess(organisation.clone()),
        Effect::StopRunsOf(organisation.clone()),
        Effect::Notify { whom: Party::Organisation(organisation.clone()), clause },
    ];
    Ok((Closing { organisation, ground, reported: None, stands: true }, effects))
}

/// Whether an organisation may act: no closing of it stands.
pub fn open_again<'a>(organisation: &Name, closings: impl IntoIterator<Item = &'a Closing>) -> bool {
    !closings.into_iter().any(|closing| closing.stands && closing.organisation == *organisation)
}

impl Closing {
    /// The next state and what must be done. `others` are the other closings: the access opens when the last one ends.
    pub fn step(&self, event: &ClosingEvent, others: &[Self], pack: &Pack) -> Result<(Self, Vec<Effect>), ClosingError> {
        let clause = clause(pack);
        if !self.stands {
            return Err(ClosingError::Over { clause });
        }
        let (ClosingEvent::Report(text) | ClosingEvent::Open(text)) = event;
        if text.trim().is_empty() {
            return Err(ClosingError::NoReason { clause });
        }
        let mut next = self.clone();
        match event {
            ClosingEvent::Report(text) => {
                next.reported = Some(text.clone());
                Ok((next, vec![Effect::Notify { whom: Party::Authority, clause }]))
            }
            ClosingEvent::Open(_) if self.reported.is_none() => Err(ClosingError::Unrectified { clause }),
            ClosingEvent::Open(_) => {
                next.stands = false;
                let mut effects = Vec::new();
                if open_again(&self.organisation, others) {
                    effects.push(Effect::OpenAccess(self.organisation.clone()));
                }
                effects.push(Effect::Notify { whom: Party::Organisation(self.organisation.clone()), clause });
                Ok((next, effects))
            }
        }
    }
}
