//! Every role, every action, every state of a thing, asked of a running server: what `docs/access-table.md` closes is refused
//! with 403 and the rule that the table gives, and what it opens is not refused for role, state or organisation.
//!
//! Things are brought through their lives once, by the acts that do it; every version of every record is kept, so afterwards
//! each thing can be put back into a state that it was in, by the database, before each request. Where no act of the story
//! leads into a state, the record of another state is changed to it. States that no request can meet are listed here, and
//! so are actions that the interface does not offer.

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use tidegate_access::{AccessRules, Action, Actor, Decision, Facts, Request, Resource};
use tidegate_http::api::{CallError, Options};
use tidegate_parties::Role;
use tidegate_tests::database::{execute, rows_of, text_of};
use tidegate_tests::domain::{days_from_today, rand_hie_schema};
use tidegate_tests::governed::{Governed, POLICY, entry_text, field, over};
use tidegate_tests::program::repository;

/// Who asks: all roles, and a second organisation of those that own things.
const ASKING: [&str; 10] = [
    "provider",
    "provider-elsewhere",
    "authority",
    "operator",
    "operator-elsewhere",
    "developer",
    "regulator",
    "exchange",
    "custodian",
    "auditor",
];

/// Actions that have no operation: the machine of the domain does them, or the one who asks does them alone.
const NOT_OFFERED: [Action; 5] = [Action::InitDomain, Action::RotateKey, Action::BackUp, Action::VerifyPackage, Action::MakeReport];

/// Actions that the interface offers and the matrix does not ask for: lists that leave out what one may not see, and acts
/// on a thing that the story does not leave in a state where they could be asked.
const NOT_PROBED: [Action; 4] = [Action::ReopenOrganisation, Action::ReadGrant, Action::ReadModule, Action::ReceivePackage];

/// States that things of a kind have, and these of them not.
const NOT_THEIR_STATES: [(&str, &str); 10] = [
    ("correction", "answered"),
    ("finding", "extended"),
    ("complaint", "answered"),
    ("complaint", "extended"),
    // Drafts of applications stay with whoever writes them, and whether an account is locked stands beside its record.
    ("application", "draft"),
    ("account", "locked"),
    // Procedures share a kind with objections.
    ("rectification", "decided"),
    ("rectification", "appealed"),
    ("security-incident", "decided"),
    ("security-incident", "appealed"),
];

/// Probes that name something which is not there, so that they change nothing.
const NAMING_NOTHING: [&str; 8] = [
    "datasets.seal",
    "datasets.unseal",
    "datasets.destroy",
    "modules.approve",
    "modules.withdraw",
    "runs.quote",
    "runs.request",
    "log.open",
];

/// Operations by which what the caller may not see is said not to be there.
const HIDING: [&str; 1] = ["tickets.show"];

