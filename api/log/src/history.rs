//! Reading a published log from its beginning: which entry is about whom and what, for searching and explaining.
//!
//! Guarantee: [`read_history`] returns only if the entries that it handed out are all the entries of the signed
//! checkpoint, so that an answer from them is complete; what was handed out before an error counts for nothing. An
//! entry is about an organisation also where it only names that organisation's grant, module or run.
//!
//! Rejected: an index in a file of its own. It would be a second truth; reading a log takes seconds.

use crate::audit::{AuditError, open_log};
use crate::checkpoint::Checkpoint;
use crate::entry::{Entry, EntryError, Event};
use crate::files::Files;
use crate::hash::leaf_hash;
use crate::tiles::{TILE_WIDTH, Tile, TileKind, TileTree};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use tidegate_terms::{Digest, Name};

/// Hands out every entry of a published log in order, with its bytes, and checks that together they are what the
/// checkpoint signs. The rules between entries are not checked: that is [`verify`](crate::verify).
pub fn read_history(
    directory: &Path,
    vkey: Option<&str>,
    mut visit: impl FnMut(u64, &[u8], Result<Entry, EntryError>),
) -> Result<Checkpoint, AuditError> {
    let files = Files::new(directory);
    let head = open_log(&files, vkey)?;
    let mut tree = TileTree::default();
    while tree.size() < head.size {
        let bundle = Tile::of_tree(TileKind::Entries, tree.size() / TILE_WIDTH as u64, head.size).ok_or(AuditError::RootDiffers)?;
        for bytes in files.entries(bundle)?.1 {
            visit(tree.size(), &bytes, Entry::decode(&bytes));
            tree.push(leaf_hash(&bytes), |_, _| Ok::<(), AuditError>(()))?;
        }
    }
    if tree.root() == head.root { Ok(head) } else { Err(AuditError::RootDiffers) }
}

/// Whom and what an entry is about.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct Subjects {
    /// Organisations: the operators whose grant, module or run it is.
    pub organisations: BTreeSet<String>,
    /// Datasets.
    pub datasets: BTreeSet<Name>,
    /// Modules, by the digest of their seal.
    pub modules: BTreeSet<Digest>,
    /// Names of those modules.
    pub module_names: BTreeSet<Name>,
    /// Grants.
    pub grants: BTreeSet<String>,
    /// Runs.
    pub runs: BTreeSet<String>,
    /// Products.
    pub products: BTreeSet<String>,
}

impl Subjects {
    pub(crate) fn and(&mut self, other: &Self) {
        self.organisations.extend(other.organisations.iter().cloned());
        self.datasets.extend(other.datasets.iter().cloned());
        self.modules.extend(&other.modules);
        self.module_names.extend(other.module_names.iter().cloned());
        self.grants.extend(other.grants.iter().cloned());
        self.runs.extend(other.runs.iter().cloned());
        self.products.extend(other.products.iter().cloned());
    }
}

/// What earlier entries said about grants, modules and runs, so that later ones that only name them can be placed.
#[derive(Debug, Default)]
pub struct Relations {
    grants: BTreeMap<String, Subjects>,
    modules: BTreeMap<Digest, Subjects>,
    runs: BTreeMap<String, Subjects>,
    products: BTreeMap<String, Subjects>,
    incidents: BTreeMap<String, Subjects>,
}

