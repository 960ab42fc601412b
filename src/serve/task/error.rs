//! The dialect's errors: the only place where a failure becomes one of its words.

use serde::Serialize;
use serde_json::Value;

use crate::error::ErrorKind;
use crate::session::SessionError;

/// Most characters of a text that are shown.
const SHOWN: usize = 500;

/// What a client can do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Code {
    /// The work could not be done.
    TaskFailed,
    /// The request is wrong: mend it and send it again.
    InvalidRequest,
    MethodNotFound,
    /// No such task, or it is over.
    TaskNotFound,
    /// Its time was over before the work began.
    Timeout,
    /// As much is done at once as may be: try again later.
    Busy,
    /// The machine refuses it.
    PermissionDenied,
    /// A model's key is missing.
    Unauthorized,
    ShuttingDown,
}

/// Why a request has no result.
#[derive(Debug, Serialize)]
pub(super) struct Failure {
    pub(super) code: Code,
    /// What happened and what to do, for people.
    message: String,
    /// The task that it was, as far as it had come to be one.
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Value>,
}

impl Failure {
    pub(super) fn new(code: Code, message: &str) -> Self {
        let message = match message.char_indices().nth(SHOWN) {
            Some((end, _)) => format!("{}…", &message[..end]),
            None => message.to_owned(),
        };
        Self { code, message, data: None }
    }

    pub(super) fn invalid(message: &str) -> Self {
        Self::new(Code::InvalidRequest, message)
    }

    /// The same of a task that had begun.
    pub(super) fn of(self, task: Value) -> Self {
        Self { data: Some(task), ..self }
    }
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        let code = match error.kind() {
            ErrorKind::Invalid | ErrorKind::NotFound => Code::InvalidRequest,
            ErrorKind::Conflict | ErrorKind::Exhausted => Code::Busy,
            ErrorKind::Denied => Code::PermissionDenied,
            ErrorKind::Unavailable | ErrorKind::Internal => Code::TaskFailed,
        };
        Self::new(code, &error.to_string())
    }
}
