//! The program under test, called as people call it.

use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Output};

/// `tidegate`, as the same build made it: beside the directory of the test that runs, or named by
/// `TIDEGATE_PROGRAM`.
pub fn program() -> PathBuf {
    if let Some(named) = std::env::var_os("TIDEGATE_PROGRAM") {
        return named.into();
    }
    let path = beside("tidegate");
    assert!(
        path.exists(),
        "{} is missing: run `cargo test --release --workspace`, which builds it, or `cargo build --release`",
        path.display()
    );
    path
}

/// A program of the same build.
pub fn beside(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("path of the test");
    test.parent().and_then(|deps| deps.parent()).expect("target directory").join(name)
}

/// A file of the repository.
pub fn repository(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// The program with nothing of the caller's environment that changes what it does.
pub fn command() -> Command {
    let mut command = Command::new(program());
    for name in ["TIDEGATE_DOMAIN", "TIDEGATE_LOG", "LC_ALL", "LC_MESSAGES", "LANG"] {
        command.env_remove(name);
    }
    crate::recorder::prepare(&mut command);
    command
}

/// Calls the program and waits for it.
pub fn tidegate<S: AsRef<std::ffi::OsStr>>(arguments: &[S]) -> Said {
    Said::of(command().args(arguments).output().expect("start tidegate"))
}

/// How a call ended.
#[derive(Debug)]
pub struct Said {
    /// The exit code; absent where a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Said {
    /// From what a process left.
    pub fn of(output: Output) -> Self {
        crate::recorder::heard(&output);
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output in UTF-8");
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// The JSON of a call that succeeded.
    #[track_caller]
    pub fn json(&self) -> Value {
        assert_eq!(self.code, Some(0), "it failed: {}{}", self.out, self.err);
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error} in {}", self.out))
    }

    /// The text of a call that succeeded.
    #[track_caller]
    pub fn text(&self) -> &str {
        assert_eq!(self.code, Some(0), "it failed: {}{}", self.out, self.err);
        &self.out
    }

    /// The refusal of a call with `--json`: exit code 2, nothing on standard output, and one JSON object with a
    /// code and a sentence in each language, of which the Chinese has Chinese characters and neither a panic.
    #[track_caller]
    pub fn refusal(&self) -> Refusal {
        assert_eq!(self.code, Some(2), "exit code: {}{}", self.out, self.err);
        assert_eq!(self.out, "", "a refusal prints no result");
        let line = self.err.lines().last().unwrap_or_default();
        let error: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {}", self.err));
        let text = |name: &str| error["error"][name].as_str().unwrap_or_else(|| panic!("no {name} in {line}")).to_owned();
        let refusal = Refusal { code: text("code"), en: text("en"), zh: text("zh") };
        assert!(refusal.en.split_whitespace().count() >= 4, "not a sentence: {}", refusal.en);
        assert!(is_chinese(&refusal.zh), "not Chinese: {}", refusal.zh);
        assert!(!refusal.en.contains("panicked"), "{}", refusal.en);
        refusal
    }

    /// The refusal, which must have this code.
    #[track_caller]
    pub fn refused(&self, code: &str) -> Refusal {
        let refusal = self.refusal();
        assert_eq!(refusal.code, code, "{}", refusal.en);
        refusal
    }
}

/// Whether a text has Chinese characters.
pub fn is_chinese(text: &str) -> bool {
    text.chars().any(|character| ('\u{4e00}'..='\u{9fff}').contains(&character))
}

/// A refusal in both languages.
#[derive(Debug)]
pub struct Refusal {
    /// The stable code.
    pub code: String,
    /// In English.
    pub en: String,
    /// In Chinese.
    pub zh: String,
}
