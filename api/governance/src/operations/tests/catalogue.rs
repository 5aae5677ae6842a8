//! Entries: what may be catalogued, who reviews, what waits, what stops.

use super::house::*;
use crate::operations::entries::*;
use crate::operations::entry_changes::*;
use crate::operations::entry_lists::*;
use crate::operations::entry_views::entry_example;
use crate::records::EntryRecord;
use crate::{Kept, Refused};
use jiff::civil::date;
use tidegate_catalogue::{Entry, LegalBasis, Opening, Origin, Secret, Sharing, State};
use tidegate_http::api::Nothing;
use tidegate_rules::{LegalRank, OpeningType, ReviewBy, SharingType};
use tidegate_store::Subject;

fn entry(id: &str) -> Entry {
    Entry { id: name(id), ..entry_example() }
}

fn one(id: &str) -> OneEntry {
    OneEntry { entry: name(id) }
}

fn review(id: &str, approve: bool) -> ReviewInput {
    ReviewInput { entry: name(id), approve, reason: if approve { String::new() } else { "缺少说明".into() }, secrecy: None }
}

fn why(id: &str, reason: &str) -> ReasonInput {
    ReasonInput { entry: name(id), reason: reason.into() }
}

fn decision(id: &str, approve: bool, step: ReviewBy, document: &str) -> DecisionInput {
    DecisionInput { entry: name(id), approve, step, document: document.into(), reason: "不符合规定".into() }
}

fn attributes(id: &str) -> AttributesInput {
    AttributesInput { entry: name(id), sharing: None, opening: None, security_level: None, conversion: None }
}

/// Publishes an entry.
pub(super) async fn publish(house: &House, content: Entry) {
    let id = content.id.to_string();
    house.done::<DraftEntry>(PROVIDER, DraftInput { content }).await;
    house.done::<SubmitEntry>(PROVIDER, one(&id)).await;
    house.done::<ReviewEntry>(AUTHORITY, review(&id, true)).await;
    house.done::<PublishEntry>(AUTHORITY, one(&id)).await;
}

async fn state(house: &House, id: &str) -> &'static str {
    house.get::<EntryRecord>(id).await.expect("entry").record.state()
}

// clause: B7 both
// clause: C1 both
// clause: C4 both
#[tokio::test(flavor = "multi_thread")]
async fn an_entry_is_reviewed_and_graded_before_it_is_published() {
    let house = House::of("sys").await;
    let ungraded = Entry { security_level: None, ..entry("visits") };
    house.done::<DraftEntry>(PROVIDER, DraftInput { content: ungraded }).await;
    assert_eq!(house.refused::<SubmitEntry>(OTHER_PROVIDER, one("visits")).await, "access.t3");
    assert_eq!(house.refused::<PublishEntry>(AUTHORITY, one("visits")).await, "access.t2");
    assert_eq!(house.done::<SubmitEntry>(PROVIDER, one("visits")).await.state, "submitted");
    assert_eq!(house.refused::<ReviewEntry>(PROVIDER, review("visits", true)).await, "access.t1");
    let shown = house.done::<ShowEntry>(AUDITOR, one("visits")).await;
    assert_eq!(shown.due.expect("due").last_day, Some(date(2026, 11, 25)), "two working days");
    house.done::<ReviewEntry>(AUTHORITY, review("visits", true)).await;
    assert_eq!(house.refused::<PublishEntry>(AUTHORITY, one("visits")).await, "access.graded");
    assert_eq!(state(&house, "visits").await, "approved");
    publish(&house, entry("beds")).await;
    assert_eq!(state(&house, "beds").await, "published");
}

// clause: B7 refused
#[tokio::test(flavor = "multi_thread")]
async fn who_submitted_does_not_review() {
    let house = House::of("sys").await;
    house.done::<DraftEntry>(PROVIDER, DraftInput { content: entry("visits") }).await;
    house.done::<SubmitEntry>(PROVIDER, one("visits")).await;
    // A bureau may provide data of its own: then one person has both roles.
    let mut desk = house.desk(PROVIDER);
    desk.caller.roles.insert(tidegate_parties::Role::Authority);
    let refused = house.at::<ReviewEntry>(&mut desk, review("visits", true)).await.expect_err("refused");
    assert_eq!(refused.problem().code, "access.reviewer-differs");
    assert_eq!(refused.problem().article.as_deref(), Some("rule B7, Shuangyashan Art. 12"));
    assert!(refused.problem().detail.zh.contains("提交人不得自行审核"));
    assert_eq!(state(&house, "visits").await, "submitted");
}

