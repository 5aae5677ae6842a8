//! A server that says `{}` to everything: what the HTTP library and the machine cost alone.

use super::super::failed;
use super::load::Times;
use crate::front::CliError;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tidegate_http::api::{Client, Options, Trust};

/// Asks a bare server for a while, with as many clients; returns how long each answer took, in microseconds.
pub(super) fn measure(clients: usize, time: Duration) -> Result<Times, CliError> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(failed)?;
    let app = axum::Router::new().fallback(|| async { ([("content-type", "application/json")], "{}") });
    runtime.spawn(async move {
        let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
        drop(axum::serve(listener, app).await);
    });
    let table = Arc::new(tidegate_governance::table()?);
    let end = Instant::now() + time;
    let url = format!("http://{address}");
    let threads: Vec<_> = (0..clients)
        .map(|_| {
            let (url, table) = (url.clone(), Arc::clone(&table));
            std::thread::spawn(move || {
                let mut times = Times::new();
                let Ok(client) = Client::new(&url, table, &Trust::default(), 60) else { return times };
                while Instant::now() < end {
                    let begun = Instant::now();
                    if client.call_by_name("domain.status", &serde_json::json!({}), &Options::default()).is_ok() {
                        times.push(u32::try_from(begun.elapsed().as_micros()).unwrap_or(u32::MAX));
                    }
                }
                times
            })
        })
        .collect();
    let times = threads.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect();
    runtime.shutdown_background();
    Ok(times)
}
