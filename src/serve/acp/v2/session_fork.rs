use std::sync::Arc;

use jsonrpsee::Extensions;
use jsonrpsee::types::Params;

use super::super::EngineSource;
use super::super::opening::Opening;
use super::super::params::{Reply, parse};
use super::options::choices;
use crate::acp::lenient::OpenSession;
use crate::acp::v2::ForkSessionResponse;

/// `session/fork`: a new session with this one's history so far; this one is untouched.
pub(super) async fn handle(
    params: Params<'static>,
    source: Arc<EngineSource>,
    extensions: Extensions,
) -> Reply<()> {
    let OpenSession { session_id: id, place, .. } = parse(&params)?;
    let opening = Opening::of(&place, &source, &extensions).await?;
    let session = opening.fork(&id).await?;
    let (options, commands) = choices(&opening, &session);
    let response = ForkSessionResponse::new(session.id().0.clone());
    let response = response.config_options(options).available_commands(commands);
    opening.answer(&extensions, response, session).await
}
