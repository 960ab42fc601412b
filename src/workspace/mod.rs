//! The folders a session may touch: their roots, the jail around them, files as bytes and as text, and the
//! processes that run in them.
//!
//! What may not be here: tools, permission rules, sessions, or a word of any protocol. The room answers "can
//! this be reached and what happens when it is", never "should it be".
//!
//! What always holds: a [`Place`] names an object inside a root with every symbolic link already resolved, and
//! whatever opens it afterwards follows none, so the object that was judged is the object that is touched.
//! A file is replaced whole or not at all. A command dies with its owner, and so do its descendants.
//!
//! To add a file operation: a method on [`Workspace`] in its own file, which reaches the disk only through
//! `beneath`. To put another editor or terminal in place of the local ones: implement [`Files`] or [`Commands`].

use std::io;
use std::path::PathBuf;

use crate::error::ErrorKind;

mod beneath;
mod capture;
mod command;
mod environment;
mod file;
mod jail;
mod leash;
mod local;
mod open_files;
mod permission_bits;
mod piped;
mod place;
mod process;
mod replace;
mod resolve;
mod spill;
pub mod supervisor;
mod text;

#[cfg(test)]
mod tests;

pub use capture::{Capture, Captured};
pub use command::{Command, Commands, Exit, Finished, Limits, Live};
pub use file::{Entry, Expected, FileData, Fingerprint, MAX_ENTRIES};
pub use jail::Workspace;
pub use leash::Leash;
pub use local::{Files, LocalFiles};
pub use open_files::raise_open_files;
pub use piped::Piped;
pub use place::{Kind, Place};
pub use process::LocalCommands;
pub use spill::{MAX_SPILL, SpillFile, Spilled};
pub use text::{NotText, Text};

/// Why the workspace could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// The path or folder is not one that can be used; another one might.
    #[error("{path:?} cannot be used: {reason}")]
    Invalid { path: String, reason: &'static str },
    /// The path, or a symbolic link on its way, leaves the folders of the session.
    #[error("{path:?} leads outside the workspace; name a path under {}", root.display())]
    Outside { path: String, root: PathBuf },
    #[error("{} does not exist", path.display())]
    NotFound { path: PathBuf },
    /// There is something, but not a plain file (or, for a listing, not a folder) that may be handled.
    #[error("{} is {what}", path.display())]
    NotAFile { path: PathBuf, what: &'static str },
    /// Sizes are bytes of a file, entries of a folder.
    #[error("{} is too large: {size} where the limit is {limit}; ask for a part of it", path.display())]
    TooLarge { path: PathBuf, size: u64, limit: u64 },
    /// The disk no longer holds what the caller saw; nothing was written.
    #[error("{} changed meanwhile: {how}; look again before writing", path.display())]
    Changed { path: PathBuf, how: &'static str },
    #[error("{program:?} could not be started: {source}")]
    Spawn { program: String, source: io::Error },
    #[error("could not {doing} {}: {source}", path.display())]
    Io { path: PathBuf, doing: &'static str, source: io::Error },
}

impl WorkspaceError {
    /// What the caller can do about it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Invalid { .. } | Self::NotAFile { .. } => ErrorKind::Invalid,
            Self::Outside { .. } => ErrorKind::Denied,
            Self::NotFound { .. } => ErrorKind::NotFound,
            Self::TooLarge { .. } => ErrorKind::Exhausted,
            Self::Changed { .. } => ErrorKind::Conflict,
            Self::Spawn { source, .. } | Self::Io { source, .. } => kind_of(source),
        }
    }
}

fn kind_of(error: &io::Error) -> ErrorKind {
    match error.kind() {
        io::ErrorKind::NotFound => ErrorKind::NotFound,
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => ErrorKind::Denied,
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidFilename | io::ErrorKind::ArgumentListTooLong => {
            ErrorKind::Invalid
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            ErrorKind::Exhausted
        }
        _ => ErrorKind::Unavailable,
    }
}
