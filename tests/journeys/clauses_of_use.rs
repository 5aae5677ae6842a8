//! Clauses of use, asked of a running server: levels and what they limit, data got by sharing, unstated sharing, developers.
//! Each is shown where it allows and where it refuses.

use serde_json::{Value, json};
use tidegate_tests::governed::{Governed, POLICY, entry_text, field, over};

const MODEL: &str = "expensive-years";
/// What levels 1 and 2 allow, and level 3 does not.
const POLICY_OF_TWO_LEVELS: &str = "lifetime_epsilon = 4.0\ndelta = 1e-6\nrun_epsilon_max = 1.0\nvisibility = \"at_slot\"\n\
    walls = [\"no_new_privileges\", \"limits\", \"seccomp\", \"landlock\"]\n";

fn question(dataset: &str, epsilon: f64) -> Value {
    json!({ "dataset": dataset, "module": MODEL, "epsilon": epsilon })
}

/// A domain with a grant and a module, whose files lie encrypted, as level 2 demands.
fn ready_for_two_levels() -> (Governed, String) {
    let governed = Governed::begin();
    governed.does("custodian", "domain.declare-storage", json!({}));
    let grant = governed.prepare(POLICY_OF_TWO_LEVELS, MODEL);
    (governed, grant)
}

/// Asks for a run, which is queued: everything that its papers must say was decided then.
#[track_caller]
fn queued(governed: &Governed, dataset: &str, epsilon: f64) {
    let run = governed.by("operator").does("runs.request", &question(dataset, epsilon));
    assert!(["queued", "running"].contains(&field(&run, "state").as_str()), "{run}");
}

#[track_caller]
fn not_queued(governed: &Governed, dataset: &str, epsilon: f64, code: &str) {
    governed.by("operator").refused("runs.request", &question(dataset, epsilon), code);
}

/// The level limits what may be done: the same policy and module are allowed under one level and refused under another. A
/// higher level suspends what was granted until the authority confirms it; a lower one waits for the authority.
// clause: C2, C3 both
#[test]
fn the_level_decides_and_a_higher_one_suspends() {
    let (governed, grant) = ready_for_two_levels();
    let (provider, authority) = (governed.by("provider"), governed.by("authority"));
    let entry = "rand-hie-visits";
    let to = |level: &str| provider.does("entries.attributes", &json!({ "entry": entry, "security_level": level }));
    let level = || field(&governed.by("auditor").does("entries.show", &json!({ "entry": entry }))["content"], "security_level");
    let decide = |approve: bool| json!({ "entry": entry, "approve": approve, "step": "authority", "reason": "依据不足" });
    let set = json!({ "dataset": "rand-hie", "entry": entry, "policy": POLICY_OF_TWO_LEVELS, "units_max": 6000 });
    queued(&governed, "rand-hie", 0.1);

    assert_eq!((to("l2")["state"].as_str(), level().as_str()), (Some("published"), "l2"));
    not_queued(&governed, "rand-hie", 0.2, "access.not-cut-off");
    let confirm = json!({ "grant": grant });
    for label in ["operator", "provider"] {
        governed.by(label).refused("grants.confirm", &confirm, "access.t1");
    }
    assert_eq!(authority.does("grants.confirm", &confirm)["security_level"], "l2");
    queued(&governed, "rand-hie", 0.2);
    authority.does("datasets.set-policy", &set);

    // A lower level waits, and stays where it was when it is refused.
    assert_eq!(to("l1")["pending"]["changes"][0], "level_down");
    provider.refused("entries.approve_stricter", &decide(true), "access.t1");
    assert_eq!(level(), "l2");
    authority.does("entries.approve_stricter", &decide(false));
    assert_eq!(level(), "l2");
    to("l1");
    authority.does("entries.approve_stricter", &decide(true));
    assert_eq!(level(), "l1");
    queued(&governed, "rand-hie", 0.3);

    // Level 3 does not allow what levels 1 and 2 allowed, and no confirmation helps.
    to("l3");
    not_queued(&governed, "rand-hie", 0.4, "access.level-limits-met");
    authority.refused("grants.confirm", &confirm, "access.level-limits-met");
    let refused = authority.refused("datasets.set-policy", &set, "dataset.level-limits");
    assert!(refused.detail.zh.contains("规则 C2") && refused.detail.zh.contains("period"), "{refused:?}");
    governed.domain.audit();
}

