//! The three stops, incidents and the switch: what stops when, and who lifts it.

use super::catalogue::publish;
use super::house::*;
use crate::Kept;
use crate::operations::entries::OneEntry;
use crate::operations::entry_changes::{ReasonInput, RestoreEntry};
use crate::operations::entry_lists::ShowEntry;
use crate::operations::entry_views::entry_example;
use crate::operations::objections::*;
use crate::operations::rectifications::*;
use crate::operations::switch::*;
use crate::records::{GrantLink, NoticedRecord, ObjectionRecord};
use jiff::civil::date;
use tidegate_catalogue::Entry;
use tidegate_operation::{Anomaly, Finding, Outcome, Severity, Stage};

async fn with_data(place: &str) -> House {
    let house = House::of(place).await;
    publish(&house, Entry { id: name("visits"), ..entry_example() }).await;
    house.mount("visits-2024", "visits").await;
    house.grant("g1", "visits-2024", date(2026, 11, 1)).await;
    house
}

fn objection(evidence: &str) -> ObjectionInput {
    ObjectionInput { dataset: name("visits-2024"), statement: "含个人信息".into(), evidence: evidence.into() }
}

fn outcome(objection: &str, outcome: Outcome, reason: &str) -> OutcomeInput {
    OutcomeInput { objection: objection.into(), outcome, reason: reason.into() }
}

async fn entry_state(house: &House) -> String {
    house.done::<ShowEntry>(AUDITOR, OneEntry { entry: name("visits") }).await.state
}

// clause: I9 both
#[tokio::test(flavor = "multi_thread")]
async fn an_objection_with_evidence_stops_use_in_its_own_transaction() {
    let house = with_data("sys").await;
    assert_eq!(house.refused::<FileObjection>(EXCHANGE, objection(" ")).await, "access.evidence-given");
    assert_eq!(house.refused::<FileObjection>(OPERATOR, objection("截图")).await, "access.t1");
    let unknown = ObjectionInput { dataset: name("nothing"), ..objection("截图") };
    assert_eq!(house.refused::<FileObjection>(EXCHANGE, unknown).await, "objections.dataset-unknown");
    assert_eq!(house.granted("g1").await.suspended, None, "a refusal stops nothing");
    let before = house.log_size().await;
    let filed = house.done::<FileObjection>(EXCHANGE, objection("截图")).await;
    assert!(filed.suspended && house.log_size().await == before + 1);
    assert_eq!(house.granted("g1").await.suspended.expect("rests").by, filed.objection);
    assert_eq!(entry_state(&house).await, "suspended");
    let restore = ReasonInput { entry: name("visits"), reason: "无问题".into() };
    assert_eq!(house.refused::<RestoreEntry>(PROVIDER, restore).await, "entries.objection-open");
    let id = filed.objection.as_str();
    assert_eq!(house.refused::<DecideObjection>(OTHER_PROVIDER, outcome(id, Outcome::Restore, "核实")).await, "access.t3");
    assert_eq!(house.refused::<DecideObjection>(PROVIDER, outcome(id, Outcome::Restore, "")).await, "access.reason-given");
    house.done::<DecideObjection>(PROVIDER, outcome(id, Outcome::Restore, "经核实不含个人信息")).await;
    assert_eq!((house.granted("g1").await.suspended, entry_state(&house).await.as_str()), (None, "published"));
    let appeal = |who: Who| (who, AppealInput { objection: id.into(), reason: "证据未采信".into() });
    let (who, input) = appeal(REGULATOR);
    assert_eq!(house.refused::<AppealObjection>(who, input).await, "access.t3");
    let (who, input) = appeal(EXCHANGE);
    house.done::<AppealObjection>(who, input).await;
    let ended = house.done::<DecideAppeal>(AUTHORITY, outcome(id, Outcome::Withdraw, "属实")).await;
    assert_eq!((ended.state.as_str(), entry_state(&house).await.as_str()), ("closed", "withdrawn"));
    assert_eq!(house.granted("g1").await.suspended.expect("rests").through, "dataset");
    let record = house.get::<ObjectionRecord>(id).await.expect("objection").record;
    assert_eq!(record.evidence, "截图", "evidence stays in the domain");
}

// clause: I9 permitted
#[tokio::test(flavor = "multi_thread")]
async fn two_objections_hold_the_data_until_both_are_settled() {
    let house = with_data("sys").await;
    let first = house.done::<FileObjection>(EXCHANGE, objection("一")).await.objection;
    let second = house.done::<FileObjection>(REGULATOR, objection("二")).await.objection;
    house.done::<DecideObjection>(PROVIDER, outcome(&first, Outcome::Restore, "核实")).await;
    assert_eq!(house.granted("g1").await.suspended.expect("rests").by, second);
    assert_eq!(entry_state(&house).await, "suspended");
    house.done::<DecideObjection>(PROVIDER, outcome(&second, Outcome::Treat, "须脱敏")).await;
    let restore = ReasonInput { entry: name("visits"), reason: "已脱敏".into() };
    assert_eq!(house.done::<RestoreEntry>(PROVIDER, restore).await.state, "published");
    assert_eq!(house.granted("g1").await.suspended, None);
}

