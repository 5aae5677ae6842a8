//! An application for data, and the steps of its review by the rules of its place (rules F1 to F7).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tidegate_parties::OrganisationKind;
use tidegate_rules::{Calendar, Clause, Pack, ReviewBy, SharingType, StepFor};
use tidegate_terms::{Name, messages};

const CONTENT: Clause = Clause::shuangyashan("F1", 27);
const LEAST: Clause = Clause::zibo("F2", 22);

messages! {
    /// Why an application, or an answer to it, is refused.
    pub enum ApplicationError {
        Missing { field: &'static str, field_zh: &'static str, clause: Clause } = "application.incomplete" {
            en: "the application says nothing of: {field} ({clause}): fill it in",
            zh: "申请缺少“{field_zh}”（{clause:#}）：请填写",
        },
        AllColumns { clause: Clause } = "application.all-columns" {
            en: "the application names no columns, or asks for everything with `*` ({clause}): name the least that is enough",
            zh: "申请未列出数据列，或以 `*` 申请全部（{clause:#}）：请按最少够用原则列出",
        },
        NotPromised { clause: Clause } = "application.not-promised" {
            en: "truth, safety and compliance are not promised with a signature ({clause}): sign the promise",
            zh: "未签署真实性、安全性、合规性承诺（{clause:#}）：请签署",
        },
        OtherStep { needed: ReviewBy, clause: Clause } = "application.other-step" {
            en: "the next step is with the {needed} ({clause})",
            zh: "下一步由{needed:#}办理（{clause:#}）",
        },
        Applicant { clause: Clause } = "application.applicant" {
            en: "who applied may not review the application ({clause}): another person must",
            zh: "申请人不得审核自己的申请（{clause:#}）：须由他人审核",
        },
        NoReason { clause: Clause } = "application.no-reason" {
            en: "a refusal needs its reason and basis ({clause}): write both",
            zh: "不同意的，应当说明理由并提供依据（{clause:#}）：请填写",
        },
        Over { clause: Clause } = "application.over" {
            en: "the application was decided already ({clause}): apply anew",
            zh: "申请已办结（{clause:#}）：请重新申请",
        },
    }
}

/// What is applied for, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Application {
    /// Who applies.
    pub applicant: Name,
    /// What the applicant is; enterprises need their sector regulator in some places (rule F4).
    pub applicant_kind: OrganisationKind,
    /// Who filed it.
    pub filed_by: Name,
    /// Whose data.
    pub provider: Name,
    /// Which dataset.
    pub dataset: Name,
    /// 应用场景.
    pub scenario: String,
    /// 方式.
    pub way: String,
    /// 范围: columns, as `table.column`.
    pub columns: Vec<String>,
    /// 范围: which rows, in words.
    pub rows: String,
    /// 范围: for how long.
    pub last_day: Option<Date>,
    /// 依据.
    pub basis: String,
    /// 业务目标.
    pub goal: String,
    /// 安全保障措施.
    pub safeguards: String,
    /// Whether truth, safety and compliance are promised with a signature.
    pub promised: bool,
}

/// A step that an application must take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Who decides.
    pub by: ReviewBy,
    /// Within how many working days, where the text says.
    pub working_days: Option<u16>,
    /// The article.
    pub clause: Clause,
}

/// What a reviewer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Yes.
    Agree,
    /// No, with reason and basis.
    Refuse {
        /// Why.
        reason: String,
        /// On which basis.
        basis: String,
    },
}

/// Where an application stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// It waits for its next step.
    Waiting,
    /// All agreed, or there was nothing to decide.
    Granted,
    /// Somebody refused.
    Refused {
        /// Why.
        reason: String,
        /// On which basis.
        basis: String,
    },
}

/// An application on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    /// What was applied for.
    pub application: Application,
    /// Its steps, in order.
    pub steps: Vec<Step>,
    /// How many were taken.
    pub taken: usize,
    /// The day on which the next step's term began.
    pub since: Date,
    /// Where it stands.
    pub progress: Progress,
}

