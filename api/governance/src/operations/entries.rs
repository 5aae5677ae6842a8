//! Catalogue entries from the draft to publication.
//!
//! Guarantee: nothing is published that lacks a field of its city, a class or a level, and who submitted an entry neither
//! reviews nor publishes it. A dataset is mounted under a published entry alone, so what is not published is not run on.

use super::entry_views::{EntryView, entry_example, view_example};
use super::shared::{At, Given, conclude, facts_of_entry, the, with_entry_effects};
use crate::offers::Offers;
use crate::records::{EntryRecord, SecrecyReview};
use crate::{Desk, Done, Refused, Thing};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidegate_access::Action;
use tidegate_catalogue::{Act as Deed, Entry, Record};
use tidegate_terms::{Name, messages};

/// The longest id of an entry: what it holds rests in its name with a word before it, and that is an identifier of the log.
const ENTRY_NAME_MAX: usize = 58;

messages! {
    /// Why an entry cannot be made.
    pub enum EntryRefusal {
        Exists { entry: Name } = "entries.exists" {
            en: "there is an entry `{entry}` already: change that one, or choose another id",
            zh: "已有目录条目“{entry}”：请修改该条目，或另取编号",
        },
        NameLong { most: usize } = "entries.name-long" {
            en: "the id of an entry has at most {most} characters: choose a shorter one",
            zh: "目录条目编号最长 {most} 个字符：请缩短",
        },
        NoReference = "entries.no-reference" {
            en: "the conversion names no method and no consent: write its reference (rule D9)",
            zh: "登记未写明处理方法或同意文件：请填写依据（规则 D9）",
        },
        OwnApproval = "entries.own-approval" {
            en: "who adjusts in an emergency does not approve it too (rule D10): name the person who approved",
            zh: "临时调整的办理人不得自行批准（规则 D10）：请写明批准人",
        },
        Objection { stop: String } = "entries.objection-open" {
            en: "objection `{stop}` keeps the data suspended (rule I9, Shuangyashan Art. 40): decide it first",
            zh: "异议“{stop}”使数据保持中止（规则 I9，双鸭山第四十条）：请先处理异议",
        },
    }
}

/// A new entry, or a new text of one.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DraftInput {
    /// What stands in it.
    pub content: Entry,
}

/// A new text of a draft.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EditInput {
    /// Which entry.
    pub entry: Name,
    /// What shall stand in it.
    pub content: Entry,
}

/// Which entry.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OneEntry {
    /// Which entry.
    pub entry: Name,
}

/// What a reviewer says of an entry.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewInput {
    /// Which entry.
    pub entry: Name,
    /// Whether it is approved; otherwise it goes back to its draft.
    pub approve: bool,
    /// Why, where it goes back.
    #[serde(default)]
    #[schemars(length(max = 2000))]
    pub reason: String,
    /// What the secrecy review said, where the data are to be opened.
    #[serde(default)]
    pub secrecy: Option<SecrecyReview>,
}

fn one() -> OneEntry {
    OneEntry { entry: entry_example().id }
}

operation! {
    DraftEntry = "entries.draft" in "catalogue";
    Post "/v1/entries" [keyed, created];
    summary "Draft a catalogue entry", "编制目录条目草稿";
    says "The entry belongs to the caller's organisation. A draft may have gaps; they are named when it is submitted. A state or work secret is refused.", "条目归调用方机构所有。草稿可以不完整，提交时会指出所缺字段。涉及国家秘密或工作秘密的一律拒绝。";
    takes DraftInput, example DraftInput { content: entry_example() };
    gives EntryView, example view_example();
    by draft;
}

operation! {
    EditEntry = "entries.edit" in "catalogue";
    Put "/v1/entries/{entry}" [keyed, versioned];
    summary "Replace the text of a draft", "修改目录条目草稿";
    says "For drafts alone; a published entry is altered by `entries.alter`.", "仅限草稿；已发布条目通过 `entries.alter` 变更。";
    takes EditInput, example EditInput { entry: entry_example().id, content: entry_example() };
    gives EntryView, example view_example();
    by edit;
}

operation! {
    SubmitEntry = "entries.submit" in "catalogue";
    Post "/v1/entries/{entry}/submit" [keyed];
    summary "Submit a draft for review", "提交目录条目审核";
    says "Every field that the rules of the place ask for must be there; all faults are named at once.", "须具备本地规则要求的全部字段；一次指出所有问题。";
    takes OneEntry, example one();
    gives EntryView, example view_example();
    by submit;
}

operation! {
    ReviewEntry = "entries.review" in "catalogue";
    Post "/v1/entries/{entry}/review" [keyed];
    summary "Approve an entry or send it back", "审核目录条目";
    says "By a person other than the one who submitted it. A return needs a reason. Data that are to be opened need the secrecy review before publication.", "须由提交人以外的人办理。退回须说明理由。拟开放数据发布前须有安全保密审查。";
    takes ReviewInput, example ReviewInput { entry: entry_example().id, approve: true, reason: String::new(), secrecy: None };
    gives EntryView, example view_example();
    by review;
}

