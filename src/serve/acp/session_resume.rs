use std::sync::Arc;

use jsonrpsee::Extensions;
use jsonrpsee::types::Params;

use super::attachment::From;
use super::opening::Opening;
use super::params::{Reply, parse};
use super::{EngineSource, cursor, error};
use crate::acp::ResumeSessionResponse;
use crate::acp::lenient::OpenSession;

/// `session/resume`: like `session/load`, but nothing of before is shown; with `_meta.adjutant.after`, only what came after
/// that.
pub(super) async fn handle(
    params: Params<'static>,
    source: Arc<EngineSource>,
    extensions: Extensions,
) -> Reply<()> {
    let asked: OpenSession = parse(&params)?;
    let unknown = |()| error::invalid("_meta.adjutant.after: no cursor that was given out is like that");
    let after = cursor::after(&asked).map_err(unknown)?;
    let OpenSession { session_id: id, place, .. } = asked;
    let opening = Opening::of(&place, &source, &extensions).await?;
    let session = opening.load(&id).await?;
    let (modes, options) = opening.choices(&session);
    let response = ResumeSessionResponse::new().modes(modes).config_options(options);
    match after {
        Some(cursor) => opening.catch_up(&extensions, response, session, From::After(cursor)),
        None => opening.answer(&extensions, response, session).await,
    }
}
