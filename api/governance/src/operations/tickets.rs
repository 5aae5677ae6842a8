//! Tickets: requests for correction, findings of inspections, reports of unlawful use (rules I1 to I3, K1, K4).
//!
//! A ticket never stops a run that has nothing to do with it (rule I6): nothing here has an effect on data.

use super::reads::Reads;
use super::shared::{ActRefusal, At, DueView, conclude, example_name, identifier, new_thing, page, the, unknown};
use super::ticket_views::*;
use crate::facts;
use crate::offers::Offers;
use crate::records::{ComplaintRecord, CorrectionRecord, InspectionRecord, NoticedRecord};
use crate::{Desk, Done, Refused, Row, Thing};
use jiff::civil::date;
use tidegate_access::{Action, Facts, Kind};
use tidegate_http::api::Page;
use tidegate_operation::{CorrectionEvent, Inspection, open_correction};
use tidegate_rules::Process;
use tidegate_terms::messages;

messages! {
    /// Why a step of a ticket is refused.
    pub enum TicketRefusal {
        NotAsked = "tickets.not-asked" {
            en: "nobody asked for more time (rule I2, Zibo Art. 17): who handles the ticket asks, somebody responsible approves",
            zh: "尚无延期申请（规则 I2，淄博第十七条）：由经办人申请，负责人批准",
        },
        Empty = "tickets.no-text" {
            en: "the text is empty (rule K4, Shuangyashan Art. 66): say what it is about",
            zh: "内容为空（规则 K4，双鸭山第六十六条）：请说明情况",
        },
    }
}

operation! {
    OpenCorrection = "tickets.correct" in "tickets";
    Post "/v1/tickets/corrections" [keyed, created];
    summary "Ask for a correction of data", "申请数据校核";
    says "The provider verifies, corrects and replies within the term that the ticket shows. Other use goes on meanwhile.", "数据提供部门在工单所示期限内核实、更正并反馈；其他使用照常。";
    takes CorrectionInput, example CorrectionInput { dataset: example_name("visits"), text: "2024 年 3 月费用重复".to_owned() };
    gives TicketView, example view_example();
    by correct;
}

operation! {
    AnswerCorrection = "tickets.answer_correction" in "tickets";
    Post "/v1/tickets/corrections/{ticket}/answer" [keyed];
    summary "Answer a request for correction", "答复校核申请";
    says "By the provider; the applicant is told.", "由数据提供部门答复并反馈申请方。";
    takes CorrectionAnswer, example CorrectionAnswer { ticket: id_example(), corrected: true, reply: "已更正".to_owned() };
    gives TicketView, example view_example();
    by answer_correction;
}

operation! {
    AskExtension = "tickets.ask_extension" in "tickets";
    Post "/v1/tickets/corrections/{ticket}/extension-request" [keyed];
    summary "Ask for more time", "申请延期";
    says "By who handles the ticket at the provider.", "由数据提供部门经办人申请。";
    takes TicketReason, example TicketReason { ticket: id_example(), reason: "情况复杂".to_owned() };
    gives TicketView, example view_example();
    by ask_extension;
}

operation! {
    ExtendCorrection = "tickets.extend" in "tickets";
    Post "/v1/tickets/corrections/{ticket}/extension" [keyed];
    summary "Approve more time", "批准延期";
    says "Once, where the rules of the place know it, by another person than the one who asked.", "限本地规则有规定的，一次为限，由申请人以外的负责人批准。";
    takes TicketReason, example TicketReason { ticket: id_example(), reason: "同意".to_owned() };
    gives TicketView, example view_example();
    by extend;
}

operation! {
    OpenFinding = "tickets.open_finding" in "tickets";
    Post "/v1/tickets/findings" [keyed, created];
    summary "Open a finding of an inspection", "提出检查问题";
    says "With the organisation that must put it right, and until when.", "写明整改责任机构和期限。";
    takes FindingInput, example FindingInput { owner: example_name("insurer"), text: "未登记应用成效".to_owned(), due: date(2026, 12, 15) };
    gives TicketView, example view_example();
    by open_finding;
}

