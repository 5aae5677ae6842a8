//! From an empty domain to a verified delivery, over HTTP alone, as provider, authority, operator, regulator and exchange
//! play it on the RAND data; and what each of them is refused on the way.

use serde_json::{Value, json};
use std::fs;
use tidegate_http::api::Options;
use tidegate_tests::domain::{days_from_today, rand_hie_schema, text};
use tidegate_tests::governed::{Governed, POLICY, agreement_text, base64_text, entry_text, field, organisation_input, over, public_key};
use tidegate_tests::program::{is_chinese, repository, tidegate};

const MODEL: &str = "expensive-years";

fn entries(governed: &Governed) -> u64 {
    let checkpoint = governed.by("auditor").does("log.checkpoint", &json!({}));
    checkpoint["size"].as_u64().unwrap_or_else(|| panic!("no size in {checkpoint}"))
}

/// The catalogue: nothing secret, reviewed by somebody else, graded, published; and only then mounted.
// clause: A2, A3, A5, B1, B7, C1, D1, D2 refused
// clause: A5, B1, B7, C1, D1 permitted
#[test]
fn an_entry_is_reviewed_and_published_before_data_are_mounted() {
    let governed = Governed::begin();
    let (provider, authority) = (governed.by("provider"), governed.by("authority"));
    let entry = entry_text(&governed, "rand-hie-visits");
    let draft = |above: Value| json!({ "content": over(entry.clone(), above) });
    let before = entries(&governed);
    provider.refused("entries.draft", &draft(json!({ "secret": "state" })), "access.no-secret");
    provider.refused("entries.draft", &draft(json!({ "sharing": { "type": "secret_sharing" } })), "input.wrong");
    authority.refused("entries.draft", &draft(json!({})), "access.t1");
    assert_eq!(entries(&governed), before, "refusals leave no entry");

    provider.does("entries.draft", &draft(json!({ "industry": "", "unit": null })));
    let one = json!({ "entry": "rand-hie-visits" });
    let refused = provider.problem("entries.submit", &one);
    let all = format!("{refused:?}");
    assert!(all.contains("industry") && all.contains("Art. 12"), "each missing field by its name and article: {all}");
    let edit = over(json!({ "entry": "rand-hie-visits" }), draft(json!({})));
    provider.refused("entries.edit", &edit, "version.missing");
    let options = |version: &str| Options { if_match: Some(version.to_owned()), ..Options::default() };
    assert!(provider.call_with("entries.edit", &edit, &options("7")).is_err(), "another version");
    provider.call_with("entries.edit", &edit, &options("1")).expect("edited");
    provider.does("entries.submit", &one);
    let review = json!({ "entry": "rand-hie-visits", "approve": true });
    provider.refused("entries.review", &review, "access.t1");
    authority.refused("entries.publish", &one, "access.t2");

    // Nothing is mounted under what is not published.
    let file = governed.domain.directory().join("imports/health-bureau").join("rand_hie.csv");
    fs::copy(repository("sample-models/datasets/rand-hie/rand_hie.csv"), file).expect("copy");
    let set = json!({ "dataset": "rand-hie", "entry": "rand-hie-visits", "policy": POLICY, "units_max": 6000 });
    authority.does("datasets.set-policy", &set);
    let files = json!([{ "table": "person-years", "file": "rand_hie.csv" }]);
    let mounting = json!({ "dataset": "rand-hie", "entry": "rand-hie-visits", "schema": rand_hie_schema(), "files": files });
    provider.refused("datasets.mount", &mounting, "access.entry-published");

    authority.does("entries.review", &review);
    authority.does("entries.publish", &one);
    governed.by("provider-elsewhere").refused("datasets.mount", &mounting, "access.t3");
    let report = provider.does("datasets.mount", &mounting);
    assert!(report.to_string().contains("5912"), "the provider sees exact counts: {report}");
    for label in ["authority", "operator", "regulator", "custodian", "auditor"] {
        governed.by(label).refused("datasets.report", &json!({ "dataset": "rand-hie" }), "access.t1");
    }

    // An entry without class or level is not published.
    provider.does("entries.draft", &draft(json!({ "id": "ungraded", "security_level": null, "category": "" })));
    let ungraded = json!({ "entry": "ungraded" });
    provider.does("entries.submit", &ungraded);
    authority.does("entries.review", &json!({ "entry": "ungraded", "approve": true }));
    authority.refused("entries.publish", &ungraded, "access.graded");
    governed.domain.audit();
}

