//! Breaches that the domain itself found: a missed slot, a worker that was taken over. Until the authority has decided,
//! their lineages are frozen.

use super::through::{All, Given, decide_alone, example, organisation, page, visible};
use crate::{Desk, Done, Refused, Thing};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidegate_access::{Action, Kind};
use tidegate_http::api::Page;
use tidegate_service::IncidentView;

/// A breach.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OneBreach {
    /// Which.
    #[schemars(length(min = 1, max = 64))]
    pub incident: String,
}

/// The end of a breach.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BreachClosing {
    /// Which.
    #[schemars(length(min = 1, max = 64))]
    pub incident: String,
    /// Why it can be closed.
    #[schemars(length(min = 1, max = 4000))]
    pub reason: String,
}

fn view_example() -> IncidentView {
    example(
        r#"{ "incident": "i0d3a1c22", "run": "r5b090278e953f5ac2635", "replay": null, "lineages": ["rand-hie"], "slot": "2026-11-22T12:35:01Z", "log_position": 31, "cause": null, "closed": null }"#,
    )
}

operation! {
    ListBreaches = "breaches.list" in "supervision";
    Get "/v1/breaches" [paged];
    summary "List breaches that the domain found itself", "列出数据域自行发现的事件";
    says "A missed slot or a worker that was taken over. Without causes.", "错过时段或工作进程被接管。不含原因。";
    takes All, example All {};
    gives Page<IncidentView>, example Page { items: vec![view_example()], next: None };
    by list;
}

operation! {
    ShowBreach = "breaches.show" in "supervision";
    Get "/v1/breaches/{incident}" [];
    summary "Show a breach with its cause", "查看事件及其原因";
    says "For those who can close it: the cause can depend on data.", "仅供有权办结者：原因可能取决于数据。";
    takes OneBreach, example OneBreach { incident: "i0d3a1c22".into() };
    gives IncidentView, example view_example();
    by show;
}

operation! {
    CloseBreach = "breaches.close" in "supervision";
    Post "/v1/breaches/{incident}/close" [keyed];
    summary "Close a breach, with a reason", "办结事件（须说明理由）";
    says "The lineages are in use again; what was spent stays spent.", "相关谱系恢复使用；已用预算不退。";
    takes BreachClosing, example example(r#"{ "incident": "i0d3a1c22", "reason": "the module was withdrawn" }"#);
    gives IncidentView, example view_example();
    by close;
}

fn thing<'a>(view: &'a IncidentView) -> Thing<'a> {
    Thing::alone(Kind::Stop, &view.incident, if view.closed.is_some() { "closed" } else { "open" })
}

async fn list(desk: &mut Desk, _: All) -> Result<Done<Page<IncidentView>>, Refused> {
    let facts = desk.facts().await?;
    let log = Thing::alone(Kind::Log, "log", "published");
    let all = if visible(desk, facts, Action::ReadLog, &log) { desk.domain().incident_views().await? } else { Vec::new() };
    let (items, next) = page(desk, all, |view| view.incident.clone());
    Ok(Done::from(Page { items, next: None }).next(next))
}

async fn show(desk: &mut Desk, input: OneBreach) -> Result<Done<IncidentView>, Refused> {
    let view = desk.domain().incident_view(&input.incident).await?;
    let facts = tidegate_access::Facts { reason_given: true, ..desk.facts().await? };
    let _may_close = desk.decide(Action::CloseIncident, &thing(&view).in_state("open"), facts)?;
    Ok(view.into())
}

async fn close(desk: &mut Desk, input: BreachClosing) -> Result<Done<IncidentView>, Refused> {
    let view = desk.domain().incident_view(&input.incident).await?;
    decide_alone(desk, Action::CloseIncident, &thing(&view), Given { reason: Some(&input.reason) }).await?;
    let by = organisation(desk)?.to_string();
    Ok(desk.domain().close_incident(&input.incident, &input.reason, &by).await?.into())
}

/// What this file offers.
pub(crate) fn offers(offers: crate::offers::Offers) -> crate::offers::Offers {
    offers.with::<ListBreaches>().with::<ShowBreach>().with::<CloseBreach>()
}
