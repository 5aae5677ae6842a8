//! What must be written and decided before anybody runs anything.

use super::{calendar, name, pack};
use crate::*;
use jiff::civil::{Date, date};
use std::collections::{BTreeMap, BTreeSet};
use tidegate_parties::OrganisationKind;
use tidegate_rules::{ReviewBy, SharingType};
use tidegate_terms::{Message, Name};

fn code<T>(outcome: Result<T, impl Message>) -> String {
    outcome.err().map_or_else(|| "none".to_owned(), |error| error.code())
}

fn scope(mode: Mode, datasets: &[&str], domains: &[&str], scenarios: &[&str]) -> Scope {
    let names = |texts: &[&str]| texts.iter().map(|text| name(text)).collect::<BTreeSet<Name>>();
    Scope { mode, datasets: names(datasets), domains: domains.iter().map(|&text| text.to_owned()).collect(), scenarios: names(scenarios) }
}

fn selection() -> Selection {
    let decision = Some(("会议纪要〔2026〕3号".to_owned(), date(2026, 4, 10)));
    Selection { competition: "遴选公告".into(), notice_until: Some(date(2026, 4, 7)), objections_open: 0, decision }
}

fn agreement() -> Agreement {
    Agreement {
        number: "A-1".into(),
        operator: name("acme"),
        scope: scope(Mode::Whole, &["visits", "roads"], &[], &[]),
        first: date(2026, 5, 1),
        last: date(2031, 4, 30),
        items: AgreementItem::ALL.iter().map(|item| (*item, "见附件".to_owned())).collect(),
        selection: selection(),
        signed: Some(date(2026, 4, 20)),
        ended: None,
        developers: vec![],
    }
}

// clause: G1 both
#[test]
fn the_three_modes_drive_the_scope() {
    let (visits, roads, insurance, audit) = (name("visits"), name("roads"), name("insurance"), name("audit"));
    let outcome = |scope: &Scope, dataset, domain, scenario| code(scope.check(Question { dataset, domain, scenario }));
    let whole = scope(Mode::Whole, &["visits"], &[], &[]);
    assert_eq!(outcome(&whole, &visits, "卫生", &audit), "none");
    assert_eq!(outcome(&whole, &roads, "交通", &audit), "scope.dataset");
    let by_domain = scope(Mode::ByDomain, &["visits", "roads"], &["卫生"], &[]);
    assert_eq!(outcome(&by_domain, &visits, "卫生", &audit), "none");
    assert_eq!(outcome(&by_domain, &roads, "交通", &audit), "scope.domain");
    let by_scenario = scope(Mode::ByScenario, &["visits"], &[], &["insurance"]);
    assert_eq!(outcome(&by_scenario, &visits, "卫生", &insurance), "none");
    assert_eq!(outcome(&by_scenario, &visits, "卫生", &audit), "scope.scenario");
    assert_eq!(outcome(&by_scenario, &roads, "卫生", &insurance), "scope.dataset");
}

