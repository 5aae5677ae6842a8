//! Applications for data: form review, review by the provider, terms in working days.
//!
//! Guarantee: an application names scenario, way, columns, rows, period and basis; each step is taken by whom the rules of
//! the place name, never by who applied; a refusal gives reason and basis.

use super::reads::Reads;
use super::shared::{At, DueView, conclude, example_name, identifier, new_thing, page, the};
use crate::facts;
use crate::offers::Offers;
use crate::records::{ApplicationRecord, DatasetLink, EntryRecord};
use crate::{Desk, Done, Kept, Refused, Row, Thing};
use jiff::civil::{Date, date};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidegate_access::{Action, Facts};
use tidegate_catalogue::effective_sharing;
use tidegate_http::api::Page;
use tidegate_operation::{Answer, Application, Progress};
use tidegate_rules::ReviewBy;
use tidegate_terms::Name;

/// What is applied for.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplicationInput {
    /// Which dataset.
    pub dataset: Name,
    /// The scenario, as it was proposed.
    pub scenario: Name,
    /// 应用场景, in words.
    #[serde(default)]
    #[schemars(length(max = 2000))]
    pub scenario_text: String,
    /// The purpose, which grant and module will repeat.
    pub purpose: Name,
    /// 方式.
    #[serde(default)]
    #[schemars(length(max = 2000))]
    pub way: String,
    /// 范围: columns, as `table.column`.
    #[serde(default)]
    pub columns: Vec<String>,
    /// 范围: which rows, in words.
    #[serde(default)]
    #[schemars(length(max = 2000))]
    pub rows: String,
    /// 范围: until when.
    #[serde(default)]
    pub last_day: Option<Date>,
    /// 依据.
    #[serde(default)]
    #[schemars(length(max = 2000))]
    pub basis: String,
    /// 业务目标.
    #[serde(default)]
    #[schemars(length(max = 2000))]
    pub goal: String,
    /// 安全保障措施.
    #[serde(default)]
    #[schemars(length(max = 2000))]
    pub safeguards: String,
    /// Whether truth, safety and compliance are promised.
    #[serde(default)]
    pub promised: bool,
}

/// Which application.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OneApplication {
    /// Which application.
    #[schemars(length(max = 64))]
    pub application: String,
}

/// What a reviewer says.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerInput {
    /// Which application.
    #[schemars(length(max = 64))]
    pub application: String,
    /// Whether the reviewer agrees.
    pub agree: bool,
    /// Whose step it is; an opinion of a sector regulator is recorded by the authority, with its document.
    pub step: ReviewBy,
    /// Why not.
    #[serde(default)]
    #[schemars(length(max = 2000))]
    pub reason: String,
    /// On which basis not.
    #[serde(default)]
    #[schemars(length(max = 2000))]
    pub basis: String,
    /// The document of an opinion that is recorded for somebody else.
    #[serde(default)]
    #[schemars(length(max = 2000))]
    pub document: String,
}

/// Which applications.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplicationFilter {
    /// In which state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub state: Option<String>,
    /// For which dataset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset: Option<Name>,
}

/// An application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplicationView {
    /// Which application.
    pub application: String,
    /// Where it stands.
    pub state: String,
    /// Who applies.
    pub applicant: Name,
    /// Whose data.
    pub provider: Name,
    /// Which dataset.
    pub dataset: Name,
    /// The scenario.
    pub scenario: Name,
    /// The purpose.
    pub purpose: Name,
    /// Which columns.
    pub columns: Vec<String>,
    /// Which rows.
    pub rows: String,
    /// Until when.
    pub last_day: Option<Date>,
    /// On which basis.
    pub basis: String,
    /// Who takes the next step.
    pub next_step: Option<ReviewBy>,
    /// Until when the next step is due.
    pub due: Option<DueView>,
    /// Why it was refused, and on which basis.
    pub refusal: Option<RefusalView>,
}

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RefusalView {
    /// Why.
    pub reason: String,
    /// On which basis.
    pub basis: String,
}

fn view(desk: &Desk, id: &str, record: &ApplicationRecord) -> ApplicationView {
    let (applied, of) = (&record.applied, &record.applied.application);
    let next = applied.next();
    let due = next.and_then(|step| match applied.due(desk.rules().calendar()) {
        Ok(last) => last.map(|last| DueView::on(last, desk.today(), &step.clause)),
        Err(error) => Some(DueView { last_day: None, missed: false, rule: super::shared::both(&error) }),
    });
    let refusal = match &applied.progress {
        Progress::Refused { reason, basis } => Some(RefusalView { reason: reason.clone(), basis: basis.clone() }),
        Progress::Waiting | Progress::Granted => None,
    };
    ApplicationView {
        application: id.to_owned(),
        state: record.state().to_owned(),
        applicant: of.applicant.clone(),
        provider: of.provider.clone(),
        dataset: of.dataset.clone(),
        scenario: record.scenario.clone(),
        purpose: record.purpose.clone(),
        columns: of.columns.clone(),
        rows: of.rows.clone(),
        last_day: of.last_day,
        basis: of.basis.clone(),
        next_step: next.map(|step| step.by),
        due,
        refusal,
    }
}

