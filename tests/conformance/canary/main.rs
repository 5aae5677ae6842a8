//! Canary rows: values that occur nowhere else are planted in a dataset, and after everything that can be done with it none
//! of them is found outside the domain's data.
//!
//! | place | may hold planted values |
//! |---|---|
//! | `data/` of the domain | yes, but identifiers, of which only keyed hashes are kept; that the search finds them there is asserted |
//! | everything else of the domain: `state.sqlite`, `journal.log`, `cache/`, `log/`, keys | no |
//! | what programs print, to whomever | no |
//! | packages, dossiers, openings, copies of the log, and what is staged beside them | no |
//! | the front's directory for temporary files, which is its working directory too, so that a core dump lies there | no |
//!
//! The processes of a domain start with an empty environment and make files beside the domain or beside what they make, never
//! in a directory for temporary files; so that place is searched whole.
//!
//! What a provider learns of its own import (`import-report.json`, in `data/`) has numbers of rows, no values.

mod search;

use search::{Searcher, Token};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tidegate_tests::domain::{Domain, OPERATOR, days_from_today, text};
use tidegate_tests::processes::{children, kill};
use tidegate_tests::products::{RECIPIENT, Shop, files_below};
use tidegate_tests::program::{Said, command, repository};
use tidegate_tests::recorder;

const IDENTIFIER: &str = "Canary-Id-7f3a91c2d8";
const NAME: &str = "Canary-Name-b81e5530";
const NOTE: &str = "Canary-Note-c29f1844 \"飞鸟\" & <b>";
/// Its beginning, which no way of escaping changes.
const NOTE_BEGINS: &str = "Canary-Note-c29f1844";
const WORD: &str = "Canary-Word-05d7e6aa";
const BORN: &str = "1913-02-27";
const NUMBER: i64 = 918_273_645_546_372_819;
const INCOME: f64 = 7_391.826_530_194_7;
/// In rows that the import drops, or a file that it refuses.
const DROPPED: &str = "Canary-Drop-4e90b7f3";
const REFUSED: &str = "Canary-Refused-3310aa";

/// What is planted; a shard keeps a date as the number of a day, which is too short to be looked for, so it is no token
/// of the shards.
const KEPT: [Token; 6] =
    [Token::Text(NAME), Token::Text(NOTE), Token::Text(NOTE_BEGINS), Token::Text(WORD), Token::Integer(NUMBER), Token::Float(INCOME)];
const GONE: [Token; 4] = [Token::Text(IDENTIFIER), Token::Text(DROPPED), Token::Text(REFUSED), Token::Text(BORN)];

const SCHEMA: &str = r#"
title = { zh = "金丝雀", en = "Canaries" }
source = "synthetic"
acquired = "2026-01-01"
lineage = "people"
units_max = 500
privacy_unit = { kind = "person", column = "id", identifier = "text", missing = "drop_row" }
[[tables]]
name = "people"
rows_per_unit_max = 1
[[tables.columns]]
name = "name"
type = "text"
bytes_max = 48
outside = "drop_row"
[[tables.columns]]
name = "born"
type = "date"
minimum = "1900-01-01"
maximum = "2025-12-31"
[[tables.columns]]
name = "number"
type = "integer"
minimum = 0
maximum = 999999999999999999
outside = "drop_row"
[[tables.columns]]
name = "income"
type = "float"
minimum = 0.0
maximum = 100000.0
[[tables]]
name = "visits"
rows_per_unit_max = 2
excess_rows = "keep_first"
[[tables.columns]]
name = "note"
type = "text"
bytes_max = 60
nullable = true
outside = "missing"
"#;

const MEMBERS: &str = r#"
title = { zh = "会员", en = "Members" }
source = "synthetic"
acquired = "2026-01-01"
lineage = "members"
units_max = 500
privacy_unit = { kind = "person", column = "id", identifier = "text" }
[[tables]]
name = "members"
rows_per_unit_max = 1
[[tables.columns]]
name = "word"
type = "text"
bytes_max = 48
"#;