impl Application {
    /// Checks an application and lays out the steps that the rules of its place want.
    ///
    /// Where a place has no steps for it (unconditional sharing in Jinan and Qibu), it is granted at once, unless the data
    /// are not shared: then the authority decides by Tidegate's own rule.
    pub fn submit(self, sharing: SharingType, pack: &Pack, today: Date) -> Result<Applied, ApplicationError> {
        for (field, field_zh, text) in [
            ("scenario", "应用场景", &self.scenario),
            ("way", "共享方式", &self.way),
            ("rows", "共享范围", &self.rows),
            ("basis", "依据", &self.basis),
        ] {
            if text.trim().is_empty() {
                return Err(ApplicationError::Missing { field, field_zh, clause: CONTENT });
            }
        }
        for (field, field_zh, text) in [("business goal", "业务目标", &self.goal), ("safeguards", "安全保障措施", &self.safeguards)]
        {
            if text.trim().is_empty() {
                return Err(ApplicationError::Missing { field, field_zh, clause: LEAST });
            }
        }
        if self.last_day.is_none() {
            return Err(ApplicationError::Missing { field: "period", field_zh: "使用期限", clause: CONTENT });
        }
        if self.columns.is_empty() || self.columns.iter().any(|column| column.contains('*') || column.trim().is_empty()) {
            return Err(ApplicationError::AllColumns { clause: LEAST });
        }
        if !self.promised {
            return Err(ApplicationError::NotPromised { clause: LEAST });
        }
        let steps = self.steps(sharing, pack);
        let progress = if steps.is_empty() { Progress::Granted } else { Progress::Waiting };
        Ok(Applied { application: self, steps, taken: 0, since: today, progress })
    }

    fn steps(&self, sharing: SharingType, pack: &Pack) -> Vec<Step> {
        let applies = |applies: StepFor| match applies {
            StepFor::All => true,
            StepFor::Conditional => sharing != SharingType::Unconditional,
            StepFor::Enterprise => self.applicant_kind == OrganisationKind::Enterprise,
        };
        let listed = pack.rules().review_steps.iter().filter(|step| applies(step.applies));
        let mut steps: Vec<Step> =
            listed.map(|step| Step { by: step.by, working_days: step.working_days, clause: pack.clause(&step.ground) }).collect();
        let decided = |by| steps.iter().any(|step: &Step| step.by == by);
        // What is conditional has a provider who agrees, and what is not shared an authority as well, even where the text (or
        // the copy of it that was read) has no step.
        let (provider, authority) = (!decided(ReviewBy::Provider), !decided(ReviewBy::Authority));
        if sharing != SharingType::Unconditional && provider {
            steps.push(Step { by: ReviewBy::Provider, working_days: None, clause: Clause::own("F5") });
        }
        if sharing == SharingType::NotShared && authority {
            steps.push(Step { by: ReviewBy::Authority, working_days: None, clause: Clause::own("F1") });
        }
        steps
    }
}

impl Applied {
    /// The step that is next.
    pub fn next(&self) -> Option<&Step> {
        self.steps.get(self.taken).filter(|_| self.progress == Progress::Waiting)
    }

    /// The last day of the next step; `None` where the text gives it no term. An error where the calendar does not know the
    /// year.
    pub fn due(&self, calendar: &Calendar) -> Result<Option<Date>, tidegate_rules::CalendarError> {
        let days = self.next().and_then(|step| step.working_days);
        days.map(|days| calendar.add_working_days(self.since, days)).transpose()
    }

    /// Takes the next step.
    pub fn answer(mut self, by: ReviewBy, person: &Name, answer: Answer, today: Date) -> Result<Self, ApplicationError> {
        let Some(step) = self.next().cloned() else { return Err(ApplicationError::Over { clause: CONTENT }) };
        if step.by != by {
            return Err(ApplicationError::OtherStep { needed: step.by, clause: step.clause });
        }
        if *person == self.application.filed_by {
            return Err(ApplicationError::Applicant { clause: step.clause });
        }
        match answer {
            Answer::Agree => {
                self.taken += 1;
                self.since = today;
                if self.taken == self.steps.len() {
                    self.progress = Progress::Granted;
                }
            }
            Answer::Refuse { reason, basis } if reason.trim().is_empty() || basis.trim().is_empty() => {
                return Err(ApplicationError::NoReason { clause: step.clause });
            }
            Answer::Refuse { reason, basis } => self.progress = Progress::Refused { reason, basis },
        }
        Ok(self)
    }
}
