//! Replay: every shape of run comes out the same, whatever its module does; whatever is changed afterwards is found and
//! named; and nothing about totals leaves.

use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use tidegate_service::{Question, Request};
use tidegate_terms::{Epsilon, Name};
use tidegate_tests::database::{execute, text_of};
use tidegate_tests::domain::{Domain, IMMEDIATELY, OPERATOR, days_from_today, text};
use tidegate_tests::elsewhere::Elsewhere;
use tidegate_tests::program::{Said, repository};
use tidegate_tests::truth::Truth;

const COLUMNS: &str = "person-years.plan,person-years.year,person-years.mdvis,person-years.meddol,person-years.outpdol,\
    person-years.drugdol,person-years.inpdol,person-years.coins,person-years.xage,person-years.income,person-years.child,\
    person-years.female,person-years.hlthg,person-years.hlthf,person-years.hlthp,person-years.disea";

fn domain(policy: &str, models: &[&str]) -> Domain {
    let domain = Domain::with_rand_hie(policy);
    domain.grant(COLUMNS, "10");
    domain.upload_samples(models);
    domain
}

fn today() -> String {
    days_from_today(-1)
}

fn run_of(release: &Value) -> String {
    release["run"].as_str().expect("run").to_owned()
}

/// A replay of one run: exit code, verdict, and what failed or why not.
fn replayed(domain: &Domain, run: &str) -> (Option<i32>, String, Vec<String>) {
    let said = domain.ask(&["audit", "replay", run, "--asker", "inspector"]);
    let view: Value = serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}"));
    let outcome = &view[0]["outcome"];
    let words = |list: &Value| list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>();
    let reason = outcome["obstacle"]["reason"].as_str().map(str::to_owned);
    let verdict = outcome["verdict"].as_str().expect("verdict").to_owned();
    (said.code, verdict, words(&outcome["failed"]).into_iter().chain(reason).collect())
}

#[track_caller]
fn matches(domain: &Domain, run: &str) {
    assert_eq!(replayed(domain, run), (Some(0), "match".into(), vec![]), "{run}");
}

#[track_caller]
fn differs(domain: &Domain, run: &str, failed: &[&str]) {
    let failed: Vec<String> = failed.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(replayed(domain, run), (Some(3), "mismatch".into(), failed), "{run}");
}

/// All runs of a period: those that do not match.
fn not_matching(said: &Said) -> (usize, Vec<Value>) {
    let views: Value = serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}"));
    let views = views.as_array().expect("a list").clone();
    let many = views.len();
    (many, views.into_iter().filter(|view| view["outcome"]["verdict"] != "match").collect())
}

/// Single releases of every kind, training, automatic bounds, blocks, a side table, clean halves that fail, modules that
/// keep state, loop on one person, return nonsense or break at their start.
#[test]
fn runs_of_one_dataset_match_whatever_their_module_does() {
    let models = [
        "expensive-years",
        "visits-by-plan",
        "expenditure",
        "expenditure-quantiles",
        "total-visits",
        "any-visit-logistic",
        "visits-dispersion",
        "visits-cost",
        "offender-conclude",
        "offender-keeps-state",
        "offender-out-of-range",
        "offender-loops",
    ];
    let domain = domain(IMMEDIATELY, &models);
    for model in &models[..7] {
        domain.run(model, "0.5", &[]).json();
    }
    let side = domain.write("prices.csv", "year,price\n1,10\n2,20\n3,0\n4,0\n5,30\n");
    domain.run("visits-cost", "0.5", &["--side", &format!("prices={}", text(&side))]).json();
    for way in ["way=0", "way=1", "way=4", "way=6", "way=7"] {
        domain.run("offender-conclude", "0.1", &["--param", way]).json();
    }
    domain.run("offender-keeps-state", "0.1", &["--workers", "1"]).json();
    domain.run("offender-out-of-range", "0.1", &[]).json();
    domain.run("offender-loops", "0.1", &["--param", "target-income=13748.76"]).json();
    let manifest = fs::read_to_string(repository("sample-models/models/expensive-years/manifest.toml")).expect("manifest");
    for bad in ["loops-at-start", "traps-at-start", "minimal"] {
        let component = wat::parse_file(repository(&format!("sample-models/bad/{bad}.wat"))).expect("assemble");
        let model = domain.model_of(bad, &component, &manifest.replace("name = \"expensive-years\"", &format!("name = \"{bad}\"")));
        domain.upload(&model).json();
        domain.run(bad, "0.1", &[]).json();
    }
    let (account, spent) = (domain.account(), domain.audit()["runs"].clone());
    let said = domain.ask(&["audit", "replay", "--since", &today()]);
    let (many, others) = not_matching(&said);
    assert_eq!((many as u64, others), (spent.as_u64().expect("runs"), vec![]), "{}", said.err);
    assert_eq!((said.code, domain.account()), (Some(0), account), "a replay costs nothing");
    assert_eq!(domain.audit()["replays"]["matched"].as_u64(), Some(many as u64));
    // A sample is as large as was asked for.
    let (many, others) = not_matching(&domain.ask(&["audit", "replay", "--since", &today(), "--sample", "2"]));
    assert_eq!((many, others), (2, vec![]));
    nothing_exact(&domain, &said);
    domain.audit();
}

