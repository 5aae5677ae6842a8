//! Grants: columns of a dataset for a purpose, with a share of its budget.

use super::through::{example, link, page, visible};
use crate::facts::{FactRefusal, GrantAsked, agreement_of, check_inside, facts_of_grant, known};
use crate::records::{ApplicationRecord, GrantLink, GrantStanding};
use crate::{Act, Cause, Desk, Done, Kept, Refused, Row, Thing};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use tidegate_access::{Action, Facts, Kind};
use tidegate_authorisation::GrantRecord;
use tidegate_http::api::Page;
use tidegate_operation::Effect;
use tidegate_service::view::GrantView;
use tidegate_service::{Domain, NewGrant, ServiceError};
use tidegate_terms::{Epsilon, Name, messages};

messages! {
    /// Why a grant is not there.
    pub enum GrantRefusal {
        Unknown { grant: String } = "grant.unknown" {
            en: "there is no grant `{grant}`: `grants.list` shows those that you may see",
            zh: "没有授权“{grant}”：`grants.list` 列出可查看的授权",
        },
        NoApplication { operator: Name, dataset: Name } = "grant.no-application" {
            en: "no approved application of `{operator}` for `{dataset}` and this purpose is here (rule F1, Shuangyashan Art. 27): have one approved, or name it",
            zh: "没有“{operator}”就“{dataset}”及该用途获同意的申请（规则 F1，双鸭山第二十七条）：请先办理申请，或指明申请",
        },
    }
}

/// Which grants.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GrantFilter {
    /// Those on this dataset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset: Option<Name>,
    /// Those of this operator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<Name>,
}

/// A grant to be given.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GrantInput {
    /// The approved application that it rests on; the operator's for this dataset and purpose, where none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<String>,
    /// The dataset.
    pub dataset: Name,
    /// The operator: the name of its organisation.
    pub operator: Name,
    /// The operator's Ed25519 public key, base64; modules are signed with it.
    #[schemars(length(min = 44, max = 44))]
    pub operator_key: String,
    /// The columns, as `table.column`.
    #[schemars(length(min = 1, max = 1000))]
    pub columns: Vec<String>,
    /// The purpose, as applied for.
    pub purpose: Name,
    /// The share of the budget.
    #[schemars(with = "f64", extend("exclusiveMinimum" = 0.0, "maximum" = 100.0))]
    pub epsilon: Epsilon,
    /// First day, `YYYY-MM-DD`; today, where none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<String>,
    /// Last day.
    pub valid_until: String,
}

/// A grant to be revoked.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Revocation {
    /// The grant.
    pub grant: String,
    /// Why.
    #[schemars(length(min = 1, max = 1000))]
    pub reason: String,
}

fn view_example() -> GrantView {
    example(include_str!("examples/grant.json"))
}

operation! {
    ListGrants = "grants.list" in "grants";
    Get "/v1/grants" [paged];
    summary "List grants", "列出授权";
    says "Those that you may see, with what was spent under them: all for authority, regulator and audit, one's own for an operator, those on one's data for a provider.", "列出可查看的授权及其已用份额：主管部门、监管与审计可见全部，运营机构可见本机构的，数据提供部门可见涉及本机构数据的。";
    takes GrantFilter, example GrantFilter::default();
    gives Page<GrantView>, example Page { items: vec![view_example()], next: None };
    by list;
}

operation! {
    GiveGrant = "grants.give" in "grants";
    Post "/v1/grants" [keyed, created];
    summary "Give an operator columns for a purpose", "授予运营机构以特定用途使用某些列";
    says "The authority, and only where plan, agreement, catalogue entry and scenario stand. Columns, purpose, share and term cannot be changed later: revoke and give again.", "由主管部门授予，且实施方案、协议、目录条目与场景均须齐备。列、用途、份额与期限不可更改：请撤销后重新授予。";
    takes GrantInput, example example(r#"{ "dataset": "rand-hie", "operator": "city-health", "operator_key": "XwqtNbMVdt/Ua6/3W8qGj5I3pxHzPP5OBcqjxzZvZrE=", "columns": ["person-years.plan", "person-years.mdvis"], "purpose": "health-planning", "epsilon": 5.0, "valid_until": "2027-06-30" }"#);
    gives GrantView, example view_example();
    by give;
}

operation! {
    RevokeGrant = "grants.revoke" in "grants";
    Post "/v1/grants/{grant}/revoke" [keyed];
    summary "Revoke a grant, with a reason", "撤销授权（须说明理由）";
    says "Runs that wait under it are refused when their turn comes.", "其下排队的运行在轮到时被拒绝。";
    takes Revocation, example example(r#"{ "grant": "g2706aaef711a39d480f0", "reason": "the agreement ended" }"#);
    gives GrantView, example view_example();
    by revoke;
}

/// A grant as the access rules see it.
async fn thing<'a>(desk: &Desk, view: &'a GrantView) -> Thing<'a> {
    let record = &view.record;
    let over = record.revoked.is_some() || record.valid_until.as_str() < desk.today().to_string().as_str();
    let state = if over {
        "ended"
    } else if record.suspended.is_some() {
        "suspended"
    } else {
        "live"
    };
    let provider = link(desk, &record.dataset).await.map(|link| link.record.organisation.to_string()).unwrap_or_default();
    Thing::alone(Kind::Grant, &record.id, state).owned_by(record.operator.to_string()).with_counterpart(provider)
}

