//! Stop 2: an objection with evidence (Shuangyashan Art. 40, rule I9; Binzhou Art. 33, rule I10).
//!
//! Where the pack says so, filing it suspends the dataset and stops its runs in the same transaction, before anybody has
//! looked: that is what the text demands. Where the pack does not, it is handled while use goes on.

use crate::effect::{Effect, Party};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidegate_rules::{Clause, Pack, ReviewBy, words};
use tidegate_terms::{Digest, Name, messages};

messages! {
    /// Why a step of an objection is refused.
    pub enum ObjectionError {
        NoEvidence { clause: Clause } = "objection.no-evidence" {
            en: "an objection needs evidence and a statement of what is wrong ({clause}): attach both",
            zh: "异议须附证据材料并说明问题（{clause:#}）：请提交",
        },
        NoReason { clause: Clause } = "objection.no-reason" {
            en: "a decision needs its reason, which those concerned receive ({clause}): write it",
            zh: "处理结果须说明理由并反馈（{clause:#}）：请填写",
        },
        State { state: ObjectionState, clause: Clause } = "objection.state" {
            en: "this is not possible any more: the objection is {state} ({clause})",
            zh: "异议已处于“{state:#}”状态，不能再进行此操作（{clause:#}）",
        },
        NoAppeal { clause: Clause } = "objection.no-appeal" {
            en: "the text of this place knows no appeal ({clause}): object anew with new evidence",
            zh: "本地规则未规定复核（{clause:#}）：请以新证据重新提出异议",
        },
        SamePerson { clause: Clause } = "objection.same-person" {
            en: "who decided the objection may not decide the appeal ({clause}): another person must",
            zh: "异议处理人不得办理复核（{clause:#}）：须由他人办理",
        },
        NotTheObjector { clause: Clause } = "objection.not-the-objector" {
            en: "only who objected may appeal ({clause}): file an objection of your own",
            zh: "仅异议人可以申请复核（{clause:#}）：请另行提出异议",
        },
    }
}

/// Where an objection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum ObjectionState {
    Open,
    Decided,
    Appealed,
    Closed,
}

words!(ObjectionState {
    Open: "open", "核实中";
    Decided: "decided", "已处理";
    Appealed: "under appeal", "复核中";
    Closed: "closed", "办结";
});

/// What comes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// 撤回数据.
    Withdraw,
    /// 恢复开放.
    Restore,
    /// 依法处理后开放: it stays suspended until it was treated.
    Treat,
}

words!(Outcome {
    Withdraw: "withdraw the data", "撤回数据";
    Restore: "restore", "恢复开放";
    Treat: "open after treatment", "依法处理后开放";
});

/// What happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ObjectionEvent {
    /// The provider decides.
    Decide {
        /// Who.
        by: Name,
        /// What.
        outcome: Outcome,
        /// Why.
        reason: String,
    },
    /// What was to be treated was treated.
    Treated {
        /// How.
        reason: String,
    },
    /// Who objected appeals.
    Appeal {
        /// Who.
        by: Name,
        /// Why.
        reason: String,
    },
    /// The appeal is decided; that is the end.
    DecideAppeal {
        /// Who.
        by: Name,
        /// What.
        outcome: Outcome,
        /// Why.
        reason: String,
    },
}

/// An objection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Objection {
    /// The dataset.
    pub dataset: Name,
    /// Who objects.
    pub objector: Name,
    /// Commitment to the evidence; the evidence itself stays in the domain.
    pub evidence: Digest,
    /// Where it stands.
    pub state: ObjectionState,
    /// Whether use rests because of it.
    pub suspended: bool,
    /// What was decided last.
    pub outcome: Option<Outcome>,
    /// Who decided it.
    pub decided_by: Option<Name>,
}

fn clause(pack: &Pack) -> Clause {
    pack.clause_or(pack.rules().objection.as_ref().map(|rule| &rule.ground), "I10")
}