operation! {
    PublishEntry = "entries.publish" in "catalogue";
    Post "/v1/entries/{entry}/publish" [keyed];
    summary "Publish an approved entry", "发布目录条目";
    says "Needs class and level, rules in force today and, where the data are opened, a favourable secrecy review.", "须已分类分级、规则包在有效期内；拟开放的，须有通过的安全保密审查。";
    takes OneEntry, example one();
    gives EntryView, example view_example();
    by publish;
}

/// Refuses an identifier that is too long for what the entry may have to hold.
pub(crate) fn check_name(entry: &Name) -> Result<(), EntryRefusal> {
    if entry.as_str().len() > ENTRY_NAME_MAX { Err(EntryRefusal::NameLong { most: ENTRY_NAME_MAX }) } else { Ok(()) }
}

async fn draft(desk: &mut Desk, input: DraftInput) -> Result<Done<EntryView>, Refused> {
    let at = At::of(desk)?;
    let mut act = desk.begin().await?;
    let id = input.content.id.clone();
    let record = EntryRecord { organisation: at.organisation.clone(), life: Record::draft(input.content), secrecy: None, since: at.today };
    let facts = facts_of_entry(desk, &mut act, &record, Action::DraftEntry, Given::default()).await?;
    let decided = desk.decide(Action::DraftEntry, &Thing::made(id.as_str(), &record), facts)?;
    check_name(&id)?;
    if act.get::<EntryRecord>(id.as_str()).await?.is_some() {
        return Err(EntryRefusal::Exists { entry: id }.into());
    }
    let version = conclude(act, decided, id.as_str(), &record, &[], "").await?;
    EntryView::done(desk, &record, version)
}

async fn edit(desk: &mut Desk, input: EditInput) -> Result<Done<EntryView>, Refused> {
    let secret = input.content.secret.is_none();
    let given = Given { no_secret: secret, ..Given::default() };
    act_on(desk, &input.entry, Action::DraftEntry, given, |_| Deed::Edit(Box::new(input.content)), |_| {}).await
}

async fn submit(desk: &mut Desk, input: OneEntry) -> Result<Done<EntryView>, Refused> {
    act_on(desk, &input.entry, Action::SubmitEntry, Given::default(), |_| Deed::Submit, |_| {}).await
}

async fn review(desk: &mut Desk, input: ReviewInput) -> Result<Done<EntryView>, Refused> {
    let deed = if input.approve { Deed::Approve } else { Deed::Return(input.reason.clone()) };
    let given = Given::reason(&input.reason);
    act_on(
        desk,
        &input.entry,
        Action::ReviewEntry,
        given,
        |_| deed,
        |record| {
            record.secrecy = input.secrecy.or_else(|| record.secrecy.take());
        },
    )
    .await
}

async fn publish(desk: &mut Desk, input: OneEntry) -> Result<Done<EntryView>, Refused> {
    act_on(desk, &input.entry, Action::PublishEntry, Given::default(), |_| Deed::Publish, |_| {}).await
}

/// One step of an entry: decided, taken by the machine, carried out and kept in one transaction.
pub(crate) async fn act_on(
    desk: &mut Desk,
    id: &Name,
    action: Action,
    given: Given<'_>,
    deed: impl FnOnce(&EntryRecord) -> Deed + Send,
    touch: impl FnOnce(&mut EntryRecord) + Send,
) -> Result<Done<EntryView>, Refused> {
    let at = At::of(desk)?;
    let mut act = desk.begin().await?;
    let row = the::<EntryRecord>(&mut act, id.as_str()).await?;
    desk.expect_version(row.version)?;
    let facts = facts_of_entry(desk, &mut act, &row.record, action, given).await?;
    let decided = desk.decide(action, &Thing::of(&row), facts)?;
    let mut record = row.record;
    let deed = deed(&record);
    let before = record.life.state();
    let (life, found) = record.life.act(deed, &at.person, desk.rules().pack(), desk.rules().levels())?;
    record.life = life;
    if record.life.state() != before {
        record.since = at.today;
    }
    touch(&mut record);
    let effects = with_entry_effects(desk, &mut act, id, &found, given.reason).await?;
    let version = conclude(act, decided, id.as_str(), &record, &effects, given.reason).await?;
    EntryView::done(desk, &record, version)
}

/// What is offered here.
pub(crate) fn offers(offers: Offers) -> Offers {
    offers.with::<DraftEntry>().with::<EditEntry>().with::<SubmitEntry>().with::<ReviewEntry>().with::<PublishEntry>()
}
