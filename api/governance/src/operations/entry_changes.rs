//! Changes of entries: alterations, attributes, conversions, emergencies, withdrawal, restoration.
//!
//! Guarantee: a stricter attribute, another content, a deletion and a lower level wait for their approvals, by somebody who
//! did not propose them; a higher level suspends what was granted, in the same transaction. Nothing is overwritten.

use super::entries::{EntryRefusal, act_on};
use super::entry_views::{EntryView, entry_example, view_example};
use super::shared::{At, Given, datasets_of, example_name, facts_of_entry, the};
use crate::effects::stop_of_entry;
use crate::offers::Offers;
use crate::records::{EntryRecord, ObjectionRecord};
use crate::{Cause, Desk, Done, Refused, Thing};
use jiff::civil::{Date, date};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidegate_access::Action;
use tidegate_catalogue::{Act as Deed, Conversion, ConversionWay, Emergency, Entry, Opening, Sharing, State};
use tidegate_operation::{Effect, ObjectionEvent, ObjectionState, Outcome};
use tidegate_rules::{ReviewBy, SharingType};
use tidegate_store::Subject;
use tidegate_terms::Name;

/// What shall stand in a published entry.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AlterInput {
    /// Which entry.
    pub entry: Name,
    /// What shall stand in it.
    pub content: Entry,
}

/// Which entry, and why.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReasonInput {
    /// Which entry.
    pub entry: Name,
    /// Why.
    #[serde(default)]
    #[schemars(length(max = 2000))]
    pub reason: String,
}

/// A decision on a proposed change.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DecisionInput {
    /// Which entry.
    pub entry: Name,
    /// Whether the next step is approved; otherwise the proposal is refused.
    pub approve: bool,
    /// For whom the caller approves: the authority itself, or one above whose document is named.
    pub step: ReviewBy,
    /// The document of the approval, where somebody above gave it.
    #[serde(default)]
    #[schemars(length(max = 2000))]
    pub document: String,
    /// Why, where it is refused.
    #[serde(default)]
    #[schemars(length(max = 2000))]
    pub reason: String,
}

/// Attributes that shall hold; what is absent stays.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AttributesInput {
    /// Which entry.
    pub entry: Name,
    /// How the data are shared.
    #[serde(default)]
    pub sharing: Option<Sharing>,
    /// How the data are opened.
    #[serde(default)]
    pub opening: Option<Opening>,
    /// 安全级别.
    #[serde(default)]
    pub security_level: Option<Name>,
    /// The record of treatment or consent on which a wider type rests.
    #[serde(default)]
    pub conversion: Option<ConversionInput>,
}

/// How data were treated or consented to.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConversionInput {
    /// How.
    pub way: ConversionWay,
    /// The method, or the reference of the consent.
    #[schemars(length(max = 2000))]
    pub reference: String,
    /// When.
    pub on: Date,
}

/// A conversion of an entry's data.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConvertInput {
    /// Which entry.
    pub entry: Name,
    /// How.
    pub conversion: ConversionInput,
}

/// A relaxation for a time.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EmergencyInput {
    /// Which entry.
    pub entry: Name,
    /// The incident.
    #[schemars(length(max = 64))]
    pub incident: String,
    /// Its first day.
    pub first: Date,
    /// Its last day; afterwards the type is what it was.
    pub last: Date,
    /// The account of who approved it.
    pub approver: Name,
    /// The type meanwhile.
    pub kind: SharingType,
}

fn id() -> Name {
    entry_example().id
}

fn conversion() -> ConversionInput {
    ConversionInput { way: ConversionWay::Desensitised, reference: "k-匿名, k = 20".to_owned(), on: date(2026, 11, 1) }
}

fn decision(step: ReviewBy) -> DecisionInput {
    DecisionInput { entry: id(), approve: true, step, document: String::new(), reason: String::new() }
}

operation! {
    AlterEntry = "entries.alter" in "catalogue";
    Post "/v1/entries/{entry}/alterations" [keyed];
    summary "Propose a new version of a published entry", "申请修改已发布条目";
    says "It holds once everybody approved whom the rules of the place name; until then the present version holds.", "经本地规则规定的各方同意后生效；此前现行版本有效。";
    takes AlterInput, example AlterInput { entry: id(), content: entry_example() };
    gives EntryView, example view_example();
    by alter;
}

