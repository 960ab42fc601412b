use jsonrpsee::types::Params;
use serde::Deserialize;

use super::initialize::{LOCAL, LOGIN};
use super::params::{Reply, engine, parse};
use super::{EngineSource, error, opening};
use crate::acp::AuthenticateResponse;
use crate::agent::Settings;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Authenticate {
    /// `AionUI` leaves it out.
    method_id: Option<String>,
}

/// `authenticate`: looks again whether the keys are there, however often it is asked.
pub(super) fn handle(params: &Params<'_>, source: &EngineSource) -> Reply<AuthenticateResponse> {
    match parse::<Authenticate>(params)?.method_id.as_deref() {
        None | Some(LOCAL | LOGIN) => {}
        Some(other) => {
            let detail = format!("methodId: unknown {other:?}, there are {LOCAL:?} and {LOGIN:?}");
            return Err(error::invalid(&detail));
        }
    }
    let engine = engine(source)?;
    opening::ready(&engine, &Settings { mode: engine.mode, options: Vec::new() })?;
    Ok(AuthenticateResponse::new())
}
