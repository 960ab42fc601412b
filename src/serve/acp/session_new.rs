use std::sync::Arc;

use jsonrpsee::Extensions;
use jsonrpsee::types::Params;

use super::opening::{self, Opening};
use super::params::{Reply, parse};
use super::{EngineSource, error};
use crate::acp::NewSessionResponse;
use crate::agent::Settings;
use crate::session::NewSession;

/// `session/new`: durable when the reply is written; commands and notices follow it.
pub(super) async fn handle(
    params: Params<'static>,
    source: Arc<EngineSource>,
    extensions: Extensions,
) -> Reply<()> {
    let opening = Opening::of(&parse(&params)?, &source, &extensions).await?;
    let settings = Settings { mode: opening.engine.mode, options: Vec::new() };
    opening::ready(&opening.engine, &settings)?;
    let new = NewSession { roots: opening.roots.clone(), mode: opening.engine.mode };
    let session = opening.sessions().create(new).await.map_err(|e| error::opening(&e))?;
    let (modes, options) = opening.choices(&session);
    let response = NewSessionResponse::new(session.id().clone()).modes(modes).config_options(options);
    opening.answer(&extensions, response, session).await
}
