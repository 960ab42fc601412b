//! Who may come in by HTTP: the name and the page are judged for every request, the token where one is needed.

use axum::extract::{Extension, Request, State};
use axum::http::header::{AUTHORIZATION, CONNECTION, HOST, ORIGIN, RETRY_AFTER, SEC_WEBSOCKET_PROTOCOL};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, Version};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::{Own, Site, cors, socket};
use crate::serve::auth::Refusal;
use crate::serve::crowd;

/// What a browser, which cannot set headers of a WebSocket, offers as a subprotocol with the token behind it.
const TOKEN_PROTOCOL: &str = "adjutant.token.";
/// Likewise with a code, which opens a WebSocket and nothing else.
const CODE_PROTOCOL: &str = "adjutant.code.";

/// Headers that only browsers send.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Lets through what names this server, and comes from no page that was not allowed.
pub(super) async fn name(
    State(site): State<Site>,
    Extension(own): Extension<Own>,
    request: Request,
    next: Next,
) -> Response {
    let headers = request.headers();
    let judged = host(&request).ok_or(Refusal::Host).and_then(|host| {
        site.guard.host(host, own.address)?;
        match (headers.contains_key(ORIGIN), headers.get(FETCH_SITE)) {
            (true, _) => site.guard.origin(Some(one(headers, &ORIGIN).unwrap_or_default())),
            // Typed into the address bar, or nothing that a page has asked for.
            (false, Some(by)) if by != "none" => Err(Refusal::Origin),
            (false, _) => Ok(()),
        }
    });
    let (mut response, page) = match judged {
        Ok(()) => {
            let page = headers.get(ORIGIN).cloned();
            let asks_first = cors::is_preflight(&request);
            (if asks_first { cors::preflight() } else { next.run(request).await }, page)
        }
        Err(refusal) => (refused(refusal), None),
    };
    cors::allow(&mut response, page);
    response
}

/// Lets through who shows the token, and to a WebSocket who shows a code, if there is room.
pub(super) async fn check(
    State(site): State<Site>,
    Extension(own): Extension<Own>,
    request: Request,
    next: Next,
) -> Response {
    let query = request.uri().query().unwrap_or_default().to_ascii_lowercase();
    if query.contains("token=") || query.contains("code=") {
        let text = "no token and no code is ever taken from an address: send it in a header";
        return (StatusCode::BAD_REQUEST, text).into_response();
    }
    let headers = request.headers();
    let token = bearer(headers).or_else(|| offered(headers, TOKEN_PROTOCOL));
    let opens = request.method() == Method::GET && socket::wants_socket(headers);
    let code = if opens && token.is_none() { offered(headers, CODE_PROTOCOL) } else { None };
    match code.map_or_else(|| site.guard.admit(token), |code| site.guard.redeem(code)) {
        // A WebSocket may be one that a connection goes on by: it is asked before it is turned away.
        Ok(()) if own.seat.take() || opens && site.doors.awaits() => next.run(request).await,
        Ok(()) => full(),
        Err(refusal) => refused(refusal),
    }
}

fn full() -> Response {
    let headers = [(RETRY_AFTER, crowd::RETRY_AFTER.to_string()), (CONNECTION, "close".to_owned())];
    (StatusCode::SERVICE_UNAVAILABLE, headers, crowd::FULL).into_response()
}

pub(super) fn refused(refusal: Refusal) -> Response {
    let status = match refusal {
        Refusal::Token | Refusal::Code => StatusCode::UNAUTHORIZED,
        Refusal::TooMany => StatusCode::TOO_MANY_REQUESTS,
        Refusal::Host | Refusal::Origin => StatusCode::FORBIDDEN,
    };
    let mut response = (status, refusal.to_string()).into_response();
    if refusal == Refusal::Token {
        let scheme = axum::http::HeaderValue::from_static("Bearer");
        response.headers_mut().insert(axum::http::header::WWW_AUTHENTICATE, scheme);
    }
    response
}

/// The server's name as the request has it: HTTP/2 has it in the target, and what a header says besides has to be the
/// same (RFC 9113, section 8.3.1).
fn host(request: &Request) -> Option<&str> {
    let headers = request.headers();
    match request.uri().authority().filter(|_| request.version() == Version::HTTP_2) {
        Some(target) => {
            let said = target.as_str();
            (!headers.contains_key(HOST) || one(headers, &HOST) == Some(said)).then_some(said)
        }
        None => one(headers, &HOST),
    }
}

/// The value of a header that stands once.
fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    value.to_str().ok().filter(|_| values.next().is_none())
}

/// `Authorization: Bearer …` (RFC 6750, section 2.1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = one(headers, &AUTHORIZATION)?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

/// What stands behind that among the subprotocols that a WebSocket offers.
fn offered<'a>(headers: &'a HeaderMap, prefix: &str) -> Option<&'a str> {
    listed(headers, SEC_WEBSOCKET_PROTOCOL).find_map(|protocol| protocol.strip_prefix(prefix))
}

/// What the lists of a header hold (RFC 9110, section 5.6.1).
pub(super) fn listed(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let lists = headers.get_all(name).into_iter().filter_map(|list| list.to_str().ok());
    lists.flat_map(|list| list.split(',')).map(str::trim)
}

/// Whether a subprotocol is no protocol but what lets somebody in.
pub(super) fn is_secret(protocol: &[u8]) -> bool {
    [TOKEN_PROTOCOL, CODE_PROTOCOL].iter().any(|prefix| protocol.starts_with(prefix.as_bytes()))
}
