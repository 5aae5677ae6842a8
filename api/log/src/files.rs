//! The log's directory: reading it, and writing to it so that a crash leaves whole files only.
//!
//! Guarantee: a file under its final name was complete and synced before it got that name. Directories are
//! synced together by [`Files::sync`], before anything is signed that relies on them. There is one writer
//! at a time, held apart by a lock on `.lock`; readers need none, because published files never change
//! except `checkpoint`, which is replaced in one step.

use crate::tiles::{Tile, decode_bundle, decode_hashes};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use tidegate_terms::{Digest, messages};

pub(crate) const CHECKPOINT: &str = "checkpoint";
pub(crate) const VKEY: &str = "vkey";
const LOCK: &str = ".lock";
const TEMPORARY: &str = ".tmp";

messages! {
    /// Why a file of the log could not be used.
    #[derive(Clone, PartialEq, Eq)]
    pub enum FileError {
        Missing { file: String } = "log.file-missing" {
            en: "the log lacks the file `{file}`: fetch the whole directory again",
            zh: "日志缺少文件“{file}”：请重新获取整个目录",
        },
        Unreadable { file: String, detail: String } = "log.file-unreadable" {
            en: "the file `{file}` of the log cannot be read or written: {detail}; check the disk and the rights, then try again",
            zh: "无法读写日志文件“{file}”：{detail}；请检查磁盘和权限后重试",
        },
        Damaged { file: String } = "log.file-damaged" {
            en: "the file `{file}` of the log is damaged or was changed: compare it with another copy",
            zh: "日志文件“{file}”已损坏或被改动：请与其他副本比对",
        },
        Busy = "log.busy" {
            en: "another process is publishing this log: wait until it is done",
            zh: "另一个进程正在发布该日志：请等待其完成",
        },
    }
}

/// The directory of a log.
pub(crate) struct Files {
    root: PathBuf,
    /// Directories that hold something not yet synced.
    unsynced: RefCell<BTreeSet<PathBuf>>,
    #[cfg(test)]
    pub(crate) fault: std::cell::Cell<Option<tests::Fault>>,
}

/// The lock of writers, until it is dropped.
///
/// Closing the file would not do: between fork and exec a child that another thread starts has the descriptor too, and the
/// lock would stand until it has gone.
#[derive(Debug)]
pub(crate) struct Locked(File);

impl Drop for Locked {
    fn drop(&mut self) {
        // Where it fails, closing the file comes next.
        drop(self.0.unlock());
    }
}

