//! The session engine: the register of sessions, the actor that owns each of them, its journal and the
//! cursors that read it.
//!
//! No wire and no client lives here, and no model: a session carries events from an agent to whoever
//! subscribed, and decides what may happen when.
//!
//! What always holds: a session is mutated by its actor only (law L1); control events are durable before
//! anyone sees them (L6); readers pull by cursor and stall nobody (L4); a turn ends with exactly one
//! `TurnEnded`, and an ask that comes while it is being cancelled is answered at once (L7); a session is open as
//! long as somebody holds it or a turn runs, and no longer.
//!
//! To add a thing a session can be told: a variant of `Command`, its arm in the actor, and, if it decides
//! anything, an input of `state`.

mod actor;
mod announcer;
mod children;
mod grant_book;
mod handle;
mod journal;
mod ledger;
mod recovery;
mod sessions;
mod state;
mod subscription;
mod title;

#[cfg(test)]
mod tests;

use crate::error::ErrorKind;
use crate::event::TurnId;
use crate::store::StoreError;
use crate::workspace::WorkspaceError;

pub use grant_book::StoredGrants;
pub use handle::{Accepted, SessionHandle, SessionInfo};
pub use ledger::StoredLedger;
pub use sessions::{NewSession, Sessions};
pub use subscription::Subscription;

/// What a caller can do about a session's refusal.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// A turn is running already.
    #[error("turn {0} of this session is still running: wait for it or cancel it")]
    Busy(TurnId),
    /// No such mode, option, or value.
    #[error("{0}")]
    Invalid(String),
    /// The prompt was taken back before it began.
    #[error("the prompt was taken back before it began")]
    Withdrawn,
    /// The session was closed.
    #[error("the session is closed")]
    Closed,
    /// As many sessions are open as may be.
    #[error("{0} sessions are open, as many as may be: close one, or try again later")]
    TooMany(usize),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
}

impl SessionError {
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Busy(_) => ErrorKind::Conflict,
            Self::Invalid(_) => ErrorKind::Invalid,
            Self::Withdrawn => ErrorKind::Conflict,
            Self::Closed => ErrorKind::NotFound,
            Self::TooMany(_) => ErrorKind::Exhausted,
            Self::Store(e) => e.kind(),
            Self::Workspace(e) => e.kind(),
        }
    }
}
