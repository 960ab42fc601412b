//! What a request is answered that was not taken.

use std::borrow::Cow;

use axum::http::header::{CONNECTION, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::jsonrpc::{Owed, error_line};
use crate::rpc;
use crate::serve::crowd;

/// A status, and a text that says what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::serve::http) struct Refused {
    status: StatusCode,
    media: &'static str,
    text: Cow<'static, str>,
}

impl Refused {
    pub(super) const NO_CONNECTION: Self =
        Self::new(StatusCode::BAD_REQUEST, "Acp-Connection-Id is missing: post `initialize` first");
    pub(super) const UNKNOWN: Self = Self::new(
        StatusCode::NOT_FOUND,
        "there is no such connection, or it is over: post `initialize` anew",
    );

    pub(super) const fn new(status: StatusCode, text: &'static str) -> Self {
        Self { status, media: "text/plain; charset=utf-8", text: Cow::Borrowed(text) }
    }

    pub(super) fn too_large(limit: usize) -> Self {
        let text = format!("the message is larger than {limit} bytes");
        Self { text: text.into(), ..Self::new(StatusCode::PAYLOAD_TOO_LARGE, "") }
    }

    /// The body was no message: the reply that it is owed is the answer's own body.
    pub(super) fn owed(owed: &Owed) -> Self {
        let error = rpc::error(owed.code.code(), owed.message, Some(&owed.detail));
        let line = String::from_utf8_lossy(&error_line(&owed.id, &error)).into_owned();
        Self { media: "application/json", text: line.into(), ..Self::new(StatusCode::BAD_REQUEST, "") }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let mut response = (self.status, [(CONTENT_TYPE, self.media)], self.text).into_response();
        // The rest of the body is not read, and nothing can be asked behind it.
        if matches!(self.status, StatusCode::PAYLOAD_TOO_LARGE | StatusCode::REQUEST_TIMEOUT) {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(crowd::RETRY_AFTER));
        }
        response
    }
}
