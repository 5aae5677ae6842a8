//! Servers of the program as processes, and raw HTTP to them.

use crate::program::command;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::Duration;

/// A server that is killed when it goes out of scope.
pub struct Server {
    child: Child,
    /// Where it listens, such as `127.0.0.1:4711`.
    pub address: String,
}

impl Server {
    /// Starts `tidegate ARGUMENTS --listen LISTEN` and waits until it listens.
    pub fn start(arguments: &[&str], listen: &str) -> Self {
        Self::start_telling(arguments, listen, Stdio::inherit())
    }

    /// The same, with its standard error elsewhere.
    pub fn start_telling(arguments: &[&str], listen: &str, errors: impl Into<Stdio>) -> Self {
        let mut child = command()
            .args([arguments, &["--listen", listen, "--json"]].concat())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .expect("start a server");
        let mut said = String::new();
        let mut lines = BufReader::new(child.stdout.take().expect("standard output"));
        while !said.ends_with("}\n") {
            assert!(lines.read_line(&mut said).expect("read") > 0, "the server ended: {said}");
        }
        let said: Value = serde_json::from_str(&said).expect("JSON");
        let address =
            said["listening"].as_str().and_then(|url| url.split_once("://").map(|(_, address)| address)).expect("an address").to_owned();
        Self { child, address }
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Tells it to stop; its exit code.
    pub fn stop(mut self) -> Option<i32> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("pid");
        kill_process(pid, Signal::TERM).expect("signal");
        self.child.wait().expect("wait").code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends bytes, closes nothing, and reads until the server does; nothing where nobody listens.
pub fn raw(address: &str, request: &[u8]) -> String {
    let Ok(mut stream) = TcpStream::connect(address) else { return String::new() };
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("timeout");
    // A server may refuse before it has read everything.
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// One request with a body; status and the whole answer.
pub fn ask(address: &str, method: &str, path: &str, body: &[u8]) -> (u16, String) {
    let head = format!("{method} {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
    let answer = raw(address, &[head.as_bytes(), body].concat());
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    (status, answer)
}