/// Papers in their order: no signature before the decision, no grant before everything is there.
// clause: A1, F1, F2, G1, G2, G5, G7, G27, K9 both
#[test]
fn no_grant_without_its_papers() {
    let governed = Governed::begin();
    let (authority, operator) = (governed.by("authority"), governed.by("operator"));
    governed.entry("rand-hie-visits");
    governed.mount("rand-hie", "rand-hie-visits", POLICY);
    operator.refused("applications.submit", &governed.application_text("rand-hie", "health-planning"), "access.agreement-active");
    operator.refused(
        "scenarios.propose",
        &governed.input("scenarios.propose", json!({ "scenario": "health-planning" })),
        "access.agreement-active",
    );

    let plan = field(&governed.does("authority", "plans.draft", json!({})), "plan");
    let one = json!({ "plan": plan });
    authority.refused("plans.approve", &governed.input("plans.approve", one.clone()), "access.t2");
    let agreement = field(&governed.does("authority", "agreements.prepare", agreement_text("city-health", &plan)), "agreement");
    let with = |above: Value| over(json!({ "agreement": agreement }), above);
    authority.refused("agreements.sign", &with(json!({})), "access.t2");
    governed.does("authority", "agreements.notice", with(json!({ "notice_until": "2026-10-15" })));
    let early = governed.input("agreements.decide", with(json!({ "on": "2026-10-10" })));
    authority.refused("agreements.decide", &early, "selection.no-decision");
    governed.does("authority", "agreements.decide", with(json!({ "on": "2026-10-20" })));
    let unplanned = authority.problem("agreements.sign", &with(json!({})));
    assert_eq!(unplanned.code, "access.plan-approved", "{unplanned:?}");
    governed.does("authority", "plans.submit", one.clone());
    governed.does("authority", "plans.approve", one);
    governed.does("authority", "agreements.qualify", with(json!({ "valid_until": days_from_today(300) })));
    authority.does("agreements.sign", &with(json!({})));
    governed.by("operator-elsewhere").refused("agreements.sign", &with(json!({})), "access.t3");
    operator.does("agreements.sign", &with(json!({})));

    governed.does("operator", "scenarios.propose", json!({ "scenario": "health-planning" }));
    let text = governed.application_text("rand-hie", "health-planning");
    for empty in ["basis", "goal", "safeguards", "way"] {
        operator.refused("applications.submit", &over(text.clone(), json!({ empty: " " })), "application.incomplete");
    }
    operator.refused("applications.submit", &over(text.clone(), json!({ "promised": false })), "application.not-promised");
    operator.refused("applications.submit", &over(text, json!({ "columns": ["person-years.*"] })), "application.all-columns");
    let application = governed.application("rand-hie", "health-planning");
    let grant = governed.grant_text(&application, "rand-hie", 3.0);
    authority.refused("grants.give", &grant, "access.scenario-assessed");
    governed.does("authority", "scenarios.assess", json!({ "scenario": "health-planning" }));
    authority.refused("grants.give", &over(grant.clone(), json!({ "columns": ["person-years.disea"] })), "grant.beyond-application");
    authority.refused("grants.give", &over(grant.clone(), json!({ "purpose": "marketing" })), "grant.beyond-application");
    operator.refused("grants.give", &grant, "access.t1");
    operator.refused("modules.upload", &governed.module(MODEL), "module.unknown-signer");
    authority.does("grants.give", &grant);
    operator.does("modules.upload", &governed.module(MODEL));
    governed.by("operator-elsewhere").refused("modules.upload", &governed.module(MODEL), "access.agreement-active");
    governed.domain.audit();
}

