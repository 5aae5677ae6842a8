//! What the system itself notices about the use of grants (rule F9): beyond the scope, beyond the purpose, three months unused,
//! anomalous.
//!
//! Computed from records and the log alone, so it never depends on data. A notice orders nothing: an order to rectify may rest
//! on it. Noticed when somebody who supervises asks, at the start of the office and once a day.

use super::shared::{identifier, new_thing, said};
use super::ticket_views::{TicketView, of_notice, view_example};
use crate::desk::Asked;
use crate::facts;
use crate::offers::Offers;
use crate::office::Office;
use crate::operations::organisations::{OrganisationRecord, OrganisationStanding};
use crate::records::{AttemptsRecord, GrantLink, GrantStanding, NoticedRecord};
use crate::{Act, Caller, Desk, Done, Refused};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tidegate_access::Action;
use tidegate_authorisation::GrantRecord;
use tidegate_http::api::Nothing;
use tidegate_log::{Entry, Event};
use tidegate_operation::{Use, findings};
use tidegate_parties::Role;
use tidegate_service::{Domain, ServiceError};
use tidegate_store::StoreError;
use tidegate_terms::{Language, Name};

/// What was noticed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoticesView {
    /// How many grants were looked at.
    pub grants: u32,
    /// What is new.
    pub notices: Vec<TicketView>,
}

operation! {
    NoticeFindings = "notices.make" in "tickets";
    Post "/v1/notices" [keyed];
    summary "Look at the use of all grants", "核查授权使用情况";
    says "Beyond the scope, beyond the purpose, unused for as long as the rules say, anomalies. What was noticed before is not noticed again. This happens daily by itself as well.", "超范围、超目的、规定期限内未调用、风险异常。已发现的不重复提出。系统亦每日自动核查。";
    takes Nothing, example Nothing {};
    gives NoticesView, example NoticesView { grants: 3, notices: vec![TicketView { about: super::ticket_views::About::Notices, ..view_example() }] };
    by make;
}

async fn make(desk: &mut Desk, _: Nothing) -> Result<Done<NoticesView>, Refused> {
    Ok(look(desk).await?.into())
}

/// What the log says of a grant's use.
#[derive(Debug, Default)]
struct Logged {
    last_run: Option<Date>,
    runs_before_today: bool,
    slots_missed_today: u32,
}

/// Reads the log once, for all grants.
async fn logged(desk: &Desk) -> Result<BTreeMap<String, Logged>, Refused> {
    let books = desk.read();
    let size = books.log_size().await.map_err(ServiceError::from)?;
    let mut found: BTreeMap<String, Logged> = BTreeMap::new();
    let mut payers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for bytes in books.log_entries(0, size).await.map_err(ServiceError::from)? {
        let Entry { at, event } = Entry::decode(&bytes).map_err(StoreError::from)?;
        let day = at.get(..10).and_then(|day| day.parse::<Date>().ok());
        let today = day == Some(desk.today());
        let (run, grants) = match event {
            Event::Reserve { run, accounts, .. } => (run, accounts.into_iter().map(|payer| payer.grant).collect()),
            Event::Reviewed { run, account, .. } => (run, vec![account.grant]),
            Event::Freeze { run, .. } => {
                for grant in payers.get(&run).into_iter().flatten().filter(|_| today) {
                    found.entry(grant.clone()).or_default().slots_missed_today += 1;
                }
                continue;
            }
            _ => continue,
        };
        for grant in &grants {
            let logged = found.entry(grant.clone()).or_default();
            logged.last_run = logged.last_run.max(day);
            logged.runs_before_today |= !today;
        }
        payers.insert(run, grants);
    }
    Ok(found)
}

/// The use of one grant until today.
async fn use_of(desk: &Desk, act: &mut Act, grant: &GrantRecord, logged: Option<&Logged>) -> Result<Use, Refused> {
    let attempts = act.get::<AttemptsRecord>(&grant.id).await?.map(|row| row.record).unwrap_or_default();
    let today = attempts.day == Some(desk.today());
    let link = act.get::<GrantLink>(&grant.id).await?;
    let given = link.map(|row| row.record.given).or_else(|| grant.valid_from.parse().ok()).unwrap_or(desk.today());
    let spent = desk.read().spent_under(&grant.id).await.map_err(ServiceError::from)?;
    let whole_yesterday = logged.is_some_and(|logged| !logged.runs_before_today);
    Ok(Use {
        columns: grant.columns.clone(),
        purpose: grant.purpose.clone(),
        given,
        last_run: logged.and_then(|logged| logged.last_run),
        columns_asked: attempts.columns.into_iter().collect(),
        purposes_asked: attempts.purposes.into_iter().collect(),
        denials_today: if today { attempts.denials } else { 0 },
        budget_gone_today: whole_yesterday && spent.rho >= grant.rho,
        slots_missed_today: logged.map_or(0, |logged| logged.slots_missed_today),
    })
}

