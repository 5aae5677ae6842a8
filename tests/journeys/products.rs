//! From a release to a registered, delivered, acknowledged, received, verified and withdrawn product; and what is refused
//! on the way, by its clause.

use polars::prelude::{ParquetReader, SerReader as _};
use serde_json::Value;
use std::fs;
use tidegate_tests::domain::{Domain, IMMEDIATELY, OPERATOR, days_from_today, text};
use tidegate_tests::products::{RECIPIENT, Shop, failed, files_below};
use tidegate_tests::program::{is_chinese, repository, tidegate};

fn string(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}")).to_owned()
}

// clause: E6, G26, G31, G33, H3 permitted
// clause: F8, F15, G13, G22, G24, G29 both
#[test]
fn the_whole_path() {
    let shop = Shop::open();
    let (product, package) = shop.delivered("package");
    check_content(&shop, &package);
    let verified = shop.verify(&package, &["--recipient", RECIPIENT]).json();
    assert_eq!((&verified["forms_recomputed"], &verified["facts"]["product"]["id"]), (&true.into(), &product.clone().into()));
    assert_eq!(verified["facts"]["releases"][0]["run"], shop.run.as_str());
    let log = shop.domain.directory().join("log");
    let with_log = shop.verify(&package, &["--log", text(&log)]).json();
    assert!(with_log["log_entries"].as_u64() > verified["delivery_position"].as_u64(), "{with_log}");
    failed(&shop.verify(&package, &["--recipient", "somebody else"]), 3, "package.other-recipient");
    failed(&shop.verify(&shop.domain.beside("nothing"), &[]), 5, "package.not-found");

    // The recipient confirms; nobody else can.
    let (key, out) = (shop.domain.beside("bank.key"), shop.domain.beside("receipt"));
    shop.domain.key("other.key");
    let other = shop.domain.beside("other.key");
    let receipt = |key: &str, out: &str| shop.ask(&["receipt", text(&package), "--signed-with", key, "--key", &shop.vkey, "--out", out]);
    failed(&receipt(text(&other), text(&out)), 3, "package.other-recipient");
    receipt(text(&key), text(&out)).json();
    assert!(!string(&shop.ask(&["receive", text(&out)]).json(), "received_at").is_empty());
    shop.ask(&["receive", text(&out)]).refused("product.received-already");

    check_trace(&shop, &product, &package);
    let sections = shop.ask(&["export", &product]).json()["sections"].as_array().expect("sections").clone();
    let titles: Vec<&str> = sections.iter().filter_map(|section| section[0].as_str()).collect();
    let seven = ["主体信息", "数据合法合规性来源", "数据资源情况", "存证情况", "产品和服务信息", "应用场景信息", "数据安全风险评估"];
    assert_eq!(titles, seven);

    // Archives have one form, and the same bytes for the same delivery.
    shop.deliver(&product, RECIPIENT, "package.tar").json();
    let archive = shop.domain.beside("package.tar");
    assert_eq!(shop.verify(&archive, &[]).json()["facts"]["product"]["id"], product.as_str());
    shop.deliver(&product, RECIPIENT, "package.tar").refused("product.out-exists");

    // Withdrawn: nothing more is delivered, and who looks into the log sees it.
    shop.ask(&["withdraw", &product, "--by", "registry", "--opinion", "over"]).refused("product.withdrawer");
    shop.ask(&["withdraw", &product, "--by", OPERATOR]).refused("product.reason");
    shop.ask(&["withdraw", &product, "--by", OPERATOR, "--opinion", "no longer offered"]).json();
    shop.deliver(&product, RECIPIENT, "again").refused("product.not-coded");
    shop.step("revoke", &product, &["--opinion", "too late"]).refused("product.stage");
    assert_eq!(shop.verify(&package, &[]).code, Some(0), "the package alone cannot know");
    failed(&shop.verify(&package, &["--log", text(&log)]), 3, "package.withdrawn");
    shop.domain.audit();
    both_languages(&shop, &product, &package);
}

