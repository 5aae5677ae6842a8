//! The two passes of an import, on a few threads each.
//!
//! First pass: threads take pieces of a file in turn, decode, check, hash and encode them side by side, and
//! append them to the spill in the order of the file: a thread that is done waits for its turn. So what is
//! kept of a unit with too many rows does not depend on threads. Second pass: threads take whole shards.
//! A thread that fails or panics stops the others; the first cause is reported.

use super::ImportRequest;
use super::encode::{Encoder, TableRules};
use super::group::{GroupTally, Grouping};
use super::source::Source;
use super::spill::Spill;
use super::staging::{create, write_error};
use super::tally::TableTally;
use crate::layout::TableLayout;
use crate::manifest::{ShardEntry, shard_digest, shard_file};
use crate::report::ImportProgress;
use crate::{ImportError, schema_digest};
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use tidegate_terms::Table;

/// More threads than this would need more memory than they save time.
const THREADS_MAX: usize = 4;

/// The first pass over one table.
pub(super) struct Reading<'a> {
    pub request: &'a ImportRequest,
    pub table: &'a Table,
    pub rules: &'a TableRules,
    pub end: u64,
}

/// What the threads of the first pass share.
struct Shared<'a> {
    /// The source and the number of its next piece.
    source: Mutex<(Source, u64)>,
    /// The spill, the piece whose turn it is, and what was counted.
    turn: Mutex<Turn<'a>>,
    turned: Condvar,
    stopped: AtomicBool,
}

struct Turn<'a> {
    spill: &'a mut Spill,
    piece: u64,
    tally: TableTally,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Reading<'_> {
    /// Reads a table to its end.
    pub(super) fn run(
        &self,
        source: Source,
        spill: &mut Spill,
        progress: &mut dyn FnMut(ImportProgress),
    ) -> Result<TableTally, ImportError> {
        let turn = Turn { spill, piece: 0, tally: TableTally::new(self.table.columns.len()) };
        let shared =
            Shared { source: Mutex::new((source, 0)), turn: Mutex::new(turn), turned: Condvar::new(), stopped: AtomicBool::new(false) };
        let stop = || {
            shared.stopped.store(true, Ordering::SeqCst);
            // Under the lock, so that no thread misses it between its look and its wait.
            let _turn = locked(&shared.turn);
            shared.turned.notify_all();
        };
        on_threads(|sender| self.read(&shared, sender), stop, progress)?;
        let turn = shared.turn.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(turn.tally)
    }

    fn read(&self, shared: &Shared<'_>, progress: &Sender<ImportProgress>) -> Result<(), ImportError> {
        let mut encoder = Encoder::new(self.request.schema.privacy_unit.identifier, &self.request.unit_key);
        while !shared.stopped.load(Ordering::SeqCst) {
            let (piece, number, position) = {
                let mut source = locked(&shared.source);
                let Some(piece) = source.0.next()? else { return Ok(()) };
                let number = source.1;
                source.1 += 1;
                (piece, number, source.0.position())
            };
            let batch = piece()?;
            let mut tally = TableTally::new(self.table.columns.len());
            let taken = encoder.encode(&batch, self.rules, &mut tally, |encoded| {
                let Some(turn) = self.wait(shared, number) else { return Ok(()) };
                turn_append(turn, &encoded)
            });
            taken.ok_or(ImportError::Interrupted)??;
            let Some(mut turn) = self.wait(shared, number) else { return Ok(()) };
            turn.tally.merge(&tally);
            turn.piece += 1;
            let rows = turn.tally.rows_read;
            drop(turn);
            shared.turned.notify_all();
            // Nobody listening is no reason to stop.
            let _ = progress.send(ImportProgress::Reading { table: self.table.name.clone(), rows, position, end: self.end });
        }
        Ok(())
    }

    /// Waits until it is this piece's turn; `None` where the import has stopped.
    fn wait<'s, 'a>(&self, shared: &'s Shared<'a>, number: u64) -> Option<MutexGuard<'s, Turn<'a>>> {
        let turn = locked(&shared.turn);
        let waiting = |turn: &mut Turn<'_>| turn.piece != number && !shared.stopped.load(Ordering::SeqCst);
        let turn = shared.turned.wait_while(turn, waiting).unwrap_or_else(PoisonError::into_inner);
        (turn.piece == number && !shared.stopped.load(Ordering::SeqCst)).then_some(turn)
    }
}