fn input_example() -> ApplicationInput {
    ApplicationInput {
        dataset: example_name("visits"),
        scenario: example_name("actuarial"),
        scenario_text: "保险精算 (actuarial tables)".to_owned(),
        purpose: example_name("insurance-pricing"),
        way: "沙箱内统计".to_owned(),
        columns: vec!["visits.person".to_owned(), "visits.cost".to_owned()],
        rows: "2024 年门诊".to_owned(),
        last_day: Some(date(2027, 6, 30)),
        basis: "授权运营协议 2026-1".to_owned(),
        goal: "发布精算表".to_owned(),
        safeguards: "差分隐私，最小列".to_owned(),
        promised: true,
    }
}

fn view_example() -> ApplicationView {
    let of = input_example();
    ApplicationView {
        application: "ap-1f0c9b2a".to_owned(),
        state: "provider_review".to_owned(),
        applicant: example_name("insurer"),
        provider: example_name("health-commission"),
        dataset: of.dataset,
        scenario: of.scenario,
        purpose: of.purpose,
        columns: of.columns,
        rows: of.rows,
        last_day: of.last_day,
        basis: of.basis,
        next_step: Some(ReviewBy::Provider),
        due: Some(DueView::example()),
        refusal: None,
    }
}

fn one() -> OneApplication {
    OneApplication { application: "ap-1f0c9b2a".to_owned() }
}

fn answer_example(step: ReviewBy) -> AnswerInput {
    let empty = String::new;
    AnswerInput { application: one().application, agree: true, step, reason: empty(), basis: empty(), document: empty() }
}

operation! {
    SubmitApplication = "applications.submit" in "applications";
    Post "/v1/applications" [keyed, created];
    summary "Apply for the use of data", "提交数据使用申请";
    says "By an operator with an agreement in force. Names scenario, way, columns, rows, period and basis, business goal and safeguards, and promises truth, safety and compliance.", "由协议有效的运营机构提交，写明应用场景、方式、范围、期限、依据、业务目标和安全保障措施，并作出承诺。";
    takes ApplicationInput, example input_example();
    gives ApplicationView, example view_example();
    by submit;
}

operation! {
    ReviewForm = "applications.review_form" in "applications";
    Post "/v1/applications/{application}/form-review" [keyed];
    summary "Review the form of an application", "形式审核";
    says "By the authority, which also records the opinion of a sector regulator with its document. A refusal gives reason and basis.", "由主管部门办理，行业主管部门意见由其附文件登记。不同意须说明理由和依据。";
    takes AnswerInput, example answer_example(ReviewBy::Authority);
    gives ApplicationView, example view_example();
    by review_form;
}

operation! {
    ReviewApplication = "applications.review" in "applications";
    Post "/v1/applications/{application}/provider-review" [keyed];
    summary "Review an application as the provider", "数据提供部门审核";
    says "By the provider whose data are asked for, within the term that the application shows.", "由数据提供部门在申请所示期限内办理。";
    takes AnswerInput, example answer_example(ReviewBy::Provider);
    gives ApplicationView, example view_example();
    by review;
}

operation! {
    ShowApplication = "applications.show" in "applications";
    Get "/v1/applications/{application}" [];
    summary "Show an application", "查看使用申请";
    says "For who applied, the provider and those who supervise.", "申请方、数据提供部门和监督方可见。";
    takes OneApplication, example one();
    gives ApplicationView, example view_example();
    by show;
}

operation! {
    ListApplications = "applications.list" in "applications";
    Get "/v1/applications" [paged];
    summary "List applications", "列出使用申请";
    says "Those that the caller may read.", "仅列出调用方可查看的。";
    takes ApplicationFilter, example ApplicationFilter { state: Some("provider_review".to_owned()), dataset: None };
    gives Page<ApplicationView>, example Page { items: vec![view_example()], next: None };
    by list;
}