/// Every artefact carries the notice; nothing active or foreign is in it; the numbers are those of the release.
fn check_content(shop: &Shop, package: &std::path::Path) {
    let files = files_below(package);
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    let data: Vec<&str> = names.iter().copied().filter(|name| name.starts_with("data/")).collect();
    assert!(data.len() == 3 && names.iter().any(|name| name.starts_with("charts/")), "{names:?}");
    for needed in ["index.html", "VERIFY.md", "privacy.json", "metadata.json", "dcat.jsonld", "terms.txt", "statement.json", "SHA256SUMS"] {
        assert!(names.contains(&needed), "{needed}");
    }
    let noticed = |name: &str| {
        [".csv", ".json", ".parquet", ".svg", ".html", ".jsonld"].iter().any(|ending| name.ends_with(ending))
            && !name.starts_with("statement.")
    };
    for (name, bytes) in files.iter().filter(|(name, _)| noticed(name) && !name.starts_with("log/")) {
        let text = String::from_utf8_lossy(bytes);
        assert!(text.contains("RAND Health Insurance Experiment") && text.contains("2026-11-21"), "no notice in {name}");
    }
    let page = fs::read_to_string(package.join("index.html")).expect("page");
    assert!(!page.contains("<script") && page.contains("&lt;script&gt;") && page.contains("&lt;Bank&gt;"), "escaped");
    assert!(
        !page.contains("http://") || page.matches("http://").count() == page.matches("http://www.w3.org/2000/svg").count(),
        "no foreign resource"
    );
    let privacy: Value = serde_json::from_slice(&fs::read(package.join("privacy.json")).expect("privacy")).expect("JSON");
    let release = &privacy["releases"][0];
    let epsilon = |value: &Value| value.as_f64().expect("a number");
    let (one, two, four) =
        (epsilon(&release["epsilon"]), epsilon(&release["epsilon_for_groups"]["2"]), epsilon(&release["epsilon_for_groups"]["4"]));
    assert!(one > 0.49 && one <= 0.5 && two > 1.9 * one && four > 1.9 * two, "{one} {two} {four}");
    assert!(epsilon(&privacy["lineages"][0]["epsilon_since_first_release"]) >= one, "{privacy}");
    assert!(release["visibility_remark"]["zh"].as_str().is_some_and(is_chinese), "results were visible immediately, and it says so");
    // The table has the released values.
    let shown = shop.domain.ask(&["release", "show", &shop.run]).json();
    let csv = data.iter().find(|name| name.ends_with(".csv")).expect("csv");
    let csv = fs::read_to_string(package.join(csv)).expect("csv");
    for group in shown["statistics"][0]["groups"].as_array().expect("groups") {
        let value = group["estimates"][0]["value"].to_string();
        assert!(csv.contains(&format!(",{value},")), "{value} in {csv}");
    }
    let parquet = data.iter().find(|name| name.ends_with(".parquet")).expect("parquet");
    let file = fs::File::open(package.join(parquet)).expect("parquet");
    let frame = ParquetReader::new(file).finish().expect("a table");
    assert_eq!(frame.height(), csv.lines().filter(|line| !line.starts_with('#')).count() - 1);
}

fn check_trace(shop: &Shop, product: &str, package: &std::path::Path) {
    let (name, _) = files_below(package).into_iter().find(|(name, _)| name.ends_with(".parquet")).expect("a table");
    let file = package.join(&name);
    let inside = shop.ask(&["trace", text(&file)]).json();
    let found = &inside["deliveries"][0];
    assert_eq!((&found["delivery"]["product"], &found["runs"][0]["run"]), (&product.into(), &shop.run.as_str().into()));
    assert_eq!(found["runs"][0]["datasets"][0][0], "rand-hie");
    let outside = tidegate(&["--json", "product", "trace", text(&file), "--package", text(package), "--key", &shop.vkey]).json();
    assert_eq!((&outside["product"], &outside["path"]), (&product.into(), &name.into()));
    assert_eq!(outside["runs"][0]["module"], found["runs"][0]["module"]);
    shop.ask(&["trace", text(&repository("README.md"))]).refused("product.unknown-file");
}

fn both_languages(shop: &Shop, product: &str, package: &std::path::Path) {
    for arguments in [
        vec!["product", "list"],
        vec!["product", "show", product],
        vec!["product", "policy"],
        vec!["product", "export", product],
        vec!["product", "verify", text(package), "--key", &shop.vkey],
    ] {
        assert!(is_chinese(shop.domain.ask_with(&["--lang", "zh"], &arguments).text()), "{arguments:?}");
        assert!(!shop.domain.ask_with(&["--lang", "en"], &arguments).text().is_empty(), "{arguments:?}");
    }
}

