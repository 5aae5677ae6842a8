//! Plans, agreements, scenarios, applications: who makes them, in which order, and what a gap does.

use super::catalogue::publish;
use super::house::*;
use crate::Kept;
use crate::operations::agreement_views::*;
use crate::operations::agreements::*;
use crate::operations::applications::*;
use crate::operations::entry_views::entry_example;
use crate::operations::plans::*;
use crate::operations::scenarios::*;
use crate::records::{AgreementRecord, PlanRecord, ScenarioRecord};
use jiff::civil::date;
use tidegate_http::api::Page;
use tidegate_operation::{AgreementItem, Approval, Developer, Mode, PlanItem, Rights, Scope};
use tidegate_rules::ReviewBy;

fn plan_items() -> Vec<PlanText> {
    PlanItem::ALL.iter().map(|item| PlanText { item: *item, text: "见正文".into() }).collect()
}

fn approval(plan: &str, document: &str) -> PlanApprovalInput {
    let approval = Some(Approval { document: document.into(), on: date(2026, 10, 9) });
    PlanApprovalInput { plan: plan.into(), approval, reason: String::new() }
}

/// An approved plan.
pub(super) async fn plan(house: &House) -> String {
    let plan = house.done::<DraftPlan>(AUTHORITY, PlanInput { items: plan_items(), county: false }).await.plan;
    house.done::<SubmitPlan>(AUTHORITY, OnePlan { plan: plan.clone() }).await;
    house.done::<RecordPlanApproval>(AUTHORITY, approval(&plan, "双政函〔2026〕12号")).await;
    plan
}

pub(super) fn scope(mode: Mode) -> Scope {
    Scope {
        mode,
        datasets: [name("visits-2024")].into(),
        domains: ["卫生和社会工作".to_owned()].into(),
        scenarios: [name("actuarial")].into(),
    }
}

fn text(plan: &str) -> AgreementInput {
    AgreementInput {
        plan: plan.into(),
        number: "2026-1".into(),
        operator: name("insurer"),
        scope: scope(Mode::ByScenario),
        first: date(2026, 11, 1),
        last: date(2029, 10, 31),
        items: AgreementItem::ALL.iter().map(|item| AgreementText { item: *item, text: "见协议".into() }).collect(),
        rights: Rights { holding: name("health"), processing: [name("insurer")].into(), product: [name("insurer")].into() },
        affiliates: [name("sister")].into(),
        qualifications_demanded: vec!["技术服务能力".into()],
        county: true,
    }
}

fn one(agreement: &str) -> OneAgreement {
    OneAgreement { agreement: agreement.into() }
}

fn reason(agreement: &str, reason: &str) -> AgreementReason {
    AgreementReason { agreement: agreement.into(), reason: reason.into() }
}

fn notice(agreement: &str, until: jiff::civil::Date) -> NoticeInput {
    NoticeInput { agreement: agreement.into(), competition: "竞争性磋商 5".into(), notice_until: until }
}

fn collective(agreement: &str, open: u32) -> CollectiveInput {
    CollectiveInput { agreement: agreement.into(), document: "纪要 31".into(), on: date(2026, 11, 18), objections_open: open }
}

fn evidence(agreement: &str, until: jiff::civil::Date) -> QualificationInput {
    QualificationInput { agreement: agreement.into(), what: "技术服务能力".into(), document: "证书 8".into(), valid_until: until }
}

/// An agreement that both sides have signed.
pub(super) async fn agreement(house: &House, scope: Scope) -> String {
    let plan = plan(house).await;
    let id = house.done::<PrepareAgreement>(AUTHORITY, AgreementInput { scope, ..text(&plan) }).await.agreement;
    house.done::<RecordQualification>(AUTHORITY, evidence(&id, date(2027, 12, 31))).await;
    house.done::<GiveNotice>(AUTHORITY, notice(&id, date(2026, 11, 15))).await;
    house.done::<DecideAgreement>(AUTHORITY, collective(&id, 0)).await;
    house.done::<SignAgreement>(AUTHORITY, one(&id)).await;
    house.done::<SignAgreement>(OPERATOR, one(&id)).await;
    id
}

/// A scenario that was assessed.
pub(super) async fn scenario(house: &House, favourable: bool) {
    let proposed = ScenarioInput { scenario: name("actuarial"), description: "保险精算".into() };
    house.done::<ProposeScenario>(OPERATOR, proposed).await;
    let verdict = VerdictInput { favourable, valid_until: Some(date(2027, 6, 30)) };
    let input = AssessmentInput { scenario: name("actuarial"), assessment: verdict, risk: None };
    house.done::<AssessScenario>(AUTHORITY, input).await;
}

