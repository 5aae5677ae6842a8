//! A regulator with a copy of the log: searching, explaining, opening, exporting. What the log alone can tell, and what
//! only an opening can.

use serde_json::Value;
use std::path::Path;
use tidegate_log::{TlogProof, Verifier};
use tidegate_tests::domain::{Domain, IMMEDIATELY, OPERATOR, text};
use tidegate_tests::program::{Said, is_chinese};

const MODEL: &str = "expensive-years";
const REASON: &str = "objection of Zhang San";

struct Audited {
    domain: Domain,
    key: String,
    run: String,
    grant: String,
}

/// A domain with one run of the operator, and a grant of another one that was revoked.
fn audited() -> Audited {
    let domain = Domain::with_rand_hie(IMMEDIATELY);
    let grant = domain.grant("person-years.meddol", "5");
    domain.upload_samples(&[MODEL]);
    let run = domain.run(MODEL, "1", &[]).json()["run"].as_str().expect("run").to_owned();
    domain.key("rival.key");
    let key = domain.beside("rival.key.pub");
    let until = tidegate_tests::domain::days_from_today(30);
    let rival =
        ["--operator", "rival", "--operator-key", text(&key), "--columns", "person-years.plan", "--epsilon", "1", "--until", &until];
    let id = domain.grant_with(&rival).json()[0]["id"].as_str().expect("grant").to_owned();
    domain.ask(&["grant", "revoke", &id, "--reason", REASON]).json();
    let key = std::fs::read_to_string(domain.directory().join("log/vkey")).expect("vkey").trim().to_owned();
    Audited { domain, key, run, grant }
}

impl Audited {
    /// Asks with the log and its key; `arguments` come first.
    fn ask(&self, arguments: &[&str]) -> Said {
        let log = self.domain.directory().join("log");
        self.domain.ask(&[arguments, &["--log", text(&log), "--key", &self.key]].concat())
    }

    fn search(&self, arguments: &[&str]) -> Vec<(String, u64)> {
        let answer = self.ask(&[&["audit", "search"], arguments].concat()).json();
        let matches = answer["matches"].as_array().expect("matches");
        let one = |found: &Value| (found["kind"].as_str().expect("kind").to_owned(), found["entry"].as_u64().expect("entry"));
        matches.iter().map(one).collect()
    }

    fn entry(&self, kind: &str) -> u64 {
        self.search(&["--kind", kind])[0].1
    }
}

fn kinds(found: &[(String, u64)]) -> Vec<&str> {
    found.iter().map(|(kind, _)| kind.as_str()).collect()
}

// clause: H3 permitted
#[test]
fn entries_are_found_by_what_they_are_about_and_come_with_proofs() {
    let audited = audited();
    let of_operator = audited.search(&["--organisation", OPERATOR]);
    assert_eq!(kinds(&of_operator), ["grant", "module", "reserve", "release"], "also what only names its grant or run");
    assert_eq!(kinds(&audited.search(&["--organisation", "rival"])), ["grant", "revoke"]);
    assert_eq!(kinds(&audited.search(&["--run", &audited.run])), ["reserve", "release"]);
    assert_eq!(kinds(&audited.search(&["--module", MODEL])), ["module", "reserve", "release"]);
    assert_eq!(kinds(&audited.search(&["--grant", &audited.grant])), ["grant", "reserve", "release"]);
    assert_eq!(audited.search(&["--dataset", "rand-hie"]).len(), 6, "all but the domain's own entry and the module");
    let (yesterday, tomorrow) = (tidegate_tests::domain::days_from_today(-1), tidegate_tests::domain::days_from_today(1));
    assert_eq!(audited.search(&["--since", &yesterday, "--until", &tomorrow]).len(), 8);
    let nothing = audited.ask(&["audit", "search", "--until", "2020-01-01"]);
    assert_eq!(nothing.code, Some(5), "nothing fits: {}{}", nothing.out, nothing.err);
    assert_eq!(audited.ask(&["audit", "search", "--organisation", "nobody"]).code, Some(5));
    audited.ask(&["audit", "search", "--since", "2026-02-30"]).refused("cli.not-a-day");
    // Proofs stand by themselves, for this entry only.
    let proofs = audited.domain.beside("proofs");
    audited.search(&["--run", &audited.run, "--proofs", text(&proofs)]);
    let verifier = Verifier::parse(&audited.key).expect("key");
    let release = audited.entry("release");
    let read = |name: String| std::fs::read(proofs.join(name)).expect("file");
    let proof = TlogProof::parse(&String::from_utf8(read(format!("{release}.tlog-proof"))).expect("text")).expect("proof");
    assert!(proof.verify(&read(format!("{release}.json")), &verifier).is_ok());
    assert!(proof.verify(&read(format!("{}.json", audited.entry("reserve"))), &verifier).is_err());
}

