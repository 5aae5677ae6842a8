//! Releases: what a run gave, for those concerned, and what came of it.

use super::through::{Given, Told, decide_alone, example, link, may, organisation};
use crate::{Desk, Done, Refused, Thing};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidegate_access::{Action, Kind};
use tidegate_service::EffectView;
use tidegate_service::view::Shown;
use tidegate_terms::Name;

/// A release.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OneRelease {
    /// The run that was admitted: `release` of a queued run.
    #[schemars(length(min = 1, max = 64))]
    pub release: String,
    /// One of its rounds; the last, where none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round: Option<u32>,
}

/// What came of a release.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EffectInput {
    /// The run that was admitted.
    #[schemars(length(min = 1, max = 64))]
    pub release: String,
    /// The operator's statement.
    #[schemars(length(min = 1, max = 4000))]
    pub text: String,
}

operation! {
    ShowRelease = "releases.show" in "runs";
    Get "/v1/releases/{release}" [];
    summary "Show a release", "查看发布结果";
    says "As soon as a signed checkpoint covers it, and the witnesses that the policy demands have seen that. For its operator, the provider of the data, authority and regulator.", "在已签名检查点覆盖、且策略所要求的见证方已见证之后可查看。限于该运营机构、数据提供部门、主管部门与监管。";
    takes OneRelease, example example(r#"{ "release": "r5b090278e953f5ac2635" }"#);
    gives Told, example Told(example(include_str!("examples/release.json")));
    by show;
}

operation! {
    RecordEffect = "releases.effect" in "runs";
    Post "/v1/releases/{release}/effect" [keyed];
    summary "State what came of a release", "填报应用成效";
    says "By its operator; the log commits to the text.", "由该运营机构填报；日志对文本作承诺。";
    takes EffectInput, example example(r#"{ "release": "r5b090278e953f5ac2635", "text": "used for the plan of clinics" }"#);
    gives EffectView, example example(r#"{ "run": "r5b090278e953f5ac2635", "log_position": 8 }"#);
    by effect;
}

/// Whose a release is, and of whose data.
async fn thing<'a>(desk: &Desk, id: &'a str, shown: &Shown) -> Thing<'a> {
    let (operator, dataset): (&Name, &Name) = match shown {
        Shown::Tables(shown) => (&shown.tables.operator, &shown.tables.dataset),
        Shown::Release(shown) => (&shown.release.operator, &shown.release.dataset),
    };
    let provider = link(desk, dataset).await.map(|link| link.record.organisation.to_string()).unwrap_or_default();
    Thing::alone(Kind::Run, id, "released").owned_by(operator.to_string()).with_counterpart(provider)
}

async fn show(desk: &mut Desk, input: OneRelease) -> Result<Done<Told>, Refused> {
    let shown = desk.domain().shown_of(&input.release, input.round).await?;
    may(desk, Action::ReadRelease, &thing(desk, &input.release, &shown).await).await?;
    Ok(Told::of(&shown)?.into())
}

async fn effect(desk: &mut Desk, input: EffectInput) -> Result<Done<EffectView>, Refused> {
    let _operator = organisation(desk)?;
    let shown = desk.domain().shown_of(&input.release, None).await?;
    let thing = thing(desk, &input.release, &shown).await;
    decide_alone(desk, Action::RecordEffect, &thing, Given::default()).await?;
    Ok(desk.domain().state_effect(&input.release, &input.text).await?.into())
}

/// What this file offers.
pub(crate) fn offers(offers: crate::offers::Offers) -> crate::offers::Offers {
    offers.with::<ShowRelease>().with::<RecordEffect>()
}