impl Relations {
    /// Takes the next entry and says whom and what it is about.
    pub fn take(&mut self, event: &Event) -> Subjects {
        let mut subjects = Subjects::default();
        match event {
            Event::Domain { .. } => {}
            Event::Mount { dataset, .. } => {
                subjects.datasets.insert(dataset.clone());
            }
            Event::Grant { grant, dataset, operator, .. } => {
                subjects.organisations.insert(operator.to_string());
                subjects.datasets.insert(dataset.clone());
                subjects.grants.insert(grant.clone());
                self.grants.insert(grant.clone(), subjects.clone());
            }
            Event::Revoke { grant, .. } => self.grant(&mut subjects, grant),
            Event::Module { module, name, operator, .. } => {
                subjects.organisations.insert(operator.to_string());
                subjects.modules.insert(*module);
                subjects.module_names.insert(name.clone());
                // The same module of a second operator belongs to both.
                self.modules.entry(*module).or_default().and(&subjects);
            }
            Event::Approve { module, dataset, .. } => {
                self.module(&mut subjects, *module);
                subjects.datasets.insert(dataset.clone());
            }
            Event::Reserve { run, accounts, module, .. } => {
                accounts.iter().for_each(|payer| self.payer(&mut subjects, &payer.grant, &payer.dataset));
                self.admitted(&mut subjects, run, *module);
            }
            Event::Reviewed { run, account, module, .. } => {
                self.payer(&mut subjects, &account.grant, &account.dataset);
                self.admitted(&mut subjects, run, *module);
            }
            Event::Release { run, .. } | Event::Tables { run, .. } | Event::Effect { run, .. } => self.run(&mut subjects, run),
            Event::ReplayBegin { run, .. } | Event::Replayed { run, .. } => self.run(&mut subjects, run),
            Event::SealVersion { dataset, .. } | Event::UnsealVersion { dataset, .. } | Event::DestroyVersion { dataset, .. } => {
                subjects.datasets.insert(dataset.clone());
            }
            Event::Freeze { incident, run, .. } => {
                self.run(&mut subjects, run);
                self.incidents.insert(incident.clone(), subjects.clone());
            }
            Event::Unfreeze { incident, .. } => {
                if let Some(known) = self.incidents.get(incident) {
                    subjects.and(known);
                }
            }
            Event::Retention { .. } | Event::Purge { .. } | Event::Calibration { .. } => {}
            Event::Decided(decided) => {
                subjects.organisations.insert(decided.organisation.to_string());
                match decided.kind.as_str() {
                    "dataset" => subjects.datasets.extend(Name::parse(&decided.id)),
                    "run" => self.run(&mut subjects, &decided.id),
                    "product" => drop(subjects.products.insert(decided.id.clone())),
                    "grant" => drop(subjects.grants.insert(decided.id.clone())),
                    _ => {}
                }
            }
            Event::Open { .. } | Event::RotateKey { .. } => {}
            Event::WitnessAdded { witness } | Event::WitnessRemoved { witness } => {
                subjects.organisations.extend(witness.split('+').next().map(str::to_owned));
            }
            Event::ProductPolicy(_) | Event::ProductKeys(_) => {}
            Event::ProductApplication(event) => {
                event.sources.iter().for_each(|source| self.run(&mut subjects, &source.run));
                subjects.organisations.insert(event.operator.to_string());
                subjects.products.insert(event.product.clone());
                self.products.insert(event.product.clone(), subjects.clone());
            }
            Event::ProductStep(event) => self.product(&mut subjects, &event.product),
            Event::ProductAcknowledgement(event) => self.product(&mut subjects, &event.product),
            Event::ProductDelivery(event) => self.product(&mut subjects, &event.product),
            Event::ProductReceipt(event) => self.product(&mut subjects, &event.product),
        }
        subjects
    }

    fn grant(&self, subjects: &mut Subjects, grant: &str) {
        subjects.grants.insert(grant.to_owned());
        if let Some(known) = self.grants.get(grant) {
            subjects.and(known);
        }
    }

    fn payer(&self, subjects: &mut Subjects, grant: &str, dataset: &Name) {
        self.grant(subjects, grant);
        subjects.datasets.insert(dataset.clone());
    }

    fn module(&self, subjects: &mut Subjects, module: Digest) {
        subjects.modules.insert(module);
        if let Some(known) = self.modules.get(&module) {
            subjects.module_names.extend(known.module_names.iter().cloned());
        }
    }

    fn admitted(&mut self, subjects: &mut Subjects, run: &str, module: Digest) {
        self.module(subjects, module);
        subjects.runs.insert(run.to_owned());
        self.runs.insert(run.to_owned(), subjects.clone());
    }

    fn product(&self, subjects: &mut Subjects, product: &str) {
        subjects.products.insert(product.to_owned());
        if let Some(known) = self.products.get(product) {
            subjects.and(known);
        }
    }

    fn run(&self, subjects: &mut Subjects, run: &str) {
        subjects.runs.insert(run.to_owned());
        if let Some(known) = self.runs.get(run) {
            subjects.and(known);
        }
    }
}

/// What is searched for; everything that is named must fit.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// An organisation.
    pub organisation: Option<String>,
    /// A dataset.
    pub dataset: Option<Name>,
    /// A module: its name, or the beginning of its digest in hexadecimal.
    pub module: Option<String>,
    /// A run.
    pub run: Option<String>,
    /// A grant.
    pub grant: Option<String>,
    /// A product.
    pub product: Option<String>,
    /// The kind of entry, such as `reserve`.
    pub kind: Option<String>,
    /// Not before this instant or day, as its text begins.
    pub since: Option<String>,
    /// Not after this instant or day.
    pub until: Option<String>,
}

impl Wanted {
    /// Whether an entry is among those searched for.
    pub fn fits(&self, entry: &Entry, subjects: &Subjects) -> bool {
        let among = |wanted: &Option<String>, known: &BTreeSet<String>| wanted.as_ref().is_none_or(|wanted| known.contains(wanted));
        let module = |wanted: &String| {
            subjects.module_names.iter().any(|name| name.as_str() == wanted)
                || (wanted.len() >= 8 && subjects.modules.iter().any(|digest| digest.to_string().starts_with(wanted.as_str())))
        };
        among(&self.organisation, &subjects.organisations)
            && among(&self.run, &subjects.runs)
            && among(&self.grant, &subjects.grants)
            && among(&self.product, &subjects.products)
            && self.dataset.as_ref().is_none_or(|wanted| subjects.datasets.contains(wanted))
            && self.module.as_ref().is_none_or(module)
            && self.kind.as_ref().is_none_or(|wanted| entry.event.kind() == wanted)
            && self.since.as_ref().is_none_or(|since| entry.at.as_str() >= since.as_str())
            // A day is its first 10 characters, so the whole of the last day counts.
            && self.until.as_ref().is_none_or(|until| entry.at.get(..until.len()).unwrap_or(&entry.at) <= until.as_str())
    }
}
