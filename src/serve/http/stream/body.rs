//! The body of a request, read with a limit and a deadline.

use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::http::StatusCode;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use tokio::time::{Instant, timeout_at};

use super::Refused;

/// How long a body may take, and a second more for each [`PACE`] bytes of it.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes a second that any honest client sends.
const PACE: usize = 64 * 1024;

const SLOW: Refused = Refused::new(StatusCode::REQUEST_TIMEOUT, "the body took too long");
const BROKEN: Refused = Refused::new(StatusCode::BAD_REQUEST, "the body broke off");

/// The whole body, up to `limit` bytes.
pub(super) async fn read(body: Body, limit: usize) -> Result<Bytes, Refused> {
    if body.size_hint().lower() > limit as u64 {
        return Err(Refused::too_large(limit));
    }
    let (began, mut chunks, mut taken) = (Instant::now(), body.into_data_stream(), BytesMut::new());
    loop {
        let deadline = began + PATIENCE + Duration::from_secs((taken.len() / PACE) as u64);
        let chunk = timeout_at(deadline, chunks.next()).await.map_err(|_| SLOW)?;
        let Some(chunk) = chunk.transpose().map_err(|_| BROKEN)? else { return Ok(taken.freeze()) };
        if taken.len() + chunk.len() > limit {
            return Err(Refused::too_large(limit));
        }
        taken.extend_from_slice(&chunk);
    }
}
