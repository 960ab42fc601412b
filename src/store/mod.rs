//! Where sessions are kept: the [`Store`] trait, its `SQLite` and in-memory backends, rows and migrations.
//! SQL stands nowhere else.
//!
//! No session logic lives here: a store neither knows what an event means nor wakes anybody.
//!
//! What always holds: when a future of [`Store::append`] resolves to `Ok`, the events survive a power
//! loss; appends of one session arrive in order and have no gap; a writer whose epoch is not the newest
//! is refused (law L12); the store is opened by the first call that needs it, never before.
//!
//! To add a backend: one file, one arm in [`open`], and the contract suite in `contract.rs` run over it.

#[cfg(test)]
mod contract;
mod cursor;
mod memory;
mod pack;
mod record;
mod spending;
mod sqlite;
#[cfg(test)]
mod tests;

use std::fmt::Debug;
use std::path::PathBuf;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

use crate::acp::SessionId;
use crate::error::ErrorKind;
use crate::event::{Event, Seq};

pub use spending::{Spending, SpendingTotals, Used};

/// Where sessions are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In this process; gone with it.
    Memory,
    /// In a `SQLite` file. Its folder is made if it is missing.
    File(PathBuf),
}

/// The store of a place. Nothing is read, written or started before the first call needs it.
pub fn open(place: Place) -> Arc<dyn Store> {
    match place {
        Place::Memory => Arc::new(memory::Memory::default()),
        Place::File(path) => Arc::new(sqlite::Sqlite::new(path, sqlite::Tuning::default())),
    }
}

/// What is known of a session without its events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRecord {
    pub id: SessionId,
    /// The session it was forked from, or the one it works for.
    pub parent: Option<SessionId>,
    /// How deep it is beneath a session that a person opened: 0 for such a one, and for every fork.
    #[serde(default)]
    pub depth: u32,
    /// Absolute working directory.
    pub cwd: PathBuf,
    pub additional: Vec<PathBuf>,
    pub title: Option<String>,
    /// Current mode id.
    pub mode: String,
    /// Session options by id, as JSON text values (`model`, `thought_level` …).
    pub options: Vec<(String, String)>,
    /// Milliseconds since the Unix epoch.
    pub created_at: i64,
    pub updated_at: i64,
    /// Number of the last event, 0 for none.
    pub head: Seq,
    /// Whether a turn was begun and has not ended.
    pub running: bool,
}

/// Who may append to a session: each claim gives the next number, and only the newest one writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Epoch(pub i64);

/// Changes to the record that travel with an append, in the same transaction. `None` leaves as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecordChange {
    pub title: Option<String>,
    pub mode: Option<String>,
    /// One option id and its new value.
    pub option: Option<(String, String)>,
    pub running: Option<bool>,
}

/// Events to make durable. `events` continue the session's numbering without a gap.
#[derive(Debug, Clone)]
pub struct Append {
    pub session: SessionId,
    pub epoch: Epoch,
    pub events: Vec<Arc<Event>>,
    pub change: RecordChange,
}

/// Which sessions to list, of those that people opened: newest change first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct ListQuery {
    /// Only sessions of this working directory.
    pub cwd: Option<PathBuf>,
    /// `next` of the page before.
    pub cursor: Option<String>,
    pub limit: usize,
}

/// The most sessions one page holds.
pub const MAX_PAGE: usize = 1_000;

/// One page of sessions, and the opaque cursor of the next one if there is one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SessionPage {
    pub sessions: Vec<SessionRecord>,
    pub next: Option<String>,
}

/// A remembered answer: `text` is the permission room's own form of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantRecord {
    pub id: i64,
    pub workspace: PathBuf,
    pub text: String,
    pub created_at: i64,
}

