//! Sealing, destruction, retention and usage: what is sealed stays, what is destroyed is gone for ever and certified, what is
//! old may be forgotten and nothing younger, and the log tells all of it.

use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use tidegate_service::{Question, Request};
use tidegate_terms::{Epsilon, Name};
use tidegate_tests::database::{execute, text_of};
use tidegate_tests::domain::{Domain, IMMEDIATELY, OPERATOR, days_from_today, text};
use tidegate_tests::elsewhere::Elsewhere;
use tidegate_tests::program::{is_chinese, tidegate};

const SECRET_REASON: &str = "case 4711 of inspector Zhang";
const DAY: i64 = 86_400;

fn domain() -> Domain {
    let domain = Domain::with_rand_hie(IMMEDIATELY);
    domain.grant("person-years.meddol", "8");
    domain.upload_samples(&["expensive-years"]);
    domain
}

fn run(domain: &Domain, epsilon: &str) -> String {
    domain.run("expensive-years", epsilon, &[]).json()["run"].as_str().expect("run").to_owned()
}

fn seal(domain: &Domain, verb: &str, reason: &str) -> tidegate_tests::program::Said {
    domain.ask(&["dataset", verb, "rand-hie", "--version", "1", "--reason", reason])
}

fn destroy(domain: &Domain) -> tidegate_tests::program::Said {
    let fixed = ["dataset", "destroy", "rand-hie", "--version", "1", "--reason", SECRET_REASON];
    domain.ask(&[&fixed[..], &["--witness", "Witness Li"]].concat())
}

/// All bytes of the domain that somebody who takes its disk finds, but for the log.
fn everything(domain: &Domain) -> Vec<u8> {
    let (mut bytes, mut directories) = (Vec::new(), vec![domain.directory().to_owned()]);
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).expect("domain").flatten() {
            match entry.path().is_dir() {
                true => directories.push(entry.path()),
                false => bytes.extend(fs::read(entry.path()).expect("file")),
            }
        }
    }
    bytes
}

