use std::sync::Arc;

use jsonrpsee::Extensions;
use jsonrpsee::types::Params;

use super::EngineSource;
use super::opening::Opening;
use super::params::{Reply, parse};
use crate::acp::NewSessionResponse;

/// `session/new`: durable when the reply is written; commands and notices follow it.
pub(super) async fn handle(
    params: Params<'static>,
    source: Arc<EngineSource>,
    extensions: Extensions,
) -> Reply<()> {
    let opening = Opening::of(&parse(&params)?, &source, &extensions).await?;
    let session = opening.create().await?;
    let (modes, options) = opening.choices(&session);
    let response = NewSessionResponse::new(session.id().clone()).modes(modes).config_options(options);
    opening.answer(&extensions, response, session).await
}
