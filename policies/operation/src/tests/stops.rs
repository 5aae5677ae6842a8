//! The three stops, and what is found, reported and put right.

use super::{calendar, name, pack};
use crate::*;
use jiff::civil::{Date, date};
use tidegate_terms::{Digest, Message as _};

fn unused() -> Finding {
    Finding::Unused { since: date(2026, 1, 1), from: date(2026, 4, 1) }
}

fn used() -> Use {
    Use {
        columns: vec!["visits.cost".into()],
        purpose: name("insurance"),
        given: date(2026, 1, 1),
        last_run: None,
        columns_asked: vec!["visits.cost".into()],
        purposes_asked: vec![name("insurance")],
        denials_today: 29,
        budget_gone_today: false,
        slots_missed_today: 0,
    }
}

// clause: F9 both
#[test]
fn four_kinds_of_findings_are_made_by_the_system() {
    let found = |used: &Use, today: Date, place: &str| -> Vec<Finding> {
        findings(used, today, &pack(place)).into_iter().map(|found| found.0).collect()
    };
    let quiet = date(2026, 3, 1);
    assert_eq!(found(&used(), quiet, "sys"), []);
    let wide = Use { columns_asked: vec!["visits.cost".into(), "visits.name".into()], ..used() };
    assert_eq!(found(&wide, quiet, "sys"), [Finding::OverScope { columns: vec!["visits.name".into()] }]);
    let other = Use { purposes_asked: vec![name("insurance"), name("ads")], ..used() };
    assert_eq!(found(&other, quiet, "sys"), [Finding::OverPurpose { purpose: name("ads") }]);
    let strange = Use { denials_today: 30, budget_gone_today: true, slots_missed_today: 1, ..used() };
    assert_eq!(found(&strange, quiet, "sys").len(), 3);
    // Idle is the last run and three calendar months.
    let ran = |last| Use { last_run: Some(last), ..used() };
    assert_eq!(found(&ran(date(2026, 1, 31)), date(2026, 4, 29), "sys"), []);
    let from = date(2026, 4, 30);
    assert_eq!(found(&ran(date(2026, 1, 31)), from, "sys"), [Finding::Unused { since: date(2026, 1, 31), from }]);
    assert_eq!(found(&used(), date(2026, 4, 1), "sys"), [unused()]);
    assert_eq!(found(&used(), date(2030, 4, 1), "bz"), [], "the text of Binzhou says nothing of unused access");
    let clause = findings(&used(), date(2026, 4, 1), &pack("sys")).remove(0).1;
    assert_eq!(clause.to_string(), "rule F9, Shuangyashan Art. 31");
}

/// Stop 1: nothing stops before the date has passed.
// clause: F9 both
#[test]
fn rectification_comes_before_cutting_off() {
    let (place, today) = (pack("sys"), date(2026, 6, 1));
    let until = date(2026, 6, 15);
    let begin = |until| order("g1".into(), name("acme"), unused(), until, today, &place);
    assert_eq!(begin(today).expect_err("date").code(), "rectification.date");
    let (ordered, effects) = begin(until).expect("ordered");
    assert!(effects.iter().all(|effect| matches!(effect, Effect::Notify { .. } | Effect::Remind { .. })), "{effects:?}");
    let step = |from: &Rectification, event: RectificationEvent, day| from.step(&event, day, &place);
    let cut = || RectificationEvent::CutOff("未整改".into());
    assert!(!ordered.is_overdue(until));
    assert_eq!(step(&ordered, cut(), until).expect_err("early").code(), "rectification.not-yet");
    assert!(ordered.is_overdue(date(2026, 6, 16)));
    let (over, effects) = step(&ordered, cut(), date(2026, 6, 16)).expect("cut off");
    assert_eq!(over.state, RectificationState::CutOff);
    assert_eq!(effects[..2], [Effect::RevokeGrant("g1".into()), Effect::StopRunsOfGrant("g1".into())]);
    let (reported, _) = step(&ordered, RectificationEvent::Report("已恢复调用".into()), today).expect("reported");
    let (again, _) = step(&reported, RectificationEvent::Reject("仍未调用".into()), today).expect("rejected");
    assert_eq!((again.state, again.until), (RectificationState::Ordered, until));
    assert!(reported.is_overdue(date(2026, 6, 16)), "a report does not stop the clock");
    let (accepted, effects) = step(&reported, RectificationEvent::Accept("属实".into()), today).expect("accepted");
    assert!(!accepted.is_overdue(date(2027, 1, 1)) && effects.len() == 1);
    assert_eq!(step(&accepted, cut(), date(2027, 1, 1)).expect_err("over").code(), "rectification.state");
    assert_eq!(step(&ordered, RectificationEvent::Accept(" ".into()), today).expect_err("reason").code(), "rectification.no-reason");
}

