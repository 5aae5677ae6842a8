//! The same operations, asked from elsewhere.
//!
//! Guarantee: path, query and body follow from the table's own templates, so that a client cannot ask what a server does
//! not understand; bounds, no redirects and no proxies are those of every connection that goes out
//! ([`crate::client`]). A refusal comes back as the [`Problem`] that the server sent.

use super::call::{Event, Secret};
use super::headers::random_name;
use super::operation::Operation;
use super::parameters;
use super::path::encode;
use super::problem::Problem;
use super::signature::{self, Signed};
use super::table::{Described, Table};
use crate::client::{ClientError, limited};
use ring::signature::Ed25519KeyPair;
use serde_json::{Map, Value};
use std::io::{BufRead as _, BufReader, Read as _};
use std::sync::Arc;
use std::time::Duration;
use tidegate_terms::{Language, Message, messages};
use ureq::Agent;
use ureq::http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig};

const ANSWER_BYTES_MAX: u64 = 64 << 20;
const PROBLEM_BYTES_MAX: u64 = 1 << 20;
const EVENT_BYTES_MAX: u64 = 1 << 20;

messages! {
    /// Why a call gave no output.
    pub enum CallError {
        Input { operation: String, detail: String } = "call.input" {
            en: "the input of `{operation}` cannot be sent: {detail}; correct it",
            zh: "“{operation}”的输入无法发送：{detail}；请更正",
        },
        Answer { url: String, detail: String } = "call.answer" {
            en: "`{url}` did not answer as this interface does: {detail}; check the address and the server's version",
            zh: "“{url}”的应答不符合本接口：{detail}；请核对地址和服务版本",
        },
        Trust { detail: String } = "call.trust" {
            en: "certificate or key cannot be used: {detail}; give PEM files",
            zh: "证书或密钥不可用：{detail}；请提供 PEM 文件",
        };
        Client(ClientError),
        Refused(Box<Problem>)
    }
}

impl Message for Box<Problem> {
    fn code(&self) -> String {
        self.code.clone()
    }

    fn say(&self, language: Language) -> String {
        let (detail, remedy) = (self.detail.get(language), self.remedy.get(language));
        match language {
            Language::English => format!("{detail}; {remedy}"),
            Language::Chinese => format!("{detail}；{remedy}"),
        }
    }
}

/// Whom to trust, and as whom to come.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// Certificates of authorities, PEM; those of the Web where there are none.
    pub authorities: Option<Vec<u8>>,
    /// The client's own certificate.
    pub identity: Option<Identity>,
}

/// A client's certificate with its key, both PEM.
#[derive(Clone)]
pub struct Identity {
    /// The certificate, then those up to its authority.
    pub chain: Vec<u8>,
    /// The private key.
    pub key: Vec<u8>,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Identity")
    }
}

/// What goes with one call.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The key under which it happens once; a new one where it needs one and none is given.
    pub idempotency_key: Option<String>,
    /// The version that must be there.
    pub if_match: Option<String>,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Called<T> {
    /// The output.
    pub output: T,
    /// Its version, for [`Options::if_match`].
    pub version: Option<String>,
    /// Whether an earlier answer was said again.
    pub replayed: bool,
}

/// A server somewhere else.
#[derive(Debug)]
pub struct Client {
    agent: Agent,
    base: String,
    table: Arc<Table>,
    token: Option<Secret>,
    language: Language,
    signer: Option<(Ed25519KeyPair, String)>,
}

impl Client {
    /// A client of the server at `base`, such as `https://domain.example:8443`; a call takes at most so many seconds.
    pub fn new(base: &str, table: Arc<Table>, trust: &Trust, seconds: u64) -> Result<Self, CallError> {
        let config = limited(Duration::from_secs(seconds)).tls_config(tls(trust)?);
        Ok(Self {
            agent: config.build().into(),
            base: base.trim_end_matches('/').to_owned(),
            table,
            token: None,
            language: Language::English,
            signer: None,
        })
    }

    /// With a token.
    #[must_use]
    pub fn with_token(mut self, token: Secret) -> Self {
        self.token = Some(token);
        self
    }

    /// Asking for problems in a language.
    #[must_use]
    pub fn speaking(mut self, language: Language) -> Self {
        self.language = language;
        self
    }

    /// Signing what binds, with an operator's key.
    #[must_use]
    pub fn signing(mut self, key: Ed25519KeyPair, key_id: &str) -> Self {
        self.signer = Some((key, key_id.to_owned()));
        self
    }

