//! How entries are shown, and the entry of the examples.

use crate::records::EntryRecord;
use crate::{Desk, Done, Refused};
use jiff::civil::{Date, date};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tidegate_catalogue::{Change, Entry, Frequency, Item, Opening, OperationStatus, Origin, Provider, Sharing, State, Unit};
use tidegate_parties::{CreditCode, DutyBearers};
use tidegate_rules::{Duty, OpeningType, Process, ReviewBy, SharingType};
use tidegate_terms::{Bilingual, Name, UnitKind};

use super::shared::{DueView, example_name, said};

/// A change that waits for approvals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PendingView {
    /// What would change; nothing where the entry would be deleted.
    pub changes: Vec<Change>,
    /// Who must approve, in order.
    pub approvals: Vec<ApprovalView>,
    /// How many have.
    pub given: u32,
}

/// An approval that is needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApprovalView {
    /// By whom.
    pub by: ReviewBy,
    /// Under which rule.
    pub rule: Bilingual,
}

/// A catalogue entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EntryView {
    /// Which entry.
    pub entry: Name,
    /// The organisation that provides the data.
    pub organisation: Name,
    /// Where it stands.
    pub state: String,
    /// The version of its content.
    pub version: u32,
    /// What stands in it.
    pub content: Entry,
    /// The day on which the present step began.
    pub since: Date,
    /// Until when the next step is due, where the rules of the place say.
    pub due: Option<DueView>,
    /// A proposed change.
    pub pending: Option<PendingView>,
}

impl EntryView {
    /// An entry as it is shown today.
    pub(crate) fn of(desk: &Desk, record: &EntryRecord) -> Self {
        let life = &record.life;
        let pending = life.pending().map(|(needs, given)| PendingView {
            changes: needs.changes.clone(),
            approvals: needs.approvals.iter().map(|(by, clause)| ApprovalView { by: *by, rule: said(clause) }).collect(),
            given: u32::try_from(given).unwrap_or(u32::MAX),
        });
        let waits = life.state() == State::Submitted || pending.is_some();
        Self {
            entry: life.entry().id.clone(),
            organisation: record.organisation.clone(),
            state: crate::Kept::state(record).to_owned(),
            version: life.version(),
            content: life.entry().clone(),
            since: record.since,
            due: if waits { DueView::of(desk, Process::CatalogueReview, record.since) } else { None },
            pending,
        }
    }

    pub(crate) fn done(desk: &Desk, record: &EntryRecord, version: u32) -> Result<Done<Self>, Refused> {
        Ok(Done { output: Self::of(desk, record), version: Some(version), next: None })
    }
}

/// A sound entry, for examples.
pub(crate) fn entry_example() -> Entry {
    let bureau = example_name("health-commission");
    let item = |name: &str, format: &str| Item { name: name.to_owned(), format: format.to_owned() };
    Entry {
        id: example_name("outpatient-visits"),
        name: "门诊就诊记录".to_owned(),
        summary: "全市医疗机构门诊就诊情况 (outpatient visits of the city)".to_owned(),
        format: "数据库".to_owned(),
        industry: "卫生和社会工作".to_owned(),
        time_coverage: "2020-01 至今".to_owned(),
        area_coverage: "双鸭山市".to_owned(),
        update_frequency: Some(Frequency::Monthly),
        provider: Provider { name: "市卫生健康委员会".to_owned(), code: example_code() },
        sharing: Sharing { kind: Some(SharingType::Unconditional), way: "接口服务".to_owned(), ..Sharing::default() },
        opening: Opening { kind: Some(OpeningType::NotOpened), ..Opening::default() },
        operation_status: OperationStatus::Planned,
        operation_scenarios: vec!["保险精算".to_owned()],
        items: vec![item("person", "C18"), item("cost", "N(10,2)")],
        category: "卫生健康".to_owned(),
        security_level: Some(example_name("l2")),
        usage_requirements: "仅限统计 (statistics alone)".to_owned(),
        unit: Some(Unit { item: "person".to_owned(), kind: UnitKind::Person }),
        origin: Origin::OwnDuties,
        standard_source: None,
        secret: None,
        contains_personal: true,
        contains_trade_secret: false,
        specific_scope: false,
        conversions: Vec::new(),
        emergency: None,
        duties: DutyBearers(Duty::ALL.iter().map(|duty| (*duty, bureau.clone())).collect::<BTreeMap<_, _>>()),
        national_ids: Vec::new(),
    }
}

#[allow(clippy::expect_used)]
fn example_code() -> CreditCode {
    CreditCode::parse("91350100M000100Y43").expect("a code with its check character")
}

/// An answer, for examples.
pub(crate) fn view_example() -> EntryView {
    EntryView {
        entry: entry_example().id,
        organisation: example_name("health-commission"),
        state: "submitted".to_owned(),
        version: 1,
        content: entry_example(),
        since: date(2026, 11, 20),
        due: Some(DueView::example()),
        pending: None,
    }
}