// clause: F8, F15, G3, G4, G13, G22, G30 both
// clause: G26 refused
#[test]
fn what_the_clauses_forbid_is_refused() {
    let shop = Shop::open();
    let change = |from: &'static str, to: &'static str| shop.application(|text| text.replace(from, to));
    shop.register(&change("fen = 0", "fen = 100")).refused("application.public-good-price");
    let industry = "fen = 600, cap = { fen = 500, document = \"发改价格〔2025〕65号\" }";
    let industry = shop.application(|text| text.replace("public_good", "industry").replace("fen = 0", industry));
    shop.register(&industry).refused("application.above-cap");
    shop.register(&change("\"health-bureau\"", "\"city-health\"")).refused("application.holding");
    shop.register(&shop.application(|text| text.replace(&shop.run, "r-none"))).refused("product.run");
    shop.register(&change("city-health\"\nruns", "another\"\nruns")).refused("product.other-operator");
    let yesterday = days_from_today(-1);
    let over = shop.application(|text| text.replace(&days_from_today(200), &yesterday));
    shop.register(&over).refused("product.risk-assessment");

    let product = string(&shop.register(&industry.replace("fen = 600", "fen = 500")).json(), "product");
    shop.ask(&["accept", &product, "--by", OPERATOR]).refused("product.self-review");
    shop.step("review", &product, &[]).refused("product.stage");
    shop.code(&product).refused("product.stage");
    shop.step("refuse", &product, &[]).refused("product.reason");
    let due = |product: &str| shop.ask(&["show", product]).json()["deadlines"].clone();
    assert!(string(&due(&product)[0]["what"], "zh").contains("3 个工作日"));
    shop.step("accept", &product, &[]).json();
    shop.step("review", &product, &["--opinion", "齐全"]).json();
    shop.deliver(&product, RECIPIENT, "early").refused("product.not-coded");
    // Ten working days by default; the notice of today is not over.
    shop.ask(&["policy", "--notice-days", "10", "--by", "authority"]).json();
    shop.step("notice", &product, &[]).json();
    shop.code(&product).refused("product.notice");
    shop.ask(&["policy", "--notice-days", "0", "--by", "authority"]).json();
    let evidence = shop.domain.write("evidence", "a letter");
    let objection = ["--objector", "张三", "--evidence", text(&evidence)];
    shop.step("decide", &product, &["--dismissed", "--opinion", "none"]).refused("product.no-objection");
    shop.step("object", &product, &objection).json();
    shop.code(&product).refused("product.objection-open");
    shop.step("decide", &product, &["--dismissed", "--opinion", "evidence does not hold"]).json();
    assert_eq!(shop.code(&product).json()["stage"], "coded");
    shop.deliver(&product, RECIPIENT, "early").refused("product.not-acknowledged");
    shop.acknowledge(&product).json();
    shop.acknowledge_again(&product);
    shop.deliver(&product, "another bank", "early").refused("product.not-acknowledged");

    // An upheld objection ends it.
    let second = string(&shop.register(&shop.application(|text| text)).json(), "product");
    for step in ["accept", "review", "notice"] {
        shop.step(step, &second, &[]).json();
    }
    shop.step("object", &second, &objection).json();
    assert_eq!(shop.step("decide", &second, &["--upheld", "--opinion", "right"]).json()["stage"], "refused");
    shop.code(&second).refused("product.stage");

    // Registrable as a form, but nothing that leaves in a package.
    let verification = shop.coded(&change("数据报告", "数据核验"));
    shop.acknowledge(&verification).json();
    shop.deliver(&verification, RECIPIENT, "verification").refused("product.verification");

    // Where the authority demands no code, the form review is enough; names stand in no entry.
    let third = string(&shop.register(&shop.application(|text| text)).json(), "product");
    shop.step("accept", &third, &[]).json();
    shop.step("review", &third, &[]).json();
    shop.acknowledge(&third).json();
    shop.deliver(&third, RECIPIENT, "uncoded").refused("product.not-coded");
    shop.ask(&["policy", "--coded-needed", "false", "--by", "authority"]).json();
    shop.deliver(&third, RECIPIENT, "uncoded").json();
    shop.verify(&shop.domain.beside("uncoded"), &["--recipient", RECIPIENT]).json();

    // A revoked grant ends deliveries.
    let grant = string(&shop.domain.ask(&["grant", "list"]).json()[0], "id");
    shop.domain.ask(&["grant", "revoke", &grant, "--reason", "over"]).json();
    shop.deliver(&third, RECIPIENT, "late").refused("product.grant");
    shop.domain.audit();
    let entries = shop.domain.directory().join("log/tile/entries");
    for (name, bytes) in files_below(&entries) {
        let text = String::from_utf8_lossy(&bytes);
        for secret in ["张三", "示例银行", "Harbin", "L-7", "C-2026-11", "DP-230500", "齐全", "fen", "evidence does not hold"] {
            assert!(!text.contains(secret), "{secret} in {name}");
        }
    }
}

