//! An office over a domain of its own, asked as the front asks it.

mod authentication;
mod once;
mod organisations;
mod recovery;
mod sessions;
mod settings;
mod stops;

use crate::operations::accounts::AccountRecord;
use crate::{Office, found};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tidegate_http::api::{Answer, Call, Credentials, Outcome, Problem, Secret};
use tidegate_service::Domain;
use tidegate_service::children::Programs;
use tidegate_terms::{Digest, Language};

pub(super) const AUTHORITY: &str = r#"
account = "李明"
pack = "sys"
[organisation]
organisation = "bureau"
name = "双鸭山市数据局"
kind = "department"
credit_code = "11230500MB1234567L"
region = "230500"
roles = ["authority", "provider"]
contact = { unit = "数据科", officer = "王芳" }
"#;

pub(super) const CUSTODIAN: &str = r#"
account = "赵云"
[organisation]
organisation = "centre"
name = "双鸭山市大数据中心"
kind = "public_service"
credit_code = "12230500MB7654321X"
region = "230500"
roles = ["custodian"]
"#;

/// A credit code with its check digit, for a body of 17 characters.
pub(super) fn code(body: &str) -> String {
    let digits = "0123456789ABCDEFGHJKLMNPQRTUWXYabcdef";
    let known = |text: &str| tidegate_parties::CreditCode::parse(text).is_ok();
    digits.chars().map(|digit| format!("{body}{digit}")).find(|text| known(text)).expect("one check digit fits")
}

/// A governed domain and its office.
pub(super) struct Kit {
    _directory: tempfile::TempDir,
    pub(super) domain: Arc<Domain>,
    pub(super) office: Arc<Office>,
    pub(super) authority: String,
    pub(super) custodian: String,
    keys: AtomicU64,
}

impl Kit {
    pub(super) async fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("domain");
        Domain::create(&path, "office.example/log").await.expect("a domain");
        let domain = Arc::new(Domain::open(&path, Programs::own().expect("a program")).await.expect("open"));
        let authority = AUTHORITY.replace("11230500MB1234567L", &code("11230500MB1234567"));
        let custodian = CUSTODIAN.replace("12230500MB7654321X", &code("12230500MB7654321"));
        let founded = found(&domain, &authority, &custodian).await.expect("founded");
        let office = Arc::new(Office::open(Arc::clone(&domain)).await.expect("an office"));
        let (authority, custodian) = (founded.authority.token, founded.custodian.token);
        Self { _directory: directory, domain, office, authority, custodian, keys: AtomicU64::new(0) }
    }

    /// A call as the front would hand it over.
    pub(super) fn call(&self, token: &str, operation: &str, input: Value) -> Call {
        let number = self.keys.fetch_add(1, Ordering::Relaxed);
        let bearer = (!token.is_empty()).then(|| Secret::new(token.to_owned()));
        Call {
            operation: operation.to_owned(),
            digest: Digest::of(input.to_string().as_bytes()),
            input,
            credentials: Credentials { bearer, ..Credentials::default() },
            language: Language::English,
            request_id: format!("q{number}"),
            idempotency_key: Some(format!("key-{number}")),
            signature: None,
            if_match: None,
            page: None,
            last_event: None,
        }
    }

    pub(super) async fn answer(&self, call: Call) -> Answer {
        self.office.answer(call).await
    }

    /// What is done.
    pub(super) async fn done(&self, token: &str, operation: &str, input: Value) -> Value {
        output(self.answer(self.call(token, operation, input)).await)
    }

    /// Why it is refused.
    pub(super) async fn refused(&self, token: &str, operation: &str, input: Value) -> Problem {
        problem(self.answer(self.call(token, operation, input)).await)
    }

    /// Registers an operator with an account, and returns the account and its token.
    pub(super) async fn operator(&self, id: &str, body: &str) -> (String, String) {
        let input = organisation(id, body, &["operator"]);
        self.done(&self.authority, "organisations.register", input).await;
        self.account(id, &["operator"]).await
    }

    /// An account of an organisation, and its token.
    pub(super) async fn account(&self, organisation: &str, roles: &[&str]) -> (String, String) {
        let input = json!({ "organisation": organisation, "name": "陈晨", "roles": roles });
        let made = self.done(&self.authority, "accounts.create", input).await;
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        (text(&made["account"]["account"]), text(&made["token"]))
    }

    /// An account's record.
    pub(super) async fn record(&self, account: &str) -> AccountRecord {
        let row = self.domain.books().governed("account", account).await.expect("read").expect("an account");
        serde_json::from_str(&row.content).expect("a record")
    }

    /// The whole log so far has no offence.
    pub(super) async fn log_is_sound(&self) {
        let report = tidegate_log::verify(&self.domain.log_directory(), None).expect("a log");
        assert_eq!(report.findings.len(), 0, "{:?}", report.findings);
    }
}

pub(super) fn organisation(id: &str, body: &str, roles: &[&str]) -> Value {
    json!({
        "organisation": id, "name": format!("机构{id}"), "kind": "enterprise", "credit_code": code(body), "region": "230500", "roles": roles,
    })
}

pub(super) fn output(answer: Answer) -> Value {
    match answer.outcome {
        Outcome::Done(output) => output,
        other => panic!("not done: {other:?}"),
    }
}

pub(super) fn problem(answer: Answer) -> Problem {
    match answer.outcome {
        Outcome::Refused(problem) => *problem,
        other => panic!("not refused: {other:?}"),
    }
}
