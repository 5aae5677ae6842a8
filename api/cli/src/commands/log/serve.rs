//! `tidegate log serve`, and what all servers have in common: bind, raise the walls, say so, start threads.

use crate::front::CliError;
use crate::output::Output;
use std::io::Write as _;
use std::path::Path;
use tidegate_http::{Bound, ListenError, serve_log, until_stopped};
use tidegate_walls::{ServerNeeds, Standing, raise_server};
use tokio::runtime::{Builder, Runtime};

/// Most writable memory of a server: as many answers as it may have under way, each as long as a file may be.
pub(crate) const SERVER_BYTES: u64 = 8 << 30;

/// Serves a published log until it is told to stop.
pub(super) fn run(directory: &Path, listen: &str, output: Output) -> Result<(), CliError> {
    if !directory.join("checkpoint").is_file() {
        let none = std::io::Error::other(
            output.pick("no file `checkpoint` there: name the log's directory", "其中没有文件“checkpoint”：请指定日志目录"),
        );
        return Err(CliError::file(directory, &none));
    }
    // A log may be served through a link; walls are raised around where it leads.
    let directory = std::fs::canonicalize(directory).map_err(|error| CliError::file(directory, &error))?;
    let bound = Bound::on(listen)?;
    let walls = raise_server(&ServerNeeds { reads: &[&directory], data_bytes: SERVER_BYTES, ..ServerNeeds::default() });
    announce("http", &bound, &walls, output);
    runtime()?.block_on(async { Ok(serve_log(bound.listen()?, &directory, until_stopped()).await?) })
}

/// The walls of a witness: it reads and writes its own directory.
pub(crate) fn raise_around_witness(directory: &Path) -> Vec<Standing> {
    raise_server(&ServerNeeds { writes: &[directory], data_bytes: SERVER_BYTES, ..ServerNeeds::default() })
}

/// The threads of a server.
pub(crate) fn runtime() -> Result<Runtime, CliError> {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build();
    Ok(runtime.map_err(|error| ListenError::Ended { detail: error.to_string() })?)
}

/// Says where a server listens and behind which walls, at once: scripts wait for this line.
pub(crate) fn announce(scheme: &str, bound: &Bound, walls: &[Standing], output: Output) {
    let address = format!("{scheme}://{}", bound.address);
    let name = |standing: &Standing| serde_json::json!(standing.wall);
    let standing: Vec<_> = walls.iter().filter(|standing| standing.stands).map(name).collect();
    let missing: Vec<_> = walls.iter().filter(|standing| !standing.stands).collect();
    let reasons: Vec<_> = missing.iter().map(|standing| format!("{:?}: {}", standing.wall, standing.detail)).collect();
    let view = serde_json::json!({ "listening": address, "walls": standing, "walls_missing": reasons });
    output.show(&view, |_| {
        println!("{} {address}", output.pick("Listening on", "正在监听"));
        for reason in &reasons {
            println!("{} {reason}", output.pick("A wall that does not stand here:", "本机未能建立的防护墙："));
        }
    });
    let _ = std::io::stdout().flush();
}
