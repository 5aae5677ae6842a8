//! The switch that stops everything, and security incidents (rule J5).
//!
//! Guarantee: stopping everything suspends every grant and kills every run in one transaction; another person than the one
//! who stopped lifts it. An incident ends only when plan, measures, notice and report were recorded.

use super::reads::Reads;
use super::shared::{At, as_ticket, conclude, example_name, identifier, new_thing, page, the};
use crate::offers::Offers;
use crate::records::{IncidentRecord, SwitchRecord};
use crate::{Act, Cause, Desk, Done, Kept, Refused, Row, Thing};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidegate_access::{Action, Facts};
use tidegate_http::api::{Class, Page};
use tidegate_operation::{Effect, Incident, IncidentEvent, KillSwitch, Severity, Stage};
use tidegate_parties::Role;
use tidegate_terms::{Name, messages};

messages! {
    /// Why an incident is not changed.
    pub enum IncidentRefusal {
        NotYours = "incident.not-yours" {
            en: "an incident is handled by the organisation that reported it, the authority and the custodian: ask one of them",
            zh: "安全事件由报告机构、主管部门和托管方处置：请联系其中之一",
        },
    }
}

/// Why.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SwitchInput {
    /// Why.
    #[serde(default)]
    #[schemars(length(max = 2000))]
    pub reason: String,
}

/// Where the switch stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SwitchView {
    /// `open` or `stopped`.
    pub state: String,
    /// Why everything is stopped.
    pub reason: Option<String>,
}

/// An incident that is reported.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IncidentInput {
    /// How grave; from major on everything is stopped.
    pub severity: Severity,
    /// What happened.
    #[serde(default)]
    #[schemars(length(max = 2000))]
    pub text: String,
}

/// What was done.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StageInput {
    /// Which incident.
    #[schemars(length(max = 64))]
    pub incident: String,
    /// Which stage was done.
    pub stage: Stage,
    /// What was done.
    #[serde(default)]
    #[schemars(length(max = 2000))]
    pub text: String,
}

/// How grave an incident turned out.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegradeInput {
    /// Which incident.
    #[schemars(length(max = 64))]
    pub incident: String,
    /// How grave.
    pub severity: Severity,
}

/// The end of an incident.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CloseInput {
    /// Which incident.
    #[schemars(length(max = 64))]
    pub incident: String,
    /// What came of it.
    #[serde(default)]
    #[schemars(length(max = 2000))]
    pub text: String,
}

/// Which incident.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OneIncident {
    /// Which incident.
    #[schemars(length(max = 64))]
    pub incident: String,
}

/// Which incidents.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IncidentFilter {
    /// In which state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub state: Option<String>,
}

/// What was done about an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DoneView {
    /// Which stage.
    pub stage: Stage,
    /// When.
    pub at: String,
    /// What.
    pub text: String,
}

/// An incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IncidentReport {
    /// Which incident.
    pub incident: String,
    /// Where it stands.
    pub state: String,
    /// How grave.
    pub severity: Severity,
    /// The organisation that reported it.
    pub organisation: Name,
    /// What happened.
    pub text: String,
    /// What was done.
    pub done: Vec<DoneView>,
    /// What is still to be done before it can be closed.
    pub missing: Vec<Stage>,
    /// When it was closed.
    pub closed_at: Option<String>,
}

fn view(id: &str, record: &IncidentRecord) -> IncidentReport {
    let of = &record.incident;
    let done = |(stage, at, text): &(Stage, String, String)| DoneView { stage: *stage, at: at.clone(), text: text.clone() };
    IncidentReport {
        incident: id.to_owned(),
        state: record.state().to_owned(),
        severity: of.severity,
        organisation: record.organisation.clone(),
        text: record.text.clone(),
        done: of.done.iter().map(done).collect(),
        missing: of.missing(),
        closed_at: of.closed_at.clone(),
    }
}

fn switch_view(record: &SwitchRecord) -> SwitchView {
    let reason = match &record.switch {
        KillSwitch::Open => None,
        KillSwitch::Stopped { reason, .. } => Some(reason.clone()),
    };
    SwitchView { state: record.state().to_owned(), reason }
}

fn id_example() -> String {
    "i0123456789abcdef0123".to_owned()
}

fn incident_example() -> IncidentReport {
    IncidentReport {
        incident: id_example(),
        state: "open".to_owned(),
        severity: Severity::Larger,
        organisation: example_name("custodian"),
        text: "异常登录 (unusual sign-in)".to_owned(),
        done: vec![DoneView { stage: Stage::PlanStarted, at: "2026-11-22T02:00:00Z".to_owned(), text: "启动预案".to_owned() }],
        missing: vec![Stage::MeasuresTaken, Stage::UsersTold, Stage::Reported],
        closed_at: None,
    }
}

fn stopped_example() -> SwitchView {
    SwitchView { state: "stopped".to_owned(), reason: Some("疑似泄露".to_owned()) }
}

