//! Stop 2: an objection with evidence (rule I9).
//!
//! Guarantee: where the rules of the place say so, filing it suspends the data and stops their runs in its own transaction,
//! before anybody has looked. Deciding it, appealing and deciding the appeal are steps of their own, by different people.

use super::reads::Reads;
use super::shared::{At, as_ticket, conclude, example_name, identifier, new_thing, page, the};
use crate::facts;
use crate::offers::Offers;
use crate::records::{EntryRecord, ObjectionRecord};
use crate::{Act, Desk, Done, Kept, Refused, Row, Thing};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidegate_access::{Action, Facts};
use tidegate_catalogue::{Act as Deed, State};
use tidegate_http::api::Page;
use tidegate_log::commit;
use tidegate_operation::{ObjectionEvent, Outcome, file_objection};
use tidegate_service::Domain;
use tidegate_terms::{Name, messages};

messages! {
    /// Why an objection finds no data.
    pub enum ObjectionRefusal {
        Dataset { dataset: Name } = "objections.dataset-unknown" {
            en: "there is no dataset `{dataset}` in the catalogue (rule I9, Shuangyashan Art. 40): name one that is",
            zh: "目录中没有数据集“{dataset}”（规则 I9，双鸭山第四十条）：请指明目录内数据集",
        },
    }
}

/// An objection.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ObjectionInput {
    /// To which dataset.
    pub dataset: Name,
    /// What is wrong.
    #[serde(default)]
    #[schemars(length(max = 2000))]
    pub statement: String,
    /// The evidence; it stays in the domain.
    #[serde(default)]
    #[schemars(length(max = 900000))]
    pub evidence: String,
}

/// Which objection.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OneObjection {
    /// Which objection.
    #[schemars(length(max = 64))]
    pub objection: String,
}

/// A decision on an objection.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutcomeInput {
    /// Which objection.
    #[schemars(length(max = 64))]
    pub objection: String,
    /// What comes of it.
    pub outcome: Outcome,
    /// Why; those concerned receive it.
    #[serde(default)]
    #[schemars(length(max = 2000))]
    pub reason: String,
}

/// An appeal.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AppealInput {
    /// Which objection.
    #[schemars(length(max = 64))]
    pub objection: String,
    /// Why.
    #[serde(default)]
    #[schemars(length(max = 2000))]
    pub reason: String,
}

/// Which objections.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ObjectionFilter {
    /// In which state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub state: Option<String>,
}

/// An objection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ObjectionView {
    /// Which objection.
    pub objection: String,
    /// Where it stands.
    pub state: String,
    /// To which dataset.
    pub dataset: Name,
    /// Who objects.
    pub objector: Name,
    /// Whose data they are.
    pub provider: Name,
    /// What is wrong.
    pub statement: String,
    /// Whether use rests because of it.
    pub suspended: bool,
    /// What was decided last.
    pub outcome: Option<Outcome>,
    /// What was said at each step.
    pub reasons: Vec<String>,
}

fn view(id: &str, record: &ObjectionRecord) -> ObjectionView {
    let of = &record.objection;
    ObjectionView {
        objection: id.to_owned(),
        state: record.state().to_owned(),
        dataset: of.dataset.clone(),
        objector: record.objector.clone(),
        provider: record.provider.clone(),
        statement: record.statement.clone(),
        suspended: of.suspended,
        outcome: of.outcome,
        reasons: record.reasons.clone(),
    }
}

fn id_example() -> String {
    "o0123456789abcdef0123".to_owned()
}

fn view_example() -> ObjectionView {
    ObjectionView {
        objection: id_example(),
        state: "open".to_owned(),
        dataset: example_name("visits"),
        objector: example_name("exchange"),
        provider: example_name("health-commission"),
        statement: "费用列含个人信息 (the cost column identifies persons)".to_owned(),
        suspended: true,
        outcome: None,
        reasons: Vec::new(),
    }
}

fn outcome_example() -> OutcomeInput {
    OutcomeInput { objection: id_example(), outcome: Outcome::Restore, reason: "经核实，不含个人信息".to_owned() }
}

operation! {
    FileObjection = "objections.file" in "stops";
    Post "/v1/objections" [keyed, created, body 1 << 20];
    summary "Object to data with evidence", "提出异议并举证";
    says "Where the rules of the place say so, use of the data stops at once: what runs is stopped, nothing new is admitted.", "本地规则规定立即中止的，提出即中止使用：停止运行，不再受理新的运行。";
    takes ObjectionInput, example ObjectionInput { dataset: example_name("visits"), statement: view_example().statement, evidence: "截图与比对记录".to_owned() };
    gives ObjectionView, example view_example();
    by file;
}

