//! Guests that attack the way in which values cross the contract: allocation, lowering, lifting, cleaning up, starting.
//!
//! Each file of `sample-models/offenders/abi` is one core module that is put into the frame of the smallest component;
//! its first line says what must come of it: `trap` (the guest's own doing, so the unit's default) or `answer`.

use super::*;
use crate::compile;
use crate::contract::{Column, Table, Values};
use std::fs;
use std::path::Path;

const FRAME: &str = include_str!("../../../../sample-models/bad/minimal.wat");
const LIMITS: Limits = Limits { fuel: 50_000_000, memory_bytes: 1 << 20, answer_bytes: 1 << 16 };

/// The smallest component that keeps the contract, around another core module.
fn component(core: &str) -> Vec<u8> {
    let (head, rest) = FRAME.split_once("(core module $main").expect("its module");
    let (_, tail) = rest.split_once("(core instance $main").expect("its instance");
    let mut text = format!("{head}{core}\n(core instance $main{tail}");
    if core.contains("\"post-return\"") {
        let realloc = "(realloc (func $main \"realloc\"))";
        text = text.replacen(realloc, &format!("{realloc} (post-return (func $main \"post-return\"))"), 1);
    }
    wat::parse_str(text).expect("assemble")
}

fn unit() -> Unit {
    let values = [
        Values::Floats(vec![1.5; 30]),
        Values::Integers(vec![-3; 30]),
        Values::Texts(vec!["潮闸".into(); 30]),
        Values::Booleans(vec![true; 30]),
        Values::Dates(vec![19_000; 30]),
        Values::Categories(vec![2; 30]),
    ];
    let columns = values.into_iter().map(|values| Column { values, missing: Some(vec![false; 30]) }).collect();
    Unit { tables: vec![Table { row_count: 30, columns }] }
}

fn corpus() -> Vec<(String, String)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sample-models/offenders/abi");
    let files = fs::read_dir(directory).expect("corpus").map(|entry| entry.expect("entry").path());
    files.map(|path| (path.file_stem().expect("name").to_string_lossy().into_owned(), fs::read_to_string(path).expect("file"))).collect()
}

#[test]
fn whatever_crosses_the_contract_ends_as_an_answer_or_as_the_guest_s_own_trap() {
    let corpus = corpus();
    assert!(corpus.len() >= 36, "{}", corpus.len());
    for (name, text) in corpus {
        let module = compile(&component(&text)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let sandbox = Sandbox::new(&module, Inputs::new(&[ParameterValue::Integer(1)], Vec::new()), LIMITS, false).expect("loads");
        let mut answers = Vec::new();
        // Twice: the slot that a hostile guest leaves behind serves the next unit as well.
        for _ in 0..2 {
            match sandbox.contribute(&unit()) {
                Ok(contributions) => answers.push(format!("answer of {}", contributions.len())),
                Err(trap) => {
                    assert!(!trap.is_host_fault(), "{name}: {}", trap.explain());
                    answers.push("trap".to_owned());
                }
            }
        }
        assert_eq!(answers[0], answers[1], "{name}");
        let fate = text.lines().next().and_then(|line| line.strip_prefix(";; fate: ")).expect("its fate");
        assert!(answers[0].starts_with(fate), "{name}: {} instead of {fate}", answers[0]);
    }
}

/// What a hostile guest leaves in its slot of the pool does not reach an honest one that comes after it.
#[test]
fn an_honest_guest_answers_as_before_in_the_slot_of_a_hostile_one() {
    for name in ["start-grows", "realloc-writes-into-arguments", "table-grows", "post-return-changes-the-answer"] {
        let (_, text) = corpus().into_iter().find(|(known, _)| known == name).expect("in the corpus");
        let hostile = compile(&component(&text)).expect("compiles");
        let sandbox = Sandbox::new(&hostile, Inputs::new(&[], Vec::new()), LIMITS, false).expect("loads");
        let contributions: Vec<_> = (0..100).map(|_| sandbox.contribute(&unit()).map(|all| all.len()).ok()).collect();
        assert_eq!(contributions, vec![Some(0); 100], "{name}");
    }
}

/// Fuel is what ends these, not the clock: with ten times the fuel they take more, and still end.
#[test]
fn fuel_covers_starting_allocating_and_cleaning_up() {
    for name in ["start-loops", "realloc-loops", "post-return-loops"] {
        let (_, text) = corpus().into_iter().find(|(known, _)| known == name).expect("in the corpus");
        let module = compile(&component(&text)).expect("compiles");
        let sandbox = Sandbox::new(&module, Inputs::new(&[], Vec::new()), LIMITS, false).expect("loads");
        let (answer, fuel) = sandbox.contribute_metered(&unit());
        assert!(answer.is_err(), "{name}");
        assert!(fuel + 1_000 > LIMITS.fuel, "{name} used {fuel} of {}", LIMITS.fuel);
    }
}
