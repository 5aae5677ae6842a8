//! Models that cannot be taken in: each refused in bounded time by `model check` and again by the domain, which
//! does not trust a check made elsewhere.

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, Instant};
use tidegate_tests::domain::{Domain, IMMEDIATELY, OPERATOR, question, text};
use tidegate_tests::program::repository;
use tidegate_tests::unchanged::listing;

fn domain() -> Domain {
    let domain = Domain::with_rand_hie(IMMEDIATELY);
    domain.grant("person-years.plan,person-years.meddol", "4");
    domain
}

fn manifest() -> String {
    fs::read_to_string(repository("sample-models/models/expensive-years/manifest.toml")).expect("manifest")
}

/// Refused by `model check`, and by the domain, which stays as it was.
#[track_caller]
fn refused(domain: &Domain, model: &Path, code: &str) -> String {
    let before = listing(domain.directory());
    let checked = domain.ask(&["model", "check", text(model)]).refused(code);
    let uploaded = domain.upload(model).refused(code);
    assert_eq!(checked.en, uploaded.en);
    assert_eq!(listing(domain.directory()), before, "{code} left something behind");
    uploaded.en
}

// clause: G20 refused
#[test]
fn components_that_break_the_contract() {
    let domain = domain();
    for (bad, code) in [
        ("core-module", "module.core-module"),
        ("no-export", "module.no-export"),
        ("wrong-version", "module.no-export"),
        ("wrong-signature", "module.signature"),
        ("wrong-cell", "module.signature"),
        ("extra-export", "module.extra-export"),
        ("imports-function", "module.import"),
        ("imports-type", "module.import"),
        ("shared-memory", "module.invalid"),
    ] {
        let component = wat::parse_file(repository(&format!("sample-models/bad/{bad}.wat"))).expect("assemble");
        let sentence = refused(&domain, &domain.model_of(bad, &component, &manifest()), code);
        assert!(!bad.starts_with("imports") || sentence.contains('`'), "the import is named: {sentence}");
    }
    let good = fs::read(repository("sample-models/built/expensive-years.wasm")).expect("component");
    for (what, component, code) in [
        ("empty", vec![], "module.not-wasm"),
        ("script", b"#!/bin/sh\nexit 0\n".to_vec(), "module.not-wasm"),
        ("gzip", vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0], "module.not-wasm"),
        ("cut", good[..good.len() / 2].to_vec(), "module.invalid"),
    ] {
        refused(&domain, &domain.model_of(what, &component, &manifest()), code);
    }
    domain.audit();
}

#[test]
fn a_component_of_500_megabytes() {
    let domain = domain();
    let model = domain.model_of("huge", b"", &manifest());
    File::create(model.join("model.wasm")).and_then(|file| file.set_len(500 << 20)).expect("sparse file");
    let began = Instant::now();
    assert!(domain.ask(&["model", "check", text(&model)]).refused("module.too-large").en.contains("524288000"));
    let key = domain.beside("operator.key");
    domain.ask(&["model", "sign", text(&model), "--key", text(&key)]).refused("module.too-large");
    domain.ask(&["model", "upload", text(&model), "--operator", OPERATOR]).refused("module.too-large");
    assert!(began.elapsed() < Duration::from_secs(5), "the file is not read");
}

/// The smallest component that keeps the contract, with one more function that costs the compiler much: every
/// local lives through every loop.
fn slow_to_compile(locals: usize, loops: usize) -> Vec<u8> {
    let minimal = fs::read_to_string(repository("sample-models/bad/minimal.wat")).expect("minimal.wat");
    let add = |local: usize| format!("(local.set {local} (i64.add (local.get {local}) (local.get {})))", (local * 7 + 1) % locals);
    let body: String = (0..locals).map(add).collect();
    let head = format!("(func (local {})", "i64 ".repeat(locals));
    let function = format!("{head}{}{body}(br_if 0 (i64.eqz (local.get 0))){})", "(loop ".repeat(loops), ")".repeat(loops));
    let text = minimal.replacen("(core module $main", &format!("(core module $main {function}"), 1);
    wat::parse_str(text).expect("assemble")
}

#[test]
fn a_component_that_takes_minutes_to_compile() {
    let domain = domain();
    let component = slow_to_compile(8_000, 900);
    assert!(component.len() < 1 << 20, "a small file: {} bytes", component.len());
    let model = domain.model_of("slow", &component, &manifest());
    let began = Instant::now();
    let before = listing(domain.directory());
    let checked = std::thread::scope(|scope| {
        let checked = scope.spawn(|| domain.ask(&["model", "check", text(&model)]).refused("module.compile-limits"));
        domain.upload(&model).refused("module.compile-limits");
        checked.join().expect("model check")
    });
    println!("{} (after {:?})", checked.en, began.elapsed());
    assert!(began.elapsed() < Duration::from_secs(100), "refused in bounded time, also on a busy machine");
    assert_eq!(listing(domain.directory()), before);
    // The domain goes on.
    domain.upload_samples(&["expensive-years"]);
    domain.audit();
}

