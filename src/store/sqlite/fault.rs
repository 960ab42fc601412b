use std::path::Path;

use rusqlite::ErrorCode;

use crate::store::StoreError;

/// Why an operation failed: a refusal of ours, or the engine.
#[derive(Debug)]
pub(super) enum Failure {
    Refused(StoreError),
    Engine(rusqlite::Error),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Engine(error)
    }
}

/// What has to be done before the connection is trusted again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Remedy {
    /// Nothing: the operation failed, the connection did not.
    None,
    /// Open the file again: what this connection believes of it may be wrong.
    Reopen,
    /// Look for damage, and restore what can be read.
    Examine,
}

/// What an engine error means to a caller, and to us.
pub(super) fn judge(error: &rusqlite::Error, path: &Path) -> (StoreError, Remedy) {
    let file = path.display();
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => (
            StoreError::Full(format!("no space left to write {file}: free some space and try again")),
            Remedy::None,
        ),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => (busy(path), Remedy::None),
        Some(ErrorCode::TooBig) => (
            StoreError::Invalid("an event is larger than the store can hold (1,000,000,000 bytes)".into()),
            Remedy::None,
        ),
        Some(
            ErrorCode::SystemIoFailure
            | ErrorCode::ReadOnly
            | ErrorCode::CannotOpen
            | ErrorCode::PermissionDenied
            | ErrorCode::FileLockingProtocolFailed
            | ErrorCode::OutOfMemory,
        ) => (
            StoreError::Unavailable(format!(
                "cannot use {file}: {error}: check the disk and the permissions"
            )),
            Remedy::Reopen,
        ),
        _ => (
            StoreError::Damaged(format!("{file} cannot be understood: {error}: restore it from a copy")),
            Remedy::Examine,
        ),
    }
}

pub(super) fn busy(path: &Path) -> StoreError {
    StoreError::Unavailable(format!(
        "{} is kept busy by another process: try again, or end that process",
        path.display()
    ))
}

pub(super) fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// Whether the content of the file is at fault and not its surroundings.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    judge(error, Path::new("")).1 == Remedy::Examine
}

/// Whether a write-ahead log failed for want of memory shared between processes.
pub(super) fn lacks_shared_memory(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen | ErrorCode::FileLockingProtocolFailed)
    )
}