async fn list(desk: &mut Desk, input: GrantFilter) -> Result<Done<Page<GrantView>>, Refused> {
    let facts = desk.facts().await?;
    let mut seen = Vec::new();
    for view in desk.domain().grant_views().await? {
        let record = &view.record;
        let wanted = input.dataset.as_ref().is_none_or(|dataset| *dataset == record.dataset)
            && input.operator.as_ref().is_none_or(|operator| *operator == record.operator);
        if wanted && visible(desk, facts, Action::ReadGrant, &thing(desk, &view).await) {
            seen.push(view);
        }
    }
    let (items, next) = page(desk, seen, |view| view.record.id.clone());
    Ok(Done::from(Page { items, next: None }).next(next))
}

/// The application on which a grant rests.
async fn application(act: &mut Act, input: &GrantInput) -> Result<Row<ApplicationRecord>, Refused> {
    let none = || GrantRefusal::NoApplication { operator: input.operator.clone(), dataset: input.dataset.clone() };
    if let Some(id) = &input.application {
        return Ok(act.get::<ApplicationRecord>(id).await?.ok_or_else(none)?);
    }
    let fits = |row: &Row<ApplicationRecord>| {
        let of = &row.record.applied.application;
        row.record.state() == "approved"
            && of.applicant == input.operator
            && of.dataset == input.dataset
            && row.record.purpose == input.purpose
    };
    Ok(act.all::<ApplicationRecord>().await?.into_iter().rev().find(fits).ok_or_else(none)?)
}

async fn give(desk: &mut Desk, input: GrantInput) -> Result<Done<GrantView>, Refused> {
    let policy = desk.domain().dataset_view(&input.dataset).await?.policy;
    let mut act = desk.begin().await?;
    let paper = application(&mut act, &input).await?;
    let scenario = paper.record.scenario.clone();
    let asked = GrantAsked {
        operator: &input.operator,
        dataset: &input.dataset,
        scenario: &scenario,
        policy: &policy,
        epsilon: Some(input.epsilon),
    };
    let facts = facts_of_grant(desk, &mut act, &asked).await?;
    let thing = Thing::alone(Kind::Grant, input.dataset.as_str(), "live").owned_by(input.operator.to_string());
    let decided = desk.decide(Action::GiveGrant, &thing, facts)?;
    let not_a_date = || ServiceError::NotADate { text: input.valid_until.chars().take(32).collect() };
    let last_day = input.valid_until.parse().map_err(|_| not_a_date())?;
    check_inside(&paper.id, &paper.record, &input.operator, &input.dataset, &input.purpose, &input.columns, last_day)?;
    let known = known(&mut act, &input.dataset).await?;
    let needed = known.as_ref().and_then(|known| known.limits(desk)).map_or(1, |limits| limits.approvals);
    check_approvals(desk, &paper.id, needed).await?;
    let provider = known.map(|known| known.link.organisation);
    let agreement = agreement_of(desk, &mut act, &input.operator).await?.map(|(id, _)| id);
    let id = Domain::identifier('g')?;
    let link = GrantLink {
        application: paper.id,
        scenario,
        agreement: agreement.unwrap_or_default(),
        dataset: input.dataset.clone(),
        operator: input.operator.clone(),
        provider: provider.unwrap_or_else(|| input.operator.clone()),
        given: desk.today(),
        standing: GrantStanding::Live,
    };
    act.put(&id, &link).await?;
    act.commit(decided).await?;
    let GrantInput { dataset, operator, operator_key, columns, purpose, epsilon, valid_from, valid_until, .. } = input;
    let new = NewGrant { id: Some(id), dataset, operator, operator_key, columns, purpose, epsilon, valid_from, valid_until };
    Ok(desk.domain().grant(new).await?.into())
}

/// Holds the people who reviewed an application, with the one who grants now, against what the level of the data demands.
async fn check_approvals(desk: &Desk, application: &str, needed: usize) -> Result<(), Refused> {
    let history = desk.read().history_of(ApplicationRecord::NAME, application).await.map_err(ServiceError::from)?;
    // The first version is what was applied for; each later one is a review that agreed.
    let applicant = history.iter().find(|row| row.version == 1).map(|row| row.by.as_str());
    let mut people: BTreeSet<&str> = history.iter().map(|row| row.by.as_str()).filter(|by| Some(*by) != applicant).collect();
    people.insert(desk.caller().account.as_str());
    if people.len() < needed {
        return Err(FactRefusal::Approvals { found: people.len(), needed }.into());
    }
    Ok(())
}

async fn revoke(desk: &mut Desk, input: Revocation) -> Result<Done<GrantView>, Refused> {
    let Revocation { grant, reason } = input;
    let views = desk.domain().grant_views().await?;
    let view = views.into_iter().find(|view| view.record.id == grant);
    let view = view.ok_or_else(|| GrantRefusal::Unknown { grant: grant.chars().take(64).collect() })?;
    let thing = thing(desk, &view).await;
    // Decision, revocation and the end of what runs under it are one act.
    let mut act = desk.begin().await?;
    let facts = Facts { reason_given: !reason.trim().is_empty(), ..act.facts(desk).await? };
    let decided = desk.decide(Action::RevokeGrant, &thing, facts)?;
    if act.transaction.grant(&grant).await?.is_none_or(|record| record.revoked.is_some()) {
        return Err(ServiceError::RevokedAlready { grant }.into());
    }
    let effects = [Effect::RevokeGrant(grant.clone()), Effect::StopRunsOfGrant(grant.clone())];
    act.carry_out(&effects, &Cause::new(&grant, &reason)).await?;
    act.commit(decided).await?;
    let record = GrantRecord { revoked: Some(reason), ..view.record };
    Ok(GrantView { record, ..view }.into())
}

/// What this file offers.
pub(crate) fn offers(offers: crate::offers::Offers) -> crate::offers::Offers {
    offers.with::<ListGrants>().with::<GiveGrant>().with::<RevokeGrant>()
}
