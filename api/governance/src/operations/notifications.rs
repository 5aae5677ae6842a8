//! Notifications: what a decision told somebody, and holdings that must be destroyed.

use crate::offers::Offers;
use crate::{Desk, Done, Kept, Refused, Row, Thing};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidegate_access::{Action, Kind};
use tidegate_http::api::{Nothing, Page};
use tidegate_operation::Party;
use tidegate_parties::Role;
use tidegate_terms::Name;

/// Something that somebody was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    /// Who.
    pub whom: Party,
    /// Under which rule.
    pub rule: String,
    /// By which stop or step.
    pub stop: String,
    /// Why.
    pub reason: String,
    /// The day on which something is due, where it is a reminder.
    pub due: Option<String>,
}

impl Kept for Notification {
    const KIND: Kind = Kind::Stop;
    const NAME: &'static str = "notification";

    fn state(&self) -> &'static str {
        "open"
    }

    fn owner(&self) -> String {
        match &self.whom {
            Party::Organisation(organisation) => organisation.to_string(),
            Party::Authority | Party::Competent | Party::Users => String::new(),
        }
    }

    fn counterpart(&self) -> String {
        String::new()
    }
}

/// What an organisation held of the data and must destroy (rule J10).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holding {
    /// Whose holdings.
    pub organisation: Name,
    /// What ended the right to hold them.
    pub cause: String,
    /// The certificate of their destruction, once there is one.
    pub destroyed: Option<String>,
}

impl Kept for Holding {
    const KIND: Kind = Kind::Stop;
    const NAME: &'static str = "holding";

    fn state(&self) -> &'static str {
        if self.destroyed.is_some() { "closed" } else { "open" }
    }

    fn owner(&self) -> String {
        self.organisation.to_string()
    }

    fn counterpart(&self) -> String {
        String::new()
    }
}

/// A notification as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotificationView {
    /// Its identifier.
    pub notification: String,
    /// When.
    pub at: String,
    /// Whom it is for: an organisation, `authority`, `competent` or `users`.
    pub whom: String,
    /// Under which rule.
    pub rule: String,
    /// By which stop or step.
    pub stop: String,
    /// Why.
    pub reason: String,
    /// The day on which something is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<String>,
}

fn view(row: &Row<Notification>) -> NotificationView {
    let Notification { whom, rule, stop, reason, due } = row.record.clone();
    let whom = match whom {
        Party::Organisation(organisation) => organisation.to_string(),
        Party::Authority => "authority".into(),
        Party::Competent => "competent".into(),
        Party::Users => "users".into(),
    };
    NotificationView { notification: row.id.clone(), at: row.at.clone(), whom, rule, stop, reason, due }
}

operation! {
    ListNotifications = "notifications.list" in "notifications";
    Get "/v1/notifications" [paged];
    summary "List what one was told", "列出收到的通知";
    says "For an organisation its own; for authority, regulator and auditor all.", "机构只见本机构的通知；主管部门、监管与审计可见全部。";
    takes Nothing, example Nothing {};
    gives Page<NotificationView>, example Page { items: vec![NotificationView {
        notification: "n0123456789abcdef0123".into(), at: "2026-11-22T08:00:00Z".into(), whom: "tide-lab".into(), rule: "F10".into(),
        stop: "c0123456789abcdef0123".into(), reason: "No safeguards.".into(), due: None
    }], next: None };
    by list;
}

/// What this resource offers.
pub(super) fn offers(offers: Offers) -> Offers {
    offers.with::<ListNotifications>()
}

async fn list(desk: &mut Desk, _: Nothing) -> Result<Done<Page<NotificationView>>, Refused> {
    // Whoever may see organisations may see what was told to their own.
    desk.allow(Action::ReadOrganisation, &Thing::alone(Kind::Organisation, "all", "active")).await?;
    let caller = desk.caller();
    let all = [Role::Authority, Role::Regulator, Role::Auditor].into_iter().any(|role| caller.is(role));
    let own = caller.organisation.clone();
    let (rows, next) = desk.list::<Notification>(None, |row| all || row.record.whom == Party::Organisation(own.clone())).await?;
    Ok(Done::from(Page { items: rows.iter().map(view).collect(), next: None }).next(next))
}
