//! The one writer: acts that come at the same time share a transaction, and with it one wait for the disk.
//!
//! Each act has the connection for itself, in a savepoint: one that fails, or is given up, leaves nothing, whatever
//! becomes of the others. An act that is finished waits until the transaction commits. Nobody in particular commits:
//! whoever waits comes to the connection in turn (the lock is fair), and the first one that finds the batch open
//! commits it for all. So a batch is what came while the disk was busy with the batch before; a single caller never
//! waits for company.
//!
//! Guarantee: an act is acknowledged after the commit that holds it has returned, and the order of commits, and
//! within them of acts, is the order of the log. A commit that fails fails every act in it, and after anything but a
//! full disk nothing is written any more until the database is opened again: what such a disk kept is not known.
//!
//! Rejected: a task that takes closures from a queue. An act borrows what it needs (grants, reservations, the release),
//! and `admit` commits inside of itself; both go through here as they are.

use crate::StoreError;
use crate::records::record_error;
use crate::transaction::{Opening, Transaction};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection as _, Row as _, Sqlite};
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex as StdMutex, OnceLock, PoisonError};
use tidegate_log::{Entry, Event, parse_instant};
use tokio::sync::{Mutex, OwnedMutexGuard};

/// Rows of one statement: few enough for SQLite's number of parameters.
const ROWS: usize = 256;

/// How the commit of a batch ended.
type Outcome = Arc<OnceLock<Result<(), Failure>>>;

/// Why a batch failed, as often as it must be told.
#[derive(Debug, Clone)]
enum Failure {
    Full,
    Damaged(String),
    Other(String),
}

impl Failure {
    fn of(error: &StoreError) -> Self {
        match error {
            StoreError::Full => Self::Full,
            StoreError::Damaged { detail } => Self::Damaged(detail.clone()),
            other => Self::Other(other.to_string()),
        }
    }

    fn tell(&self) -> StoreError {
        match self {
            Self::Full => StoreError::Full,
            Self::Damaged(detail) => StoreError::Damaged { detail: detail.clone() },
            Self::Other(detail) => StoreError::Database { detail: detail.clone() },
        }
    }
}

/// An entry without a change of state, waiting for the next batch.
struct Waiting {
    entry: Entry,
    /// As it is written, unless its instant must be moved.
    bytes: Vec<u8>,
    openings: Vec<Opening>,
    /// Its place in the log and the batch that it came into.
    seat: OnceLock<(u64, Outcome)>,
}

/// Everything about the connection that writes.
pub(crate) struct State {
    connection: SqliteConnection,
    /// Whether a transaction is open.
    begun: bool,
    /// Whether the savepoint of an act is open. If nobody holds the state then, the act was given up.
    act: bool,
    /// Whether `next` is what the database says: from a committed batch on, until one is lost.
    known: bool,
    /// The place of the next entry and the instant of the last, and both as the open act found them.
    next: (u64, String),
    before_act: (u64, String),
    /// How the open batch will end.
    outcome: Outcome,
    broken: Option<Failure>,
}

/// The writer, shared by all who write.
#[derive(Clone)]
pub(crate) struct Writer {
    state: Arc<Mutex<State>>,
    waiting: Arc<StdMutex<Vec<Arc<Waiting>>>>,
    /// How many batches were committed.
    commits: Arc<AtomicU64>,
    /// The instant of the newest committed entry, in seconds.
    newest: Arc<AtomicI64>,
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Writer")
    }
}

/// The connection in the hands of one act.
pub(crate) struct Hold {
    state: OwnedMutexGuard<State>,
    writer: Writer,
}

impl std::fmt::Debug for Hold {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hold")
    }
}

impl Deref for Hold {
    type Target = SqliteConnection;
    fn deref(&self) -> &SqliteConnection {
        &self.state.connection
    }
}

impl DerefMut for Hold {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.state.connection
    }
}

impl Hold {
    /// Appends an entry and returns its place. One that would lie before the entry before it gets that one's instant.
    pub(crate) async fn append(&mut self, entry: &Entry, openings: &[Opening]) -> Result<u64, StoreError> {
        let (place, bytes) = self.state.place(entry, None)?;
        self.state.insert(&[(place, bytes)], &[(place, openings)]).await?;
        Ok(place)
    }

