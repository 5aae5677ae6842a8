//! TLS with and without certificates of clients. The certificates were made by `certificates/make.py`.

use crate::notes::{GetNote, OneNote, TOKEN, table};
use crate::server::{Server, settings};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;
use tidegate_http::api::{CallError, Client, ClientAuthority, Identity, Options, Secret, Tls, TlsFiles, Trust};
use tidegate_terms::Message as _;

/// A file of `certificates/`.
fn made(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/api/certificates").join(name)
}

struct Files {
    _directory: TempDir,
    files: TlsFiles,
}

/// Puts a server's certificate in the place where it is read.
fn put(files: &TlsFiles, authority: &str) {
    std::fs::copy(made(&format!("server-of-{authority}.pem")), &files.certificate).expect("a test file");
    std::fs::copy(made(&format!("server-of-{authority}.key")), &files.key).expect("a test file");
}

fn files(clients_required: Option<bool>) -> Files {
    let directory = tempfile::tempdir().expect("a test file");
    let at = |name: &str| directory.path().join(name);
    let clients = clients_required.map(|required| ClientAuthority { file: made("clients.pem"), required });
    let files = TlsFiles { certificate: at("server.pem"), key: at("server.key"), clients };
    put(&files, "servers");
    Files { _directory: directory, files }
}

/// Asks a server under an authority that is trusted, with a client's certificate under another.
fn ask(server: &Server, trusted: &str, identity: Option<&str>) -> Result<String, CallError> {
    let read = |name: String| std::fs::read(made(&name)).expect("a test file");
    let of =
        |authority: &str| Identity { chain: read(format!("client-of-{authority}.pem")), key: read(format!("client-of-{authority}.key")) };
    let trust = Trust { authorities: Some(read(format!("{trusted}.pem"))), identity: identity.map(of) };
    let client = Client::new(&format!("https://{}", server.address), Arc::new(table()), &trust, 60)?;
    let client = client.with_token(Secret::new(TOKEN.into()));
    // There is no such note; that the backend says so shows that the call came through.
    match client.call::<GetNote>(&OneNote { note: 1 }, &Options::default()) {
        Err(CallError::Refused(problem)) => Ok(problem.code),
        Err(error) => Err(error),
        Ok(_) => Ok("found".into()),
    }
}

// clause: J1, J2 both
#[test]
fn a_client_checks_the_server() {
    let files = files(None);
    let server = Server::with(settings(), Some(Arc::new(Tls::open(files.files.clone()).unwrap())));
    assert_eq!(ask(&server, "servers", None).unwrap(), "note.unknown");
    assert_eq!(ask(&server, "clients", None).unwrap_err().code(), "client.failed");
    assert!(!server.raw("GET / HTTP/1.1\r\nhost: x\r\n\r\n").contains("HTTP/1.1"));
}

// clause: J1 both
#[test]
fn a_server_checks_clients_where_it_was_told_to() {
    let files = files(Some(true));
    let server = Server::with(settings(), Some(Arc::new(Tls::open(files.files.clone()).unwrap())));
    assert_eq!(ask(&server, "servers", Some("clients")).unwrap(), "note.unknown");
    assert!(ask(&server, "servers", Some("servers")).is_err());
    assert!(ask(&server, "servers", None).is_err());
}

#[test]
fn a_certificate_may_be_left_out_where_it_is_optional_but_not_be_a_strangers() {
    let files = files(Some(false));
    let server = Server::with(settings(), Some(Arc::new(Tls::open(files.files.clone()).unwrap())));
    assert_eq!(ask(&server, "servers", None).unwrap(), "note.unknown");
    assert!(ask(&server, "servers", Some("servers")).is_err());
}

#[test]
fn files_are_read_again_and_bad_ones_change_nothing() {
    let files = files(None);
    let tls = Arc::new(Tls::open(files.files.clone()).unwrap());
    let server = Server::with(settings(), Some(Arc::clone(&tls)));
    std::fs::write(&files.files.key, "no key").unwrap();
    assert_eq!(tls.reload().unwrap_err().code(), "tls.file");
    assert_eq!(ask(&server, "servers", None).unwrap(), "note.unknown");
    put(&files.files, "fresh");
    tls.reload().unwrap();
    assert_eq!(ask(&server, "fresh", None).unwrap(), "note.unknown");
    assert!(ask(&server, "servers", None).is_err());
}

#[test]
fn a_hangup_reads_the_files_again() {
    let files = files(None);
    let server = Server::with(settings(), Some(Arc::new(Tls::open(files.files.clone()).unwrap())));
    // An answer shows that the server listens for the signal, which would otherwise end this process.
    assert_eq!(ask(&server, "servers", None).unwrap(), "note.unknown");
    put(&files.files, "fresh");
    rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::HUP).unwrap();
    let begun = std::time::Instant::now();
    while ask(&server, "fresh", None).is_err() {
        assert!(begun.elapsed() < crate::server::PATIENCE);
    }
}

#[test]
fn files_that_do_not_belong_together_are_refused_with_their_names() {
    let files = files(None);
    std::fs::copy(made("server-of-fresh.key"), &files.files.key).unwrap();
    assert_eq!(Tls::open(files.files.clone()).unwrap_err().code(), "tls.pair");
    let missing = TlsFiles { certificate: Path::new("/nowhere.pem").to_owned(), ..files.files.clone() };
    assert!(Tls::open(missing).unwrap_err().to_string().contains("/nowhere.pem"));
    let empty = TlsFiles { clients: Some(ClientAuthority { file: files.files.key.clone(), required: true }), ..files.files.clone() };
    put(&files.files, "servers");
    assert_eq!(Tls::open(empty).unwrap_err().code(), "tls.file");
}
