use std::sync::Arc;

use jsonrpsee::Extensions;
use jsonrpsee::types::Params;

use super::EngineSource;
use super::attachment::{Attachment, From};
use super::opening::Opening;
use super::params::{Reply, defer, parse};
use crate::acp::LoadSessionResponse;
use crate::acp::lenient::OpenSession;

/// `session/load`: the whole conversation is shown before the reply; then what happens goes on.
pub(super) async fn handle(
    params: Params<'static>,
    source: Arc<EngineSource>,
    extensions: Extensions,
) -> Reply<()> {
    let OpenSession { session_id: id, place } = parse(&params)?;
    let opening = Opening::of(&place, &source, &extensions).await?;
    let session = opening.load(&id).await?;
    let (modes, options) = opening.choices(&session);
    let response = LoadSessionResponse::new().modes(modes).config_options(options);
    let (responder, _) = defer(&extensions)?;
    let (client, sessions, handle) =
        (Arc::clone(&opening.client), opening.sessions().clone(), session.clone());
    let caught_up = Box::pin(async move {
        responder.reply(Ok(response)).await;
        opening.welcome(&handle).await;
    });
    client.attach(&id, |earlier| {
        Attachment::start(&client, &sessions, session, From::Start, caught_up, earlier)
    });
    Ok(())
}
