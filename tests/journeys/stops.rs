//! A stop that is decided in the office reaches runs that are queued, running or held: nothing of them is published, their
//! processes die, outside they end as every failed run does, and what nothing holds any more continues at no new price.

use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tidegate_governance::{Office, found};
use tidegate_http::api::{Call, Credentials, Outcome, Secret};
use tidegate_service::children::Programs;
use tidegate_service::{Admitted, Halted, Question, ReplayWish};
use tidegate_terms::{Digest, Epsilon, Language, Message as _, Name};
use tidegate_tests::domain::{Domain, IMMEDIATELY, OPERATOR};
use tidegate_tests::processes::all_children;
use tidegate_tests::program::program;

const MODEL: &str = "offender-loops";
/// One test at a time: processes are looked for among the children of this one.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

fn name(text: &str) -> Name {
    Name::parse(text).expect("name")
}

/// A governed domain whose keeper is this process.
struct Governed {
    _domain: Domain,
    keeper: Arc<tidegate_service::Domain>,
    office: Arc<Office>,
    authority: String,
    keys: AtomicU64,
}

/// A credit code for a body of 17 characters.
fn code(body: &str) -> String {
    const DIGITS: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    let value = |digit: char| DIGITS.find(digit).expect("a digit of GB 32100") as u64;
    let sum: u64 = body.chars().zip(0..).map(|(digit, place)| value(digit) * 3_u64.pow(place) % 31).sum();
    let check = DIGITS.chars().nth(((31 - sum % 31) % 31) as usize).expect("a digit");
    format!("{body}{check}")
}

fn founder(role: &str, id: &str, name: &str, body: &str) -> String {
    format!(
        "account = \"李明\"\n[organisation]\norganisation = \"{id}\"\nname = \"{name}\"\nkind = \"department\"\n\
         credit_code = \"{}\"\nregion = \"230500\"\nroles = [\"{role}\"]\n",
        code(body)
    )
}

impl Governed {
    async fn new(domain: Domain) -> Self {
        let opened = tidegate_service::Domain::open(domain.directory(), Programs { program: program() }).await;
        let keeper = Arc::new(opened.expect("open"));
        let authority = founder("authority", "bureau", "双鸭山市数据局", "11230500MB1234567");
        let custodian = founder("custodian", "centre", "双鸭山市大数据中心", "12230500MB7654321");
        let founded = found(&keeper, &authority, &custodian).await.expect("founded");
        let office = Arc::new(Office::open(Arc::clone(&keeper)).await.expect("an office"));
        Self { _domain: domain, keeper, office, authority: founded.authority.token, keys: AtomicU64::new(0) }
    }

    /// Asks the office as the authority.
    async fn ask(&self, operation: &str, input: Value) -> Value {
        let number = self.keys.fetch_add(1, Ordering::Relaxed);
        let call = Call {
            operation: operation.to_owned(),
            digest: Digest::of(input.to_string().as_bytes()),
            input,
            credentials: Credentials { bearer: Some(Secret::new(self.authority.clone())), ..Credentials::default() },
            language: Language::English,
            request_id: format!("q{number}"),
            idempotency_key: Some(format!("key-{number}")),
            signature: None,
            if_match: None,
            page: None,
            last_event: None,
        };
        match self.office.answer(call).await.outcome {
            Outcome::Done(output) => output,
            other => panic!("{operation}: {other:?}"),
        }
    }

    async fn close(&self) -> Value {
        self.ask("organisations.close", json!({ "organisation": OPERATOR, "ground": "no_safeguards", "facts": "no safeguards" })).await
    }

    async fn reopen(&self, closing: &Value) {
        let input = json!({ "organisation": OPERATOR, "closing": closing["closing"], "reported": "put right", "facts": "inspected" });
        self.ask("organisations.reopen", input).await;
    }

    /// Runs in a task of its own, and says when it was admitted.
    async fn begin(&self, epsilon: f64) -> (Admitted, tokio::task::JoinHandle<Result<u64, String>>) {
        let (said, mut heard) = tokio::sync::mpsc::unbounded_channel();
        let keeper = Arc::clone(&self.keeper);
        // A thread of its own: a run computes for long.
        let runtime = tokio::runtime::Handle::current();
        let task = tokio::task::spawn_blocking(move || {
            let mut admitted = |admitted: Admitted| drop(said.send(admitted));
            let shown = runtime.block_on(keeper.run(&question(epsilon), &mut admitted));
            shown.map(|shown| shown.log_position).map_err(|error| error.code())
        });
        (heard.recv().await.expect("admitted"), task)
    }

    async fn run(&self, epsilon: f64) -> Result<u64, String> {
        self.keeper.run(&question(epsilon), &mut |_| {}).await.map(|shown| shown.log_position).map_err(|error| error.code())
    }

    async fn spent(&self) -> u64 {
        let account = self.keeper.books().account(&name("rand-hie")).await.expect("read").expect("an account");
        account.0.spent.rho.units()
    }
}

