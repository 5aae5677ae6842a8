//! Stop 1: rectify by a date, else cut off (rule F9).
//!
//! Guarantee: nothing stops before the date has passed; then cutting off revokes the grant and stops what runs under it in
//! one transaction.

use super::reads::Reads;
use super::shared::{ActRefusal, At, DueView, as_ticket, conclude, example_name, identifier, new_thing, page, the};
use crate::facts;
use crate::offers::Offers;
use crate::records::{GrantLink, GrantStanding, NoticedRecord, RectificationRecord};
use crate::{Act, Desk, Done, Kept, Refused, Row, Thing};
use jiff::civil::{Date, date};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidegate_access::{Action, Facts, Kind};
use tidegate_http::api::Page;
use tidegate_operation::{Anomaly, Finding, RectificationEvent, RectificationState, order};
use tidegate_rules::Clause;
use tidegate_service::ServiceError;
use tidegate_terms::{Name, messages};

messages! {
    /// Why an order is refused.
    pub enum OrderRefusal {
        Ended { grant: String } = "rectifications.grant-over" {
            en: "grant `{grant}` has ended already (rule F9, Shuangyashan Art. 31): there is nothing to rectify",
            zh: "授权“{grant}”已终止（规则 F9，双鸭山第三十一条）：无需整改",
        },
        NoFinding = "rectifications.no-finding" {
            en: "the order rests on no finding (rule F9, Shuangyashan Art. 31): name what was found, or the notice of the system",
            zh: "责令整改须有发现的问题（规则 F9，双鸭山第三十一条）：请写明问题或引用系统发现",
        },
    }
}

/// An order to rectify.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OrderInput {
    /// Under which grant.
    #[schemars(length(max = 64))]
    pub grant: String,
    /// What was found; absent where a notice of the system is named.
    #[serde(default)]
    pub finding: Option<Finding>,
    /// The notice of the system on which it rests.
    #[serde(default)]
    #[schemars(length(max = 64))]
    pub notice: Option<String>,
    /// The last day.
    pub until: Date,
    /// Why.
    #[serde(default)]
    #[schemars(length(max = 2000))]
    pub reason: String,
}

/// Which order.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OneRectification {
    /// Which order.
    #[schemars(length(max = 64))]
    pub rectification: String,
}

/// Which order, and what is said of it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RectificationText {
    /// Which order.
    #[schemars(length(max = 64))]
    pub rectification: String,
    /// What was done, or why.
    #[serde(default)]
    #[schemars(length(max = 2000))]
    pub reason: String,
}

/// Whether a rectification is good enough.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptanceInput {
    /// Which order.
    #[schemars(length(max = 64))]
    pub rectification: String,
    /// Whether it is accepted; the date stays where it is not.
    pub accept: bool,
    /// Why.
    #[serde(default)]
    #[schemars(length(max = 2000))]
    pub reason: String,
}

/// Which orders.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RectificationFilter {
    /// In which state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub state: Option<String>,
}

/// An order to rectify.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RectificationView {
    /// Which order.
    pub rectification: String,
    /// Where it stands.
    pub standing: RectificationState,
    /// Under which grant.
    pub grant: String,
    /// Who must rectify.
    pub organisation: Name,
    /// Whose data the grant covers.
    pub provider: Name,
    /// What was found.
    pub finding: Finding,
    /// The last day.
    pub due: DueView,
    /// Whether it may be cut off today.
    pub overdue: bool,
    /// What was said at each step.
    pub reasons: Vec<String>,
}

fn clause(desk: &Desk) -> Clause {
    let pack = desk.rules().pack();
    pack.clause_or(pack.rules().rectification.as_ref().map(|rule| &rule.ground), "F9")
}

