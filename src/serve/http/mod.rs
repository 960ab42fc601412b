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
mod connection;
mod cors;
mod health;
mod heartbeat;
mod socket;
mod stream;
mod wire;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(super) use connection::serve;

use super::{Doors, auth::Guard, crowd::Seat};

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