// clause: G2, G18 both
#[test]
fn a_developers_scope_lies_inside_its_operators() {
    let whole = scope(Mode::Whole, &["visits", "roads"], &[], &[]);
    let domains = scope(Mode::ByDomain, &["visits", "roads"], &["卫生", "交通"], &[]);
    let scenarios = scope(Mode::ByScenario, &["visits"], &[], &["insurance", "audit"]);
    for (inner, outer, expected) in [
        (scope(Mode::ByScenario, &["visits"], &[], &["x"]), &whole, "none"),
        (scope(Mode::Whole, &["visits", "taxes"], &[], &[]), &whole, "scope.wider"),
        (scope(Mode::ByDomain, &["roads"], &["交通"], &[]), &domains, "none"),
        (scope(Mode::ByDomain, &["roads"], &["税务"], &[]), &domains, "scope.wider"),
        (scope(Mode::Whole, &["roads"], &[], &[]), &domains, "scope.wider"),
        (scope(Mode::ByScenario, &["visits"], &[], &["audit"]), &scenarios, "none"),
        (scope(Mode::ByScenario, &["visits"], &[], &["ads"]), &scenarios, "scope.wider"),
        (scope(Mode::ByDomain, &["visits"], &["卫生"], &[]), &scenarios, "scope.wider"),
    ] {
        assert_eq!(code(inner.check_inside(outer)), expected, "{inner:?} in {outer:?}");
    }
    let mut agreement = agreement();
    let developer =
        |last| Developer { developer: name("lab"), number: "D-1".into(), scope: scope(Mode::Whole, &["visits"], &[], &[]), last };
    assert_eq!(code(agreement.add_developer(developer(date(2032, 1, 1)))), "agreement.developer-term");
    assert_eq!(code(agreement.check_author(&name("lab"), date(2026, 6, 1))), "agreement.author");
    assert!(agreement.add_developer(developer(date(2027, 1, 1))).is_ok());
    assert_eq!(code(agreement.check_author(&name("lab"), date(2027, 1, 1))), "none");
    assert_eq!(code(agreement.check_author(&name("lab"), date(2027, 1, 2))), "agreement.author");
    assert_eq!(code(agreement.check_author(&name("acme"), date(2027, 1, 2))), "none");
}

// clause: G2 both
#[test]
fn an_agreement_has_thirteen_items_and_five_years_at_most() {
    assert_eq!((AgreementItem::ALL.len(), PlanItem::ALL.len()), (13, 12));
    let codes = |agreement: &Agreement, today| -> Vec<String> { agreement.check(today).iter().map(|error| error.code()).collect() };
    let today = date(2026, 4, 20);
    assert_eq!(codes(&agreement(), today), Vec::<String>::new());
    assert_eq!(codes(&Agreement { last: date(2031, 5, 1), ..agreement() }, today), ["agreement.too-long"]);
    assert_eq!(codes(&Agreement { last: date(2026, 5, 1), ..agreement() }, today), ["agreement.order"]);
    let leap = Agreement { first: date(2028, 2, 29), last: date(2033, 2, 28), ..agreement() };
    assert_eq!(codes(&leap, today), ["agreement.too-long"], "five years end on 27 February 2033");
    let mut bare = agreement();
    bare.items.remove(&AgreementItem::Disclosure);
    bare.items.insert(AgreementItem::Breach, " ".into());
    assert_eq!(codes(&bare, today), ["agreement.incomplete", "agreement.incomplete"]);
    let active = |agreement: &Agreement, day| code(agreement.check_active(day));
    assert_eq!(active(&agreement(), date(2026, 4, 30)), "agreement.not-now");
    assert_eq!(active(&agreement(), date(2026, 5, 1)), "none");
    assert_eq!(active(&agreement(), date(2031, 4, 30)), "none");
    assert_eq!(active(&agreement(), date(2031, 5, 1)), "agreement.not-now");
    assert_eq!(active(&Agreement { signed: None, ..agreement() }, date(2026, 5, 1)), "agreement.not-signed");
    assert_eq!(active(&Agreement { ended: Some("违约".into()), ..agreement() }, date(2026, 5, 1)), "agreement.ended");
}

