//! The same commands, asked of a server: each [`Request`] is one operation, and answers with the same type.
//!
//! A run is requested, waits in the server's queue and is asked about until its slot; nothing else differs.

use crate::front::{CliError, read_bytes};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::KeyPair as _;
use serde_json::{Map, Value, json};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tidegate_http::api::{Client, Options, Secret, Trust};
use tidegate_service::products::ProductRequest;
use tidegate_service::{Admitted, Question, ReplayWish, Reply, Request};
use tidegate_terms::{Language, Spoken};

/// How long one call may take, in seconds.
const CALL_SECONDS: u64 = 120;
/// How often a run that waits is asked about.
const LOOK_SECONDS: u64 = 1;
const TOKEN_BYTES_MAX: u64 = 4096;

/// The server that this call of the program asks, where one is named. It is chosen once, before any command.
static SERVER: OnceLock<Option<Client>> = OnceLock::new();

/// Chooses it.
pub(crate) fn choose(arguments: &crate::args::ServerArguments, language: Language) -> Result<(), CliError> {
    let client = arguments.server.as_deref().map(|url| client(url, arguments, language)).transpose()?;
    let _ = SERVER.set(client);
    Ok(())
}

fn client(url: &str, arguments: &crate::args::ServerArguments, language: Language) -> Result<Client, CliError> {
    let authorities = arguments.server_ca.as_deref().map(|path| read_bytes(path, 1 << 20)).transpose()?;
    let trust = Trust { authorities, identity: None };
    let mut client = Client::new(url, Arc::new(tidegate_governance::table()?), &trust, CALL_SECONDS)?.speaking(language);
    if let Some(path) = &arguments.token {
        let token = String::from_utf8(read_bytes(path, TOKEN_BYTES_MAX)?).ok();
        let token = token.map(|token| token.trim().to_owned()).filter(|token| !token.is_empty());
        client = client.with_token(Secret::new(token.ok_or_else(|| CliError::NotText { path: path.display().to_string() })?));
    }
    if let Some(path) = &arguments.sign_key {
        let key = crate::commands::key::read(path)?;
        let name = STANDARD.encode(key.public_key().as_ref());
        client = client.signing(key, &name);
    }
    Ok(client)
}

/// The server that is asked, if any.
pub(crate) fn server() -> Option<&'static Client> {
    SERVER.get().and_then(Option::as_ref)
}

/// The server, for what only a server can do.
pub(crate) fn needed() -> Result<&'static Client, CliError> {
    server().ok_or(CliError::ServerNeeded)
}

/// Calls an operation; of what comes in pages, all.
pub(crate) fn call(client: &Client, operation: &str, input: Value, options: &Options) -> Result<Value, CliError> {
    let mut input = input;
    let mut all = Vec::new();
    loop {
        let output = client.call_by_name(operation, &input, options)?.output;
        if !client.table().is_paged(operation) {
            return Ok(output);
        }
        let Value::Object(mut page) = output else { return Ok(Value::Array(all)) };
        if let Some(Value::Array(items)) = page.remove("items") {
            all.extend(items);
        }
        match page.remove("next") {
            Some(next @ Value::String(_)) => input["cursor"] = next,
            _ => return Ok(Value::Array(all)),
        }
    }
}

/// Asks a server what a keeper would be asked.
pub(crate) fn ask(client: &Client, request: &Request, body: &[u8], meanwhile: &mut dyn FnMut(Reply)) -> Result<Value, CliError> {
    let do_it = |operation: &str, input: Value| call(client, operation, input, &Options::default());
    match request {
        Request::Run(question) => run(client, question, meanwhile),
        Request::Replay { wish, .. } => replay(client, wish),
        other => {
            let (operation, input) = operation_of(other, body)?;
            do_it(operation, input)
        }
    }
}

fn local(command: &str) -> CliError {
    CliError::NotRemote { command: command.to_owned() }
}

