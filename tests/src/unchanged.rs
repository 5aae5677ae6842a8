//! "Nothing half-written": what lies in a directory before and after.

use ring::digest::{SHA256, digest};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Every file below a directory with a digest of its bytes, every directory with none. SQLite's files change
/// when they are opened, so of the database only the tables count: ask the program for them.
pub fn listing(directory: &Path) -> BTreeMap<String, Option<Vec<u8>>> {
    let (mut found, mut open) = (BTreeMap::new(), vec![directory.to_owned()]);
    while let Some(inside) = open.pop() {
        for entry in fs::read_dir(&inside).expect("read a directory").flatten() {
            let path = entry.path();
            let name = path.strip_prefix(directory).expect("below").display().to_string();
            if path.is_dir() {
                open.push(path);
                found.insert(name, None);
            } else if !name.contains("state.sqlite") {
                found.insert(name, Some(digest(&SHA256, &fs::read(&path).expect("read a file")).as_ref().to_vec()));
            }
        }
    }
    found
}
