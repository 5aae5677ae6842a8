//! Grants that rest because their data were graded higher: the authority confirms each anew, or leaves it resting (rule C3).

use super::shared::{conclude, example_name, the};
use crate::effects::stop_of_entry;
use crate::facts::{GrantAsked, facts_of_grant, known};
use crate::offers::Offers;
use crate::records::GrantLink;
use crate::{Desk, Done, Refused, Subject, Thing};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidegate_access::Action;
use tidegate_service::ServiceError;
use tidegate_terms::{Name, PublicSchema, ReleasePolicy};

/// Which grant.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmInput {
    /// Which grant.
    #[schemars(length(max = 64))]
    pub grant: String,
}

/// A grant that was confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmedView {
    /// Which grant.
    pub grant: String,
    /// Its dataset.
    pub dataset: Name,
    /// The level under which it goes on.
    pub security_level: Option<Name>,
    /// What still holds it, if something does.
    pub held_by: Option<String>,
}

operation! {
    ConfirmGrant = "grants.confirm" in "grants";
    Post "/v1/grants/{grant}/confirmation" [keyed];
    summary "Confirm a grant after its data were graded higher", "升级后重新确认授权";
    says "By the authority. Everything that giving a grant asks for must hold anew, under the new level; the policy of the dataset must keep its limits.", "由主管部门办理；须重新满足新级别下授予授权的全部条件，数据集策略须符合该级别限制。";
    takes ConfirmInput, example ConfirmInput { grant: "g0123456789abcdef0123".to_owned() };
    gives ConfirmedView, example ConfirmedView { grant: "g0123456789abcdef0123".to_owned(), dataset: example_name("visits"), security_level: Some(example_name("l3")), held_by: None };
    by confirm;
}

async fn confirm(desk: &mut Desk, input: ConfirmInput) -> Result<Done<ConfirmedView>, Refused> {
    let mut act = desk.begin().await?;
    let row = the::<GrantLink>(&mut act, &input.grant).await?;
    let dataset = row.record.dataset.clone();
    let mount = desk.read().mount(&dataset, None).await.map_err(ServiceError::from)?;
    let mount = mount.ok_or_else(|| super::shared::unknown(tidegate_access::Kind::Dataset, dataset.as_str()))?;
    let units_max = PublicSchema::parse(&mount.schema)?.units_max;
    let policy = ReleasePolicy::parse(&mount.policy, units_max)?;
    let link = &row.record;
    let asked = GrantAsked { operator: &link.operator, dataset: &dataset, scenario: &link.scenario, policy: &policy, epsilon: None };
    let mut facts = facts_of_grant(desk, &mut act, &asked).await?;
    let entry = known(&mut act, &dataset).await?;
    // What rests in the name of the entry is what is confirmed here; another stop must be lifted by its own procedure.
    facts.not_suspended &= act.suspended(&Subject::Dataset(dataset.to_string())).await?.is_none();
    let decided = desk.decide(Action::GiveGrant, &Thing::of(&row).in_state("live"), facts)?;
    if let Some(entry) = &entry {
        act.restore(Subject::Grant(input.grant.clone()), &stop_of_entry(entry.link.entry.as_str())).await?;
    }
    let held_by = act.suspended(&Subject::Grant(input.grant.clone())).await?;
    let record = row.record;
    let version = conclude(act, decided, &input.grant, &record, &[], "").await?;
    let security_level = entry.and_then(|known| known.entry.life.entry().security_level.clone());
    Ok(Done { output: ConfirmedView { grant: input.grant, dataset, security_level, held_by }, version: Some(version), next: None })
}

/// What is offered here.
pub(crate) fn offers(offers: Offers) -> Offers {
    offers.with::<ConfirmGrant>()
}
