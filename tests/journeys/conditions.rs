//! Conditions of the access rules, asked of a running server, and that each of them is: a condition that no test meets could be
//! taken away unnoticed. `tests/without-rules` takes each away and looks whether a test notices.

use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use tidegate_http::api::{CallError, Options};
use tidegate_tests::domain::days_from_today;
use tidegate_tests::governed::{Governed, POLICY, entry_text, field, over};
use tidegate_tests::program::repository;

const MODEL: &str = "expensive-years";

/// Conditions behind another guard that refuses first: the code which tests meet instead.
const BEHIND: [(&str, &str); 4] = [
    // Whose access is closed does not get through the door.
    ("access-not-closed", "authentication.access-closed"),
    // A procedure that is not complete cannot be decided.
    ("selection-complete", "selection.no-decision"),
    // What binds an organisation is signed, or does not get through the door.
    ("signed", "signature.needed"),
    // Nothing without a source is mounted.
    ("source-stated", "dataset.no-source"),
];

/// Every condition is met by a test that drives the program from outside and names it.
#[test]
fn each_condition_is_met_from_outside() {
    let text = fs::read_to_string(repository("policies/access/cedar/conditions.cedar")).expect("conditions");
    let ids: BTreeSet<&str> = text.lines().filter_map(|line| line.strip_prefix("@id(\"")?.split_once('"').map(|(id, _)| id)).collect();
    assert!(ids.len() >= 36, "{ids:?}");
    let mut sources = String::new();
    for directory in ["tests/journeys", "tests/bad_input", "tests/conformance"] {
        for file in fs::read_dir(repository(directory)).expect(directory) {
            let path = file.expect("a file").path();
            if path.extension().is_some_and(|extension| extension == "rs") {
                sources += &fs::read_to_string(path).expect("a source");
            }
        }
    }
    let said = |code: &str| sources.matches(&format!("\"{code}\"")).count();
    let met = |id: &str| said(&format!("access.{id}")) > 0;
    for (id, code) in BEHIND {
        // Once in the list above, and where it is met.
        assert!(ids.contains(id) && said(code) > 1 && !met(id), "{id} is behind {code}");
    }
    let unmet: Vec<_> = ids.iter().filter(|id| !met(id) && !BEHIND.iter().any(|(behind, _)| behind == *id)).collect();
    assert!(unmet.is_empty(), "no test from outside meets {unmet:?}");
}

fn question(epsilon: f64) -> Value {
    json!({ "dataset": "rand-hie", "module": MODEL, "epsilon": epsilon })
}

/// What is stopped as a whole admits nothing; what binds an operator is signed; a date must pass before a grant is cut off;
/// records are kept for their term. Each is allowed where the condition is met.
// clause: J5, K9, F9, F10, H2 both
#[test]
fn stops_signatures_and_terms_are_conditions() {
    let governed = Governed::ready(POLICY, MODEL);
    let (authority, operator) = (governed.by("authority"), governed.by("operator"));
    let unsigned = governed.unsigned(&operator.token);
    match unsigned.call_by_name("runs.request", &question(0.1), &Options::default()) {
        Err(CallError::Refused(problem)) => assert_eq!(problem.code, "signature.needed", "{problem:?}"),
        other => panic!("{other:?}"),
    }
    operator.does("runs.request", &question(0.1));
    let elsewhere =
        |manifest: &str| manifest.replace("purpose = \"health-planning\"", "purpose = \"marketing\"").replace(MODEL, "for-marketing");
    operator.does("modules.upload", &governed.module_with(MODEL, elsewhere));
    let marketing = over(question(0.1), json!({ "module": "for-marketing" }));
    operator.refused("runs.request", &marketing, "access.purpose-matches");

    authority.does("domain.stop", &json!({ "reason": "疑似泄露" }));
    operator.refused("runs.request", &question(0.2), "access.system-open");
    let replay = json!({ "since": days_from_today(-1) });
    governed.by("regulator").refused("replays.request", &replay, "access.system-open");
    governed.by("authority-2").does("domain.resume", &json!({ "reason": "已排除风险" }));
    operator.does("runs.request", &question(0.2));

    let grant = field(&operator.does("grants.list", &json!({}))["items"][0], "id");
    let order = json!({ "grant": grant, "until": days_from_today(30) });
    let ordered = authority.does("rectifications.order", &governed.input("rectifications.order", order));
    let cut = governed.input("rectifications.cut_off", json!({ "rectification": field(&ordered, "rectification") }));
    authority.refused("rectifications.cut_off", &cut, "access.date-has-passed");
    operator.does("runs.request", &question(0.3));

    let closing = json!({ "organisation": "city-health", "ground": "no_safeguards", "facts": "未落实安全措施" });
    let closed = authority.does("organisations.close", &closing);
    operator.refused("runs.request", &question(0.4), "authentication.access-closed");
    authority.does(
        "organisations.reopen",
        &governed.input("organisations.reopen", json!({ "organisation": "city-health", "closing": closed["closing"] })),
    );
    operator.does("runs.request", &question(0.4));

    let before = |day: String| json!({ "before": day });
    let custodian = governed.by("custodian");
    custodian.refused("domain.purge", &before(days_from_today(-30)), "access.retention-over");
    custodian.refused("domain.purge", &before("2021-02-30".into()), "date.wrong");
    assert_eq!(custodian.does("domain.purge", &before(days_from_today(-4 * 366)))["runs"], 0);
    governed.domain.audit();
}