// clause: H3, H4 permitted
#[test]
fn a_run_is_explained_in_both_languages_from_the_log_alone() {
    let audited = audited();
    let explained = audited.ask(&["audit", "explain", &audited.run]).json();
    assert_eq!(explained["operator"], OPERATOR);
    assert_eq!(explained["module_name"], MODEL);
    assert_eq!(explained["reads"][0]["grant"], audited.grant);
    assert_eq!(explained["reads"][0]["columns"][0], "person-years.meddol");
    let epsilon = explained["price"]["epsilon"].as_f64().expect("epsilon");
    assert!((0.99..=1.0).contains(&epsilon), "asked for 1: {epsilon}");
    assert_eq!(explained["findings"], Value::Array(vec![]));
    assert!(explained["articles"].as_array().expect("articles").iter().any(|article| article["clause"] == "F8"));
    let noise = &explained["noise"][0];
    assert!(noise["deviation"].as_f64().expect("deviation") > 1.0, "{noise}");
    assert_eq!(explained["release"], Value::Null, "values are commitments");
    for (language, word) in [("en", "Under"), ("zh", "依据")] {
        let log = audited.domain.directory().join("log");
        let arguments = ["audit", "explain", &audited.run, "--log", text(&log), "--key", &audited.key];
        let said = audited.domain.ask_with(&["--lang", language], &arguments);
        assert!(said.text().contains(word) && said.text().contains(&audited.grant), "{}", said.out);
        assert_eq!(is_chinese(said.text().lines().next().expect("line")), language == "zh");
    }
    let missing = audited.ask(&["audit", "explain", "r-none"]);
    assert!(missing.code == Some(5) && missing.err.contains("cli.not-in-log"), "{}", missing.err);
}

// clause: H3, J12 both
#[test]
fn commitments_are_opened_to_those_who_may_read_them_and_every_opening_is_logged() {
    let audited = audited();
    let Audited { domain, run, .. } = &audited;
    let (release, revoke) = (audited.entry("release").to_string(), audited.entry("revoke").to_string());
    let open = |entry: &str, field: &str, role: &str, name: &str| {
        let file = domain.beside(name);
        domain.ask(&["audit", "open", entry, "--field", field, "--role", role, "--out", text(&file)])
    };
    let check = |name: &str| audited.ask(&["audit", "check-opening", text(&domain.beside(name))]);
    // What is clear text in no public file can be read by those whom it concerns.
    assert!(!whole_log(&domain.directory().join("log")).contains(REASON));
    assert_eq!(open(&revoke, "reason_commitment", "operator", "reason.json").code, Some(0));
    assert_eq!(check("reason.json").json()["content"], REASON);
    open(&revoke, "reason_commitment", "exchange", "no.json").refused("opening.not-allowed");
    for role in ["provider", "authority", "operator", "regulator", "exchange"] {
        open(&release, "totals_commitment", role, "no.json").refused("opening.not-allowed");
    }
    open(&release, "release_commitment", "provider", "no.json").refused("opening.not-allowed");
    open("7000", "release_commitment", "regulator", "no.json").refused("opening.unknown");
    assert_eq!(open(&release, "release_commitment", "regulator", "release.json").code, Some(0));
    let shown = domain.ask(&["release", "show", run]).json();
    let content: Value = serde_json::from_str(check("release.json").json()["content"].as_str().expect("content")).expect("release");
    assert_eq!(content["statistics"], shown["statistics"]);
    // With the opening the explanation has the numbers; another run's opening explains nothing.
    let file = domain.beside("release.json");
    let explained = audited.ask(&["audit", "explain", run, "--opening", text(&file)]).json();
    assert_eq!(explained["release"]["statistics"], shown["statistics"]);
    let reason = domain.beside("reason.json");
    audited.ask(&["audit", "explain", run, "--opening", text(&reason)]).refused("cli.other-opening");
    // One changed character is found.
    let good = std::fs::read_to_string(&file).expect("opening");
    let opening: Value = serde_json::from_str(&good).expect("opening");
    let salt = opening["salt"].as_str().expect("salt");
    let flipped = format!("{}{}", if salt.starts_with('0') { "1" } else { "0" }, &salt[1..]);
    let code = |content: &str| {
        domain.write("changed.json", content);
        let said = check("changed.json");
        assert_ne!(said.code, Some(0), "{content}");
        serde_json::from_str::<Value>(said.err.lines().last().expect("line")).expect("error")["error"]["code"].clone()
    };
    assert_eq!(code(&good.replace(salt, &flipped)), "opening.differs");
    assert_eq!(code(&good.replace("release_commitment", "totals_commitment")), "opening.differs");
    assert_eq!(code(&good.replace("release_commitment", "run")), "opening.no-field");
    assert_eq!(code(&good.replace(&format!("\"entry\": {release}"), "\"entry\": 99")), "opening.no-entry");
    assert_eq!(code(&good.replace("test.example", "other.example")), "opening.other-log");
    assert_eq!(code("{}"), "opening.malformed");
    // Two openings were made, and both are in the log; refused ones are not.
    assert_eq!(audited.search(&["--kind", "open"]).len(), 2);
    domain.audit();
}

