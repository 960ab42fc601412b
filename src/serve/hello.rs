//! The first line of a connection that has no headers: `{"type":"hello","token":"…"}`. There is no reply to it but the
//! connection's end where the token is wrong; with `"welcome":true` there is one, `{"type":"welcome"}`.

use std::io;

use serde::Deserialize;
use tokio::io::AsyncWriteExt;

use super::auth::{Guard, Refusal};
use crate::jsonrpc::{self, Frame};
use crate::transport::Transport;

/// The word `hello` tells it from every other first line.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum First {
    Hello(Hello),
}

#[derive(Deserialize)]
struct Hello {
    #[serde(default)]
    token: Option<String>,
    /// There is to be an answer.
    #[serde(default)]
    welcome: bool,
}

/// Takes the hello, if one is needed or said. What was said instead of it is put back where none is needed; else the
/// connection is told why and is over: `None`.
pub(super) async fn admit(mut transport: Transport, guard: &Guard) -> io::Result<Option<Transport>> {
    let Some(first) = transport.first().await.transpose()? else { return Ok(None) };
    let hello = match &first {
        Frame::Line(line) => serde_json::from_slice(line).ok().map(|First::Hello(hello)| hello),
        Frame::TooLong { .. } => None,
    };
    let admitted = guard.admit(hello.as_ref().and_then(|hello| hello.token.as_deref()));
    match (admitted, hello) {
        (Ok(()), Some(Hello { welcome, .. })) => {
            if welcome {
                transport.outgoing.write_all(b"{\"type\":\"welcome\"}\n").await?;
                transport.outgoing.flush().await?;
            }
            Ok(Some(transport))
        }
        (Ok(()), None) => Ok(Some(transport.with_first(first))),
        (Err(refusal), _) => refuse(transport, refusal).await.map(|()| None),
    }
}

async fn refuse(mut transport: Transport, refusal: Refusal) -> io::Result<()> {
    let mut line = Vec::new();
    let error = serde_json::json!({ "code": "UNAUTHORIZED", "message": refusal.to_string() });
    jsonrpc::line(&serde_json::json!({ "type": "error", "id": null, "error": error }), &mut line);
    transport.outgoing.write_all(&line).await?;
    transport.outgoing.shutdown().await
}