/// The operation that a request is, with its input.
fn operation_of(request: &Request, body: &[u8]) -> Result<(&'static str, Value), CliError> {
    Ok(match request {
        Request::Init { .. } => return Err(local("init")),
        Request::LogRotateKey { .. } => return Err(local("log rotate-key")),
        Request::Calibration { measure: true } => return Err(local("doctor --calibrate")),
        Request::Run(_) | Request::Replay { .. } => return Err(local("run")),
        Request::DatasetAdd { dataset, schema, policy, files } => {
            // Data never travel through the interface: the files lie in the domain's import directory already.
            let named = |(table, path): &(_, std::path::PathBuf)| {
                let file = path.file_name().map(|name| name.to_string_lossy().into_owned());
                json!({ "table": table, "file": file })
            };
            let files: Vec<_> = files.iter().map(named).collect();
            ("datasets.mount", json!({ "dataset": dataset, "schema": schema, "policy": policy, "files": files }))
        }
        Request::DatasetList => ("datasets.list", json!({})),
        Request::DatasetShow { dataset } => ("datasets.show", json!({ "dataset": dataset })),
        Request::DatasetReport { dataset } => ("datasets.report", json!({ "dataset": dataset })),
        Request::DatasetOverlap { dataset } => ("datasets.overlap", json!({ "dataset": dataset })),
        Request::GrantAdd { dataset, operator, operator_key, columns, purpose, epsilon, valid_from, valid_until } => (
            "grants.give",
            json!({ "dataset": dataset, "operator": operator, "operator_key": operator_key, "columns": columns,
                "purpose": purpose, "epsilon": epsilon, "valid_from": valid_from, "valid_until": valid_until }),
        ),
        Request::GrantList => ("grants.list", json!({})),
        Request::GrantRevoke { grant, reason } => ("grants.revoke", json!({ "grant": grant, "reason": reason })),
        Request::ModelUpload { operator: _, manifest, seal } => {
            ("modules.upload", json!({ "manifest": manifest, "seal": seal, "component": STANDARD.encode(body) }))
        }
        Request::ModelApprove { module, dataset, operator, approver, signature } => (
            "modules.approve",
            json!({ "module": module, "dataset": dataset, "operator": operator, "approver": approver, "signature": signature }),
        ),
        Request::ModelList => ("modules.list", json!({})),
        Request::Quote(question, wish) => {
            let mut input = asked(question);
            if let Some(wish) = wish {
                input.insert("wish".into(), json!({ "statistic": wish.statistic, "error_95": wish.error_95 }));
            }
            ("runs.quote", Value::Object(input))
        }
        Request::ReleaseShow { run, round } => ("releases.show", without_nulls(json!({ "release": run, "round": round }))),
        Request::Open { entry, field, .. } => ("log.open", json!({ "entry": entry, "field": field })),
        Request::WitnessAdd { url, key } => ("witnesses.add", json!({ "url": url, "key": key })),
        Request::WitnessList => ("witnesses.list", json!({})),
        Request::WitnessRemove { witness } => ("witnesses.remove", json!({ "witness": witness })),
        Request::BudgetShow { dataset } => ("datasets.budget", json!({ "dataset": dataset })),
        Request::Product(request) => product(request)?,
        Request::VersionSeal { dataset, version, reason, sealed } => {
            let operation = if *sealed { "datasets.seal" } else { "datasets.unseal" };
            (operation, json!({ "dataset": dataset, "version": version, "reason": reason }))
        }
        Request::VersionDestroy { dataset, version, reason, witness } => {
            ("datasets.destroy", json!({ "dataset": dataset, "version": version, "reason": reason, "witness": witness }))
        }
        Request::VersionCertificate { dataset, version } => ("datasets.certificate", json!({ "dataset": dataset, "version": version })),
        Request::Usage { dataset } => ("datasets.usage", json!({ "dataset": dataset })),
        Request::Effect { run, text } => ("releases.effect", json!({ "release": run, "text": text })),
        Request::IncidentList => ("breaches.list", json!({})),
        Request::IncidentShow { incident } => ("breaches.show", json!({ "incident": incident })),
        Request::IncidentClose { incident, reason, .. } => ("breaches.close", json!({ "incident": incident, "reason": reason })),
        Request::Retention { years: None } => ("domain.retention", json!({})),
        Request::Retention { years } => ("domain.set-retention", json!({ "years": years })),
        Request::Calibration { measure: false } => ("domain.calibration", json!({})),
        Request::Purge { before } => ("domain.purge", json!({ "before": before })),
    })
}

