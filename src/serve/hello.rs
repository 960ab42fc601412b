//! The first line of a connection, before its dialect begins: `{"type":"hello","token":"…"}`. Where there are no headers it
//! shows the token. There is no reply to it but the connection's end where the token is wrong; with `"welcome":true` there
//! is one, `{"type":"welcome"}`. A connection that is to outlive its socket is asked for by it as well: `resumption`.

use std::io;

use jsonrpsee::types::ErrorCode;
use serde::Deserialize;
use tokio::io::AsyncWriteExt;

use super::auth::Guard;
use super::crowd::FULL;
use crate::jsonrpc::{self, Frame, Message, error_line, parse};
use crate::rpc;
use crate::transport::Transport;

/// The word `hello` tells it from every other first line.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum First {
    Hello(Hello),
}

/// What was said first.
#[derive(Deserialize)]
pub(super) struct Hello {
    #[serde(default)]
    token: Option<String>,
    /// There is to be an answer.
    #[serde(default)]
    pub(super) welcome: bool,
    /// The connection is to outlive its socket.
    #[serde(default)]
    pub(super) resumable: bool,
    /// The connection that is to go on by this socket.
    #[serde(default)]
    pub(super) connection: Option<String>,
    /// How many lines of it came by sockets before.
    #[serde(default)]
    pub(super) received: u64,
}

/// A socket whose first frame was looked at.
#[derive(Debug)]
pub(super) struct Greeted {
    pub(super) transport: Transport,
    /// Unless something else was said first, which is in front of the transport again.
    pub(super) hello: Option<Hello>,
}

impl std::fmt::Debug for Hello {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hello").field("resumable", &self.resumable).finish_non_exhaustive()
    }
}

/// Takes the first frame. `None`: there is none.
pub(super) async fn greet(mut transport: Transport) -> io::Result<Option<Greeted>> {
    let Some(first) = transport.first().await.transpose()? else { return Ok(None) };
    let hello = match &first {
        Frame::Line(line) | Frame::Unended(line) => serde_json::from_slice(line).ok(),
        Frame::TooLong { .. } => None,
    };
    let Some(First::Hello(hello)) = hello else {
        return Ok(Some(Greeted { transport: transport.with_first(first), hello: None }));
    };
    Ok(Some(Greeted { transport, hello: Some(hello) }))
}

/// The same where the token is shown by it. Whoever shows none that is needed is told why, and is over: `None`.
pub(super) async fn admit(transport: Transport, guard: &Guard) -> io::Result<Option<Greeted>> {
    let Some(greeted) = greet(transport).await? else { return Ok(None) };
    let token = greeted.hello.as_ref().and_then(|hello| hello.token.as_deref());
    let Err(refusal) = guard.admit(token) else { return Ok(Some(greeted)) };
    refuse(greeted.transport, "UNAUTHORIZED", &refusal.to_string()).await.map(|()| None)
}

/// Says why, and ends.
pub(super) async fn refuse(mut transport: Transport, code: &str, message: &str) -> io::Result<()> {
    transport.say(&refusal(code, message)).await?;
    transport.outgoing.shutdown().await
}

/// What is said to somebody of whom no dialect is known.
pub(super) fn refusal(code: &str, message: &str) -> serde_json::Value {
    let error = serde_json::json!({ "code": code, "message": message });
    serde_json::json!({ "type": "error", "id": null, "error": error })
}

/// The last line of somebody of whom no dialect is known when the server ends.
pub(super) fn farewell() -> Vec<u8> {
    let mut line = Vec::new();
    jsonrpc::line(&refusal("SHUTTING_DOWN", "the server ends: connect again when it is back"), &mut line);
    line
}

/// Says that there is no room, and ends: in JSON-RPC to who has begun with that.
pub(super) async fn turn_away(mut greeted: Greeted) -> io::Result<()> {
    let said = match greeted.hello {
        Some(_) => None,
        None => greeted.transport.first().await.transpose()?,
    };
    let begun = match &said {
        Some(Frame::Line(line) | Frame::Unended(line)) => parse(line).ok(),
        Some(Frame::TooLong { .. }) | None => None,
    };
    let Some(Message::Request { id, .. }) = begun else {
        return refuse(greeted.transport, "BUSY", FULL).await;
    };
    let busy = rpc::error(ErrorCode::ServerIsBusy.code(), FULL, None);
    greeted.transport.outgoing.write_all(&error_line(&id, &busy)).await?;
    greeted.transport.outgoing.shutdown().await
}