// clause: G5 both
// clause: G6 permitted
#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_complete_approved_and_changed_by_the_same_way() {
    let house = House::of("sys").await;
    assert_eq!(house.refused::<DraftPlan>(OPERATOR, PlanInput { items: plan_items(), county: true }).await, "access.t1");
    let short = plan_items().into_iter().skip(1).collect();
    let drafted = house.done::<DraftPlan>(AUTHORITY, PlanInput { items: short, county: true }).await;
    assert_eq!((drafted.missing.len(), drafted.filings_missing.len()), (1, 2));
    let one = || OnePlan { plan: drafted.plan.clone() };
    assert_eq!(house.refused::<SubmitPlan>(AUTHORITY, one()).await, "plan.incomplete");
    house.done::<EditPlan>(AUTHORITY, PlanItemsInput { plan: drafted.plan.clone(), items: plan_items() }).await;
    house.done::<SubmitPlan>(AUTHORITY, one()).await;
    assert_eq!(house.refused::<ShowPlan>(OPERATOR, one()).await, "access.t2");
    assert_eq!(house.refused::<RecordPlanApproval>(AUTHORITY, approval(&drafted.plan, " ")).await, "plan.no-document");
    assert_eq!(house.done::<RecordPlanApproval>(AUTHORITY, approval(&drafted.plan, "文 1")).await.state, "approved");
    let change = || PlanItemsInput { plan: drafted.plan.clone(), items: plan_items() };
    assert_eq!(house.refused::<EditPlan>(AUTHORITY, change()).await, "access.t2");
    let changed = house.done::<ChangePlan>(AUTHORITY, change()).await;
    assert_eq!((changed.state.as_str(), changed.version, changed.approval), ("changing", 2, None));
    let back = PlanApprovalInput { approval: None, reason: "补充定价".into(), ..approval(&drafted.plan, "") };
    house.done::<SubmitPlan>(AUTHORITY, one()).await;
    assert_eq!(house.done::<RecordPlanApproval>(AUTHORITY, back).await.state, "changing");
    assert_eq!(house.get::<PlanRecord>(&drafted.plan).await.expect("plan").version, 7);
}

// clause: G7 both
// clause: G8 both
#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_is_signed_after_selection_notice_decision_and_evidence() {
    let house = House::of("sys").await;
    let plan = plan(&house).await;
    assert_eq!(house.refused::<PrepareAgreement>(OPERATOR, text(&plan)).await, "access.t1");
    assert_eq!(
        house.refused::<PrepareAgreement>(AUTHORITY, AgreementInput { operator: name("nobody"), ..text(&plan) }).await,
        "act.unknown"
    );
    let id = house.done::<PrepareAgreement>(AUTHORITY, text(&plan)).await.agreement;
    assert_eq!(house.refused::<SignAgreement>(OPERATOR, one(&id)).await, "access.t2");
    house.done::<GiveNotice>(AUTHORITY, notice(&id, date(2026, 11, 15))).await;
    assert_eq!(house.refused::<DecideAgreement>(AUTHORITY, collective(&id, 1)).await, "selection.objected");
    house.done::<DecideAgreement>(AUTHORITY, collective(&id, 0)).await;
    assert_eq!(house.refused::<SignAgreement>(OPERATOR, one(&id)).await, "access.qualified");
    assert_eq!(house.refused::<SignAgreement>(OTHER_OPERATOR, one(&id)).await, "access.t3");
    assert_eq!(house.get::<AgreementRecord>(&id).await.expect("agreement").record.state(), "decided");
    let other = house.done::<PrepareAgreement>(AUTHORITY, text(&plan)).await.agreement;
    house.done::<GiveNotice>(AUTHORITY, notice(&other, date(2026, 11, 23))).await;
    assert_eq!(house.refused::<DecideAgreement>(AUTHORITY, collective(&other, 0)).await, "selection.notice", "the last day is not over");
    let signed = agreement(&house, scope(Mode::ByScenario)).await;
    let shown = house.done::<ShowAgreement>(OPERATOR, one(&signed)).await;
    assert!(shown.active && shown.qualified && shown.open.is_empty() && shown.filings_missing.len() == 2);
    assert_eq!(house.refused::<SignAgreement>(OPERATOR, one(&signed)).await, "access.t2");
    let page: Page<AgreementView> = house.done::<ListAgreements>(OTHER_OPERATOR, AgreementFilter::default()).await;
    assert_eq!(page.items.len(), 0);
}