// clause: I10 permitted
#[tokio::test(flavor = "multi_thread")]
async fn in_binzhou_an_objection_is_handled_while_use_goes_on() {
    let house = with_data("bz").await;
    let filed = house.done::<FileObjection>(EXCHANGE, objection("截图")).await;
    assert!(!filed.suspended);
    assert_eq!((house.granted("g1").await.suspended, entry_state(&house).await.as_str()), (None, "published"));
    let decided = house.done::<DecideObjection>(PROVIDER, outcome(&filed.objection, Outcome::Treat, "须脱敏")).await;
    assert_eq!(decided.state, "closed");
    assert!(house.granted("g1").await.suspended.is_some());
}

fn order(grant: &str) -> OrderInput {
    let finding = Some(Finding::Anomalous { anomaly: Anomaly::ManyDenials });
    OrderInput { grant: grant.into(), finding, notice: None, until: date(2026, 12, 15), reason: "多次被拒".into() }
}

fn text(rectification: &str, reason: &str) -> RectificationText {
    RectificationText { rectification: rectification.into(), reason: reason.into() }
}

// clause: F9 both
#[tokio::test(flavor = "multi_thread")]
async fn rectification_runs_to_its_date_and_only_then_is_cut_off() {
    let mut house = with_data("sys").await;
    assert_eq!(house.refused::<OrderRectification>(OPERATOR, order("g1")).await, "access.t1");
    assert_eq!(house.refused::<OrderRectification>(OTHER_PROVIDER, order("g1")).await, "access.t3");
    assert_eq!(
        house.refused::<OrderRectification>(AUTHORITY, OrderInput { reason: " ".into(), ..order("g1") }).await,
        "access.reason-given"
    );
    assert_eq!(
        house.refused::<OrderRectification>(AUTHORITY, OrderInput { until: date(2026, 11, 23), ..order("g1") }).await,
        "rectification.date"
    );
    assert_eq!(
        house.refused::<OrderRectification>(AUTHORITY, OrderInput { finding: None, ..order("g1") }).await,
        "rectifications.no-finding"
    );
    assert_eq!(house.refused::<OrderRectification>(AUTHORITY, order("nothing")).await, "act.unknown");
    let ordered = house.done::<OrderRectification>(AUTHORITY, order("g1")).await;
    let id = ordered.rectification.as_str();
    let grant = house.granted("g1").await;
    assert!(grant.revoked.is_none() && grant.suspended.is_none(), "nothing stops before the date");
    assert_eq!(house.get::<GrantLink>("g1").await.expect("link").record.state(), "rectifying");
    assert_eq!(house.refused::<CutOff>(AUTHORITY, text(id, "逾期")).await, "access.date-has-passed");
    assert_eq!(house.refused::<ReportRectified>(OTHER_OPERATOR, text(id, "已改")).await, "access.t3");
    house.done::<ReportRectified>(OPERATOR, text(id, "已改")).await;
    let reject = AcceptanceInput { rectification: id.into(), accept: false, reason: "未改".into() };
    house.done::<AcceptRectification>(AUTHORITY, reject).await;
    house.today = date(2026, 12, 16);
    assert!(house.done::<ShowRectification>(OPERATOR, OneRectification { rectification: id.into() }).await.overdue);
    house.done::<CutOff>(AUTHORITY, text(id, "逾期未整改")).await;
    assert_eq!(house.granted("g1").await.revoked.as_deref(), Some("逾期未整改"));
    assert_eq!(house.get::<GrantLink>("g1").await.expect("link").record.state(), "cut_off");
    assert_eq!(
        house.refused::<OrderRectification>(AUTHORITY, OrderInput { until: date(2027, 1, 15), ..order("g1") }).await,
        "rectifications.grant-over"
    );
}

// clause: F9 permitted
#[tokio::test(flavor = "multi_thread")]
async fn an_accepted_rectification_leaves_the_grant_alive() {
    let house = with_data("sys").await;
    let id = house.done::<OrderRectification>(PROVIDER, order("g1")).await.rectification;
    house.done::<ReportRectified>(OPERATOR, text(&id, "已改")).await;
    let accept = AcceptanceInput { rectification: id.clone(), accept: true, reason: "已核查".into() };
    house.done::<AcceptRectification>(AUTHORITY, accept).await;
    assert_eq!(house.get::<GrantLink>("g1").await.expect("link").record.state(), "live");
    assert!(house.granted("g1").await.revoked.is_none());
    assert_eq!(house.refused::<CutOff>(AUTHORITY, text(&id, "仍要")).await, "access.t2");
}

fn stop(reason: &str) -> SwitchInput {
    SwitchInput { reason: reason.into() }
}