/// The whole way, and back from the delivered file.
// clause: G10, G13, G17, G24, G29, G31, H3 permitted
// clause: E5, F8, F15, G17, G22, J4 both
// clause: G9 permitted
#[test]
fn from_nothing_to_a_verified_delivery() {
    let governed = Governed::ready(POLICY, MODEL);
    let operator = governed.by("operator");
    governed.by("operator-elsewhere").problem("runs.request", &json!({ "dataset": "rand-hie", "module": MODEL, "epsilon": 0.5 }));
    let release = governed.released(MODEL, 0.5);
    let shown = operator.does("releases.show", &json!({ "release": release }));
    assert!(shown.to_string().contains("estimates"), "{shown}");
    governed.by("operator-elsewhere").problem("releases.show", &json!({ "release": release }));

    // Two gates with a named person each: the second is somebody else than who asked.
    let application = format!(
        "operator = \"city-health\"\nruns = [\"{release}\"]\nform = \"数据报告\"\nuse_class = \"public_good\"\n\
         title = {{ zh = \"高费用人年\", en = \"Expensive years\" }}\ndescription = {{ zh = \"按年份统计\", en = \"By year\" }}\n\
         scenario = {{ zh = \"卫生规划\", en = \"Health planning\" }}\nprice = {{ fen = 0, metering = \"产品数量\" }}\n\
         rights = {{ holding = \"health-bureau\", processing = \"city-health\", operation = \"city-health\" }}\n\
         risk_assessment = {{ reference = \"R-1\", assessor = \"assessor\", valid_until = \"{}\" }}\n",
        days_from_today(200)
    );
    let apply = json!({ "application": &application });
    operator.refused("products.register", &apply, "access.release-reviewed");
    let review = json!({ "release": release, "favourable": true, "opinion": "aggregates alone; no group is small" });
    operator.refused("releases.review", &review, "access.reviewer-differs");
    governed.by("operator-2").does("releases.review", &review);
    governed.by("authority").does("products.set-policy", &json!({ "coded_needed": true, "notice_days": 0 }));
    let product = field(&operator.does("products.register", &apply), "product");
    let step = |kind: &str, above: Value| over(json!({ "product": product, "kind": kind }), above);
    operator.refused("products.step", &step("accepted", json!({})), "access.t1");
    for kind in ["accepted", "reviewed", "notice"] {
        governed.by("authority").does("products.step", &step(kind, json!({})));
    }
    let deliver =
        json!({ "product": product, "recipient": "data-exchange", "exchange": "哈尔滨数据交易中心", "listing": "L-7", "contract": "C-7" });
    operator.refused("deliveries.deliver", &deliver, "access.registered");
    let code = json!({ "code": { "code": "DP-230500-1", "issuer": "national registry", "scheme": "unknown" } });
    governed.by("authority").does("products.step", &step("coded", code));

    // A module that was withdrawn is not run again; what it released stays.
    let module = operator.does("modules.list", &json!({}))["items"][0]["module"].clone();
    let withdrawal = json!({ "module": module, "reason": "第二版已发布" });
    for other in ["operator-elsewhere", "authority"] {
        governed.by(other).problem("modules.withdraw", &withdrawal);
    }
    operator.does("modules.withdraw", &withdrawal);
    operator.refused("runs.request", &json!({ "dataset": "rand-hie", "module": MODEL, "epsilon": 0.25 }), "run.module-withdrawn");
    operator.refused("modules.withdraw", &withdrawal, "access.t2");
    operator.does("releases.show", &json!({ "release": release }));

    // The exchange acknowledges the terms with its own key, receives the package and verifies it with public keys alone.
    let exchange = governed.by("exchange");
    let terms = field(&exchange.does("products.show", &json!({ "product": product })), "terms");
    let terms = governed.domain.write("terms.txt", terms);
    let (key, signed) = (governed.domain.beside("data-exchange.key"), governed.domain.beside("signed"));
    let recipient = "哈尔滨数据交易中心有限公司";
    let arguments = ["--terms", text(&terms), "--recipient", recipient, "--key", text(&key), "--out", text(&signed), "--json"];
    tidegate(&[&["product", "acknowledgement", &product], arguments.as_slice()].concat()).json();
    let file = base64_text(&fs::read(&signed).expect("signed"));
    operator.refused("deliveries.deliver", &over(deliver.clone(), json!({ "contract": " " })), "access.delivered-where-it-must");
    operator.refused("deliveries.deliver", &deliver, "access.delivered-where-it-must");
    let listing = json!({ "product": product, "listing": "L-7" });
    operator.refused("products.list_at_exchange", &listing, "access.t1");
    assert_eq!(exchange.does("products.list_at_exchange", &listing)["exchange"], "data-exchange");
    operator.refused("deliveries.deliver", &deliver, "access.terms-acknowledged");
    exchange.does("deliveries.acknowledge", &json!({ "product": product, "file": file }));
    // Who acknowledged is for those who may trace the product.
    let acknowledged = |label: &str| governed.by(label).does("products.show", &json!({ "product": product }))["acknowledgements"].clone();
    assert_eq!(acknowledged("authority").as_array().map(Vec::len), Some(1));
    assert_eq!(acknowledged("operator-elsewhere").as_array().map(Vec::len), Some(0));
    operator.problem("deliveries.deliver", &over(deliver.clone(), json!({ "recipient": "studio" })));
    let delivered = operator.does("deliveries.deliver", &deliver);
    let delivery = json!({ "delivery": delivered["delivery"] });
    governed.by("developer").problem("deliveries.package", &delivery);
    let package = exchange.does("deliveries.package", &delivery);
    let package = decode(package["archive"].as_str().expect("archive"));
    let package = governed.domain.write("package.tar", package);
    let vkey = fs::read_to_string(governed.domain.directory().join("log/vkey")).expect("vkey").trim().to_owned();
    let verify = |more: &[&str]| tidegate(&[&["--json", "product", "verify", text(&package), "--key", &vkey], more].concat());
    let verified = verify(&["--recipient", recipient]).json();
    assert_eq!(verified["facts"]["product"]["id"], product.as_str());
    assert_eq!(verify(&["--recipient", "somebody else"]).code, Some(3));
    let receipt = governed.domain.beside("receipt");
    let arguments = ["--signed-with", text(&key), "--key", &vkey, "--out", text(&receipt), "--json"];
    tidegate(&[&["product", "receipt", text(&package)], arguments.as_slice()].concat()).json();
    let file = base64_text(&fs::read(&receipt).expect("a receipt"));
    exchange.does("deliveries.receive", &over(delivery.clone(), json!({ "file": file })));

    // An operator does not develop what was delivered further.
    let again = format!("inputs = [\"{product}\"]\n{application}");
    operator.refused("products.register", &json!({ "application": again }), "access.no-redevelopment");

    // The regulator explains the run, replays it, and finds nothing.
    let regulator = governed.by("regulator");
    let told = regulator.does("log.explain", &json!({ "run": release }));
    assert!(told.to_string().contains(&release), "{told}");
    operator.refused("log.explain", &json!({ "run": release }), "access.t1");
    let replay = field(&regulator.does("replays.request", &json!({ "run": release })), "run");
    let replayed = governed.wait("regulator", &replay, "released");
    assert_eq!(replayed["replays"][0]["outcome"]["verdict"], "match", "{replayed}");
    governed.by("auditor").refused("replays.request", &json!({ "run": release }), "access.t1");

    // Whoever has another key now has not signed the terms with it.
    let keys =
        json!({ "keys": [{ "id": public_key(&governed.domain, "auditors"), "public_key": public_key(&governed.domain, "auditors") }] });
    let changed = over(organisation_input(&governed.domain, 8), keys);
    let newest = Options { if_match: Some("1".into()), ..Options::default() };
    governed.by("authority").call_with("organisations.change", &changed, &newest).expect("a change of keys");
    operator.refused("deliveries.deliver", &deliver, "access.recipient-bound");

    // A product that is revoked is handed out no more.
    governed.by("authority").does("products.revoke", &governed.input("products.revoke", json!({ "product": product })));
    exchange.refused("deliveries.package", &delivery, "delivery.product-ended");
    governed.domain.audit();
}

