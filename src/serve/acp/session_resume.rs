use std::sync::Arc;

use jsonrpsee::Extensions;
use jsonrpsee::types::Params;

use super::EngineSource;
use super::opening::Opening;
use super::params::{Reply, parse};
use crate::acp::ResumeSessionResponse;
use crate::acp::lenient::OpenSession;

/// `session/resume`: like `session/load`, but nothing of before is shown.
pub(super) async fn handle(
    params: Params<'static>,
    source: Arc<EngineSource>,
    extensions: Extensions,
) -> Reply<()> {
    let OpenSession { session_id: id, place } = parse(&params)?;
    let opening = Opening::of(&place, &source, &extensions).await?;
    let session = opening.load(&id).await?;
    let (modes, options) = opening.choices(&session);
    let response = ResumeSessionResponse::new().modes(modes).config_options(options);
    opening.answer(&extensions, response, session).await
}