/// Files an objection. With it, where the pack says so, use of the dataset stops.
///
/// `evidence` is the commitment to what was handed in, `None` where nothing was.
pub fn file_objection(
    dataset: Name,
    objector: Name,
    evidence: Option<Digest>,
    statement: &str,
    pack: &Pack,
) -> Result<(Objection, Vec<Effect>), ObjectionError> {
    let clause = clause(pack);
    let Some(evidence) = evidence.filter(|_| !statement.trim().is_empty()) else {
        return Err(ObjectionError::NoEvidence { clause });
    };
    let suspended = pack.rules().objection.as_ref().is_some_and(|rule| rule.stops_at_once);
    let mut effects = Vec::new();
    if suspended {
        effects.extend([Effect::SuspendDataset(dataset.clone()), Effect::StopRunsOnDataset(dataset.clone())]);
    }
    effects.push(Effect::Notify { whom: Party::Authority, clause });
    let state = ObjectionState::Open;
    Ok((Objection { dataset, objector, evidence, state, suspended, outcome: None, decided_by: None }, effects))
}

impl Objection {
    /// The next state and what must be done.
    pub fn step(&self, event: &ObjectionEvent, pack: &Pack) -> Result<(Self, Vec<Effect>), ObjectionError> {
        use ObjectionEvent as Event;
        use ObjectionState as State;
        let clause = clause(pack);
        let (Event::Decide { reason, .. } | Event::Treated { reason } | Event::Appeal { reason, .. } | Event::DecideAppeal { reason, .. }) =
            event;
        if reason.trim().is_empty() {
            return Err(ObjectionError::NoReason { clause });
        }
        let appeal = pack.rules().objection.as_ref().and_then(|rule| rule.appeal.as_ref());
        let mut next = self.clone();
        let mut effects = match (self.state, event) {
            (State::Open, Event::Decide { by, outcome, .. }) => {
                next.state = if appeal.is_some() { State::Decided } else { State::Closed };
                next.decided_by = Some(by.clone());
                next.settle(*outcome)
            }
            (State::Decided | State::Closed, Event::Treated { .. }) if self.outcome == Some(Outcome::Treat) && self.suspended => {
                next.suspended = false;
                vec![Effect::RestoreDataset(self.dataset.clone())]
            }
            (State::Decided, Event::Appeal { by, .. }) => match appeal {
                None => return Err(ObjectionError::NoAppeal { clause }),
                Some(_) if *by != self.objector => return Err(ObjectionError::NotTheObjector { clause }),
                Some(rule) => {
                    next.state = State::Appealed;
                    let whom = if rule.by == ReviewBy::Authority { Party::Authority } else { Party::Competent };
                    vec![Effect::Notify { whom, clause: pack.clause(&rule.ground) }]
                }
            },
            (State::Closed, Event::Appeal { .. }) if appeal.is_none() => return Err(ObjectionError::NoAppeal { clause }),
            (State::Appealed, Event::DecideAppeal { by, .. }) if self.decided_by.as_ref() == Some(by) => {
                return Err(ObjectionError::SamePerson { clause });
            }
            (State::Appealed, Event::DecideAppeal { by, outcome, .. }) => {
                next.state = State::Closed;
                next.decided_by = Some(by.clone());
                next.settle(*outcome)
            }
            (state, _) => return Err(ObjectionError::State { state, clause }),
        };
        effects.push(Effect::Notify { whom: Party::Organisation(self.objector.clone()), clause });
        Ok((next, effects))
    }

    /// Puts an outcome into force.
    fn settle(&mut self, outcome: Outcome) -> Vec<Effect> {
        self.outcome = Some(outcome);
        let dataset = || self.dataset.clone();
        match outcome {
            Outcome::Withdraw => {
                self.suspended = true;
                vec![Effect::SuspendDataset(dataset()), Effect::StopRunsOnDataset(dataset()), Effect::WithdrawDataset(dataset())]
            }
            Outcome::Treat => {
                self.suspended = true;
                vec![Effect::SuspendDataset(dataset()), Effect::StopRunsOnDataset(dataset())]
            }
            Outcome::Restore => {
                let effects = if self.suspended { vec![Effect::RestoreDataset(dataset())] } else { vec![] };
                self.suspended = false;
                effects
            }
        }
    }
}
