//! A domain with a release, and the path from there to a delivered package, for the tests of products.

use crate::domain::{Domain, IMMEDIATELY, OPERATOR, days_from_today, text};
use crate::program::Said;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// To whom packages go.
pub const RECIPIENT: &str = "滨州示例银行 & <Bank>";
/// Who registers.
pub const REGISTRY: &str = "registry";
const COLUMNS: &str = "person-years.plan,person-years.mdvis,person-years.meddol";

/// A domain with a release of one operator.
pub struct Shop {
    /// The domain.
    pub domain: Domain,
    /// The run.
    pub run: String,
    /// The log's key.
    pub vkey: String,
}

/// A call that failed with this exit code and this error.
#[track_caller]
pub fn failed(said: &Said, exit: i32, code: &str) {
    assert_eq!(said.code, Some(exit), "{}{}", said.out, said.err);
    let error: Value = serde_json::from_str(said.err.lines().last().unwrap_or_default()).expect("an error as JSON");
    assert_eq!(error["error"]["code"], code, "{}", said.err);
    let chinese = error["error"]["zh"].as_str().is_some_and(crate::program::is_chinese);
    assert!(chinese && said.out.is_empty(), "{}", said.err);
}

impl Shop {
    /// A domain whose operator has released expensive years; notices need no days.
    pub fn open() -> Self {
        let domain = Domain::with_rand_hie(IMMEDIATELY);
        domain.grant(COLUMNS, "4");
        domain.upload_samples(&["expensive-years"]);
        let run = domain.run("expensive-years", "0.5", &[]).json()["run"].as_str().expect("run").to_owned();
        Self::over(domain, run)
    }

    /// A domain that has a release already.
    pub fn over(domain: Domain, run: String) -> Self {
        let vkey = fs::read_to_string(domain.directory().join("log/vkey")).expect("vkey").trim().to_owned();
        let shop = Self { domain, run, vkey };
        shop.domain.key("bank.key");
        shop.ask(&["policy", "--notice-days", "0", "--by", "authority"]).json();
        shop
    }

    /// Asks about products.
    pub fn ask(&self, arguments: &[&str]) -> Said {
        self.domain.ask(&[&["product"], arguments].concat())
    }

    /// An application for a report for the public good, changed.
    pub fn application(&self, change: impl Fn(String) -> String) -> String {
        let until = days_from_today(200);
        let run = &self.run;
        change(format!(
            r#"
operator = "{OPERATOR}"
runs = ["{run}"]
form = "数据报告"
use_class = "public_good"
title = {{ zh = "高费用人年", en = "Expensive years <script>" }}
description = {{ zh = "按年份统计", en = "By year" }}
scenario = {{ zh = "卫生规划", en = "Health planning" }}
price = {{ fen = 0, metering = "产品数量" }}
rights = {{ holding = "health-bureau", processing = "{OPERATOR}", operation = "{OPERATOR}" }}
risk_assessment = {{ reference = "R-1", assessor = "assessor", valid_until = "{until}" }}
"#
        ))
    }

    /// Applies.
    pub fn register(&self, application: &str) -> Said {
        let file = self.domain.write("application.toml", application);
        self.ask(&["register", "--application", text(&file)])
    }

    /// A step of a registration by the registry.
    pub fn step(&self, step: &str, product: &str, more: &[&str]) -> Said {
        self.ask(&[&[step, product, "--by", REGISTRY], more].concat())
    }

    /// Gives the code.
    pub fn code(&self, product: &str) -> Said {
        self.step("code", product, &["--code", "DP-230500-1", "--issuer", "national registry", "--scheme", "unknown"])
    }

    /// A product that is coded.
    pub fn coded(&self, application: &str) -> String {
        let product = self.register(application).json()["product"].as_str().expect("product").to_owned();
        for step in ["accept", "review", "notice"] {
            self.step(step, &product, &[]).json();
        }
        assert_eq!(self.code(&product).json()["stage"], "coded");
        product
    }

    /// The recipient signs the terms, and the domain records it.
    pub fn acknowledge(&self, product: &str) -> Said {
        let terms = self.ask(&["terms", product]).json()["terms"].as_str().expect("terms").to_owned();
        let terms = self.domain.write(&format!("{product}.terms"), terms);
        let (key, out) = (self.domain.beside("bank.key"), self.domain.beside(&format!("{product}.signed")));
        let arguments = ["--terms", text(&terms), "--recipient", RECIPIENT, "--key", text(&key), "--out", text(&out)];
        self.ask(&[&["acknowledgement", product], arguments.as_slice()].concat()).json();
        self.ask(&["acknowledge", text(&out)])
    }

    /// Delivers.
    pub fn deliver(&self, product: &str, to: &str, out: &str) -> Said {
        let (key, out) = (self.domain.beside("bank.key.pub"), self.domain.beside(out));
        let trade = ["--exchange", "Harbin Data Exchange", "--listing", "L-7", "--contract", "C-2026-11"];
        let more = ["--to", to, "--recipient-key", text(&key), "--out", text(&out)];
        self.ask(&[&["deliver", product], trade.as_slice(), more.as_slice()].concat())
    }

    /// A coded product, delivered into a directory or archive of this name.
    pub fn delivered(&self, out: &str) -> (String, PathBuf) {
        let product = self.coded(&self.application(|text| text));
        self.acknowledge(&product).json();
        self.deliver(&product, RECIPIENT, out).json();
        (product, self.domain.beside(out))
    }

    /// Verifies a package with the log's key.
    pub fn verify(&self, package: &Path, more: &[&str]) -> Said {
        let fixed = ["--json", "product", "verify", text(package), "--key", &self.vkey];
        crate::program::tidegate(&[&fixed, more].concat())
    }
}

/// All files below a directory, by their path in it.
pub fn files_below(root: &Path) -> Vec<(String, Vec<u8>)> {
    let (mut open, mut files) = (vec![root.to_owned()], Vec::new());
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).expect("directory").flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(root).expect("below").to_str().expect("text").to_owned();
                files.push((name, fs::read(&path).expect("file")));
            }
        }
    }
    files.sort();
    files
}

/// Copies a directory.
pub fn copy(from: &Path, to: &Path) {
    for (name, bytes) in files_below(from) {
        let path = to.join(name);
        fs::create_dir_all(path.parent().expect("parent")).expect("directory");
        fs::write(path, bytes).expect("file");
    }
}
