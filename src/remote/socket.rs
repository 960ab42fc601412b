//! A WebSocket to a server: the token is in a header of the request for it.

use std::io;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::client_async_with_config;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderValue, Request, StatusCode};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

use super::{RemoteError, Server};
use crate::permission::escape_for_display;
use crate::transport::{self, Transport, websocket};

/// Bytes that are shown of what a server says when it refuses.
const LONGEST_REASON: usize = 200;

impl transport::Message for Message {
    fn of_text(line: Bytes) -> Option<Self> {
        Utf8Bytes::try_from(line).ok().map(Self::Text)
    }

    fn into_text(self) -> Option<Bytes> {
        match self {
            Self::Text(text) => Some(text.into()),
            Self::Binary(_) | Self::Ping(_) | Self::Pong(_) | Self::Close(_) | Self::Frame(_) => None,
        }
    }
}

/// Makes a stream a WebSocket.
pub(super) async fn open<S>(stream: S, server: &Server) -> Result<Transport, RemoteError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let config = WebSocketConfig::default()
        .max_message_size(Some(server.max_line))
        .max_frame_size(Some(server.max_line));
    let opened = client_async_with_config(request(server)?, stream, Some(config)).await;
    opened.map(|(socket, _)| websocket(socket)).map_err(|e| refusal(e, server))
}

fn request(server: &Server) -> Result<Request<()>, RemoteError> {
    let address = &server.address;
    let wrong = |reason| RemoteError::Address { text: address.to_string(), reason };
    let request = format!("ws://{}{}", address.authority(), address.path).into_client_request();
    let mut request = request.map_err(|_| wrong("nothing can be asked for there"))?;
    if let Some(token) = bearer(server)? {
        request.headers_mut().insert("authorization", token);
    }
    Ok(request)
}

/// What is to be shown to that server in a header.
pub(super) fn bearer(server: &Server) -> Result<Option<HeaderValue>, RemoteError> {
    let Some(token) = &server.token else { return Ok(None) };
    let value = HeaderValue::try_from(format!("Bearer {}", token.expose()));
    let text = server.address.to_string();
    let mut value =
        value.map_err(|_| RemoteError::Address { text, reason: "the token has characters that none has" })?;
    value.set_sensitive(true);
    Ok(Some(value))
}

fn refusal(error: Error, server: &Server) -> RemoteError {
    let address = server.address.clone();
    match error {
        Error::Io(source) => RemoteError::Unreachable { address, source },
        Error::Http(response) => {
            refused(response.status(), response.body().as_deref().unwrap_or_default(), server)
        }
        other => RemoteError::Stranger { address, reason: other.to_string() },
    }
}

/// What an answer means that is none of those that were hoped for. `body`: as far as it was read.
pub(super) fn refused(status: StatusCode, body: &[u8], server: &Server) -> RemoteError {
    let address = server.address.clone();
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::TOO_MANY_REQUESTS => {
            RemoteError::Refused { address, reason: status.to_string() }
        }
        StatusCode::SERVICE_UNAVAILABLE => {
            let source = io::Error::new(io::ErrorKind::ResourceBusy, status.to_string());
            RemoteError::Unreachable { address, source }
        }
        other => RemoteError::Stranger { address, reason: format!("it answers {other}{}", reason(body)) },
    }
}

/// The beginning of what it says for itself, with nothing that a terminal would obey.
fn reason(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(LONGEST_REASON)]);
    let line = text.trim().lines().next().unwrap_or_default();
    if line.is_empty() { String::new() } else { format!(": {}", escape_for_display(line)) }
}
