use std::sync::Arc;

use jsonrpsee::Extensions;
use jsonrpsee::types::Params;

use super::EngineSource;
use super::attachment::From;
use super::opening::Opening;
use super::params::{Reply, parse};
use crate::acp::LoadSessionResponse;
use crate::acp::lenient::OpenSession;

/// `session/load`: the whole conversation is shown before the reply; then what happens goes on.
pub(super) async fn handle(
    params: Params<'static>,
    source: Arc<EngineSource>,
    extensions: Extensions,
) -> Reply<()> {
    let OpenSession { session_id: id, place, .. } = parse(&params)?;
    let opening = Opening::of(&place, &source, &extensions).await?;
    let session = opening.load(&id).await?;
    let (modes, options) = opening.choices(&session);
    let response = LoadSessionResponse::new().modes(modes).config_options(options);
    opening.catch_up(&extensions, response, session, From::Start)
}
