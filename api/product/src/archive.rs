//! Packages as directories and as .tar files.
//!
//! Guarantee: what [`read_package`] returns has only paths of the closed layout, each once under every rule of equality
//! that file systems know, from regular files below the limits. An archive is accepted only if writing its files again
//! gives the same bytes: headers, padding and the order carry nothing. Nothing is ever unpacked to disk.

use crate::error::PackageError;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read as _;
use std::path::Path;

/// The files of a package, by path.
pub type Files = BTreeMap<String, Vec<u8>>;

/// Largest file in bytes.
const FILE_MAX: u64 = 64 << 20;
/// Largest package in bytes.
const PACKAGE_MAX: u64 = 512 << 20;
/// Most files.
const FILES_MAX: usize = 10_000;
const ROOM: [&str; 4] = ["data", "charts", "keys", "log"];

/// Whether a path can be in a package: a plain name, or one in a known directory; ASCII letters, digits, `.`, `_`, `-`.
fn fits_layout(path: &str) -> bool {
    let plain = |name: &str| {
        (1..=200).contains(&name.len())
            && !name.starts_with(['.', '-'])
            && !name.ends_with('.')
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    match path.split_once('/') {
        None => plain(path),
        Some((room, name)) => ROOM.contains(&room) && plain(name),
    }
}

struct Reader {
    files: Files,
    folded: BTreeSet<String>,
    bytes: u64,
}

impl Reader {
    fn new() -> Self {
        Self { files: Files::new(), folded: BTreeSet::new(), bytes: 0 }
    }

    fn take(&mut self, path: String, size: u64, from: impl std::io::Read) -> Result<(), PackageError> {
        if !fits_layout(&path) {
            return Err(PackageError::Path { path: shown(&path) });
        }
        if !self.folded.insert(path.to_ascii_lowercase()) {
            return Err(PackageError::Twice { path });
        }
        self.bytes = self.bytes.saturating_add(size);
        if size > FILE_MAX || self.bytes > PACKAGE_MAX || self.files.len() >= FILES_MAX {
            return Err(PackageError::TooLarge { path });
        }
        let mut bytes = Vec::new();
        let read = from.take(FILE_MAX + 1).read_to_end(&mut bytes);
        read.map_err(|error| PackageError::Archive { detail: error.to_string() })?;
        if bytes.len() as u64 != size {
            return Err(PackageError::Archive { detail: "a file ends early".into() });
        }
        self.files.insert(path, bytes);
        Ok(())
    }
}

fn shown(path: &str) -> String {
    path.chars().take(120).map(|c| if c.is_control() { '?' } else { c }).collect()
}

/// Reads a package from a directory or a .tar file.
pub fn read_package(path: &Path) -> Result<Files, PackageError> {
    let name = path.display().to_string();
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => PackageError::NotFound { path: name.clone() },
        _ => PackageError::File { path: name.clone(), detail: error.to_string() },
    };
    let metadata = fs::metadata(path).map_err(failed)?;
    if metadata.is_dir() {
        return read_directory(path);
    }
    if !metadata.is_file() || metadata.len() > PACKAGE_MAX {
        return Err(PackageError::TooLarge { path: name });
    }
    read_tar(&fs::read(path).map_err(failed)?)
}

fn read_directory(root: &Path) -> Result<Files, PackageError> {
    let mut reader = Reader::new();
    list(root, "", &mut reader)?;
    Ok(reader.files)
}

fn list(directory: &Path, room: &str, reader: &mut Reader) -> Result<(), PackageError> {
    let failed = |path: &Path, error: std::io::Error| PackageError::File { path: path.display().to_string(), detail: error.to_string() };
    for entry in fs::read_dir(directory).map_err(|error| failed(directory, error))? {
        let entry = entry.map_err(|error| failed(directory, error))?;
        let path = entry.path();
        let refused = || PackageError::Path { path: shown(&format!("{room}{}", entry.file_name().to_string_lossy())) };
        let name = entry.file_name().into_string().map_err(|_| refused())?;
        // Not followed: a link is no part of a package.
        let metadata = fs::symlink_metadata(&path).map_err(|error| failed(&path, error))?;
        if metadata.is_dir() && room.is_empty() && ROOM.contains(&name.as_str()) {
            list(&path, &format!("{name}/"), reader)?;
        } else if metadata.is_file() {
            let file = fs::File::open(&path).map_err(|error| failed(&path, error))?;
            reader.take(format!("{room}{name}"), metadata.len(), file)?;
        } else {
            return Err(refused());
        }
    }
    Ok(())
}

