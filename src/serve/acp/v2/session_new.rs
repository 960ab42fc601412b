use std::sync::Arc;

use jsonrpsee::Extensions;
use jsonrpsee::types::Params;

use super::super::EngineSource;
use super::super::opening::Opening;
use super::super::params::{Reply, parse};
use super::options::choices;
use crate::acp::v2::NewSessionResponse;

/// `session/new`: durable when the reply is written; notices follow it.
pub(super) async fn handle(
    params: Params<'static>,
    source: Arc<EngineSource>,
    extensions: Extensions,
) -> Reply<()> {
    let opening = Opening::of(&parse(&params)?, &source, &extensions).await?;
    let session = opening.create().await?;
    let (options, commands) = choices(&opening, &session);
    let response = NewSessionResponse::new(session.id().0.clone());
    let response = response.config_options(options).available_commands(commands);
    opening.answer(&extensions, response, session).await
}
