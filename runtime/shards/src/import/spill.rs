//! Encoded rows, appended to one file per shard in the order of the files.
//!
//! Files are opened for each append, so that thousands of shards need neither as many open files nor more
//! memory than [`BUFFER_BYTES`] in all. Spill files are not synced: a crash discards them with the import.

use super::encode::Encoded;
use super::staging::write_error;
use crate::ImportError;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Memory for rows that are not in a file yet, over all shards.
const BUFFER_BYTES: usize = 32 << 20;

/// Rows on their way to their shards.
pub(super) struct Spill {
    dir: PathBuf,
    buffers: Vec<Vec<u8>>,
    limit: usize,
}

impl Spill {
    pub(super) fn new(dir: &Path, shard_count: u32) -> Self {
        let limit = (BUFFER_BYTES / shard_count as usize).clamp(4 << 10, 256 << 10);
        Self { dir: dir.to_owned(), buffers: vec![Vec::new(); shard_count as usize], limit }
    }

    /// Appends records in their order.
    pub(super) fn append(&mut self, encoded: &Encoded) -> Result<(), ImportError> {
        let mut start = 0;
        for (shard, end) in &encoded.records {
            let end = *end as usize;
            if let (Some(buffer), Some(record)) = (self.buffers.get_mut(*shard as usize), encoded.bytes.get(start..end)) {
                buffer.extend_from_slice(record);
                if buffer.len() >= self.limit {
                    flush(&self.dir, *shard, buffer)?;
                }
            }
            start = end;
        }
        Ok(())
    }

    /// Writes what is still in memory.
    pub(super) fn finish(mut self) -> Result<(), ImportError> {
        for (shard, buffer) in (0..).zip(&mut self.buffers) {
            if !buffer.is_empty() {
                flush(&self.dir, shard, buffer)?;
            }
        }
        Ok(())
    }
}

fn flush(dir: &Path, shard: u32, buffer: &mut Vec<u8>) -> Result<(), ImportError> {
    let path = spill_path(dir, shard);
    let file = OpenOptions::new().create(true).append(true).mode(0o600).open(&path);
    file.and_then(|mut file| file.write_all(buffer)).map_err(|error| write_error(&path, &error))?;
    buffer.clear();
    Ok(())
}

/// Where the rows of a shard wait; the file does not exist where there are none.
pub(super) fn spill_path(dir: &Path, shard: u32) -> PathBuf {
    dir.join(format!("{shard:05}.rows"))
}
