//! What the operations over the domain's own acts have in common: decide, log the decision, then let the domain do it.
//!
//! An act of the domain (a mount, a grant, a run) has an entry of its own. It follows the entry of its decision, and the
//! audit holds one against the other. A crash between the two leaves a decision that nothing followed, which is allowed:
//! whoever asked sees that nothing was done and asks again.

use crate::records::DatasetLink;
use crate::{Desk, Refused, Row, Thing};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tidegate_access::{Action, Facts, Kind};
use tidegate_service::ServiceError;
use tidegate_terms::{Name, messages};

messages! {
    /// What is wrong with a part of a request that the schema cannot say.
    pub enum ThroughError {
        Base64 { field: &'static str } = "input.base64" {
            en: "`{field}` is not base64: encode the bytes with the standard alphabet, on one line",
            zh: "`{field}` 不是 base64：请用标准字母表将字节编码为一行",
        },
        Organisation { organisation: String } = "organisation.not-a-name" {
            en: "organisation `{organisation}` has no name that grants and modules can carry: register it with small letters, digits and hyphens",
            zh: "机构“{organisation}”的标识不能用于授权和模型：请用小写字母、数字和连字符登记",
        },
        NotKept { dataset: String } = "dataset.unknown" {
            en: "there is no dataset `{dataset}` under a catalogue entry: mount it first",
            zh: "没有挂接目录条目的数据集“{dataset}”：请先挂载",
        },
    }
}

/// Something whose form is described where it is made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Told(pub serde_json::Value);

impl Told {
    pub(crate) fn of(value: &impl Serialize) -> Result<Self, Refused> {
        Ok(Self(serde_json::to_value(value).map_err(tidegate_store::StoreError::from)?))
    }
}

/// A dataset.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OneDataset {
    /// The dataset.
    pub dataset: Name,
}

/// Nothing but a wish for a page.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct All {}

/// An example of the interface, as it stands in a file.
#[allow(clippy::expect_used)]
pub(crate) fn example<T: DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(text).expect("an example of the interface")
}

/// The bytes of a field.
pub(crate) fn bytes(field: &'static str, text: &str) -> Result<Vec<u8>, Refused> {
    STANDARD.decode(text).map_err(|_| ThroughError::Base64 { field }.into())
}

/// The caller's organisation, as grants and modules name it.
pub(crate) fn organisation(desk: &Desk) -> Result<Name, Refused> {
    let organisation = desk.caller().organisation.to_string();
    Name::parse(&organisation).map_err(|_| ThroughError::Organisation { organisation }.into())
}

/// Refuses, unless the caller may do what changes nothing.
pub(crate) async fn may(desk: &Desk, action: Action, thing: &Thing<'_>) -> Result<(), Refused> {
    let facts = desk.facts().await?;
    let _allowed = desk.decide(action, thing, facts)?;
    Ok(())
}

/// Whether the caller may, with facts that were asked for once; for lists.
pub(crate) fn visible(desk: &Desk, facts: Facts, action: Action, thing: &Thing<'_>) -> bool {
    desk.decide(action, thing, facts).is_ok()
}

/// Decides on what the domain does itself, with what the caller has established, and logs the decision.
pub(crate) async fn decide_alone(desk: &Desk, action: Action, thing: &Thing<'_>, given: Given<'_>) -> Result<(), Refused> {
    let mut act = desk.begin().await?;
    let facts = Facts { reason_given: given.reason.is_none_or(|reason| !reason.trim().is_empty()), ..act.facts(desk).await? };
    let decided = desk.decide(action, thing, facts)?;
    act.commit(decided).await?;
    Ok(())
}

/// What a request brings.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Given<'a> {
    /// The reason that it gives, where one is asked for.
    pub(crate) reason: Option<&'a str>,
}

/// The link of a dataset to its entry.
pub(crate) async fn link(desk: &Desk, dataset: &Name) -> Result<Row<DatasetLink>, Refused> {
    let row = desk.read().governed("dataset", dataset.as_str()).await.map_err(ServiceError::from)?;
    Row::of(row.ok_or_else(|| ThroughError::NotKept { dataset: dataset.to_string() })?)
}

/// A dataset that may have no link yet; reading of declared bounds needs none.
pub(crate) fn dataset<'a>(dataset: &'a Name) -> Thing<'a> {
    Thing::alone(Kind::Dataset, dataset.as_str(), "mounted")
}

/// One page of items in the order of their names.
pub(crate) fn page<T>(desk: &Desk, mut items: Vec<T>, name: impl Fn(&T) -> String) -> (Vec<T>, Option<String>) {
    let (limit, after) = desk.page();
    items.sort_by_key(|item| name(item));
    let mut items: Vec<T> = items.into_iter().filter(|item| after.is_none_or(|after| name(item).as_str() > after)).collect();
    let more = items.len() > limit;
    items.truncate(limit);
    let next = if more { items.last().map(name) } else { None };
    (items, next)
}
