//! TLS with and without certificates of clients.

use crate::notes::{GetNote, OneNote, TOKEN, table};
use crate::server::{Server, settings};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;
use tidegate_http::api::{CallError, Client, ClientAuthority, Identity, Options, Secret, Tls, TlsFiles, Trust};
use tidegate_terms::Message as _;

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Certificate and key under an authority, PEM.
fn under(authority: &Authority, purpose: ExtendedKeyUsagePurpose) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    params.extended_key_usages = vec![purpose];
    (params.signed_by(&key, authority).unwrap().pem(), key.serialize_pem())
}

struct Files {
    _directory: TempDir,
    files: TlsFiles,
    servers: Authority,
    clients: Authority,
}

fn write_pair(files: &TlsFiles, authority: &Authority) {
    let (certificate, key) = under(authority, ExtendedKeyUsagePurpose::ServerAuth);
    std::fs::write(&files.certificate, certificate).unwrap();
    std::fs::write(&files.key, key).unwrap();
}

fn files(clients_required: Option<bool>) -> Files {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let (servers, clients) = (authority("servers"), authority("clients"));
    std::fs::write(at("clients.pem"), clients.pem()).unwrap();
    let clients_of = clients_required.map(|required| ClientAuthority { file: at("clients.pem"), required });
    let files = TlsFiles { certificate: at("server.pem"), key: at("server.key"), clients: clients_of };
    write_pair(&files, &servers);
    Files { _directory: directory, files, servers, clients }
}

fn ask(server: &Server, trusted: &Authority, identity: Option<(String, String)>) -> Result<String, CallError> {
    let identity = identity.map(|(chain, key)| Identity { chain: chain.into_bytes(), key: key.into_bytes() });
    let trust = Trust { authorities: Some(trusted.pem().into_bytes()), identity };
    let client = Client::new(&format!("https://{}", server.address), Arc::new(table()), &trust, 60)?;
    let client = client.with_token(Secret::new(TOKEN.into()));
    // There is no such note; that the backend says so shows that the call came through.
    match client.call::<GetNote>(&OneNote { note: 1 }, &Options::default()) {
        Err(CallError::Refused(problem)) => Ok(problem.code),
        Err(error) => Err(error),
        Ok(_) => Ok("found".into()),
    }
}

#[test]
fn a_client_checks_the_server() {
    let files = files(None);
    let server = Server::with(settings(), Some(Arc::new(Tls::open(files.files.clone()).unwrap())));
    assert_eq!(ask(&server, &files.servers, None).unwrap(), "note.unknown");
    assert_eq!(ask(&server, &files.clients, None).unwrap_err().code(), "client.failed");
    assert!(!server.raw("GET / HTTP/1.1\r\nhost: x\r\n\r\n").contains("HTTP/1.1"));
}

#[test]
fn a_server_checks_clients_where_it_was_told_to() {
    let files = files(Some(true));
    let server = Server::with(settings(), Some(Arc::new(Tls::open(files.files.clone()).unwrap())));
    let good = under(&files.clients, ExtendedKeyUsagePurpose::ClientAuth);
    let stranger = under(&files.servers, ExtendedKeyUsagePurpose::ClientAuth);
    assert_eq!(ask(&server, &files.servers, Some(good)).unwrap(), "note.unknown");
    assert!(ask(&server, &files.servers, Some(stranger)).is_err());
    assert!(ask(&server, &files.servers, None).is_err());
}

#[test]
fn a_certificate_may_be_left_out_where_it_is_optional_but_not_be_a_strangers() {
    let files = files(Some(false));
    let server = Server::with(settings(), Some(Arc::new(Tls::open(files.files.clone()).unwrap())));
    let stranger = under(&files.servers, ExtendedKeyUsagePurpose::ClientAuth);
    assert_eq!(ask(&server, &files.servers, None).unwrap(), "note.unknown");
    assert!(ask(&server, &files.servers, Some(stranger)).is_err());
}

#[test]
fn files_are_read_again_and_bad_ones_change_nothing() {
    let files = files(None);
    let tls = Arc::new(Tls::open(files.files.clone()).unwrap());
    let server = Server::with(settings(), Some(Arc::clone(&tls)));
    std::fs::write(&files.files.key, "no key").unwrap();
    assert_eq!(tls.reload().unwrap_err().code(), "tls.file");
    assert_eq!(ask(&server, &files.servers, None).unwrap(), "note.unknown");
    let fresh = authority("fresh");
    write_pair(&files.files, &fresh);
    tls.reload().unwrap();
    assert_eq!(ask(&server, &fresh, None).unwrap(), "note.unknown");
    assert!(ask(&server, &files.servers, None).is_err());
}

#[test]
fn a_hangup_reads_the_files_again() {
    let files = files(None);
    let server = Server::with(settings(), Some(Arc::new(Tls::open(files.files.clone()).unwrap())));
    // An answer shows that the server listens for the signal, which would otherwise end this process.
    assert_eq!(ask(&server, &files.servers, None).unwrap(), "note.unknown");
    let fresh = authority("fresh");
    write_pair(&files.files, &fresh);
    rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::HUP).unwrap();
    let begun = std::time::Instant::now();
    while ask(&server, &fresh, None).is_err() {
        assert!(begun.elapsed() < crate::server::PATIENCE);
    }
}

#[test]
fn files_that_do_not_belong_together_are_refused_with_their_names() {
    let files = files(None);
    let other = KeyPair::generate().unwrap().serialize_pem();
    std::fs::write(&files.files.key, other).unwrap();
    assert_eq!(Tls::open(files.files.clone()).unwrap_err().code(), "tls.pair");
    let missing = TlsFiles { certificate: Path::new("/nowhere.pem").to_owned(), ..files.files.clone() };
    assert!(Tls::open(missing).unwrap_err().to_string().contains("/nowhere.pem"));
    let empty = TlsFiles { clients: Some(ClientAuthority { file: files.files.key.clone(), required: true }), ..files.files.clone() };
    write_pair(&files.files, &files.servers);
    assert_eq!(Tls::open(empty).unwrap_err().code(), "tls.file");
}
