//! A domain of its own for each test, with the RAND data mounted where the test wants them.

use crate::program::{Said, repository, tidegate};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Results as soon as they are there, and much budget: for tests that run often.
pub const IMMEDIATELY: &str = "lifetime_epsilon = 10.0\ndelta = 1e-6\nrun_epsilon_max = 10.0\nvisibility = \"immediately\"\n";

/// The operator of all tests that need only one.
pub const OPERATOR: &str = "city-health";

/// A domain in a directory that goes away with it.
pub struct Domain {
    place: TempDir,
    directory: PathBuf,
}

/// An empty temporary directory.
pub fn place() -> TempDir {
    tempfile::Builder::new().prefix("tidegate-test-").tempdir().expect("temporary directory")
}

impl Domain {
    /// A new, empty domain.
    pub fn empty() -> Self {
        Self::under(place())
    }

    /// A new, empty domain below a directory.
    pub fn under(place: TempDir) -> Self {
        let domain = Self { directory: place.path().join("domain"), place };
        domain.ask(&["init", "--origin", "test.example/tidegate"]).json();
        domain
    }

    /// A domain with the RAND data under a policy, and a key of the operator.
    pub fn with_rand_hie(policy: &str) -> Self {
        let domain = Self::empty();
        domain.mount_rand_hie(policy);
        domain.key("operator.key");
        domain
    }

    /// The domain's own directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// A path beside the domain.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    /// Writes a file beside the domain.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.beside(name);
        fs::write(&path, content).expect("write a file");
        path
    }

    /// Calls the program on this domain, with `--json`.
    pub fn ask(&self, arguments: &[&str]) -> Said {
        self.ask_with(&["--json"], arguments)
    }

    /// Calls the program on this domain with options.
    pub fn ask_with(&self, options: &[&str], arguments: &[&str]) -> Said {
        let directory = self.directory.display().to_string();
        tidegate(&[arguments, &["--domain", &directory], options].concat())
    }

    /// Mounts the RAND data under a policy.
    pub fn mount_rand_hie(&self, policy: &str) -> Value {
        let data = repository("sample-models/datasets/rand-hie/rand_hie.csv");
        self.mount("rand-hie", &rand_hie_schema(), policy, &data).json()
    }

    /// Mounts a file.
    pub fn mount(&self, name: &str, schema: &str, policy: &str, data: &Path) -> Said {
        let (schema, policy) = (self.write("schema.toml", schema), self.write("policy.toml", policy));
        self.ask(&["dataset", "add", name, "--schema", text(&schema), "--policy", text(&policy), "--data", text(data)])
    }

    /// Makes a key pair beside the domain.
    pub fn key(&self, name: &str) -> Value {
        self.ask(&["key", "new", text(&self.beside(name))]).json()
    }

    /// Grants the operator some columns of the RAND data for the models' purpose, for a year; returns the grant.
    pub fn grant(&self, columns: &str, epsilon: &str) -> String {
        let until = days_from_today(300);
        let said = self.grant_with(&["--columns", columns, "--epsilon", epsilon, "--until", &until]);
        said.json()[0]["id"].as_str().expect("id of the grant").to_owned()
    }

    /// Grants the operator something; what `arguments` name they name last.
    pub fn grant_with(&self, arguments: &[&str]) -> Said {
        let mut all = vec!["grant", "add"];
        let key = self.beside("operator.key.pub");
        let defaults =
            [("--dataset", "rand-hie"), ("--operator", OPERATOR), ("--operator-key", text(&key)), ("--purpose", "health-planning")];
        for (option, value) in defaults {
            if !arguments.contains(&option) {
                all.extend([option, value]);
            }
        }
        self.ask(&[&all, arguments].concat())
    }

    /// A sample model's directory beside the domain, its manifest changed.
    pub fn model(&self, name: &str, change: impl Fn(&str) -> String) -> PathBuf {
        let component = fs::read(repository(&format!("sample-models/built/{name}.wasm"))).expect("built model");
        let manifest = fs::read_to_string(repository(&format!("sample-models/models/{name}/manifest.toml"))).expect("manifest");
        self.model_of(name, &component, &change(&manifest))
    }

    /// A model's directory beside the domain.
    pub fn model_of(&self, name: &str, component: &[u8], manifest: &str) -> PathBuf {
        let directory = self.beside(name);
        fs::create_dir_all(&directory).expect("model's directory");
        fs::write(directory.join("model.wasm"), component).expect("component");
        fs::write(directory.join("manifest.toml"), manifest).expect("manifest");
        directory
    }

    /// Signs a model with the operator's key and uploads it.
    pub fn upload(&self, model: &Path) -> Said {
        let key = self.beside("operator.key");
        self.ask(&["model", "sign", text(model), "--key", text(&key)]).json();
        self.ask(&["model", "upload", text(model), "--operator", OPERATOR])
    }

    /// Signs and uploads sample models as they are.
    pub fn upload_samples(&self, names: &[&str]) {
        for name in names {
            self.upload(&self.model(name, str::to_owned)).json();
        }
    }

    /// Runs a model on the RAND data.
    pub fn run(&self, model: &str, epsilon: &str, more: &[&str]) -> Said {
        self.ask(&question("run", model, epsilon, more))
    }

    /// The account on which the RAND data draw.
    pub fn account(&self) -> Value {
        self.ask(&["budget", "show", "rand-hie"]).json()
    }

    /// What the audit of the published log says; it must verify.
    pub fn audit(&self) -> Value {
        let log = self.directory.join("log");
        let report = self.ask(&["audit", "verify", text(&log)]).json();
        assert_eq!(report["findings_total"], 0, "{report}");
        report
    }
}

/// The arguments of a question about the RAND data.
pub fn question<'a>(verb: &'a str, model: &'a str, epsilon: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let fixed = [verb, "--dataset", "rand-hie", "--model", model, "--operator", OPERATOR, "--epsilon", epsilon];
    [&fixed, more].concat()
}

/// The public schema of the RAND data.
pub fn rand_hie_schema() -> String {
    fs::read_to_string(repository("sample-models/datasets/rand-hie/schema.toml")).expect("schema")
}

/// A rho as the log counts it, in units of 1e-12, from the number that people read.
pub fn units(rho: &Value) -> u64 {
    (rho.as_f64().expect("a number") * 1e12).round() as u64
}

/// A date so many days from today, as the program takes it.
pub fn days_from_today(days: i64) -> String {
    let today = jiff::Zoned::now().date();
    today.saturating_add(jiff::Span::new().days(days)).to_string()
}

/// A path as an argument.
pub fn text(path: &Path) -> &str {
    path.to_str().expect("path in UTF-8")
}