fn product(request: &ProductRequest) -> Result<(&'static str, Value), CliError> {
    use tidegate_log::ProductStepKind as Kind;
    Ok(match request {
        ProductRequest::Policy(policy) => {
            ("products.set-policy", json!({ "coded_needed": policy.coded_needed, "notice_days": policy.notice_days }))
        }
        ProductRequest::PolicyShow => ("products.policy", json!({})),
        ProductRequest::Register { application } => ("products.register", json!({ "application": application })),
        ProductRequest::Step(step) => {
            let input = without_nulls(json!({ "product": step.product, "opinion": step.opinion, "code": step.code,
                "objector": step.objector, "evidence": step.evidence, "kind": step.kind }));
            match step.kind {
                Kind::Withdrawn => ("products.withdraw", without(input, "kind")),
                Kind::Revoked => ("products.revoke", without(input, "kind")),
                _ => ("products.step", input),
            }
        }
        ProductRequest::List => ("products.list", json!({})),
        ProductRequest::Show { product } => ("products.show", json!({ "product": product })),
        ProductRequest::Acknowledge { file } => {
            let product = tidegate_product::read_acknowledgement(file)?.product;
            ("deliveries.acknowledge", json!({ "product": product, "file": STANDARD.encode(file) }))
        }
        ProductRequest::Receive { file } => {
            let delivery = tidegate_product::read_receipt(file)?.delivery;
            ("deliveries.receive", json!({ "delivery": delivery, "file": STANDARD.encode(file) }))
        }
        ProductRequest::Trace { digest } => ("products.trace", json!({ "digest": digest })),
        ProductRequest::Export { product } => ("products.export", json!({ "product": product })),
        ProductRequest::Keys { renew: false, .. } => ("products.keys", json!({})),
        ProductRequest::Deliver(_) => return Err(local("product deliver")),
        ProductRequest::Keys { .. } => return Err(local("product keys --renew")),
    })
}

/// A question without its operator: the server knows who asks.
fn asked(question: &Question) -> Map<String, Value> {
    let pair = |(name, text): &(String, String)| json!({ "name": name, "value": text });
    let table = |(name, bytes): &(tidegate_terms::Name, Vec<u8>)| json!({ "name": name, "csv": STANDARD.encode(bytes) });
    let input = json!({
        "dataset": question.dataset,
        "version": question.version,
        "join": question.join,
        "module": question.module,
        "parameters": question.parameters.iter().map(pair).collect::<Vec<_>>(),
        "side_tables": question.side_tables.iter().map(table).collect::<Vec<_>>(),
        "epsilon": question.epsilon,
        "workers": question.workers,
    });
    match without_nulls(input) {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(map.into_iter().filter(|(_, value)| !value.is_null()).collect()),
        other => other,
    }
}

fn without(mut value: Value, field: &str) -> Value {
    if let Value::Object(map) = &mut value {
        map.remove(field);
    }
    value
}

/// Requests a run, says when it was admitted, and shows its release once it is there.
fn run(client: &Client, question: &Question, meanwhile: &mut dyn FnMut(Reply)) -> Result<Value, CliError> {
    let options = Options::default();
    let ended = follow(client, call(client, "runs.request", Value::Object(asked(question)), &options)?, meanwhile)?;
    let run = ended.get("release").cloned().unwrap_or_default();
    call(client, "releases.show", json!({ "release": run }), &options)
}

fn replay(client: &Client, wish: &ReplayWish) -> Result<Value, CliError> {
    let input = match wish {
        ReplayWish::Run(run) => json!({ "run": run }),
        ReplayWish::Period { since, until, sample } => without_nulls(json!({ "since": since, "until": until, "sample": sample })),
    };
    let ended = follow(client, call(client, "replays.request", input, &Options::default())?, &mut |_| {})?;
    Ok(ended.get("replays").cloned().unwrap_or_default())
}

/// Asks about a queued run until it has ended.
fn follow(client: &Client, queued: Value, meanwhile: &mut dyn FnMut(Reply)) -> Result<Value, CliError> {
    let mut said = false;
    let mut seen = queued;
    loop {
        if let (false, Some(admitted)) = (said, seen.get("admitted").filter(|admitted| !admitted.is_null())) {
            if let Ok(admitted) = serde_json::from_value::<Admitted>(admitted.clone()) {
                meanwhile(Reply::Admitted(admitted));
            }
            said = true;
        }
        match seen.get("state").and_then(Value::as_str) {
            Some("released") => return Ok(seen),
            Some("stopped") => {
                let why = seen.get("refusal").cloned().unwrap_or_default();
                let text = |name: &str| why.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
                return Err(Spoken { code: text("code"), en: text("en"), zh: text("zh") }.into());
            }
            _ => std::thread::sleep(Duration::from_secs(LOOK_SECONDS)),
        }
        let run = seen.get("run").cloned().unwrap_or_default();
        seen = call(client, "runs.show", json!({ "run": run }), &Options::default())?;
    }
}