#[test]
fn a_dossier_tells_a_period_and_sums_up() {
    let audited = audited();
    let out = audited.domain.beside("dossier");
    audited.ask(&["audit", "export", "--out", text(&out)]).json();
    let read = |name: &str| std::fs::read_to_string(out.join(name)).expect("file");
    for line in read("SHA256SUMS").lines() {
        let (digest, name) = line.split_once("  ").expect("a sum");
        assert_eq!(tidegate_terms::Digest::of(read(name).as_bytes()).to_string(), digest, "{name}");
    }
    let dossier: Value = serde_json::from_str(&read("dossier.json")).expect("dossier");
    assert_eq!(dossier["kinds"]["release"], 1);
    assert_eq!(dossier["organisations"]["rival"]["revocations"], 1);
    let account = audited.domain.account();
    let spent = dossier["lineages"]["rand-hie"].as_f64().expect("rho");
    assert!((spent - account["spent"].as_f64().expect("spent")).abs() < 1e-9, "{spent} {account}");
    assert_eq!(read("entries.csv").lines().count(), 1 + 8);
    assert!(is_chinese(&read("report.zh.md")) && read("report.en.md").contains("verified"));
    audited.ask(&["audit", "export", "--out", text(&out)]).refused("cli.exists");
    // A year in which nothing happened.
    let empty = audited.domain.beside("empty");
    audited.ask(&["audit", "export", "--year", "2019", "--out", text(&empty)]).json();
    let dossier: Value = serde_json::from_slice(&std::fs::read(empty.join("dossier.json")).expect("file")).expect("dossier");
    assert_eq!(dossier["lines"], Value::Array(vec![]));
    // A changed byte of the log: no dossier, no answer.
    let log = audited.domain.directory().join("log");
    let bundle = log.join("tile/entries/000.p/8");
    let mut bytes = std::fs::read(&bundle).expect("bundle");
    bytes[40] ^= 1;
    std::fs::write(&bundle, bytes).expect("write");
    for arguments in [&["audit", "search"][..], &["audit", "explain", &audited.run], &["audit", "export", "--out", text(&log)]] {
        let said = audited.ask(arguments);
        assert!(!matches!(said.code, Some(0 | 5)), "{arguments:?}: {}{}", said.out, said.err);
    }
}

/// All files of a log, one after the other.
fn whole_log(directory: &Path) -> String {
    let mut text = String::new();
    for entry in std::fs::read_dir(directory).expect("directory") {
        let path = entry.expect("entry").path();
        if path.is_dir() {
            text.push_str(&whole_log(&path));
        } else {
            text.push_str(&String::from_utf8_lossy(&std::fs::read(&path).expect("file")));
        }
    }
    text
}
