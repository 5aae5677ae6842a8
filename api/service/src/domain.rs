//! A domain: the data holder's directory, opened by one process at a time.

use crate::children::Programs;
use crate::keys::Keys;
use crate::publisher::Publisher;
use crate::stops::UnderWay;
use crate::view::DomainView;
use crate::{ServiceError, instant};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use tidegate_log::{Entry, Event};
use tidegate_store::{Books, Opening, Store, Transaction};

const FORMAT: u32 = 1;
/// How far apart the clocks of two callers of one batch may be read, in seconds.
const CALLERS_OVERTAKE_SECONDS: i64 = 10;

#[derive(Serialize, Deserialize)]
struct Header {
    format: u32,
    origin: String,
}

/// An open domain.
pub struct Domain {
    directory: PathBuf,
    pub(crate) keys: Keys,
    pub(crate) store: Store,
    pub(crate) programs: Programs,
    pub(crate) publisher: Publisher,
    pub(crate) under_way: UnderWay,
    /// Held as long as the domain is open.
    _lock: File,
}

impl Domain {
    /// Makes a new domain: everything in a directory beside it, then one rename. A crash before the rename
    /// leaves a directory with a dot, which nobody reads.
    pub async fn create(directory: &Path, origin: &str) -> Result<(), ServiceError> {
        if directory.exists() {
            return Err(ServiceError::DomainExists { path: directory.display().to_string() });
        }
        let parent = match directory.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let staging = tempfile::Builder::new().prefix(".tidegate-init-").tempdir_in(parent);
        let staging = staging.map_err(|error| ServiceError::files(parent, &error))?;
        fill_new(staging.path(), origin).await?;
        fs::rename(staging.path(), directory).map_err(|error| ServiceError::files(directory, &error))?;
        // The directory has moved; there is nothing left to remove under its old name.
        let _ = staging.keep();
        sync_directory(parent)
    }

    /// Opens a domain, for this process alone, and brings its published log up to date.
    pub async fn open(directory: &Path, programs: Programs) -> Result<Self, ServiceError> {
        let header = read_header(directory)?;
        let lock = lock(directory)?;
        let keys = Keys::open(&directory.join("keys"), &header.origin)?;
        let store = Store::open(&directory.join("state.sqlite")).await?;
        let publisher = Publisher::default();
        let mut domain =
            Self { directory: directory.to_owned(), keys, store, programs, publisher, under_way: UnderWay::default(), _lock: lock };
        domain.settle_rotation().await?;
        domain.publish().await?;
        domain.discard_abandoned_imports().await?;
        domain.complete_destructions().await?;
        Ok(domain)
    }

    /// What everybody may see of the domain.
    pub fn view(&self) -> DomainView {
        let verifier = self.keys.signer.verifier();
        DomainView { domain: self.directory.clone(), origin: verifier.name().to_owned(), verifier_key: verifier.to_string() }
    }

    /// What can be read.
    pub fn books(&self) -> Books {
        self.store.books()
    }

    /// The public log.
    pub fn log_directory(&self) -> PathBuf {
        self.directory.join("log")
    }

    /// Where files lie that are to be mounted through the interface; the custodian puts them there.
    pub fn import_directory(&self) -> PathBuf {
        self.directory.join("imports")
    }

    /// Where packages lie that recipients fetch through the interface.
    pub fn packages_directory(&self) -> PathBuf {
        self.directory.join("packages")
    }

    pub(crate) fn keys_directory(&self) -> PathBuf {
        self.directory.join("keys")
    }

    pub(crate) fn data_directory(&self) -> PathBuf {
        self.directory.join("data")
    }

    pub(crate) fn cache_directory(&self) -> PathBuf {
        self.directory.join("cache")
    }

    /// The instant for the next log entry: the clock, unless it was set back.
    pub(crate) async fn next_instant(&self) -> Result<Timestamp, ServiceError> {
        let books = self.books();
        let size = books.log_size().await?;
        let last = books.log_entries(size.saturating_sub(1), size).await?;
        // Read after the entry: one that another act commits meanwhile is no later than the clock then.
        let now = instant::now();
        if let Some(last) = last.first() {
            let entry = Entry::decode(last).map_err(tidegate_store::StoreError::from)?;
            if instant::parse(&entry.at).is_some_and(|last| last > now) {
                return Err(ServiceError::ClockBack { now: instant::text(now), last: entry.at });
            }
        }
        Ok(now)
    }

    /// The instant for an entry of an act that has begun: the clock, or the newest entry's where another act of the same
    /// batch was a second ahead.
    pub(crate) fn instant_in(act: &Transaction) -> Timestamp {
        let now = instant::now();
        instant::parse(act.newest()).map_or(now, |newest| newest.max(now))
    }

