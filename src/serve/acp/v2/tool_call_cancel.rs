use jsonrpsee::Extensions;
use jsonrpsee::types::Params;
use serde::Deserialize;

use super::super::error;
use super::super::params::{Reply, client, parse};
use crate::acp::v2::CancelToolCallResponse;
use crate::acp::{SessionId, ToolCallId};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CancelCall {
    session_id: SessionId,
    tool_call_id: ToolCallId,
}

/// `tool_call/cancel`: the turn goes on without the call, whose last update tells that it has ended.
pub(super) fn handle(params: &Params<'_>, extensions: &Extensions) -> Reply<CancelToolCallResponse> {
    let CancelCall { session_id, tool_call_id: call } = parse(params)?;
    let session = client(extensions)?.session(&session_id)?;
    if session.cancel_call(&call) {
        return Ok(CancelToolCallResponse::new());
    }
    Err(error::invalid(&format!(
        "toolCallId: no call {:?} runs that can be cancelled",
        error::shown(&call.0)
    )))
}
