//! Implementation plans: twelve items, approved by the government, changed by the same way.
//!
//! Guarantee: an approved plan is not edited; a change begins a new version, and until that is approved no new grant is
//! given under the plan.

use super::reads::Reads;
use super::shared::{At, conclude, example_name, identifier, new_thing, page, said, the};
use crate::offers::Offers;
use crate::records::{PlanRecord, PlanStage};
use crate::{Desk, Done, Kept, Refused, Row, Thing};
use jiff::civil::date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tidegate_access::Action;
use tidegate_http::api::Page;
use tidegate_operation::{Approval, Filing, FilingLevel, Plan, PlanItem, missing_filings};
use tidegate_terms::{Bilingual, Name, messages};

messages! {
    /// Why a step of a plan is refused.
    pub enum PlanRefusal {
        NoReason = "plans.no-reason" {
            en: "a plan is not sent back without a reason (rule F11, Shuangyashan Art. 73): write it",
            zh: "退回实施方案须说明理由（规则 F11，双鸭山第七十三条）：请填写",
        },
        NoReceipt = "plans.no-receipt" {
            en: "a filing has a receipt (rule G6, Shuangyashan Art. 47): give its number",
            zh: "备案须有回执（规则 G6，双鸭山第四十七条）：请填写编号",
        },
    }
}

/// One item of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanText {
    /// Which item.
    pub item: PlanItem,
    /// What it says.
    #[schemars(length(max = 2000))]
    pub text: String,
}

/// A new plan.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanInput {
    /// What it says.
    pub items: Vec<PlanText>,
    /// Whether it is a county's, which is filed with city and province.
    #[serde(default)]
    pub county: bool,
}

/// New items of a plan.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanItemsInput {
    /// Which plan.
    #[schemars(length(max = 64))]
    pub plan: String,
    /// What it shall say.
    pub items: Vec<PlanText>,
}

/// Which plan.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OnePlan {
    /// Which plan.
    #[schemars(length(max = 64))]
    pub plan: String,
}

/// What the government decided.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanApprovalInput {
    /// Which plan.
    #[schemars(length(max = 64))]
    pub plan: String,
    /// The approval; absent where the plan goes back.
    #[serde(default)]
    pub approval: Option<Approval>,
    /// Why it goes back.
    #[serde(default)]
    #[schemars(length(max = 2000))]
    pub reason: String,
}

/// A filing.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanFilingInput {
    /// Which plan.
    #[schemars(length(max = 64))]
    pub plan: String,
    /// The filing.
    pub filing: Filing,
}

/// Which plans.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanFilter {
    /// In which state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub state: Option<String>,
}

/// A plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanView {
    /// Which plan.
    pub plan: String,
    /// Whose it is.
    pub organisation: Name,
    /// Where it stands.
    pub state: String,
    /// Its version.
    pub version: u32,
    /// What it says.
    pub items: Vec<PlanText>,
    /// Items that say nothing yet.
    pub missing: Vec<PlanItem>,
    /// Its approval.
    pub approval: Option<Approval>,
    /// Filings.
    pub filings: Vec<Filing>,
    /// Filings that a county's plan still lacks: a warning.
    pub filings_missing: Vec<MissingFiling>,
}

/// A filing that is missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MissingFiling {
    /// With whom.
    pub level: FilingLevel,
    /// Under which rule.
    pub rule: Bilingual,
}

/// What is still to be filed.
pub(crate) fn missing(county: bool, filings: &[Filing]) -> Vec<MissingFiling> {
    missing_filings(county, filings).iter().map(|(level, clause)| MissingFiling { level: *level, rule: said(clause) }).collect()
}

fn view(id: &str, record: &PlanRecord) -> PlanView {
    let given = |item: &PlanItem| record.plan.items.get(item).is_some_and(|text| !text.trim().is_empty());
    PlanView {
        plan: id.to_owned(),
        organisation: record.organisation.clone(),
        state: record.state().to_owned(),
        version: record.plan.version,
        items: record.plan.items.iter().map(|(item, text)| PlanText { item: *item, text: text.clone() }).collect(),
        missing: PlanItem::ALL.iter().filter(|item| !given(item)).copied().collect(),
        approval: record.plan.approval.clone(),
        filings: record.filings.clone(),
        filings_missing: missing(record.county, &record.filings),
    }
}

fn items(texts: Vec<PlanText>) -> BTreeMap<PlanItem, String> {
    texts.into_iter().map(|one| (one.item, one.text)).collect()
}

fn items_example() -> Vec<PlanText> {
    PlanItem::ALL.iter().map(|item| PlanText { item: *item, text: format!("{item:#}：见方案正文 (see the plan)") }).collect()
}