fn view(desk: &Desk, id: &str, record: &RectificationRecord) -> RectificationView {
    let of = &record.rectification;
    RectificationView {
        rectification: id.to_owned(),
        standing: of.state,
        grant: of.grant.clone(),
        organisation: of.organisation.clone(),
        provider: record.provider.clone(),
        finding: of.finding.clone(),
        due: DueView::on(of.until, desk.today(), &clause(desk)),
        overdue: of.is_overdue(desk.today()),
        reasons: record.reasons.clone(),
    }
}

fn id_example() -> String {
    "r0123456789abcdef0123".to_owned()
}

fn view_example() -> RectificationView {
    RectificationView {
        rectification: id_example(),
        standing: RectificationState::Ordered,
        grant: "g0123456789abcdef0123".to_owned(),
        organisation: example_name("insurer"),
        provider: example_name("health-commission"),
        finding: Finding::Anomalous { anomaly: Anomaly::ManyDenials },
        due: DueView::on(date(2026, 12, 15), date(2026, 11, 22), &Clause::shuangyashan("F9", 31)),
        overdue: false,
        reasons: vec!["一日内多次被拒".to_owned()],
    }
}

fn text_example(reason: &str) -> RectificationText {
    RectificationText { rectification: id_example(), reason: reason.to_owned() }
}

operation! {
    OrderRectification = "rectifications.order" in "stops";
    Post "/v1/rectifications" [keyed, created];
    summary "Order a rectification by a date", "责令限期整改";
    says "By the authority or the provider, on a finding. Nothing stops before the date has passed.", "由主管部门或数据提供部门依据发现的问题作出；期限届满前不停用。";
    takes OrderInput, example OrderInput { grant: view_example().grant, finding: Some(view_example().finding), notice: None, until: date(2026, 12, 15), reason: "一日内多次被拒".to_owned() };
    gives RectificationView, example view_example();
    by order_it;
}

operation! {
    ReportRectified = "rectifications.report" in "stops";
    Post "/v1/rectifications/{rectification}/report" [keyed];
    summary "Report that it is rectified", "报告整改情况";
    says "By the organisation that must rectify.", "由整改责任方报告。";
    takes RectificationText, example text_example("已修正模型");
    gives RectificationView, example view_example();
    by report;
}

operation! {
    AcceptRectification = "rectifications.accept" in "stops";
    Post "/v1/rectifications/{rectification}/acceptance" [keyed];
    summary "Accept a rectification, or not", "验收整改";
    says "By another person than the one who reported it. The date stays where it is not accepted.", "由报告人以外的人办理；未通过的期限不变。";
    takes AcceptanceInput, example AcceptanceInput { rectification: id_example(), accept: true, reason: "已核查".to_owned() };
    gives RectificationView, example view_example();
    by accept;
}

operation! {
    CutOff = "rectifications.cut_off" in "stops";
    Post "/v1/rectifications/{rectification}/cut-off" [keyed];
    summary "Cut off after the date", "关停";
    says "Once the date has passed without acceptance: the grant is revoked and what runs under it is stopped.", "期满未通过验收的，撤销授权并停止运行。";
    takes RectificationText, example text_example("逾期未整改");
    gives RectificationView, example view_example();
    by cut_off;
}

operation! {
    ShowRectification = "rectifications.show" in "stops";
    Get "/v1/rectifications/{rectification}" [];
    summary "Show an order to rectify", "查看整改";
    says "For who must rectify, the provider and those who supervise.", "整改责任方、数据提供部门和监督方可见。";
    takes OneRectification, example OneRectification { rectification: id_example() };
    gives RectificationView, example view_example();
    by show;
}

operation! {
    ListRectifications = "rectifications.list" in "stops";
    Get "/v1/rectifications" [paged];
    summary "List orders to rectify", "列出整改";
    says "Those that the caller may read.", "仅列出调用方可查看的。";
    takes RectificationFilter, example RectificationFilter { state: Some("open".to_owned()) };
    gives Page<RectificationView>, example Page { items: vec![view_example()], next: None };
    by list;
}

