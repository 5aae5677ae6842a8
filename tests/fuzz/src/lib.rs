//! Fuzz targets: what reads bytes that somebody hostile can write, each as one function.
//!
//! | target | reads what comes from | must hold |
//! |---|---|---|
//! | [`upload`] | whoever uploads a module | refused or compiled; a call gives the same answer twice and no fault of the host |
//! | [`declarations`] | providers, operators, recipients | read or refused; what is read is written and read as itself |
//! | [`worker`] | a worker that a module has taken over; and, the other way, a coordinator | totals within their range, in their one encoding |
//! | [`answers`] | the processes of `conclude` and of noise | within the manifest's bounds; as many numbers as were asked |
//! | [`log`] | whoever serves a log, a witness, a proof | one encoding each |
//! | [`history`] | a domain that signs whatever it likes | an audit that ends with a verdict; a changed byte is found |
//! | [`package`] | whoever delivers a package | what verifies is the package that was made |
//!
//! [`generated`] is no target: modules that wasm-smith made, through the same sandbox as those of [`upload`].
//!
//! A target panics if something does not hold; nothing else is a failure. The same functions are called by libFuzzer
//! (`tests/fuzz/run`, with coverage of our own crates) and by the ordinary test that replays the corpus.

pub mod answers;
pub mod declarations;
pub mod fixtures;
pub mod generated;
pub mod history;
pub mod log;
pub mod package;
pub mod upload;
pub mod worker;

/// One target.
pub struct Target {
    /// Its name, that of its corpus too.
    pub name: &'static str,
    /// Its function.
    pub run: fn(&[u8]),
    /// Longest input that a fuzzer should make, in bytes.
    pub bytes_max: usize,
}

/// All targets.
pub const TARGETS: [Target; 7] = [
    Target { name: "upload", run: upload::run, bytes_max: 16 << 10 },
    Target { name: "declarations", run: declarations::run, bytes_max: 8 << 10 },
    Target { name: "worker", run: worker::run, bytes_max: 4 << 10 },
    Target { name: "answers", run: answers::run, bytes_max: 4 << 10 },
    Target { name: "log", run: log::run, bytes_max: 4 << 10 },
    Target { name: "history", run: history::run, bytes_max: 32 << 10 },
    Target { name: "package", run: package::run, bytes_max: 32 << 10 },
];

/// The target of a name.
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

/// Splits an input into its first byte, which chooses what to do, and the rest.
pub(crate) fn choose(bytes: &[u8], ways: u8) -> Option<(u8, &[u8])> {
    bytes.split_first().map(|(way, rest)| (way % ways, rest))
}
