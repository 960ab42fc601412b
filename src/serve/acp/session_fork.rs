use std::sync::Arc;

use jsonrpsee::Extensions;
use jsonrpsee::types::Params;

use super::attachment::From;
use super::params::{Reply, client, defer, engine, parse, roots};
use super::session_new::opened;
use super::{EngineSource, error, options};
use crate::acp::ForkSessionResponse;
use crate::acp::lenient::OpenSession;

/// `session/fork`: a new session with this one's history so far; this one is untouched.
pub(super) async fn handle(
    params: Params<'static>,
    source: Arc<EngineSource>,
    extensions: Extensions,
) -> Reply<()> {
    let request: OpenSession = parse(&params)?;
    let (client, roots, engine) = (client(&extensions)?, roots(&request.place)?, engine(&source)?);
    let id = request.session_id;
    let session = engine.sessions.fork(&id, roots).await.map_err(|e| error::session(&id, &e))?;
    let settings = session.settings();
    let response = ForkSessionResponse::new(session.id().clone())
        .modes(options::modes(&settings))
        .config_options(options::options(&settings, &engine.sessions));
    let (responder, _) = defer(&extensions)?;
    responder.reply(Ok(response)).await;
    opened(&client, &engine, session, From::Head, &request.place).await;
    Ok(())
}
