//! A governed scratch domain behind a server of this program, up to a grant over the sample data.

use super::super::failed;
use crate::commands::demo::material::{CSV, HONEST, MATERIAL_SCHEMA};
use crate::front::CliError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::Ed25519KeyPair;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tidegate_http::api::{Client, Options, Secret, Table, Trust};

pub(super) const DATASET: &str = "rand-hie";
pub(super) const MODEL: &str = "visits-by-plan";
const ENTRY: &str = "rand-hie-visits";
const PURPOSE: &str = "health-planning";
const COLUMNS: [&str; 2] = ["person-years.plan", "person-years.mdvis"];
/// The grant's share: less than all questions together cost, so that some are refused.
const GRANT_EPSILON: f64 = 0.6;

/// Organisations: short name, name, kind, role, the beginning of a credit code that nobody has.
const ORGANISATIONS: [(&str, &str, &str, &str); 4] = [
    ("data-bureau", "基准测试市数据局", "department", "authority"),
    ("data-centre", "基准测试市大数据中心", "public_service", "custodian"),
    ("health-bureau", "基准测试市卫生健康委员会", "department", "provider"),
    ("city-health", "基准测试健康数据运营有限公司", "enterprise", "operator"),
];

/// A governed domain with its server.
pub(super) struct Scene {
    place: TempDir,
    table: Arc<Table>,
    server: Child,
    url: String,
    tokens: BTreeMap<&'static str, String>,
}

