//! Who may come in by HTTP: the name and the page are judged for every request, the token where one is needed.

use axum::extract::{Extension, Request, State};
use axum::http::header::{AUTHORIZATION, HOST, ORIGIN, SEC_WEBSOCKET_PROTOCOL};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::{Own, Site, cors};
use crate::serve::auth::Refusal;

/// What a browser, which cannot set headers of a WebSocket, offers as a subprotocol with the token behind it.
pub(super) const TOKEN_PROTOCOL: &str = "adjutant.token.";

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
    let judged = one(headers, &HOST).ok_or(Refusal::Host).and_then(|host| {
        site.guard.host(host, own.0)?;
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

/// Lets through who shows the token.
pub(super) async fn check(State(site): State<Site>, request: Request, next: Next) -> Response {
    if request.uri().query().is_some_and(|query| query.to_ascii_lowercase().contains("token=")) {
        let text = "a token is never taken from an address: send it as `Authorization: Bearer`";
        return (StatusCode::BAD_REQUEST, text).into_response();
    }
    let presented = bearer(request.headers()).or_else(|| offered(request.headers()));
    match site.guard.admit(presented) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refused(refusal),
    }
}

fn refused(refusal: Refusal) -> Response {
    let status = match refusal {
        Refusal::Token => StatusCode::UNAUTHORIZED,
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

/// The token among the subprotocols that a WebSocket offers.
fn offered(headers: &HeaderMap) -> Option<&str> {
    let lists = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|list| list.to_str().ok());
    lists.flat_map(|list| list.split(',')).find_map(|it| it.trim().strip_prefix(TOKEN_PROTOCOL))
}