pub(crate) fn read_tar(bytes: &[u8]) -> Result<Files, PackageError> {
    let broken = |error: std::io::Error| PackageError::Archive { detail: error.to_string() };
    let mut reader = Reader::new();
    let mut archive = tar::Archive::new(bytes);
    // Raw: extensions that rename entries are entries of another type here, and refused.
    for entry in archive.entries().map_err(broken)?.raw(true) {
        let entry = entry.map_err(broken)?;
        let path = String::from_utf8(entry.path_bytes().into_owned()).map_err(|_| PackageError::Path { path: "?".into() })?;
        if entry.header().entry_type() != tar::EntryType::Regular {
            return Err(PackageError::Path { path: shown(&path) });
        }
        let size = entry.header().size().map_err(broken)?;
        reader.take(path, size, entry)?;
    }
    if tar_bytes(&reader.files)? == bytes { Ok(reader.files) } else { Err(PackageError::ArchiveForm) }
}

/// The one archive of some files: sorted, with fixed owner, mode and time.
pub fn tar_bytes(files: &Files) -> Result<Vec<u8>, PackageError> {
    let broken = |error: std::io::Error| PackageError::Archive { detail: error.to_string() };
    let mut builder = tar::Builder::new(Vec::new());
    for (path, bytes) in files {
        let mut header = tar::Header::new_ustar();
        header.set_path(path).map_err(broken)?;
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        header.set_entry_type(tar::EntryType::Regular);
        header.set_cksum();
        builder.append(&header, bytes.as_slice()).map_err(broken)?;
    }
    builder.into_inner().map_err(broken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_terms::Message as _;

    fn files() -> Files {
        [("index.html", "page"), ("data/a.csv", "1,2"), ("log/r1-1.entry", "{}")].map(|(path, text)| (path.to_owned(), text.into())).into()
    }

    fn raw(entries: &[(&str, tar::EntryType)]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (path, kind) in entries {
            let mut header = tar::Header::new_ustar();
            header.as_mut_bytes()[..path.len()].copy_from_slice(path.as_bytes());
            header.set_size(0);
            header.set_mode(0o644);
            header.set_mtime(0);
            header.set_uid(0);
            header.set_gid(0);
            header.set_entry_type(*kind);
            header.set_cksum();
            builder.append(&header, &b""[..]).expect("append");
        }
        builder.into_inner().expect("archive")
    }

    #[test]
    fn an_archive_has_one_form_and_every_flipped_bit_shows() {
        let bytes = tar_bytes(&files()).expect("archive");
        assert_eq!(read_tar(&bytes).expect("files"), files());
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            // Contents are for the statement to check; everything else is refused here.
            assert!(read_tar(&changed).is_err() || read_tar(&changed).expect("files") != files(), "bit {bit}");
        }
        let longer = [bytes.as_slice(), &[0; 512]].concat();
        assert_eq!(read_tar(&longer).expect_err("padding").code(), "package.archive-form");
    }

    #[test]
    fn path_tricks_are_refused() {
        use tar::EntryType as Kind;
        for (entries, code) in [
            (vec![("/etc/passwd", Kind::Regular)], "package.path"),
            (vec![("../x", Kind::Regular)], "package.path"),
            (vec![("data/../../x", Kind::Regular)], "package.path"),
            (vec![("data/x/y", Kind::Regular)], "package.path"),
            (vec![("other/x", Kind::Regular)], "package.path"),
            (vec![(".hidden", Kind::Regular)], "package.path"),
            (vec![("a\\b", Kind::Regular)], "package.path"),
            (vec![("link", Kind::Symlink)], "package.path"),
            (vec![("link", Kind::Link)], "package.path"),
            (vec![("device", Kind::Block)], "package.path"),
            (vec![("fifo", Kind::Fifo)], "package.path"),
            (vec![("data", Kind::Directory)], "package.path"),
            (vec![("long", Kind::GNULongName)], "package.path"),
            (vec![("pax", Kind::XHeader)], "package.path"),
            (vec![("x", Kind::Regular), ("x", Kind::Regular)], "package.twice"),
            (vec![("x.csv", Kind::Regular), ("X.csv", Kind::Regular)], "package.twice"),
            (vec![("b", Kind::Regular), ("a", Kind::Regular)], "package.archive-form"),
        ] {
            assert_eq!(read_tar(&raw(&entries)).expect_err("refused").code(), code, "{entries:?}");
        }
    }

    #[test]
    fn directories_hold_regular_files_alone() {
        let place = tempfile::tempdir().expect("place");
        for (path, bytes) in files() {
            let path = place.path().join(path);
            fs::create_dir_all(path.parent().expect("parent")).expect("directory");
            fs::write(path, bytes).expect("file");
        }
        assert_eq!(read_package(place.path()).expect("files"), files());
        std::os::unix::fs::symlink("/etc/passwd", place.path().join("data/b.csv")).expect("link");
        assert_eq!(read_package(place.path()).expect_err("link").code(), "package.path");
        fs::remove_file(place.path().join("data/b.csv")).expect("remove");
        fs::create_dir(place.path().join("data/deep")).expect("directory");
        assert_eq!(read_package(place.path()).expect_err("deep").code(), "package.path");
        assert_eq!(read_package(&place.path().join("none")).expect_err("none").code(), "package.not-found");
    }
}