/// Exact totals of the known data are in no output, in no file of the log and not in the journal.
fn nothing_exact(domain: &Domain, said: &Said) {
    let mut texts = vec![said.out.clone(), said.err.clone()];
    texts.push(fs::read_to_string(domain.directory().join("journal.log")).unwrap_or_default());
    let mut directories = vec![domain.directory().join("log")];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).expect("log").flatten() {
            match entry.path().is_dir() {
                true => directories.push(entry.path()),
                false => texts.push(String::from_utf8_lossy(&fs::read(entry.path()).expect("file")).into_owned()),
            }
        }
    }
    let truth = Truth::read();
    let totals = truth.expensive_years(500.0);
    let mut exact: Vec<String> = totals.iter().filter(|total| **total > 99).map(i64::to_string).collect();
    exact.extend([truth.persons().to_string(), truth.years().to_string(), ((truth.persons() as i64) << 20).to_string()]);
    assert!(exact.len() >= 6, "{exact:?}");
    for text in &texts {
        // Digests and reals are words of their own.
        let words: Vec<&str> = text.split(|character: char| !character.is_ascii_alphanumeric() && character != '.').collect();
        let found = exact.iter().find(|total| words.contains(&total.as_str()));
        assert_eq!(found, None, "an exact total");
    }
}

#[test]
fn joins_and_discovered_keys_match() {
    let domain = Domain::empty();
    domain.key("operator.key");
    let policy = domain.write("policy.toml", IMMEDIATELY);
    for (name, files) in [("clinics", vec!["patients", "visits"]), ("insured", vec!["members"])] {
        let schema = repository(&format!("sample-models/datasets/{name}/schema.toml"));
        let data: Vec<String> = files
            .iter()
            .map(|table| format!("{table}={}", text(&repository(&format!("sample-models/datasets/{name}/{table}.csv")))))
            .collect();
        let mut arguments = vec!["dataset", "add", name, "--schema", text(&schema), "--policy", text(&policy)];
        data.iter().for_each(|file| arguments.extend(["--data", file]));
        domain.ask(&arguments).json();
    }
    let until = days_from_today(300);
    for (dataset, columns) in [("clinics", "patients.born,visits.clinic,visits.day,visits.cost"), ("insured", "members.scheme")] {
        domain.grant_with(&["--dataset", dataset, "--columns", columns, "--epsilon", "9", "--until", &until]).json();
    }
    domain.upload_samples(&["clinic-visits", "insured-visits"]);
    let ask = |model: &str, more: &[&str]| {
        let fixed = ["run", "--dataset", "clinics", "--model", model, "--operator", OPERATOR, "--epsilon", "2"];
        run_of(&domain.ask(&[&fixed, more].concat()).json())
    };
    let (keyed, joined) = (ask("clinic-visits", &[]), ask("insured-visits", &["--join", "insured"]));
    matches(&domain, &keyed);
    matches(&domain, &joined);
    domain.audit();
}