operation! {
    AnswerFinding = "tickets.answer_finding" in "tickets";
    Post "/v1/tickets/findings/{ticket}/answer" [keyed];
    summary "Answer a finding", "整改答复";
    says "By the organisation that must put it right.", "由整改责任机构答复。";
    takes TicketReason, example TicketReason { ticket: id_example(), reason: "已补登".to_owned() };
    gives TicketView, example view_example();
    by answer_finding;
}

operation! {
    CloseFinding = "tickets.close_finding" in "tickets";
    Post "/v1/tickets/findings/{ticket}/closing" [keyed];
    summary "Close a finding, or send it back", "销号或退回";
    says "By who inspects, and not by who answered.", "由检查方办理，且非答复人。";
    takes ClosingInput, example ClosingInput { ticket: id_example(), good: true };
    gives TicketView, example view_example();
    by close_finding;
}

operation! {
    FileComplaint = "tickets.complain" in "tickets";
    Post "/v1/tickets/complaints" [keyed, created];
    summary "Report an unlawful use", "举报";
    says "With the channel through which it came, such as 12345.", "写明受理渠道，如 12345。";
    takes ComplaintInput, example ComplaintInput { text: "疑似转让数据".to_owned(), channel: "12345".to_owned() };
    gives TicketView, example view_example();
    by complain;
}

operation! {
    AnswerComplaint = "tickets.answer_complaint" in "tickets";
    Post "/v1/tickets/complaints/{ticket}/reply" [keyed];
    summary "Answer a report of unlawful use", "答复举报";
    says "By the authority; who reported is told the result.", "由主管部门答复，将处理结果告知举报人。";
    takes TicketReason, example TicketReason { ticket: id_example(), reason: "已责令整改".to_owned() };
    gives TicketView, example view_example();
    by answer_complaint;
}

operation! {
    ShowTicket = "tickets.show" in "tickets";
    Get "/v1/tickets/{ticket}" [];
    summary "Show a ticket", "查看工单";
    says "For those concerned and those who supervise.", "相关方和监督方可见。";
    takes OneTicket, example OneTicket { ticket: id_example() };
    gives TicketView, example view_example();
    by show;
}

operation! {
    ListTickets = "tickets.list" in "tickets";
    Get "/v1/tickets" [paged];
    summary "List tickets of a kind", "列出工单";
    says "Those that the caller may read.", "仅列出调用方可查看的。";
    takes TicketFilter, example TicketFilter { about: About::Findings, state: Some("open".to_owned()) };
    gives Page<TicketView>, example Page { items: vec![view_example()], next: None };
    by list;
}

async fn correct(desk: &mut Desk, input: CorrectionInput) -> Result<Done<TicketView>, Refused> {
    let at = At::of(desk)?;
    let mut act = desk.begin().await?;
    let Some(known) = facts::known(&mut act, &input.dataset).await? else {
        return Err(ActRefusal::NoEntry { dataset: input.dataset }.into());
    };
    let id = identifier('t')?;
    let facts = act.facts(desk).await?;
    let thing = new_thing::<CorrectionRecord>(&id, "open", &at.organisation, known.link.organisation.as_str());
    let decided = desk.decide(Action::OpenCorrection, &thing, facts)?;
    let rules = desk.rules();
    let provider = known.link.organisation;
    let correction = open_correction(input.dataset, provider.clone(), &input.text, at.today, rules.pack(), rules.calendar())?;
    let record = CorrectionRecord { correction, organisation: at.organisation.clone(), provider, text: input.text, asked: None };
    let version = conclude(act, decided, &id, &record, &[], "").await?;
    Ok(Done { output: of_correction(desk, &id, &record), version: Some(version), next: None })
}

async fn answer_correction(desk: &mut Desk, input: CorrectionAnswer) -> Result<Done<TicketView>, Refused> {
    let event = CorrectionEvent::Answer { corrected: input.corrected, reply: input.reply };
    correction(desk, &input.ticket, |_, _| Ok(Some(event))).await
}

async fn ask_extension(desk: &mut Desk, input: TicketReason) -> Result<Done<TicketView>, Refused> {
    correction(desk, &input.ticket, |at, record| {
        if input.reason.trim().is_empty() {
            return Err(TicketRefusal::Empty.into());
        }
        record.asked = Some((at.person.clone(), input.reason));
        Ok(None)
    })
    .await
}

