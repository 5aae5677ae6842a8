//! A witness under honest, forking, racing and forgetful callers.

use super::*;
use crate::witness::state::WitnessStateError;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use tidegate_log::{Nodes, Signer, Witness as WitnessKey, cosignatures, leaf_hash, prove_consistency, root_of};
use tidegate_terms::Message as _;

const ORIGIN: &str = "log.example/one";

/// A history in memory.
struct History(Vec<Vec<u8>>);

impl Nodes for &History {
    type Error = ();

    fn node(&mut self, height: u32, index: u64) -> Result<Digest, ()> {
        let (from, to) = ((index << height) as usize, ((index + 1) << height) as usize);
        Ok(if height == 0 { leaf_hash(&self.0[from]) } else { root_of(self.0[from..to].iter().map(Vec::as_slice)) })
    }
}

impl History {
    fn of(count: usize, salt: &str) -> Self {
        Self((0..count).map(|number| format!("{salt} {number}").into_bytes()).collect())
    }

    fn head(&self, size: u64) -> Checkpoint {
        let root = root_of(self.0[..size as usize].iter().map(Vec::as_slice));
        Checkpoint { origin: ORIGIN.into(), size, root, extensions: Vec::new() }
    }

    fn request(&self, signer: &Signer, old: u64, size: u64) -> Vec<u8> {
        let proof = prove_consistency(&mut { self }, old, size).expect("proof");
        let checkpoint = self.head(size).sign(signer).expect("sign");
        Submission { old, proof, checkpoint }.to_string().into_bytes()
    }
}

fn log_key() -> Signer {
    Signer::from_seed(ORIGIN, &[7; 32]).expect("key")
}

fn now() -> u64 {
    1_700_000_000
}

fn new_witness(place: &Path, clock: fn() -> u64) -> Witness {
    let directory = place.join("witness");
    Witness::create(&directory, "witness.example").expect("create");
    let mut witness = Witness::open(&directory).expect("open");
    witness.add_log(&log_key().verifier().to_string(), None).expect("add a log");
    drop(witness);
    Witness::open_with(&directory, clock).expect("open")
}

fn again(witness: Witness, place: &Path) -> Witness {
    drop(witness);
    Witness::open_with(&place.join("witness"), now).expect("open again")
}

#[test]
fn it_cosigns_what_grows_and_says_why_not_otherwise() {
    let place = tempfile::tempdir().expect("place");
    let mut witness = new_witness(place.path(), now);
    let (log, honest, forked) = (log_key(), History::of(700, "entry"), History::of(700, "lie"));
    let mut known = 0;
    for size in [1, 5, 5, 256, 300, 700] {
        let line = witness.add_checkpoint(&honest.request(&log, known, size)).expect("cosigned");
        let key = WitnessKey::parse(&witness.view().vkey).expect("vkey");
        let note = format!("{}{line}", honest.head(size).sign(&log).expect("sign"));
        let seen = cosignatures(&Note::parse(note.as_bytes()).expect("note"), &[key]).expect("cosignatures");
        assert_eq!(seen[0].time, now());
        for stale in [0, 3, 1_000].into_iter().filter(|stale| *stale != size) {
            let expected = if stale > size { WitnessError::OldTooLarge { old: stale, size } } else { WitnessError::Conflict { size } };
            let request = Submission { old: stale, proof: vec![], checkpoint: honest.head(size).sign(&log).expect("sign") };
            assert_eq!(witness.add_checkpoint(request.to_string().as_bytes()), Err(expected));
        }
        known = size;
        witness = again(witness, place.path());
    }
    assert_eq!(witness.add_checkpoint(&honest.request(&log, 300, 500)), Err(WitnessError::Conflict { size: 700 }));
    let before = witness.view().logs[0].clone();
    // Another history of the same size, of a smaller one that was seen, and a larger one with a proof that fails.
    assert_eq!(witness.add_checkpoint(&forked.request(&log, 700, 700)), Err(WitnessError::Conflict { size: 700 }));
    assert_eq!(witness.add_checkpoint(&forked.request(&log, 0, 256)), Err(WitnessError::Conflict { size: 700 }));
    let larger = History::of(900, "lie");
    assert_eq!(witness.add_checkpoint(&larger.request(&log, 700, 900)), Err(WitnessError::Inconsistent { size: 700 }));
    let after = witness.view().logs[0].clone();
    assert_eq!((after.size, after.root, after.time), (before.size, before.root, before.time));
    assert_eq!((after.evidence.len(), after.suspicious.len()), (2, 1));
    for file in &after.evidence {
        let evidence = ForkEvidence::parse(&fs::read_to_string(file).expect("read")).expect("evidence");
        assert!(!evidence.verify(log.verifier()).expect("it holds").consistent);
    }
    // The same again keeps nothing twice.
    let _ = witness.add_checkpoint(&larger.request(&log, 700, 900));
    let _ = witness.add_checkpoint(&forked.request(&log, 700, 700));
    assert_eq!((witness.view().logs[0].evidence.len(), witness.view().logs[0].suspicious.len()), (2, 1));
}

