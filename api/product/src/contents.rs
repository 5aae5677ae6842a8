//! What lies in a package, and how it follows from facts and releases.
//!
//! | Files | From |
//! |---|---|
//! | `data/`, `charts/` | the opened releases |
//! | `index.html`, `privacy.json`, `metadata.json`, `dcat.jsonld`, `terms.txt`, `VERIFY.md`, `keys/` | facts and releases |
//! | `log/` | the log: entries, proofs, salts and contents of commitments |
//! | `SHA256SUMS` | all of these |
//! | `statement.json` and its two envelopes | the digests of all of these, and the facts |
//! | `log/delivery.*` | the log, after the statement: it commits to it |

use crate::chart;
use crate::dsse::{PackageSigner, PublicKeys};
use crate::error::PackageError;
use crate::facts::Facts;
use crate::instructions::instructions;
use crate::release::{Notice, ReleaseContent};
use crate::statement::{PAYLOAD_TYPE, Statement};
use crate::table::{Table, pretty, tables};
use crate::terms::terms_text;
use crate::{archive::Files, metadata, page, privacy};
use tidegate_log::{KeyLink, TlogProof};
use tidegate_terms::{Digest, Name};

pub(crate) const STATEMENT: &str = "statement.json";
pub(crate) const FIRST_ENVELOPE: &str = "statement.ed25519.dsse.json";
pub(crate) const SECOND_ENVELOPE: &str = "statement.p256.dsse.json";
pub(crate) const SUMS: &str = "SHA256SUMS";
pub(crate) const DELIVERY: [&str; 3] = ["log/delivery.entry", "log/delivery.salt", "log/delivery.tlog-proof"];

/// What opens a commitment of an entry.
#[derive(Debug, Clone)]
pub struct Opened {
    /// Its salt.
    pub salt: [u8; 32],
    /// The bytes that were committed to.
    pub content: Vec<u8>,
}

/// An entry of the log with its proof, and what opens its commitment.
#[derive(Debug, Clone)]
pub struct Proven {
    /// The name of its files below `log/`.
    pub name: String,
    /// The entry.
    pub entry: Vec<u8>,
    /// Its proof.
    pub proof: TlogProof,
    /// The opening, where the package has one.
    pub opening: Option<Opened>,
}

/// The name of the file of a change of the log's key.
pub(crate) fn key_link_name(number: usize) -> String {
    format!("log/key-{number}.rotation")
}

/// Whether a path is that of a change of the log's key.
pub(crate) fn is_key_link(path: &str) -> bool {
    let number = path.strip_prefix("log/key-").and_then(|rest| rest.strip_suffix(".rotation"));
    number.and_then(|number| number.parse().ok()).is_some_and(|number| path == key_link_name(number))
}

/// The name of a release's files below `log/`.
pub(crate) fn release_name(run: &str, round: u32) -> String {
    format!("{run}-{round}")
}

fn put(files: &mut Files, proven: &Proven) {
    let Proven { name, entry, proof, opening } = proven;
    files.insert(format!("log/{name}.entry"), entry.clone());
    files.insert(format!("log/{name}.tlog-proof"), proof.to_string().into_bytes());
    if let Some(opening) = opening {
        files.insert(format!("log/{name}.salt"), opening.salt.to_vec());
        files.insert(format!("log/{name}.json"), opening.content.clone());
    }
}

