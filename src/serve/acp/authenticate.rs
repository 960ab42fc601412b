use jsonrpsee::types::Params;
use serde::Deserialize;

use super::error;
use super::initialize::LOCAL;
use super::params::{Reply, parse};
use crate::acp::AuthenticateResponse;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Authenticate {
    /// `AionUI` leaves it out.
    method_id: Option<String>,
}

/// `authenticate`: there is nothing to do, however often it is asked.
pub(super) fn handle(params: &Params<'_>) -> Reply<AuthenticateResponse> {
    match parse::<Authenticate>(params)?.method_id {
        Some(other) if other != LOCAL => {
            Err(error::invalid(&format!("methodId: unknown {other:?}, the only one is {LOCAL:?}")))
        }
        _ => Ok(AuthenticateResponse::new()),
    }
}
