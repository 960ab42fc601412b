//! A port: connections are taken, told apart by their first byte, and served until the listener is told to stop.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::auth::Guard;
use super::http::{self, Site};
use super::{Doors, hello};
use crate::error::ErrorKind;
use crate::jsonrpc;
use crate::tls;
use crate::transport::Transport;

/// Connections at once; who comes then waits in the system's queue.
const CONNECTIONS: usize = 16 * 1024;
/// How long a connection may take to say who it is.
const GREETING: Duration = Duration::from_secs(5);
/// Bytes that are thrown away of what is not listened to.
const UNHEARD: u64 = 64 * 1024;
/// How long nothing is accepted when the system has no more files to give.
const EXHAUSTED: Duration = Duration::from_millis(100);
/// How long connections may take to end in order.
const DRAIN: Duration = Duration::from_secs(5);

/// Why nobody can be listened to.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    #[error("port {} of {} is taken: choose another with --port, or 0 for any", .0.port(), .0.ip())]
    Taken(SocketAddr),
    #[error("cannot listen on {address}: {source}")]
    Unavailable { address: SocketAddr, source: io::Error },
}

impl ListenError {
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Taken(_) => ErrorKind::Conflict,
            Self::Unavailable { .. } => ErrorKind::Unavailable,
        }
    }
}

/// A bound port.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    tls: Option<tls::Acceptor>,
}

impl Listener {
    /// Binds exactly that address. Port 0 is any that is free.
    pub async fn bind(address: SocketAddr) -> Result<Self, ListenError> {
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::AddrInUse => ListenError::Taken(address),
            _ => ListenError::Unavailable { address, source },
        };
        let socket = TcpListener::bind(address).await.map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        Ok(Self { socket, address, tls: None })
    }

    /// The same, for whoever speaks TLS and for nobody else.
    pub fn encrypted(self, tls: tls::Acceptor) -> Self {
        Self { tls: Some(tls), ..self }
    }

    /// Where it listens, with the port that was found.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves everyone who comes until `stop`, then lets them end in order.
    pub async fn serve(self, doors: Arc<Doors>, guard: Arc<Guard>, max_line: usize, stop: CancellationToken) {
        let (tracker, room) = (TaskTracker::new(), Arc::new(Semaphore::new(CONNECTIONS)));
        let streams = Arc::default();
        let site = Site { doors, guard, max_line, stop: stop.clone(), sockets: tracker.clone(), streams };
        let router = http::router(site.clone());
        let accepting = async {
            loop {
                // Never closed: it lives here.
                let Ok(place) = Arc::clone(&room).acquire_owned().await else { return };
                match self.socket.accept().await {
                    Ok((stream, _)) => {
                        let (site, router, tls) = (site.clone(), router.clone(), self.tls.clone());
                        tracker.spawn(async move {
                            if let Err(e) = greet(stream, site, router, tls).await {
                                tracing::debug!(error = %e, "a connection broke off");
                            }
                            drop(place);
                        });
                    }
                    Err(e) if is_of_one(&e) => {}
                    Err(e) => {
                        tracing::warn!(error = %e, "the system gives no connection");
                        sleep(EXHAUSTED).await;
                    }
                }
            }
        };
        stop.run_until_cancelled(accepting).await;
        drop(self.socket);
        tracker.close();
        if timeout(DRAIN, tracker.wait()).await.is_err() {
            tracing::warn!(open = tracker.len(), "connections did not end in time");
        }
    }
}

/// Whether it is that connection's fault alone.
fn is_of_one(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

/// What a connection speaks, told by its first byte.
enum Speech {
    Tls,
    Http,
    Lines,
}

impl Speech {
    /// A verb of HTTP begins with a letter, a line of JSON with a brace or a mark before it; everything else is nobody.
    fn of(first: u8) -> Option<Self> {
        match first {
            tls::FIRST_BYTE => Some(Self::Tls),
            b'{' | jsonrpc::MARK => Some(Self::Lines),
            _ if first.is_ascii_uppercase() => Some(Self::Http),
            _ => None,
        }
    }
}

async fn greet(stream: TcpStream, site: Site, router: Router, tls: Option<tls::Acceptor>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let own = stream.local_addr()?;
    let mut first = [0];
    let read = async { Ok((stream.peek(&mut first).await? > 0).then_some(first[0])) };
    let speech = in_time(&site, read).await?.and_then(Speech::of);
    match (tls, speech) {
        (None, Some(Speech::Http)) => http::serve(stream, own, router, &site.stop).await,
        (None, Some(Speech::Lines)) => {
            let (reader, writer) = stream.into_split();
            talk(Transport::lines(reader, writer, site.max_line), site).await
        }
        (Some(tls), Some(Speech::Tls)) => {
            let stream = in_time(&site, async { tls.accept(stream).await.map(Some) }).await?;
            let Some(mut stream) = stream else { return Ok(()) };
            let read = async { Ok(stream.fill_buf().await?.first().copied()) };
            match in_time(&site, read).await?.and_then(Speech::of) {
                Some(Speech::Http) => http::serve(stream, own, router, &site.stop).await,
                Some(Speech::Lines) => {
                    let (reader, writer) = tokio::io::split(stream);
                    talk(Transport::lines(reader, writer, site.max_line), site).await
                }
                Some(Speech::Tls) | None => stream.shutdown().await,
            }
        }
        (Some(_), Some(speech)) => plaintext(stream, &speech).await,
        (None, Some(Speech::Tls)) | (_, None) => Ok(()),
    }
}

/// What comes of it; `None` when it takes too long to say who one is, or the listener is told to stop.
async fn in_time<T>(
    site: &Site,
    greeting: impl Future<Output = io::Result<Option<T>>>,
) -> io::Result<Option<T>> {
    match site.stop.run_until_cancelled(timeout(GREETING, greeting)).await {
        Some(Ok(came)) => came,
        Some(Err(_)) | None => Ok(None),
    }
}

/// Lines, from the first on.
async fn talk(transport: Transport, site: Site) -> io::Result<()> {
    let admitted = timeout(GREETING, hello::admit(transport, &site.guard)).await;
    match admitted {
        Ok(Ok(Some(greeted))) => site.doors.welcome(greeted, site.stop.clone()).await,
        Ok(refused) => refused.map(drop),
        Err(_) => Ok(()),
    }
}

/// Says what to do to somebody whom everybody could listen to. What he has to say is thrown away, unread.
async fn plaintext(mut stream: TcpStream, speech: &Speech) -> io::Result<()> {
    let answer = match speech {
        Speech::Http => {
            "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n\
             this port speaks TLS: use https:// or wss://\n"
        }
        Speech::Lines | Speech::Tls => {
            "{\"type\":\"error\",\"id\":null,\"error\":{\"code\":\"INVALID_REQUEST\",\"message\":\
             \"this port speaks TLS: use tls://\"}}\n"
        }
    };
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await?;
    // A connection that is closed with something in it takes the answer with it.
    let (mut rest, mut nowhere) = (stream.take(UNHEARD), tokio::io::sink());
    let said = tokio::io::copy(&mut rest, &mut nowhere);
    timeout(GREETING, said).await.map_or(Ok(()), |said| said.map(drop))
}