const POLICY: &str = "lifetime_epsilon = 12.0\ndelta = 1e-6\nrun_epsilon_max = 12.0\nvisibility = \"immediately\"\n";

fn manifest(name: &str, inputs: &str, more: &str) -> String {
    format!(
        "contract = 1\nname = \"{name}\"\nversion = \"1\"\ntitle = {{ zh = \"话\", en = \"words\" }}\npurpose = \"health-planning\"\n{inputs}\
         [[parameters]]\nname = \"way\"\ntype = \"integer\"\nminimum = 0\nmaximum = 9\n\
         [[statistics]]\nname = \"words\"\nmeasure = \"count\"\ngroups = {{ discovered = {{ bytes_max = 48, delta = 1e-14 }}, per_unit = 1 }}\n\
         [[statistics]]\nname = \"eight-bytes\"\nmeasure = \"sum\"\nbounds = [0.0, 1.0]\n{more}\
         [resources]\nfuel_per_unit = 100000\nmemory_bytes = 1048576\n"
    )
}

const PEOPLE: &str = "[[inputs]]\ntable = \"people\"\ncolumns = [\"name\", \"born\", \"number\", \"income\"]\n";
const VISITS: &str = "[[inputs]]\ntable = \"visits\"\ncolumns = [\"note\"]\n";
const JOINED: &str =
    "[[inputs]]\ntable = \"people\"\ncolumns = [\"name\"]\n[[inputs]]\ntable = \"members\"\ncolumns = [\"word\"]\njoined = true\n";

/// 200 people, of whom one is the canary; the others share their words, so that those are released.
fn files(domain: &Domain) -> [PathBuf; 3] {
    let (mut people, mut visits, mut members) =
        (String::from("id,name,born,number,income\n"), String::from("id,note\n"), String::from("id,word\n"));
    for person in 0..200 {
        people += &format!("p{person},common,1970-01-01,{person},100.5\n");
        visits += &format!("p{person},common\n");
        members += &format!("p{person},common\n");
    }
    let note = NOTE.replace('"', "\"\"");
    people += &format!("{IDENTIFIER},{NAME},{BORN},{NUMBER},{INCOME}\n");
    // Rows with errors: no identifier, a number and a text out of range.
    people += &format!(",{DROPPED},{BORN},1,1.5\nq1,{DROPPED},{BORN},-1,1.5\nq2,{DROPPED}{DROPPED}{DROPPED},{BORN},1,1.5\n");
    visits += &format!("{IDENTIFIER},\"{note}\"\n{IDENTIFIER},second\n{IDENTIFIER},{DROPPED}\nq3,{DROPPED}{DROPPED}{DROPPED}{DROPPED}\n");
    members += &format!("{IDENTIFIER},{WORD}\n");
    [("people.csv", people), ("visits.csv", visits), ("members.csv", members)].map(|(name, content)| domain.write(name, content))
}

struct Scene {
    domain: Domain,
}

impl Scene {
    fn begin() -> Self {
        let domain = Domain::empty();
        domain.key("operator.key");
        let [people, visits, members] = files(&domain);
        let (schema, policy) = (domain.write("people.toml", SCHEMA), domain.write("policy.toml", POLICY));
        let tables = [format!("people={}", text(&people)), format!("visits={}", text(&visits))];
        let add =
            ["dataset", "add", "people", "--schema", text(&schema), "--policy", text(&policy), "--data", &tables[0], "--data", &tables[1]];
        domain.ask(&add).json();
        domain.mount("members", MEMBERS, POLICY, &members).json();
        Self { domain }
    }

    fn grant(&self, dataset: &str, columns: &str) {
        let until = days_from_today(300);
        let more = ["--dataset", dataset, "--columns", columns, "--epsilon", "12", "--until", &until];
        self.domain.grant_with(&more).json();
    }

    fn upload(&self, name: &str, manifest: &str) {
        let component = wat::parse_str(include_str!("speaks.wat")).expect("wat");
        let model = self.domain.model_of(name, &component, manifest);
        self.domain.ask(&["model", "check", text(&model)]);
        self.domain.ask(&["model", "dry-run", text(&model), "--schema", text(&self.domain.beside("people.toml")), "--param", "way=1"]);
        self.domain.upload(&model).json();
    }