#[test]
fn manifests_that_cannot_hold() {
    let domain = domain();
    let component = fs::read(repository("sample-models/built/expenditure.wasm")).expect("component");
    let good = fs::read_to_string(repository("sample-models/models/expenditure/manifest.toml")).expect("manifest");
    for (what, from, to, code) in [
        ("infinite bounds", "[0.0, 5000.0]", "[0.0, inf]", "manifest.bounds"),
        ("bounds that are no numbers", "[0.0, 5000.0]", "[nan, 5000.0]", "manifest.bounds"),
        ("inverted bounds", "[0.0, 5000.0]", "[5000.0, 0.0]", "manifest.bounds"),
        ("equal bounds", "[0.0, 5000.0]", "[5.0, 5.0]", "manifest.bounds"),
        ("no values", "values_per_unit = 5", "values_per_unit = 0", "manifest.per-unit"),
        (
            "a histogram without groups",
            "measure = \"variance\"\nbounds = [0.0, 5000.0]\n",
            "measure = \"histogram\"\n",
            "manifest.histogram-needs-groups",
        ),
        ("bounds for a count", "measure = \"variance\"", "measure = \"count\"", "manifest.syntax"),
        ("an unknown measure", "measure = \"variance\"", "measure = \"rows\"", "manifest.syntax"),
        (
            "groups of a column that is not read",
            "values_per_unit = 5",
            "values_per_unit = 5\ngroups = { table = \"person-years\", column = \"plan\" }",
            "manifest.groups",
        ),
        ("a column twice", "[\"meddol\"]", "[\"meddol\", \"meddol\"]", "manifest.duplicate-input"),
        ("another contract", "contract = 1", "contract = 2", "manifest.contract"),
        ("no fuel", "fuel_per_unit = 20000", "fuel_per_unit = 0", "manifest.resources"),
        ("a path as name", "name = \"expenditure\"", "name = \"../../etc\"", "manifest.syntax"),
        ("an unknown field", "contract = 1", "contract = 1\nnetwork = true", "manifest.syntax"),
    ] {
        assert!(good.contains(from), "{what}");
        let model = domain.model_of("broken", &component, &good.replacen(from, to, 1));
        domain.ask(&["model", "check", text(&model)]).refused(code);
        domain.ask(&["model", "sign", text(&model), "--key", text(&domain.beside("operator.key"))]).refused(code);
        assert!(!model.join("seal.json").exists(), "{what}: nothing was signed");
    }
    // What only the dataset can show is refused before anything is charged.
    for (what, from, to, code) in [
        ("an unknown column", "[\"meddol\"]", "[\"dollars\"]", "manifest.unknown-column"),
        ("an unknown table", "table = \"person-years\"", "table = \"patients\"", "manifest.unknown-table"),
        (
            "groups that are no categories",
            "values_per_unit = 5",
            "values_per_unit = 5\ngroups = { table = \"person-years\", column = \"meddol\" }",
            "manifest.groups",
        ),
    ] {
        let model = domain.model_of("unfit", &component, &good.replacen(from, to, 1));
        let schema = repository("sample-models/datasets/rand-hie/schema.toml");
        assert!(!domain.ask(&["model", "dry-run", text(&model), "--schema", text(&schema)]).refused(code).en.is_empty(), "{what}");
    }
}

/// A component answers with one statistic, its manifest declares two: nobody can know before it runs, so the dry
/// run is where its author learns it.
#[test]
fn statistics_that_do_not_fit_the_outputs() {
    let domain = domain();
    let model = domain.model("expensive-years", |manifest| {
        manifest.replace("[resources]", "[[statistics]]\nname = \"more\"\nmeasure = \"count\"\n\n[resources]")
    });
    let schema = repository("sample-models/datasets/rand-hie/schema.toml");
    let dry = domain.ask_with(&[], &["model", "dry-run", text(&model), "--schema", text(&schema), "--units", "50"]);
    assert_eq!(dry.code, Some(2), "every answer is misshapen: {}{}", dry.out, dry.err);
    assert!(dry.out.contains("50") && dry.err.starts_with("error: "), "{}{}", dry.out, dry.err);
    let good = domain.model("visits-by-plan", str::to_owned);
    assert_eq!(domain.ask(&["model", "dry-run", text(&good), "--schema", text(&schema), "--units", "50"]).code, Some(0));
}