/// Sessions, their events and the remembered answers.
///
/// Methods only queue the work, in the order of the calls; the returned future waits for it, and dropping it
/// does not undo it. [`StoreError::Unavailable`] when more waits than the disk can take.
pub trait Store: Send + Sync + Debug {
    /// A new session without events (`head` counts as 0), claimed by this process.
    /// [`StoreError::Conflict`] if the id is taken.
    fn create(&self, record: SessionRecord) -> BoxFuture<'static, Result<Epoch, StoreError>>;
    /// Takes the session over: the next epoch is ours. [`StoreError::Conflict`] while a live process is in
    /// the middle of a turn of it.
    fn claim(&self, id: &SessionId) -> BoxFuture<'static, Result<(SessionRecord, Epoch), StoreError>>;
    /// Makes events and the record's changes durable, all or nothing. `updated_at` becomes the time of the
    /// last event. [`StoreError::Conflict`] for an epoch that is not the newest or events that do not begin
    /// right after the head: claim the session again.
    fn append(&self, append: Append) -> BoxFuture<'static, Result<(), StoreError>>;
    /// Up to `limit` events after `after`, in order and without a gap. An event that a damaged disk has
    /// swallowed is replaced by a notice that says so.
    fn read(
        &self,
        id: &SessionId,
        after: Seq,
        limit: usize,
    ) -> BoxFuture<'static, Result<Vec<Event>, StoreError>>;
    /// The record of one session.
    fn find(&self, id: &SessionId) -> BoxFuture<'static, Result<SessionRecord, StoreError>>;
    /// Sessions of depth 0, newest change first; at least one and at most [`MAX_PAGE`] of them a page.
    fn list(&self, query: ListQuery) -> BoxFuture<'static, Result<SessionPage, StoreError>>;
    /// A new session with a copy of another one's events up to its head, claimed by this process.
    /// `parent` and `head` of the record are filled in.
    fn fork(&self, from: &SessionId, record: SessionRecord) -> BoxFuture<'static, Result<Epoch, StoreError>>;
    /// Forgets a session, those that worked for it, and their events. An unknown id is fine.
    fn delete(&self, id: &SessionId) -> BoxFuture<'static, Result<(), StoreError>>;
    /// Answers remembered for a workspace (for all of them: `None`), oldest first.
    fn grants(&self, workspace: Option<PathBuf>) -> BoxFuture<'static, Result<Vec<GrantRecord>, StoreError>>;
    /// Remembers an answer; the same one twice is one.
    fn remember(
        &self,
        workspace: PathBuf,
        text: String,
        at: i64,
    ) -> BoxFuture<'static, Result<(), StoreError>>;
    /// Forgets a remembered answer; whether there was one.
    fn forget(&self, grant: i64) -> BoxFuture<'static, Result<bool, StoreError>>;
    /// Adds what a session has used to the day it belongs to, and returns what that comes to. With nothing used it only
    /// looks.
    fn spend(&self, spending: Spending) -> BoxFuture<'static, Result<SpendingTotals, StoreError>>;
    /// Adds the same without an answer: it may wait for the next write, and goes to the disk with it.
    fn note(&self, spending: Spending) {
        drop(self.spend(spending));
    }
    /// What a person should be told about this store (kept in memory only, restored from a damaged file),
    /// each text once. Known after the first call that needed the store.
    fn warning(&self) -> Option<String> {
        None
    }
}

/// What a caller can do about a store's failure. Messages name the file and what to do.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// No such session.
    #[error("session {0} not found")]
    NotFound(SessionId),
    /// A cursor or argument that this store never gave out.
    #[error("{0}")]
    Invalid(String),
    /// Another process owns the session now, or is in the middle of a turn of it.
    #[error("{0}")]
    Conflict(String),
    /// The disk is full.
    #[error("{0}")]
    Full(String),
    /// Cannot be written or read now: locked, read-only, unreachable.
    #[error("{0}")]
    Unavailable(String),
    /// The file is damaged, or of a newer version.
    #[error("{0}")]
    Damaged(String),
}

impl StoreError {
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound(_) => ErrorKind::NotFound,
            Self::Invalid(_) => ErrorKind::Invalid,
            Self::Conflict(_) => ErrorKind::Conflict,
            Self::Full(_) => ErrorKind::Exhausted,
            Self::Unavailable(_) => ErrorKind::Unavailable,
            Self::Damaged(_) => ErrorKind::Internal,
        }
    }
}