#[test]
fn exact_tables_match_and_so_does_a_second_one_after_them() {
    let domain = Domain::empty();
    let keys = ["one", "other"].map(|name| domain.key(name)["public_key"].as_str().expect("key").to_owned());
    domain.key("operator.key");
    let approvers = format!("approvers = [\"{}\", \"{}\"]", keys[0], keys[1]);
    domain.mount_rand_hie(&format!("{IMMEDIATELY}\n[reviewed_aggregate]\n{approvers}\n[reviewed_aggregate.rules]\n"));
    let grant = domain.grant(COLUMNS, "5");
    let tables = |model: &PathBuf| {
        domain.upload(model).json();
        let digest = domain.ask(&["model", "list"]).json()[0]["module"].as_str().expect("digest").to_owned();
        for key in ["one", "other"] {
            let key = domain.beside(key);
            domain.ask(&["model", "approve", &digest, "--dataset", "rand-hie", "--operator", OPERATOR, "--key", text(&key)]).json();
        }
        run_of(&domain.ask(&["run", "--dataset", "rand-hie", "--model", &digest, "--operator", OPERATOR]).json())
    };
    let first = tables(&domain.model("plan-year-table", str::to_owned));
    let second = tables(&domain.model("plan-year-table", |manifest| manifest.replace("version = \"1", "version = \"2")));
    assert_ne!(first, second);
    // What is allowed today does not matter: they were made.
    domain.ask(&["grant", "revoke", &grant, "--reason", "over"]).json();
    matches(&domain, &first);
    matches(&domain, &second);
    execute(&domain, "UPDATE reviewed_run SET tables = replace(tables, '\"published\"', '\"Published\"')");
    differs(&domain, &second, &["tables"]);
    domain.audit();
}

#[test]
fn whatever_was_changed_afterwards_is_found_and_named() {
    let changes = [
        ("UPDATE round SET release = replace(release, '\"value\":', '\"value\": ')", "release"),
        ("UPDATE noised SET content = zeroblob(length(content))", "release"),
        ("UPDATE opening SET salt = zeroblob(32) WHERE field = 'release_commitment'", "release"),
        ("UPDATE opening SET salt = zeroblob(32) WHERE field = 'totals_commitment'", "totals"),
        ("UPDATE round SET conclusion = replace(conclusion, '[]', '[{\"name\":\"x\",\"value\":1.0}]')", "decision"),
        ("UPDATE module SET component = CAST(component || x'00' AS BLOB)", "module"),
        ("UPDATE module SET manifest = manifest || '# '", "module"),
        ("UPDATE run SET parameters = replace(parameters, '500', '501')", "inputs"),
        ("UPDATE run SET price = replace(price, '\"cells\":6', '\"cells\":7')", "price"),
    ];
    let (run, domain) = fresh();
    matches(&domain, &run);
    let database = domain.directory().join("state.sqlite");
    for (statement, failed) in changes {
        let before = text_of(&domain, "SELECT hex(release || conclusion) FROM round");
        let backup = fs::read(&database).expect("database");
        execute(&domain, statement);
        let changed = fs::read(&database).expect("database");
        assert_ne!(changed, backup, "{statement} changes nothing in {before}");
        differs(&domain, &run, &[failed]);
        undo(&domain, &backup);
        matches(&domain, &run);
    }
    let shard = shard(&domain);
    let mut bytes = fs::read(&shard).expect("shard");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&shard, &bytes).expect("write");
    differs(&domain, &run, &["data"]);
    fs::remove_file(&shard).expect("remove");
    differs(&domain, &run, &["data"]);
    assert_eq!(domain.audit()["replays"]["mismatched"].as_u64(), Some(changes.len() as u64 + 2));
}

/// Brings back what was changed, and leaves the log as it has become since.
fn undo(domain: &Domain, backup: &[u8]) {
    let path = domain.write("backup.sqlite", backup);
    let path = text(&path);
    execute(
        domain,
        &format!(
            "ATTACH '{path}' AS old;
             UPDATE round SET release = (SELECT release FROM old.round), conclusion = (SELECT conclusion FROM old.round);
             UPDATE noised SET content = (SELECT content FROM old.noised);
             UPDATE opening SET salt = (SELECT salt FROM old.opening AS o WHERE o.position = opening.position AND o.field = opening.field)
                 WHERE EXISTS (SELECT 1 FROM old.opening AS o WHERE o.position = opening.position AND o.field = opening.field);
             UPDATE module SET component = (SELECT component FROM old.module), manifest = (SELECT manifest FROM old.module);
             UPDATE run SET parameters = (SELECT parameters FROM old.run), price = (SELECT price FROM old.run);"
        ),
    );
}

/// A domain with one run.
fn fresh() -> (String, Domain) {
    let domain = domain(IMMEDIATELY, &["expensive-years"]);
    let run = run_of(&domain.run("expensive-years", "1", &[]).json());
    (run, domain)
}

fn shard(domain: &Domain) -> PathBuf {
    let mount = fs::read_dir(domain.directory().join("data")).expect("data").flatten().next().expect("version").path();
    let mut shards: Vec<PathBuf> = fs::read_dir(mount).expect("shards").flatten().map(|file| file.path()).collect();
    shards.retain(|path| path.extension().is_some_and(|end| end == "shard"));
    shards.sort();
    shards.swap_remove(3)
}