    /// Calls an operation.
    pub fn call<O: Operation>(&self, input: &O::Input, options: &Options) -> Result<Called<O::Output>, CallError> {
        let value = serde_json::to_value(input).map_err(|error| unfit(O::ID, error.to_string()))?;
        let Called { output, version, replayed } = self.call_by_name(O::ID, &value, options)?;
        let output = serde_json::from_value(output);
        let output = output.map_err(|error| CallError::Answer { url: self.base.clone(), detail: error.to_string() })?;
        Ok(Called { output, version, replayed })
    }

    /// The table of what can be called.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// Calls an operation by its name, with an input that need not fit: the server says where it does not.
    pub fn call_by_name(&self, operation: &str, input: &Value, options: &Options) -> Result<Called<Value>, CallError> {
        let (url, response) = self.send(operation, input, options, None)?;
        let (head, mut body) = response.into_parts();
        let text = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let bytes = body.with_config().limit(ANSWER_BYTES_MAX).read_to_vec().map_err(|error| ClientError::of(&url, &error))?;
        let bytes = if bytes.is_empty() { b"{}".to_vec() } else { bytes };
        let output = serde_json::from_slice(&bytes).map_err(|error| CallError::Answer { url, detail: error.to_string() })?;
        let version = text("etag").map(|tag| tag.trim_matches('"').to_owned());
        Ok(Called { output, version, replayed: head.headers.contains_key("idempotent-replayed") })
    }

    /// Follows a stream from the event after `last`, until it ends or `seen` says no. Returns the last id.
    pub fn follow<O: Operation>(
        &self,
        input: &O::Input,
        last: Option<u64>,
        mut seen: impl FnMut(Event) -> bool,
    ) -> Result<Option<u64>, CallError> {
        let value = serde_json::to_value(input).map_err(|error| unfit(O::ID, error.to_string()))?;
        let (url, response) = self.send(O::ID, &value, &Options::default(), last)?;
        let mut lines = BufReader::new(response.into_body().into_reader());
        let (mut last, mut event) = (last, Event { id: 0, kind: String::new(), data: Value::Null });
        let broken = |detail: String| CallError::Answer { url: url.clone(), detail };
        loop {
            let mut line = String::new();
            let read = lines.by_ref().take(EVENT_BYTES_MAX).read_line(&mut line).map_err(|error| broken(error.to_string()))?;
            match line.trim_end_matches('\n').split_once(": ") {
                _ if read == 0 => return Ok(last),
                Some(("id", id)) => event.id = id.parse().map_err(|_| broken("an id is no number".to_owned()))?,
                Some(("event", kind)) => kind.clone_into(&mut event.kind),
                Some(("data", data)) => event.data = serde_json::from_str(data).map_err(|error| broken(error.to_string()))?,
                _ if line == "\n" && event.kind == "end" => return Ok(last),
                _ if line == "\n" && !event.kind.is_empty() => {
                    last = Some(event.id);
                    if !seen(std::mem::replace(&mut event, Event { id: 0, kind: String::new(), data: Value::Null })) {
                        return Ok(last);
                    }
                }
                _ => {}
            }
        }
    }

    fn send(&self, name: &str, value: &Value, options: &Options, last: Option<u64>) -> Result<(String, Response<ureq::Body>), CallError> {
        let unfit = |detail: String| unfit(name, detail);
        let operation = self.table.find(name).ok_or_else(|| unfit("it is not in the table".to_owned()))?;
        let (path, rest) = Table::fill(operation, value).ok_or_else(|| unfit("a part of the path is missing".to_owned()))?;
        // Also where nothing is left for it: a body without length or kind can be read in more than one way.
        let body = if operation.verb.has_body() { Value::Object(rest.clone()).to_string() } else { String::new() };
        let query = if operation.verb.has_body() { String::new() } else { query(&rest) };
        let url = format!("{}{path}{query}", self.base);

        let mut request = Request::builder().method(operation.verb.name()).uri(&url).body(body.into_bytes());
        let headers = self.headers(operation, options, last, &path, request.as_ref().map(Request::body).map_or(&[], Vec::as_slice))?;
        if let Ok(request) = &mut request {
            request.headers_mut().extend(headers);
        }
        let request = request.map_err(|error| unfit(error.to_string()))?;
        let sent = if request.body().is_empty() { self.agent.run(request.map(|_| ())) } else { self.agent.run(request) };
        let response = sent.map_err(|error| ClientError::of(&url, &error))?;
        if response.status().is_success() {
            return Ok((url, response));
        }
        let status = response.status();
        let bytes = response.into_body().with_config().limit(PROBLEM_BYTES_MAX).read_to_vec().unwrap_or_default();
        let problem = serde_json::from_slice(&bytes).ok().and_then(|document| Problem::of_document(&document));
        Err(problem.map_or_else(|| CallError::Answer { url, detail: format!("status {status}") }, |problem| Box::new(problem).into()))
    }