// clause: G3 both
// clause: G5 refused
#[tokio::test(flavor = "multi_thread")]
async fn rights_terms_and_plans_bound_an_agreement() {
    let house = House::of("sys").await;
    let plan = plan(&house).await;
    let holding = Rights { holding: name("insurer"), ..text(&plan).rights };
    assert_eq!(house.refused::<PrepareAgreement>(AUTHORITY, AgreementInput { rights: holding, ..text(&plan) }).await, "rights.holding");
    let long = AgreementInput { last: date(2031, 11, 1), ..text(&plan) };
    let id = house.done::<PrepareAgreement>(AUTHORITY, long).await.agreement;
    house.done::<RecordQualification>(AUTHORITY, evidence(&id, date(2027, 12, 31))).await;
    house.done::<GiveNotice>(AUTHORITY, notice(&id, date(2026, 11, 15))).await;
    house.done::<DecideAgreement>(AUTHORITY, collective(&id, 0)).await;
    assert_eq!(house.refused::<SignAgreement>(AUTHORITY, one(&id)).await, "agreement.too-long");
    house.done::<ChangePlan>(AUTHORITY, PlanItemsInput { plan, items: plan_items() }).await;
    assert_eq!(house.refused::<SignAgreement>(AUTHORITY, one(&id)).await, "access.plan-approved");
}

// clause: K9 refused
#[tokio::test(flavor = "multi_thread")]
async fn an_unsigned_request_signs_nothing() {
    let house = House::of("sys").await;
    let plan = plan(&house).await;
    let id = house.done::<PrepareAgreement>(AUTHORITY, text(&plan)).await.agreement;
    house.done::<RecordQualification>(AUTHORITY, evidence(&id, date(2027, 12, 31))).await;
    house.done::<GiveNotice>(AUTHORITY, notice(&id, date(2026, 11, 15))).await;
    house.done::<DecideAgreement>(AUTHORITY, collective(&id, 0)).await;
    let mut desk = house.desk(OPERATOR);
    desk.asked.signed = false;
    let refused = house.at::<SignAgreement>(&mut desk, one(&id)).await.expect_err("refused");
    assert_eq!(refused.problem().code, "access.signed");
}

// clause: G18 both
#[tokio::test(flavor = "multi_thread")]
async fn a_developer_works_inside_the_agreement_of_its_operator() {
    let house = House::of("sys").await;
    let id = agreement(&house, scope(Mode::ByScenario)).await;
    let developer = |scope: Scope, last| {
        let developer = Developer { developer: name("studio"), number: "2026-1-1".into(), scope, last };
        DeveloperInput { agreement: id.clone(), developer }
    };
    let wider = Scope { datasets: [name("visits-2024"), name("beds")].into(), ..scope(Mode::ByScenario) };
    assert_eq!(house.refused::<AddDeveloper>(OPERATOR, developer(wider, date(2027, 1, 1))).await, "scope.wider");
    let inside = || scope(Mode::ByScenario);
    assert_eq!(house.refused::<AddDeveloper>(OPERATOR, developer(inside(), date(2030, 1, 1))).await, "agreement.developer-term");
    assert_eq!(house.refused::<AddDeveloper>(OTHER_OPERATOR, developer(inside(), date(2027, 1, 1))).await, "access.t3");
    house.done::<AddDeveloper>(OPERATOR, developer(inside(), date(2027, 1, 1))).await;
    assert_eq!(house.refused::<AddDeveloper>(OPERATOR, developer(inside(), date(2027, 1, 1))).await, "agreements.developer-exists");
    assert_eq!(house.done::<ShowAgreement>(DEVELOPER, one(&id)).await.developers.len(), 1);
}

// clause: J8 permitted
// clause: J9 both
#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_an_agreement_disables_accounts_in_the_same_transaction() {
    use crate::operations::accounts::AccountRecord;
    let house = House::of("sys").await;
    let id = agreement(&house, scope(Mode::ByScenario)).await;
    assert_eq!(house.refused::<EndAgreement>(AUTHORITY, reason(&id, "")).await, "access.reason-given");
    assert_eq!(house.refused::<EndAgreement>(OPERATOR, reason(&id, "不做了")).await, "access.t1");
    assert!(!house.get::<AccountRecord>("a-chen").await.expect("account").record.disabled);
    house.grant("g1", "visits-2024", date(2026, 11, 1)).await;
    let link = house.get::<crate::records::GrantLink>("g1").await.expect("link").record;
    house.keep("g1", &crate::records::GrantLink { agreement: id.clone(), ..link }).await;
    let ended = house.done::<EndAgreement>(AUTHORITY, reason(&id, "严重违约")).await;
    assert_eq!((ended.state.as_str(), ended.active), ("ended", false));
    assert_eq!(house.granted("g1").await.revoked.as_deref(), Some("严重违约"), "what was granted ends with it");
    assert!(house.get::<AccountRecord>("a-chen").await.expect("account").record.disabled);
    assert!(!house.get::<AccountRecord>("a-wu").await.expect("account").record.disabled, "others go on");
}

