//! The first line of a connection that has no headers: `{"type":"hello","token":"…"}`. There is no reply to it but the
//! connection's end where the token is wrong.

use std::io;

use serde::Deserialize;
use tokio::io::AsyncWriteExt;

use super::auth::{Guard, Refusal};
use crate::jsonrpc::{self, Frame};
use crate::transport::Transport;

#[derive(Deserialize)]
struct Hello {
    r#type: Word,
    #[serde(default)]
    token: Option<String>,
}

/// The word that tells it from every other first line.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    Hello,
}

/// Takes the hello, if one is needed or said. What was said instead of it is put back where none is needed; else the
/// connection is told why and is over: `None`.
pub(super) async fn admit(mut transport: Transport, guard: &Guard) -> io::Result<Option<Transport>> {
    let Some(first) = transport.first().await.transpose()? else { return Ok(None) };
    let hello = match &first {
        Frame::Line(line) => serde_json::from_slice::<Hello>(line).ok(),
        Frame::TooLong { .. } => None,
    };
    let admitted = guard.admit(hello.as_ref().and_then(|hello| hello.token.as_deref()));
    match (admitted, hello) {
        (Ok(()), Some(Hello { r#type: Word::Hello, .. })) => Ok(Some(transport)),
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
