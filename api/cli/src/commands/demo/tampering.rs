//! One changed byte in a copy of the log, and what the verifier says of it.

use crate::front::CliError;
use std::fs;
use std::path::Path;
use tidegate_log::{AuditError, verify};

/// Copies a log, changes one byte of its first entry, and returns the verifier's refusal.
pub(super) fn change_one_byte(log: &Path, copy: &Path, key: &str) -> Result<AuditError, CliError> {
    copy_tree(log, copy)?;
    let bundle = first_bundle(copy)?;
    let mut bytes = fs::read(&bundle).map_err(|error| CliError::file(&bundle, &error))?;
    let middle = bytes.len() / 2;
    if let Some(byte) = bytes.get_mut(middle) {
        *byte ^= 1;
    }
    fs::write(&bundle, bytes).map_err(|error| CliError::file(&bundle, &error))?;
    match verify(copy, Some(key)) {
        Err(refusal) => Ok(refusal),
        Ok(_) => Err(CliError::Demo { detail: "the verifier did not notice a changed byte".into() }),
    }
}

fn copy_tree(from: &Path, to: &Path) -> Result<(), CliError> {
    let failed = |error: std::io::Error| CliError::file(from, &error);
    fs::create_dir_all(to).map_err(failed)?;
    for entry in fs::read_dir(from).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let target = to.join(entry.file_name());
        if entry.file_type().map_err(failed)?.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target).map_err(failed)?;
        }
    }
    Ok(())
}

/// A file of entries, whole or partial.
fn first_bundle(log: &Path) -> Result<std::path::PathBuf, CliError> {
    let missing = || CliError::Demo { detail: "the log has no entries".into() };
    let mut place = log.join("tile/entries");
    while place.is_dir() {
        let mut entries: Vec<_> =
            fs::read_dir(&place).map_err(|error| CliError::file(&place, &error))?.flatten().map(|entry| entry.path()).collect();
        entries.sort();
        place = entries.into_iter().next_back().ok_or_else(missing)?;
    }
    Ok(place)
}
