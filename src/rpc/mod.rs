//! One JSON-RPC connection: its loop, its voice to the peer ([`Peer`]) and the replies it owes
//! ([`Responder`]). Serves any `RpcModule` over any transport.
//!
//! No method name lives here except `$/cancel_request`, which is about requests themselves.
//!
//! What always holds: handlers are first polled in the order their lines arrived, so a cancel never
//! overtakes its prompt; every request is answered exactly once, whatever happens to its handler (law L2);
//! a reply is written after everything that was queued before it; every queue is bounded (law L5).
//!
//! To add a kind of outgoing item: a variant of `Out`, and its arm in the loop.

mod call;
mod connection;
mod dispatch;
mod outbox;
mod peer;
mod shared;

#[cfg(test)]
mod tests;

use jsonrpsee::types::ErrorObjectOwned;
use serde_json::json;

pub use call::{Caller, Deferred, Responder};
pub use connection::{Connection, Limits};
pub use dispatch::{Dispatch, Table};
pub use peer::{Peer, PeerError};

/// Takes one request back, in either direction; scoped to the connection.
pub const CANCEL_REQUEST: &str = "$/cancel_request";

/// JSON-RPC codes of ACP that jsonrpsee does not name.
pub mod code {
    /// The request was cancelled by `$/cancel_request`.
    pub const CANCELLED: i32 = -32800;
}

/// An error with one short human line in `message` and the rest in `data.details`.
pub fn error(code: i32, message: impl Into<String>, details: Option<&str>) -> ErrorObjectOwned {
    ErrorObjectOwned::owned(code, message, details.map(|details| json!({ "details": details })))
}