// clause: A2 refused
// clause: A3 refused
// clause: A5 both
// clause: B1 both
// clause: J4 refused
#[tokio::test(flavor = "multi_thread")]
async fn secrets_gaps_and_missing_units_are_refused() {
    let house = House::of("sys").await;
    for secret in [Secret::State, Secret::Work] {
        let content = Entry { secret: Some(secret), ..entry("secret") };
        assert_eq!(house.refused::<DraftEntry>(PROVIDER, DraftInput { content }).await, "access.no-secret");
    }
    assert!(house.get::<EntryRecord>("secret").await.is_none());
    let bare = Entry { unit: None, industry: String::new(), duties: Default::default(), ..entry("visits") };
    house.done::<DraftEntry>(PROVIDER, DraftInput { content: bare }).await;
    let refused: Refused = house.ask::<SubmitEntry>(PROVIDER, one("visits")).await.expect_err("unsound");
    let said = &refused.problem().detail;
    assert_eq!(refused.problem().code, "record.unsound");
    for part in ["`industry` is missing (rule B1", "privacy unit", "rule J4, Shuangyashan Art. 59"] {
        assert!(said.en.contains(part), "{}", said.en);
    }
    assert!(said.zh.contains("行业分类"), "{}", said.zh);
    house.done::<EditEntry>(PROVIDER, EditInput { entry: name("visits"), content: entry("visits") }).await;
    assert_eq!(house.done::<SubmitEntry>(PROVIDER, one("visits")).await.state, "submitted");
    let twice = DraftInput { content: entry("visits") };
    assert_eq!(house.refused::<DraftEntry>(PROVIDER_TWO, twice).await, "entries.exists");
}

// clause: B2 refused
// clause: B3 permitted
#[tokio::test(flavor = "multi_thread")]
async fn each_place_asks_for_its_own_fields() {
    for (place, code) in [("zb", Some("record.unsound")), ("jn", None)] {
        let house = House::of(place).await;
        let bare = Entry { category: String::new(), ..entry("visits") };
        house.done::<DraftEntry>(PROVIDER, DraftInput { content: bare }).await;
        match code {
            Some(code) => assert_eq!(house.refused::<SubmitEntry>(PROVIDER, one("visits")).await, code),
            None => assert_eq!(house.done::<SubmitEntry>(PROVIDER, one("visits")).await.state, "submitted"),
        }
    }
}

// clause: A7 both
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_published_under_rules_that_have_ended() {
    let mut house = House::of("sys").await;
    house.done::<DraftEntry>(PROVIDER, DraftInput { content: entry("visits") }).await;
    house.done::<SubmitEntry>(PROVIDER, one("visits")).await;
    house.done::<ReviewEntry>(AUTHORITY, review("visits", true)).await;
    house.today = date(2028, 2, 11);
    assert_eq!(house.refused::<PublishEntry>(AUTHORITY, one("visits")).await, "access.rules-in-force");
    house.today = date(2028, 2, 10);
    assert_eq!(house.done::<PublishEntry>(AUTHORITY, one("visits")).await.state, "published");
}

fn basis() -> Vec<LegalBasis> {
    vec![LegalBasis { law: "某法".into(), article: "第一条".into(), rank: LegalRank::Law }]
}

fn conditional() -> Sharing {
    let text = |text: &str| text.to_owned();
    let (conditions, scope, purpose, way) = (text("签订协议"), text("卫生部门"), text("统计"), text("接口服务"));
    Sharing { kind: Some(SharingType::Conditional), conditions, scope, purpose, way, basis: basis(), review_due: None }
}