    fn question<'a>(model: &'a str, epsilon: &'a str, way: &'a str) -> Vec<&'a str> {
        vec!["run", "--dataset", "people", "--model", model, "--operator", OPERATOR, "--epsilon", epsilon, "--param", way]
    }

    fn run(&self, model: &str, epsilon: &str, way: &str, more: &[&str]) -> Said {
        self.domain.ask(&[&Self::question(model, epsilon, way), more].concat())
    }

    /// A run that loops over the canary, whose worker and keeper are killed meanwhile; then it is continued.
    fn interrupted(&self) {
        let mut command = command();
        let question = Self::question("slow", "0.9", "way=2");
        let child = command.args(question).args(["--json", "--domain", text(self.domain.directory())]);
        let mut child = child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("start");
        let deadline = Instant::now() + Duration::from_secs(60);
        let mut killed = false;
        while !killed && Instant::now() < deadline && child.try_wait().expect("wait").is_none() {
            // As soon as a worker is there, it and then its keeper die.
            for keeper in children(child.id(), "keeper") {
                for worker in children(keeper, "worker") {
                    kill(worker);
                    killed |= kill(keeper);
                }
            }
        }
        Said::of(child.wait_with_output().expect("output"));
        assert!(killed, "the run ended before it could be interrupted");
        self.run("slow", "0.9", "way=2", &[]).json();
    }

    /// Everything that can be asked about what is there.
    fn look_around(&self, run: &str) {
        let ask = |arguments: &[&str]| drop(self.domain.ask(arguments));
        let log = self.domain.directory().join("log");
        let log = text(&log);
        for arguments in [
            &["dataset", "list"][..],
            &["dataset", "show", "people"],
            &["dataset", "report", "people"],
            &["grant", "list"],
            &["model", "list"],
            &["budget", "show", "people"],
            &["release", "show", run],
            &["audit", "verify", log],
            &["audit", "search", "--log", log],
            &["audit", "explain", run, "--log", log],
            &["dataset", "usage", "people"],
            &["doctor"],
        ] {
            ask(arguments);
            self.domain.ask_with(&["--lang", "zh"], arguments);
        }
        for entry in 0..12 {
            for field in ["release_commitment", "parameters_commitment", "totals_commitment"] {
                ask(&["audit", "open", &entry.to_string(), "--field", field, "--role", "regulator"]);
            }
        }
        ask(&["audit", "replay", run]);
        let (dossier, copy) = (self.domain.beside("dossier"), self.domain.beside("copy"));
        let year = days_from_today(0)[..4].to_owned();
        ask(&["audit", "export", "--log", log, "--year", &year, "--out", text(&dossier)]);
        ask(&["audit", "pull", log, "--to", text(&copy)]);
    }
}

/// Files that the import refuses, and questions that are refused.
fn refusals(scene: &Scene) {
    let refused = [
        format!("id,word\np1,\"{REFUSED}\n"),
        format!("id,word\np1,{REFUSED},more\n"),
        format!("id,word\n,{REFUSED}\n"),
        format!("id,word\np1,{REFUSED}{REFUSED}{REFUSED}\n"),
        format!("id,{REFUSED}\np1,{REFUSED}\n"),
    ];
    for content in refused {
        let file = scene.domain.write("refused.csv", content);
        scene.domain.mount("members", MEMBERS, POLICY, &file).refusal();
    }
    scene.run("words", "60", "way=0", &[]).refusal();
    scene.run("words", "1", "way=99", &[]).refusal();
}

fn product(scene: Scene, run: String) -> (Domain, PathBuf) {
    let shop = Shop::over(scene.domain, run);
    let (product, package) = shop.delivered("package");
    assert_eq!(shop.verify(&package, &["--recipient", RECIPIENT]).code, Some(0));
    shop.ask(&["export", &product]).json();
    shop.ask(&["show", &product]).json();
    (shop.domain, package)
}

