//! The one record of what happened: a session is an append-only sequence of [`Event`]s, and every view
//! (an editor's updates, a replay, a list, a terminal) is a projection of it.
//!
//! No wire format lives here, no method name and no state: only what happened, in our own verbs, with
//! the protocol's nouns as leaves so that nothing is lost.
//!
//! What always holds: sequence numbers start at 1 and have no gap; a session's order is by number, never
//! by time; an event is never changed once it has its number.
//!
//! To add a kind: an arm in [`EventKind`] and its answer in [`EventKind::is_control`]; the compiler then
//! names every projection that has to say what it makes of it.

mod file_history;
mod file_image;
mod form;
mod kind;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use file_history::{ChangedTurn, FileChange, FileHistory, FileState};
pub use form::{Field, Form};
pub use kind::{
    AskOutcome, CompactingState, EventKind, FileImage, NoticeLevel, Question, QuestionAnswer, QuestionForm,
    TurnStop, Usage,
};

/// An event's place in its session: 1, 2, 3 …
pub type Seq = u64;

/// A turn's number in its session: 1, 2, 3 …
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TurnId(pub u64);

impl fmt::Display for TurnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Names one question put to a person: unique in its session.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AskId(pub Arc<str>);

/// One thing that happened in a session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Place in the session's order.
    pub seq: Seq,
    /// When, in milliseconds since the Unix epoch: for people, never for ordering.
    pub at: i64,
    /// What.
    #[serde(flatten)]
    pub kind: EventKind,
}
