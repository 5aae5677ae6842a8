//! Verifying a package with public keys alone.
//!
//! The chain: the log's key signs a checkpoint; the checkpoint covers the entry that announces the keys of packages;
//! those sign the statement; the statement names every file by digest; releases, application and code open commitments
//! of the log; and every table, chart and page is made again from them and compared. The delivery's own entry commits to
//! the statement. No link is skipped, and each has an error of its own.

use crate::archive::Files;
use crate::contents::{DELIVERY, FIRST_ENVELOPE, SECOND_ENVELOPE, STATEMENT, SUMS, derived, is_key_link, key_link_name, release_name};
use crate::dsse::{Envelope, PublicKeys};
use crate::error::PackageError;
use crate::facts::{Code, Facts, ReleaseFacts};
use crate::mirror;
use crate::release::{ReleaseContent, described_statistics};
use crate::statement::{PAYLOAD_TYPE, Statement};
use crate::terms::{terms_digest, terms_text};
use serde::Serialize;
use std::path::Path;
use tidegate_log::{
    Cosignature, Entry, Event, KeyChain, KeyLink, Note, NoteError, ProductSource, ProductStepKind, ProofError, TlogProof, Verifier,
    Witness, commit, cosignatures,
};
use tidegate_terms::{Digest, Name};

/// What a verifier brings and demands.
#[derive(Debug, Clone, Default)]
pub struct Demands<'a> {
    /// The log's key.
    pub vkey: &'a str,
    /// Keys of witnesses.
    pub witnesses: &'a [String],
    /// How many of them must have seen the log as the package shows it.
    pub quorum: usize,
    /// The recipient that must be named: its name, or its key in base64.
    pub recipient: Option<&'a str>,
    /// A copy of the log, for what happened since.
    pub log: Option<&'a Path>,
}

/// What was found in a package that holds.
#[derive(Debug, Clone, Serialize)]
pub struct VerifiedPackage {
    /// What it states.
    pub facts: Facts,
    /// The digest of its statement.
    pub statement_sha256: Digest,
    /// How many files it has.
    pub files: usize,
    /// The position of its delivery in the log.
    pub delivery_position: u64,
    /// Which of the given witnesses cosigned the log as the package shows it.
    pub witnesses: Vec<Cosignature>,
    /// Whether Parquet files, charts, page and metadata were made again and compared too. CSV and JSON files always are;
    /// the others only by the version that wrote them.
    pub forms_recomputed: bool,
    /// How many entries the given copy of the log has, where one was given.
    pub log_entries: Option<u64>,
}

struct Check<'a> {
    files: &'a Files,
    log_keys: KeyChain,
    witnesses: Vec<Witness>,
    quorum: usize,
    /// Who saw every proof so far.
    seen: Option<Vec<Cosignature>>,
    /// Positions and bytes of the entries.
    entries: Vec<(u64, Vec<u8>)>,
}

fn contradicts(what: &str) -> PackageError {
    PackageError::Contradicts { what: what.into() }
}

