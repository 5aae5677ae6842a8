//! Scenarios of use: proposed by an operator, assessed by the authority before the first run.

use super::reads::Reads;
use super::shared::{At, conclude, example_name, page, the};
use crate::facts::of_operator;
use crate::offers::Offers;
use crate::records::ScenarioRecord;
use crate::{Desk, Done, Kept, Refused, Row, Thing};
use jiff::civil::{Date, date};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidegate_access::{Action, Facts};
use tidegate_http::api::Page;
use tidegate_operation::{Scenario, Verdict};
use tidegate_terms::{Name, messages};

messages! {
    /// Why a scenario is refused.
    pub enum ScenarioRefusal {
        Others { scenario: Name } = "scenarios.exists" {
            en: "there is a scenario `{scenario}` of somebody else, or one that waits for its assessment: choose another name",
            zh: "场景“{scenario}”已由他方提出，或正在评估：请另取名称",
        },
        Empty = "scenarios.no-description" {
            en: "the scenario says nothing of what it is for (rule F1, Shuangyashan Art. 27): describe it",
            zh: "未说明应用场景（规则 F1，双鸭山第二十七条）：请填写",
        },
    }
}

/// A scenario.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScenarioInput {
    /// Its name.
    pub scenario: Name,
    /// What it is for.
    #[schemars(length(max = 2000))]
    pub description: String,
}

/// Which scenario.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OneScenario {
    /// Which scenario.
    pub scenario: Name,
}

/// What an assessment says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerdictInput {
    /// Whether it is favourable.
    pub favourable: bool,
    /// Until when it is valid.
    #[serde(default)]
    pub valid_until: Option<Date>,
}

/// An assessment.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AssessmentInput {
    /// Which scenario.
    pub scenario: Name,
    /// Safety and compliance.
    pub assessment: VerdictInput,
    /// The risk, where data of a specific scope are used.
    #[serde(default)]
    pub risk: Option<VerdictInput>,
}

/// Which scenarios.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScenarioFilter {
    /// In which state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub state: Option<String>,
}

/// A scenario.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScenarioView {
    /// Which scenario.
    pub scenario: Name,
    /// Who proposed it.
    pub organisation: Name,
    /// Where it stands.
    pub state: String,
    /// What it is for.
    pub description: String,
    /// Whether a run may be made in it today.
    pub usable: bool,
    /// What was said of safety and compliance; the last counts.
    pub assessments: Vec<Verdict>,
    /// What was said of risk; the last counts.
    pub risks: Vec<Verdict>,
}

fn view(desk: &Desk, record: &ScenarioRecord) -> ScenarioView {
    let of = &record.scenario;
    ScenarioView {
        scenario: of.name.clone(),
        organisation: record.organisation.clone(),
        state: record.state().to_owned(),
        description: of.description.clone(),
        usable: !record.proposed && of.check(false, desk.today()).is_ok(),
        assessments: of.assessments.clone(),
        risks: of.risks.clone(),
    }
}

fn input_example() -> ScenarioInput {
    ScenarioInput { scenario: example_name("actuarial"), description: "保险精算 (actuarial tables from outpatient visits)".to_owned() }
}

fn one() -> OneScenario {
    OneScenario { scenario: example_name("actuarial") }
}

fn verdict_example() -> VerdictInput {
    VerdictInput { favourable: true, valid_until: Some(date(2027, 11, 30)) }
}

fn view_example() -> ScenarioView {
    let verdict =
        Verdict { by: example_name("a-assessor"), on: date(2026, 11, 20), favourable: true, valid_until: Some(date(2027, 11, 30)) };
    ScenarioView {
        scenario: input_example().scenario,
        organisation: example_name("insurer"),
        state: "assessed".to_owned(),
        description: input_example().description,
        usable: true,
        assessments: vec![verdict],
        risks: Vec::new(),
    }
}

operation! {
    ProposeScenario = "scenarios.propose" in "scenarios";
    Post "/v1/scenarios" [keyed, created];
    summary "Propose a scenario of use", "提出应用场景";
    says "By an operator with an agreement in force. One's own scenario may be proposed anew, for its assessment to be renewed; until then no run is made in it.", "由协议有效的运营机构提出。本机构的场景可重新提出以更新评估；评估前不得运行。";
    takes ScenarioInput, example input_example();
    gives ScenarioView, example view_example();
    by propose;
}

operation! {
    AssessScenario = "scenarios.assess" in "scenarios";
    Post "/v1/scenarios/{scenario}/assessments" [keyed];
    summary "Assess a scenario for safety and compliance", "评估应用场景";
    says "By the authority, and not by who proposed it. Data of a specific scope need the verdict on risk too.", "由主管部门评估，且非提出人；特定范围数据还须风险评估。";
    takes AssessmentInput, example AssessmentInput { scenario: input_example().scenario, assessment: verdict_example(), risk: None };
    gives ScenarioView, example view_example();
    by assess;
}

