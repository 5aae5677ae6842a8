//! Connections: how many, how long, how slow, and how they end.
//!
//! Guarantee: connections are bounded in all and for one address; a head, a TLS handshake and a reader that takes
//! nothing have their time; when the server is told to stop, nobody new is let in, what runs has `grace` to end, event
//! streams end at once, and then everything is cut. HTTP/1.1 alone (decision 0035).

use super::call::Backend;
use super::handle::{Peer, Shared, router};
use super::settings::Settings;
use super::table::Table;
use super::tls::{self, Tls};
use crate::serve::{ListenError, Listening};
use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Sleep;

const HEADERS_MAX: usize = 64;
const HEAD_BYTES_MAX: usize = 32 << 10;

/// Serves a table's operations until `stop` comes true. At a hang-up signal (SIGHUP) the files of TLS are read again.
pub async fn serve<B: Backend>(
    listening: Listening,
    tls: Option<Arc<Tls>>,
    settings: Settings,
    table: Table,
    backend: B,
    stop: impl Future<Output = ()> + Send,
) -> Result<(), ListenError> {
    let (close, closing) = watch::channel(false);
    let grace = settings.grace;
    let shared = Arc::new(Shared::new(table, settings, backend, closing.clone(), tls.is_some()));
    let server = Server { router: router(&shared), shared, tls, closing, addresses: Arc::default() };
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    let mut hangup = server.tls.as_ref().and_then(|_| signal(SignalKind::hangup()).ok());
    loop {
        let hung_up = async {
            match &mut hangup {
                Some(hangup) => drop(hangup.recv().await),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = &mut stop => break,
            () = hung_up => server.reload(),
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = listening.listener.accept() => match accepted {
                Ok((stream, address)) => server.admit(stream, address.ip(), &mut connections),
                // Too many open files, say: that passes.
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            },
        }
    }
    drop(listening);
    let _ = close.send(true);
    let ended = async {
        while connections.join_next().await.is_some() {}
        // Calls whose callers have gone.
        let _ = server.shared.work.acquire_many(server.shared.work_max).await;
    };
    let _ = tokio::time::timeout(grace, ended).await;
    connections.abort_all();
    Ok(())
}

struct Server<B> {
    shared: Arc<Shared<B>>,
    router: Router,
    tls: Option<Arc<Tls>>,
    closing: watch::Receiver<bool>,
    addresses: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// The place of one connection.
struct Place<B> {
    shared: Arc<Shared<B>>,
    addresses: Arc<Mutex<HashMap<IpAddr, usize>>>,
    address: IpAddr,
}

impl<B> Drop for Place<B> {
    fn drop(&mut self) {
        self.shared.metrics.connections.fetch_sub(1, Relaxed);
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = addresses.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                addresses.remove(&self.address);
            }
        }
    }
}

impl<B: Backend> Server<B> {
    /// Reads the files of TLS again; bad ones change nothing.
    fn reload(&self) {
        match self.tls.as_ref().map(|tls| tls.reload()) {
            Some(Err(error)) => tracing::error!(%error, "certificates were not read again"),
            Some(Ok(())) => tracing::info!("certificates were read again"),
            None => {}
        }
    }

    /// Takes a connection in, or closes it at once where there is no place.
    fn admit(&self, stream: TcpStream, address: IpAddr, connections: &mut JoinSet<()>) {
        let settings = &self.shared.settings;
        let place = {
            let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
            let count = addresses.get(&address).copied().unwrap_or(0);
            if count >= settings.connections_of_address_max || connections.len() >= settings.connections_max {
                self.shared.metrics.connections_refused.fetch_add(1, Relaxed);
                return;
            }
            addresses.insert(address, count + 1);
            self.shared.metrics.connections.fetch_add(1, Relaxed);
            Place { shared: Arc::clone(&self.shared), addresses: Arc::clone(&self.addresses), address }
        };
        // Small answers go out at once.
        let _ = stream.set_nodelay(true);
        let acceptor = self.tls.as_ref().map(|tls| tls.acceptor());
        let (router, closing) = (self.router.clone(), self.closing.clone());
        connections.spawn(async move {
            let settings = &place.shared.settings;
            let stream = Patient::new(stream, settings.stall);
            match acceptor {
                None => converse(stream, Peer { address, certificate: None }, router, closing, settings).await,
                Some(acceptor) => {
                    let Ok(Ok(stream)) = tokio::time::timeout(settings.head, acceptor.accept(stream)).await else { return };
                    let certificate = tls::fingerprint(stream.get_ref().1);
                    converse(stream, Peer { address, certificate }, router, closing, settings).await;
                }
            }
        });
    }
}

/// Answers the requests of one connection.
async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: Peer,
    router: Router,
    mut closing: watch::Receiver<bool>,
    settings: &Settings,
) {
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(peer.clone());
        let mut router = router.clone();
        async move { tower_service::Service::call(&mut router, request.map(Body::new)).await }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(settings.head).max_headers(HEADERS_MAX).max_buf_size(HEAD_BYTES_MAX);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let told = tokio::select! {
        _ = connection.as_mut() => return,
        told = closing.wait_for(|closing| *closing) => told.is_ok(),
        () = tokio::time::sleep(settings.life) => false,
    };
    connection.as_mut().graceful_shutdown();
    // Told to stop, `serve` sets the bound; at the end of its life, a connection has as long as one answer may take.
    let rest = if told { Duration::from_secs(u32::MAX.into()) } else { settings.answer + settings.body + settings.stall };
    let _ = tokio::time::timeout(rest, connection).await;
}

/// A stream whose reader must take something from time to time.
struct Patient {
    stream: TcpStream,
    stall: Duration,
    alarm: Option<Pin<Box<Sleep>>>,
}

impl Patient {
    fn new(stream: TcpStream, stall: Duration) -> Self {
        Self { stream, stall, alarm: None }
    }

    fn polled<T>(&mut self, context: &mut Context<'_>, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.alarm = None;
            return polled;
        }
        let stall = self.stall;
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep(stall)));
        alarm.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Patient {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Patient {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.polled(context, polled)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A TCP stream has nothing to flush; this must not reset the alarm of a write that waits.
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_shutdown(context);
        self.polled(context, polled)
    }
}
