//! The life of an entry: draft, submitted, approved, published, suspended, withdrawn.
//!
//! A pure machine: a record, an act and a pack give the next record and what must be done. Versions before are kept by
//! their digests; whoever stores the record keeps their text.

use crate::attribute::{Effect, Needs, compare};
use crate::entry::Entry;
use crate::error::EntryError;
use serde::{Deserialize, Serialize};
use std::fmt;
use tidegate_rules::{Clause, LevelMatrix, Pack, ReviewBy, words};
use tidegate_terms::{Digest, Language, Message as _, Name, messages};

messages! {
    /// Why an act on an entry is refused.
    pub enum RecordError {
        State { state: State, clause: Clause } = "record.state" {
            en: "this is not possible while the entry is {state} ({clause}): see its next step",
            zh: "条目处于“{state:#}”状态，不能进行此操作（{clause:#}）：请按其下一步办理",
        },
        SamePerson { clause: Clause } = "record.same-person" {
            en: "who submitted or approved a step may not decide the next one ({clause}): another person must",
            zh: "提交人或前一步审批人不得再审（{clause:#}）：须由他人办理",
        },
        OtherStep { needed: ReviewBy, clause: Clause } = "record.other-step" {
            en: "the next step is with the {needed} ({clause}): it decides first",
            zh: "下一步由{needed:#}办理（{clause:#}）：须先由其决定",
        },
        NoReason { clause: Clause } = "record.no-reason" {
            en: "a refusal, suspension or withdrawal needs a reason ({clause}): write it",
            zh: "退回、中止或撤回须说明理由（{clause:#}）：请填写",
        },
        OtherEntry = "record.other-entry" {
            en: "the new version belongs to another entry: keep the id",
            zh: "新版本属于另一条目：请保持编号不变",
        },
        Unsound { errors: Faults } = "record.unsound" {
            en: "the entry cannot be submitted: {errors}",
            zh: "条目不能提交：{errors:#}",
        };
        Entry(EntryError),
    }
}

/// Everything that is wrong with an entry; `{}` says it in English, `{:#}` in Chinese.
#[derive(Debug)]
pub struct Faults(pub Vec<EntryError>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (language, between) = if f.alternate() { (Language::Chinese, "；") } else { (Language::English, "; ") };
        f.write_str(&self.0.iter().map(|error| error.say(language)).collect::<Vec<_>>().join(between))
    }
}

/// Where an entry stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum State {
    Draft,
    Submitted,
    Approved,
    Published,
    Suspended,
    Withdrawn,
}

words!(State {
    Draft: "draft", "草稿";
    Submitted: "submitted", "已提交";
    Approved: "approved", "已审核";
    Published: "published", "已发布";
    Suspended: "suspended", "中止";
    Withdrawn: "withdrawn", "撤回";
});

/// A change that waits for approvals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Pending {
    /// The version that shall hold; none where the entry shall be deleted.
    entry: Option<Box<Entry>>,
    by: Name,
    needs: Needs,
    given: Vec<Name>,
}

/// What somebody does with an entry. The service has asked before whether that person may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Replace a draft.
    Edit(Box<Entry>),
    /// Submit it.
    Submit,
    /// Approve what was submitted.
    Approve,
    /// Return it.
    Return(String),
    /// Publish it.
    Publish,
    /// Propose a new version of a published entry.
    Alter(Box<Entry>),
    /// Propose to delete it.
    Delete(String),
    /// Approve the next step of what was proposed.
    ApproveStep(ReviewBy),
    /// Refuse what was proposed.
    Refuse(String),
    /// Suspend it, because of an objection.
    Suspend(String),
    /// Take it out of the catalogue, because an objection to it was upheld.
    Withdraw(String),
    /// Restore it.
    Restore,
}

/// An entry with its life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    entry: Entry,
    state: State,
    version: u32,
    submitted_by: Option<Name>,
    approved_by: Option<Name>,
    pending: Option<Pending>,
    earlier: Vec<Digest>,
}

impl Record {
    /// A new draft.
    pub fn draft(entry: Entry) -> Self {
        let (submitted_by, approved_by) = (None, None);
        Self { entry, state: State::Draft, version: 1, submitted_by, approved_by, pending: None, earlier: vec![] }
    }

    /// The entry that holds.
    pub fn entry(&self) -> &Entry {
        &self.entry
    }

    /// Where it stands.
    pub fn state(&self) -> State {
        self.state
    }

    /// Its version; the first is 1.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Who submitted it, if somebody did.
    pub fn submitted_by(&self) -> Option<&Name> {
        self.submitted_by.as_ref()
    }

    /// Who proposed the change that waits, if one does.
    pub fn proposed_by(&self) -> Option<&Name> {
        self.pending.as_ref().map(|pending| &pending.by)
    }

    /// What a proposed change still needs: none where nothing is proposed.
    pub fn pending(&self) -> Option<(&Needs, usize)> {
        self.pending.as_ref().map(|pending| (&pending.needs, pending.given.len()))
    }

    /// The digests of the versions before.
    pub fn earlier(&self) -> &[Digest] {
        &self.earlier
    }