operation! {
    DecideObjection = "objections.decide" in "stops";
    Post "/v1/objections/{objection}/decision" [keyed];
    summary "Decide an objection", "处理异议";
    says "By the provider: withdraw the data, restore them, or treat them first. With a reason, which those concerned receive.", "由数据提供部门处理：撤回、恢复或处理后开放；须说明理由并反馈。";
    takes OutcomeInput, example outcome_example();
    gives ObjectionView, example view_example();
    by decide;
}

operation! {
    AppealObjection = "objections.appeal" in "stops";
    Post "/v1/objections/{objection}/appeal" [keyed];
    summary "Appeal against a decision", "申请复核";
    says "By who objected, where the rules of the place know an appeal.", "由异议人提出；限本地规则规定复核的。";
    takes AppealInput, example AppealInput { objection: id_example(), reason: "证据未被采信".to_owned() };
    gives ObjectionView, example view_example();
    by appeal;
}

operation! {
    DecideAppeal = "objections.decide_appeal" in "stops";
    Post "/v1/objections/{objection}/appeal/decision" [keyed];
    summary "Decide an appeal", "复核";
    says "By the authority, and by another person than the one who decided before.", "由主管部门办理，且非原处理人。";
    takes OutcomeInput, example outcome_example();
    gives ObjectionView, example view_example();
    by decide_appeal;
}

operation! {
    ShowObjection = "objections.show" in "stops";
    Get "/v1/objections/{objection}" [];
    summary "Show an objection", "查看异议";
    says "For who objected, the provider and those who supervise. Evidence is not shown.", "异议人、数据提供部门和监督方可见；不显示证据。";
    takes OneObjection, example OneObjection { objection: id_example() };
    gives ObjectionView, example view_example();
    by show;
}

operation! {
    ListObjections = "objections.list" in "stops";
    Get "/v1/objections" [paged];
    summary "List objections", "列出异议";
    says "Those that the caller may read.", "仅列出调用方可查看的。";
    takes ObjectionFilter, example ObjectionFilter { state: Some("open".to_owned()) };
    gives Page<ObjectionView>, example Page { items: vec![view_example()], next: None };
    by list;
}

async fn file(desk: &mut Desk, input: ObjectionInput) -> Result<Done<ObjectionView>, Refused> {
    let at = At::of(desk)?;
    let mut act = desk.begin().await?;
    let Some(known) = facts::known(&mut act, &input.dataset).await? else {
        return Err(ObjectionRefusal::Dataset { dataset: input.dataset }.into());
    };
    let id = identifier('o')?;
    let given = !input.evidence.trim().is_empty();
    let facts = Facts { evidence_given: given, ..act.facts(desk).await? };
    let thing = new_thing::<ObjectionRecord>(&id, "open", &at.organisation, known.link.organisation.as_str());
    let decided = desk.decide(Action::FileObjection, &thing, facts)?;
    let salt = Domain::opening("evidence_commitment", Vec::new())?.salt;
    let evidence = given.then(|| commit(&salt, input.evidence.as_bytes()));
    let pack = desk.rules().pack();
    let (objection, effects) = file_objection(input.dataset, at.organisation.clone(), evidence, &input.statement, pack)?;
    let record = ObjectionRecord {
        objection,
        objector: at.organisation.clone(),
        provider: known.link.organisation,
        entry: known.link.entry,
        statement: input.statement,
        evidence: input.evidence,
        salt: salt.iter().map(|byte| format!("{byte:02x}")).collect(),
        reasons: Vec::new(),
    };
    if record.objection.suspended {
        move_entry(desk, &mut act, &record.entry, &at.person, Deed::Suspend(record.statement.clone())).await?;
    }
    let version = conclude(act, decided, &id, &record, &effects, "objection").await?;
    Ok(Done { output: view(&id, &record), version: Some(version), next: None })
}

/// Moves the entry of the data along, where it can be moved.
async fn move_entry(desk: &Desk, act: &mut Act, entry: &Name, by: &Name, deed: Deed) -> Result<(), Refused> {
    let Some(row) = act.get::<EntryRecord>(entry.as_str()).await? else { return Ok(()) };
    let possible = match &deed {
        Deed::Suspend(_) => row.record.life.state() == State::Published,
        Deed::Restore => row.record.life.state() == State::Suspended,
        _ => matches!(row.record.life.state(), State::Published | State::Suspended),
    };
    if possible {
        let mut record = row.record;
        record.life = record.life.act(deed, by, desk.rules().pack(), desk.rules().levels())?.0;
        record.since = desk.today();
        act.put(entry.as_str(), &record).await?;
    }
    Ok(())
}

