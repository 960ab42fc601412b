//! `POST /acp`: one message. `initialize` makes a connection and is answered at once; everything else is accepted, and
//! what comes of it is told on a stream.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use tokio::time::timeout;

use super::exchange::Untaken;
use super::pipe::Pipe;
use super::route::{self, Inbound, Misled};
use super::{CONNECTION, Refused, SESSION, body, value};
use crate::jsonrpc::{Owed, RawId, parse, unmarked};
use crate::serve::http::Site;
use crate::transport::websocket;

/// How long the reply to `initialize` may take.
const PATIENCE: Duration = Duration::from_secs(30);

const MEDIA: Refused =
    Refused::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Content-Type has to be application/json");
const NOWHERE: Refused = Refused::new(
    StatusCode::BAD_REQUEST,
    "the session is not named: neither by Acp-Session-Id nor by `params.sessionId`",
);
const TORN: Refused =
    Refused::new(StatusCode::BAD_REQUEST, "Acp-Session-Id names another session than the message");
const STALLED: Refused = Refused::new(
    StatusCode::SERVICE_UNAVAILABLE,
    "the connection takes nothing more before its streams are read",
);
const CROWDED: Refused = Refused::new(
    StatusCode::SERVICE_UNAVAILABLE,
    "too many messages are posted at once: wait for the answers of some",
);
const MUTE: Refused = Refused::new(StatusCode::INTERNAL_SERVER_ERROR, "`initialize` was not answered");

pub(in crate::serve::http) async fn post(
    State(site): State<Site>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    let media = value(&headers, &CONTENT_TYPE).and_then(|media| media.split(';').next()).unwrap_or_default();
    if !media.trim().eq_ignore_ascii_case("application/json") {
        return Err(MEDIA);
    }
    let named = value(&headers, &SESSION);
    let connection = value(&headers, &CONNECTION);
    let exchange = connection.map(|id| site.streams.get(id)).transpose()?;
    let _room = exchange.as_ref().map(|exchange| exchange.room()).transpose()?;
    let message = body::read(body, site.max_line).await?;
    let message = if connection.is_none() { unmarked(message) } else { message };
    let what = parse(&message).map_err(|owed| Refused::owed(&owed))?;
    let what = route::inbound(&what, named).map_err(|misled| match misled {
        Misled::Nowhere => NOWHERE,
        Misled::Torn => TORN,
    })?;
    match (&exchange, what) {
        (None, Inbound::Initialize(id)) => open(site, id, message).await,
        (None, _) => Err(Refused::NO_CONNECTION),
        (Some(exchange), what) => {
            exchange.take(&what, named, message).await?;
            Ok(StatusCode::ACCEPTED.into_response())
        }
    }
}

/// A connection that begins with this message.
async fn open(site: Site, first: RawId, message: Bytes) -> Result<Response, Refused> {
    let (id, pipe) = site.streams.open()?;
    let exchange = Arc::clone(&pipe.exchange);
    site.sockets.clone().spawn(serve(site, id.clone(), pipe));
    let reply = exchange.begin(first, message).await?;
    let Ok(Ok(line)) = timeout(PATIENCE, reply).await else {
        exchange.close("the connection is over");
        return Err(MUTE);
    };
    let headers = [(CONTENT_TYPE, "application/json"), (CONNECTION, id.as_str())];
    Ok((headers, line).into_response())
}

/// Serves a connection until it is ended, the server stops, or nobody is there any more.
async fn serve(site: Site, id: String, pipe: Pipe) {
    let exchange = Arc::clone(&pipe.exchange);
    let serving = site.doors.serve(websocket(pipe), site.stop.clone());
    tokio::pin!(serving);
    let served = tokio::select! {
        served = &mut serving => served,
        () = exchange.forsaken() => {
            exchange.close("nobody was there");
            serving.await
        }
    };
    if let Err(e) = served {
        tracing::debug!(error = %e, "a connection over HTTP broke off");
    }
    exchange.close("the connection is over");
    site.streams.remove(&id);
}

impl From<Untaken> for Refused {
    fn from(untaken: Untaken) -> Self {
        match untaken {
            Untaken::Over => Self::UNKNOWN,
            Untaken::Stalled => STALLED,
            Untaken::Crowded => CROWDED,
            Untaken::Elsewhere => TORN,
            Untaken::Taken(id) => Self::owed(&Owed::taken(id)),
        }
    }
}
