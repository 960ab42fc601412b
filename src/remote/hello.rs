//! The first line each way of a connection.

use serde::{Deserialize, Serialize};

use super::{Address, RemoteError};
use crate::config::Secret;
use crate::jsonrpc::Frame;
use crate::transport::Transport;

/// What is asked for.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(untagged)]
pub(super) enum Wish<'a> {
    /// A connection that ends with its socket.
    Plain { welcome: bool },
    /// One that goes on by others.
    Lasting { resumable: bool },
    /// To go on with one, of which so many lines came.
    Again { connection: &'a str, received: u64 },
}

#[derive(Serialize)]
struct Hello<'a> {
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
    #[serde(flatten)]
    wish: Wish<'a>,
}

/// What is answered.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Answer {
    Welcome(Welcome),
    Error { error: Told },
}

/// What a connection that goes on by other sockets is to know.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Welcome {
    pub(super) connection: String,
    pub(super) received: u64,
    pub(super) grace_seconds: u64,
}

#[derive(Deserialize)]
struct Told {
    code: String,
    message: String,
}

/// Says hello and waits to be let in.
pub(super) async fn say(
    transport: &mut Transport,
    address: &Address,
    token: Option<&Secret>,
    wish: Wish<'_>,
) -> Result<Welcome, RemoteError> {
    let address = || address.clone();
    let unreachable = |source| RemoteError::Unreachable { address: address(), source };
    let stranger = |reason: &str| RemoteError::Stranger { address: address(), reason: reason.to_owned() };
    let token = token.map(Secret::expose);
    transport.say(&Hello { r#type: "hello", token, wish }).await.map_err(unreachable)?;
    let answer = match transport.first().await {
        Some(Ok(Frame::Line(line))) => serde_json::from_slice(&line).ok(),
        Some(Ok(Frame::TooLong { .. } | Frame::Unended(_))) => None,
        Some(Err(e)) => return Err(unreachable(e)),
        None => return Err(stranger("it closed the connection")),
    };
    let Told { code, message } = match answer {
        Some(Answer::Welcome(welcome)) => return Ok(welcome),
        Some(Answer::Error { error }) => error,
        None => return Err(stranger("its answer to our hello means nothing to us")),
    };
    Err(match code.as_str() {
        "UNAUTHORIZED" => RemoteError::Refused { address: address(), reason: message },
        "CONNECTION_GONE" => RemoteError::Gone { address: address(), reason: message },
        "BUSY" => unreachable(std::io::Error::new(std::io::ErrorKind::ResourceBusy, message)),
        _ => stranger(&message),
    })
}