    /// Ends an act: appends its entry, commits state and entry together with the acts that came meanwhile, then waits
    /// until a signed checkpoint covers it.
    ///
    /// A crash between commit and publishing leaves a log that is longer than its checkpoint; the next
    /// start publishes it.
    pub(crate) async fn conclude(&self, mut act: Transaction, entry: &Entry, openings: &[Opening]) -> Result<u64, ServiceError> {
        let position = act.append(entry, openings).await?;
        act.commit().await?;
        self.make_visible(position).await?;
        self.ask_witnesses().await;
        Ok(position)
    }

    /// How many transactions were committed since the domain was opened; fewer than acts, where they came together.
    pub fn commits(&self) -> u64 {
        self.store.commits()
    }

    /// Logs what changes nothing else, and returns its position once it is durable; it is visible only after
    /// [`make_visible`](Self::make_visible).
    pub async fn log(&self, event: Event, openings: Vec<Opening>) -> Result<u64, ServiceError> {
        let now = instant::now();
        // Callers overtake each other by moments; a clock that was set back is something else.
        if self.store.newest().saturating_sub(now.as_second()) > CALLERS_OVERTAKE_SECONDS {
            self.next_instant().await?;
        }
        Ok(self.store.append(Entry { at: instant::text(now), event }, openings).await?)
    }

    pub(crate) fn journal_path(&self) -> PathBuf {
        self.directory.join("journal.log")
    }

    /// Writes a line into the domain's private journal. What it says never leaves the domain.
    pub(crate) fn journal(&self, what: &str) {
        let line = format!("{} {}\n", instant::text(instant::now()), what.replace('\n', " / "));
        let path = self.journal_path();
        let written = fs::OpenOptions::new().append(true).create(true).open(&path).and_then(|mut file| file.write_all(line.as_bytes()));
        if let Err(error) = written {
            tracing::warn!(%error, "the journal cannot be written");
        }
    }
}

async fn fill_new(directory: &Path, origin: &str) -> Result<(), ServiceError> {
    let make = |name: &str| {
        let path = directory.join(name);
        fs::create_dir(&path).map_err(|error| ServiceError::files(&path, &error))
    };
    for name in ["data", "cache", "log"] {
        make(name)?;
    }
    Keys::create(&directory.join("keys"))?;
    Keys::open(&directory.join("keys"), origin).map_err(|_| ServiceError::Origin { origin: origin.to_owned() })?;
    let write = |name: &str, text: &str| {
        let path = directory.join(name);
        let durably = || File::create_new(&path).and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()));
        durably().map_err(|error| ServiceError::files(&path, &error))
    };
    write("lock", "")?;
    let header = Header { format: FORMAT, origin: origin.to_owned() };
    write("domain.json", &serde_json::to_string_pretty(&header).map_err(tidegate_store::StoreError::from)?)?;
    let store = Store::create(&directory.join("state.sqlite")).await?;
    let mut act = store.begin().await?;
    let software = concat!("tidegate ", env!("CARGO_PKG_VERSION")).to_owned();
    let event = Event::Domain { origin: origin.to_owned(), software };
    act.append(&Entry { at: instant::text(instant::now()), event }, &[]).await?;
    act.commit().await?;
    store.close().await;
    ["keys", "log"].iter().try_for_each(|name| sync_directory(&directory.join(name)))?;
    sync_directory(directory)
}

fn read_header(directory: &Path) -> Result<Header, ServiceError> {
    let path = directory.display().to_string();
    let text = match fs::read_to_string(directory.join("domain.json")) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(ServiceError::NotADomain { path }),
        Err(error) => return Err(ServiceError::files(directory, &error)),
    };
    // The format decides how to read the rest, so it is looked at on its own.
    let value: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let format = &value["format"];
    if *format != FORMAT {
        return Err(ServiceError::DomainFormat { path, found: format.to_string() });
    }
    serde_json::from_value(value).map_err(|error| ServiceError::Files { path, detail: error.to_string() })
}

fn lock(directory: &Path) -> Result<File, ServiceError> {
    let path = directory.join("lock");
    let file = File::open(&path).map_err(|error| ServiceError::files(&path, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(ServiceError::Locked { path: directory.display().to_string() }),
        Err(TryLockError::Error(error)) => Err(ServiceError::files(&path, &error)),
    }
}

pub(crate) fn sync_directory(directory: &Path) -> Result<(), ServiceError> {
    File::open(directory).and_then(|directory| directory.sync_all()).map_err(|error| ServiceError::files(directory, &error))
}
