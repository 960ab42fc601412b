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
mod spending;
mod turn;

use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, watch};

use crate::acp::{AvailableCommand, ContentBlock, SessionId, ToolKind};
use crate::config::McpServer;
use crate::event::{Event, EventKind, Seq, TurnId, TurnStop};
use crate::permission::{Grant, Mode};
use crate::workspace::{Commands, Files, Workspace};

pub use spending::{Ledger, Spent, Totals};
pub use turn::{OpenCalls, Turn, TurnFault, TurnInput};

/// A kind of agent: opens its side of a session.
pub trait AgentBackend: Send + Sync + Debug {
    /// Looks at what the files in `cwd` say now: what is told of that folder goes by it until somebody looks again.
    /// Returns what is wrong with them, a line each.
    fn look(&self, _cwd: PathBuf) -> BoxFuture<'_, Vec<String>> {
        Box::pin(async { Vec::new() })
    }
    /// The agent's side of one session, new or loaded. Waits for files at most.
    fn open(&self, seed: Seed) -> BoxFuture<'_, Box<dyn AgentSession>>;
    /// Whether that side is to be there before the first prompt, because it sets something going.
    fn is_eager(&self, _seed: &Seed) -> bool {
        false
    }
    /// Forgets what it keeps of a session beside its journal. The session is gone by then.
    fn forget(&self, _session: &SessionId) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
    /// Whether a session could be worked in; `Err` says which key is missing.
    fn ready(&self, _settings: &Settings) -> Result<(), NotReady> {
        Ok(())
    }
    /// Slash commands it understands in a session that works in `cwd`.
    fn commands(&self, _cwd: &Path, _settings: &Settings) -> Vec<AvailableCommand> {
        Vec::new()
    }
    /// What can be chosen in a session with these settings, beside its mode: model, thought level, agent.
    fn options(&self, _cwd: &Path, _settings: &Settings) -> Vec<SessionOption> {
        Vec::new()
    }
    /// Whether an option can be given that value there. More can be chosen than is offered: any model of a provider that
    /// can be asked.
    fn takes(&self, cwd: &Path, settings: &Settings, option: &str, value: &str) -> bool {
        let mut chosen = settings.clone();
        chosen.choose(option, value);
        let options = self.options(cwd, &chosen);
        options.iter().any(|it| it.id == option && it.current == value)
    }
}

/// Why no session can be worked in.
#[derive(Debug, Clone, thiserror::Error)]
pub enum NotReady {
    /// A key is missing, and nothing was set to fall back on. The text says which, and how to give it.
    #[error("{0}")]
    Unauthorized(String),
}

/// Something that can be chosen in a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionOption {
    pub id: &'static str,
    pub name: &'static str,
    pub description: &'static str,
    pub kind: OptionKind,
    /// What is in force: always one of `values`.
    pub current: String,
    pub values: Vec<OptionValue>,
}

/// What an option is about; clients place it by this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptionKind {
    Model,
    ThoughtLevel,
    /// Which agent answers.
    Agent,
    /// On or off: the values are `true` and `false`.
    Switch,
}

/// One value of an option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionValue {
    pub id: String,
    pub name: String,
    pub description: String,
    /// Values of the same group stand together: a model's provider. Empty: no group.
    pub group: String,
}

/// An agent's side of one session.
pub trait AgentSession: Send + Debug {
    /// Does one turn and says why it is over. It begins while the prompt is written: what runs, asks or changes anything
    /// waits for [`Turn::accepted`]. Must give up soon after [`Turn::cancelled`].
    fn run(&mut self, turn: Turn, prompt: Prompt) -> BoxFuture<'_, TurnStop>;
    /// Ends what it keeps running between turns. The session is closed by then.
    fn close(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

/// What an agent is told when its side of a session is opened.
#[derive(Debug, Clone)]
pub struct Seed {
    pub session: SessionId,
    pub workspace: Workspace,
    pub history: Arc<dyn History>,
    /// MCP servers that the client named for this session.
    pub servers: Arc<[McpServer]>,
    pub voice: Arc<dyn Voice>,
    pub children: Arc<dyn Children>,
    /// Its settings, as they are at any time.
    pub settings: watch::Receiver<Settings>,
    /// The session that it works for, where it is beneath one.
    pub parent: Option<SessionId>,
    /// How deep beneath a session that a person opened: 0 for such a one.
    pub depth: u32,
}

/// How an agent is heard outside a turn.
pub trait Voice: Send + Sync + Debug {
    /// Tells everyone attached; what a closed session is told is lost.
    fn say(&self, kind: EventKind) -> BoxFuture<'_, ()>;
}

/// Opens sessions beneath another one, for sub-agents.
pub trait Children: Send + Sync + Debug {
    /// Opens a child session, does one turn in it and returns what it said last. Its questions are put through
    /// `child.turn`; when that is cancelled, the child's turn is cancelled and waited for.
    fn run(&self, child: Child) -> BoxFuture<'static, Result<ChildReport, String>>;
}

/// A turn in a child session.
#[derive(Debug)]
pub struct Child {
    pub parent: SessionId,
    pub depth: u32,
    pub title: String,
    /// Who it is, for people who are asked something by it.
    pub agent: String,
    pub prompt: Vec<ContentBlock>,
    /// Mode and options it begins with.
    pub settings: Settings,
    /// What it may do at most, whatever its parent may do meanwhile.
    pub own_mode: Option<Mode>,
    pub hands: Hands,
    /// The parent's turn: whose people are asked, whose end is the child's.
    pub turn: Turn,
    /// One line for each thing the child does, for display. Full means skip.
    pub progress: mpsc::Sender<String>,
}

/// What came of a child's turn.
#[derive(Debug, Clone)]
pub struct ChildReport {
    pub session: SessionId,
    /// What it said after its last tool call.
    pub text: String,
    pub stop: TurnStop,
    /// What it cost, in US dollars, and tokens it used.
    pub cost: f64,
    pub spent: u64,
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
    /// The only kinds of tools that the turn may use; `None`: all.
    pub kinds: Option<Arc<[ToolKind]>>,
    /// Show live command output as the display-only terminal of the `_meta` convention.
    pub display_terminal: bool,
    /// Whether the client can put a form to a person, and send one to a page.
    pub takes_forms: bool,
    pub takes_pages: bool,
}

/// What may change in the middle of a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub mode: Mode,
    /// Session options by id.
    pub options: Vec<(String, String)>,
}

impl Settings {
    /// The value of an option, if one was chosen.
    pub fn option(&self, id: &str) -> Option<&str> {
        self.options.iter().find(|(known, _)| known == id).map(|(_, value)| value.as_str())
    }

    /// Gives an option a value, instead of the one it had.
    pub fn choose(&mut self, id: &str, value: &str) {
        self.options.retain(|(known, _)| known != id);
        self.options.push((id.to_owned(), value.to_owned()));
    }
}

/// Where a session is to be: its working directory, further roots, and what it is connected to there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roots {
    pub cwd: PathBuf,
    pub additional: Vec<PathBuf>,
    /// MCP servers that the client names for the session.
    pub servers: Arc<[McpServer]>,
}
