//! The facts of grants, runs and products: each is met by a record, and by nothing else.

use super::catalogue::publish;
use super::house::*;
use super::papers::{agreement, scenario, scope};
use crate::facts::*;
use crate::operations::domain::{DeclareStorage, StorageRecord};
use crate::operations::entry_views::entry_example;
use jiff::civil::date;
use std::collections::BTreeSet;
use tidegate_access::{Action, Facts, Kind};
use tidegate_authorisation::GrantRecord;
use tidegate_catalogue::{Entry, Origin};
use tidegate_operation::Mode;
use tidegate_terms::{Epsilon, Mechanism, Name, ReleasePolicy};

use crate::{Desk, Thing};

fn policy(lifetime: &str, run: &str) -> ReleasePolicy {
    let text = format!(
        "lifetime_epsilon = {lifetime}\ndelta = 1e-8\nrun_epsilon_max = {run}\nvisibility = \"at_slot\"\nwalls = [\"no_new_privileges\", \"limits\", \"seccomp\", \"landlock\"]\n[period]\ndays = 30\nepsilon = {run}\n"
    );
    ReleasePolicy::parse(&text, 1_000).expect("policy")
}

/// Everything that a run needs.
async fn ready(mode: Mode, content: Entry) -> (House, GrantRecord) {
    let house = House::of("sys").await;
    house.done::<DeclareStorage>(CUSTODIAN, storage(true)).await;
    publish(&house, content).await;
    house.mount("visits-2024", "visits").await;
    agreement(&house, scope(mode)).await;
    scenario(&house, true).await;
    let grant = house.grant("g1", "visits-2024", date(2026, 11, 1)).await;
    (house, grant)
}

fn storage(encrypted: bool) -> StorageRecord {
    StorageRecord { encrypted, means: "dm-crypt".into(), document: "报告 7".into() }
}

struct Asked {
    operator: Name,
    author: Name,
    purpose: Name,
    columns: Vec<String>,
    mechanisms: Vec<Mechanism>,
    epsilon: f64,
    inputs: Vec<String>,
}

impl Default for Asked {
    fn default() -> Self {
        Self {
            operator: name("insurer"),
            author: name("insurer"),
            purpose: name("pricing"),
            columns: vec!["visits.cost".into()],
            mechanisms: vec![Mechanism::Gaussian],
            epsilon: 1.0,
            inputs: vec![],
        }
    }
}

async fn facts(house: &House, grant: &GrantRecord, policy: &ReleasePolicy, asked: Asked) -> (Desk, Facts) {
    let desk = house.desk(OPERATOR);
    let delivered: BTreeSet<String> = ["p-delivered".to_owned()].into();
    let run = RunAsked {
        operator: &asked.operator,
        author: &asked.author,
        purpose: &asked.purpose,
        parts: vec![RunPart { grant, columns: asked.columns, policy }],
        mechanisms: &asked.mechanisms,
        epsilon: Some(Epsilon::parse(asked.epsilon).expect("epsilon")),
        inputs: &asked.inputs,
        delivered: &delivered,
    };
    let facts = facts_of_run(&desk, &mut desk.read(), &run).await.expect("facts");
    (desk, facts)
}

/// What the access rules say of a run.
async fn decision(house: &House, grant: &GrantRecord, policy: &ReleasePolicy, asked: Asked) -> String {
    let (desk, facts) = facts(house, grant, policy, asked).await;
    let thing = Thing::alone(Kind::Run, "r1", "queued").owned_by("insurer");
    match desk.decide(Action::RequestRun, &thing, facts) {
        Ok(_) => "allowed".into(),
        Err(refused) => refused.problem().code.clone(),
    }
}

fn visits() -> Entry {
    Entry { id: name("visits"), ..entry_example() }
}

