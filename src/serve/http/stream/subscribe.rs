//! `GET /acp`: one stream, read until the connection is over. With `Last-Event-ID` it goes on behind that event.

use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use super::events::Body;
use super::outlet::Unread;
use super::outlets::Unopened;
use super::route::Place;
use super::{CONNECTION, LAST_EVENT, Refused, SESSION, connection, value};
use crate::serve::http::Site;

/// Longest name of a session.
const NAME: usize = 1024;

const EVENTS: &str = "text/event-stream";
const ACCEPTS: Refused = Refused::new(StatusCode::NOT_ACCEPTABLE, "Accept has to hold text/event-stream");
const LONG: Refused = Refused::new(StatusCode::BAD_REQUEST, "Acp-Session-Id is too long");
const NUMBER: Refused =
    Refused::new(StatusCode::BAD_REQUEST, "Last-Event-ID is none that was given out on this stream");
const TAKEN: Refused = Refused::new(
    StatusCode::CONFLICT,
    "the stream is read already: to take it over, say with Last-Event-ID where to go on",
);
const FORGOTTEN: Refused = Refused::new(
    StatusCode::GONE,
    "what came after Last-Event-ID is no longer kept: subscribe without it, and load the session anew",
);
const UNKNOWN: Refused = Refused::new(
    StatusCode::NOT_FOUND,
    "the session is unknown to this connection: load those whose streams are open first",
);
const FULL: Refused = Refused::new(StatusCode::TOO_MANY_REQUESTS, "too many streams are open: close some");

pub(in crate::serve::http) fn subscribe(site: &Site, headers: &HeaderMap) -> Result<Response, Refused> {
    let mut accepted = headers.get_all(ACCEPT).iter().filter_map(|accept| accept.to_str().ok());
    if !accepted.any(|accept| accept.to_ascii_lowercase().contains(EVENTS)) {
        return Err(ACCEPTS);
    }
    let id = connection(headers)?;
    let exchange = site.streams.get(id)?;
    let session = value(headers, &SESSION);
    if session.is_some_and(|session| session.len() > NAME) {
        return Err(LONG);
    }
    let after = value(headers, &LAST_EVENT).map(|seen| seen.parse().map_err(|_| NUMBER)).transpose()?;
    let place = Place::of(session);
    let lease = exchange.subscribe(&place, after)?;
    let events = Body::new(exchange, place, lease);
    let mut response = axum::body::Body::from_stream(events).into_response();
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    };
    set(CONTENT_TYPE, EVENTS);
    set(CACHE_CONTROL, "no-cache, no-transform");
    set(CONNECTION, id);
    if let Some(session) = session {
        set(SESSION, session);
    }
    Ok(response)
}

impl From<Unopened> for Refused {
    fn from(unopened: Unopened) -> Self {
        match unopened {
            Unopened::Unread(Unread::Taken) => TAKEN,
            Unopened::Unread(Unread::Forgotten) => FORGOTTEN,
            Unopened::Unread(Unread::Unheard) => NUMBER,
            Unopened::Unknown => UNKNOWN,
            Unopened::Full => FULL,
        }
    }
}
