//! The lists that a catalogue owes: demands, duties to share, what is not shared, duties to open (rule F14).

use crate::attribute::effective_sharing;
use crate::entry::Entry;
use crate::record::{Record, State};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tidegate_rules::{OpeningType, Pack, SharingType};
use tidegate_terms::Name;

/// A demand for data that somebody filed (rule F7).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Demand {
    /// Who wants them.
    pub by: Name,
    /// From whom.
    pub provider: String,
    /// Which items.
    pub items: Vec<String>,
    /// For which scenario.
    pub scenario: String,
    /// On which basis.
    pub basis: String,
    /// When it was filed.
    pub filed: Date,
}

/// The lists of a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lists<'a> {
    /// 共享需求清单.
    pub demands: Vec<&'a Demand>,
    /// 共享责任清单: what is shared, unconditionally or on conditions.
    pub to_share: Vec<&'a Entry>,
    /// 不予共享负面清单.
    pub not_shared: Vec<&'a Entry>,
    /// 开放责任清单.
    pub to_open: Vec<&'a Entry>,
    /// Conditional sharing whose assessment is overdue (rule D8).
    pub assessment_overdue: Vec<&'a Entry>,
}

/// The lists of a day, from what is published.
pub fn lists<'a>(records: &'a [Record], demands: &'a [Demand], pack: &Pack, today: Date) -> Lists<'a> {
    let published = || records.iter().filter(|record| record.state() == State::Published).map(Record::entry);
    let shared = |entry: &&Entry| effective_sharing(entry, pack, today) != SharingType::NotShared;
    let overdue =
        |entry: &&Entry| entry.sharing.kind == Some(SharingType::Conditional) && entry.sharing.review_due.is_some_and(|due| due < today);
    Lists {
        demands: demands.iter().collect(),
        to_share: published().filter(shared).collect(),
        not_shared: published().filter(|entry| !shared(entry)).collect(),
        to_open: published().filter(|entry| entry.opening.kind.is_some_and(|kind| kind != OpeningType::NotOpened)).collect(),
        assessment_overdue: published().filter(overdue).collect(),
    }
}
