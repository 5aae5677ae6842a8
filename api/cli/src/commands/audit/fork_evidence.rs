//! `tidegate audit fork-evidence`: two heads of one log that cannot both be true, and a file that shows it to anybody.

use super::consistency::show;
use crate::front::{CliError, read_bytes};
use crate::output::Output;
use std::path::Path;
use std::process::ExitCode;
use tidegate_log::{
    AuditError, DirectorySource, ForkEvidence, Growth, GrowthError, KeyChain, SignedHead, Source, Verifier, compare_heads, key_links,
};

const FILE_BYTES_MAX: u64 = 2_100_000;

/// Compares two heads, or checks a file of evidence.
pub(super) fn run(first: &Path, second: Option<&Path>, key: &str, write: Option<&Path>, output: Output) -> Result<ExitCode, CliError> {
    let verifier = Verifier::parse(key.trim()).map_err(|_| AuditError::Key)?;
    let growth = match second {
        Some(second) => compare(first, second, &verifier)?,
        None => {
            let text = String::from_utf8(read_bytes(first, FILE_BYTES_MAX)?).map_err(|_| GrowthError::EvidenceMalformed)?;
            ForkEvidence::parse(&text)?.verify(&verifier)?
        }
    };
    if let Some((path, evidence)) = write.zip(growth.evidence.as_ref()) {
        let put = || std::fs::File::create_new(path).and_then(|mut file| std::io::Write::write_all(&mut file, evidence.text().as_bytes()));
        put().map_err(|error| CliError::file(path, &error))?;
    }
    output.show(&growth, |growth| {
        show(growth, output);
        if let (None, Some(evidence)) = (write, &growth.evidence) {
            print!("{}", evidence.text());
        }
    });
    Ok(if growth.consistent { ExitCode::SUCCESS } else { ExitCode::from(3) })
}

fn compare(first: &Path, second: &Path, verifier: &Verifier) -> Result<Growth, CliError> {
    // Changes of key that either log shows; only those that the given key leads to count.
    let mut keys = KeyChain::from(verifier);
    for place in [first, second].into_iter().filter(|place| place.is_dir()) {
        let chain = KeyChain::follow(verifier, &key_links(place).map_err(AuditError::from)?);
        if chain.keys().len() > keys.keys().len() {
            keys = chain;
        }
    }
    let (one, other) = (head(first, &keys)?, head(second, &keys)?);
    let larger_first = one.checkpoint.size > other.checkpoint.size;
    let (older, newer, place) = if larger_first { (other, one, first) } else { (one, other, second) };
    let mut source = place.is_dir().then(|| DirectorySource::new(place));
    let source = source.as_mut().map(|source| source as &mut dyn Source);
    Ok(compare_heads(&older, &newer, source, &keys)?)
}

fn head(place: &Path, keys: &KeyChain) -> Result<SignedHead, CliError> {
    if place.is_dir() {
        return Ok(SignedHead::of_source(&mut DirectorySource::new(place), keys)?);
    }
    Ok(SignedHead::parse(&read_bytes(place, FILE_BYTES_MAX)?, keys).map_err(GrowthError::from)?)
}