/// A suspension for a higher level is lifted by the authority alone: withdrawing and restoring the entry does not lift it.
// clause: C3 refused
#[test]
fn a_higher_level_is_not_undone_by_a_detour() {
    let (governed, grant) = ready_for_two_levels();
    let provider = governed.by("provider");
    provider.does("entries.attributes", &json!({ "entry": "rand-hie-visits", "security_level": "l2" }));
    let why = json!({ "entry": "rand-hie-visits", "reason": "核对" });
    provider.does("entries.withdraw", &why);
    not_queued(&governed, "rand-hie", 0.1, "access.not-suspended");
    provider.does("entries.restore", &why);
    not_queued(&governed, "rand-hie", 0.1, "access.not-cut-off");
    governed.by("authority").does("grants.confirm", &json!({ "grant": grant }));
    queued(&governed, "rand-hie", 0.1);
    governed.domain.audit();
}

/// Data got by sharing are neither granted nor run without their provider's consent; what is ungraded, secret or objected to
/// does not enter operation either.
// clause: D11, G32 both
#[test]
fn data_enter_operation_graded_consented_and_undisputed() {
    let governed = Governed::begin();
    let (provider, authority, operator) = (governed.by("provider"), governed.by("authority"), governed.by("operator"));
    governed.entry_with("visits", json!({ "origin": { "from": "shared", "consent": " " } }));
    governed.mount("rand-hie", "visits", POLICY);
    let plan = governed.plan();
    governed.agreement(&plan);
    governed.scenario("health-planning");
    let application = governed.application("rand-hie", "health-planning");
    let grant = governed.grant_text(&application, "rand-hie", 3.0);
    let refused = authority.refused("grants.give", &grant, "access.provider-consents");
    assert!(refused.article.as_ref().is_some_and(|article| article.contains("Art. 43")), "{refused:?}");
    let content = |consent: Value| {
        let origin = json!({ "origin": { "from": "shared", "consent": consent } });
        json!({ "entry": "visits", "content": over(entry_text(&governed, "visits"), origin) })
    };
    let alter = |consent: Value| {
        provider.does("entries.alter", &content(consent));
        authority.does("entries.approve_alteration", &json!({ "entry": "visits", "approve": true, "step": "authority" }));
    };
    alter(json!("卫健函〔2026〕9号"));
    authority.does("grants.give", &grant);
    operator.does("modules.upload", &governed.module(MODEL));
    queued(&governed, "rand-hie", 0.1);
    alter(Value::Null);
    not_queued(&governed, "rand-hie", 0.2, "access.provider-consents");
    alter(json!("卫健函〔2026〕10号"));
    queued(&governed, "rand-hie", 0.2);

    // Open objections.
    let objection = json!({ "dataset": "rand-hie", "statement": "含个人信息", "evidence": "截图" });
    let filed = field(&governed.by("exchange").does("objections.file", &objection), "objection");
    not_queued(&governed, "rand-hie", 0.3, "access.not-suspended");
    authority.refused("grants.give", &grant, "access.not-suspended");
    provider.does("objections.decide", &json!({ "objection": filed, "outcome": "restore", "reason": "经核实无误" }));
    queued(&governed, "rand-hie", 0.3);

    // Secrets, and what has no level.
    let secret = over(content(json!("函")), json!({ "content": { "secret": "work" } }));
    provider.refused("entries.alter", &secret, "record.unsound");
    let ungraded = over(entry_text(&governed, "ungraded"), json!({ "security_level": null }));
    provider.does("entries.draft", &json!({ "content": ungraded }));
    provider.does("entries.submit", &json!({ "entry": "ungraded" }));
    authority.does("entries.review", &json!({ "entry": "ungraded", "approve": true }));
    let set = json!({ "dataset": "rand-hie-2", "entry": "ungraded", "policy": POLICY, "units_max": 6000 });
    authority.refused("datasets.set-policy", &set, "access.graded");
    governed.domain.audit();
}