    /// The instant of the newest entry; empty in an empty log.
    pub(crate) fn newest(&self) -> &str {
        &self.state.next.1
    }

    /// Ends the act, lets others have the connection, and waits until the act is durable.
    pub(crate) async fn commit(mut self) -> Result<(), StoreError> {
        if let Err(error) = self.state.execute("RELEASE act").await {
            self.state.lose_batch(&error).await;
            return Err(error);
        }
        self.state.act = false;
        let (outcome, writer) = (Arc::clone(&self.state.outcome), self.writer.clone());
        drop(self);
        // In a task of its own, so that an act that was finished is committed even if its caller goes away.
        let settled = tokio::spawn(async move {
            let mut state = Arc::clone(&writer.state).lock_owned().await;
            if outcome.get().is_none() {
                state.commit(&writer).await;
            }
            told(&outcome)
        });
        settled.await.map_err(record_error)?
    }
}

impl Drop for Hold {
    /// What an act did that is given up is undone soon, not when the next act comes: until then nobody else could write, and
    /// the pages that it changed would lie in the write-ahead log.
    fn drop(&mut self) {
        let runtime = tokio::runtime::Handle::try_current();
        if let (true, Ok(runtime)) = (self.state.act, runtime) {
            let writer = self.writer.clone();
            runtime.spawn(async move {
                let mut state = Arc::clone(&writer.state).lock_owned().await;
                state.give_up_act().await;
                if state.begun {
                    state.commit(&writer).await;
                }
            });
        }
    }
}

fn told(outcome: &Outcome) -> Result<(), StoreError> {
    match outcome.get() {
        Some(Ok(())) => Ok(()),
        Some(Err(failure)) => Err(failure.tell()),
        None => Err(record_error("a batch ended without an outcome")),
    }
}

impl Writer {
    /// Opens the connection that writes.
    pub(crate) async fn connect(options: &SqliteConnectOptions) -> Result<Self, StoreError> {
        let connection = SqliteConnection::connect_with(options).await?;
        let state = State {
            connection,
            begun: false,
            act: false,
            known: false,
            next: (0, String::new()),
            before_act: (0, String::new()),
            outcome: Outcome::default(),
            broken: None,
        };
        Ok(Self {
            state: Arc::new(Mutex::new(state)),
            waiting: Arc::default(),
            commits: Arc::default(),
            newest: Arc::new(AtomicI64::new(i64::MIN)),
        })
    }

    /// Gives an act the connection, in the batch that is open.
    pub(crate) async fn begin(&self) -> Result<Transaction, StoreError> {
        let mut state = Arc::clone(&self.state).lock_owned().await;
        state.open_batch().await?;
        state.execute("SAVEPOINT act").await?;
        state.act = true;
        state.before_act = state.next.clone();
        Ok(Transaction { inner: Hold { state, writer: self.clone() } })
    }