/// An objection with evidence stops what runs, at once; nothing of it is published, and nothing new begins until it is
/// decided. Deciding is for the provider, an appeal for another person.
// clause: I9 both
#[test]
fn an_objection_stops_a_running_run_at_once() {
    let governed = Governed::ready(POLICY, MODEL);
    let (operator, exchange, provider) = (governed.by("operator"), governed.by("exchange"), governed.by("provider"));
    let first = governed.run(MODEL, 0.5);
    let second = governed.run(MODEL, 0.25);
    governed.wait("operator", &first, "running");
    let objection = json!({ "dataset": "rand-hie", "statement": "费用有误", "evidence": "" });
    exchange.refused("objections.file", &objection, "access.evidence-given");
    let filed = exchange.does("objections.file", &over(objection, json!({ "evidence": "一封信" })));
    let id = field(&filed, "objection");
    for run in [&first, &second] {
        let shown = governed.wait("operator", run, "stopped");
        assert!(shown["release"].is_null() && is_chinese(&shown["refusal"].to_string()), "{shown}");
    }
    let question = json!({ "dataset": "rand-hie", "module": MODEL, "epsilon": 0.125 });
    operator.refused("runs.request", &question, "access.not-suspended");
    let decision = json!({ "objection": id, "outcome": "restore", "reason": "经核实无误" });
    operator.problem("objections.decide", &decision);
    provider.does("objections.decide", &decision);
    assert!(!governed.released(MODEL, 0.125).is_empty());
    let audit = governed.domain.audit();
    assert_eq!(audit["runs"], 2, "the stopped run keeps its charge, the one that waited was never admitted: {audit}");
}

