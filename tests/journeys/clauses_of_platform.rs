//! Clauses of the platform, asked of a running server: its five functions, what a result says of itself, and the way back
//! from data to what was made of them.

use serde_json::{Value, json};
use std::fs;
use std::sync::Arc;
use tidegate_http::api::{CallError, Client, Options, Secret, Trust};
use tidegate_tests::domain::rand_hie_schema;
use tidegate_tests::governed::{Governed, POLICY, base64_text, check_problem, field, over};

const MODEL: &str = "expensive-years";

fn question(epsilon: f64) -> Value {
    json!({ "dataset": "rand-hie", "module": MODEL, "epsilon": epsilon })
}

/// Secure access, trusted control, modelling, management and tracing: each lets through what it is for and stops what it is
/// against. The result carries its module, its mechanism, and where its data come from and since when.
// clause: E6, G9, G31, H4 both
#[test]
fn the_five_functions_of_the_platform() {
    let governed = Governed::begin();
    let (operator, regulator, provider) = (governed.by("operator"), governed.by("regulator"), governed.by("provider"));

    // Data without source and day of acquisition are not mounted, so nothing is made of them.
    governed.entry("rand-hie-visits");
    governed.mount("rand-hie-2", "rand-hie-visits", POLICY);
    for (line, instead, code) in [
        ("acquired = \"2026-11-21\"", "acquired = \"lately\"", "schema.date"),
        ("acquired = \"2026-11-21\"", "", "schema.syntax"),
        ("source = \"RAND", "source = \" \"\n# \"", "dataset.no-source"),
    ] {
        let schema = rand_hie_schema();
        assert!(schema.contains(line), "{line}");
        let files = json!([{ "table": "person-years", "file": "rand_hie.csv" }]);
        let mounting =
            json!({ "dataset": "rand-hie-2", "entry": "rand-hie-visits", "schema": schema.replacen(line, instead, 1), "files": files });
        provider.refused("datasets.mount", &mounting, code);
    }

    // Control: nothing runs before a grant, nor beyond its columns.
    governed.mount("rand-hie", "rand-hie-visits", POLICY);
    let plan = governed.plan();
    governed.agreement(&plan);
    governed.scenario("health-planning");
    let application = governed.application("rand-hie", "health-planning");
    governed.grant(&application, "rand-hie", 3.0);

    // Modelling: what is uploaded is what was sealed.
    let module = governed.module(MODEL);
    let another = fs::read(governed.domain.model("visits-by-plan", str::to_owned).join("model.wasm")).expect("a component");
    let swapped = over(module.clone(), json!({ "component": base64_text(&another) }));
    operator.refused("modules.upload", &swapped, "seal.other-component");
    let edited = field(&module, "manifest").replace("purpose = \"health-planning\"", "purpose = \"marketing\"");
    operator.refused("modules.upload", &over(module.clone(), json!({ "manifest": edited })), "seal.other-manifest");
    let uploaded = operator.does("modules.upload", &module);
    operator.does("modules.upload", &governed.module("any-visit-logistic"));
    let beyond = over(question(0.1), json!({ "module": "any-visit-logistic" }));
    operator.refused("runs.request", &beyond, "access.columns-in-scope");

    // Access: with a token of one's own and a signature of one's own organisation.
    let stranger = governed.client("city-health", "tg_no_such_token");
    let unknown = stranger.call_by_name("runs.request", &question(0.5), &Options::default()).map(drop);
    let token = Secret::new(operator.token.clone());
    let trust = Trust::default();
    let unsigned = Client::new(&governed.url(), Arc::clone(&governed.table), &trust, 300).expect("a client");
    let unsigned = unsigned.with_token(token).call_by_name("runs.request", &question(0.5), &Options::default()).map(drop);
    for (answer, code) in [(unknown, "authentication.failed"), (unsigned, "signature.needed")] {
        let Err(CallError::Refused(problem)) = answer else { panic!("{code}: {answer:?}") };
        check_problem(&problem);
        assert_eq!(problem.code, code, "{problem:?}");
    }

    let release = governed.released(MODEL, 0.5);
    let shown = operator.does("releases.show", &json!({ "release": release }));
    assert_eq!((&shown["module"], &shown["module_name"]), (&uploaded["module"], &json!(MODEL)), "{shown}");
    assert_eq!(shown["statistics"][0]["mechanism"], "gaussian", "{shown}");
    assert_eq!(shown["notice"][0]["acquired"], "2026-11-21", "{shown}");
    assert!(shown["notice"][0]["source"].to_string().contains("RAND"), "{shown}");

    // Management: a product is registered after a review by somebody else, and by the authority.
    let review = json!({ "release": release, "favourable": true, "opinion": "aggregates alone" });
    operator.refused("releases.review", &review, "access.reviewer-differs");
    governed.by("operator-2").does("releases.review", &review);

    // Tracing: from the version of the data to every run of it, for those who supervise and for the provider.
    let trace = json!({ "dataset": "rand-hie", "kind": "release" });
    let found = regulator.does("log.search", &trace);
    assert_eq!(found["matches"].as_array().map(Vec::len), Some(1), "{found}");
    assert_eq!(found["matches"][0]["content"]["run"], release.as_str(), "{found}");
    let explained = regulator.does("log.explain", &json!({ "run": release }));
    assert_eq!((&explained["reads"][0]["dataset"], &explained["reads"][0]["version"]), (&json!("rand-hie"), &json!(1)), "{explained}");
    let none = regulator.does("log.search", &json!({ "dataset": "rand-hie-2", "kind": "release" }));
    assert_eq!(none["matches"], json!([]), "nothing was made of the other data");
    let usage = provider.does("datasets.usage", &json!({ "dataset": "rand-hie" }));
    assert!(usage["process"].to_string().contains(&release), "{usage}");
    for (label, code) in [("operator", "access.t1"), ("provider-elsewhere", "access.t3")] {
        governed.by(label).refused("datasets.usage", &json!({ "dataset": "rand-hie" }), code);
    }
    operator.refused("log.search", &trace, "access.t1");
    operator.refused("log.explain", &json!({ "run": release }), "access.t1");
    regulator.refused("log.explain", &json!({ "run": "r-none" }), "log.run-unknown");
    regulator.refused("products.trace", &json!({ "digest": "0".repeat(64) }), "product.unknown-file");
    governed.domain.audit();
}