impl Check<'_> {
    fn file(&self, path: &str) -> Result<&[u8], PackageError> {
        self.files.get(path).map(Vec::as_slice).ok_or_else(|| PackageError::Missing { path: path.into() })
    }

    /// An entry of the log with its proof; its time, its event, its position.
    fn entry(&mut self, name: &str, position: Option<u64>) -> Result<(Event, u64), PackageError> {
        let bytes = self.file(&format!("log/{name}.entry"))?.to_vec();
        let path = format!("log/{name}.tlog-proof");
        let text = std::str::from_utf8(self.file(&path)?).map_err(|_| ProofError::Malformed)?;
        let proof = TlogProof::parse(text)?;
        if proof.extra.is_some() || proof.to_string() != text {
            return Err(ProofError::Malformed.into());
        }
        self.log_keys.verify_proof(&proof, &bytes)?;
        if let Some(expected) = position.filter(|expected| *expected != proof.index) {
            return Err(PackageError::OtherIndex { path, found: proof.index, expected });
        }
        if position.is_some() || name == "keys" {
            self.witness(&path, &proof)?;
        }
        let event = Entry::decode(&bytes)?.event;
        self.entries.push((proof.index, bytes));
        Ok((event, proof.index))
    }

    fn witness(&mut self, path: &str, proof: &TlogProof) -> Result<(), PackageError> {
        let note = Note::parse(proof.checkpoint.as_bytes())?;
        let found = cosignatures(&note, &self.witnesses).map_err(|error| match error {
            NoteError::Signature { .. } => PackageError::WitnessForged { path: path.into() },
            other => other.into(),
        })?;
        if found.len() < self.quorum {
            return Err(PackageError::Quorum { found: found.len(), needed: self.quorum });
        }
        self.seen = Some(match self.seen.take() {
            None => found,
            Some(seen) => seen.into_iter().filter(|one| found.iter().any(|other| other.witness == one.witness)).collect(),
        });
        Ok(())
    }

    /// The content that opens a commitment.
    fn opened(&self, name: &str, commitment: Digest) -> Result<&[u8], PackageError> {
        let path = format!("log/{name}.json");
        let content = self.file(&path)?;
        let salt = self.file(&format!("log/{name}.salt"))?.try_into().map_err(|_| PackageError::Opening { path: path.clone() })?;
        if commit(&salt, content) == commitment { Ok(content) } else { Err(PackageError::Opening { path }) }
    }

    fn keys(&mut self) -> Result<PublicKeys, PackageError> {
        let (Event::ProductKeys(keys), _) = self.entry("keys", None)? else {
            return Err(PackageError::OtherEntry { path: "log/keys.entry".into() });
        };
        PublicKeys::parse(&keys.ed25519, &keys.p256).ok_or(PackageError::OtherEntry { path: "log/keys.entry".into() })
    }

    fn statement(&self, keys: &PublicKeys) -> Result<Statement, PackageError> {
        let bytes = self.file(STATEMENT)?;
        for (path, first) in [(FIRST_ENVELOPE, true), (SECOND_ENVELOPE, false)] {
            let envelope = Envelope::parse(self.file(path)?).ok_or_else(|| PackageError::Envelope { path: path.into() })?;
            let payload =
                if first { envelope.verify_first(path, PAYLOAD_TYPE, keys)? } else { envelope.verify_second(path, PAYLOAD_TYPE, keys)? };
            if payload != bytes {
                return Err(PackageError::StatementDiffers { path: path.into() });
            }
        }
        Statement::parse(bytes)
    }

    fn check_files(&self, statement: &Statement) -> Result<(), PackageError> {
        let subjects = statement.subjects();
        for (path, bytes) in self.files {
            match subjects.get(path.as_str()) {
                Some(digest) if *digest == Digest::of(bytes) => {}
                Some(_) => return Err(PackageError::Changed { path: path.clone() }),
                None if [STATEMENT, FIRST_ENVELOPE, SECOND_ENVELOPE].contains(&path.as_str()) || DELIVERY.contains(&path.as_str()) => {}
                None => return Err(PackageError::Extra { path: path.clone() }),
            }
        }
        match subjects.keys().find(|path| !self.files.contains_key(**path)) {
            Some(path) => Err(PackageError::Missing { path: (*path).to_owned() }),
            None => Ok(()),
        }
    }

    fn application(&mut self, facts: &Facts) -> Result<(), PackageError> {
        let (event, _) = self.entry("application", Some(facts.log.application))?;
        let Event::ProductApplication(event) = event else {
            return Err(PackageError::OtherEntry { path: "log/application.entry".into() });
        };
        let opened = self.opened("application", event.application_commitment)?;
        let application = &facts.product.application;
        let same = serde_json::to_vec(application).is_ok_and(|bytes| bytes == opened);
        if !same || event.product != facts.product.id || event.operator != application.operator || event.inputs != application.inputs {
            return Err(contradicts("the application"));
        }
        if application.check().is_err() {
            return Err(contradicts("what an application may say (prices, rights)"));
        }
        let source = |release: &ReleaseFacts| ProductSource { run: release.run.clone(), position: release.position };
        let stated: Vec<ProductSource> = facts.releases.iter().map(source).collect();
        if stated == event.sources { Ok(()) } else { Err(contradicts("the releases of the product")) }
    }

    fn code(&mut self, facts: &Facts) -> Result<(), PackageError> {
        let (Some(position), Some(code)) = (facts.log.coded, &facts.product.code) else {
            let none = facts.log.coded.is_none() && facts.product.code.is_none() && facts.product.registered_until.is_none();
            return if none { Ok(()) } else { Err(contradicts("the code")) };
        };
        let (event, _) = self.entry("coded", Some(position))?;
        let Event::ProductStep(step) = event else { return Err(PackageError::OtherEntry { path: "log/coded.entry".into() }) };
        if step.product != facts.product.id || step.step != ProductStepKind::Coded {
            return Err(PackageError::OtherEntry { path: "log/coded.entry".into() });
        }
        let opened: Option<Code> = serde_json::from_slice(self.opened("coded", step.details_commitment)?).ok();
        if opened.as_ref() == Some(code) { Ok(()) } else { Err(contradicts("the code")) }
    }

    fn release(&mut self, facts: &ReleaseFacts) -> Result<ReleaseContent, PackageError> {
        let name = release_name(&facts.run, facts.round);
        let path = format!("log/{name}.entry");
        let (event, _) = self.entry(&name, Some(facts.position))?;
        let commitment = match event {
            Event::Release { run, round, release_commitment, .. } if run == facts.run && round == facts.round => release_commitment,
            Event::Tables { run, tables_commitment, .. } if run == facts.run && facts.round == 1 => tables_commitment,
            _ => return Err(PackageError::OtherEntry { path }),
        };
        let content = ReleaseContent::parse(self.opened(&name, commitment)?)?;
        let same = content.run() == facts.run && content.round() == facts.round;
        let same = same && content.price() == facts.price && described_statistics(&content) == facts.statistics;
        let notice = content.notice().iter().map(|notice| (&notice.source, &notice.acquired));
        let same = same && notice.eq(facts.datasets.iter().map(|dataset| (&dataset.source, &dataset.acquired)));
        if same { Ok(content) } else { Err(contradicts(&format!("run {}", facts.run))) }
    }

    fn delivery(&mut self, facts: &Facts) -> Result<u64, PackageError> {
        let (event, position) = self.entry("delivery", None)?;
        let Event::ProductDelivery(event) = event else {
            return Err(PackageError::OtherEntry { path: DELIVERY[0].into() });
        };
        let same = event.product == facts.product.id && event.delivery == facts.delivery.id;
        if !same || event.acknowledgement != facts.delivery.acknowledgement {
            return Err(PackageError::OtherEntry { path: DELIVERY[0].into() });
        }
        let opening = || PackageError::Opening { path: DELIVERY[1].into() };
        let salt = self.file(DELIVERY[1])?.try_into().map_err(|_| opening())?;
        if commit(&salt, self.file(STATEMENT)?) == event.package_commitment { Ok(position) } else { Err(opening()) }
    }

    /// Makes every file again and compares; whether all forms were compared.
    fn derive(&self, facts: &Facts, contents: &[ReleaseContent], keys: &PublicKeys, statement: &Statement) -> Result<bool, PackageError> {
        let (lasting, changing) = derived(facts, contents, keys)?;
        let same_software = facts.software == software();
        for (path, bytes) in lasting.iter().chain(changing.iter().filter(|_| same_software)) {
            if self.file(path)? != bytes.as_slice() {
                return Err(PackageError::NotDerived { path: path.clone() });
            }
        }
        // Nothing may be signed that does not follow from something.
        for path in statement.subjects().keys() {
            let known = lasting.contains_key(*path) || changing.contains_key(*path) || *path == SUMS || self.is_of_the_log(facts, path);
            if !known {
                return Err(PackageError::NotDerived { path: (*path).to_owned() });
            }
        }
        Ok(same_software)
    }

    fn is_of_the_log(&self, facts: &Facts, path: &str) -> bool {
        let mut opened: Vec<String> = facts.releases.iter().map(|release| release_name(&release.run, release.round)).collect();
        opened.push("application".into());
        opened.extend(facts.log.coded.map(|_| "coded".to_owned()));
        let proven = |name: &str| path == format!("log/{name}.entry") || path == format!("log/{name}.tlog-proof");
        proven("keys")
            || is_key_link(path)
            || opened.iter().any(|name| proven(name) || path == format!("log/{name}.salt") || path == format!("log/{name}.json"))
    }
}

