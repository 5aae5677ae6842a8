//! What must not reach a governed domain over HTTP: each is refused with a problem document that says what to do in both
//! languages, changes nothing, and puts no person's data into any line that a process writes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::Ed25519KeyPair;
use serde_json::{Value, json};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tidegate_http::api::{CallError, Options};
use tidegate_terms::Digest;
use tidegate_tests::database::{execute, text_of};
use tidegate_tests::governed::{Governed, PEOPLE, POLICY, check_problem, credit_code, organisation_input, over, public_key};
use tidegate_tests::products::files_below;
use tidegate_tests::program::is_chinese;

/// A citizen's number of nobody: the division does not exist since 1980, and the check digit is wrong.
const CITIZEN: &str = "230501199001011230";

/// What a server answered.
struct Answer {
    status: u16,
    head: String,
    body: Value,
}

/// Sends a request as it is; the head has what every request needs unless it brings its own.
fn send(governed: &Governed, request: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let mut head = format!("{request} HTTP/1.1\r\n");
    let has = |name: &str| headers.iter().any(|header| header.0.eq_ignore_ascii_case(name));
    let mut more = vec![("Host", governed.address().to_owned()), ("Connection", "close".to_owned())];
    more.push(("Content-Length", body.len().to_string()));
    for (name, value) in more.iter().filter(|header| !has(header.0)) {
        head += &format!("{name}: {value}\r\n");
    }
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    let mut stream = TcpStream::connect(governed.address()).expect("connect");
    stream.set_read_timeout(Some(Duration::from_secs(120))).expect("timeout");
    // A server may refuse before it has read everything.
    let _ = stream.write_all(&[head.as_bytes(), b"\r\n", body].concat());
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    read(&String::from_utf8_lossy(&answer))
}

fn read(text: &str) -> Answer {
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    let body = body.find('{').and_then(|begin| body.rfind('}').map(|end| &body[begin..=end])).unwrap_or("null");
    Answer { status, head: head.to_ascii_lowercase(), body: serde_json::from_str(body).unwrap_or(Value::Null) }
}

/// Everything that a refusal must leave as it was.
fn state(governed: &Governed) -> (String, String, String) {
    let count = |table: &str| text_of(&governed.domain, &format!("SELECT CAST(count(*) AS TEXT) FROM {table}"));
    (count("record"), count("log_entry"), count("credential"))
}

/// A refusal is a problem document of this status, in the language that was asked for.
#[track_caller]
fn refused(governed: &Governed, request: &str, headers: &[(&str, &str)], body: &[u8], statuses: &[u16]) -> String {
    let before = state(governed);
    let mut code = String::new();
    for language in ["en", "zh"] {
        let with: Vec<_> = headers.iter().copied().chain([("Accept-Language", language)]).collect();
        let answer = send(governed, request, &with, body);
        let shown: String = String::from_utf8_lossy(body).chars().take(80).collect();
        assert!(statuses.contains(&answer.status), "{request} {shown}: {} {}", answer.head, answer.body);
        assert!(answer.head.contains("application/problem+json"), "{request} {shown}: {}", answer.head);
        let text = |name: &str| answer.body[name].as_str().unwrap_or_default().to_owned();
        let says = [text("detail"), text("remedy")].concat();
        assert_eq!(is_chinese(&says), language == "zh", "{request} {shown}: {}", answer.body);
        assert!(says.len() > 20 && !says.contains("panicked"), "{request}: {}", answer.body);
        code = text("code");
    }
    assert_eq!(state(governed), before, "{request} changed something");
    code
}

fn bearer(governed: &Governed, label: &str) -> String {
    format!("Bearer {}", governed.by(label).token)
}