/// A grant that begins tomorrow allows nothing today.
// clause: G7 both
#[test]
fn a_grant_that_has_not_begun_allows_nothing() {
    let governed = Governed::begin();
    governed.entry("rand-hie-visits");
    governed.mount("rand-hie", "rand-hie-visits", POLICY);
    governed.agreement(&governed.plan());
    governed.scenario("health-planning");
    let application = governed.application("rand-hie", "health-planning");
    let later = over(governed.grant_text(&application, "rand-hie", 1.0), json!({ "valid_from": days_from_today(1) }));
    governed.by("authority").does("grants.give", &later);
    let operator = governed.by("operator");
    operator.does("modules.upload", &governed.module(MODEL));
    operator.refused("runs.request", &question(0.1), "access.within-the-term");
    governed.grant(&application, "rand-hie", 1.0);
    operator.does("runs.request", &question(0.1));
    governed.domain.audit();
}

/// Whoever signs has evidence of qualification; data whose use needs an assessment of risk have one.
// clause: G8, G30 both
#[test]
fn evidence_and_risk_are_asked_for() {
    let governed = Governed::begin();
    let (authority, operator) = (governed.by("authority"), governed.by("operator"));
    governed.entry_with("rand-hie-visits", json!({ "specific_scope": true }));
    governed.mount("rand-hie", "rand-hie-visits", POLICY);
    let plan = governed.plan();
    let prepared = authority
        .does("agreements.prepare", &governed.input("agreements.prepare", tidegate_tests::governed::agreement_text("city-health", &plan)));
    let with = |above: Value| over(json!({ "agreement": field(&prepared, "agreement") }), above);
    governed.does("authority", "agreements.notice", with(json!({ "notice_until": "2026-10-15" })));
    governed.does("authority", "agreements.decide", with(json!({ "on": "2026-10-20" })));
    authority.refused("agreements.sign", &with(json!({})), "access.qualified");
    governed.does("authority", "agreements.qualify", with(json!({ "valid_until": days_from_today(300) })));
    authority.does("agreements.sign", &with(json!({})));
    operator.does("agreements.sign", &with(json!({})));

    governed.scenario("health-planning");
    let application = governed.application("rand-hie", "health-planning");
    governed.grant(&application, "rand-hie", 1.0);
    operator.does("modules.upload", &governed.module(MODEL));
    operator.refused("runs.request", &question(0.1), "access.risk-assessed");
    // Under a scenario whose risk was assessed it is allowed; the grant that has more left is drawn on.
    let verdict = governed.input("scenarios.assess", json!({}))["assessment"].clone();
    governed.does("operator", "scenarios.propose", json!({ "scenario": "assessed-planning" }));
    let assessed = json!({ "scenario": "assessed-planning", "assessment": verdict, "risk": verdict });
    governed.does("authority", "scenarios.assess", assessed);
    let application = governed.application("rand-hie", "assessed-planning");
    governed.grant(&application, "rand-hie", 2.0);
    operator.does("runs.request", &question(0.1));
    governed.domain.audit();
}

/// In Binzhou the city approves an alteration too, by a document.
// clause: B10 both
#[test]
fn in_binzhou_the_city_approves_too() {
    let governed = Governed::begin();
    let authority = governed.by("authority");
    authority.does("settings.choose_place", &json!({ "pack": "bz" }));
    governed.entry("visits");
    let content = over(entry_text(&governed, "visits"), json!({ "summary": "新的摘要" }));
    governed.by("provider").does("entries.alter", &json!({ "entry": "visits", "content": content }));
    let approval = |step: &str, document: &str| {
        let approval = json!({ "entry": "visits", "approve": true, "step": step, "reason": "", "document": document });
        governed.input("entries.approve_alteration", approval)
    };
    authority.does("entries.approve_alteration", &approval("authority", ""));
    let other = governed.by("authority-2");
    other.refused("entries.approve_alteration", &approval("city_authority", ""), "access.city-approval");
    other.does("entries.approve_alteration", &approval("city_authority", "滨政数〔2026〕3 号"));
    governed.domain.audit();
}