async fn extend(desk: &mut Desk, input: TicketReason) -> Result<Done<TicketView>, Refused> {
    correction(desk, &input.ticket, |at, record| {
        let Some((handler, asked)) = record.asked.clone() else { return Err(TicketRefusal::NotAsked.into()) };
        record.correction.handler = handler;
        let reason = if input.reason.trim().is_empty() { asked } else { input.reason };
        Ok(Some(CorrectionEvent::Extend { approver: at.person.clone(), reason }))
    })
    .await
}

/// One step of a correction.
async fn correction(
    desk: &mut Desk,
    id: &str,
    event: impl FnOnce(&At, &mut CorrectionRecord) -> Result<Option<CorrectionEvent>, Refused> + Send,
) -> Result<Done<TicketView>, Refused> {
    let at = At::of(desk)?;
    let mut act = desk.begin().await?;
    let row = the::<CorrectionRecord>(&mut act, id).await?;
    desk.expect_version(row.version)?;
    let facts = act.facts(desk).await?;
    let decided = desk.decide(Action::AnswerCorrection, &Thing::of(&row), facts)?;
    let mut record = row.record;
    if let Some(event) = event(&at, &mut record)? {
        record.correction = record.correction.step(event, desk.rules().pack(), desk.rules().calendar())?;
    }
    let version = conclude(act, decided, id, &record, &[], "").await?;
    Ok(Done { output: of_correction(desk, id, &record), version: Some(version), next: None })
}

async fn open_finding(desk: &mut Desk, input: FindingInput) -> Result<Done<TicketView>, Refused> {
    let at = At::of(desk)?;
    let mut act = desk.begin().await?;
    let id = identifier('t')?;
    let facts = act.facts(desk).await?;
    let thing = new_thing::<InspectionRecord>(&id, "open", &at.organisation, input.owner.as_str());
    let decided = desk.decide(Action::OpenFinding, &thing, facts)?;
    the::<super::organisations::OrganisationRecord>(&mut act, input.owner.as_str()).await?;
    let inspection = Inspection::open(&input.text, input.owner, input.due, at.today)?;
    let record = InspectionRecord { inspection, organisation: at.organisation.clone(), opened_by: at.person };
    let version = conclude(act, decided, &id, &record, &[], "").await?;
    Ok(Done { output: of_finding(desk, &id, &record), version: Some(version), next: None })
}

async fn answer_finding(desk: &mut Desk, input: TicketReason) -> Result<Done<TicketView>, Refused> {
    finding(desk, &input.ticket, Action::AnswerFinding, |at, inspection| inspection.answer(at.person.clone(), &input.reason)).await
}

async fn close_finding(desk: &mut Desk, input: ClosingInput) -> Result<Done<TicketView>, Refused> {
    finding(desk, &input.ticket, Action::CloseFinding, |at, inspection| inspection.close(&at.person, input.good)).await
}

/// One step of a finding.
async fn finding(
    desk: &mut Desk,
    id: &str,
    action: Action,
    step: impl FnOnce(&At, Inspection) -> Result<Inspection, tidegate_operation::TicketError> + Send,
) -> Result<Done<TicketView>, Refused> {
    let at = At::of(desk)?;
    let mut act = desk.begin().await?;
    let row = the::<InspectionRecord>(&mut act, id).await?;
    desk.expect_version(row.version)?;
    let answered_by = row.record.inspection.answer.as_ref().map(|(by, _)| by);
    let facts = Facts { reviewer_differs: answered_by != Some(&at.person), ..act.facts(desk).await? };
    let decided = desk.decide(action, &Thing::of(&row), facts)?;
    let mut record = row.record;
    record.inspection = step(&at, record.inspection)?;
    let version = conclude(act, decided, id, &record, &[], "").await?;
    Ok(Done { output: of_finding(desk, id, &record), version: Some(version), next: None })
}

async fn complain(desk: &mut Desk, input: ComplaintInput) -> Result<Done<TicketView>, Refused> {
    let at = At::of(desk)?;
    let mut act = desk.begin().await?;
    let id = identifier('t')?;
    let facts = act.facts(desk).await?;
    let decided = desk.decide(Action::FileComplaint, &new_thing::<ComplaintRecord>(&id, "open", &at.organisation, ""), facts)?;
    if input.text.trim().is_empty() {
        return Err(TicketRefusal::Empty.into());
    }
    let record = ComplaintRecord { organisation: at.organisation.clone(), text: input.text, channel: input.channel, reply: None };
    let version = conclude(act, decided, &id, &record, &[], "").await?;
    Ok(Done { output: of_complaint(&id, &record), version: Some(version), next: None })
}

