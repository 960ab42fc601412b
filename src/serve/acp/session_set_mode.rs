use std::sync::Arc;

use jsonrpsee::Extensions;
use jsonrpsee::types::Params;
use serde::Deserialize;

use super::params::{Reply, client, parse};
use super::{EngineSource, error};
use crate::acp::{SessionId, SetSessionModeResponse};
use crate::permission::Mode;
use crate::session::SessionHandle;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SetMode {
    session_id: SessionId,
    mode_id: String,
}

/// `session/set_mode`: also in the middle of a turn, for whatever is judged from then on.
pub(super) async fn handle(
    params: Params<'static>,
    _: Arc<EngineSource>,
    extensions: Extensions,
) -> Reply<SetSessionModeResponse> {
    let SetMode { session_id, mode_id } = parse(&params)?;
    let session = client(&extensions)?.attached(&session_id).ok_or_else(|| error::no_session(&session_id))?;
    set(&session, &mode_id).await?;
    Ok(SetSessionModeResponse::new())
}

/// Changes the mode by its id.
pub(super) async fn set(session: &SessionHandle, mode: &str) -> Reply<()> {
    let mode = Mode::from_id(mode).map_err(|e| error::invalid(&e.to_string()))?;
    session.set_mode(mode).await.map_err(|e| error::session(session.id(), &e))
}