fn one() -> OnePlan {
    OnePlan { plan: "pl-1f0c9b2a".to_owned() }
}

fn view_example() -> PlanView {
    PlanView {
        plan: one().plan,
        organisation: example_name("data-bureau"),
        state: "approved".to_owned(),
        version: 1,
        items: items_example(),
        missing: Vec::new(),
        approval: Some(Approval { document: "双政函〔2026〕12号".to_owned(), on: date(2026, 10, 9) }),
        filings: Vec::new(),
        filings_missing: Vec::new(),
    }
}

operation! {
    DraftPlan = "plans.draft" in "plans";
    Post "/v1/plans" [keyed, created];
    summary "Draft an implementation plan", "编制实施方案";
    says "By the authority that implements. Twelve items; gaps are named until all are filled in.", "由实施机构编制，共十二项；未填写的项目会列出。";
    takes PlanInput, example PlanInput { items: items_example(), county: false };
    gives PlanView, example view_example();
    by draft;
}

operation! {
    EditPlan = "plans.edit" in "plans";
    Put "/v1/plans/{plan}" [keyed, versioned];
    summary "Replace the items of a draft or of a change", "修改草稿或变更中的方案";
    says "An approved plan is not edited: begin a change.", "已审定的方案不得直接修改：请启动变更。";
    takes PlanItemsInput, example PlanItemsInput { plan: one().plan, items: items_example() };
    gives PlanView, example view_example();
    by edit;
}

operation! {
    SubmitPlan = "plans.submit" in "plans";
    Post "/v1/plans/{plan}/submit" [keyed];
    summary "Submit a plan to the government", "报请政府审议";
    says "All twelve items must be filled in.", "十二项须全部填写。";
    takes OnePlan, example one();
    gives PlanView, example view_example();
    by submit;
}

operation! {
    RecordPlanApproval = "plans.approve" in "plans";
    Post "/v1/plans/{plan}/approval" [keyed];
    summary "Record what the government decided", "登记政府审定结果";
    says "With document and day; without an approval the plan goes back, with a reason.", "写明文件和日期；未通过的退回并说明理由。";
    takes PlanApprovalInput, example PlanApprovalInput { plan: one().plan, approval: view_example().approval, reason: String::new() };
    gives PlanView, example view_example();
    by approve;
}

operation! {
    ChangePlan = "plans.change" in "plans";
    Post "/v1/plans/{plan}/changes" [keyed];
    summary "Begin a change of an approved plan", "启动实施方案变更";
    says "Makes a new version that is approved by the same way. No new grant is given until then.", "形成新版本并按原流程报审；审定前不得新授权。";
    takes PlanItemsInput, example PlanItemsInput { plan: one().plan, items: items_example() };
    gives PlanView, example view_example();
    by change;
}

operation! {
    FilePlan = "plans.file" in "plans";
    Post "/v1/plans/{plan}/filings" [keyed];
    summary "Record that a plan was filed", "登记实施方案备案";
    says "A county's plan is filed with city and province; what is missing is shown as a warning. Recorded while the plan is a draft or changing.", "县（区）方案报市、省备案；缺失的以警示列出。在草稿或变更状态登记。";
    takes PlanFilingInput, example PlanFilingInput { plan: one().plan, filing: Filing { level: FilingLevel::City, receipt: "备-2026-7".to_owned(), on: date(2026, 10, 12) } };
    gives PlanView, example view_example();
    by file;
}

operation! {
    ShowPlan = "plans.show" in "plans";
    Get "/v1/plans/{plan}" [];
    summary "Show a plan", "查看实施方案";
    says "Operators and providers see what is approved.", "运营机构和数据提供部门仅可查看已审定的方案。";
    takes OnePlan, example one();
    gives PlanView, example view_example();
    by show;
}

operation! {
    ListPlans = "plans.list" in "plans";
    Get "/v1/plans" [paged];
    summary "List plans", "列出实施方案";
    says "Those that the caller may read.", "仅列出调用方可查看的。";
    takes PlanFilter, example PlanFilter { state: Some("approved".to_owned()) };
    gives Page<PlanView>, example Page { items: vec![view_example()], next: None };
    by list;
}

async fn draft(desk: &mut Desk, input: PlanInput) -> Result<Done<PlanView>, Refused> {
    let at = At::of(desk)?;
    let mut act = desk.begin().await?;
    let id = identifier('p')?;
    let thing = new_thing::<PlanRecord>(&id, "draft", &at.organisation, "");
    let facts = act.facts(desk).await?;
    let decided = desk.decide(Action::DraftPlan, &thing, facts)?;
    let plan = Plan { version: 1, items: items(input.items), approval: None };
    let record =
        PlanRecord { organisation: at.organisation.clone(), plan, stage: PlanStage::Draft, county: input.county, filings: Vec::new() };
    let version = conclude(act, decided, &id, &record, &[], "").await?;
    Ok(Done { output: view(&id, &record), version: Some(version), next: None })
}

