//! Going out: the only code of the workspace that opens a connection to somebody else.
//!
//! Guarantee: one request, one answer, no redirects, no proxy from the environment, a bound on bytes and on seconds.

use std::time::Duration;
use tidegate_log::{Source, SourceError};
use tidegate_terms::messages;
use ureq::Agent;
use ureq::config::ConfigBuilder;
use ureq::typestate::AgentScope;

/// How long fetching one file may take.
const FETCH_SECONDS: u64 = 60;

messages! {
    /// Why there was no answer.
    #[derive(Clone, PartialEq, Eq)]
    pub enum ClientError {
        Failed { url: String, detail: String } = "client.failed" {
            en: "`{url}` gave no answer: {detail}; check the address and try again",
            zh: "“{url}”没有回复：{detail}；请核对地址后重试",
        },
        TooLarge { url: String, maximum: u64 } = "client.too-large" {
            en: "`{url}` answered with more than {maximum} bytes: check the address",
            zh: "“{url}”的回复超过 {maximum} 字节：请核对地址",
        },
    }
}

/// What a server answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status, such as 200.
    pub status: u16,
    /// The media type; empty where none was named.
    pub content_type: String,
    /// The body.
    pub body: Vec<u8>,
}

impl ClientError {
    pub(crate) fn of(url: &str, error: &ureq::Error) -> Self {
        failed(url, error)
    }
}

/// What holds for every connection that goes out.
pub(crate) fn limited(patience: Duration) -> ConfigBuilder<AgentScope> {
    Agent::config_builder()
        .timeout_global(Some(patience))
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .proxy(None)
        .user_agent("tidegate")
}

fn agent(seconds: u64) -> Agent {
    limited(Duration::from_secs(seconds)).build().into()
}

fn read(url: &str, response: ureq::http::Response<ureq::Body>, bytes_max: u64) -> Result<Answer, ClientError> {
    let (head, mut body) = response.into_parts();
    let content_type = head.headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let body = body.with_config().limit(bytes_max.saturating_add(1)).read_to_vec();
    let too_large = || ClientError::TooLarge { url: url.to_owned(), maximum: bytes_max };
    match body {
        Ok(body) if body.len() as u64 > bytes_max => Err(too_large()),
        Ok(body) => Ok(Answer { status: head.status.as_u16(), content_type, body }),
        Err(ureq::Error::BodyExceedsLimit(_)) => Err(too_large()),
        Err(error) => Err(failed(url, &error)),
    }
}

fn failed(url: &str, error: &ureq::Error) -> ClientError {
    ClientError::Failed { url: url.to_owned(), detail: error.to_string() }
}

/// Posts a body and reads the answer, within so many seconds in all.
pub fn post(url: &str, body: &[u8], seconds: u64, bytes_max: u64) -> Result<Answer, ClientError> {
    let response = agent(seconds).post(url).header("content-type", "application/octet-stream").send(body);
    read(url, response.map_err(|error| failed(url, &error))?, bytes_max)
}

/// A log on a server.
#[derive(Debug)]
pub struct HttpSource {
    agent: Agent,
    base: String,
}

impl HttpSource {
    /// The log under this URL prefix.
    pub fn new(base: &str) -> Self {
        Self { agent: agent(FETCH_SECONDS), base: base.trim_end_matches('/').to_owned() }
    }

    fn get(&self, path: &str, bytes_max: u64) -> Result<Answer, ClientError> {
        let url = format!("{}/{path}", self.base);
        read(&url, self.agent.get(&url).call().map_err(|error| failed(&url, &error))?, bytes_max)
    }
}

impl Source for HttpSource {
    fn fetch(&mut self, path: &str, bytes_max: u64) -> Result<Option<Vec<u8>>, SourceError> {
        let unavailable = |detail: String| SourceError::Unavailable { file: path.to_owned(), detail };
        match self.get(path, bytes_max) {
            Ok(Answer { status: 200, body, .. }) => Ok(Some(body)),
            Ok(Answer { status: 404 | 410, .. }) => Ok(None),
            Ok(Answer { status: status @ 300..400, .. }) => Err(unavailable(format!("status {status}; redirects are not followed"))),
            Ok(Answer { status, .. }) => Err(unavailable(format!("status {status}"))),
            Err(ClientError::TooLarge { maximum, .. }) => Err(SourceError::TooLarge { file: path.to_owned(), maximum }),
            Err(ClientError::Failed { detail, .. }) => Err(unavailable(detail)),
        }
    }
}
