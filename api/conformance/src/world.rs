//! A world: a temporary domain with its provider, authority and operator, and a record of all that they were shown.

use crate::error::Broken;
use crate::module::{Offender, component, manifest};
use crate::program::{Program, Said};
use crate::scene::{OPERATOR, PURPOSE, Scene};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Of all worlds. It guards made-up people.
const UNIT_KEY: [u8; 32] = [7; 32];

/// A domain of its own.
pub struct World {
    place: TempDir,
    program: Program,
    with_target: bool,
    shown: Vec<Said>,
    /// Further facts that are compared, each with its name.
    facts: Vec<(String, String)>,
    files: Vec<(String, String)>,
    log_before: u64,
}

impl World {
    /// A new domain, as its scene sets it up.
    pub(crate) fn new(program: &Program, scene: &Scene, with_target: bool) -> Result<Self, Broken> {
        let place = tempfile::Builder::new().prefix("tidegate-conformance-").tempdir();
        let place = place.map_err(|error| Broken::Place { detail: error.to_string() })?;
        let mut world =
            Self { place, program: program.clone(), with_target, shown: Vec::new(), facts: Vec::new(), files: Vec::new(), log_before: 0 };
        world.ask(&["init", "--origin", "conformance.example/tidegate"])?.json()?;
        // Neighbouring datasets are two datasets under one key: with another, every unit would lie in another block.
        let unit_key = world.domain().join("keys").join("unit.key");
        fs::write(&unit_key, UNIT_KEY).map_err(|error| Broken::Place { detail: error.to_string() })?;
        let key = world.beside("operator.key");
        world.ask(&["key", "new", &text(&key)])?.json()?;
        (scene.setup)(&mut world)?;
        world.begin();
        Ok(world)
    }

    /// Forgets what was shown, before the next attack.
    pub(crate) fn begin(&mut self) {
        self.shown.clear();
        self.facts.clear();
        self.files.clear();
        self.log_before = self.tree_size();
    }

    /// Whether the target is among its people.
    pub fn has_target(&self) -> bool {
        self.with_target
    }

    /// The program under attack.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// The domain's directory.
    pub fn domain(&self) -> PathBuf {
        self.place.path().join("domain")
    }

    /// The directory of its published log.
    pub fn log(&self) -> PathBuf {
        self.domain().join("log")
    }

