use std::sync::Arc;

use jsonrpsee::Extensions;
use jsonrpsee::types::Params;

use super::params::{Reply, client, defer, engine, parse};
use super::{EngineSource, error};
use crate::acp::lenient::Prompt;
use crate::acp::{ContentBlock, MessageId};
use crate::clock::Clock;

/// `session/prompt`: the reply is parked with the attachment, then the session is knocked at; it is written
/// when the turn has ended (law L3).
pub(super) async fn handle(
    params: Params<'static>,
    source: Arc<EngineSource>,
    extensions: Extensions,
) -> Reply<()> {
    let request: Prompt = parse(&params)?;
    let (client, engine) = (client(&extensions)?, engine(&source)?);
    let session =
        client.attached(&request.session_id).ok_or_else(|| error::no_session(&request.session_id))?;
    let content = request.blocks().map_err(|e| error::invalid(&e))?;
    if content.is_empty() {
        return Err(error::invalid("prompt: no content"));
    }
    if content.iter().any(|block| matches!(block, ContentBlock::Audio(_))) {
        return Err(error::invalid("prompt: audio is not supported (promptCapabilities.audio is false)"));
    }
    let (responder, request) = defer(&extensions)?;
    let message = MessageId::new(Clock::real().id());
    client.park(message.clone(), session.clone(), responder);
    if let Err(e) = session.prompt(message.clone(), content, client.hands(&session, &engine.commands)).await {
        if let Some(responder) = client.unpark(&message) {
            responder.reply::<()>(Err(error::session(session.id(), &e))).await;
        }
        return Ok(());
    }
    if request.cancelled().await {
        session.cancel().await;
    }
    Ok(())
}
