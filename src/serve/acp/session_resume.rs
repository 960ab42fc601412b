use std::sync::Arc;

use jsonrpsee::Extensions;
use jsonrpsee::types::Params;

use super::attachment::From;
use super::params::{Reply, client, defer, engine, parse, roots};
use super::session_new::{opened, welcome};
use super::{EngineSource, error, options};
use crate::acp::ResumeSessionResponse;
use crate::acp::lenient::OpenSession;

/// `session/resume`: like `session/load`, but nothing of before is shown.
pub(super) async fn handle(
    params: Params<'static>,
    source: Arc<EngineSource>,
    extensions: Extensions,
) -> Reply<()> {
    let request: OpenSession = parse(&params)?;
    let (client, roots, engine) = (client(&extensions)?, roots(&request.place)?, engine(&source)?);
    let id = request.session_id;
    let session = engine.sessions.load(&id, Some(roots)).await.map_err(|e| error::session(&id, &e))?;
    // Who is attached stays so: what happens meanwhile, and the end of a running turn, is not missed.
    let attached = client.attached(&id).is_some_and(|known| known.is(&session));
    let settings = session.settings();
    let response = ResumeSessionResponse::new()
        .modes(options::modes(&settings))
        .config_options(options::options(&settings, &engine.sessions));
    let (responder, _) = defer(&extensions)?;
    responder.reply(Ok(response)).await;
    if attached {
        welcome(&client, &engine, &session, &request.place).await;
    } else {
        opened(&client, &engine, session, From::Head, &request.place).await;
    }
    Ok(())
}