// clause: F11 both
#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_agreement_rests_its_grants_until_it_is_resumed() {
    let house = House::of("sys").await;
    let id = agreement(&house, scope(Mode::ByScenario)).await;
    house.mount("visits-2024", "visits").await;
    house.grant("g1", "visits-2024", date(2026, 11, 1)).await;
    let link = house.get::<crate::records::GrantLink>("g1").await.expect("link").record;
    house.keep("g1", &crate::records::GrantLink { agreement: id.clone(), ..link }).await;
    assert_eq!(house.refused::<SuspendAgreement>(AUTHORITY, reason(&id, " ")).await, "access.reason-given");
    house.done::<SuspendAgreement>(AUTHORITY, reason(&id, "评估未通过")).await;
    assert_eq!(house.granted("g1").await.suspended.expect("rests").by, id);
    assert_eq!(house.refused::<SuspendAgreement>(AUTHORITY, reason(&id, "再次")).await, "act.state");
    assert_eq!(
        house.refused::<ProposeScenario>(OPERATOR, ScenarioInput { scenario: name("x"), description: "x".into() }).await,
        "access.agreement-active"
    );
    assert!(house.done::<ResumeAgreement>(AUTHORITY, reason(&id, "整改完成")).await.active);
    assert_eq!(house.granted("g1").await.suspended, None);
}

// clause: G27 both
#[tokio::test(flavor = "multi_thread")]
async fn a_scenario_is_assessed_by_the_authority_and_renewed() {
    let mut house = House::of("zb").await;
    let proposed = || ScenarioInput { scenario: name("actuarial"), description: "保险精算".into() };
    assert_eq!(house.refused::<ProposeScenario>(OPERATOR, proposed()).await, "access.agreement-active");
    agreement(&house, scope(Mode::ByScenario)).await;
    scenario(&house, false).await;
    let one = || OneScenario { scenario: name("actuarial") };
    assert_eq!(house.done::<ShowScenario>(OPERATOR, one()).await.state, "refused");
    assert_eq!(house.refused::<ShowScenario>(OTHER_OPERATOR, one()).await, "access.t3");
    scenario(&house, true).await;
    let shown = house.done::<ShowScenario>(OPERATOR, one()).await;
    assert!(shown.usable && shown.assessments.len() == 2);
    house.today = date(2027, 7, 1);
    assert!(!house.done::<ShowScenario>(OPERATOR, one()).await.usable, "its assessment has expired");
    house.done::<ProposeScenario>(OPERATOR, proposed()).await;
    assert_eq!(house.refused::<ProposeScenario>(OPERATOR, proposed()).await, "scenarios.exists");
    let verdict = VerdictInput { favourable: true, valid_until: None };
    let assessment = AssessmentInput { scenario: name("actuarial"), assessment: verdict, risk: None };
    assert_eq!(house.refused::<AssessScenario>(OPERATOR, assessment).await, "access.t1");
    assert_eq!(house.get::<ScenarioRecord>("actuarial").await.expect("scenario").record.state(), "proposed");
}

fn application() -> ApplicationInput {
    ApplicationInput {
        dataset: name("visits-2024"),
        scenario: name("actuarial"),
        scenario_text: "保险精算".into(),
        purpose: name("pricing"),
        way: "沙箱内统计".into(),
        columns: vec!["visits.cost".into()],
        rows: "2024 年".into(),
        last_day: Some(date(2027, 6, 30)),
        basis: "授权运营协议".into(),
        goal: "发布精算表".into(),
        safeguards: "差分隐私".into(),
        promised: true,
    }
}

fn answer(application: &str, agree: bool, step: ReviewBy, document: &str) -> AnswerInput {
    let (reason, basis) = if agree { (String::new(), String::new()) } else { ("范围过宽".into(), "第二十二条".into()) };
    AnswerInput { application: application.into(), agree, step, reason, basis, document: document.into() }
}

