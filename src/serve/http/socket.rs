//! A connection that becomes a WebSocket: `GET /acp`, and `GET /` as sidecars of editors have it.

use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Message, Utf8Bytes, WebSocketUpgrade};
use axum::extract::{Extension, State};
use axum::http::header::UPGRADE;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;

use super::heartbeat::Heartbeat;
use super::{Own, Site, admission, stream};
use crate::transport::{self, websocket};

/// The subprotocol that is agreed on with whoever offers any: what was offered beside the token or the code.
const PROTOCOL: &str = "acp";
/// Every connection has this much at hand, however idle; below it a stream reads ahead.
const READ_BUFFER: usize = 1024;
/// Lines above this are written before the next one is taken.
const WRITE_BUFFER: usize = 16 * 1024;

impl transport::Message for Message {
    fn of_text(line: Bytes) -> Option<Self> {
        Utf8Bytes::try_from(line).ok().map(Self::Text)
    }

    fn into_text(self) -> Option<Bytes> {
        match self {
            Self::Text(text) => Some(text.into()),
            Self::Binary(_) | Self::Ping(_) | Self::Pong(_) | Self::Close(_) => None,
        }
    }
}

/// `GET /acp`: a WebSocket where one is asked for, else a stream of events.
pub(super) async fn upgrade_or_subscribe(
    State(site): State<Site>,
    own: Extension<Own>,
    headers: HeaderMap,
    socket: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    match socket {
        Ok(socket) => upgrade(State(site), own, socket).await,
        Err(refusal) if wants_socket(&headers) => refusal.into_response(),
        Err(_) => stream::subscribe(&site, &headers).into_response(),
    }
}

pub(super) async fn upgrade(
    State(site): State<Site>,
    Extension(own): Extension<Own>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let max_line = site.max_line;
    let upgrade = upgrade
        .max_message_size(max_line)
        .max_frame_size(max_line)
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_write_buffer_size(max_line + WRITE_BUFFER);
    // A browser closes a connection in which none of the protocols it has offered was chosen.
    let offers = upgrade.requested_protocols().any(|offered| admission::is_secret(offered.as_bytes()));
    let upgrade = if offers { upgrade.protocols([PROTOCOL]) } else { upgrade };
    let tracked = site.sockets.token();
    let mut response = upgrade
        .on_upgrade(move |socket| {
            let transport = websocket(Heartbeat::new(socket, max_line, site.stop.clone()));
            async move {
                if let Err(e) = site.doors.receive(transport, &own.seat, site.stop.clone()).await {
                    tracing::debug!(error = %e, "a WebSocket broke off");
                }
                drop(tracked);
            }
        })
        .into_response();
    if let Ok(id) = HeaderValue::from_str(&uuid::Uuid::now_v7().to_string()) {
        response.headers_mut().insert(stream::CONNECTION, id);
    }
    response
}

/// Whether a WebSocket is asked for. What else a request offers to speak, as some do HTTP/2 (`Upgrade: h2c`), may be passed
/// over (RFC 9110, section 7.8).
pub(super) fn wants_socket(headers: &HeaderMap) -> bool {
    admission::listed(headers, UPGRADE).any(|offer| offer.eq_ignore_ascii_case("websocket"))
}
