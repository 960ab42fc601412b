use std::sync::Arc;

use jsonrpsee::Extensions;
use jsonrpsee::types::Params;

use super::params::{Reply, client, defer, engine, parse};
use super::{EngineSource, error};
use crate::acp::DeleteSessionResponse;
use crate::acp::lenient::OneSession;

/// `session/delete`: a running prompt is cancelled and answered first. An unknown session is deleted already.
pub(super) async fn handle(
    params: Params<'static>,
    source: Arc<EngineSource>,
    extensions: Extensions,
) -> Reply<()> {
    let id = parse::<OneSession>(&params)?.session_id;
    let (client, engine) = (client(&extensions)?, engine(&source)?);
    let (responder, _) = defer(&extensions)?;
    engine.sessions.close(&id).await;
    client.detach(&id).await;
    let outcome = engine.sessions.delete(&id).await;
    responder.reply(outcome.map(|()| DeleteSessionResponse::new()).map_err(|e| error::store(&e))).await;
    Ok(())
}