/// Whose a thing is that has no record.
#[derive(Clone, Copy)]
enum Whose {
    Nobody,
    /// Of whoever asks.
    Asking,
    /// Of the operator, with somebody beside.
    Operator(&'static str),
    /// Of whoever asks, with somebody beside.
    AskingBeside(&'static str),
    /// Of the provider.
    Provider,
}

/// On what a request acts.
#[derive(Clone, Copy)]
enum On {
    /// A thing that is in one state whenever it is asked so: it is being made, or it is one of its kind.
    One(&'static str, Whose),
    /// A record, by its name and the field of the input that names it.
    Record(&'static str, &'static str),
    /// A product, by its stage.
    Product,
}

fn repository_text(path: &str) -> String {
    std::fs::read_to_string(repository(path)).expect("a file of the repository")
}

fn version_99() -> Value {
    json!({ "dataset": "rand-hie", "version": 99, "reason": "x" })
}

fn mounting() -> Value {
    let files = json!([{ "table": "person-years", "file": "rand_hie.csv" }]);
    json!({ "dataset": "rand-hie", "entry": "rand-hie-visits", "schema": rand_hie_schema(), "files": files })
}

struct Probe(Action, On, &'static str, Value);

fn probes() -> Vec<Probe> {
    use Action::*;
    use On::{One, Product, Record};
    use Whose::{Asking, AskingBeside, Nobody, Operator, Provider};
    let none = || json!({});
    let reason = || json!({ "reason": "zur Probe 试" });
    vec![
        Probe(ShowStatus, One("open", Nobody), "domain.status", none()),
        Probe(ShowStatus, One("open", Nobody), "domain.retention", none()),
        Probe(SetRetention, One("open", Nobody), "domain.set-retention", json!({ "years": 3 })),
        Probe(PurgeRecords, One("open", Nobody), "domain.purge", json!({ "before": "2020-01-01" })),
        Probe(ManageWitnesses, One("open", Nobody), "witnesses.remove", none()),
        Probe(StopEverything, One("open", Nobody), "domain.stop", json!({ "reason": " " })),
        Probe(Resume, One("open", Nobody), "domain.resume", json!({ "reason": " " })),
        Probe(CloseOrganisation, Record("organisation", "organisation"), "organisations.close", json!({ "facts": " " })),
        Probe(ManageTokens, One("active", Asking), "tokens.issue", json!({ "title": "probe", "days": 1, "roles": null, "actions": null })),
        Probe(ReadOrganisation, Record("organisation", "organisation"), "organisations.show", none()),
        Probe(RegisterOrganisation, Record("organisation", "organisation"), "organisations.change", none()),
        Probe(CreateAccount, One("active", Nobody), "accounts.create", json!({ "organisation": "spare", "roles": ["operator"] })),
        Probe(DisableAccount, Record("account", "account"), "accounts.disable", reason()),
        Probe(ExamineMachine, One("open", Nobody), "domain.calibration", none()),
        Probe(ReadSettings, One("in_force", Nobody), "settings.show", none()),
        Probe(LoadRulePack, One("in_force", Nobody), "settings.choose_place", json!({ "pack": "sys" })),
        Probe(
            LoadCalendar,
            One("in_force", Nobody),
            "settings.load_calendar",
            json!({ "text": repository_text("policies/packs/calendar.toml") }),
        ),
        Probe(SetLevels, One("in_force", Nobody), "settings.set_levels", json!({ "text": repository_text("policies/packs/levels.toml") })),
        Probe(DraftEntry, Record("entry", "entry"), "entries.edit", none()),
        Probe(SubmitEntry, Record("entry", "entry"), "entries.submit", none()),
        Probe(ReviewEntry, Record("entry", "entry"), "entries.review", none()),
        Probe(PublishEntry, Record("entry", "entry"), "entries.publish", none()),
        Probe(AlterEntry, Record("entry", "entry"), "entries.delete", reason()),
        Probe(ApproveAlteration, Record("entry", "entry"), "entries.approve_alteration", none()),
        Probe(ApproveStricter, Record("entry", "entry"), "entries.approve_stricter", none()),
        Probe(ChangeAttribute, Record("entry", "entry"), "entries.attributes", none()),
        Probe(RecordConversion, Record("entry", "entry"), "entries.convert", none()),
        Probe(AdjustInEmergency, Record("entry", "entry"), "entries.emergency", none()),
        Probe(WithdrawEntry, Record("entry", "entry"), "entries.withdraw", reason()),
        Probe(RestoreEntry, Record("entry", "entry"), "entries.restore", reason()),
        Probe(ReadEntry, Record("entry", "entry"), "entries.show", none()),
        Probe(ReadEntry, Record("entry", "entry"), "entries.history", none()),
        Probe(
            SetReleasePolicy,
            One("mounted", Provider),
            "datasets.set-policy",
            json!({ "dataset": "probe", "entry": "rand-hie-visits", "policy": POLICY }),
        ),
        Probe(MountDataset, One("mounted", Provider), "datasets.mount", mounting()),
        Probe(SealDataset, One("mounted", Provider), "datasets.seal", version_99()),
        Probe(SealDataset, One("sealed", Provider), "datasets.unseal", version_99()),
        Probe(ReadImportReport, Record("dataset", "dataset"), "datasets.report", none()),
        Probe(ReadOverlap, Record("dataset", "dataset"), "datasets.overlap", none()),
        Probe(ReadUsage, Record("dataset", "dataset"), "datasets.usage", none()),
        Probe(ReadDataset, One("mounted", Nobody), "datasets.list", none()),
        Probe(ReadDataset, One("mounted", Nobody), "datasets.show", json!({ "dataset": "rand-hie" })),
        Probe(ReadDataset, One("mounted", Nobody), "datasets.budget", json!({ "dataset": "rand-hie" })),
        Probe(DestroyDataset, Record("dataset", "dataset"), "datasets.destroy", json!({ "version": 99, "reason": "x", "witness": "y" })),
        Probe(SubmitApplication, One("draft", AskingBeside("health-bureau")), "applications.submit", json!({ "dataset": "rand-hie" })),
        Probe(ReviewForm, Record("application", "application"), "applications.review_form", json!({ "step": "authority" })),
        Probe(ReviewApplication, Record("application", "application"), "applications.review", json!({ "step": "provider" })),
        Probe(ReadApplication, Record("application", "application"), "applications.show", none()),
        Probe(DraftPlan, Record("plan", "plan"), "plans.edit", none()),
        Probe(DraftPlan, Record("plan", "plan"), "plans.submit", none()),
        Probe(RecordPlanApproval, Record("plan", "plan"), "plans.approve", none()),
        Probe(ChangePlan, Record("plan", "plan"), "plans.change", none()),
        Probe(ReadPlan, Record("plan", "plan"), "plans.show", none()),
        Probe(PrepareAgreement, Record("agreement", "agreement"), "agreements.notice", none()),
        Probe(DecideAgreement, Record("agreement", "agreement"), "agreements.decide", none()),
        Probe(SignAgreement, Record("agreement", "agreement"), "agreements.sign", none()),
        Probe(FileAgreement, Record("agreement", "agreement"), "agreements.file", none()),
        Probe(AddSubAgreement, Record("agreement", "agreement"), "agreements.add_developer", none()),
        Probe(SuspendAgreement, Record("agreement", "agreement"), "agreements.suspend", json!({ "reason": " " })),
        Probe(EndAgreement, Record("agreement", "agreement"), "agreements.end", json!({ "reason": " " })),
        Probe(ReadAgreement, Record("agreement", "agreement"), "agreements.show", none()),
        Probe(ProposeScenario, One("proposed", Asking), "scenarios.propose", json!({ "scenario": "probe" })),
        Probe(AssessScenario, Record("scenario", "scenario"), "scenarios.assess", none()),
        Probe(ReadScenario, Record("scenario", "scenario"), "scenarios.show", none()),
        Probe(
            GiveGrant,
            One("live", Operator("")),
            "grants.give",
            json!({ "application": "$paper", "dataset": "rand-hie", "epsilon": 0.001, "columns": ["person-years.plan"], "purpose": "health-planning", "valid_until": days_from_today(20) }),
        ),
        Probe(RevokeGrant, One("live", Operator("health-bureau")), "grants.revoke", json!({ "grant": "$grant", "reason": " " })),
        Probe(UploadModule, One("uploaded", Asking), "modules.upload", none()),
        Probe(ApproveModule, One("uploaded", Operator("")), "modules.approve", none()),
        Probe(WithdrawModule, One("uploaded", Asking), "modules.withdraw", json!({ "module": "0".repeat(64) })),
        Probe(QuoteRun, One("queued", Asking), "runs.quote", json!({ "module": "expensive-years" })),
        Probe(
            RequestRun,
            One("queued", AskingBeside("health-bureau")),
            "runs.request",
            json!({ "module": "expensive-years", "epsilon": 0.001 }),
        ),
        Probe(ReplayRun, One("released", Nobody), "replays.request", json!({ "run": "$release" })),
        Probe(StopRun, One("running", Operator("health-bureau")), "runs.stop", json!({ "run": "$run", "reason": " " })),
        Probe(ReviewRelease, One("held", Operator("health-bureau")), "releases.review", json!({ "release": "$release" })),
        Probe(ReadRelease, One("released", Operator("health-bureau")), "releases.show", json!({ "release": "$release" })),
        Probe(RecordEffect, One("released", Operator("health-bureau")), "releases.effect", json!({ "release": "$release" })),
        Probe(ApplyForProduct, One("applied", Operator("")), "products.register", json!({ "application": "$application" })),
        Probe(ProcessProduct, Product, "products.step", json!({ "kind": "objection_dismissed" })),
        Probe(RevokeProduct, Product, "products.revoke", json!({ "opinion": " " })),
        Probe(WithdrawProduct, Product, "products.withdraw", json!({ "opinion": " " })),
        Probe(ListProduct, Product, "products.list_at_exchange", none()),
        Probe(ReadProduct, Product, "products.show", none()),
        Probe(TraceProduct, Product, "products.export", none()),
        Probe(AcknowledgeTerms, One("offered", Operator("*")), "deliveries.acknowledge", json!({ "product": "$registered" })),
        Probe(
            DeliverProduct,
            One("acknowledged", Operator("data-exchange")),
            "deliveries.deliver",
            json!({ "recipient": "data-exchange", "product": "$registered" }),
        ),
        Probe(
            FileObjection,
            One("open", AskingBeside("health-bureau")),
            "objections.file",
            json!({ "dataset": "rand-hie", "evidence": "" }),
        ),
        Probe(DecideObjection, Record("objection", "objection"), "objections.decide", json!({ "reason": " " })),
        Probe(AppealObjection, Record("objection", "objection"), "objections.appeal", none()),
        Probe(DecideAppeal, Record("objection", "objection"), "objections.decide_appeal", json!({ "reason": " " })),
        Probe(
            OrderRectification,
            One("open", Operator("health-bureau")),
            "rectifications.order",
            json!({ "grant": "$grant", "reason": " " }),
        ),
        Probe(AcceptRectification, Record("rectification", "rectification"), "rectifications.accept", none()),
        Probe(CutOff, Record("rectification", "rectification"), "rectifications.cut_off", none()),
        Probe(ReportIncident, Record("security-incident", "incident"), "security_incidents.record", none()),
        Probe(CloseIncident, Record("security-incident", "incident"), "security_incidents.close", none()),
        Probe(OpenCorrection, One("open", AskingBeside("health-bureau")), "tickets.correct", json!({ "dataset": "rand-hie" })),
        Probe(AnswerCorrection, Record("correction", "ticket"), "tickets.answer_correction", none()),
        Probe(OpenFinding, One("open", AskingBeside("city-health")), "tickets.open_finding", json!({ "owner": "city-health" })),
        Probe(AnswerFinding, Record("finding", "ticket"), "tickets.answer_finding", none()),
        Probe(CloseFinding, Record("finding", "ticket"), "tickets.close_finding", none()),
        Probe(FileComplaint, One("open", Asking), "tickets.complain", none()),
        Probe(AnswerComplaint, Record("complaint", "ticket"), "tickets.answer_complaint", none()),
        Probe(ReadTicket, Record("correction", "ticket"), "tickets.show", none()),
        Probe(ReadLog, One("published", Nobody), "log.checkpoint", none()),
        Probe(ReadLog, One("published", Nobody), "witnesses.list", none()),
        Probe(ExportDossier, One("published", Nobody), "log.search", none()),
        Probe(OpenCommitment, One("published", Nobody), "log.open", none()),
    ]
}

/// A record in a state.
#[derive(Clone, Debug)]
struct Specimen {
    id: String,
    state: String,
    owner: String,
    counterpart: String,
    content: String,
}

/// Lives through which records come into their states.
///
/// Returns the names of what requests need: grant, run, release, products by their stage.
fn live(governed: &Governed) -> BTreeMap<String, String> {
    let grant = governed.prepare(POLICY, "expensive-years");
    let papers = governed.by("operator").does("applications.list", &json!({}));
    let run = governed.run("expensive-years", 0.5);
    let release = field(&governed.wait("operator", &run, "released"), "release");
    let application = product_application(&release);
    let mut names = BTreeMap::from([
        ("$grant".to_owned(), grant),
        ("$run".to_owned(), run),
        ("$paper".to_owned(), field(&papers["items"][0], "application")),
        ("$release".to_owned(), release.clone()),
        ("$application".to_owned(), application.clone()),
    ]);
    let review = json!({ "release": release, "favourable": true, "opinion": "aggregates alone" });
    governed.by("operator-2").does("releases.review", &review);
    governed.by("authority").does("products.set-policy", &json!({ "coded_needed": true, "notice_days": 0 }));
    let steps = [("accepted", "accepted"), ("reviewed", "reviewed"), ("notice", "noticed"), ("coded", "registered")];
    for stage in ["applied", "accepted", "reviewed", "noticed", "registered", "ended"] {
        let product = field(&governed.by("operator").does("products.register", &json!({ "application": application })), "product");
        let until = steps.iter().position(|step| step.1 == stage).map_or(0, |place| place + 1);
        for (kind, _) in &steps[..until] {
            let code = json!({ "code": "DP-1", "issuer": "registry", "scheme": "none" });
            let step = json!({ "product": product, "kind": kind });
            let step = if *kind == "coded" { over(step, json!({ "code": code })) } else { step };
            governed.by("authority").does("products.step", &step);
        }
        if stage == "ended" {
            governed.by("operator").does("products.withdraw", &json!({ "product": product, "opinion": "不再提供" }));
        }
        names.insert(format!("${stage}"), product);
    }
    let (authority, provider) = (governed.by("authority"), governed.by("provider"));
    // An entry that is withdrawn, and one that waits.
    provider.does("entries.draft", &json!({ "content": entry_text(governed, "probe-entry") }));
    let entry = json!({ "entry": "probe-entry" });
    provider.does("entries.submit", &entry);
    authority.does("entries.review", &json!({ "entry": "probe-entry", "approve": true }));
    authority.does("entries.publish", &entry);
    provider.does("entries.withdraw", &over(entry, json!({ "reason": "重复" })));
    // Papers of another operator, to the end.
    let plan = governed.plan();
    let agreement = governed.agreement_of("spare", "spare", &plan);
    governed.does("authority", "plans.change", json!({ "plan": plan }));
    governed.does("operator", "scenarios.propose", json!({ "scenario": "refused-scenario" }));
    let refused = json!({ "scenario": "refused-scenario", "assessment": { "favourable": false } });
    governed.does("authority", "scenarios.assess", refused);
    let text = governed.application_text("rand-hie", "health-planning");
    let application = field(&governed.by("operator").does("applications.submit", &text), "application");
    let answer =
        json!({ "application": application, "step": "authority", "agree": false, "reason": "范围过宽", "basis": "淄博第二十二条" });
    governed.does("authority", "applications.review_form", answer);
    // Stops and tickets.
    let objection = json!({ "dataset": "rand-hie", "statement": "有误", "evidence": "一封信" });
    let objection = field(&governed.by("exchange").does("objections.file", &objection), "objection");
    let decision = json!({ "objection": objection, "outcome": "restore", "reason": "核实无误" });
    governed.by("provider").does("objections.decide", &decision);
    governed.by("exchange").does("objections.appeal", &json!({ "objection": objection, "reason": "不服" }));
    governed.by("authority").does("objections.decide_appeal", &decision);
    let correction = governed.does("developer", "tickets.correct", json!({ "dataset": "rand-hie" }));
    governed.does("provider", "tickets.answer_correction", json!({ "ticket": correction["ticket"] }));
    let finding = governed.does("regulator", "tickets.open_finding", json!({ "owner": "city-health", "due": days_from_today(20) }));
    governed.does("operator", "tickets.answer_finding", json!({ "ticket": finding["ticket"] }));
    let complaint = governed.does("exchange", "tickets.complain", json!({}));
    governed.does("authority", "tickets.answer_complaint", json!({ "ticket": complaint["ticket"] }));
    let incident = governed.does("operator", "security_incidents.report", json!({ "severity": "ordinary" }));
    for stage in ["plan_started", "measures_taken", "users_told", "reported"] {
        governed.does("authority", "security_incidents.record", json!({ "incident": incident["incident"], "stage": stage }));
    }
    governed.does("authority", "security_incidents.close", json!({ "incident": incident["incident"] }));
    let grants = governed.by("operator").does("grants.list", &json!({}));
    let order = json!({ "grant": grants["items"][0]["id"], "until": days_from_today(30) });
    let order = governed.does("authority", "rectifications.order", order);
    governed.does("operator", "rectifications.report", json!({ "rectification": order["rectification"] }));
    governed.does("authority", "rectifications.accept", json!({ "rectification": order["rectification"] }));
    // Last, what ends an organisation.
    governed.by("authority").does("agreements.end", &json!({ "agreement": agreement, "reason": "期满" }));
    names
}

fn product_application(release: &str) -> String {
    format!(
        "operator = \"city-health\"\nruns = [\"{release}\"]\nform = \"数据报告\"\nuse_class = \"public_good\"\n\
         title = {{ zh = \"高费用人年\", en = \"Expensive years\" }}\ndescription = {{ zh = \"按年份统计\", en = \"By year\" }}\n\
         scenario = {{ zh = \"卫生规划\", en = \"Health planning\" }}\nprice = {{ fen = 0, metering = \"产品数量\" }}\n\
         rights = {{ holding = \"health-bureau\", processing = \"city-health\", operation = \"city-health\" }}\n\
         risk_assessment = {{ reference = \"R-1\", assessor = \"assessor\", valid_until = \"{}\" }}\n",
        days_from_today(200)
    )
}

/// An input with the names of the story in it.
fn named(value: Value, names: &BTreeMap<String, String>) -> Value {
    match value {
        Value::String(text) => Value::String(names.get(&text).cloned().unwrap_or(text)),
        Value::Object(fields) => {
            fields.into_iter().map(|(name, value)| (name, named(value, names))).collect::<serde_json::Map<_, _>>().into()
        }
        other => other,
    }
}

/// Every record in every state in which it was, by its name.
fn specimens(governed: &Governed) -> BTreeMap<String, BTreeMap<String, Specimen>> {
    let query = "SELECT kind, id, state, owner, counterpart, content FROM record ORDER BY at, version";
    let mut found: BTreeMap<String, BTreeMap<String, Specimen>> = BTreeMap::new();
    for row in rows_of(&governed.domain, query) {
        let [kind, id, state, owner, counterpart, content] = <[String; 6]>::try_from(row).expect("six texts");
        let specimen = Specimen { id, state: state.clone(), owner, counterpart, content };
        found.entry(kind).or_default().insert(state, specimen);
    }
    // Things that everybody else needs are left alone: only the spare organisation is changed.
    let victims = |kind: &str, keep: fn(&Specimen) -> bool| {
        let query = format!("SELECT kind, id, state, owner, counterpart, content FROM record WHERE kind = '{kind}' ORDER BY version");
        let rows = rows_of(&governed.domain, &query).into_iter().map(|row| <[String; 6]>::try_from(row).expect("six texts"));
        let rows = rows.map(|[_, id, state, owner, counterpart, content]| Specimen { id, state, owner, counterpart, content });
        rows.filter(&keep).map(|specimen| (specimen.state.clone(), specimen)).collect::<BTreeMap<_, _>>()
    };
    found.insert("organisation".to_owned(), victims("organisation", |specimen| specimen.id == "spare"));
    found.insert("account".to_owned(), victims("account", |specimen| specimen.owner == "spare"));
    found
}

/// The specimen of a state: met in the story, or one of another state with that word changed for this one.
fn specimen_of(found: &BTreeMap<String, Specimen>, state: &str) -> Option<(Specimen, bool)> {
    if let Some(specimen) = found.get(state) {
        return Some((specimen.clone(), true));
    }
    found.values().find_map(|other| {
        let content: Value = serde_json::from_str(&other.content).ok()?;
        let (changed, times) = replaced(content, &other.state, state);
        (times == 1).then(|| (Specimen { state: state.to_owned(), content: changed.to_string(), ..other.clone() }, false))
    })
}

fn replaced(value: Value, from: &str, to: &str) -> (Value, usize) {
    match value {
        Value::String(text) if text == from && to == "extended" => (json!({ "extended": { "approver": "health-bureau" } }), 1),
        Value::String(text) if text == from => (Value::String(to.to_owned()), 1),
        Value::Object(fields) => {
            let mut times = 0;
            let mut made = serde_json::Map::new();
            for (name, value) in fields {
                let (value, more) = replaced(value, from, to);
                times += more;
                made.insert(name, value);
            }
            (Value::Object(made), times)
        }
        other => (other, 0),
    }
}

/// Puts a record into the state of a specimen.
fn put_back(governed: &Governed, name: &str, specimen: &Specimen) {
    let quoted = |text: &str| text.replace('\'', "''");
    let Specimen { id, state, owner, counterpart, content } = specimen;
    let newest = format!(
        "UPDATE record SET content = '{}', state = '{state}', owner = '{}', counterpart = '{}' WHERE kind = '{name}' AND id = '{}' AND newest = 1",
        quoted(content),
        quoted(owner),
        quoted(counterpart),
        quoted(id)
    );
    execute(&governed.domain, &newest);
}

/// Operations that ask for the version that they change.
const VERSIONED: [&str; 3] = ["organisations.change", "entries.edit", "plans.edit"];

fn newest(governed: &Governed, name: &str, id: &str) -> String {
    let query = format!("SELECT CAST(version AS TEXT) FROM record WHERE kind = '{name}' AND id = '{id}' AND newest = 1");
    text_of(&governed.domain, &query)
}

/// A state in which a thing is asked for: its record with the kind's name and the field of the input, where it has one; the
/// state, the owner and the counterpart.
type Asked<'a> = (Option<(&'a str, &'a str, Specimen)>, String, String, String);

/// What the server said, as the matrix sees it.
#[derive(Debug, PartialEq, Eq)]
enum Heard {
    /// Not refused for role, state or organisation.
    Through,
    /// 403 under a rule.
    Refused(String),
    /// There is nothing of that name, as far as the caller is told.
    Nothing,
    /// Nothing that the table knows.
    Other(String),
}

fn heard(outcome: Result<Value, CallError>) -> Heard {
    match outcome {
        Ok(_) => Heard::Through,
        Err(CallError::Refused(problem)) if ["access.t1", "access.t2", "access.t3", "access.t4"].contains(&problem.code.as_str()) => {
            assert_eq!(problem.class.status(), 403, "{problem:?}");
            Heard::Refused(problem.code)
        }
        Err(CallError::Refused(problem)) if problem.class.status() >= 500 => Heard::Other(format!("{problem:?}")),
        Err(CallError::Refused(problem)) if problem.code == "input.wrong" => Heard::Other(format!("{problem:?}")),
        Err(CallError::Refused(problem)) if problem.class.status() == 404 => Heard::Nothing,
        Err(CallError::Refused(_)) => Heard::Through,
        Err(other) => Heard::Other(other.to_string()),
    }
}

/// One cell: what the table says of it.
fn expected(rules: &AccessRules, action: Action, role: &str, organisation: &str, thing: (&str, &str, &str)) -> Option<String> {
    let (state, owner, counterpart) = thing;
    let role = Role::ALL.iter().copied().find(|known| known.as_str() == role).expect("a role");
    let state = action.kind().state(state).unwrap_or_else(|| panic!("{} has no state {state}", action.kind()));
    let actor = Actor { account: "somebody", role, organisation };
    let resource = Resource { kind: action.kind(), id: "something", state, owner, counterpart };
    match rules.decide(&Request { actor, action, resource, facts: Facts::all_met() }) {
        Decision::Allow { .. } => None,
        Decision::Deny(denial) => Some(format!("access.{}", denial.policy.to_lowercase())),
    }
}

// clause: A1, K1, F12 both
#[test]
fn no_cell_is_open_that_the_table_closes_and_none_closed_that_it_opens() {
    let rules = AccessRules::built_in().expect("policies");
    let governed = Governed::begin();
    let names = live(&governed);
    let found = specimens(&governed);
    let (mut cells, mut closed, mut requests) = (BTreeSet::new(), 0_usize, 0_usize);
    let (mut wrong, mut unmet, mut crafted) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    for Probe(action, on, operation, above) in probes() {
        let states: Vec<Asked<'_>> = match on {
            On::One(state, _) => vec![(None, state.to_owned(), String::new(), String::new())],
            On::Product => {
                let of = |(state, _): &(&'static str, &str)| {
                    names.contains_key(&format!("${state}")).then(|| (None, (*state).to_owned(), "city-health".to_owned(), String::new()))
                };
                action.kind().states().iter().filter_map(of).collect()
            }
            On::Record(name, by) => {
                let known = found.get(name).cloned().unwrap_or_default();
                let of = |(state, _): &(&'static str, &str)| match specimen_of(&known, state) {
                    _ if NOT_THEIR_STATES.contains(&(name, state)) => None,
                    None => {
                        unmet.insert(format!("{name} {state}"));
                        None
                    }
                    Some((specimen, lived)) => {
                        if !lived {
                            crafted.insert(format!("{name} {state}"));
                        }
                        let (owner, counterpart) = (specimen.owner.clone(), specimen.counterpart.clone());
                        Some((Some((name, by, specimen)), (*state).to_owned(), owner, counterpart))
                    }
                };
                action.kind().states().iter().filter_map(of).collect()
            }
        };
        for (record, state, owner, counterpart) in states {
            for label in ASKING {
                let person = governed.by(label);
                let own = person.organisation.as_str();
                let (owner, counterpart) = match on {
                    On::One(_, Whose::Nobody) => ("", ""),
                    On::One(_, Whose::Asking) => (own, ""),
                    On::One(_, Whose::AskingBeside(other)) => (own, other),
                    On::One(_, Whose::Operator("*")) => ("city-health", own),
                    On::One(_, Whose::Operator(other)) => ("city-health", other),
                    On::One(_, Whose::Provider) => ("health-bureau", ""),
                    _ => (owner.as_str(), counterpart.as_str()),
                };
                let mut input = governed.input(operation, named(above.clone(), &names));
                if let On::Product = on {
                    input = over(input, json!({ "product": names[&format!("${state}")] }));
                }
                if let Some((name, by, specimen)) = &record {
                    put_back(&governed, name, specimen);
                    input = over(input, json!({ *by: specimen.id }));
                }
                let should = expected(&rules, action, &person.role, own, (&state, owner, counterpart));
                let version = || record.as_ref().map(|(name, _, specimen)| newest(&governed, name, &specimen.id));
                let if_match = if VERSIONED.contains(&operation) { version() } else { None };
                let options = Options { if_match, ..Options::default() };
                let is = heard(person.call_with(operation, &input, &options).map(|called| called.0));
                requests += 1;
                cells.insert((action.name(), person.role.clone(), state.clone()));
                closed += usize::from(should.is_some());
                let fits = match (&should, &is) {
                    (None, Heard::Through) => true,
                    (Some(rule), Heard::Refused(said)) => rule == said,
                    (Some(_), Heard::Nothing) => HIDING.contains(&operation),
                    (None, Heard::Nothing) => NAMING_NOTHING.contains(&operation),
                    _ => false,
                };
                if !fits {
                    wrong.push(format!(
                        "{} in state {state} by {label} ({operation}): the table says {should:?}, the server {is:?}",
                        action.name()
                    ));
                }
                if let Some((name, _, specimen)) = &record {
                    put_back(&governed, name, specimen);
                }
            }
        }
    }
    println!(
        "{requests} requests, {} cells of {} actions, {closed} closed",
        cells.len(),
        cells.iter().map(|cell| cell.0).collect::<BTreeSet<_>>().len()
    );
    println!("states that were crafted: {crafted:?}");
    assert!(unmet.is_empty(), "states that were not met: {unmet:?}");
    assert!(wrong.is_empty(), "{} cells:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_action_is_probed_or_listed() {
    let probed: BTreeSet<&str> = probes().iter().map(|probe| probe.0.name()).collect();
    let table = tidegate_governance::table().expect("a table");
    for Probe(action, on, operation, _) in probes() {
        assert!(table.names().any(|(name, _)| name == operation), "{}: no operation {operation}", action.name());
        if let On::One(state, _) = on {
            assert!(action.kind().state(state).is_some(), "{} has no state {state}", action.name());
        }
    }
    let missing: BTreeSet<&str> = Action::ALL.iter().map(|action| action.name()).filter(|name| !probed.contains(name)).collect();
    let listed: BTreeSet<&str> = NOT_OFFERED.iter().chain(&NOT_PROBED).map(|action| action.name()).collect();
    assert_eq!(missing, listed, "what is not probed is what is listed");
}
