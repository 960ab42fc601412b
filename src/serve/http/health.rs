//! `GET /health`: whether somebody is there. It says nothing else, for it asks for no token.

use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;

pub(super) async fn health() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], r#"{"healthy":true}"#)
}
