//! A port: connections are taken, told apart by their first byte, and served until the listener is told to stop.

use std::io;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use futures_util::future::Abortable;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::auth::Guard;
use super::crowd::{Crowd, Seat};
use super::exhaustion::Exhaustion;
use super::farewell::Farewell;
use super::http::{self, Own, Site};
use super::turned_away::{Why, turn_away};
use super::{Doors, hello, pulse};
use crate::error::ErrorKind;
use crate::jsonrpc;
use crate::tls;
use crate::transport::Transport;

/// How long a connection may take to say who it is.
const GREETING: Duration = Duration::from_secs(5);
/// How long connections may take to end in order: what is asked may be answered, and the end be told.
const DRAIN: Duration = Duration::from_secs(7);

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
    crowd: Arc<Crowd>,
}

impl Listener {
    /// Clients at once, unless somebody wants it otherwise.
    pub const CLIENTS: NonZeroUsize = NonZeroUsize::new(16 * 1024).expect("it is not zero");

    /// Binds exactly that address. Port 0 is any that is free.
    pub async fn bind(address: SocketAddr) -> Result<Self, ListenError> {
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::AddrInUse => ListenError::Taken(address),
            _ => ListenError::Unavailable { address, source },
        };
        let socket = TcpListener::bind(address).await.map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        if let Err(error) = pulse::feel(&socket) {
            tracing::warn!(%error, "who is gone without a word will not be noticed");
        }
        let crowd = Arc::new(Crowd::new(Self::CLIENTS, None));
        Ok(Self { socket, address, tls: None, crowd })
    }

    /// The same for so many clients at once, and fewer where only so many files may be open. Who comes then is told to
    /// come back later.
    pub fn holding(self, clients: NonZeroUsize, files: Option<u64>) -> Self {
        Self { crowd: Arc::new(Crowd::new(clients, files)), ..self }
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
        let (tracker, streams) = (TaskTracker::new(), Arc::default());
        let site = Site { doors, guard, max_line, stop: stop.clone(), sockets: tracker.clone(), streams };
        let router = http::router(site.clone());
        let accepting = async {
            let mut exhaustion = Exhaustion::new();
            loop {
                let stream = match self.socket.accept().await {
                    Ok((stream, _)) => stream,
                    Err(e) if is_of_one(&e) => continue,
                    Err(e) => {
                        exhaustion.pause(&self.socket, &e).await;
                        continue;
                    }
                };
                exhaustion.over();
                let Some((seat, registration)) = self.crowd.enter().await else { return };
                let (site, router, tls) = (site.clone(), router.clone(), self.tls.clone());
                let greeting = async move {
                    if let Err(e) = greet(stream, seat, site, router, tls).await {
                        tracing::debug!(error = %e, "a connection broke off");
                    }
                };
                tracker.spawn(Abortable::new(greeting, registration));
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
pub(super) enum Speech {
    Tls,
    Http,
    Lines,
}

impl Speech {
    /// A verb of HTTP begins with a letter, a line of JSON with a brace or a mark before it; everything else is nobody.
    pub(super) fn of(first: u8) -> Option<Self> {
        match first {
            tls::FIRST_BYTE => Some(Self::Tls),
            b'{' | jsonrpc::MARK => Some(Self::Lines),
            _ if first.is_ascii_uppercase() => Some(Self::Http),
            _ => None,
        }
    }
}

pub(super) async fn greet(
    stream: TcpStream,
    seat: Arc<Seat>,
    site: Site,
    router: Router,
    tls: Option<tls::Acceptor>,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let own = Own { address: stream.local_addr()?, seat };
    let mut first = [0];
    let read = async { Ok((stream.peek(&mut first).await? > 0).then_some(first[0])) };
    let speech = Box::pin(in_time(&site, read)).await?.and_then(Speech::of);
    // Each by itself: what speaks lines has no room for what HTTP or TLS would need.
    match (tls, speech) {
        (None, Some(Speech::Http)) => Box::pin(http::serve(stream, own, router, &site.stop)).await,
        (None, Some(Speech::Lines)) => {
            let (reader, writer) = stream.into_split();
            Box::pin(talk(Transport::lines(reader, writer, site.max_line), &own.seat, site)).await
        }
        (Some(tls), Some(Speech::Tls)) => Box::pin(encrypted(stream, own, site, router, tls)).await,
        (Some(_), Some(speech)) => {
            Box::pin(turn_away(stream, &speech, Why::Open, GREETING)).await;
            Ok(())
        }
        (None, Some(Speech::Tls)) | (_, None) => Ok(()),
    }
}

async fn encrypted(
    stream: TcpStream,
    own: Own,
    site: Site,
    router: Router,
    tls: tls::Acceptor,
) -> io::Result<()> {
    let accepted = in_time(&site, Box::pin(async { tls.accept(stream).await.map(Some) })).await?;
    let Some(mut stream) = accepted else { return Ok(()) };
    let read = async { Ok(stream.fill_buf().await?.first().copied()) };
    match in_time(&site, read).await?.and_then(Speech::of) {
        Some(Speech::Http) => Box::pin(http::serve(stream, own, router, &site.stop)).await,
        Some(Speech::Lines) => {
            let (reader, writer) = tokio::io::split(stream);
            Box::pin(talk(Transport::lines(reader, writer, site.max_line), &own.seat, site)).await
        }
        Some(Speech::Tls) | None => stream.shutdown().await,
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
async fn talk(transport: Transport, seat: &Seat, site: Site) -> io::Result<()> {
    let admitted = timeout(GREETING, hello::admit(transport, &site.guard)).await;
    match admitted {
        Ok(Ok(Some(greeted))) => site.doors.welcome(greeted, seat, Farewell::Line, site.stop.clone()).await,
        Ok(refused) => refused.map(drop),
        Err(_) => Ok(()),
    }
}