/// 48 numbers. Half the scale would be found from more of them; a fifth and five times are found in these for certain.
#[test]
fn noise_far_too_small_or_too_large_is_found() {
    let domain = domain(IMMEDIATELY, &["visits-by-plan"]);
    let ask = |factor: &str, epsilon: f64| {
        let question = Question {
            operator: Name::parse(OPERATOR).expect("name"),
            dataset: Name::parse("rand-hie").expect("name"),
            version: None,
            join: None,
            module: "visits-by-plan".into(),
            parameters: Vec::new(),
            side_tables: Vec::new(),
            epsilon: Some(Epsilon::parse(epsilon).expect("epsilon")),
            workers: None,
            pinned: None,
        };
        run_of(&Elsewhere::with_noise(&domain, factor).ask(&Request::Run(question)).expect("a release"))
    };
    let (none, honest, small, large) = (ask("0.0000001", 0.5), ask("1", 0.6), ask("0.2", 0.7), ask("5", 0.8));
    matches(&domain, &honest);
    for run in [none, small, large] {
        differs(&domain, &run, &["noise"]);
    }
    domain.audit();
}

#[test]
fn the_answer_comes_at_its_slot_and_says_no_more() {
    let domain = domain(&IMMEDIATELY.replace("immediately", "at_slot"), &[]);
    let model = domain.model("expensive-years", |manifest| manifest.replace("fuel_per_unit = 1000000", "fuel_per_unit = 300000"));
    domain.upload(&model).json();
    let run = run_of(&domain.run("expensive-years", "1", &[]).json());
    let began = std::time::Instant::now();
    let view = domain.ask(&["audit", "replay", &run]).json();
    assert!(began.elapsed().as_secs_f64() > 2.0, "it waits for its slot");
    assert_eq!(view[0]["outcome"]["verdict"], "match");
    let position = view[0]["begun_position"].as_u64().expect("position");
    assert_eq!(view[0]["log_position"].as_u64(), Some(position + 1));
    let begun = text_of(&domain, &format!("SELECT CAST(bytes AS TEXT) FROM log_entry WHERE position = {position}"));
    let begun: Value = serde_json::from_str(&begun).expect("entry");
    assert_eq!((&begun["type"], &begun["slot"]), (&Value::from("replay_begin"), &view[0]["visible_at"]));
    let length = text_of(&domain, &format!("SELECT CAST(length(bytes) AS TEXT) FROM log_entry WHERE position = {}", position + 1));
    assert_eq!(length, "1024");
    domain.audit();
    let people = domain.ask_with(&["--lang", "zh"], &["audit", "replay", &run]);
    assert!(people.text().contains("相符"), "{}", people.out);
}

#[test]
fn what_cannot_be_replayed_says_why() {
    let (run, domain) = fresh();
    let unknown = domain.ask(&["audit", "replay", "r00"]);
    assert!(unknown.code == Some(5) && unknown.err.contains("replay.unknown-run"), "{unknown:?}");
    let none = domain.ask(&["audit", "replay", "--since", "2020-01-01", "--until", "2020-02-01"]);
    assert!(none.code == Some(5) && none.err.contains("replay.none"), "{none:?}");
    domain.ask(&["audit", "replay", "--since", "yesterday"]).refused("date.wrong");
    // A log that says another engine: written anew, as another machine would have.
    let engine = text_of(
        &domain,
        "SELECT json_extract(CAST(bytes AS TEXT), '$.engine') FROM log_entry WHERE CAST(bytes AS TEXT) LIKE '%\"type\":\"reserve\"%'",
    );
    let other = "0".repeat(64);
    execute(&domain, &format!("UPDATE log_entry SET bytes = CAST(replace(CAST(bytes AS TEXT), '{engine}', '{other}') AS BLOB)"));
    fs::remove_dir_all(domain.directory().join("log")).expect("published log");
    fs::create_dir(domain.directory().join("log")).expect("published log");
    let said = domain.ask(&["audit", "replay", &run]);
    let view: Value = serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}"));
    let obstacle = &view[0]["outcome"]["obstacle"];
    assert_eq!((said.code, obstacle["reason"].as_str()), (Some(4), Some("other_engine")));
    assert_eq!((obstacle["logged"].as_str(), obstacle["here"].as_str()), (Some(other.as_str()), Some(engine.as_str())));
    domain.audit();
}
