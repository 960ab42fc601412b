//! MCP servers as they are set.

use std::path::PathBuf;
use std::time::Duration;

use super::Secret;

/// An MCP server that a session is to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct McpServer {
    /// Unique in its session; tools are named `<name>_<tool>`.
    pub name: String,
    pub transport: McpTransport,
    /// How long it may take to answer `initialize`.
    pub startup: Duration,
    /// How long one call may take.
    pub timeout: Duration,
    pub origin: Origin,
}

/// How a server is reached. What texts take from variables and files is in them already; [`Secret::written`] says what
/// that is, for whoever is asked to approve a project's server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum McpTransport {
    /// A child process. `env` is what it gets beside a few harmless variables.
    Stdio { command: Secret, args: Vec<Secret>, env: Vec<(String, Secret)>, cwd: Option<PathBuf> },
    /// Streamable HTTP.
    Http { url: Secret, headers: Vec<(String, Secret)> },
    /// HTTP with server-sent events, as before 2025-03-26.
    Sse { url: Secret, headers: Vec<(String, Secret)> },
}

/// Who set something, which is how far it is trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The client, for its session.
    Client,
    /// The person, in their own file.
    User(PathBuf),
    /// A file of the project: runs nothing and redirects nothing before a person approved it.
    Project(PathBuf),
}

impl Origin {
    pub fn is_trusted(&self) -> bool {
        !matches!(self, Self::Project(_))
    }
}