operation! {
    StopEverything = "domain.stop" in "stops";
    Post "/v1/domain/stop" [keyed];
    summary "Stop everything", "紧急停止全部运行";
    says "Every run is stopped and nothing new begins until the authority lifts it.", "停止全部运行；主管部门解除前不得发起新的运行。";
    takes SwitchInput, example SwitchInput { reason: "疑似泄露".to_owned() };
    gives SwitchView, example stopped_example();
    by stop;
}

operation! {
    Resume = "domain.resume" in "stops";
    Post "/v1/domain/resume" [keyed];
    summary "Lift the stop of everything", "解除紧急停止";
    says "By the authority, and by another person than the one who stopped.", "由主管部门解除，且非停止操作人。";
    takes SwitchInput, example SwitchInput { reason: "已排除风险".to_owned() };
    gives SwitchView, example SwitchView { state: "open".to_owned(), reason: None };
    by resume;
}

operation! {
    ReportIncident = "security_incidents.report" in "stops";
    Post "/v1/security-incidents" [keyed, created];
    summary "Report a security incident", "报告安全事件";
    says "By everybody who acts here. A major one stops everything in the same transaction.", "各参与方均可报告；重大以上事件在同一事务中停止全部运行。";
    takes IncidentInput, example IncidentInput { severity: Severity::Larger, text: incident_example().text };
    gives IncidentReport, example incident_example();
    by report;
}

operation! {
    RecordStage = "security_incidents.record" in "stops";
    Post "/v1/security-incidents/{incident}/stages" [keyed];
    summary "Record what was done about an incident", "登记处置情况";
    says "Start of the plan, measures, notice to users, report to the competent departments.", "启动预案、采取措施、告知用户、向主管部门报告。";
    takes StageInput, example StageInput { incident: id_example(), stage: Stage::PlanStarted, text: "启动预案".to_owned() };
    gives IncidentReport, example incident_example();
    by record_stage;
}

operation! {
    RegradeIncident = "security_incidents.regrade" in "stops";
    Post "/v1/security-incidents/{incident}/severity" [keyed];
    summary "Say how grave an incident turned out", "调整事件等级";
    says "By the authority. Turning major stops everything.", "由主管部门调整；升为重大即停止全部运行。";
    takes RegradeInput, example RegradeInput { incident: id_example(), severity: Severity::Major };
    gives IncidentReport, example incident_example();
    by regrade;
}

operation! {
    CloseIncident = "security_incidents.close" in "stops";
    Post "/v1/security-incidents/{incident}/closing" [keyed];
    summary "Close an incident", "办结安全事件";
    says "By the authority, once all four stages were recorded.", "由主管部门办理，四项处置均须登记。";
    takes CloseInput, example CloseInput { incident: id_example(), text: "已处置".to_owned() };
    gives IncidentReport, example incident_example();
    by close;
}

operation! {
    ShowIncident = "security_incidents.show" in "stops";
    Get "/v1/security-incidents/{incident}" [];
    summary "Show a security incident", "查看安全事件";
    says "For who reported it and those who supervise.", "报告方和监督方可见。";
    takes OneIncident, example OneIncident { incident: id_example() };
    gives IncidentReport, example incident_example();
    by show;
}

operation! {
    ListIncidents = "security_incidents.list" in "stops";
    Get "/v1/security-incidents" [paged];
    summary "List security incidents", "列出安全事件";
    says "Those that the caller may read.", "仅列出调用方可查看的。";
    takes IncidentFilter, example IncidentFilter { state: Some("open".to_owned()) };
    gives Page<IncidentReport>, example Page { items: vec![incident_example()], next: None };
    by list;
}

async fn the_switch(act: &mut Act) -> Result<SwitchRecord, Refused> {
    Ok(act.get::<SwitchRecord>(SwitchRecord::ID).await?.map(|row| row.record).unwrap_or_default())
}

async fn stop(desk: &mut Desk, input: SwitchInput) -> Result<Done<SwitchView>, Refused> {
    let at = At::of(desk)?;
    let mut act = desk.begin().await?;
    let record = the_switch(&mut act).await?;
    let facts = Facts { reason_given: !input.reason.trim().is_empty(), ..act.facts(desk).await? };
    let decided = desk.decide(Action::StopEverything, &Thing::made(SwitchRecord::ID, &record), facts)?;
    let (switch, effects) = record.switch.stop(at.person, &input.reason)?;
    let record = SwitchRecord { switch };
    let version = conclude(act, decided, SwitchRecord::ID, &record, &effects, &input.reason).await?;
    Ok(Done { output: switch_view(&record), version: Some(version), next: None })
}

async fn resume(desk: &mut Desk, input: SwitchInput) -> Result<Done<SwitchView>, Refused> {
    let at = At::of(desk)?;
    let mut act = desk.begin().await?;
    let record = the_switch(&mut act).await?;
    let facts = act.facts(desk).await?;
    let decided = desk.decide(Action::Resume, &Thing::made(SwitchRecord::ID, &record), facts)?;
    let record = SwitchRecord { switch: record.switch.lift(&at.person, &input.reason)? };
    act.lift(SwitchRecord::ID).await?;
    let version = conclude(act, decided, SwitchRecord::ID, &record, &[], &input.reason).await?;
    Ok(Done { output: switch_view(&record), version: Some(version), next: None })
}

