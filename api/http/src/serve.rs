//! Listening: bounded connections, bounded patience, an end that lets answers out.
//!
//! Guarantee: at most [`CONNECTIONS_MAX`] connections at a time; one that neither sends nor takes a byte for
//! [`IDLE_SECONDS`] is closed, and so is every one after [`LIFE_SECONDS`], so that slow senders hold nothing for long.

use axum::Router;
use axum::serve::Listener;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tidegate_terms::messages;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep};

const CONNECTIONS_MAX: usize = 256;
const IDLE_SECONDS: u64 = 15;
const LIFE_SECONDS: u64 = 120;
/// How long open answers may take once the server was told to stop.
const GRACE_SECONDS: u64 = 5;

messages! {
    /// Why nothing listens.
    pub enum ListenError {
        Address { address: String, detail: String } = "listen.address" {
            en: "cannot listen on `{address}`: {detail}; name a free address such as 127.0.0.1:8080",
            zh: "无法监听“{address}”：{detail}；请指定空闲地址，例如 127.0.0.1:8080",
        },
        Ended { detail: String } = "listen.ended" {
            en: "the server ended: {detail}; start it again",
            zh: "服务已终止：{detail}；请重新启动",
        },
    }
}

/// A socket that is bound, before anything else: what follows can give up the right to bind.
#[derive(Debug)]
pub struct Bound {
    listener: std::net::TcpListener,
    /// Where.
    pub address: SocketAddr,
}

impl Bound {
    /// Binds an address; port 0 takes a free one. It needs no runtime, so a process can raise its walls between binding and
    /// the start of other threads.
    pub fn on(address: &str) -> Result<Self, ListenError> {
        let failed = |error: io::Error| ListenError::Address { address: address.to_owned(), detail: error.to_string() };
        let listener = std::net::TcpListener::bind(address).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, address })
    }

    /// Listens, within a runtime.
    pub fn listen(self) -> Result<Listening, ListenError> {
        let Self { listener, address } = self;
        let failed = |error: io::Error| ListenError::Address { address: address.to_string(), detail: error.to_string() };
        let listener = TcpListener::from_std(listener).map_err(failed)?;
        Ok(Listening { listener, address, open: Arc::new(Semaphore::new(CONNECTIONS_MAX)) })
    }
}

/// A socket that listens.
#[derive(Debug)]
pub struct Listening {
    pub(crate) listener: TcpListener,
    /// Where.
    pub address: SocketAddr,
    open: Arc<Semaphore>,
}

impl Listening {
    /// Serves until `stop` comes true; then open answers have a few seconds.
    pub(crate) async fn serve(self, app: Router, stop: impl Future<Output = ()> + Send + 'static) -> Result<(), ListenError> {
        let (said, heard) = tokio::sync::oneshot::channel();
        let told = async move {
            stop.await;
            let _ = said.send(());
        };
        let late = async move {
            match heard.await {
                Ok(()) => tokio::time::sleep(Duration::from_secs(GRACE_SECONDS)).await,
                Err(_) => std::future::pending().await,
            }
        };
        tokio::select! {
            ended = axum::serve(self, app).with_graceful_shutdown(told).into_future() => {
                ended.map_err(|error| ListenError::Ended { detail: error.to_string() })
            }
            () = late => Ok(()),
        }
    }
}

/// Comes true when the process is told to stop (SIGTERM or Ctrl-C).
pub async fn until_stopped() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! { _ = tokio::signal::ctrl_c() => {}, _ = terminate.recv() => {} }
        }
        Err(_) => drop(tokio::signal::ctrl_c().await),
    }
}

impl Listener for Listening {
    type Io = Patient;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Patient, SocketAddr) {
        loop {
            let Ok(permit) = Arc::clone(&self.open).acquire_owned().await else { std::future::pending().await };
            match self.listener.accept().await {
                Ok((stream, address)) => return (Patient::new(stream, permit), address),
                // Too many open files, say: that passes.
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

/// A connection with bounded patience.
#[derive(Debug)]
pub struct Patient {
    stream: TcpStream,
    end: Instant,
    alarm: Pin<Box<Sleep>>,
    _permit: OwnedSemaphorePermit,
}

impl Patient {
    fn new(stream: TcpStream, permit: OwnedSemaphorePermit) -> Self {
        let end = Instant::now() + Duration::from_secs(LIFE_SECONDS);
        let alarm = Box::pin(tokio::time::sleep(Duration::from_secs(IDLE_SECONDS)));
        Self { stream, end, alarm, _permit: permit }
    }

    fn moved(&mut self) {
        let next = Instant::now() + Duration::from_secs(IDLE_SECONDS);
        self.alarm.as_mut().reset(next.min(self.end));
    }

    /// Pending as long as there is patience.
    fn wait<T>(&mut self, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        ready!(self.alarm.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    fn polled<T>(&mut self, context: &mut Context<'_>, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        match polled {
            Poll::Pending => self.wait(context),
            done => {
                self.moved();
                done
            }
        }
    }
}

impl AsyncRead for Patient {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.polled(context, polled)
    }
}

impl AsyncWrite for Patient {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.polled(context, polled)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(context);
        self.polled(context, polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_shutdown(context);
        self.polled(context, polled)
    }
}
