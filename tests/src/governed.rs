//! A governed domain behind `tidegate serve`: all eight roles with accounts, tokens and keys, and calls as they make them.

use crate::domain::{Domain, text};
use crate::program::{is_chinese, repository, tidegate};
use crate::servers::Server;
use ring::signature::Ed25519KeyPair;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tidegate_http::api::{CallError, Client, Options, Problem, Secret, Table, Trust};

/// The organisations: short name, name, kind, role.
pub const ORGANISATIONS: [(&str, &str, &str, &str); 11] = [
    ("data-bureau", "双鸭山市数据局", "department", "authority"),
    ("data-centre", "双鸭山市大数据中心", "public_service", "custodian"),
    ("health-bureau", "双鸭山市卫生健康委员会", "department", "provider"),
    ("transport-bureau", "双鸭山市交通运输局", "department", "provider"),
    ("city-health", "双鸭山健康数据运营有限公司", "enterprise", "operator"),
    ("rival", "双鸭山城市数据运营有限公司", "enterprise", "operator"),
    ("studio", "黑龙江算法开发工作室有限公司", "enterprise", "developer"),
    ("inspectorate", "双鸭山市网络安全监督局", "department", "regulator"),
    ("data-exchange", "哈尔滨数据交易中心有限公司", "enterprise", "exchange"),
    ("auditors", "黑龙江审计事务所", "society", "auditor"),
    ("spare", "双鸭山备用数据运营有限公司", "enterprise", "operator"),
];

/// Who acts, by label: organisation and role. A second person of an organisation has another account.
pub const PEOPLE: [(&str, &str, &str, &str); 14] = [
    ("authority", "data-bureau", "authority", "王建国"),
    ("custodian", "data-centre", "custodian", "徐志强"),
    ("authority-2", "data-bureau", "authority", "孙丽华"),
    ("provider", "health-bureau", "provider", "李明"),
    ("provider-2", "health-bureau", "provider", "赵敏"),
    ("provider-elsewhere", "transport-bureau", "provider", "钱伟"),
    ("operator", "city-health", "operator", "陈晨"),
    ("operator-2", "city-health", "operator", "吴磊"),
    ("operator-elsewhere", "rival", "operator", "周杰"),
    ("developer", "studio", "developer", "何静"),
    ("regulator", "inspectorate", "regulator", "郭涛"),
    ("exchange", "data-exchange", "exchange", "林娜"),
    ("auditor", "auditors", "auditor", "马超"),
    ("spare", "spare", "operator", "胡斌"),
];

/// The columns of the RAND data that the samples read.
pub const COLUMNS: [&str; 3] = ["person-years.plan", "person-years.mdvis", "person-years.meddol"];

/// A policy that the level of the entry allows; results come at their slots.
pub const POLICY: &str = "lifetime_epsilon = 4.0\ndelta = 1e-6\nrun_epsilon_max = 1.0\nvisibility = \"at_slot\"\n\
    walls = [\"no_new_privileges\", \"limits\", \"seccomp\"]\n";

/// One person with its token.
pub struct Person {
    /// Its account.
    pub account: String,
    /// For whom it acts.
    pub organisation: String,
    /// In which role.
    pub role: String,
    /// Its token.
    pub token: String,
    client: Client,
}

impl Person {
    /// Calls an operation as it is.
    pub fn call(&self, operation: &str, input: &Value) -> Result<Value, CallError> {
        self.client.call_by_name(operation, input, &Options::default()).map(|called| called.output)
    }

    /// Calls an operation under options, and returns the version too.
    pub fn call_with(&self, operation: &str, input: &Value, options: &Options) -> Result<(Value, Option<String>), CallError> {
        self.client.call_by_name(operation, input, options).map(|called| (called.output, called.version))
    }

    /// Calls an operation that must succeed.
    #[track_caller]
    pub fn does(&self, operation: &str, input: &Value) -> Value {
        match self.call(operation, input) {
            Ok(output) => output,
            Err(error) => panic!("{operation} by {}: {error}\n{input}", self.organisation),
        }
    }