/// Carries out what follows from an incident; a stop of everything is the switch's, which alone lifts it.
async fn follow(act: &mut Act, id: &str, by: &Name, text: &str, effects: Vec<Effect>) -> Result<Vec<Effect>, Refused> {
    let (stops, rest): (Vec<_>, Vec<_>) = effects.into_iter().partition(|effect| *effect == Effect::StopEverything);
    let record = the_switch(act).await?;
    if !stops.is_empty() && record.switch == KillSwitch::Open {
        let (switch, _) = record.switch.stop(by.clone(), if text.trim().is_empty() { id } else { text })?;
        act.put(SwitchRecord::ID, &SwitchRecord { switch }).await?;
        act.carry_out(&stops, &Cause::new(SwitchRecord::ID, text)).await?;
    }
    Ok(rest)
}

async fn report(desk: &mut Desk, input: IncidentInput) -> Result<Done<IncidentReport>, Refused> {
    let at = At::of(desk)?;
    let mut act = desk.begin().await?;
    let id = identifier('i')?;
    let facts = act.facts(desk).await?;
    let decided = desk.decide(Action::ReportIncident, &new_thing::<IncidentRecord>(&id, "open", &at.organisation, ""), facts)?;
    let (incident, effects) = Incident::report(input.severity, at.person.clone(), &input.text)?;
    let record = IncidentRecord { incident, organisation: at.organisation.clone(), text: input.text };
    let rest = follow(&mut act, &id, &at.person, &record.text, effects).await?;
    let version = conclude(act, decided, &id, &record, &rest, &record.text).await?;
    Ok(Done { output: view(&id, &record), version: Some(version), next: None })
}

async fn record_stage(desk: &mut Desk, input: StageInput) -> Result<Done<IncidentReport>, Refused> {
    let event = IncidentEvent::Done(input.stage, input.text.clone());
    step(desk, &input.incident, Action::ReportIncident, event, &input.text).await
}

async fn regrade(desk: &mut Desk, input: RegradeInput) -> Result<Done<IncidentReport>, Refused> {
    step(desk, &input.incident, Action::CloseIncident, IncidentEvent::Regrade(input.severity), "").await
}

async fn close(desk: &mut Desk, input: CloseInput) -> Result<Done<IncidentReport>, Refused> {
    step(desk, &input.incident, Action::CloseIncident, IncidentEvent::Close(input.text.clone()), &input.text).await
}

async fn step(desk: &mut Desk, id: &str, action: Action, event: IncidentEvent, text: &str) -> Result<Done<IncidentReport>, Refused> {
    let at = At::of(desk)?;
    let mut act = desk.begin().await?;
    let row = the::<IncidentRecord>(&mut act, id).await?;
    desk.expect_version(row.version)?;
    let facts = act.facts(desk).await?;
    let decided = desk.decide(action, &Thing::of(&row), facts)?;
    let mut record = row.record;
    // Whoever reported it handles it, and who supervises.
    let caller = desk.caller();
    if record.organisation != caller.organisation && !caller.is(Role::Authority) && !caller.is(Role::Custodian) {
        return Err(Refused::of(Class::Forbidden, &IncidentRefusal::NotYours));
    }
    let (incident, effects) = record.incident.step(event, act.at())?;
    record.incident = incident;
    let rest = follow(&mut act, id, &at.person, text, effects).await?;
    let version = conclude(act, decided, id, &record, &rest, text).await?;
    Ok(Done { output: view(id, &record), version: Some(version), next: None })
}

async fn show(desk: &mut Desk, input: OneIncident) -> Result<Done<IncidentReport>, Refused> {
    let row = the::<IncidentRecord>(&mut desk.read(), &input.incident).await?;
    let facts = desk.facts().await?;
    let _ = desk.decide(Action::ReadTicket, &as_ticket(&row), facts)?;
    Ok(Done { output: view(&row.id, &row.record), version: Some(row.version), next: None })
}

async fn list(desk: &mut Desk, input: IncidentFilter) -> Result<Done<Page<IncidentReport>>, Refused> {
    let facts = desk.facts().await?;
    let fits = |row: &Row<IncidentRecord>| {
        input.state.as_deref().is_none_or(|state| row.record.state() == state)
            && desk.decide(Action::ReadTicket, &as_ticket(row), facts).is_ok()
    };
    let rows: Vec<_> = desk.read().every::<IncidentRecord>().await?.into_iter().filter(fits).collect();
    let (rows, next) = page(rows, desk, |row| row.id.as_str());
    let items = rows.iter().map(|row| view(&row.id, &row.record)).collect();
    Ok(Done { output: Page { items, next: None }, version: None, next })
}

/// What is offered here.
pub(crate) fn offers(offers: Offers) -> Offers {
    offers
        .with::<StopEverything>()
        .with::<Resume>()
        .with::<ReportIncident>()
        .with::<RecordStage>()
        .with::<RegradeIncident>()
        .with::<CloseIncident>()
        .with::<ShowIncident>()
        .with::<ListIncidents>()
}
