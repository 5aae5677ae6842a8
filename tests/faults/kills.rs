//! kill -9 of workers and of the keeper, at random moments of runs: 100 of each.
//!
//! Whatever dies, a question is paid once and released once, its exact totals are those of the file, and
//! the log verifies. A killed worker is not even noticed outside; after a killed keeper the same command
//! continues at no new price.

use serde_json::Value;
use std::collections::BTreeMap;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};
use tidegate_tests::domain::{Domain, IMMEDIATELY, question, text, units};
use tidegate_tests::openings::Runs;
use tidegate_tests::processes::{children, is_alive, kill};
use tidegate_tests::program::{Said, command};
use tidegate_tests::truth::Truth;

const KILLS: usize = 100;
/// A kill that comes too late for its run is no kill; so many questions are enough, or the test does not aim.
const QUESTIONS_MAX: usize = 4 * KILLS;
const MODEL: &str = "expensive-years";

/// A domain, the questions asked of it, and what was paid for each.
struct Story {
    domain: Domain,
    /// Price of each run, in units of 1e-12, and the threshold that it asked for.
    paid: BTreeMap<String, (u64, f64)>,
    asked: usize,
}

impl Story {
    fn begin() -> Self {
        let domain = Domain::with_rand_hie(IMMEDIATELY);
        domain.grant("person-years.meddol", "10");
        domain.upload_samples(&[MODEL]);
        Self { domain, paid: BTreeMap::new(), asked: 0 }
    }

    /// A question that was not asked before: its price differs a little, and its threshold.
    fn next_question(&mut self) -> Question {
        self.asked += 1;
        assert!(self.asked <= QUESTIONS_MAX, "too few of the kills hit a live process");
        let threshold = (self.asked % 7 * 150) as f64;
        Question { epsilon: format!("{:.5}", 0.05 + self.asked as f64 * 1e-5), threshold }
    }

    fn start(&self, question: &Question) -> Child {
        let threshold = format!("threshold={}", question.threshold);
        let arguments = self::question("run", MODEL, &question.epsilon, &["--param", &threshold]);
        let domain = text(self.domain.directory());
        let mut command = command();
        command.args(arguments).args(["--json", "--domain", domain]).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("start tidegate")
    }

    /// Notes what an answered question cost. A second answer must say the same.
    fn note(&mut self, question: &Question, release: &Value) {
        let run = release["run"].as_str().expect("run").to_owned();
        let price = units(&release["price"]["rho"]);
        let before = self.paid.insert(run, (price, question.threshold));
        assert!(before.is_none_or(|(paid, _)| paid == price));
    }

    /// The account, the log and every run's exact totals.
    fn check(&self) {
        let spent: u64 = self.paid.values().map(|(price, _)| price).sum();
        let account = self.domain.account();
        assert_eq!(units(&account["spent"]), spent, "no charge is lost and none is doubled");
        let lines = account["lines"].as_array().expect("lines");
        assert!(lines.len() == self.paid.len() && lines.iter().all(|line| line["released"] == true), "one line for each question");

        let audit = self.domain.audit();
        assert_eq!(audit["runs"].as_u64(), Some(self.paid.len() as u64));
        assert_eq!(audit["open_runs"], Value::Array(vec![]), "no run is left without its release");
        assert_eq!(audit["lineages"]["rand-hie"]["spent"].as_u64(), Some(spent));

        let log = Runs::read(self.domain.directory());
        // Domain, mount, grant and module come before the runs; two entries for each run, without a gap.
        assert_eq!(audit["entries"].as_u64(), Some(4 + 2 * self.paid.len() as u64));
        let reserved: BTreeMap<_, _> = log.reserved.iter().cloned().collect();
        assert_eq!((reserved.len(), log.reserved.len()), (self.paid.len(), self.paid.len()), "each question is reserved once");
        assert_eq!(log.released.len(), self.paid.len(), "each run is released once");
        let truth = Truth::read();
        for (run, (price, threshold)) in &self.paid {
            assert_eq!(reserved.get(run), Some(price));
            assert!(log.opens_to(run, &truth.expensive_years(*threshold)), "the totals of {run} are not those of the file");
        }
    }
}