fn question(epsilon: f64) -> Question {
    Question {
        operator: name(OPERATOR),
        dataset: name("rand-hie"),
        version: None,
        join: None,
        module: MODEL.into(),
        parameters: vec![],
        side_tables: vec![],
        epsilon: Some(Epsilon::parse(epsilon).expect("epsilon")),
        workers: Some(2),
        pinned: None,
    }
}

fn domain() -> Domain {
    let domain = Domain::with_rand_hie(&IMMEDIATELY.replace("immediately", "at_slot"));
    domain.grant("person-years.income,person-years.xage", "4");
    domain.upload(&domain.model(MODEL, str::to_owned)).json();
    domain
}

// clause: F10 refused
#[tokio::test(flavor = "multi_thread")]
async fn a_closing_stops_running_and_held_runs_and_what_it_stopped_continues_afterwards() {
    let _alone = ALONE.lock().await;
    let governed = Governed::new(domain()).await;
    let operator = json!({
        "organisation": OPERATOR, "name": "城市健康数据运营公司", "kind": "enterprise", "credit_code": code("91230500MB0000001"), "region": "230500", "roles": ["operator"],
    });
    governed.ask("organisations.register", operator).await;

    for (epsilon, before_slot) in [(0.1, None), (0.2, Some(Duration::from_millis(1_500)))] {
        let (admitted, task) = governed.begin(epsilon).await;
        let slot: jiff::Timestamp = admitted.slot.parse().expect("an instant");
        if let Some(before) = before_slot {
            // Late in its slot the result is there and held.
            let left = Duration::try_from(jiff::Timestamp::now().duration_until(slot)).unwrap_or_default();
            tokio::time::sleep(left.saturating_sub(before)).await;
        }
        let closing = governed.close().await;
        let decided = Instant::now();
        while !all_children(std::process::id()).is_empty() {
            assert!(decided.elapsed() < Duration::from_secs(10), "processes of a stopped run live on");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let outcome = task.await.expect("a task");
        assert_eq!(outcome, Err("run.held".into()), "outside it is a failure like every other");
        assert!(jiff::Timestamp::now() >= slot, "and shows at its slot");
        let run = governed.keeper.books().run(&admitted.run).await.expect("read").expect("the run");
        assert!(run.rounds.is_empty() && run.finished.is_none(), "nothing of it was published");
        let spent = governed.spent().await;
        assert_eq!(governed.run(epsilon).await, Err("denied.suspended".into()), "the same question is refused meanwhile");
        assert_eq!(governed.run(epsilon + 0.05).await, Err("denied.suspended".into()), "and so is a new one");
        assert_eq!(governed.spent().await, spent);

        governed.reopen(&closing).await;
        governed.run(epsilon).await.expect("the same question continues");
        assert_eq!(governed.spent().await, spent, "at no new price");
    }

    // These runs were asked past the office, and the public log says so; it finds nothing else.
    let report = tidegate_log::verify(&governed.keeper.log_directory(), None).expect("a log");
    let codes: Vec<String> = report.findings.iter().map(|finding| finding.violation.code()).collect();
    assert_eq!(codes, ["audit.not-decided", "audit.not-decided"]);
}

/// A request that is stopped before its run has a name is neither charged nor run, and a replay neither begun; the same
/// question by another request is.
// clause: I9 refused
#[tokio::test(flavor = "multi_thread")]
async fn a_stop_finds_a_request_before_its_run_has_a_name() {
    let _alone = ALONE.lock().await;
    let governed = Governed::new(domain()).await;
    let (keeper, before) = (&governed.keeper, governed.spent().await);
    let stopped = |error: tidegate_service::ServiceError| assert_eq!(error.code(), "run.request-stopped");

    let listed = keeper.take_up(&question(0.1), "q1");
    drop(keeper.will_stop(Halted::Request("q1".into())));
    stopped(keeper.run_listed(&question(0.1), &listed, &mut |_| {}).await.expect_err("stopped"));
    assert_eq!(governed.spent().await, before, "nothing was charged");

    let (mut run, other) = (String::new(), keeper.take_up(&question(0.1), "q2"));
    let mut admitted = |admitted: Admitted| run = admitted.run;
    keeper.run_listed(&question(0.1), &other, &mut admitted).await.expect("another request runs");
    assert!(governed.spent().await > before);

    let replay = keeper.take_up_replays("q3");
    drop(keeper.will_stop(Halted::Everything));
    let wish = ReplayWish::Run(run);
    stopped(keeper.replay_listed(&wish, "inspectorate", &replay, &mut |_| {}).await.expect_err("stopped"));
    let again = keeper.replay_listed(&wish, "inspectorate", &keeper.take_up_replays("q4"), &mut |_| {}).await;
    assert_eq!(again.expect("replayed").len(), 1, "what is asked for afterwards is replayed");
}