/// The tables and charts of the releases, and whether a file keeps its bytes in every version of the program.
pub(crate) fn derived(facts: &Facts, contents: &[ReleaseContent], keys: &PublicKeys) -> Result<(Files, Files), PackageError> {
    // Nothing leaves without source and date (Shuangyashan Art. 41).
    let noticed = |content: &ReleaseContent| {
        let whole = |notice: &Notice| !notice.source.trim().is_empty() && !notice.acquired.trim().is_empty();
        !content.notice().is_empty() && content.notice().iter().all(whole)
    };
    if !contents.iter().all(noticed) {
        return Err(PackageError::NoNotice);
    }
    let (mut lasting, mut changing) = (Files::new(), Files::new());
    let all: Vec<Vec<Table>> = contents.iter().map(tables).collect();
    for table in all.iter().flatten() {
        lasting.insert(format!("data/{}.csv", table.stem), table.csv());
        lasting.insert(format!("data/{}.json", table.stem), table.json());
        changing.insert(format!("data/{}.parquet", table.stem), table.parquet()?);
        changing.insert(format!("charts/{}.svg", table.stem), chart::svg(table).into_bytes());
    }
    lasting.insert("keys/product.ed25519.pem".into(), keys.ed25519_pem().into_bytes());
    lasting.insert("keys/product.p256.pem".into(), keys.p256_pem().into_bytes());
    let purposes: Vec<Name> = facts.releases.iter().map(|release| release.purpose.clone()).collect();
    let terms = terms_text(&facts.product.id, &facts.product.application, &purposes);
    let privacy = privacy::privacy(facts, contents);
    changing.insert("index.html".into(), page::page(facts, contents, &all, &privacy, &terms).into_bytes());
    changing.insert("privacy.json".into(), pretty(&privacy));
    changing.insert("terms.txt".into(), terms.into_bytes());
    changing.insert("metadata.json".into(), pretty(&metadata::catalogue(facts)));
    changing.insert("VERIFY.md".into(), instructions(facts).into_bytes());
    let dcat = metadata::dcat(facts, lasting.iter().chain(&changing).filter(|(path, _)| path.starts_with("data/")));
    changing.insert("dcat.jsonld".into(), pretty(&dcat));
    Ok((lasting, changing))
}

fn sums(files: &Files) -> Vec<u8> {
    let lines: Vec<String> = files.iter().map(|(path, bytes)| format!("{}  {path}\n", Digest::of(bytes))).collect();
    lines.concat().into_bytes()
}

/// Makes a package: everything but what the log says about its delivery. Returns the statement's bytes too.
///
/// `entries` are the keys, the application, the code where there is one, and the releases in the order of the facts;
/// each release with its opening.
/// `links` are the changes of the log's key so far, so that whoever trusts an earlier key can follow.
pub fn package(facts: &Facts, entries: &[Proven], links: &[KeyLink], signer: &PackageSigner) -> Result<(Files, Vec<u8>), PackageError> {
    let mut contents = Vec::new();
    for release in &facts.releases {
        let name = release_name(&release.run, release.round);
        let opened = entries.iter().find(|proven| proven.name == name).and_then(|proven| proven.opening.as_ref());
        let opened = opened.ok_or_else(|| PackageError::Missing { path: format!("log/{name}.json") })?;
        contents.push(ReleaseContent::parse(&opened.content)?);
    }
    let (mut files, mut changing) = derived(facts, &contents, &signer.public())?;
    files.append(&mut changing);
    entries.iter().for_each(|proven| put(&mut files, proven));
    for (number, link) in (1..).zip(links) {
        files.insert(key_link_name(number), link.to_string().into_bytes());
    }
    let sums = sums(&files);
    files.insert(SUMS.into(), sums);
    let statement = Statement::new(&files, facts).bytes();
    let [first, second] = signer.sign(PAYLOAD_TYPE, &statement)?;
    files.insert(STATEMENT.into(), statement.clone());
    files.insert(FIRST_ENVELOPE.into(), first.bytes());
    files.insert(SECOND_ENVELOPE.into(), second.bytes());
    Ok((files, statement))
}

/// Adds what the log says about the delivery: an entry that commits to the statement with this salt.
///
/// Of the checkpoint only the log's own signature is kept. Nothing signs these files, so no byte of them may be free.
pub fn with_delivery(mut files: Files, entry: Vec<u8>, proof: &TlogProof, salt: [u8; 32]) -> Files {
    let origin = proof.checkpoint.lines().next().unwrap_or_default().to_owned();
    let own = format!("— {origin} ");
    let (text, signatures) = proof.checkpoint.rsplit_once("\n\n").unwrap_or((proof.checkpoint.as_str(), ""));
    let lines: Vec<&str> = signatures.lines().filter(|line| line.starts_with(&own)).collect();
    let checkpoint = format!("{text}\n\n{}\n", lines.join("\n"));
    let proof = TlogProof { extra: None, checkpoint, ..proof.clone() };
    files.insert(DELIVERY[0].into(), entry);
    files.insert(DELIVERY[1].into(), salt.to_vec());
    files.insert(DELIVERY[2].into(), proof.to_string().into_bytes());
    files
}

/// The digest of every file, for tracing one back.
pub fn digests(files: &Files) -> Vec<(String, Digest)> {
    files.iter().map(|(path, bytes)| (path.clone(), Digest::of(bytes))).collect()
}
