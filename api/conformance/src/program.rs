//! The program under attack, called as people call it.

use crate::error::Broken;
use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tidegate_terms::Guard;

/// The program, and what is taken away from it in a weakened build.
#[derive(Debug, Clone)]
pub struct Program {
    /// Where it is.
    pub path: PathBuf,
    /// Guards that are down; an ordinary build knows no such thing.
    pub down: Vec<Guard>,
}

impl Program {
    /// A call with nothing of the caller's environment that changes what it does.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        for name in ["TIDEGATE_DOMAIN", "TIDEGATE_LOG", "LC_ALL", "LC_MESSAGES", "LANG"] {
            command.env_remove(name);
        }
        if let Some((variable, guards)) = tidegate_terms::environment_without(&self.down) {
            command.env(variable, guards);
        }
        command.stdin(Stdio::null());
        command
    }

    /// Calls it and waits.
    pub(crate) fn call(&self, arguments: &[String]) -> Result<Said, Broken> {
        let began = Instant::now();
        let output = self.command().args(arguments).output().map_err(|error| Broken::Start { detail: error.to_string() })?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(Said {
            arguments: arguments.to_vec(),
            code: output.status.code(),
            out: text(&output.stdout),
            err: text(&output.stderr),
            took: began.elapsed(),
        })
    }
}

/// How a call ended, with all that it showed.
#[derive(Debug, Clone)]
pub struct Said {
    /// What was asked.
    pub arguments: Vec<String>,
    /// The exit code; absent where a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
    /// How long it took.
    pub took: Duration,
}

impl Said {
    /// Whether it did what was asked.
    pub fn is_done(&self) -> bool {
        self.code == Some(0)
    }

    /// The JSON of a call that did what was asked.
    pub fn json(&self) -> Result<Value, Broken> {
        if !self.is_done() {
            let answer = self.refusal().unwrap_or_else(|| format!("exit code {:?}, {}", self.code, self.err.trim()));
            return Err(Broken::Refused { call: self.call(), answer });
        }
        serde_json::from_str(&self.out).map_err(|_| Broken::Answer { call: self.call() })
    }

    /// The code of a refusal.
    pub fn refusal(&self) -> Option<String> {
        let error: Value = serde_json::from_str(self.err.lines().last()?).ok()?;
        error["error"]["code"].as_str().map(str::to_owned)
    }

    /// The arguments without the options that every call has.
    pub(crate) fn call(&self) -> String {
        self.arguments.iter().take(2).cloned().collect::<Vec<_>>().join(" ")
    }
}
