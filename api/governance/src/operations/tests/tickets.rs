//! Tickets: terms, extensions, who answers, who closes.

use super::catalogue::publish;
use super::house::*;
use crate::operations::entry_views::entry_example;
use crate::operations::ticket_views::*;
use crate::operations::tickets::*;
use jiff::civil::date;
use tidegate_catalogue::Entry;

async fn with_data(place: &str) -> House {
    let house = House::of(place).await;
    publish(&house, Entry { id: name("visits"), ..entry_example() }).await;
    house.mount("visits-2024", "visits").await;
    house.grant("g1", "visits-2024", date(2026, 11, 1)).await;
    house
}

fn correction() -> CorrectionInput {
    CorrectionInput { dataset: name("visits-2024"), text: "费用重复".into() }
}

fn reason(ticket: &str, reason: &str) -> TicketReason {
    TicketReason { ticket: ticket.into(), reason: reason.into() }
}

// clause: I1 permitted
// clause: I2 both
// clause: I3 permitted
// clause: I6 permitted
#[tokio::test(flavor = "multi_thread")]
async fn a_correction_has_a_term_and_is_extended_once_by_somebody_else() {
    let house = with_data("zb").await;
    let opened = house.done::<OpenCorrection>(OPERATOR, correction()).await;
    assert_eq!(opened.due.expect("five days").last_day, Some(date(2026, 11, 30)));
    assert_eq!(opened.forward_due.expect("two days").last_day, Some(date(2026, 11, 25)));
    assert_eq!(house.granted("g1").await.suspended, None, "nothing stops");
    let id = opened.ticket.as_str();
    assert_eq!(house.refused::<ExtendCorrection>(PROVIDER, reason(id, "同意")).await, "tickets.not-asked");
    house.done::<AskExtension>(PROVIDER, reason(id, "复杂")).await;
    assert_eq!(house.refused::<ExtendCorrection>(PROVIDER, reason(id, "同意")).await, "ticket.no-approver");
    let extended = house.done::<ExtendCorrection>(PROVIDER_TWO, reason(id, "同意")).await;
    assert_eq!((extended.state.as_str(), extended.due.expect("ten days").last_day), ("extended", Some(date(2026, 12, 7))));
    assert_eq!(house.refused::<ExtendCorrection>(PROVIDER_TWO, reason(id, "再延")).await, "ticket.twice");
    let answer = |reply: &str| CorrectionAnswer { ticket: id.into(), corrected: true, reply: reply.into() };
    assert_eq!(house.refused::<AnswerCorrection>(OTHER_PROVIDER, answer("已更正")).await, "access.t3");
    assert_eq!(house.refused::<AnswerCorrection>(PROVIDER, answer(" ")).await, "ticket.text");
    assert_eq!(house.done::<AnswerCorrection>(PROVIDER, answer("已更正")).await.state, "closed");
    let seen = house.done::<ShowTicket>(OPERATOR, OneTicket { ticket: id.into() }).await;
    assert_eq!(seen.reply.as_deref(), Some("已更正"));
    assert_eq!(house.refused::<ShowTicket>(OTHER_OPERATOR, OneTicket { ticket: id.into() }).await, "act.unknown");
    let sys = with_data("sys").await;
    let id = sys.done::<OpenCorrection>(OPERATOR, correction()).await.ticket;
    sys.done::<AskExtension>(PROVIDER, reason(&id, "复杂")).await;
    assert_eq!(sys.refused::<ExtendCorrection>(PROVIDER_TWO, reason(&id, "同意")).await, "ticket.no-extension");
}

