//! Every input of the corpus, and every one that ever failed, once more: without libFuzzer, in any build.
//!
//! Inputs lie in `corpus/TARGET/`; `tests/fuzz/README.md` says where they come from.

mod seeds;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;
use tidegate_fuzz::{TARGETS, fixtures, generated, history, package};
use tidegate_product::PackageError;

/// What one input may take on a machine that is busy with other things; a thousand times what most take.
const SECONDS_MAX: f64 = 60.0;

fn inputs(target: &str) -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let entries = fs::read_dir(&directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let mut inputs: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    inputs.sort();
    inputs
}

/// `UPDATE_CORPUS=DOMAIN` writes base and seeds anew.
#[test]
fn the_corpus_begins_with_real_artefacts() {
    if let Some(domain) = std::env::var_os("UPDATE_CORPUS") {
        seeds::update(Path::new(&domain));
    }
    for target in TARGETS {
        let seeded =
            inputs(target.name).iter().any(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("seed-")));
        assert!(seeded, "`{}` has no seeds", target.name);
    }
}

/// One test, not one for each target: some targets keep a directory for their process.
#[test]
fn every_input_of_the_corpus_is_survived() {
    for target in TARGETS {
        let inputs = inputs(target.name);
        assert!(inputs.len() >= 8, "the corpus of `{}` is too small to mean anything", target.name);
        for input in inputs {
            let bytes = fs::read(&input).expect("an input");
            let began = Instant::now();
            // A panic here names the input.
            println!("{} {}", target.name, input.display());
            (target.run)(&bytes);
            let seconds = began.elapsed().as_secs_f64();
            assert!(seconds < SECONDS_MAX, "{} took {seconds} s", input.display());
        }
        (target.run)(&[]);
    }
    history::clean_up();
}

/// If the package no longer verifies up to the forms that each version makes anew, damages to it test nothing.
#[test]
fn the_package_that_is_damaged_verifies_when_it_is_not() {
    match package::verify_package(package::honest()) {
        Ok(_) | Err(PackageError::NotDerived { .. }) => {}
        Err(error) => panic!("make it anew with tests/fuzz/gather: {error}"),
    }
    assert!(fixtures::ENTRIES.lines().count() > 20);
}

/// Modules of wasm-smith: the 64 of the corpus, and those in the directory that `TIDEGATE_GENERATED` names.
#[test]
fn generated_modules_are_survived() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/generated");
    let more = std::env::var_os("TIDEGATE_GENERATED").map(PathBuf::from);
    let (mut modules, mut answered, mut defaults) = (0, 0, 0);
    for directory in std::iter::once(corpus).chain(more) {
        for entry in fs::read_dir(&directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display())) {
            let path = entry.expect("an entry").path();
            // A panic here names the module.
            println!("{}", path.display());
            for calls in generated::survive(&fs::read(&path).expect("a module")) {
                answered += calls.answered;
                defaults += calls.defaults;
            }
            modules += 1;
        }
    }
    assert!(modules >= 64, "{modules} generated modules");
    // Otherwise they all fail before anything happens, or none does anything.
    assert!(answered > modules / 4 && defaults > modules / 4, "{answered} answers and {defaults} defaults of {modules} modules");
}
