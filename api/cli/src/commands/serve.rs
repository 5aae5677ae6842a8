//! `tidegate serve`: the front. It speaks HTTP, has no data and no keys, and asks the keeper over a private pipe.
//!
//! The order is what matters: read the files of TLS, bind, start the keeper, and only then raise the walls, behind which
//! no file can be opened, no address bound and no program started. Threads start after that. A keeper that ends makes the
//! front say 503 to everybody and end: whoever supervises it starts both again.

use crate::args::ServeArguments;
use crate::commands::log::{SERVER_BYTES, announce, runtime};
use crate::front::CliError;
use crate::output::Output;
use std::net::IpAddr;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout};
use std::sync::Arc;
use tidegate_http::api::{ClientAuthority, Rate, Settings, Tls, TlsFiles, serve};
use tidegate_http::pipe::{Lost, Piped};
use tidegate_http::{Bound, until_stopped};
use tidegate_service::children::Programs;
use tidegate_walls::{ServerNeeds, raise_server};

/// Connections at a time; the walls leave a server so many descriptors and a few more.
const CONNECTIONS_MAX: usize = 900;

/// Serves until it is told to stop or the keeper ends.
pub(crate) fn run(domain: &Path, arguments: &ServeArguments, output: Output) -> Result<(), CliError> {
    let files = tls_files(arguments)?;
    let tls = files.clone().map(Tls::open).transpose()?.map(Arc::new);
    let bound = Bound::on(&arguments.listen)?;
    if tls.is_none() && !bound.address.ip().is_loopback() {
        return Err(CliError::PlainHttp { address: bound.address.to_string() });
    }
    let table = tidegate_governance::table()?;
    let settings = settings(arguments, bound.address.ip());
    let office = Office::start(domain)?;
    let read: Vec<PathBuf> = files.into_iter().flat_map(paths).collect();
    let reads: Vec<&Path> = read.iter().map(PathBuf::as_path).collect();
    let walls = raise_server(&ServerNeeds { reads: &reads, data_bytes: SERVER_BYTES, ..ServerNeeds::default() });
    let Office { mut process, to, from } = office;
    let runtime = runtime()?;
    let ended = runtime.block_on(async {
        let keeper = Piped::over(from, to);
        keeper.opened().await.map_err(told)?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        announce(scheme, &bound, &walls, output);
        let gone = keeper.clone();
        let stop = async move {
            tokio::select! {
                () = until_stopped() => {}
                lost = gone.lost() => drop(lost),
            }
        };
        let lost = keeper.clone();
        serve(bound.listen()?, tls, settings, table, keeper, stop).await?;
        match lost.is_lost() {
            None => Ok(()),
            Some(lost) => Err(told(lost)),
        }
    });
    // With the last of them the pipe closes, and the keeper brings what is under way to its end.
    drop(runtime);
    let _ = process.wait();
    ended
}

fn told(lost: Lost) -> CliError {
    match lost {
        Lost::Unable(why) => why.into(),
        Lost::Broken(error) => CliError::KeeperDied { detail: error.to_string() },
    }
}

fn tls_files(arguments: &ServeArguments) -> Result<Option<TlsFiles>, CliError> {
    // The server reads them again at a signal, from wherever it then stands.
    let absolute = |path: &PathBuf| std::path::absolute(path).map_err(|error| CliError::file(path, &error));
    let (Some(certificate), Some(key)) = (&arguments.tls_certificate, &arguments.tls_key) else { return Ok(None) };
    let clients = match &arguments.client_authority {
        Some(file) => Some(ClientAuthority { file: absolute(file)?, required: arguments.client_needed }),
        None => None,
    };
    Ok(Some(TlsFiles { certificate: absolute(certificate)?, key: absolute(key)?, clients }))
}

fn paths(files: TlsFiles) -> Vec<PathBuf> {
    let authority = files.clients.map(|clients| clients.file);
    [files.certificate, files.key].into_iter().chain(authority).collect()
}

/// Bounds of this server, and the names under which it answers: those that were named, and on this machine its own.
fn settings(arguments: &ServeArguments, address: IpAddr) -> Settings {
    let own = |address: IpAddr| if address.is_ipv6() { format!("[{address}]") } else { address.to_string() };
    let mut hosts = arguments.hosts.clone();
    if address.is_loopback() {
        hosts.extend(["localhost".to_owned(), "127.0.0.1".to_owned(), "[::1]".to_owned(), own(address)]);
    } else if hosts.is_empty() && !address.is_unspecified() {
        hosts.push(own(address));
    }
    let mut settings = Settings { hosts, connections_max: CONNECTIONS_MAX, ..Settings::default() };
    if let Some(per_minute) = arguments.rate {
        let rate = Rate { burst: (per_minute / 15).max(1), per_minute };
        settings.address_rate = rate;
        settings.credential_rate = rate;
    }
    settings
}

/// The keeper process of a server, with its pipe.
struct Office {
    process: Child,
    to: ChildStdin,
    from: ChildStdout,
}

impl Office {
    /// Starts it in a process group of its own: a Ctrl-C in the terminal is for the front, and the keeper ends in order.
    fn start(domain: &Path) -> Result<Self, CliError> {
        let failed = |error: std::io::Error| CliError::NoKeeper { detail: error.to_string() };
        let domain = std::path::absolute(domain).map_err(failed)?;
        let mut command = Programs::own().map_err(failed)?.child("office");
        let mut process = command.env("TIDEGATE_DOMAIN", domain).process_group(0).spawn().map_err(failed)?;
        match (process.stdin.take(), process.stdout.take()) {
            (Some(to), Some(from)) => Ok(Self { process, to, from }),
            _ => Err(CliError::NoKeeper { detail: "no pipes".into() }),
        }
    }
}