async fn submit(desk: &mut Desk, input: ApplicationInput) -> Result<Done<ApplicationView>, Refused> {
    let at = At::of(desk)?;
    let mut act = desk.begin().await?;
    let link = the::<DatasetLink>(&mut act, input.dataset.as_str()).await?.record;
    let entry = the::<EntryRecord>(&mut act, link.entry.as_str()).await?.record;
    let facts = facts::of_operator(desk, &mut act, &at.organisation).await?;
    let id = identifier('a')?;
    let thing = new_thing::<ApplicationRecord>(&id, "draft", &at.organisation, link.organisation.as_str());
    let decided = desk.decide(Action::SubmitApplication, &thing, facts)?;
    let application = Application {
        applicant: at.organisation.clone(),
        applicant_kind: facts::kind_of_organisation(&mut act, &at.organisation).await?,
        filed_by: at.person,
        provider: link.organisation,
        dataset: input.dataset,
        scenario: input.scenario_text,
        way: input.way,
        columns: input.columns,
        rows: input.rows,
        last_day: input.last_day,
        basis: input.basis,
        goal: input.goal,
        safeguards: input.safeguards,
        promised: input.promised,
    };
    let pack = desk.rules().pack();
    let applied = application.submit(effective_sharing(entry.life.entry(), pack, at.today), pack, at.today)?;
    let record = ApplicationRecord { applied, purpose: input.purpose, scenario: input.scenario, opinions: Vec::new() };
    let version = conclude(act, decided, &id, &record, &[], "").await?;
    Ok(Done { output: view(desk, &id, &record), version: Some(version), next: None })
}

async fn review_form(desk: &mut Desk, input: AnswerInput) -> Result<Done<ApplicationView>, Refused> {
    answer(desk, input, Action::ReviewForm).await
}

async fn review(desk: &mut Desk, input: AnswerInput) -> Result<Done<ApplicationView>, Refused> {
    answer(desk, input, Action::ReviewApplication).await
}

async fn answer(desk: &mut Desk, input: AnswerInput, action: Action) -> Result<Done<ApplicationView>, Refused> {
    let at = At::of(desk)?;
    let mut act = desk.begin().await?;
    let row = the::<ApplicationRecord>(&mut act, &input.application).await?;
    desk.expect_version(row.version)?;
    let facts = Facts {
        reviewer_differs: row.record.applied.application.filed_by != at.person,
        reason_given: !input.reason.trim().is_empty(),
        ..act.facts(desk).await?
    };
    let decided = desk.decide(action, &Thing::of(&row), facts)?;
    let mut record = row.record;
    let for_others = matches!(input.step, ReviewBy::SectorRegulator | ReviewBy::CityAuthority | ReviewBy::Government);
    if for_others && input.document.trim().is_empty() {
        return Err(super::shared::ActRefusal::Document.into());
    }
    let said = if input.agree { Answer::Agree } else { Answer::Refuse { reason: input.reason.clone(), basis: input.basis } };
    record.applied = record.applied.answer(input.step, &at.person, said, at.today)?;
    if for_others {
        record.opinions.push(input.document);
    }
    let version = conclude(act, decided, &row.id, &record, &[], &input.reason).await?;
    Ok(Done { output: view(desk, &row.id, &record), version: Some(version), next: None })
}

async fn show(desk: &mut Desk, input: OneApplication) -> Result<Done<ApplicationView>, Refused> {
    let mut books = desk.read();
    let row = the::<ApplicationRecord>(&mut books, &input.application).await?;
    let facts = desk.facts().await?;
    let _ = desk.decide(Action::ReadApplication, &Thing::of(&row), facts)?;
    Ok(Done { output: view(desk, &row.id, &row.record), version: Some(row.version), next: None })
}

async fn list(desk: &mut Desk, input: ApplicationFilter) -> Result<Done<Page<ApplicationView>>, Refused> {
    let mut books = desk.read();
    let facts = desk.facts().await?;
    let fits = |row: &Row<ApplicationRecord>| {
        input.state.as_deref().is_none_or(|state| row.record.state() == state)
            && input.dataset.as_ref().is_none_or(|dataset| row.record.applied.application.dataset == *dataset)
            && desk.decide(Action::ReadApplication, &Thing::of(row), facts).is_ok()
    };
    let rows: Vec<_> = books.every::<ApplicationRecord>().await?.into_iter().filter(fits).collect();
    let (rows, next) = page(rows, desk, |row| row.id.as_str());
    let items = rows.iter().map(|row| view(desk, &row.id, &row.record)).collect();
    Ok(Done { output: Page { items, next: None }, version: None, next })
}

/// What is offered here.
pub(crate) fn offers(offers: Offers) -> Offers {
    offers.with::<SubmitApplication>().with::<ReviewForm>().with::<ReviewApplication>().with::<ShowApplication>().with::<ListApplications>()
}
