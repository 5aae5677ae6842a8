//! A package on its way to its place.

use super::ProductError;
use crate::{ServiceError, domain};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use tidegate_product::{Files, tar_bytes};

/// Files that are written beside their place, and then moved there at once.
pub(super) struct Staged {
    directory: tempfile::TempDir,
    out: PathBuf,
    archive: bool,
}

impl Staged {
    pub(super) fn new(out: &Path) -> Result<Self, ServiceError> {
        if fs::symlink_metadata(out).is_ok() {
            return Err(ProductError::OutExists { path: out.display().to_string() }.into());
        }
        let parent = out.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let directory = tempfile::Builder::new().prefix(".tidegate-delivery-").tempdir_in(parent);
        let directory = directory.map_err(|error| ServiceError::files(parent, &error))?;
        Ok(Self { directory, out: out.to_owned(), archive: out.extension().is_some_and(|ending| ending == "tar") })
    }

    /// Writes files durably, and finds out that there is room for them.
    pub(super) fn write(&self, files: &Files) -> Result<(), ServiceError> {
        for (path, bytes) in files {
            let path = self.directory.path().join("package").join(path);
            let write = || -> std::io::Result<()> {
                fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
                let mut file = fs::File::create(&path)?;
                file.write_all(bytes)?;
                file.sync_all()
            };
            write().map_err(|error| ServiceError::files(&path, &error))?;
        }
        Ok(())
    }

    pub(super) fn finish(self, files: &Files) -> Result<(), ServiceError> {
        let from = if self.archive {
            let path = self.directory.path().join("package.tar");
            let bytes = tar_bytes(files).map_err(ProductError::from)?;
            let write = || fs::File::create(&path).and_then(|mut file| file.write_all(&bytes).and_then(|()| file.sync_all()));
            write().map_err(|error| ServiceError::files(&path, &error))?;
            path
        } else {
            self.write(files)?;
            self.directory.path().join("package")
        };
        fs::rename(&from, &self.out).map_err(|error| ServiceError::files(&self.out, &error))?;
        domain::sync_directory(self.out.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")))
    }
}