    /// Appends an entry that changes nothing else, and waits until it is durable. Such entries of a batch are written
    /// together.
    pub(crate) async fn append(&self, entry: Entry, openings: Vec<Opening>) -> Result<u64, StoreError> {
        // What is no entry is refused before it could fail the others; and callers write at the same time, the writer not.
        let bytes = entry.encode()?;
        let waiting = Arc::new(Waiting { entry, bytes, openings, seat: OnceLock::new() });
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&waiting));
        let writer = self.clone();
        let settled = tokio::spawn(async move {
            let mut state = Arc::clone(&writer.state).lock_owned().await;
            if waiting.seat.get().is_none() {
                state.commit(&writer).await;
            }
            match waiting.seat.get() {
                Some((place, outcome)) => told(outcome).map(|()| *place),
                None => Err(record_error("an entry was not taken")),
            }
        });
        settled.await.map_err(record_error)?
    }

    /// The connection itself, for what is done before anybody else has it.
    pub(crate) async fn connection(&self) -> Hold {
        Hold { state: Arc::clone(&self.state).lock_owned().await, writer: self.clone() }
    }

    /// How many batches were committed so far.
    pub(crate) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    /// The instant of the newest committed entry, in seconds since 1970.
    pub(crate) fn newest(&self) -> i64 {
        self.newest.load(Ordering::Relaxed)
    }

    /// Reads the end of the log, so that its newest instant is known before the first batch.
    pub(crate) async fn read_newest(&self) -> Result<(), StoreError> {
        let (_, newest) = self.state.lock().await.read_end().await?;
        self.newest.store(parse_instant(&newest).unwrap_or(i64::MIN), Ordering::Relaxed);
        Ok(())
    }

    /// Brings the write-ahead log into the database and empties it; what is open is committed before.
    pub(crate) async fn empty_write_ahead_log(&self) -> Result<(), StoreError> {
        let mut state = self.state.lock().await;
        if state.begun {
            state.commit(self).await;
        }
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_all(&mut state.connection).await?;
        Ok(())
    }

    /// Closes the connection; whoever writes afterwards is told so.
    pub(crate) async fn close(&self) {
        let mut state = self.state.lock().await;
        state.give_up_act().await;
        state.broken = Some(Failure::Other("the database is closed".into()));
        if let Ok(nothing) = SqliteConnection::connect(":memory:").await {
            let _ = std::mem::replace(&mut state.connection, nothing).close().await;
        }
    }
}

impl State {
    async fn execute(&mut self, statement: &'static str) -> Result<(), StoreError> {
        sqlx::query(statement).execute(&mut self.connection).await?;
        Ok(())
    }

    /// Begins a transaction that nobody can overtake, where none is open.
    async fn open_batch(&mut self) -> Result<(), StoreError> {
        if let Some(failure) = &self.broken {
            return Err(failure.tell());
        }
        self.give_up_act().await;
        if self.begun {
            return Ok(());
        }
        self.execute("BEGIN IMMEDIATE").await?;
        if let Err(error) = self.know_end().await {
            let _ = self.execute("ROLLBACK").await;
            return Err(error);
        }
        self.begun = true;
        Ok(())
    }

    /// Reads the end of the log, unless it is known from the batch before: nobody else writes.
    async fn know_end(&mut self) -> Result<(), StoreError> {
        if !self.known {
            self.next = self.read_end().await?;
            self.known = true;
        }
        Ok(())
    }

    /// The place after the last entry, and that one's instant.
    async fn read_end(&mut self) -> Result<(u64, String), StoreError> {
        let last = sqlx::query("SELECT position, bytes FROM log_entry ORDER BY position DESC LIMIT 1");
        let Some(row) = last.fetch_optional(&mut self.connection).await? else { return Ok((0, String::new())) };
        let place = u64::try_from(row.try_get::<i64, _>("position")?).map_err(record_error)?;
        Ok((place + 1, Entry::decode(row.try_get("bytes")?)?.at))
    }

    /// Takes back what an act did that was given up.
    async fn give_up_act(&mut self) {
        if !std::mem::take(&mut self.act) {
            return;
        }
        self.next = self.before_act.clone();
        let undone = match self.execute("ROLLBACK TO act").await {
            Ok(()) => self.execute("RELEASE act").await,
            error => error,
        };
        // SQLite has rolled back everything by itself, as it does when the disk fails.
        if let Err(error) = undone {
            self.lose_batch(&error).await;
        }
    }

    /// The open batch did not reach the disk; all its acts are told so.
    async fn lose_batch(&mut self, error: &StoreError) {
        let _ = self.execute("ROLLBACK").await;
        self.end_batch(Err(Failure::of(error)));
    }

    fn end_batch(&mut self, outcome: Result<(), Failure>) {
        (self.begun, self.act, self.known) = (false, false, outcome.is_ok());
        let _ = std::mem::take(&mut self.outcome).set(outcome);
    }