fn searched(searcher: &Searcher, root: &Path, skip: impl Fn(&str) -> bool, found: &mut Vec<String>) -> usize {
    let files = files_below(root);
    for (name, bytes) in files.iter().filter(|(name, _)| !skip(name)) {
        found.extend(searcher.find(bytes).iter().map(|pattern| format!("{} in {}", pattern.name, root.join(name).display())));
    }
    files.len()
}

// clause: E4, J12 refused
#[test]
fn no_planted_value_is_found_outside_the_data() {
    let temporary = tidegate_tests::domain::place();
    recorder::record(temporary.path());
    let scene = Scene::begin();
    refusals(&scene);
    for (dataset, columns) in [("people", "people.name,people.born,people.number,people.income,visits.note"), ("members", "members.word")] {
        scene.grant(dataset, columns);
    }
    scene.upload("words", &manifest("words", PEOPLE, ""));
    // So much fuel that its loop lasts long enough to be killed in.
    scene.upload("slow", &manifest("slow", PEOPLE, "").replace("fuel_per_unit = 100000", "fuel_per_unit = 4000000000"));
    scene.upload("notes", &manifest("notes", &format!("{VISITS}{PEOPLE}"), ""));
    scene.upload("rounds", &manifest("rounds", PEOPLE, "[rounds]\nmax = 2\nstate_max = 1\n"));
    scene.upload("joined", &manifest("joined", JOINED, ""));

    // Honest, trapping, looping and lying about its shape; in the open and at the slot.
    let released = scene.run("words", "5", "way=0", &[]).json();
    let keys: Vec<&str> =
        released["statistics"][0]["groups"].as_array().expect("groups").iter().filter_map(|group| group["key"].as_str()).collect();
    assert_eq!(keys, ["common"], "a key that one person has stays under the threshold");
    let run = released["run"].as_str().expect("run").to_owned();
    for (model, way) in
        [("words", "way=1"), ("words", "way=2"), ("words", "way=3"), ("notes", "way=0"), ("notes", "way=1"), ("rounds", "way=0")]
    {
        scene.run(model, "0.5", way, &[]).json();
    }
    scene.run("joined", "0.5", "way=0", &["--join", "members"]).json();
    scene.interrupted();
    scene.look_around(&run);

    // The search works: the values are where they must be, and identifiers are not even there.
    let (kept, gone) = (Searcher::new(&KEPT), Searcher::new(&GONE));
    let all = Searcher::new(&[&KEPT[..], &GONE].concat());
    let data: Vec<u8> = files_below(&scene.domain.directory().join("data")).into_iter().flat_map(|(_, bytes)| bytes).collect();
    let there = kept.find(&data);
    for token in KEPT {
        assert!(
            there.iter().any(|pattern| pattern.name.starts_with(&format!("{token:?}"))),
            "{token:?} is not in the data: the search is blind"
        );
    }
    assert!(gone.find(&data).is_empty(), "identifiers and dropped rows are not kept: {:?}", gone.find(&data));

    let (domain, package) = product(scene, run);
    let destroy = ["dataset", "destroy", "members", "--version", "1", "--reason", "over", "--witness", "Witness Li"];
    domain.ask(&destroy).json();

    let mut found = Vec::new();
    for (name, bytes) in recorder::recorded() {
        found.extend(all.find(&bytes).iter().map(|pattern| format!("{} in {name}", pattern.name)));
    }
    // Everything beside the domain too, where packages, dossiers and copies are made, but for the files of the provider.
    let provided = ["people.csv", "visits.csv", "members.csv", "refused.csv"];
    let skip = |name: &str| name.starts_with("domain/data/") || provided.contains(&name);
    let looked = searched(&all, &domain.beside("."), skip, &mut found);
    searched(&all, temporary.path(), |_| false, &mut found);
    let made = [package, domain.beside("dossier"), domain.beside("copy")].map(|root| files_below(&root).len());
    assert!(looked > 60 && made.iter().all(|files| *files > 2), "the search looked at {looked} files, of which {made:?}");
    assert!(found.is_empty(), "planted values outside the data:\n{}", found.join("\n"));
    assert!(!repository("core").exists(), "no core dump");
}
