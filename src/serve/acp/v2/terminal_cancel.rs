use jsonrpsee::Extensions;
use jsonrpsee::types::Params;
use serde::Deserialize;

use super::super::error;
use super::super::params::{Reply, client, parse};
use super::terminal;
use crate::acp::SessionId;
use crate::acp::v2::{CancelTerminalResponse, TerminalId};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CancelTerminal {
    session_id: SessionId,
    terminal_id: TerminalId,
}

/// `terminal/cancel`: the command of a call is stopped, and with it the call, because it is nothing else.
pub(super) fn handle(params: &Params<'_>, extensions: &Extensions) -> Reply<CancelTerminalResponse> {
    let CancelTerminal { session_id, terminal_id: id } = parse(params)?;
    let session = client(extensions)?.session(&session_id)?;
    if session.cancel_call(&terminal::call_of(&id)) {
        return Ok(CancelTerminalResponse::new());
    }
    Err(error::invalid(&format!("terminalId: no command runs in a terminal {:?}", error::shown(&id.0))))
}