// clause: G6, G7, G8 both
#[test]
fn an_operator_is_chosen_in_order() {
    let today = date(2026, 4, 20);
    let refused = |selection: Selection| code(selection.check(today));
    assert_eq!(refused(selection()), "none");
    assert_eq!(refused(Selection { competition: " ".into(), ..selection() }), "selection.no-competition");
    assert_eq!(refused(Selection { notice_until: Some(today), ..selection() }), "selection.notice");
    assert_eq!(refused(Selection { notice_until: None, ..selection() }), "selection.notice");
    assert_eq!(refused(Selection { objections_open: 1, ..selection() }), "selection.objected");
    let before = Some(("纪要".to_owned(), date(2026, 4, 7)));
    assert_eq!(refused(Selection { decision: before, ..selection() }), "selection.no-decision", "decided before the notice was over");
    let evidence =
        |until| [Qualification { organisation: name("acme"), what: "等保三级".into(), document: "证书".into(), valid_until: until }];
    let demanded = ["等保三级".to_owned()];
    let check = |until| code(Qualification::check_all(&name("acme"), &demanded, &evidence(until), today));
    assert_eq!((check(today).as_str(), check(date(2026, 4, 19)).as_str()), ("none", "selection.qualification"));
    let filing = Filing { level: FilingLevel::City, receipt: "备-1".into(), on: today };
    assert_eq!(
        missing_filings(true, std::slice::from_ref(&filing)).iter().map(|missing| missing.0).collect::<Vec<_>>(),
        [FilingLevel::Province]
    );
    assert!(missing_filings(false, &[]).is_empty());
}

// clause: G5 both
#[test]
fn a_change_of_plan_freezes_new_grants() {
    let items: BTreeMap<_, _> = PlanItem::ALL.iter().map(|item| (*item, "略".to_owned())).collect();
    let draft = Plan { version: 1, items: items.clone(), approval: None };
    let approval = |document: &str| Approval { document: document.into(), on: date(2026, 3, 1) };
    assert_eq!(code(draft.check_in_force()), "plan.not-approved");
    assert_eq!(code(draft.clone().approve(approval(" "))), "plan.no-document");
    assert_eq!(code(Plan { items: BTreeMap::new(), ..draft.clone() }.approve(approval("批复"))), "plan.incomplete");
    assert_eq!(code(draft.change(items.clone())), "plan.not-approved");
    let plan = draft.approve(approval("政府批复〔2026〕1号")).expect("approved");
    assert_eq!(code(plan.clone().approve(approval("再批"))), "plan.approved");
    let (changed, effects) = plan.change(items).expect("changed");
    assert_eq!((changed.version, effects), (2, vec![Effect::FreezeNewGrants]));
    assert_eq!(code(changed.check_in_force()), "plan.not-approved");
}

// clause: G3 both
#[test]
fn rights_stay_apart() {
    let rights = Rights { holding: name("city"), processing: [name("acme")].into(), product: [name("trade")].into() };
    let operators = [name("acme"), name("trade")].into();
    assert!(rights.check(&operators).is_ok());
    assert_eq!(code(Rights { holding: name("acme"), ..rights.clone() }.check(&operators)), "rights.holding");
    assert_eq!(
        (code(rights.check_processing(&name("acme"))), code(rights.check_processing(&name("trade")))),
        ("none".into(), "rights.processing".into())
    );
    assert_eq!(
        (code(rights.check_product(&name("trade"))), code(rights.check_product(&name("acme")))),
        ("none".into(), "rights.product".into())
    );
}

// clause: G27, G30 both
#[test]
fn a_scenario_needs_a_favourable_and_valid_assessment() {
    let today = date(2026, 6, 1);
    let verdict = |on: Date, favourable, until| Verdict { by: name("wang"), on, favourable, valid_until: until };
    let scenario =
        Scenario { name: name("insurance"), description: "精算".into(), proposed_by: name("li"), assessments: vec![], risks: vec![] };
    assert_eq!(code(scenario.check(false, today)), "scenario.not-assessed");
    assert_eq!(code(scenario.clone().assess(Verdict { by: name("li"), ..verdict(today, true, None) })), "scenario.same-person");
    let with = |verdict| scenario.clone().assess(verdict).expect("assessed");
    assert_eq!(code(with(verdict(date(2026, 6, 2), true, None)).check(false, today)), "scenario.not-assessed");
    assert_eq!(code(with(verdict(today, false, None)).check(false, today)), "scenario.unfavourable");
    assert_eq!(code(with(verdict(date(2026, 1, 1), true, Some(date(2026, 5, 31)))).check(false, today)), "scenario.over");
    let assessed = with(verdict(date(2026, 1, 1), true, Some(today)));
    assert_eq!((code(assessed.check(false, today)), code(assessed.check(true, today))), ("none".into(), "scenario.not-assessed".into()));
    let risky = Scenario { risks: vec![verdict(today, true, None)], ..assessed };
    assert_eq!(code(risky.check(true, today)), "none");
}

