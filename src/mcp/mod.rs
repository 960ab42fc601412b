//! MCP servers as a session has them (Model Context Protocol, revisions 2024-11-05 to 2025-11-25, client side): the
//! [`Servers`] of one session, their tools as [`Tool`](crate::tool::Tool)s, their prompts as slash commands, what a
//! person approved ([`Trust`]) and how they signed in ([`login`]).
//!
//! No session, no model and no permission rule lives here. A server gets an allow-listed environment, the roots of the
//! workspace, and nothing else of ours: sampling is not offered.
//!
//! What always holds: opening waits for nobody, each server connects by itself and under limits; whatever a server
//! does, a call of its tools comes to an end, soon after it died, was cancelled or took too long; a server that a
//! project names starts nothing before a person approved exactly what it runs; its processes end with the session.
//!
//! To add a transport: a file that opens a connection, and its arm in `connection`.

mod calls;
mod catalogue;
mod command;
mod connection;
mod ending;
mod host;
mod http;
mod keeper;
mod name;
mod oauth;
mod output;
mod prompt;
mod resource;
mod server;
mod servers;
mod sse;
mod stdio;
mod tool;
mod trust;

#[cfg(test)]
mod tests;

use crate::config::ConfigError;
use crate::error::ErrorKind;

pub use oauth::{Login, login, logout};
pub use server::Phase;
pub use servers::{News, Servers, Setup, Status};
pub use trust::{Trust, Verdict, describe};

/// Why a server cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
pub enum McpError {
    /// What is set for it means nothing.
    #[error("{0}")]
    Invalid(String),
    /// It cannot be reached or started, or it ended.
    #[error("{0}")]
    Unavailable(String),
    /// It wants a sign-in; what a person runs for it.
    #[error("it wants you to sign in: run {0}")]
    Unauthorized(String),
    /// It answered with an error.
    #[error("{0}")]
    Refused(String),
    /// It did not answer in time.
    #[error("it did not answer within {0} seconds")]
    TimedOut(u64),
    /// A file of ours cannot be read or written.
    #[error("{0}")]
    Storage(String),
}

impl McpError {
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Invalid(_) => ErrorKind::Invalid,
            Self::Unavailable(_) | Self::TimedOut(_) | Self::Refused(_) => ErrorKind::Unavailable,
            Self::Unauthorized(_) => ErrorKind::Denied,
            Self::Storage(_) => ErrorKind::Internal,
        }
    }
}

impl From<ConfigError> for McpError {
    fn from(error: ConfigError) -> Self {
        Self::Storage(error.to_string())
    }
}