async fn order_it(desk: &mut Desk, input: OrderInput) -> Result<Done<RectificationView>, Refused> {
    let mut act = desk.begin().await?;
    let grant = desk.read().grant(&input.grant).await.map_err(ServiceError::from)?;
    let Some(grant) = grant else { return Err(super::shared::unknown(Kind::Grant, &input.grant)) };
    let known = facts::known(&mut act, &grant.dataset).await?;
    let provider = known.map(|known| known.link.organisation).ok_or_else(|| ActRefusal::NoEntry { dataset: grant.dataset.clone() })?;
    let id = identifier('r')?;
    let facts = Facts { reason_given: !input.reason.trim().is_empty(), ..act.facts(desk).await? };
    let thing = new_thing::<RectificationRecord>(&id, "open", &grant.operator, provider.as_str());
    let decided = desk.decide(Action::OrderRectification, &thing, facts)?;
    if grant.revoked.is_some() {
        return Err(OrderRefusal::Ended { grant: grant.id }.into());
    }
    let finding = finding(&mut act, &input, &id).await?;
    let (rectification, effects) = order(grant.id.clone(), grant.operator, finding, input.until, desk.today(), desk.rules().pack())?;
    let (ordered, reasons) = (desk.today(), vec![input.reason.clone()]);
    let record = RectificationRecord { rectification, provider, reported_by: None, ordered, reasons };
    stand(&mut act, &grant.id, GrantStanding::Rectifying).await?;
    let version = conclude(act, decided, &id, &record, &effects, &input.reason).await?;
    Ok(Done { output: view(desk, &id, &record), version: Some(version), next: None })
}

/// What an order rests on; a notice of the system is closed by it.
async fn finding(act: &mut Act, input: &OrderInput, order: &str) -> Result<Finding, Refused> {
    let Some(notice) = &input.notice else {
        return input.finding.clone().ok_or_else(|| OrderRefusal::NoFinding.into());
    };
    let row = the::<NoticedRecord>(act, notice).await?;
    if row.record.grant != input.grant {
        return Err(OrderRefusal::NoFinding.into());
    }
    let mut record = row.record;
    record.order = Some(order.to_owned());
    act.put(notice, &record).await?;
    Ok(record.finding)
}

/// Notes on the grant where it stands.
async fn stand(act: &mut Act, grant: &str, standing: GrantStanding) -> Result<(), Refused> {
    let Some(row) = act.get::<GrantLink>(grant).await? else { return Ok(()) };
    if row.record.standing != standing {
        act.put(grant, &GrantLink { standing, ..row.record }).await?;
    }
    Ok(())
}

async fn report(desk: &mut Desk, input: RectificationText) -> Result<Done<RectificationView>, Refused> {
    let mut act = desk.begin().await?;
    let row = the::<RectificationRecord>(&mut act, &input.rectification).await?;
    desk.expect_version(row.version)?;
    let facts = act.facts(desk).await?;
    let organisation = row.record.rectification.organisation.to_string();
    let thing = Thing { kind: Kind::Ticket, ..Thing::of(&row) }.owned_by(row.record.provider.to_string()).with_counterpart(organisation);
    let decided = desk.decide(Action::AnswerFinding, &thing, facts)?;
    drop(thing);
    let by = At::of(desk)?.person;
    step(desk, act, decided, row, RectificationEvent::Report(input.reason.clone()), &input.reason, Some(by)).await
}

async fn accept(desk: &mut Desk, input: AcceptanceInput) -> Result<Done<RectificationView>, Refused> {
    let at = At::of(desk)?;
    let mut act = desk.begin().await?;
    let row = the::<RectificationRecord>(&mut act, &input.rectification).await?;
    desk.expect_version(row.version)?;
    let facts = Facts { reviewer_differs: row.record.reported_by.as_ref() != Some(&at.person), ..act.facts(desk).await? };
    let decided = desk.decide(Action::AcceptRectification, &Thing::of(&row), facts)?;
    let event = match input.accept {
        true => RectificationEvent::Accept(input.reason.clone()),
        false => RectificationEvent::Reject(input.reason.clone()),
    };
    step(desk, act, decided, row, event, &input.reason, None).await
}

