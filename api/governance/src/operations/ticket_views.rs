//! What tickets take and show.

use super::shared::{DueView, example_name};
use super::tickets::forward_due;
use crate::records::{ComplaintRecord, CorrectionRecord, InspectionRecord, NoticedRecord};
use crate::{Desk, Kept};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidegate_operation::{CorrectionState, Finding};
use tidegate_rules::Clause;
use tidegate_terms::Name;

/// A request for correction.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CorrectionInput {
    /// In which dataset.
    pub dataset: Name,
    /// What is wrong.
    #[serde(default)]
    #[schemars(length(max = 2000))]
    pub text: String,
}

/// An answer to a request for correction.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CorrectionAnswer {
    /// Which ticket.
    #[schemars(length(max = 64))]
    pub ticket: String,
    /// Whether data were corrected.
    pub corrected: bool,
    /// What is told.
    #[serde(default)]
    #[schemars(length(max = 2000))]
    pub reply: String,
}

/// Which ticket, and what is said of it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TicketReason {
    /// Which ticket.
    #[schemars(length(max = 64))]
    pub ticket: String,
    /// What is said.
    #[serde(default)]
    #[schemars(length(max = 2000))]
    pub reason: String,
}

/// A finding of an inspection.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FindingInput {
    /// Who must put it right.
    pub owner: Name,
    /// What was found.
    #[serde(default)]
    #[schemars(length(max = 2000))]
    pub text: String,
    /// Until when.
    pub due: Date,
}

/// The end of a finding.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClosingInput {
    /// Which ticket.
    #[schemars(length(max = 64))]
    pub ticket: String,
    /// Whether it was put right; otherwise it goes back.
    pub good: bool,
}

/// A report of unlawful use.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ComplaintInput {
    /// What is reported.
    #[serde(default)]
    #[schemars(length(max = 2000))]
    pub text: String,
    /// Through which channel it came.
    #[serde(default)]
    #[schemars(length(max = 2000))]
    pub channel: String,
}

/// What a ticket is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// Requests for correction.
    Corrections,
    /// Findings of inspections.
    Findings,
    /// Reports of unlawful use.
    Complaints,
    /// What the system noticed.
    Notices,
}

/// Which ticket.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OneTicket {
    /// Which one.
    #[schemars(length(max = 64))]
    pub ticket: String,
}

/// Which tickets.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TicketFilter {
    /// Of which kind.
    pub about: About,
    /// In which state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub state: Option<String>,
}

/// A ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TicketView {
    /// Which ticket.
    pub ticket: String,
    /// Of which kind.
    pub about: About,
    /// Where it stands.
    pub state: String,
    /// The organisation that opened it.
    pub by: Name,
    /// The organisation that must answer.
    pub to: Option<Name>,
    /// What it says.
    pub text: String,
    /// Until when it is due.
    pub due: Option<DueView>,
    /// Until when the authority passes it on.
    pub forward_due: Option<DueView>,
    /// What was answered.
    pub reply: Option<String>,
    /// What the system found, where it is a notice.
    pub finding: Option<Finding>,
}

pub(crate) fn of_correction(desk: &Desk, id: &str, record: &CorrectionRecord) -> TicketView {
    let of = &record.correction;
    let reply = match &of.state {
        CorrectionState::Answered { reply, .. } => Some(reply.clone()),
        CorrectionState::Open | CorrectionState::Extended { .. } => None,
    };
    TicketView {
        ticket: id.to_owned(),
        about: About::Corrections,
        state: record.state().to_owned(),
        by: record.organisation.clone(),
        to: Some(record.provider.clone()),
        text: record.text.clone(),
        due: of.due.as_ref().map(|due| DueView::on(due.last_day, desk.today(), &due.clause)),
        forward_due: forward_due(desk, record),
        reply,
        finding: None,
    }
}

pub(crate) fn of_finding(desk: &Desk, id: &str, record: &InspectionRecord) -> TicketView {
    let of = &record.inspection;
    TicketView {
        ticket: id.to_owned(),
        about: About::Findings,
        state: record.state().to_owned(),
        by: record.organisation.clone(),
        to: Some(of.owner.clone()),
        text: of.text.clone(),
        due: Some(DueView::on(of.due, desk.today(), &Clause::shuangyashan("K1", 64))),
        forward_due: None,
        reply: of.answer.as_ref().map(|(_, text)| text.clone()),
        finding: None,
    }
}

pub(crate) fn of_complaint(id: &str, record: &ComplaintRecord) -> TicketView {
    TicketView {
        ticket: id.to_owned(),
        about: About::Complaints,
        state: record.state().to_owned(),
        by: record.organisation.clone(),
        to: None,
        text: record.text.clone(),
        due: None,
        forward_due: None,
        reply: record.reply.clone(),
        finding: None,
    }
}

pub(crate) fn of_notice(id: &str, record: &NoticedRecord) -> TicketView {
    TicketView {
        ticket: id.to_owned(),
        about: About::Notices,
        state: record.state().to_owned(),
        by: record.provider.clone(),
        to: Some(record.operator.clone()),
        text: format!("{} / {}", record.clause.zh, record.clause.en),
        due: None,
        forward_due: None,
        reply: record.order.clone(),
        finding: Some(record.finding.clone()),
    }
}

pub(crate) fn id_example() -> String {
    "t0123456789abcdef0123".to_owned()
}

pub(crate) fn view_example() -> TicketView {
    TicketView {
        ticket: id_example(),
        about: About::Corrections,
        state: "open".to_owned(),
        by: example_name("insurer"),
        to: Some(example_name("health-commission")),
        text: "2024 年 3 月费用重复 (costs of March 2024 stand twice)".to_owned(),
        due: Some(DueView::example()),
        forward_due: None,
        reply: None,
        finding: None,
    }
}