    fn headers(
        &self,
        operation: &Described,
        options: &Options,
        last: Option<u64>,
        path: &str,
        body: &[u8],
    ) -> Result<HeaderMap, CallError> {
        let mut headers = HeaderMap::new();
        let mut set = |name: &'static str, value: &str| {
            let value = HeaderValue::from_str(value).map_err(|_| CallError::Input {
                operation: operation.id.to_owned(),
                detail: format!("`{name}` has characters that no header takes"),
            })?;
            headers.insert(HeaderName::from_static(name), value);
            Ok::<_, CallError>(())
        };
        set("accept-language", super::language::tag(self.language))?;
        if !body.is_empty() {
            set("content-type", "application/json")?;
        }
        if let Some(token) = &self.token {
            set("authorization", &format!("Bearer {}", token.expose()))?;
        }
        if operation.keyed || options.idempotency_key.is_some() {
            set("idempotency-key", &options.idempotency_key.clone().unwrap_or_else(random_name))?;
        }
        if let Some(version) = &options.if_match {
            set("if-match", &format!("\"{version}\""))?;
        }
        if let Some(last) = last {
            set("last-event-id", &last.to_string())?;
        }
        if let (true, Some((key, key_id))) = (operation.binding, &self.signer) {
            let now = jiff::Timestamp::now();
            let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&now).unwrap_or_default();
            set("content-digest", &signature::content_digest(body))?;
            set("date", &date)?;
            let host = self.base.split_once("://").map_or("", |(_, host)| host);
            set("host", host)?;
            let created = u64::try_from(now.as_second()).unwrap_or(0);
            let signed = Signed { method: operation.verb.name(), path, headers: &headers };
            let made = signature::sign(&signed, key, key_id, created);
            let (input, signature) =
                made.map_err(|refusal| CallError::Input { operation: operation.id.to_owned(), detail: refusal.to_string() })?;
            for (name, value) in [("signature-input", input), ("signature", signature)] {
                if let Ok(value) = HeaderValue::from_str(&value) {
                    headers.insert(HeaderName::from_static(name), value);
                }
            }
        }
        Ok(headers)
    }
}

fn unfit(operation: &str, detail: String) -> CallError {
    CallError::Input { operation: operation.to_owned(), detail }
}

fn query(fields: &Map<String, Value>) -> String {
    let mut query = String::new();
    for (name, value) in fields {
        let values = match value {
            Value::Array(values) => values.as_slice(),
            one => std::slice::from_ref(one),
        };
        for text in values.iter().filter_map(parameters::text) {
            query.push(if query.is_empty() { '?' } else { '&' });
            query.push_str(&format!("{}={}", encode(name), encode(&text)));
        }
    }
    query
}

fn tls(trust: &Trust) -> Result<TlsConfig, CallError> {
    let unfit = |error: ureq::Error| CallError::Trust { detail: error.to_string() };
    let certificates = |pem: &[u8]| {
        let items = ureq::tls::parse_pem(pem).filter_map(|item| match item {
            Ok(ureq::tls::PemItem::Certificate(certificate)) => Some(Ok(certificate)),
            Ok(_) => None,
            Err(error) => Some(Err(error)),
        });
        let read: Result<Vec<Certificate<'static>>, _> = items.collect();
        match read {
            Ok(read) if read.is_empty() => Err(CallError::Trust { detail: "there is no certificate".to_owned() }),
            other => other.map_err(unfit),
        }
    };
    let mut config = TlsConfig::builder();
    if let Some(pem) = &trust.authorities {
        config = config.root_certs(RootCerts::new_with_certs(&certificates(pem)?));
    }
    if let Some(identity) = &trust.identity {
        let key = PrivateKey::from_pem(&identity.key).map_err(unfit)?;
        config = config.client_cert(Some(ClientCert::new_with_certs(&certificates(&identity.chain)?, key)));
    }
    Ok(config.build())
}
