//! The directory in which an import is made, and the one step that makes it a dataset.
//!
//! Everything is written into `.importing-NAME` beside the destination; when all files are on disk, one rename
//! makes it the destination. A crash before the rename leaves only the staging directory: the next import to
//! the same destination removes it, and so does [`discard_abandoned`]. A crash after the rename leaves the
//! whole dataset. A lock file, held open, tells a running import from an abandoned one.

use crate::ImportError;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

const PREFIX: &str = ".importing-";
const LOCK: &str = "lock";

/// A staging directory; dropped unfinished, it is removed.
pub(super) struct Staging {
    pub dir: PathBuf,
    into: PathBuf,
    parent: PathBuf,
    _lock: File,
    finished: bool,
}

impl Staging {
    /// Makes the directory for an import into `into`, which must not exist.
    pub(super) fn begin(into: &Path) -> Result<Self, ImportError> {
        let path = || into.display().to_string();
        if into.symlink_metadata().is_ok() {
            return Err(ImportError::DestinationExists { path: path() });
        }
        let parent = match into.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let Some(name) = into.file_name() else { return Err(ImportError::DestinationExists { path: path() }) };
        let mut staging_name = std::ffi::OsString::from(PREFIX);
        staging_name.push(name);
        let dir = parent.join(staging_name);
        if dir.symlink_metadata().is_ok() && !remove_if_abandoned(&dir).map_err(|error| write_error(&dir, &error))? {
            return Err(ImportError::DestinationBusy { path: path() });
        }
        DirBuilder::new().mode(0o700).create(&dir).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => ImportError::DestinationBusy { path: path() },
            _ => write_error(&dir, &error),
        })?;
        let lock = create(&dir.join(LOCK), 0o600).and_then(|file| file.try_lock().map(|()| file).map_err(io::Error::from));
        match lock {
            Ok(lock) => Ok(Self { dir, into: into.to_owned(), parent, _lock: lock, finished: false }),
            Err(error) => {
                let said = write_error(&dir, &error);
                let _ = std::fs::remove_dir_all(&dir);
                Err(said)
            }
        }
    }

    /// Makes the staging directory the destination. Its files are on disk already.
    pub(super) fn finish(mut self) -> Result<(), ImportError> {
        let finish = || -> io::Result<()> {
            std::fs::remove_file(self.dir.join(LOCK))?;
            File::open(&self.dir)?.sync_all()?;
            if self.into.symlink_metadata().is_ok() {
                return Err(ErrorKind::AlreadyExists.into());
            }
            std::fs::rename(&self.dir, &self.into)
        };
        finish().map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists | ErrorKind::DirectoryNotEmpty => {
                ImportError::DestinationExists { path: self.into.display().to_string() }
            }
            _ => write_error(&self.into, &error),
        })?;
        self.finished = true;
        // A crash here leaves the rename done or not done: either the whole dataset or nothing but staging.
        File::open(&self.parent).and_then(|parent| parent.sync_all()).map_err(|error| write_error(&self.parent, &error))
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if !self.finished {
            // What cannot be removed now is removed by the next import or by `discard_abandoned`.
            let _ = std::fs::remove_dir_all(&self.dir);
        }
    }
}

/// Removes what crashed imports left in a directory of datasets; running imports are left alone. Returns how
/// many there were.
pub fn discard_abandoned(parent: &Path) -> io::Result<usize> {
    let mut removed = 0;
    for entry in std::fs::read_dir(parent)? {
        let entry = entry?;
        let staging = entry.file_name().to_string_lossy().starts_with(PREFIX);
        if staging && entry.file_type()?.is_dir() && remove_if_abandoned(&entry.path())? {
            removed += 1;
        }
    }
    Ok(removed)
}

fn remove_if_abandoned(dir: &Path) -> io::Result<bool> {
    match File::open(dir.join(LOCK)) {
        Ok(lock) => match lock.try_lock() {
            Ok(()) => std::fs::remove_dir_all(dir).map(|()| true),
            Err(std::fs::TryLockError::WouldBlock) => Ok(false),
            Err(std::fs::TryLockError::Error(error)) => Err(error),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => std::fs::remove_dir_all(dir).map(|()| true),
        Err(error) => Err(error),
    }
}

/// Creates a file that did not exist.
pub(super) fn create(path: &Path, mode: u32) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(mode).open(path)
}

/// What to say when something cannot be written.
pub(super) fn write_error(path: &Path, error: &io::Error) -> ImportError {
    let path = path.display().to_string();
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => ImportError::DiskFull { path },
        kind => ImportError::Write { path, detail: kind.to_string() },
    }
}