// clause: A1 both
// clause: G1 both
// clause: G2 both
// clause: E9 both
// clause: F2 both
// clause: C2 both
// clause: G15 refused
#[tokio::test(flavor = "multi_thread")]
async fn a_run_needs_every_paper_and_stays_inside_them() {
    let (house, grant) = ready(Mode::ByScenario, visits()).await;
    let fit = policy("8.0", "2.0");
    assert_eq!(decision(&house, &grant, &fit, Asked::default()).await, "allowed");
    for (asked, code) in [
        (Asked { operator: name("rival"), ..Asked::default() }, "access.agreement-active"),
        (Asked { author: name("stranger"), ..Asked::default() }, "access.author-bound"),
        (Asked { purpose: name("marketing"), ..Asked::default() }, "access.purpose-matches"),
        (Asked { columns: vec!["visits.name".into()], ..Asked::default() }, "access.columns-in-scope"),
        (Asked { epsilon: 2.5, ..Asked::default() }, "access.level-limits-met"),
        (Asked { inputs: vec!["p-delivered".into()], ..Asked::default() }, "access.no-redevelopment"),
    ] {
        assert_eq!(decision(&house, &grant, &fit, asked).await, code);
    }
    assert_eq!(decision(&house, &grant, &policy("12.0", "2.0"), Asked::default()).await, "access.level-limits-met");
    let wider = GrantRecord { dataset: name("beds"), ..grant.clone() };
    assert_eq!(decision(&house, &wider, &fit, Asked::default()).await, "access.entry-published");
    let over = GrantRecord { valid_until: "2026-11-22".into(), ..grant };
    assert_eq!(decision(&house, &over, &fit, Asked::default()).await, "access.within-the-term");
}

// clause: G1 both
#[tokio::test(flavor = "multi_thread")]
async fn each_mode_covers_what_it_names() {
    for (mode, other_industry) in [(Mode::Whole, "allowed"), (Mode::ByDomain, "access.mode-covers"), (Mode::ByScenario, "allowed")] {
        let (house, grant) = ready(mode, Entry { industry: "交通".into(), ..visits() }).await;
        assert_eq!(decision(&house, &grant, &policy("8.0", "2.0"), Asked::default()).await, other_industry, "{mode}");
    }
}

// clause: G30 both
// clause: D11 both
// clause: G32 both
#[tokio::test(flavor = "multi_thread")]
async fn shared_data_need_consent_and_specific_data_a_risk_assessment() {
    let fit = policy("8.0", "2.0");
    let (house, grant) = ready(Mode::Whole, Entry { origin: Origin::Shared { consent: None }, ..visits() }).await;
    assert_eq!(decision(&house, &grant, &fit, Asked::default()).await, "access.provider-consents");
    let (house, grant) = ready(Mode::Whole, Entry { origin: Origin::Shared { consent: Some("函 9".into()) }, ..visits() }).await;
    assert_eq!(decision(&house, &grant, &fit, Asked::default()).await, "allowed");
    let (house, grant) = ready(Mode::Whole, Entry { specific_scope: true, ..visits() }).await;
    assert_eq!(decision(&house, &grant, &fit, Asked::default()).await, "access.risk-assessed");
    use crate::operations::scenarios::*;
    let proposed = ScenarioInput { scenario: name("actuarial"), description: "保险精算".into() };
    house.done::<ProposeScenario>(OPERATOR, proposed).await;
    assert_eq!(decision(&house, &grant, &fit, Asked::default()).await, "access.scenario-assessed");
    let verdict = || VerdictInput { favourable: true, valid_until: None };
    let assessment = AssessmentInput { scenario: name("actuarial"), assessment: verdict(), risk: Some(verdict()) };
    house.done::<AssessScenario>(AUTHORITY, assessment).await;
    assert_eq!(decision(&house, &grant, &fit, Asked::default()).await, "allowed");
}

// clause: C2 both
#[tokio::test(flavor = "multi_thread")]
async fn levels_that_demand_encryption_wait_for_its_declaration() {
    let (house, grant) = ready(Mode::Whole, visits()).await;
    let fit = policy("8.0", "2.0");
    assert_eq!(decision(&house, &grant, &fit, Asked::default()).await, "allowed");
    assert_eq!(house.refused::<DeclareStorage>(AUTHORITY, storage(false)).await, "access.t1");
    house.done::<DeclareStorage>(CUSTODIAN, storage(false)).await;
    assert_eq!(decision(&house, &grant, &fit, Asked::default()).await, "access.level-limits-met");
    let desk = house.desk(AUTHORITY);
    let known = known(&mut desk.read(), &name("visits-2024")).await.expect("read").expect("known");
    let refused = check_level(&desk, &known, &fit).expect_err("level 2 demands it");
    assert_eq!(refused.problem().code, "dataset.level-encryption");
}

