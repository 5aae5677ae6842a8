//! The keys of a domain. Each is a file of its own, readable by the keeper alone.

use crate::ServiceError;
use ring::rand::{SecureRandom as _, SystemRandom};
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use tidegate_log::Signer;
use tidegate_sandbox::CacheKey;

/// The keys of a domain.
pub(crate) struct Keys {
    /// Signs checkpoints.
    pub(crate) signer: Signer,
    /// Turns identifiers of privacy units into keyed hashes.
    pub(crate) unit: [u8; 32],
    /// Authenticates compiled modules.
    pub(crate) cache: CacheKey,
}

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
        let pkcs8 = ring::signature::Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| ServiceError::Randomness)?;
        write_secret(&directory.join("log.pk8"), pkcs8.as_ref())?;
        write_secret(&directory.join("unit.key"), &random()?)?;
        write_secret(&directory.join("cache.key"), &random()?)
    }

    /// Reads the keys of a domain.
    pub(crate) fn open(directory: &Path, origin: &str) -> Result<Self, ServiceError> {
        let log = directory.join("log.pk8");
        let pkcs8 = fs::read(&log).map_err(|error| ServiceError::files(&log, &error))?;
        let signer = Signer::from_pkcs8(origin, &pkcs8).map_err(|_| ServiceError::Keys { path: log.display().to_string() })?;
        let cache = CacheKey::new(&read_secret(&directory.join("cache.key"))?);
        Ok(Self { signer, unit: read_secret(&directory.join("unit.key"))?, cache })
    }
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
