//! Everything that programs say to a test, kept to be searched; and a temporary directory of their own.
//!
//! Per thread, because each test has one and calls programs from it.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

#[derive(Default)]
struct Recording {
    temporary: PathBuf,
    said: Vec<(String, Vec<u8>)>,
}

thread_local! {
    static RECORDING: RefCell<Option<Recording>> = const { RefCell::new(None) };
}

/// From now on keeps what programs say to this thread; they make their temporary files in this directory and work there.
pub fn record(temporary: &Path) {
    RECORDING.set(Some(Recording { temporary: temporary.to_owned(), said: Vec::new() }));
}

/// Ends the recording: what was said, each with the number of the call and the name of the stream.
pub fn recorded() -> Vec<(String, Vec<u8>)> {
    RECORDING.take().map(|recording| recording.said).unwrap_or_default()
}

/// Called for each program before it starts.
pub(crate) fn prepare(command: &mut Command) {
    RECORDING.with_borrow(|recording| {
        if let Some(Recording { temporary, .. }) = recording {
            command.env("TMPDIR", temporary).current_dir(temporary);
        }
    });
}

/// Called for each program after it ended.
pub(crate) fn heard(output: &Output) {
    RECORDING.with_borrow_mut(|recording| {
        if let Some(Recording { said, .. }) = recording {
            let call = said.len() / 2;
            said.push((format!("standard output of call {call}"), output.stdout.clone()));
            said.push((format!("standard error of call {call}"), output.stderr.clone()));
        }
    });
}