/// A higher level wants more: encrypted storage before anything is mounted, and one person more who agrees.
// clause: C1, C2 both
#[test]
fn a_higher_level_wants_encryption_and_more_people() {
    let mut governed = Governed::begin();
    let levels = fs::read_to_string(repository("policies/packs/levels.toml")).expect("levels");
    let levels = levels.replace("approvals = 1", "approvals = 3").replace("approvals = 2", "approvals = 3");
    governed.by("authority").does("settings.set_levels", &json!({ "text": levels }));
    let content = over(entry_text(&governed, "rand-hie-visits"), json!({ "security_level": "l2" }));
    governed.by("provider").does("entries.draft", &json!({ "content": content }));
    let entry = json!({ "entry": "rand-hie-visits" });
    governed.by("provider").does("entries.submit", &entry);
    governed.by("authority").does("entries.review", &over(entry.clone(), json!({ "approve": true })));
    governed.by("authority").does("entries.publish", &entry);

    let walls = "walls = [\"no_new_privileges\", \"limits\", \"seccomp\", \"landlock\"]";
    let policy = |run: &str| {
        format!(
            "lifetime_epsilon = 4.0\ndelta = 1e-6\nrun_epsilon_max = {run}\nvisibility = \"at_slot\"\n{walls}\n[period]\ndays = 30\nepsilon = 2.0\n"
        )
    };
    let set = |run: &str| json!({ "dataset": "rand-hie", "entry": "rand-hie-visits", "policy": policy(run), "units_max": 6000 });
    governed.by("authority").refused("datasets.set-policy", &set("1.0"), "dataset.level-encryption");
    let storage = json!({ "encrypted": true, "means": "dm-crypt, SM4-XTS", "document": "密评报告 2026-7" });
    governed.by("authority").refused("domain.declare-storage", &storage, "access.t1");
    governed.by("custodian").does("domain.declare-storage", &storage);
    governed.by("authority").refused("datasets.set-policy", &set("2.5"), "dataset.level-limits");
    governed.mount("rand-hie", "rand-hie-visits", &policy("1.0"));

    let plan = governed.plan();
    governed.agreement(&plan);
    governed.scenario("health-planning");
    let application = governed.application("rand-hie", "health-planning");
    let grant = governed.grant_text(&application, "rand-hie", 1.0);
    governed.by("authority").refused("grants.give", &grant, "grant.level-approvals");
    governed.hire("authority-2", "data-bureau", "authority", "高远");
    governed.by("authority-2").does("grants.give", &grant);
    // What was declared is withdrawn: nothing new is given or run.
    governed.by("custodian").does("domain.declare-storage", &over(storage, json!({ "encrypted": false })));
    governed.by("authority-2").refused("grants.give", &grant, "access.level-limits-met");
    governed.by("operator").does("modules.upload", &governed.module(MODEL));
    let question = json!({ "dataset": "rand-hie", "module": MODEL, "epsilon": 0.5 });
    governed.by("operator").refused("runs.request", &question, "access.level-limits-met");
    governed.domain.audit();
}

/// What ends with the agreement: accounts, tokens and keys, in the same act.
// clause: J8, J9 both
#[test]
fn the_end_of_an_agreement_ends_its_accounts() {
    let governed = Governed::ready(POLICY, MODEL);
    let agreements = governed.by("operator").does("agreements.list", &json!({}));
    let agreement = field(&agreements["items"][0], "agreement");
    let end = json!({ "agreement": agreement, "reason": " " });
    governed.by("authority").refused("agreements.end", &end, "access.reason-given");
    governed.by("operator").does("accounts.self", &json!({}));
    governed.by("authority").does("agreements.end", &over(end, json!({ "reason": "期满" })));
    for label in ["operator", "operator-2"] {
        governed.by(label).refused("accounts.self", &json!({}), "authentication.failed");
    }
    governed.by("developer").does("accounts.self", &json!({}));
    governed.by("developer").refused("datasets.report", &json!({ "dataset": "rand-hie" }), "access.t1");
    governed.domain.audit();
}

fn decode(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).expect("base64")
}

/// The key in the domain's own files is the one that the grant names.
#[test]
fn keys_are_what_was_registered() {
    let governed = Governed::begin();
    let shown = governed.by("auditor").does("organisations.show", &json!({ "organisation": "city-health" }));
    assert_eq!(shown["keys"][0]["public_key"], public_key(&governed.domain, "city-health").as_str());
}
