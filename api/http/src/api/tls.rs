//! TLS by rustls.
//!
//! Guarantee: TLS 1.2 or 1.3 with ring's ciphers, no resumption across a change of files, files read whole before the
//! old ones are given up: a reload that fails leaves what was. A client's certificate is taken only under the authority
//! that was named, and only its fingerprint goes on to the backend.

use rustls::RootCertStore;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use tidegate_terms::{Digest, messages};
use tokio_rustls::TlsAcceptor;

/// The largest file of certificates or keys.
const FILE_BYTES_MAX: u64 = 1 << 20;

messages! {
    /// Why there is no TLS.
    pub enum TlsError {
        File { path: String, detail: String } = "tls.file" {
            en: "`{path}` cannot be used for TLS: {detail}; give a PEM file that this user may read",
            zh: "无法将“{path}”用于 TLS：{detail}；请指定该用户可读的 PEM 文件",
        },
        Pair { certificate: String, key: String, detail: String } = "tls.pair" {
            en: "certificate `{certificate}` and key `{key}` do not work together: {detail}; give the key of the first certificate in the file",
            zh: "证书“{certificate}”与私钥“{key}”不匹配：{detail}；请指定文件中第一张证书的私钥",
        },
        Authority { path: String, detail: String } = "tls.authority" {
            en: "`{path}` cannot vouch for clients: {detail}; give a PEM file with the certificate of the authority",
            zh: "“{path}”无法用于验证客户端：{detail}；请指定含签发机构证书的 PEM 文件",
        },
    }
}

/// Whose certificates clients may show.
#[derive(Debug, Clone)]
pub struct ClientAuthority {
    /// PEM file with the authority's certificates.
    pub file: PathBuf,
    /// Whether every connection needs one.
    pub required: bool,
}

/// The files of a server's TLS.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// PEM file with the certificate, then those between it and its authority.
    pub certificate: PathBuf,
    /// PEM file with its private key.
    pub key: PathBuf,
    /// Whose certificates clients may show, if any.
    pub clients: Option<ClientAuthority>,
}

/// TLS of a running server.
#[derive(Debug)]
pub struct Tls {
    files: TlsFiles,
    config: RwLock<Arc<ServerConfig>>,
}

impl Tls {
    /// Reads the files.
    pub fn open(files: TlsFiles) -> Result<Self, TlsError> {
        let config = RwLock::new(Arc::new(config(&files)?));
        Ok(Self { files, config })
    }

    /// Reads the files again, for new connections; where that fails, the old ones stay.
    pub fn reload(&self) -> Result<(), TlsError> {
        let fresh = Arc::new(config(&self.files)?);
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.config.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// SHA-256 of a client's certificate.
pub(crate) fn fingerprint(connection: &rustls::ServerConnection) -> Option<Digest> {
    connection.peer_certificates().and_then(|chain| chain.first()).map(|leaf| Digest::of(leaf))
}

fn config(files: &TlsFiles) -> Result<ServerConfig, TlsError> {
    let chain = certificates(&files.certificate)?;
    let key = PrivateKeyDer::from_pem_slice(&read(&files.key)?).map_err(|error| file(&files.key, &error))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let pair = |error: rustls::Error| TlsError::Pair {
        certificate: files.certificate.display().to_string(),
        key: files.key.display().to_string(),
        detail: error.to_string(),
    };
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions().map_err(pair)?;
    let builder = match &files.clients {
        None => builder.with_no_client_auth(),
        Some(clients) => {
            let unfit = |detail: String| TlsError::Authority { path: clients.file.display().to_string(), detail };
            let mut roots = RootCertStore::empty();
            for certificate in certificates(&clients.file)? {
                roots.add(certificate).map_err(|error| unfit(error.to_string()))?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            let verifier = if clients.required { verifier } else { verifier.allow_unauthenticated() };
            builder.with_client_cert_verifier(verifier.build().map_err(|error| unfit(error.to_string()))?)
        }
    };
    let mut config = builder.with_single_cert(chain, key).map_err(pair)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&read(path)?).collect();
    let chain = chain.map_err(|error| file(path, &error))?;
    if chain.is_empty() { Err(file(path, &"it has no certificate")) } else { Ok(chain) }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    let opened = std::fs::File::open(path).map_err(|error| file(path, &error))?;
    opened.take(FILE_BYTES_MAX).read_to_end(&mut bytes).map_err(|error| file(path, &error))?;
    Ok(bytes)
}

fn file(path: &Path, detail: &impl std::fmt::Display) -> TlsError {
    TlsError::File { path: path.display().to_string(), detail: detail.to_string() }
}