// clause: D1 permitted
// clause: D2 both
// clause: D6 both
#[tokio::test(flavor = "multi_thread")]
async fn stricter_sharing_waits_for_the_authority_and_needs_a_basis() {
    let house = House::of("sys").await;
    publish(&house, entry("visits")).await;
    let without = Sharing { basis: vec![], ..conditional() };
    let asked = AttributesInput { sharing: Some(without), ..attributes("visits") };
    assert_eq!(house.refused::<ChangeAttributes>(PROVIDER, asked).await, "record.unsound");
    let asked = AttributesInput { sharing: Some(conditional()), ..attributes("visits") };
    let view = house.done::<ChangeAttributes>(PROVIDER, asked).await;
    // The text of the conditions changed too, so the alteration is decided with it.
    assert_eq!(view.content.sharing.kind, Some(SharingType::Unconditional), "it waits");
    assert!(view.pending.is_some_and(|pending| pending.given == 0 && !pending.approvals.is_empty()));
    let approve = || decision("visits", true, ReviewBy::Authority, "");
    assert_eq!(house.refused::<ApproveStricter>(PROVIDER, approve()).await, "access.t1");
    assert_eq!(
        house.refused::<ApproveStricter>(AUTHORITY, decision("visits", true, ReviewBy::CityAuthority, "文件")).await,
        "record.other-step"
    );
    let held = house.done::<ApproveStricter>(AUTHORITY, approve()).await;
    assert_eq!((held.content.sharing.kind, held.version), (Some(SharingType::Conditional), 2));
    let own = Sharing { kind: Some(SharingType::NotShared), ..conditional() };
    house.done::<ChangeAttributes>(PROVIDER, AttributesInput { sharing: Some(own), ..attributes("visits") }).await;
    let refuse = decision("visits", false, ReviewBy::Authority, "");
    let kept = house.done::<ApproveStricter>(AUTHORITY, refuse).await;
    assert_eq!((kept.content.sharing.kind, kept.pending), (Some(SharingType::Conditional), None));
    assert_eq!(house.done::<EntryHistory>(AUDITOR, one("visits")).await.versions.len(), 8, "every act is kept");
}

// clause: E2 both
// clause: E3 both
// clause: E5 both
#[tokio::test(flavor = "multi_thread")]
async fn what_is_opened_was_reviewed_for_secrecy_and_treated() {
    let house = House::of("sys").await;
    let opening = Opening { kind: Some(OpeningType::Unconditional), ..Opening::default() };
    let opened = Entry { opening: opening.clone(), ..entry("visits") };
    house.done::<DraftEntry>(PROVIDER, DraftInput { content: opened.clone() }).await;
    assert_eq!(house.refused::<SubmitEntry>(PROVIDER, one("visits")).await, "record.unsound");
    let content = Entry { contains_personal: false, ..opened };
    house.done::<EditEntry>(PROVIDER, EditInput { entry: name("visits"), content }).await;
    house.done::<SubmitEntry>(PROVIDER, one("visits")).await;
    house.done::<ReviewEntry>(AUTHORITY, review("visits", true)).await;
    assert_eq!(house.refused::<PublishEntry>(AUTHORITY, one("visits")).await, "access.secrecy-reviewed");

    let content = Entry { opening, contains_personal: false, ..entry("beds") };
    house.done::<DraftEntry>(PROVIDER, DraftInput { content }).await;
    house.done::<SubmitEntry>(PROVIDER, one("beds")).await;
    let secrecy = crate::records::SecrecyReview { document: "保密审查 7".into(), on: date(2026, 11, 20), favourable: true };
    house.done::<ReviewEntry>(AUTHORITY, ReviewInput { secrecy: Some(secrecy), ..review("beds", true) }).await;
    house.done::<PublishEntry>(AUTHORITY, one("beds")).await;
    let closed = Opening { kind: Some(OpeningType::NotOpened), ..Opening::default() };
    let asked = AttributesInput { opening: Some(closed), ..attributes("beds") };
    let view = house.done::<ChangeAttributes>(PROVIDER, asked).await;
    assert_eq!(view.content.opening.kind, Some(OpeningType::Unconditional), "a stricter type waits");
    assert_eq!(house.refused::<ApproveStricter>(PROVIDER, decision("beds", true, ReviewBy::Authority, "")).await, "access.t1");
    let view = house.done::<ApproveStricter>(AUTHORITY, decision("beds", true, ReviewBy::Authority, "")).await;
    assert_eq!(view.content.opening.kind, Some(OpeningType::NotOpened));
    let again = Opening { kind: Some(OpeningType::Unconditional), ..Opening::default() };
    let asked = AttributesInput { opening: Some(again), ..attributes("beds") };
    assert_eq!(house.refused::<ChangeAttributes>(PROVIDER, asked.clone()).await, "catalogue.no-conversion");
    let conversion =
        ConversionInput { way: tidegate_catalogue::ConversionWay::Desensitised, reference: "k-匿名".into(), on: date(2026, 11, 1) };
    let view = house.done::<ChangeAttributes>(PROVIDER, AttributesInput { conversion: Some(conversion), ..asked }).await;
    assert_eq!(view.content.opening.kind, Some(OpeningType::Unconditional), "wider holds at once");
}