/// One step of a plan.
async fn step(
    desk: &mut Desk,
    id: &str,
    action: Action,
    why: &str,
    change: impl FnOnce(PlanRecord) -> Result<(PlanRecord, Vec<tidegate_operation::Effect>), Refused> + Send,
) -> Result<Done<PlanView>, Refused> {
    let mut act = desk.begin().await?;
    let row = the::<PlanRecord>(&mut act, id).await?;
    desk.expect_version(row.version)?;
    let facts = act.facts(desk).await?;
    let decided = desk.decide(action, &Thing::of(&row), facts)?;
    let (record, effects) = change(row.record)?;
    let version = conclude(act, decided, id, &record, &effects, why).await?;
    Ok(Done { output: view(id, &record), version: Some(version), next: None })
}

async fn edit(desk: &mut Desk, input: PlanItemsInput) -> Result<Done<PlanView>, Refused> {
    step(desk, &input.plan, Action::DraftPlan, "", |mut record| {
        record.plan.items = items(input.items);
        Ok((record, Vec::new()))
    })
    .await
}

async fn submit(desk: &mut Desk, input: OnePlan) -> Result<Done<PlanView>, Refused> {
    step(desk, &input.plan, Action::DraftPlan, "", |mut record| {
        if let Some(missing) = record.plan.missing().into_iter().next() {
            return Err(missing.into());
        }
        record.stage = PlanStage::Submitted;
        Ok((record, Vec::new()))
    })
    .await
}

async fn approve(desk: &mut Desk, input: PlanApprovalInput) -> Result<Done<PlanView>, Refused> {
    let (approval, reason) = (input.approval, input.reason);
    step(desk, &input.plan, Action::RecordPlanApproval, &reason, |mut record| {
        match approval {
            Some(approval) => {
                record.plan = record.plan.approve(approval)?;
                record.stage = PlanStage::Approved;
            }
            None if reason.trim().is_empty() => return Err(PlanRefusal::NoReason.into()),
            None => record.stage = if record.plan.version > 1 { PlanStage::Changing } else { PlanStage::Draft },
        }
        Ok((record, Vec::new()))
    })
    .await
}

async fn change(desk: &mut Desk, input: PlanItemsInput) -> Result<Done<PlanView>, Refused> {
    step(desk, &input.plan, Action::ChangePlan, "", |mut record| {
        let (plan, effects) = record.plan.change(items(input.items))?;
        record.plan = plan;
        record.stage = PlanStage::Changing;
        Ok((record, effects))
    })
    .await
}

async fn file(desk: &mut Desk, input: PlanFilingInput) -> Result<Done<PlanView>, Refused> {
    step(desk, &input.plan, Action::DraftPlan, "", |mut record| {
        if input.filing.receipt.trim().is_empty() {
            return Err(PlanRefusal::NoReceipt.into());
        }
        record.filings.push(input.filing);
        Ok((record, Vec::new()))
    })
    .await
}

async fn show(desk: &mut Desk, input: OnePlan) -> Result<Done<PlanView>, Refused> {
    let mut books = desk.read();
    let row = the::<PlanRecord>(&mut books, &input.plan).await?;
    let facts = desk.facts().await?;
    let _ = desk.decide(Action::ReadPlan, &Thing::of(&row), facts)?;
    Ok(Done { output: view(&row.id, &row.record), version: Some(row.version), next: None })
}

async fn list(desk: &mut Desk, input: PlanFilter) -> Result<Done<Page<PlanView>>, Refused> {
    let mut books = desk.read();
    let facts = desk.facts().await?;
    let fits = |row: &Row<PlanRecord>| {
        input.state.as_deref().is_none_or(|state| row.record.state() == state)
            && desk.decide(Action::ReadPlan, &Thing::of(row), facts).is_ok()
    };
    let rows: Vec<_> = books.every::<PlanRecord>().await?.into_iter().filter(fits).collect();
    let (rows, next) = page(rows, desk, |row| row.id.as_str());
    let items = rows.iter().map(|row| view(&row.id, &row.record)).collect();
    Ok(Done { output: Page { items, next: None }, version: None, next })
}

/// What is offered here.
pub(crate) fn offers(offers: Offers) -> Offers {
    offers
        .with::<DraftPlan>()
        .with::<EditPlan>()
        .with::<SubmitPlan>()
        .with::<RecordPlanApproval>()
        .with::<ChangePlan>()
        .with::<FilePlan>()
        .with::<ShowPlan>()
        .with::<ListPlans>()
}
