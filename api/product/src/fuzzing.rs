//! What the verifier does between its signatures, with bytes in place of a signed package: for `tests/fuzz` alone.
//!
//! A fuzzer cannot make signatures, but a domain that lies can: what it signs is read and made again by these functions,
//! the ones that [`verify`](crate::verify()) uses.

use crate::archive::read_tar;
use crate::contents::derived;
use crate::statement::Statement;
use crate::{Facts, Files, PublicKeys, ReleaseContent};
use tidegate_terms::Digest;

/// The files of an archive.
pub fn files_of_archive(bytes: &[u8]) -> Option<Files> {
    read_tar(bytes).ok()
}

/// The facts of a statement, and how many files it names.
pub fn facts_of_statement(bytes: &[u8]) -> Option<(Facts, usize)> {
    let statement = Statement::parse(bytes).ok()?;
    let files = statement.subjects().len();
    Some((statement.predicate, files))
}

/// Makes every table, chart and page that follows from facts and releases; a digest of them all.
pub fn digest_made_again(facts: &Facts, releases: &[ReleaseContent], keys: &PublicKeys) -> Option<Digest> {
    let (lasting, changing) = derived(facts, releases, keys).ok()?;
    let all: Vec<u8> = lasting.values().chain(changing.values()).flat_map(|bytes| bytes.iter().copied()).collect();
    Some(Digest::of(&all))
}