fn has(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fn shards(domain: &Domain) -> Vec<PathBuf> {
    let versions = fs::read_dir(domain.directory().join("data")).expect("data").flatten();
    versions.flat_map(|version| fs::read_dir(version.path()).expect("version").flatten().map(|file| file.path())).collect()
}

fn log_text(domain: &Domain) -> String {
    text_of(domain, "SELECT group_concat(CAST(bytes AS TEXT), ' ') FROM log_entry")
}

// clause: H6 both
#[test]
fn what_is_sealed_is_read_by_no_new_run_and_not_destroyed() {
    let domain = domain();
    let before = run(&domain, "0.5");
    seal(&domain, "seal", " ").refused("dataset.custody-reason");
    let sealed = seal(&domain, "seal", SECRET_REASON).json();
    seal(&domain, "seal", "again").refused("dataset.sealed-already");
    let refusal = domain.run("expensive-years", "0.6", &[]).refused("dataset.sealed");
    assert!(refusal.en.contains(&sealed["log_position"].to_string()), "{}", refusal.en);
    destroy(&domain).refused("dataset.sealed");
    // What was released before is shown, and can be replayed.
    assert_eq!(domain.run("expensive-years", "0.5", &[]).json()["stored"], true);
    assert_eq!(domain.ask(&["audit", "replay", &before]).json()[0]["outcome"]["verdict"], "match");
    seal(&domain, "unseal", "over").json();
    seal(&domain, "unseal", "again").refused("dataset.not-sealed");
    run(&domain, "0.6");
    assert!(!log_text(&domain).contains("4711"), "reasons are committed to, never in clear");
    domain.audit();
}

// clause: H6, J10 both
#[test]
fn what_is_destroyed_is_gone_and_the_certificate_can_be_checked_by_anybody() {
    let domain = domain();
    let old = run(&domain, "0.5");
    let salts: Vec<String> = ["SELECT hex(salt) FROM opening WHERE field = 'totals_commitment'", "SELECT hex(salt) FROM mount"]
        .iter()
        .map(|query| text_of(&domain, query))
        .collect();
    let row = &fs::read(&shards(&domain)[0]).expect("shard")[200..260];
    assert!(has(&everything(&domain), row), "the test knows what to look for");
    domain.ask(&["dataset", "certificate", "rand-hie", "--version", "1"]).refused("dataset.no-certificate");
    let file = destroy(&domain).json();
    assert!(shards(&domain).is_empty());
    let left = everything(&domain);
    assert!(!has(&left, row), "a row is left");
    for salt in &salts {
        let salt: Vec<u8> = (0..salt.len()).step_by(2).map(|at| u8::from_str_radix(&salt[at..at + 2], 16).expect("hex")).collect();
        assert!(salt.len() == 32 && !has(&left, &salt), "a salt that opens totals or shards is left");
    }
    // Reading fails and says where the certificate is; what was released stays.
    let entry = text_of(&domain, "SELECT CAST(max(position) AS TEXT) FROM log_entry");
    for said in [
        domain.run("expensive-years", "0.6", &[]),
        domain.ask(&["dataset", "report", "rand-hie"]),
        destroy(&domain),
        seal(&domain, "seal", "too late"),
    ] {
        let refusal = said.refused("dataset.destroyed");
        assert!(refusal.en.contains(&format!("log entry {entry}")) && refusal.en.contains("certificate"), "{}", refusal.en);
    }
    domain.ask(&["release", "show", &old]).json();
    let said = domain.ask(&["audit", "replay", &old]);
    let view: Value = serde_json::from_str(&said.out).expect("JSON");
    let obstacle = &view[0]["outcome"]["obstacle"];
    assert_eq!((said.code, obstacle["reason"].as_str()), (Some(4), Some("data_destroyed")));
    assert_eq!(obstacle["entry"].to_string(), entry);
    // The same file again, for print in both languages, and offline against the log alone.
    assert_eq!(domain.ask(&["dataset", "certificate", "rand-hie", "--version", "1"]).json(), file);
    let printed = domain.ask_with(&[], &["dataset", "certificate", "rand-hie", "--version", "1"]);
    assert!(printed.text().contains("数据销毁证明") && printed.out.contains("CERTIFICATE OF DESTRUCTION"), "{}", printed.out);
    assert!(printed.out.contains(SECRET_REASON) && printed.out.contains("Witness Li") && printed.out.contains("00000.shard"));
    assert!(!log_text(&domain).contains("4711") && !log_text(&domain).contains("Witness"));
    let log = domain.beside("log-copy");
    copy(&domain.directory().join("log"), &log);
    let key = fs::read_to_string(log.join("vkey")).expect("vkey").trim().to_owned();
    let check = |content: &Value| {
        let path = domain.write("certificate.json", content.to_string());
        tidegate(&["audit", "check-certificate", text(&path), "--log", text(&log), "--key", &key, "--json"])
    };
    let certificate = check(&file).json();
    assert_eq!((&certificate["version"], &certificate["reason"]), (&Value::from(1), &Value::from(SECRET_REASON)));
    let mut forged = file.clone();
    forged["certificate"] = Value::from(file["certificate"].as_str().expect("note").replace("Witness Li", "Witness Wu"));
    let said = check(&forged);
    assert!(said.code == Some(3) && said.err.contains("note.signature"), "{said:?}");
    let mut other = file.clone();
    other["salt"] = Value::from("0".repeat(64));
    let said = check(&other);
    assert!(said.code == Some(3) && said.err.contains("certificate.other-entry"), "{said:?}");
    assert!(check(&Value::from("x")).err.contains("certificate.malformed"));
    // Another version of the same people can be mounted and read.
    domain.mount_rand_hie(IMMEDIATELY);
    run(&domain, "0.6");
    domain.audit();
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    fs::create_dir_all(to).expect("directory");
    for entry in fs::read_dir(from).expect("log").flatten() {
        match entry.path().is_dir() {
            true => copy(&entry.path(), &to.join(entry.file_name())),
            false => {
                fs::copy(entry.path(), to.join(entry.file_name())).expect("copy");
            }
        }
    }
}

/// A process that died after the intention, with some files gone: the next command completes it, whatever it is.
// clause: J10 permitted
#[test]
fn a_destruction_that_was_interrupted_is_completed() {
    let domain = domain();
    run(&domain, "0.5");
    let intention = "{\"reason\":\"r\",\"witness\":\"w\",\"decided_at\":\"2026-01-01T00:00:00Z\",\"files\":[]}";
    execute(&domain, &format!("INSERT INTO custody (dataset, version, state, record) VALUES ('rand-hie', 1, 'destroying', '{intention}')"));
    fs::remove_file(&shards(&domain)[2]).expect("gone already");
    domain.run("expensive-years", "0.6", &[]).refused("dataset.destroyed");
    assert!(shards(&domain).is_empty());
    let file = domain.ask(&["dataset", "certificate", "rand-hie", "--version", "1"]).json();
    assert!(file["certificate"].as_str().is_some_and(|note| note.contains("2026-01-01T00:00:00Z")));
    domain.audit();
}

// clause: H6 refused
#[test]
fn nothing_is_destroyed_while_a_run_is_open() {
    let domain = domain();
    let open = run(&domain, "0.5");
    execute(&domain, "UPDATE run SET finished = NULL");
    let refusal = destroy(&domain).refused("dataset.runs-open");
    assert!(refusal.en.contains(&open) && !shards(&domain).is_empty(), "{}", refusal.en);
}

fn name(text: &str) -> Name {
    Name::parse(text).expect("name")
}

fn ask(epsilon: f64) -> Request {
    Request::Run(Question {
        operator: name(OPERATOR),
        dataset: name("rand-hie"),
        version: None,
        join: None,
        module: "expensive-years".into(),
        parameters: Vec::new(),
        side_tables: Vec::new(),
        epsilon: Some(Epsilon::parse(epsilon).expect("epsilon")),
        workers: None,
        pinned: None,
    })
}

/// A domain that began four years ago, with a run of then and one of two years ago.
fn old_domain() -> (Domain, String, String) {
    let domain = Domain::empty();
    fs::remove_dir_all(domain.directory()).expect("begin again");
    domain.key("operator.key");
    let public = fs::read_to_string(domain.beside("operator.key.pub")).expect("key");
    let public = public.split_whitespace().last().expect("key").to_owned();
    let model = domain.model("expensive-years", str::to_owned);
    domain.ask(&["model", "sign", text(&model), "--key", text(&domain.beside("operator.key"))]).json();
    let at = |days: i64| Elsewhere::at(&domain, -days * DAY);
    let released = |keeper: &mut Elsewhere, epsilon| keeper.ask(&ask(epsilon)).expect("run")["run"].as_str().expect("run").to_owned();
    let mut then = at(4 * 366);
    then.ask(&Request::Init { origin: "test.example/tidegate".into() }).expect("init");
    let data = tidegate_tests::program::repository("sample-models/datasets/rand-hie/rand_hie.csv");
    let schema = tidegate_tests::domain::rand_hie_schema();
    let files = vec![(name("person-years"), data)];
    then.ask(&Request::DatasetAdd { dataset: name("rand-hie"), schema, policy: IMMEDIATELY.into(), files }).expect("mount");
    then.ask(&Request::GrantAdd {
        dataset: name("rand-hie"),
        operator: name(OPERATOR),
        operator_key: public,
        columns: vec!["person-years.meddol".into()],
        purpose: name("health-planning"),
        epsilon: Epsilon::parse(8.0).expect("epsilon"),
        valid_from: None,
        valid_until: days_from_today(100),
    })
    .expect("grant");
    let read = |file: &str| fs::read(model.join(file)).expect("model");
    let text_of = |file: &str| String::from_utf8(read(file)).expect("text");
    let upload = Request::ModelUpload { operator: name(OPERATOR), manifest: text_of("manifest.toml"), seal: text_of("seal.json") };
    then.ask_with(&upload, &read("model.wasm")).expect("upload");
    let first = released(&mut then, 0.5);
    then.ask(&Request::Effect { run: first.clone(), text: "SHORTER QUEUES".into() }).expect("effect");
    drop(then);
    let second = released(&mut at(2 * 365), 0.6);
    (domain, first, second)
}

// clause: H2 both
#[test]
fn records_are_forgotten_after_three_years_and_not_before() {
    let (domain, first, second) = old_domain();
    domain.audit();
    let journal = domain.directory().join("journal.log");
    fs::write(&journal, format!("2020-01-01T00:00:00Z old line\n{}T00:00:00Z new line\n", days_from_today(-3))).expect("journal");
    let purge = |before: &str| domain.ask(&["domain", "purge", "--before", before]);
    let young = purge(&days_from_today(-3 * 365 + 10)).refused("retention.young");
    assert!(young.en.contains("Art. 20") && young.zh.contains("第二十条"), "{} {}", young.en, young.zh);
    purge("soon").refused("date.wrong");
    assert_eq!(domain.ask(&["domain", "retention"]).json()["years"], 3);
    domain.ask(&["domain", "retention", "--years", "2"]).refused("retention.short");
    // A sealed version's records are held.
    domain.ask(&["dataset", "seal", "rand-hie", "--version", "1", "--reason", "hold"]).json();
    let day = days_from_today(-3 * 366);
    assert_eq!(purge(&day).json()["runs"], 0);
    domain.ask(&["release", "show", &first]).json();
    domain.ask(&["dataset", "unseal", "rand-hie", "--version", "1", "--reason", "over"]).json();
    assert!(has(&everything(&domain), b"SHORTER QUEUES"));
    let done = purge(&day).json();
    assert_eq!((&done["runs"], &done["runs_now"]), (&Value::from(1), &Value::from(1)));
    let entry = done["log_position"].to_string();
    let refusal = domain.ask(&["release", "show", &first]).refused("run.purged");
    assert!(refusal.en.contains(&entry) && refusal.en.contains(&first), "{}", refusal.en);
    assert!(!has(&everything(&domain), b"SHORTER QUEUES"), "a statement of effect is left");
    let said = domain.ask(&["audit", "replay", &first]);
    assert!(said.code == Some(4) && said.out.contains("record_purged") && said.out.contains(&entry), "{}", said.out);
    // The younger one is as it was, also in the journal; purging again forgets nothing more.
    domain.ask(&["release", "show", &second]).json();
    assert_eq!(domain.ask(&["audit", "replay", &second]).json()[0]["outcome"]["verdict"], "match");
    let lines = fs::read_to_string(&journal).expect("journal");
    assert!(lines.contains("new line") && !lines.contains("old line"), "{lines}");
    let again = purge(&day).json();
    assert_eq!((&again["runs"], &again["runs_now"]), (&Value::from(1), &Value::from(0)));
    // More years can be promised, and then hold.
    domain.ask(&["domain", "retention", "--years", "5"]).json();
    domain.ask(&["domain", "retention", "--years", "4"]).refused("retention.short");
    purge(&day).refused("retention.young");
    let runs = domain.audit()["runs"].clone();
    assert_eq!(runs, 2, "entries of the log are never removed");
}

// clause: H1 both
#[test]
fn the_usage_log_has_its_five_parts() {
    let domain = domain();
    let released = run(&domain, "0.5");
    domain.ask(&["release", "effect", "r00", "--text", "x"]).refused("run.unknown");
    domain.ask(&["release", "effect", &released, "--text", " "]).refused("effect.text");
    domain.ask(&["release", "effect", &released, "--text", "=SUM(A1) 候诊时间缩短, \"a third\""]).json();
    domain.ask(&["audit", "replay", &released]).json();
    seal(&domain, "seal", "hold").json();
    seal(&domain, "unseal", "over").json();
    destroy(&domain).json();
    let usage = domain.ask(&["dataset", "usage", "rand-hie"]).json();
    let many = |part: &str| usage[part].as_array().map(Vec::len);
    assert_eq!((many("scenarios"), many("effects"), many("process")), (Some(1), Some(1), Some(3)), "{usage}");
    assert_eq!((many("storage"), many("destruction")), (Some(3), Some(1)), "{usage}");
    assert_eq!(usage["destruction"][0]["witness"], "Witness Li");
    let csv = domain.ask_with(&["--lang", "zh"], &["dataset", "usage", "rand-hie", "--csv"]);
    let lines: Vec<&str> = csv.text().lines().collect();
    assert_eq!(lines.len(), 10, "{}", csv.out);
    for part in ["应用场景", "应用成效", "使用过程", "存储情况", "销毁情况"] {
        assert!(csv.out.contains(part), "{part}");
    }
    assert!(csv.out.contains("\"'=SUM(A1) 候诊时间缩短, \"\"a third\"\"\""), "no formula, quoted: {}", csv.out);
    assert!(is_chinese(domain.ask_with(&["--lang", "zh"], &["dataset", "usage", "rand-hie"]).text()));
    assert!(!log_text(&domain).contains("SUM(A1)"));
    domain.audit();
}
