//! Who does the work of a turn: the traits [`AgentBackend`] and [`AgentSession`], and [`Turn`], the only
//! handle an agent talks through.
//!
//! No session state lives here, no client and no wire: an agent emits events, asks, and ends.
//!
//! What always holds: an agent sees its session only through its [`Turn`] and [`History`]; what it wants
//! to run is durable before it runs; it gives up soon after the turn is cancelled.
//!
//! To add a backend: a folder beside `builtin` with one constructor, and its line in `app`.

pub mod builtin;
mod turn;

use std::fmt::Debug;
use std::path::PathBuf;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::acp::{AvailableCommand, ContentBlock, SessionId};
use crate::event::{Event, Seq, TurnId, TurnStop};
use crate::permission::{Grant, Mode};
use crate::workspace::{Commands, Files, Workspace};

pub use turn::{Turn, TurnFault, TurnInput};

/// A kind of agent: opens its side of a session.
pub trait AgentBackend: Send + Sync + Debug {
    /// The agent's side of one session, new or loaded.
    fn open(&self, seed: Seed) -> Box<dyn AgentSession>;
    /// Slash commands it understands.
    fn commands(&self) -> Vec<AvailableCommand>;
    /// The models a session may choose from, as (id, name, description); the first is the default.
    fn models(&self) -> Vec<(String, String, String)>;
}

/// An agent's side of one session.
pub trait AgentSession: Send + Debug {
    /// Does one turn and says why it is over. Must give up soon after [`Turn::cancelled`].
    fn run(&mut self, turn: Turn, prompt: Prompt) -> BoxFuture<'_, TurnStop>;
}

/// What an agent is told when its side of a session is opened.
#[derive(Debug, Clone)]
pub struct Seed {
    pub session: SessionId,
    pub workspace: Workspace,
    pub history: Arc<dyn History>,
}

/// The session's journal, as far as an agent may look at it.
pub trait History: Send + Sync + Debug {
    /// Events after `after`, at most a page of them, in order; empty at the head.
    fn read(&self, after: Seq) -> BoxFuture<'_, Result<Vec<Arc<Event>>, String>>;
}

/// Remembered answers, wherever they are kept.
pub trait GrantBook: Send + Sync + Debug {
    /// Those of a workspace, as they are now; `None` when they cannot be read.
    fn of(&self, workspace: PathBuf) -> BoxFuture<'_, Option<Vec<Grant>>>;
    /// One more. What cannot be remembered is asked again.
    fn remember(&self, grant: Grant) -> BoxFuture<'_, ()>;
}

/// One prompt, and the hands the agent works with during its turn.
#[derive(Debug, Clone)]
pub struct Prompt {
    pub turn: TurnId,
    pub content: Vec<ContentBlock>,
    pub hands: Hands,
    /// Where in the journal the prompt stands.
    pub seq: Seq,
}

/// Files and commands of a turn: the local ones, or the client's.
#[derive(Debug, Clone)]
pub struct Hands {
    pub files: Arc<dyn Files>,
    pub commands: Arc<dyn Commands>,
    /// Show live command output as the display-only terminal of the `_meta` convention.
    pub display_terminal: bool,
}

/// What may change in the middle of a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub mode: Mode,
    /// Session options by id.
    pub options: Vec<(String, String)>,
}

/// A session's working directory and further roots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roots {
    pub cwd: PathBuf,
    pub additional: Vec<PathBuf>,
}