#[test]
fn strangers_and_garbage_are_told_apart() {
    let place = tempfile::tempdir().expect("place");
    let witness = new_witness(place.path(), now);
    let history = History::of(10, "entry");
    let (log, other) = (log_key(), Signer::from_seed(ORIGIN, &[9; 32]).expect("key"));
    assert_eq!(witness.add_checkpoint(&history.request(&other, 0, 5)), Err(WitnessError::NotSigned));
    let mut strange = history.head(5);
    strange.origin = "log.example/two".into();
    let two = Signer::from_seed("log.example/two", &[9; 32]).expect("key");
    let request = Submission { old: 0, proof: vec![], checkpoint: strange.sign(&two).expect("sign") };
    let unknown = witness.add_checkpoint(request.to_string().as_bytes());
    assert_eq!(unknown, Err(WitnessError::UnknownLog { origin: "log.example/two".into() }));
    let good = history.request(&log, 0, 5);
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1;
        let outcome = witness.add_checkpoint(&bad);
        assert!(outcome.is_err(), "byte {at}: {outcome:?}");
    }
    assert_eq!(witness.add_checkpoint(&good[..good.len() - 3]), Err(WitnessError::Malformed));
    assert_eq!(witness.view().logs[0].size, 0, "nothing was cosigned");
    let mut empty = history.head(0);
    let of = |head: &Checkpoint| Submission { old: 0, proof: vec![], checkpoint: head.sign(&log).expect("sign") }.to_string().into_bytes();
    assert!(witness.add_checkpoint(&of(&empty)).is_ok(), "an empty log is a log");
    empty.root = Digest([1; 32]);
    assert!(witness.add_checkpoint(&of(&empty)).is_err(), "but it has one root");
    assert!(witness.add_checkpoint(&good).is_ok());
}

#[test]
fn racing_requests_leave_one_history() {
    let place = tempfile::tempdir().expect("place");
    let mut witness = new_witness(place.path(), now);
    let (log, histories) = (log_key(), [History::of(120, "one"), History::of(120, "two")]);
    for round in 0..4_u64 {
        let base = witness.view().logs[0].size;
        let won: Vec<(usize, u64)> = std::thread::scope(|scope| {
            let tasks = (0..8_u64).map(|task| {
                let (witness, log, histories) = (&witness, &log, &histories);
                scope.spawn(move || {
                    let (which, size) = ((task % 2) as usize, base + 1 + task);
                    witness.add_checkpoint(&histories[which].request(log, base, size)).is_ok().then_some((which, size))
                })
            });
            let tasks: Vec<_> = tasks.collect();
            tasks.into_iter().filter_map(|task| task.join().expect("thread")).collect()
        });
        assert_eq!(won.len(), 1, "round {round}: one of those that begin at {base} wins, every other one is stale");
        let (which, size) = won[0];
        let last = witness.view().logs[0].clone();
        assert_eq!((last.size, last.root), (size, histories[which].head(size).root));
        witness = again(witness, place.path());
        if round == 0 {
            // From here on only the history that won can grow.
            let loser = &histories[1 - which];
            assert!(matches!(witness.add_checkpoint(&loser.request(&log, size, size + 1)), Err(WitnessError::Inconsistent { .. })));
        }
    }
}

static CLOCK: AtomicU64 = AtomicU64::new(1_000);

#[test]
fn a_clock_that_was_set_back_cosigns_nothing() {
    let place = tempfile::tempdir().expect("place");
    let witness = new_witness(place.path(), || CLOCK.load(Ordering::SeqCst));
    let (log, history) = (log_key(), History::of(9, "entry"));
    assert!(witness.add_checkpoint(&history.request(&log, 0, 4)).is_ok());
    CLOCK.store(900, Ordering::SeqCst);
    let refused = witness.add_checkpoint(&history.request(&log, 4, 5));
    assert_eq!(refused, Err(WitnessError::ClockBack { now: 900, last: 1_000 }));
    CLOCK.store(998, Ordering::SeqCst);
    assert!(witness.add_checkpoint(&history.request(&log, 4, 5)).is_ok());
    assert_eq!(witness.view().logs[0].time, 1_000, "time never runs back");
}

#[test]
fn a_lost_or_old_state_does_not_begin_anew() {
    let place = tempfile::tempdir().expect("place");
    let witness = new_witness(place.path(), now);
    let (log, history) = (log_key(), History::of(9, "entry"));
    assert!(witness.add_checkpoint(&history.request(&log, 0, 4)).is_ok());
    let state = witness.view().logs[0].checkpoint.clone();
    assert!(!state.is_empty());
    let directory = place.path().join("witness");
    let held = matches!(Witness::open(&directory), Err(WitnessStateError::Locked { .. }));
    assert!(held, "one process at a time");
    let file = fs::read_dir(directory.join("logs")).expect("logs").next().expect("one").expect("entry").path().join("state.json");
    let old = fs::read(&file).expect("state");
    assert!(witness.add_checkpoint(&history.request(&log, 4, 9)).is_ok());
    drop(witness);
    let new = fs::read(&file).expect("state");
    let code = |outcome: Result<Witness, WitnessStateError>| outcome.err().map(|error| error.code());
    fs::write(&file, &old).expect("restore a backup");
    assert_eq!(code(Witness::open(&directory)).as_deref(), Some("witness.state-old"));
    fs::write(&file, &new[..new.len() / 2]).expect("cut");
    assert_eq!(code(Witness::open(&directory)).as_deref(), Some("witness.state-lost"));
    fs::remove_file(&file).expect("remove");
    assert_eq!(code(Witness::open(&directory)).as_deref(), Some("witness.state-lost"));
    fs::write(&file, &new).expect("put back");
    assert!(Witness::open(&directory).is_ok());
    fs::remove_dir_all(directory.join("logs")).expect("remove");
    assert_eq!(code(Witness::open(&directory)).as_deref(), Some("witness.state-lost"));
    fs::remove_dir_all(&directory).expect("remove");
    assert_eq!(code(Witness::open(&directory)).as_deref(), Some("witness.missing"));
}