#[test]
fn bodies_that_are_not_what_was_described() {
    let governed = Governed::begin();
    let token = bearer(&governed, "authority");
    let sound = organisation_input(&governed.domain, 4);
    let sound = over(sound, json!({ "organisation": "new-one", "name": "黑龙江新设数据有限公司", "credit_code": credit_code(77) }));
    let text = |above: Value| over(sound.clone(), above).to_string().into_bytes();
    let mut without = sound.clone();
    without.as_object_mut().expect("object").remove("credit_code");
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("a number for a text", text(json!({ "name": 5 }))),
        ("a text for a list", text(json!({ "roles": "operator" }))),
        ("a role that is none", text(json!({ "roles": ["mayor"] }))),
        ("no role", text(json!({ "roles": [] }))),
        ("an unknown field", text(json!({ "admin": true }))),
        ("an unknown field inside", text(json!({ "contact": { "phone": "139" } }))),
        ("nothing for a text", text(json!({ "name": null }))),
        ("a text that is too long", text(json!({ "name": "数".repeat(5000) }))),
        ("a list that is too long", text(json!({ "roles": vec!["operator"; 50] }))),
        ("a field that is missing", without.to_string().into_bytes()),
        ("a list", b"[]".to_vec()),
        ("nothing", b"".to_vec()),
        ("no JSON", b"{name: 1}".to_vec()),
        ("half of it", text(json!({}))[..60].to_vec()),
        ("a field twice", br#"{"organisation":"a","organisation":"b"}"#.to_vec()),
        ("no number", br#"{"organisation":NaN}"#.to_vec()),
        ("a tower of brackets", "[".repeat(100_000).into_bytes()),
        ("no UTF-8", b"{\"organisation\":\"\xff\xfe\"}".to_vec()),
        ("half a pair of surrogates", br#"{"organisation":"\ud800"}"#.to_vec()),
    ];
    let headers = [("Authorization", token.as_str()), ("Content-Type", "application/json"), ("Idempotency-Key", "bad-bodies")];
    for (what, body) in &cases {
        let code = refused(&governed, "POST /v1/organisations", &headers, body, &[400, 422]);
        assert!(!code.is_empty(), "{what}");
    }
    for (name, value, statuses) in [
        ("Content-Type", "text/plain", [415, 400]),
        ("Content-Encoding", "gzip", [415, 400]),
        ("Idempotency-Key", "", [400, 428]),
        ("Idempotency-Key", "no spaces here", [400, 422]),
        ("Authorization", "Basic YTpi", [401, 400]),
    ] {
        let headers: Vec<_> = headers.iter().copied().filter(|header| header.0 != name).chain([(name, value)]).collect();
        refused(&governed, "POST /v1/organisations", &headers, &text(json!({})), &statuses);
    }
    // Huge: refused for what the head says, before anything is read.
    let huge: Vec<_> = headers.iter().copied().chain([("Content-Length", "10000000000")]).collect();
    refused(&governed, "POST /v1/organisations", &huge, b"{", &[413]);
    // Slow: a body that stops coming is not waited for without end.
    let slow: Vec<_> = headers.iter().copied().chain([("Content-Length", "1000")]).collect();
    refused(&governed, "POST /v1/organisations", &slow, b"{", &[400, 408]);
    // And what is sound is done.
    governed.by("authority").does("organisations.register", &sound);
}

// clause: A6 both
#[test]
fn codes_names_and_dates_that_cannot_be() {
    let governed = Governed::begin();
    let authority = governed.by("authority");
    let sound = organisation_input(&governed.domain, 4);
    let sound = over(sound, json!({ "organisation": "new-one", "name": "黑龙江新设数据有限公司", "credit_code": credit_code(77) }));
    let before = state(&governed);
    let code = credit_code(77);
    let last = if code.ends_with('0') { "1" } else { "0" };
    let wrong = format!("{}{last}", &code[..17]);
    for (field, value) in [
        ("credit_code", json!(wrong)),
        ("credit_code", json!(code.replace('M', "I"))),
        ("credit_code", json!(format!("9123050A{}", &code[8..]))),
        ("credit_code", json!("１２３４５６７８９０１２３４５６７８")),
        // Names that look like others, or do something to whoever reads them.
        ("name", json!("双鸭山市数据局")),
        ("name", json!("双鸭山市数\u{200b}据局二")),
        ("name", json!("\u{202e}局据数市山鸭双")),
        ("name", json!("\u{0410}cme 数据有限公司")),
        ("name", json!("数据\u{0}有限公司")),
        ("organisation", json!("data-bureau")),
        ("organisation", json!("../../etc")),
        ("organisation", json!("d\u{0430}ta-bureau")),
        ("organisation", json!("Data Bureau")),
        ("region", json!("23050a")),
    ] {
        let problem = authority.problem("organisations.register", &over(sound.clone(), json!({ field: value })));
        assert!(problem.class.status() < 500, "{field} {value}: {problem:?}");
    }
    for day in ["2026-02-30", "2025-02-29", "2026-13-01", "0000-00-00", "26-01-01xx", "２０２６-01-01", "2026/01/01"] {
        let account = json!({ "organisation": "city-health", "name": "高峰", "roles": ["operator"], "trained_until": day });
        authority.problem("accounts.create", &account);
    }
    let plan = governed.plan();
    let after_plan = state(&governed);
    for (first, last) in [("2026-02-30", "2027-01-01"), ("2026-11-01", "2026-10-01"), ("2026-11-01", "2031-11-01"), ("soon", "later")] {
        let text = over(tidegate_tests::governed::agreement_text("city-health", &plan), json!({ "first": first, "last": last }));
        let asked = governed.input("agreements.prepare", text);
        // Dates that do not exist are refused at once, an order or a term that cannot be signed is named as open.
        match authority.call("agreements.prepare", &asked) {
            Ok(view) => assert!(view["open"].as_array().is_some_and(|open| !open.is_empty()), "{first} {last}: {view}"),
            Err(CallError::Refused(problem)) => check_problem(&problem),
            Err(other) => panic!("{other}"),
        }
    }
    assert_ne!(before, after_plan, "the plan was made");
    authority.does("organisations.register", &sound);
    no_person_in_any_line(&governed, &[]);
}

#[test]
fn credentials_that_do_not_hold() {
    let governed = Governed::begin();
    let elsewhere = Governed::begin();
    let own = governed.by("auditor").token.clone();
    let mut changed = own.clone();
    let last = changed.pop().expect("a character");
    changed.push(if last == 'A' { 'B' } else { 'A' });
    let foreign = elsewhere.by("auditor").token.clone();
    for token in
        [changed, foreign, own[..own.len() - 1].to_owned(), format!("{own}A"), own.to_uppercase(), "tgt_".to_owned(), "x".repeat(20_000)]
    {
        let header = format!("Bearer {token}");
        refused(&governed, "GET /v1/self", &[("Authorization", &header)], b"", &[400, 401, 431]);
    }
    refused(&governed, "GET /v1/self", &[], b"", &[401]);
    // Expired, and revoked.
    let account = &governed.by("auditor").account;
    execute(&governed.domain, &format!("UPDATE credential SET expires = '2020-01-01T00:00:00Z' WHERE account = '{account}'"));
    let header = bearer(&governed, "auditor");
    refused(&governed, "GET /v1/self", &[("Authorization", &header)], b"", &[401]);
    let made = governed.by("developer").does("tokens.issue", &json!({ "title": "probe", "days": 1 }));
    let header = format!("Bearer {}", made["secret"].as_str().expect("secret"));
    assert_eq!(send(&governed, "GET /v1/self", &[("Authorization", &header)], b"").status, 200);
    governed.by("developer").does("tokens.revoke", &json!({ "token": made["token"] }));
    refused(&governed, "GET /v1/self", &[("Authorization", &header)], b"", &[401]);
    // A request that comes again is not told the secret again, and makes no second token.
    let own = bearer(&governed, "developer");
    let headers = [("Authorization", own.as_str()), ("Content-Type", "application/json"), ("Idempotency-Key", "token-once")];
    let input = br#"{"title":"once","days":1}"#;
    assert_eq!(send(&governed, "POST /v1/tokens", &headers, input).status, 201);
    assert_eq!(refused(&governed, "POST /v1/tokens", &headers, input, &[409]), "key.secret-already");
    // A token carries at most what its maker's does.
    governed.by("developer").refused("tokens.issue", &json!({ "title": "probe", "days": 1, "roles": ["authority"] }), "token.wider");
    for label in ["authority", "developer"] {
        let said = governed.told();
        assert!(!said.contains(&governed.by(label).token), "a token in what the processes write");
    }
    no_person_in_any_line(&governed, &[]);
}

#[test]
fn paths_that_mean_something_else() {
    let governed = Governed::begin();
    let token = bearer(&governed, "authority");
    let headers = [("Authorization", token.as_str())];
    for path in [
        "/v1/organisations/../accounts",
        "/v1/organisations/%2e%2e/accounts",
        "/v1/organisations/..%2faccounts",
        "/v1//organisations",
        "/v1/organisations/",
        "/v1/organisations/a%00b",
        "/v1/organisations/a%5cb",
        "/v1/organisations/%ff",
        "/v1/organisations/%",
        "/V1/organisations",
        "/v1/organisations;x=1",
        "/v1/organisations/%E2%80%AEa",
        "/../../etc/passwd",
    ] {
        refused(&governed, &format!("GET {path}"), &headers, b"", &[400, 404]);
    }
    for query in ["?limit=0", "?limit=-1", "?limit=1e9", "?limit=1&limit=2", "?unknown=1", "?cursor=../../x", "?%00"] {
        refused(&governed, &format!("GET /v1/organisations{query}"), &headers, b"", &[400, 422]);
    }
    refused(&governed, "DELETE /v1/organisations", &headers, b"", &[405]);
    refused(&governed, "GET /v1/organisations", &[("Authorization", &token), ("Host", "elsewhere.example")], b"", &[400, 403, 421]);
    // Files are named, never by a path; a link is no file.
    governed.entry("rand-hie-visits");
    let set = json!({ "dataset": "rand-hie", "entry": "rand-hie-visits", "policy": POLICY, "units_max": 6000 });
    governed.by("authority").does("datasets.set-policy", &set);
    let imports = governed.domain.directory().join("imports/health-bureau");
    std::os::unix::fs::symlink("/etc/passwd", imports.join("link.csv")).expect("link");
    fs::create_dir(imports.join("directory.csv")).expect("directory");
    let before = state(&governed);
    for file in
        ["../state.sqlite", "/etc/passwd", "link.csv", "directory.csv", "..", ".", "a/b.csv", "nothing.csv", "a\\b.csv", "\u{202e}vsc.a"]
    {
        let schema = tidegate_tests::domain::rand_hie_schema();
        let files = json!([{ "table": "person-years", "file": file }]);
        let mounting = json!({ "dataset": "rand-hie", "entry": "rand-hie-visits", "schema": schema, "files": files });
        governed.by("provider").refused("datasets.mount", &mounting, "dataset.import-file");
    }
    assert_eq!(state(&governed), before);
}

// clause: K9 both
#[test]
fn what_is_sent_twice_happens_once_and_signatures_hold_for_their_own_request() {
    let governed = Governed::begin();
    let authority = governed.by("authority");
    let account = |name: &str| json!({ "organisation": "city-health", "name": name, "roles": ["operator"] });
    let options = Options { idempotency_key: Some("the-same-key".into()), ..Options::default() };
    let plan = governed.input("plans.draft", json!({}));
    let first = authority.call_with("plans.draft", &plan, &options).expect("drafted").0;
    let before = state(&governed);
    let again = authority.call_with("plans.draft", &plan, &options).expect("the same answer").0;
    assert_eq!((first, state(&governed)), (again, before.clone()), "the same request with the same key happens once");
    let other = over(plan, json!({ "county": true }));
    match authority.call_with("plans.draft", &other, &options) {
        Err(CallError::Refused(problem)) => assert_eq!(problem.code, "idempotency.other-request", "{problem:?}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(state(&governed), before);
    authority.does("accounts.create", &account("高峰"));

    // What binds is signed, by the own organisation's key, for this request, and now.
    let body = json!({ "component": "AGFzbQ0AAQA=", "manifest": "contract = 1", "seal": "{}" }).to_string();
    let operator = bearer(&governed, "operator");
    let own = governed.domain.beside("city-health.key");
    let rival = governed.domain.beside("rival.key");
    let (own, rival) = (fs::read(own).expect("key"), fs::read(rival).expect("key"));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs();
    let key_id = public_key(&governed.domain, "city-health");
    let mut number = 0;
    let mut ask = |key: &[u8], created: u64, path: &str, signed_body: &str, sent_body: &str| {
        number += 1;
        let idempotency = format!("signed-{number}");
        let headers = signed(&governed, &Request { key, key_id: &key_id, created, path, body: signed_body, idempotency: &idempotency });
        let mut headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        headers.extend([("Authorization", operator.as_str()), ("Content-Type", "application/json"), ("Idempotency-Key", &idempotency)]);
        let answer = send(&governed, "POST /v1/modules", &headers, sent_body.as_bytes());
        (answer.status, answer.body["code"].as_str().unwrap_or_default().to_owned())
    };
    let sound = ask(&own, now, "/v1/modules", &body, &body);
    assert_eq!(sound, (403, "access.agreement-active".to_owned()), "a good signature comes as far as the papers");
    let day = 86_400;
    for (what, outcome) in [
        ("an old signature", ask(&own, now - day, "/v1/modules", &body, &body)),
        ("one from the future", ask(&own, now + day, "/v1/modules", &body, &body)),
        ("somebody else's key", ask(&rival, now, "/v1/modules", &body, &body)),
        ("another path", ask(&own, now, "/v1/runs", &body, &body)),
        ("another body", ask(&own, now, "/v1/modules", "{}", &body)),
    ] {
        assert!([400, 401, 403, 422].contains(&outcome.0) && outcome.1 != "access.agreement-active", "{what}: {outcome:?}");
    }
    let unsigned = [("Authorization", operator.as_str()), ("Content-Type", "application/json"), ("Idempotency-Key", "unsigned")];
    refused(&governed, "POST /v1/modules", &unsigned, body.as_bytes(), &[401, 403]);
    assert!(state(&governed).0 >= before.0);
}

struct Request<'a> {
    key: &'a [u8],
    key_id: &'a str,
    created: u64,
    path: &'a str,
    body: &'a str,
    idempotency: &'a str,
}

/// The headers of a signed request (RFC 9421), written here a second time.
fn signed(governed: &Governed, request: &Request<'_>) -> Vec<(String, String)> {
    let Request { key, key_id, created, path, body, idempotency } = *request;
    let digest = format!("sha-256=:{}:", STANDARD.encode(Digest::of(body.as_bytes()).0));
    let date = jiff::Timestamp::from_second(i64::try_from(created).expect("seconds")).expect("an instant");
    let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&date).expect("a date");
    let covered = "(\"@method\" \"@path\" \"content-digest\" \"idempotency-key\" \"date\" \"@authority\")";
    let parameters = format!("{covered};created={created};keyid=\"{key_id}\";alg=\"ed25519\"");
    let base = format!(
        "\"@method\": POST\n\"@path\": {path}\n\"content-digest\": {digest}\n\"idempotency-key\": {idempotency}\n\"date\": {date}\n\
         \"@authority\": {}\n\"@signature-params\": {parameters}",
        governed.address()
    );
    let pair = Ed25519KeyPair::from_pkcs8(key).expect("a key pair");
    let signature = STANDARD.encode(pair.sign(base.as_bytes()));
    [
        ("Content-Digest", digest),
        ("Date", date),
        ("Signature-Input", format!("sig={parameters}")),
        ("Signature", format!("sig=:{signature}:")),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec()
}

/// Citizens' numbers come in with data alone; a wrong one is refused by its line, never shown.
// clause: A6, E4, J12 refused
#[test]
fn a_wrong_citizens_number_is_refused_and_shown_to_nobody() {
    let governed = Governed::begin();
    governed.entry("rand-hie-visits");
    let set = json!({ "dataset": "people", "entry": "rand-hie-visits", "policy": POLICY, "units_max": 1000 });
    governed.by("authority").does("datasets.set-policy", &set);
    let schema = "title = { zh = \"\", en = \"\" }\nsource = \"made up\"\nacquired = \"2026-01-01\"\nlineage = \"people\"\nunits_max = 1000\n\
         privacy_unit = { kind = \"person\", column = \"id\", identifier = \"citizen_id\" }\n[[tables]]\nname = \"people\"\n\
         rows_per_unit_max = 3\n[[tables.columns]]\nname = \"cost\"\ntype = \"float\"\nminimum = 0.0\nmaximum = 100.0\n";
    fs::write(governed.domain.directory().join("imports/people.csv"), format!("id,cost\n{CITIZEN},1.5\n")).expect("write");
    let files = json!([{ "table": "people", "file": "people.csv" }]);
    let mounting = json!({ "dataset": "people", "entry": "rand-hie-visits", "schema": schema, "files": files });
    let problem = governed.by("provider").problem("datasets.mount", &mounting);
    assert!(!format!("{problem:?}").contains(CITIZEN), "{problem:?}");
    assert!(problem.class.status() < 500, "{problem:?}");
    let complaint = governed.input("tickets.complain", json!({}));
    governed.by("exchange").does("tickets.complain", &complaint);
    no_person_in_any_line(&governed, &[CITIZEN]);
}

/// No name of a person and no number in what processes write, in the log or in the metrics.
fn no_person_in_any_line(governed: &Governed, more: &[&str]) {
    let mut texts = vec![("processes".to_owned(), governed.told())];
    for (name, bytes) in files_below(&governed.domain.directory().join("log")) {
        texts.push((name, String::from_utf8_lossy(&bytes).into_owned()));
    }
    let metrics = send(governed, "GET /metrics", &[], b"");
    texts.push(("metrics".to_owned(), format!("{} {}", metrics.head, metrics.body)));
    let names = PEOPLE.iter().map(|person| person.3).chain(["韩梅", "高峰"]).chain(more.iter().copied());
    for name in names {
        for (place, text) in &texts {
            assert!(!text.contains(name), "{name} in {place}");
        }
    }
}