/// Looks at all grants that are live, and keeps what is new.
pub(crate) async fn look(desk: &Desk) -> Result<NoticesView, Refused> {
    // Whoever may not open a notice does not learn either that there is none, and has nobody read the log.
    let own = new_thing::<NoticedRecord>("notices", "open", &desk.caller().organisation, "");
    let _allowed = desk.decide(Action::OpenFinding, &own, desk.facts().await?)?;
    let logged = logged(desk).await?;
    let mut act = desk.begin().await?;
    let facts = act.facts(desk).await?;
    let mut first = None;
    let mut view = NoticesView { grants: 0, notices: Vec::new() };
    for grant in desk.read().grants(None, None).await.map_err(ServiceError::from)? {
        if grant.revoked.is_some() || grant.valid_until.parse::<Date>().is_ok_and(|last| last < desk.today()) {
            continue;
        }
        let standing = act.get::<GrantLink>(&grant.id).await?.map(|row| row.record.standing);
        if matches!(standing, Some(GrantStanding::CutOff | GrantStanding::Ended)) {
            continue;
        }
        view.grants += 1;
        let used = use_of(desk, &mut act, &grant, logged.get(&grant.id)).await?;
        let known = act.all::<NoticedRecord>().await?;
        let provider = facts::known(&mut act, &grant.dataset).await?.map(|known| known.link.organisation);
        let provider = provider.unwrap_or_else(|| desk.caller().organisation.clone());
        for (finding, clause) in findings(&used, desk.today(), desk.rules().pack()) {
            let same = |of: &NoticedRecord| of.grant == grant.id && of.finding == finding && (of.order.is_none() || of.on == desk.today());
            if known.iter().any(|row| same(&row.record)) {
                continue;
            }
            let id = identifier('n')?;
            let thing = new_thing::<NoticedRecord>(&id, "open", &provider, grant.operator.as_str());
            let decided = desk.decide(Action::OpenFinding, &thing, facts)?;
            let record = NoticedRecord {
                grant: grant.id.clone(),
                operator: grant.operator.clone(),
                provider: provider.clone(),
                finding,
                clause: said(&clause),
                on: desk.today(),
                order: None,
            };
            act.put(&id, &record).await?;
            first.get_or_insert(decided);
            view.notices.push(of_notice(&id, &record));
        }
    }
    if let Some(decided) = first {
        act.commit(decided).await?;
    }
    Ok(view)
}

/// Notes that a run or a quote under a grant was refused, and what it asked for. Nothing of it enters the log.
pub async fn note_denied(desk: &Desk, grant: &str, columns: &[String], purpose: &Name) -> Result<(), Refused> {
    let mut act = desk.begin().await?;
    let known = act.get::<AttemptsRecord>(grant).await?.map(|row| row.record).unwrap_or_default();
    let mut record = known.clone();
    if record.day != Some(desk.today()) {
        record.day = Some(desk.today());
        record.denials = 0;
    }
    // Every version of a record stays, so a count beyond what any finding asks for is not written.
    record.denials = record.denials.saturating_add(1).min(DENIALS_MAX);
    // What is asked for comes from strangers: so much of it is kept, and no more.
    let room = ASKED_MAX.saturating_sub(record.columns.len());
    record.columns.extend(columns.iter().take(room).map(|column| column.chars().take(130).collect::<String>()));
    if record.purposes.len() < ASKED_MAX {
        record.purposes.insert(purpose.clone());
    }
    if record == known {
        return Ok(());
    }
    act.put(grant, &record).await?;
    act.commit_unlogged().await
}

/// How many refusals of one day are counted for a grant.
const DENIALS_MAX: u32 = 100;

/// How many columns and purposes that were asked for are remembered for a grant.
const ASKED_MAX: usize = 200;

impl Office {
    /// Looks at the use of all grants in the name of the authority; for the start of the office and once a day. Says how much
    /// was noticed; a domain without authority has nothing to look at.
    pub async fn notice(self: &Arc<Self>) -> Result<usize, ServiceError> {
        let told = |refused: Refused| ServiceError::Office { detail: refused.problem().detail.en.clone() };
        let Some(desk) = self.own_desk().await.map_err(told)? else { return Ok(0) };
        Ok(look(&desk).await.map_err(told)?.notices.len())
    }

    /// The desk of the system itself: it may open notices, and nothing else.
    async fn own_desk(self: &Arc<Self>) -> Result<Option<Desk>, Refused> {
        let rows = super::reads::Reads::every::<OrganisationRecord>(&mut self.domain().books()).await?;
        let authority = rows
            .into_iter()
            .map(|row| row.record)
            .find(|record| record.standing == OrganisationStanding::Active && record.organisation.roles.contains(&Role::Authority));
        let Some(authority) = authority else { return Ok(None) };
        let caller = Caller {
            account: "system".to_owned(),
            organisation: authority.organisation.id,
            roles: BTreeSet::from([Role::Authority]),
            actions: Some(BTreeSet::from([Action::OpenFinding])),
            credential: String::new(),
        };
        let asked =
            Asked { language: Language::English, request_id: "daily".to_owned(), if_match: None, page: None, signed: false, once: None };
        Ok(Some(Desk { office: Arc::clone(self), caller, rules: self.rules(), today: Domain::today(), asked }))
    }
}

/// What is offered here.
pub(crate) fn offers(offers: Offers) -> Offers {
    offers.with::<NoticeFindings>()
}
