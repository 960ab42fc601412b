//! ACP's streamable HTTP on `/acp`: what a client posts are the frames of one connection, and what it is told are
//! server-sent events, on one stream for the connection and one for each session.
//!
//! No method is handled here and no session is known: a connection goes through the same doors as any other.
//!
//! What always holds: a line waits on its stream until somebody reads it, is given out once, and bears a number; what
//! was given out lately is kept, with a cap, for a reader that comes back, and whoever asks for more than that is told
//! so; a client that reads nothing is written nothing more, and loses nothing.
//!
//! Where the proposal and the official clients disagree, every one of them is served: a session is named by the header
//! or by the parameters; a stream may be opened before its session is loaded; what a load shows and its reply go the
//! same way, the session's if that is read and else the connection's, so that no client hears the reply first; and
//! HTTP/1.1 is enough, though the proposal wants HTTP/2, which is served as well.
//!
//! To add a request: its file, and its line in [`super::router`].

mod body;
mod delete;
mod events;
mod exchange;
mod outlet;
mod outlets;
mod pipe;
mod post;
mod refused;
mod register;
mod route;
mod subscribe;

#[cfg(test)]
mod tests;

use axum::http::{HeaderMap, HeaderName};

pub(super) use delete::delete;
pub(super) use post::post;
pub(in crate::serve) use register::Register;
pub(super) use subscribe::subscribe;

use refused::Refused;

/// What a connection is called.
pub(super) const CONNECTION: HeaderName = HeaderName::from_static("acp-connection-id");
/// Which of its sessions a request is about.
pub(super) const SESSION: HeaderName = HeaderName::from_static("acp-session-id");
/// The number of the last event that a reader has seen.
pub(super) const LAST_EVENT: HeaderName = HeaderName::from_static("last-event-id");

/// The value of a header, if there is one that is text.
fn value<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().filter(|value| !value.is_empty())
}

/// The connection that a request names.
fn connection(headers: &HeaderMap) -> Result<&str, Refused> {
    value(headers, &CONNECTION).ok_or(Refused::NO_CONNECTION)
}