trait Again {
    fn acknowledge_again(&self, product: &str);
}

impl Again for Shop {
    fn acknowledge_again(&self, product: &str) {
        let signed = self.domain.beside(&format!("{product}.signed"));
        self.ask(&["acknowledge", text(&signed)]).refused("product.acknowledged-already");
        let mut changed = fs::read(&signed).expect("signed");
        let at = changed.len() / 2;
        changed[at] ^= 1;
        let forged = self.domain.write("forged", changed);
        assert_eq!(self.ask(&["acknowledge", text(&forged)]).code, Some(2));
    }
}

// clause: G15 both
#[test]
fn nobody_develops_again_what_he_delivered() {
    let shop = Shop::open();
    let (first, _) = shop.delivered("first");
    let made_from = |input: &str| format!("inputs = [\"{input}\"]\nform");
    shop.register(&shop.application(|text| text.replace("form", &made_from(&first)))).refused("product.redeveloped");
    shop.register(&shop.application(|text| text.replace("form", &made_from("p-none")))).refused("product.input");

    // Another operator, with a release of its own, may; but no affiliate, and not the first one through it.
    let other = "harbour";
    shop.domain.key("harbour.key");
    let key = shop.domain.beside("harbour.key");
    let public = format!("{}.pub", text(&key));
    let until = days_from_today(300);
    let columns = "person-years.plan,person-years.mdvis,person-years.meddol";
    let granted = ["--operator", other, "--operator-key", &public, "--columns", columns, "--epsilon", "2", "--until", &until];
    shop.domain.grant_with(&granted).json();
    let model = shop.domain.model("expensive-years", |manifest| format!("{manifest}\n# of the harbour\n"));
    shop.domain.ask(&["model", "sign", text(&model), "--key", text(&key)]).json();
    shop.domain.ask(&["model", "upload", text(&model), "--operator", other]).json();
    let run = ["run", "--dataset", "rand-hie", "--model", "expensive-years", "--operator", other, "--epsilon", "0.5"];
    let run = string(&shop.domain.ask(&run).json(), "run");
    let theirs = |extra: &str| {
        let text = shop.application(|text| text.replace(OPERATOR, other).replace(&shop.run, &run));
        text.replace("form", &format!("{extra}{}", made_from(&first)))
    };
    shop.register(&theirs(&format!("affiliates = [\"{OPERATOR}\"]\n"))).refused("product.redeveloped");
    let second = string(&shop.register(&theirs("")).json(), "product");
    shop.register(&shop.application(|text| text.replace("form", &made_from(&second)))).refused("product.redeveloped");
    shop.domain.audit();
}

/// Exact tables travel as what they are: not differentially private, with their rules and approvers.
#[test]
fn exact_tables_become_a_product_too() {
    let domain = Domain::empty();
    let key = |name: &str| string(&domain.key(name), "public_key");
    let approvers = [key("one"), key("other")];
    domain.key("operator.key");
    let reviewed = format!("{IMMEDIATELY}\n[reviewed_aggregate]\napprovers = [\"{}\", \"{}\"]\n", approvers[0], approvers[1]);
    domain.mount_rand_hie(&reviewed);
    domain.grant("person-years.plan,person-years.year,person-years.meddol,person-years.mdvis", "5");
    domain.upload_samples(&["plan-year-table"]);
    for name in ["one", "other"] {
        let key = domain.beside(name);
        let model = ["model", "approve", "plan-year-table", "--dataset", "rand-hie", "--operator", OPERATOR, "--key", text(&key)];
        domain.ask(&model).json();
    }
    let run = ["run", "--dataset", "rand-hie", "--model", "plan-year-table", "--operator", OPERATOR];
    let shown = domain.ask(&run).json();
    let shop = Shop::over(domain, string(&shown, "run"));
    let (_, package) = shop.delivered("package");
    let verified = shop.verify(&package, &[]).json();
    assert_eq!(verified["facts"]["releases"][0]["statistics"]["differentially_private"], false);
    let privacy: Value = serde_json::from_slice(&fs::read(package.join("privacy.json")).expect("privacy")).expect("JSON");
    assert_eq!(
        (&privacy["releases"][0]["mode"], &privacy["lineages"][0]["exact_tables_released"]),
        (&"reviewed_aggregate".into(), &true.into())
    );
    let page = fs::read_to_string(package.join("index.html")).expect("page");
    assert!(page.contains("NOT differentially private") && page.contains("不具备差分隐私"), "{page}");
    let trace = shop.ask(&["trace", text(&package.join("privacy.json"))]).json();
    let named: Vec<&str> =
        trace["deliveries"][0]["runs"][0]["approvers"].as_array().expect("approvers").iter().filter_map(Value::as_str).collect();
    assert!(approvers.iter().all(|approver| named.contains(&approver.as_str())), "{trace}");
    shop.domain.audit();
}

