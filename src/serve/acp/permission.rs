//! Whether a tool may run, put to this client as `session/request_permission`.

use serde::Serialize;

use super::version::Version;
use super::{ceiling, v2};
use crate::acp::lenient::PermissionAnswer;
use crate::acp::{
    CLIENT_METHOD_NAMES, PermissionOption, RequestPermissionRequest, SessionId, ToolCallUpdate,
    without_deletions,
};
use crate::event::{AskId, AskOutcome};
use crate::rpc::Peer;
use crate::session::SessionHandle;

/// The question in the words of a version.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Question {
    V1(Box<RequestPermissionRequest>),
    V2(Box<crate::acp::v2::RequestPermissionRequest>),
}

impl Question {
    pub(super) fn new(
        version: Version,
        session: &SessionId,
        call: &ToolCallUpdate,
        options: &[PermissionOption],
    ) -> Self {
        let call = ceiling::call(call.clone());
        match version {
            Version::V1 => {
                let call = without_deletions(call);
                Self::V1(Box::new(RequestPermissionRequest::new(session.clone(), call, options.to_vec())))
            }
            Version::V2 => Self::V2(Box::new(v2::request(session, call, options))),
        }
    }
}

/// Asks and hands the answer to the session. Whatever is not clearly a selection is a no; a client that
/// is gone answers nothing, because another one may still.
pub(super) async fn put(peer: Peer, session: SessionHandle, ask: AskId, question: Question) {
    let answer =
        peer.request::<_, PermissionAnswer>(CLIENT_METHOD_NAMES.session_request_permission, &question).await;
    let outcome = match answer {
        Ok(answer) if answer.is_unattended() => AskOutcome::Absent,
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