    /// Takes the entries that wait, and commits. A crash before it leaves nothing of the batch, a crash after it
    /// everything; the published tree is brought up to the log at the next start.
    async fn commit(&mut self, writer: &Writer) {
        let waiting = std::mem::take(&mut *writer.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        let alone = !self.begun && waiting.len() <= ROWS && waiting.iter().all(|waiting| waiting.openings.is_empty());
        let opened = if alone { self.open_single().await } else { self.open_batch().await };
        let was_opened = opened.is_ok();
        let taken = match opened {
            Ok(()) => self.take(&waiting).await,
            error => error,
        };
        // Whoever was not taken shares the outcome of those who were.
        for waiting in &waiting {
            let _ = waiting.seat.set((u64::MAX, Arc::clone(&self.outcome)));
        }
        let committed = match taken {
            Ok(()) if alone => Ok(()),
            Ok(()) => self.execute("COMMIT").await,
            error => error,
        };
        match committed {
            Ok(()) => {
                writer.commits.fetch_add(1, Ordering::Relaxed);
                writer.newest.store(parse_instant(&self.next.1).unwrap_or(i64::MIN), Ordering::Relaxed);
                self.end_batch(Ok(()));
            }
            Err(error) => {
                if was_opened && !matches!(error, StoreError::Full) {
                    self.broken = Some(Failure::of(&error));
                }
                self.lose_batch(&error).await;
            }
        }
    }

    /// Prepares a batch of entries alone. It is one statement, which SQLite commits or undoes as a whole by itself, so
    /// nothing need be opened for it.
    async fn open_single(&mut self) -> Result<(), StoreError> {
        if let Some(failure) = &self.broken {
            return Err(failure.tell());
        }
        self.give_up_act().await;
        self.know_end().await
    }

    async fn take(&mut self, waiting: &[Arc<Waiting>]) -> Result<(), StoreError> {
        let mut entries = Vec::with_capacity(waiting.len());
        let mut openings = Vec::new();
        for waiting in waiting {
            let (place, bytes) = self.place(&waiting.entry, Some(&waiting.bytes))?;
            let _ = waiting.seat.set((place, Arc::clone(&self.outcome)));
            entries.push((place, bytes));
            openings.push((place, waiting.openings.as_slice()));
        }
        self.insert(&entries, &openings).await
    }

    /// The next place in the log, and the bytes of the entry that takes it; `written` are those that it has as it is.
    fn place(&mut self, entry: &Entry, written: Option<&[u8]>) -> Result<(u64, Vec<u8>), StoreError> {
        let (place, newest) = &mut self.next;
        let bytes = if entry.at < *newest {
            Entry { at: newest.clone(), event: Event::clone(&entry.event) }.encode()?
        } else {
            newest.clone_from(&entry.at);
            written.map_or_else(|| entry.encode(), |bytes| Ok(bytes.to_vec()))?
        };
        *place += 1;
        Ok((*place - 1, bytes))
    }

    async fn insert(&mut self, entries: &[(u64, Vec<u8>)], openings: &[(u64, &[Opening])]) -> Result<(), StoreError> {
        let row = |columns: &str, rows: usize| vec![columns; rows].join(",");
        for entries in entries.chunks(ROWS) {
            let statement = format!("INSERT INTO log_entry (position, bytes) VALUES {}", row("(?,?)", entries.len()));
            let mut insert = sqlx::query::<Sqlite>(AssertSqlSafe(statement));
            for (place, bytes) in entries {
                insert = insert.bind(i64::try_from(*place).map_err(record_error)?).bind(bytes.as_slice());
            }
            insert.execute(&mut self.connection).await?;
        }
        let openings: Vec<_> =
            openings.iter().flat_map(|(place, openings)| openings.iter().map(move |opening| (*place, opening))).collect();
        for openings in openings.chunks(ROWS) {
            let statement = format!("INSERT INTO opening (position, field, salt, content) VALUES {}", row("(?,?,?,?)", openings.len()));
            let mut insert = sqlx::query::<Sqlite>(AssertSqlSafe(statement));
            for (place, opening) in openings {
                insert = insert.bind(i64::try_from(*place).map_err(record_error)?).bind(opening.field);
                insert = insert.bind(opening.salt.as_slice()).bind(opening.content.as_deref());
            }
            insert.execute(&mut self.connection).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