// clause: B10 both
#[tokio::test(flavor = "multi_thread")]
async fn in_binzhou_an_alteration_needs_the_city_as_well() {
    let house = House::of("bz").await;
    publish(&house, entry("visits")).await;
    let content = Entry { summary: "新的摘要".into(), ..entry("visits") };
    house.done::<AlterEntry>(PROVIDER, AlterInput { entry: name("visits"), content }).await;
    house.done::<ApproveAlteration>(AUTHORITY, decision("visits", true, ReviewBy::Authority, "")).await;
    let city = |document: &str| decision("visits", true, ReviewBy::CityAuthority, document);
    assert_eq!(house.refused::<ApproveAlteration>(AUTHORITY_TWO, city("")).await, "access.city-approval");
    assert_eq!(house.refused::<ApproveAlteration>(AUTHORITY, city("滨数〔2026〕3号")).await, "record.same-person");
    let view = house.done::<ApproveAlteration>(AUTHORITY_TWO, city("滨数〔2026〕3号")).await;
    assert_eq!((view.content.summary.as_str(), view.version), ("新的摘要", 2));
}

// clause: C3 both
#[tokio::test(flavor = "multi_thread")]
async fn a_higher_level_suspends_what_was_granted_and_a_lower_one_waits() {
    let house = House::of("sys").await;
    publish(&house, entry("visits")).await;
    house.mount("visits-2024", "visits").await;
    house.grant("g1", "visits-2024", date(2026, 11, 1)).await;
    assert_eq!(house.granted("g1").await.suspended, None);
    let level = |level: &str| AttributesInput { security_level: Some(name(level)), ..attributes("visits") };
    house.done::<ChangeAttributes>(PROVIDER, level("l1")).await;
    assert_eq!(house.get::<EntryRecord>("visits").await.expect("entry").record.life.entry().security_level, Some(name("l2")));
    house.done::<ApproveStricter>(AUTHORITY, decision("visits", false, ReviewBy::Authority, "")).await;
    house.done::<ChangeAttributes>(PROVIDER, level("l3")).await;
    let resting = house.granted("g1").await.suspended.expect("suspended");
    assert_eq!((resting.by.as_str(), resting.through.as_str()), ("entry.visits", "grant"));
    // What is granted afterwards is granted under the new level.
    house.grant("g2", "visits-2024", date(2026, 11, 23)).await;
    assert_eq!(house.granted("g2").await.suspended, None);
}

