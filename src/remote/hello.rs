//! The first line each way of a connection without headers.

use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt;

use super::{RemoteError, Server};
use crate::jsonrpc::{self, Frame};
use crate::transport::Transport;

/// What is said first.
#[derive(Serialize)]
struct Hello<'a> {
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
    /// There is to be an answer.
    welcome: bool,
}

/// What is answered.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Answer {
    Welcome,
    Error { error: Told },
}

#[derive(Deserialize)]
struct Told {
    code: String,
    message: String,
}

/// Says hello and waits to be let in.
pub(super) async fn say(mut transport: Transport, server: &Server) -> Result<Transport, RemoteError> {
    let unreachable = |source| RemoteError::Unreachable { address: server.address.clone(), source };
    let token = server.token.as_ref().map(crate::config::Secret::expose);
    let mut line = Vec::new();
    jsonrpc::line(&Hello { r#type: "hello", token, welcome: true }, &mut line);
    transport.outgoing.write_all(&line).await.map_err(unreachable)?;
    transport.outgoing.flush().await.map_err(unreachable)?;
    let stranger = |reason: &str| {
        Err(RemoteError::Stranger { address: server.address.clone(), reason: reason.to_owned() })
    };
    let answer = match transport.first().await {
        Some(Ok(Frame::Line(line))) => serde_json::from_slice(&line).ok(),
        Some(Ok(Frame::TooLong { .. })) => None,
        Some(Err(e)) => return Err(unreachable(e)),
        None => return stranger("it closed the connection"),
    };
    match answer {
        Some(Answer::Welcome) => Ok(transport),
        Some(Answer::Error { error }) if error.code == "UNAUTHORIZED" => {
            Err(RemoteError::Refused { address: server.address.clone(), reason: error.message })
        }
        Some(Answer::Error { error }) => stranger(&error.message),
        None => stranger("its answer to our hello means nothing to us"),
    }
}