fn filed(place: &str) -> (Objection, Vec<Effect>) {
    file_objection(name("visits"), name("citizen-office"), Some(Digest::of(b"evidence")), "费用有误", &pack(place)).expect("filed")
}

/// Stop 2: evidence stops at once in Shuangyashan, and does not in Binzhou.
// clause: I9 both
// clause: I10 permitted
#[test]
fn an_objection_with_evidence_stops_at_once_where_the_text_says_so() {
    let (objection, effects) = filed("sys");
    assert!(objection.suspended);
    assert_eq!(effects[..2], [Effect::SuspendDataset(name("visits")), Effect::StopRunsOnDataset(name("visits"))]);
    for place in ["bz", "zb", "jn", "qb"] {
        let (objection, effects) = filed(place);
        assert!(!objection.suspended && matches!(effects.as_slice(), [Effect::Notify { .. }]), "{place}");
    }
    let bare = |evidence, text: &str| file_objection(name("visits"), name("x"), evidence, text, &pack("sys")).expect_err("refused").code();
    assert_eq!(bare(None, "有误"), "objection.no-evidence");
    assert_eq!(bare(Some(Digest::of(b"x")), " "), "objection.no-evidence");
}

// clause: I9, I10 both
#[test]
fn an_objection_ends_in_one_of_three_ways_and_may_be_appealed() {
    let place = pack("sys");
    let decide = |outcome| ObjectionEvent::Decide { by: name("wang"), outcome, reason: "核实".into() };
    let (open, _) = filed("sys");
    let step = |from: &Objection, event: ObjectionEvent| from.step(&event, &place);
    let (restored, effects) = step(&open, decide(Outcome::Restore)).expect("restored");
    assert!(!restored.suspended && effects[0] == Effect::RestoreDataset(name("visits")));
    let (withdrawn, effects) = step(&open, decide(Outcome::Withdraw)).expect("withdrawn");
    assert!(withdrawn.suspended && effects.contains(&Effect::WithdrawDataset(name("visits"))));
    let (treat, _) = step(&open, decide(Outcome::Treat)).expect("treat");
    assert!(treat.suspended);
    let (treated, effects) = step(&treat, ObjectionEvent::Treated { reason: "已更正".into() }).expect("treated");
    assert!(!treated.suspended && effects[0] == Effect::RestoreDataset(name("visits")));
    assert_eq!(step(&treated, ObjectionEvent::Treated { reason: "再次".into() }).expect_err("once").code(), "objection.state");
    let appeal = |by: &str| ObjectionEvent::Appeal { by: name(by), reason: "不服".into() };
    assert_eq!(step(&restored, appeal("acme")).expect_err("foreign").code(), "objection.not-the-objector");
    assert_eq!(step(&open, appeal("citizen-office")).expect_err("early").code(), "objection.state");
    let (appealed, _) = step(&restored, appeal("citizen-office")).expect("appealed");
    let review = |by: &str| ObjectionEvent::DecideAppeal { by: name(by), outcome: Outcome::Withdraw, reason: "复核".into() };
    assert_eq!(step(&appealed, review("wang")).expect_err("same").code(), "objection.same-person");
    let (closed, effects) = step(&appealed, review("zhao")).expect("closed");
    assert_eq!(closed.state, ObjectionState::Closed);
    assert!(closed.suspended && effects.contains(&Effect::StopRunsOnDataset(name("visits"))));
    assert_eq!(step(&closed, appeal("citizen-office")).expect_err("over").code(), "objection.state");
    let mute = ObjectionEvent::Decide { by: name("wang"), outcome: Outcome::Restore, reason: " ".into() };
    assert_eq!(step(&open, mute).expect_err("reason").code(), "objection.no-reason");
    // In Binzhou the provider's answer is the end, and what was never suspended needs no restoring.
    let (binzhou, _) = filed("bz");
    let (answered, effects) = binzhou.step(&decide(Outcome::Restore), &pack("bz")).expect("answered");
    assert_eq!((answered.state, effects.len()), (ObjectionState::Closed, 1));
    assert_eq!(answered.step(&appeal("citizen-office"), &pack("bz")).expect_err("none").code(), "objection.no-appeal");
}