operation! {
    ShowScenario = "scenarios.show" in "scenarios";
    Get "/v1/scenarios/{scenario}" [];
    summary "Show a scenario", "查看应用场景";
    says "Operators see their own.", "运营机构仅可查看自己的场景。";
    takes OneScenario, example one();
    gives ScenarioView, example view_example();
    by show;
}

operation! {
    ListScenarios = "scenarios.list" in "scenarios";
    Get "/v1/scenarios" [paged];
    summary "List scenarios", "列出应用场景";
    says "Those that the caller may read.", "仅列出调用方可查看的。";
    takes ScenarioFilter, example ScenarioFilter { state: Some("proposed".to_owned()) };
    gives Page<ScenarioView>, example Page { items: vec![view_example()], next: None };
    by list;
}

async fn propose(desk: &mut Desk, input: ScenarioInput) -> Result<Done<ScenarioView>, Refused> {
    let at = At::of(desk)?;
    let mut act = desk.begin().await?;
    let facts = of_operator(desk, &mut act, &at.organisation).await?;
    let scenario = Scenario {
        name: input.scenario.clone(),
        description: input.description,
        proposed_by: at.person,
        assessments: Vec::new(),
        risks: Vec::new(),
    };
    let mut record = ScenarioRecord { organisation: at.organisation.clone(), scenario, proposed: true };
    let decided = desk.decide(Action::ProposeScenario, &Thing::made(input.scenario.as_str(), &record), facts)?;
    if record.scenario.description.trim().is_empty() {
        return Err(ScenarioRefusal::Empty.into());
    }
    if let Some(known) = act.get::<ScenarioRecord>(input.scenario.as_str()).await? {
        if known.record.organisation != at.organisation || known.record.proposed {
            return Err(ScenarioRefusal::Others { scenario: input.scenario }.into());
        }
        record.scenario.assessments = known.record.scenario.assessments;
        record.scenario.risks = known.record.scenario.risks;
    }
    let version = conclude(act, decided, input.scenario.as_str(), &record, &[], "").await?;
    Ok(Done { output: view(desk, &record), version: Some(version), next: None })
}

async fn assess(desk: &mut Desk, input: AssessmentInput) -> Result<Done<ScenarioView>, Refused> {
    let at = At::of(desk)?;
    let mut act = desk.begin().await?;
    let row = the::<ScenarioRecord>(&mut act, input.scenario.as_str()).await?;
    desk.expect_version(row.version)?;
    let facts = Facts { reviewer_differs: row.record.scenario.proposed_by != at.person, ..act.facts(desk).await? };
    let decided = desk.decide(Action::AssessScenario, &Thing::of(&row), facts)?;
    let verdict =
        |of: VerdictInput| Verdict { by: at.person.clone(), on: at.today, favourable: of.favourable, valid_until: of.valid_until };
    let mut record = row.record;
    record.scenario = record.scenario.assess(verdict(input.assessment))?;
    record.scenario.risks.extend(input.risk.map(verdict));
    record.proposed = false;
    let version = conclude(act, decided, input.scenario.as_str(), &record, &[], "").await?;
    Ok(Done { output: view(desk, &record), version: Some(version), next: None })
}

async fn show(desk: &mut Desk, input: OneScenario) -> Result<Done<ScenarioView>, Refused> {
    let row = the::<ScenarioRecord>(&mut desk.read(), input.scenario.as_str()).await?;
    let facts = desk.facts().await?;
    let _ = desk.decide(Action::ReadScenario, &Thing::of(&row), facts)?;
    Ok(Done { output: view(desk, &row.record), version: Some(row.version), next: None })
}

async fn list(desk: &mut Desk, input: ScenarioFilter) -> Result<Done<Page<ScenarioView>>, Refused> {
    let facts = desk.facts().await?;
    let fits = |row: &Row<ScenarioRecord>| {
        input.state.as_deref().is_none_or(|state| row.record.state() == state)
            && desk.decide(Action::ReadScenario, &Thing::of(row), facts).is_ok()
    };
    let rows: Vec<_> = desk.read().every::<ScenarioRecord>().await?.into_iter().filter(fits).collect();
    let (rows, next) = page(rows, desk, |row| row.id.as_str());
    let items = rows.iter().map(|row| view(desk, &row.record)).collect();
    Ok(Done { output: Page { items, next: None }, version: None, next })
}

/// What is offered here.
pub(crate) fn offers(offers: Offers) -> Offers {
    offers.with::<ProposeScenario>().with::<AssessScenario>().with::<ShowScenario>().with::<ListScenarios>()
}
