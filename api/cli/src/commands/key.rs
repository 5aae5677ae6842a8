//! `tidegate key`.

use crate::args::KeyCommand;
use crate::front::{CliError, read_bytes};
use crate::output::Output;
use base64::Engine as _;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde::Serialize;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

#[derive(Serialize)]
struct KeyView {
    algorithm: &'static str,
    private: PathBuf,
    public: PathBuf,
    public_key: String,
}

/// Runs a `key` command.
pub(crate) fn run(command: KeyCommand, output: Output) -> Result<(), CliError> {
    let KeyCommand::New { file } = command;
    let view = make(&file)?;
    output.show(&view, |view| {
        println!("{} {}", output.pick("Private key (keep it):", "私钥（请妥善保管）："), view.private.display());
        println!("{} {}", output.pick("Public key (give it to the authority):", "公钥（交给主管部门）："), view.public.display());
    });
    Ok(())
}

/// Makes a key pair and returns the public key, base64.
pub(crate) fn new(file: &Path) -> Result<String, CliError> {
    Ok(make(file)?.public_key)
}

fn make(file: &Path) -> Result<KeyView, CliError> {
    let public = PathBuf::from(format!("{}.pub", file.display()));
    for path in [file, &public] {
        if path.exists() {
            return Err(CliError::Exists { path: path.display().to_string() });
        }
    }
    let no_randomness = |_| CliError::Key { path: file.display().to_string() };
    let pkcs8 = Ed25519KeyPair::generate_pkcs8(&ring::rand::SystemRandom::new()).map_err(no_randomness)?;
    let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).map_err(|_| CliError::Key { path: file.display().to_string() })?;
    let public_key = base64::engine::general_purpose::STANDARD.encode(pair.public_key().as_ref());
    let write = |path: &Path, bytes: &[u8], mode: u32| -> std::io::Result<()> {
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write(file, pkcs8.as_ref(), 0o600).map_err(|error| CliError::file(file, &error))?;
    write(&public, format!("{public_key}\n").as_bytes(), 0o644).map_err(|error| CliError::file(&public, &error))?;
    Ok(KeyView { algorithm: "ed25519", private: file.to_owned(), public, public_key })
}

/// The public half of a key, base64.
pub(crate) fn public(key: &Ed25519KeyPair) -> String {
    base64::engine::general_purpose::STANDARD.encode(key.public_key().as_ref())
}

/// Reads a private key.
pub(crate) fn read(file: &Path) -> Result<Ed25519KeyPair, CliError> {
    Ed25519KeyPair::from_pkcs8(&read_bytes(file, 4096)?).map_err(|_| CliError::Key { path: file.display().to_string() })
}