    /// Calls an operation that must be refused with this code; the problem speaks both languages and says what to do.
    #[track_caller]
    pub fn refused(&self, operation: &str, input: &Value, code: &str) -> Problem {
        let problem = self.problem(operation, input);
        assert_eq!(problem.code, code, "{operation} by {}: {problem:?}", self.organisation);
        problem
    }

    /// Calls an operation that must be refused.
    #[track_caller]
    pub fn problem(&self, operation: &str, input: &Value) -> Problem {
        match self.call(operation, input) {
            Err(CallError::Refused(problem)) => {
                check_problem(&problem);
                *problem
            }
            other => panic!("{operation} by {} was not refused: {other:?}", self.organisation),
        }
    }
}

/// Holds a problem against what every problem has: a sentence and what to do, in both languages.
#[track_caller]
pub fn check_problem(problem: &Problem) {
    for words in [&problem.detail.en, &problem.remedy.en] {
        assert!(words.split_whitespace().count() >= 3, "not a sentence: {problem:?}");
    }
    for words in [&problem.detail.zh, &problem.remedy.zh] {
        assert!(is_chinese(words), "not Chinese: {problem:?}");
    }
    assert!(!problem.detail.en.contains("panicked"), "{problem:?}");
}

/// A server over a governed domain.
pub struct Governed {
    /// The domain, for what only its own machine may do.
    pub domain: Domain,
    /// All people, by label.
    pub people: BTreeMap<String, Person>,
    /// What can be called.
    pub table: Arc<Table>,
    server: Option<Server>,
}

/// A credit code with its check character, made up: nobody has it.
pub fn credit_code(number: usize) -> String {
    const CHARACTERS: &[u8] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
    let body = format!("912305{:02}MA{number:07}", number % 100);
    let value = |byte: u8| CHARACTERS.iter().position(|known| *known == byte).expect("a character of codes");
    let mut weight = 1;
    let mut sum = 0;
    for byte in body.bytes() {
        sum += value(byte) * weight;
        weight = weight * 3 % 31;
    }
    format!("{body}{}", char::from(CHARACTERS[(31 - sum % 31) % 31]))
}

/// The public half of a key pair that `tidegate key new` made beside the domain.
pub fn public_key(domain: &Domain, name: &str) -> String {
    let line = fs::read_to_string(domain.beside(&format!("{name}.key.pub"))).expect("public key");
    line.split_whitespace().last().expect("a key").to_owned()
}

fn key_pair(path: &Path) -> Ed25519KeyPair {
    Ed25519KeyPair::from_pkcs8(&fs::read(path).expect("private key")).expect("a key pair")
}