    /// Carries out an act: the next record, and what must be done with it in the same transaction.
    pub fn act(&self, act: Act, by: &Name, pack: &Pack, levels: &LevelMatrix) -> Result<(Self, Vec<Effect>), RecordError> {
        let review = || pack.clause(&pack.rules().catalogue.review);
        let wrong_state = || RecordError::State { state: self.state, clause: review() };
        let sound = |entry: &Entry| match entry.check(pack, levels) {
            errors if errors.is_empty() => Ok(()),
            errors => Err(RecordError::Unsound { errors: Faults(errors) }),
        };
        let reason = |text: &str| {
            let clause = || Clause::shuangyashan("F11", 73);
            if text.trim().is_empty() { Err(RecordError::NoReason { clause: clause() }) } else { Ok(()) }
        };
        let mut next = self.clone();
        match (self.state, act) {
            (State::Draft, Act::Edit(entry)) => {
                self.check_same(&entry)?;
                next.entry = *entry;
            }
            (State::Draft, Act::Submit) => {
                sound(&self.entry)?;
                next.state = State::Submitted;
                next.submitted_by = Some(by.clone());
            }
            (State::Submitted, Act::Approve) => {
                self.check_other(by, pack)?;
                next.state = State::Approved;
                next.approved_by = Some(by.clone());
            }
            (State::Submitted, Act::Return(why)) => {
                reason(&why)?;
                next.state = State::Draft;
                next.submitted_by = None;
            }
            (State::Approved, Act::Publish) => {
                self.check_other(by, pack)?;
                sound(&self.entry)?;
                self.entry.check_graded(pack)?;
                next.state = State::Published;
            }
            (State::Published, Act::Alter(entry)) => {
                self.check_same(&entry)?;
                sound(&entry)?;
                entry.check_graded(pack)?;
                let needs = compare(&self.entry, &entry, pack, levels)?;
                next.pending = Some(Pending { entry: Some(entry), by: by.clone(), needs, given: vec![] });
                return Ok(next.settle());
            }
            (State::Published | State::Suspended, Act::Delete(why)) => {
                reason(&why)?;
                let second = pack.rules().catalogue.alteration.iter().map(|rule| (rule.by, pack.clause(&rule.ground)));
                let approvals = std::iter::once((ReviewBy::Authority, review())).chain(second).collect();
                let suspend = Effect::SuspendGrants { clause: review() };
                let needs = Needs { changes: vec![], approvals, effects: vec![Effect::KeepVersion, suspend] };
                next.pending = Some(Pending { entry: None, by: by.clone(), needs, given: vec![] });
            }
            (State::Published | State::Suspended, Act::ApproveStep(step)) => {
                let Some(pending) = &mut next.pending else { return Err(wrong_state()) };
                let Some((needed, clause)) = pending.needs.approvals.get(pending.given.len()).cloned() else { return Err(wrong_state()) };
                if needed != step {
                    return Err(RecordError::OtherStep { needed, clause });
                }
                if pending.by == *by || pending.given.contains(by) {
                    return Err(RecordError::SamePerson { clause });
                }
                pending.given.push(by.clone());
                return Ok(next.settle());
            }
            (State::Published | State::Suspended, Act::Refuse(why)) if self.pending.is_some() => {
                reason(&why)?;
                next.pending = None;
            }
            (State::Published, Act::Suspend(why)) => {
                reason(&why)?;
                next.state = State::Suspended;
                return Ok((next, vec![Effect::SuspendGrants { clause: Clause::shuangyashan("I9", 40) }]));
            }
            (State::Published | State::Suspended, Act::Withdraw(why)) => {
                reason(&why)?;
                next.state = State::Withdrawn;
                next.pending = None;
                return Ok((next, vec![Effect::SuspendGrants { clause: Clause::shuangyashan("I9", 40) }]));
            }
            (State::Suspended, Act::Restore) => next.state = State::Published,
            _ => return Err(wrong_state()),
        }
        Ok((next, vec![]))
    }

    /// Puts a proposed change into force once nothing is missing.
    fn settle(mut self) -> (Self, Vec<Effect>) {
        let complete = |pending: &mut Pending| pending.given.len() >= pending.needs.approvals.len();
        let Some(pending) = self.pending.take_if(complete) else { return (self, vec![]) };
        let bytes = serde_json::to_vec(&self.entry).unwrap_or_default();
        self.earlier.push(Digest::of(&bytes));
        match pending.entry {
            Some(entry) => {
                self.entry = *entry;
                self.version = self.version.saturating_add(1);
            }
            None => self.state = State::Withdrawn,
        }
        (self, pending.needs.effects)
    }

    fn check_same(&self, entry: &Entry) -> Result<(), RecordError> {
        if entry.id == self.entry.id { Ok(()) } else { Err(RecordError::OtherEntry) }
    }

    fn check_other(&self, by: &Name, pack: &Pack) -> Result<(), RecordError> {
        let clause = || pack.clause(&pack.rules().catalogue.review);
        if self.submitted_by.as_ref() == Some(by) { Err(RecordError::SamePerson { clause: clause() }) } else { Ok(()) }
    }
}
