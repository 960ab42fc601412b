//! Terminals of the agent. A turn tells of them in the `_meta` of its calls, as some clients of version 1 draw them;
//! version 2 has updates for it.

use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::super::terminal_output::signal_name;
use crate::acp::{ToolCallId, ToolCallUpdate, v2};

/// What an update of a call says of the terminal of its command. Each names the terminal.
#[derive(Debug, Deserialize)]
pub(super) enum Said {
    #[serde(rename = "terminal_info")]
    Begins { terminal_id: String },
    #[serde(rename = "terminal_output")]
    Writes { terminal_id: String, data: String },
    #[serde(rename = "terminal_exit")]
    Ends { terminal_id: String, exit_code: Option<i64>, signal: Option<i64> },
}

/// What is said, if anything is.
pub(super) fn said(update: &ToolCallUpdate) -> Option<Said> {
    let meta = update.meta.clone()?;
    serde_json::from_value(meta.into()).ok()
}

/// The call whose command runs in it: a turn names a terminal for its call.
pub(super) fn call_of(terminal: &v2::TerminalId) -> ToolCallId {
    ToolCallId::new(Arc::clone(&terminal.0))
}

/// A terminal in which a command begins. `stoppable`: by itself.
pub(super) fn begun(
    terminal: String,
    command: Option<String>,
    cwd: &Path,
    stoppable: bool,
) -> v2::SessionUpdate {
    let mut update = v2::TerminalUpdate::new(terminal).cwd(cwd.to_owned());
    if stoppable {
        let cancel = v2::TerminalCancelCapabilities::new();
        update = update.capabilities(v2::TerminalCapabilities::new().cancel(cancel));
    }
    if let Some(command) = command {
        update = update.command(command);
    }
    v2::SessionUpdate::TerminalUpdate(update)
}

/// Output behind what was there.
pub(super) fn written(terminal: String, data: &str) -> v2::SessionUpdate {
    v2::SessionUpdate::TerminalOutputChunk(v2::TerminalOutputChunk::new(terminal, STANDARD.encode(data)))
}

/// How the command ended. `instead`: its output, where not all of it was shown while it ran.
pub(super) fn ended(
    terminal: &str,
    code: Option<i64>,
    signal: Option<i64>,
    instead: Option<&str>,
) -> v2::TerminalUpdate {
    let status = v2::TerminalExitStatus::new().exit_code(code).signal(signal.and_then(signal_name));
    let update = v2::TerminalUpdate::new(terminal.to_owned()).exit_status(status);
    match instead {
        Some(output) => update.output(v2::TerminalOutput::new(STANDARD.encode(output))),
        None => update,
    }
}
