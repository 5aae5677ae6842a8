//! The keys of a domain. Each is a file of its own, readable by the keeper alone.

use crate::ServiceError;
use crate::domain::sync_directory;
use jiff::Timestamp;
use ring::rand::{SecureRandom as _, SystemRandom};
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use tidegate_log::{Checkpoint, CheckpointError, Signer, SigningKeys, Verifier};
use tidegate_sandbox::CacheKey;

/// The keys of a domain.
pub(crate) struct Keys {
    /// Signs checkpoints.
    pub(crate) signer: Signer,
    /// The key that takes its place, while the log's key changes.
    pub(crate) next: Option<NextKey>,
    /// Turns identifiers of privacy units into keyed hashes.
    pub(crate) unit: [u8; 32],
    /// Authenticates compiled modules.
    pub(crate) cache: CacheKey,
}

/// The log's next key: it signs beside the present one until an instant, and alone from then on.
pub(crate) struct NextKey {
    pub(crate) signer: Signer,
    pub(crate) until: Timestamp,
}

const LOG: &str = "log.pk8";
const NEXT: &str = "log-next.pk8";
const RETIRED: &str = "log-retired.pk8";
/// A key that is not there yet, or not any more.
const SCRAP: &str = "log-scrap.pk8";

/// 256 bits from the operating system.
pub(crate) fn random() -> Result<[u8; 32], ServiceError> {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).map_err(|_| ServiceError::Randomness)?;
    Ok(bytes)
}

/// A fresh identifier: a letter for its kind and 80 random bits.
pub(crate) fn identifier(kind: char) -> Result<String, ServiceError> {
    let bytes = random()?;
    Ok(bytes[..10].iter().fold(kind.to_string(), |text, byte| format!("{text}{byte:02x}")))
}

impl Keys {
    /// Makes new keys in an empty directory.
    pub(crate) fn create(directory: &Path) -> Result<(), ServiceError> {
        fs::create_dir(directory).map_err(|error| ServiceError::files(directory, &error))?;
        make_log_key(&directory.join(LOG))?;
        write_secret(&directory.join("unit.key"), &random()?)?;
        write_secret(&directory.join("cache.key"), &random()?)
    }

    /// Reads the keys of a domain.
    pub(crate) fn open(directory: &Path, origin: &str) -> Result<Self, ServiceError> {
        finish_replacement(directory)?;
        let signer = read_log_key(&directory.join(LOG), origin)?;
        let cache = CacheKey::new(&read_secret(&directory.join("cache.key"))?);
        Ok(Self { signer, next: None, unit: read_secret(&directory.join("unit.key"))?, cache })
    }

