//! Corrections that persons ask for (rules I1 to I3), and what inspections find (rule K1).
//!
//! A ticket never stops a run that has nothing to do with it (rule I6): no transition here has such an effect.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidegate_rules::{Calendar, Clause, DeadlineError, Due, Pack, Process, words};
use tidegate_terms::{Name, messages};

const CORRECTION: Clause = Clause::shuangyashan("I1", 28);
const EXTENSION: Clause = Clause::zibo("I2", 17);
const INSPECTION: Clause = Clause::shuangyashan("K1", 64);

messages! {
    /// Why a step of a ticket is refused.
    pub enum TicketError {
        Text { clause: Clause } = "ticket.text" {
            en: "say what is wrong or what was done ({clause})",
            zh: "请说明问题或处理情况（{clause:#}）",
        },
        NoApprover { clause: Clause } = "ticket.no-approver" {
            en: "an extension needs the approval of somebody responsible who does not handle the ticket ({clause})",
            zh: "延期须经负责人批准，且非经办人（{clause:#}）",
        },
        NoExtension { clause: Clause } = "ticket.no-extension" {
            en: "the text of this place knows no extension ({clause}): answer within the term",
            zh: "本地规则未规定延期（{clause:#}）：请在期限内答复",
        },
        Twice { clause: Clause } = "ticket.twice" {
            en: "the ticket was extended once already ({clause}): answer it",
            zh: "该申请已延期一次（{clause:#}）：请答复",
        },
        Closed { clause: Clause } = "ticket.closed" {
            en: "the ticket is closed ({clause}): open a new one",
            zh: "该工单已办结（{clause:#}）：请另行提出",
        },
        State { state: InspectionState, clause: Clause } = "ticket.state" {
            en: "this is not possible while the finding is {state} ({clause})",
            zh: "问题处于“{state:#}”状态，不能进行此操作（{clause:#}）",
        },
        SamePerson { clause: Clause } = "ticket.same-person" {
            en: "who answered a finding may not close it ({clause}): who inspects must",
            zh: "整改答复人不得自行销号（{clause:#}）：须由检查方办理",
        },
        Due { clause: Clause } = "ticket.due" {
            en: "the day on which a finding is due lies after the day on which it is opened ({clause})",
            zh: "整改期限须晚于提出之日（{clause:#}）",
        };
        Deadline(DeadlineError),
    }
}

/// Where a correction stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CorrectionState {
    /// It waits for its answer.
    Open,
    /// The same, with more time.
    Extended {
        /// Who approved that.
        approver: Name,
    },
    /// It was answered, and the applicant was told.
    Answered {
        /// Whether data were corrected.
        corrected: bool,
        /// What was told.
        reply: String,
    },
}

/// What happens to a correction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CorrectionEvent {
    /// More time, approved by somebody responsible.
    Extend {
        /// Who approved it.
        approver: Name,
        /// Why.
        reason: String,
    },
    /// The answer.
    Answer {
        /// Whether data were corrected.
        corrected: bool,
        /// What is told.
        reply: String,
    },
}

/// A request for correction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction {
    /// The dataset.
    pub dataset: Name,
    /// Who handles it.
    pub handler: Name,
    /// The day on which the provider received it.
    pub received: Date,
    /// Its term; none where the text has none.
    pub due: Option<Due>,
    /// Where it stands.
    pub state: CorrectionState,
}

/// The last day on which the authority passes a request on (rule I3).
pub fn forward_due(received: Date, pack: &Pack, calendar: &Calendar) -> Result<Option<Due>, DeadlineError> {
    due_or_none(Process::CorrectionForward, received, pack, calendar)
}

fn due_or_none(process: Process, from: Date, pack: &Pack, calendar: &Calendar) -> Result<Option<Due>, DeadlineError> {
    match pack.due(process, from, calendar) {
        Err(DeadlineError::None { .. }) => Ok(None),
        other => other.map(Some),
    }
}

/// Opens a correction with its term.
pub fn open_correction(
    dataset: Name,
    handler: Name,
    text: &str,
    received: Date,
    pack: &Pack,
    calendar: &Calendar,
) -> Result<Correction, TicketError> {
    if text.trim().is_empty() {
        return Err(TicketError::Text { clause: CORRECTION });
    }
    let due = due_or_none(Process::Correction, received, pack, calendar)?;
    Ok(Correction { dataset, handler, received, due, state: CorrectionState::Open })
}

