use std::sync::Arc;

use jsonrpsee::Extensions;
use jsonrpsee::types::Params;

use super::EngineSource;
use super::params::{Reply, client, defer, engine, parse};
use crate::acp::CloseSessionResponse;
use crate::acp::lenient::OneSession;

/// `session/close`: a running prompt is cancelled and answered first. An unknown session is closed already.
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
    responder.reply(Ok(CloseSessionResponse::new())).await;
    Ok(())
}