/// Stop 3: one organisation, everything it holds.
// clause: F10 both
#[test]
fn a_closing_concerns_everything_of_one_organisation() {
    let place = pack("sys");
    assert_eq!(Ground::ALL.len(), 4);
    assert_eq!(close(name("acme"), Ground::NoSafeguards, " ", &place).expect_err("facts").code(), "closing.no-reason");
    let (first, effects) = close(name("acme"), Ground::NoSafeguards, "未加密", &place).expect("closed");
    let (second, _) = close(name("acme"), Ground::TransferOrOtherUse, "转卖", &place).expect("closed");
    assert_eq!(effects[..2], [Effect::CloseAccess(name("acme")), Effect::StopRunsOf(name("acme"))]);
    assert!(!open_again(&name("acme"), [&first]) && open_again(&name("other"), [&first]));
    let step = |from: &Closing, event: ClosingEvent, others: &[Closing]| from.step(&event, others, &place);
    let open = || ClosingEvent::Open("已整改".into());
    assert_eq!(step(&first, open(), &[]).expect_err("unreported").code(), "closing.unrectified");
    let reported = |closing: &Closing| step(closing, ClosingEvent::Report("已加密".into()), &[]).expect("reported").0;
    let (opened, effects) = step(&reported(&first), open(), std::slice::from_ref(&second)).expect("opened");
    assert!(!effects.contains(&Effect::OpenAccess(name("acme"))), "the other closing stands");
    let (_, effects) = step(&reported(&second), open(), std::slice::from_ref(&opened)).expect("opened");
    assert_eq!(effects[0], Effect::OpenAccess(name("acme")));
    assert_eq!(step(&opened, open(), &[]).expect_err("over").code(), "closing.over");
}

/// The three procedures do not touch each other: one organisation may be in all three.
#[test]
fn a_date_of_the_first_stop_delays_neither_of_the_others() {
    let (place, today) = (pack("sys"), date(2026, 6, 1));
    let (_, ordered) = order("g1".into(), name("acme"), unused(), date(2026, 12, 1), today, &place).expect("ordered");
    let (_, objected) = filed("sys");
    let (_, closed) = close(name("acme"), Ground::OtherBreach, "事实", &place).expect("closed");
    let stops = |effects: &[Effect]| {
        effects.iter().any(|effect| matches!(effect, Effect::StopRunsOfGrant(_) | Effect::StopRunsOnDataset(_) | Effect::StopRunsOf(_)))
    };
    assert_eq!([stops(&ordered), stops(&objected), stops(&closed)], [false, true, true]);
}

// clause: J5 both
#[test]
fn an_incident_closes_only_when_everybody_was_told() {
    assert_eq!(Incident::report(Severity::Major, name("li"), " ").expect_err("text").code(), "incident.text");
    let (incident, effects) = Incident::report(Severity::Major, name("li"), "异常访问").expect("reported");
    assert_eq!(effects[..2], [Effect::StopEverything, Effect::HoldRecords]);
    let (small, effects) = Incident::report(Severity::Ordinary, name("li"), "误操作").expect("reported");
    assert!(!effects.contains(&Effect::StopEverything));
    assert_eq!(small.step(IncidentEvent::Regrade(Severity::Major), "t").expect("graver").1, [Effect::StopEverything]);
    let close = || IncidentEvent::Close("处置完毕".into());
    let mut now = incident;
    for stage in Stage::ALL {
        assert_eq!(now.step(close(), "t").expect_err("open").code(), "incident.open");
        now = now.step(IncidentEvent::Done(*stage, "已办".into()), "2026-06-01T00:00:00Z").expect("done").0;
    }
    let closed = now.step(close(), "t").expect("closed").0;
    assert_eq!(closed.step(close(), "t").expect_err("closed").code(), "incident.closed");
}

