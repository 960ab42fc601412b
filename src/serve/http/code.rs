//! `POST /auth/code`: a code that lets a page in, once, for whoever has the token: `{"code":"…","expiresIn":60}`, in
//! seconds.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::{Site, admission};
use crate::serve::auth::{Code, Refusal};

pub(super) async fn code(State(site): State<Site>) -> Response {
    match site.guard.code() {
        Ok(Some(code)) => {
            let body = json!({ "code": code.expose(), "expiresIn": Code::LIFETIME.as_secs() });
            let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")];
            (headers, body.to_string()).into_response()
        }
        Ok(None) => admission::refused(Refusal::Origin),
        Err(e) => (StatusCode::INTERNAL_SERVER_ERROR, format!("no random bits: {e}")).into_response(),
    }
}