/// Who reviews a model reads its manifest, its errors and the frames of its traps on a terminal. None of them may move
/// the cursor, hide a word or turn the direction of a line.
#[test]
fn texts_of_a_model_do_nothing_to_a_terminal() {
    let domain = domain();
    let schema = repository("sample-models/datasets/rand-hie/schema.toml");
    let component = fs::read(repository("sample-models/built/expensive-years.wasm")).expect("built model");
    let good = fs::read_to_string(repository("sample-models/models/expensive-years/manifest.toml")).expect("manifest");
    for hidden in ["\\u001b[2J", "\\u202e", "\\u200b", "\\n"] {
        let changed = good.replacen("en = \"", &format!("en = \"{hidden}"), 1);
        assert_ne!(changed, good);
        let model = domain.model_of("hidden", &component, &changed);
        domain.ask(&["model", "check", text(&model)]).refused("manifest.texts");
    }
    let named = |name: &str| {
        let wat = fs::read_to_string(repository("sample-models/bad/traps-at-start.wat")).expect("WAT");
        wat.replace("(func $fail (unreachable))", &format!("(func $fail (@name \"{name}\") unreachable)"))
    };
    for (name, shown) in [("honest-name", "honest-name"), ("\\1b[2J\\1b[31mapproved", "\\u{1b}[2J")] {
        let trapping = wat::parse_str(named(name)).expect("assemble");
        let model = domain.model_of("trapping", &trapping, &good);
        let dry = domain.ask_with(&[], &["model", "dry-run", text(&model), "--schema", text(&schema), "--units", "5"]);
        assert!(dry.out.contains(shown) && !dry.out.contains('\u{1b}') && !dry.err.contains('\u{1b}'), "{}{}", dry.out, dry.err);
    }
    let imports = "(component (import \"evil\\1b[2J\" (func)))";
    if let Ok(component) = wat::parse_str(imports) {
        let model = domain.model_of("imports", &component, &good);
        let said = domain.ask_with(&[], &["model", "check", text(&model)]);
        assert!(said.code == Some(2) && !said.err.contains('\u{1b}'), "{}", said.err);
    }
}

#[test]
fn numbers_that_are_no_epsilon() {
    let domain = domain();
    domain.upload_samples(&["expensive-years", "expenditure"]);
    for epsilon in ["0", "-1", "-0.0", "nan", "inf", "-inf", "1e-400", "101"] {
        for verb in ["quote", "run"] {
            let named = format!("--epsilon={epsilon}");
            let asked: Vec<&str> =
                question(verb, "expensive-years", &named, &[]).into_iter().filter(|argument| *argument != "--epsilon").collect();
            domain.ask(&asked).refused("budget.epsilon");
        }
        domain
            .grant_with(&["--columns", "person-years.plan", &format!("--epsilon={epsilon}"), "--until", "2027-01-01"])
            .refused("budget.epsilon");
    }
    // Delta alone pays for rho 2e-12, whatever the epsilon; that is too little for three parts.
    domain.run("expenditure", "1e-12", &[]).refused("gate.too-small");
    for (parameter, code) in [
        ("threshold=much", "parameter"),
        ("threshold=-1", "parameter"),
        ("threshold=nan", "parameter"),
        ("limit=1", "parameter"),
        ("threshold", "cli.not-a-pair"),
    ] {
        let refusal = domain.run("expensive-years", "0.1", &["--param", parameter]).refusal();
        assert!(refusal.code.starts_with(code), "{parameter}: {}", refusal.code);
    }
    assert_eq!(domain.account()["lines"], serde_json::json!([]), "nothing was charged");
}

// clause: K9 refused
#[test]
fn seals_that_do_not_hold() {
    let domain = domain();
    let model = domain.model("expensive-years", str::to_owned);
    let upload = || domain.ask(&["model", "upload", text(&model), "--operator", OPERATOR]);
    upload().refused("cli.file");
    domain.ask(&["model", "sign", text(&model), "--key", text(&domain.beside("operator.key"))]).json();
    let (manifest, component, seal) = (model.join("manifest.toml"), model.join("model.wasm"), model.join("seal.json"));
    let change = |path: &Path, from: &str, to: &str| {
        let old = fs::read_to_string(path).expect("read");
        assert!(old.contains(from), "{from}");
        fs::write(path, old.replacen(from, to, 1)).expect("write");
        old
    };
    let old = change(&manifest, "20000", "20001");
    upload().refused("seal.other-manifest");
    fs::write(&manifest, old).expect("write");
    let other = fs::read(repository("sample-models/built/expenditure.wasm")).expect("component");
    let good = fs::read(&component).expect("component");
    fs::write(&component, other).expect("write");
    upload().refused("seal.other-component");
    fs::write(&component, good).expect("write");
    let old = change(&seal, "\"ed25519\"", "\"none\"");
    upload().refused("seal.algorithm");
    fs::write(&seal, "{}").expect("write");
    upload().refused("seal.syntax");
    // Another key under the same signature.
    domain.key("other.key");
    let (own, stranger) = (fs::read_to_string(domain.beside("operator.key.pub")), fs::read_to_string(domain.beside("other.key.pub")));
    fs::write(&seal, old.replace(own.expect("key").trim(), stranger.expect("key").trim())).expect("write");
    upload().refused("seal.signature");
    fs::write(&seal, old).expect("write");
    upload().json();
    upload().refused("module.exists");
    domain.audit();
}