// clause: D10 both
#[tokio::test(flavor = "multi_thread")]
async fn an_emergency_relaxes_sharing_only_where_the_text_knows_it() {
    let asked = |approver: &str| EmergencyInput {
        entry: name("visits"),
        incident: "防汛".into(),
        first: date(2026, 11, 23),
        last: date(2026, 12, 7),
        approver: name(approver),
        kind: SharingType::Unconditional,
    };
    let shared = Entry { sharing: conditional(), ..entry("visits") };
    let house = House::of("sys").await;
    publish(&house, shared.clone()).await;
    assert_eq!(house.refused::<AdjustInEmergency>(PROVIDER, asked("a-zhao")).await, "record.unsound");
    let house = House::of("jn").await;
    publish(&house, shared).await;
    assert_eq!(house.refused::<AdjustInEmergency>(PROVIDER, asked("a-li")).await, "entries.own-approval");
    let view = house.done::<AdjustInEmergency>(PROVIDER, asked("a-zhao")).await;
    assert_eq!(view.content.sharing.kind, Some(SharingType::Conditional), "the type itself stays");
    assert!(view.content.emergency.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn withdrawal_stops_use_at_once_and_restoration_lifts_it() {
    let house = House::of("sys").await;
    publish(&house, entry("visits")).await;
    house.mount("visits-2024", "visits").await;
    house.grant("g1", "visits-2024", date(2026, 11, 1)).await;
    assert_eq!(house.refused::<WithdrawEntry>(PROVIDER, why("visits", " ")).await, "access.reason-given");
    let view = house.done::<WithdrawEntry>(PROVIDER, why("visits", "数据有误")).await;
    assert_eq!(view.state, "suspended");
    assert_eq!(house.granted("g1").await.suspended.expect("suspended").through, "dataset");
    assert_eq!(house.done::<RestoreEntry>(PROVIDER, why("visits", "已更正")).await.state, "published");
    assert_eq!(house.granted("g1").await.suspended, None);
    let mut act = house.act().await;
    assert_eq!(act.suspended(&Subject::Dataset("visits-2024".into())).await.expect("read"), None);
}

// clause: F14 permitted
// clause: D3 permitted
// clause: D11 permitted
#[tokio::test(flavor = "multi_thread")]
async fn lists_pages_and_files_show_what_the_caller_may_see() {
    let house = House::of("sys").await;
    for id in ["visits", "beds", "wards"] {
        publish(&house, entry(id)).await;
    }
    // Unstated sharing counts as unconditional among departments, and only there.
    let unstated = Sharing { kind: None, way: "接口服务".into(), ..Sharing::default() };
    publish(&house, Entry { sharing: unstated, origin: Origin::Shared { consent: None }, ..entry("shared") }).await;
    house.done::<DraftEntry>(PROVIDER, DraftInput { content: entry("draft") }).await;
    let page = house.done::<ListEntries>(OPERATOR, EntryFilter::default()).await;
    assert_eq!(page.items.iter().map(|entry| entry.entry.as_str()).collect::<Vec<_>>(), ["beds", "shared"], "two to a page, no drafts");
    let drafts = EntryFilter { state: Some("draft".into()), ..EntryFilter::default() };
    assert_eq!(house.done::<ListEntries>(OPERATOR, drafts.clone()).await.items.len(), 0);
    assert_eq!(house.done::<ListEntries>(PROVIDER, drafts).await.items.len(), 1);
    assert_eq!(house.refused::<ShowEntry>(OPERATOR, one("draft")).await, "access.t2");
    assert_eq!(house.refused::<ShowEntry>(AUTHORITY, one("nothing")).await, "act.unknown");
    let lists = house.done::<CatalogueLists>(AUTHORITY, Nothing {}).await;
    assert_eq!((lists.to_share.len(), lists.not_shared.len(), lists.to_open.len()), (4, 0, 0));
    for (form, start) in [(Form::Json, "["), (Form::Csv, "\u{feff}id"), (Form::Dcat, "{")] {
        let file = house.done::<ExportCatalogue>(EXCHANGE, ExportInput { form, organisation: None }).await;
        assert!(file.entries == 4 && file.content.starts_with(start), "{form:?}");
    }
}

// clause: B1 permitted
#[tokio::test(flavor = "multi_thread")]
async fn an_import_makes_drafts_of_all_or_of_none() {
    let house = House::of("sys").await;
    publish(&house, entry("visits")).await;
    let file = house.done::<ExportCatalogue>(AUTHORITY, ExportInput { form: Form::Csv, organisation: None }).await;
    let both =
        file.content.clone() + &file.content.lines().nth(1).expect("a row").replacen("outpatient", "x", 1).replacen("visits", "beds", 1);
    assert_eq!(house.refused::<ImportCatalogue>(PROVIDER, ImportInput { form: Form::Csv, content: both.clone() }).await, "import.exists");
    assert!(house.get::<EntryRecord>("beds").await.is_none());
    assert_eq!(house.refused::<ImportCatalogue>(OPERATOR, ImportInput { form: Form::Csv, content: both.clone() }).await, "access.t1");
    let head = both.lines().next().expect("a head");
    let alone = format!("{head}\n{}\n", both.lines().nth(2).expect("a row"));
    let imported = house.done::<ImportCatalogue>(PROVIDER, ImportInput { form: Form::Csv, content: alone }).await;
    assert_eq!((imported.drafts, imported.faults.len()), (vec![name("beds")], 0));
    assert_eq!(house.get::<EntryRecord>("beds").await.expect("draft").record.life.state(), State::Draft);
}