    /// Who signs at an instant.
    pub(crate) fn signing(&self, now: Timestamp) -> SigningKeys<'_> {
        match &self.next {
            None => SigningKeys::one(&self.signer),
            Some(next) if now < next.until => self.signing_both(),
            Some(next) => SigningKeys { first: &next.signer, next: None, before: Some(self.signer.verifier()) },
        }
    }

    /// The key that signs every checkpoint at an instant, alone or beside the next one.
    pub(crate) fn present(&self, now: Timestamp) -> &Verifier {
        self.present_signer(now).verifier()
    }

    /// The same, with its private half.
    pub(crate) fn present_signer(&self, now: Timestamp) -> &Signer {
        match &self.next {
            Some(next) if now >= next.until => &next.signer,
            _ => &self.signer,
        }
    }

    /// Both keys, whatever the time.
    pub(crate) fn signing_both(&self) -> SigningKeys<'_> {
        SigningKeys { first: &self.signer, next: self.next.as_ref().map(|next| &next.signer), before: None }
    }

    /// Reads a checkpoint that the log's key signed, or the one that takes its place.
    pub(crate) fn verify_checkpoint(&self, note: &[u8]) -> Result<Checkpoint, CheckpointError> {
        let by_next = |error| self.next.as_ref().map_or(Err(error), |next| Checkpoint::verify(note, next.signer.verifier()));
        Checkpoint::verify(note, self.signer.verifier()).or_else(by_next)
    }

    /// Makes the log's next key. A crash on the way leaves a torn file under another name, which the next start removes;
    /// a crash just after leaves a key that no entry names, for [`discard_next`](Self::discard_next).
    pub(crate) fn make_next(directory: &Path, origin: &str) -> Result<Signer, ServiceError> {
        destroy(&directory.join(SCRAP))?;
        make_log_key(&directory.join(SCRAP))?;
        rename(directory, SCRAP, NEXT)?;
        read_log_key(&directory.join(NEXT), origin)
    }

    /// The log's next key, where there is one.
    pub(crate) fn read_next(directory: &Path, origin: &str) -> Result<Option<Signer>, ServiceError> {
        let path = directory.join(NEXT);
        path.exists().then(|| read_log_key(&path, origin)).transpose()
    }

    /// Removes a next key that no entry names.
    pub(crate) fn discard_next(directory: &Path) -> Result<(), ServiceError> {
        rename(directory, NEXT, SCRAP)?;
        destroy(&directory.join(SCRAP))
    }

    /// Puts the next key in the place of the log's key, and destroys that one.
    pub(crate) fn replace(&mut self, directory: &Path) -> Result<(), ServiceError> {
        let Some(next) = self.next.take() else { return Ok(()) };
        rename(directory, LOG, RETIRED)?;
        self.signer = next.signer;
        finish_replacement(directory)
    }
}

/// A crash after the first renaming leaves no key under the log's name, a crash after the second an old key under
/// another; either is finished here, by whoever opens the domain next.
fn finish_replacement(directory: &Path) -> Result<(), ServiceError> {
    destroy(&directory.join(SCRAP))?;
    if !directory.join(RETIRED).exists() {
        return Ok(());
    }
    if !directory.join(LOG).exists() {
        rename(directory, NEXT, LOG)?;
    }
    destroy(&directory.join(RETIRED))
}

fn rename(directory: &Path, from: &str, to: &str) -> Result<(), ServiceError> {
    let path = directory.join(from);
    fs::rename(&path, directory.join(to)).map_err(|error| ServiceError::files(&path, &error))?;
    sync_directory(directory)
}

/// Overwrites a secret and removes it, if it is there. What the disk itself keeps of old blocks is beyond a program.
fn destroy(path: &Path) -> Result<(), ServiceError> {
    if !path.exists() {
        return Ok(());
    }
    let overwrite = || -> std::io::Result<()> {
        let mut file = fs::OpenOptions::new().write(true).open(path)?;
        let bytes = usize::try_from(file.metadata()?.len()).unwrap_or(0);
        file.write_all(&vec![0; bytes])?;
        file.sync_all()?;
        fs::remove_file(path)
    };
    overwrite().map_err(|error| ServiceError::files(path, &error))?;
    path.parent().map_or(Ok(()), sync_directory)
}

fn make_log_key(path: &Path) -> Result<(), ServiceError> {
    let pkcs8 = ring::signature::Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| ServiceError::Randomness)?;
    write_secret(path, pkcs8.as_ref())
}

fn read_log_key(path: &Path, origin: &str) -> Result<Signer, ServiceError> {
    let pkcs8 = fs::read(path).map_err(|error| ServiceError::files(path, &error))?;
    Signer::from_pkcs8(origin, &pkcs8).map_err(|_| ServiceError::Keys { path: path.display().to_string() })
}

fn read_secret(path: &Path) -> Result<[u8; 32], ServiceError> {
    let bytes = fs::read(path).map_err(|error| ServiceError::files(path, &error))?;
    bytes.try_into().map_err(|_| ServiceError::Keys { path: path.display().to_string() })
}

/// Writes a file that only its owner can read, durably; it must not exist.
pub(crate) fn write_secret(path: &Path, bytes: &[u8]) -> Result<(), ServiceError> {
    let write = || -> std::io::Result<()> {
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(|error| ServiceError::files(path, &error))
}
