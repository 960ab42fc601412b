//! A port: connections are taken, told apart by their first byte, and served until the listener is told to stop.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::auth::Guard;
use super::http::{self, Site};
use super::{Doors, hello};
use crate::error::ErrorKind;
use crate::transport::Transport;

/// Connections at once; who comes then waits in the system's queue.
const CONNECTIONS: usize = 16 * 1024;
/// How long a connection may take to say who it is.
const GREETING: Duration = Duration::from_secs(5);
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
        Ok(Self { socket, address })
    }

    /// Where it listens, with the port that was found.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves everyone who comes until `stop`, then lets them end in order.
    pub async fn serve(self, doors: Arc<Doors>, guard: Arc<Guard>, max_line: usize, stop: CancellationToken) {
        let (tracker, room) = (TaskTracker::new(), Arc::new(Semaphore::new(CONNECTIONS)));
        let site = Site { doors, guard, max_line, stop: stop.clone(), sockets: tracker.clone() };
        let router = http::router(site.clone());
        let accepting = async {
            loop {
                // Never closed: it lives here.
                let Ok(place) = Arc::clone(&room).acquire_owned().await else { return };
                match self.socket.accept().await {
                    Ok((stream, _)) => {
                        let (site, router) = (site.clone(), router.clone());
                        tracker.spawn(async move {
                            if let Err(e) = greet(stream, site, router).await {
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

/// A verb of HTTP begins with a letter, a line of JSON with a brace; everything else is nobody.
async fn greet(stream: TcpStream, site: Site, router: Router) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let own = stream.local_addr()?;
    let mut first = [0];
    let greeting = timeout(GREETING, stream.peek(&mut first));
    let came = site.stop.run_until_cancelled(greeting).await;
    match came {
        Some(Ok(Ok(1))) if first[0].is_ascii_uppercase() => {
            http::serve(stream, own, router, &site.stop).await
        }
        Some(Ok(Ok(1))) if first[0] == b'{' => {
            let (reader, writer) = stream.into_split();
            let transport = Transport::lines(reader, writer, site.max_line);
            let admitted = timeout(GREETING, hello::admit(transport, &site.guard)).await;
            match admitted {
                Ok(Ok(Some(greeted))) => site.doors.welcome(greeted, site.stop.clone()).await,
                Ok(refused) => refused.map(drop),
                Err(_) => Ok(()),
            }
        }
        Some(Ok(Err(e))) => Err(e),
        Some(Ok(Ok(_)) | Err(_)) | None => Ok(()),
    }
}