impl Correction {
    /// The next state. The extended term counts from the day of receipt.
    pub fn step(&self, event: CorrectionEvent, pack: &Pack, calendar: &Calendar) -> Result<Self, TicketError> {
        let mut next = self.clone();
        match (&self.state, event) {
            (CorrectionState::Answered { .. }, _) => return Err(TicketError::Closed { clause: CORRECTION }),
            (CorrectionState::Extended { .. }, CorrectionEvent::Extend { .. }) => return Err(TicketError::Twice { clause: EXTENSION }),
            (CorrectionState::Open, CorrectionEvent::Extend { approver, reason }) => {
                if pack.deadline(Process::CorrectionExtended).is_none() {
                    return Err(TicketError::NoExtension { clause: CORRECTION });
                }
                if approver == self.handler {
                    return Err(TicketError::NoApprover { clause: EXTENSION });
                }
                if reason.trim().is_empty() {
                    return Err(TicketError::Text { clause: EXTENSION });
                }
                next.due = due_or_none(Process::CorrectionExtended, self.received, pack, calendar)?;
                next.state = CorrectionState::Extended { approver };
            }
            (_, CorrectionEvent::Answer { reply, .. }) if reply.trim().is_empty() => {
                return Err(TicketError::Text { clause: CORRECTION });
            }
            (_, CorrectionEvent::Answer { corrected, reply }) => next.state = CorrectionState::Answered { corrected, reply },
        }
        Ok(next)
    }

    /// Whether its term has run out without an answer.
    pub fn is_overdue(&self, today: Date) -> bool {
        !matches!(self.state, CorrectionState::Answered { .. }) && self.due.as_ref().is_some_and(|due| due.is_missed(today))
    }
}

/// Where a finding of an inspection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum InspectionState {
    Open,
    Answered,
    Closed,
}

words!(InspectionState {
    Open: "open", "待整改";
    Answered: "answered", "已答复";
    Closed: "closed", "已销号";
});

/// A finding of an inspection: owner, day on which it is due, end (rule K1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inspection {
    /// What was found.
    pub text: String,
    /// Who must put it right.
    pub owner: Name,
    /// Until when.
    pub due: Date,
    /// Where it stands.
    pub state: InspectionState,
    /// What was answered, and by whom.
    pub answer: Option<(Name, String)>,
}

impl Inspection {
    /// Opens a finding.
    pub fn open(text: &str, owner: Name, due: Date, today: Date) -> Result<Self, TicketError> {
        if text.trim().is_empty() {
            return Err(TicketError::Text { clause: INSPECTION });
        }
        if due <= today {
            return Err(TicketError::Due { clause: INSPECTION });
        }
        Ok(Self { text: text.to_owned(), owner, due, state: InspectionState::Open, answer: None })
    }

    /// Records what was put right.
    pub fn answer(mut self, by: Name, text: &str) -> Result<Self, TicketError> {
        if text.trim().is_empty() {
            return Err(TicketError::Text { clause: INSPECTION });
        }
        if self.state != InspectionState::Open {
            return Err(TicketError::State { state: self.state, clause: INSPECTION });
        }
        self.state = InspectionState::Answered;
        self.answer = Some((by, text.to_owned()));
        Ok(self)
    }

    /// Closes a finding, or sends it back where `good` is false.
    pub fn close(mut self, by: &Name, good: bool) -> Result<Self, TicketError> {
        match (&self.answer, self.state) {
            (Some((answered, _)), InspectionState::Answered) if answered == by => Err(TicketError::SamePerson { clause: INSPECTION }),
            (Some(_), InspectionState::Answered) => {
                self.state = if good { InspectionState::Closed } else { InspectionState::Open };
                Ok(self)
            }
            (_, state) => Err(TicketError::State { state, clause: INSPECTION }),
        }
    }

    /// Whether it is late.
    pub fn is_overdue(&self, today: Date) -> bool {
        self.state != InspectionState::Closed && today > self.due
    }
}
