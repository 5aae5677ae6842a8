//! What is asked of a domain while its disk fails, and what must hold afterwards.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use tidegate_log::{Checkpoint, Entry, Event, Tile, TileKind, Verifier, decode_bundle, root_of, verify};
use tidegate_tests::domain::{Domain, IMMEDIATELY, OPERATOR, days_from_today, place, rand_hie_schema, text};
use tidegate_tests::keeper::{Answer, Fault, Keeper};
use tidegate_tests::program::repository;

/// One request and its body.
pub type Step = (Value, Vec<u8>);

/// A domain to begin with, and what is asked of it.
pub struct Story {
    base: Domain,
    pub steps: Vec<Step>,
    /// Whether the last step is a run, which is asked again after the restart.
    runs: bool,
    head: Checkpoint,
    verifier: Verifier,
}

fn grant(epsilon: f64, key: &str) -> Step {
    let add = json!({
        "dataset": "rand-hie", "operator": OPERATOR, "operator_key": key, "columns": ["person-years.meddol"],
        "purpose": "health-planning", "epsilon": epsilon, "valid_from": null, "valid_until": days_from_today(300),
    });
    (json!({ "GrantAdd": add }), Vec::new())
}

fn run(epsilon: f64) -> Step {
    let question = json!({
        "operator": OPERATOR, "dataset": "rand-hie", "version": null, "join": null, "module": "expensive-years",
        "parameters": [], "side_tables": [], "epsilon": epsilon, "workers": 1,
    });
    (json!({ "Run": question }), Vec::new())
}

fn public_key(domain: &Domain) -> String {
    fs::read_to_string(domain.beside("operator.key.pub")).expect("public key").trim().to_owned()
}

impl Story {
    /// Acts that change state and log, and nothing else.
    pub fn appends() -> Self {
        let base = Domain::with_rand_hie(IMMEDIATELY);
        let revoked = base.grant("person-years.meddol", "1");
        let key = public_key(&base);
        let revoke = (json!({ "GrantRevoke": { "grant": revoked, "reason": "over" } }), Vec::new());
        let mut steps = vec![grant(2.0, &key), revoke];
        steps.extend([3.0, 4.0, 5.0, 6.0].map(|epsilon| grant(epsilon, &key)));
        Self::of(base, steps, false)
    }

    /// A run that is charged, executed, released and shown.
    pub fn run() -> Self {
        let base = Domain::with_rand_hie(IMMEDIATELY);
        base.grant("person-years.meddol", "4");
        base.upload_samples(&["expensive-years"]);
        Self::of(base, vec![run(0.1)], true)
    }

    /// The whole way: mount, grant, upload, run, release.
    pub fn whole() -> Self {
        let base = Domain::empty();
        base.key("operator.key");
        let key = public_key(&base);
        let model = base.model("expensive-years", str::to_owned);
        let secret = base.beside("operator.key");
        base.ask(&["model", "sign", text(&model), "--key", text(&secret)]).json();
        let read = |name: &str| fs::read_to_string(model.join(name)).expect("model");
        // A thousand rows are enough here.
        let csv = fs::read_to_string(repository("sample-models/datasets/rand-hie/rand_hie.csv")).expect("data");
        let data = base.write("small.csv", csv.lines().take(1_001).map(|line| format!("{line}\n")).collect::<String>());
        let add = json!({ "dataset": "rand-hie", "schema": rand_hie_schema(), "policy": IMMEDIATELY, "files": [["person-years", data]] });
        let upload = json!({ "operator": OPERATOR, "manifest": read("manifest.toml"), "seal": read("seal.json") });
        let component = fs::read(model.join("model.wasm")).expect("component");
        let steps =
            vec![(json!({ "DatasetAdd": add }), Vec::new()), grant(4.0, &key), (json!({ "ModelUpload": upload }), component), run(0.1)];
        Self::of(base, steps, true)
    }

    fn of(base: Domain, steps: Vec<Step>, runs: bool) -> Self {
        let log = base.directory().join("log");
        let vkey = fs::read_to_string(log.join("vkey")).expect("vkey");
        let verifier = Verifier::parse(vkey.trim()).expect("key");
        let head = head(&log, &verifier);
        Self { base, steps, runs, head, verifier }
    }

    /// A copy of the domain; data and compiled modules never change and are linked.
    pub fn copy(&self) -> (TempDir, PathBuf) {
        let place = place();
        let directory = place.path().join("domain");
        copy(self.base.directory(), &directory);
        (place, directory)
    }

    /// How many durable calls the story makes.
    pub fn calls(&self) -> usize {
        let (place, domain) = self.copy();
        let count = place.path().join("count");
        let told = self.tell(Keeper::counting(&domain, &count, 0));
        assert_eq!(told.done.len(), self.steps.len(), "without a fault every step is done");
        self.check(&domain, &told);
        fs::read_to_string(count).expect("count").trim().parse().expect("number")
    }

    /// Tells the story with a fault in it, starts again without, and checks everything.
    pub fn with_fault(&self, fault: Fault) -> Told {
        let (_place, domain) = self.copy();
        let told = self.tell(Keeper::with_fault(&domain, fault, 0));
        self.check(&domain, &told);
        told
    }

    fn tell(&self, mut keeper: Keeper) -> Told {
        let mut told = Told::default();
        for (request, body) in &self.steps {
            match keeper.ask(request, body) {
                Answer::Done(value) => told.done.push((request.clone(), value)),
                Answer::Refused(_) => told.refused += 1,
                Answer::Gone => {
                    told.gone = true;
                    break;
                }
            }
        }
        told
    }