async fn cut_off(desk: &mut Desk, input: RectificationText) -> Result<Done<RectificationView>, Refused> {
    let mut act = desk.begin().await?;
    let row = the::<RectificationRecord>(&mut act, &input.rectification).await?;
    desk.expect_version(row.version)?;
    let facts = Facts {
        rectification_overdue: row.record.rectification.is_overdue(desk.today()),
        reason_given: !input.reason.trim().is_empty(),
        ..act.facts(desk).await?
    };
    let decided = desk.decide(Action::CutOff, &Thing::of(&row), facts)?;
    step(desk, act, decided, row, RectificationEvent::CutOff(input.reason.clone()), &input.reason, None).await
}

async fn step(
    desk: &Desk,
    mut act: Act,
    decided: crate::Decided,
    row: Row<RectificationRecord>,
    event: RectificationEvent,
    why: &str,
    reported_by: Option<Name>,
) -> Result<Done<RectificationView>, Refused> {
    let mut record = row.record;
    let (rectification, effects) = record.rectification.step(&event, desk.today(), desk.rules().pack())?;
    record.rectification = rectification;
    record.reported_by = reported_by.or(record.reported_by);
    record.reasons.push(why.to_owned());
    let grant = record.rectification.grant.clone();
    match record.rectification.state {
        RectificationState::Accepted if !ordered_elsewhere(&mut act, &row.id, &grant).await? => {
            stand(&mut act, &grant, GrantStanding::Live).await?;
        }
        RectificationState::CutOff => stand(&mut act, &grant, GrantStanding::CutOff).await?,
        _ => {}
    }
    let version = conclude(act, decided, &row.id, &record, &effects, why).await?;
    Ok(Done { output: view(desk, &row.id, &record), version: Some(version), next: None })
}

/// Whether another order stands against the same grant.
async fn ordered_elsewhere(act: &mut Act, id: &str, grant: &str) -> Result<bool, Refused> {
    let mut open = act.all_in::<RectificationRecord>("open").await?.into_iter();
    Ok(open.any(|other| other.id != id && other.record.rectification.grant == grant))
}

async fn show(desk: &mut Desk, input: OneRectification) -> Result<Done<RectificationView>, Refused> {
    let row = the::<RectificationRecord>(&mut desk.read(), &input.rectification).await?;
    let facts = desk.facts().await?;
    let _ = desk.decide(Action::ReadTicket, &as_ticket(&row), facts)?;
    Ok(Done { output: view(desk, &row.id, &row.record), version: Some(row.version), next: None })
}

async fn list(desk: &mut Desk, input: RectificationFilter) -> Result<Done<Page<RectificationView>>, Refused> {
    let facts = desk.facts().await?;
    let fits = |row: &Row<RectificationRecord>| {
        input.state.as_deref().is_none_or(|state| row.record.state() == state)
            && desk.decide(Action::ReadTicket, &as_ticket(row), facts).is_ok()
    };
    let rows: Vec<_> = desk.read().every::<RectificationRecord>().await?.into_iter().filter(fits).collect();
    let (rows, next) = page(rows, desk, |row| row.id.as_str());
    let items = rows.iter().map(|row| view(desk, &row.id, &row.record)).collect();
    Ok(Done { output: Page { items, next: None }, version: None, next })
}

/// What is offered here.
pub(crate) fn offers(offers: Offers) -> Offers {
    offers
        .with::<OrderRectification>()
        .with::<ReportRectified>()
        .with::<AcceptRectification>()
        .with::<CutOff>()
        .with::<ShowRectification>()
        .with::<ListRectifications>()
}