operation! {
    DeleteEntry = "entries.delete" in "catalogue";
    Post "/v1/entries/{entry}/deletion" [keyed];
    summary "Propose to delete a published entry", "申请删减已发布条目";
    says "Needs a reason and the same approvals as an alteration. Use goes on until then.", "须说明理由，并经与修改相同的同意程序；此前照常使用。";
    takes ReasonInput, example ReasonInput { entry: id(), reason: "职能调整 (function moved)".to_owned() };
    gives EntryView, example view_example();
    by delete;
}

operation! {
    ApproveAlteration = "entries.approve_alteration" in "catalogue";
    Post "/v1/entries/{entry}/alterations/decision" [keyed];
    summary "Decide the next step of an alteration or deletion", "决定修改或删减的下一步";
    says "Who proposed it or took a step before may not. A step of somebody above needs the document of its approval.", "申请人和前一步审批人不得办理。上级同意须填写文件。";
    takes DecisionInput, example decision(ReviewBy::Authority);
    gives EntryView, example view_example();
    by approve_alteration;
}

operation! {
    ChangeAttributes = "entries.attributes" in "catalogue";
    Post "/v1/entries/{entry}/attributes" [keyed];
    summary "Change sharing, opening or level", "变更共享、开放属性或安全级别";
    says "A wider type holds at once, from closed only with a record of treatment or consent. A stricter type and a lower level wait for the authority. A higher level suspends what was granted.", "放宽即时生效，由不予共享、不予开放放宽须有脱敏或同意记录；收紧和降级须经主管部门审核；升级即中止已有授权。";
    takes AttributesInput, example AttributesInput { entry: id(), sharing: None, opening: None, security_level: Some(example_name("l3")), conversion: None };
    gives EntryView, example view_example();
    by attributes;
}

operation! {
    ApproveStricter = "entries.approve_stricter" in "catalogue";
    Post "/v1/entries/{entry}/attributes/decision" [keyed];
    summary "Decide a stricter attribute or a lower level", "审核收紧属性或降级";
    says "By the authority, and not by who proposed it.", "由主管部门办理，且非申请人。";
    takes DecisionInput, example decision(ReviewBy::Authority);
    gives EntryView, example view_example();
    by approve_stricter;
}

operation! {
    RecordConversion = "entries.convert" in "catalogue";
    Post "/v1/entries/{entry}/conversions" [keyed];
    summary "Record that data were treated or consented to", "登记脱密脱敏处理或权利人同意";
    says "What was not shared or not opened can become wider on such a record alone.", "不予共享、不予开放的数据，仅凭此类记录方可放宽。";
    takes ConvertInput, example ConvertInput { entry: id(), conversion: conversion() };
    gives EntryView, example view_example();
    by convert;
}

operation! {
    AdjustInEmergency = "entries.emergency" in "catalogue";
    Post "/v1/entries/{entry}/emergency" [keyed];
    summary "Relax sharing for a time in an emergency", "突发事件临时调整共享属性";
    says "Only where the rules of the place know it. It ends by itself and never loosens what leaves the sandbox.", "仅限本地规则有此规定的。到期自动恢复，且不放宽任何出域限制。";
    takes EmergencyInput, example EmergencyInput { entry: id(), incident: "防汛应急".to_owned(), first: date(2026, 11, 23), last: date(2026, 12, 7), approver: example_name("a-head"), kind: SharingType::Unconditional };
    gives EntryView, example view_example();
    by emergency;
}

operation! {
    WithdrawEntry = "entries.withdraw" in "catalogue";
    Post "/v1/entries/{entry}/withdraw" [keyed];
    summary "Take an entry out of use", "撤回条目";
    says "Use stops at once: grants on its data rest and what runs is stopped. The entry leaves the catalogue once its deletion is approved, which is proposed with it.", "立即停用：相关授权中止、运行停止；同时提出删减申请，经同意后移出目录。";
    takes ReasonInput, example ReasonInput { entry: id(), reason: "数据错误待核实".to_owned() };
    gives EntryView, example view_example();
    by withdraw;
}