    /// A path beside the domain.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    /// Writes a file beside the domain.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> Result<PathBuf, Broken> {
        let path = self.beside(name);
        fs::write(&path, content).map_err(|error| Broken::Place { detail: error.to_string() })?;
        Ok(path)
    }

    /// Calls the program on this domain, with `--json`; what it shows is not compared.
    pub fn ask(&self, arguments: &[&str]) -> Result<Said, Broken> {
        self.program.call(&self.arguments(arguments, true))
    }

    /// Calls the program on this domain, with `--json`; everybody may see what it shows.
    pub fn show(&mut self, arguments: &[&str]) -> Result<Said, Broken> {
        let said = self.program.call(&self.arguments(arguments, true))?;
        self.shown.push(said.clone());
        Ok(said)
    }

    /// The same in the words for people.
    pub fn show_words(&mut self, arguments: &[&str]) -> Result<Said, Broken> {
        let said = self.program.call(&self.arguments(arguments, false))?;
        self.shown.push(said.clone());
        Ok(said)
    }

    /// States a fact that must be the same in both worlds, such as an instant relative to another.
    pub fn state(&mut self, name: &str, value: impl ToString) {
        self.facts.push((name.to_owned(), value.to_string()));
    }

    /// Shows the files of a directory that left the domain: their names, and the words in those that are text.
    pub fn show_files(&mut self, directory: &Path) -> Result<(), Broken> {
        let failed = |error: std::io::Error| Broken::Place { detail: error.to_string() };
        let (mut names, mut open) = (Vec::new(), vec![directory.to_owned()]);
        while let Some(inside) = open.pop() {
            for entry in fs::read_dir(&inside).map_err(failed)? {
                let path = entry.map_err(failed)?.path();
                if path.is_dir() {
                    open.push(path);
                } else {
                    names.push(path);
                }
            }
        }
        names.sort();
        for path in names {
            let words = String::from_utf8(fs::read(&path).map_err(failed)?).unwrap_or_default();
            let name = path.strip_prefix(directory).unwrap_or(&path).display().to_string();
            self.files.push((name, words));
        }
        Ok(())
    }

    fn arguments(&self, arguments: &[&str], json: bool) -> Vec<String> {
        let domain = text(&self.domain());
        let always: &[&str] = if json { &["--domain", &domain, "--json"] } else { &["--domain", &domain] };
        arguments.iter().chain(always).map(|&argument| argument.to_owned()).collect()
    }

    /// Mounts rows as a dataset.
    pub fn mount(&self, name: &str, schema: &str, policy: &str, rows: &str) -> Result<(), Broken> {
        self.mount_said(name, schema, policy, rows)?.json().map(|_| ())
    }

    /// The same, for those that may be refused.
    pub fn mount_said(&self, name: &str, schema: &str, policy: &str, rows: &str) -> Result<Said, Broken> {
        let schema = text(&self.write("schema.toml", schema)?);
        let policy = text(&self.write("policy.toml", policy)?);
        let data = text(&self.write("data.csv", rows)?);
        self.ask(&["dataset", "add", name, "--schema", &schema, "--policy", &policy, "--data", &data])
    }

    /// Grants the operator some columns of a dataset.
    pub fn grant(&self, dataset: &str, columns: &str, epsilon: &str) -> Result<(), Broken> {
        let key = text(&self.beside("operator.key.pub"));
        let until = jiff::Zoned::now().date().saturating_add(jiff::Span::new().days(300)).to_string();
        let grant = ["grant", "add", "--dataset", dataset, "--operator", OPERATOR, "--operator-key", &key, "--purpose", PURPOSE];
        self.ask(&[&grant[..], &["--columns", columns, "--epsilon", epsilon, "--until", &until]].concat())?.json().map(|_| ())
    }

    /// Writes a component and its manifest as a model beside the domain, and seals it with the operator's key.
    pub fn seal(&self, name: &str, component: &[u8], manifest: &str) -> Result<PathBuf, Broken> {
        let model = self.beside(name);
        let failed = |error: std::io::Error| Broken::Place { detail: error.to_string() };
        fs::create_dir_all(&model).map_err(failed)?;
        self.write(&format!("{name}/model.wasm"), component)?;
        self.write(&format!("{name}/manifest.toml"), manifest)?;
        let key = text(&self.beside("operator.key"));
        self.ask(&["model", "sign", &text(&model), "--key", &key])?.json()?;
        Ok(model)
    }

    /// Seals and uploads a component; everybody may see what comes of it.
    pub fn upload(&mut self, name: &str, component: &[u8], manifest: &str) -> Result<Said, Broken> {
        let model = text(&self.seal(name, component, manifest)?);
        self.show(&["model", "upload", &model, "--operator", OPERATOR])
    }

    /// Assembles and uploads an offender under a name; it must be taken.
    pub fn upload_offender(&mut self, name: &str, offender: &Offender) -> Result<(), Broken> {
        let component = component(name, offender.core)?;
        let manifest = manifest(name, offender.statistics, offender.fuel, offender.memory);
        self.upload(name, &component, &manifest)?.json().map(|_| ())
    }

    /// Asks about a dataset with a module of the operator: `quote` or `run`.
    pub fn question(&mut self, verb: &str, dataset: &str, model: &str, epsilon: &str, more: &[&str]) -> Result<Said, Broken> {
        let fixed = [verb, "--dataset", dataset, "--model", model, "--operator", OPERATOR, "--epsilon", epsilon];
        self.show(&[&fixed[..], more].concat())
    }

    /// A run that must be admitted: what becomes of it after that is what the attack is about. Two runs that were refused for
    /// want of budget are alike, and say nothing.
    pub fn run(&mut self, dataset: &str, model: &str, epsilon: &str, more: &[&str]) -> Result<Said, Broken> {
        let said = self.question("run", dataset, model, epsilon, more)?;
        match said.refusal() {
            Some(answer) if !answer.starts_with("run.") && !answer.starts_with("engine.") => {
                Err(Broken::Refused { call: said.call(), answer })
            }
            _ => Ok(said),
        }
    }

    /// What an expert outsider does with an offender on the people: uploads it, asks for its price, runs it, and then looks
    /// wherever any role may look.
    pub fn attack_with(&mut self, name: &str, dataset: &str, offender: &Offender) -> Result<Said, Broken> {
        self.upload_offender(name, offender)?;
        let said = self.ask_with(name, dataset, offender.arguments)?;
        self.look_around(dataset, &said)?;
        Ok(said)
    }

    /// Quotes, then runs.
    pub fn ask_with(&mut self, name: &str, dataset: &str, more: &[&str]) -> Result<Said, Broken> {
        self.question("quote", dataset, name, "0.5", more)?;
        self.run(dataset, name, "0.5", more)
    }

    /// Looks wherever a role outside the domain may look.
    pub fn look_around(&mut self, dataset: &str, run: &Said) -> Result<(), Broken> {
        let log = text(&self.log());
        let id = run.json().ok().and_then(|release| release["run"].as_str().map(str::to_owned));
        if let Some(id) = id {
            self.show(&["release", "show", &id])?;
            self.show_words(&["release", "show", &id])?;
            self.show(&["audit", "explain", &id, "--log", &log])?;
            self.state_delay(dataset, &id, run)?;
        }
        self.show(&["budget", "show", dataset])?;
        self.show(&["dataset", "show", dataset])?;
        self.show(&["grant", "list"])?;
        self.show(&["audit", "verify", &log]).map(|_| ())
    }

    /// Where results wait for their slot, the instant at which this one became visible is compared, relative to its
    /// admission; under `immediately` running time shows, and every release says so.
    fn state_delay(&mut self, dataset: &str, id: &str, run: &Said) -> Result<(), Broken> {
        let release = run.json()?;
        if release["visibility"] != "at_slot" {
            return Ok(());
        }
        let account = self.ask(&["budget", "show", dataset])?.json()?;
        let lines = account["lines"].as_array().cloned().unwrap_or_default();
        let admitted = lines.iter().find(|line| line["run"] == id).and_then(|line| instant(&line["at"]));
        let visible = instant(&release["visible_at"]);
        let delay = admitted.zip(visible).map(|(admitted, visible)| visible - admitted);
        self.state("seconds from admission to the result", delay.unwrap_or(-1));
        Ok(())
    }

    /// What was shown so far in this attack.
    pub(crate) fn shown(&self) -> &[Said] {
        &self.shown
    }

    pub(crate) fn facts(&self) -> &[(String, String)] {
        &self.facts
    }

    pub(crate) fn files(&self) -> &[(String, String)] {
        &self.files
    }

    /// The size of the log before this attack.
    pub(crate) fn log_before(&self) -> u64 {
        self.log_before
    }

    /// The place of the world, which differs between worlds.
    pub(crate) fn place(&self) -> &Path {
        self.place.path()
    }

    /// The size of the published log; zero where there is none.
    pub fn tree_size(&self) -> u64 {
        let note = fs::read_to_string(self.log().join("checkpoint")).unwrap_or_default();
        note.lines().nth(1).and_then(|line| line.parse().ok()).unwrap_or(0)
    }
}

/// A path as an argument.
pub fn text(path: &Path) -> String {
    path.display().to_string()
}

/// An instant in whole seconds since 1970.
pub fn instant(value: &Value) -> Option<i64> {
    value.as_str()?.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second)
}
