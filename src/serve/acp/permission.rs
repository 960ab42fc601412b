//! Whether a tool may run, put to this client as `session/request_permission`.

use super::ceiling;
use crate::acp::lenient::PermissionAnswer;
use crate::acp::{CLIENT_METHOD_NAMES, PermissionOption, RequestPermissionRequest, ToolCallUpdate};
use crate::event::{AskId, AskOutcome};
use crate::rpc::Peer;
use crate::session::SessionHandle;

/// Asks and hands the answer to the session. Whatever is not clearly a selection is a no; a client that
/// is gone answers nothing, because another one may still.
pub(super) async fn put(
    peer: Peer,
    session: SessionHandle,
    ask: AskId,
    call: ToolCallUpdate,
    options: Vec<PermissionOption>,
) {
    let request = RequestPermissionRequest::new(session.id().clone(), ceiling::call(call), options);
    let answer =
        peer.request::<_, PermissionAnswer>(CLIENT_METHOD_NAMES.session_request_permission, &request).await;
    let outcome = match answer {
        Ok(answer) => answer
            .selected()
            .map_or(AskOutcome::Cancelled, |option| AskOutcome::Selected { option: option.to_owned() }),
        Err(crate::rpc::PeerError::Gone) => return,
        Err(e) => {
            tracing::warn!(error = %e, "a question was not answered: taken as a no");
            AskOutcome::Cancelled
        }
    };
    session.answer(ask, outcome).await;
}