operation! {
    RestoreEntry = "entries.restore" in "catalogue";
    Post "/v1/entries/{entry}/restore" [keyed];
    summary "Bring a suspended entry back into use", "恢复中止的条目";
    says "Not while an objection to it is open. Where an objection was decided as `treat`, the reason says how the data were treated.", "异议未处理完毕的不得恢复。异议处理结果为“处理后开放”的，须写明处理情况。";
    takes ReasonInput, example ReasonInput { entry: id(), reason: "已依法处理".to_owned() };
    gives EntryView, example view_example();
    by restore;
}

async fn alter(desk: &mut Desk, input: AlterInput) -> Result<Done<EntryView>, Refused> {
    act_on(desk, &input.entry, Action::AlterEntry, Given::default(), |_| Deed::Alter(Box::new(input.content)), |_| {}).await
}

async fn delete(desk: &mut Desk, input: ReasonInput) -> Result<Done<EntryView>, Refused> {
    let (entry, reason) = (input.entry, input.reason);
    act_on(desk, &entry, Action::AlterEntry, Given::reason(&reason), |_| Deed::Delete(reason.clone()), |_| {}).await
}

async fn approve_alteration(desk: &mut Desk, input: DecisionInput) -> Result<Done<EntryView>, Refused> {
    decide(desk, input, Action::ApproveAlteration).await
}

async fn approve_stricter(desk: &mut Desk, input: DecisionInput) -> Result<Done<EntryView>, Refused> {
    decide(desk, input, Action::ApproveStricter).await
}

async fn decide(desk: &mut Desk, input: DecisionInput, action: Action) -> Result<Done<EntryView>, Refused> {
    let given = Given { reason: &input.reason, document: &input.document, ..Given::default() };
    let deed = if input.approve { Deed::ApproveStep(input.step) } else { Deed::Refuse(input.reason.clone()) };
    act_on(desk, &input.entry, action, given, |_| deed, |_| {}).await
}

/// Replaces a draft's text, or proposes it for what is published.
fn changed(record: &EntryRecord, change: impl FnOnce(&mut Entry)) -> Deed {
    let mut entry = Box::new(record.life.entry().clone());
    change(&mut entry);
    if record.life.state() == State::Draft { Deed::Edit(entry) } else { Deed::Alter(entry) }
}

async fn attributes(desk: &mut Desk, input: AttributesInput) -> Result<Done<EntryView>, Refused> {
    let by = At::of(desk)?.person;
    let id = input.entry.clone();
    let change = |entry: &mut Entry| {
        entry.sharing = input.sharing.unwrap_or_else(|| entry.sharing.clone());
        entry.opening = input.opening.unwrap_or_else(|| entry.opening.clone());
        entry.security_level = input.security_level.or_else(|| entry.security_level.take());
        entry.conversions.extend(input.conversion.map(|conversion| conversion.by(by)));
    };
    act_on(desk, &id, Action::ChangeAttribute, Given::default(), |record| changed(record, change), |_| {}).await
}

impl ConversionInput {
    fn by(self, by: Name) -> Conversion {
        Conversion { way: self.way, reference: self.reference, on: self.on, by }
    }
}

async fn convert(desk: &mut Desk, input: ConvertInput) -> Result<Done<EntryView>, Refused> {
    let by = At::of(desk)?.person;
    if input.conversion.reference.trim().is_empty() {
        return Err(EntryRefusal::NoReference.into());
    }
    let change = |entry: &mut Entry| entry.conversions.push(input.conversion.by(by));
    act_on(desk, &input.entry, Action::RecordConversion, Given::default(), |record| changed(record, change), |_| {}).await
}

async fn emergency(desk: &mut Desk, input: EmergencyInput) -> Result<Done<EntryView>, Refused> {
    if At::of(desk)?.person == input.approver {
        return Err(EntryRefusal::OwnApproval.into());
    }
    let id = input.entry.clone();
    let (incident, first, last, approver, kind) = (input.incident, input.first, input.last, input.approver, input.kind);
    let change = |entry: &mut Entry| entry.emergency = Some(Emergency { incident, first, last, approver, kind });
    act_on(desk, &id, Action::AdjustInEmergency, Given::default(), |record| changed(record, change), |_| {}).await
}