    /// What must hold in a domain after a restart, whatever happened to it.
    pub fn check(&self, domain: &Path, told: &Told) {
        let log = domain.join("log");
        // What was published when it died must be the beginning of what is published in the end.
        let at_death = log.join("checkpoint").exists().then(|| head(&log, &self.verifier));
        let mut keeper = Keeper::start(domain);
        let listed = match keeper.ask(&json!("GrantList"), &[]) {
            Answer::Done(value) => value,
            other => panic!("the domain does not open again: {other:?}"),
        };
        let mut found = Found::read(&log, &self.verifier);
        for earlier in [Some(self.head.clone()), at_death].into_iter().flatten() {
            let size = earlier.size as usize;
            assert!(size <= found.entries.len(), "the log became shorter");
            assert_eq!(root_of(found.entries[..size].iter().map(Vec::as_slice)), earlier.root, "a fork at {size}");
        }
        for (request, done) in &told.done {
            let (name, details) = request.as_object().and_then(|request| request.iter().next()).expect("request");
            match name.as_str() {
                "GrantAdd" => {
                    let id = find(done, "id").and_then(|id| id.as_str().map(str::to_owned)).expect("id of the grant");
                    assert_eq!(found.granted.get(&id), Some(&1), "a grant that was acknowledged is in the log once");
                    assert!(listed.to_string().contains(&id), "and in the books");
                }
                "GrantRevoke" => assert_eq!(found.revoked.get(details["grant"].as_str().expect("grant")), Some(&1)),
                "Run" => {
                    let run = find(done, "run").and_then(|run| run.as_str().map(str::to_owned)).expect("run");
                    assert_eq!(found.released.get(&run), Some(&1), "a release that was shown is in the log once");
                }
                _ => {}
            }
        }
        assert!(told.done.iter().filter(|(request, _)| request.get("DatasetAdd").is_some()).count() <= found.mounts);
        assert!(told.done.iter().filter(|(request, _)| request.get("ModelUpload").is_some()).count() <= found.modules);
        let once = |counts: &BTreeMap<String, usize>| counts.values().all(|count| *count == 1);
        assert!(once(&found.granted) && once(&found.revoked) && once(&found.reserved) && once(&found.released), "nothing twice: {found:?}");
        let books = listed.as_array().expect("list").len();
        assert_eq!(books, found.granted.len(), "books and log agree");
        if self.runs && (found.mounts, found.granted.len(), found.modules) == (1, 1, 1) {
            // The same question continues what was paid, or shows what was released.
            let (request, body) = self.steps.last().expect("run");
            match keeper.ask(request, body) {
                Answer::Done(value) => {
                    let run = find(&value, "run").and_then(|run| run.as_str().map(str::to_owned)).expect("run");
                    found = Found::read(&log, &self.verifier);
                    assert_eq!((found.reserved.len(), found.reserved.get(&run)), (1, Some(&1)), "paid once");
                    assert_eq!((found.released.len(), found.released.get(&run)), (1, Some(&1)), "released once");
                }
                other => panic!("the run does not continue: {other:?}"),
            }
        }
        drop(keeper);
        let report = verify(&log, Some(&self.verifier.to_string())).expect("the log verifies");
        assert_eq!((report.findings_total, report.entries as usize), (0, found.entries.len()), "{:?}", report.findings);
    }
}

/// How a story went.
#[derive(Debug, Default)]
pub struct Told {
    /// What was acknowledged.
    pub done: Vec<(Value, Value)>,
    pub refused: usize,
    pub gone: bool,
}

/// What the published log says.
#[derive(Debug, Default)]
struct Found {
    entries: Vec<Vec<u8>>,
    mounts: usize,
    modules: usize,
    granted: BTreeMap<String, usize>,
    revoked: BTreeMap<String, usize>,
    reserved: BTreeMap<String, usize>,
    released: BTreeMap<String, usize>,
}

impl Found {
    fn read(log: &Path, verifier: &Verifier) -> Self {
        let size = head(log, verifier).size;
        let mut found = Self::default();
        for index in 0..size.div_ceil(256) {
            let tile = Tile::of_tree(TileKind::Entries, index, size).expect("tile");
            let bytes = fs::read(log.join(tile.path())).expect("bundle");
            found.entries.extend(decode_bundle(&bytes, tile.width).expect("bundle").into_iter().map(<[u8]>::to_vec));
        }
        for bytes in &found.entries {
            let (counts, name) = match Entry::decode(bytes).expect("entry").event {
                Event::Grant { grant, .. } => (&mut found.granted, grant),
                Event::Revoke { grant, .. } => (&mut found.revoked, grant),
                Event::Reserve { run, .. } => (&mut found.reserved, run),
                Event::Release { run, .. } => (&mut found.released, run),
                Event::Mount { .. } => {
                    found.mounts += 1;
                    continue;
                }
                Event::Module { .. } => {
                    found.modules += 1;
                    continue;
                }
                _ => continue,
            };
            *counts.entry(name).or_default() += 1;
        }
        found
    }
}

fn head(log: &Path, verifier: &Verifier) -> Checkpoint {
    Checkpoint::verify(&fs::read(log.join("checkpoint")).expect("checkpoint"), verifier).expect("a signed checkpoint")
}

/// The first value under a name, however deep.
fn find<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    match value {
        Value::Object(fields) => fields.get(name).or_else(|| fields.values().find_map(|inner| find(inner, name))),
        Value::Array(items) => items.iter().find_map(|inner| find(inner, name)),
        _ => None,
    }
}

/// Copies a domain.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).expect("directory");
    for entry in fs::read_dir(from).expect("directory").flatten() {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &target);
        } else if path.components().any(|part| part.as_os_str() == "data") {
            fs::hard_link(&path, &target).expect("link");
        } else {
            fs::copy(&path, &target).expect("copy");
        }
    }
}