async fn answer_complaint(desk: &mut Desk, input: TicketReason) -> Result<Done<TicketView>, Refused> {
    let mut act = desk.begin().await?;
    let row = the::<ComplaintRecord>(&mut act, &input.ticket).await?;
    desk.expect_version(row.version)?;
    let facts = act.facts(desk).await?;
    let decided = desk.decide(Action::AnswerComplaint, &Thing::of(&row), facts)?;
    if input.reason.trim().is_empty() {
        return Err(TicketRefusal::Empty.into());
    }
    let record = ComplaintRecord { reply: Some(input.reason), ..row.record };
    let version = conclude(act, decided, &input.ticket, &record, &[], "").await?;
    Ok(Done { output: of_complaint(&input.ticket, &record), version: Some(version), next: None })
}

/// All tickets of a kind that the caller may read.
async fn tickets(desk: &Desk, about: About) -> Result<Vec<(String, u32, TicketView)>, Refused> {
    let (facts, mut books) = (desk.facts().await?, desk.read());
    let may = |thing: &Thing<'_>| desk.decide(Action::ReadTicket, thing, facts).is_ok();
    Ok(match about {
        About::Corrections => {
            let rows = books.every::<CorrectionRecord>().await?.into_iter().filter(|row| may(&Thing::of(row)));
            rows.map(|row| (row.id.clone(), row.version, of_correction(desk, &row.id, &row.record))).collect()
        }
        About::Findings => {
            let rows = books.every::<InspectionRecord>().await?.into_iter().filter(|row| may(&Thing::of(row)));
            rows.map(|row| (row.id.clone(), row.version, of_finding(desk, &row.id, &row.record))).collect()
        }
        About::Complaints => {
            let rows = books.every::<ComplaintRecord>().await?.into_iter().filter(|row| may(&Thing::of(row)));
            rows.map(|row| (row.id.clone(), row.version, of_complaint(&row.id, &row.record))).collect()
        }
        About::Notices => {
            let rows = books.every::<NoticedRecord>().await?.into_iter().filter(|row: &Row<NoticedRecord>| may(&Thing::of(row)));
            rows.map(|row| (row.id.clone(), row.version, of_notice(&row.id, &row.record))).collect()
        }
    })
}

async fn show(desk: &mut Desk, input: OneTicket) -> Result<Done<TicketView>, Refused> {
    // What the caller may not read is said not to be there: a ticket's number tells nothing.
    for about in [About::Corrections, About::Findings, About::Complaints, About::Notices] {
        let found = tickets(desk, about).await?.into_iter().find(|(id, _, _)| *id == input.ticket);
        if let Some((_, version, view)) = found {
            return Ok(Done { output: view, version: Some(version), next: None });
        }
    }
    Err(unknown(Kind::Ticket, &input.ticket))
}

async fn list(desk: &mut Desk, input: TicketFilter) -> Result<Done<Page<TicketView>>, Refused> {
    let fits = |view: &TicketView| input.state.as_deref().is_none_or(|state| view.state == state);
    let found: Vec<_> = tickets(desk, input.about).await?.into_iter().map(|(_, _, view)| view).filter(fits).collect();
    let (items, next) = page(found, desk, |view| view.ticket.as_str());
    Ok(Done { output: Page { items, next: None }, version: None, next })
}

/// Until when the authority passes a request on, where the rules of the place say (rule I3).
pub(crate) fn forward_due(desk: &Desk, record: &CorrectionRecord) -> Option<DueView> {
    DueView::of(desk, Process::CorrectionForward, record.correction.received)
}

/// What is offered here.
pub(crate) fn offers(offers: Offers) -> Offers {
    offers
        .with::<OpenCorrection>()
        .with::<AnswerCorrection>()
        .with::<AskExtension>()
        .with::<ExtendCorrection>()
        .with::<OpenFinding>()
        .with::<AnswerFinding>()
        .with::<CloseFinding>()
        .with::<FileComplaint>()
        .with::<AnswerComplaint>()
        .with::<ShowTicket>()
        .with::<ListTickets>()
}
