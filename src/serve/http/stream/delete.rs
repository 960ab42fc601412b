//! `DELETE /acp`: ends a connection. Its sessions stay.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};

use super::{Refused, connection};
use crate::serve::http::Site;

pub(in crate::serve::http) async fn delete(
    State(site): State<Site>,
    headers: HeaderMap,
) -> Result<StatusCode, Refused> {
    let exchange = site.streams.remove(connection(&headers)?).ok_or(Refused::UNKNOWN)?;
    exchange.close("the connection was ended");
    Ok(StatusCode::ACCEPTED)
}
