use std::sync::Arc;

use jsonrpsee::Extensions;
use jsonrpsee::types::Params;

use super::attachment::{Attachment, From};
use super::params::{Reply, client, defer, engine, parse, roots};
use super::session_new::welcome;
use super::{EngineSource, error, options};
use crate::acp::LoadSessionResponse;
use crate::acp::lenient::OpenSession;

/// `session/load`: the whole conversation is shown before the reply; then what happens goes on.
pub(super) async fn handle(
    params: Params<'static>,
    source: Arc<EngineSource>,
    extensions: Extensions,
) -> Reply<()> {
    let request: OpenSession = parse(&params)?;
    let (client, roots, engine) = (client(&extensions)?, roots(&request.place)?, engine(&source)?);
    let id = request.session_id;
    let session = engine.sessions.load(&id, Some(roots)).await.map_err(|e| error::session(&id, &e))?;
    let settings = session.settings();
    let response = LoadSessionResponse::new()
        .modes(options::modes(&settings))
        .config_options(options::options(&settings, &engine.sessions));
    let (responder, _) = defer(&extensions)?;
    let (welcomed, handle, place) = (Arc::clone(&client), session.clone(), request.place);
    let sessions = engine.sessions.clone();
    let caught_up = Box::pin(async move {
        responder.reply(Ok(response)).await;
        welcome(&welcomed, &engine, &handle, &place).await;
    });
    client.attach(&id, |earlier| {
        Attachment::start(&client, &sessions, session, From::Start, caught_up, earlier)
    });
    Ok(())
}
