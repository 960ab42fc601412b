//! Wire codes of this door (ACP v1, errors): the only place where a failure becomes a number.

use std::borrow::Cow;

use jsonrpsee::types::{ErrorCode, ErrorObjectOwned};
use serde_json::json;

use super::version::Version;
use crate::acp::SessionId;
use crate::error::ErrorKind;
use crate::rpc;
use crate::session::SessionError;
use crate::store::StoreError;

/// A key is missing: sign in first.
const AUTH_REQUIRED: i32 = -32000;

/// The thing named does not exist.
pub(super) const NOT_FOUND: i32 = -32002;

/// Most characters of a client's own words that are repeated to it.
const REPEATED: usize = 500;

/// The parameters are wrong; `detail` says which and how.
pub(super) fn invalid(detail: &str) -> ErrorObjectOwned {
    rpc::error(ErrorCode::InvalidParams.code(), "Invalid params", Some(&shown(detail)))
}

/// No session can be worked in before somebody signs in; `detail` says which key is missing and how to give it.
pub(super) fn auth_required(detail: &str) -> ErrorObjectOwned {
    rpc::error(AUTH_REQUIRED, "Authentication required", Some(&shown(detail)))
}

/// The request does not fit the state of things.
pub(super) fn conflict(message: &str) -> ErrorObjectOwned {
    rpc::error(ErrorCode::InvalidRequest.code(), message, None)
}

/// As much is done as may be: try again later.
fn busy(message: &str) -> ErrorObjectOwned {
    rpc::error(ErrorCode::ServerIsBusy.code(), one_line(message), None)
}

/// Our own fault, or the machine's.
pub(super) fn internal(message: &str) -> ErrorObjectOwned {
    rpc::error(ErrorCode::InternalError.code(), one_line(message), None)
}

/// No session of that id is open here.
pub(super) fn no_session(version: Version, id: &SessionId) -> ErrorObjectOwned {
    let details = match version {
        Version::V1 => "no such session; list them with session/list, open one with session/load",
        Version::V2 => "no such session; list them with session/list, open one with session/resume",
    };
    let data = json!({ "sessionId": shown(&id.0), "details": details });
    ErrorObjectOwned::owned(NOT_FOUND, "Session not found", Some(data))
}

pub(super) fn session(version: Version, id: &SessionId, error: &SessionError) -> ErrorObjectOwned {
    match error {
        SessionError::Closed | SessionError::Store(StoreError::NotFound(_)) => no_session(version, id),
        SessionError::Busy(turn) => ErrorObjectOwned::owned(
            ErrorCode::InvalidRequest.code(),
            "A turn of this session is still running",
            Some(json!({ "sessionId": id, "turn": turn, "details": error.to_string() })),
        ),
        SessionError::TooMany(_)
        | SessionError::Invalid(_)
        | SessionError::Withdrawn
        | SessionError::Store(_)
        | SessionError::Workspace(_) => opening(error),
    }
}

/// Opening a session that has no id yet.
pub(super) fn opening(error: &SessionError) -> ErrorObjectOwned {
    if matches!(error, SessionError::TooMany(_)) {
        return busy(&error.to_string());
    }
    of_kind(error.kind(), &error.to_string())
}

pub(super) fn store(error: &StoreError) -> ErrorObjectOwned {
    of_kind(error.kind(), &error.to_string())
}

fn of_kind(kind: ErrorKind, text: &str) -> ErrorObjectOwned {
    match kind {
        ErrorKind::Invalid | ErrorKind::NotFound | ErrorKind::Denied => invalid(text),
        ErrorKind::Conflict => conflict(&one_line(text)),
        ErrorKind::Exhausted | ErrorKind::Unavailable | ErrorKind::Internal => internal(text),
    }
}

/// `message` is shown as it is by editors: one short line, never empty.
pub(super) fn one_line(text: &str) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("Internal error");
    beginning(line, 300).into_owned()
}

/// What a client said, short enough to be repeated in an error.
pub(super) fn shown(text: &str) -> Cow<'_, str> {
    beginning(text, REPEATED)
}

fn beginning(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}
