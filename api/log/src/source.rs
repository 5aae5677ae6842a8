//! Where the files of somebody else's log come from: a directory here; a server in `tidegate-http`.
//!
//! Guarantee: a source hands out at most as many bytes as were asked for. Nothing that it says is believed: who reads
//! from it holds every byte against a signed root.

use crate::files::FileError;
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use tidegate_terms::messages;

messages! {
    /// Why a file could not be had.
    #[derive(Clone, PartialEq, Eq)]
    pub enum SourceError {
        TooLarge { file: String, maximum: u64 } = "source.too-large" {
            en: "the publisher's file `{file}` has more than {maximum} bytes: it is no file of a log, ask the publisher",
            zh: "发布方的文件“{file}”超过 {maximum} 字节：这不是日志文件，请询问发布方",
        },
        Unavailable { file: String, detail: String } = "source.unavailable" {
            en: "the publisher's file `{file}` cannot be had: {detail}; try again, what was verified is kept",
            zh: "无法取得发布方的文件“{file}”：{detail}；请重试，已核验的内容均已保留",
        };
        File(FileError),
    }
}

/// A published log, as its publisher shows it now.
pub trait Source {
    /// The bytes of a file, such as `tile/0/001`, or `None` where there is none. More than `bytes_max` are an error.
    fn fetch(&mut self, path: &str, bytes_max: u64) -> Result<Option<Vec<u8>>, SourceError>;
}

/// A log in a directory.
#[derive(Debug, Clone)]
pub struct DirectorySource(PathBuf);

impl DirectorySource {
    /// The log in this directory.
    pub fn new(directory: &Path) -> Self {
        Self(directory.to_owned())
    }
}

impl Source for DirectorySource {
    fn fetch(&mut self, path: &str, bytes_max: u64) -> Result<Option<Vec<u8>>, SourceError> {
        let failed = |error: std::io::Error| SourceError::Unavailable { file: path.to_owned(), detail: error.to_string() };
        let file = match File::open(self.0.join(path)) {
            Ok(file) => file,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let mut bytes = Vec::new();
        file.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > bytes_max {
            return Err(SourceError::TooLarge { file: path.to_owned(), maximum: bytes_max });
        }
        Ok(Some(bytes))
    }
}