// clause: K1 both
#[tokio::test(flavor = "multi_thread")]
async fn a_finding_has_an_owner_a_day_and_an_end() {
    let house = House::of("sys").await;
    let input = |owner: &str, due| FindingInput { owner: name(owner), text: "未登记成效".into(), due };
    assert_eq!(house.refused::<OpenFinding>(AUDITOR, input("insurer", date(2026, 12, 1))).await, "access.t1");
    assert_eq!(house.refused::<OpenFinding>(REGULATOR, input("insurer", date(2026, 11, 23))).await, "ticket.due");
    assert_eq!(house.refused::<OpenFinding>(REGULATOR, input("nobody", date(2026, 12, 1))).await, "act.unknown");
    let id = house.done::<OpenFinding>(REGULATOR, input("insurer", date(2026, 12, 1))).await.ticket;
    assert_eq!(house.refused::<AnswerFinding>(OTHER_OPERATOR, reason(&id, "已补")).await, "access.t3");
    assert_eq!(house.refused::<CloseFinding>(REGULATOR, ClosingInput { ticket: id.clone(), good: true }).await, "access.t2");
    house.done::<AnswerFinding>(OPERATOR, reason(&id, "已补")).await;
    let back = house.done::<CloseFinding>(AUTHORITY, ClosingInput { ticket: id.clone(), good: false }).await;
    assert_eq!(back.state, "open");
    house.done::<AnswerFinding>(OPERATOR, reason(&id, "再补")).await;
    assert_eq!(house.done::<CloseFinding>(REGULATOR, ClosingInput { ticket: id, good: true }).await.state, "closed");
    let listed = house.done::<ListTickets>(AUDITOR, TicketFilter { about: About::Findings, state: None }).await;
    assert_eq!(listed.items.len(), 1);
}

// clause: K4 both
#[tokio::test(flavor = "multi_thread")]
async fn who_reports_an_unlawful_use_is_told_the_result() {
    let house = House::of("sys").await;
    let input = |text: &str| ComplaintInput { text: text.into(), channel: "12345".into() };
    assert_eq!(house.refused::<FileComplaint>(DEVELOPER, input(" ")).await, "tickets.no-text");
    assert_eq!(house.refused::<FileComplaint>(AUDITOR, input("转让")).await, "access.t1");
    let id = house.done::<FileComplaint>(DEVELOPER, input("疑似转让")).await.ticket;
    assert_eq!(house.refused::<AnswerComplaint>(OPERATOR, reason(&id, "没有")).await, "access.t1");
    house.done::<AnswerComplaint>(AUTHORITY, reason(&id, "已责令整改")).await;
    assert_eq!(house.done::<ShowTicket>(DEVELOPER, OneTicket { ticket: id }).await.reply.as_deref(), Some("已责令整改"));
}

// clause: K3 both
#[tokio::test(flavor = "multi_thread")]
async fn the_report_on_a_year_is_due_by_the_end_of_february() {
    use crate::operations::reports::{AnnualInput, AnnualReport};
    let house = with_data("qb").await;
    house.done::<OpenCorrection>(OPERATOR, correction()).await;
    let year = &house.office().domain().books().log_entries(0, 1).await.expect("entries")[0];
    let year = tidegate_log::Entry::decode(year).expect("entry").at[..4].parse().expect("year");
    let report = house.done::<AnnualReport>(AUDITOR, AnnualInput { year }).await;
    let count = |what: &str| report.acts.iter().find(|count| count.what == what).map_or(0, |count| count.times);
    assert_eq!((count("publish_entry"), count("open_correction"), report.levels.len()), (1, 1, 4));
    let due = |year| async move { house_due(year).await };
    assert_eq!(due(2027).await, Some(date(2028, 2, 29)));
    assert_eq!(due(2026).await, Some(date(2027, 2, 28)));
    assert_eq!(house.refused::<AnnualReport>(OPERATOR, AnnualInput { year: 2026 }).await, "access.t1");
}

async fn house_due(year: i16) -> Option<jiff::civil::Date> {
    use crate::operations::reports::{AnnualInput, AnnualReport};
    House::of("qb").await.done::<AnnualReport>(REGULATOR, AnnualInput { year }).await.due.and_then(|due| due.last_day)
}