// clause: J5 both
#[tokio::test(flavor = "multi_thread")]
async fn everything_stops_and_another_person_lifts_it() {
    let house = with_data("sys").await;
    assert_eq!(house.refused::<StopEverything>(CUSTODIAN, stop("")).await, "access.reason-given");
    assert_eq!(house.refused::<StopEverything>(OPERATOR, stop("怀疑")).await, "access.t1");
    assert_eq!(house.refused::<Resume>(AUTHORITY, stop("未停")).await, "access.t2");
    house.done::<StopEverything>(AUTHORITY, stop("疑似泄露")).await;
    assert_eq!(house.granted("g1").await.suspended.expect("rests").through, "everything");
    assert!(!house.desk(OPERATOR).facts().await.expect("facts").system_open);
    assert_eq!(house.refused::<StopEverything>(CUSTODIAN, stop("再次")).await, "access.t2");
    assert_eq!(house.refused::<Resume>(AUTHORITY, stop("已排除")).await, "incident.same-person");
    assert_eq!(house.refused::<Resume>(CUSTODIAN, stop("已排除")).await, "access.t1");
    house.done::<Resume>(AUTHORITY_TWO, stop("已排除")).await;
    assert_eq!(house.granted("g1").await.suspended, None);
}

// clause: J5 both
#[tokio::test(flavor = "multi_thread")]
async fn a_major_incident_stops_everything_and_closes_after_all_four_stages() {
    let house = with_data("sys").await;
    let reported = |severity| IncidentInput { severity, text: "异常登录".into() };
    assert_eq!(house.refused::<ReportIncident>(AUDITOR, reported(Severity::Major)).await, "access.t1");
    let small = house.done::<ReportIncident>(CUSTODIAN, reported(Severity::Larger)).await;
    assert_eq!(house.granted("g1").await.suspended, None);
    let grave = house.done::<RegradeIncident>(AUTHORITY, RegradeInput { incident: small.incident, severity: Severity::Major }).await;
    assert!(house.granted("g1").await.suspended.is_some());
    let close = || CloseInput { incident: grave.incident.clone(), text: "已处置".into() };
    assert_eq!(house.refused::<CloseIncident>(AUTHORITY, close()).await, "incident.open");
    for stage in [Stage::PlanStarted, Stage::MeasuresTaken, Stage::UsersTold, Stage::Reported] {
        let input = StageInput { incident: grave.incident.clone(), stage, text: "已办".into() };
        house.done::<RecordStage>(CUSTODIAN, input).await;
    }
    let closed = house.done::<CloseIncident>(AUTHORITY, close()).await;
    assert_eq!((closed.state.as_str(), closed.missing.len()), ("closed", 0));
    assert!(house.granted("g1").await.suspended.is_some(), "the end of an incident does not lift the switch");
    house.done::<Resume>(AUTHORITY_TWO, stop("已排除")).await;
    assert_eq!(house.granted("g1").await.suspended, None);
}

// clause: F9 both
#[tokio::test(flavor = "multi_thread")]
async fn the_system_notices_unused_and_anomalous_grants_once() {
    use crate::operations::notices::{NoticeFindings, note_denied};
    use tidegate_http::api::Nothing;
    let mut house = with_data("sys").await;
    assert_eq!(house.done::<NoticeFindings>(REGULATOR, Nothing {}).await.notices.len(), 0);
    assert_eq!(house.refused::<NoticeFindings>(OPERATOR, Nothing {}).await, "access.t1");
    for _ in 0..30 {
        note_denied(&house.desk(OPERATOR), "g1", &["visits.name".into()], &name("marketing")).await.expect("noted");
    }
    let found = house.done::<NoticeFindings>(REGULATOR, Nothing {}).await.notices;
    let kinds: Vec<_> = found.iter().filter_map(|notice| notice.finding.clone()).collect();
    assert_eq!(
        kinds,
        [
            Finding::OverScope { columns: vec!["visits.name".into()] },
            Finding::OverPurpose { purpose: name("marketing") },
            Finding::Anomalous { anomaly: Anomaly::ManyDenials },
        ]
    );
    assert_eq!(house.done::<NoticeFindings>(AUTHORITY, Nothing {}).await.notices.len(), 0, "once");
    house.today = date(2027, 2, 1);
    let unused = house.done::<NoticeFindings>(AUTHORITY, Nothing {}).await.notices;
    assert!(matches!(unused[0].finding, Some(Finding::Unused { from, .. }) if from == date(2027, 2, 1)), "{unused:?}");
    let ordered = OrderInput { finding: None, notice: Some(unused[0].ticket.clone()), until: date(2027, 3, 1), ..order("g1") };
    let id = house.done::<OrderRectification>(AUTHORITY, ordered).await.rectification;
    assert_eq!(house.get::<NoticedRecord>(&unused[0].ticket).await.expect("notice").record.order, Some(id));
    assert_eq!(house.office().notice().await.expect("looked"), 0, "and the office looks by itself");
}
