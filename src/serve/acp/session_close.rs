use std::sync::Arc;

use jsonrpsee::Extensions;
use jsonrpsee::types::Params;

use super::params::Reply;
use super::{EngineSource, closing};
use crate::acp::CloseSessionResponse;

/// `session/close`: what was said stays, and can be loaded again.
pub(super) async fn handle(
    params: Params<'static>,
    source: Arc<EngineSource>,
    extensions: Extensions,
) -> Reply<()> {
    let closed = closing::close(&params, &source, &extensions).await?;
    closed.responder.reply(Ok(CloseSessionResponse::new())).await;
    Ok(())
}