struct Question {
    epsilon: String,
    threshold: f64,
}

fn finish(child: Child) -> Said {
    Said::of(child.wait_with_output().expect("wait for tidegate"))
}

/// Waits until `found` finds something, as long as a process lives.
fn wait_for<T>(process: &mut Child, mut found: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + Duration::from_secs(60);
    while Instant::now() < deadline {
        if let Some(found) = found() {
            return Some(found);
        }
        if process.try_wait().expect("look at tidegate").is_some() {
            return None;
        }
        std::thread::sleep(Duration::from_micros(300));
    }
    panic!("nothing was found within a minute");
}

/// Random numbers for moments and victims; the seed is printed, but moments also depend on the machine.
struct Chance(u64);

impl Chance {
    fn new() -> Self {
        let seed = std::time::SystemTime::UNIX_EPOCH.elapsed().map_or(1, |now| now.as_nanos() as u64) | 1;
        println!("seed {seed}");
        Self(seed)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit.max(1)
    }
}

#[test]
fn a_killed_worker_changes_nothing() {
    let (mut story, mut chance) = (Story::begin(), Chance::new());
    let mut killed = 0;
    while killed < KILLS {
        let question = story.next_question();
        let mut front = story.start(&question);
        let id = front.id();
        let keeper = wait_for(&mut front, || children(id, "keeper").first().copied());
        let first = keeper.and_then(|keeper| wait_for(&mut front, || children(keeper, "worker").first().map(|_| keeper)));
        if let Some(keeper) = first {
            // Loading the module, the first units, the last answers: all of it lies in these milliseconds.
            std::thread::sleep(Duration::from_micros(chance.below(60_000)));
            let workers = children(keeper, "worker");
            if !workers.is_empty() {
                killed += usize::from(kill(workers[chance.below(workers.len() as u64) as usize]));
            }
        }
        let release = finish(front).json();
        assert_eq!(release["stored"], false, "the run that lost a worker is the run that answers");
        story.note(&question, &release);
    }
    println!("{killed} workers killed over {} runs", story.asked);
    story.check();
}

#[test]
fn a_killed_keeper_loses_and_doubles_no_charge() {
    let (mut story, mut chance) = (Story::begin(), Chance::new());
    let (mut killed, mut continued, mut longest) = (0, 0, Duration::from_millis(200));
    while killed < KILLS {
        let question = story.next_question();
        let mut orphans = Vec::new();
        // A question may lose its keeper several times before it is answered.
        let mut again = true;
        while killed < KILLS && again {
            again = chance.below(3) == 0;
            let mut front = story.start(&question);
            let id = front.id();
            let Some(keeper) = wait_for(&mut front, || children(id, "keeper").first().copied()) else { break };
            std::thread::sleep(Duration::from_micros(chance.below(longest.as_micros() as u64)));
            let workers = children(keeper, "worker");
            let hit = kill(keeper);
            killed += usize::from(hit);
            let said = finish(front);
            if said.code == Some(0) {
                // It had answered before the kill.
                story.note(&question, &said.json());
                break;
            }
            assert!(hit, "{}", said.err);
            assert!(said.refused("cli.keeper-gone").en.contains("continues"), "what to do next");
            orphans.extend(workers);
        }
        for orphan in orphans {
            let deadline = Instant::now() + Duration::from_secs(2);
            while is_alive(orphan) {
                assert!(Instant::now() < deadline, "a worker outlives its keeper by more than two seconds");
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        let began = Instant::now();
        let spent = units(&story.domain.account()["spent"]);
        let release = finish(story.start(&question)).json();
        longest = longest.max(began.elapsed().min(Duration::from_millis(600)));
        let price = units(&release["price"]["rho"]);
        let new = units(&story.domain.account()["spent"]) - spent;
        assert!(new == 0 || new == price, "the last command pays the whole price or nothing");
        continued += usize::from(new == 0 && release["stored"] == false);
        story.note(&question, &release);
    }
    println!("{killed} keepers killed over {} questions; {continued} runs were continued at no new price", story.asked);
    assert!(continued >= KILLS / 10, "kills must hit paid runs too, not only the time before the charge: {continued}");
    story.check();
}