/// How runs ended.
#[derive(Default)]
pub(super) struct Ended {
    pub(super) released: usize,
    pub(super) refused: BTreeMap<String, usize>,
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// This program, on a domain.
fn program(domain: &Path, arguments: &[&str]) -> Result<Command, CliError> {
    let mut command = Command::new(std::env::current_exe().map_err(failed)?);
    command.args(arguments).arg("--domain").arg(domain).arg("--json").env_remove("TIDEGATE_SERVER");
    Ok(command)
}

fn done(mut command: Command) -> Result<Value, CliError> {
    let said = command.output().map_err(failed)?;
    if !said.status.success() {
        return Err(failed(String::from_utf8_lossy(&said.stderr)));
    }
    serde_json::from_slice(&said.stdout).map_err(failed)
}

/// A credit code with its check character.
fn credit_code(number: usize) -> String {
    const CHARACTERS: &[u8] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
    let body = format!("912305{number:02}MA{number:07}");
    let (mut weight, mut sum) = (1, 0);
    for byte in body.bytes() {
        sum += CHARACTERS.iter().position(|known| *known == byte).unwrap_or(0) * weight;
        weight = weight * 3 % 31;
    }
    format!("{body}{}", char::from(CHARACTERS[(31 - sum % 31) % 31]))
}

fn text(path: &Path) -> Result<&str, CliError> {
    path.to_str().ok_or_else(|| failed("a path that is no text"))
}

/// One value laid over another.
fn over(below: Value, above: Value) -> Value {
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

fn field(value: &Value, name: &str) -> Result<String, CliError> {
    value[name].as_str().map(str::to_owned).ok_or_else(|| failed(format!("no {name} in {value}")))
}

impl Scene {
    /// Makes it, from nothing to a grant.
    pub(super) fn make() -> Result<Self, CliError> {
        let place = tempfile::Builder::new().prefix("tidegate-bench-").tempdir().map_err(failed)?;
        let domain = place.path().join("domain");
        done(program(&domain, &["init", "--origin", "bench.example/domain"])?)?;
        fs::create_dir_all(domain.join("imports/health-bureau")).map_err(failed)?;
        let mut founders = Vec::new();
        for (number, (organisation, ..)) in ORGANISATIONS.iter().enumerate() {
            let key = place.path().join(format!("{organisation}.key"));
            done(program(&domain, &["key", "new", text(&key)?])?)?;
            if number < 2 {
                let file = place.path().join(format!("{organisation}.toml"));
                fs::write(&file, founder(place.path(), number)?).map_err(failed)?;
                founders.push(file);
            }
        }
        let files = ["govern", "init", "--authority", text(&founders[0])?, "--custodian", text(&founders[1])?];
        let mut command = program(&domain, &files)?;
        command.arg("--tokens").arg(place.path());
        done(command)?;

        let (server, url) = serve(&domain)?;
        let table = Arc::new(tidegate_governance::table()?);
        let mut scene = Self { place, table, server, url, tokens: BTreeMap::new() };
        for role in ["authority", "custodian"] {
            let token = fs::read_to_string(scene.place.path().join(format!("{role}.token"))).map_err(failed)?;
            scene.tokens.insert(role, token.trim().to_owned());
        }
        for (number, role) in [(2, "provider"), (3, "operator")] {
            let registered = organisation(scene.place.path(), number)?;
            scene.authority("organisations.register", registered)?;
            let person = json!({ "organisation": ORGANISATIONS[number].0, "name": "王建国", "roles": [role] });
            let made = scene.authority("accounts.create", person)?;
            let token = field(&made, "token")?;
            scene.tokens.insert(role, token);
        }
        scene.papers()?;
        Ok(scene)
    }

    /// Entry, data, plan, agreement, scenario, application, grant, module.
    fn papers(&self) -> Result<(), CliError> {
        let content = self.example("entries.draft", json!({}))?["content"].clone();
        let provider = json!({ "name": ORGANISATIONS[2].1, "code": credit_code(3) });
        let duties = content["duties"].as_object().map(|duties| duties.keys().map(|duty| (duty.clone(), json!("health-bureau"))).collect());
        let duties = Value::Object(duties.unwrap_or_default());
        let basis = json!([{ "law": "某条例", "article": "第一条", "rank": "law" }]);
        let sharing = json!({ "type": "conditional", "conditions": "申请", "scope": "授权运营", "purpose": "统计", "basis": basis });
        let entry = json!({ "id": ENTRY, "provider": provider, "duties": duties, "security_level": "l1", "sharing": sharing });
        let content = over(content, entry);
        self.does("provider", "entries.draft", json!({ "content": content }))?;
        let entry = json!({ "entry": ENTRY });
        self.does("provider", "entries.submit", entry.clone())?;
        self.authority("entries.review", json!({ "entry": ENTRY, "approve": true }))?;
        self.authority("entries.publish", entry)?;
        self.mount()?;

        let plan = field(&self.like("authority", "plans.draft", json!({}))?, "plan")?;
        for step in ["plans.submit", "plans.approve"] {
            self.like("authority", step, json!({ "plan": plan }))?;
        }
        let agreement = json!({
            "plan": plan, "number": "2026-1", "operator": "city-health", "first": "2026-11-01", "last": "2029-10-31",
            "scope": { "mode": "whole", "datasets": [DATASET], "domains": [], "scenarios": [] },
            "rights": { "holding": "health-bureau", "processing": ["city-health"], "product": ["city-health"] }
        });
        let agreement = field(&self.like("authority", "agreements.prepare", agreement)?, "agreement")?;
        let with = |above: Value| over(json!({ "agreement": agreement }), above);
        let today = jiff::Zoned::now().date();
        let later = |days: i64| today.saturating_add(jiff::Span::new().days(days)).to_string();
        self.like("authority", "agreements.qualify", with(json!({ "valid_until": later(300) })))?;
        self.like("authority", "agreements.notice", with(json!({ "notice_until": "2026-10-15" })))?;
        self.like("authority", "agreements.decide", with(json!({ "on": "2026-10-20" })))?;
        self.authority("agreements.sign", with(json!({})))?;
        self.does("operator", "agreements.sign", with(json!({})))?;
        self.like("operator", "scenarios.propose", json!({ "scenario": PURPOSE }))?;
        self.like("authority", "scenarios.assess", json!({ "scenario": PURPOSE }))?;

        let applied = json!({ "dataset": DATASET, "scenario": PURPOSE, "purpose": PURPOSE, "columns": COLUMNS, "last_day": later(250) });
        let application = field(&self.like("operator", "applications.submit", applied)?, "application")?;
        let step = |step: &str| json!({ "application": application, "step": step });
        self.like("authority", "applications.review_form", step("authority"))?;
        self.like("provider", "applications.review", step("provider"))?;
        let key = self.public_key("city-health")?;
        let grant = json!({
            "application": application, "dataset": DATASET, "operator": "city-health", "operator_key": key,
            "columns": COLUMNS, "purpose": PURPOSE, "epsilon": GRANT_EPSILON, "valid_until": later(200)
        });
        self.authority("grants.give", grant)?;
        self.upload()
    }

    fn mount(&self) -> Result<(), CliError> {
        let file = self.domain().join("imports/health-bureau").join("rand_hie.csv");
        fs::write(&file, CSV).map_err(failed)?;
        let policy = "lifetime_epsilon = 2.0\ndelta = 1e-6\nrun_epsilon_max = 1.0\nvisibility = \"immediately\"\nwalls = [\"no_new_privileges\", \"limits\", \"seccomp\"]\n";
        self.authority("datasets.set-policy", json!({ "dataset": DATASET, "entry": ENTRY, "policy": policy, "units_max": 6000 }))?;
        let named = json!([{ "table": "person-years", "file": "rand_hie.csv" }]);
        self.does("provider", "datasets.mount", json!({ "dataset": DATASET, "entry": ENTRY, "schema": MATERIAL_SCHEMA, "files": named }))?;
        Ok(())
    }

    fn upload(&self) -> Result<(), CliError> {
        let model = HONEST.iter().find(|sample| sample.name == MODEL).ok_or_else(|| failed("no such sample"))?;
        let directory = self.place.path().join(MODEL);
        fs::create_dir_all(&directory).map_err(failed)?;
        fs::write(directory.join("model.wasm"), model.component).map_err(failed)?;
        fs::write(directory.join("manifest.toml"), model.manifest).map_err(failed)?;
        let key = self.place.path().join("city-health.key");
        done(program(&self.domain(), &["model", "sign", text(&directory)?, "--key", text(&key)?])?)?;
        let seal = fs::read_to_string(directory.join("seal.json")).map_err(failed)?;
        let input = json!({ "component": STANDARD.encode(model.component), "manifest": model.manifest, "seal": seal });
        self.does("operator", "modules.upload", input)?;
        Ok(())
    }

    fn domain(&self) -> PathBuf {
        self.place.path().join("domain")
    }

    pub(super) fn log_directory(&self) -> PathBuf {
        self.domain().join("log")
    }

    fn public_key(&self, organisation: &str) -> Result<String, CliError> {
        public_key(self.place.path(), organisation)
    }

    /// A client that acts in a role.
    pub(super) fn client(&self, role: &str) -> Result<Client, CliError> {
        let token = self.tokens.get(role).cloned().unwrap_or_default();
        let organisation = ORGANISATIONS.iter().find(|known| known.3 == role).map_or("", |known| known.0);
        let key = fs::read(self.place.path().join(format!("{organisation}.key"))).map_err(failed)?;
        let key = Ed25519KeyPair::from_pkcs8(&key).map_err(failed)?;
        let client = Client::new(&self.url, Arc::clone(&self.table), &Trust::default(), 120)?;
        Ok(client.with_token(Secret::new(token)).signing(key, &self.public_key(organisation)?))
    }

    fn does(&self, role: &str, operation: &str, input: Value) -> Result<Value, CliError> {
        let called = self.client(role)?.call_by_name(operation, &input, &Options::default());
        called.map(|called| called.output).map_err(|error| failed(format!("{operation}: {error}")))
    }

    pub(super) fn authority(&self, operation: &str, input: Value) -> Result<Value, CliError> {
        self.does("authority", operation, input)
    }

    fn example(&self, operation: &str, above: Value) -> Result<Value, CliError> {
        let described = self.table.describe(operation).ok_or_else(|| failed(format!("no operation {operation}")))?;
        Ok(over(described["input_example"].clone(), above))
    }

    /// Does what the operation's example says, with something laid over it.
    fn like(&self, role: &str, operation: &str, above: Value) -> Result<Value, CliError> {
        self.does(role, operation, self.example(operation, above)?)
    }

    /// Waits until nothing is queued any more, and says how runs ended.
    pub(super) fn drain(&self, patience: Duration) -> Result<Ended, CliError> {
        let begun = Instant::now();
        while self.does("custodian", "domain.status", json!({}))?["queued"] != 0 {
            if begun.elapsed() > patience {
                return Err(failed("runs still wait"));
            }
            std::thread::sleep(Duration::from_millis(500));
        }
        let client = self.client("operator")?;
        let all = crate::remote::call(&client, "runs.list", json!({}), &Options::default())?;
        let mut ended = Ended::default();
        for run in all.as_array().into_iter().flatten() {
            match run["refusal"]["code"].as_str() {
                None => ended.released += 1,
                Some(code) => *ended.refused.entry(code.to_owned()).or_default() += 1,
            }
        }
        Ok(ended)
    }

    /// Stops the server, so that its log can be read at rest.
    pub(super) fn stop(&mut self) -> Result<(), CliError> {
        let pid = i32::try_from(self.server.id()).ok().and_then(rustix::process::Pid::from_raw);
        if let Some(pid) = pid {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        self.server.wait().map_err(failed)?;
        Ok(())
    }
}

fn serve(domain: &Path) -> Result<(Child, String), CliError> {
    let mut command = program(domain, &["serve", "--listen", "127.0.0.1:0", "--rate", "10000000"])?;
    let mut server = command.stdout(Stdio::piped()).spawn().map_err(failed)?;
    let mut said = String::new();
    let mut lines = BufReader::new(server.stdout.take().ok_or_else(|| failed("no output"))?);
    while !said.ends_with("}\n") {
        if lines.read_line(&mut said).map_err(failed)? == 0 {
            return Err(failed("the server ended"));
        }
    }
    let said: Value = serde_json::from_str(&said).map_err(failed)?;
    Ok((server, field(&said, "listening")?))
}

fn public_key(place: &Path, organisation: &str) -> Result<String, CliError> {
    let line = fs::read_to_string(place.join(format!("{organisation}.key.pub"))).map_err(failed)?;
    Ok(line.split_whitespace().last().unwrap_or_default().to_owned())
}

fn organisation(place: &Path, number: usize) -> Result<Value, CliError> {
    let (organisation, name, kind, role) = ORGANISATIONS[number];
    let key = public_key(place, organisation)?;
    Ok(json!({
        "organisation": organisation, "name": name, "kind": kind, "credit_code": credit_code(number + 1), "region": "230500",
        "roles": [role], "contact": { "unit": "数据科", "officer": "韩梅" }, "keys": [{ "id": key, "public_key": key }]
    }))
}

/// A founder's file.
fn founder(place: &Path, number: usize) -> Result<String, CliError> {
    let of = organisation(place, number)?;
    let pack = if number == 0 { "pack = \"sys\"\n" } else { "" };
    let line = |name: &str| format!("{name} = {}\n", of[name]);
    let plain: String = ["organisation", "name", "kind", "credit_code", "region", "roles"].into_iter().map(line).collect();
    let (contact, key) = (&of["contact"], &of["keys"][0]);
    Ok(format!(
        "account = \"王建国\"\n{pack}[organisation]\n{plain}contact = {{ unit = {}, officer = {} }}\n[[organisation.keys]]\nid = {}\npublic_key = {}\n",
        contact["unit"], contact["officer"], key["id"], key["public_key"]
    ))
}
