//! How long an act may take, in working days, and the article that says so.

use crate::pack::{Ground, Pack};
use crate::{Both, Calendar, CalendarError, Clause};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tidegate_terms::messages;

/// An act that a regulation gives a term to (table L).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Process {
    /// The provider reviews an application for conditionally shared data.
    SharingReview,
    /// The authority reviews the form of an application.
    FormReview,
    /// The provider updates its catalogue after a change of law or function.
    CatalogueUpdate,
    /// The authority reviews and publishes an updated catalogue.
    CatalogueReview,
    /// The authority passes a request for correction on.
    CorrectionForward,
    /// The provider verifies, corrects and replies.
    Correction,
    /// The same in complex cases, with a leader's approval.
    CorrectionExtended,
    /// The provider reviews a demand for data.
    DemandReview,
    /// The provider responds to a demand for data that no catalogue has.
    DemandResponse,
    /// The provider catalogues and mounts what was fairly demanded.
    DemandCatalogue,
    /// The provider answers an application for conditionally opened data.
    OpeningAnswer,
}

crate::words!(Process {
    SharingReview: "review of a sharing application", "共享申请审核";
    FormReview: "form review", "形式审核";
    CatalogueUpdate: "update of the catalogue", "目录更新";
    CatalogueReview: "review of a catalogue change", "目录审核";
    CorrectionForward: "passing on of a correction request", "校核申请转交";
    Correction: "correction", "数据校核";
    CorrectionExtended: "extended correction", "延长校核";
    DemandReview: "review of a data demand", "数据需求审核";
    DemandResponse: "response to a demand for uncatalogued data", "未编目数据需求响应";
    DemandCatalogue: "cataloguing of demanded data", "需求数据编目挂载";
    OpeningAnswer: "answer to an opening application", "开放申请答复";
});

/// A term of a pack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deadline {
    /// What has to be done.
    pub process: Process,
    /// Within how many working days.
    pub working_days: u16,
    /// Why.
    pub ground: Ground,
}

/// When something is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    /// What.
    pub process: Process,
    /// The day on which the term began; it does not count.
    pub from: Date,
    /// The last day.
    pub last_day: Date,
    /// The article.
    pub clause: Clause,
}

impl Due {
    /// Whether the term has run out on a day.
    pub fn is_missed(&self, today: Date) -> bool {
        today > self.last_day
    }
}

messages! {
    /// Why no due date can be given.
    pub enum DeadlineError {
        None { process: Process, city: Both } = "deadline.none" {
            en: "the rules of {city} give no term for: {process}. Handle it without one; nothing is overdue",
            zh: "{city:#}的规则未对“{process:#}”规定期限。请照常办理，不产生逾期",
        };
        Calendar(CalendarError),
    }
}

impl Pack {
    /// The term for an act, where this pack has one.
    pub fn deadline(&self, process: Process) -> Option<&Deadline> {
        self.rules().deadlines.iter().find(|deadline| deadline.process == process)
    }

    /// The last day of an act that began on a day.
    pub fn due(&self, process: Process, from: Date, calendar: &Calendar) -> Result<Due, DeadlineError> {
        let city = || Both::from(&self.rules().city);
        let deadline = self.deadline(process).ok_or_else(|| DeadlineError::None { process, city: city() })?;
        let last_day = calendar.add_working_days(from, deadline.working_days)?;
        Ok(Due { process, from, last_day, clause: self.clause(&deadline.ground) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::built_in_packs;
    use jiff::civil::date;
    use tidegate_terms::Message as _;

    /// Table L, written down a second time.
    const TABLE: &[(&str, Process, u16, u16)] = &[
        ("sys", Process::SharingReview, 1, 27),
        ("zb", Process::FormReview, 1, 23),
        ("sys", Process::CatalogueReview, 2, 13),
        ("bz", Process::CatalogueReview, 2, 12),
        ("zb", Process::SharingReview, 2, 23),
        ("zb", Process::CorrectionForward, 2, 17),
        ("sys", Process::DemandReview, 3, 32),
        ("sys", Process::Correction, 5, 28),
        ("zb", Process::Correction, 5, 17),
        ("sys", Process::OpeningAnswer, 5, 39),
        ("zb", Process::DemandResponse, 5, 24),
        ("jn", Process::SharingReview, 10, 24),
        ("qb", Process::SharingReview, 10, 16),
        ("sys", Process::CatalogueUpdate, 10, 13),
        ("sys", Process::DemandCatalogue, 10, 32),
        ("zb", Process::CorrectionExtended, 10, 17),
        ("jn", Process::CatalogueUpdate, 15, 14),
        ("qb", Process::CatalogueUpdate, 15, 10),
        ("zb", Process::CatalogueUpdate, 15, 10),
        ("bz", Process::CatalogueUpdate, 15, 12),
    ];

    // clause: B8, B9, E7, F3, F5, F6, F7, I1, I2, I3 permitted
    #[test]
    fn the_packs_have_the_terms_of_table_l_and_no_others() {
        let packs = built_in_packs().expect("packs");
        let mut found = 0;
        for pack in &packs {
            for deadline in &pack.rules().deadlines {
                let row = (pack.rules().id.as_str(), deadline.process, deadline.working_days, deadline.ground.article);
                assert!(TABLE.contains(&row), "{row:?}");
                found += 1;
            }
        }
        assert_eq!(found, TABLE.len());
    }

    // clause: B9 permitted
    #[test]
    fn the_same_act_is_due_on_different_days_in_different_cities() {
        let (packs, calendar) = (built_in_packs().expect("packs"), Calendar::built_in().expect("calendar"));
        let due = |id: &str, process| {
            let pack = packs.iter().find(|pack| pack.rules().id.as_str() == id).expect("pack");
            pack.due(process, date(2026, 9, 25), &calendar)
        };
        // From Friday 25 September 2026, itself a holiday; National Day lies ahead.
        let day = |id, process| due(id, process).expect("due").last_day;
        assert_eq!(day("sys", Process::SharingReview), date(2026, 9, 28));
        assert_eq!(day("zb", Process::SharingReview), date(2026, 9, 29));
        assert_eq!(day("jn", Process::SharingReview), date(2026, 10, 15));
        let due_in_zibo = due("zb", Process::SharingReview).expect("due");
        assert_eq!(format!("{:#}", due_in_zibo.clause), "规则 F3，淄博第二十三条");
        assert!(!due_in_zibo.is_missed(date(2026, 9, 29)) && due_in_zibo.is_missed(date(2026, 9, 30)));
        assert_eq!(due("bz", Process::SharingReview).expect_err("none").code(), "deadline.none");
    }
}