// clause: J5 both
#[test]
fn the_switch_is_lifted_by_another_person() {
    let (stopped, effects) = KillSwitch::default().stop(name("li"), "泄露").expect("stopped");
    assert_eq!(effects[0], Effect::StopEverything);
    assert_eq!(stopped.stop(name("wang"), "再停").expect_err("twice").code(), "incident.switch");
    assert_eq!(stopped.lift(&name("li"), "查明").expect_err("same").code(), "incident.same-person");
    assert_eq!(stopped.lift(&name("wang"), " ").expect_err("text").code(), "incident.text");
    assert_eq!(stopped.lift(&name("wang"), "查明").expect("lifted"), KillSwitch::Open);
    assert_eq!(KillSwitch::Open.lift(&name("wang"), "查明").expect_err("open").code(), "incident.switch");
}

// clause: I1, I2 both
// clause: I3 permitted
#[test]
fn corrections_have_terms_and_one_extension() {
    let received = date(2026, 9, 30);
    let opened =
        |place: &str| open_correction(name("visits"), name("li"), "姓名有误", received, &pack(place), &calendar()).expect("opened");
    let due = |correction: &Correction| correction.due.as_ref().map(|due| due.last_day);
    let zibo = opened("zb");
    assert_eq!(due(&zibo), Some(date(2026, 10, 13)), "5 working days over National Day");
    assert_eq!(due(&opened("qb")), None, "the text gives no term");
    let extend = |approver: &str| CorrectionEvent::Extend { approver: name(approver), reason: "复杂".into() };
    let step = |from: &Correction, event, place: &str| from.step(event, &pack(place), &calendar());
    assert_eq!(step(&zibo, extend("li"), "zb").expect_err("own").code(), "ticket.no-approver");
    assert_eq!(step(&opened("sys"), extend("wang"), "sys").expect_err("none").code(), "ticket.no-extension");
    let extended = step(&zibo, extend("wang"), "zb").expect("extended");
    assert_eq!(due(&extended), Some(date(2026, 10, 20)), "10 working days from receipt");
    assert_eq!(step(&extended, extend("wang"), "zb").expect_err("twice").code(), "ticket.twice");
    assert!(extended.is_overdue(date(2026, 10, 21)) && !extended.is_overdue(date(2026, 10, 20)));
    let answer = || CorrectionEvent::Answer { corrected: true, reply: "已更正".into() };
    let answered = step(&extended, answer(), "zb").expect("answered");
    assert!(!answered.is_overdue(date(2027, 1, 1)));
    assert_eq!(step(&answered, answer(), "zb").expect_err("closed").code(), "ticket.closed");
    let forward = forward_due(received, &pack("zb"), &calendar()).expect("known").expect("a term");
    assert_eq!((forward.last_day, format!("{:#}", forward.clause)), (date(2026, 10, 9), "规则 I3，淄博第十七条".into()));
}

// clause: K1 both
#[test]
fn who_inspects_closes_a_finding() {
    let today = date(2026, 6, 1);
    assert_eq!(Inspection::open("未更新", name("acme"), today, today).expect_err("due").code(), "ticket.due");
    let open = Inspection::open("未更新", name("acme"), date(2026, 7, 1), today).expect("opened");
    assert_eq!(open.clone().close(&name("wang"), true).expect_err("unanswered").code(), "ticket.state");
    let answered = open.answer(name("li"), "已更新").expect("answered");
    assert_eq!(answered.clone().close(&name("li"), true).expect_err("same").code(), "ticket.same-person");
    let back = answered.clone().close(&name("wang"), false).expect("back");
    assert!(back.state == InspectionState::Open && back.is_overdue(date(2026, 7, 2)) && !back.is_overdue(date(2026, 7, 1)));
    let closed = answered.close(&name("wang"), true).expect("closed");
    assert!(!closed.is_overdue(date(2030, 1, 1)));
    assert_eq!(closed.answer(name("li"), "再次").expect_err("closed").code(), "ticket.state");
}