/// Sharing that is not stated counts as unconditional among departments, where the text says so, and nowhere does it loosen
/// what leaves the sandbox.
// clause: D3 both
#[test]
fn unstated_sharing_loosens_nothing_that_leaves() {
    let governed = Governed::begin();
    let (provider, authority, operator) = (governed.by("provider"), governed.by("authority"), governed.by("operator"));
    governed.prepare(POLICY, MODEL);
    let unstated = json!({ "sharing": { "type": null, "conditions": "", "scope": "", "purpose": "", "basis": [] } });
    governed.entry_with("unstated", unstated.clone());
    let lists = authority.does("catalogue.lists", &json!({}));
    let listed = |list: &str| lists[list].as_array().is_some_and(|list| list.iter().any(|one| one["entry"] == "unstated"));
    assert!(listed("to_share") && !listed("not_shared"), "{lists}");
    // Among departments: the provider is asked for what is shared on conditions, and not for what is unconditional.
    governed.mount("rand-hie-2", "unstated", POLICY);
    let after_form = |dataset: &str| {
        let text = governed.application_text(dataset, "health-planning");
        let id = field(&operator.does("applications.submit", &text), "application");
        let answer = governed.input("applications.review", json!({ "application": id, "step": "authority" }));
        (authority.does("applications.review_form", &answer)["state"].clone(), id)
    };
    assert_eq!(after_form("rand-hie").0, "provider_review");
    let (state, application) = after_form("rand-hie-2");
    assert_eq!(state, "approved");

    // To the sandbox it is data like all others.
    not_queued(&governed, "rand-hie-2", 0.1, "denied.no-grant");
    operator.refused("datasets.report", &json!({ "dataset": "rand-hie-2" }), "access.t1");
    let loose = POLICY.replace("lifetime_epsilon = 4.0", "lifetime_epsilon = 40.0");
    let set = json!({ "dataset": "rand-hie-2", "entry": "unstated", "policy": loose, "units_max": 6000 });
    authority.refused("datasets.set-policy", &set, "dataset.level-limits");
    authority.refused("grants.give", &governed.grant_text(&application, "rand-hie-2", 40.0), "access.level-limits-met");
    let wide = over(governed.grant_text(&application, "rand-hie-2", 1.0), json!({ "columns": ["person-years.disea"] }));
    authority.refused("grants.give", &wide, "grant.beyond-application");
    governed.grant(&application, "rand-hie-2", 1.0);
    queued(&governed, "rand-hie-2", 0.1);

    // Where the text knows no such default, the type must be stated.
    authority.does("settings.choose_place", &json!({ "pack": "zb" }));
    let content = over(entry_text(&governed, "unstated-in-zibo"), unstated);
    provider.does("entries.draft", &json!({ "content": content }));
    let refused = provider.refused("entries.submit", &json!({ "entry": "unstated-in-zibo" }), "record.unsound");
    assert!(refused.detail.en.contains("`sharing type` is missing"), "{refused:?}");
    governed.domain.audit();
}

/// A developer works under an agreement with the operator, inside its scope and term, and its modules run inside them.
// clause: G18 both
#[test]
fn a_developer_stays_inside_the_agreement_of_its_operator() {
    let governed = Governed::begin();
    governed.entry("rand-hie-visits");
    governed.mount("rand-hie", "rand-hie-visits", POLICY);
    governed.mount("rand-hie-2", "rand-hie-visits", POLICY);
    let plan = governed.plan();
    let agreement = governed.agreement(&plan);
    governed.scenario("health-planning");
    let operator = governed.by("operator");
    for dataset in ["rand-hie", "rand-hie-2"] {
        let application = governed.application(dataset, "health-planning");
        governed.grant(&application, dataset, 1.0);
    }
    let module = over(governed.module(MODEL), json!({ "author": "studio" }));
    operator.refused("modules.upload", &module, "access.author-bound");
    let developer = |datasets: &[&str], last: &str| {
        let scope = json!({ "mode": "whole", "datasets": datasets, "domains": [], "scenarios": [] });
        json!({ "agreement": agreement, "developer": { "developer": "studio", "number": "2026-1-1", "scope": scope, "last": last } })
    };
    let add = |above: &Value, code: &str| drop(operator.refused("agreements.add_developer", above, code));
    add(&developer(&["rand-hie", "rand-hie-3"], "2027-12-31"), "scope.wider");
    add(&developer(&["rand-hie"], "2029-11-01"), "agreement.developer-term");
    let inside = developer(&["rand-hie"], "2027-12-31");
    governed.by("operator-elsewhere").refused("agreements.add_developer", &inside, "access.t3");
    governed.by("developer").refused("agreements.add_developer", &inside, "access.t1");
    operator.does("agreements.add_developer", &inside);
    let shown = governed.by("authority").does("agreements.show", &json!({ "agreement": agreement }));
    assert_eq!(shown["developers"][0]["developer"], "studio", "{shown}");

    operator.does("modules.upload", &module);
    let by_studio = |dataset: &str| over(question(dataset, 0.1), json!({ "author": "studio" }));
    operator.does("runs.request", &by_studio("rand-hie"));
    let refused = operator.refused("runs.request", &by_studio("rand-hie-2"), "access.mode-covers");
    assert!(refused.detail.zh.contains("未覆盖"), "{refused:?}");
    operator.refused("runs.request", &over(question("rand-hie", 0.2), json!({ "author": "rival" })), "access.author-bound");
    // Who does not say who wrote it is held to what was said when it was uploaded.
    not_queued(&governed, "rand-hie-2", 0.1, "access.mode-covers");
    queued(&governed, "rand-hie", 0.15);
    governed.domain.audit();
}
