use std::sync::Arc;

use jsonrpsee::Extensions;
use jsonrpsee::types::Params;

use super::EngineSource;
use super::opening::Opening;
use super::params::{Reply, parse};
use crate::acp::ForkSessionResponse;
use crate::acp::lenient::OpenSession;

/// `session/fork`: a new session with this one's history so far; this one is untouched.
pub(super) async fn handle(
    params: Params<'static>,
    source: Arc<EngineSource>,
    extensions: Extensions,
) -> Reply<()> {
    let OpenSession { session_id: id, place, .. } = parse(&params)?;
    let opening = Opening::of(&place, &source, &extensions).await?;
    let session = opening.fork(&id).await?;
    let (modes, options) = opening.choices(&session);
    let response = ForkSessionResponse::new(session.id().clone()).modes(modes).config_options(options);
    opening.answer(&extensions, response, session).await
}