impl Files {
    pub(crate) fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            unsynced: RefCell::default(),
            #[cfg(test)]
            fault: std::cell::Cell::default(),
        }
    }

    /// The same directory, for another thread to read.
    pub(crate) fn again(&self) -> Self {
        Self::new(&self.root)
    }

    /// Holds the lock of writers until the value is dropped.
    pub(crate) fn lock(&self) -> Result<Locked, FileError> {
        let open = || {
            fs::create_dir_all(&self.root)?;
            File::options().create(true).truncate(false).write(true).open(self.root.join(LOCK))
        };
        let file = open().map_err(|error| unreadable(LOCK, &error))?;
        match file.try_lock() {
            Ok(()) => Ok(Locked(file)),
            Err(fs::TryLockError::WouldBlock) => Err(FileError::Busy),
            Err(fs::TryLockError::Error(error)) => Err(unreadable(LOCK, &error)),
        }
    }

    /// The bytes of a file, or `None` where there is none.
    pub(crate) fn read(&self, path: &str) -> Result<Option<Vec<u8>>, FileError> {
        match fs::read(self.root.join(path)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unreadable(path, &error)),
        }
    }

    /// Puts a file under its name, in one step. Its directories still need [`Files::sync`].
    pub(crate) fn write(&self, path: &str, bytes: &[u8]) -> Result<(), FileError> {
        let put = || {
            let (to, temporary) = (self.root.join(path), self.root.join(TEMPORARY));
            if let Some(parent) = to.parent() {
                fs::create_dir_all(parent)?;
            }
            let mut file = File::create(&temporary)?;
            file.write_all(bytes)?;
            // A crash up to here leaves `.tmp`, which the next write overwrites.
            file.sync_all()?;
            // A crash just after the rename leaves a whole file that no signed checkpoint may need yet; the
            // next publication finds it there, compares it and goes on.
            fs::rename(&temporary, &to)
        };
        self.step(|| put().map_err(|error| unreadable(path, &error)))?;
        self.relied_on(path);
        Ok(())
    }

    /// Notes that the directories of a file must be synced: also those of a file that was found written,
    /// because who wrote it may have died before syncing.
    pub(crate) fn relied_on(&self, path: &str) {
        let mut unsynced = self.unsynced.borrow_mut();
        let path = self.root.join(path);
        let inside = path.ancestors().skip(1).take_while(|parent| parent.starts_with(&self.root));
        unsynced.extend(inside.map(Path::to_owned));
    }

    /// Makes the names of all files relied on durable.
    pub(crate) fn sync(&self) -> Result<(), FileError> {
        for directory in std::mem::take(&mut *self.unsynced.borrow_mut()) {
            let sync = || File::open(&directory).and_then(|file| file.sync_all());
            self.step(|| sync().map_err(|error| unreadable(&directory.to_string_lossy(), &error)))?;
        }
        Ok(())
    }

    /// Removes the partial forms of a full tile. What a crash leaves of them may stay: they are still true.
    pub(crate) fn remove_partial(&self, full: Tile) {
        let directory = self.root.join(format!("{}.p", full.path()));
        let _ = self.step(|| {
            let _ = fs::remove_dir_all(&directory);
            Ok(())
        });
    }

    /// All files below `tile/`, as paths from the log's directory.
    pub(crate) fn tiles(&self) -> Result<Vec<String>, FileError> {
        let (mut found, mut open) = (Vec::new(), vec!["tile".to_owned()]);
        while let Some(directory) = open.pop() {
            let entries = match fs::read_dir(self.root.join(&directory)) {
                Ok(entries) => entries,
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(unreadable(&directory, &error)),
            };
            for entry in entries {
                let entry = entry.map_err(|error| unreadable(&directory, &error))?;
                let path = format!("{directory}/{}", entry.file_name().to_string_lossy());
                let kind = entry.file_type().map_err(|error| unreadable(&path, &error))?;
                if kind.is_dir() { open.push(path) } else { found.push(path) }
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    /// The hashes of a tile; from the full tile where the partial one is gone.
    pub(crate) fn hashes(&self, tile: Tile) -> Result<Vec<Digest>, FileError> {
        let (file, bytes, whole) = self.tile(tile)?;
        let mut hashes = decode_hashes(&bytes, whole.width).ok_or(FileError::Damaged { file })?;
        hashes.truncate(tile.width.into());
        Ok(hashes)
    }

    /// The entries of a bundle and the file they lie in; from the full bundle where the partial one is gone.
    pub(crate) fn entries(&self, tile: Tile) -> Result<(String, Vec<Vec<u8>>), FileError> {
        let (file, bytes, whole) = self.tile(tile)?;
        match decode_bundle(&bytes, whole.width) {
            Some(entries) => Ok((file, entries.into_iter().take(tile.width.into()).map(<[u8]>::to_vec).collect())),
            None => Err(FileError::Damaged { file }),
        }
    }

    fn tile(&self, tile: Tile) -> Result<(String, Vec<u8>, Tile), FileError> {
        for candidate in [tile, tile.full()] {
            let path = candidate.path();
            if let Some(bytes) = self.read(&path)? {
                return Ok((path, bytes, candidate));
            }
        }
        Err(FileError::Missing { file: tile.path() })
    }

    #[cfg(not(test))]
    fn step(&self, act: impl FnOnce() -> Result<(), FileError>) -> Result<(), FileError> {
        act()
    }
}

fn unreadable(file: &str, error: &io::Error) -> FileError {
    FileError::Unreadable { file: file.to_owned(), detail: error.to_string() }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Every step from number `after` on fails, the first of them before or after it took effect.
    #[derive(Debug, Clone, Copy)]
    pub(crate) struct Fault {
        pub(crate) after: usize,
        pub(crate) persists: bool,
    }

    impl Files {
        pub(super) fn step(&self, act: impl FnOnce() -> Result<(), FileError>) -> Result<(), FileError> {
            match self.fault.get() {
                None => act(),
                Some(Fault { after: 0, persists }) => {
                    self.fault.set(Some(Fault { after: 0, persists: false }));
                    if persists {
                        act()?;
                    }
                    Err(FileError::Unreadable { file: "?".into(), detail: "the disk died".into() })
                }
                Some(Fault { after, persists }) => {
                    self.fault.set(Some(Fault { after: after - 1, persists }));
                    act()
                }
            }
        }
    }

    #[test]
    fn one_writer_at_a_time() {
        let directory = tempfile::tempdir().expect("directory");
        let files = Files::new(directory.path());
        let held = files.lock().expect("lock");
        assert_eq!(Files::new(directory.path()).lock().map(|_| ()), Err(FileError::Busy));
        drop(held);
        assert!(files.lock().is_ok());
    }
}
