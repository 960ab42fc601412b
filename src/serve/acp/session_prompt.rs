use std::pin::pin;
use std::sync::Arc;

use jsonrpsee::Extensions;
use jsonrpsee::types::Params;

use super::params::{Reply, client, defer, engine, parse};
use super::version::Version;
use super::{EngineSource, cursor, error};
use crate::acp::lenient::Prompt;
use crate::acp::{ContentBlock, MessageId, PromptResponse, SessionId, StopReason};
use crate::agent::Hands;
use crate::rpc::{self, Deferred, code};
use crate::session::{Accepted, SessionError, SessionHandle};

/// `session/prompt`: the reply is parked with the attachment, then the session is knocked at; it is written
/// when the turn has ended (law L3), or in version 2 as a receipt when it has begun.
pub(super) async fn handle(
    params: Params<'static>,
    source: Arc<EngineSource>,
    extensions: Extensions,
) -> Reply<()> {
    let request: Prompt = parse(&params)?;
    let (client, engine) = (client(&extensions)?, engine(&source)?);
    let session = client.session(&request.session_id)?;
    let waits = request.waits();
    let content = request.blocks().map_err(|e| error::invalid(&e))?;
    if content.is_empty() {
        return Err(error::invalid("prompt: no content"));
    }
    if content.iter().any(|block| matches!(block, ContentBlock::Audio(_))) {
        return Err(error::invalid("prompt: audio is not supported (promptCapabilities.audio is false)"));
    }
    let (responder, request) = defer(&extensions)?;
    let message = cursor::message(client.capabilities());
    client.park(message.clone(), session.clone(), responder);
    let hands = client.hands(&session, &engine.commands);
    let accepted = if waits {
        in_turn(&session, message.clone(), content, hands, &request).await
    } else {
        session.prompt(message.clone(), content, hands).await
    };
    match accepted {
        Ok(Accepted { turn }) => {
            if request.cancelled().await {
                session.cancel_turn(turn).await;
            }
        }
        Err(e) => {
            if let Some(responder) = client.unpark(&message) {
                responder.reply(refusal(client.version(), session.id(), &e)).await;
            }
        }
    }
    Ok(())
}

/// Waits for the session's turn, and gives the place up when the request is taken back before it has come.
async fn in_turn(
    session: &SessionHandle,
    message: MessageId,
    content: Vec<ContentBlock>,
    hands: Hands,
    request: &Deferred,
) -> Result<Accepted, SessionError> {
    let mut prompting = pin!(session.prompt_in_turn(message.clone(), content, hands));
    tokio::select! {
        biased;
        accepted = &mut prompting => accepted,
        true = request.cancelled() => {
            session.withdraw(&message).await;
            prompting.await
        }
    }
}

/// A prompt that was taken back in time has ended as a cancelled one does, or has never become a message.
fn refusal(version: Version, id: &SessionId, error: &SessionError) -> Reply<PromptResponse> {
    match (version, error) {
        (Version::V1, SessionError::Withdrawn) => Ok(PromptResponse::new(StopReason::Cancelled)),
        (Version::V2, SessionError::Withdrawn | SessionError::Closed) => {
            Err(rpc::error(code::CANCELLED, "Request cancelled", None))
        }
        (_, error) => Err(error::session(version, id, error)),
    }
}
