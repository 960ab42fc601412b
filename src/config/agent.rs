//! Agents, commands, budgets and language servers as they are set.

use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use super::Origin;
use crate::permission::{Mode, Rule};

/// An agent: who the model is to be, and what it may do.
#[derive(Debug, Clone)]
pub struct AgentProfile {
    pub name: String,
    /// When to use it: for people, and for the model that may call it.
    pub description: String,
    /// Its part of the system prompt; `None`: the usual one.
    pub prompt: Option<String>,
    /// The model it answers with, unless the session chose another.
    pub model: Option<String>,
    /// The mode it works in; where the session chose another, the stricter one of both.
    pub mode: Option<Mode>,
    /// Tools it has; `None`: all. A name may end with `*`.
    pub tools: Option<Vec<String>>,
    /// Tools it has not, whatever `tools` says.
    pub without: Vec<String>,
    /// Its own permission rules. Those of a project only make stricter.
    pub rules: Vec<Rule>,
    pub use_as: AgentUse,
    /// Model calls in one turn; `None`: the usual cap.
    pub steps: Option<usize>,
    pub origin: Origin,
}

/// Who may call an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AgentUse {
    /// A person, as the agent of a session.
    Primary,
    /// A model, through the tool `task`.
    #[serde(alias = "subagent")]
    Sub,
    /// Both.
    All,
}

/// A slash command that is a prompt in a file. In the template `$ARGUMENTS` is all that was typed behind the
/// command, `$1` … `$9` its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandTemplate {
    /// Without the slash; a folder's name stands before a colon: `git:commit`.
    pub name: String,
    pub description: String,
    /// What to type behind it.
    pub hint: Option<String>,
    pub template: String,
    /// The agent and the model that answer this one prompt.
    pub agent: Option<String>,
    pub model: Option<String>,
    pub origin: Origin,
}

/// Hard limits. `None`: none.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Budgets {
    pub turn: Budget,
    pub session: Budget,
    /// All sessions together, from midnight UTC.
    pub day: Budget,
}

/// A hard limit on each of these.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Budget {
    /// US dollars.
    pub money: Option<f64>,
    pub tokens: Option<u64>,
    /// Model calls.
    pub steps: Option<u64>,
    pub time: Option<Duration>,
}

/// A language server whose diagnostics follow an edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LanguageServer {
    pub name: String,
    pub command: String,
    pub args: Vec<String>,
    pub env: Vec<(String, String)>,
    /// Endings of file names, without the dot.
    pub extensions: Vec<String>,
    /// How long to wait for diagnostics after an edit.
    pub wait: Duration,
    pub origin: Origin,
}

/// What a project's own files set, read when a session is opened there.
#[derive(Debug, Clone, Default)]
pub struct Project {
    /// Its folders, from the root of its repository down to the working directory.
    pub folders: Vec<PathBuf>,
    pub agents: Vec<AgentProfile>,
    pub commands: Vec<CommandTemplate>,
    pub servers: Vec<super::McpServer>,
    pub language_servers: Vec<LanguageServer>,
    pub rules: Vec<Rule>,
    pub model: Option<String>,
    /// Folders with skills, in the order of their weight.
    pub skills: Vec<PathBuf>,
    /// What is wrong with the files, a line each: told, and otherwise as if it were not there.
    pub problems: Vec<String>,
}
