//! The other processes of a domain; the same program under a hidden command.

use crate::args::Child;
use crate::front::CliError;
use std::io::{BufReader, BufWriter, stdin, stdout};
use std::path::PathBuf;
use std::sync::Arc;
use tidegate_governance::{Office, is_governed};
use tidegate_http::api::{Answer, Backend, Call};
use tidegate_http::pipe::{OfficeBounds, Unserved, serve_pipe};
use tidegate_service::Domain;
use tidegate_service::children::{Programs, serve_compile, serve_ingest, serve_walls};
use tidegate_service::{Posted, serve_calibrate, serve_courier, serve_keeper};
use tidegate_terms::Spoken;
use tidegate_walls::{Attempt, ServerNeeds};

/// Serves as one of the processes of a domain.
pub(crate) fn serve(child: Child) -> Result<(), CliError> {
    // Before anything is opened: what a parent left open for its children is none of theirs.
    tidegate_walls::close_inherited();
    let (from, to) = (BufReader::new(stdin()), BufWriter::new(stdout()));
    match child {
        Child::Keeper => keeper(from, to),
        Child::Office => office(),
        Child::Found => crate::commands::govern::serve(from, to),
        Child::Ingest => Ok(serve_ingest(from, to)?),
        Child::Compile => Ok(serve_compile(from, to)?),
        Child::Conclude => Ok(tidegate_engine::serve_conclude(from, to)?),
        Child::DryRun => Ok(tidegate_engine::serve_dry_run(from, to)?),
        Child::Worker => Ok(tidegate_engine::serve(from, to, |_| {})?),
        Child::Walls => Ok(serve_walls(to)?),
        Child::Calibrate => Ok(serve_calibrate(to)?),
        Child::Attempt { name } => attempt(&name),
        Child::Load => {
            tidegate_engine::serve_load();
            Ok(())
        }
        Child::Inside => Ok(tidegate_engine::write_frame(&mut { to }, &tidegate_walls::inherited(), &[])?),
        Child::ServerWalls => {
            let walls = tidegate_walls::raise_server(&ServerNeeds { data_bytes: 1 << 30, ..ServerNeeds::default() });
            Ok(tidegate_engine::write_frame(&mut { to }, &walls, &[])?)
        }
        Child::ServerAttempt { name, directory } => server_attempt(&name, &directory),
        Child::Noise => Ok(tidegate_gate::serve_noise(from, to)?),
        Child::Courier => Ok(serve_courier(from, to, courier)?),
        Child::Polars => crate::commands::bench::serve_polars(),
    }
}

/// Carries one request to a witness.
fn courier(url: &str, body: &[u8], seconds: u64, bytes_max: u64) -> Result<Posted, Spoken> {
    let answer = tidegate_http::post(url, body, seconds, bytes_max).map_err(|error| Spoken::of(&error))?;
    Ok(Posted { status: answer.status, content_type: answer.content_type, body: answer.body })
}

/// Tries to get through the walls; the exit code says whether it did.
fn attempt(name: &str) -> Result<(), CliError> {
    let attempt = tidegate_walls::Attempt::of_name(name);
    tidegate_walls::raise(1 << 30);
    let through = attempt.is_some_and(tidegate_walls::attempt);
    std::process::exit(if through { THROUGH } else { 0 })
}

/// The same behind the walls of a server of a directory; what is no attempt by name is a file to read.
fn server_attempt(name: &str, directory: &std::path::Path) -> Result<(), CliError> {
    tidegate_walls::raise_server(&ServerNeeds { reads: &[directory], data_bytes: 1 << 30, ..ServerNeeds::default() });
    let through = match Attempt::of_name(name) {
        Some(attempt) => tidegate_walls::attempt(attempt),
        None => std::fs::read(name).is_ok(),
    };
    std::process::exit(if through { THROUGH } else { 0 })
}

/// The exit code of an attempt that got through.
pub(crate) const THROUGH: i32 = 42;

/// The keeper of a server: it lives as long as its front, and answers many calls at a time.
fn office() -> Result<(), CliError> {
    tidegate_walls::give_up_privileges();
    let failed = |error: std::io::Error| CliError::NoKeeper { detail: error.to_string() };
    let programs = Programs::own().map_err(failed)?;
    let directory = std::env::var_os("TIDEGATE_DOMAIN").map(PathBuf::from).unwrap_or_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().map_err(failed)?;
    let served = runtime.block_on(async {
        // Who wants to stop a server tells the front; the keeper ends when its pipe does, whatever else it is told.
        tokio::spawn(async {
            loop {
                tidegate_http::until_stopped().await;
            }
        });
        match open_office(&directory, programs).await {
            Ok(office) => {
                tokio::spawn(notice_daily(Arc::clone(&office)));
                serve_pipe(Arc::new(Behind(office)), OfficeBounds::default(), stdin(), stdout()).await
            }
            Err(why) => {
                Unserved::on(stdout()).because(why);
                Ok(())
            }
        }
    });
    // What is still under way ends with the process, as it would with the machine; it is continued at the next start.
    std::process::exit(i32::from(served.is_err()))
}

async fn open_office(directory: &std::path::Path, programs: Programs) -> Result<Arc<Office>, Spoken> {
    let domain = Domain::open(directory, programs).await.map_err(|error| Spoken::of(&error))?;
    if !is_governed(&domain).await.map_err(|refused| refused.spoken())? {
        return Err(Spoken::of(&CliError::NotGoverned { path: directory.display().to_string() }));
    }
    Office::open(Arc::new(domain)).await.map(Arc::new).map_err(|error| Spoken::of(&error))
}

/// Looks at the use of all grants when the office opens and once a day (rule F9).
async fn notice_daily(office: Arc<Office>) {
    loop {
        if let Err(error) = office.notice().await {
            office.domain().note(&format!("the use of grants was not looked at: {error}"));
        }
        tokio::time::sleep(std::time::Duration::from_secs(86_400)).await;
    }
}

/// An office as the pipe sees it.
struct Behind(Arc<Office>);

impl Backend for Behind {
    async fn call(&self, call: Call) -> Answer {
        self.0.answer(call).await
    }

    async fn ready(&self) -> bool {
        true
    }
}

fn keeper(from: impl std::io::Read + Send, to: impl std::io::Write + Send) -> Result<(), CliError> {
    tidegate_walls::give_up_privileges();
    let failed = |error: std::io::Error| CliError::NoKeeper { detail: error.to_string() };
    let programs = Programs::own().map_err(failed)?;
    let directory = std::env::var_os("TIDEGATE_DOMAIN").map(PathBuf::from).unwrap_or_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(failed)?;
    Ok(runtime.block_on(serve_keeper(directory, programs, from, to))?)
}