fn application() -> Application {
    Application {
        applicant: name("acme"),
        applicant_kind: OrganisationKind::Enterprise,
        filed_by: name("li"),
        provider: name("health"),
        dataset: name("visits"),
        scenario: "保险精算".into(),
        way: "模型".into(),
        columns: vec!["visits.cost".into()],
        rows: "全部".into(),
        last_day: Some(date(2027, 1, 1)),
        basis: "授权运营协议 A-1".into(),
        goal: "费率".into(),
        safeguards: "差分隐私".into(),
        promised: true,
    }
}

// clause: E7 refused
// clause: F3, F4, F5, F6 permitted
#[test]
fn each_place_has_its_own_steps_and_days() {
    let today = date(2026, 9, 30);
    let steps = |place: &str, sharing, kind| -> Vec<ReviewBy> {
        let applied = Application { applicant_kind: kind, ..application() }.submit(sharing, &pack(place), today).expect("submitted");
        applied.steps.iter().map(|step| step.by).collect()
    };
    use OrganisationKind::{Department, Enterprise};
    use ReviewBy::{Authority, Provider, SectorRegulator};
    use SharingType::{Conditional, NotShared, Unconditional};
    assert_eq!(steps("zb", Unconditional, Department), [Authority]);
    assert_eq!(steps("zb", Conditional, Department), [Authority, Provider]);
    assert_eq!(steps("zb", Conditional, Enterprise), [SectorRegulator, Authority, Provider]);
    assert_eq!(steps("sys", Conditional, Enterprise), [Authority, Provider]);
    assert_eq!(steps("jn", Conditional, Enterprise), [Provider]);
    assert_eq!(steps("jn", Unconditional, Enterprise), []);
    assert_eq!(steps("jn", NotShared, Enterprise), [Provider, Authority]);
    assert_eq!(steps("bz", Conditional, Department), [Provider], "the copy of the text lacks the articles");
    // One step of Zibo after another: 1 working day for the form, then 2 for the provider; National Day lies between.
    let zibo = Application { applicant_kind: Department, ..application() }.submit(Conditional, &pack("zb"), today).expect("submitted");
    assert_eq!(zibo.due(&calendar()).expect("known"), Some(date(2026, 10, 8)));
    assert_eq!(code(zibo.clone().answer(Provider, &name("wang"), Answer::Agree, today)), "application.other-step");
    assert_eq!(code(zibo.clone().answer(Authority, &name("li"), Answer::Agree, today)), "application.applicant");
    let second = zibo.answer(Authority, &name("wang"), Answer::Agree, date(2026, 10, 8)).expect("first");
    assert_eq!(second.due(&calendar()).expect("known"), Some(date(2026, 10, 10)));
    let refuse = |reason: &str, basis: &str| Answer::Refuse { reason: reason.into(), basis: basis.into() };
    assert_eq!(code(second.clone().answer(Provider, &name("zhao"), refuse("敏感", " "), today)), "application.no-reason");
    let refused = second.clone().answer(Provider, &name("zhao"), refuse("敏感", "某法第一条"), today).expect("refused");
    assert!(matches!(refused.progress, Progress::Refused { .. }) && refused.next().is_none());
    assert_eq!(code(refused.answer(Provider, &name("zhao"), Answer::Agree, today)), "application.over");
    let granted = second.answer(Provider, &name("zhao"), Answer::Agree, today).expect("granted");
    assert_eq!((granted.progress.clone(), granted.due(&calendar()).expect("none")), (Progress::Granted, None));
    let late = application().submit(Conditional, &pack("jn"), date(2026, 12, 25)).expect("submitted");
    assert_eq!(code(late.due(&calendar())), "calendar.unknown-year");
}