async fn decide(desk: &mut Desk, input: OutcomeInput) -> Result<Done<ObjectionView>, Refused> {
    let by = At::of(desk)?.person;
    let event = ObjectionEvent::Decide { by, outcome: input.outcome, reason: input.reason.clone() };
    settle(desk, &input.objection, Action::DecideObjection, event, &input.reason).await
}

async fn decide_appeal(desk: &mut Desk, input: OutcomeInput) -> Result<Done<ObjectionView>, Refused> {
    let by = At::of(desk)?.person;
    let event = ObjectionEvent::DecideAppeal { by, outcome: input.outcome, reason: input.reason.clone() };
    settle(desk, &input.objection, Action::DecideAppeal, event, &input.reason).await
}

async fn appeal(desk: &mut Desk, input: AppealInput) -> Result<Done<ObjectionView>, Refused> {
    let by = At::of(desk)?.organisation;
    let event = ObjectionEvent::Appeal { by, reason: input.reason.clone() };
    settle(desk, &input.objection, Action::AppealObjection, event, &input.reason).await
}

/// One step of an objection, with what it does to the entry of the data.
async fn settle(desk: &mut Desk, id: &str, action: Action, event: ObjectionEvent, reason: &str) -> Result<Done<ObjectionView>, Refused> {
    let at = At::of(desk)?;
    let mut act = desk.begin().await?;
    let row = the::<ObjectionRecord>(&mut act, id).await?;
    desk.expect_version(row.version)?;
    let facts = Facts {
        reviewer_differs: row.record.objection.decided_by.as_ref() != Some(&at.person),
        reason_given: !reason.trim().is_empty(),
        ..act.facts(desk).await?
    };
    let decided = desk.decide(action, &Thing::of(&row), facts)?;
    let mut record = row.record;
    let (objection, effects) = record.objection.step(&event, desk.rules().pack())?;
    record.objection = objection;
    record.reasons.push(reason.to_owned());
    if !matches!(event, ObjectionEvent::Appeal { .. }) {
        let deed = match record.objection.outcome {
            Some(Outcome::Withdraw) => Some(Deed::Withdraw(reason.to_owned())),
            Some(Outcome::Treat) => Some(Deed::Suspend(reason.to_owned())),
            Some(Outcome::Restore) if !held_by_others(&mut act, id, &record.entry).await? => Some(Deed::Restore),
            Some(Outcome::Restore) | None => None,
        };
        if let Some(deed) = deed {
            move_entry(desk, &mut act, &record.entry, &at.person, deed).await?;
        }
    }
    let version = conclude(act, decided, id, &record, &effects, reason).await?;
    Ok(Done { output: view(id, &record), version: Some(version), next: None })
}

/// Whether another objection, or the provider's own withdrawal, keeps an entry suspended.
async fn held_by_others(act: &mut Act, id: &str, entry: &Name) -> Result<bool, Refused> {
    let mut others = act.all::<ObjectionRecord>().await?.into_iter().filter(|other| other.id != id);
    if others.any(|other| other.record.entry == *entry && other.record.objection.suspended) {
        return Ok(true);
    }
    let record = act.get::<EntryRecord>(entry.as_str()).await?;
    Ok(record.is_some_and(|row| row.record.life.pending().is_some()))
}

async fn show(desk: &mut Desk, input: OneObjection) -> Result<Done<ObjectionView>, Refused> {
    let row = the::<ObjectionRecord>(&mut desk.read(), &input.objection).await?;
    let facts = desk.facts().await?;
    let _ = desk.decide(Action::ReadTicket, &as_ticket(&row), facts)?;
    Ok(Done { output: view(&row.id, &row.record), version: Some(row.version), next: None })
}

async fn list(desk: &mut Desk, input: ObjectionFilter) -> Result<Done<Page<ObjectionView>>, Refused> {
    let facts = desk.facts().await?;
    let fits = |row: &Row<ObjectionRecord>| {
        input.state.as_deref().is_none_or(|state| row.record.state() == state)
            && desk.decide(Action::ReadTicket, &as_ticket(row), facts).is_ok()
    };
    let rows: Vec<_> = desk.read().every::<ObjectionRecord>().await?.into_iter().filter(fits).collect();
    let (rows, next) = page(rows, desk, |row| row.id.as_str());
    let items = rows.iter().map(|row| view(&row.id, &row.record)).collect();
    Ok(Done { output: Page { items, next: None }, version: None, next })
}

/// What is offered here.
pub(crate) fn offers(offers: Offers) -> Offers {
    offers
        .with::<FileObjection>()
        .with::<DecideObjection>()
        .with::<AppealObjection>()
        .with::<DecideAppeal>()
        .with::<ShowObjection>()
        .with::<ListObjections>()
}
