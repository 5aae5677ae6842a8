//! `tidegate log serve`.

use crate::front::CliError;
use crate::output::Output;
use std::io::Write as _;
use std::path::Path;
use tidegate_http::{ListenError, Listening, serve_log, until_stopped};
use tokio::runtime::{Builder, Runtime};

/// Serves a published log until it is told to stop.
pub(super) fn run(directory: &Path, listen: &str, output: Output) -> Result<(), CliError> {
    if !directory.join("checkpoint").is_file() {
        let none = std::io::Error::other(
            output.pick("no file `checkpoint` there: name the log's directory", "其中没有文件“checkpoint”：请指定日志目录"),
        );
        return Err(CliError::file(directory, &none));
    }
    runtime()?.block_on(async {
        let listening = Listening::on(listen).await?;
        announce(&listening, output);
        Ok(serve_log(listening, directory, until_stopped()).await?)
    })
}

/// The threads of a server.
pub(crate) fn runtime() -> Result<Runtime, CliError> {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build();
    Ok(runtime.map_err(|error| ListenError::Ended { detail: error.to_string() })?)
}

/// Says where a server listens, at once: scripts wait for this line.
pub(crate) fn announce(listening: &Listening, output: Output) {
    let address = format!("http://{}", listening.address);
    output.show(&serde_json::json!({ "listening": address }), |_| println!("{} {address}", output.pick("Listening on", "正在监听")));
    let _ = std::io::stdout().flush();
}