// clause: F1 both
// clause: F2 refused
#[test]
fn an_application_says_everything_and_asks_for_the_least() {
    let refused = |application: Application| code(application.submit(SharingType::Conditional, &pack("sys"), date(2026, 6, 1)));
    assert_eq!(refused(application()), "none");
    assert_eq!(refused(Application { scenario: " ".into(), ..application() }), "application.incomplete");
    assert_eq!(refused(Application { basis: String::new(), ..application() }), "application.incomplete");
    assert_eq!(refused(Application { safeguards: String::new(), ..application() }), "application.incomplete");
    assert_eq!(refused(Application { last_day: None, ..application() }), "application.incomplete");
    assert_eq!(refused(Application { columns: vec![], ..application() }), "application.all-columns");
    assert_eq!(refused(Application { columns: vec!["visits.*".into()], ..application() }), "application.all-columns");
    assert_eq!(refused(Application { promised: false, ..application() }), "application.not-promised");
}

// clause: F11 refused
// clause: J9 both
#[test]
fn ending_an_agreement_ends_accounts_and_holdings() {
    let mut agreement = agreement();
    let scope = scope(Mode::Whole, &["visits"], &[], &[]);
    agreement.add_developer(Developer { developer: name("lab"), number: "D-1".into(), scope, last: date(2027, 1, 1) }).expect("inside");
    assert_eq!(code(agreement.clone().end(" ", |_| false)), "agreement.no-reason");
    let (ended, effects) = agreement.clone().end("期满", |organisation| *organisation == name("lab")).expect("ended");
    assert!(effects.contains(&Effect::DisableAccounts(name("acme"))) && effects.contains(&Effect::DestroyHoldings(name("acme"))));
    assert!(effects.contains(&Effect::StopRunsOf(name("lab"))) && !effects.contains(&Effect::DisableAccounts(name("lab"))));
    assert_eq!(code(ended.check_active(date(2026, 6, 1))), "agreement.ended");
    assert_eq!(code(ended.end("再次", |_| false)), "agreement.ended");
}

// clause: G4 both
#[test]
fn public_good_is_free_and_industry_keeps_its_cap() {
    let free = Price { class: UseClass::PublicGood, fen: 0, cap_fen: None, cap_document: String::new() };
    assert_eq!(code(free.check()), "none");
    assert_eq!(code(Price { fen: 1, ..free.clone() }.check()), "price.public-good");
    let paid = Price { class: UseClass::Industry, fen: 500, cap_fen: Some(500), cap_document: "价格批复".into() };
    assert_eq!(code(paid.check()), "none");
    assert_eq!(code(Price { fen: 501, ..paid.clone() }.check()), "price.above-cap");
    assert_eq!(code(Price { cap_fen: None, ..paid.clone() }.check()), "price.no-cap");
    assert_eq!(code(Price { cap_document: " ".into(), ..paid }.check()), "price.no-cap");
}

// clause: G15 both
#[test]
fn an_operator_does_not_develop_delivered_products_further() {
    let delivered = |product: &str| product == "p1";
    let affiliates = [name("daughter")].into();
    let check = |author: &str, inputs: &[&str]| {
        let inputs: Vec<String> = inputs.iter().map(|&input| input.to_owned()).collect();
        code(check_inputs(&Redevelopment { author: &name(author), operator: &name("acme"), affiliates: &affiliates }, &inputs, delivered))
    };
    assert_eq!((check("acme", &["p2"]), check("lab", &["p1"])), ("none".into(), "none".into()), "others may");
    assert_eq!((check("acme", &["p2", "p1"]), check("daughter", &["p1"])), ("price.redevelopment".into(), "price.redevelopment".into()));
}