/// Vectors, several rounds with a report, automatic bounds and quantiles: all of them in one product.
#[test]
fn every_kind_of_statistic_becomes_tables_and_charts() {
    let domain = Domain::with_rand_hie(IMMEDIATELY);
    let columns = ["coins", "meddol", "mdvis", "xage", "female", "income", "hlthg", "hlthf", "hlthp", "disea", "child"];
    let columns = columns.map(|name| format!("person-years.{name}"));
    domain.grant(&columns.join(","), "9");
    let models = ["any-visit-logistic", "total-visits", "expenditure-quantiles", "visits-ols"];
    domain.upload_samples(&models);
    let runs: Vec<String> = models.iter().map(|model| string(&domain.run(model, "1", &[]).json(), "run")).collect();
    let shop = Shop::over(domain, runs.join("\", \""));
    let (_, package) = shop.delivered("package");
    shop.verify(&package, &[]).json();
    let files = files_below(&package);
    let of = |run: &String, room: &str, ending: &str| {
        files.iter().filter(|(name, _)| name.starts_with(&format!("{room}/{run}-")) && name.ends_with(ending)).count()
    };
    for run in &runs {
        let tables = of(run, "data", ".csv");
        assert!(tables > 0, "{run}");
        assert_eq!((of(run, "data", ".json"), of(run, "data", ".parquet"), of(run, "charts", ".svg")), (tables, tables, tables), "{run}");
    }
    for (name, bytes) in files.iter().filter(|(name, _)| name.ends_with(".svg")) {
        let bars = String::from_utf8_lossy(bytes).matches("<rect x=").count();
        assert!(bars > 0, "no bars in {name}");
    }
}

#[test]
fn packages_die_with_their_keys_and_registrations() {
    let shop = Shop::open();
    let (product, package) = shop.delivered("package.tar");
    let log = shop.domain.directory().join("log");
    shop.verify(&package, &["--log", text(&log)]).json();
    // New keys sign from here on; what the old ones signed still holds.
    let before = shop.ask(&["keys"]).json();
    let after = shop.ask(&["keys", "--renew"]).json();
    assert!(before["p256"] != after["p256"] && before["ed25519"] != after["ed25519"]);
    shop.verify(&package, &["--log", text(&log)]).json();
    shop.deliver(&product, RECIPIENT, "second").json();
    let second = shop.domain.beside("second");
    shop.verify(&second, &["--log", text(&log)]).json();
    shop.ask(&["keys", "--renew", "--revoke-earlier"]).json();
    for package in [&package, &second] {
        failed(&shop.verify(package, &["--log", text(&log)]), 3, "package.keys-revoked");
    }
    shop.deliver(&product, RECIPIENT, "third").json();
    let third = shop.domain.beside("third");
    shop.verify(&third, &["--log", text(&log)]).json();
    shop.step("revoke", &product, &["--opinion", "false material"]).json();
    failed(&shop.verify(&third, &["--log", text(&log)]), 3, "package.revoked");
    // Another log's key, and a copy that is too old.
    let stranger = Shop::open();
    failed(&stranger.verify(&third, &[]), 4, "note.unsigned");
    let strange = stranger.domain.directory().join("log");
    assert_ne!(shop.verify(&third, &["--log", text(&strange)]).code, Some(0));
    shop.domain.audit();
}