// clause: C2 both
// clause: C3 both
#[tokio::test(flavor = "multi_thread")]
async fn the_same_policy_fits_one_level_and_not_the_next() {
    use crate::operations::entry_changes::*;
    let (house, grant) = ready(Mode::Whole, visits()).await;
    let fit = policy("8.0", "2.0");
    let desk = house.desk(AUTHORITY);
    let known = known(&mut desk.read(), &name("visits-2024")).await.expect("read").expect("known");
    check_level(&desk, &known, &fit).expect("level 2 allows it");
    let regrade =
        AttributesInput { entry: name("visits"), sharing: None, opening: None, security_level: Some(name("l3")), conversion: None };
    house.done::<ChangeAttributes>(PROVIDER, regrade).await;
    let known = super::super::super::facts::known(&mut desk.read(), &name("visits-2024")).await.expect("read").expect("known");
    let refused = check_level(&desk, &known, &fit).expect_err("level 3 does not");
    assert_eq!(refused.problem().code, "dataset.level-limits");
    assert!(refused.problem().detail.zh.contains("lifetime_epsilon"));
    let grant = GrantRecord { ..house.granted(&grant.id).await };
    let (_, facts) = facts(&house, &grant, &fit, Asked::default()).await;
    assert!(!facts.level_limits_met && !facts.grant_live);
}

// clause: G5 both
#[tokio::test(flavor = "multi_thread")]
async fn no_grant_is_given_while_the_plan_changes_and_what_runs_goes_on() {
    use crate::operations::plans::*;
    let (house, grant) = ready(Mode::Whole, visits()).await;
    let (desk, fit) = (house.desk(AUTHORITY), policy("8.0", "2.0"));
    let (operator, dataset, scenario) = (name("insurer"), name("visits-2024"), name("actuarial"));
    let asked = GrantAsked { operator: &operator, dataset: &dataset, scenario: &scenario, policy: &fit, epsilon: None };
    let decide = |facts: Facts| {
        let thing = Thing::alone(Kind::Grant, "visits-2024", "live").owned_by("insurer").with_counterpart("health");
        desk.decide(Action::GiveGrant, &thing, facts).err().map(|refused| refused.problem().code.clone())
    };
    assert_eq!(decide(facts_of_grant(&desk, &mut desk.read(), &asked).await.expect("facts")), None);
    let plan = house.get::<crate::records::AgreementRecord>(&agreement_id(&house).await).await.expect("agreement").record.plan;
    let items = tidegate_operation::PlanItem::ALL.iter().map(|item| PlanText { item: *item, text: "改".into() }).collect();
    house.done::<ChangePlan>(AUTHORITY, PlanItemsInput { plan, items }).await;
    let facts = facts_of_grant(&desk, &mut desk.read(), &asked).await.expect("facts");
    assert_eq!(decide(facts).as_deref(), Some("access.plan-approved"));
    assert_eq!(decision(&house, &grant, &fit, Asked::default()).await, "allowed");
}

async fn agreement_id(house: &House) -> String {
    use crate::operations::agreement_views::AgreementFilter;
    use crate::operations::agreements::ListAgreements;
    house.done::<ListAgreements>(AUTHORITY, AgreementFilter::default()).await.items[0].agreement.clone()
}

// clause: F10 refused
// clause: I9 refused
#[tokio::test(flavor = "multi_thread")]
async fn what_rests_is_not_run_on() {
    use crate::operations::objections::*;
    let (house, _) = ready(Mode::Whole, visits()).await;
    let fit = policy("8.0", "2.0");
    let input = ObjectionInput { dataset: name("visits-2024"), statement: "含个人信息".into(), evidence: "截图".into() };
    house.done::<FileObjection>(EXCHANGE, input).await;
    let grant = house.granted("g1").await;
    let (_, facts) = facts(&house, &grant, &fit, Asked::default()).await;
    assert!(!facts.not_suspended && !facts.grant_live && facts.entry_published);
    assert_eq!(decision(&house, &grant, &fit, Asked::default()).await, "access.not-suspended");
}
