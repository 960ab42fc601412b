use std::sync::Arc;

use jsonrpsee::Extensions;
use jsonrpsee::types::Params;

use super::params::Reply;
use super::{EngineSource, closing, error};
use crate::acp::DeleteSessionResponse;

/// `session/delete`: closed, then forgotten. An unknown session is deleted already.
pub(super) async fn handle(
    params: Params<'static>,
    source: Arc<EngineSource>,
    extensions: Extensions,
) -> Reply<()> {
    let closed = closing::close(&params, &source, &extensions).await?;
    let outcome = closed.engine.sessions.delete(&closed.id).await.map_err(|e| error::store(&e));
    closed.responder.reply(outcome.map(|()| DeleteSessionResponse::new())).await;
    Ok(())
}
