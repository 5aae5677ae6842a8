//! A server on loopback, and raw sockets to it.

use crate::notes::{Behind, Notes, TOKEN, table};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tidegate_http::Bound;
use tidegate_http::api::{Client, Rate, Secret, Settings, Tls, Trust, serve};
use tokio::sync::oneshot;

/// Far longer than anything takes; a test that waits so long has failed.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub struct Server {
    pub address: SocketAddr,
    pub notes: Arc<Notes>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

pub fn settings() -> Settings {
    let rate = Rate { burst: 1_000_000, per_minute: 1_000_000 };
    Settings { address_rate: rate, credential_rate: rate, beat: Duration::from_millis(50), ..Settings::default() }
}

impl Server {
    pub fn start() -> Self {
        Self::with(settings(), None)
    }

    pub fn with(settings: Settings, tls: Option<Arc<Tls>>) -> Self {
        let (notes, (stop, stopped), (to, from)) = (Notes::new(), oneshot::channel(), std::sync::mpsc::channel());
        let behind = Behind(Arc::clone(&notes));
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("set up");
            runtime.block_on(async move {
                let listening = Bound::on("127.0.0.1:0").and_then(Bound::listen).expect("set up");
                to.send(listening.address).expect("set up");
                serve(listening, tls, settings, table(), behind, async move { drop(stopped.await) }).await.expect("set up");
            });
        });
        Self { address: from.recv().expect("set up"), notes, stop: Some(stop), thread: Some(thread) }
    }

    /// Tells it to stop.
    pub fn tell(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }

    /// Waits until it has stopped.
    pub fn ended(mut self) {
        self.tell();
        self.thread.take().expect("set up").join().expect("it does");
    }

    pub fn client(&self) -> Client {
        let client = Client::new(&format!("http://{}", self.address), Arc::new(table()), &Trust::default(), 60).expect("set up");
        client.with_token(Secret::new(TOKEN.into()))
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("set up");
        stream.set_read_timeout(Some(PATIENCE)).expect("set up");
        stream
    }

    /// Sends bytes and reads until the server closes.
    pub fn raw(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut stream = self.connect();
        // The server may have refused and closed before everything is sent.
        let _ = stream.write_all(bytes.as_ref());
        read_all(&mut stream)
    }

    /// One request with a token, and its answer.
    pub fn ask(&self, line: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let mut request = format!("{line} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\nauthorization: Bearer {TOKEN}\r\n", self.address);
        if !body.is_empty() {
            request.push_str(&format!("content-length: {}\r\n", body.len()));
            if headers.iter().all(|(name, _)| *name != "content-type") {
                request.push_str("content-type: application/json\r\n");
            }
        }
        headers.iter().for_each(|(name, value)| request.push_str(&format!("{name}: {value}\r\n")));
        Reply::read(&self.raw(format!("{request}\r\n{body}")))
    }

    /// Adds a note under a key.
    pub fn add(&self, key: &str, text: &str) -> Reply {
        let body = serde_json::json!({ "text": text, "kind": "plain" }).to_string();
        self.ask("POST /v1/notes", &[("idempotency-key", key)], &body)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.tell();
    }
}

pub fn read_all(stream: &mut impl Read) -> String {
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    // A reset after the answer is an end too.
    while let Ok(read @ 1..) = stream.read(&mut part) {
        bytes.extend_from_slice(&part[..read]);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Reply {
    pub fn read(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        Self { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }
}
