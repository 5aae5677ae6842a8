//! A keeper that the product never has: at another time, or with another noise process.

use crate::domain::Domain;
use crate::program::{beside, program};
use serde_json::Value;
use std::io::BufReader;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use tidegate_engine::{read_frame, write_frame};
use tidegate_service::{Reply, Request};

/// A keeper of a domain whose clock differs by so many seconds, and whose children are those of some program.
pub struct Elsewhere {
    child: Child,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
}

impl Elsewhere {
    /// At another time, with the product's own children.
    pub fn at(domain: &Domain, seconds: i64) -> Self {
        Self::start(domain, seconds, program())
    }

    /// Now, with a noise process that draws so much of each scale.
    pub fn with_noise(domain: &Domain, factor: &str) -> Self {
        Self::with_child(domain, "noise", &format!("'{}' {factor}", beside("noise-too-small").display()))
    }

    /// Now, with a command of the shell in the place of one of the children.
    pub fn with_child(domain: &Domain, child: &str, command: &str) -> Self {
        let real = program().display().to_string();
        let script = format!("#!/bin/sh\nif [ \"$2\" = {child} ]; then exec {command}; fi\nexec '{real}' \"$@\"\n");
        let path = domain.write("children", script);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("executable");
        Self::start(domain, 0, path)
    }

    fn start(domain: &Domain, seconds: i64, children: PathBuf) -> Self {
        let mut child = Command::new(beside("keeper-elsewhere"))
            .args([seconds.to_string().into(), children.into_os_string(), domain.directory().as_os_str().to_owned()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("start the keeper");
        let (to, from) = (child.stdin.take(), BufReader::new(child.stdout.take().expect("its output")));
        Self { child, to, from }
    }

    /// The keeper's process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks; the answer, or the code of the refusal.
    pub fn ask(&mut self, request: &Request) -> Result<Value, String> {
        self.ask_with(request, &[])
    }

    /// The same with bytes that are not text.
    pub fn ask_with(&mut self, request: &Request, body: &[u8]) -> Result<Value, String> {
        write_frame(self.to.as_mut().expect("its input"), request, body).expect("ask");
        loop {
            match read_frame::<Reply>(&mut self.from, 0).expect("an answer").0 {
                Reply::Done(value) => return Ok(value),
                Reply::Refused(refusal) => return Err(refusal.code),
                _ => {}
            }
        }
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        self.to = None;
        let _ = self.child.wait();
    }
}