async fn withdraw(desk: &mut Desk, input: ReasonInput) -> Result<Done<EntryView>, Refused> {
    let at = At::of(desk)?;
    let mut act = desk.begin().await?;
    let row = the::<EntryRecord>(&mut act, input.entry.as_str()).await?;
    desk.expect_version(row.version)?;
    let facts = facts_of_entry(desk, &mut act, &row.record, Action::WithdrawEntry, Given::reason(&input.reason)).await?;
    let decided = desk.decide(Action::WithdrawEntry, &Thing::of(&row), facts)?;
    let mut record = row.record;
    let (pack, levels) = (desk.rules().pack(), desk.rules().levels());
    let mut effects = Vec::new();
    if record.life.state() != State::Suspended {
        record.life = record.life.act(Deed::Suspend(input.reason.clone()), &at.person, pack, levels)?.0;
    }
    for dataset in datasets_of(&mut act, &input.entry).await? {
        let dataset = super::shared::name(&dataset.id)?;
        effects.extend([Effect::SuspendDataset(dataset.clone()), Effect::StopRunsOnDataset(dataset)]);
    }
    record.life = record.life.act(Deed::Delete(input.reason.clone()), &at.person, pack, levels)?.0;
    record.since = at.today;
    let version = super::shared::conclude(act, decided, input.entry.as_str(), &record, &effects, &input.reason).await?;
    EntryView::done(desk, &record, version)
}

async fn restore(desk: &mut Desk, input: ReasonInput) -> Result<Done<EntryView>, Refused> {
    let at = At::of(desk)?;
    let mut act = desk.begin().await?;
    let row = the::<EntryRecord>(&mut act, input.entry.as_str()).await?;
    desk.expect_version(row.version)?;
    let facts = facts_of_entry(desk, &mut act, &row.record, Action::RestoreEntry, Given::reason(&input.reason)).await?;
    let decided = desk.decide(Action::RestoreEntry, &Thing::of(&row), facts)?;
    // Stop 2 is lifted by its own procedure: what is open stays suspended, what was to be treated is treated now.
    for stop in act.all::<ObjectionRecord>().await? {
        let mut of = stop.record;
        if of.entry != input.entry || !of.objection.suspended {
            continue;
        }
        let treated = of.objection.outcome == Some(Outcome::Treat);
        if !treated || matches!(of.objection.state, ObjectionState::Open | ObjectionState::Appealed) {
            return Err(EntryRefusal::Objection { stop: stop.id }.into());
        }
        let event = ObjectionEvent::Treated { reason: input.reason.clone() };
        let (objection, effects) = of.objection.step(&event, desk.rules().pack())?;
        of.objection = objection;
        of.reasons.push(input.reason.clone());
        act.put(&stop.id, &of).await?;
        act.carry_out(&effects, &Cause::new(&stop.id, &input.reason)).await?;
    }
    let mut record = row.record;
    if record.life.pending().is_some() {
        // What is restored is not deleted: the proposal that came with its withdrawal falls.
        record.life = record.life.act(Deed::Refuse(input.reason.clone()), &at.person, desk.rules().pack(), desk.rules().levels())?.0;
    }
    record.life = record.life.act(Deed::Restore, &at.person, desk.rules().pack(), desk.rules().levels())?.0;
    record.since = at.today;
    // What its withdrawal held, and not what rests for a higher level: that is for the authority to confirm (rule C3).
    for dataset in datasets_of(&mut act, &input.entry).await? {
        act.restore(Subject::Dataset(dataset.id), &stop_of_entry(input.entry.as_str())).await?;
    }
    let version = super::shared::conclude(act, decided, input.entry.as_str(), &record, &[], &input.reason).await?;
    EntryView::done(desk, &record, version)
}

/// What is offered here.
pub(crate) fn offers(offers: Offers) -> Offers {
    offers
        .with::<AlterEntry>()
        .with::<DeleteEntry>()
        .with::<ApproveAlteration>()
        .with::<ChangeAttributes>()
        .with::<ApproveStricter>()
        .with::<RecordConversion>()
        .with::<AdjustInEmergency>()
        .with::<WithdrawEntry>()
        .with::<RestoreEntry>()
}
