//! What speaks HTTP: health, codes for pages, WebSocket at `/acp` and at `/`, and ACP's streamable HTTP at `/acp`.
//!
//! No dialect lives here: a socket is handed to the doors as frames.
//!
//! What always holds: who may come in is decided before the body is read and before a connection is upgraded, by the
//! same [`Guard`] as everywhere; neither token nor code is ever taken from an address.
//!
//! To add a resource: its file, and its line in [`router`].

mod admission;
mod code;
mod cors;
mod health;
mod heartbeat;
mod socket;
mod stream;

#[cfg(test)]
mod tests;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Doors, auth::Guard, crowd::Seat};
use crate::transport::ReadAhead;

/// How long the head of a request may take.
const HEAD: Duration = Duration::from_secs(10);
/// Bytes of the head of a request.
const HEAD_BYTES: usize = 32 * 1024;
const HEADERS: usize = 100;

/// What every request is served with.
#[derive(Debug, Clone)]
pub(super) struct Site {
    pub(super) doors: Arc<Doors>,
    pub(super) guard: Arc<Guard>,
    /// Longest message taken, in bytes.
    pub(super) max_line: usize,
    pub(super) stop: CancellationToken,
    /// What outlives its request: upgraded connections.
    pub(super) sockets: TaskTracker,
    /// Connections that are no sockets.
    pub(super) streams: Arc<stream::Register>,
}

/// What every request of a connection is served with.
#[derive(Debug, Clone)]
pub(super) struct Own {
    /// The address of ours that it came in by.
    pub(super) address: SocketAddr,
    pub(super) seat: Arc<Seat>,
}

/// Everything there is, the same for every connection.
pub(super) fn router(site: Site) -> Router {
    Router::new()
        .route("/", get(socket::upgrade))
        .route("/acp", get(socket::upgrade_or_subscribe).post(stream::post).delete(stream::delete))
        .route("/auth/code", post(code::code))
        .route_layer(from_fn_with_state(site.clone(), admission::check))
        .route("/health", get(health::health))
        .layer(from_fn_with_state(site.clone(), admission::name))
        .with_state(site)
}

/// Serves one connection to its end, or to its upgrade.
pub(super) async fn serve<S>(stream: S, own: Own, router: Router, stop: &CancellationToken) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(own.clone());
        router.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(HEAD_BYTES)
        .max_headers(HEADERS)
        .serve_connection(TokioIo::new(ReadAhead::new(stream)), service)
        .with_upgrades();
    tokio::pin!(connection);
    let served = tokio::select! {
        served = &mut connection => served,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    served.map_err(io::Error::other)
}