// clause: F1 both
// clause: F2 both
// clause: F5 permitted
#[tokio::test(flavor = "multi_thread")]
async fn an_application_says_everything_and_takes_its_steps() {
    let house = House::of("sys").await;
    let sharing = tidegate_catalogue::Sharing {
        kind: Some(tidegate_rules::SharingType::Conditional),
        conditions: "协议".into(),
        scope: "卫生".into(),
        purpose: "统计".into(),
        way: "接口".into(),
        basis: vec![tidegate_catalogue::LegalBasis {
            law: "某法".into(), article: "第一条".into(), rank: tidegate_rules::LegalRank::Law
        }],
        review_due: None,
    };
    publish(&house, tidegate_catalogue::Entry { id: name("visits"), sharing, ..entry_example() }).await;
    house.mount("visits-2024", "visits").await;
    assert_eq!(house.refused::<SubmitApplication>(OPERATOR, application()).await, "access.agreement-active");
    agreement(&house, scope(Mode::ByScenario)).await;
    for (input, code) in [
        (ApplicationInput { scenario_text: " ".into(), ..application() }, "application.incomplete"),
        (ApplicationInput { basis: String::new(), ..application() }, "application.incomplete"),
        (ApplicationInput { goal: String::new(), ..application() }, "application.incomplete"),
        (ApplicationInput { columns: vec!["*".into()], ..application() }, "application.all-columns"),
        (ApplicationInput { promised: false, ..application() }, "application.not-promised"),
        (ApplicationInput { dataset: name("nothing"), ..application() }, "act.unknown"),
    ] {
        assert_eq!(house.refused::<SubmitApplication>(OPERATOR, input).await, code);
    }
    let applied = house.done::<SubmitApplication>(OPERATOR, application()).await;
    assert_eq!((applied.state.as_str(), applied.next_step), ("form_review", Some(ReviewBy::Authority)));
    let id = applied.application;
    assert_eq!(house.refused::<ReviewApplication>(PROVIDER, answer(&id, true, ReviewBy::Provider, "")).await, "access.t2");
    let form = house.done::<ReviewForm>(AUTHORITY, answer(&id, true, ReviewBy::Authority, "")).await;
    assert_eq!(form.state, "provider_review");
    assert_eq!(form.due.expect("one working day").last_day, Some(date(2026, 11, 24)));
    assert_eq!(house.refused::<ReviewApplication>(OTHER_PROVIDER, answer(&id, true, ReviewBy::Provider, "")).await, "access.t3");
    let unreasoned = AnswerInput { reason: String::new(), ..answer(&id, false, ReviewBy::Provider, "") };
    assert_eq!(house.refused::<ReviewApplication>(PROVIDER, unreasoned).await, "application.no-reason");
    assert_eq!(house.done::<ReviewApplication>(PROVIDER, answer(&id, true, ReviewBy::Provider, "")).await.state, "approved");
    let second = house.done::<SubmitApplication>(OPERATOR, application()).await.application;
    house.done::<ReviewForm>(AUTHORITY, answer(&second, true, ReviewBy::Authority, "")).await;
    let refused = house.done::<ReviewApplication>(PROVIDER, answer(&second, false, ReviewBy::Provider, "")).await;
    assert_eq!((refused.state.as_str(), refused.refusal.expect("refusal").basis.as_str()), ("refused", "第二十二条"));
    assert_eq!(house.refused::<ShowApplication>(OTHER_OPERATOR, OneApplication { application: id }).await, "access.t3");
}

// clause: F3 permitted
// clause: F4 both
#[tokio::test(flavor = "multi_thread")]
async fn in_zibo_enterprises_need_their_sector_regulator() {
    let house = House::of("zb").await;
    publish(&house, tidegate_catalogue::Entry { id: name("visits"), ..entry_example() }).await;
    house.mount("visits-2024", "visits").await;
    agreement(&house, scope(Mode::ByScenario)).await;
    let mut applied = house.done::<SubmitApplication>(OPERATOR, application()).await;
    let mut by_sector = 0;
    while let Some(step) = applied.next_step {
        let id = applied.application.clone();
        if step == ReviewBy::SectorRegulator {
            by_sector += 1;
            assert_eq!(house.refused::<ReviewForm>(AUTHORITY, answer(&id, true, step, "")).await, "act.document");
        }
        applied = house.done::<ReviewForm>(AUTHORITY, answer(&id, true, step, "金融监管意见 3")).await;
    }
    assert_eq!((applied.state.as_str(), by_sector), ("approved", 1));
}