/// Bytes as the interface takes them.
pub fn base64_text(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// One value laid over another: objects field by field, everything else as a whole.
pub fn over(below: Value, above: Value) -> Value {
    match (below, above) {
        (Value::Object(mut below), Value::Object(above)) => {
            for (name, value) in above {
                let under = below.remove(&name).unwrap_or(Value::Null);
                below.insert(name, over(under, value));
            }
            Value::Object(below)
        }
        (_, above) => above,
    }
}

impl Governed {
    /// A governed domain with everybody registered, and nothing else.
    pub fn begin() -> Self {
        Self::of(Domain::empty(), &[])
    }

    /// Governs a domain and serves it with options.
    pub fn of(domain: Domain, options: &[&str]) -> Self {
        for (organisation, ..) in ORGANISATIONS {
            domain.key(&format!("{organisation}.key"));
        }
        let place = |name: &str, label: usize| {
            let (_, _, _, person) = PEOPLE[label];
            let pack = if label == 0 { "pack = \"sys\"\n" } else { "" };
            let mut organisation = organisation_input(&domain, label);
            let keys = organisation.as_object_mut().expect("object").remove("keys").expect("keys");
            let fields: Vec<_> = organisation.as_object().expect("object").iter().map(|(name, value)| toml_line(name, value)).collect();
            let key = &keys[0];
            let text = format!(
                "account = \"{person}\"\n{pack}[organisation]\n{}\n[[organisation.keys]]\nid = {}\npublic_key = {}\n",
                fields.concat(),
                key["id"],
                key["public_key"]
            );
            domain.write(name, text)
        };
        let (authority, custodian) = (place("authority.toml", 0), place("custodian.toml", 1));
        let tokens = domain.beside("tokens");
        fs::create_dir(&tokens).expect("directory");
        let files = ["--authority", text(&authority), "--custodian", text(&custodian), "--tokens", text(&tokens)];
        domain.ask(&[&["govern", "init"], files.as_slice()].concat()).json();
        fs::create_dir_all(domain.directory().join("imports/health-bureau")).expect("directory");

        let table = Arc::new(tidegate_governance::table().expect("a table"));
        let mut governed = Self { domain, people: BTreeMap::new(), table, server: None };
        governed.start(options);
        for (label, file) in [(0, "authority.token"), (1, "custodian.token")] {
            let token = fs::read_to_string(governed.domain.beside("tokens").join(file)).expect("token").trim().to_owned();
            governed.add(PEOPLE[label].0, "", PEOPLE[label].1, PEOPLE[label].2, &token);
        }
        governed.by("authority").does("settings.set_levels", &json!({ "text": levels() }));
        for place in 2..ORGANISATIONS.len() {
            let input = organisation_input(&governed.domain, place);
            governed.by("authority").does("organisations.register", &input);
        }
        for (label, organisation, role, person) in &PEOPLE[2..] {
            governed.hire(label, organisation, role, person);
        }
        governed
    }

    /// Makes an account and remembers its token.
    pub fn hire(&mut self, label: &str, organisation: &str, role: &str, person: &str) {
        self.hire_for(label, organisation, &[role], person);
    }

    /// Makes an account with several roles and remembers its token.
    pub fn hire_for(&mut self, label: &str, organisation: &str, roles: &[&str], person: &str) {
        let input = json!({ "organisation": organisation, "name": person, "roles": roles });
        let made = self.by("authority").does("accounts.create", &input);
        let account = made["account"]["account"].as_str().expect("account").to_owned();
        let token = made["token"].as_str().expect("token").to_owned();
        self.add(label, &account, organisation, roles[0], &token);
    }

    fn add(&mut self, label: &str, account: &str, organisation: &str, role: &str, token: &str) {
        let client = self.client(organisation, token);
        let (account, token) = (account.to_owned(), token.to_owned());
        let mut person = Person { account, organisation: organisation.to_owned(), role: role.to_owned(), token, client };
        if person.account.is_empty() {
            person.account = person.does("accounts.self", &json!({}))["account"].as_str().expect("account").to_owned();
        }
        self.people.insert(label.to_owned(), person);
    }

    /// A client with a token, signing for an organisation.
    pub fn client(&self, organisation: &str, token: &str) -> Client {
        let client = Client::new(&self.url(), Arc::clone(&self.table), &Trust::default(), 300).expect("a client");
        let key = key_pair(&self.domain.beside(&format!("{organisation}.key")));
        client.with_token(Secret::new(token.to_owned())).signing(key, &public_key(&self.domain, organisation))
    }

    /// A client with a token that signs nothing.
    pub fn unsigned(&self, token: &str) -> Client {
        let client = Client::new(&self.url(), Arc::clone(&self.table), &Trust::default(), 300).expect("a client");
        client.with_token(Secret::new(token.to_owned()))
    }

    /// Serves the domain.
    pub fn start(&mut self, options: &[&str]) {
        let fixed = ["serve", "--domain", text(self.domain.directory()), "--rate", "10000000"];
        let errors = fs::OpenOptions::new().create(true).append(true).open(self.domain.beside("server.err")).expect("file");
        self.server = Some(Server::start_telling(&[&fixed, options].concat(), "127.0.0.1:0", errors));
        // It listens elsewhere than the one before it.
        let clients: Vec<_> =
            self.people.iter().map(|(label, person)| (label.clone(), self.client(&person.organisation, &person.token))).collect();
        for (label, client) in clients {
            self.people.get_mut(&label).expect("somebody").client = client;
        }
    }

    /// Everything that its processes wrote for whoever runs them: standard error, and the domain's journal.
    pub fn told(&self) -> String {
        let read = |path: std::path::PathBuf| fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
        read(self.domain.beside("server.err")) + &read(self.domain.directory().join("journal.log"))
    }

    /// Stops the server; its exit code.
    pub fn stop(&mut self) -> Option<i32> {
        self.server.take().and_then(Server::stop)
    }

    /// Where it listens.
    pub fn address(&self) -> &str {
        &self.server.as_ref().expect("the server runs").address
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// Somebody.
    #[track_caller]
    pub fn by(&self, label: &str) -> &Person {
        self.people.get(label).unwrap_or_else(|| panic!("nobody is called {label}"))
    }

    /// The input example of an operation, with something laid over it.
    #[track_caller]
    pub fn input(&self, operation: &str, above: Value) -> Value {
        let described = self.table.describe(operation).unwrap_or_else(|| panic!("no operation {operation}"));
        over(described["input_example"].clone(), above)
    }

    /// Does what must succeed, with the example as input and something laid over it.
    #[track_caller]
    pub fn does(&self, label: &str, operation: &str, above: Value) -> Value {
        self.by(label).does(operation, &self.input(operation, above))
    }

    /// A plan, drafted, submitted, approved and filed; returns its id.
    pub fn plan(&self) -> String {
        let plan = field(&self.does("authority", "plans.draft", json!({})), "plan");
        self.does("authority", "plans.submit", json!({ "plan": plan }));
        self.does("authority", "plans.approve", json!({ "plan": plan }));
        plan
    }

    /// An agreement of the operator over the RAND data, up to both signatures; returns its id.
    pub fn agreement(&self, plan: &str) -> String {
        self.agreement_of("city-health", "operator", plan)
    }

    /// An agreement of some operator.
    pub fn agreement_of(&self, operator: &str, label: &str, plan: &str) -> String {
        let id = field(&self.does("authority", "agreements.prepare", agreement_text(operator, plan)), "agreement");
        let with = |above: Value| over(json!({ "agreement": id }), above);
        self.does("authority", "agreements.notice", with(json!({ "notice_until": "2026-10-15" })));
        self.does("authority", "agreements.decide", with(json!({ "on": "2026-10-20" })));
        self.does("authority", "agreements.qualify", with(json!({ "valid_until": crate::domain::days_from_today(300) })));
        self.by("authority").does("agreements.sign", &with(json!({})));
        self.by(label).does("agreements.sign", &with(json!({})));
        id
    }

    /// A catalogue entry of the provider, drafted, submitted, reviewed and published.
    pub fn entry(&self, id: &str) {
        self.entry_with(id, json!({}));
    }

    /// The same with something laid over its text.
    pub fn entry_with(&self, id: &str, above: Value) {
        self.by("provider").does("entries.draft", &json!({ "content": over(entry_text(self, id), above) }));
        let one = json!({ "entry": id });
        self.by("provider").does("entries.submit", &one);
        let review = json!({ "entry": id, "approve": true });
        self.by("authority").does("entries.review", &review);
        self.by("authority").does("entries.publish", &one);
    }

    /// Sets the policy and mounts the RAND data under an entry.
    pub fn mount(&self, dataset: &str, entry: &str, policy: &str) -> Value {
        let file = self.domain.directory().join("imports/health-bureau").join("rand_hie.csv");
        fs::copy(repository("sample-models/datasets/rand-hie/rand_hie.csv"), &file).expect("copy");
        let set = json!({ "dataset": dataset, "entry": entry, "policy": policy, "units_max": 6000 });
        self.by("authority").does("datasets.set-policy", &set);
        let files = json!([{ "table": "person-years", "file": "rand_hie.csv" }]);
        let mounting = json!({ "dataset": dataset, "entry": entry, "schema": crate::domain::rand_hie_schema(), "files": files });
        self.by("provider").does("datasets.mount", &mounting)
    }

    /// A scenario, proposed by the operator and assessed by the authority.
    pub fn scenario(&self, scenario: &str) {
        self.does("operator", "scenarios.propose", json!({ "scenario": scenario }));
        self.does("authority", "scenarios.assess", json!({ "scenario": scenario }));
    }

    /// An application of the operator for the RAND data, agreed to; returns its id.
    pub fn application(&self, dataset: &str, scenario: &str) -> String {
        let id = field(&self.by("operator").does("applications.submit", &self.application_text(dataset, scenario)), "application");
        let answer = |step: &str| self.input("applications.review", json!({ "application": id, "step": step }));
        self.by("authority").does("applications.review_form", &answer("authority"));
        self.by("provider").does("applications.review", &answer("provider"));
        id
    }

    /// What the operator applies for.
    pub fn application_text(&self, dataset: &str, scenario: &str) -> Value {
        let until = crate::domain::days_from_today(250);
        let above = json!({
            "dataset": dataset, "scenario": scenario, "purpose": "health-planning", "columns": COLUMNS, "last_day": until
        });
        self.input("applications.submit", above)
    }

    /// A grant on an application; returns its id.
    pub fn grant(&self, application: &str, dataset: &str, epsilon: f64) -> String {
        field(&self.by("authority").does("grants.give", &self.grant_text(application, dataset, epsilon)), "id")
    }

    /// What the authority grants.
    pub fn grant_text(&self, application: &str, dataset: &str, epsilon: f64) -> Value {
        json!({
            "application": application, "dataset": dataset, "operator": "city-health",
            "operator_key": public_key(&self.domain, "city-health"), "columns": COLUMNS, "purpose": "health-planning",
            "epsilon": epsilon, "valid_until": crate::domain::days_from_today(200)
        })
    }

    /// The input that uploads a sample module, sealed with the operator's key.
    pub fn module(&self, name: &str) -> Value {
        self.module_with(name, str::to_owned)
    }

    /// The same with a changed manifest.
    pub fn module_with(&self, name: &str, change: impl Fn(&str) -> String) -> Value {
        let directory = self.domain.model(name, change);
        let key = self.domain.beside("city-health.key");
        tidegate(&["model", "sign", text(&directory), "--key", text(&key), "--json"]).json();
        let read = |file: &str| fs::read(directory.join(file)).expect("a file of the module");
        let words = |file: &str| String::from_utf8(read(file)).expect("text");
        json!({ "component": base64_text(&read("model.wasm")), "manifest": words("manifest.toml"), "seal": words("seal.json") })
    }

    /// Everything up to a grant over the RAND data under a policy, with one module uploaded.
    pub fn ready(policy: &str, module: &str) -> Self {
        let governed = Self::begin();
        governed.prepare(policy, module);
        governed
    }

    /// Prepares everything up to a grant; returns the grant's id.
    pub fn prepare(&self, policy: &str, module: &str) -> String {
        self.entry("rand-hie-visits");
        self.mount("rand-hie", "rand-hie-visits", policy);
        let plan = self.plan();
        self.agreement(&plan);
        self.scenario("health-planning");
        let application = self.application("rand-hie", "health-planning");
        let grant = self.grant(&application, "rand-hie", 3.0);
        self.by("operator").does("modules.upload", &self.module(module));
        grant
    }

    /// Asks for a run; returns its name in the queue.
    pub fn run(&self, module: &str, epsilon: f64) -> String {
        let question = json!({ "dataset": "rand-hie", "module": module, "epsilon": epsilon });
        field(&self.by("operator").does("runs.request", &question), "run")
    }

    /// Waits until a run of the queue is in a state, or has ended in another; a run ends at its slot, whatever happens.
    #[track_caller]
    pub fn wait(&self, label: &str, run: &str, state: &str) -> Value {
        let begun = Instant::now();
        loop {
            let shown = self.by(label).does("runs.show", &json!({ "run": run }));
            let now = shown["state"].as_str().expect("state").to_owned();
            if now == state {
                return shown;
            }
            let over = ["released", "stopped"].contains(&now.as_str());
            assert!(!over && begun.elapsed() < Duration::from_secs(900), "{shown} is not {state}");
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// A run that is released; returns the release's name.
    pub fn released(&self, module: &str, epsilon: f64) -> String {
        let run = self.run(module, epsilon);
        field(&self.wait("operator", &run, "released"), "release")
    }
}

/// The matrix of levels, with a first one that allows the policies of the tests.
fn levels() -> String {
    let levels = fs::read_to_string(repository("policies/packs/levels.toml")).expect("levels");
    let walls = "walls = [\"no_new_privileges\", \"limits\", \"seccomp\"]";
    assert!(levels.contains(walls) && levels.contains("epsilon_run_max = 4.0"), "the first level is as it was");
    levels.replacen(walls, "walls = []", 1).replacen("epsilon_run_max = 4.0", "epsilon_run_max = 10.0", 1)
}

/// A text of an answer.
#[track_caller]
pub fn field(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}")).to_owned()
}

fn toml_line(name: &str, value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let fields: Vec<_> = fields.iter().map(|(name, value)| format!("{name} = {value}")).collect();
            format!("{name} = {{ {} }}\n", fields.join(", "))
        }
        other => format!("{name} = {other}\n"),
    }
}

/// An organisation as it is registered.
pub fn organisation_input(domain: &Domain, place: usize) -> Value {
    let (organisation, name, kind, role) = ORGANISATIONS[place];
    let mut input = Map::new();
    for (field, value) in [
        ("organisation", json!(organisation)),
        ("name", json!(name)),
        ("kind", json!(kind)),
        ("credit_code", json!(credit_code(place + 1))),
        ("region", json!("230500")),
        ("roles", json!([role])),
        ("contact", json!({ "unit": "数据科", "officer": "韩梅" })),
        ("keys", json!([{ "id": public_key(domain, organisation), "public_key": public_key(domain, organisation) }])),
    ] {
        input.insert(field.to_owned(), value);
    }
    if role == "developer" {
        input.insert("works_under".to_owned(), json!("city-health"));
    }
    Value::Object(input)
}

/// What an agreement over the RAND data says.
pub fn agreement_text(operator: &str, plan: &str) -> Value {
    json!({
        "plan": plan, "number": format!("2026-{operator}"), "operator": operator, "first": "2026-11-01", "last": "2029-10-31",
        "scope": { "mode": "whole", "datasets": ["rand-hie", "rand-hie-2"], "domains": [], "scenarios": [] },
        "rights": { "holding": "health-bureau", "processing": [operator], "product": [operator] }
    })
}

/// The text of a catalogue entry over the RAND data.
pub fn entry_text(governed: &Governed, id: &str) -> Value {
    let place = ORGANISATIONS.iter().position(|known| known.0 == "health-bureau").expect("provider");
    let content = governed.input("entries.draft", json!({}))["content"].clone();
    let duties: Map<String, Value> = content["duties"]
        .as_object()
        .map(|duties| duties.keys().map(|duty| (duty.clone(), json!("health-bureau"))).collect())
        .unwrap_or_default();
    let basis = json!([{ "law": "某条例", "article": "第一条", "rank": "law" }]);
    let sharing = json!({ "type": "conditional", "conditions": "申请", "scope": "授权运营", "purpose": "统计", "basis": basis });
    let provider = json!({ "name": ORGANISATIONS[place].1, "code": credit_code(place + 1) });
    over(content, json!({ "id": id, "provider": provider, "duties": duties, "sharing": sharing, "security_level": "l1" }))
}