/// The changes of the log's key that the package brings, in their order.
fn key_links(files: &Files) -> Result<Vec<KeyLink>, PackageError> {
    let mut links = Vec::new();
    while let Some(bytes) = files.get(&key_link_name(links.len() + 1)) {
        let path = key_link_name(links.len() + 1);
        let link = std::str::from_utf8(bytes).ok().and_then(KeyLink::parse).filter(|link| link.to_string().as_bytes() == bytes);
        links.push(link.ok_or(PackageError::OtherEntry { path })?);
    }
    Ok(links)
}

/// Name and version of this software, as packages state them.
pub fn software() -> String {
    concat!("tidegate ", env!("CARGO_PKG_VERSION")).to_owned()
}

/// Verifies a package.
pub fn verify(files: &Files, demands: &Demands<'_>) -> Result<VerifiedPackage, PackageError> {
    let trusted = Verifier::parse(demands.vkey.trim()).map_err(|_| PackageError::Key)?;
    let log_keys = KeyChain::follow(&trusted, &key_links(files)?);
    let witnesses = demands.witnesses.iter().map(|vkey| Witness::parse(vkey)).collect::<Result<Vec<_>, _>>();
    let witnesses = witnesses.map_err(|_| PackageError::WitnessKey)?;
    let mut check = Check { files, log_keys, witnesses, quorum: demands.quorum, seen: None, entries: Vec::new() };
    let keys = check.keys()?;
    let statement = check.statement(&keys)?;
    let facts = statement.predicate.clone();
    check.check_files(&statement)?;
    if facts.log.origin != trusted.name() {
        return Err(PackageError::OtherOrigin { found: facts.log.origin, expected: trusted.name().to_owned() });
    }
    if check.entries.first().map(|(position, _)| *position) != Some(facts.log.keys) {
        return Err(contradicts("the keys"));
    }
    check.application(&facts)?;
    check.code(&facts)?;
    let contents = facts.releases.iter().map(|release| check.release(release)).collect::<Result<Vec<_>, _>>()?;
    let purposes: Vec<Name> = facts.releases.iter().map(|release| release.purpose.clone()).collect();
    if terms_digest(&terms_text(&facts.product.id, &facts.product.application, &purposes)) != facts.delivery.terms_sha256 {
        return Err(contradicts("the terms of use"));
    }
    let forms_recomputed = check.derive(&facts, &contents, &keys, &statement)?;
    let delivery_position = check.delivery(&facts)?;
    if let Some(recipient) = demands.recipient
        && recipient != facts.delivery.recipient
        && recipient != facts.delivery.recipient_key
    {
        return Err(PackageError::OtherRecipient { recipient: facts.delivery.recipient });
    }
    let log = demands.log.map(|log| mirror::check(log, demands.vkey, &facts, &check.entries)).transpose()?;
    Ok(VerifiedPackage {
        statement_sha256: Digest::of(check.file(STATEMENT)?),
        files: files.len(),
        delivery_position,
        witnesses: check.seen.unwrap_or_default(),
        forms_recomputed,
        log_entries: log.map(|report| report.entries),
        facts,
    })
}
