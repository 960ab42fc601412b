use std::sync::Arc;

use jsonrpsee::Extensions;
use jsonrpsee::types::Params;
use serde::Deserialize;

use super::client::Client;
use super::own_change::Asked;
use super::params::{Reply, client, parse};
use super::{EngineSource, error, options};
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
    let client = client(&extensions)?;
    let session = client.session(&session_id)?;
    set(&client, &session, &mode_id, Asked::Mode).await?;
    Ok(SetSessionModeResponse::new())
}

/// Changes the mode by its id.
pub(super) async fn set(client: &Client, session: &SessionHandle, mode: &str, asked: Asked) -> Reply<()> {
    let mode = Mode::from_id(mode).map_err(|e| error::invalid(&e.to_string()))?;
    let _asking = client.changes().begin(session, options::MODE, mode.id(), asked);
    session.set_mode(mode).await.map_err(|e| error::session(client.version(), session.id(), &e))
}