fn turn_append(mut turn: MutexGuard<'_, Turn<'_>>, encoded: &super::encode::Encoded) -> Result<(), ImportError> {
    turn.spill.append(encoded)
}

/// The second pass: groups and writes every shard.
pub(super) fn write_shards(
    request: &ImportRequest,
    layout: &[TableLayout],
    dir: &Path,
    shard_count: u32,
    progress: &mut dyn FnMut(ImportProgress),
) -> Result<(Vec<ShardEntry>, Vec<GroupTally>), ImportError> {
    let grouping = Grouping { schema: &request.schema, layout, dir, units_found: AtomicU64::new(0) };
    let schema = schema_digest(&request.schema);
    let (next, done, stopped) = (AtomicU32::new(0), AtomicU32::new(0), AtomicBool::new(false));
    let results = Mutex::new((Vec::new(), vec![GroupTally::default(); layout.len()]));
    let work = |sender: &Sender<ImportProgress>| {
        let mut tallies = vec![GroupTally::default(); layout.len()];
        while !stopped.load(Ordering::SeqCst) {
            let index = next.fetch_add(1, Ordering::SeqCst);
            if index >= shard_count {
                break;
            }
            let writer = grouping.shard(index, &mut tallies)?;
            let (rows, units) = (writer.rows(), writer.units());
            let bytes = writer.finish(schema, index, shard_count);
            let file = shard_file(index);
            write_file(&dir.join(&file), &bytes)?;
            let digest = shard_digest(&request.digest_salt, &bytes);
            locked(&results).0.push(ShardEntry { index, file, digest, bytes: bytes.len() as u64, rows, units });
            let shards = done.fetch_add(1, Ordering::SeqCst) + 1;
            let _ = sender.send(ImportProgress::Writing { shards, shard_count });
        }
        for (total, tally) in locked(&results).1.iter_mut().zip(&tallies) {
            total.merge(tally);
        }
        Ok(())
    };
    on_threads(work, || stopped.store(true, Ordering::SeqCst), progress)?;
    let (mut shards, tallies) = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    shards.sort_by_key(|shard| shard.index);
    Ok((shards, tallies))
}

/// Writes an immutable file. A crash after the sync leaves it in the staging directory, which is discarded.
fn write_file(path: &Path, bytes: &[u8]) -> Result<(), ImportError> {
    let written = create(path, 0o400).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.map_err(|error| write_error(path, &error))
}

/// Runs the same work on some threads and passes their progress on; `stop` has to end the others when one has
/// failed.
fn on_threads(
    work: impl Fn(&Sender<ImportProgress>) -> Result<(), ImportError> + Sync,
    stop: impl Fn() + Sync,
    progress: &mut dyn FnMut(ImportProgress),
) -> Result<(), ImportError> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(THREADS_MAX);
    let failure = Mutex::new(None);
    let (sender, receiver) = channel();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            let sender = sender.clone();
            let (work, stop, failure) = (&work, &stop, &failure);
            scope.spawn(move || {
                let outcome = catch_unwind(AssertUnwindSafe(|| work(&sender))).unwrap_or(Err(ImportError::Interrupted));
                if let Err(error) = outcome {
                    locked(failure).get_or_insert(error);
                    stop();
                }
            });
        }
        drop(sender);
        receiver.iter().for_each(progress);
    });
    failure.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
}
