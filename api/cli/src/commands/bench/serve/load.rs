//! The load: a fixed mixture of reads, quotes and requests for runs, the same for every client but for where it begins.

use super::super::failed;
use super::scene::{DATASET, MODEL, Scene};
use crate::front::CliError;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tidegate_http::api::{CallError, Client, Options};

/// How long answers took, in microseconds.
pub(super) type Times = Vec<u32>;

/// So many different questions are asked; asked again, each is answered from the store at no price.
const QUESTIONS: usize = 12;
/// The price of the first question; the others cost a little more each, and together more than the grant's share.
const EPSILON: f64 = 0.20;
const EPSILON_STEP: f64 = 0.01;
/// Of so many calls of one client one asks for a run, and no client asks more often than [`RUNS_OF_CLIENT_MAX`].
const MIXTURE: usize = 40;
const RUNS_OF_CLIENT_MAX: usize = 2;

/// What came of it.
#[derive(Default)]
pub(super) struct Load {
    pub(super) times: BTreeMap<&'static str, Times>,
    pub(super) answers: BTreeMap<String, usize>,
    pub(super) errors: Vec<String>,
}

/// What is asked at a place of the mixture.
fn next(place: usize, question: usize) -> (&'static str, &'static str, Value) {
    let asked = || json!({ "dataset": DATASET, "module": MODEL, "epsilon": EPSILON + EPSILON_STEP * (question % QUESTIONS) as f64 });
    match place % MIXTURE {
        0 => ("request a run", "runs.request", asked()),
        10 | 30 => ("quote", "runs.quote", asked()),
        1..=9 => ("read: datasets", "datasets.list", json!({})),
        11..=19 => ("read: account", "datasets.budget", json!({ "dataset": DATASET })),
        20..=24 => ("read: runs", "runs.list", json!({ "limit": 20 })),
        _ => ("read: status", "domain.status", json!({})),
    }
}

impl Load {
    /// Lets so many clients ask for so long.
    pub(super) fn run(scene: &Scene, clients: usize, time: Duration) -> Result<Self, CliError> {
        let all: Vec<Client> = (0..clients).map(|_| scene.client("operator")).collect::<Result<_, _>>()?;
        let end = Instant::now() + time;
        let threads: Vec<_> =
            all.into_iter().enumerate().map(|(number, client)| std::thread::spawn(move || Self::of_client(&client, number, end))).collect();
        let mut load = Self::default();
        for thread in threads {
            load.add(thread.join().map_err(|_| failed("a client fell over"))?);
        }
        Ok(load)
    }

    fn of_client(client: &Client, number: usize, end: Instant) -> Self {
        let mut load = Self::default();
        let mut runs = 0;
        // Primes, so that clients do not ask the same at the same moment.
        let mut place = number * 7;
        while Instant::now() < end {
            place += 1;
            let (kind, operation, input) = next(place, number + place / MIXTURE);
            if operation == "runs.request" {
                if runs == RUNS_OF_CLIENT_MAX {
                    continue;
                }
                runs += 1;
            }
            let begun = Instant::now();
            let answer = client.call_by_name(operation, &input, &Options::default());
            let time = u32::try_from(begun.elapsed().as_micros()).unwrap_or(u32::MAX);
            load.times.entry(kind).or_default().push(time);
            load.note(operation, answer.map(|_| ()));
        }
        load
    }

    /// A refusal is stated when it is below 500, or says that the queue or the server is full.
    fn note(&mut self, operation: &str, answer: Result<(), CallError>) {
        let class = match answer {
            Ok(()) => "ok".to_owned(),
            Err(CallError::Refused(problem)) if problem.class.status() < 500 || problem.class.status() == 503 => {
                format!("{} {}", problem.class.status(), problem.code)
            }
            Err(error) => {
                self.errors.push(format!("{operation}: {error}"));
                "error".to_owned()
            }
        };
        *self.answers.entry(class).or_default() += 1;
    }

    fn add(&mut self, other: Self) {
        for (kind, times) in other.times {
            self.times.entry(kind).or_default().extend(times);
        }
        for (class, count) in other.answers {
            *self.answers.entry(class).or_default() += count;
        }
        self.errors.extend(other.errors);
    }
}
